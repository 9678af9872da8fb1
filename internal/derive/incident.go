package derive

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// probabilityLast is how sure it is that an incident without a named cause
// comes from the last deployment of its service: enough to be accepted, and
// less than any explicit word.
const probabilityLast = 0.6

// Attribute decides which deployment an incident is held against. The
// candidates are the deployments of its services, and any that its cause may
// name; they may hold more than is needed, in any order. (definitions 3.3, 5)
func Attribute(r plimsoll.IncidentReport, candidates []plimsoll.Deployment, set plimsoll.Settings) plimsoll.Incident {
	out := plimsoll.Incident{IncidentReport: r}
	out.Production = r.Environment == "" || set.InProduction(r.Environment)
	begun := r.BegunAt()
	if !out.Production || !begun.Known() {
		return out
	}
	slices.SortFunc(candidates, func(a, b plimsoll.Deployment) int {
		return cmp.Or(cmp.Compare(a.BegunAt(), b.BegunAt()), cmp.Compare(a.EndedAt(), b.EndedAt()), cmp.Compare(a.ID, b.ID))
	})
	var found *plimsoll.Deployment
	var c plimsoll.Candidate
	if r.CausedBy != "" {
		if found = named(r, candidates); found != nil {
			c = plimsoll.Candidate{Probability: 1, Reasons: []string{"named as the cause: " + r.CausedBy}}
		}
	} else {
		if found = lastBefore(r, candidates, set.AttributeLimit()); found != nil {
			c = plimsoll.Candidate{Probability: probabilityLast, Reasons: []string{
				"last deployment of " + found.Service + " before the incident, " + since(found.BegunAt(), begun),
			}}
		}
	}
	if found == nil {
		return out
	}
	c.Deployment, c.Service = found.ID, found.Service
	out.AttributedTo, out.CauseService = found.ID, found.Service
	out.Candidates = []plimsoll.Candidate{c}
	return out
}

// named finds the deployment that an incident's cause names: by id, else the
// last one with that sha or version that began before the incident, else the
// first. A cause that is stated and not found is not replaced by a guess.
func named(r plimsoll.IncidentReport, candidates []plimsoll.Deployment) *plimsoll.Deployment {
	var found *plimsoll.Deployment
	for i := range candidates {
		d := &candidates[i]
		if d.ID == r.CausedBy || slices.Contains(d.Aliases, r.CausedBy) {
			return d
		}
		if d.CommitSHA != r.CausedBy && d.Version != r.CausedBy || !d.Production || !d.Reached() {
			continue
		}
		if len(r.Services) > 0 && !slices.Contains(r.Services, d.Service) {
			continue
		}
		if found == nil || d.BegunAt() <= r.BegunAt() && d.Judged {
			found = d
		}
	}
	return found
}

// lastBefore finds the last deployment of the incident's services that brought
// something, began no later than the incident, and did not end longer than
// the limit before it. Going back or deploying again brings nothing, so the
// deployment before that is meant.
func lastBefore(r plimsoll.IncidentReport, candidates []plimsoll.Deployment, limit time.Duration) *plimsoll.Deployment {
	var found *plimsoll.Deployment
	for i := range candidates {
		d := &candidates[i]
		if !d.Judged || !slices.Contains(r.Services, d.Service) || d.BegunAt() > r.BegunAt() {
			continue
		}
		if r.BegunAt()-d.EndedAt() > plimsoll.Time(limit.Microseconds()) {
			continue
		}
		found = d
	}
	return found
}

func since(from, to plimsoll.Time) string {
	d := to.Sub(from).Round(time.Minute)
	if d < time.Hour {
		return fmt.Sprintf("%d min after it began", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h %d min after it began", int(d.Hours()), int(d.Minutes())%60)
}
