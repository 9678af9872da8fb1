package oracle

import "slices"

// difference is one field of one case in which our figure is not theirs. Where
// it is not alone, the same figure is computed again by their rule from what
// our API answers, and must be theirs: then the facts are the same, and only
// the rule differs.
type difference struct {
	name, field  string
	theirs, ours string // as JSON, numbers cut to six digits
	because      string
	alone        bool
}

func (d *difference) key() string { return d.name + " " + d.field }

func explained(name, field string) *difference {
	for i := range differences {
		if d := &differences[i]; d.name == name && d.field == field {
			return d
		}
	}
	return nil
}

// The clauses of our definitions that decide, each named by its section.
const (
	record = "definitions 2, deployment frequency: the window is cut to the record, which begins with the day of the " +
		"first deployment; before it nobody knows whether anything was deployed"
	noRecord = "definitions 2, deployment frequency: before the first known deployment there is no rate, and no rate is not 0"
	reached  = "definitions 2, deployment frequency: a failed deployment reached production and counts, " +
		"the window is cut to the record, and a day begun is not a whole day"
	calendarDays = "definitions 2, deployment frequency: days are calendar days; production has no holidays"
	floors       = "definitions 2, deployment frequency: count ÷ days, a fraction; theirs is an average of calendar " +
		"buckets cut to a whole number, and a partial bucket counts as a whole one"
	began = "definitions 2, time to restore: a failure belongs to the window it began in, so that windows add up " +
		"and a report does not change with a failure of the month before; theirs to the one it ended in"
	pooled          = "definitions 2: pooled over services, never a mean of means; a service without failures is no 0 in it"
	noFailure       = "definitions 2: a service that never failed has no time to restore, which is not 0"
	withPullRequest = "definitions 2, lead time: the pull_request basis is the mean over pull requests; a build without " +
		"one has no pull request lead time of 0, and is a change of its own in the change basis"
	rounds = "definitions 2, lead time stages: a review is from the first review to the merge; how many rounds it had is not measured"
)

// differences are all differences, by tool and case. A field that is not here
// is equal.
var differences = slices.Concat(devopsmetrics, heartbeat, metrik, middleware, reworkCycles())

var devopsmetrics = []difference{}

var heartbeat = []difference{
	{"heartbeat/df-1", "deployments_per_working_day", "0.2", "0.0013", calendarDays, false},
	{"heartbeat/df-2", "deployments_per_working_day", "0", "0.0006", calendarDays, false},
	{"heartbeat/df-4", "deployments_per_working_day", "0.2", "0.0013", calendarDays, false},
	{"heartbeat/df-6", "deployments_per_working_day", "0.2", "0.0013", calendarDays, false},
	{"heartbeat/lead-time-2", "total_minutes", "0.66", "1", withPullRequest, false},
	{"heartbeat/mttr-1", "macro_mean_seconds", "100", "150", pooled, false},
	{"heartbeat/mttr-1", "per_service_recovery_mean_seconds", `{"P1":180,"P2":120,"P3":0}`, `{"P1":180,"P2":120,"P3":null}`, noFailure, false},
	{"heartbeat/mttr-2", "macro_mean_seconds", "80", "240", pooled, false},
	{"heartbeat/mttr-2", "per_service_recovery_mean_seconds", `{"P1":240,"P2":0,"P3":0}`, `{"P1":240,"P2":null,"P3":null}`, noFailure, false},
}

var metrik = []difference{
	{"metrik/api-df-1", "deployments_per_14_days", "14", "28", reached, false},
	{"metrik/api-df-2", "deployments_per_14_days", "0", "null", noRecord, false},
	{"metrik/api-df-3", "deployments_per_14_days", "0", "336", reached, false},
	{"metrik/api-df-4", "deployments_per_14_days", "0", "336", reached, false},
	{"metrik/api-df-5", "deployments_per_14_days", "0", "null", noRecord, false},
	{"metrik/api-df-6", "deployments_per_14_days", "14", "28", reached, false},
	{"metrik/api-mttr-1", "recoveries", "1", "0", began, false},
	{"metrik/api-mttr-1", "recovery_mean_hours_2dp", "0.74", "null", began, false},
	{"metrik/api-mttr-1", "recovery_mean_seconds", "2668.88", "null", began, false},
	{"metrik/api-mttr-2", "recoveries", "1", "0", began, false},
	{"metrik/api-mttr-2", "recovery_mean_hours_2dp", "21.5", "null", began, false},
	{"metrik/api-mttr-2", "recovery_mean_seconds", "77400", "null", began, false},
	{"metrik/api-mttr-3", "recoveries", "1", "0", began, false},
	{"metrik/api-mttr-3", "recovery_mean_hours_2dp", "69.59", "null", began, false},
	{"metrik/api-mttr-3", "recovery_mean_seconds", "250533", "null", began, false},
	{"metrik/api-mttr-4", "recoveries", "1", "0", began, false},
	{"metrik/api-mttr-4", "recovery_mean_hours_2dp", "48", "null", began, false},
	{"metrik/api-mttr-4", "recovery_mean_seconds", "172800", "null", began, false},
	{"metrik/api-multipipeline-1", "deployments_per_30_days", "15", "30", reached, false},
	{"metrik/api-multipipeline-2", "deployments_per_14_days", "0", "null", noRecord, false},
	{"metrik/mttr-1", "recoveries", "4", "2", began, false},
	{"metrik/mttr-1", "recovery_mean_seconds", "144000", "86400", began, false},
	{"metrik/mttr-2", "recoveries", "2", "1", began, false},
	{"metrik/mttr-2", "recovery_mean_seconds", "187202", "86403.1", began, false},
	{"metrik/mttr-6", "recoveries", "2", "1", began, false},
	{"metrik/mttr-6", "recovery_mean_seconds", "144000", "86400", began, false},
}

var middleware = []difference{
	{"middleware/df-2", "per_day_floor", "0", "1", floors, false},
	{"middleware/df-2", "per_month", "3", "30", floors, false},
	{"middleware/df-2", "per_week", "3", "7", floors, false},
	{"middleware/df-3", "per_day_floor", "0", "0.285714", floors, false},
	{"middleware/df-3", "per_month", "6", "8.5714", floors, false},
	{"middleware/df-3", "per_week", "1", "2", floors, false},
	{"middleware/df-4", "per_day_floor", "0", "0.146067", floors, false},
	{"middleware/df-4", "per_month", "4", "4.382", floors, false},
	{"middleware/df-4", "per_week", "1", "1.0225", floors, false},
}
