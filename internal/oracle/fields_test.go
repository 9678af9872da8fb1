package oracle

import (
	"math"
	"slices"
)

// world is a case that our server has taken in.
type world struct {
	*server
	*oracleCase
	from, to string
	now      measures // of the organisation, in the window of the case
}

// reading is what our API says of one of their fields: ours is the figure we
// show, again the same computed once more from the API by their rule. It is nil
// where ours is the only one, since both rules are the same.
type reading struct{ ours, again any }

// read answers a field of the case. ok is false for one that nobody reads yet.
func (w *world) read(field string) (reading, bool) {
	if r, ok := w.count(field); ok {
		return r, true
	}
	if r, ok := w.duration(field); ok {
		return r, true
	}
	if r, ok := w.review(field); ok {
		return r, true
	}
	return w.structured(field)
}

// count reads the fields that count deployments.
func (w *world) count(field string) (reading, bool) {
	frequency, failures := w.now.DeploymentFrequency, w.now.ChangeFailureRate
	perDay := func(days, places float64) reading {
		length := w.number("days", "working_days")
		return reading{rounded(frequency.PerDay, days, places), round(share(float64(frequency.Successful)*days, length), places)}
	}
	switch field {
	case "change_failure_rate":
		return reading{ours: failures.Ratio}, true
	case "change_failure_rate_4dp":
		return reading{ours: rounded(failures.Ratio, 1, 4)}, true
	case "change_failure_rate_percent_2dp":
		return reading{ours: rounded(failures.Ratio, 100, 2)}, true
	case "deployments_finished":
		return reading{ours: failures.Counted}, true
	case "deployments":
		if w.expects("change_failure_rate") {
			return reading{ours: failures.Counted}, true // the denominator of the rate
		}
		return reading{ours: frequency.Successful}, true
	case "failed_deployments":
		if _, list := w.Expect[field].([]any); list {
			return reading{ours: w.failed(w.from, w.to)}, true
		}
		return reading{ours: failures.Failed}, true
	case "days":
		return reading{ours: math.Floor(moment(w.Query.To).Sub(moment(w.Query.From)).Hours()/24) + 1}, true
	case "deployments_per_day_4dp":
		return perDay(1, 4), true
	case "deployments_per_working_day":
		r := perDay(1, 2)
		r.ours = rounded(frequency.PerDay, 1, 4)
		return r, true
	case "deployments_per_14_days":
		return perDay(14, 2), true
	case "deployments_per_30_days":
		return perDay(30, 2), true
	case "per_day_floor":
		return reading{frequency.PerDay, w.floored("day")}, true
	case "per_week":
		return reading{rounded(frequency.PerDay, 7, 4), max(w.floored("week"), 7*w.floored("day"))}, true
	case "per_month":
		return reading{rounded(frequency.PerDay, 30, 4), max(w.floored("month"), 30*w.floored("day"))}, true
	}
	return reading{}, false
}

// duration reads the fields that are times.
func (w *world) duration(field string) (reading, bool) {
	lead, restore, all := w.now.LeadTime, w.now.TimeToRestore, w.now.TimeToRestore.AllIncidents
	recovered := func(scale, places float64) reading {
		if w.expects("incidents") {
			return reading{ours: rounded(all.Mean, 1/scale, places)}
		}
		n, mean := w.restored()
		if n == 0 {
			return reading{rounded(restore.Mean, 1/scale, places), (*float64)(nil)}
		}
		return reading{rounded(restore.Mean, 1/scale, places), round(mean/scale, places)}
	}
	switch field {
	case "lead_time_mean_seconds":
		return reading{ours: lead.Mean}, true
	case "lead_time_mean_hours_4dp":
		return reading{ours: rounded(lead.Mean, 1./3600, 4)}, true
	case "lead_time_mean_days_2dp":
		return reading{ours: rounded(lead.Mean, 1./86400, 2)}, true
	case "changes_counted":
		return reading{ours: lead.N}, true
	case "recoveries":
		n, _ := w.restored()
		return reading{restore.N, n}, true
	case "recovery_mean_seconds":
		return recovered(1, 6), true
	case "recovery_mean_hours_2dp":
		return recovered(3600, 2), true
	case "pooled_mean_seconds":
		return reading{ours: restore.Mean}, true
	case "incidents":
		return reading{ours: all.N}, true
	case "mean_seconds":
		return reading{ours: all.Mean}, true
	case "total_minutes":
		return reading{rounded(lead.PullRequest.Mean, 1./60, 2), w.samples(field)}, true
	case "pr_minutes", "pipeline_minutes":
		return reading{ours: w.samples(field)}, true
	}
	return reading{}, false
}

// structured reads the fields that are lists and maps.
func (w *world) structured(field string) (reading, bool) {
	switch field {
	case "lead_times_seconds_sorted":
		times := []float64{}
		for _, c := range w.changes(w.from, w.to) {
			if c.LeadTime != nil && *c.LeadTime >= 0 {
				times = append(times, *c.LeadTime)
			}
		}
		slices.Sort(times)
		return reading{ours: times}, true
	case "deployment_incidents":
		held := map[string][]string{}
		for _, d := range w.deployments(beginning, end) {
			held[d.ID] = []string{}
		}
		for _, i := range w.incidents(beginning, end) {
			if i.AttributedTo != nil {
				held[*i.AttributedTo] = append(held[*i.AttributedTo], i.ID)
				slices.Sort(held[*i.AttributedTo])
			}
		}
		return reading{ours: held}, true
	case "deployed_pull_requests":
		return reading{ours: w.deployedPullRequests()}, true
	case "per_service_recovery_mean_seconds", "macro_mean_seconds":
		return w.perService(field), true
	case "weeks":
		return w.weeks(), true
	}
	return reading{}, false
}
