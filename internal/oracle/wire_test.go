package oracle

import (
	"slices"
	"strconv"
	"time"
)

// results says what their results are in our words. A run that was stopped,
// skipped or went some other way is canceled: it is shown and counted nowhere,
// as they too leave it out. One that has not ended has no result yet.
var results = map[string]string{
	"success": "success", "failure": "failure",
	"other": "canceled", "skipped": "canceled",
	"in_progress": "",
}

// wire translates the events of a case to what our API takes.
func (c *oracleCase) wire() []event {
	var out []event
	for _, e := range c.events {
		switch e.text("type") {
		case "change":
			out = append(out, wireChange(e))
		case "deployment":
			out = append(out, wireDeployment(e, c.environment(e)))
		case "incident":
			out = append(out, wireIncident(e))
		case "pull_request":
			out = append(out, c.wirePullRequest(e))
		case "lead_time_sample":
			out = append(out, wireSample(e, len(out)+1)...)
		case "review", "ready_for_review": // stamps of their pull request
		default:
			panic("no translation of " + e.text("type"))
		}
	}
	return out
}

// environment is where a deployment went. Each tool says in its question which
// of the stages is production; the other stages keep their names.
func (c *oracleCase) environment(e event) string {
	name, step := e.text("environment"), e.text("step")
	switch {
	case c.Query.Services[e.text("service")] == name:
		return "production"
	case c.Query.Services != nil:
		return "stage " + name
	case step != "" && c.Query.Step != "" && step != c.Query.Step:
		return "step " + step
	}
	return name
}

func wireChange(e event) event {
	out := event{
		"type": "change", "sha": e.text("id"), "repository": repository(e), "authored_at": e.text("authored_at"),
		"committed_at": e.first("committed_at", "authored_at"),
	}
	if parents := e.list("parents"); parents != nil {
		out["parents"] = parents
	}
	return out
}

// repository is where a change comes from: their changes often name only the
// service.
func repository(e event) string {
	if name := e.first("repo", "service"); name != "" {
		return name
	}
	return "repository"
}

func wireDeployment(e event, environment string) event {
	out := event{
		"type": "deployment", "id": e.first("run", "id"), "service": e.text("service"), "environment": environment,
		"repository": repository(e),
	}
	result, known := results[e.text("result")]
	if !known {
		panic("no translation of the result " + e.text("result"))
	}
	if e.flag("canceled") {
		result = "canceled"
	}
	for to, from := range map[string]string{"started_at": "started_at", "finished_at": "finished_at", "commit_sha": "commit"} {
		if v := e.text(from); v != "" && (to != "finished_at" || result != "") {
			out[to] = v
		}
	}
	if result != "" {
		out["result"] = result
	}
	if included := e.list("includes"); len(included) > 0 {
		out["changes"] = included
	}
	return out
}

func wireIncident(e event) event {
	out := event{
		"type": "incident", "id": e.text("id"), "services": []string{e.text("service")},
		"started_at": e.text("created_at"), "severity": e.text("severity"), "title": e.text("title"),
	}
	if at := e.text("resolved_at"); at != "" {
		out["resolved_at"] = at
	}
	if cause := e.text("caused_by_change"); cause != "" {
		out["caused_by"] = cause
	}
	return out
}

// wirePullRequest joins a pull request with the reviews of its case, which
// never holds more than one pull request with reviews.
func (c *oracleCase) wirePullRequest(e event) event {
	out := event{
		"type": "pull_request", "repository": repository(e), "number": e.text("number"),
		"opened_at": e.text("created_at"), "branch": e.first("head_branch", "branch"),
	}
	set := func(field, at string) {
		if at != "" {
			out[field] = at
		}
	}
	set("opened_at", c.earliest("ready_for_review", ""))
	set("merged_at", e.text("merged_at"))
	set("closed_at", e.text("closed_at"))
	set("merge_sha", e.text("merge_commit"))
	set("first_review_at", c.earliest("review", ""))
	set("approved_at", c.earliest("review", "approved"))
	return out
}

// earliest is when the first event of a type, and of a state if one is named,
// came; "" if there is none.
func (c *oracleCase) earliest(kind, state string) string {
	var times []string
	for _, e := range c.events {
		if e.text("type") == kind && (state == "" || e.text("state") == state) {
			times = append(times, e.text("at"))
		}
	}
	if len(times) == 0 {
		return ""
	}
	return slices.Min(times)
}

// wireSample turns a measured lead time back into what was measured: a pull
// request from its first commit to its squash merge, and the deployment of it.
// A sample without a pull request is a commit of its own.
func wireSample(e event, at int) []event {
	seconds := func(field string) time.Duration {
		v, _ := e[field].(float64)
		return time.Duration(v * float64(time.Second))
	}
	deployed := moment("2024-03-01T12:00:00Z").Add(time.Duration(at) * time.Hour)
	merged := deployed.Add(-seconds("pipeline_lead_time_seconds"))
	begun := merged.Add(-seconds("pr_lead_time_seconds"))
	repo, sha := e.text("service"), "merge-"+e.text("id")
	change := event{
		"type": "change", "sha": sha, "repository": repo, "authored_at": stamp(merged), "committed_at": stamp(merged),
	}
	if _, ok := e["pr_lead_time_seconds"]; ok {
		change["pull_request"] = event{
			"number": strconv.Itoa(at), "first_commit_at": stamp(begun), "merged_at": stamp(merged), "merge_sha": sha,
		}
	}
	return []event{change, {
		"type": "deployment", "id": "deploy-" + e.text("id"), "service": e.text("service"), "environment": "production",
		"repository": repo, "finished_at": stamp(deployed), "result": "success", "changes": []string{sha},
	}}
}
