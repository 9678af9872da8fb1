package source

import (
	"regexp"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// Commit is one commit of a push.
type Commit struct {
	SHA     string
	At      plimsoll.Time
	Message string
	Author  Person
	Paths   []string
	Parents []string // as far as the tool says; nil: it does not
}

// Person is what scrubbing leaves of a person.
type Person struct {
	Login string `json:"login"`
	Email string `json:"email"`
	Bot   bool   `json:"bot"`
}

// Push is what a tool says of a push to a branch.
type Push struct {
	Repository string
	Before     string
	Forced     bool // Before is no ancestor, or nobody knows
	Cut        bool // there were commits before those that are listed
	Commits    []Commit
}

var (
	merges  = regexp.MustCompile(`^Merge (pull request|branch|remote-tracking branch|tag|commit|branches) `)
	reverts = regexp.MustCompile(`(?m)^This reverts commit ([0-9a-f]{7,64})`)
)

// mostPaths is how many paths of one commit are kept; more are as good as
// unknown.
const mostPaths = 2000

// Changes makes a report of each commit of a push. Where the tool does not say
// what the parents are, they follow from the order: what a push brings lies
// between the head before it and the head after it, so that what a deployment of
// either contains is exact, and only within the push the order is taken for the
// line of history. After a push that was forced or cut the first commit's
// parents stay unknown.
func (p Push) Changes() []Report {
	var out []Report
	previous := p.Before
	if strings.Trim(previous, "0") == "" || p.Forced || p.Cut {
		previous = ""
	}
	for i, c := range p.Commits {
		parents := c.Parents
		if parents == nil && previous != "" {
			parents = []string{previous}
			if i > 0 && !p.Forced && !p.Cut && merges.MatchString(c.Message) && p.Before != previous {
				parents = []string{p.Before, previous}
			}
		}
		previous = c.SHA
		subject, _, _ := strings.Cut(c.Message, "\n")
		r := Report{
			"type": "change", "sha": c.SHA, "repository": p.Repository, "committed_at": c.At,
			"message_subject": subject, "author_hash": authorOf(c.Author), "bot": c.Author.Bot, "parents": parents,
		}
		if m := reverts.FindStringSubmatch(c.Message); m != nil {
			r["reverts"] = m[1]
		}
		if len(c.Paths) > 0 && len(c.Paths) <= mostPaths {
			r["paths"] = c.Paths
		}
		out = append(out, r)
	}
	return out
}

// authorOf is what an author counts by.
func authorOf(p Person) string {
	if p.Email != "" {
		return p.Email
	}
	return p.Login
}
