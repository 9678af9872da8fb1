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
	s := series{p: p, locator: locator{buckets: Buckets(p.Window, p.zone(), unit)}}
	s.points = make([]Point, len(s.buckets))
	for i, b := range s.buckets {
		s.points[i] = Point{From: b.From, To: b.To, Partial: b.Partial || b.To > p.End(), TooFew: true}
	}
	switch m {
	case DeploymentFrequency:
		s.frequency(f)
	case LeadTime:
		s.leads(f)
	case TimeToRestore:
		s.restores(f)
	case ChangeFailureRate:
		s.ratio(f, Deployment.judged, func(d Deployment) bool { return d.Failed })
	case ReworkRate:
		s.ratio(f, Deployment.counted, Deployment.rework)
	case RollbackRate:
		s.ratio(f, Deployment.judged, Deployment.rolledBack)
	default:
		return nil
	}
	if m == ChangeFailureRate {
		s.provisional(f)
	}
	return s.points
}

type series struct {
	p Period
	locator
	points []Point
}

// at is the point a moment belongs to; nil outside the observed window.
func (s *series) at(t plimsoll.Time) *Point {
	if i := s.index(t); i >= 0 {
		return &s.points[i]
	}
	return nil
}

func (s *series) index(t plimsoll.Time) int {
	if t >= s.p.End() {
		return -1
	}
	return s.find(t)
}

func (s *series) frequency(f SeriesFacts) {
	for i := range f.Deployments {
		if d := &f.Deployments[i]; d.Counted {
			if pt := s.at(d.EndedAt); pt != nil {
				pt.N++
			}
		}
	}
	for i := range s.points {
		pt := &s.points[i]
		p := s.p
		p.Window = s.buckets[i].Window
		w := p.record(f.First)
		days := Days(w, p.zone())
		pt.TooFew = days < MinShown
		pt.Partial = pt.Partial || w.From > pt.From
		if days > 0 {
			pt.Value, pt.CI = rate(pt.N, days)
		} else {
			pt.N = 0
		}
	}
}

func (s *series) ratio(f SeriesFacts, in, hit func(Deployment) bool) {
	hits := make([]int, len(s.points))
	for i := range f.Deployments {
		d := &f.Deployments[i]
		if !in(*d) {
			continue
		}
		if k := s.index(d.EndedAt); k >= 0 {
			s.points[k].N++
			if hit(*d) {
				hits[k]++
			}
		}
	}
	for i := range s.points {
		pt := &s.points[i]
		pt.Value, pt.CI, pt.TooFew = portion(hits[i], pt.N)
	}
}

func (s *series) provisional(f SeriesFacts) {
	for i := range f.Deployments {
		d := &f.Deployments[i]
		if d.Judged && !d.Failed && s.p.young(d, f.Delay) {
			if pt := s.at(d.EndedAt); pt != nil {
				pt.Provisional = true
			}
		}
	}
}

func (s *series) leads(f SeriesFacts) {
	samples := make([]sample, len(s.points))
	for i := range f.Changes {
		l := &f.Changes[i]
		if k := s.index(l.DeliveredAt); k >= 0 {
			if start := f.Clock.startOf(l); start != 0 {
				samples[k].add(int64(l.DeliveredAt - start))
			}
		}
	}
	s.medians(samples)
}

func (s *series) restores(f SeriesFacts) {
	samples := make([]sample, len(s.points))
	for _, r := range f.Caused {
		if k := s.index(r.FailedAt); k >= 0 && s.p.restored(r) {
			samples[k].add(int64(r.RestoredAt - r.FailedAt))
		}
	}
	s.medians(samples)
}

func (s *series) medians(samples []sample) {
	for i := range samples {
		one, pt := &samples[i], &s.points[i]
		if pt.N = len(one.spans); pt.N == 0 {
			continue
		}
		sortSpans(one.spans)
		pt.Value, pt.CI, pt.TooFew = one.quantile(0.5), one.interval(), pt.N < MinShown
	}
}
