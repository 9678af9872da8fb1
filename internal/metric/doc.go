// Package metric is the arithmetic of every measure: facts of a period go in, figures with their
// intervals come out. It refuses to fetch, to store, to look at a clock and to guess: what was not
// observed is nil, never zero.
//
// Every function is pure and gives the same answer for the same facts in any order. Points in time
// are microseconds UTC; days, ISO weeks and months are cut in the zone of the [Period]; durations are
// seconds in results; ratios run from 0 to 1. Which deployments count, which failed and when a change
// was delivered is decided before the facts arrive here.
//
// How much is enough is the same everywhere. A value is computed from the first observation on;
// fewer than [MinShown] observations set too_few, and pages then show the facts instead of the value;
// a performance band needs [MinBand], and for deployment frequency [MinBandDays] days of record.
package metric

// How many observations a value needs.
const (
	MinShown    = 5  // below this a value is marked too_few
	MinBand     = 10 // from this on a value has a performance band
	MinBandDays = 30 // days of record from which a deployment frequency has a band
)

// Measure names a figure as the API does.
type Measure string

// The measures of this package.
const (
	DeploymentFrequency Measure = "deployment_frequency"
	LeadTime            Measure = "lead_time"
	ChangeFailureRate   Measure = "change_failure_rate"
	TimeToRestore       Measure = "time_to_restore"
	ReworkRate          Measure = "rework_rate"
	RollbackRate        Measure = "rollback_rate"
	CanaryPassRate      Measure = "canary_pass_rate"
	DeploymentDuration  Measure = "deployment_duration"
	TimeToFullRollout   Measure = "time_to_full_rollout"
)

// Measures lists the measures that can be compared, explained and aimed at, in the order in which they
// are shown.
var Measures = []Measure{DeploymentFrequency, LeadTime, ChangeFailureRate, TimeToRestore, ReworkRate, RollbackRate}
