package query

import (
	"net/url"
	"strconv"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Fact is one fact of an explanation and how it stands to the number.
type Fact struct {
	Type    string        `json:"type"` // deployment, change, pull_request, failure, incident or analysis
	ID      string        `json:"id"`
	Counted bool          `json:"counted"`
	Role    metric.Role   `json:"role"`
	Reason  string        `json:"reason"`
	Because string        `json:"because"`
	Clauses []string      `json:"clauses"`
	At      plimsoll.Time `json:"at"`             // by which it belongs to the window
	Begin   plimsoll.Time `json:"begin"`          // where its clock, or its stage, starts; null: it has none, or nobody knows
	End     plimsoll.Time `json:"end"`            // where it stops; null while open
	Value   *float64      `json:"value"`          // seconds between them, of what takes time
	Href    string        `json:"href,omitempty"` // path of the API

	Service     string              `json:"service,omitempty"`
	Services    []string            `json:"services,omitempty"` // of an incident
	Environment string              `json:"environment,omitempty"`
	Repository  string              `json:"repository,omitempty"`
	Version     string              `json:"version,omitempty"`
	CommitSHA   string              `json:"commit_sha,omitempty"`
	Kind        string              `json:"kind,omitempty"`
	Result      string              `json:"result,omitempty"`
	Coverage    string              `json:"coverage,omitempty"`
	Title       string              `json:"title,omitempty"` // of an incident or a change
	Severity    string              `json:"severity,omitempty"`
	PullRequest int                 `json:"pull_request,omitempty"`
	Bot         bool                `json:"bot,omitempty"`
	Deployment  string              `json:"deployment,omitempty"` // that delivered the change, or is held responsible
	Deployments []string            `json:"deployments,omitempty"`
	Incidents   []string            `json:"incidents,omitempty"`
	Failure     string              `json:"failure,omitempty"` // whose span it shares
	Fix         string              `json:"fix,omitempty"`     // deployment that repaired it
	Strategy    string              `json:"strategy,omitempty"`
	Waited      *float64            `json:"waited_seconds,omitempty"` // of a deployment's time, in pauses and approvals
	Evidence    []plimsoll.Evidence `json:"evidence,omitempty"`
}

func fact(kind, id string, at plimsoll.Time, s metric.Standing) Fact {
	role := s.Reason.Role()
	f := Fact{
		Type: kind, ID: id, At: at, Role: role, Counted: role.Counted(),
		Reason: s.Reason.String(), Because: s.Reason.Words(), Clauses: s.Reason.Clauses(),
	}
	if s.Timed {
		v := float64(s.Span) / 1e6
		f.Value = &v
	}
	switch kind {
	case "deployment", "incident":
		f.Href = "/api/v1/" + kind + "s/" + url.PathEscape(id)
	}
	return f
}

// standingOf says how a deployment stands to the number, given the evidence
// against it.
func (e *explanation) standingOf(c *metric.Case, d store.DeploymentSight, found []plimsoll.Evidence) metric.Standing {
	m := metric.Deployment{
		StartedAt: d.BegunAt, EndedAt: d.EndedAt, OldestAt: d.OldestAt, Kind: metric.KindOf(d.Kind), Result: metric.ResultOf(d.Result),
		Counted: d.Counted, Judged: d.Judged, Repairs: d.Repairs, Planned: d.Planned, Contents: d.Coverage != plimsoll.CoverageNone,
		First: d.Coverage == plimsoll.CoverageFirst, Rollout: metric.RolloutOf(d.Took, d.Waited, d.Full),
	}
	for _, x := range found {
		if x.Accepted {
			m.Evidence = m.Evidence.With(x.Kind)
		}
		m.Suspected = m.Suspected || x.Status == plimsoll.EvidenceSuspected
	}
	m.Failed = m.Evidence != 0
	here := d.Environment == e.filter.Environment
	if e.filter.Production {
		here = d.Production
	}
	s := e.StandingOf(c, &m, here)
	if len(found) > 0 && (s.Reason == metric.NoFailure || s.Reason == metric.Young) {
		// All of it was set aside: else the deployment had failed, or was suspected.
		s.Reason = metric.SetAside
	}
	return s
}

// deploymentFact is a deployment as it stands to the number; ok is false when
// it has nothing to do with it.
func (e *explanation) deploymentFact(c *metric.Case, d store.DeploymentSight, found []plimsoll.Evidence) (Fact, bool) {
	s := e.standingOf(c, d, found)
	if s.Reason == 0 {
		return Fact{}, false
	}
	f := fact("deployment", d.ID, d.EndedAt, s)
	f.Service, f.Environment, f.Version, f.CommitSHA = d.Service, d.Environment, d.Version, d.CommitSHA
	f.Kind, f.Result, f.Coverage, f.Evidence = string(d.Kind), string(d.Result), string(d.Coverage), found
	switch {
	case e.Rollouts:
		f.Strategy = d.Strategy
		f.stageEnds(s)
		if d.Waited >= 0 && s.Reason == metric.RolledOut {
			v := float64(d.Waited) / 1e6
			f.Waited = &v
		}
	case s.Timed:
		f.Begin, f.End = d.OldestAt, d.EndedAt
	}
	return f, true
}

func (e *explanation) leadFact(c *metric.Case, l store.Lead) (Fact, bool) {
	s := e.Lead(c, &metric.Lead{StartAt: l.StartAt, CommittedAt: l.CommittedAt, DeliveredAt: l.DeliveredAt})
	if s.Reason == 0 {
		return Fact{}, false
	}
	f := changeFact(l, s)
	f.Begin, f.End = l.StartAt.Or(l.CommittedAt), l.DeliveredAt
	return f, true
}

// changeFact is a change or a pull request, without the ends of its clock.
func changeFact(l store.Lead, s metric.Standing) Fact {
	f := fact(string(l.Basis), l.Key, l.DeliveredAt, s)
	f.Service, f.Repository, f.Title, f.Deployment, f.Bot = l.Service, l.Repository, l.Subject, l.Deployment, l.Bot
	if f.PullRequest = l.PullRequest; l.Basis == plimsoll.BasisPullRequest {
		f.PullRequest, _ = strconv.Atoi(l.Key)
	} else {
		f.CommitSHA = l.Key
	}
	return f
}

// failureFacts are a failure and, where it began in the window, the
// deployments that share its span.
func (e *explanation) failureFacts(c *metric.Case, x plimsoll.Failure) []Fact {
	s := e.Restore(c, &metric.Restore{FailedAt: x.FailedAt, RestoredAt: x.RestoredAt, Severity: x.Severity})
	if s.Reason == 0 {
		return nil
	}
	f := fact("failure", x.ID, x.FailedAt, s)
	f.Begin, f.End, f.Service, f.Severity = x.FailedAt, x.RestoredAt, x.Service, x.Severity
	f.Deployments, f.Incidents, f.Deployment = x.Deployments, x.Incidents, x.ID
	out := []Fact{f}
	if c.Observed().Contains(x.FailedAt) {
		for _, id := range x.Deployments[min(1, len(x.Deployments)):] {
			more := fact("deployment", id, x.FailedAt, metric.Standing{Reason: metric.SharesSpan})
			more.Service, more.Failure = x.Service, x.ID
			out = append(out, more)
		}
	}
	return out
}

func (e *explanation) incidentFact(c *metric.Case, i store.IncidentSight) (Fact, bool) {
	var s metric.Standing
	s.Reason = e.leftOut(i.Production, i.AttributedTo != "", i.Accepted)
	switch {
	case s.Reason != 0 && !c.Observed().Contains(i.BegunAt()):
		return Fact{}, false
	case s.Reason == 0 && e.Basis == metric.BasisIncident:
		s = e.Restore(c, &metric.Restore{FailedAt: i.BegunAt(), RestoredAt: i.RestoredAt, Severity: i.Severity})
	}
	if s.Reason == 0 {
		return Fact{}, false
	}
	f := fact("incident", i.ID, i.BegunAt(), s)
	f.Begin, f.End, f.Services, f.Environment = i.BegunAt(), i.RestoredAt, i.Services, i.Environment
	f.Title, f.Severity, f.Deployment = i.Title, i.Severity, i.AttributedTo
	return f, true
}
