package sim

import "github.com/plimsoll-dev/plimsoll"

// The forms of GitHub are those of its documentation of webhook events: push,
// pull_request, pull_request_review, deployment, deployment_status and
// workflow_run.

func (v *Vendors) github(i *Item, event, id string, body object) {
	v.send(i.At, "github", map[string]string{
		"X-GitHub-Event": event, "X-GitHub-Delivery": uuid(i.DeliveryID() + event + id), "User-Agent": "GitHub-Hookshot/sim",
	}, body)
}

func githubRepository(full string) object {
	owner, name := short(full)
	return object{
		"id": number(full), "node_id": "R_" + itoa(number(full)), "name": name, "full_name": full, "private": true,
		"owner": githubUser(owner, "Organization"), "html_url": "https://github.com/" + full, "fork": false,
		"url": "https://api.github.com/repos/" + full, "default_branch": "main",
	}
}

func githubUser(login, kind string) object {
	return object{"login": login, "id": number(login), "node_id": "U_" + itoa(number(login)), "type": kind, "html_url": "https://github.com/" + login, "site_admin": false}
}

// maker is the user who made a commit or pull request.
func maker(bot bool, hash string) object {
	if bot {
		return githubUser("dependabot[bot]", "Bot")
	}
	return githubUser(hash, "User")
}

func githubCommit(c *plimsoll.ChangeReport) object {
	name, email := person(c.AuthorHash)
	return object{
		"id": c.SHA, "tree_id": c.SHA, "distinct": true, "message": c.Subject, "timestamp": rfc(c.CommittedAt),
		"url":    "https://github.com/" + c.Repository + "/commit/" + c.SHA,
		"author": object{"name": name, "email": email, "username": c.AuthorHash}, "committer": object{"name": "GitHub", "email": "noreply@github.com"},
		"added": []string{}, "removed": []string{}, "modified": append([]string{}, c.Paths...),
	}
}

func (v *Vendors) githubPush(items []*Item) {
	last := items[len(items)-1]
	c := last.Change
	before := "0000000000000000000000000000000000000000"
	if len(c.Parents) > 0 {
		before = c.Parents[0]
	}
	commits := []object{}
	for _, i := range items {
		commits = append(commits, githubCommit(i.Change))
	}
	name, email := person(c.AuthorHash)
	v.github(last, "push", c.SHA, object{
		"ref": "refs/heads/main", "before": before, "after": c.SHA, "base_ref": nil, "created": len(c.Parents) == 0, "deleted": false, "forced": false,
		"compare": "https://github.com/" + c.Repository + "/compare/" + before[:12] + "..." + c.SHA[:12],
		"commits": commits, "head_commit": commits[len(commits)-1], "pusher": object{"name": name, "email": email},
		"repository": githubRepository(c.Repository), "sender": maker(c.Bot, c.AuthorHash),
	})
}

func (v *Vendors) workflowRun(i *Item) {
	c := i.Change
	began := c.CommittedAt
	v.github(i, "workflow_run", c.SHA, object{
		"action": "completed",
		"workflow_run": object{
			"id": number(c.SHA), "name": "build", "node_id": "W_" + itoa(number(c.SHA)), "head_branch": "main", "head_sha": c.SHA, "path": ".github/workflows/build.yml",
			"run_number": number(c.SHA) % 10000, "run_attempt": 1, "event": "push", "status": "completed", "conclusion": "success", "workflow_id": number(c.Repository + " build"),
			"url":      "https://api.github.com/repos/" + c.Repository + "/actions/runs/" + itoa(number(c.SHA)),
			"html_url": "https://github.com/" + c.Repository + "/actions/runs/" + itoa(number(c.SHA)), "pull_requests": []object{},
			"created_at": rfc(began), "run_started_at": rfc(began), "updated_at": rfc(c.BuiltAt), "head_commit": object{"id": c.SHA, "timestamp": rfc(began)},
			"repository": githubRepository(c.Repository),
		},
		"workflow":   object{"id": number(c.Repository + " build"), "name": "build", "path": ".github/workflows/build.yml", "state": "active"},
		"repository": githubRepository(c.Repository), "sender": githubUser("acme", "Organization"),
	})
}

// known lays what is said of a pull request over what was said before.
func (v *Vendors) known(i *Item) *plimsoll.PullRequestReport {
	key := i.PullRequest.Repository + "#" + itoa(i.PullRequest.Number)
	p := *i.PullRequest
	if was := v.pulls[key]; was != nil {
		p = was.Over(p)
	}
	if p.MergedAt.Known() || p.ClosedAt.Known() {
		delete(v.pulls, key)
	} else {
		v.pulls[key] = &p
	}
	return &p
}

func (v *Vendors) pullRequest(i *Item) {
	p := v.known(i)
	action, state := "opened", "open"
	closed := plimsoll.First(p.MergedAt, p.ClosedAt)
	if closed.Known() {
		action, state = "closed", "closed"
	}
	author := maker(len(p.Branch) > 10 && p.Branch[:10] == "dependabot", "dev-"+itoa(number(p.Branch)%9))
	var mergeSHA any
	if p.MergeSHA != "" {
		mergeSHA = p.MergeSHA
	}
	url := "https://github.com/" + p.Repository + "/pull/" + itoa(p.Number)
	pull := object{
		"url": "https://api.github.com/repos/" + p.Repository + "/pulls/" + itoa(p.Number), "id": number(url), "node_id": "PR_" + itoa(number(url)),
		"html_url": url, "number": p.Number, "state": state, "locked": false, "title": p.Title, "user": author, "body": nil, "labels": []object{},
		"created_at": rfc(p.OpenedAt), "updated_at": rfc(i.At), "closed_at": rfc(closed), "merged_at": rfc(p.MergedAt), "merge_commit_sha": mergeSHA,
		"draft": false, "merged": p.MergedAt.Known(), "commits": max(1, len(p.Commits)), "commits_url": "https://api.github.com/repos/" + p.Repository + "/pulls/" + itoa(p.Number) + "/commits",
		"head": object{"label": "acme:" + p.Branch, "ref": p.Branch, "sha": headOf(p), "repo": githubRepository(p.Repository)},
		"base": object{"label": "acme:main", "ref": "main", "sha": headOf(p), "repo": githubRepository(p.Repository)},
	}
	body := func(action string) object {
		return object{"action": action, "number": p.Number, "pull_request": pull, "repository": githubRepository(p.Repository), "sender": author}
	}
	if p.MergedAt.Known() {
		v.review(i, p, body, "commented", p.FirstReviewAt)
		v.review(i, p, body, "approved", p.ApprovedAt)
	}
	v.github(i, "pull_request", action, body(action))
}

// review tells of a review of a pull request, late, as happens.
func (v *Vendors) review(i *Item, p *plimsoll.PullRequestReport, body func(string) object, state string, at plimsoll.Time) {
	if !at.Known() {
		return
	}
	b := body("submitted")
	delete(b, "number")
	id := p.Repository + "#" + itoa(p.Number) + state
	b["review"] = object{
		"id": number(id), "node_id": "PRR_" + itoa(number(id)), "user": githubUser("reviewer-"+itoa(number(id)%9), "User"), "body": nil,
		"commit_id": headOf(p), "submitted_at": rfc(at), "state": state, "html_url": "https://github.com/" + p.Repository + "/pull/" + itoa(p.Number),
	}
	v.github(i, "pull_request_review", state, b)
}

// headOf is the last commit of the branch, as far as it is known.
func headOf(p *plimsoll.PullRequestReport) string {
	if n := len(p.Commits); n > 0 {
		return p.Commits[n-1]
	}
	return p.MergeSHA
}

// githubState is the state of a deployment_status. GitHub has none for what was
// stopped or taken back; the description says it.
func githubState(r plimsoll.Result) string {
	switch r {
	case plimsoll.ResultRunning:
		return "in_progress"
	case plimsoll.ResultSuccess:
		return "success"
	case plimsoll.ResultSuperseded:
		return "inactive"
	case plimsoll.ResultCanceled:
		return "error"
	}
	return "failure"
}

func (v *Vendors) githubDeployment(i *Item, d *plimsoll.DeploymentReport, first bool) {
	id, repository := number(d.ID), d.Repository
	owner := githubUser("github-actions[bot]", "Bot")
	api := "https://api.github.com/repos/" + repository + "/deployments/" + itoa(id)
	deployment := object{
		"url": api, "id": id, "node_id": "DE_" + itoa(id), "sha": d.CommitSHA, "ref": "main", "task": "deploy",
		"payload":     object{"service": d.Service, "version": d.Version, "strategy": d.Strategy, "kind": string(d.Kind), "change_class": d.ChangeClass, "rollback_of": d.RollbackOf, "group_id": d.GroupID},
		"environment": d.Environment, "original_environment": d.Environment, "description": d.Service + " " + d.Version, "creator": owner,
		"created_at": rfc(d.BegunAt()), "updated_at": rfc(i.At), "statuses_url": api + "/statuses", "repository_url": "https://api.github.com/repos/" + repository,
	}
	if first {
		v.github(i, "deployment", d.ID, object{"action": "created", "deployment": deployment, "workflow": nil, "workflow_run": nil, "repository": githubRepository(repository), "sender": owner})
		if d.FinishedAt.Known() {
			v.githubStatus(i, deployment, repository, plimsoll.ResultRunning, d.StartedAt)
		}
	}
	v.githubStatus(i, deployment, repository, d.Outcome(), plimsoll.Last(d.StartedAt, d.FinishedAt, i.OccurredAt))
}

func (v *Vendors) githubStatus(i *Item, deployment object, repository string, result plimsoll.Result, at plimsoll.Time) {
	state := githubState(result)
	id := number(i.Deployment.ID + string(result))
	v.github(i, "deployment_status", string(result), object{
		"action": "created",
		"deployment_status": object{
			"url": deployment["statuses_url"].(string) + "/" + itoa(id), "id": id, "node_id": "DES_" + itoa(id), "state": state, "creator": deployment["creator"],
			"description": string(result), "environment": i.Deployment.Environment, "target_url": "", "log_url": "", "environment_url": "",
			"created_at": rfc(at), "updated_at": rfc(at), "deployment_url": deployment["url"], "repository_url": deployment["repository_url"],
		},
		"deployment": deployment, "workflow": nil, "workflow_run": nil, "check_run": nil, "repository": githubRepository(repository), "sender": deployment["creator"],
	})
}
