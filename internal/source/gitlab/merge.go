package gitlab

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source"
)

type label struct {
	Title string `json:"title"`
}

func titles(labels []label) (out []string) {
	for _, l := range labels {
		if t := source.Text(l.Title); t != "" && len(t) <= 200 {
			out = append(out, t)
		}
	}
	return out
}

// request is a merge request, as it stands in hooks of its own and in those of
// notes.
type request struct {
	IID          int         `json:"iid"`
	Title        string      `json:"title"`
	AuthorID     int64       `json:"author_id"`
	SourceBranch string      `json:"source_branch"`
	TargetBranch string      `json:"target_branch"`
	State        string      `json:"state"`
	Action       string      `json:"action"`
	CreatedAt    source.Time `json:"created_at"`
	UpdatedAt    source.Time `json:"updated_at"`
	MergedAt     source.Time `json:"merged_at"`
	MergeSHA     string      `json:"merge_commit_sha"`
	SquashSHA    string      `json:"squash_commit_sha"`
	LastCommit   struct {
		ID string `json:"id"`
	} `json:"last_commit"`
}

func (m *request) report(d *source.Delivery, p project) (source.Report, error) {
	repo, err := p.name(d)
	if err != nil {
		return nil, err
	}
	if m.IID < 1 {
		return nil, fmt.Errorf("a merge request without iid")
	}
	if !d.Mainline(m.TargetBranch, p.Default) {
		return nil, source.Ignored("it is for %s, which is no branch whose commits count", m.TargetBranch)
	}
	return source.Report{
		"type": "pull_request", "repository": repo, "number": m.IID, "branch": m.SourceBranch, "title": m.Title, "opened_at": m.CreatedAt.T(),
	}, nil
}

func mergeRequest(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Attributes request `json:"object_attributes"`
		Project    project `json:"project"`
		Labels     []label `json:"labels"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	m := &in.Attributes
	r, err := m.report(d, in.Project)
	if err != nil {
		return nil, err
	}
	r["labels"] = titles(in.Labels)
	// The hook shows the request at the moment of what was done, so that
	// updated_at is the time of the merge and of nothing else.
	at := m.UpdatedAt.T()
	switch m.Action {
	case "open", "reopen", "update", "":
	case "approved", "approval":
		// An approval does not touch the request, and says no time.
		at = d.ReceivedAt
		r["approved_at"], r["first_review_at"] = at, at
	case "close":
		r["closed_at"] = at
	case "merge":
		r["merged_at"] = m.MergedAt.T().Or(at)
		// Fast-forward merges have no commit of their own, squashes no merge.
		r["merge_sha"] = cmp.Or(m.MergeSHA, m.SquashSHA, m.LastCommit.ID)
	default:
		return nil, source.Ignored("%s of a merge request is of no interest", m.Action)
	}
	r["occurred_at"] = at
	return []source.Report{r}, nil
}

func note(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Attributes struct {
			Kind      string      `json:"noteable_type"`
			AuthorID  int64       `json:"author_id"`
			System    bool        `json:"system"`
			CreatedAt source.Time `json:"created_at"`
		} `json:"object_attributes"`
		Request request `json:"merge_request"`
		Project project `json:"project"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	x := in.Attributes
	switch {
	case x.Kind != "MergeRequest":
		return nil, source.Ignored("a note on a %s is of no interest", x.Kind)
	case x.System || x.AuthorID == in.Request.AuthorID:
		return nil, source.Ignored("a note of the author, or of GitLab itself, is no review")
	}
	r, err := in.Request.report(d, in.Project)
	if err != nil {
		return nil, err
	}
	r["first_review_at"], r["occurred_at"] = x.CreatedAt.T(), x.CreatedAt.T()
	return []source.Report{r}, nil
}

func release(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Tag        string      `json:"tag"`
		Action     string      `json:"action"`
		URL        string      `json:"url"`
		ReleasedAt source.Time `json:"released_at"`
		Commit     commit      `json:"commit"`
		Project    project     `json:"project"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	repo, err := in.Project.name(d)
	switch {
	case err != nil:
		return nil, err
	case d.Options.Releases == "":
		return nil, source.Ignored("a release is no deployment, unless releases: of the configuration names its environment")
	case in.Action == "delete" || !in.ReleasedAt.T().Known():
		return nil, source.Ignored("nothing was released")
	}
	return []source.Report{{
		"type": "deployment", "id": source.RepositoryName(in.Project.WebURL) + "/-/releases/" + in.Tag, "service": d.Service(repo, in.Tag), "environment": d.Options.Releases, "version": in.Tag,
		"repository": repo, "commit_sha": in.Commit.ID, "finished_at": in.ReleasedAt.T(), "result": string(plimsoll.ResultSuccess), "url": in.URL,
	}}, nil
}

func issue(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Kind       string `json:"object_kind"`
		Attributes struct {
			IID       int         `json:"iid"`
			Title     string      `json:"title"`
			Type      string      `json:"type"`
			State     string      `json:"state"`
			Severity  string      `json:"severity"`
			URL       string      `json:"url"`
			CreatedAt source.Time `json:"created_at"`
			UpdatedAt source.Time `json:"updated_at"`
			ClosedAt  source.Time `json:"closed_at"`
			Labels    []label     `json:"labels"`
		} `json:"object_attributes"`
		Labels  []label `json:"labels"`
		Project project `json:"project"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	repo, err := in.Project.name(d)
	if err != nil {
		return nil, err
	}
	x := in.Attributes
	labels := titles(in.Labels)
	if labels == nil {
		labels = titles(x.Labels)
	}
	r, ok := d.LabelledIncident(labels, repo)
	if !ok && !strings.EqualFold(x.Type, "incident") && in.Kind != "incident" {
		return nil, source.Ignored("an issue without the label or type of an incident is of no interest")
	}
	r["id"] = fmt.Sprintf("%s/-/issues/%d", source.RepositoryName(in.Project.WebURL), x.IID)
	if r["severity"] == nil && x.Severity != "unknown" {
		r["severity"] = x.Severity
	}
	r["title"], r["url"], r["started_at"], r["occurred_at"] = x.Title, x.URL, x.CreatedAt.T(), x.UpdatedAt.T()
	if x.State == "closed" {
		r["resolved_at"] = x.ClosedAt.T()
	}
	return []source.Report{r}, nil
}
