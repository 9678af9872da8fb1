package cells

import (
	"slices"
	"sort"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Details are the measures of roll-outs, restorations and the way of changes.
type Details struct {
	Rollouts               metric.Rollouts
	Canaries               metric.CanaryPass
	Services, Teams        metric.Distribution // of how often they deploy
	Releases               int                 // the regions of one are one
	Reaction               metric.Reaction
	RestoreStages          []metric.StageOfRestore
	LeadStages             []metric.StageTimes
	Stamps                 metric.StampCounts
	Incidents, WithService int // that began in the window; of them, those that name a service
}

// Details answers them.
func (s *State) Details(q Question) Details {
	v := s.view(q)
	w := v.observed()
	t := v.details(w, every)
	out := Details{Rollouts: t.rollouts(), Canaries: metric.CanaryPassOf(v.runs(w), q.Period), Stamps: t.Stamps}
	var spans [stages]metric.Spans
	for k := range spans {
		spans[k] = &t.runs[k]
	}
	out.LeadStages = metric.StagesFrom(t.StageSample, spans, v.record.First, q.Period)
	var repairs []metric.Restoration
	var services []metric.Serviced
	for _, p := range v.picks {
		repairs = p.repairs(w, repairs)
		if x, ok := p.serviced(w); ok {
			services = append(services, x)
		}
		out.Releases += p.releases(w)
	}
	out.RestoreStages = metric.RestoreStagesOf(repairs, q.Period)
	out.Reaction = metric.ReactionOf(services, q.Period)
	out.Services, out.Teams = v.paces(w)
	out.Incidents, out.WithService = v.incidentCounts()
	return out
}

// paces are how often services and teams deploy in a window.
func (v *view) paces(w plimsoll.Window) (services, teams metric.Distribution) {
	var byService []metric.Paced
	byTeam := map[string]*metric.Paced{}
	for _, p := range v.picks {
		byService = append(byService, metric.Paced{First: p.firstCounted(), Counted: p.count(w)})
		for k, name := range p.teams {
			if name == "" || !p.has(uint16(k)) || !p.firsts[k].Known() {
				continue
			}
			t := byTeam[name]
			if t == nil {
				t = &metric.Paced{}
				byTeam[name] = t
			}
			t.First = plimsoll.First(t.First, p.firsts[k])
			if p.alone {
				t.Counted += p.count(w)
			} else {
				t.Counted += pick{p.block, k}.count(w)
			}
		}
	}
	parts := make([]metric.Paced, 0, len(byTeam))
	for _, t := range byTeam {
		parts = append(parts, *t)
	}
	return metric.PacesOf(byService, v.Period), metric.PacesOf(parts, v.Period)
}

// repairs adds the restorations of the failures that began in a window.
func (p pick) repairs(w plimsoll.Window, to []metric.Restoration) []metric.Restoration {
	for i := searchFailures(p.failures, int64(w.From)); i < len(p.failures) && p.failures[i].at < int64(w.To); i++ {
		f := &p.failures[i]
		if p.has(f.team) {
			s := &f.stamps
			to = append(to, metric.Restoration{FailedAt: plimsoll.Time(f.at), DetectedAt: s[0], DiagnosedAt: s[1], FixBegunAt: s[2], FixEndedAt: s[3], ResolvedAt: s[4]})
		}
	}
	return to
}

// serviced is what the reaction to the failures of a window is made from, if there are any.
func (p pick) serviced(w plimsoll.Window) (metric.Serviced, bool) {
	i := searchFailures(p.failures, int64(w.From))
	if i == len(p.failures) || p.failures[i].at >= int64(w.To) {
		return metric.Serviced{}, false
	}
	out := metric.Serviced{First: p.firstCounted(), Counted: p.count}
	for _, f := range p.failures {
		if p.has(f.team) {
			out.Failures = append(out.Failures, plimsoll.Time(f.at))
		}
	}
	return out, true
}

// runs are the analysis runs that ended in a window.
func (v *view) runs(w plimsoll.Window) (out []metric.Analysis) {
	for _, p := range v.picks {
		c := &p.analyses
		for i, to := c.at.search(int64(w.From)), c.at.search(int64(w.To)); i < to; i++ {
			if p.has(c.team[i]) {
				out = append(out, metric.Analysis{At: plimsoll.Time(c.at.at(i)), Phase: metric.Phase(c.phase[i])})
			}
		}
	}
	return out
}

// incidentCounts are how many incidents began in the whole window, and how many of them name one.
func (v *view) incidentCounts() (all, named int) {
	for x := range v.incidents(v.Window) {
		all++
		named += one(x.named)
	}
	return all, named
}

// incidents are those of the scope that began in a window, each of them once.
func (v *view) incidents(w plimsoll.Window) func(yield func(*incident) bool) {
	return func(yield func(*incident) bool) {
		seen := map[string]bool{}
		for _, p := range v.picks {
			if p.team != everyTeam && !p.deploys[p.team] {
				continue // an incident belongs to the teams that deploy its services
			}
			list := p.block.incidents
			for i := sort.Search(len(list), func(i int) bool { return list[i].at >= int64(w.From) }); i < len(list) && list[i].at < int64(w.To); i++ {
				x := &list[i]
				if v.org && !x.countsFor(p.name) || !v.org && seen[x.id] {
					continue
				}
				if !v.org && len(x.services) > 1 {
					seen[x.id] = true
				}
				if !yield(x) {
					return
				}
			}
		}
	}
}

// DetailSeries answers the series of a stage of lead time, of the canary pass rate or of the times of
// roll-outs; nil for any other measure.
func (s *State) DetailSeries(q Question, m metric.Measure, unit metric.Unit) []metric.Point {
	v := s.view(q)
	kind, ofStage := m.StageOf()
	switch {
	case ofStage:
	case m == metric.CanaryPassRate:
		return metric.CanarySeries(v.runs(v.observed()), q.Period, unit)
	case m == metric.DeploymentDuration:
		kind = ofTook
	case m == metric.TimeToFullRollout:
		kind = ofFull
	default:
		return nil
	}
	return metric.MedianSeries(q.Period, unit, func(w plimsoll.Window) metric.Spans { return &v.details(w, kind).runs[kind] })
}

// deriveTeams finds when each team first deployed, and whether one team made every deployment.
func (b *block) deriveTeams() {
	c := &b.deployments
	b.firsts = make([]plimsoll.Time, len(b.teams))
	for i, m := range c.mark {
		if t := c.team[i]; m&markCounted != 0 && !b.firsts[t].Known() {
			b.firsts[t] = plimsoll.Time(c.ended.at(i))
		}
	}
	b.alone = len(slices.Compact(slices.Sorted(slices.Values(c.team)))) == 1
}
