package history

import (
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// sendCommits streams every commit that the branch or a release contains and
// that no earlier import brought.
func (r *run) sendCommits(ctx context.Context) error {
	heads := r.heads()
	without := r.Exclude
	if r.base != "" {
		line, err := r.clone.git(ctx, "", "rev-list", "--no-walk", "--parents", r.base)
		if err != nil {
			return err
		}
		if parents := strings.Fields(line); len(parents) > 1 {
			without = append(slices.Clone(without), parents[1:]...)
		}
	}
	if r.Progress != nil {
		out, err := r.clone.git(ctx, r.revisions(heads, without), "rev-list", "--count", "--stdin")
		if err != nil {
			return err
		}
		r.progress.Total, _ = strconv.Atoi(strings.TrimSpace(out))
	}
	tips := newTips(heads, r.Exclude)
	held := newHeld(r)
	err := r.readLog(ctx, r.revisions(heads, without), len(r.Paths) > 0, func(e logEntry) error {
		c := r.change(e)
		tips.saw(c.SHA, c.Parents)
		return held.send(ctx, c, e.message)
	})
	if err != nil {
		return err
	}
	if err := held.finish(ctx); err != nil {
		return err
	}
	r.sum.Tips = tips.list()
	return r.out.flush(ctx)
}

// heads are the commits whose history is read.
func (r *run) heads() []string {
	heads := []string{r.tip}
	if r.FirstParent {
		return heads
	}
	known := map[string]bool{r.tip: true}
	for _, x := range r.releases {
		if !known[x.sha] {
			known[x.sha] = true
			heads = append(heads, x.sha)
		}
	}
	return heads
}

// readLog runs git log over revisions and hands over each commit, children
// before their parents as far as dates allow.
func (r *run) readLog(ctx context.Context, revisions string, paths bool, each func(logEntry) error) error {
	args := []string{"log", "-z", "--no-color", "--no-decorate", "--no-notes", "--no-show-signature", "--encoding=UTF-8", logFormat}
	if paths {
		args = append(args, "--name-only", "-O/dev/null", "--no-renames", "--no-relative", "--no-ext-diff", "--ignore-submodules=none")
	}
	return r.clone.stream(ctx, revisions, func(out io.Reader) error {
		log := newLogReader(out)
		for {
			e, err := log.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil {
				err = each(e)
			}
			if err != nil {
				return err
			}
		}
	}, append(args, "--stdin")...)
}

// change is the report of a commit, but for what its message says.
func (r *run) change(e logEntry) plimsoll.ChangeReport {
	c := plimsoll.ChangeReport{
		SHA:        e.sha,
		Repository: r.clone.name,
		Parents:    strings.Fields(e.parents),
		Bot:        isBot(e.name, e.email),
		Paths:      e.paths,
	}
	r.setDates(&c, r.date(e.authored), r.date(e.committed))
	if r.HashAuthor != nil && e.email != "" {
		c.AuthorHash = r.HashAuthor(e.email)
	}
	r.sum.Commits++
	if c.Merge() {
		r.sum.Merges++
	} else if len(r.Paths) > 0 && len(c.Paths) == 0 {
		r.sum.WithoutPaths++
	}
	if c.Bot {
		r.sum.Bots++
	}
	return c
}

// setDates keeps the dates that can be true. A commit needs a commit date: one
// in the future becomes now; for one that is missing the author's date stands
// in, else that of the commit read before it, which as a rule is its child.
func (r *run) setDates(c *plimsoll.ChangeReport, authored, committed date) {
	if !authored.known() || authored.future() {
		r.sum.AuthorUnknown++
	}
	c.AuthoredAt = authored.Time
	switch {
	case committed.future():
		r.sum.FutureCommits++
		c.CommittedAt = r.now
	case committed.known():
		c.CommittedAt = committed.Time
	default:
		r.sum.UndatedCommits++
		c.CommittedAt = authored.Time.Or(r.progress.ReachedAt, r.now)
	}
	if c.AuthoredAt > c.CommittedAt {
		r.sum.AuthoredAfter++
	}
	r.progress.ReachedAt = c.CommittedAt
}

// tips finds out which commits have no imported child.
type tips struct {
	open map[string]bool // of the candidates without child: true once it is imported
}

func newTips(heads, imported []string) *tips {
	t := &tips{open: make(map[string]bool, len(heads)+len(imported))}
	for _, sha := range heads {
		t.open[sha] = false
	}
	for _, sha := range imported {
		t.open[sha] = true
	}
	return t
}

func (t *tips) saw(sha string, parents []string) {
	if _, ok := t.open[sha]; ok {
		t.open[sha] = true
	}
	for _, p := range parents {
		delete(t.open, p)
	}
}

func (t *tips) list() []string {
	var out []string
	for sha, imported := range t.open {
		if imported {
			out = append(out, sha)
		}
	}
	slices.Sort(out)
	return out
}
