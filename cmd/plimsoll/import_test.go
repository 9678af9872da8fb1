package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/client"
)

const (
	lines = `{"type":"deployment","id":"d1","service":"web","environment":"production","finished_at":"2024-03-24T10:00:00Z"}

{"type":"deployment","id":"d2","service":"web","environment":"production","finished_at":"2024-03-25T10:00:00Z"}
`
	sheet = "id,service,environment,finished_at,result\nd1,web,production,2024-03-24T10:00:00Z,success\nd2,web,production,2024-03-25T10:00:00Z,\n"
)

func TestFilesAreImportedIntoAFolderAndIntoAServer(t *testing.T) {
	url, _ := serving(t, "--data", t.TempDir())
	for _, kind := range []string{"jsonl", "csv"} {
		file := write(t, "past."+kind, map[string]string{"jsonl": lines, "csv": sheet}[kind])
		for _, to := range [][]string{{"--data", t.TempDir()}, {"--server", url}} {
			out := fine(t, append([]string{"import", kind, file}, to...)...)
			if !strings.HasPrefix(out, "Imported 3 lines of "+file) || !strings.Contains(out, "2 events are new, 0 were known already.") {
				t.Errorf("%s %v: %s", kind, to, out)
			}
			if out := fine(t, append([]string{"import", kind, file}, to...)...); !strings.Contains(out, "0 events are new, 2 were known already.") {
				t.Errorf("%s %v again: %s", kind, to, out)
			}
			if out := fine(t, append([]string{"deployments", "--format", "csv"}, to...)...); strings.Count(out, "\n") != 3 {
				t.Errorf("%s %v: %s", kind, to, out)
			}
		}
		url, _ = serving(t, "--data", t.TempDir())
	}
}

func TestStandardInputIsAFileToo(t *testing.T) {
	data := t.TempDir()
	if s := fed(t, lines, "import", "jsonl", "-", "--data", data); s.code != 0 || !strings.Contains(s.out, "of standard input") {
		t.Errorf("%+v", s)
	}
	if s := fed(t, "id,started_at\nINC-1,2024-03-24T10:00:00Z\n", "import", "csv", "-", "--type", "incident", "--data", data); s.code != 0 || !strings.Contains(s.out, "1 events are new") {
		t.Errorf("%+v", s)
	}
}

func TestAnErrorNamesFileAndLineAndStoresNothingOfItsBatch(t *testing.T) {
	for name, c := range map[string]struct{ kind, content, says string }{
		"a field":        {"jsonl", lines + `{"type":"deployment","service":"web","environment":"production"}`, "line 4, finished_at: missing"},
		"no JSON":        {"jsonl", lines + "deployed", "line 4: "},
		"a cell":         {"csv", sheet + "d3,web,production,yesterday,\n", "line 4"},
		"an odd column":  {"csv", "id,servce\nd1,web\n", "line 2, service: missing"},
		"an unknown one": {"jsonl", `{"type":"deploymnt"}`, "line 1, type: "},
	} {
		t.Run(name, func(t *testing.T) {
			data, file := t.TempDir(), write(t, "past."+c.kind, c.content)
			call(t, "import", c.kind, file, "--data", data).wrong(t, file, c.says)
			if out := fine(t, "deployments", "--format", "csv", "--data", data); strings.Count(out, "\n") != 1 {
				t.Errorf("stored %s", out)
			}
		})
	}
}

func TestWhatCameBeforeABadBatchIsSaid(t *testing.T) {
	var b strings.Builder
	for i := range 2500 {
		fmt.Fprintf(&b, `{"type":"deployment","id":"d%d","service":"web","environment":"production","finished_at":"2024-03-24T10:00:00Z"}`+"\n", i)
	}
	file := write(t, "past.jsonl", b.String()+"{}\n")
	call(t, "import", "jsonl", file, "--data", t.TempDir()).wrong(t, file+": line 2501", "(2000 events before it were stored; importing again repeats them without harm)")
}

// repository makes a clone of six commits, of which the second, fourth and
// sixth are released two hours after they were written.
func repository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	git := func(at string, args ...string) {
		t.Helper()
		c := exec.Command("git", args...)
		c.Dir, c.Env = dir, append(os.Environ(), "GIT_AUTHOR_DATE="+at, "GIT_COMMITTER_DATE="+at)
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	git("", "init", "-q", "-b", "main")
	for i := 1; i <= 6; i++ {
		git(fmt.Sprintf("2024-03-0%dT10:00:00Z", i), "commit", "-q", "--allow-empty", "-m", fmt.Sprintf("change %d", i))
		if i%2 == 0 {
			git(fmt.Sprintf("2024-03-0%dT12:00:00Z", i), "tag", "-a", fmt.Sprintf("v%d", i), "-m", "release")
		}
	}
	return dir
}

func TestAnImportedCloneGivesTheFiguresOneWorksOutByHand(t *testing.T) {
	data, dir := t.TempDir(), repository(t)
	imported := []string{"import", "git", dir, "--service", "web", "--tags", "v*", "--repository", "example.org/web", "--data", data}
	out := fine(t, imported...)
	if !strings.Contains(out, "example.org/web (branch main): 3 deployments, 6 commits (0 merges)") || !strings.Contains(out, "10 events are new, 0 were known already") {
		t.Errorf("%s", out)
	}
	// v2 starts the record. v4 and v6 bring two commits each, one of the same
	// morning and one of the day before: 2 h and 26 h.
	check := func() {
		t.Helper()
		var m client.Measures
		decode(t, fine(t, "measures", "--from", "2024-03-01", "--to", "2024-04-01", "--format", "json", "--data", data), &m)
		f, l, c := m.DeploymentFrequency, m.LeadTime, m.ChangeFailureRate
		if f.Deployments != 3 || *f.PerDay != 3.0/30 {
			t.Errorf("frequency %+v", f)
		}
		if l.N != 4 || l.Open != 0 || *l.Mean != 14*3600 || l.Oldest.N != 2 || *l.Oldest.Mean != 26*3600 {
			t.Errorf("lead time %+v", l)
		}
		if c.Counted != 3 || c.Failed != 0 {
			t.Errorf("failure rate %+v", c)
		}
	}
	check()
	if out := fine(t, imported...); !strings.Contains(out, "\n0 events are new") || !strings.Contains(out, "since the last import") {
		t.Errorf("second import: %s", out)
	}
	if out := fine(t, append(imported, "--again")...); !strings.Contains(out, "\n0 events are new, 10 were known already") {
		t.Errorf("everything again: %s", out)
	}
	check()
}

func TestACloneThatCannotBeImportedIsExplained(t *testing.T) {
	data, dir, shallow := t.TempDir(), repository(t), t.TempDir()
	if out, err := exec.Command("git", "clone", "-q", "--depth", "1", "file://"+dir, shallow).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	call(t, "import", "git", shallow, "--service", "web", "--tags", "v*", "--data", data).wrong(t, "shallow", "--unshallow")
	call(t, "import", "git", t.TempDir(), "--service", "web", "--tags", "v*", "--data", data).wrong(t, "git")
	call(t, "import", "git", dir, "--tags", "v*", "--data", data).wrong(t, "--service")
	call(t, "import", "git", dir, "--service", "web", "--data", data).wrong(t, "--tags")
	call(t, "import", "git", dir, "--service", "web", "--tags", "release*", "--data", data).wrong(t, "release*")
}

func TestAMemoryThatCannotBeWrittenDoesNotUndoAnImport(t *testing.T) {
	blocked := write(t, "cache", "a file where a folder should be")
	t.Setenv("XDG_CACHE_HOME", blocked)
	t.Setenv("HOME", blocked)
	out := fine(t, "import", "git", repository(t), "--service", "web", "--tags", "v*", "--data", t.TempDir())
	if !strings.Contains(out, "10 events are new") || !strings.Contains(out, "could not be remembered") {
		t.Errorf("%s", out)
	}
}
