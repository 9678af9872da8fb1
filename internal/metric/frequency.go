package metric

import (
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Record says since when deployments are known: 0 where there was none yet.
type Record struct {
	First    plimsoll.Time   // first deployment of the scope
	Services []plimsoll.Time // first deployment of each service of the scope, by index; nil for one service
}

// Frequency is how often a scope deploys. Days is its n: the days of record in the window.
type Frequency struct {
	PerDay            *float64  `json:"per_day"`     // nil where the window ends before the record begins
	Deployments       int       `json:"deployments"` // those counted
	Successful        int       `json:"successful"`  // of them, with result success
	Redeploys         int       `json:"redeploys"`   // beside, not counted
	Canceled          int       `json:"canceled"`    // beside, not counted
	ActiveDaysPerWeek *float64  `json:"active_days_per_week"`
	GapP50            *float64  `json:"gap_p50"` // seconds from one deployment to the next
	GapP90            *float64  `json:"gap_p90"`
	CI                *Interval `json:"ci"` // of per_day
	Days              float64   `json:"days"`
	TooFew            bool      `json:"too_few"`
	Grade
	GradedServices int `json:"graded_services,omitempty"` // behind the median of a scope of several
}

// FrequencyOf is counted deployments per day over the window, cut to the record: from the start of the
// day of the scope's first deployment to now (definitions, section 2). Days are calendar days of the
// zone as Days counts them. The interval is the exact Poisson interval of the count. Active days are
// the median, over the ISO weeks that lie fully inside the record, of the days with a deployment; nil
// without such a week. Gaps are taken within the window; nil below two deployments. A record of less
// than a day is taken as one, as far as the window reaches: one deployment half an hour ago is not 48 a
// day. A scope that never deployed has 0 a day, and neither interval nor band.
//
// The grade needs MinBandDays days, or as many times 24 hours. For a scope of several services it is
// the median over the services with that much record of their own bands, those that did not deploy
// included.
func FrequencyOf(ds []Deployment, rec Record, p Period, b *Benchmark) Frequency {
	w := p.record(rec.First)
	out := Frequency{Days: Days(w, p.zone())}
	out.TooFew = out.Days < MinShown
	weekdays := activity{locator: locator{buckets: Buckets(w, p.zone(), Day)}, zone: p.zone()}
	weekdays.active = make([]bool, len(weekdays.buckets))
	perService := make([]int, len(rec.Services))
	var ends []int64
	for i := range ds {
		d := &ds[i]
		if !w.Contains(d.EndedAt) {
			continue
		}
		if !d.Counted {
			out.aside(d)
			continue
		}
		out.Deployments++
		if d.Result == ResultSuccess {
			out.Successful++
		}
		if int(d.Service) < len(perService) && d.Service >= 0 {
			perService[d.Service]++
		}
		weekdays.mark(d.EndedAt)
		ends = append(ends, int64(d.EndedAt))
	}
	if out.Days == 0 {
		if rec.First == 0 && p.End() > p.From {
			// Nobody ever deployed: that is none a day, and no record to judge it by.
			out.PerDay = new(float64)
		}
		return out
	}
	out.PerDay, out.CI = rate(out.Deployments, max(out.Days, min(1, Days(p.observed(), p.zone()))))
	out.ActiveDaysPerWeek = weekdays.perWeek()
	out.gaps(ends)
	if rec.Services != nil {
		out.gradeMedian(perService, rec, p, b)
	} else if enoughRecord(w, out.Days) {
		out.Grade = b.Grade(DeploymentFrequency, *out.PerDay, out.CI)
	}
	return out
}

// aside counts what is shown beside the deployments: a redeploy that reached production, and what
// never did.
func (f *Frequency) aside(d *Deployment) {
	switch d.Result {
	case ResultCanceled:
		f.Canceled++
	case ResultSuccess, ResultFailure, ResultAborted, ResultRolledBack:
		if d.Kind == KindRedeploy {
			f.Redeploys++
		}
	}
}

// gaps sorts the ends of the deployments.
func (f *Frequency) gaps(ends []int64) {
	if len(ends) < 2 {
		return
	}
	sortSpans(ends)
	s := sample{spans: make([]int64, 0, len(ends)-1)}
	for i, t := range ends[1:] {
		s.add(t - ends[i])
	}
	sortSpans(s.spans)
	f.GapP50, f.GapP90 = s.quantile(0.5), s.quantile(0.9)
}

func (f *Frequency) gradeMedian(counts []int, rec Record, p Period, b *Benchmark) {
	var rates []float64
	var cis []Interval
	for i, first := range rec.Services {
		w := p.record(first)
		if days := Days(w, p.zone()); enoughRecord(w, days) {
			r, ci := rate(counts[i], days)
			rates = append(rates, *r)
			cis = append(cis, *ci)
		}
	}
	f.GradedServices = len(rates)
	f.Grade = b.gradeServices(rates, cis)
}

// record is the observed window from the start of the day of the first deployment on; empty when there
// was none.
func (p Period) record(first plimsoll.Time) plimsoll.Window {
	w := p.observed()
	if first == 0 || first >= w.To {
		return plimsoll.Window{From: w.To, To: w.To}
	}
	w.From = max(w.From, midnight(dateOf(first, p.zone()), p.zone()))
	return w
}

// enoughRecord reports whether the record is long enough for a band. "now-30d" across the end of
// daylight saving is an hour short of 30 days of the calendar, and long enough.
func enoughRecord(w plimsoll.Window, days float64) bool {
	return days >= MinBandDays || w.To-w.From >= plimsoll.Time(MinBandDays*24*time.Hour/time.Microsecond)
}

// rate is n per day and its interval.
func rate(n int, days float64) (*float64, *Interval) {
	v := float64(n) / days
	return &v, Poisson(n).scaled(days)
}

// activity knows on which days of the record something was deployed.
type activity struct {
	locator
	active []bool
	zone   *time.Location
}

func (a *activity) mark(t plimsoll.Time) {
	if i := a.find(t); i >= 0 {
		a.active[i] = true
	}
}

// perWeek is the median of active days over the ISO weeks fully inside the record.
func (a *activity) perWeek() *float64 {
	var weeks []int64
	for i := 0; i+7 <= len(a.buckets); i++ {
		if a.buckets[i].Partial || a.buckets[i+6].Partial || dateOf(a.buckets[i].From, a.zone).Weekday() != time.Monday {
			continue
		}
		n := int64(0)
		for _, active := range a.active[i : i+7] {
			if active {
				n++
			}
		}
		weeks = append(weeks, n)
		i += 6
	}
	slices.Sort(weeks)
	return Quantile(weeks, 0.5)
}
