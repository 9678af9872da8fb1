package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFolderInUseNamesTheServerThatUsesIt(t *testing.T) {
	data := t.TempDir()
	url, stop := serving(t, "--data", data)
	for _, verb := range []string{"measures", "deployments", "refold", "serve --listen 127.0.0.1:0"} {
		call(t, append(strings.Fields(verb), "--data", data)...).wrong(t, "is in use by another plimsoll", "talk to it with --server "+url)
	}
	if s := stop(); s.code != 0 || strings.Contains(s.err, "ERROR") {
		t.Errorf("%+v", s)
	}
	fine(t, "deployments", "--data", data)
}

func TestAnAddressInUseIsExplained(t *testing.T) {
	url, _ := serving(t, "--data", t.TempDir())
	call(t, "serve", "--data", t.TempDir(), "--listen", strings.TrimPrefix(url, "http://")).wrong(t, "--listen: cannot listen on", "is another server running there?")
}

func TestAFolderThatCannotBeUsedIsExplained(t *testing.T) {
	file := write(t, "file", "")
	call(t, "serve", "--listen", "127.0.0.1:0", "--data", filepath.Join(file, "data")).wrong(t, filepath.Join(file, "data"))
	if os.Geteuid() == 0 {
		t.Log("root may write anywhere: a folder without permission is not tried")
		return
	}
	locked := t.TempDir()
	if err := os.Chmod(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	call(t, "serve", "--listen", "127.0.0.1:0", "--data", locked).wrong(t, locked)
}

func TestAnInterruptEndsEveryVerbCleanly(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	data := t.TempDir()
	fine(t, "import", "jsonl", write(t, "past.jsonl", lines), "--data", data)
	for _, args := range [][]string{
		{"measures", "--data", data}, {"record", "incident", "--id", "I1", "--data", data}, {"measures", "--server", "http://127.0.0.1:1"},
		{"import", "jsonl", write(t, "past.jsonl", lines), "--data", data}, {"refold", "--data", data},
	} {
		var errs strings.Builder
		err := Run(ctx, args, strings.NewReader(""), &errs, &errs)
		if exitCode(err) != 2 || errs.String() != "plimsoll: interrupted\n" {
			t.Errorf("%v: %v, %q", args, err, errs.String())
		}
	}
	// An interrupt leaves nothing locked and nothing half done.
	if out := fine(t, "deployments", "--data", data, "--format", "csv"); strings.Count(out, "\n") != 3 {
		t.Errorf("%s", out)
	}
}

func TestTheAddressThatServePrintsAnswers(t *testing.T) {
	url, _ := serving(t, "--data", t.TempDir(), "--zone", "Europe/Berlin")
	resp, err := http.Get(url + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Errorf("status %d", resp.StatusCode)
	}
	if out := fine(t, "measures", "--server", url); !strings.Contains(out, "(Europe/Berlin, ") {
		t.Errorf("%s", out)
	}
}
