package history

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// firstParents is the branch itself: its newest commit, the first parent of
// that, and so on. What was merged into it lies beside it.
type firstParents struct {
	order []lineCommit // newest first
	on    map[string]struct{}
}

type lineCommit struct {
	sha string
	at  string // committed, as git prints it
}

func (f firstParents) has(sha string) bool {
	_, ok := f.on[sha]
	return ok
}

func (c *clone) firstParents(ctx context.Context, tip string) (firstParents, error) {
	out, err := c.git(ctx, "", "rev-list", "--first-parent", "--timestamp", tip)
	if err != nil {
		return firstParents{}, err
	}
	n := strings.Count(out, "\n")
	f := firstParents{order: make([]lineCommit, 0, n), on: make(map[string]struct{}, n)}
	for line := range strings.Lines(out) {
		if at, sha, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
			f.order = append(f.order, lineCommit{sha: sha, at: at})
			f.on[sha] = struct{}{}
		}
	}
	return f, nil
}

// fromFirstParents makes a deployment of each commit of the branch. Each is at
// least a microsecond after the one before it, whatever the clocks said: one
// that seems to come earlier would read as a roll-back. It goes from the oldest
// to the newest so that later commits never change the time of earlier ones.
func (r *run) fromFirstParents(context.Context) error {
	last := r.now
	for _, c := range r.line.order { // a branch whose first commits have no date starts with the first that has
		if d := r.date(c.at); d.known() && !d.future() {
			last = d.Time
		}
	}
	last = last.Add(-time.Duration(len(r.line.order)) * time.Microsecond)
	r.releases = make([]release, 0, len(r.line.order))
	for i := len(r.line.order) - 1; i >= 0; i-- {
		c := r.line.order[i]
		at := last.Add(time.Microsecond)
		if d := r.date(c.at); d.known() && !d.future() && d.Time > at {
			at = d.Time
		}
		last = at
		r.releases = append(r.releases, release{name: c.sha, version: c.sha[:12], sha: c.sha, at: at})
	}
	return nil
}

// freshFirstParents counts the commits of the branch that no earlier import
// brought. They are the newest: whatever is before an imported one is imported.
func (r *run) freshFirstParents(ctx context.Context) (int, error) {
	if len(r.Exclude) == 0 {
		return len(r.line.order), nil
	}
	out, err := r.clone.git(ctx, r.revisions([]string{r.tip}, r.Exclude), "rev-list", "--first-parent", "--count", "--stdin")
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(out))
}

// revisions is the standard input that asks for the ancestors of some commits
// without those of others.
func (r *run) revisions(of, without []string) string {
	var b strings.Builder
	for _, sha := range of {
		b.WriteString(sha + "\n")
	}
	for _, sha := range without {
		b.WriteString("^" + sha + "\n")
	}
	return b.String()
}
