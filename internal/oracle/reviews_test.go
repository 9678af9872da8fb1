package oracle

import (
	"slices"
	"strconv"
)

// timesOfReview are the fields about the life of one pull request.
var timesOfReview = []string{
	"first_review_time_seconds", "rework_time_seconds", "merge_time_seconds", "cycle_time_seconds", "rework_cycles",
}

// reviewed reports whether the case is about the life of a pull request.
func (c *oracleCase) reviewed() bool { return slices.ContainsFunc(timesOfReview, c.expects) }

// reviews gives the pull request of the case a commit, and a service in which
// that commit is still to come: we show the way of a change, not of a pull
// request that has none. The commits of a case count only for its rounds.
func (c *oracleCase) reviews() []event {
	var out []event
	for _, e := range c.events {
		if e.text("type") != "pull_request" {
			continue
		}
		repo, before := repository(e), "2024-06-01T12:00:00Z"
		out = append(out, c.wirePullRequest(e),
			event{"type": "change", "sha": "before", "repository": repo, "committed_at": before},
			event{"type": "change", "sha": "head", "parents": []string{"before"}, "repository": repo, "committed_at": e.text("created_at"),
				"pull_request": event{"number": e.text("number")}},
			event{"type": "deployment", "id": "d1", "service": "s", "environment": "production", "repository": repo,
				"commit_sha": "before", "finished_at": before})
	}
	return out
}

// review reads the fields about the life of a pull request from the moments of
// its change. A time that ends before it begins, or of which one end is not
// known, is unknown.
func (w *world) review(field string) (reading, bool) {
	if !slices.Contains(timesOfReview, field) {
		return reading{}, false
	}
	if field == "rework_cycles" {
		return reading{ours: nil}, true
	}
	open := w.open()
	if len(open) != 1 {
		w.t.Errorf("%d open changes, expected the one of the pull request", len(open))
		return reading{}, true
	}
	c := open[0]
	ends := map[string][2]string{
		"first_review_time_seconds": {c.OpenedAt, c.FirstReviewAt},
		"rework_time_seconds":       {c.FirstReviewAt, c.ApprovedAt},
		"merge_time_seconds":        {c.ApprovedAt, c.MergedAt},
		"cycle_time_seconds":        {c.OpenedAt, c.MergedAt},
	}[field]
	if ends[0] == "" || ends[1] == "" {
		return reading{ours: (*float64)(nil)}, true
	}
	seconds := moment(ends[1]).Sub(moment(ends[0])).Seconds()
	if seconds < 0 {
		return reading{ours: (*float64)(nil)}, true
	}
	return reading{ours: seconds}, true
}

// reworkCycles are the cases of Middleware about rounds of review.
func reworkCycles() []difference {
	var out []difference
	for i, theirs := range []int{0, 1, 2, 1, 2, 2, 0, 0, 1} {
		out = append(out, difference{
			"middleware/rework-cycles-" + strconv.Itoa(i+1), "rework_cycles", strconv.Itoa(theirs), "null", rounds, true,
		})
	}
	return out
}
