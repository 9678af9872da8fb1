package history

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRefusedClones(t *testing.T) {
	full := newRepo(t)
	full.commit(day(1), day(1), "a", "first")
	full.tag(day(1), "v1", "HEAD")
	full.tag(day(2), "v2", "HEAD")
	full.commit(day(2), day(2), "a", "second")
	dir := t.TempDir()
	shallow := filepath.Join(dir, "shallow")
	full.git("clone", "-q", "--depth", "1", "file://"+full.path, shallow)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(dir, "plain")
	if err := os.Mkdir(plain, 0o755); err != nil {
		t.Fatal(err)
	}
	empty := newRepo(t)
	tagless := newRepo(t)
	tagless.commit(day(1), day(1), "a", "a")
	trees := newRepo(t)
	trees.commit(day(1), day(1), "a", "a")
	trees.tag(day(1), "v1", "HEAD^{tree}")
	branches := newRepo(t)
	branches.commit(day(1), day(1), "a", "a")
	branches.git("branch", "one")
	branches.git("branch", "-m", "main", "two")
	branches.git("symbolic-ref", "HEAD", "refs/heads/none")

	for name, c := range map[string]struct {
		g     Git
		words []string
	}{
		"shallow":          {Git{Path: shallow, Tags: "v*"}, []string{shallow, "git fetch --unshallow"}},
		"not a repository": {Git{Path: plain, Tags: "v*"}, []string{plain, "not a git repository"}},
		"a file":           {Git{Path: file, Tags: "v*"}, []string{"is a file"}},
		"nothing there":    {Git{Path: "none-such", Tags: "v*"}, []string{"no such folder"}},
		"an option":        {Git{Path: "--upload-pack=x", Tags: "v*"}, []string{"no such folder"}},
		"empty":            {Git{Path: empty.path, Tags: "v*"}, []string{"no commits"}},
		"url":              {Git{Path: "https://user:secret@example.com/a/b.git", Tags: "v*"}, []string{"git clone --bare https://example.com/a/b.git"}},
		"scp":              {Git{Path: "git@example.com:a/b.git", Tags: "v*"}, []string{"git clone --bare"}},
		"no match":         {Git{Tags: "release-*"}, []string{"tags", "release-*", "v2, v1"}},
		"option as tag":    {Git{Tags: "--delete"}, []string{"--delete"}},
		"no tags":          {Git{Path: tagless.path, Tags: "v*"}, []string{"has no tags"}},
		"only trees":       {Git{Path: trees.path, Tags: "v*"}, []string{"1 tag", "no commit"}},
		"all excluded":     {Git{Tags: "v*", ExcludeTags: "*"}, []string{"all 2 tags"}},
		"which branch":     {Git{Path: branches.path, FirstParent: true}, []string{"one, two"}},
		"no such branch":   {Git{Branch: "dev", FirstParent: true}, []string{"no branch", "dev"}},
		"branch as option": {Git{Branch: "x\n--all", FirstParent: true}, []string{"no branch"}},
		"nothing asked":    {Git{}, []string{"say what a deployment is"}},
		"two asked":        {Git{Tags: "v*", FirstParent: true}, []string{"choose one"}},
		"exclude alone":    {Git{FirstParent: true, ExcludeTags: "v*"}, []string{"exclude"}},
		"no service":       {Git{FirstParent: true, Service: " "}, []string{"service"}},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := full.imports(c.g)
			refused(t, err, c.words...)
			if strings.Contains(err.Error(), "secret") || len(in.all) > 0 {
				t.Errorf("%v, with %d events", err, len(in.all))
			}
		})
	}
	t.Run("git is missing", func(t *testing.T) {
		t.Setenv("PATH", dir)
		_, err := full.imports(Git{Tags: "v*"})
		refused(t, err, "git is not in PATH")
	})
}

func TestKindsOfClone(t *testing.T) {
	r := newRepo(t)
	r.commit(day(1), day(1), "a", "first")
	r.tag(day(1), "v1", "HEAD")
	dir := t.TempDir()
	bare, cloned, tree := filepath.Join(dir, "bare.git"), filepath.Join(dir, "cloned"), filepath.Join(dir, "tree")
	r.git("clone", "-q", "--bare", r.path, bare)
	r.git("clone", "-q", r.path, cloned)
	copied := &repo{t, cloned}
	unpushed := copied.commit(day(2), day(2), "b", "not pushed")
	copied.git("remote", "set-url", "origin", "https://user:token@Example.com/Shop/web.git")
	r.git("worktree", "add", "-q", "-b", "topic", tree)
	for path, want := range map[string]string{bare: "shop", cloned: "example.com/Shop/web", tree: "shop"} {
		in := r.mustImport(Git{Path: path, Tags: "v*"})
		if in.Repository != want || len(in.changes) != 1 || in.changes[unpushed].SHA != "" {
			t.Errorf("%s: %+v", path, in.Summary)
		}
	}
	if in := r.mustImport(Git{Path: cloned, Tags: "v*", Repository: "mine"}); in.Repository != "mine" || in.deployments[0].ID != "git:mine:shop:production:v1" {
		t.Errorf("%+v", in.deployments)
	}
}

// A clone may come with settings of strangers: they must neither run anything
// nor change what is read.
func TestHostileSettings(t *testing.T) {
	r := newRepo(t)
	first := r.commit(day(1), day(1), "a", "first")
	second := r.commit(day(2), day(2), "a", "second")
	r.tag(day(2), "v1", "HEAD")
	before := r.mustImport(Git{Tags: "v*", Paths: []string{"."}})
	mark := filepath.Join(t.TempDir(), "ran")
	for _, key := range []string{"core.fsmonitor", "core.pager", "diff.external", "gpg.program", "core.sshCommand", "core.alternateRefsCommand", "pager.log", "core.editor", "pager.tag"} {
		r.git("config", key, "touch "+mark+"; true")
	}
	for key, value := range map[string]string{
		"log.showSignature": "true", "color.ui": "always", "column.ui": "always", "log.decorate": "full", "log.mailmap": "true", "log.follow": "true",
		"tag.sort": "-refname", "format.pretty": "oneline", "i18n.logOutputEncoding": "UTF-16", "log.diffMerges": "m", "diff.ignoreSubmodules": "all",
		"notes.displayRef": "*", "log.date": "relative", "core.quotePath": "true", "log.abbrevCommit": "true", "alias.log": "!touch " + mark,
	} {
		r.git("config", key, value)
	}
	r.git("-c", "alias.log=", "replace", first, second)
	t.Setenv("GIT_DIR", "/nowhere")
	t.Setenv("GIT_WORK_TREE", "/nowhere")
	t.Setenv("GIT_EXTERNAL_DIFF", "touch "+mark)
	after := r.mustImport(Git{Tags: "v*", Paths: []string{"."}})
	if len(after.all) != len(before.all) {
		t.Fatalf("%d events, before %d", len(after.all), len(before.all))
	}
	for i := range after.all {
		if a, b := string(after.all[i].Raw), string(before.all[i].Raw); a != b {
			t.Errorf("got\n%s\nbefore\n%s", a, b)
		}
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a setting of the clone ran a program")
	}
}

func TestPartialClone(t *testing.T) {
	r := newRepo(t)
	r.commit(day(1), day(1), "d/a", "first")
	r.tag(day(1), "v1", "HEAD")
	r.commit(day(2), day(2), "d/a", "second")
	r.git("config", "uploadpack.allowFilter", "true")
	partial := filepath.Join(t.TempDir(), "partial")
	r.git("clone", "-q", "--bare", "--filter=tree:0", "file://"+r.path, partial)
	if in := r.mustImport(Git{Path: partial, Tags: "v*"}); len(in.changes) != 2 {
		t.Errorf("%+v", in.Summary)
	}
	_, err := r.imports(Git{Path: partial, Tags: "v*", Paths: []string{"d"}})
	refused(t, err, "partial clone")
}

func TestExplain(t *testing.T) {
	c := &clone{path: "/srv/x"}
	for complaint, want := range map[string]string{
		"detected dubious ownership in repository at '/srv/x'":          "git config --global --add safe.directory /srv/x",
		"not a git repository (or any of the parent directories): .git": "is not a git repository",
		"could not fetch 3f from promisor remote":                       "partial clone",
		"bad object HEAD": "git log in /srv/x: bad object HEAD",
	} {
		if got := c.explain("log", complaint, nil).Error(); !strings.Contains(got, want) {
			t.Errorf("%q explained as %q", complaint, got)
		}
	}
	var tl tail
	for range 3000 {
		tl.Write([]byte("warning: something\n"))
	}
	tl.Write([]byte("fatal: the\x1b reason\nhint: do\n"))
	if tl.String() != "the reason" || len(tl.buf) > 8<<10 {
		t.Errorf("%q", tl.String())
	}
}

func TestRepositoryName(t *testing.T) {
	for origin, want := range map[string]string{
		"https://github.com/owner/name.git":              "github.com/owner/name",
		"https://user:pass@GitHub.com:8443/owner/name/":  "github.com/owner/name",
		"ssh://git@host.example:2222/group/sub/name.git": "host.example/group/sub/name",
		"git@host.example:group/name.git":                "host.example/group/name",
		"host:name":                                      "host/name",
		"/srv/git/name.git":                              "name",
		"../name":                                        "name",
		"file:///srv/git/name.git":                       "name",
		"..":                                             "",
		"":                                               "",
		"https://host/":                                  "",
	} {
		if got := repositoryName(origin); got != want {
			t.Errorf("%q: %q, expected %q", origin, got, want)
		}
	}
}

func TestDateBounds(t *testing.T) {
	r := run{}
	r.now = 1772366400e6
	for s, want := range map[string]string{
		"": "unknown", "x": "unknown", "-1": "unknown", "31535999": "unknown", "-99999999999999999999": "unknown", "31536000": "known",
		"1772370000": "known", "1772370001": "future", "99999999999999999999999": "future", "9223372036854775807": "future",
	} {
		got := "unknown"
		if d := r.date(s); d.future() {
			got = "future"
		} else if d.known() {
			got = "known"
		}
		if got != want {
			t.Errorf("%q is %s, expected %s", s, got, want)
		}
	}
	if d := r.date("1767225600"); !d.Std().Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%s", d.Time)
	}
}
