package metric

import (
	"iter"
	"sort"
)

// Runs is Spans made of several runs, such as those of the days of a window. What it says of a rank is
// exact: counts find the class that holds it, and the class is then put in order.
//
// It remembers the classes it was asked for, so it must not be shared.
type Runs struct {
	groups []*Group
	runs   []*Run // those of groups, and others
	alone  []*Run // those of no group
	n      int
	known  []class
}

// Group is some runs with what they add up to, so that a long window need not ask each of them. It does
// not change once it is made.
type Group struct {
	runs        []*Run
	n           int
	whole, rest int64
	ends        [len(binEnds)]uint32
	below       []uint32 // as of a run; nil when the runs have none
}

// NewGroup adds up runs.
func NewGroup(runs []*Run) *Group {
	g := &Group{runs: runs}
	for _, r := range runs {
		g.n += r.Len()
		g.whole += r.whole
		g.rest += r.rest
		for i, n := range r.ends {
			g.ends[i] += n
		}
	}
	if g.n < tabled {
		return g
	}
	g.below = make([]uint32, classes+1)
	for _, r := range runs {
		if r.below == nil {
			for k := range r.Len() {
				g.below[r.class(k)+1]++
			}
		}
	}
	for c := 1; c <= classes; c++ {
		g.below[c] += g.below[c-1]
	}
	for _, r := range runs {
		for c, n := range r.below {
			g.below[c] += uint32(n)
		}
	}
	return g
}

// Bytes is about how much memory the group takes beside its runs.
func (g *Group) Bytes() int { return 4*cap(g.below) + 8*cap(g.runs) + 160 }

// AddGroup adds every run of a group.
func (s *Runs) AddGroup(g *Group) {
	if g.n == 0 {
		return
	}
	if g.below == nil {
		for _, r := range g.runs {
			s.Add(r)
		}
		return
	}
	s.groups = append(s.groups, g)
	s.runs = append(s.runs, g.runs...)
	s.n += g.n
}

// Add adds one run.
func (s *Runs) Add(r *Run) {
	if r == nil || r.Len() == 0 {
		return
	}
	s.runs = append(s.runs, r)
	s.alone = append(s.alone, r)
	s.n += r.Len()
}

// Len is how many there are.
func (s *Runs) Len() int { return s.n }

// Sum is as in Spans.
func (s *Runs) Sum() (whole, rest int64) {
	for _, g := range s.groups {
		whole += g.whole
		rest += g.rest
	}
	for _, r := range s.alone {
		whole += r.whole
		rest += r.rest
	}
	return whole, rest
}

// Below is how many are less than v.
func (s *Runs) Below(v int64) (n int) {
	if i := binOf(v); i >= 0 {
		for _, g := range s.groups {
			n += int(g.ends[i])
		}
		for _, r := range s.alone {
			n += int(r.ends[i])
		}
		return n
	}
	for _, r := range s.runs {
		n += r.search(v)
	}
	return n
}

func (s *Runs) belowClass(c int) (n int) {
	for _, g := range s.groups {
		n += int(g.below[c])
	}
	for _, r := range s.alone {
		n += r.belowClass(c)
	}
	return n
}

// At is the k-th from 0.
func (s *Runs) At(k int) int64 {
	if len(s.runs) == 1 {
		return s.runs[0].At(k)
	}
	for i := range s.known {
		if c := &s.known[i]; c.before <= k && k < c.before+c.n {
			return c.at(k - c.before)
		}
	}
	// The first class that has more than k at or before it.
	c := sort.Search(classes, func(c int) bool { return s.belowClass(c+1) > k })
	s.known = append(s.known, s.class(c))
	found := &s.known[len(s.known)-1]
	return found.at(k - found.before)
}

// Ascend is as in Spans.
func (s *Runs) Ascend() iter.Seq2[int64, int] {
	if len(s.runs) == 1 {
		return s.runs[0].Ascend()
	}
	return func(yield func(int64, int) bool) {
		for k := 0; k < s.n; {
			c := s.class(sort.Search(classes, func(c int) bool { return s.belowClass(c+1) > k }))
			for v, n := range c.ascend() {
				if !yield(v, n) {
					return
				}
			}
			k += c.n
		}
	}
}

// class holds what is in one class of all runs.
type class struct {
	before, n int
	from      int64    // seconds at which the class begins
	counts    []uint32 // how many have at most so many seconds beyond from, where all are whole
	micros    Sorted   // all of them, where not
}

func (s *Runs) class(c int) class {
	out := class{before: s.belowClass(c), from: classFrom(c)}
	whole := true
	type piece struct {
		r      *Run
		lo, hi int
	}
	pieces := make([]piece, 0, len(s.runs))
	for _, r := range s.runs {
		if lo := r.belowClass(c); lo < r.Len() {
			hi := r.belowClassAfter(c+1, lo)
			if lo == hi {
				continue
			}
			pieces = append(pieces, piece{r, lo, hi})
			out.n += hi - lo
			whole = whole && r.micros == nil
		}
	}
	if width := classFrom(c+1) - out.from; whole && width <= 64*int64(out.n) {
		counts := make([]uint32, width)
		for _, p := range pieces {
			for _, v := range p.r.seconds[p.lo:p.hi] {
				counts[int64(v)-out.from]++
			}
		}
		sum := uint32(0)
		for i, n := range counts {
			sum += n
			counts[i] = sum
		}
		out.counts = counts
		return out
	}
	all := make([]int64, 0, out.n)
	for _, p := range pieces {
		for k := p.lo; k < p.hi; k++ {
			all = append(all, p.r.At(k))
		}
	}
	out.micros = SortSpans(all)
	return out
}

func (c *class) at(k int) int64 {
	if c.counts == nil {
		return c.micros[k]
	}
	i := sort.Search(len(c.counts), func(i int) bool { return int(c.counts[i]) > k })
	return (c.from + int64(i)) * 1e6
}

func (c *class) ascend() iter.Seq2[int64, int] {
	if c.counts == nil {
		return c.micros.Ascend()
	}
	return func(yield func(int64, int) bool) {
		before := uint32(0)
		for i, n := range c.counts {
			if n > before && !yield((c.from+int64(i))*1e6, int(n-before)) {
				return
			}
			before = n
		}
	}
}
