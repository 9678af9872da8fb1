package cells

import (
	"encoding/binary"
	"math"
	"slices"
	"sort"
)

// column holds numbers of microseconds, none negative: whole seconds in 32 bits where every one of them
// is whole, and so takes half the room. Nothing writes to one once it is made.
type column struct {
	seconds []uint32 // one of these two is used
	micros  []int64
}

func pack(values []int64) column {
	for _, v := range values {
		if v%1e6 != 0 || v < 0 || v/1e6 > math.MaxUint32 {
			return column{micros: slices.Clone(values)}
		}
	}
	c := column{seconds: make([]uint32, len(values))}
	for i, v := range values {
		c.seconds[i] = uint32(v / 1e6)
	}
	return c
}

func (c *column) len() int { return len(c.seconds) + len(c.micros) }

func (c *column) at(i int) int64 {
	if c.micros != nil {
		return c.micros[i]
	}
	return int64(c.seconds[i]) * 1e6
}

// search is the index of the first value that is not less than v, in a column in ascending order.
func (c *column) search(v int64) int {
	if c.micros != nil {
		return sort.Search(len(c.micros), func(i int) bool { return c.micros[i] >= v })
	}
	s := ceilSecond(v)
	lo, hi := 0, len(c.seconds)
	if hi == 0 || s <= int64(c.seconds[0]) {
		return 0
	}
	if last := int64(c.seconds[hi-1]); s > last {
		return hi
	}
	// What comes evenly over time is near where it should be: a guess, and steps that double from there,
	// look at fewer places far apart than halving would.
	first, last := float64(c.seconds[0]), float64(c.seconds[hi-1])
	guess := int((float64(s) - first) / (last - first) * float64(hi-1))
	for step := 8; ; step *= 2 {
		if int64(c.seconds[guess]) < s {
			lo = guess + 1
			if guess += step; guess >= hi {
				break
			}
		} else {
			hi = guess
			if guess -= step; guess < lo {
				break
			}
		}
		if hi-lo < step {
			break
		}
	}
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if int64(c.seconds[mid]) < s {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// ceilSecond is the first whole second at or after v.
func ceilSecond(v int64) int64 {
	s := v / 1e6
	if v > s*1e6 {
		s++
	}
	return s
}

func (c *column) bytes() int { return 4*cap(c.seconds) + 8*cap(c.micros) }

// moments are points in time in ascending order, as the steps from one to the next: about a byte for
// each change of a busy day. The nil moments are none.
type moments []byte

func packMoments(sorted []int64) moments {
	if len(sorted) == 0 {
		return nil
	}
	unit := int64(1e6)
	for _, t := range sorted {
		if t%1e6 != 0 {
			unit = 1
			break
		}
	}
	m := binary.AppendUvarint(nil, uint64(len(sorted)))
	m = binary.AppendVarint(m, unit)
	m = binary.AppendVarint(m, sorted[0]/unit)
	for i, t := range sorted[1:] {
		m = binary.AppendUvarint(m, uint64((t-sorted[i])/unit))
	}
	return slices.Clip(m)
}

func (m moments) len() int {
	n, _ := binary.Uvarint(m)
	return int(n)
}

// each hands every moment to yield until that returns false.
func (m moments) each(yield func(t int64) bool) {
	n, size := binary.Uvarint(m)
	if n == 0 {
		return
	}
	m = m[size:]
	unit, size := binary.Varint(m)
	m = m[size:]
	t, size := binary.Varint(m)
	m = m[size:]
	for {
		if !yield(t * unit) {
			return
		}
		if n--; n == 0 {
			return
		}
		step := uint64(m[0])
		if step < 0x80 {
			m = m[1:]
		} else {
			step, size = binary.Uvarint(m)
			m = m[size:]
		}
		t += int64(step)
	}
}

func (m moments) list() []int64 {
	out := make([]int64, 0, m.len())
	for t := range m.each {
		out = append(out, t)
	}
	return out
}

// before is how many are before t.
func (m moments) before(t int64) (n int) {
	for x := range m.each {
		if x >= t {
			break
		}
		n++
	}
	return n
}

// replace returns the moments without those that have gone and with those that have come, all in
// ascending order. It reports false when something is not there to go.
func (m moments) replace(gone, come []int64) (moments, bool) {
	out, ok := exchange(m.list(), gone, come)
	return packMoments(out), ok
}

// exchange takes gone out of list and puts come into it, all in ascending order.
func exchange(list, gone, come []int64) ([]int64, bool) {
	out := make([]int64, 0, len(list)+len(come))
	for _, v := range list {
		for len(come) > 0 && come[0] <= v {
			out, come = append(out, come[0]), come[1:]
		}
		if len(gone) > 0 && gone[0] == v {
			gone = gone[1:]
			continue
		}
		out = append(out, v)
	}
	return append(out, come...), len(gone) == 0
}
