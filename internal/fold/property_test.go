package fold

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// worlds is how many worlds are tried: PLIMSOLL_WORLDS, else a few hundred.
func worlds(tb testing.TB) int {
	n := 150
	if testing.Short() {
		n = 40
	}
	if s := os.Getenv("PLIMSOLL_WORLDS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			tb.Fatalf("PLIMSOLL_WORLDS: %v", err)
		}
	}
	return n
}

// variants is in how many other ways each world is told.
const variants = 3

// A fact is the same whatever order its events came in, however often each of
// them came, in whatever portions, and however often the program was started
// again between them.
func TestFactsDependOnlyOnTheSetOfEvents(t *testing.T) {
	n := worlds(t)
	cover := &coverage{seen: map[string]int{}}
	const workers = 2
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() {
			var db *store.DB
			var dir string
			for i, seed := 0, k; seed < n && !t.Failed(); i, seed = i+1, seed+workers {
				if i%100 == 0 { // a store that holds too many worlds grows slow, and large
					remove(t, db, dir)
					dir = t.TempDir()
					db = mustOpen(t, store.Options{Dir: dir})
				}
				tryWorld(t, db, uint64(seed), cover)
			}
			remove(t, db, dir)
		})
	}
	wg.Wait()
	if !t.Failed() {
		cover.report(t, n)
	}
}

// remove closes a store that is not needed any more, if there is one.
func remove(t *testing.T, db *store.DB, dir string) {
	if db == nil {
		return
	}
	if err := errors.Join(db.Close(), os.RemoveAll(dir)); err != nil {
		t.Error(err)
	}
}

func tryWorld(t *testing.T, db *store.DB, seed uint64, cover *coverage) {
	w := newWorld(t, seed)
	name := fmt.Sprintf("world %d", seed)
	before, err := play(mustOrg(t, db, name+", before anybody said a word"), db, says(w.events...))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	w.words(before)
	want, err := play(mustOrg(t, db, name), db, says(w.events...))
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	for _, broken := range inconsistencies(want) {
		t.Errorf("%s: %s", name, broken)
	}
	r := rand.New(rand.NewPCG(seed, 99))
	for v := range variants {
		acts := retell(r, w.events, cover)
		got, err := play(mustOrg(t, db, fmt.Sprintf("%s, variant %d", name, v)), db, acts)
		if err != nil {
			t.Errorf("%s, variant %d: %v", name, v, err)
			return
		}
		if slices.Equal(want, got) {
			continue
		}
		small := shrink(t, acts)
		t.Errorf("%s, variant %d: other facts from the same events:\n%s\nand from the smallest part that differs:\n%s", name, v, difference(want, got), small)
		return
	}
	cover.world(w, want)
}

// retell tells the same events in another way: in disorder, some twice, in
// portions that are folded as they come, with restarts between them. Mostly the
// last few come one by one, so that what each of them must set right is not set
// right by another.
func retell(r *rand.Rand, events []plimsoll.Event, cover *coverage) []act {
	told := slices.Clone(events)
	for _, e := range events {
		if r.IntN(100) < 15 {
			cover.count("duplicate")
			if r.IntN(2) == 0 {
				// The same said again under another name: the log keeps both.
				e.DeliveryID = fmt.Sprintf("again-%d", r.Int())
			}
			told = append(told, e)
		}
	}
	switch r.IntN(4) {
	case 0:
		slices.Reverse(told)
	default:
		r.Shuffle(len(told), func(i, j int) { told[i], told[j] = told[j], told[i] })
	}
	portion, alone := 5+r.IntN(len(told)), r.IntN(6)
	var acts []act
	latest := plimsoll.Time(0)
	for i, e := range told {
		if e.OccurredAt < latest {
			cover.count("late event")
		}
		latest = max(latest, e.OccurredAt)
		acts = append(acts, act{event: e})
		if r.IntN(portion) > 0 && len(told)-1-i > alone {
			continue
		}
		a := act{cut: true, restart: r.IntN(3) == 0, refold: r.IntN(20) == 0}
		if a.restart {
			cover.count("restart")
		}
		if a.refold {
			cover.count("refold")
		}
		acts = append(acts, a)
	}
	return acts
}

// shrink leaves out acts as long as the facts still differ from those of the
// same events told at once, and describes what is left.
func shrink(t *testing.T, acts []act) string {
	db := mustOpen(t, store.Options{})
	tries := 0
	differs := func(acts []act) string {
		tries++
		var events []plimsoll.Event
		for _, a := range acts {
			if !a.cut {
				events = append(events, a.event)
			}
		}
		slices.SortStableFunc(events, func(a, b plimsoll.Event) int { return strings.Compare(a.Hash.String(), b.Hash.String()) })
		want, err1 := play(mustOrg(t, db, fmt.Sprintf("want %d", tries)), db, says(events...))
		got, err2 := play(mustOrg(t, db, fmt.Sprintf("got %d", tries)), db, acts)
		if err1 != nil || err2 != nil {
			return ""
		}
		return difference(want, got)
	}
	last := differs(acts)
	for size := len(acts) / 2; size > 0 && tries < 2000; {
		smaller := false
		for i := 0; i+size <= len(acts); {
			rest := slices.Delete(slices.Clone(acts), i, i+size)
			if d := differs(rest); d != "" {
				acts, last, smaller = rest, d, true
				continue
			}
			i += size
		}
		if !smaller || size > 1 {
			size /= 2
		}
	}
	var b strings.Builder
	for _, a := range acts {
		if a.cut {
			fmt.Fprintf(&b, "  -- fold, restart %v, refold %v\n", a.restart, a.refold)
			continue
		}
		fmt.Fprintf(&b, "  %s at %s from %s: %s\n", a.event.Type, a.event.OccurredAt, a.event.Source, a.event.Body)
	}
	return b.String() + last
}

// coverage counts what the worlds had.
type coverage struct {
	mu   sync.Mutex
	seen map[string]int
}

func (c *coverage) count(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen[name]++
}

func (c *coverage) world(w *world, lines []string) {
	for name, n := range w.made {
		c.mu.Lock()
		c.seen["reported: "+name] += n
		c.mu.Unlock()
	}
	for _, f := range parse(lines) {
		for _, name := range f.categories() {
			c.count(name)
		}
	}
}

// wanted are the categories that must not stay empty.
func wantedCategories() []string {
	names := []string{"duplicate", "late event", "restart", "refold", "alias", "open change", "delivered change", "delivered pull request",
		"open pull request", "open failure", "restored failure", "shared failure", "repaired failure",
		"analysis successful", "analysis failed", "analysis running", "analysis held to a deployment by its version", "analysis of nothing known", "incident held against a deployment", "incident held against none",
		"taken back by a roll-back", "reported: conflict at equal time", "reported: update", "reported: undo", "reported: second source",
		"reported: settings", "reported: catalogue changed", "reported: corrected service", "reported: moved environment", "reported: squash",
		"reported: merge", "reported: revert", "reported: commit never reported", "reported: changes stated", "reported: previous stated",
		"reported: planned", "reported: cause named", "reported: incident contradicted", "reported: flag", "reported: dependency",
		"reported: without user effect", "reported: other incident at that time", "reported: fix named", "reported: verdict",
		"reported: word", "candidate flag", "candidate of a dependency", "several candidates", "status discounted",
		"reported: build", "reported: review", "reported: ready", "stage review backwards", "stage build unknown"}
	for _, s := range plimsoll.Stages {
		names = append(names, "stage "+string(s))
	}
	for _, k := range plimsoll.Kinds {
		names = append(names, "kind "+string(k))
	}
	for _, r := range plimsoll.Results {
		names = append(names, "result "+string(r))
	}
	for _, e := range []plimsoll.EvidenceKind{plimsoll.EvidenceRollback, plimsoll.EvidenceHotfix, plimsoll.EvidenceIncident, plimsoll.EvidenceCanary, plimsoll.EvidenceRollout, plimsoll.EvidenceImpact} {
		names = append(names, "evidence "+string(e))
	}
	for _, e := range plimsoll.EvidenceStatuses {
		names = append(names, "status "+string(e))
	}
	for _, c := range []plimsoll.Coverage{plimsoll.CoverageGraph, plimsoll.CoverageStated, plimsoll.CoverageHeadOnly, plimsoll.CoverageFirst, plimsoll.CoverageNone} {
		names = append(names, "coverage "+string(c))
	}
	return names
}

func (c *coverage) report(t *testing.T, worlds int) {
	t.Logf("%d worlds, each told in %d ways", worlds, 1+variants)
	for _, name := range slices.Sorted(maps.Keys(c.seen)) {
		t.Logf("%8d  %s", c.seen[name], name)
	}
	for _, name := range wantedCategories() {
		if c.seen[name] == 0 {
			t.Errorf("no world had: %s", name)
		}
	}
}

// fact is one line of the facts, read back.
type fact struct {
	table      string
	deployment plimsoll.Deployment
	evidence   plimsoll.Evidence
	incident   plimsoll.Incident
	failure    plimsoll.Failure
	analysis   plimsoll.Analysis
	lead       store.Lead
}

func parse(lines []string) []fact {
	var out []fact
	for _, l := range lines {
		table, doc, _ := strings.Cut(l, " ")
		f := fact{table: table}
		into := map[string]any{"deployments": &f.deployment, "evidence": &f.evidence, "incidents": &f.incident, "failures": &f.failure, "analyses": &f.analysis, "lead_times": &f.lead}[table]
		if into == nil || json.Unmarshal([]byte(doc), into) != nil {
			f.table = "?"
		}
		out = append(out, f)
	}
	return out
}

func (f fact) categories() (names []string) {
	add := func(yes bool, name string) {
		if yes {
			names = append(names, name)
		}
	}
	switch d := f.deployment; f.table {
	case "deployments":
		add(d.Kind != "", "kind "+string(d.Kind))
		names = append(names, "result "+string(d.Result), "coverage "+string(d.Coverage))
		add(len(d.Aliases) > 0, "alias")
		add(d.RolledBackBy != "", "taken back by a roll-back")
	case "evidence":
		names = append(names, "evidence "+string(f.evidence.Kind), "status "+string(f.evidence.Status))
	case "incidents":
		add(f.incident.AttributedTo != "", "incident held against a deployment")
		add(f.incident.AttributedTo == "", "incident held against none")
		add(len(f.incident.Candidates) > 1, "several candidates")
		for _, c := range f.incident.Candidates {
			add(c.Flag != "", "candidate flag")
			add(c.Deployment != "" && !c.Named && !slices.Contains(f.incident.Services, c.Service), "candidate of a dependency")
		}
	case "failures":
		add(f.failure.RestoredAt == 0, "open failure")
		add(f.failure.RestoredAt != 0, "restored failure")
		add(len(f.failure.Deployments) > 1, "shared failure")
		add(f.failure.Fix != "", "repaired failure")
	case "analyses":
		add(true, "analysis "+f.analysis.Phase)
		add(f.analysis.Of != "" && f.analysis.Deployment == "", "analysis held to a deployment by its version")
		add(f.analysis.Of == "", "analysis of nothing known")
	case "lead_times":
		what := strings.ReplaceAll(string(f.lead.Basis), "_", " ")
		add(f.lead.DeliveredAt == 0, "open "+what)
		add(f.lead.DeliveredAt != 0, "delivered "+what)
		names = append(names, stageCategories(f.lead)...)
	}
	return names
}

// inconsistencies checks what must hold among the facts of any world.
func inconsistencies(lines []string) (found []string) {
	deployments := map[string]plimsoll.Deployment{}
	brought := map[string]int{}
	failed := map[string]bool{}
	spans := map[string]int{}
	var leads []store.Lead
	for _, f := range parse(lines) {
		switch f.table {
		case "deployments":
			deployments[f.deployment.ID] = f.deployment
		case "evidence":
			failed[f.evidence.Deployment] = failed[f.evidence.Deployment] || f.evidence.Accepted
			found = append(found, contradictions(f.evidence)...)
		case "failures":
			for _, d := range f.failure.Deployments {
				spans[d]++
			}
		case "lead_times":
			leads = append(leads, f.lead)
			if f.lead.Basis == plimsoll.BasisChange {
				brought[f.lead.Deployment]++
			}
		default:
			if f.table != "incidents" && f.table != "analyses" {
				found = append(found, "a line that is no fact")
			}
			found = append(found, excess(f.incident)...)
		}
	}
	say := func(yes bool, id, what string) {
		if yes {
			found = append(found, id+" "+what)
		}
	}
	for id, d := range deployments {
		say(d.Judged && !d.Counted, id, "is judged and not counted")
		say(d.Judged && !d.Production, id, "is judged and not in production")
		say(failed[id] && !d.Judged, id, "failed and is not judged")
		say(failed[id] != (spans[id] == 1), id, "has evidence and no span, or the other way round")
		say(d.Brought != brought[id], id, fmt.Sprintf("brought %d, and %d rows say so", d.Brought, brought[id]))
		say(d.BegunAt() > d.EndedAt(), id, "ended before it began")
		say(d.Brought > 0 && !d.Production, id, "delivered outside production")
		say(d.RolledBackBy != "" && deployments[d.RolledBackBy].ID == "", id, "was taken back by nothing known")
		say(d.Previous != "" && deployments[d.Previous].Environment != d.Environment, id, "follows one of another environment")
	}
	for _, l := range leads {
		found = append(found, misplaced(l, deployments[l.Deployment])...)
	}
	slices.Sort(found)
	return found
}
