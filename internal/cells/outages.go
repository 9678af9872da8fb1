package cells

import (
	"cmp"
	"slices"
	"sort"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// outages are the failures of one severity, or the incidents, that began in a month, by the time they
// did.
type outages struct {
	severity       string
	at, over       []int64     // over is 0 while it lasts
	restored       *metric.Run // how long those took that are over
	open, negative int
	latest         int64 // moment at which the last of them was over
}

// addOutages puts the failures and incidents of a month together.
func (s *State) addOutages(m *month) {
	from, to := s.calendar.start(m.from), s.calendar.start(m.to)
	bySeverity := map[string]*outages{}
	var incidents outages
	for _, b := range s.blocks {
		for i := searchFailures(b.failures, from); i < len(b.failures) && b.failures[i].at < to; i++ {
			f := &b.failures[i]
			severity := f.restore().SeverityName()
			o := bySeverity[severity]
			if o == nil {
				o = &outages{severity: severity}
				bySeverity[severity] = o
			}
			o.add(f)
		}
		for i := range b.incidents {
			if x := &b.incidents[i]; x.at >= from && x.at < to && x.countsFor(b.name) {
				incidents.add(&x.failure)
			}
		}
	}
	for _, o := range bySeverity {
		m.failures = append(m.failures, o.finished())
	}
	slices.SortFunc(m.failures, func(a, b outages) int { return cmp.Compare(a.severity, b.severity) })
	if len(incidents.at) > 0 {
		m.incidents = []outages{incidents.finished()}
	}
}

func searchFailures(list []failure, at int64) int {
	return sort.Search(len(list), func(i int) bool { return list[i].at >= at })
}

// countsFor reports whether the organisation counts the incident with this one of its services.
func (x *incident) countsFor(service string) bool {
	return len(x.services) == 0 || x.services[0] == service
}

func (o *outages) add(f *failure) {
	o.at, o.over = append(o.at, f.at), append(o.over, f.over)
}

// finished puts the outages in order and adds them up.
func (o *outages) finished() outages {
	sort.Sort(byTime{o})
	var spans values
	for i, at := range o.at {
		o.sum(at, o.over[i], &spans)
		o.latest = max(o.latest, o.over[i])
	}
	o.restored = spans.run()
	return *o
}

func (o *outages) sum(at, over int64, spans *values) {
	switch {
	case over == 0:
		o.open++
	case over < at:
		o.negative++
	default:
		spans.add(over - at)
	}
}

type byTime struct{ *outages }

func (b byTime) Len() int { return len(b.at) }
func (b byTime) Less(i, j int) bool {
	return b.at[i] < b.at[j] || b.at[i] == b.at[j] && b.over[i] < b.over[j]
}
func (b byTime) Swap(i, j int) {
	b.at[i], b.at[j] = b.at[j], b.at[i]
	b.over[i], b.over[j] = b.over[j], b.over[i]
}

// anyAncient reports whether something failed before the days of the calendar, where no month is.
func (s *State) anyAncient() bool {
	if len(s.calendar.starts) == 0 {
		return true
	}
	begin := s.calendar.start(1)
	for _, b := range s.blocks {
		if len(b.failures) > 0 && b.failures[0].at < begin || len(b.incidents) > 0 && b.incidents[0].at < begin {
			return true
		}
	}
	return false
}

// outages notes the days on which failures or incidents have gone or come.
func (d *deltas) outages(before, after *block) {
	var old block
	if before != nil {
		old = *before
	}
	touch := func(f failure, _ int) { d.on(f.at) }
	compare := func(a, b failure) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.over, b.over), cmp.Compare(a.severity, b.severity))
	}
	differ(old.failures, after.failures, compare, touch)
	differ(old.incidents, after.incidents, func(a, b incident) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id), cmp.Compare(a.over, b.over),
			slices.Compare(a.services, b.services))
	}, func(x incident, sign int) { touch(x.failure, sign) })
}

// restores answers time to restore.
func (v *view) restores() metric.RestoreTimes {
	w := v.observed()
	if !v.org || v.ancient || w.From >= w.To {
		caused, incidents := failuresOf(v.picks, v.org, w.To)
		return metric.RestoreTimesOf(caused, incidents, v.Period, v.Benchmark)
	}
	total, all := &metric.Runs{}, &metric.Runs{}
	caused, incidents := metric.Sample{Spans: total}, metric.Sample{Spans: all}
	bySeverity := map[string]metric.Sample{}
	for _, m := range v.months {
		for i := range m.failures {
			o := &m.failures[i]
			one, ok := bySeverity[o.severity]
			if !ok {
				one.Spans = &metric.Runs{}
			}
			v.outage(o, m, w, &one, one.Spans.(*metric.Runs), total)
			bySeverity[o.severity] = one
		}
		for i := range m.incidents {
			v.outage(&m.incidents[i], m, w, &incidents, all)
		}
	}
	for severity, one := range bySeverity {
		caused.Open += one.Open
		caused.Negative += one.Negative
		one.Risk = v.restoreRisk(func(r metric.Restore) bool { return r.SeverityName() == severity }, false)
		bySeverity[severity] = one
	}
	caused.Risk = v.restoreRisk(func(metric.Restore) bool { return true }, false)
	incidents.Risk = v.restoreRisk(func(metric.Restore) bool { return true }, true)
	return metric.RestoreTimesFrom(caused, bySeverity, incidents, v.Benchmark)
}

// outage adds to a sample, and to some multisets, what of a month's outages began in a window.
func (v *view) outage(o *outages, m *month, w plimsoll.Window, out *metric.Sample, to ...*metric.Runs) {
	from, end := v.calendar.start(m.from), v.calendar.start(m.to)
	if end <= int64(w.From) || from >= int64(w.To) {
		return
	}
	restored := func(over int64) bool { return over != 0 && (v.Now == 0 || over < int64(v.Now)) }
	add := func(r *metric.Run) {
		for _, s := range to {
			s.Add(r)
		}
	}
	if from >= int64(w.From) && end <= int64(w.To) && (o.latest == 0 || restored(o.latest)) {
		out.Open += o.open
		out.Negative += o.negative
		add(o.restored)
		return
	}
	i, _ := slices.BinarySearch(o.at, int64(w.From))
	var part outages
	var spans values
	for ; i < len(o.at) && o.at[i] < int64(w.To); i++ {
		over := o.over[i]
		if !restored(over) {
			over = 0
		}
		part.sum(o.at[i], over, &spans)
	}
	out.Open += part.open
	out.Negative += part.negative
	spans.runs(add)
}

// restoreRisk looks at every failure, or incident, that began before the end of the window: it is asked
// only when much is open.
func (v *view) restoreRisk(of func(metric.Restore) bool, incidents bool) func() metric.Risk {
	return func() metric.Risk {
		list, all := failuresOf(v.picks, v.org, v.End())
		if incidents {
			list = all
		}
		kept := slices.DeleteFunc(list, func(r metric.Restore) bool { return !of(r) })
		return metric.RestoreSample(kept, v.Period).Risk()
	}
}
