// Package gitlab decodes the webhooks of GitLab. It refuses to take the short
// form of a commit for the commit: where the whole one stands nowhere, it is
// unknown.
package gitlab

import (
	"cmp"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source"
)

// Source returns how deliveries of GitLab are read.
func Source() source.Source {
	return source.Source{
		Name: "gitlab", Decoder: "gitlab/1",
		Verify:  verify,
		ID:      source.HeaderID("Idempotency-Key", "Webhook-Id", "X-Gitlab-Event-UUID"),
		Headers: []string{"X-Gitlab-Event"},
		Persons: source.Persons{
			Objects: []string{"user", "author", "assignee", "assignees", "reviewers", "owner", "approved_by"},
			Names:   []string{"user_name", "user_username", "author_name"},
			Emails:  []string{"user_email", "author_email"},
			Drop:    []string{"description", "namespace", "project_name", "user_url", "author_url", "user_avatar", "avatar_url", "note", "variables", "changes", "runner"},
		},
		Decode: decode,
	}
}

// verify takes a signature where there is one, and the bare token of older
// servers elsewhere.
func verify(secrets []string, h http.Header, body []byte, now plimsoll.Time) bool {
	if h.Get("Webhook-Signature") != "" {
		return source.Standard(secrets, h, body, now)
	}
	return source.Token("X-Gitlab-Token", "")(secrets, h, body, now)
}

type project struct {
	WebURL  string `json:"web_url"`
	Default string `json:"default_branch"`
}

func (p project) name(d *source.Delivery) (string, error) {
	if p.WebURL == "" {
		return "", fmt.Errorf("project.web_url is missing")
	}
	return d.Repository(p.WebURL), nil
}

func decode(d source.Delivery) ([]source.Report, error) {
	var kind struct {
		Kind string `json:"object_kind"`
	}
	if err := d.Read(&kind); err != nil {
		return nil, err
	}
	decoders := map[string]func(*source.Delivery) ([]source.Report, error){
		"push": push, "deployment": deployment, "pipeline": pipeline, "build": job, "merge_request": mergeRequest, "note": note,
		"release": release, "issue": issue, "incident": issue, "work_item": issue,
	}
	if decode, ok := decoders[kind.Kind]; ok {
		return decode(&d)
	}
	if kind.Kind == "" {
		return nil, fmt.Errorf("object_kind is missing")
	}
	return nil, source.Ignored("events %s are of no interest", kind.Kind)
}

type commit struct {
	ID       string        `json:"id"`
	Message  string        `json:"message"`
	At       source.Time   `json:"timestamp"`
	Author   source.Person `json:"author"`
	Added    []string      `json:"added"`
	Removed  []string      `json:"removed"`
	Modified []string      `json:"modified"`
}

func push(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Ref     string   `json:"ref"`
		Before  string   `json:"before"`
		After   string   `json:"after"`
		Total   int      `json:"total_commits_count"`
		Commits []commit `json:"commits"`
		Project project  `json:"project"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	repo, err := in.Project.name(d)
	if err != nil {
		return nil, err
	}
	branch, isBranch := strings.CutPrefix(in.Ref, "refs/heads/")
	switch {
	case !isBranch || len(in.Commits) == 0:
		return nil, source.Ignored("%s brings no commits to a branch", in.Ref)
	case !d.Mainline(branch, in.Project.Default):
		return nil, source.Ignored("%s is no branch whose commits count", branch)
	}
	// A forced push does not say so. Commits that are left out do.
	p := source.Push{Repository: repo, Before: in.Before, Cut: in.Total > len(in.Commits)}
	for _, c := range in.Commits {
		paths := slices.Concat(c.Added, c.Removed, c.Modified)
		slices.Sort(paths)
		p.Commits = append(p.Commits, source.Commit{SHA: c.ID, At: c.At.T(), Message: c.Message, Author: c.Author, Paths: slices.Compact(paths)})
	}
	return p.Changes(), nil
}

// whole is the commit that an address ends in, "" if that is not all of it.
func whole(address string) string {
	sha := path.Base(address)
	if len(sha) < 40 || len(sha) > 64 || strings.Trim(sha, "0123456789abcdef") != "" {
		return ""
	}
	return sha
}

func deployment(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Status        string        `json:"status"`
		ChangedAt     source.Time   `json:"status_changed_at"`
		ID            int64         `json:"deployment_id"`
		Deployable    int64         `json:"deployable_id"`
		DeployableURL string        `json:"deployable_url"`
		Environment   string        `json:"environment"`
		Tier          string        `json:"environment_tier"`
		CommitURL     string        `json:"commit_url"`
		Ref           string        `json:"ref"`
		User          source.Person `json:"user"`
		Project       project       `json:"project"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	repo, err := in.Project.name(d)
	if err != nil {
		return nil, err
	}
	if in.ID == 0 || !in.ChangedAt.T().Known() {
		return nil, fmt.Errorf("a deployment without deployment_id or status_changed_at")
	}
	result, ok := map[string]string{"running": "", "success": "success", "failed": "failure", "canceled": "canceled"}[in.Status]
	if !ok {
		return nil, source.Ignored("a deployment that is %s has neither begun nor ended", cmp.Or(in.Status, "of no status"))
	}
	service, environment, ok := d.Deployment(source.Place{Repository: repo, Environment: in.Environment})
	if !ok {
		return nil, source.Ignored("a rule of the configuration says that %s is no deployment", in.Environment)
	}
	r := source.Report{
		"type": "deployment", "id": deploymentID(in.Project, in.Deployable, in.ID), "service": service, "environment": environment, "repository": repo,
		"commit_sha": whole(in.CommitURL), "deployer": in.User.Login, "url": in.DeployableURL, "result": result, "occurred_at": in.ChangedAt.T(),
		"labels": map[string]any{"environment_tier": in.Tier},
	}
	if version(in.Ref) {
		r["version"] = in.Ref
	}
	if in.Status == "running" {
		r["started_at"] = in.ChangedAt.T()
	} else {
		r["finished_at"] = in.ChangedAt.T()
	}
	return []source.Report{r}, nil
}

// deploymentID names a deployment by its job, as hooks of both kinds know it.
func deploymentID(p project, job, deployment int64) string {
	if job != 0 {
		return source.RepositoryName(p.WebURL) + "/-/jobs/" + strconv.FormatInt(job, 10)
	}
	return source.RepositoryName(p.WebURL) + "/-/deployments/" + strconv.FormatInt(deployment, 10)
}

// version reports whether a ref looks like a tag of a release.
func version(ref string) bool {
	ref = strings.TrimPrefix(ref, "v")
	return strings.Contains(ref, ".") && ref[0] >= '0' && ref[0] <= '9' && strings.Trim(ref, "0123456789.+-abcdefghijklmnopqrstuvwxyz") == ""
}

type environment struct {
	Name   string `json:"name"`
	Action string `json:"action"`
}

func pipeline(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Attributes struct {
			Ref        string      `json:"ref"`
			SHA        string      `json:"sha"`
			Status     string      `json:"status"`
			Source     string      `json:"source"`
			Tag        bool        `json:"tag"`
			FinishedAt source.Time `json:"finished_at"`
		} `json:"object_attributes"`
		Commit  commit  `json:"commit"`
		Project project `json:"project"`
		Builds  []struct {
			Status      string       `json:"status"`
			FinishedAt  source.Time  `json:"finished_at"`
			Environment *environment `json:"environment"`
		} `json:"builds"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	repo, err := in.Project.name(d)
	if err != nil {
		return nil, err
	}
	x := in.Attributes
	switch {
	case x.Status != "success":
		return nil, source.Ignored("a pipeline that is %s is no green build", cmp.Or(x.Status, "of no status"))
	case x.Tag || x.Source == "merge_request_event" || !d.Mainline(x.Ref, in.Project.Default):
		return nil, source.Ignored("a pipeline for %s is no build of what gets deployed", x.Ref)
	}
	// What deploys is no part of the build.
	var built plimsoll.Time
	for _, b := range in.Builds {
		if b.Status == "success" && b.Environment == nil {
			built = max(built, b.FinishedAt.T())
		}
	}
	if built = built.Or(x.FinishedAt.T()); !built.Known() || !in.Commit.At.T().Known() {
		return nil, source.Ignored("the pipeline does not say when it ended, or when its commit was made")
	}
	return []source.Report{{
		"type": "change", "sha": x.SHA, "repository": repo, "committed_at": in.Commit.At.T(), "built_at": built, "occurred_at": built,
	}}, nil
}

func job(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		ID           int64         `json:"build_id"`
		Name         string        `json:"build_name"`
		Status       string        `json:"build_status"`
		SHA          string        `json:"sha"`
		StartedAt    source.Time   `json:"build_started_at"`
		FinishedAt   source.Time   `json:"build_finished_at"`
		AllowFailure bool          `json:"build_allow_failure"`
		Environment  *environment  `json:"environment"`
		User         source.Person `json:"user"`
		Project      project       `json:"project"`
		Repository   struct {
			Homepage string `json:"homepage"`
		} `json:"repository"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	in.Project.WebURL = cmp.Or(in.Project.WebURL, in.Repository.Homepage)
	repo, err := in.Project.name(d)
	if err != nil {
		return nil, err
	}
	p := source.Place{Repository: repo, Job: in.Name}
	if in.Environment != nil {
		if p.Environment = in.Environment.Name; in.Environment.Action != "" && in.Environment.Action != "start" {
			return nil, source.Ignored("a job that does %s in an environment deploys nothing", in.Environment.Action)
		}
	}
	service, env, ok := d.Deployment(p)
	result := map[string]string{"running": "", "success": "success", "failed": "failure", "canceled": "canceled"}
	switch {
	case !ok || in.Name == "":
		return nil, source.Ignored("no rule of the configuration says that the job %s deploys", in.Name)
	case in.Status == "failed" && in.AllowFailure:
		return nil, source.Ignored("the job %s may fail without consequence", in.Name)
	case !slices.Contains([]string{"running", "success", "failed", "canceled"}, in.Status) || !in.StartedAt.T().Known():
		return nil, source.Ignored("a job that is %s has deployed nothing", cmp.Or(in.Status, "of no status"))
	}
	return []source.Report{{
		"type": "deployment", "id": deploymentID(in.Project, in.ID, 0), "service": service, "environment": env, "repository": repo, "commit_sha": in.SHA,
		"started_at": in.StartedAt.T(), "finished_at": in.FinishedAt.T(), "result": result[in.Status], "deployer": in.User.Login,
	}}, nil
}
