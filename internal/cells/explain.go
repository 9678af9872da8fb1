package cells

import (
	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Explained is what the facts of a question add up to.
type Explained struct {
	*metric.Standings
	First       plimsoll.Time // first counted deployment of the scope; 0: none
	Deployments int           // of the window, in production
	Elsewhere   int           // deployments of the window in other environments
	Analyses    int           // of the window, in production
	Shared      int           // deployments that share the span of a failure of the observed window with its first
	SetAside    bool          // there may be a deployment against which all evidence is set aside
}

// Explain counts the facts of a question by how they stand to a measure. It goes through the columns of
// every service, and not through the days that Measures adds up, so that the two can be held against each
// other.
func (s *State) Explain(q Question, x *metric.Explanation) Explained {
	v := s.view(q)
	c := metric.NewCase(q.Period, v.record.First, q.Delay)
	out := Explained{Standings: &metric.Standings{}, First: v.record.First}
	for _, p := range v.picks {
		out.Deployments += p.deploymentsIn(q.Window)
		out.Elsewhere += p.elsewhereIn(q.Window)
		out.Shared += p.shared(v.observed())
		out.SetAside = out.SetAside || p.anySetAside()
	}
	if x.Deployment != nil {
		v.explainDeployments(c, x, out.Standings)
	}
	if x.Lead != nil {
		kind := one(x.Basis == string(bases[1]))
		for _, p := range v.picks {
			p.explainLeads(kind, c, x, out.Standings)
		}
	}
	if stage, ok := x.Measure.StageOf(); ok && x.Way != nil {
		v.explainWays(stage, out.Standings)
	}
	if x.Restore != nil {
		list, incidents := failuresOf(v.picks, v.org, v.End())
		if x.Basis == metric.BasisIncident {
			list = incidents
		}
		for i := range list {
			add(out.Standings, x.Restore(c, &list[i]))
		}
	}
	if x.Analysis != nil {
		runs := v.runs(q.Window)
		out.Analyses = len(runs)
		for i := range runs {
			add(out.Standings, x.StandingOfAnalysis(c, &runs[i], true))
		}
	}
	if x.Restoration != nil {
		var list []metric.Restoration
		for _, p := range v.picks {
			list = p.repairs(v.observed(), list)
		}
		for i := range list {
			add(out.Standings, x.Restoration(c, &list[i]))
		}
	}
	return out
}

func add(t *metric.Standings, s metric.Standing) {
	if s.Reason != 0 {
		t.Add(s)
	}
}

// explainDeployments asks how a deployment stands once for all that have the same trait, and one by one
// only where that depends on their times.
func (v *view) explainDeployments(c *metric.Case, x *metric.Explanation, t *metric.Standings) {
	counts := make([]int32, traitKinds)
	for _, w := range c.Stretches() {
		clear(counts)
		for _, p := range v.picks {
			p.countTraits(w, counts)
		}
		timed := x.Rollouts
		for kind, n := range counts {
			if n == 0 || x.Rollouts {
				continue
			}
			d := trait(kind).deployment(w.From)
			switch s := x.StandingOf(c, &d, true); {
			case s.Timed:
				timed = true
			case s.Reason != 0:
				t.AddSame(s.Reason, int(n))
			}
		}
		if !timed {
			continue
		}
		for _, p := range v.picks {
			for d := range p.each(w) {
				if s := x.StandingOf(c, d, true); s.Timed || x.Rollouts {
					add(t, s)
				}
			}
		}
	}
}

// countTraits adds how many deployments of a window have each trait.
func (p pick) countTraits(w plimsoll.Window, counts []int32) {
	c := &p.deployments
	from, to := c.span(w)
	if p.team == everyTeam {
		for _, t := range c.trait[from:to] {
			counts[t]++
		}
		return
	}
	for i := from; i < to; i++ {
		if p.has(c.team[i]) {
			counts[c.trait[i]]++
		}
	}
}

// each hands over the deployments of a window, with their times; what it hands over is good until the next.
func (p pick) each(w plimsoll.Window) func(yield func(*metric.Deployment) bool) {
	return func(yield func(*metric.Deployment) bool) {
		c := &p.deployments
		from, to := c.span(w)
		for i := from; i < to; i++ {
			if !p.has(c.team[i]) {
				continue
			}
			d := c.trait[i].deployment(plimsoll.Time(c.ended.at(i)))
			d.OldestAt = plimsoll.Time(c.oldest.at(i))
			d.Rollout = metric.RolloutOf(c.took.at(i), c.waited.at(i), c.full.at(i))
			if !yield(&d) {
				return
			}
		}
	}
}

func (p pick) deploymentsIn(w plimsoll.Window) int {
	from, to := p.deployments.span(w)
	return p.ofTeam(p.deployments.team, from, to)
}

func (p pick) elsewhereIn(w plimsoll.Window) int {
	e := &p.elsewhere
	return p.ofTeam(e.team, e.ended.search(int64(w.From)), e.ended.search(int64(w.To)))
}

// shared is how many deployments share the span of a failure that began in a window with the first of it.
func (p pick) shared(w plimsoll.Window) (n int) {
	for i := searchFailures(p.failures, int64(w.From)); i < len(p.failures) && p.failures[i].at < int64(w.To); i++ {
		if f := &p.failures[i]; p.has(f.team) {
			n += int(f.shared)
		}
	}
	return n
}

// anySetAside reports whether nothing but evidence that is set aside is against some deployment.
func (b *block) anySetAside() bool {
	for _, e := range b.marked {
		if e == (evidence{}) {
			return true
		}
	}
	return false
}

// ofTeam is how many of a piece of a column of teams are of the pick.
func (p pick) ofTeam(teams []uint16, from, to int) (n int) {
	if p.team == everyTeam {
		return max(to-from, 0)
	}
	for i := from; i < to; i++ {
		n += one(p.has(teams[i]))
	}
	return n
}

// explainLeads asks of changes, or pull requests, how each stands; of those delivered in the window, of
// which there may be millions, once for a run of them.
func (p pick) explainLeads(kind int, c *metric.Case, x *metric.Explanation, t *metric.Standings) {
	l, w := &p.leads[kind], c.Observed()
	if w.From >= w.To {
		return
	}
	ask := func(start, delivered int64) metric.Standing {
		return x.Lead(c, &metric.Lead{StartAt: plimsoll.Time(start), DeliveredAt: plimsoll.Time(delivered)})
	}
	from, to := l.at.search(int64(w.From)), l.at.search(int64(w.To))
	for i := from; i < to; {
		end := to // of the moments that stand together
		if p.team != everyTeam {
			for end = i; end < to && p.has(l.team[end]); end++ {
			}
			if end == i {
				i++
				continue
			}
		}
		if a, b := int(l.first[i]), int(l.first[end]); l.span.micros == nil {
			s := ask(l.at.at(i)-l.span.at(a), l.at.at(i))
			t.AddSeconds(s.Reason, l.span.seconds[a:b])
		} else {
			for k := i; k < end; k++ {
				for n := int(l.first[k]); n < int(l.first[k+1]); n++ {
					add(t, ask(l.at.at(k)-l.span.at(n), l.at.at(k)))
				}
			}
		}
		i = end
	}
	// Delivered after the window: spans ascend within a moment, so that the last of it began first.
	for i := to; i < l.at.len(); i++ {
		at, end := l.at.at(i), int(l.first[i+1])
		for n := end - 1; n >= int(l.first[i]) && p.has(l.team[i]) && at-l.span.at(n) < int64(w.To); n-- {
			add(t, ask(at-l.span.at(n), at))
		}
	}
	for _, o := range l.odd {
		if p.has(o.team) {
			add(t, ask(int64(one(o.negative))*(o.at+1), o.at))
		}
	}
	for i := range l.open.search(int64(w.To)) {
		if p.has(l.waits[i]) {
			add(t, ask(l.open.at(i), 0))
		}
	}
}
