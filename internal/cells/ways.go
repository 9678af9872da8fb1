package cells

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// stages is how many stages lead time has.
const stages = len(metric.StageSample{}.Stamped)

// ways are the stages of the changes that were delivered. Nobody asks for less than what was delivered at
// one moment for one team, so that is what is kept: sums, and for each stage the different times it took
// with how often. Changes of one pull request, and all changes of one deployment, share most of them.
type ways struct {
	at     column // moments of delivery, ascending
	team   []uint16
	first  []uint32 // where in packed each moment begins, and at last where it ends
	packed []byte
}

// way is one delivered change, or what is kept of some that were delivered together, on its way into the
// columns.
type way struct {
	at     int64
	team   string
	packed []byte // nil: it is the change below
	metric.Way
}

func compareWays(a, b way) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.team, b.team))
}

// compareContents also looks at what is kept.
func compareContents(a, b way) int {
	return cmp.Or(compareWays(a, b), bytes.Compare(a.packed, b.packed))
}

// fill wants nothing packed and unpacked of the same moment and team.
func (c *ways) fill(list []way, team func(string) uint16) {
	slices.SortFunc(list, compareWays)
	var at []int64
	for i := 0; i < len(list); {
		first := &list[i]
		at = append(at, first.at)
		c.team = append(c.team, team(first.team))
		c.first = append(c.first, uint32(len(c.packed)))
		if first.packed != nil {
			c.packed = append(c.packed, first.packed...)
			i++
			continue
		}
		var s metric.StageSample
		var why whyUnknown
		for ; i < len(list) && compareWays(*first, list[i]) == 0; i++ {
			s.Add(&list[i].Way)
			why.add(&list[i].Way)
		}
		c.packed = why.pack(packStages(c.packed, &s))
	}
	c.first = append(c.first, uint32(len(c.packed)))
	c.at, c.packed = pack(at), slices.Clip(c.packed)
}

// rows are the moments that keep wants.
func (c *ways) rows(teams []string, keep func(delivered int64) bool) (out []way) {
	for i := range c.at.len() {
		if at := c.at.at(i); keep(at) {
			out = append(out, way{at: at, team: teams[c.team[i]], packed: c.packed[c.first[i]:c.first[i+1]]})
		}
	}
	return out
}

// collect adds the changes of a window.
func (c *ways) collect(p pick, w plimsoll.Window, out *gathered) {
	for i, to := c.at.search(int64(w.From)), c.at.search(int64(w.To)); i < to; i++ {
		if p.has(c.team[i]) {
			unpackStages(c.packed[c.first[i]:c.first[i+1]], out)
		}
	}
}

func stampCounts(c *metric.StampCounts) [9]*int {
	return [...]*int{&c.FirstCommit, &c.Opened, &c.FirstReview, &c.Approved, &c.Merged, &c.Built, &c.Staged, &c.Ready, &c.DeployStarted}
}

// packStages appends a sample as numbers of few bytes: what is none or all of the changes takes a bit,
// and times are the steps from one to the next. Its spans need not be in order.
func packStages(b []byte, s *metric.StageSample) []byte {
	put := func(n int) { b = binary.AppendUvarint(b, uint64(n)) }
	unit := int64(1e6)
	for k := range s.Spans {
		for _, v := range s.Spans[k] {
			if v%1e6 != 0 {
				unit = 1
			}
		}
	}
	n := s.Stamps.Changes
	put(n<<1 | one(unit == 1))
	put(n - s.Changes)
	put(int(s.Whole))
	put(int(s.Rest))
	counts, all, some := stampCounts(&s.Stamps), 0, 0
	for i, c := range counts {
		all |= one(*c == n) << i
		some |= one(*c != n && *c != 0) << i
	}
	put(all)
	put(some)
	for i, c := range counts {
		if some>>i&1 != 0 {
			put(*c)
		}
	}
	// Of a stage with both stamps it is known how long it took, unless it ran backwards or was over early.
	odd := 0
	for k := range s.Spans {
		odd |= one(s.Stamped[k] != len(s.Spans[k])) << k
	}
	put(odd)
	for k := range s.Spans {
		if odd>>k&1 != 0 {
			put(s.Stamped[k] - len(s.Spans[k]))
			put(s.Negative[k])
		}
	}
	for k := range s.Spans {
		sorted := metric.SortSpans(s.Spans[k])
		different := 0
		for range sorted.Ascend() {
			different++
		}
		put(different)
		last := int64(0)
		for v, n := range sorted.Ascend() {
			put(int((v-last)/unit)<<1 | one(n > 1))
			if n > 1 {
				put(n)
			}
			last = v
		}
	}
	return b
}

// unpackStages adds a sample, and returns what follows it.
func unpackStages(b []byte, out *gathered) []byte {
	take := func() int {
		if v := b[0]; v < 0x80 {
			b = b[1:]
			return int(v)
		}
		v, size := binary.Uvarint(b)
		b = b[size:]
		return int(v)
	}
	head := take()
	n, unit := head>>1, int64(1e6)
	if head&1 != 0 {
		unit = 1
	}
	out.Stamps.Changes += n
	out.Changes += n - take()
	out.Whole += int64(take())
	out.Rest += int64(take())
	all, some := take(), take()
	for i, c := range stampCounts(&out.Stamps) {
		switch {
		case some>>i&1 != 0:
			*c += take()
		case all>>i&1 != 0:
			*c += n
		}
	}
	odd := take()
	for k := range stages {
		if odd>>k&1 != 0 {
			out.Stamped[k] += take()
			out.Negative[k] += take()
		}
	}
	for k := range stages {
		wanted := out.wants(k)
		v := int64(0)
		for range take() {
			head, n := take(), 1
			v += int64(head>>1) * unit
			if head&1 != 0 {
				n = take()
			}
			out.Stamped[k] += n
			for ; wanted && n > 0; n-- {
				out.spans[k].add(v)
			}
		}
	}
	return b
}
