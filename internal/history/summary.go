package history

import (
	"fmt"

	"github.com/plimsoll-dev/plimsoll"
)

// Progress says how far an import is. It is reported after each accepted batch.
type Progress struct {
	Events      int           // accepted so far
	Commits     int           // of them, commits; a clone is read from its newest to its oldest
	Total       int           // commits there are to read, 0 when not known
	Deployments int           // of them, deployments, which come last
	ReachedAt   plimsoll.Time // commit time of the last commit read
	Lines       int           // of a file
}

// Summary says what came out of a clone and what was missing in it.
type Summary struct {
	Repository string `json:"repository"`
	Branch     string `json:"branch"`
	Events     int    `json:"events"` // accepted, with the service's own

	Deployments  int           `json:"deployments"`
	FirstVersion string        `json:"first_version,omitempty"` // starts the record
	FirstAt      plimsoll.Time `json:"first_at,omitzero"`
	LastAt       plimsoll.Time `json:"last_at,omitzero"`

	Commits      int `json:"commits"` // with merges
	Merges       int `json:"merges"`
	PullRequests int `json:"pull_requests"` // merged or squashed by one of the commits
	Reverts      int `json:"reverts"`
	Bots         int `json:"bots"`

	Lightweight     int `json:"lightweight_tags"`        // dated by their commit
	NotCommits      int `json:"tags_of_no_commit"`       // left out
	FutureTags      int `json:"future_tags"`             // left out
	Undated         int `json:"undated_tags"`            // without date; their commit's date stands in, else left out
	BeforeCommit    int `json:"tags_before_commit"`      // dated before the commit they name
	FutureCommits   int `json:"future_commits"`          // committed later than now
	UndatedCommits  int `json:"undated_commits"`         // commit date before 1971 or unreadable
	AuthorUnknown   int `json:"unknown_authored_at"`     // authored before 1971, in the future or unreadable
	AuthoredAfter   int `json:"authored_after_commit"`   // clock skew: kept as stated
	WithoutPaths    int `json:"commits_without_paths"`   // touch too many folders, or none; only with Paths
	ForgottenTips   int `json:"forgotten_tips"`          // of Exclude, not in the clone any more
	UnfoundReverted int `json:"reverts_of_unknown_pull"` // take back a pull request that was not found

	// Warnings are sentences for a person about the counts above that weaken a
	// figure; Notes are worth knowing and weaken none.
	Warnings []string `json:"warnings,omitempty"`
	Notes    []string `json:"notes,omitempty"`

	// Tips are the commits up to which everything is imported now: the next
	// run's Exclude, to be kept once Run has returned without error. They hold
	// for one repository and Since, and for imports with Paths or without, not
	// both: commits imported without Paths do not say which folders they touched.
	Tips []string `json:"tips"`
}

func (s *Summary) explain(matched, excluded int) {
	warn := func(n int, one, many, rest string) {
		if n > 0 {
			s.Warnings = append(s.Warnings, plural(n, one, many)+" "+rest)
		}
	}
	warn(s.Lightweight, "tag is lightweight", "tags are lightweight", "and dated by the commit: lead time reads too small; `git tag -a` keeps the time of the release")
	warn(s.NotCommits, "tag points", "tags point", "at a file or folder and not at a commit: left out")
	warn(s.FutureTags, "tag is", "tags are", "dated in the future: left out until then")
	warn(s.Undated, "tag has", "tags have", "no usable date: the date of the commit stands in, and without that the tag is left out")
	warn(s.BeforeCommit, "tag is", "tags are", "dated before the commit: those lead times are negative and not counted")
	warn(s.FutureCommits, "commit is", "commits are", "dated in the future: taken as committed now")
	warn(s.UndatedCommits, "commit has", "commits have", "no usable commit date: the author's date or that of the commit after it stands in")
	warn(s.AuthorUnknown, "commit has", "commits have", "no usable author date: the commit date stands in")
	warn(s.AuthoredAfter, "commit was", "commits were", "authored after being committed (a clock was wrong)")
	warn(s.ForgottenTips, "commit where the last import ended is", "commits where the last import ended are", "not in the clone any more: history was rewritten, its new part was read again")
	warn(s.UnfoundReverted, "revert names", "reverts name", "a pull request that is not in the history read: it counts as an ordinary commit")

	note := func(format string, args ...any) { s.Notes = append(s.Notes, fmt.Sprintf(format, args...)) }
	if s.FirstAt.Known() {
		note("%s of %s starts the record: what it contains is not known and not counted", s.FirstVersion, s.FirstAt.Std().Format("2006-01-02"))
	}
	if excluded > 0 {
		note("%d of %d matching tags left out by the exclude pattern", excluded, matched)
	}
	if s.WithoutPaths > 0 {
		note("%s no folder or more than %d: counted for every service of the repository", plural(s.WithoutPaths, "commit touches", "commits touch"), pathMost)
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
