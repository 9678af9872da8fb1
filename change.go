package plimsoll

import "slices"

// ChangeReport is what one event says of a commit.
type ChangeReport struct {
	SHA         string            `json:"sha"`
	Repository  string            `json:"repository"`
	AuthoredAt  Time              `json:"authored_at,omitzero"`
	CommittedAt Time              `json:"committed_at,omitzero"`
	Parents     []string          `json:"parents,omitempty"`
	Subject     string            `json:"message_subject,omitempty"`
	AuthorHash  string            `json:"author_hash,omitempty"` // salted; counts distinct authors, is never shown
	Bot         bool              `json:"bot,omitempty"`
	Paths       []string          `json:"paths,omitempty"`
	PullRequest *PullRequestRef   `json:"pull_request,omitempty"`
	BuiltAt     Time              `json:"built_at,omitzero"` // end of a green build of the commit
	Builds      []Time            `json:"builds,omitempty"`  // every one that was reported, sorted
	Reverts     string            `json:"reverts,omitempty"` // sha of the commit it takes back
	Labels      map[string]string `json:"labels,omitempty"`
}

// PullRequestRef is the pull request of a change: its number, and whatever
// else the sender knew of it.
type PullRequestRef struct {
	Number        int      `json:"number"`
	Branch        string   `json:"branch,omitempty"`
	Title         string   `json:"title,omitempty"`
	FirstCommitAt Time     `json:"first_commit_at,omitzero"`
	OpenedAt      Time     `json:"opened_at,omitzero"`
	FirstReviewAt Time     `json:"first_review_at,omitzero"`
	ApprovedAt    Time     `json:"approved_at,omitzero"`
	MergedAt      Time     `json:"merged_at,omitzero"`
	MergeSHA      string   `json:"merge_sha,omitempty"`
	Labels        []string `json:"labels,omitempty"`
}

// Key names the change within the organisation.
func (c ChangeReport) Key() string { return ChangeKey(c.Repository, c.SHA) }

// ChangeKey is the subject of a change: repository@sha.
func ChangeKey(repository, sha string) string { return repository + "@" + sha }

// Merge reports whether the commit joins lines of history. Such a commit is no
// change of its own.
func (c ChangeReport) Merge() bool { return len(c.Parents) > 1 }

// Over lays the stated fields of later over c.
func (c ChangeReport) Over(later ChangeReport) ChangeReport {
	set(&c.SHA, later.SHA)
	set(&c.Repository, later.Repository)
	set(&c.AuthoredAt, later.AuthoredAt)
	set(&c.CommittedAt, later.CommittedAt)
	set(&c.Subject, later.Subject)
	set(&c.AuthorHash, later.AuthorHash)
	set(&c.Bot, later.Bot)
	c.addBuilds(later)
	set(&c.Reverts, later.Reverts)
	if later.Parents != nil {
		c.Parents = later.Parents
	}
	if later.Paths != nil {
		c.Paths = later.Paths
	}
	if later.PullRequest != nil {
		ref := *later.PullRequest
		if c.PullRequest != nil && c.PullRequest.Number == ref.Number {
			ref = c.PullRequest.over(ref)
		}
		c.PullRequest = &ref
	}
	c.Labels = overLabels(c.Labels, later.Labels)
	return c
}

// addBuilds notes the builds that later tells of. Each report of a build is of
// another one, so that none takes the place of those before.
func (c *ChangeReport) addBuilds(later ChangeReport) {
	set(&c.BuiltAt, later.BuiltAt)
	builds := slices.Concat(c.Builds, later.Builds)
	if later.BuiltAt.Known() {
		builds = append(builds, later.BuiltAt)
	}
	slices.Sort(builds)
	c.Builds = slices.Clip(slices.Compact(builds))
	if len(c.Builds) == 0 {
		c.Builds = nil
	}
}

func (p PullRequestRef) over(later PullRequestRef) PullRequestRef {
	set(&p.Number, later.Number)
	set(&p.Branch, later.Branch)
	set(&p.Title, later.Title)
	set(&p.FirstCommitAt, later.FirstCommitAt)
	set(&p.OpenedAt, later.OpenedAt)
	// Each review is reported by itself; the first is the earliest of them.
	p.FirstReviewAt = First(p.FirstReviewAt, later.FirstReviewAt)
	set(&p.ApprovedAt, later.ApprovedAt)
	set(&p.MergedAt, later.MergedAt)
	set(&p.MergeSHA, later.MergeSHA)
	if later.Labels != nil {
		p.Labels = later.Labels
	}
	return p
}

// PullRequestReport is what one event says of a pull request. It may be known
// before its merge commit is.
type PullRequestReport struct {
	PullRequestRef
	Repository string   `json:"repository"`
	ClosedAt   Time     `json:"closed_at,omitzero"`
	Commits    []string `json:"commits,omitempty"` // shas of its branch
}

// Over lays the stated fields of later over p.
func (p PullRequestReport) Over(later PullRequestReport) PullRequestReport {
	p.PullRequestRef = p.PullRequestRef.over(later.PullRequestRef)
	set(&p.Repository, later.Repository)
	set(&p.ClosedAt, later.ClosedAt)
	if later.Commits != nil {
		p.Commits = slices.Clone(later.Commits)
	}
	return p
}

// Basis says what a lead time is counted for.
type Basis string

// The bases of lead time that have a row each; the third, oldest, is one
// figure of a deployment.
const (
	BasisChange      Basis = "change"
	BasisPullRequest Basis = "pull_request"
)

// Delivery is the fact that a change, or a pull request, came to the users of
// a service, or has not yet: the pair that lead time counts.
type Delivery struct {
	Service     string `json:"service"`
	Basis       Basis  `json:"basis"`
	Repository  string `json:"repository"`
	Key         string `json:"key"`                       // sha, or the number of the pull request
	StartAt     Time   `json:"start_at"`                  // where the clock of lead time starts
	CommittedAt Time   `json:"committed_at"`              // the option that a rebase resets
	DeliveredAt Time   `json:"delivered_at,omitzero"`     // unknown while open
	ExposedAt   Time   `json:"first_exposed_at,omitzero"` // first seen by users, even if taken back
	Deployment  string `json:"deployment,omitempty"`
	PullRequest int    `json:"pull_request,omitempty"`
	Bot         bool   `json:"bot,omitempty"`
	Team        string `json:"team,omitempty"`
	Stamps
}
