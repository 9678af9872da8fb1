package query

import (
	"slices"
	"sync"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/cells"
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

// beside is where the details of one scope and window come from: the cells, or the rows of the store.
type beside interface {
	add(m *Measures, p metric.Period)
	series(m metric.Measure, p metric.Period, unit metric.Unit) []metric.Point
}

// fromRows are the details of a question, with the incidents of its window.
type fromRows struct {
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
		x := rollout{team: teams[p.Team], group: cells.ReleaseOf(p.Service, p.Group), Deployment: metric.Deployment{
			EndedAt: p.EndedAt, Kind: metric.KindOf(p.Kind), Result: metric.ResultOf(p.Result), Counted: p.Counted,
			Rollout: metric.RolloutOf(p.Took, p.Waited, p.Full), Service: numberOf(services, p.Service),
		}}
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
	return d, tx.StagePoints(f, func(p store.StagePoint) {
		d.ways = append(d.ways, metric.Way{StartAt: p.StartAt, DeliveredAt: p.DeliveredAt, Stamps: p.Stamps})
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
func (d fromRows) add(m *Measures, p metric.Period) {
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
	out, ends := make([]metric.Serviced, d.services), make([][]plimsoll.Time, d.services)
	for i := range d.rollouts {
		if r := &d.rollouts[i]; r.Counted {
			ends[r.Service] = append(ends[r.Service], r.EndedAt)
			out[r.Service].First = ends[r.Service][0]
		}
	}
	for i := range out {
		out[i].Counted = func(w plimsoll.Window) int { return metric.CountIn(ends[i], w) }
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

// beside are the details of a filter over its window.
func (d *Desk) beside(tx *store.Tx, f store.Filter, position int64) (beside, error) {
	s, err := d.inMemory(tx, f)
	if err != nil {
		return nil, err
	}
	if s != nil {
		return besideCells{fromCells{s, cells.Scope{Service: f.Service, Team: f.Team}, f.Window}}, nil
	}
	var out fromRows
	if out.details, err = d.details(tx, f, position); err == nil && f.Production { // incidents are those of production alone
		out.incidents, out.named, err = tx.IncidentCounts(f)
	}
	return out, err
}

// besideCells are details out of memory.
type besideCells struct{ fromCells }

func (in besideCells) add(m *Measures, p metric.Period) {
	d := in.state.Details(in.question(p, nil))
	m.Details = Details{
		Reliability: metric.NoReliability(), CanaryPassRate: d.Canaries,
		Duration: d.Rollouts.Times(), FullRollout: d.Rollouts.FullRollout(),
		Evenness: metric.Evenness{Services: d.Services, Teams: d.Teams}, Reaction: d.Reaction,
	}
	m.DeploymentFrequency.Releases = d.Releases
	m.TimeToRestore.Stages, m.LeadTime.Stages = d.RestoreStages, d.LeadStages
	m.DataQuality.Stamps = d.Stamps
	m.DataQuality.Incidents, m.DataQuality.WithService = d.Incidents, d.WithService
	m.DataQuality.share()
}

func (in besideCells) series(m metric.Measure, p metric.Period, unit metric.Unit) []metric.Point {
	return in.state.DetailSeries(in.question(p, nil), m, unit)
}

// details are the rows of a filter: remembered ones if nothing has happened
// since they were read.
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
