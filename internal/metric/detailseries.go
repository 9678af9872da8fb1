package metric

import "github.com/plimsoll-dev/plimsoll"

// CanarySeries is the pass rate of the analysis runs that ended in each bucket, as CanaryPassOf gives it.
func CanarySeries(runs []Analysis, p Period, unit Unit) []Point {
	l := locator{buckets: Buckets(p.Window, p.zone(), unit)}
	counts := make([]Phases, len(l.buckets))
	for _, r := range runs {
		if r.At < p.End() {
			if k := l.find(r.At); k >= 0 {
				counts[k].Add(r.Phase)
			}
		}
	}
	return l.points(p, func(k int, pt *Point) {
		pass := counts[k].Pass()
		pt.ratio(pass.Passed, pass.N)
	})
}

// RolloutSeries is the median duration of the deployments that ended in each bucket, or of their time to
// all traffic; nil for any other measure.
func RolloutSeries(m Measure, ds []Deployment, p Period, unit Unit) []Point {
	if m != DeploymentDuration && m != TimeToFullRollout {
		return nil
	}
	l := locator{buckets: Buckets(p.Window, p.zone(), unit)}
	spans := make([]collector, len(l.buckets))
	for i := range ds {
		d := &ds[i]
		k := -1
		if d.EndedAt < p.End() && d.Reached() {
			k = l.find(d.EndedAt)
		}
		switch {
		case k < 0:
		case m == DeploymentDuration && d.Timed:
			spans[k].add(d.Took)
		case m == TimeToFullRollout && d.Stepped:
			spans[k].add(d.Full)
		}
	}
	return l.points(p, func(k int, pt *Point) { pt.median(SortSpans(spans[k].spans)) })
}

// MedianSeries is the median of each bucket of what spans finds in its part up to now.
func MedianSeries(p Period, unit Unit, spans func(w plimsoll.Window) Spans) []Point {
	l := locator{buckets: Buckets(p.Window, p.zone(), unit)}
	return l.points(p, func(_ int, pt *Point) {
		if w := (plimsoll.Window{From: pt.From, To: min(pt.To, p.End())}); w.From < w.To {
			pt.median(spans(w))
		}
	})
}

// points makes a point of each bucket, which fill gives its value.
func (l locator) points(p Period, fill func(k int, pt *Point)) []Point {
	out := make([]Point, len(l.buckets))
	for k, b := range l.buckets {
		out[k] = Point{From: b.From, To: b.To, Partial: b.Partial || b.To > p.End(), TooFew: true}
		fill(k, &out[k])
	}
	return out
}
