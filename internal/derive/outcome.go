package derive

import (
	"cmp"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
)

// OutcomeInput is what the failures of one service follow from.
type OutcomeInput struct {
	Deployments []plimsoll.Deployment // of the service, from Timeline
	Evidence    []plimsoll.Evidence   // of the service, from Timeline
	Incidents   []plimsoll.Incident   // with a candidate among the deployments of the service
	Settings    plimsoll.Settings
	Words       map[string]plimsoll.Word // the latest of persons, by evidence
}

// OutcomeOutput is what follows.
type OutcomeOutput struct {
	Evidence []plimsoll.Evidence // that incidents give, to be kept beside the other
	Failures []plimsoll.Failure
}

// Outcome derives from the timeline of a service and its incidents which
// deployments failed and how long each impairment lasted.
// (definitions 2.5, 3)
func Outcome(in OutcomeInput) OutcomeOutput {
	var out OutcomeOutput
	byID := map[string]*plimsoll.Deployment{}
	for i := range in.Deployments {
		byID[in.Deployments[i].ID] = &in.Deployments[i]
	}
	failed := map[string]bool{}
	for _, e := range in.Evidence {
		failed[e.Deployment] = failed[e.Deployment] || e.Accepted
	}
	incidents := map[string][]plimsoll.Incident{}
	slices.SortFunc(in.Incidents, func(a, b plimsoll.Incident) int {
		return cmp.Or(cmp.Compare(a.BegunAt(), b.BegunAt()), cmp.Compare(a.ID, b.ID))
	})
	for _, inc := range in.Incidents {
		for _, c := range inc.Candidates {
			d := byID[c.Deployment]
			if d == nil || !d.Judged {
				continue
			}
			e := plimsoll.Evidence{
				ID: c.Evidence, Deployment: d.ID, Service: d.Service, Kind: plimsoll.EvidenceIncident, Cause: inc.ID,
				At: inc.BegunAt(), Source: "incident", Confidence: c.Probability,
			}
			if accepted := accepts(c, in.Settings); c.Named {
				// Who names it knows better than its label. (definitions 3.7.3)
				e.Settle(accepted, in.Words)
			} else {
				settle(&e, accepted, d, in.Words)
			}
			out.Evidence = append(out.Evidence, e)
			if e.Accepted {
				failed[d.ID] = true
				incidents[d.ID] = append(incidents[d.ID], inc)
			}
		}
	}
	out.Failures = impairments(in, failed, incidents)
	return out
}

// impairments joins the failed deployments of a service to spans from failure
// to restoration. A deployment that fails before the last failure was restored
// belongs to the same span: the users saw one outage. (definitions 2.5)
func impairments(in OutcomeInput, failed map[string]bool, incidents map[string][]plimsoll.Incident) []plimsoll.Failure {
	deployments := in.Deployments
	slices.SortFunc(deployments, func(a, b plimsoll.Deployment) int {
		return cmp.Or(cmp.Compare(a.EndedAt(), b.EndedAt()), cmp.Compare(a.BegunAt(), b.BegunAt()), cmp.Compare(a.ID, b.ID))
	})
	next := restorers(deployments, failed)
	fixes := newRepairs(deployments)
	var spans []span
	for i, d := range deployments {
		if failed[d.ID] {
			s := impairment(d, next[i], incidents[d.ID], in.Settings)
			s.repaired(fixes.of(d, next[i], s), incidents[d.ID])
			spans = append(spans, s)
		}
	}
	slices.SortStableFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.FailedAt, b.FailedAt), cmp.Compare(a.ID, b.ID))
	})
	var joined []span
	for _, s := range spans {
		if n := len(joined); n > 0 && s.FailedAt < joined[n-1].until {
			joined[n-1].join(s)
			continue
		}
		joined = append(joined, s)
	}
	out := make([]plimsoll.Failure, len(joined))
	for i, s := range joined {
		out[i] = s.Failure
	}
	return out
}

// span is a failure on its way to becoming a fact.
type span struct {
	plimsoll.Failure
	until plimsoll.Time // what fails before this belongs to it
}

func (s *span) join(later span) {
	s.Deployments = append(s.Deployments, later.Deployments...)
	s.Incidents = append(s.Incidents, later.Incidents...)
	s.Severity = cmp.Or(s.Severity, later.Severity)
	s.until = max(s.until, later.until)
	s.stages(later)
	if s.RestoredAt != 0 && (later.RestoredAt == 0 || later.RestoredAt > s.RestoredAt) {
		s.RestoredAt = later.RestoredAt
	}
}

// restorers finds for each deployment the next one of the same environment that
// completed and did not fail itself, though it may have been taken back since
// as a rehearsal; nil if there is none yet. To deploy again what runs repairs
// nothing. (definitions 2.5)
func restorers(deployments []plimsoll.Deployment, failed map[string]bool) []*plimsoll.Deployment {
	next := make([]*plimsoll.Deployment, len(deployments))
	type coming struct {
		first *plimsoll.Deployment // the next one
		other *plimsoll.Deployment // the next one that is no redeploy
	}
	streams := map[string]coming{}
	for i := len(deployments) - 1; i >= 0; i-- {
		d := &deployments[i]
		c := streams[d.Environment]
		if next[i] = c.first; c.first != c.other && c.first.SameBuild(d.DeploymentReport) {
			next[i] = c.other
		}
		if (d.Result == plimsoll.ResultSuccess || d.Result == plimsoll.ResultRolledBack) && !failed[d.ID] {
			c.first = d
			if d.Kind != plimsoll.KindRedeploy {
				c.other = d
			}
			streams[d.Environment] = c
		}
	}
	return next
}

// impairment is the span of one failed deployment; next is the successful one
// after it, nil if there is none yet.
func impairment(d plimsoll.Deployment, next *plimsoll.Deployment, incidents []plimsoll.Incident, set plimsoll.Settings) span {
	s := span{Failure: plimsoll.Failure{
		ID: d.ID, Service: d.Service, Team: d.Team, Deployments: []string{d.ID}, FailedAt: d.EndedAt(),
	}}
	switch {
	case len(incidents) > 0:
		s.follow(incidents, d.EndedAt(), set)
	case d.Result == plimsoll.ResultAborted:
		// Users of the canary were exposed from its start until the traffic
		// was back, which is what ended the deployment.
		s.FailedAt, s.RestoredAt = d.BegunAt(), d.EndedAt()
	case d.RolledBackAt.Known():
		s.RestoredAt = d.RolledBackAt
	case next != nil:
		s.RestoredAt = next.EndedAt()
	}
	s.until = s.RestoredAt
	if s.until == 0 {
		// An incident that nobody closed keeps its own clock open, but what
		// fails after the next good deployment is another failure.
		s.until = plimsoll.Forever
		if next != nil {
			s.until = next.EndedAt()
		}
	}
	return s
}

// follow takes the clock from the incidents: the earliest start, and the
// latest end unless one of them is still open. The end is the resolution, or
// the mitigation where the settings say so and somebody stated one.
func (s *span) follow(incidents []plimsoll.Incident, ended plimsoll.Time, set plimsoll.Settings) {
	s.FailedAt = 0
	open := false
	for _, inc := range incidents {
		s.FailedAt = plimsoll.First(s.FailedAt, inc.StartedAt.Or(inc.DetectedAt, ended))
		end := set.RestoredOf(inc.IncidentReport)
		s.RestoredAt = plimsoll.Last(s.RestoredAt, end)
		s.Incidents = append(s.Incidents, inc.ID)
		s.Severity = cmp.Or(s.Severity, inc.Severity)
		open = open || !end.Known()
	}
	if open {
		s.RestoredAt = 0
	}
}
