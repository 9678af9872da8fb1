package ui

import (
	"io"
	"strings"
	"time"
)

// ChangeRow is one commit that a deployment brought.
type ChangeRow struct {
	SHA string
	// Subject is the first line of its message; it may be empty.
	Subject string
	// Href leads to the commit, PullRequestHref to the pull request; only http(s) addresses become links.
	Href, PullRequest, PullRequestHref string
	AuthoredAt                         time.Time
	// LeadTime in seconds, authored to delivered; nil where it is not known or not delivered.
	LeadTime *float64
	// Bot marks changes of automatic authors.
	Bot bool
}

// EvidenceRow is one reason to think that a deployment failed.
type EvidenceRow struct {
	// Name is rollback, hotfix, incident, canary, rollout or impact.
	Name   string
	Source string
	At     time.Time
	// Confidence is 0..1; nil where the source gives none.
	Confidence *float64
	// State is "accepted", "suspected", "confirmed" or "rejected".
	State  string
	Reason string
	// Href leads to the incident or deployment it comes from.
	Href string
}

// Link is an address with its words; only rooted and http(s) addresses are shown.
type Link struct{ Word, Href string }

// DeploymentPage is "/deployments/{id}": safe, or roll back?
type DeploymentPage struct {
	Layout
	Deployment DeploymentRow
	Verdict    Verdict
	// Facts are commit, source, duration, deployer and the like.
	Facts []Fact
	// Changes it brought. ChangesKnown false means that nobody can tell, which is not the same as none.
	Changes      []ChangeRow
	ChangesKnown bool
	// ChangesTotal is the full number where Changes was cut; 0 means Changes is all.
	ChangesTotal int
	Evidence     []EvidenceRow
	// Previous is what ran before; nil for the first deployment of a record.
	Previous, Next *DeploymentRow
	Links          []Link
}

// Render writes the page, or nothing and an error.
func (p DeploymentPage) Render(w io.Writer) error { return render(w, "deployment", p) }

// Hidden is the number of changes that the list leaves out.
func (p DeploymentPage) Hidden() int { return max(0, p.ChangesTotal-len(p.Changes)) }

// Cause is a deployment that is held responsible for an incident.
type Cause struct {
	Deployment DeploymentRow
	// Probability is 0..1; nil means the incident itself names the deployment.
	Probability *float64
}

// IncidentRow is one incident. Durations are in seconds and nil where a stamp is missing.
type IncidentRow struct {
	ID, Title, Severity string
	Services            []string
	StartedAt           time.Time
	// Open incidents have no end yet; Restore is then their age.
	Open            bool
	Detect, Restore *float64
	Cause           *Cause
	Href            string
	// Source is the system that reported it.
	Source string
}

// IncidentsPage is "/incidents": how fast do we recover?
type IncidentsPage struct {
	Layout
	Verdict Verdict
	// Tiles are usually failure rate and time to restore.
	Tiles []Figure
	Rows  []IncidentRow
	Pager Pager
	Steps []Step
	// NoSource says that nothing is set up to report incidents; an empty list then means nothing.
	NoSource bool
}

// Render writes the page, or nothing and an error.
func (p IncidentsPage) Render(w io.Writer) error { return render(w, "incidents", p) }

// ShownLinks leaves out what is no address of the web or of this server.
func (p DeploymentPage) ShownLinks() []Link {
	var out []Link
	for _, l := range p.Links {
		if webHref(l.Href) != "" || strings.HasPrefix(l.Href, "/") && !strings.HasPrefix(l.Href, "//") {
			out = append(out, l)
		}
	}
	return out
}
