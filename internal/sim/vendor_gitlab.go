package sim

import "github.com/plimsoll-dev/plimsoll"

// The forms of GitLab are those of its documentation of webhook events: Push
// Hook, Merge Request Hook, Pipeline Hook and Deployment Hook. It writes times in
// three ways, and so does this.

const (
	gitlabSpace = "2006-01-02 15:04:05 -0700"
	gitlabT     = "2006-01-02T15:04:05-07:00"
	gitlabUTC   = "2006-01-02 15:04:05 UTC"
)

func (v *Vendors) gitlab(i *Item, hook, id string, body object) {
	v.send(i.At, "gitlab", map[string]string{
		"X-Gitlab-Event": hook, "X-Gitlab-Event-UUID": uuid(i.DeliveryID() + hook + id), "X-Gitlab-Webhook-UUID": uuid("hook" + hook),
		"Idempotency-Key": uuid(i.DeliveryID() + hook + id + "key"), "X-Gitlab-Instance": "https://gitlab.example.com",
	}, body)
}

func gitlabProject(full string) object {
	owner, name := short(full)
	web := "https://gitlab.example.com/" + full
	return object{
		"id": number(full) % 1e6, "name": name, "description": "", "web_url": web, "avatar_url": nil, "git_ssh_url": "git@gitlab.example.com:" + full + ".git",
		"git_http_url": web + ".git", "namespace": owner, "visibility_level": 0, "path_with_namespace": full, "default_branch": "main", "ci_config_path": "",
	}
}

func gitlabUser(hash string) object {
	name, email := person(hash)
	return object{"id": number(hash) % 1e6, "name": name, "username": hash, "avatar_url": nil, "email": email}
}

func gitlabCommit(c *plimsoll.ChangeReport) object {
	name, email := person(c.AuthorHash)
	return object{
		"id": c.SHA, "message": c.Subject + "\n", "title": c.Subject, "timestamp": offset(c.CommittedAt, gitlabT),
		"url": "https://gitlab.example.com/" + c.Repository + "/-/commit/" + c.SHA, "author": object{"name": name, "email": email},
		"added": []string{}, "modified": append([]string{}, c.Paths...), "removed": []string{},
	}
}

func (v *Vendors) gitlabPush(items []*Item) {
	last := items[len(items)-1]
	c := last.Change
	before := "0000000000000000000000000000000000000000"
	if len(c.Parents) > 0 {
		before = c.Parents[0]
	}
	commits := []object{}
	for _, i := range items {
		commits = append(commits, gitlabCommit(i.Change))
	}
	user := gitlabUser(c.AuthorHash)
	const most = 20 // commits that GitLab lists
	v.gitlab(last, "Push Hook", c.SHA, object{
		"object_kind": "push", "event_name": "push", "before": before, "after": c.SHA, "ref": "refs/heads/main", "ref_protected": true, "checkout_sha": c.SHA,
		"user_id": user["id"], "user_name": user["name"], "user_username": user["username"], "user_email": "", "user_avatar": nil,
		"project_id": number(c.Repository) % 1e6, "project": gitlabProject(c.Repository), "commits": commits[max(0, len(commits)-most):], "total_commits_count": len(commits),
		"repository": object{"name": c.Repository, "url": "git@gitlab.example.com:" + c.Repository + ".git", "description": "", "homepage": "https://gitlab.example.com/" + c.Repository},
	})
}

func (v *Vendors) mergeRequest(i *Item) {
	p := v.known(i)
	action, state := "open", "opened"
	switch {
	case p.MergedAt.Known():
		action, state = "merge", "merged"
	case p.ClosedAt.Known():
		action, state = "close", "closed"
	}
	var mergeSHA any
	if p.MergeSHA != "" {
		mergeSHA = p.MergeSHA
	}
	user := gitlabUser("dev-" + itoa(number(p.Branch)%9))
	project := gitlabProject(p.Repository)
	attributes := object{
		"id": number(p.Repository + "!" + itoa(p.Number)), "iid": p.Number, "target_branch": "main", "source_branch": p.Branch, "source_project_id": project["id"],
		"target_project_id": project["id"], "author_id": user["id"], "assignee_ids": []int{}, "reviewer_ids": []int{}, "title": p.Title, "description": "",
		"created_at": p.OpenedAt.Std().Format(gitlabUTC), "updated_at": i.At.Std().Format(gitlabUTC), "state": state, "merge_status": "can_be_merged",
		"draft": false, "work_in_progress": false, "merge_commit_sha": mergeSHA, "action": action, "source": project, "target": project,
		"url": "https://gitlab.example.com/" + p.Repository + "/-/merge_requests/" + itoa(p.Number),
	}
	if sha := headOf(p); sha != "" {
		attributes["last_commit"] = object{
			"id": sha, "message": p.Title, "title": p.Title, "timestamp": offset(p.FirstCommitAt.Or(i.At), gitlabT),
			"url": "https://gitlab.example.com/" + p.Repository + "/-/commit/" + sha, "author": object{"name": user["name"], "email": user["email"]},
		}
	}
	body := object{
		"object_kind": "merge_request", "event_type": "merge_request", "user": user, "project": project, "object_attributes": attributes, "labels": []object{},
		"changes": object{}, "repository": object{"name": project["name"], "url": project["git_ssh_url"], "description": "", "homepage": project["web_url"]},
		"assignees": []object{}, "reviewers": []object{},
	}
	v.gitlab(i, "Merge Request Hook", action, body)
}

func (v *Vendors) pipeline(i *Item) {
	c := i.Change
	id := number(c.SHA + " pipeline")
	v.gitlab(i, "Pipeline Hook", c.SHA, object{
		"object_kind": "pipeline",
		"object_attributes": object{
			"id": id, "iid": id % 10000, "name": "build", "ref": "main", "tag": false, "sha": c.SHA, "before_sha": c.SHA, "source": "push", "status": "success",
			"detailed_status": "passed", "stages": []string{"build"}, "created_at": c.CommittedAt.Std().Format(gitlabUTC), "finished_at": c.BuiltAt.Std().Format(gitlabUTC),
			"duration": int(c.BuiltAt.Seconds(c.CommittedAt)), "queued_duration": 1, "variables": []object{}, "url": "https://gitlab.example.com/" + c.Repository + "/-/pipelines/" + itoa(id),
		},
		"user": gitlabUser("dev-0"), "project": gitlabProject(c.Repository), "builds": []object{},
		"commit": object{"id": c.SHA, "timestamp": offset(c.CommittedAt, gitlabT), "url": "https://gitlab.example.com/" + c.Repository + "/-/commit/" + c.SHA},
	})
}

// gitlabStatus is the status of a deployment. GitLab has none for what was
// stopped or taken back.
func gitlabStatus(r plimsoll.Result) string {
	switch r {
	case plimsoll.ResultRunning, plimsoll.ResultSuccess:
		return string(r)
	case plimsoll.ResultCanceled, plimsoll.ResultSuperseded:
		return "canceled"
	}
	return "failed"
}

// gitlabDeployment tells of a deployment. The hook names the commit by its first
// eight digits only; all of it stands in the address.
func (v *Vendors) gitlabDeployment(i *Item, d *plimsoll.DeploymentReport, first bool) {
	if d.Result == plimsoll.ResultRolledBack {
		return // that an old one was taken back is told by the new one
	}
	say := func(result plimsoll.Result, at plimsoll.Time) {
		id := number(d.ID) % 1e9
		web := "https://gitlab.example.com/" + d.Repository
		tier := "production"
		if d.Environment == "staging" {
			tier = "staging"
		}
		v.gitlab(i, "Deployment Hook", string(result), object{
			"object_kind": "deployment", "status": gitlabStatus(result), "status_changed_at": offset(at, gitlabSpace), "deployment_id": id, "deployable_id": id + 7,
			"deployable_url": web + "/-/jobs/" + itoa(id+7), "environment": d.Environment, "environment_tier": tier, "environment_slug": d.Environment,
			"environment_external_url": "https://" + d.Service + ".example.com", "project": gitlabProject(d.Repository), "short_sha": d.CommitSHA[:8],
			"user": gitlabUser("dev-" + itoa(number(d.ID)%9)), "user_url": "https://gitlab.example.com/dev", "commit_url": web + "/-/commit/" + d.CommitSHA,
			"commit_title": d.Service + " " + d.Version, "ref": "main",
		})
	}
	if first && d.FinishedAt.Known() {
		say(plimsoll.ResultRunning, d.StartedAt)
	}
	say(d.Outcome(), plimsoll.Last(d.StartedAt, d.FinishedAt, i.OccurredAt))
}
