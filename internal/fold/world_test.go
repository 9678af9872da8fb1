package fold

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// world invents what a small organisation reports in two weeks: commits, pull
// requests, deployments of several services and environments by several tools,
// incidents, catalogue entries and settings. It contradicts itself, corrects
// itself and leaves things out, as people do.
type world struct {
	tb     testing.TB
	r      *rand.Rand
	events []plimsoll.Event
	made   map[string]int // what was invented, by name

	repos    map[string]*history
	versions map[string]string // sha → version
	ids      []string          // of deployments
	deployed []fields          // their first reports
	troubles []string          // ids of incidents
	number   int               // for ids and versions
}

// history is the main line of a repository, oldest first.
type history struct {
	name  string
	line  []commit
	pulls int
}

type commit struct {
	sha string
	at  time.Time
}

var (
	worldStart = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	worldDays  = 12
)

type fields map[string]any

func newWorld(tb testing.TB, seed uint64) *world {
	w := &world{
		tb: tb, r: rand.New(rand.NewPCG(seed, 7)), made: map[string]int{},
		repos: map[string]*history{}, versions: map[string]string{},
	}
	for _, name := range []string{"acme/web", "acme/mono"} {
		w.history(name)
	}
	for _, s := range []struct {
		name, repository string
		paths            []string
	}{{"web", "acme/web", nil}, {"api", "acme/mono", []string{"api"}}, {"jobs", "acme/mono", []string{"jobs/", "shared"}}} {
		w.service(s.name, s.repository, s.paths)
	}
	w.incidents()
	w.analyses()
	w.flags()
	w.verdicts()
	w.settings()
	return w
}

// chance is true in p of 100 cases.
func (w *world) chance(p int) bool { return w.r.IntN(100) < p }

func pick[T any](w *world, from ...T) T { return from[w.r.IntN(len(from))] }

// moment is a time in the two weeks, on a grid of 20 minutes so that equal times
// happen.
func (w *world) moment() time.Time {
	return worldStart.Add(time.Duration(w.r.IntN(worldDays*72)) * 20 * time.Minute)
}

// say reports something in the wire form.
func (w *world) say(typ string, f fields) {
	f["type"] = typ
	for k, v := range f {
		if t, ok := v.(time.Time); ok {
			f[k] = t.Format(time.RFC3339)
			if t.IsZero() {
				delete(f, k)
			}
		}
		if v == "" {
			delete(f, k)
		}
	}
	line, err := json.Marshal(f)
	if err != nil {
		w.tb.Fatal(err)
	}
	w.events = append(w.events, mustDecode(w.tb, string(line))...)
	w.made[typ]++
}

func (w *world) next(prefix string) string {
	w.number++
	return fmt.Sprintf("%s%d", prefix, w.number)
}

// history invents a repository: plain commits, merges, squashes and reverts.
func (w *world) history(name string) {
	h := &history{name: name}
	w.repos[name] = h
	at := worldStart.Add(-24 * time.Hour)
	for range 12 + w.r.IntN(12) {
		at = at.Add(time.Duration(1+w.r.IntN(36)) * 20 * time.Minute)
		switch {
		case len(h.line) > 1 && w.chance(20):
			w.mergePull(h, at)
		case len(h.line) > 1 && w.chance(20):
			w.squashPull(h, at)
		default:
			w.plain(h, at, nil)
		}
	}
}

func (h *history) tip() []string {
	if len(h.line) == 0 {
		return nil
	}
	return []string{h.line[len(h.line)-1].sha}
}

// plain puts a commit on the line.
func (w *world) plain(h *history, at time.Time, more fields) string {
	sha := w.next("c")
	w.commit(h, sha, at, h.tip(), more)
	h.line = append(h.line, commit{sha, at})
	return sha
}

func (w *world) commit(h *history, sha string, at time.Time, parents []string, more fields) {
	f := fields{"repository": h.name, "sha": sha, "parents": parents, "committed_at": at, "authored_at": at.Add(-time.Duration(w.r.IntN(600)) * time.Minute)}
	for k, v := range more {
		f[k] = v
	}
	if len(parents) == 0 {
		delete(f, "parents")
	}
	if w.chance(10) {
		delete(f, "authored_at")
		w.made["no author date"]++
	}
	if h.name == "acme/mono" && w.chance(80) {
		f["paths"] = []string{pick(w, "api/main.go", "jobs/run.go", "shared/x.go", "README.md")}
	}
	if len(h.line) > 2 && w.chance(10) {
		f["reverts"] = h.line[len(h.line)-1-w.r.IntN(3)].sha
		w.made["revert"]++
	}
	if w.chance(5) {
		f["bot"] = true
	}
	if w.chance(3) {
		w.made["commit never reported"]++
		return
	}
	w.say("change", f)
	if w.chance(40) {
		w.builds(h, sha, at)
	}
	if w.chance(8) {
		// Built later: an update of the same commit.
		g := fields{"repository": h.name, "sha": sha, "committed_at": at, "built_at": at.Add(10 * time.Minute), "occurred_at": at.Add(10 * time.Minute)}
		if w.chance(30) {
			g["authored_at"] = at.Add(-20 * time.Hour)
			delete(g, "occurred_at")
			w.made["conflict of a change at equal time"]++
		}
		w.say("change", g)
	}
}

func (w *world) branch() string { return pick(w, "feature/x", "feature/y", "fix/z", "hotfix/q") }

// pull invents the report of a pull request, or nothing, and what its commits
// say of it.
func (w *world) pull(h *history, at time.Time, merge string, shas []string) any {
	h.pulls++
	f := fields{"repository": h.name, "number": h.pulls, "branch": w.branch(), "opened_at": at.Add(-5 * time.Hour), "first_commit_at": at.Add(-30 * time.Hour)}
	stated := w.chance(60)
	if stated {
		w.say("pull_request", f)
		if w.chance(70) {
			g := fields{"repository": h.name, "number": h.pulls, "merge_sha": merge, "merged_at": at}
			if len(shas) > 0 && w.chance(50) {
				g["commits"] = shas
			}
			w.review(g, at)
			w.say("pull_request", g)
		}
	}
	switch {
	case stated && w.chance(40):
		return nil
	case w.chance(50):
		return h.pulls
	}
	return fields{"number": h.pulls, "branch": w.branch(), "first_commit_at": at.Add(-28 * time.Hour).Format(time.RFC3339)}
}

func (w *world) mergePull(h *history, at time.Time) {
	w.made["merge"]++
	base := h.line[len(h.line)-1-w.r.IntN(2)]
	parent := base.sha
	var shas []string
	for range 1 + w.r.IntN(3) {
		sha := w.next("b")
		w.commit(h, sha, at.Add(-time.Duration(1+w.r.IntN(9))*time.Hour), []string{parent}, nil)
		shas = append(shas, sha)
		parent = sha
	}
	merge := w.next("m")
	more := fields{}
	if ref := w.pull(h, at, merge, shas); ref != nil {
		more["pull_request"] = ref
	}
	w.commit(h, merge, at, []string{h.tip()[0], parent}, more)
	h.line = append(h.line, commit{merge, at})
}

func (w *world) squashPull(h *history, at time.Time) {
	w.made["squash"]++
	more := fields{}
	if ref := w.pull(h, at, fmt.Sprintf("c%d", w.number+1), nil); ref != nil {
		more["pull_request"] = ref
	}
	w.plain(h, at, more)
}

// settings invents changes of the settings that change facts.
func (w *world) settings() {
	for range w.r.IntN(3) {
		body := pick(w, `{"hotfix_hours":2}`, `{"attribution_hours":6,"taken_back_hours":1}`, `{"production_environments":["production-eu","staging"]}`,
			`{"hotfix_branch":"^fix/"}`, `{"production_environments":["prod*"],"hotfix_hours":48}`, `{"accept_probability":0.2}`, `{"accept_impact":true}`,
			`{"accept_probability":0.9,"accept_impact":false}`)
		w.events = append(w.events, settingsEvent(w.tb, plimsoll.TimeOf(w.moment()), body))
		w.made["settings"]++
	}
}
