package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// now is when every import of these tests runs.
var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// day is noon of a day in January 2026.
func day(n int) time.Time { return time.Date(2026, 1, n, 12, 0, 0, 0, time.UTC) }

// repo is a repository that a test builds with fixed dates.
type repo struct {
	t    *testing.T
	path string
}

func newRepo(t *testing.T) *repo {
	t.Helper()
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	r := &repo{t, filepath.Join(t.TempDir(), "shop")}
	if err := os.Mkdir(r.path, 0o755); err != nil {
		t.Fatal(err)
	}
	r.git("init", "-q", "-b", "main")
	return r
}

func (r *repo) git(args ...string) string { return r.at(day(1), day(1), "", args...) }

// at runs git with both dates set.
func (r *repo) at(authored, committed time.Time, stdin string, args ...string) string {
	r.t.Helper()
	return r.dated(fmt.Sprintf("%d +0000", authored.Unix()), fmt.Sprintf("%d +0000", committed.Unix()), stdin, args...)
}

func (r *repo) dated(authored, committed, stdin string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-C", r.path, "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_DATE="+authored, "GIT_COMMITTER_DATE="+committed)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit makes a commit of one file on the current branch and returns its sha.
func (r *repo) commit(authored, committed time.Time, file, message string) string {
	r.t.Helper()
	r.write(file, message+committed.String())
	r.git("add", "-A")
	r.at(authored, committed, message, "commit", "-q", "--allow-empty", "--cleanup=verbatim", "-F", "-")
	return r.head()
}

// raw makes a commit that git itself would refuse to make, on top of HEAD.
func (r *repo) raw(people, message string) string {
	r.t.Helper()
	text := "tree " + r.git("rev-parse", "HEAD^{tree}") + "\nparent " + r.head() + "\n" + people + "\n\n" + message
	sha := r.at(day(1), day(1), text, "hash-object", "-t", "commit", "-w", "--literally", "--stdin")
	r.git("update-ref", "HEAD", sha)
	return sha
}

func (r *repo) write(file, text string) {
	r.t.Helper()
	name := filepath.Join(r.path, file)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *repo) head() string { return r.git("rev-parse", "HEAD") }

func (r *repo) tag(when time.Time, name, object string) {
	r.t.Helper()
	r.at(when, when, "", "tag", "-a", "-m", name, name, object)
}

func (r *repo) merge(when time.Time, message string, branches ...string) string {
	r.t.Helper()
	r.at(when, when, "", append([]string{"merge", "-q", "--no-ff", "-m", message}, branches...)...)
	return r.head()
}

// wire is any event as it would be sent.
type wire struct {
	Type   plimsoll.Type   `json:"type"`
	Source string          `json:"source"`
	Raw    json.RawMessage `json:"-"`
	plimsoll.ChangeReport
	ID          string            `json:"id"`
	Service     string            `json:"service"`
	Environment string            `json:"environment"`
	Version     string            `json:"version"`
	CommitSHA   string            `json:"commit_sha"`
	StartedAt   plimsoll.Time     `json:"started_at"`
	FinishedAt  plimsoll.Time     `json:"finished_at"`
	Result      plimsoll.Result   `json:"result"`
	Labels      map[string]string `json:"labels"`
	Name        string            `json:"name"`
}

// imported is what an import emitted.
type imported struct {
	Summary
	all         []wire
	changes     map[string]wire // by sha
	deployments []wire          // in the order emitted
}

// imports runs g over the repository, with service shop unless g names one.
func (r *repo) imports(g Git) (imported, error) {
	r.t.Helper()
	if g.Path == "" {
		g.Path = r.path
	}
	if g.Service == "" {
		g.Service = "shop"
	}
	if g.Now == nil {
		g.Now = func() time.Time { return now }
	}
	in := imported{changes: make(map[string]wire)}
	sum, err := g.Run(context.Background(), func(_ context.Context, batch []json.RawMessage) error {
		if len(batch) == 0 || len(batch) > batchEvents {
			r.t.Errorf("batch of %d events", len(batch))
		}
		for _, raw := range batch {
			var w wire
			if err := json.Unmarshal(raw, &w); err != nil {
				r.t.Fatalf("%s: %v", raw, err)
			}
			w.Raw = raw
			in.all = append(in.all, w)
			switch w.Type {
			case plimsoll.TypeChange:
				if _, twice := in.changes[w.SHA]; twice {
					r.t.Errorf("commit %s emitted twice", w.SHA)
				}
				in.changes[w.SHA] = w
			case plimsoll.TypeDeployment:
				in.deployments = append(in.deployments, w)
			}
		}
		return nil
	})
	in.Summary = sum
	return in, err
}

func (r *repo) mustImport(g Git) imported {
	r.t.Helper()
	in, err := r.imports(g)
	if err != nil {
		r.t.Fatal(err)
	}
	return in
}

// refused checks that err is one line for the user that holds all words.
func refused(t *testing.T, err error, words ...string) {
	t.Helper()
	var e *plimsoll.Error
	if !errors.As(err, &e) || e.Code != plimsoll.CodeInvalid && e.Code != plimsoll.CodeTooLarge {
		t.Fatalf("got %v, expected an error of code invalid", err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q lacks %q", err, w)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has more than one line", err)
	}
}
