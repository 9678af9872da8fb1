package plimsoll

import "encoding/json"

// AnalysisPhases lists the phases of an analysis run.
var AnalysisPhases = []string{"running", "successful", "failed", "error", "inconclusive"}

// AnalysisReport is what one event says of the analysis of a canary.
type AnalysisReport struct {
	ID          string            `json:"id"`
	Service     string            `json:"service"`
	Environment string            `json:"environment"`
	Phase       string            `json:"phase"`
	Deployment  string            `json:"deployment,omitempty"`
	Version     string            `json:"version,omitempty"`
	Name        string            `json:"name,omitempty"`
	StartedAt   Time              `json:"started_at,omitzero"`
	FinishedAt  Time              `json:"finished_at,omitzero"`
	Metrics     json.RawMessage   `json:"metrics,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
}

// FlagReport is what one event says of a change of a feature flag: a candidate
// cause and a marker, not a deployment.
type FlagReport struct {
	ID          string            `json:"id"`
	Key         string            `json:"key"`
	Environment string            `json:"environment"`
	Services    []string          `json:"services,omitempty"`
	At          Time              `json:"at,omitzero"`
	From        string            `json:"from,omitempty"`
	To          string            `json:"to,omitempty"`
	Fixes       string            `json:"fixes,omitempty"` // incident id: a kill switch
	URL         string            `json:"url,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
}

// Over lays the stated fields of later over f.
func (f FlagReport) Over(later FlagReport) FlagReport {
	set(&f.ID, later.ID)
	set(&f.Key, later.Key)
	set(&f.Environment, later.Environment)
	set(&f.At, later.At)
	set(&f.From, later.From)
	set(&f.To, later.To)
	set(&f.Fixes, later.Fixes)
	set(&f.URL, later.URL)
	if later.Services != nil {
		f.Services = later.Services
	}
	f.Labels = overLabels(f.Labels, later.Labels)
	return f
}
