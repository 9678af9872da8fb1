package derive

import (
	"cmp"
	"container/heap"
	"slices"
)

// Graph is the commit graph of one repository. Commits may be added in any
// order; a parent that was named but not added yet is a gap.
type Graph struct {
	index   map[string]int32
	shas    []string
	parents [][]int32
	known   []bool
	gen     []int32 // 1 + the greatest generation among the parents; 0 for a gap
	looped  []bool  // stands on commits that are their own ancestors; taken for a gap
	stale   bool    // generations must be computed again
	shape   int     // grows when a commit changes below others, not when one is put on top

	marks []uint32 // scratch of one walk, valid where the upper bits equal epoch
	epoch uint32
}

// NewGraph returns an empty graph.
func NewGraph() *Graph { return &Graph{index: map[string]int32{}} }

// Len is the number of commits, gaps included.
func (g *Graph) Len() int { return len(g.shas) }

// Find returns the number of a commit, and whether the commit itself is known
// (not merely named as a parent).
func (g *Graph) Find(sha string) (int32, bool) {
	i, ok := g.index[sha]
	return i, ok && g.known[i]
}

// SHA returns the name of commit i.
func (g *Graph) SHA(i int32) string { return g.shas[i] }

// Parents returns the parents of commit i, first parent first.
func (g *Graph) Parents(i int32) []int32 { return g.parents[i] }

// Add records a commit and its parents and returns its number. Adding it again
// with other parents replaces them.
func (g *Graph) Add(sha string, parents []string) int32 {
	_, named := g.index[sha]
	i := g.node(sha)
	if named && g.known[i] && g.sameParents(i, parents) {
		return i
	}
	// A commit that nobody named before has no children yet, so no generation
	// but its own depends on it. Any other one may have.
	if named {
		g.stale = true
		g.shape++
	}
	ps := make([]int32, len(parents))
	best := int32(0)
	for k, p := range parents {
		ps[k] = g.node(p)
		best = max(best, g.gen[ps[k]])
		g.stale = g.stale || ps[k] == i || g.looped[ps[k]]
	}
	g.parents[i], g.known[i], g.gen[i] = ps, true, best+1
	return i
}

func (g *Graph) sameParents(i int32, parents []string) bool {
	return slices.EqualFunc(g.parents[i], parents, func(p int32, sha string) bool { return g.shas[p] == sha })
}

func (g *Graph) node(sha string) int32 {
	if i, ok := g.index[sha]; ok {
		return i
	}
	i := int32(len(g.shas))
	g.index[sha] = i
	g.shas = append(g.shas, sha)
	g.parents = append(g.parents, nil)
	g.known = append(g.known, false)
	g.gen = append(g.gen, 0)
	g.looped = append(g.looped, false)
	g.marks = append(g.marks, 0)
	return i
}

// settle computes the generations again after commits came out of order. No
// real history runs in a circle; of one that somebody made up, the commits that
// stand on the circle are taken for missing, whatever their order.
func (g *Graph) settle() {
	if !g.stale {
		return
	}
	const open, loop = -1, -2
	clear(g.gen)
	clear(g.looped)
	var stack []int32
	for root := range g.shas {
		if g.gen[root] != 0 || !g.known[root] {
			continue
		}
		stack = append(stack[:0], int32(root))
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			if g.gen[i] == 0 { // seen for the first time: its parents go first
				g.gen[i] = open
				for _, p := range g.parents[i] {
					if g.gen[p] == 0 && g.known[p] {
						stack = append(stack, p)
					}
				}
				continue
			}
			stack = stack[:len(stack)-1]
			if g.gen[i] != open {
				continue
			}
			best := int32(0)
			for _, p := range g.parents[i] {
				if g.gen[p] < 0 { // below itself, or standing on such
					best = loop
					break
				}
				best = max(best, g.gen[p])
			}
			g.gen[i] = best + 1
			if best == loop {
				g.gen[i] = loop
			}
		}
	}
	for i, gen := range g.gen {
		if gen < 0 {
			g.gen[i], g.looped[i] = 0, true
		}
	}
	g.stale = false
}

// compare orders commits from the roots up, in the same way whatever their
// numbers.
func (g *Graph) compare(a, b int32) int {
	return cmp.Or(cmp.Compare(g.gen[a], g.gen[b]), cmp.Compare(g.shas[a], g.shas[b]))
}

const (
	wanted   = 1 // reachable from the head
	unwanted = 2 // reachable from what is excluded
	markBits = 2
)

// Range returns the commits reachable from head and not from any of exclude,
// as `git rev-list head ^exclude` does, newest generation first. It reports
// false when the walk met a gap, so that commits may be missing, or be taken
// for new because the way to them from exclude is not known.
//
// The walk goes down by generation and ends below the last wanted commit, so it
// costs by the difference between the two, not by the length of history.
func (g *Graph) Range(head int32, exclude ...int32) (commits []int32, whole bool) {
	g.settle()
	g.nextEpoch()
	q := &frontier{gen: g.gen}
	left := 0 // wanted commits in the queue
	push := func(i int32, flag uint32) {
		old := g.mark(i)
		if old|flag == old {
			return
		}
		if old == 0 {
			heap.Push(q, i)
		}
		if old&unwanted == 0 && flag == unwanted && old&wanted != 0 {
			left--
		}
		if flag == wanted && old == 0 {
			left++
		}
		g.marks[i] = g.epoch<<markBits | old | flag
	}
	for _, x := range exclude {
		push(x, unwanted)
	}
	push(head, wanted)
	whole = true
	severed := false      // something that is excluded stands on commits nobody knows
	lowest := g.gen[head] // generation of the last wanted commit
	for q.Len() > 0 && (left > 0 || g.gen[q.items[0]] >= lowest) {
		i := heap.Pop(q).(int32)
		flags := g.mark(i)
		if flags&unwanted == 0 {
			left--
			lowest = g.gen[i]
			if !g.sound(i) {
				whole = false
				continue
			}
			commits = append(commits, i)
		}
		for _, p := range g.parents[i] {
			if flags&unwanted == 0 {
				push(p, wanted)
				continue
			}
			severed = severed || !g.sound(p)
			push(p, unwanted)
		}
	}
	return commits, whole && !(severed && len(commits) > 0)
}

// Ancestor reports whether a is reachable from b. A commit is its own ancestor.
func (g *Graph) Ancestor(a, b int32) bool {
	if a == b {
		return true
	}
	g.settle()
	g.nextEpoch()
	floor := g.gen[a]
	stack := []int32{b}
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, p := range g.parents[i] {
			if p == a {
				return true
			}
			if g.mark(p) == 0 && g.gen[p] > floor {
				g.marks[p] = g.epoch<<markBits | wanted
				stack = append(stack, p)
			}
		}
	}
	return false
}

// Reached marks every commit reachable from the heads; the answer is indexed
// by commit number.
func (g *Graph) Reached(heads []int32) []bool {
	seen := make([]bool, len(g.shas))
	stack := append([]int32(nil), heads...)
	for len(stack) > 0 {
		i := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[i] {
			continue
		}
		seen[i] = true
		stack = append(stack, g.parents[i]...)
	}
	return seen
}

// sound reports whether a commit is known, and so is its place.
func (g *Graph) sound(i int32) bool { return g.known[i] && !g.looped[i] }

func (g *Graph) mark(i int32) uint32 {
	if m := g.marks[i]; m>>markBits == g.epoch {
		return m & (1<<markBits - 1)
	}
	return 0
}

func (g *Graph) nextEpoch() {
	g.epoch++
	if g.epoch >= 1<<(32-markBits) {
		clear(g.marks)
		g.epoch = 1
	}
}

// frontier is a heap of commits, the highest generation on top.
type frontier struct {
	items []int32
	gen   []int32
}

func (f *frontier) Len() int           { return len(f.items) }
func (f *frontier) Less(i, j int) bool { return f.gen[f.items[i]] > f.gen[f.items[j]] }
func (f *frontier) Swap(i, j int)      { f.items[i], f.items[j] = f.items[j], f.items[i] }
func (f *frontier) Push(x any)         { f.items = append(f.items, x.(int32)) }
func (f *frontier) Pop() any {
	last := len(f.items) - 1
	x := f.items[last]
	f.items = f.items[:last]
	return x
}
