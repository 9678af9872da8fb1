package query

import (
	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/cells"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// explained counts the facts of a question by their reasons: out of the cells, or
// out of the rows where the cells do not hold the scope.
func (e *explanation) explained(d *Desk, tx *store.Tx, p metric.Period, position int64) (out cells.Explained, err error) {
	if e.state != nil {
		in := fromCells{e.state, cells.Scope{Service: e.filter.Service, Team: e.filter.Team}, e.filter.Window}
		return e.state.Explain(in.question(p, nil), e.Explanation), nil
	}
	if out, err = e.explainedRows(d, tx, p, position); err != nil || e.Way == nil || !e.filter.Production {
		return out, err
	}
	c := metric.NewCase(p, out.First, provisionalDelay)
	return out, tx.StagePoints(e.filter, func(p store.StagePoint) {
		if s := e.Way(c, &metric.Way{StartAt: p.StartAt, DeliveredAt: p.DeliveredAt, Stamps: p.Stamps}); s.Reason != 0 {
			out.Add(s)
		}
	})
}

func (e *explanation) explainedRows(d *Desk, tx *store.Tx, p metric.Period, position int64) (out cells.Explained, err error) {
	rows, err := d.facts(tx, e.filter, position)
	if err != nil {
		return out, err
	}
	in := metric.Facts{
		Deployments: rows.deployments, Changes: rows.changes, PullRequests: rows.pulls, Caused: rows.failures, Incidents: rows.incidents,
	}
	if err := e.readDetails(tx, &in); err != nil {
		return out, err
	}
	out.First, out.Deployments, out.Analyses = rows.record.First, len(in.Deployments), len(in.Analyses)
	if e.Deployment != nil && !e.Beside {
		all, err := tx.CountDeployments(e.filter)
		if err != nil {
			return out, err
		}
		out.Elsewhere = all - out.Deployments
	}
	if e.Restore != nil && e.filter.Production {
		f := e.filter
		f.Window = p.Observed()
		if out.Shared, err = tx.CountSharedSpans(f); err != nil {
			return out, err
		}
	}
	out.SetAside = true // nobody has looked
	out.Standings = e.Explain(metric.NewCase(p, out.First, provisionalDelay), in)
	return out, nil
}

// readDetails reads what the measure asks for beyond the rows of the four keys.
// It reads the store, and not what Measures remembers, so that the two are held
// against each other.
func (e *explanation) readDetails(tx *store.Tx, in *metric.Facts) error {
	switch {
	case e.Rollouts:
		in.Deployments = nil
		return tx.RolloutPoints(e.filter, func(p store.RolloutPoint) {
			in.Deployments = append(in.Deployments, metric.Deployment{
				EndedAt: p.EndedAt, Kind: metric.KindOf(p.Kind), Result: metric.ResultOf(p.Result), Counted: p.Counted,
				Rollout: metric.RolloutOf(p.Took, p.Waited, p.Full),
			})
		})
	case e.Analysis != nil:
		return tx.AnalysisPoints(e.filter, func(at plimsoll.Time, phase string) {
			in.Analyses = append(in.Analyses, metric.Analysis{At: at, Phase: metric.PhaseOf(phase)})
		})
	case e.Restoration != nil && e.filter.Production:
		return tx.RepairPoints(e.filter, func(p store.RepairPoint) {
			in.Restorations = append(in.Restorations, metric.Restoration{
				FailedAt: p.FailedAt, DetectedAt: p.DetectedAt, DiagnosedAt: p.DiagnosedAt,
				FixBegunAt: p.FixBegunAt, FixEndedAt: p.FixEndedAt, ResolvedAt: p.Solved,
			})
		})
	}
	return nil
}

// detailLists are where the facts of those measures stand.
func (e *explanation) detailLists(tx *store.Tx, c *metric.Case) []list {
	switch {
	case e.Analysis != nil:
		return []list{{'n', func(p store.Page) ([]looked, error) { return e.lookAtAnalyses(tx, c, p) }}}
	case e.Way != nil && e.filter.Production:
		return []list{{'w', func(p store.Page) ([]looked, error) { return e.lookAtWays(tx, c, p) }}}
	case e.Restoration != nil && e.filter.Production:
		return []list{{'r', func(p store.Page) ([]looked, error) { return e.lookAtRestorations(tx, c, p) }}}
	}
	return nil
}

func (e *explanation) lookAtAnalyses(tx *store.Tx, c *metric.Case, p store.Page) ([]looked, error) {
	rows, err := tx.AnalysisSights(e.filter, p)
	if err != nil {
		return nil, err
	}
	out := make([]looked, 0, len(rows))
	for _, a := range rows {
		r := looked{at: a.EndedAt(), id: a.ID}
		here := a.Environment == e.filter.Environment || e.filter.Production && a.Production
		s := e.StandingOfAnalysis(c, &metric.Analysis{At: a.EndedAt(), Phase: metric.PhaseOf(a.Phase)}, here)
		if s.Reason != 0 {
			f := fact("analysis", a.ID, a.EndedAt(), s)
			f.Begin, f.End, f.Service, f.Environment = a.StartedAt, a.FinishedAt, a.Service, a.Environment
			f.Title, f.Version, f.Result, f.Deployment = a.Name, a.Version, a.Phase, a.Of
			r.facts = []Fact{f}
		}
		out = append(out, r)
	}
	return out, nil
}

func (e *explanation) lookAtWays(tx *store.Tx, c *metric.Case, p store.Page) ([]looked, error) {
	rows, err := tx.LeadSights(e.filter, plimsoll.BasisChange, store.LeadsDelivered, e.moments(plimsoll.BasisChange, store.LeadsDelivered, p), p)
	if err != nil {
		return nil, err
	}
	out := make([]looked, 0, len(rows))
	for _, l := range rows {
		r := looked{at: l.DeliveredAt, id: l.PageID()}
		if s := e.Way(c, &metric.Way{StartAt: l.StartAt, DeliveredAt: l.DeliveredAt, Stamps: l.Stamps}); s.Reason != 0 {
			f := changeFact(l, s)
			f.stageEnds(s)
			r.facts = []Fact{f}
		}
		out = append(out, r)
	}
	return out, nil
}

func (e *explanation) lookAtRestorations(tx *store.Tx, c *metric.Case, p store.Page) ([]looked, error) {
	rows, err := tx.FailureSights(e.filter, p)
	if err != nil {
		return nil, err
	}
	out := make([]looked, 0, len(rows))
	for _, x := range rows {
		r := looked{at: x.FailedAt, id: x.ID}
		s := e.Restoration(c, &metric.Restoration{
			FailedAt: x.FailedAt, DetectedAt: x.DetectedAt, DiagnosedAt: x.DiagnosedAt,
			FixBegunAt: x.FixBegunAt, FixEndedAt: x.FixEndedAt, ResolvedAt: x.ResolvedAt,
		})
		if s.Reason != 0 {
			f := fact("failure", x.ID, x.FailedAt, s)
			f.Service, f.Severity, f.Deployment = x.Service, x.Severity, x.ID
			f.Deployments, f.Incidents, f.Fix = x.Deployments, x.Incidents, x.Fix
			f.stageEnds(s)
			r.facts = []Fact{f}
		}
		out = append(out, r)
	}
	return out, nil
}

// stageEnds shows when the stage, or the roll-out, began and ended, where it is
// known: a fact that has no such span has no part in the number.
func (f *Fact) stageEnds(s metric.Standing) {
	if s.Timed {
		f.Begin, f.End = s.End-plimsoll.Time(s.Span), s.End
	}
}
