package derive

import (
	"cmp"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
)

// Commit is what is known of one commit, beside its place in the graph.
type Commit struct {
	AuthoredAt  plimsoll.Time
	CommittedAt plimsoll.Time
	PullRequest int    // number, 0 if none
	Reverts     string // sha of the commit it takes back
	Merge       bool
	Bot         bool
	Paths       []string
}

// Repository is the commit graph of one repository with its pull requests. It
// is built once and then grows with the log.
type Repository struct {
	Name  string
	Graph *Graph

	commits []Commit                                   // by commit number
	stated  map[int]plimsoll.PullRequestReport         // what was said of a pull request itself
	inline  map[int]map[string]plimsoll.PullRequestRef // what its changes said of it, by sha

	// Derived by link, nil when out of date.
	pulls   map[int]plimsoll.PullRequestReport
	linked  map[int32]int // commit → pull request
	members map[int][]int32
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
		Reverts:     c.Reverts,
		Merge:       c.Merge(),
		Bot:         c.Bot,
		Paths:       c.Paths,
	}
	delete(r.inline[r.commits[i].PullRequest], c.SHA)
	if ref := c.PullRequest; ref != nil && ref.Number != 0 {
		k.PullRequest = ref.Number
		if r.inline[ref.Number] == nil {
			r.inline[ref.Number] = map[string]plimsoll.PullRequestRef{}
		}
		r.inline[ref.Number][c.SHA] = *ref
	}
	r.commits[i] = k
	r.linked = nil
}

// AddPullRequest records a pull request as it stands now.
func (r *Repository) AddPullRequest(p plimsoll.PullRequestReport) {
	r.stated[p.Number] = p
	r.linked = nil
}

// Commit returns what is known of commit i.
func (r *Repository) Commit(i int32) Commit { return r.commits[i] }

// link finds the commits of each pull request: those that name it, those it
// names, and those its merge commit brought to the first parent's line.
func (r *Repository) link() {
	if r.linked != nil {
		return
	}
	r.settlePulls()
	r.linked, r.members = map[int32]int{}, map[int][]int32{}
	join := func(i int32, number int) {
		if _, taken := r.linked[i]; taken || r.commits[i].Merge {
			return
		}
		r.linked[i] = number
		r.members[number] = append(r.members[number], i)
	}
	var merges []int32
	for i, c := range r.commits {
		switch {
		case c.PullRequest == 0:
		case c.Merge:
			merges = append(merges, int32(i))
		default:
			join(int32(i), c.PullRequest)
		}
	}
	numbers := sortedKeys(r.pulls)
	for _, number := range numbers {
		for _, sha := range r.pulls[number].Commits {
			if i, ok := r.Graph.Find(sha); ok {
				join(i, number)
			}
		}
	}
	// Inner merges come first, so that a commit belongs to the nearest pull
	// request around it, whichever was heard of first.
	r.Graph.settle()
	slices.SortFunc(merges, func(a, b int32) int {
		return cmp.Or(cmp.Compare(r.Graph.gen[a], r.Graph.gen[b]), cmp.Compare(r.Graph.shas[a], r.Graph.shas[b]))
	})
	for _, m := range merges {
		parents := r.Graph.Parents(m)
		for _, side := range parents[1:] {
			brought, _ := r.Graph.Range(side, parents[0])
			for _, b := range brought {
				join(b, r.commits[m].PullRequest)
			}
		}
	}
	for _, number := range numbers {
		if i, ok := r.Graph.Find(r.pulls[number].MergeSHA); ok && len(r.members[number]) == 0 {
			join(i, number)
		}
	}
}

// settlePulls joins what is known of each pull request. What it says of itself
// goes before what its changes say of it; among those the sha decides, so that
// the order of arrival does not.
func (r *Repository) settlePulls() {
	r.pulls = make(map[int]plimsoll.PullRequestReport, len(r.stated))
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
}

// pull returns the number of the pull request a commit belongs to, 0 if none.
func (r *Repository) pull(i int32) int {
	r.link()
	return r.linked[i]
}

// startOf is where the clock of a change starts: its author date, but for a
// squash merge the first commit of the pull request it stands for.
func (r *Repository) startOf(i int32) plimsoll.Time {
	c := r.commits[i]
	start := c.AuthoredAt
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
