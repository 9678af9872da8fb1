package cells_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// detail gives a deployment what the measures of roll-outs need: sometimes.
func (h *house) detail(d *plimsoll.Deployment) {
	if h.r.IntN(10) == 0 {
		d.StartedAt = 0
	}
	if h.r.IntN(3) == 0 {
		waited := float64(h.r.IntN(400))
		if !h.whole {
			waited += 0.25
		}
		d.Waited = &waited
	}
	switch h.r.IntN(5) {
	case 0:
		d.Strategy = "canary"
	case 1:
		d.FullRolloutAt = d.FinishedAt + plimsoll.Time(h.r.Int64N(7200)-60)*1e6
	}
	if h.r.IntN(3) == 0 {
		d.GroupID = fmt.Sprintf("release-%d", h.r.IntN(40))
	}
}

// stamp gives a change moments on its way, in the usual order and now and then in another. Those of one
// deployment share some.
func (h *house) stamp(l *plimsoll.Delivery, d plimsoll.Deployment) {
	if h.r.IntN(4) == 0 {
		return
	}
	step := func(from plimsoll.Time, most int64) plimsoll.Time {
		if h.r.IntN(9) == 0 {
			return 0
		}
		if h.r.IntN(30) == 0 {
			most = -most
		}
		return from + plimsoll.Time(int64(h.r.Float64()*float64(most)))*1e6
	}
	l.FirstCommitAt = step(l.StartAt, -7200)
	l.OpenedAt = step(l.StartAt, 7200)
	l.FirstReviewAt = step(l.StartAt, 40000)
	l.ApprovedAt = step(l.StartAt, 50000)
	l.MergedAt = step(l.FirstReviewAt, 9000)
	if h.r.IntN(2) == 0 {
		l.BuiltAt = step(l.MergedAt, 1200)
	}
	if h.r.IntN(2) == 0 {
		l.StagedAt = d.FinishedAt - 9000e6
		l.ReadyAt = step(l.StagedAt, 4000)
	}
	l.DeployStartedAt = d.BegunAt()
	for _, t := range []*plimsoll.Time{&l.FirstCommitAt, &l.OpenedAt, &l.FirstReviewAt, &l.ApprovedAt, &l.MergedAt, &l.BuiltAt, &l.StagedAt, &l.ReadyAt} {
		*t = max(*t, 0)
	}
}

// repair gives a failure the stages of its restoration.
func (h *house) repair(f *plimsoll.Failure) {
	for range h.r.IntN(4) {
		f.Deployments = append(f.Deployments, fmt.Sprintf("%s-%d", f.ID, len(f.Deployments)))
	}
	at := f.FailedAt
	for _, to := range []*plimsoll.Time{&f.DetectedAt, &f.DiagnosedAt, &f.FixBegunAt, &f.FixEndedAt, &f.ResolvedAt} {
		if h.r.IntN(4) > 0 {
			at += plimsoll.Time(h.r.Int64N(3600)-100) * 1e6
			*to = at
		}
	}
}

// analyze replaces the analysis runs of a service.
func (h *house) analyze(s *home) {
	for range h.r.IntN(4) {
		end := h.moment()
		a := plimsoll.Analysis{AnalysisReport: plimsoll.AnalysisReport{
			ID: fmt.Sprintf("a%x", h.r.Uint64()), Service: s.name, Environment: "production",
			Phase: plimsoll.AnalysisPhases[h.r.IntN(len(plimsoll.AnalysisPhases))], StartedAt: end.Add(-time.Minute), FinishedAt: end,
		}, Production: h.r.IntN(6) > 0, Team: s.team}
		if h.r.IntN(5) == 0 {
			a.Team = h.teamName()
		}
		s.analyses = append(s.analyses, a)
	}
	if h.r.IntN(4) == 0 {
		s.analyses = s.analyses[:h.r.IntN(len(s.analyses)+1)]
	}
}

// series are the measures that may be asked for by day, week or month.
func series() []metric.Measure {
	return slices.Concat(metric.Measures, []metric.Measure{metric.CanaryPassRate, metric.DeploymentDuration, metric.TimeToFullRollout}, metric.StageMeasures())
}

// apart cuts two texts down to around where they begin to differ.
func apart(a, b string) (string, string) {
	k := 0
	for k < min(len(a), len(b)) && a[k] == b[k] {
		k++
	}
	cut := func(s string) string { return s[max(k-200, 0):min(k+200, len(s))] }
	return cut(a), cut(b)
}

// restate changes nothing of a deployment and of a change but what the details are made of.
func (h *house) restate(s *home) {
	deployments := h.r.IntN(2) == 0 || len(s.leads) == 0 // one or the other: each must be seen by itself
	for range 6 {
		if deployments {
			h.detail(&s.deployments[h.r.IntN(len(s.deployments))])
		} else {
			h.stamp(&s.leads[h.r.IntN(len(s.leads))], s.deployments[0])
		}
	}
}
