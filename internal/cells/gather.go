package cells

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// everyTeam is the team of a pick that takes in all of a block.
const everyTeam = -1

// pick is a service, or what one team has of it.
type pick struct {
	*block
	team int // index into the block's teams, or everyTeam
}

// values collects durations: whole seconds apart, which sort twice as fast.
type values struct {
	seconds []uint32
	micros  []int64
}

func (v *values) add(span int64) {
	if s := span / 1e6; s*1e6 == span && s < 1<<32 {
		v.seconds = append(v.seconds, uint32(s))
		return
	}
	v.micros = append(v.micros, span)
}

// addFrom adds a piece of a column.
func (v *values) addFrom(c *column, from, to int) {
	if c.micros == nil {
		v.seconds = append(v.seconds, c.seconds[from:to]...)
		return
	}
	for _, x := range c.micros[from:to] {
		v.add(x)
	}
}

func (v *values) empty() bool { return len(v.seconds)+len(v.micros) == 0 }

// runs hands over the values as runs; they must not be added to afterwards.
func (v *values) runs(yield func(*metric.Run)) {
	if len(v.seconds) > 0 {
		yield(metric.RunOfSeconds(v.seconds))
	}
	if len(v.micros) > 0 {
		yield(metric.NewRun(metric.SortSpans(v.micros)))
	}
}

// bare is the values as one run without a table of its classes, nil when there are none.
func (v *values) bare() *metric.Run {
	switch {
	case v.empty():
		return nil
	case len(v.micros) == 0:
		return metric.RunOfSeconds(slices.Clone(v.seconds))
	}
	for _, s := range v.seconds {
		v.micros = append(v.micros, int64(s)*1e6)
	}
	return metric.NewRun(metric.SortSpans(v.micros))
}

// deliveries is what came of leads.
type deliveries struct {
	spans               values
	negative, unstamped int
	latest              int64 // moment of the last of them
}

// take is what the deployments and leads of some window add up to.
type take struct {
	tally          metric.Tally
	ends           []int64 // of the counted deployments, pick by pick
	oldest         values
	oldestNegative int
	reached        int
	latest         int64 // moment of the last of them
	leads          [2]deliveries
}

// grow makes room for so many picks like the first.
func (t *take) grow(picks int) {
	more := func(v *values) {
		v.seconds = slices.Grow(v.seconds, len(v.seconds)*(picks-1))
		v.micros = slices.Grow(v.micros, len(v.micros)*(picks-1))
	}
	more(&t.oldest)
	for i := range t.leads {
		more(&t.leads[i].spans)
	}
	t.ends = slices.Grow(t.ends, len(t.ends)*(picks-1))
}

// tally adds up the deployments of a window.
func (p pick) tally(w plimsoll.Window) metric.Tally {
	c := &p.deployments
	from, to := c.span(w)
	if from >= to {
		return metric.Tally{}
	}
	if p.team == everyTeam {
		return tallyOf(c.mark[from:to])
	}
	marks := make([]mark, 0, to-from)
	for i := from; i < to; i++ {
		if p.has(c.team[i]) {
			marks = append(marks, c.mark[i])
		}
	}
	return tallyOf(marks)
}

func (p pick) has(team uint16) bool { return p.team == everyTeam || p.team == int(team) }

// count is how many counted deployments ended in a window.
func (p pick) count(w plimsoll.Window) int {
	if p.team != everyTeam {
		return p.tally(w).Counted
	}
	from, to := p.deployments.span(w)
	if from >= to {
		return 0
	}
	return p.deployments.counted(from, to)
}

// collect adds to out everything of a window.
func (p pick) collect(w plimsoll.Window, out *take) {
	p.collectDeployments(w, out)
	for i := range p.leads {
		p.leads[i].collect(p, w, &out.leads[i])
		out.latest = max(out.latest, out.leads[i].latest)
	}
}

func (p pick) collectDeployments(w plimsoll.Window, out *take) {
	out.tally.Merge(p.tally(w))
	c := &p.deployments
	from, to := c.span(w)
	if from < to {
		out.latest = max(out.latest, c.ended.at(to-1))
	}
	for i := from; i < to; i++ {
		if !p.has(c.team[i]) {
			continue
		}
		ended := c.ended.at(i)
		out.reached += one(c.mark[i].reached())
		if c.mark[i]&markCounted != 0 {
			out.ends = append(out.ends, ended)
		}
		if oldest := c.oldest.at(i); oldest > ended {
			out.oldestNegative++
		} else if oldest != 0 {
			out.oldest.add(ended - oldest)
		}
	}
}

func (c *leads) collect(p pick, w plimsoll.Window, out *deliveries) {
	from, to := c.at.search(int64(w.From)), c.at.search(int64(w.To))
	if from < to {
		out.latest = max(out.latest, c.at.at(to-1))
	}
	switch {
	case from >= to:
		// Nothing but what is odd.
	case p.team == everyTeam:
		out.spans.addFrom(&c.span, int(c.first[from]), int(c.first[to]))
	default:
		for i := from; i < to; i++ {
			if p.has(c.team[i]) {
				out.spans.addFrom(&c.span, int(c.first[i]), int(c.first[i+1]))
			}
		}
	}
	for _, o := range c.odd {
		if p.has(o.team) && w.Contains(plimsoll.Time(o.at)) {
			out.latest = max(out.latest, o.at)
			out.negative += one(o.negative)
			out.unstamped += one(!o.negative)
		}
	}
}

// openAt is how many leads had begun before a moment and were not delivered before it.
func (c *leads) openAt(p pick, t int64) (n int) {
	for i := range c.open.search(t) {
		n += one(p.has(c.waits[i]))
	}
	for i := c.at.search(t); i < c.at.len(); i++ {
		if !p.has(c.team[i]) {
			continue
		}
		at := c.at.at(i)
		// Spans ascend within a moment: from the first that is long enough on, all are.
		k := c.first[i]
		for k < c.first[i+1] && at-c.span.at(int(k)) >= t {
			k++
		}
		n += int(c.first[i+1] - k)
	}
	return n
}

// risk adds to r what was in view over a window, but for what ended.
func (c *leads) risk(p pick, w plimsoll.Window, r *metric.Risk) {
	from, to := int64(w.From), int64(w.To)
	for i := c.at.search(from); i < c.at.len(); i++ {
		if !p.has(c.team[i]) {
			continue
		}
		at := c.at.at(i)
		for k := c.first[i]; k < c.first[i+1]; k++ {
			start := at - c.span.at(int(k))
			if at >= to {
				if start >= to {
					continue
				}
				r.Censored = append(r.Censored, to-start)
			}
			r.Enter(from - start)
		}
	}
	for i := range c.open.search(to) {
		if p.has(c.waits[i]) {
			start := c.open.at(i)
			r.Enter(from - start)
			r.Censored = append(r.Censored, to-start)
		}
	}
}

// firstCounted is when the first counted deployment ended, 0 when there is none.
func (p pick) firstCounted() plimsoll.Time {
	if p.team == everyTeam {
		return p.first
	}
	for i, m := range p.deployments.mark {
		if m&markCounted != 0 && p.has(p.deployments.team[i]) {
			return plimsoll.Time(p.deployments.ended.at(i))
		}
	}
	return 0
}

// failuresOf are the failures and incidents of picks that began before a moment.
func failuresOf(picks []pick, org bool, before plimsoll.Time) (caused, incidents []metric.Restore) {
	seen := map[string]bool{}
	for _, p := range picks {
		for _, f := range p.failures {
			if p.has(f.team) && f.at < int64(before) {
				caused = append(caused, f.restore())
			}
		}
		if p.team != everyTeam && !p.deploys[p.team] {
			continue // an incident belongs to the teams that deploy its services
		}
		for i := range p.incidents {
			x := &p.incidents[i]
			if x.at >= int64(before) {
				break
			}
			if org {
				if !x.countsFor(p.name) {
					continue
				}
			} else if len(x.services) > 1 {
				if seen[x.id] {
					continue
				}
				seen[x.id] = true
			}
			incidents = append(incidents, x.restore())
		}
	}
	return caused, incidents
}

func (f *failure) restore() metric.Restore {
	return metric.Restore{FailedAt: plimsoll.Time(f.at), RestoredAt: plimsoll.Time(f.over), Severity: f.severity}
}
