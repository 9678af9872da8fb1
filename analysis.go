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

// Over lays the stated fields of later over a.
func (a AnalysisReport) Over(later AnalysisReport) AnalysisReport {
	set(&a.ID, later.ID)
	set(&a.Service, later.Service)
	set(&a.Environment, later.Environment)
	set(&a.Phase, later.Phase)
	set(&a.Deployment, later.Deployment)
	set(&a.Version, later.Version)
	set(&a.Name, later.Name)
	set(&a.StartedAt, later.StartedAt)
	set(&a.FinishedAt, later.FinishedAt)
	if later.Metrics != nil {
		a.Metrics = later.Metrics
	}
	a.Labels = overLabels(a.Labels, later.Labels)
	return a
}

// StageOf is the stage of a report, for Stamped: of two with one time the one
// that speaks of the end wins.
func (a AnalysisReport) StageOf() int {
	if a.Phase == "running" {
		return 0
	}
	return 1
}

// EndedAt is the time an analysis counts at: its finish, else its start.
func (a AnalysisReport) EndedAt() Time { return a.FinishedAt.Or(a.StartedAt) }

// BegunAt is its start, else its finish.
func (a AnalysisReport) BegunAt() Time { return a.StartedAt.Or(a.FinishedAt) }

// Analysis is the fact: one analysis run, and the deployment that it judged.
type Analysis struct {
	AnalysisReport
	Of         string `json:"of,omitempty"` // id of that deployment, "" when none is known
	Production bool   `json:"production"`   // its environment belongs to the production class
	Team       string `json:"team,omitempty"`
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
