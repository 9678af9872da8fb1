// Package github decodes the webhooks of GitHub. It refuses to take for a
// deployment what was only asked for: one counts from its first status on, and
// one that was skipped, refused or cancelled before it began does not.
package github

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source"
)

// Source returns how deliveries of GitHub are read.
func Source() source.Source {
	return source.Source{
		Name: "github", Decoder: "github/1",
		Verify:  source.HMAC("X-Hub-Signature-256", "sha256="),
		ID:      source.HeaderID("X-Github-Delivery"),
		Headers: []string{"X-Github-Event"},
		Persons: source.Persons{
			Objects: []string{
				"author", "committer", "pusher", "sender", "user", "owner", "creator", "assignee", "assignees", "merged_by", "actor",
				"triggering_actor", "requested_reviewer", "requested_reviewers", "requested_teams", "organization", "enterprise", "reviewers", "approver", "closed_by", "uploader", "active_lock_reason",
			},
			Drop: []string{"body", "organization", "enterprise", "installation", "assets", "mentions_count", "label_url", "path_with_names"},
		},
		Decode: decode,
	}
}

type repository struct {
	FullName string `json:"full_name"`
	HTMLURL  string `json:"html_url"`
	Default  string `json:"default_branch"`
}

func (r repository) name(d *source.Delivery) string {
	return d.Repository(cmp.Or(r.HTMLURL, "github.com/"+r.FullName))
}

// id is a name that no catalogue changes, for what has a number of its own.
func (r repository) id() string {
	return source.RepositoryName(cmp.Or(r.HTMLURL, "github.com/"+r.FullName))
}

func decode(d source.Delivery) ([]source.Report, error) {
	event := d.Header.Get("X-Github-Event")
	decoders := map[string]func(*source.Delivery) ([]source.Report, error){
		"push": push, "deployment_status": status, "pull_request": pullRequest, "pull_request_review": review,
		"workflow_run": workflowRun, "workflow_job": workflowJob, "release": release, "issues": issue,
	}
	if decode, ok := decoders[event]; ok {
		return decode(&d)
	}
	switch event {
	case "":
		return nil, fmt.Errorf("the header X-GitHub-Event is missing")
	case "deployment":
		return nil, source.Ignored("a deployment counts from its first status on")
	}
	return nil, source.Ignored("events %s are of no interest", event)
}

func push(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Ref     string `json:"ref"`
		Before  string `json:"before"`
		Created bool   `json:"created"`
		Deleted bool   `json:"deleted"`
		Forced  bool   `json:"forced"`
		Commits []struct {
			ID       string        `json:"id"`
			Message  string        `json:"message"`
			At       source.Time   `json:"timestamp"`
			Author   source.Person `json:"author"`
			Added    []string      `json:"added"`
			Removed  []string      `json:"removed"`
			Modified []string      `json:"modified"`
		} `json:"commits"`
		Repository repository `json:"repository"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	branch, isBranch := strings.CutPrefix(in.Ref, "refs/heads/")
	switch {
	case !isBranch || in.Deleted:
		return nil, source.Ignored("%s brings no commits to a branch", in.Ref)
	case !d.Mainline(branch, in.Repository.Default):
		return nil, source.Ignored("%s is no branch whose commits count", branch)
	}
	p := source.Push{Repository: in.Repository.name(d), Before: in.Before, Forced: in.Forced || in.Created, Cut: len(in.Commits) >= mostCommits}
	for _, c := range in.Commits {
		paths := slices.Concat(c.Added, c.Removed, c.Modified)
		slices.Sort(paths)
		p.Commits = append(p.Commits, source.Commit{SHA: c.ID, At: c.At.T(), Message: c.Message, Author: c.Author, Paths: slices.Compact(paths)})
	}
	return p.Changes(), nil
}

// mostCommits is how many commits of a push GitHub lists.
const mostCommits = 2048

// payload is what a deployment carries for whoever rolls it out: an object, or a
// text. What we know in it is taken at its word.
type payload struct {
	Service     string `json:"service"`
	Version     string `json:"version"`
	Strategy    string `json:"strategy"`
	Kind        string `json:"kind"`
	ChangeClass string `json:"change_class"`
	RollbackOf  string `json:"rollback_of"`
	GroupID     string `json:"group_id"`
}

func readPayload(raw json.RawMessage) (p payload) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	if json.Unmarshal(raw, &p) != nil {
		return payload{}
	}
	if !slices.Contains(plimsoll.Strategies, p.Strategy) {
		p.Strategy = ""
	}
	if !slices.Contains(plimsoll.Kinds, plimsoll.Kind(p.Kind)) {
		p.Kind = ""
	}
	return p
}

// tagLike matches what names a version rather than a branch.
var tagLike = regexp.MustCompile(`^(refs/tags/)?v?[0-9]+(\.[0-9]+)+([-+.].*)?$`)

func status(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Status struct {
			State       string      `json:"state"`
			Description string      `json:"description"`
			CreatedAt   source.Time `json:"created_at"`
			TargetURL   string      `json:"target_url"`
			LogURL      string      `json:"log_url"`
		} `json:"deployment_status"`
		Deployment struct {
			ID          int64           `json:"id"`
			SHA         string          `json:"sha"`
			Ref         string          `json:"ref"`
			Task        string          `json:"task"`
			Environment string          `json:"environment"`
			Payload     json.RawMessage `json:"payload"`
			Creator     source.Person   `json:"creator"`
			Transient   bool            `json:"transient_environment"`
		} `json:"deployment"`
		CheckRun *struct {
			Conclusion string `json:"conclusion"`
		} `json:"check_run"`
		Repository repository `json:"repository"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	x, s, repo := in.Deployment, in.Status, in.Repository.name(d)
	switch {
	case x.ID == 0 || !s.CreatedAt.T().Known():
		return nil, fmt.Errorf("a deployment_status without deployment.id or deployment_status.created_at")
	case x.Transient:
		return nil, source.Ignored("%s is a transient environment", x.Environment)
	}
	p := readPayload(x.Payload)
	service, environment, ok := d.Deployment(source.Place{Repository: repo, Environment: x.Environment, Task: x.Task})
	if !ok {
		return nil, source.Ignored("a rule of the configuration says that %s %s is no deployment", x.Environment, x.Task)
	}
	r := source.Report{
		"type": "deployment", "id": in.Repository.id() + "/deployments/" + strconv.FormatInt(x.ID, 10), "service": cmp.Or(p.Service, service),
		"environment": environment, "version": p.Version, "commit_sha": x.SHA, "repository": repo, "strategy": p.Strategy,
		"kind": p.Kind, "change_class": p.ChangeClass, "rollback_of": p.RollbackOf, "group_id": p.GroupID,
		"deployer": x.Creator.Login, "url": cmp.Or(s.LogURL, s.TargetURL), "occurred_at": s.CreatedAt.T(),
	}
	if p.Version == "" && tagLike.MatchString(x.Ref) {
		r["version"] = strings.TrimPrefix(x.Ref, "refs/tags/")
	}
	if p.Kind == "" && strings.HasPrefix(strings.ToLower(x.Task), "rollback") {
		r["kind"] = string(plimsoll.KindRollback)
	}
	stopped := in.CheckRun != nil && slices.Contains([]string{"cancelled", "skipped", "stale", "action_required", "neutral"}, in.CheckRun.Conclusion)
	switch s.State {
	case "in_progress":
		r["started_at"] = s.CreatedAt.T()
		return []source.Report{r}, nil
	case "success":
		r["result"] = "success"
	case "failure", "error":
		r["result"] = "failure"
		if stopped || s.State == "error" && strings.Contains(strings.ToLower(s.Description), "cancel") {
			r["result"] = "canceled"
		}
	default:
		// pending, queued, waiting: it may never begin. inactive: another took its
		// place, which says nothing of how it went.
		return nil, source.Ignored("a deployment that is %s has neither begun nor ended", cmp.Or(s.State, "of no state"))
	}
	r["finished_at"] = s.CreatedAt.T()
	return []source.Report{r}, nil
}
