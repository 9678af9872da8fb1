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
	Releases          int       `json:"releases"`    // of those counted: the regions of one release are one
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
	w := p.Record(rec.First)
	in := Pace{Services: make([]int, len(rec.Services))}
	weekdays := locator{buckets: Buckets(w, p.zone(), Day)}
	in.Active = make([]bool, len(weekdays.buckets))
	var ends []int64
	for i := range ds {
		d := &ds[i]
		if !w.Contains(d.EndedAt) {
			continue
		}
		in.Tally.Add(d)
		if !d.Counted {
			continue
		}
		if int(d.Service) < len(in.Services) && d.Service >= 0 {
			in.Services[d.Service]++
		}
		if k := weekdays.find(d.EndedAt); k >= 0 {
			in.Active[k] = true
		}
		ends = append(ends, int64(d.EndedAt))
	}
	in.Gaps = gaps(ends)
	return in.Frequency(rec, p, b)
}

// Pace is what deployment frequency is made from, over the record of the period.
type Pace struct {
	Tally    Tally
	Services []int  // counted deployments of each service of the record; unread where it names none
	Active   []bool // for each day of Buckets of the record, whether it has a counted deployment
	Gaps     Spans  // from one counted deployment of the scope to the next; nil is none
}

// Frequency makes the answer of FrequencyOf.
func (in Pace) Frequency(rec Record, p Period, b *Benchmark) Frequency {
	w := p.Record(rec.First)
	out := Frequency{
		Days:        Days(w, p.zone()),
		Deployments: in.Tally.Counted, Successful: in.Tally.Successful, Redeploys: in.Tally.Redeploys, Canceled: in.Tally.Canceled,
	}
	out.TooFew = out.Days < MinShown
	if out.Days == 0 {
		if rec.First == 0 && p.End() > p.From {
			// Nobody ever deployed: that is none a day, and no record to judge it by.
			out.PerDay = new(float64)
		}
		return out
	}
	out.PerDay, out.CI = rate(out.Deployments, max(out.Days, min(1, Days(p.observed(), p.zone()))))
	out.ActiveDaysPerWeek = activePerWeek(Buckets(w, p.zone(), Day), in.Active, p.zone())
	if in.Gaps != nil {
		out.GapP50, out.GapP90 = spanQuantile(in.Gaps, 0.5), spanQuantile(in.Gaps, 0.9)
	}
	if rec.Services != nil {
		out.gradeMedian(in.Services, rec, p, b)
	} else if enoughRecord(w, out.Days) {
		out.Grade = b.Grade(DeploymentFrequency, *out.PerDay, out.CI)
	}
	return out
}

// gaps are the spans between moments in any order, which it sorts; nil below two.
func gaps(ends []int64) Spans {
	if len(ends) < 2 {
		return nil
	}
	sortSpans(ends)
	spans := make([]int64, 0, len(ends)-1)
	for i, t := range ends[1:] {
		spans = append(spans, t-ends[i])
	}
	return SortSpans(spans)
}

func (f *Frequency) gradeMedian(counts []int, rec Record, p Period, b *Benchmark) {
	var rates []float64
	var cis []Interval
	// Most services are older than the window, and have all of it in common.
	whole := p.observed()
	wholeDays := Days(whole, p.zone())
	last, lastDays := whole, wholeDays
	for i, first := range rec.Services {
		w, days := whole, wholeDays
		if first == 0 || first > p.From {
			// Those that began on the same day have the same record.
			if w = p.Record(first); w != last {
				last, lastDays = w, Days(w, p.zone())
			}
			days = lastDays
		}
		if enoughRecord(w, days) {
			r, ci := rate(counts[i], days)
			rates = append(rates, *r)
			cis = append(cis, *ci)
		}
	}
	f.GradedServices = len(rates)
	f.Grade = b.gradeServices(rates, cis)
}

// Record is the observed window from the start of the day of the first deployment on; empty when there
// was none.
func (p Period) Record(first plimsoll.Time) plimsoll.Window {
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

// activePerWeek is the median of active days over the ISO weeks fully inside the record.
func activePerWeek(days []Bucket, active []bool, zone *time.Location) *float64 {
	var weeks []int64
	for i := 0; i+7 <= len(days); i++ {
		if days[i].Partial || days[i+6].Partial || dateOf(days[i].From, zone).Weekday() != time.Monday {
			continue
		}
		n := int64(0)
		for _, a := range active[i : i+7] {
			n += int64(one(a))
		}
		weeks = append(weeks, n)
		i += 6
	}
	slices.Sort(weeks)
	return Quantile(weeks, 0.5)
}
