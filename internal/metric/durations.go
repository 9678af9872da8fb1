package metric

import "sort"

// Durations describes how long things took, in seconds. Without a single finished item every value
// but the counts is nil.
type Durations struct {
	N    int       `json:"n"`
	P50  *float64  `json:"p50"` // interpolated, as all quantiles
	P75  *float64  `json:"p75"`
	P90  *float64  `json:"p90"`
	P95  *float64  `json:"p95"`
	Mean *float64  `json:"mean"`
	CI   *Interval `json:"ci"` // of p50; nil below 6 items

	Open      int      `json:"open"`                // begun and not finished: censored
	Negative  int      `json:"negative"`            // finished before they began (skewed clocks); left out
	Unstamped int      `json:"unstamped,omitempty"` // finished without a known beginning; left out
	KMP50     *float64 `json:"km_p50"`              // Kaplan–Meier median; nil when not reached
	KMApplies bool     `json:"km_applies"`          // open is more than 5 % of n: show km_p50 beside p50
	TooFew    bool     `json:"too_few"`
	Grade
	Histogram []Bin `json:"histogram,omitempty"`
}

// Bin counts the items that took less than Below, and not less than the bin before it.
type Bin struct {
	Below *float64 `json:"below"` // seconds; nil in the last bin
	N     int      `json:"n"`
}

const (
	hour = 3600.0
	day  = 24 * hour
)

// binEnds are the ends of the bins; the boundaries of the bands are among them.
var binEnds = [...]float64{hour / 4, hour, 4 * hour, 12 * hour, day, 3 * day, 7 * day, 14 * day, 30 * day, 90 * day, 180 * day}

// sample collects durations in microseconds.
type sample struct {
	spans                     []int64
	open, negative, unstamped int
}

// add takes the duration of a finished item.
func (s *sample) add(span int64) {
	if span < 0 {
		s.negative++
		return
	}
	s.spans = append(s.spans, span)
}

// durations sorts the sample and describes it. Its median has a grade from MinBand items on.
func (s *sample) durations(m Measure, b *Benchmark) Durations {
	sortSpans(s.spans)
	d := Durations{N: len(s.spans), Open: s.open, Negative: s.negative, Unstamped: s.unstamped}
	d.TooFew = d.N < MinShown
	d.KMApplies = 20*d.Open > d.N
	if d.N == 0 {
		return d
	}
	d.P50, d.P75 = s.quantile(0.5), s.quantile(0.75)
	d.P90, d.P95 = s.quantile(0.9), s.quantile(0.95)
	d.Mean, d.CI = s.mean(), s.interval()
	if d.N >= MinBand {
		d.Grade = b.Grade(m, *d.P50, d.CI)
	}
	return d
}

func (s *sample) quantile(p float64) *float64 { return seconds(*Quantile(s.spans, p)) }

func (s *sample) interval() *Interval {
	if ci := QuantileInterval(s.spans, 0.5); ci != nil {
		return ci.scaled(1e6)
	}
	return nil
}

// mean adds whole seconds and microseconds apart: half a million spans of years overflow 64 bits, and
// a sum of floats would depend on the order.
func (s *sample) mean() *float64 {
	var whole, rest int64
	for _, x := range s.spans {
		whole += x / 1e6
		rest += x % 1e6
	}
	mean := (float64(whole) + float64(rest)/1e6) / float64(len(s.spans))
	return &mean
}

// histogram wants the sample sorted.
func (s *sample) histogram() []Bin {
	if len(s.spans) == 0 {
		return nil
	}
	bins := make([]Bin, 0, len(binEnds)+1)
	before := 0
	for _, end := range binEnds {
		below := sort.Search(len(s.spans), func(i int) bool { return s.spans[i] >= int64(end*1e6) })
		bins = append(bins, Bin{Below: &end, N: below - before})
		before = below
	}
	return append(bins, Bin{N: len(s.spans) - before})
}
