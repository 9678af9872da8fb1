package plimsoll

// IncidentReport is what one event says of an incident. Missing stamps stay
// missing; nothing is invented.
type IncidentReport struct {
	ID             string            `json:"id"`
	Services       []string          `json:"services,omitempty"`
	Environment    string            `json:"environment,omitempty"`
	Severity       string            `json:"severity,omitempty"`
	StartedAt      Time              `json:"started_at,omitzero"` // of the impact
	DetectedAt     Time              `json:"detected_at,omitzero"`
	AcknowledgedAt Time              `json:"acknowledged_at,omitzero"`
	DiagnosedAt    Time              `json:"diagnosed_at,omitzero"`
	MitigatedAt    Time              `json:"mitigated_at,omitzero"`
	ResolvedAt     Time              `json:"resolved_at,omitzero"`
	CausedBy       string            `json:"caused_by,omitempty"` // deployment id, sha, version or address
	Title          string            `json:"title,omitempty"`
	URL            string            `json:"url,omitempty"`
	Labels         map[string]string `json:"labels,omitempty"`
}

// BegunAt is the start of the impact, else the detection.
func (r IncidentReport) BegunAt() Time {
	return r.StartedAt.Or(r.DetectedAt, r.AcknowledgedAt, r.DiagnosedAt, r.MitigatedAt, r.ResolvedAt)
}

// Over lays the stated fields of later over r.
func (r IncidentReport) Over(later IncidentReport) IncidentReport {
	set(&r.ID, later.ID)
	set(&r.Environment, later.Environment)
	set(&r.Severity, later.Severity)
	set(&r.StartedAt, later.StartedAt)
	set(&r.DetectedAt, later.DetectedAt)
	set(&r.AcknowledgedAt, later.AcknowledgedAt)
	set(&r.DiagnosedAt, later.DiagnosedAt)
	set(&r.MitigatedAt, later.MitigatedAt)
	set(&r.ResolvedAt, later.ResolvedAt)
	set(&r.CausedBy, later.CausedBy)
	set(&r.Title, later.Title)
	set(&r.URL, later.URL)
	if later.Services != nil {
		r.Services = later.Services
	}
	r.Labels = overLabels(r.Labels, later.Labels)
	return r
}

// Incident is the fact: a report of an incident and which deployment it is
// held against.
type Incident struct {
	IncidentReport
	Production   bool        `json:"production"`
	AttributedTo string      `json:"attributed_to,omitempty"` // deployment id
	CauseService string      `json:"cause_service,omitempty"` // service of that deployment
	RestoredAt   Time        `json:"restored_at,omitzero"`    // what the settings take for its end; unknown while open
	Candidates   []Candidate `json:"candidates,omitempty"`    // the likeliest first

	// NoneProbability is how likely none of the candidates caused it; nil when
	// nobody can say: no service, no time, or a stated cause that is unknown.
	NoneProbability *float64 `json:"none_probability,omitempty"`
}

// The kinds of candidate.
const (
	CandidateDeployment = "deployment"
	CandidateFlag       = "flag"
)

// Candidate is a deployment, or a change of a flag, that may have caused an
// incident.
type Candidate struct {
	Kind        string   `json:"kind"`
	Deployment  string   `json:"deployment"`     // "" for a flag
	Flag        string   `json:"flag,omitempty"` // id of the change of a flag
	Service     string   `json:"service"`
	Probability float64  `json:"probability"` // 0..1; with none_probability they add to at most 1
	Reasons     []string `json:"reasons"`
	Evidence    string   `json:"evidence,omitempty"` // id of the evidence that this pair gives
	Named       bool     `json:"named,omitempty"`    // stated as the cause
}

// Failure is the fact that a service was impaired by its deployments, from the
// failure to the restoration. Consecutive failed deployments share one.
type Failure struct {
	ID          string   `json:"id"` // of the first failed deployment
	Service     string   `json:"service"`
	Team        string   `json:"team,omitempty"`
	Deployments []string `json:"deployments"`
	Incidents   []string `json:"incidents,omitempty"`
	FailedAt    Time     `json:"failed_at"`
	RestoredAt  Time     `json:"restored_at,omitzero"` // unknown while open
	Severity    string   `json:"severity,omitempty"`

	// The stages of the restoration. What nobody stated stays unknown.
	DetectedAt  Time   `json:"detected_at,omitzero"`    // earliest detection by its incidents
	DiagnosedAt Time   `json:"diagnosed_at,omitzero"`   // earliest diagnosis, else acknowledgement
	Fix         string `json:"fix,omitempty"`           // deployment that repaired it
	FixBegunAt  Time   `json:"fix_started_at,omitzero"` // of that deployment, if it states one
	FixEndedAt  Time   `json:"fix_finished_at,omitzero"`
	ResolvedAt  Time   `json:"resolved_at,omitzero"` // by its incidents, all of them
}
