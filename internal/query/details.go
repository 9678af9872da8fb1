package query

import (
	"hash/fnv"
	"slices"
	"sync"

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

// details are the rows of one scope that the measures beside the four keys are
// computed from, over the whole record: evenness looks back to the first
// deployment, and the reaction to the weeks before a failure. Nothing writes to
// them once they are read.
type details struct {
	rollouts     []rollout // by the time they ended
	runs         []metric.Analysis
	restorations []restoration
	ways         []metric.Way
	services     int // how many; the rows name them by number
	teams        int
}

// beside are the details of a question, with the incidents of its window.
type beside struct {
	*details
	incidents, named int // named: with a service
}

type rollout struct {
	metric.Deployment
	team  int32 // −1: none
	group int64 // of one release; 0: a release of its own
}

type restoration struct {
	metric.Restoration
	service int32
}

func (d *details) rows() int {
	return 2*len(d.rollouts) + len(d.runs) + 2*len(d.restorations) + 3*len(d.ways)
}

// loadDetails reads the details of a filter, whatever its window. Only
// production delivers and fails.
func loadDetails(tx *store.Tx, f store.Filter) (*details, error) {
	f.Window = plimsoll.Window{}
	d := &details{}
	services, teams := map[string]int32{}, map[string]int32{"": -1}
	err := tx.RolloutPoints(f, func(p store.RolloutPoint) {
		if _, ok := teams[p.Team]; !ok {
			teams[p.Team] = int32(len(teams) - 1)
		}
		x := rollout{team: teams[p.Team], Deployment: metric.Deployment{
			EndedAt: p.EndedAt, Kind: metric.KindOf(p.Kind), Result: metric.ResultOf(p.Result), Counted: p.Counted,
			Rollout: metric.RolloutOf(p.Took, p.Waited, p.Full), Service: numberOf(services, p.Service),
		}}
		if p.Group != "" {
			x.group = nameHash(p.Service + "\x00" + p.Group)
		}
		d.rollouts = append(d.rollouts, x)
	})
	if err != nil {
		return nil, err
	}
	err = tx.AnalysisPoints(f, func(at plimsoll.Time, phase string) {
		d.runs = append(d.runs, metric.Analysis{At: at, Phase: metric.PhaseOf(phase)})
	})
	if err != nil || !f.Production {
		d.services, d.teams = len(services), len(teams)-1
		return d, err
	}
	err = tx.RepairPoints(f, func(p store.RepairPoint) {
		d.restorations = append(d.restorations, restoration{service: numberOf(services, p.Service), Restoration: metric.Restoration{
			FailedAt: p.FailedAt, DetectedAt: p.DetectedAt, DiagnosedAt: p.DiagnosedAt,
			FixBegunAt: p.FixBegunAt, FixEndedAt: p.FixEndedAt, ResolvedAt: p.Solved,
		}})
	})
	if err != nil {
		return nil, err
	}
	d.services, d.teams = len(services), len(teams)-1
	groups := map[string]int64{}
	return d, tx.StagePoints(f, func(p store.StagePoint) {
		group, ok := groups[p.Deployment]
		if !ok {
			group = nameHash(p.Deployment)
			groups[p.Deployment] = group
		}
		d.ways = append(d.ways, metric.Way{StartAt: p.StartAt, DeliveredAt: p.DeliveredAt, Group: group, Stamps: p.Stamps})
	})
}

func numberOf(names map[string]int32, name string) int32 {
	n, ok := names[name]
	if !ok {
		n = int32(len(names))
		names[name] = n
	}
	return n
}

func nameHash(name string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return int64(h.Sum64())
}

// within are the roll-outs of a window, which may be empty.
func (d *details) within(w plimsoll.Window) []rollout {
	if w.From >= w.To {
		return nil
	}
	at := func(t plimsoll.Time) int {
		i, _ := slices.BinarySearchFunc(d.rollouts, t, func(r rollout, t plimsoll.Time) int { return int(min(max(r.EndedAt-t, -1), 1)) })
		return i
	}
	return d.rollouts[at(w.From):at(w.To)]
}

// first is when the first counted deployment ended; unknown without one.
func (d *details) first() plimsoll.Time {
	for i := range d.rollouts {
		if d.rollouts[i].Counted {
			return d.rollouts[i].EndedAt
		}
	}
	return 0
}

// add puts the details of a period into an answer.
func (d beside) add(m *Measures, p metric.Period) {
	w := p.Observed()
	rollouts := metric.RolloutsOf(deploymentsOf(d.within(w)), p)
	m.Details = Details{
		Reliability:    metric.NoReliability(),
		CanaryPassRate: metric.CanaryPassOf(d.runs, p),
		Duration:       rollouts.Times(),
		FullRollout:    rollouts.FullRollout(),
	}
	m.Evenness.Services, m.Evenness.Teams, m.DeploymentFrequency.Releases = d.paces(w, p)
	m.Reaction = metric.ReactionOf(d.reactions(), p)
	restorations := make([]metric.Restoration, len(d.restorations))
	for i, r := range d.restorations {
		restorations[i] = r.Restoration
	}
	m.TimeToRestore.Stages = metric.RestoreStagesOf(restorations, p)
	m.LeadTime.Stages = metric.StagesOf(d.ways, d.first(), p)
	m.DataQuality.Stamps = metric.StageSampleOf(d.ways, p).Stamps
	m.DataQuality.Incidents, m.DataQuality.WithService = d.incidents, d.named
	m.DataQuality.share()
}

func deploymentsOf(rs []rollout) []metric.Deployment {
	out := make([]metric.Deployment, len(rs))
	for i := range rs {
		out[i] = rs[i].Deployment
	}
	return out
}

// paces are how often services and teams deploy in a window, and how many
// releases there were: the regions of one are one.
func (d *details) paces(w plimsoll.Window, p metric.Period) (services, teams metric.Distribution, releases int) {
	byService, byTeam := make([]metric.Paced, d.services), make([]metric.Paced, d.teams)
	seen := map[int64]bool{}
	for i := range d.rollouts {
		r := &d.rollouts[i]
		if !r.Counted {
			continue
		}
		parts := []*metric.Paced{&byService[r.Service]}
		if r.team >= 0 {
			parts = append(parts, &byTeam[r.team])
		}
		in := w.Contains(r.EndedAt)
		for _, part := range parts {
			part.First = part.First.Or(r.EndedAt)
			if in {
				part.Counted++
			}
		}
		if in && (r.group == 0 || !seen[r.group]) {
			releases++
			seen[r.group] = r.group != 0
		}
	}
	return metric.PacesOf(byService, p), metric.PacesOf(byTeam, p), releases
}

// reactions are the counted deployments and the failures of each service.
func (d *details) reactions() []metric.Serviced {
	out := make([]metric.Serviced, d.services)
	for i := range d.rollouts {
		if r := &d.rollouts[i]; r.Counted {
			s := &out[r.Service]
			s.First = s.First.Or(r.EndedAt)
			s.Ends = append(s.Ends, r.EndedAt)
		}
	}
	for _, r := range d.restorations {
		out[r.service].Failures = append(out[r.service].Failures, r.FailedAt)
	}
	return out
}

// detailed are the measures whose series come from details.
var detailed = []metric.Measure{metric.CanaryPassRate, metric.DeploymentDuration, metric.TimeToFullRollout}

// series answers one of them, or a stage of lead time; nil for any other.
func (d *details) series(m metric.Measure, p metric.Period, unit metric.Unit) []metric.Point {
	if stage, ok := m.StageOf(); ok {
		return metric.StageSeries(stage, d.ways, p, unit)
	}
	if m == metric.CanaryPassRate {
		return metric.CanarySeries(d.runs, p, unit)
	}
	return metric.RolloutSeries(m, deploymentsOf(d.within(p.Observed())), p, unit)
}

// detailMemory keeps the details of the last scopes, until the next event.
type detailMemory struct {
	mu     sync.Mutex
	head   int64
	rows   int
	scopes map[store.Filter]*details // by the filter without its window
}

// details are those of a filter: out of memory if nothing has happened since
// they were read.
func (d *Desk) details(tx *store.Tx, f store.Filter, position int64) (*details, error) {
	head, err := tx.Head()
	if err != nil {
		return nil, err
	}
	f.Window = plimsoll.Window{}
	if position != head || tx.Past() {
		return loadDetails(tx, f)
	}
	m := &d.detail
	m.mu.Lock()
	known, ok := m.scopes[f]
	ok = ok && m.head == head
	m.mu.Unlock()
	if ok {
		return known, nil
	}
	out, err := loadDetails(tx, f)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if head < m.head {
		return out, nil // an older snapshot that took its time
	}
	if m.scopes == nil || head > m.head || len(m.scopes) >= mostScopes || m.rows+out.rows() > mostRemembered {
		m.head, m.rows, m.scopes = head, 0, map[store.Filter]*details{}
	}
	if out.rows() <= mostRemembered {
		m.scopes[f] = out
		m.rows += out.rows()
	}
	return out, nil
}
