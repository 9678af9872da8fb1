package derive

import "github.com/plimsoll-dev/plimsoll"

// repairs finds the deployment that repaired a failure.
type repairs struct {
	byID      map[string]*plimsoll.Deployment
	ofTrouble map[string]*plimsoll.Deployment // incident → the first to complete that was made for it
}

func newRepairs(deployments []plimsoll.Deployment) repairs {
	r := repairs{byID: map[string]*plimsoll.Deployment{}, ofTrouble: map[string]*plimsoll.Deployment{}}
	for i := range deployments {
		d := &deployments[i]
		r.byID[d.ID] = d
		if d.Fixes != "" && r.ofTrouble[d.Fixes] == nil && d.Production && d.Reached() &&
			(d.Result == plimsoll.ResultSuccess || d.Result == plimsoll.ResultRolledBack) {
			r.ofTrouble[d.Fixes] = d
		}
	}
	return r
}

// of returns the deployment that repaired what d broke: one that names an
// incident of the failure, else the one that took d back, else the next good
// one, if it was there before the failure was over. It is nil when nothing of
// the service was deployed for it, or nobody knows. (definitions 2.7.3)
func (r repairs) of(d plimsoll.Deployment, next *plimsoll.Deployment, s span) *plimsoll.Deployment {
	for _, id := range s.Incidents {
		if fix := r.ofTrouble[id]; fix != nil {
			return fix
		}
	}
	for _, fix := range []*plimsoll.Deployment{r.byID[d.RolledBackBy], next} {
		if fix != nil && fix.EndedAt() > s.FailedAt && s.RestoredAt.Known() && fix.EndedAt() <= s.RestoredAt {
			return fix
		}
	}
	return nil
}

// repaired notes the stamps between the failure and its end. Without incidents
// nobody detected or resolved anything that was written down.
func (s *span) repaired(fix *plimsoll.Deployment, incidents []plimsoll.Incident) {
	for _, inc := range incidents {
		s.DetectedAt = plimsoll.First(s.DetectedAt, inc.DetectedAt)
		s.DiagnosedAt = plimsoll.First(s.DiagnosedAt, inc.DiagnosedAt.Or(inc.AcknowledgedAt))
	}
	if len(incidents) > 0 {
		s.ResolvedAt = s.RestoredAt
	}
	if fix != nil {
		s.Fix, s.FixBegunAt, s.FixEndedAt = fix.ID, fix.StartedAt, fix.FinishedAt
	}
}

// stages takes the stamps of a failure that belongs to the same span: the
// first detection and diagnosis, and the repair of what was over last.
func (s *span) stages(later span) {
	s.DetectedAt = plimsoll.First(s.DetectedAt, later.DetectedAt)
	s.DiagnosedAt = plimsoll.First(s.DiagnosedAt, later.DiagnosedAt)
	if s.RestoredAt != 0 && (later.RestoredAt == 0 || later.RestoredAt > s.RestoredAt) {
		s.Fix, s.FixBegunAt, s.FixEndedAt, s.ResolvedAt = later.Fix, later.FixBegunAt, later.FixEndedAt, later.ResolvedAt
	}
}
