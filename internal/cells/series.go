package cells

import (
	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Series answers one measure for every day, week or month of the window; nil for one that is unknown.
func (s *State) Series(q Question, m metric.Measure, unit metric.Unit) []metric.Point {
	v := s.view(q)
	if m == metric.TimeToRestore && (!v.org || v.ancient) {
		caused, _ := failuresOf(v.picks, v.org, v.End())
		return metric.Series(m, metric.SeriesFacts{Caused: caused}, q.Period, unit)
	}
	buckets := metric.Buckets(q.Window, s.calendar.zone, unit)
	parts := make([]metric.Part, len(buckets))
	young := q.Young(q.Delay)
	for i, b := range buckets {
		w := plimsoll.Window{From: b.From, To: min(b.To, v.End())}
		if w.From >= w.To {
			break
		}
		switch m {
		case metric.LeadTime:
			parts[i].Spans = v.spans(w)
			continue
		case metric.TimeToRestore:
			parts[i].Spans = v.restored(w)
			continue
		}
		parts[i].Tally = v.tally(w)
		if recent := (plimsoll.Window{From: max(w.From, young.From), To: min(w.To, young.To)}); recent.From < recent.To {
			parts[i].Young = v.tally(recent)
		}
	}
	return metric.Points(m, parts, v.record.First, q.Period, unit)
}

// spans are the lead times of the changes delivered in a window.
func (v *view) spans(w plimsoll.Window) metric.Spans {
	out := &metric.Runs{}
	edge := func(w plimsoll.Window) {
		var d deliveries
		for _, p := range v.picks {
			p.leads[0].collect(p, w, &d)
		}
		d.spans.runs(out.Add)
	}
	if !v.org {
		edge(w)
		return out
	}
	v.walk(w, walker{
		edge:  edge,
		day:   func(_ int, c *cell) { out.Add(c.leads[0].spans) },
		month: func(m *month) { out.AddGroup(m.leads[0].spans) },
	})
	return out
}

// restored are the times to restore of the failures that began in a window, for the organisation.
func (v *view) restored(w plimsoll.Window) metric.Spans {
	out, sample := &metric.Runs{}, metric.Sample{}
	for _, m := range v.months {
		for i := range m.failures {
			v.outage(&m.failures[i], m, w, &sample, out)
		}
	}
	return out
}

// Oldest hands to fn when each deployment of the window ended, with the start of the oldest commit that
// it was the first to deliver; unknown where there is none. They come service by service, in order of
// time within each.
func (s *State) Oldest(q Question, fn func(ended, oldest plimsoll.Time)) {
	for _, p := range s.view(q).picks {
		c := &p.deployments
		from, to := c.span(q.Window)
		for i := from; i < to; i++ {
			if p.has(c.team[i]) {
				fn(plimsoll.Time(c.ended.at(i)), plimsoll.Time(c.oldest.at(i)))
			}
		}
	}
}
