package query

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Details are the measures of roll-outs and restorations, and of how evenly a
// scope deploys. They stand beside the four keys in the answer of Measures.
type Details struct {
	Reliability    metric.Reliability  `json:"reliability"`
	CanaryPassRate metric.CanaryPass   `json:"canary_pass_rate"`
	Duration       metric.RolloutTimes `json:"deployment_duration"`
	FullRollout    metric.FullRollout  `json:"time_to_full_rollout"`
	Evenness       metric.Evenness     `json:"evenness"`
	Reaction       metric.Reaction     `json:"reaction"`
}

// detailed are the rows that Details are computed from, by time.
type detailed struct {
	rollouts []metric.Deployment
	runs     []metric.Analysis
	repairs  []metric.Restoration
	pace     paces
}

// paces say who deployed when, and failed when.
type paces struct {
	services map[string]*metric.Serviced
	teams    map[string]*metric.Paced
	counts   map[string]int // of services, in the window
	releases int            // in the window; the regions of one release are one
}

// details reads what Details need of the facts of a filter. Evenness and the
// reaction look back beyond the window: to the first deployment, and to the
// weeks before a failure.
func details(tx *store.Tx, f store.Filter) (*detailed, error) {
	out := &detailed{pace: paces{services: map[string]*metric.Serviced{}, teams: map[string]*metric.Paced{}, counts: map[string]int{}}}
	window := f.Window
	f.Window = plimsoll.Window{}
	releases := map[string]bool{}
	err := tx.RolloutPoints(f, func(p store.RolloutPoint) {
		in := window.Contains(p.EndedAt)
		out.pace.add(p, in)
		if !in {
			return
		}
		out.rollouts = append(out.rollouts, metric.Deployment{
			EndedAt: p.EndedAt, Kind: metric.KindOf(p.Kind), Result: metric.ResultOf(p.Result), Counted: p.Counted,
			Rollout: metric.RolloutOf(p.Took, p.Waited, p.Full),
		})
		if p.Counted && (p.Group == "" || !releases[p.Service+"\x00"+p.Group]) {
			out.pace.releases++
			releases[p.Service+"\x00"+p.Group] = true
		}
	})
	if err != nil {
		return nil, err
	}
	f.Window = window
	err = tx.AnalysisPoints(f, func(at plimsoll.Time, phase string) {
		out.runs = append(out.runs, metric.Analysis{At: at, Phase: metric.PhaseOf(phase)})
	})
	if err != nil || !f.Production {
		return out, err
	}
	f.Window = plimsoll.Window{}
	return out, tx.RepairPoints(f, func(p store.RepairPoint) {
		if s := out.pace.services[p.Service]; s != nil {
			s.Failures = append(s.Failures, p.FailedAt)
		}
		if window.Contains(p.FailedAt) {
			out.repairs = append(out.repairs, metric.Restoration{
				FailedAt: p.FailedAt, DetectedAt: p.DetectedAt, DiagnosedAt: p.DiagnosedAt,
				FixBegunAt: p.FixBegunAt, FixEndedAt: p.FixEndedAt, ResolvedAt: p.Solved,
			})
		}
	})
}

// add notes a deployment; they come by the time they ended.
func (s *paces) add(p store.RolloutPoint, in bool) {
	if !p.Counted {
		return
	}
	one := s.services[p.Service]
	if one == nil {
		one = &metric.Serviced{First: p.EndedAt}
		s.services[p.Service] = one
	}
	one.Ends = append(one.Ends, p.EndedAt)
	if in {
		s.counts[p.Service]++
	}
	if p.Team == "" {
		return
	}
	team := s.teams[p.Team]
	if team == nil {
		team = &metric.Paced{First: p.EndedAt}
		s.teams[p.Team] = team
	}
	if in {
		team.Counted++
	}
}

// measure computes the details for a period.
func (d *detailed) measure(p metric.Period) Details {
	rollouts := metric.RolloutsOf(d.rollouts, p)
	out := Details{
		Reliability:    metric.NoReliability(),
		CanaryPassRate: metric.CanaryPassOf(d.runs, p),
		Duration:       rollouts.Times(),
		FullRollout:    rollouts.FullRollout(),
	}
	var services, teams []metric.Paced
	var pooled []metric.Serviced
	for _, name := range sorted(d.pace.services) {
		s := d.pace.services[name]
		services = append(services, metric.Paced{First: s.First, Counted: d.pace.counts[name]})
		pooled = append(pooled, *s)
	}
	for _, name := range sorted(d.pace.teams) {
		teams = append(teams, *d.pace.teams[name])
	}
	out.Evenness = metric.Evenness{Services: metric.PacesOf(services, p), Teams: metric.PacesOf(teams, p)}
	out.Reaction = metric.ReactionOf(pooled, p)
	return out
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
