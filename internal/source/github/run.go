package github

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source"
)

// run is a run of a workflow, or one of its jobs.
type run struct {
	ID           int64       `json:"id"`
	RunID        int64       `json:"run_id"`
	Name         string      `json:"name"`
	WorkflowName string      `json:"workflow_name"`
	HeadBranch   string      `json:"head_branch"`
	HeadSHA      string      `json:"head_sha"`
	Event        string      `json:"event"`
	Conclusion   string      `json:"conclusion"`
	HTMLURL      string      `json:"html_url"`
	Attempt      int         `json:"run_attempt"`
	RunStartedAt source.Time `json:"run_started_at"`
	StartedAt    source.Time `json:"started_at"`
	CompletedAt  source.Time `json:"completed_at"`
	UpdatedAt    source.Time `json:"updated_at"`
	HeadCommit   struct {
		At source.Time `json:"timestamp"`
	} `json:"head_commit"`
	Actor source.Person `json:"actor"`
}

// results are what the conclusions of a run that deploys say. A skipped or
// refused one never touched anything, and one that was cancelled is taken at its
// word.
var results = map[string]plimsoll.Result{
	"success": plimsoll.ResultSuccess, "failure": plimsoll.ResultFailure, "timed_out": plimsoll.ResultFailure, "cancelled": plimsoll.ResultCanceled,
}

func workflowRun(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Action     string     `json:"action"`
		Run        run        `json:"workflow_run"`
		Repository repository `json:"repository"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	x, repo := in.Run, in.Repository.name(d)
	if in.Action != "completed" {
		return nil, source.Ignored("a run counts when it has completed")
	}
	if x.ID == 0 || x.HeadSHA == "" {
		return nil, fmt.Errorf("a workflow_run without id or head_sha")
	}
	// A run says nowhere when it ended. The body shows it at the moment of its
	// end, when updated_at is that moment; asked later, it would not be.
	end := x.UpdatedAt.T()
	if service, environment, ok := d.Deployment(source.Place{Repository: repo, Workflow: x.Name}); ok {
		return deployed(x, repo, service, environment, fmt.Sprintf("%s/actions/runs/%d/%d", in.Repository.id(), x.ID, max(1, x.Attempt)), x.RunStartedAt.T(), end)
	}
	switch {
	case x.Conclusion != "success":
		return nil, source.Ignored("a run that ended in %s is no green build", x.Conclusion)
	case !d.Mainline(x.HeadBranch, in.Repository.Default) || strings.HasPrefix(x.Event, "pull_request"):
		return nil, source.Ignored("a run for %s is no build of what gets deployed", cmp.Or(x.HeadBranch, "no branch"))
	case !x.HeadCommit.At.T().Known():
		return nil, source.Ignored("the run does not say when its commit was made")
	}
	return []source.Report{{
		"type": "change", "sha": x.HeadSHA, "repository": repo, "committed_at": x.HeadCommit.At.T(), "built_at": end, "occurred_at": end,
	}}, nil
}

func workflowJob(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Action     string     `json:"action"`
		Job        run        `json:"workflow_job"`
		Repository repository `json:"repository"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	x, repo := in.Job, in.Repository.name(d)
	if in.Action != "completed" {
		return nil, source.Ignored("a job counts when it has completed")
	}
	service, environment, ok := d.Deployment(source.Place{Repository: repo, Workflow: x.WorkflowName, Job: x.Name})
	if !ok || x.Name == "" || !jobRule(d, x.Name) {
		return nil, source.Ignored("no rule of the configuration says that the job %s deploys", x.Name)
	}
	return deployed(x, repo, service, environment, fmt.Sprintf("%s/actions/runs/%d/job/%d", in.Repository.id(), x.RunID, x.ID), x.StartedAt.T(), x.CompletedAt.T())
}

// jobRule reports whether a rule names the job itself: one that names only the
// workflow speaks of the whole run.
func jobRule(d *source.Delivery, job string) bool {
	return slices.ContainsFunc(d.Options.Deployments, func(r source.Rule) bool { return r.Job != "" && source.Any([]string{r.Job}, job) })
}

func deployed(x run, repo, service, environment, id string, start, end plimsoll.Time) ([]source.Report, error) {
	result, ok := results[x.Conclusion]
	if !ok {
		return nil, source.Ignored("a run that ended in %s deployed nothing", cmp.Or(x.Conclusion, "no conclusion"))
	}
	if start > end {
		start = 0
	}
	return []source.Report{{
		"type": "deployment", "id": id, "service": service, "environment": environment, "commit_sha": x.HeadSHA, "repository": repo,
		"started_at": start, "finished_at": end, "result": string(result), "url": x.HTMLURL, "deployer": x.Actor.Login,
	}}, nil
}

func release(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Action  string `json:"action"`
		Release struct {
			ID          int64         `json:"id"`
			Tag         string        `json:"tag_name"`
			Target      string        `json:"target_commitish"`
			Draft       bool          `json:"draft"`
			Prerelease  bool          `json:"prerelease"`
			PublishedAt source.Time   `json:"published_at"`
			HTMLURL     string        `json:"html_url"`
			Author      source.Person `json:"author"`
		} `json:"release"`
		Repository repository `json:"repository"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	x, repo := in.Release, in.Repository.name(d)
	switch {
	case d.Options.Releases == "":
		return nil, source.Ignored("a release is no deployment, unless releases: of the configuration names its environment")
	case in.Action != "released" && in.Action != "published":
		return nil, source.Ignored("that a release is %s is of no interest", in.Action)
	case x.Draft || x.Prerelease || !x.PublishedAt.T().Known():
		return nil, source.Ignored("a draft or a trial is not released")
	}
	r := source.Report{
		"type": "deployment", "id": fmt.Sprintf("%s/releases/%d", in.Repository.id(), x.ID), "service": d.Service(repo, x.Tag), "environment": d.Options.Releases,
		"version": x.Tag, "repository": repo, "finished_at": x.PublishedAt.T(), "result": "success", "url": x.HTMLURL, "deployer": x.Author.Login,
	}
	if len(x.Target) == 40 && strings.Trim(x.Target, "0123456789abcdef") == "" {
		r["commit_sha"] = x.Target
	}
	return []source.Report{r}, nil
}

func issue(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Action string `json:"action"`
		Issue  struct {
			Number      int         `json:"number"`
			Title       string      `json:"title"`
			State       string      `json:"state"`
			StateReason string      `json:"state_reason"`
			HTMLURL     string      `json:"html_url"`
			CreatedAt   source.Time `json:"created_at"`
			UpdatedAt   source.Time `json:"updated_at"`
			ClosedAt    source.Time `json:"closed_at"`
			Labels      []label     `json:"labels"`
		} `json:"issue"`
		Repository repository `json:"repository"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	x, repo := in.Issue, in.Repository.name(d)
	if x.Number < 1 {
		return nil, fmt.Errorf("an issue without a number")
	}
	r, ok := d.LabelledIncident(names(x.Labels), repo)
	if !ok || in.Action == "deleted" || in.Action == "transferred" {
		return nil, source.Ignored("an issue without the label of an incident is of no interest")
	}
	if x.StateReason == "not_planned" || x.StateReason == "duplicate" {
		return nil, source.Ignored("the issue was closed as %s: it was no incident", x.StateReason)
	}
	r["id"] = fmt.Sprintf("%s/issues/%d", in.Repository.id(), x.Number)
	r["title"], r["url"], r["started_at"], r["occurred_at"] = x.Title, x.HTMLURL, x.CreatedAt.T(), x.UpdatedAt.T()
	if x.State == "closed" {
		r["resolved_at"] = x.ClosedAt.T()
	}
	return []source.Report{r}, nil
}
