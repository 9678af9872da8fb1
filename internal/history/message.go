package history

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const subjectRunes = 200

// mention is what a commit message says of pull requests and reverts.
type mention struct {
	number  int    // of the pull request, 0 when none is named
	branch  string // that was merged, when named
	certain bool   // the words are those of a merge; else only "(#12)" ends the subject
	copied  bool   // cherry-picked: the pull request was merged elsewhere

	reverts       string // sha, perhaps abbreviated
	revertsNumber int    // or only the number of the pull request taken back
	revertsOwner  string // owner/name the number belongs to, when named
}

// The words of a merge, as the forges write them. The first group is the
// number, the second the branch where there is one.
var mergeWords = []*regexp.Regexp{
	regexp.MustCompile(`^Merge pull request #(\d+) from [^/\s]+/(\S+)`),            // GitHub: owner/branch
	regexp.MustCompile(`^Merge pull request #(\d+) (?:in \S+ )?from (\S+)`),        // Bitbucket Server
	regexp.MustCompile(`^Merge pull request '.*' \(#(\d+)\) from (\S+)`),           // Gitea, Forgejo
	regexp.MustCompile(`^Merge pull request #(\d+)`),                               // GitHub, edited
	regexp.MustCompile(`^Merged in (?P<branch>\S+) \(pull request #(?P<no>\d+)\)`), // Bitbucket
	regexp.MustCompile(`^Merged PR (\d+): `),                                       // Azure DevOps
	regexp.MustCompile(`^Pull request #(\d+): `),                                   // Bitbucket Server
	regexp.MustCompile(`^Auto merge of #(\d+) - [^:\s]+:([^,\s]+),`),               // bors
	regexp.MustCompile(`^Merge #(\d+)(?: |:|$)`),                                   // bors-ng
}

var (
	squashTail   = regexp.MustCompile(`\([#!](\d+)\)$`)
	mergeBranch  = regexp.MustCompile(`^Merge (?:remote-tracking )?branch '([^']+)'`)
	mergeRequest = regexp.MustCompile(`(?m)^See merge request [^\s!]*!(\d+)\s*$`)
	revertCommit = regexp.MustCompile(`(?m)^This reverts commit\s+([0-9a-f]{7,64})(?:[^0-9A-Za-z]|$)`)
	revertNumber = regexp.MustCompile(`(?m)^(?:Reverts ([\w.-]+/[\w.-]+)?#|This reverts (?:merge request|pull request) [#!])(\d+)\s*\.?\s*$`)
)

// recognise reads a commit message that subjectOf cut in two. Of a commit that
// is no merge the number at the end of the subject goes first: the squash of a
// pull request that carries "Merge pull request #12 …" over to another branch
// ends in its own number.
func recognise(subject, body string, merge bool) mention {
	var m mention
	tail := 0
	if strings.HasSuffix(subject, ")") {
		if g := squashTail.FindStringSubmatch(subject); g != nil {
			tail = number(g[1])
		}
	}
	switch {
	case tail > 0 && !merge:
		m.number = tail
	case strings.HasPrefix(subject, "Merge"), strings.HasPrefix(subject, "Pull request #"), strings.HasPrefix(subject, "Auto merge"):
		m.number, m.branch = mergedBy(subject)
		if m.certain = m.number > 0; !m.certain {
			m.branch = ""
		}
	}
	if m.number == 0 && strings.Contains(body, "See merge request") {
		if g := mergeRequest.FindStringSubmatch(body); g != nil {
			m.number = number(g[1])
			m.certain = m.number > 0
			if b := mergeBranch.FindStringSubmatch(subject); b != nil && m.certain {
				m.branch = b[1]
			}
		}
	}
	if m.number == 0 {
		m.number = tail
	}
	m.branch = clean(m.branch, subjectRunes)
	m.copied = strings.Contains(body, "(cherry picked from commit ")
	if strings.Contains(body, "everts ") {
		m.readRevert(body)
	}
	return m
}

func mergedBy(subject string) (no int, branch string) {
	for _, words := range mergeWords {
		g := words.FindStringSubmatch(subject)
		if g == nil {
			continue
		}
		if i := words.SubexpIndex("no"); i > 0 {
			return number(g[i]), g[words.SubexpIndex("branch")]
		}
		if len(g) > 2 {
			branch = g[2]
		}
		return number(g[1]), branch
	}
	return 0, ""
}

func (m *mention) readRevert(body string) {
	if g := revertCommit.FindStringSubmatch(body); g != nil {
		m.reverts = g[1]
		return
	}
	if g := revertNumber.FindStringSubmatch(body); g != nil {
		m.revertsOwner, m.revertsNumber = g[1], number(g[2])
	}
}

// number reads the number of a pull request; 0 when it is none that a forge
// would give.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1e9 {
		return 0
	}
	return n
}

// subjectOf cuts a raw message into the subject, which like git's %s is the
// first paragraph on one line, and the rest.
func subjectOf(message string) (subject, body string) {
	message = strings.TrimLeft(message, "\r\n\t ")
	end := len(message)
	for at := 0; at < len(message); {
		line, _, found := strings.Cut(message[at:], "\n")
		if strings.TrimSpace(line) == "" {
			end, body = at, message[at:]
			break
		}
		at += len(line)
		if found {
			at++
		}
	}
	return clean(message[:end], 0), body
}

// clean makes a text of strangers fit for one line: control characters become
// spaces, runs of space one space, and what is not UTF-8 the replacement
// character. With most > 0 it is cut after that many runes.
func clean(s string, most int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if strings.ContainsFunc(s, breaks) || strings.Contains(s, "  ") {
		s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || breaks(r) }), " ")
	}
	s = strings.TrimSpace(s)
	if most > 0 && len(s) > most && utf8.RuneCountInString(s) > most {
		for i := range s {
			if most == 0 {
				return s[:i]
			}
			most--
		}
	}
	return s
}

func breaks(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// bots are authors that do not say so in their name.
var bots = []string{"dependabot", "renovate", "github-actions", "github-merge-queue", "greenkeeper", "snyk-bot", "prombot",
	"pre-commit-ci", "weblate", "mergify", "whitesource", "imgbot", "allcontributors", "k8s-ci-robot", "semantic-release", "gitlab-bot", "jenkins"}

// isBot guesses from the author whether a program wrote the commit. A surname
// like Talbot is no sign; "ci-bot" and "[bot]" are.
func isBot(name, email string) bool {
	name, email = strings.ToLower(name), strings.ToLower(email)
	if strings.Contains(name, "[bot]") || strings.Contains(email, "[bot]") {
		return true
	}
	local, _, _ := strings.Cut(email, "@")
	if _, login, ok := strings.Cut(local, "+"); ok && strings.HasSuffix(email, "@users.noreply.github.com") {
		local = login
	}
	for _, who := range [2]string{name, local} {
		for _, bot := range bots {
			if who == bot {
				return true
			}
		}
		for _, tail := range [...]string{"bot", "robot"} {
			if head, ok := strings.CutSuffix(who, tail); ok && head != "" && strings.ContainsAny(head[len(head)-1:], "-_ .") {
				return true
			}
		}
	}
	return false
}
