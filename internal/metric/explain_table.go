package metric

import (
	"github.com/plimsoll-dev/plimsoll"
)

// Explanation says of one measure, on one basis, what its number means, and how each fact stands to it.
// A measure is added with one entry of the table: the words, the figure out of the measure's own
// function, and one function that says of a fact what it is to the number.
type Explanation struct {
	Measure                Measure
	Basis                  string // "" for a measure that has one basis
	Title, Formula         string
	Unit                   string // per_day, ratio or s
	Field                  string // where the value stands in an answer of measures
	Numerator, Denominator string // in words; "" for a quantile
	Clauses                []string

	// Figure takes the number out of what the measure's own function answered, and names that answer.
	Figure func(*Case, Answers) (Figure, any)

	// How a fact of each kind stands to the number; nil where the measure has nothing to do with them.
	Deployment  func(*Case, *Deployment) Standing
	Lead        func(*Case, *Lead) Standing
	Restore     func(*Case, *Restore) Standing
	Analysis    func(*Case, *Analysis) Standing
	Way         func(*Case, *Way) Standing         // of a delivered change with its stamps
	Restoration func(*Case, *Restoration) Standing // of a failure with its stamps

	Beside   bool // deployments are listed for what they fail to bring alone
	Rollouts bool // Deployment asks how long the deployment took
}

// BasisIncident is the basis of time to restore that takes every incident, whatever its cause.
const BasisIncident = "incident"

// keyExplanations are those of the four keys, rework and rollbacks.
var keyExplanations = []*Explanation{
	{
		Measure: DeploymentFrequency, Title: "Deployment frequency", Unit: "per_day", Field: "deployment_frequency.per_day",
		Formula:   "counted deployments that ended in the window ÷ days of record in the window",
		Numerator: "counted deployments: they reached their environment and are no redeploys", Denominator: "days of record in the window",
		Clauses: list("2.1.1", "2.1.2", "2.1.3", "2.1.4", "1.4.6"),
		Figure: func(c *Case, all Answers) (Figure, any) {
			a := all.Frequency
			top := float64(a.Deployments)
			fig := Figure{Value: a.PerDay, CI: a.CI, N: int(a.Days), TooFew: a.TooFew, Numerator: &top, Grade: a.Grade}
			if a.PerDay != nil {
				days := max(a.Days, min(1, Days(c.seen, c.zone())))
				fig.Denominator = &days
			}
			return fig, a
		},
		Deployment: func(c *Case, d *Deployment) Standing {
			switch {
			case d.Counted:
				return Standing{Reason: Counted}
			case c.First != 0 && d.EndedAt < c.record.From:
				return Standing{Reason: BeforeRecord}
			}
			return Standing{Reason: whyNotCounted(d)}
		},
	},
	{
		Measure: LeadTime, Basis: string(plimsoll.BasisChange), Title: "Lead time for changes", Unit: "s", Field: "lead_time.p50",
		Formula: "median over the changes delivered in the window of: delivery − author date",
		Clauses: list("2.2.1", "2.2.2", "2.2.3", "2.2.4", "2.2.6", "2.2.7", "1.8.1"), Beside: true,
		Figure: func(_ *Case, all Answers) (Figure, any) {
			return durationFigure(all.LeadTime.Durations), all.LeadTime
		},
		Lead: leadStanding, Deployment: broughtNothing,
	},
	{
		Measure: LeadTime, Basis: string(plimsoll.BasisPullRequest), Title: "Lead time for pull requests", Unit: "s", Field: "lead_time.pull_request.p50",
		Formula: "median over the pull requests delivered in the window of: delivery − first commit",
		Clauses: list("2.2.5", "2.2.4", "2.2.6", "2.2.7", "1.8.7"), Beside: true,
		Figure: func(_ *Case, all Answers) (Figure, any) {
			return durationFigure(all.LeadTime.PullRequest), all.LeadTime.PullRequest
		},
		Lead: leadStanding, Deployment: broughtNothing,
	},
	{
		Measure: LeadTime, Basis: "oldest", Title: "Lead time of the oldest change of each deployment", Unit: "s", Field: "lead_time.oldest.p50",
		Formula: "median over the deployments that ended in the window of: end − author date of the oldest change it delivered",
		Clauses: list("2.2.5", "2.2.4", "1.8.1"),
		Figure: func(_ *Case, all Answers) (Figure, any) {
			return durationFigure(all.LeadTime.Oldest), all.LeadTime.Oldest
		},
		Deployment: func(_ *Case, d *Deployment) Standing {
			if d.OldestAt == 0 {
				return Standing{Reason: whyNothingBrought(d)}
			}
			return spanned(OldestChange, d.OldestAt, d.EndedAt)
		},
	},
	{
		Measure: ChangeFailureRate, Title: "Change failure rate", Unit: "ratio", Field: "change_failure_rate.ratio",
		Formula:   "failed deployments ÷ judged deployments that ended in the window",
		Numerator: "judged deployments with at least one accepted piece of evidence of failure", Denominator: "judged deployments: counted, in production, and no rollback",
		Clauses: list("2.3.1", "2.3.2", "2.3.3", "1.4.7", "3.6.1"),
		Figure: func(_ *Case, all Answers) (Figure, any) {
			a := all.Failure
			fig := shareFigure(a.Ratio, a.CI, a.Failed, a.Counted, a.TooFew)
			fig.Provisional, fig.Grade = a.Provisional, a.Grade
			return fig, a
		},
		Deployment: judged(func(c *Case, d *Deployment) Reason {
			switch {
			case d.Failed:
				return Failed
			case d.Suspected:
				return Suspected
			case c.young.Contains(d.EndedAt):
				return Young
			}
			return NoFailure
		}),
	},
	{
		Measure: TimeToRestore, Basis: "deployment", Title: "Time to restore", Unit: "s", Field: "time_to_restore.p50",
		Formula: "median over the failures by deployments that began in the window of: restoration − failure",
		Clauses: list("2.5.1", "2.5.2", "2.5.3", "2.5.4", "2.5.5", "2.5.6", "2.5.7", "2.5.8"),
		Figure: func(_ *Case, all Answers) (Figure, any) {
			return durationFigure(all.Restore.Durations), all.Restore
		},
		Restore: restoreStanding(Restored),
	},
	{
		Measure: TimeToRestore, Basis: BasisIncident, Title: "Time to restore, all incidents", Unit: "s", Field: "time_to_restore.all_incidents.p50",
		Formula: "median over the production incidents that began in the window, whatever their cause, of: resolution − beginning",
		Clauses: list("2.5.9", "2.5.8", "3.3.1"),
		Figure: func(_ *Case, all Answers) (Figure, any) {
			return durationFigure(all.Restore.AllIncidents), all.Restore.AllIncidents
		},
		Restore: restoreStanding(Resolved),
	},
	{
		Measure: ReworkRate, Title: "Rework rate", Unit: "ratio", Field: "rework_rate.ratio",
		Formula:   "counted deployments made, unplanned, to repair production ÷ counted deployments that ended in the window",
		Numerator: "counted deployments that are hotfixes, rollbacks or named as the fix of an incident, and not planned", Denominator: "counted deployments: they reached their environment and are no redeploys",
		Clauses: list("2.4.1", "1.4.6"),
		Figure: func(_ *Case, all Answers) (Figure, any) {
			a := all.Rework
			fig := shareFigure(a.Ratio, a.CI, a.N, a.Counted, a.TooFew)
			fig.Grade = a.Grade
			return fig, a
		},
		Deployment: func(_ *Case, d *Deployment) Standing {
			made := NoRepair
			switch {
			case !d.Counted:
				return Standing{Reason: whyNotCounted(d)}
			case d.Kind == KindHotfix:
				made = Hotfix
			case d.Kind == KindRollback:
				made = Rollback
			case d.Repairs:
				made = Repair
			}
			if made != NoRepair && !d.rework() {
				made = Planned
			}
			return Standing{Reason: made}
		},
	},
	{
		Measure: RollbackRate, Title: "Rollback rate", Unit: "ratio", Field: "rollback_rate.ratio",
		Formula:   "judged deployments that were rolled back ÷ judged deployments that ended in the window",
		Numerator: "judged deployments that were rolled back, by their result or by accepted evidence", Denominator: "judged deployments: counted, in production, and no rollback",
		Clauses: list("2.4.2", "1.4.7", "3.1.1"),
		Figure: func(_ *Case, all Answers) (Figure, any) {
			a := all.Rollbacks
			return shareFigure(a.Ratio, a.CI, a.N, a.Counted, a.TooFew), a
		},
		Deployment: judged(func(_ *Case, d *Deployment) Reason {
			if d.rolledBack() {
				return RolledBack
			}
			return Kept
		}),
	},
}

// ExplanationOf finds the explanation of a measure on a basis; "" is its default. An unknown measure is
// a CodeNotFound error, an unknown basis a CodeInvalid one; both list what there is.
func ExplanationOf(m Measure, basis string) (*Explanation, error) {
	var bases []string
	for _, x := range Explanations {
		if x.Measure == m && (basis == "" || x.Basis == basis) {
			return x, nil
		}
		if x.Measure == m {
			bases = append(bases, x.Basis)
		}
	}
	switch {
	case len(bases) == 0:
		var measures []string
		for _, x := range Explained() {
			measures = append(measures, string(x))
		}
		return nil, plimsoll.Errorf(plimsoll.CodeNotFound, "no measure %q; there are %s", m, joined(measures))
	case len(bases) == 1 && bases[0] == "":
		return nil, plimsoll.FieldErrorf("basis", "%q: %s has one basis; leave it out", basis, m)
	}
	return nil, plimsoll.FieldErrorf("basis", "%q is no basis of %s; expected one of %s", basis, m, joined(bases))
}
