package cells

import (
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Scope says whose facts are asked for; the zero Scope is the organisation. At most one is set.
type Scope struct{ Service, Team string }

// Question is what a State answers, always of the production class. Its zone must be that of the state.
type Question struct {
	Scope
	metric.Period
	Delay     time.Duration // after which no failure of a deployment is expected any more
	Benchmark *metric.Benchmark
}

// Answer is every measure of a scope over a window.
type Answer struct {
	Frequency metric.Frequency
	LeadTime  metric.LeadTimes
	Failure   metric.FailureRate
	Restore   metric.RestoreTimes
	Rework    metric.Rework
	Rollbacks metric.Rollbacks
	Tally     metric.Tally // of all deployments of the window, also what ended after now
}

// view is what a question is answered from.
type view struct {
	*State
	Question
	picks  []pick
	org    bool
	record metric.Record
}

func (s *State) view(q Question) *view {
	v := &view{State: s, Question: q, org: q.Scope == Scope{}}
	switch {
	case q.Service != "":
		if i, ok := s.find(q.Service); ok {
			v.picks = []pick{{s.blocks[i], everyTeam}}
		}
	case q.Team != "":
		for _, b := range s.blocks {
			if i, ok := slices.BinarySearch(b.teams, q.Team); ok {
				v.picks = append(v.picks, pick{b, i})
			}
		}
	default:
		v.picks = make([]pick, len(s.blocks))
		for i, b := range s.blocks {
			v.picks[i] = pick{b, everyTeam}
		}
	}
	for _, p := range v.picks {
		first := p.firstCounted()
		v.record.First = plimsoll.First(v.record.First, first)
		if q.Service == "" {
			v.record.Services = append(v.record.Services, first)
		}
	}
	return v
}

// observed is the window up to now.
func (v *view) observed() plimsoll.Window { return plimsoll.Window{From: v.From, To: v.End()} }

// Measures answers every measure.
func (s *State) Measures(q Question) Answer {
	v := s.view(q)
	w := v.observed()
	t := v.take(w)
	out := Answer{Tally: t.tally}
	out.Tally.Merge(v.tally(plimsoll.Window{From: max(w.To, q.From), To: q.To}))
	out.Frequency = v.frequency(t)
	out.LeadTime = metric.LeadTimesFrom(v.leadSample(t, 0), v.leadSample(t, 1),
		metric.Sample{Spans: &t.oldest, Negative: t.oldestNegative}, q.Benchmark)
	out.Failure = t.tally.FailureRate(v.tally(q.Young(q.Delay)), q.Benchmark)
	out.Restore = v.restores()
	out.Rework, out.Rollbacks = t.tally.ReworkRate(q.Benchmark), t.tally.Rollbacks()
	return out
}

// total is what a window adds up to.
type total struct {
	tally          metric.Tally
	gaps, oldest   metric.Runs
	anyGap         bool
	oldestNegative int
	leads          [2]struct {
		spans               metric.Runs
		negative, unstamped int
	}
}

// take adds up a window: whole days from their cells, the rest from the columns.
func (v *view) take(w plimsoll.Window) *total {
	out := &total{}
	if w.From >= w.To {
		return out
	}
	g := gaps{runs: &out.gaps}
	if !v.org {
		v.edge(w, out, &g)
	} else {
		v.walk(w, walker{
			edge:  func(w plimsoll.Window) { v.edge(w, out, &g) },
			day:   func(_ int, c *cell) { out.addDay(c); g.day(c) },
			month: func(m *month) { out.addMonth(m); g.month(v.cells[m.from:m.to], m) },
		})
	}
	out.anyGap = g.finish()
	return out
}

// walker is handed the parts of a window, in order of time.
type walker struct {
	edge  func(w plimsoll.Window)
	day   func(day int, c *cell)
	month func(m *month)
}

func (v *view) walk(w plimsoll.Window, to walker) {
	from, end := v.calendar.whole(w)
	if from > end {
		to.edge(w)
		return
	}
	first, last := plimsoll.Time(v.calendar.start(from)), plimsoll.Time(v.calendar.start(end))
	if w.From < first {
		to.edge(plimsoll.Window{From: w.From, To: first})
	}
	months := v.months
	for day := from; day < end; {
		for len(months) > 0 && months[0].from < day {
			months = months[1:]
		}
		if len(months) > 0 && months[0].from == day && months[0].to <= end {
			to.month(months[0])
			day = months[0].to
			continue
		}
		if c := v.cells[day]; c != nil {
			to.day(day, c)
		}
		day++
	}
	if last < w.To {
		v.tail(end, plimsoll.Window{From: last, To: w.To}, to)
	}
}

// tail is the last day of a window, which ends before it does. Mostly that is today, and nothing of it is
// left out.
func (v *view) tail(day int, w plimsoll.Window, to walker) {
	if day >= len(v.cells) {
		return // nothing is known of so late a day
	}
	switch c := v.cells[day]; {
	case c == nil:
	case c.latest < int64(w.To):
		to.day(day, c)
	default:
		to.edge(w)
	}
}

func (v *view) edge(w plimsoll.Window, out *total, g *gaps) {
	var t take
	for i, p := range v.picks {
		p.collect(w, &t)
		if i == 0 {
			t.grow(len(v.picks) + 1)
		}
	}
	out.tally.Merge(t.tally)
	t.oldest.runs(out.oldest.Add)
	out.oldestNegative += t.oldestNegative
	for i := range out.leads {
		l := &out.leads[i]
		t.leads[i].spans.runs(l.spans.Add)
		l.negative += t.leads[i].negative
		l.unstamped += t.leads[i].unstamped
	}
	g.ends(t.ends)
}

func (out *total) addDay(c *cell) {
	out.tally.Merge(c.tally)
	out.oldest.Add(c.oldest)
	out.oldestNegative += c.oldestNegative
	for i := range out.leads {
		out.leads[i].spans.Add(c.leads[i].spans)
		out.leads[i].negative += c.leads[i].negative
		out.leads[i].unstamped += c.leads[i].unstamped
	}
}

func (out *total) addMonth(m *month) {
	out.tally.Merge(m.tally)
	out.oldest.AddGroup(m.oldest)
	out.oldestNegative += m.oldestNegative
	for i := range out.leads {
		out.leads[i].spans.AddGroup(m.leads[i].spans)
		out.leads[i].negative += m.leads[i].negative
		out.leads[i].unstamped += m.leads[i].unstamped
	}
}

// gaps puts together the gaps between deployments of parts in order of time.
type gaps struct {
	runs    *metric.Runs
	between values
	last    int64 // end of the latest deployment of the parts so far
	any     bool
}

func (g *gaps) join(first, last int64) {
	if g.any {
		g.between.add(first - g.last)
	}
	g.last, g.any = last, true
}

func (g *gaps) ends(list []int64) {
	if len(list) == 0 {
		return
	}
	metric.SortSpans(list)
	for _, t := range list {
		g.join(t, t)
	}
}

func (g *gaps) day(c *cell) {
	if c.ends != nil {
		g.join(c.first, c.last)
		g.runs.Add(c.gaps)
	}
}

// month takes the gaps within the days from the month, and those between its days from the days.
func (g *gaps) month(days []*cell, m *month) {
	for _, c := range days {
		if c != nil && c.ends != nil {
			g.join(c.first, c.last)
		}
	}
	g.runs.AddGroup(m.gaps)
}

func (g *gaps) finish() bool {
	g.between.runs(g.runs.Add)
	return g.runs.Len() > 0
}

// tally adds up the deployments of a window.
func (v *view) tally(w plimsoll.Window) (t metric.Tally) {
	if w.From >= w.To {
		return t
	}
	edge := func(w plimsoll.Window) {
		for _, p := range v.picks {
			t.Merge(p.tally(w))
		}
	}
	if !v.org {
		edge(w)
		return t
	}
	v.walk(w, walker{
		edge:  edge,
		day:   func(_ int, c *cell) { t.Merge(c.tally) },
		month: func(m *month) { t.Merge(m.tally) },
	})
	return t
}

// frequency wants what the observed window adds up to. No counted deployment lies before the record, so
// that all of the window but what stands beside is of the record.
func (v *view) frequency(t *total) metric.Frequency {
	w := v.Record(v.record.First)
	in := metric.Pace{Tally: t.tally}
	if before := (plimsoll.Window{From: v.From, To: w.From}); before.From < before.To {
		in.Tally.Without(v.tally(before))
	}
	if t.anyGap {
		in.Gaps = &t.gaps
	}
	in.Active = v.active(w)
	if v.Service == "" {
		in.Services = make([]int, len(v.picks))
		for i, p := range v.picks {
			in.Services[i] = p.count(w)
		}
	}
	return in.Frequency(v.record, v.Period, v.Benchmark)
}

// active tells of each day of a window whether something was deployed on it.
func (v *view) active(w plimsoll.Window) []bool {
	days := metric.Buckets(w, v.calendar.zone, metric.Day)
	out := make([]bool, len(days))
	if len(days) == 0 {
		return out
	}
	first := v.calendar.find(int64(w.From))
	if v.org {
		for i, b := range days {
			if day := first + i; day < len(v.cells) && !b.Partial {
				out[i] = v.cells[day] != nil && v.cells[day].tally.Counted > 0
			} else {
				out[i] = v.tally(b.Window).Counted > 0
			}
		}
		return out
	}
	for _, p := range v.picks {
		c := &p.deployments
		from, to := c.span(w)
		day := 0
		for i := from; i < to; i++ {
			if c.mark[i]&markCounted == 0 || !p.has(c.team[i]) {
				continue
			}
			for t := plimsoll.Time(c.ended.at(i)); t >= days[day].To; {
				day++
			}
			out[day] = true
		}
	}
	return out
}

// leadSample is what became of the changes, or the pull requests.
func (v *view) leadSample(t *total, kind int) metric.Sample {
	l := &t.leads[kind]
	w := v.observed()
	s := metric.Sample{Spans: &l.spans, Negative: l.negative, Unstamped: l.unstamped}
	if w.From >= w.To {
		return s
	}
	s.Open = v.open(int64(w.To), kind)
	s.Risk = func() metric.Risk {
		r := metric.Risk{Ended: &l.spans}
		for _, p := range v.picks {
			p.leads[kind].risk(p, w, &r)
		}
		return r
	}
	return s
}

// open is how many were begun before a moment and not delivered before it.
func (v *view) open(t int64, kind int) (n int) {
	if !v.org {
		for _, p := range v.picks {
			n += p.leads[kind].openAt(p, t)
		}
		return n
	}
	day := v.calendar.find(t)
	if day >= len(v.cells) {
		return v.backlog[kind][len(v.cells)]
	}
	n = v.backlog[kind][day]
	if c := v.cells[day]; c != nil {
		n += c.leads[kind].begun.before(t)
		if c.latest < t {
			if spans := c.leads[kind].spans; spans != nil {
				n -= spans.Len()
			}
			return n
		}
		// Less what was delivered on the day before the moment.
		from := v.calendar.start(day)
		for _, b := range v.blocks {
			l := &b.leads[kind]
			n -= int(l.first[l.at.search(t)] - l.first[l.at.search(from)])
		}
	}
	return n
}
