package github

import (
	"fmt"

	"github.com/plimsoll-dev/plimsoll/internal/source"
)

type pull struct {
	Number    int           `json:"number"`
	Title     string        `json:"title"`
	State     string        `json:"state"`
	Draft     bool          `json:"draft"`
	Merged    bool          `json:"merged"`
	CreatedAt source.Time   `json:"created_at"`
	UpdatedAt source.Time   `json:"updated_at"`
	ClosedAt  source.Time   `json:"closed_at"`
	MergedAt  source.Time   `json:"merged_at"`
	MergeSHA  string        `json:"merge_commit_sha"`
	User      source.Person `json:"user"`
	Labels    []label       `json:"labels"`
	Head      struct {
		Ref string `json:"ref"`
	} `json:"head"`
	Base struct {
		Ref  string     `json:"ref"`
		Repo repository `json:"repo"`
	} `json:"base"`
}

type label struct {
	Name string `json:"name"`
}

func names(labels []label) []string {
	var out []string
	for _, l := range labels {
		if n := source.Text(l.Name); n != "" && len(n) <= 200 {
			out = append(out, n)
		}
	}
	return out
}

// report is what a pull request says of itself at that moment.
func (p *pull) report(d *source.Delivery, r repository) (source.Report, error) {
	if p.Number < 1 {
		return nil, fmt.Errorf("a pull request without a number")
	}
	if !d.Mainline(p.Base.Ref, r.Default) {
		return nil, source.Ignored("it is for %s, which is no branch whose commits count", p.Base.Ref)
	}
	out := source.Report{
		"type": "pull_request", "repository": r.name(d), "number": p.Number, "branch": p.Head.Ref, "title": p.Title,
		"opened_at": p.CreatedAt.T(), "labels": names(p.Labels), "occurred_at": p.UpdatedAt.T().Or(p.CreatedAt.T()),
	}
	if p.MergedAt.T().Known() {
		// Before the merge merge_commit_sha is that of a trial.
		out["merged_at"], out["merge_sha"] = p.MergedAt.T(), p.MergeSHA
	}
	if p.State == "closed" {
		out["closed_at"] = p.ClosedAt.T()
	}
	return out, nil
}

func pullRequest(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Action     string     `json:"action"`
		Pull       pull       `json:"pull_request"`
		Repository repository `json:"repository"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	switch in.Action {
	case "opened", "reopened", "closed", "edited", "labeled", "unlabeled", "ready_for_review":
	default:
		return nil, source.Ignored("that a pull request is %s is of no interest", in.Action)
	}
	r, err := in.Pull.report(d, in.Repository)
	if err != nil {
		return nil, err
	}
	return []source.Report{r}, nil
}

func review(d *source.Delivery) ([]source.Report, error) {
	var in struct {
		Action string `json:"action"`
		Review struct {
			State       string        `json:"state"`
			SubmittedAt source.Time   `json:"submitted_at"`
			User        source.Person `json:"user"`
		} `json:"review"`
		Pull       pull       `json:"pull_request"`
		Repository repository `json:"repository"`
	}
	if err := d.Read(&in); err != nil {
		return nil, err
	}
	at := in.Review.SubmittedAt.T()
	switch {
	case in.Action != "submitted" || !at.Known():
		return nil, source.Ignored("that a review is %s is of no interest", in.Action)
	case in.Review.User.Login != "" && in.Review.User.Login == in.Pull.User.Login:
		return nil, source.Ignored("an author's answer is no review")
	case in.Review.User.Bot:
		return nil, source.Ignored("a bot's remark is no review")
	}
	r, err := in.Pull.report(d, in.Repository)
	if err != nil {
		return nil, err
	}
	r["occurred_at"], r["first_review_at"] = at, at
	if in.Review.State == "approved" {
		r["approved_at"] = at
	}
	// What else the pull request says is told by its own events.
	for _, field := range []string{"merged_at", "merge_sha", "closed_at", "labels"} {
		delete(r, field)
	}
	return []source.Report{r}, nil
}
