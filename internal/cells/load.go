package cells

import (
	"cmp"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// reach is a span of time, both ends included; the zero reach holds nothing.
type reach struct {
	from, to int64
	any      bool
}

var everything = reach{from: math.MinInt64, to: math.MaxInt64, any: true}

func (r reach) has(t int64) bool { return r.any && r.from <= t && t <= r.to }

// hasOrOpen also holds what has no time yet: leads that are open are read with every change of leads.
func (r reach) hasOrOpen(t int64) bool { return r.any && (t == 0 || r.has(t)) }

func (r *reach) add(from, to int64) {
	if !r.any {
		*r = reach{from, to, true}
		return
	}
	r.from, r.to = min(r.from, from), max(r.to, to)
}

func (r reach) window() plimsoll.Window {
	return plimsoll.Window{From: plimsoll.Time(r.from), To: plimsoll.Time(r.to)}
}

// touched says what of a service must be read again.
type touched struct {
	deployments reach
	leads       [2]reach
	evidence    bool
	failures    bool
	incidents   bool
	analyses    bool
}

var all = touched{everything, [2]reach{everything, everything}, true, true, true, true}

func (t *touched) note(c store.FactChange) {
	from, to := int64(c.Span.From), int64(c.Span.To)
	switch c.Kind {
	case store.FactDeployments:
		t.deployments.add(from, to)
		t.evidence = true
	case store.FactLeadTimes:
		for i := range t.leads {
			t.leads[i].add(from, to)
		}
	case store.FactEvidence:
		t.evidence = true
	case store.FactFailures:
		t.failures = true
	case store.FactAnalyses:
		t.analyses = true
	case store.FactIncidents:
		t.incidents = true
	default:
		*t = all
	}
}

// load reads what was touched of a service, and takes the rest from the block it had, which may be nil
// where all was touched. It widens where to what it had to read.
func load(tx *store.Tx, name string, before *block, where *touched) (*block, error) {
	if name == "" {
		*where = touched{incidents: true} // those that belong to no service; nothing else has none
	}
	var marked map[string]evidence
	if before != nil {
		marked = before.marked
	}
	if where.evidence {
		var err error
		if marked, err = Evidence(tx, name); err != nil {
			return nil, err
		}
		if before != nil {
			if err := where.widen(tx, before.marked, marked); err != nil {
				return nil, err
			}
		}
	}
	d := &draft{name: name}
	if before != nil {
		d = before.draft(outside(where.deployments.has), outside(where.deployments.has),
			[2]func(int64) bool{outside(where.leads[0].hasOrOpen), outside(where.leads[1].hasOrOpen)})
	}
	d.marked = marked
	if err := d.readDeployments(tx, where.deployments); err != nil {
		return nil, err
	}
	for i := range d.leads {
		if err := d.readLeads(tx, i, where.leads[i]); err != nil {
			return nil, err
		}
	}
	if where.failures {
		if err := d.readFailures(tx); err != nil {
			return nil, err
		}
	}
	if where.incidents {
		if err := d.readIncidents(tx); err != nil {
			return nil, err
		}
	}
	if where.analyses {
		if err := d.readAnalyses(tx); err != nil {
			return nil, err
		}
	}
	return d.block(), nil
}

func outside(has func(int64) bool) func(int64) bool { return func(t int64) bool { return !has(t) } }

// widen reaches every deployment against which the evidence has changed.
func (t *touched) widen(tx *store.Tx, before, after map[string]evidence) error {
	reached := func(id string) error {
		d, ok, err := tx.Deployment(id)
		if ok {
			t.deployments.add(int64(d.EndedAt()), int64(d.EndedAt()))
		}
		return err
	}
	for id, e := range after {
		if before[id] != e {
			if err := reached(id); err != nil {
				return err
			}
		}
	}
	for id := range before {
		if _, still := after[id]; !still {
			if err := reached(id); err != nil {
				return err
			}
		}
	}
	return nil
}

// Evidence reads what stands against the deployments of a service, by their ids; of all services for "".
func Evidence(tx *store.Tx, service string) (map[string]evidence, error) {
	out := map[string]evidence{}
	err := tx.EvidenceMarks(service, func(e store.EvidenceMark) {
		m := out[e.Deployment]
		if e.Accepted {
			m.Accepted = m.Accepted.With(e.Kind)
		}
		m.Suspected = m.Suspected || e.Suspected
		out[e.Deployment] = m
	})
	return out, err
}

// Deployment is a deployment with the evidence against it in the words of the metric room.
func Deployment(p store.DeploymentPoint, e evidence) metric.Deployment {
	return metric.Deployment{
		StartedAt: p.BegunAt, EndedAt: p.EndedAt, OldestAt: p.OldestAt,
		Kind: metric.KindOf(p.Kind), Result: metric.ResultOf(p.Result), Evidence: e.Accepted,
		Counted: p.Counted, Judged: p.Judged, Failed: e.Accepted != 0, Suspected: e.Suspected,
		Repairs: p.Repairs, Planned: p.Planned, Commit: p.Commit, Started: p.Started,
		Contents: p.Coverage != plimsoll.CoverageNone, First: p.Coverage == plimsoll.CoverageFirst,
	}
}

func (d *draft) readDeployments(tx *store.Tx, r reach) error {
	if !r.any {
		return nil
	}
	return tx.ServiceRows(d.name, r.window(), func(p store.DeploymentRow) {
		x := row{ended: int64(p.EndedAt), oldest: int64(p.OldestAt), team: p.Team,
			rollout: rollout{max(p.Took, unknown), max(p.Waited, unknown), max(p.Full, unknown), ReleaseOf(p.Service, p.Group)}}
		if !p.Production {
			d.elsewhere = append(d.elsewhere, row{ended: x.ended, team: x.team})
			return
		}
		m := Deployment(p.DeploymentPoint, d.marked[p.ID])
		x.mark, x.trait = markOf(&m), traitOf(&m)
		d.rows = append(d.rows, x)
	})
}

func (d *draft) readLeads(tx *store.Tx, kind int, r reach) error {
	if !r.any {
		return nil
	}
	return tx.LeadRows(d.name, bases[kind], r.window(), func(l store.LeadRow) {
		d.leads[kind] = append(d.leads[kind], lead{start: int64(l.Start.Or(l.Committed)), delivered: int64(l.Delivered), team: l.Team})
		if bases[kind] == plimsoll.BasisChange && l.Delivered > 0 {
			d.ways = append(d.ways, way{at: int64(l.Delivered), team: l.Team,
				Way: metric.Way{StartAt: l.Start, DeliveredAt: l.Delivered, Stamps: l.Stamps}})
		}
	})
}

func (d *draft) readFailures(tx *store.Tx) error {
	d.failures, d.failing = nil, nil
	return tx.FailureRows(d.name, func(f store.FailureRow) {
		d.failures = append(d.failures, failure{at: int64(f.Failed), over: int64(f.Restored), severity: f.Severity, shared: int32(f.Shared),
			stamps: [...]plimsoll.Time{f.DetectedAt, f.DiagnosedAt, f.FixBegunAt, f.FixEndedAt, f.Solved}})
		d.failing = append(d.failing, f.Team)
	})
}

func (d *draft) readAnalyses(tx *store.Tx) error {
	d.analyses = nil
	return tx.AnalysisRows(d.name, func(a store.AnalysisRow) {
		d.analyses = append(d.analyses, analysis{at: int64(a.Ended), phase: metric.PhaseOf(a.Phase), team: a.Team})
	})
}

func (d *draft) readIncidents(tx *store.Tx) error {
	d.incidents = nil
	err := tx.IncidentRows(d.name, func(i plimsoll.Incident) {
		x := incident{id: i.ID, named: len(i.Services) > 0, failure: failure{at: int64(i.BegunAt()), over: int64(i.RestoredAt), severity: i.Severity}}
		x.services = append(x.services, i.Services...)
		if i.CauseService != "" {
			x.services = append(x.services, i.CauseService)
		}
		slices.Sort(x.services)
		x.services = slices.Clip(slices.Compact(x.services))
		d.incidents = append(d.incidents, x)
	})
	slices.SortFunc(d.incidents, func(a, b incident) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id)) })
	return err
}
