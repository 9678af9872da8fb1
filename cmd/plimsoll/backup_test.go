package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const someEvents = `{"type":"deployment","id":"d1","service":"web","environment":"production","version":"v1","finished_at":"2026-01-05T10:00:00Z","deployer":"Ada Lovelace"}
{"type":"deployment","id":"d2","service":"web","environment":"production","version":"v2","finished_at":"2026-01-06T10:00:00Z"}
`

func TestABackupIsMadeVerifiedAndRestoredByHand(t *testing.T) {
	dir := t.TempDir()
	data, file, into := filepath.Join(dir, "data"), filepath.Join(dir, "b.db"), filepath.Join(dir, "into")
	if got := fed(t, someEvents, "import", "jsonl", "-", "--data", data); got.code != 0 {
		t.Fatal(got.err)
	}
	if out := fine(t, "backup", file, "--data", data); !strings.Contains(out, "2 events") || !strings.Contains(out, "verified") {
		t.Errorf("it says %q", out)
	}
	if got := call(t, "backup", file, "--data", data); got.code != 2 || !strings.Contains(got.err, "--force") {
		t.Errorf("a second backup of that name: %d %q", got.code, got.err)
	}
	if got := call(t, "backup", file, "--data", data, "--keep", "0"); got.code != 2 {
		t.Errorf("--keep 0: %d %q", got.code, got.err)
	}
	fine(t, "backup", file, "--data", data, "--keep", "2")
	for _, f := range []string{file, file + ".1"} {
		if out := fine(t, "backup", "--verify", f); !strings.Contains(out, "is good") {
			t.Errorf("it says %q", out)
		}
	}
	if out := fine(t, "restore", file, "--data", into); !strings.Contains(out, "2 events") {
		t.Errorf("it says %q", out)
	}
	if got := call(t, "restore", file, "--data", into); got.code != 2 || !strings.Contains(got.err, "--force") {
		t.Errorf("a folder that holds data: %d %q", got.code, got.err)
	}
	if out := fine(t, "restore", file, "--data", into, "--force"); !strings.Contains(out, "What was there lies in") {
		t.Errorf("it says %q", out)
	}
	if out := fine(t, "deployments", "--data", into, "--since", "3650d"); !strings.Contains(out, "v2") {
		t.Errorf("the restored store says %q", out)
	}
}

func TestAnExportIsImportedAgain(t *testing.T) {
	dir := t.TempDir()
	data, file, into := filepath.Join(dir, "data"), filepath.Join(dir, "x.jsonl.gz"), filepath.Join(dir, "into")
	if got := fed(t, someEvents, "import", "jsonl", "-", "--data", data); got.code != 0 {
		t.Fatal(got.err)
	}
	if out := fine(t, "export", file, "--data", data); !strings.Contains(out, "2 events, no names of persons, no secrets") {
		t.Errorf("it says %q", out)
	}
	if packed, err := os.ReadFile(file); err != nil || string(packed[:2]) != "\x1f\x8b" {
		t.Errorf("the file is not compressed, %v", err)
	}
	plain := fine(t, "export", "-", "--data", data)
	if strings.Contains(plain, "Ada") || strings.Count(plain, "\n") != 4 {
		t.Errorf("the export is %s", plain)
	}
	if got := call(t, "export", file, "--data", data); got.code != 2 || !strings.Contains(got.err, "--force") {
		t.Errorf("a file that exists: %q", got.err)
	}
	if got := call(t, "export", filepath.Join(dir, "y"), "--data", filepath.Join(dir, "nowhere")); got.code != 2 || !strings.Contains(got.err, "holds no data") {
		t.Errorf("no data: %q", got.err)
	}
	for i, want := range []string{"2 events are new, 0 were known", "0 events are new, 2 were known"} {
		if out := fine(t, "import", "jsonl", file, "--data", into); !strings.Contains(out, want) {
			t.Errorf("import %d says %q", i+1, out)
		}
	}
	if out := fine(t, "import", "jsonl", file, "--data", filepath.Join(dir, "moved"), "--as-recorded", "--with-acts"); !strings.Contains(out, "2 events are new") {
		t.Errorf("it says %q", out)
	}
	if again := fine(t, "export", "-", "--data", filepath.Join(dir, "moved")); again != plain {
		t.Errorf("the export of what was imported differs:\n%s\n%s", again, plain)
	}
	server, _ := serving(t, "--data", filepath.Join(dir, "served"))
	if out := fine(t, "import", "jsonl", file, "--server", server); !strings.Contains(out, "2 events are new") {
		t.Errorf("it says %q", out)
	}
	// A running server does not stand in the way of either.
	if out := fine(t, "export", "-", "--data", filepath.Join(dir, "served")); strings.Count(out, "\n") != 4 {
		t.Errorf("the export beside a server is %s", out)
	}
	if out := fine(t, "backup", filepath.Join(dir, "b"), "--data", filepath.Join(dir, "served")); !strings.Contains(out, "2 events") {
		t.Errorf("it says %q", out)
	}
	if got := call(t, "restore", filepath.Join(dir, "b"), "--data", filepath.Join(dir, "served"), "--force"); got.code != 2 || !strings.Contains(got.err, "in use") {
		t.Errorf("a restore under a server: %q", got.err)
	}
	if got := call(t, "import", "jsonl", file, "--server", server, "--with-acts"); got.code != 2 || !strings.Contains(got.err, "stop the server") {
		t.Errorf("acts for a server: %q", got.err)
	}
	if got := fed(t, someEvents, "import", "jsonl", "-", "--data", into, "--with-acts"); got.code != 2 || !strings.Contains(got.err, "is no export") {
		t.Errorf("acts of a file that is no export: %q", got.err)
	}
}

func TestCompactingByHand(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	if got := call(t, "compact", "--data", data); got.code != 2 || !strings.Contains(got.err, "holds no data") {
		t.Errorf("no data: %q", got.err)
	}
	if got := fed(t, someEvents, "import", "jsonl", "-", "--data", data); got.code != 0 {
		t.Fatal(got.err)
	}
	config := write(t, "plimsoll.yaml", "retention:\n  as_of_days: 1\n")
	out := fine(t, "compact", "--data", data, "--config", config, "--shrink")
	if !strings.Contains(out, "Dropped 0 versions") || !strings.Contains(out, "The database takes") {
		t.Errorf("it says %q", out)
	}
	if out := fine(t, "deployments", "--data", data, "--since", "3650d"); !strings.Contains(out, "v2") {
		t.Errorf("the store says %q", out)
	}
	if got := call(t, "compact", "--data", data, "--as-of-days", "-1"); got.code != 2 {
		t.Errorf("a negative number of days: %d %q", got.code, got.err)
	}
}
