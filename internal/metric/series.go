package metric

import (
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// SeriesFacts are what a series is computed from; a measure reads only what it needs.
type SeriesFacts struct {
	Deployments []Deployment
	Changes     []Lead    // for lead time, by change
	Caused      []Restore // for time to restore
	First       plimsoll.Time
	Clock       Clock
	Delay       time.Duration // as in FailureRateOf
}

// Point is one measure over one bucket: per day, the median in seconds, or a ratio.
type Point struct {
	From        plimsoll.Time `json:"from"`
	To          plimsoll.Time `json:"to"`
	Partial     bool          `json:"partial"` // the window, now or the record cuts the bucket short
	Value       *float64      `json:"value"`   // nil: nothing to measure, which is not zero
	N           int           `json:"n"`       // deployments, finished items or the denominator
	CI          *Interval     `json:"ci"`
	TooFew      bool          `json:"too_few"`
	Provisional bool          `json:"provisional,omitempty"` // of a change failure rate
}

// Series evaluates one measure in every day, ISO week or month of the window, cut in the zone of the
// period. Each value is what the measure's own function gives for the bucket as a window. Buckets that
// lie wholly in the future are there, without a value. An unknown measure has no points.
func Series(m Measure, f SeriesFacts, p Period, unit Unit) []Point {
	l := locator{buckets: Buckets(p.Window, p.zone(), unit)}
	parts := make([]Part, len(l.buckets))
	// at is the part a moment belongs to; nil outside the observed window.
	at := func(t plimsoll.Time) *Part {
		if t < p.End() {
			if i := l.find(t); i >= 0 {
				return &parts[i]
			}
		}
		return nil
	}
	spans := make([]collector, len(parts))
	switch m {
	case LeadTime:
		for i := range f.Changes {
			c := &f.Changes[i]
			if start := f.Clock.startOf(c); start != 0 && c.DeliveredAt < p.End() {
				if k := l.find(c.DeliveredAt); k >= 0 {
					spans[k].add(int64(c.DeliveredAt - start))
				}
			}
		}
	case TimeToRestore:
		for _, r := range f.Caused {
			if r.FailedAt < p.End() && p.restored(r) {
				if k := l.find(r.FailedAt); k >= 0 {
					spans[k].add(int64(r.RestoredAt - r.FailedAt))
				}
			}
		}
	default:
		young := p.Young(f.Delay)
		for i := range f.Deployments {
			d := &f.Deployments[i]
			if part := at(d.EndedAt); part != nil {
				part.Tally.Add(d)
				if young.Contains(d.EndedAt) {
					part.Young.Add(d)
				}
			}
		}
	}
	for i := range spans {
		parts[i].Spans = SortSpans(spans[i].spans)
	}
	return Points(m, parts, f.First, p, unit)
}

// Part is what one bucket of a series is made from: of its facts up to now.
type Part struct {
	Tally Tally
	Young Tally // of its part that is young, for the change failure rate
	Spans Spans // of what was delivered or failed in it, for the two times; nil is none
}

// Points makes the answer of Series from the parts of its buckets, which are those of Buckets. First is
// the first deployment of the scope.
func Points(m Measure, parts []Part, first plimsoll.Time, p Period, unit Unit) []Point {
	buckets := Buckets(p.Window, p.zone(), unit)
	points := make([]Point, len(buckets))
	for i, b := range buckets {
		pt, in := &points[i], &parts[i]
		*pt = Point{From: b.From, To: b.To, Partial: b.Partial || b.To > p.End(), TooFew: true}
		switch t := &in.Tally; m {
		case DeploymentFrequency:
			pt.frequency(t.Counted, first, p)
		case ChangeFailureRate:
			pt.ratio(t.Failed, t.Judged)
			pt.Provisional = in.Young.Judged > in.Young.Failed
		case ReworkRate:
			pt.ratio(t.Rework, t.Counted)
		case RollbackRate:
			pt.ratio(t.RolledBack, t.Judged)
		case LeadTime, TimeToRestore:
			pt.median(in.Spans)
		default:
			return nil
		}
	}
	return points
}

// frequency wants p to be the period of the whole series.
func (pt *Point) frequency(n int, first plimsoll.Time, p Period) {
	p.Window = plimsoll.Window{From: pt.From, To: pt.To}
	w := p.Record(first)
	days := Days(w, p.zone())
	pt.TooFew = days < MinShown
	pt.Partial = pt.Partial || w.From > pt.From
	if days > 0 {
		pt.N = n
		pt.Value, pt.CI = rate(n, days)
	}
}

func (pt *Point) ratio(k, n int) {
	pt.N = n
	pt.Value, pt.CI, pt.TooFew = portion(k, n)
}

func (pt *Point) median(s Spans) {
	if s == nil || s.Len() == 0 {
		return
	}
	pt.N = s.Len()
	pt.Value, pt.CI, pt.TooFew = spanQuantile(s, 0.5), medianInterval(s), pt.N < MinShown
}
