package history

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestRecognise(t *testing.T) {
	const sha = "0123456789abcdef0123456789abcdef01234567"
	for message, want := range map[string]mention{
		"Add x":                              {},
		"Add x (#12)":                        {number: 12},
		"Add x (!12)":                        {number: 12},
		"Fix #12":                            {},
		"Add x (#12) again":                  {},
		"Add x (#0)":                         {},
		"Merge pull request #0 from owner/x": {},
		"Add (#99999999999999)":              {},
		"Merge pull request #12 from owner/feature/x\n\nTitle":                                    {number: 12, branch: "feature/x", certain: true},
		"Merge pull request #12 in PRJ/repo from feature/x to main":                               {number: 12, branch: "feature/x", certain: true},
		"Merge pull request 'A (b)' (#12) from feature/x into main":                               {number: 12, branch: "feature/x", certain: true},
		"Merge pull request #12":                                                                  {number: 12, certain: true},
		"Merge branch 'feature/x' into 'main'\n\nTitle\n\nSee merge request group/sub/project!12": {number: 12, branch: "feature/x", certain: true},
		"Title\n\nSee merge request !12\n":                                                        {number: 12, certain: true},
		"Merge branch 'x'":                                                                        {},
		"Merged in feature/x (pull request #12)":                                                  {number: 12, branch: "feature/x", certain: true},
		"Merged PR 12: Title":                                                                     {number: 12, certain: true},
		"Pull request #12: Title":                                                                 {number: 12, certain: true},
		"Auto merge of #12 - owner:branch, r=someone":                                             {number: 12, branch: "branch", certain: true},
		"Merge #12: title":                                                                        {number: 12, certain: true},
		"Merge pull request #12 from owner/x (#13)":                                               {number: 13},
		"Revert \"x (#12)\" (#13)\n\nThis reverts commit " + sha + ".":                            {number: 13, reverts: sha},
		"Revert \"x\"\n\nThis reverts commit " + sha + ", reversing\nchanges made to 1234567.":    {reverts: sha},
		"Revert\n\nThis reverts commit\n0123456.":                                                 {reverts: "0123456"},
		"Revert\n\nThis reverts commit 01234xyz.":                                                 {},
		"Explain\n\nSee why This reverts commit " + sha:                                           {},
		"Revert \"x\" (#13)\n\nReverts owner/name#12":                                             {number: 13, revertsNumber: 12, revertsOwner: "owner/name"},
		"Revert \"x\"\n\nThis reverts merge request !12":                                          {revertsNumber: 12},
		"Revert \"x\"\r\n\r\nReverts #12\r\n":                                                     {revertsNumber: 12},
		"Add x (#12)\n\n(cherry picked from commit " + sha + ")":                                  {number: 12, copied: true},
	} {
		subject, body := subjectOf(message)
		if got := recognise(subject, body, false); got != want {
			t.Errorf("%q: %+v, expected %+v", message, got, want)
		}
	}
	if m := recognise("Merge pull request #12 from owner/x (#13)", "", true); m.number != 12 {
		t.Errorf("of a merge: %+v", m)
	}
}

func TestIsBot(t *testing.T) {
	for who, want := range map[string]bool{
		"dependabot[bot]|x@y": true, "Renovate|renovate@z": true, "K8s CI Robot|x@y": true, "ci-bot|x@y": true, "X|12+dependabot@users.noreply.github.com": true,
		"Ann Talbot|talbot@example.com": false, "Robot|x@y": false, "Ada|ada@bot.example.com": false, "|": false, "x|release-bot@example.com": true,
	} {
		name, email, _ := strings.Cut(who, "|")
		if got := isBot(name, email); got != want {
			t.Errorf("%q: %v", who, got)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("Merge pull request #12 from a/b\n\nThis reverts commit 0123456.")
	f.Add("Merge branch 'x' into 'main'\n\nSee merge request a/b!1")
	f.Add("Revert\r\n\r\nReverts a/b#9\xff\u2028 (#3)")
	f.Fuzz(func(t *testing.T, message string) {
		subject, body := subjectOf(message)
		if !utf8.ValidString(subject) || strings.ContainsFunc(subject, unicode.IsControl) || strings.TrimSpace(subject) != subject {
			t.Errorf("subject %q of %q", subject, message)
		}
		if cut := clean(subject, subjectRunes); utf8.RuneCountInString(cut) > subjectRunes || !strings.HasPrefix(subject, cut) {
			t.Errorf("%q cut to %q", subject, cut)
		}
		for _, merge := range []bool{false, true} {
			m := recognise(subject, body, merge)
			if m.number < 0 || m.revertsNumber < 0 || m.reverts != "" && (len(m.reverts) < 7 || !isHex(m.reverts)) || m.branch != "" && m.number == 0 ||
				!utf8.ValidString(m.branch) || m.certain && m.number == 0 {
				t.Errorf("%q: %+v", message, m)
			}
		}
	})
}
