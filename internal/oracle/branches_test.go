package oracle

import (
	"slices"
	"strconv"
)

// Some cases say which pull requests a deployment brought by branch names and
// times alone. Ours follows the commits, so these cases are played out: every
// pull request is a commit on its branch, every merge a merge commit on its
// base, and the deployment rolls out what its branch then stood at.

// start is where all branches begin; it was deployed before, since a first
// deployment brings an unknown set.
const start = "root"

func (c *oracleCase) branches() []event {
	const early = "2024-06-01T00:00:00Z"
	out := []event{
		{"type": "change", "sha": start, "repository": "r", "committed_at": early},
		{"type": "deployment", "id": "before", "service": "repo", "environment": "production", "repository": "r", "commit_sha": start, "finished_at": early, "result": "success"},
	}
	tips := map[string]string{}
	tip := func(branch string) string {
		if sha, ok := tips[branch]; ok {
			return sha
		}
		return start
	}
	commit := func(branch, sha, at string, parents ...string) {
		out = append(out, event{"type": "change", "sha": sha, "repository": "r", "committed_at": at, "parents": parents})
		tips[branch] = sha
	}
	pulls := c.ofType("pull_request")
	slices.SortStableFunc(pulls, func(a, b event) int { return moment(a.text("created_at")).Compare(moment(b.text("created_at"))) })
	for _, p := range pulls {
		// A branch that others merge into brings nothing of its own here, but
		// a commit more changes nothing.
		commit(p.text("head_branch"), "work-"+p.text("id"), p.text("created_at"), tip(p.text("head_branch")))
	}
	pulls = slices.DeleteFunc(pulls, func(p event) bool { return p.text("merged_at") == "" })
	slices.SortStableFunc(pulls, func(a, b event) int { return moment(a.text("merged_at")).Compare(moment(b.text("merged_at"))) })
	for _, p := range pulls {
		base, sha := p.text("base_branch"), "merge-"+p.text("id")
		commit(base, sha, p.text("merged_at"), tip(base), tip(p.text("head_branch")))
		out = append(out, event{
			"type": "pull_request", "repository": "r", "number": strconv.Itoa(c.position(p.text("id"))),
			"opened_at": p.text("created_at"), "merged_at": p.text("merged_at"), "merge_sha": sha,
		})
	}
	for _, d := range c.ofType("deployment") {
		e := wireDeployment(d, "production")
		e["repository"], e["commit_sha"] = "r", tip(d.text("branch"))
		out = append(out, e)
	}
	return out
}

func (c *oracleCase) ofType(name string) []event {
	var out []event
	for _, e := range c.events {
		if e.text("type") == name {
			out = append(out, e)
		}
	}
	return out
}

// position numbers the pull requests of a case, which come from several
// repositories, from 1 on.
func (c *oracleCase) position(id string) int {
	return 1 + slices.IndexFunc(c.ofType("pull_request"), func(e event) bool { return e.text("id") == id })
}

// deployedPullRequests are those whose commits the deployment brought. Two that
// share a branch share its commits, so they are told apart by their merge: what
// we count must be exactly as many.
func (w *world) deployedPullRequests() []string {
	ids := []string{}
	pulls := w.ofType("pull_request")
	for _, c := range w.changes(w.from, w.to) {
		if c.PullRequest > 0 {
			ids = append(ids, pulls[c.PullRequest-1].text("id"))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
