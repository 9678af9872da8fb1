package derive

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll"
)

// Commit is what is known of one commit, beside its place in the graph.
type Commit struct {
	AuthoredAt  plimsoll.Time
	CommittedAt plimsoll.Time
	Builds      []plimsoll.Time // ends of its green builds, sorted
	PullRequest int             // number, 0 if none
	Reverts     string          // sha of the commit it takes back
	Merge       bool
	Bot         bool
	Paths       []string
}

// Repository is the commit graph of one repository with its pull requests. It
// is built once and then grows with the log. What it answers depends on what
// was added, never on the order.
type Repository struct {
	Name  string
	Graph *Graph

	commits []Commit                                   // by commit number
	stated  map[int]plimsoll.PullRequestReport         // what was said of a pull request itself
	inline  map[int]map[string]plimsoll.PullRequestRef // what its changes said of it, by sha

	// Derived by link.
	fresh   bool
	pulls   map[int]plimsoll.PullRequestReport
	numbers []int // of pulls, sorted
	linked  []int // commit → pull request, 0 if none
	// commit → the merge that brought it to its pull request, or noMerge
	broughtBy []int32
	shared    map[int32][]int // commit → the other pull requests it belongs to
	members   map[int][]int32
	merges    map[int]int32 // pull request → its merge commit

	// What each merge brought to its line. It holds until the graph changes
	// elsewhere than at its tips.
	brought map[int32][]int32
	shape   int // of the graph for which brought holds
}

// NewRepository returns an empty repository.
func NewRepository(name string) *Repository {
	return &Repository{
		Name: name, Graph: NewGraph(),
		stated: map[int]plimsoll.PullRequestReport{},
		inline: map[int]map[string]plimsoll.PullRequestRef{},
	}
}

// AddChange records a commit as it stands now.
func (r *Repository) AddChange(c plimsoll.ChangeReport) {
	i := r.Graph.Add(c.SHA, c.Parents)
	for len(r.commits) < r.Graph.Len() {
		r.commits = append(r.commits, Commit{})
	}
	k := Commit{
		AuthoredAt:  c.AuthoredAt.Or(c.CommittedAt),
		CommittedAt: c.CommittedAt,
		Builds:      c.Builds,
		Reverts:     c.Reverts,
		Merge:       c.Merge(),
		Bot:         c.Bot,
		Paths:       c.Paths,
	}
	if old := r.commits[i].PullRequest; old != 0 {
		delete(r.inline[old], c.SHA)
		if len(r.inline[old]) == 0 {
			delete(r.inline, old)
		}
	}
	if ref := c.PullRequest; ref != nil && ref.Number != 0 {
		k.PullRequest = ref.Number
		if r.inline[ref.Number] == nil {
			r.inline[ref.Number] = map[string]plimsoll.PullRequestRef{}
		}
		r.inline[ref.Number][c.SHA] = *ref
	}
	r.commits[i] = k
	r.fresh = false
}

// AddPullRequest records a pull request as it stands now.
func (r *Repository) AddPullRequest(p plimsoll.PullRequestReport) {
	r.stated[p.Number] = p
	r.fresh = false
}

// Commit returns what is known of commit i.
func (r *Repository) Commit(i int32) Commit { return r.commits[i] }

// link finds the commits of each pull request: those that name it, those it
// names, and those its merge commit brought to the first parent's line.
// (definitions 1.2)
func (r *Repository) link() {
	if r.fresh {
		return
	}
	r.settlePulls()
	r.linked, r.broughtBy = make([]int, len(r.commits)), make([]int32, len(r.commits))
	r.members, r.merges, r.shared = map[int][]int32{}, map[int]int32{}, map[int32][]int{}
	for i := range r.commits {
		switch c := &r.commits[i]; {
		case c.PullRequest == 0:
		case !c.Merge:
			r.join(int32(i), c.PullRequest)
		default:
			if old, ok := r.merges[c.PullRequest]; !ok || r.Graph.shas[i] < r.Graph.shas[old] {
				r.merges[c.PullRequest] = int32(i)
			}
		}
	}
	for _, number := range r.numbers {
		for _, sha := range r.pulls[number].Commits {
			if i, ok := r.Graph.Find(sha); ok {
				r.join(i, number)
			}
		}
	}
	r.linkMerges()
	for _, number := range r.numbers {
		if i, ok := r.Graph.Find(r.pulls[number].MergeSHA); ok && len(r.members[number]) == 0 {
			r.join(i, number)
		}
	}
	r.fresh = true
}

// noMerge says that a commit was named, not brought by a merge.
const noMerge = -1

// join makes commit i, which was named, one of a pull request, unless it
// belongs to another.
func (r *Repository) join(i int32, number int) {
	if r.linked[i] == 0 && !r.commits[i].Merge {
		r.linked[i], r.broughtBy[i] = number, noMerge
		r.members[number] = append(r.members[number], i)
	}
}

// joinBrought makes what a merge brought part of its pull request. One that
// belongs to another is a member of both only when two merges that do not hold
// each other brought it: one branch merged into two. Then either may be the one
// that is deployed. in is scratch, by commit number.
func (r *Repository) joinBrought(merge int32, number int, brought, in []int32) {
	for _, b := range brought {
		in[b] = merge + 1
	}
	for _, b := range brought {
		first := r.broughtBy[b]
		switch {
		case r.commits[b].Merge:
		case r.linked[b] == 0:
			r.linked[b], r.broughtBy[b] = number, merge
			r.members[number] = append(r.members[number], b)
		// If the merge holds the first one, it brought that too.
		case first != noMerge && r.linked[b] != number && in[first] != merge+1:
			r.members[number] = append(r.members[number], b)
			r.shared[b] = append(r.shared[b], number)
		}
	}
}

// linkMerges joins what each merge brought to its pull request. Inner merges
// come first, so that a commit belongs to the nearest pull request around it,
// whichever was heard of first.
func (r *Repository) linkMerges() {
	g := r.Graph
	g.settle()
	if r.brought == nil || r.shape != g.shape {
		r.brought, r.shape = map[int32][]int32{}, g.shape
	}
	numbers := r.mergeNumbers()
	var merges []int32
	for i, number := range numbers {
		if number != 0 {
			merges = append(merges, int32(i)) // mostly in order already
		}
	}
	slices.SortFunc(merges, g.compare)
	in := make([]int32, len(r.commits))
	for _, m := range merges {
		brought, ok := r.brought[m]
		if !ok {
			parents := g.Parents(m)
			for k := 1; k < len(parents); k++ {
				if commits, whole := g.Range(parents[k], parents[:k]...); whole {
					brought = append(brought, commits...)
				}
			}
			r.brought[m] = brought
		}
		r.joinBrought(m, numbers[m], brought, in)
	}
}

// mergeNumbers returns the pull request of each merge commit, by commit number:
// what the commit says goes before what a pull request says of its merge.
func (r *Repository) mergeNumbers() []int {
	out := make([]int, len(r.commits))
	for _, number := range slices.Backward(r.numbers) {
		if i, ok := r.Graph.Find(r.pulls[number].MergeSHA); ok && r.commits[i].Merge {
			out[i] = number
		}
	}
	for i := range r.commits {
		if c := &r.commits[i]; c.Merge && c.PullRequest != 0 {
			out[i] = c.PullRequest
		}
	}
	return out
}

// settlePulls joins what is known of each pull request. What it says of itself
// goes before what its changes say of it; among those the sha decides, so that
// the order of arrival does not.
func (r *Repository) settlePulls() {
	r.pulls = make(map[int]plimsoll.PullRequestReport, len(r.stated)+len(r.inline))
	for number, refs := range r.inline {
		p := plimsoll.PullRequestReport{Repository: r.Name}
		for _, sha := range sortedKeys(refs) {
			p = p.Over(plimsoll.PullRequestReport{PullRequestRef: refs[sha]})
		}
		r.pulls[number] = p
	}
	for number, p := range r.stated {
		r.pulls[number] = r.pulls[number].Over(p)
	}
	r.numbers = sortedKeys(r.pulls)
}

// landing is the commit with which a pull request came to its line: the one it
// names, else the merge that names it.
func (r *Repository) landing(number int) (int32, bool) {
	if i, ok := r.Graph.Find(r.pulls[number].MergeSHA); ok {
		return i, true
	}
	i, ok := r.merges[number]
	return i, ok
}

// pull returns the number of the pull request a commit belongs to, 0 if none.
func (r *Repository) pull(i int32) int {
	r.link()
	return r.linked[i]
}

// startOf is where the clock of a change starts: its author date, but for a
// squash merge the first commit of the pull request it stands for.
// (definitions 2.2)
func (r *Repository) startOf(i int32) plimsoll.Time {
	start := r.commits[i].AuthoredAt
	number := r.pull(i)
	if number == 0 || len(r.members[number]) != 1 {
		return start
	}
	p := r.pulls[number]
	if p.MergeSHA != "" && p.MergeSHA != r.Graph.SHA(i) {
		return start
	}
	if first := p.FirstCommitAt; first.Known() && first < start {
		return first
	}
	return start
}
