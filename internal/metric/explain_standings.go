package metric

import (
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
)

// Standings counts facts by their reasons, and keeps how long those took that a quantile is taken of.
type Standings struct {
	ByReason [reasonCount]int

	seconds []uint32 // whole seconds take half the room
	micros  []int64
	pieces  [][]uint32 // whole seconds that belong to others
}

// Add takes in one fact.
func (t *Standings) Add(s Standing) {
	t.ByReason[s.Reason]++
	if !s.Timed || s.Reason.Role() != RoleSample {
		return
	}
	if whole := s.Span / 1e6; whole*1e6 == s.Span && whole >= 0 && whole <= math.MaxUint32 {
		t.seconds = append(t.seconds, uint32(whole))
	} else {
		t.micros = append(t.micros, s.Span)
	}
}

// AddSame takes in n facts that stand alike, none of which takes time.
func (t *Standings) AddSame(r Reason, n int) { t.ByReason[r] += n }

// AddSeconds takes in facts of one reason that took so many whole seconds each. The list is kept, and must
// not be written to.
func (t *Standings) AddSeconds(r Reason, list []uint32) {
	t.ByReason[r] += len(list)
	if r.Role() == RoleSample {
		t.pieces = append(t.pieces, list)
	}
}

// Of is how many facts have that role.
func (t *Standings) Of(r Role) int {
	n := 0
	for reason, k := range t.ByReason {
		if k > 0 && Reason(reason).Role() == r {
			n += k
		}
	}
	return n
}

// spread is where the spans lie about a median, and what they add up to.
type spread struct {
	n, below, above int
	whole, rest     int64 // as in Spans
}

// spread wants the median in microseconds. What lies within a microsecond of it counts as equal: the
// figure is a rounded number of seconds.
func (t *Standings) spread(median int64) (s spread) {
	for _, x := range t.micros {
		s.whole += x / 1e6
		s.rest += x % 1e6
		s.below += one(x < median-1)
		s.above += one(x > median+1)
	}
	s.n = len(t.micros)
	// The bounds in whole seconds: the last that is not above, and the first that is not below.
	last, first := min(max((median+1)/1e6, 0), math.MaxUint32), max(median-1+1e6-1, 0)/1e6
	for _, list := range append(slices.Clip(t.pieces), t.seconds) {
		s.n += len(list)
		for _, x := range list {
			s.whole += int64(x)
			s.below += one(int64(x) < first)
			s.above += one(int64(x) > last)
		}
	}
	return s
}

// Check reports where the facts do not add up to the figure: a fault of ours, never of the data. Of a
// median it asks that no more than half of the values lie on either side.
func (t *Standings) Check(f Figure) error {
	top, all := t.Of(RoleNumerator), t.Of(RoleNumerator)+t.Of(RoleDenominator)
	n := t.Of(RoleSample)
	switch {
	case f.Numerator != nil && float64(top) != *f.Numerator:
		return fmt.Errorf("%d facts in the numerator of %v", top, *f.Numerator)
	case all > top && (f.Denominator == nil || float64(all) != *f.Denominator):
		return fmt.Errorf("%d facts in the denominator, the figure has another", all)
	case f.Numerator == nil && n != f.N:
		return fmt.Errorf("%d values in a sample of %d", n, f.N)
	case f.Numerator == nil && t.Of(RoleOpen) != f.Open:
		return fmt.Errorf("%d open facts, the figure says %d", t.Of(RoleOpen), f.Open)
	case t.ByReason[Negative] != f.Negative || t.ByReason[NoStart] != f.Unstamped:
		return fmt.Errorf("%d negative and %d without a start, the figure says %d and %d", t.ByReason[Negative], t.ByReason[NoStart], f.Negative, f.Unstamped)
	}
	if n == 0 {
		return nil
	}
	if f.Value == nil {
		return fmt.Errorf("the figure has no median of the %d values", n)
	}
	s := t.spread(int64(math.Round(*f.Value * 1e6)))
	switch {
	case s.n != n:
		return fmt.Errorf("%d of %d values are known", s.n, n)
	case f.Mean != nil && meanOf(s.whole, s.rest, n) != *f.Mean:
		return fmt.Errorf("the mean of the %d values is not that of the figure", n)
	case 2*s.below > n || 2*s.above > n:
		return fmt.Errorf("%d of %d values lie below the median and %d above", s.below, n, s.above)
	}
	return nil
}

// Stretches cuts the window into parts within which it makes no difference to any measure when a
// deployment ended. They are in order of time, and none is empty.
func (c *Case) Stretches() (out []plimsoll.Window) {
	at := []plimsoll.Time{c.From, c.record.From, c.young.From, c.young.To, c.seen.To, c.To}
	for i := range at {
		at[i] = min(max(at[i], c.From), c.To)
	}
	slices.Sort(at)
	for i := range at[1:] {
		if at[i] < at[i+1] {
			out = append(out, plimsoll.Window{From: at[i], To: at[i+1]})
		}
	}
	return out
}
