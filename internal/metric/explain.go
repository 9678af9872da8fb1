package metric

import (
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Role is the part that a fact plays in a number.
type Role string

// The roles. The first three count, the others do not.
const (
	RoleNumerator   Role = "numerator"   // in both parts of a ratio; of a frequency, what is counted
	RoleDenominator Role = "denominator" // in the lower part of a ratio alone
	RoleSample      Role = "sample"      // one of the values that a quantile is taken of
	RoleOpen        Role = "open"        // begun and not finished: shown beside
	RoleExcluded    Role = "excluded"
)

// Roles lists every role.
var Roles = []Role{RoleNumerator, RoleDenominator, RoleSample, RoleOpen, RoleExcluded}

// Counted reports whether a fact of that role is part of the number.
func (r Role) Counted() bool {
	return r == RoleNumerator || r == RoleDenominator || r == RoleSample
}

// Standing says how one fact stands to one number. The zero Standing is that of a fact the number has
// nothing to do with: it is not listed.
type Standing struct {
	Reason Reason
	Timed  bool  // Span is known
	Span   int64 // how long it took, in microseconds; of a fact that takes time

	// End is when that was over, where the times of the fact itself do not say it: of a stage or a roll-out.
	End plimsoll.Time
}

// Facts are the facts of one question, which its numbers must add up from.
type Facts struct {
	Deployments  []Deployment
	Changes      []Lead
	PullRequests []Lead
	Caused       []Restore
	Incidents    []Restore
	Analyses     []Analysis
	Ways         []Way
	Restorations []Restoration
}

// Answers are what the functions of the measures said of one question.
type Answers struct {
	Frequency Frequency
	LeadTime  LeadTimes
	Failure   FailureRate
	Restore   RestoreTimes
	Rework    Rework
	Rollbacks Rollbacks

	// The stages stand in LeadTime and Restore.
	Canary      CanaryPass
	Rollouts    RolloutTimes
	FullRollout FullRollout
}

// Case is one question, against which each fact is held.
type Case struct {
	Period
	First  plimsoll.Time   // first counted deployment of the scope; 0: none
	seen   plimsoll.Window // the window up to now
	record plimsoll.Window // the same, cut to the record
	young  plimsoll.Window // the part of it in which failures may still be learnt of
}

// NewCase prepares a question. First is the first counted deployment of its scope, delay as in
// FailureRateOf.
func NewCase(p Period, first plimsoll.Time, delay time.Duration) *Case {
	return &Case{Period: p, First: first, seen: p.observed(), record: p.Record(first), young: p.Young(delay)}
}

// Observed is the window up to now: what the question can see.
func (c *Case) Observed() plimsoll.Window { return c.seen }

// OnRecord is the observed window from the first day of record on; empty where there is none.
func (c *Case) OnRecord() plimsoll.Window { return c.record }

// Figure is the number that a measure shows, in one form for all of them.
type Figure struct {
	Value       *float64  `json:"value"` // per day, a ratio, or the median in seconds; nil: not known
	CI          *Interval `json:"ci"`
	N           int       `json:"n"` // the denominator of a ratio, the items of a quantile, whole days of record of a frequency
	TooFew      bool      `json:"too_few"`
	Numerator   *float64  `json:"numerator"`      // nil for a quantile
	Denominator *float64  `json:"denominator"`    // deployments, or days; nil for a quantile
	Mean        *float64  `json:"mean,omitempty"` // nil where the measure has none
	Open        int       `json:"open"`
	Negative    int       `json:"negative"`
	Unstamped   int       `json:"unstamped"`
	Provisional bool      `json:"provisional"`
	Grade
}

// Explain counts the facts of a question by how they stand to the measure.
func (x *Explanation) Explain(c *Case, f Facts) *Standings {
	t := &Standings{}
	add := func(s Standing) {
		if s.Reason != 0 {
			t.Add(s)
		}
	}
	if x.Deployment != nil {
		for i := range f.Deployments {
			add(x.StandingOf(c, &f.Deployments[i], true))
		}
	}
	if x.Lead != nil {
		leads := f.Changes
		if x.Basis == string(plimsoll.BasisPullRequest) {
			leads = f.PullRequests
		}
		for i := range leads {
			add(x.Lead(c, &leads[i]))
		}
	}
	if x.Restore != nil {
		list := f.Caused
		if x.Basis == BasisIncident {
			list = f.Incidents
		}
		for i := range list {
			add(x.Restore(c, &list[i]))
		}
	}
	if x.Analysis != nil {
		for i := range f.Analyses {
			add(x.StandingOfAnalysis(c, &f.Analyses[i], true))
		}
	}
	if x.Way != nil {
		for i := range f.Ways {
			add(x.Way(c, &f.Ways[i]))
		}
	}
	if x.Restoration != nil {
		for i := range f.Restorations {
			add(x.Restoration(c, &f.Restorations[i]))
		}
	}
	return t
}

// StandingOf says how a deployment stands to the measure. here says that it is in the environment that
// the question is about.
func (x *Explanation) StandingOf(c *Case, d *Deployment, here bool) Standing {
	switch {
	case x.Deployment == nil || d.EndedAt < c.From:
		return Standing{}
	case d.EndedAt < c.seen.To && here:
		return x.Deployment(c, d)
	case x.Beside:
		return Standing{}
	case d.EndedAt < c.To && !here:
		return Standing{Reason: OtherEnvironment}
	case d.EndedAt < c.To:
		return Standing{Reason: NotYet}
	case here && d.StartedAt >= c.From && d.StartedAt < c.To:
		return Standing{Reason: EndedAfter}
	}
	return Standing{}
}
