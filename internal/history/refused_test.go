package history

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// mustRefuse runs an import that must fail before anything is handed on, and
// returns its error, which must be one line.
func mustRefuse(t *testing.T, g Git) string {
	t.Helper()
	g.Service, g.Now = "shop", func() time.Time { return now }
	_, err := g.Run(context.Background(), func(context.Context, []json.RawMessage) error {
		t.Error("events were handed on")
		return nil
	})
	if err == nil {
		t.Fatal("not refused")
	}
	if strings.Contains(err.Error(), "\n") || plimsoll.ErrorCode(err) != plimsoll.CodeInvalid {
		t.Errorf("error %q has code %s; expected one line and invalid", err, plimsoll.ErrorCode(err))
	}
	return err.Error()
}

func wantInError(t *testing.T, text, want string) {
	t.Helper()
	if !strings.Contains(text, want) {
		t.Errorf("error is %q, expected it to say %q", text, want)
	}
}

func TestWhatIsNoWholeRepositoryIsRefused(t *testing.T) {
	r := newRepo(t)
	wantInError(t, mustRefuse(t, Git{Path: r.path, Tags: "v*"}), "commit") // nothing committed yet
	r.commit(day(1), day(1), "a", "first")
	r.commit(day(2), day(2), "a", "second")
	r.tag(day(3), "v1", "HEAD")

	shallow := filepath.Join(t.TempDir(), "shallow")
	r.git("clone", "-q", "--depth", "1", "file://"+r.path, shallow)
	wantInError(t, mustRefuse(t, Git{Path: shallow, Tags: "v*"}), "git fetch --unshallow")

	empty := t.TempDir()
	wantInError(t, mustRefuse(t, Git{Path: empty, Tags: "v*"}), "not a git repository")
	wantInError(t, mustRefuse(t, Git{Path: filepath.Join(empty, "none"), Tags: "v*"}), "none")
	file := filepath.Join(empty, "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRefuse(t, Git{Path: file, Tags: "v*"})
	mustRefuse(t, Git{Path: "--upload-pack=touch " + file, Tags: "v*"})
	wantInError(t, mustRefuse(t, Git{Path: "https://example.com/shop.git", Tags: "v*"}), "clone")
}

func TestTagsThatNameNoDeploymentAreRefusedOrSaid(t *testing.T) {
	r := newRepo(t)
	r.commit(day(1), day(1), "a", "first")
	r.tag(day(3), "v1", "HEAD")
	r.tag(day(3), "v2-tree", r.git("rev-parse", "HEAD^{tree}"))
	wantInError(t, mustRefuse(t, Git{Path: r.path, Tags: "release-*"}), "v1") // lists what there is
	wantInError(t, mustRefuse(t, Git{Path: r.path, Tags: "v2*"}), "commit")   // a tag without commit
	in := r.mustImport(Git{Tags: "v*"})
	if in.Deployments != 1 || in.NotCommits != 1 {
		t.Errorf("%d deployments, %d tags of no commit; expected one each", in.Deployments, in.NotCommits)
	}
	mustRefuse(t, Git{Path: r.path})                                // nothing says what a deployment is
	mustRefuse(t, Git{Path: r.path, Tags: "v*", FirstParent: true}) // two things say it
}
