package plimsoll

import "time"

// Result says how a deployment ended.
type Result string

// The results of a deployment; see definitions, section 1.
const (
	ResultRunning    Result = "running"
	ResultSuccess    Result = "success"
	ResultFailure    Result = "failure"     // the roll-out itself did not complete, after production was touched
	ResultRolledBack Result = "rolled_back" // completed, then taken back
	ResultAborted    Result = "aborted"     // stopped by canary analysis or an operator; traffic went back
	ResultSuperseded Result = "superseded"  // replaced by a newer one before it completed
	ResultCanceled   Result = "canceled"    // never touched production
)

// Results lists every result, in the order in which a deployment can pass
// through them: of two reports with the same time the later stage wins.
var Results = []Result{ResultRunning, ResultCanceled, ResultSuperseded, ResultSuccess, ResultFailure, ResultAborted, ResultRolledBack}

func (r Result) stage() int {
	for i, x := range Results {
		if x == r {
			return i + 1
		}
	}
	return 0
}

// Kind says what sort of deployment it was.
type Kind string

// The kinds of deployment; see definitions, section 1.
const (
	KindInitial  Kind = "initial"  // the first one seen of a service in an environment
	KindChange   Kind = "change"   // brings new commits
	KindRollback Kind = "rollback" // goes back to what ran here before
	KindRedeploy Kind = "redeploy" // the same version and commit as what runs
	KindHotfix   Kind = "hotfix"   // repairs a deployment before it
	KindConfig   Kind = "config"   // no new commit, different specification
)

// Kinds lists every kind.
var Kinds = []Kind{KindInitial, KindChange, KindRollback, KindRedeploy, KindHotfix, KindConfig}

// Strategies lists every way of rolling out.
var Strategies = []string{"direct", "rolling", "canary", "blue_green"}

// DeploymentReport is what one event says of a deployment. Empty fields are
// not stated, and say nothing.
type DeploymentReport struct {
	ID            string            `json:"id"`
	Service       string            `json:"service,omitempty"`
	Environment   string            `json:"environment,omitempty"`
	Version       string            `json:"version,omitempty"`
	CommitSHA     string            `json:"commit_sha,omitempty"`
	Repository    string            `json:"repository,omitempty"`
	CommitAt      Time              `json:"commit_timestamp,omitzero"`
	StartedAt     Time              `json:"started_at,omitzero"`
	FinishedAt    Time              `json:"finished_at,omitzero"`
	Result        Result            `json:"result,omitempty"`
	Kind          Kind              `json:"kind,omitempty"`
	Strategy      string            `json:"strategy,omitempty"`
	Planned       *bool             `json:"planned,omitempty"`     // of a roll-back: it was a rehearsal
	RollbackOf    string            `json:"rollback_of,omitempty"` // id of the deployment it takes back
	Fixes         string            `json:"fixes,omitempty"`       // id of the incident it repairs
	ChangeClass   string            `json:"change_class,omitempty"`
	GroupID       string            `json:"group_id,omitempty"` // joins the regions of one release
	ReadyAt       Time              `json:"ready_at,omitzero"`  // staging only: fit for promotion
	FullRolloutAt Time              `json:"full_rollout_at,omitzero"`
	Waited        *float64          `json:"waited_seconds,omitempty"` // pauses and approvals within the roll-out
	Deployer      string            `json:"deployer,omitempty"`       // a reference into an erasable table, never a name
	Team          string            `json:"team,omitempty"`
	URL           string            `json:"url,omitempty"`
	PreviousSHA   string            `json:"previous_sha,omitempty"`
	Changes       []string          `json:"changes,omitempty"` // shas it brought, when the sender knows them
	Labels        map[string]string `json:"labels,omitempty"`

	// Undo marks the seed's form of a roll-back: a report that the named
	// version was taken back at FinishedAt. It is the outcome of that
	// deployment, not one of its own.
	Undo bool `json:"undo,omitempty"`
}

// Over lays the stated fields of later over r.
func (r DeploymentReport) Over(later DeploymentReport) DeploymentReport {
	set(&r.ID, later.ID)
	set(&r.Service, later.Service)
	set(&r.Environment, later.Environment)
	set(&r.Version, later.Version)
	set(&r.CommitSHA, later.CommitSHA)
	set(&r.Repository, later.Repository)
	set(&r.CommitAt, later.CommitAt)
	set(&r.StartedAt, later.StartedAt)
	set(&r.FinishedAt, later.FinishedAt)
	set(&r.Result, later.Result)
	set(&r.Kind, later.Kind)
	set(&r.Strategy, later.Strategy)
	set(&r.Planned, later.Planned)
	set(&r.RollbackOf, later.RollbackOf)
	set(&r.Fixes, later.Fixes)
	set(&r.ChangeClass, later.ChangeClass)
	set(&r.GroupID, later.GroupID)
	set(&r.ReadyAt, later.ReadyAt)
	set(&r.FullRolloutAt, later.FullRolloutAt)
	set(&r.Waited, later.Waited)
	set(&r.Deployer, later.Deployer)
	set(&r.Team, later.Team)
	set(&r.URL, later.URL)
	set(&r.PreviousSHA, later.PreviousSHA)
	set(&r.Undo, later.Undo)
	if later.Changes != nil {
		r.Changes = later.Changes
	}
	r.Labels = overLabels(r.Labels, later.Labels)
	return r
}

// set overwrites *old when new states something.
func set[T comparable](old *T, new T) {
	var none T
	if new != none {
		*old = new
	}
}

// overLabels returns old with the labels of new on top; neither is changed.
func overLabels(old, new map[string]string) map[string]string {
	if len(new) == 0 {
		return old
	}
	out := make(map[string]string, len(old)+len(new))
	for k, v := range old {
		out[k] = v
	}
	for k, v := range new {
		out[k] = v
	}
	return out
}

// Deployment is the fact: one roll-out of one version of one service into one
// environment, as everything known adds up to it. The embedded report holds
// what was stated; the rest is derived.
type Deployment struct {
	DeploymentReport

	Sources    []string `json:"sources,omitempty"` // tools that reported it, sorted
	Aliases    []string `json:"aliases,omitempty"` // other ids under which it was reported, sorted
	Production bool     `json:"production"`        // its environment belongs to the production class
	Counted    bool     `json:"counted"`           // counts for deployment frequency
	Judged     bool     `json:"judged"`            // counts in the denominator of the change failure rate
	Previous   string   `json:"previous,omitempty"`
	Coverage   Coverage `json:"coverage,omitempty"` // how it is known which changes it contains

	ResultAt     Time   `json:"result_at,omitzero"`      // when the result was reported to hold
	RolledBackAt Time   `json:"rolled_back_at,omitzero"` // when it was taken back, if that is known
	RolledBackBy string `json:"rolled_back_by,omitempty"`
	Contains     int    `json:"contains"` // non-merge commits it contains
	Brought      int    `json:"brought"`  // changes delivered by it
	OldestAt     Time   `json:"oldest_at,omitzero"`

	// Verdict is the worst one on any of its indicators, "" if there is none.
	Verdict Verdict `json:"verdict,omitempty"`
}

// Coverage says how the contents of a deployment are known.
type Coverage string

// The kinds of coverage.
const (
	CoverageGraph    Coverage = "graph"     // from the commit graph
	CoverageStated   Coverage = "stated"    // the sender listed them
	CoverageHeadOnly Coverage = "head_only" // only the deployed commit is known
	CoverageFirst    Coverage = "first"     // the first deployment: an unknown set by definition
	CoverageNone     Coverage = "unknown"
)

// EndedAt is the time a deployment counts at: its finish, else its start.
func (r DeploymentReport) EndedAt() Time { return r.FinishedAt.Or(r.StartedAt) }

// BegunAt is its start, else its finish.
func (r DeploymentReport) BegunAt() Time { return r.StartedAt.Or(r.FinishedAt) }

// Outcome is the stated result; not stated it is success when the deployment
// has finished and running otherwise. Of one that was said to be running, and
// later to have finished, the latter is the news.
func (r DeploymentReport) Outcome() Result {
	switch {
	case r.Result != "" && r.Result != ResultRunning:
		return r.Result
	case r.FinishedAt.Known():
		return ResultSuccess
	}
	return ResultRunning
}

// Reached reports whether the deployment touched the users of its environment.
// A superseded one did if it ever took all traffic.
func (r DeploymentReport) Reached() bool {
	switch r.Outcome() {
	case ResultSuccess, ResultFailure, ResultRolledBack, ResultAborted:
		return true
	case ResultSuperseded:
		return r.FullRolloutAt.Known()
	}
	return false
}

// Took is how long the roll-out lasted, from its start to its finish; ok is
// false when one of them is not known.
func (r DeploymentReport) Took() (d time.Duration, ok bool) {
	if !r.StartedAt.Known() || !r.FinishedAt.Known() || r.StartedAt > r.FinishedAt {
		return 0, false
	}
	return r.FinishedAt.Sub(r.StartedAt), true
}

// Stood is how much of the roll-out went into pauses and approvals; ok is false
// when nobody said so, or said more than it took.
func (r DeploymentReport) Stood() (d time.Duration, ok bool) {
	took, timed := r.Took()
	if r.Waited == nil || !timed {
		return 0, false
	}
	d = time.Duration(*r.Waited * float64(time.Second)).Round(time.Microsecond)
	return d, d >= 0 && d <= took
}

// ToFull is how long a roll-out in steps that succeeded took to all traffic:
// from its start to the stated time, else to the finish of a canary or
// blue-green roll-out, which ends with it. Other strategies have no step of
// their own to wait for, and only a stated time. (definitions 2.9)
func (r DeploymentReport) ToFull() (d time.Duration, ok bool) {
	full := r.FullRolloutAt
	if !full.Known() && (r.Strategy == "canary" || r.Strategy == "blue_green") {
		full = r.FinishedAt
	}
	if r.Outcome() != ResultSuccess || !r.StartedAt.Known() || full < r.StartedAt {
		return 0, false
	}
	return full.Sub(r.StartedAt), true
}

// IsPlanned reports whether it is labelled as a rehearsal.
func (r DeploymentReport) IsPlanned() bool { return r.Planned != nil && *r.Planned }

// LabelUserEffect is the label that says whether users can notice a change of
// configuration: the value none says that they cannot.
const LabelUserEffect = "user_effect"

// Harmless reports whether it is a change of configuration without effect on
// users, by its label or by its verdict. (definitions 3.7)
func (d *Deployment) Harmless() bool {
	return d.Kind == KindConfig && (d.Labels[LabelUserEffect] == "none" || d.Verdict == VerdictHarmless)
}

// SameBuild reports whether two deployments roll out the same thing: the same
// commit, or the same version where a commit is missing. Unknown never equals
// unknown.
func (r DeploymentReport) SameBuild(o DeploymentReport) bool {
	if r.CommitSHA != "" && o.CommitSHA != "" {
		return r.CommitSHA == o.CommitSHA
	}
	return r.Version != "" && r.Version == o.Version
}
