package history

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// heldMost bounds the commits that wait; one more is sent as it is.
const heldMost = 10_000

// held sends commits. It keeps back those that take back something named only
// by an abbreviation or by the number of a pull request, until it is known
// which commit that is.
type held struct {
	*run
	count  int
	pulls  map[int][]plimsoll.ChangeReport // by the number they take back
	shorts []plimsoll.ChangeReport         // Reverts holds an abbreviation
}

func newHeld(r *run) *held { return &held{run: r, pulls: make(map[int][]plimsoll.ChangeReport)} }

// send completes the report by what the message says, and sends it or holds it.
func (h *held) send(ctx context.Context, c plimsoll.ChangeReport, message string) error {
	subject, body := subjectOf(message)
	m := recognise(subject, body, c.Merge())
	c.Subject = clean(subject, subjectRunes)
	c.PullRequest = h.pull(c, m)
	c.Reverts = m.reverts
	if c.PullRequest != nil && c.PullRequest.MergeSHA != "" {
		h.sum.PullRequests++
		waiting := h.pulls[m.number]
		delete(h.pulls, m.number)
		if err := h.settle(ctx, waiting, c.SHA); err != nil {
			return err
		}
	}
	switch {
	case m.reverts == "" && m.revertsNumber == 0, h.count >= heldMost:
		if !isSHA(c.Reverts) {
			c.Reverts = ""
		}
		return h.post(ctx, c)
	case isSHA(m.reverts):
		return h.post(ctx, c)
	case m.reverts != "":
		h.count++
		h.shorts = append(h.shorts, c)
	case !h.ours(m.revertsOwner):
		return h.post(ctx, c)
	default:
		h.count++
		h.pulls[m.revertsNumber] = append(h.pulls[m.revertsNumber], c)
	}
	return nil
}

// pull is the pull request the commit belongs to. Only the words of a merge,
// or the form of a squash on the branch itself, say that this commit is the
// merge; elsewhere "(#12)" may be a copy, and only the number is stated.
func (h *held) pull(c plimsoll.ChangeReport, m mention) *plimsoll.PullRequestRef {
	if m.number == 0 {
		return nil
	}
	ref := &plimsoll.PullRequestRef{Number: m.number}
	if !m.copied && (m.certain || c.Merge() || h.line.has(c.SHA)) {
		ref.Branch, ref.MergeSHA, ref.MergedAt = m.branch, c.SHA, c.CommittedAt
	}
	return ref
}

// ours reports whether owner/name is the repository being read.
func (h *held) ours(owner string) bool {
	name := h.clone.name
	return owner == "" || !strings.Contains(name, "/") || strings.HasSuffix(strings.ToLower("/"+name), strings.ToLower("/"+owner))
}

func (h *held) post(ctx context.Context, c plimsoll.ChangeReport) error {
	if c.Reverts != "" {
		h.sum.Reverts++
	}
	raw, err := marshalChange(c)
	if err != nil {
		return err
	}
	return h.out.add(ctx, raw, place{name: "commit " + c.SHA})
}

func (h *held) settle(ctx context.Context, waiting []plimsoll.ChangeReport, reverts string) error {
	for _, c := range waiting {
		h.count--
		c.Reverts = reverts
		if err := h.post(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// finish sends what is still held, with what can be found out about it.
func (h *held) finish(ctx context.Context) error {
	names := make([]string, len(h.shorts))
	for i, c := range h.shorts {
		names[i] = c.Reverts
	}
	objects, err := h.clone.peel(ctx, names)
	if err != nil {
		return err
	}
	for i, o := range objects {
		found := ""
		if o.kind == "commit" {
			found = o.sha
		}
		if err := h.settle(ctx, h.shorts[i:i+1], found); err != nil {
			return err
		}
	}
	older, err := h.olderMerges(ctx)
	if err != nil {
		return err
	}
	for _, no := range slices.Sorted(maps.Keys(h.pulls)) {
		if older[no] == "" {
			h.sum.UnfoundReverted += len(h.pulls[no])
		}
		if err := h.settle(ctx, h.pulls[no], older[no]); err != nil {
			return err
		}
	}
	return nil
}

// olderMerges looks for pull requests that are waited for in the part of the
// history that an earlier import brought.
func (h *held) olderMerges(ctx context.Context) (map[int]string, error) {
	found := make(map[int]string)
	if len(h.pulls) == 0 || len(h.Exclude) == 0 {
		return found, nil
	}
	err := h.readLog(ctx, h.revisions(h.Exclude, nil), false, func(e logEntry) error {
		c := plimsoll.ChangeReport{SHA: e.sha, Parents: strings.Fields(e.parents)}
		subject, body := subjectOf(e.message)
		m := recognise(subject, body, c.Merge())
		if m.number == 0 || h.pulls[m.number] == nil || found[m.number] != "" {
			return nil
		}
		if ref := h.pull(c, m); ref.MergeSHA != "" {
			found[m.number] = e.sha
		}
		return nil
	})
	return found, err
}
