package derive

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// The bounds of what an incident is explained by.
const (
	// Aftermath is how long after its beginning an incident looks for what was
	// done about it: a roll-back, a hotfix, a flag put back.
	Aftermath = 24 * time.Hour
	// Together is how near other incidents must begin to count as the same
	// trouble.
	Together = 15 * time.Minute
	// MostDistance is how many steps of dependency lie between an incident and
	// its candidates at most.
	MostDistance = 3
	// leastProbability is below which a candidate is not named: "0.3 %" against
	// a deployment helps nobody. Its probability is nobody's then.
	leastProbability = 0.05
)

// IncidentInput is what the attribution of one incident follows from. The
// lists may hold more than is needed, in any order.
type IncidentInput struct {
	Report      plimsoll.IncidentReport
	Deployments []plimsoll.Deployment // of the services in reach, and any that the stated cause may name
	Evidence    []plimsoll.Evidence   // against these, from Timeline
	Flags       []plimsoll.FlagReport
	Reach       map[string]int           // services of the incident (0) and what they depend on, by steps
	Beside      []map[string]int         // the same of other incidents that began at that time
	Words       map[string]plimsoll.Word // the latest of persons, by evidence
	Settings    plimsoll.Settings
}

// Attribute decides which deployment an incident is held against, and what else
// may have caused it. (definitions 3.3, 5)
func Attribute(in IncidentInput) plimsoll.Incident { return attribute(in, &weights) }

func attribute(in IncidentInput, w *weighing) plimsoll.Incident {
	r := in.Report
	out := plimsoll.Incident{IncidentReport: r, RestoredAt: in.Settings.RestoredOf(r)}
	out.Production = r.Environment == "" || in.Settings.InProduction(r.Environment)
	if !out.Production || !r.BegunAt().Known() {
		return out
	}
	slices.SortFunc(in.Deployments, func(a, b plimsoll.Deployment) int {
		return cmp.Or(cmp.Compare(a.BegunAt(), b.BegunAt()), cmp.Compare(a.EndedAt(), b.EndedAt()), cmp.Compare(a.ID, b.ID))
	})
	in.Deployments = slices.CompactFunc(in.Deployments, func(a, b plimsoll.Deployment) bool { return a.ID == b.ID })
	switch {
	case r.CausedBy != "":
		if d := named(r, in.Deployments); d != nil {
			out.Candidates = []plimsoll.Candidate{{
				Kind: plimsoll.CandidateDeployment, Deployment: d.ID, Service: d.Service, Probability: 1, Named: true,
				Reasons: []string{"named as the cause: " + r.CausedBy},
			}}
			out.NoneProbability = new(float64)
		}
	case len(r.Services) > 0:
		out.Candidates, out.NoneProbability = suspects(in, w)
	}
	holdAgainst(&out, in)
	return out
}

// holdAgainst decides what the incident is held against: the likeliest candidate that
// is accepted and that no person rejected, one that a person confirmed first.
func holdAgainst(out *plimsoll.Incident, in IncidentInput) {
	best := 0
	for i := range out.Candidates {
		c := &out.Candidates[i]
		if c.Kind != plimsoll.CandidateDeployment {
			continue
		}
		c.Evidence = plimsoll.EvidenceID(c.Deployment, plimsoll.EvidenceIncident, out.ID)
		rank := 0
		switch says := in.Words[c.Evidence].Says; {
		case says == plimsoll.EvidenceConfirmed:
			rank = 2
		case says != plimsoll.EvidenceRejected && accepts(*c, in.Settings):
			rank = 1
		}
		if rank > best {
			best, out.AttributedTo, out.CauseService = rank, c.Deployment, c.Service
		}
	}
}

// accepts reports whether a candidate is likely enough to fail its deployment
// without a person's word.
func accepts(c plimsoll.Candidate, set plimsoll.Settings) bool {
	return c.Named || c.Probability >= set.AcceptProbability
}

// named finds the deployment that an incident's cause names: by id, else the
// last one with that sha, version or address that began before the incident,
// else the first. A cause that is stated and not found is not replaced by a
// guess.
func named(r plimsoll.IncidentReport, candidates []plimsoll.Deployment) *plimsoll.Deployment {
	var found *plimsoll.Deployment
	for i := range candidates {
		d := &candidates[i]
		if d.ID == r.CausedBy || slices.Contains(d.Aliases, r.CausedBy) {
			return d
		}
		if !hasName(d, r.CausedBy) || !d.Production || !d.Reached() {
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

func hasName(d *plimsoll.Deployment, name string) bool {
	return d.CommitSHA == name || d.Version == name || d.URL == name && IsAddress(name)
}

// IsAddress reports whether a stated cause is the address of a deployment. Such
// a deployment is looked for among the candidates in reach.
func IsAddress(cause string) bool { return strings.Contains(cause, "://") }
