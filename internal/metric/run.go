package metric

import (
	"iter"
	"math"
	"math/bits"
	"slices"
	"sort"
)

// Run is Spans in one piece, kept small: whole seconds in 32 bits where every one of them is whole,
// microseconds in 64 otherwise. It does not change once it is made, so that many may read it. The zero
// Run is empty.
type Run struct {
	seconds     []uint32 // one of these two is used, in ascending order
	micros      []int64
	whole, rest int64                // as Sum
	ends        [len(binEnds)]uint32 // how many are below each end of a bin
	below       []uint16             // how many are below each class; nil for a short run or a huge one
}

// A class is a narrow range of durations, about half a percent wide: seven leading bits of the whole
// seconds. Which class a rank falls into is known from counts alone, and only what is in that class has
// to be looked at.
const (
	classBits = 7
	classes   = (32-classBits)<<classBits + 1<<classBits
	// tabled is the size from which a run counts its classes; searching a shorter one is as quick.
	tabled = 512
)

// classOf is the class of a number of whole seconds.
func classOf(seconds uint32) int {
	shift := max(bits.Len32(seconds)-classBits-1, 0)
	return shift<<classBits + int(seconds>>shift)
}

// classFrom is the lowest number of seconds in a class; that of the class after the last is 1<<32.
func classFrom(c int) int64 {
	shift := max(c>>classBits-1, 0)
	return int64(c-shift<<classBits) << shift
}

// NewRun keeps durations in microseconds, which must be in ascending order and not negative.
func NewRun(sorted []int64) *Run {
	r := &Run{}
	whole := true
	for _, v := range sorted {
		r.whole += v / 1e6
		r.rest += v % 1e6
		whole = whole && v%1e6 == 0 && v/1e6 <= math.MaxUint32
	}
	if whole {
		r.seconds = make([]uint32, len(sorted))
		for i, v := range sorted {
			r.seconds[i] = uint32(v / 1e6)
		}
	} else {
		r.micros = slices.Clone(sorted)
	}
	r.count()
	return r
}

// RunOfSeconds sorts whole seconds and keeps them. The list must not be written to afterwards.
func RunOfSeconds(seconds []uint32) *Run {
	sortSpans(seconds)
	r := &Run{seconds: seconds}
	for _, v := range seconds {
		r.whole += int64(v)
	}
	r.count()
	return r
}

func (r *Run) count() {
	for i, end := range binEnds {
		r.ends[i] = uint32(r.search(int64(end * 1e6)))
	}
}

// Tabled counts the classes of a run that is going to be merged with others again and again, and
// returns it. It must be called before the run is shared.
func (r *Run) Tabled() *Run {
	if r.below != nil || r.Len() < tabled || r.Len() > math.MaxUint16 {
		return r
	}
	r.below = make([]uint16, classes+1)
	next := 0
	for k := range r.Len() {
		for c := r.class(k); next <= c; next++ {
			r.below[next] = uint16(k)
		}
	}
	for ; next <= classes; next++ {
		r.below[next] = uint16(r.Len())
	}
	return r
}

// class is that of the k-th. What is too long for 32 bits of seconds is in the last one.
func (r *Run) class(k int) int {
	if r.micros == nil {
		return classOf(r.seconds[k])
	}
	return classOf(uint32(min(r.micros[k]/1e6, math.MaxUint32)))
}

// Len is how many there are.
func (r *Run) Len() int { return len(r.seconds) + len(r.micros) }

// At is the k-th from 0.
func (r *Run) At(k int) int64 {
	if r.micros == nil {
		return int64(r.seconds[k]) * 1e6
	}
	return r.micros[k]
}

// Below is how many are less than v.
func (r *Run) Below(v int64) int {
	if i := binOf(v); i >= 0 {
		return int(r.ends[i])
	}
	return r.search(v)
}

func (r *Run) search(v int64) int {
	if r.micros == nil {
		s := (v + 1e6 - 1) / 1e6
		lo, hi := 0, len(r.seconds)
		for lo < hi {
			if mid := int(uint(lo+hi) >> 1); int64(r.seconds[mid]) < s {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		return lo
	}
	return sort.Search(len(r.micros), func(i int) bool { return r.micros[i] >= v })
}

// binOf is which end of a bin v is, or -1.
func binOf(v int64) int {
	for i, end := range binEnds {
		if v == int64(end*1e6) {
			return i
		}
	}
	return -1
}

// belowClass is how many are in the classes before c.
func (r *Run) belowClass(c int) int {
	switch {
	case r.below != nil:
		return int(r.below[c])
	case c >= classes:
		return r.Len()
	}
	return r.search(classFrom(c) * 1e6)
}

// belowClassAfter is belowClass where at least k are in the classes before c. What is near k is found at
// once.
func (r *Run) belowClassAfter(c, k int) int {
	switch {
	case r.below != nil:
		return int(r.below[c])
	case c >= classes:
		return r.Len()
	case r.micros != nil:
		return r.belowClass(c)
	}
	end := classFrom(c)
	for most := k + 16; k < most; k++ {
		if k == len(r.seconds) || int64(r.seconds[k]) >= end {
			return k
		}
	}
	return r.belowClass(c)
}

// Sum is as in Spans.
func (r *Run) Sum() (whole, rest int64) { return r.whole, r.rest }

// Ascend is as in Spans.
func (r *Run) Ascend() iter.Seq2[int64, int] {
	if r.micros != nil {
		return Sorted(r.micros).Ascend()
	}
	return func(yield func(int64, int) bool) {
		for i := 0; i < len(r.seconds); {
			before := i
			for i < len(r.seconds) && r.seconds[i] == r.seconds[before] {
				i++
			}
			if !yield(int64(r.seconds[before])*1e6, i-before) {
				return
			}
		}
	}
}

// Replace returns the run without what has gone, every value of which must be in it, and with what has
// come; both in ascending order. It reports false when something is not there to go.
func (r *Run) Replace(gone, come []int64) (*Run, bool) {
	out := make([]int64, 0, r.Len()+len(come))
	for k := range r.Len() {
		v := r.At(k)
		for len(come) > 0 && come[0] <= v {
			out, come = append(out, come[0]), come[1:]
		}
		if len(gone) > 0 && gone[0] == v {
			gone = gone[1:]
			continue
		}
		out = append(out, v)
	}
	return NewRun(append(out, come...)), len(gone) == 0
}

// Bytes is about how much memory the run takes; the nil run takes none.
func (r *Run) Bytes() int {
	if r == nil {
		return 0
	}
	return 4*cap(r.seconds) + 8*cap(r.micros) + 2*cap(r.below) + 160
}

// Seconds are the whole seconds that the run keeps, nil when it keeps microseconds. They must not be
// written to.
func (r *Run) Seconds() []uint32 { return r.seconds }

// Micros are the microseconds that the run keeps, nil when it keeps whole seconds. They must not be
// written to.
func (r *Run) Micros() []int64 { return r.micros }
