package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

func TestTags(t *testing.T) {
	r := newRepo(t)
	first := r.commit(day(1), day(1), "a", "first")
	r.tag(day(2), "v1.0.0", "HEAD")
	second := r.commit(day(3), day(4), "a", "second")
	r.git("tag", "v1.1.0") // lightweight
	r.tag(day(5), "v1.1.1", "v1.1.0")
	r.tag(day(6), "v1.1.2", "v1.1.1") // a tag of a tag of a commit
	r.tag(day(6), "vtree", "HEAD^{tree}")
	r.tag(day(6), "vtree2", "vtree")
	r.git("tag", "vblob", "HEAD:a")
	r.tag(now.AddDate(1, 0, 0), "v9.0.0", "HEAD")
	r.tag(day(3), "v1.0.9", second) // dated before its commit
	r.tag(day(7), "v2.0.0-rc.1", second)
	r.tag(day(7), "other", second)
	third := r.commit(day(8), day(8), "a", "never merged, but released")
	r.tag(day(9), "v1.2.0", "HEAD")
	r.git("reset", "-q", "--hard", second)
	r.git("branch", "side")
	r.git("checkout", "-q", "side")
	side := r.commit(day(9), day(9), "b", "never merged, never released")
	r.git("checkout", "-q", "main")

	in := r.mustImport(Git{Tags: "v*", ExcludeTags: "*-rc.*"})
	var got []string
	for _, d := range in.deployments {
		got = append(got, fmt.Sprintf("%s %s %s %s", d.Version, d.FinishedAt.Std().Format("01-02"), d.CommitSHA[:7], d.Labels["tag_type"]))
	}
	want := []string{
		"v1.0.0 01-02 " + first[:7] + " annotated",
		"v1.0.9 01-03 " + second[:7] + " annotated",
		"v1.1.0 01-04 " + second[:7] + " lightweight",
		"v1.1.1 01-05 " + second[:7] + " annotated",
		"v1.1.2 01-06 " + second[:7] + " annotated",
		"v1.2.0 01-09 " + third[:7] + " annotated",
	}
	if !slices.Equal(got, want) {
		t.Errorf("deployments\n%s\nexpected\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	d := in.deployments[0]
	if d.ID != "git:shop:shop:production:v1.0.0" || d.Environment != "production" || d.Result != plimsoll.ResultSuccess || d.StartedAt.Known() || d.Repository != "shop" || d.Source != "git" {
		t.Errorf("deployment %s", d.Raw)
	}
	if in.changes[third].SHA == "" || in.changes[side].SHA != "" || len(in.changes) != 3 {
		t.Errorf("expected the released commit and not the side branch, got %d changes", len(in.changes))
	}
	if c := in.changes[second]; c.AuthoredAt != plimsoll.TimeOf(day(3)) || c.CommittedAt != plimsoll.TimeOf(day(4)) || !slices.Equal(c.Parents, []string{first}) || c.Subject != "second" {
		t.Errorf("change %s", c.Raw)
	}
	s := in.Summary
	if s.Lightweight != 1 || s.NotCommits != 3 || s.FutureTags != 1 || s.BeforeCommit != 1 || s.FirstVersion != "v1.0.0" || s.FirstAt != plimsoll.TimeOf(day(2)) || s.Deployments != 6 || s.Commits != 3 || s.Events != 10 {
		t.Errorf("summary %+v", s)
	}
	if len(s.Warnings) != 4 || len(s.Notes) != 2 {
		t.Errorf("warnings %q, notes %q", s.Warnings, s.Notes)
	}
	if in.all[0].Type != plimsoll.TypeService || in.all[0].Name != "shop" || in.all[len(in.all)-1].Type != plimsoll.TypeDeployment {
		t.Error("expected the service first and deployments last")
	}
}

func TestPullRequestsAndReverts(t *testing.T) {
	r := newRepo(t)
	r.commit(day(1), day(1), "a", "first")
	squash := r.commit(day(2), day(2), "b", "Add checkout (#7)\n\nlong story")
	r.git("checkout", "-q", "-b", "feature/x")
	inner := r.commit(day(2), day(2), "c", "wip (#7)") // the number stands in a branch: no merge
	r.git("checkout", "-q", "-b", "two", "main")
	r.commit(day(2), day(2), "d", "two")
	r.git("checkout", "-q", "-b", "three", "main")
	r.commit(day(2), day(2), "e", "three")
	r.git("checkout", "-q", "main")
	merge := r.merge(day(3), "Merge pull request #8 from ada/feature/x\n\nX", "feature/x")
	octopus := r.merge(day(4), "Merge branches 'two' and 'three'", "two", "three")
	revert := r.commit(day(5), day(5), "f", "Revert \"Add checkout (#7)\" (#9)\n\nThis reverts commit "+squash+".")
	short := r.commit(day(6), day(6), "g", "Revert it\n\nThis reverts commit "+inner[:9]+", it was bad")
	byNumber := r.commit(day(7), day(7), "h", "Revert \"X\" (#10)\n\nReverts shop/shop#8")
	unknown := r.commit(day(8), day(8), "i", "Revert (#11)\n\nReverts #999")
	foreign := r.commit(day(9), day(9), "j", "Revert (#12)\n\nThis reverts commit 1234567.")
	copied := r.commit(day(10), day(10), "k", "Add checkout (#7)\n\n(cherry picked from commit "+squash+")")
	r.tag(day(11), "v1", "HEAD")

	in := r.mustImport(Git{Tags: "v*"})
	pull := func(sha string) plimsoll.PullRequestRef {
		if p := in.changes[sha].PullRequest; p != nil {
			return *p
		}
		return plimsoll.PullRequestRef{}
	}
	if p := pull(squash); p.Number != 7 || p.MergeSHA != squash || p.MergedAt != plimsoll.TimeOf(day(2)) || p.FirstCommitAt.Known() {
		t.Errorf("squash: %+v", p)
	}
	if p := pull(merge); p.Number != 8 || p.Branch != "feature/x" || p.MergeSHA != merge || len(in.changes[merge].Parents) != 2 {
		t.Errorf("merge: %+v", p)
	}
	for name, sha := range map[string]string{"branch": inner, "copy": copied} {
		if p := pull(sha); p.Number != 7 || p.MergeSHA != "" || p.MergedAt.Known() {
			t.Errorf("%s: %+v", name, p)
		}
	}
	if p := pull(octopus); p.Number != 0 || len(in.changes[octopus].Parents) != 3 {
		t.Errorf("octopus: %+v", p)
	}
	for sha, want := range map[string]string{revert: squash, short: inner, byNumber: merge, unknown: "", foreign: "", squash: ""} {
		if got := in.changes[sha].Reverts; got != want {
			t.Errorf("%q reverts %q, expected %q", in.changes[sha].Subject, got, want)
		}
	}
	s := in.Summary
	if s.Merges != 2 || s.Reverts != 3 || s.PullRequests != 6 || s.UnfoundReverted != 1 || s.Commits != len(in.changes) || s.Commits != 13 {
		t.Errorf("summary %+v", s)
	}
}

func TestHostileMessages(t *testing.T) {
	r := newRepo(t)
	subjects := map[string]string{
		r.commit(day(1), day(1), "a", "naïve\x01\x1b[31m\ttab\r\nsecond line\n\nbody"):                                "naïve [31m tab second line",
		r.commit(day(2), day(2), "b", strings.Repeat("ü", 300)):                                                       strings.Repeat("ü", 200),
		r.commit(day(3), day(3), "c", "\n\n  <script>\"'&\u2028x\n"):                                                  "<script>\"'& x",
		r.commit(day(5), day(5), "e", strings.Repeat("x", 70)+"\n\n"+strings.Repeat("long body ", 30_000)+"\n(#5)\n"): strings.Repeat("x", 70),
	}
	r.at(day(6), day(6), "", "commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "")
	subjects[r.head()] = ""
	r.git("-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty", "-m", "caf\xe9")
	subjects[r.head()] = "café"
	subjects[r.raw("author A <a> 1767000000 +0000\ncommitter A <a> 1767000000 +0000", "bytes \xff\xfe end\x00hidden\n")] = "bytes \uFFFD end"
	subjects[r.raw("author A <a> 1767000000 +0000\ncommitter A <a> 1767000000 +0000\nencoding none-such", "bad \xe9")] = "bad \uFFFD"
	in := r.mustImport(Git{FirstParent: true})
	for sha, want := range subjects {
		if got := in.changes[sha].Subject; got != want {
			t.Errorf("subject %q, expected %q", got, want)
		}
	}
}

func TestAuthors(t *testing.T) {
	r := newRepo(t)
	r.commit(day(1), day(1), "a", "first")
	r.at(day(2), day(2), "", "commit", "-q", "--allow-empty", "-m", "bump", "--author", "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>")
	bot := r.head()
	in := r.mustImport(Git{FirstParent: true, HashAuthor: func(email string) string { return fmt.Sprintf("h%d", len(email)) }})
	if in.Bots != 1 || !in.changes[bot].Bot || in.changes[bot].AuthorHash != "h49" {
		t.Errorf("bot: %s", in.changes[bot].Raw)
	}
	for _, w := range append(in.all, r.mustImport(Git{FirstParent: true}).all...) {
		if raw := strings.ToLower(string(w.Raw)); strings.Contains(raw, "ada") || strings.Contains(raw, "@") || strings.Contains(raw, "dependabot") {
			t.Errorf("a name or address in %s", w.Raw)
		}
	}
}

func TestDates(t *testing.T) {
	r := newRepo(t)
	commit := func(authored, committed string) string {
		r.dated(authored, committed, "", "commit", "-q", "--allow-empty", "-m", "c")
		return r.head()
	}
	ok := fmt.Sprintf("%d +0000", day(2).Unix())
	old := commit("@100 +0000", ok)
	undated := commit(ok, "@100 +0000")
	neither := commit("@100 +0000", "@100 +0000")
	future := commit(ok, fmt.Sprintf("%d +0000", now.AddDate(50, 0, 0).Unix()))
	both := commit(fmt.Sprintf("%d +0000", now.AddDate(1, 0, 0).Unix()), ok)
	broken := r.raw("author nobody\ncommitter nobody", "no dates at all")
	huge := r.raw("author A <a> 99999999999999999999 +0000\ncommitter A <a> 99999999999999999999 +0000", "huge")
	negative := r.raw("author A <a> -5 +0000\ncommitter A <a> 1767000000 +9999", "negative")
	skewed := commit(fmt.Sprintf("%d +0200", day(3).Unix()), ok)
	in := r.mustImport(Git{FirstParent: true})
	at := plimsoll.TimeOf(day(2))
	for _, c := range []struct {
		name, sha           string
		authored, committed plimsoll.Time
	}{
		{"authored in 1970", old, 0, at},
		{"committed in 1970", undated, at, at},
		{"both in 1970: the child's", neither, 0, plimsoll.TimeOf(now)},
		{"committed in the future", future, at, plimsoll.TimeOf(now)},
		{"authored in the future", both, 0, at},
		{"no dates: the child's", broken, 0, plimsoll.TimeOf(now)},
		{"beyond any date", huge, 0, plimsoll.TimeOf(now)},
		{"before 1970", negative, 0, plimsoll.TimeOf(time.Unix(1767000000, 0))},
		{"authored after", skewed, plimsoll.TimeOf(day(3)), at},
	} {
		if got := in.changes[c.sha]; got.AuthoredAt != c.authored || got.CommittedAt != c.committed {
			t.Errorf("%s: %s", c.name, got.Raw)
		}
	}
	s := in.Summary
	if s.AuthorUnknown != 6 || s.UndatedCommits != 3 || s.FutureCommits != 2 || s.AuthoredAfter != 1 {
		t.Errorf("summary %+v", s)
	}
	var last plimsoll.Time
	for _, d := range in.deployments {
		if d.FinishedAt <= last || d.FinishedAt > plimsoll.TimeOf(now) {
			t.Errorf("deployment %s at %s is not after %s", d.Version, d.FinishedAt, last)
		}
		last = d.FinishedAt
	}
}

func TestFirstParent(t *testing.T) {
	r := newRepo(t)
	a := r.commit(day(1), day(5), "a", "a")
	b := r.commit(day(2), day(3), "a", "b") // an earlier clock
	r.git("checkout", "-q", "-b", "x")
	x := r.commit(day(3), day(4), "x", "x")
	r.git("checkout", "-q", "main")
	m := r.merge(day(6), "Merge branch 'x'", "x")
	g := Git{FirstParent: true, Environment: "live"}
	in := r.mustImport(g)
	var shas []string
	for _, d := range in.deployments {
		shas = append(shas, d.CommitSHA)
	}
	if !slices.Equal(shas, []string{a, b, m}) || len(in.changes) != 4 || in.changes[x].SHA == "" {
		t.Fatalf("deployments %q", shas)
	}
	if d := in.deployments[1]; d.FinishedAt != plimsoll.TimeOf(day(5))+1 || d.Version != b[:12] || d.ID != "git:shop:shop:live:"+b {
		t.Errorf("%s", d.Raw)
	}
	g.Exclude = in.Tips
	c := r.commit(day(7), day(7), "a", "c")
	again := r.mustImport(g)
	if len(again.deployments) != 1 || again.deployments[0].CommitSHA != c || len(again.changes) != 1 || again.FirstAt != in.FirstAt {
		t.Errorf("second import: %+v", again.Summary)
	}
}

func TestMonorepo(t *testing.T) {
	r := newRepo(t)
	r.git("config", "diff.renames", "copies")
	r.git("config", "diff.relative", "true")
	r.git("config", "log.showRoot", "false")
	root := r.commit(day(1), day(1), "services/cart/api/v1/handler.go", "root")
	r.write("services/pay/main.go", "1")
	r.write("services/cart/x.go", "1")
	both := r.commit(day(2), day(2), "Makefile", "both")
	top := r.commit(day(3), day(3), "go.mod", "top")
	r.git("mv", "services/pay/main.go", "services/cart/main.go")
	moved := r.commit(day(4), day(4), "services/ünï code/\x01/é.go", "moved")
	for i := range 120 {
		r.write(fmt.Sprintf("many/%d/f", i), "x")
	}
	many := r.commit(day(5), day(5), "a/b/c/d/e/f/g/h", "many")
	empty := func() string { r.git("commit", "-q", "--allow-empty", "-m", "empty"); return r.head() }()
	r.git("config", "diff.orderFile", "none-such")
	in := r.mustImport(Git{FirstParent: true, Service: "cart", Paths: []string{"./services/cart/", "services/cart", "gone"}})
	for sha, want := range map[string][]string{
		root:  {"services/cart/api/v1"},
		both:  {"services/cart", "services/pay"},
		top:   {"."},
		moved: {"services/cart", "services/pay", "services/ünï code/\x01"},
		many:  nil,
		empty: nil,
	} {
		if got := in.changes[sha].Paths; !slices.Equal(got, want) {
			t.Errorf("%s: paths %q, expected %q", in.changes[sha].Subject, got, want)
		}
	}
	if in.WithoutPaths != 2 || len(in.Warnings) != 1 || !strings.Contains(in.Warnings[0], "gone") {
		t.Errorf("summary %+v", in.Summary)
	}
	var s plimsoll.ServiceReport
	if err := json.Unmarshal(in.all[0].Raw, &s); err != nil || s.Name != "cart" || s.Repository != "shop" || !slices.Equal(s.Paths, []string{"services/cart", "gone"}) {
		t.Errorf("service %s", in.all[0].Raw)
	}
	if !s.Owns(in.changes[root].Paths) || !s.Owns(in.changes[moved].Paths) || s.Owns(in.changes[top].Paths) || !s.Owns(in.changes[many].Paths) {
		t.Error("the service owns the wrong changes")
	}
	if other := r.mustImport(Git{FirstParent: true}); other.changes[root].Paths != nil {
		t.Error("paths without being asked for")
	}
	for p, word := range map[string]string{"../x": "within", "/etc": "within", "go.mod": "is a file", "a/b/c/d/e/f/g": "deep"} {
		_, err := r.imports(Git{FirstParent: true, Paths: []string{p}})
		refused(t, err, "paths", word)
	}
	if sub := r.mustImport(Git{Path: filepath.Join(r.path, "services"), FirstParent: true, Paths: []string{"services/cart"}}); !slices.Equal(sub.changes[both].Paths, in.changes[both].Paths) {
		t.Error("a folder within the clone gives other paths")
	}
}

func TestResume(t *testing.T) {
	r := newRepo(t)
	r.commit(day(1), day(1), "a", "first")
	r.tag(day(1), "v1", "HEAD")
	r.git("checkout", "-q", "-b", "release")
	r.commit(day(2), day(2), "b", "patch")
	r.tag(day(2), "v1.1", "HEAD")
	r.git("checkout", "-q", "main")
	r.commit(day(2), day(2), "c", "Feature (#3)")
	first := r.mustImport(Git{Tags: "v*"})
	if len(first.changes) != 3 || len(first.Tips) != 2 {
		t.Fatalf("first import: %d changes, tips %q", len(first.changes), first.Tips)
	}
	idle := r.mustImport(Git{Tags: "v*", Exclude: first.Tips})
	if len(idle.changes) != 0 || len(idle.deployments) != 2 || !slices.Equal(idle.Tips, first.Tips) {
		t.Errorf("nothing new: %+v", idle.Summary)
	}
	r.commit(day(4), day(4), "d", "Revert \"Feature\" (#4)\n\nReverts #3")
	revert := r.head()
	r.merge(day(5), "Merge branch 'release'", "release")
	r.tag(day(5), "v2", "HEAD")
	gone := strings.Repeat("0123456789", 4)
	next := r.mustImport(Git{Tags: "v*", Exclude: append([]string{gone, "nonsense"}, first.Tips...)})
	if len(next.changes) != 2 || len(next.deployments) != 3 || next.ForgottenTips != 2 || !slices.Equal(next.Tips, []string{r.head()}) {
		t.Errorf("second import: %+v", next.Summary)
	}
	whole := r.mustImport(Git{Tags: "v*"})
	if next.changes[revert].Reverts == "" || string(whole.changes[revert].Raw) != string(next.changes[revert].Raw) {
		t.Errorf("resumed\n%s\nwhole\n%s", next.changes[revert].Raw, whole.changes[revert].Raw)
	}
	if !slices.Equal(whole.Tips, next.Tips) {
		t.Errorf("tips %q, expected %q", whole.Tips, next.Tips)
	}
}

func TestSince(t *testing.T) {
	r := newRepo(t)
	old := r.commit(day(1), day(1), "a", "old")
	r.tag(day(1), "v1", "HEAD")
	base := r.commit(day(2), day(2), "a", "base")
	r.tag(day(2), "v2", "HEAD")
	r.git("checkout", "-q", "-b", "long", old)
	long := r.commit(day(1), day(1), "b", "long-lived")
	r.git("checkout", "-q", "main")
	r.merge(day(9), "Merge branch 'long'", "long")
	r.tag(day(9), "v3", "HEAD")
	in := r.mustImport(Git{Tags: "v*", Since: plimsoll.TimeOf(day(5))})
	if len(in.deployments) != 2 || in.deployments[0].Version != "v2" {
		t.Fatalf("deployments %+v", in.Summary)
	}
	if in.changes[base].SHA == "" || in.changes[long].SHA == "" || in.changes[old].SHA != "" {
		t.Errorf("changes %v", in.changes)
	}
}

func TestRefusedEvent(t *testing.T) {
	r := newRepo(t)
	sha := r.commit(day(1), day(1), "a", "first")
	g := Git{Path: r.path, Service: "shop", FirstParent: true, Now: func() time.Time { return now }}
	sum, err := g.Run(context.Background(), func(context.Context, []json.RawMessage) error {
		return plimsoll.FieldErrorf("committed_at", "too early").At(1)
	})
	refused(t, err, "commit "+sha, "committed_at", "too early")
	if sum.Tips != nil || sum.Events != 0 {
		t.Errorf("summary %+v", sum)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := g.Run(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, expected canceled", err)
	}
}

func TestProgress(t *testing.T) {
	r := newRepo(t)
	var stream strings.Builder
	for i := range 4500 {
		fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter Ada <ada@example.com> %d +0000\ndata 1\nx\n", day(1).Unix()+int64(i))
	}
	r.at(day(1), day(1), stream.String(), "fast-import", "--quiet")
	r.tag(day(3), "v1", "main")
	var steps []Progress
	in := r.mustImport(Git{Tags: "v*", Progress: func(p Progress) { steps = append(steps, p) }})
	if len(steps) != 4 || steps[0].Events != 2000 || steps[0].Total != 4500 || steps[3].Deployments != 1 || in.Events != 4502 {
		t.Errorf("progress %+v, summary %+v", steps, in.Summary)
	}
}

func TestLongNamesKeepIDsShortAndApart(t *testing.T) {
	long := strings.Repeat("ä", 150)
	a, b := boundedID("git:"+long+"a"), boundedID("git:"+long+"b")
	if a == b || len(a) > 200 || len(b) > 200 || !strings.HasPrefix(a, "git:") {
		t.Errorf("%q %q", a, b)
	}
}

func TestDeploymentsFile(t *testing.T) {
	r := newRepo(t)
	a := r.commit(day(1), day(1), "a", "a")
	b := r.commit(day(2), day(2), "a", "b")
	tree := r.git("rev-parse", "HEAD^{tree}")
	file := func(text string) Git {
		name := filepath.Join(t.TempDir(), "deploys.csv")
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return Git{DeploymentsFile: name}
	}
	in := r.mustImport(file("\uFEFFsha;time;version;result;environment;started_at\r\n" +
		b[:8] + ";2026-01-04T10:00:00+02:00;2.0;failure;production-eu;2026-01-04T07:50:00Z\r\n\r\n" +
		strings.ToUpper(a) + ";2026-01-03T10:00:00Z;;;;\r\n" +
		a + ";2026-01-05T10:00:00Z;;;;\r\n"))
	if len(in.deployments) != 3 {
		t.Fatalf("%+v", in.Summary)
	}
	d, e := in.deployments[0], in.deployments[1]
	if d.CommitSHA != a || d.Environment != "production" || d.Result != plimsoll.ResultSuccess || d.ID != "git:shop:shop:production:"+a[:7]+"@2026-01-03T10:00:00Z" {
		t.Errorf("%s", d.Raw)
	}
	if e.CommitSHA != b || e.Environment != "production-eu" || e.Result != plimsoll.ResultFailure || e.Version != "2.0" || e.FinishedAt.String() != "2026-01-04T08:00:00Z" || e.StartedAt.String() != "2026-01-04T07:50:00Z" {
		t.Errorf("%s", e.Raw)
	}
	if in.deployments[2].ID == d.ID {
		t.Error("the same build deployed again has the same id")
	}
	head := "sha,time,result,started_at\n" + a + ",2026-01-03T10:00:00Z,,\n"
	for name, c := range map[string]struct {
		text  string
		words []string
	}{
		"unknown sha": {head + "1234567890,2026-01-03T10:00:00Z,,\n", []string{"line 3", "column sha", "1234567890", "is no commit"}},
		"tree":        {head + tree + ",2026-01-03T10:00:00Z,,\n", []string{"line 3", "is no commit"}},
		"no sha":      {head + "main,2026-01-03T10:00:00Z,,\n", []string{"line 3", "column sha", "main"}},
		"bad time":    {head + a + ",03.01.2026,,\n", []string{"line 3", "column time", "RFC 3339"}},
		"no time":     {head + a + ",,,\n", []string{"line 3", "column time"}},
		"future":      {head + a + ",2027-01-03T10:00:00Z,,\n", []string{"line 3", "column time", "future"}},
		"result":      {head + a + ",2026-01-03T10:00:00Z,ok,\n", []string{"line 3", "column result", "success"}},
		"start":       {head + a + ",2026-01-03T10:00:00Z,,2026-01-04T10:00:00Z\n", []string{"line 3", "column started_at", "after"}},
		"cells":       {head + a + "\n", []string{"line 3", "1 cell"}},
		"column":      {"sha,time,colour\n", []string{"colour"}},
		"no column":   {"sha,version\n", []string{"time"}},
		"empty":       {"", []string{"empty"}},
		"no row":      {"sha,time\n", []string{"no deployment"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := r.imports(file(c.text))
			refused(t, err, c.words...)
		})
	}
	_, err := r.imports(Git{DeploymentsFile: "none.csv"})
	refused(t, err, "none.csv")
}
