package metric

import (
	"iter"
	"sort"
)

// Spans is a multiset of durations in microseconds, none of them negative, in ascending order. However
// it is kept, the figures made from it are those of one sorted list.
type Spans interface {
	Len() int
	At(k int) int64                // the k-th, from 0
	Below(v int64) int             // how many are less than v
	Sum() (whole, rest int64)      // of the whole seconds, and of the microseconds beyond them
	Ascend() iter.Seq2[int64, int] // every value with how often it is there
}

// Sorted is Spans as one list in ascending order.
type Sorted []int64

// SortSpans sorts the list, which must not hold a negative value, and returns it as Spans.
func SortSpans(spans []int64) Sorted {
	sortSpans(spans)
	return spans
}

// Len is how many there are.
func (s Sorted) Len() int { return len(s) }

// At is the k-th from 0.
func (s Sorted) At(k int) int64 { return s[k] }

// Below is how many are less than v.
func (s Sorted) Below(v int64) int {
	return sort.Search(len(s), func(i int) bool { return s[i] >= v })
}

// Sum adds whole seconds and microseconds apart: half a million spans of years overflow 64 bits, and a
// sum of floats would depend on the order.
func (s Sorted) Sum() (whole, rest int64) {
	for _, x := range s {
		whole += x / 1e6
		rest += x % 1e6
	}
	return whole, rest
}

// Ascend gives every value with how often it is there.
func (s Sorted) Ascend() iter.Seq2[int64, int] {
	return func(yield func(int64, int) bool) {
		for i := 0; i < len(s); {
			before := i
			for i < len(s) && s[i] == s[before] {
				i++
			}
			if !yield(s[before], i-before) {
				return
			}
		}
	}
}

// Sample is what became of the items that a figure is made from.
type Sample struct {
	Spans     Spans // of those that ended; nil is none
	Open      int   // begun and not ended
	Negative  int   // ended before they began
	Unstamped int   // ended without a known beginning
	// Risk tells for Kaplan and Meier what was in view when. It is asked only where the estimate is
	// shown; nil where nothing can be open.
	Risk func() Risk
}

// Durations describes the sample. Its median has a grade in b from MinBand items on. The Kaplan–Meier
// median is looked for only where it is shown: among few that are open it tells nothing new.
func (s Sample) Durations(m Measure, b *Benchmark) Durations {
	d := Durations{Open: s.Open, Negative: s.Negative, Unstamped: s.Unstamped}
	if s.Spans != nil {
		d.N = s.Spans.Len()
	}
	d.TooFew = d.N < MinShown
	if d.KMApplies = 20*d.Open > d.N; d.KMApplies && s.Risk != nil {
		r := s.Risk()
		km := r.Quantile(0.5)
		d.KMP50, d.KMCI = km.Value, km.Interval()
	}
	if d.N == 0 {
		return d
	}
	d.P50, d.P75 = spanQuantile(s.Spans, 0.5), spanQuantile(s.Spans, 0.75)
	d.P90, d.P95 = spanQuantile(s.Spans, 0.9), spanQuantile(s.Spans, 0.95)
	d.Mean, d.CI = meanSpan(s.Spans), medianInterval(s.Spans)
	if d.N >= MinBand {
		d.Grade = b.Grade(m, *d.P50, d.CI)
	}
	return d
}

// spanQuantile is Quantile in seconds.
func spanQuantile(s Spans, p float64) *float64 {
	n := s.Len()
	if n == 0 {
		return nil
	}
	h := float64(n-1) * min(max(p, 0), 1)
	i := int(h)
	v := float64(s.At(i))
	if f := h - float64(i); f > 0 {
		v += f * (float64(s.At(i+1)) - v)
	}
	return seconds(v)
}

// medianInterval is QuantileInterval of the median in seconds.
func medianInterval(s Spans) *Interval {
	n := s.Len()
	r := medianRanks.get(n, func() (r ranks) {
		r.lo, r.hi, r.ok = QuantileRanks(n, 0.5)
		return r
	})
	if !r.ok {
		return nil
	}
	return Interval{float64(s.At(r.lo - 1)), float64(s.At(r.hi - 1))}.scaled(1e6)
}

func meanSpan(s Spans) *float64 {
	whole, rest := s.Sum()
	mean := meanOf(whole, rest, s.Len())
	return &mean
}

// meanOf is the mean in seconds of what Sum adds up.
func meanOf(whole, rest int64, n int) float64 {
	return (float64(whole) + float64(rest)/1e6) / float64(n)
}

// histogramOf counts by the bins of durations; nil when there is nothing.
func histogramOf(s Spans) []Bin {
	if s == nil || s.Len() == 0 {
		return nil
	}
	bins := make([]Bin, 0, len(binEnds)+1)
	before := 0
	for _, end := range binEnds {
		below := s.Below(int64(end * 1e6))
		bins = append(bins, Bin{Below: &end, N: below - before})
		before = below
	}
	return append(bins, Bin{N: s.Len() - before})
}

// collector gathers the durations of rows.
type collector struct {
	spans []int64
	Sample
	risk Risk
}

// add takes the duration of a finished item.
func (c *collector) add(span int64) {
	if span < 0 {
		c.Negative++
		return
	}
	c.spans = append(c.spans, span)
}

func (c *collector) sample() Sample {
	s := c.Sample
	s.Spans = SortSpans(c.spans)
	s.Risk = func() Risk {
		if c.risk.Ended == nil {
			c.risk.Ended = s.Spans
		}
		return c.risk
	}
	return s
}
