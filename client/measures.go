package client

import (
	"context"
	"net/url"

	"github.com/plimsoll-dev/plimsoll"
)

// Measures are the measures of one scope over one window. Durations are in
// seconds, ratios from 0 to 1, and nil where nothing is known.
type Measures struct {
	Scope               string        `json:"scope"`
	Environment         string        `json:"environment"`
	From                plimsoll.Time `json:"from"`
	To                  plimsoll.Time `json:"to"`
	Zone                string        `json:"zone"`
	Position            int64         `json:"position"`
	AsOf                plimsoll.Time `json:"as_of"`          // unknown when what is known now was asked
	KnownUpTo           plimsoll.Time `json:"known_up_to"`    // when the last event that the answer includes was received
	Missing             int64         `json:"missing_events"` // received by as_of and not included
	Notes               []string      `json:"notes"`          // what a reader must know of the question
	Benchmark           string        `json:"benchmark"`
	DeploymentFrequency struct {
		PerDay      *float64    `json:"per_day"`
		Deployments int         `json:"deployments"`
		Successful  int         `json:"successful"`
		Redeploys   int         `json:"redeploys"`
		Canceled    int         `json:"canceled"`
		Releases    int         `json:"releases"` // the regions of one release are one
		Days        float64     `json:"days"`
		CI          *[2]float64 `json:"ci"`
		Band        *string     `json:"band"`
	} `json:"deployment_frequency"`
	LeadTime struct {
		Durations
		PullRequest Durations `json:"pull_request"`
		Oldest      Durations `json:"oldest"`
		Stages      []Stage   `json:"stages"`
	} `json:"lead_time"`
	ChangeFailureRate struct {
		Ratio       *float64       `json:"ratio"`
		Failed      int            `json:"failed"`
		Counted     int            `json:"counted"`
		CI          *[2]float64    `json:"ci"`
		Provisional bool           `json:"provisional"`
		ByEvidence  map[string]int `json:"by_evidence"`
		Band        *string        `json:"band"`
	} `json:"change_failure_rate"`
	TimeToRestore struct {
		Durations
		AllIncidents Durations `json:"all_incidents"`
		Stages       []Stage   `json:"stages"` // from detect to recover; of the failures of the window
	} `json:"time_to_restore"`
	ReworkRate     Share       `json:"rework_rate"`
	Rollback       Share       `json:"rollback_rate"`
	CanaryPassRate CanaryPass  `json:"canary_pass_rate"`
	Duration       Rollout     `json:"deployment_duration"`
	FullRollout    Rollout     `json:"time_to_full_rollout"`
	DataQuality    DataQuality `json:"data_quality"`
}

// CanaryPass is how often an analysis let a canary pass.
type CanaryPass struct {
	Ratio        *float64    `json:"ratio"`
	Passed       int         `json:"passed"`
	Failed       int         `json:"failed"` // errors among them
	Errors       int         `json:"errors"`
	Inconclusive int         `json:"inconclusive"` // beside
	Running      int         `json:"running"`      // beside
	N            int         `json:"n"`
	CI           *[2]float64 `json:"ci"`
}

// Rollout is how long deployments take, or need to all traffic.
type Rollout struct {
	N          int         `json:"n"`
	P50        *float64    `json:"p50"`
	P90        *float64    `json:"p90"` // of the time to all traffic
	P95        *float64    `json:"p95"` // of the duration
	CI         *[2]float64 `json:"ci"`
	WaitingN   int         `json:"waiting_n"`   // those that say how long they stood still
	WaitingP50 *float64    `json:"waiting_p50"` // pauses and approvals
	ActiveP50  *float64    `json:"active_p50"`  // the rest of the same deployments
	Coverage   *float64    `json:"coverage"`
}

// Durations are times of several things of one kind.
type Durations struct {
	N    int         `json:"n"`
	P50  *float64    `json:"p50"`
	P90  *float64    `json:"p90"`
	Mean *float64    `json:"mean"`
	CI   *[2]float64 `json:"ci"`
	Open int         `json:"open"`
	Band *string     `json:"band"`
}

// Stage is one stage of lead time, from coding to deploy, or of a restoration.
type Stage struct {
	Name          string      `json:"name"`
	N             int         `json:"n"`
	P50           *float64    `json:"p50"`
	CI            *[2]float64 `json:"ci"`
	P90           *float64    `json:"p90"`
	Share         *float64    `json:"share"`           // of the lead time of all changes
	HoursPerMonth *float64    `json:"hours_per_month"` // of all changes together
	Coverage      *float64    `json:"coverage"`        // share of the changes of which both ends are known
	Negative      int         `json:"negative"`        // ended before they began; left out
}

// Share is a ratio with its parts.
type Share struct {
	Ratio   *float64    `json:"ratio"`
	N       int         `json:"n"`
	Counted int         `json:"counted"`
	CI      *[2]float64 `json:"ci"`
}

// DataQuality says how complete the facts under the measures are.
type DataQuality struct {
	Deployments      int `json:"deployments"`
	WithCommit       int `json:"with_commit"`
	WithKnownChanges int `json:"with_known_changes"`
	WithStart        int `json:"with_start"`

	Incidents   int `json:"incidents"`
	WithService int `json:"with_service"`

	Stamps map[string]int `json:"stamps"` // how many changes have each stamp; under changes, how many there are
	Shares struct {
		WithCommit       *float64            `json:"with_commit"`
		WithKnownChanges *float64            `json:"with_known_changes"`
		WithStart        *float64            `json:"with_start"`
		WithService      *float64            `json:"with_service"`
		Stamps           map[string]*float64 `json:"stamps"`
	} `json:"shares"`
}

// Measures asks for every measure; params are those of the API.
func (c *Client) Measures(ctx context.Context, params url.Values) (Measures, error) {
	var m Measures
	return m, c.Get(ctx, "/api/v1/measures", params, &m)
}
