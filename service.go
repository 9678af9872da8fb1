package plimsoll

import (
	"regexp"
	"strings"
	"time"
)

// ServiceReport is a catalogue entry.
type ServiceReport struct {
	Name            string            `json:"name"`
	Team            string            `json:"team,omitempty"`
	Tier            string            `json:"tier,omitempty"`
	Repository      string            `json:"repository,omitempty"`
	Paths           []string          `json:"paths,omitempty"` // of a monorepo: only commits below these are its changes
	DependsOn       []string          `json:"depends_on,omitempty"`
	Slack           string            `json:"slack,omitempty"`
	RunbookURL      string            `json:"runbook_url,omitempty"`
	RollbackCommand string            `json:"rollback_command,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
}

// Over lays the stated fields of later over s.
func (s ServiceReport) Over(later ServiceReport) ServiceReport {
	set(&s.Name, later.Name)
	set(&s.Team, later.Team)
	set(&s.Tier, later.Tier)
	set(&s.Repository, later.Repository)
	set(&s.Slack, later.Slack)
	set(&s.RunbookURL, later.RunbookURL)
	set(&s.RollbackCommand, later.RollbackCommand)
	if later.Paths != nil {
		s.Paths = later.Paths
	}
	if later.DependsOn != nil {
		s.DependsOn = later.DependsOn
	}
	s.Labels = overLabels(s.Labels, later.Labels)
	return s
}

// Owns reports whether a commit that touched paths is a change of the service.
// A service without paths owns every commit of its repository, and a commit
// whose paths are not known belongs to everyone.
func (s ServiceReport) Owns(paths []string) bool {
	if len(s.Paths) == 0 || len(paths) == 0 {
		return true
	}
	for _, p := range paths {
		for _, own := range s.Paths {
			own = strings.TrimSuffix(own, "/")
			if p == own || strings.HasPrefix(p, own+"/") || own == "." {
				return true
			}
		}
	}
	return false
}

// Settings are the parts of the configuration that change facts. They reach
// the fold only through the log.
type Settings struct {
	Production     []string `json:"production_environments,omitempty"` // names, or prefixes ending in *
	HotfixHours    float64  `json:"hotfix_hours,omitempty"`
	HotfixBranch   string   `json:"hotfix_branch,omitempty"` // regular expression
	AttributeHours float64  `json:"attribution_hours,omitempty"`
	TakenBackHours float64  `json:"taken_back_hours,omitempty"`

	AcceptProbability float64 `json:"accept_probability,omitempty"` // from which an attribution counts
	RestoredAt        string  `json:"restored_at,omitempty"`        // resolved or mitigated: what ends an incident's failure
	AcceptImpact      *bool   `json:"accept_impact,omitempty"`      // a harmful verdict counts without a person's word
}

// DefaultSettings hold until a configuration event says otherwise. An incident
// without a named cause may go back two days to the last deployment of its
// service: what breaks on a Saturday was often shipped on Friday morning.
func DefaultSettings() Settings {
	return Settings{
		Production:     []string{"production", "production-*", "prod", "prod-*", "prd", "prd-*", "live"},
		HotfixHours:    24,
		HotfixBranch:   `^hotfix[/-]`,
		AttributeHours: 48,
		TakenBackHours: 24,

		AcceptProbability: 0.5,
		RestoredAt:        RestoredResolved,
	}
}

// Over lays the stated fields of later over s.
func (s Settings) Over(later Settings) Settings {
	if later.Production != nil {
		s.Production = later.Production
	}
	set(&s.HotfixHours, later.HotfixHours)
	set(&s.HotfixBranch, later.HotfixBranch)
	set(&s.AttributeHours, later.AttributeHours)
	set(&s.TakenBackHours, later.TakenBackHours)
	set(&s.AcceptProbability, later.AcceptProbability)
	set(&s.AcceptImpact, later.AcceptImpact)
	set(&s.RestoredAt, later.RestoredAt)
	return s
}

// InProduction reports whether an environment name belongs to the production
// class. Letter case does not matter.
func (s Settings) InProduction(environment string) bool {
	environment = strings.ToLower(environment)
	for _, p := range s.Production {
		p = strings.ToLower(p)
		if prefix, ok := strings.CutSuffix(p, "*"); ok && strings.HasPrefix(environment, prefix) || environment == p {
			return true
		}
	}
	return false
}

// HotfixLimit is how long after a deployment a hotfix may still be held
// against it.
func (s Settings) HotfixLimit() time.Duration { return hours(s.HotfixHours) }

// AttributeLimit is how far back an incident looks for the deployment that
// caused it.
func (s Settings) AttributeLimit() time.Duration { return hours(s.AttributeHours) }

// TakenBackLimit is how soon a deployment must be taken back for its changes
// to count as not delivered.
func (s Settings) TakenBackLimit() time.Duration { return hours(s.TakenBackHours) }

// What may end the failure that an incident shows.
const (
	RestoredResolved  = "resolved"
	RestoredMitigated = "mitigated" // the users are relieved, though the cause may still be there
)

// RestoredOf is when the failure of an incident ended, unknown while it lasts.
// An incident without a mitigation ends with its resolution.
func (s Settings) RestoredOf(r IncidentReport) Time {
	if s.RestoredAt == RestoredMitigated {
		return r.MitigatedAt.Or(r.ResolvedAt)
	}
	return r.ResolvedAt
}

// ImpactCounts reports whether a harmful verdict fails its deployment before a
// person confirmed it.
func (s Settings) ImpactCounts() bool { return s.AcceptImpact != nil && *s.AcceptImpact }

func hours(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }

// HotfixPattern compiles the branch pattern. A pattern that does not compile
// was refused at the door; should one stand in the log all the same, no branch
// matches it.
func (s Settings) HotfixPattern() *regexp.Regexp {
	if re, err := regexp.Compile(s.HotfixBranch); err == nil {
		return re
	}
	return regexp.MustCompile(`a^`)
}
