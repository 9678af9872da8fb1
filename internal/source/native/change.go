package native

import (
	"cmp"
	"strconv"
	"strings"
	"unicode"

	"github.com/plimsoll-dev/plimsoll"
)

// authors are the fields in which senders name who wrote a commit; the first
// that is given counts. committers are read to be left out: who pressed the
// button is no author.
var (
	authors    = []string{"author_hash", "author_email", "author", "author_name"}
	committers = []string{"committer", "committer_email", "committer_name"}
)

// author reads every name and address of a person that a commit or pull request
// carries, and returns one hash that only counts. A hash of the sender's is
// hashed again: one without a secret tells who it was to anybody who guesses.
func (r *reader) author() (hash string) {
	for _, field := range authors {
		ref, _ := r.pseudonym("author", field)
		hash = cmp.Or(hash, ref)
	}
	for _, field := range committers {
		r.text(field, maxText)
	}
	return hash
}

func (r *reader) change() (any, string, plimsoll.Time) {
	c := plimsoll.ChangeReport{
		SHA:         r.sha("sha"),
		Repository:  r.required("repository"),
		CommittedAt: r.time("committed_at"),
		AuthoredAt:  r.time("authored_at"),
		Parents:     r.shas("parents"),
		Subject:     r.subject("message_subject"),
		AuthorHash:  r.author(),
		Paths:       r.paths("paths"),
		BuiltAt:     r.time("built_at"),
		Reverts:     r.sha("reverts"),
		PullRequest: r.pullRequestRef("pull_request"),
	}
	if bot := r.flagField("bot"); bot != nil {
		c.Bot = *bot
	}
	r.take("id") // the subject of a change is its repository and sha
	c.Labels = r.labels()
	if c.SHA == "" {
		r.fail("sha", "missing; it is required")
	}
	if !c.CommittedAt.Known() {
		r.fail("committed_at", "missing; it is required")
	}
	return c, c.Key(), c.CommittedAt
}

// subject reads the first line of a commit message. A commit cannot be mended
// any more, so what does not fit is made to fit.
func (r *reader) subject(field string) string {
	raw, ok := r.take(field)
	if !ok {
		return ""
	}
	s, _ := r.unquoted(field, raw)
	s, _, _ = strings.Cut(s, "\n")
	s = strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) {
			return ' '
		}
		return c
	}, s))
	if len(s) > maxText {
		if runes := []rune(s); len(runes) > maxText {
			s = strings.TrimSpace(string(runes[:maxText]))
		}
	}
	return s
}

// pullRequestRef reads the pull request of a change: an object, or its number.
func (r *reader) pullRequestRef(field string) *plimsoll.PullRequestRef {
	for _, f := range r.fields {
		if f.name == field && f.raw[0] != '{' && f.raw[0] != 'n' {
			return &plimsoll.PullRequestRef{Number: r.number(field)}
		}
	}
	raw, ok := r.take(field)
	if !ok {
		return nil
	}
	in := r.nested(field, raw)
	if in == nil {
		return nil
	}
	ref := in.ref()
	in.rest()
	if r.err == nil {
		r.err = in.err
	}
	return &ref
}

// ref reads the fields that a pull request has wherever it stands.
func (r *reader) ref() plimsoll.PullRequestRef {
	p := plimsoll.PullRequestRef{
		Number:        r.number("number"),
		Branch:        r.name("branch"),
		Title:         r.text("title", maxText),
		FirstCommitAt: r.time("first_commit_at"),
		OpenedAt:      r.time("opened_at"),
		FirstReviewAt: r.time("first_review_at"),
		ApprovedAt:    r.time("approved_at"),
		MergedAt:      r.time("merged_at"),
		MergeSHA:      r.sha("merge_sha"),
		Labels:        r.names("labels"),
	}
	r.author() // left out: the commits have their own
	if p.Number == 0 {
		r.fail("number", "missing; it is required")
	}
	return p
}

func (r *reader) pullRequest() (any, string, plimsoll.Time) {
	p := plimsoll.PullRequestReport{
		Repository:     r.required("repository"),
		ClosedAt:       r.time("closed_at"),
		Commits:        r.shas("commits"),
		PullRequestRef: r.ref(),
	}
	r.take("id") // the subject of a pull request is its repository and number
	r.rest()
	return p, p.Repository + "#" + strconv.Itoa(p.Number),
		plimsoll.Last(p.FirstCommitAt, p.OpenedAt, p.FirstReviewAt, p.ApprovedAt, p.MergedAt, p.ClosedAt)
}
