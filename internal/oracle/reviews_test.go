package oracle

import (
	"net/url"
	"slices"
	"time"
)

// reviews are the fields of theirs that lie between two moments of a pull
// request. The two of a stage of ours follow from the stage, the others from the
// stamps of the change.
var reviews = map[string]func(c stamped) [2]*time.Time{
	"first_review_time_seconds": func(c stamped) [2]*time.Time { return [2]*time.Time{c.OpenedAt, c.FirstReviewAt} },
	"rework_time_seconds":       func(c stamped) [2]*time.Time { return [2]*time.Time{c.FirstReviewAt, c.ApprovedAt} },
	"merge_time_seconds":        func(c stamped) [2]*time.Time { return [2]*time.Time{c.ApprovedAt, c.MergedAt} },
	"cycle_time_seconds":        func(c stamped) [2]*time.Time { return [2]*time.Time{c.OpenedAt, c.MergedAt} },
}

// stamped is a change as the API lists it, with the moments on its way.
type stamped struct {
	SHA           string     `json:"sha"`
	OpenedAt      *time.Time `json:"opened_at"`
	FirstReviewAt *time.Time `json:"first_review_at"`
	ApprovedAt    *time.Time `json:"approved_at"`
	MergedAt      *time.Time `json:"merged_at"`
}

// reviewed plays out the one pull request of a case: its commit, and its merge
// and deployment if it was merged. A draft is opened when it is ready for review.
func (c *oracleCase) reviewed() []event {
	const early, work, merge = "2024-06-01T00:00:00Z", "work", "merge"
	pull := c.wirePullRequest(c.ofType("pull_request")[0])
	pull["repository"] = "r"
	var ready []string
	for _, e := range c.ofType("ready_for_review") {
		ready = append(ready, e.text("at"))
	}
	if len(ready) > 0 {
		pull["opened_at"] = slices.Min(ready)
	}
	opened, _ := pull["opened_at"].(string)
	out := []event{
		{"type": "change", "sha": start, "repository": "r", "committed_at": early},
		{"type": "deployment", "id": "before", "service": "repo", "environment": "production", "repository": "r", "commit_sha": start, "finished_at": early, "result": "success"},
		{"type": "change", "sha": work, "repository": "r", "committed_at": opened, "parents": []string{start}, "pull_request": event{"number": pull["number"]}},
	}
	if merged, ok := pull["merged_at"].(string); ok {
		pull["merge_sha"] = merge
		out = append(out,
			event{"type": "change", "sha": merge, "repository": "r", "committed_at": merged, "parents": []string{start, work}},
			event{"type": "deployment", "id": "after", "service": "repo", "environment": "production", "repository": "r", "commit_sha": merge,
				"finished_at": stamp(moment(merged).Add(time.Hour)), "result": "success"})
	}
	return append(out, pull)
}

// review reads a time of the pull request of the case. One that would end before
// it begins is unknown, as in a stage. How often a pull request went back and
// forth is no measure of ours.
func (w *world) review(field string) (reading, bool) {
	ends, ok := reviews[field]
	if !ok {
		return reading{}, field == "rework_cycles"
	}
	for _, open := range []string{"", "true"} {
		var page struct {
			Changes []stamped `json:"changes"`
		}
		params := span(beginning, end)
		if open != "" {
			params = url.Values{"open": {open}}
		}
		w.get("/api/v1/changes", params, &page)
		for _, c := range page.Changes {
			if c.SHA != "work" {
				continue
			}
			e := ends(c)
			if e[0] == nil || e[1] == nil || e[1].Before(*e[0]) {
				return reading{}, true
			}
			return reading{ours: e[1].Sub(*e[0]).Seconds()}, true
		}
	}
	w.t.Errorf("%s: the change of the pull request is nowhere", w.Name)
	return reading{}, true
}
