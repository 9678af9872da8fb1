package oracle

// history is a commit graph as the events tell it, walked in the plainest way,
// so that what ours derives is held against something that is not ours.
type history struct {
	parents map[string][]string
}

func newHistory(events []event) *history {
	h := &history{parents: map[string][]string{}}
	for _, e := range events {
		if e.text("type") == "change" {
			h.parents[e.text("id")] = e.list("parents")
		}
	}
	return h
}

// reachable is a commit and all before it.
func (h *history) reachable(sha string) map[string]bool {
	seen := map[string]bool{}
	for stack := []string{sha}; len(stack) > 0; {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !seen[at] {
			seen[at] = true
			stack = append(stack, h.parents[at]...)
		}
	}
	return seen
}

// between counts the commits that sha has and base has not, merge commits
// apart.
func (h *history) between(base, sha string) (changes, merges int) {
	old := h.reachable(base)
	for c := range h.reachable(sha) {
		switch {
		case old[c]:
		case len(h.parents[c]) > 1:
			merges++
		default:
			changes++
		}
	}
	return changes, merges
}
