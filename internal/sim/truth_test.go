package sim_test

import (
	"bytes"
	"cmp"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/fold"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/sim"
	"github.com/plimsoll-dev/plimsoll/internal/source/native"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// measured is what Plimsoll found in the events of an organisation.
type measured struct {
	org  *store.Org
	desk *query.Desk
}

// measure sends every event through the door in, folds them, and opens the door
// out.
func measure(tb testing.TB, all []*sim.Item, now plimsoll.Time) measured {
	tb.Helper()
	sent := make([]sim.Sending, len(all))
	for k, i := range all {
		sent[k] = sim.Sending{Item: i, Delivery: i.DeliveryID()}
	}
	return measureSent(tb, sent, now)
}

func measureSent(tb testing.TB, all []sim.Sending, now plimsoll.Time) measured {
	tb.Helper()
	clock := func() time.Time { return now.Std() }
	dir := tb.TempDir()
	db, err := store.Open(tb.Context(), store.Options{Dir: dir, Database: storetest.For(tb, dir), Now: clock})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	org, err := db.Org(tb.Context(), "default")
	if err != nil {
		tb.Fatal(err)
	}
	door, err := ingest.New(tb.Context(), db, org, clock)
	if err != nil {
		tb.Fatal(err)
	}
	for part := range slices.Chunk(all, native.MaxEvents) {
		var b []byte
		for _, s := range part {
			b = append(s.AppendJSON(b, s.Delivery), '\n')
		}
		if _, err := door.Accept(tb.Context(), ingest.Body{Reader: bytes.NewReader(b)}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := fold.New(db, org, fold.Options{}).CatchUp(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	return measured{org, query.New(db, org, query.Options{Cursor: fold.Cursor, Now: clock})}
}

// facts are what the store holds of production.
type facts struct {
	deployments map[string]plimsoll.Deployment
	brought     map[string][]sim.ChangeTruth
	evidence    map[string][]plimsoll.EvidenceKind // accepted
	failures    map[string][]plimsoll.Failure
	incidents   map[string]plimsoll.Incident
}

func (m measured) facts(tb testing.TB, o *sim.Org) facts {
	tb.Helper()
	f := facts{map[string]plimsoll.Deployment{}, map[string][]sim.ChangeTruth{}, map[string][]plimsoll.EvidenceKind{}, map[string][]plimsoll.Failure{}, map[string]plimsoll.Incident{}}
	err := m.org.View(tb.Context(), func(tx *store.Tx) error {
		for _, s := range o.Services() {
			list, err := tx.ServiceDeployments(s.Name)
			if err != nil {
				return err
			}
			for _, d := range list {
				if !d.Production {
					continue
				}
				f.deployments[d.ID] = d
				leads, err := tx.BroughtBy(d.ID)
				if err != nil {
					return err
				}
				for _, l := range leads {
					f.brought[d.ID] = append(f.brought[d.ID], sim.ChangeTruth{SHA: l.Key, StartAt: l.StartAt, Stamps: l.Stamps})
				}
				evidence, err := tx.EvidenceOf(d.ID)
				if err != nil {
					return err
				}
				for _, e := range evidence {
					if e.Accepted {
						f.evidence[d.ID] = append(f.evidence[d.ID], e.Kind)
					}
				}
			}
			if f.failures[s.Name], err = tx.Failures(s.Name); err != nil {
				return err
			}
		}
		incidents, err := tx.Incidents(store.Filter{}, store.Page{Limit: 1 << 20})
		for _, i := range incidents {
			f.incidents[i.ID] = i
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

// Where every link is reported there is nothing to guess: the facts are the
// truth, one by one.
func TestWhatIsReportedInFullIsMeasuredExactly(t *testing.T) {
	compareAll(t, sim.Config{Seed: 0, Services: 30, Deployments: 110}, end)
}

// The same for organisations of every shape, drawn from a seed.
func TestWhatIsReportedInFullIsMeasuredExactlyWhateverTheShape(t *testing.T) {
	seeds := uint64(3)
	if s := os.Getenv("PLIMSOLL_SEEDS"); s != "" {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			t.Fatalf("PLIMSOLL_SEEDS: %v", err)
		}
		seeds = n
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 1))
		compareAll(t, sim.Config{
			Seed: seed, Services: 3 + r.IntN(12), Deployments: float64(30 + r.IntN(300)), Changes: 0.6 + r.Float64()*5, FlawShare: r.Float64() * 0.6,
		}, start.Add(120*24*time.Hour))
	}
}

func compareAll(t *testing.T, cfg sim.Config, until plimsoll.Time) {
	t.Helper()
	cfg.Named, cfg.Outside, cfg.Flags = 1, -1, -1
	o := organisation(t, cfg)
	all := items(t, o, until)
	m := measure(t, all, until)
	f := m.facts(t, o)
	compareDeployments(t, o.Truth(), f)
	compareFailures(t, o.Truth(), f)
	compareMeasures(t, o, m, plimsoll.Window{From: start, To: until})
	compareMeasures(t, o, m, plimsoll.Window{From: start.Add(40 * 24 * time.Hour), To: start.Add(100 * 24 * time.Hour)})
	if t.Failed() {
		t.Fatalf("%+v: %d events, %d roll-outs", o.Config(), len(all), len(o.Truth().Deployments))
	}
}

func compareDeployments(t *testing.T, truth *sim.Truth, f facts) {
	t.Helper()
	for _, w := range truth.Deployments {
		d, ok := f.deployments[w.ID]
		if !ok {
			t.Errorf("%s is missing", w.ID)
			continue
		}
		if d.Kind != w.Kind || d.Result != w.Result || d.StartedAt != w.StartedAt || d.FinishedAt != w.FinishedAt || d.RolledBackAt != w.RolledBackAt {
			t.Errorf("%s is a %s, %s, from %s to %s, back at %s; in truth a %s, %s, from %s to %s, back at %s", w.ID,
				d.Kind, d.Result, d.StartedAt, d.FinishedAt, d.RolledBackAt, w.Kind, w.Result, w.StartedAt, w.FinishedAt, w.RolledBackAt)
		}
		if d.Contains != w.Contains {
			t.Errorf("%s (%s) contains %d changes; in truth %d", w.ID, w.Kind, d.Contains, w.Contains)
		}
		if got, want := sorted(f.brought[w.ID]), sorted(w.Changes); !slices.Equal(got, want) {
			t.Errorf("%s (%s) brought %v; in truth %v", w.ID, w.Kind, got, want)
		}
		if got, want := kinds(f.evidence[w.ID]), kinds(w.Evidence); !slices.Equal(got, want) {
			t.Errorf("%s (%s, %s) failed by %v; in truth by %v", w.ID, w.Kind, w.Result, got, want)
		}
		delete(f.deployments, w.ID)
	}
	for id, d := range f.deployments {
		if d.Outcome() != plimsoll.ResultRunning {
			t.Errorf("%s was found, and never was: %s", id, d.Kind)
		}
	}
}

func sorted(list []sim.ChangeTruth) []sim.ChangeTruth {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b sim.ChangeTruth) int { return cmp.Compare(a.SHA, b.SHA) })
	return list
}

// kinds lists each kind of evidence once.
func kinds(list []plimsoll.EvidenceKind) []plimsoll.EvidenceKind {
	set := map[plimsoll.EvidenceKind]bool{}
	for _, k := range list {
		set[k] = true
	}
	return slices.Sorted(maps.Keys(set))
}

func compareFailures(t *testing.T, truth *sim.Truth, f facts) {
	t.Helper()
	want, coming := map[string][]*sim.FailureTruth{}, map[string]bool{}
	for _, w := range truth.Failures {
		if w.Explicit {
			want[w.Service] = append(want[w.Service], w)
			continue
		}
		// Nothing that was reported so far tells of it.
		if w.RestoredAt.Known() {
			t.Errorf("%s: a failure of %v has to be guessed", w.Service, w.Deployments)
		}
		for _, id := range w.Deployments {
			coming[id] = true
		}
	}
	for service, got := range f.failures {
		got = slices.DeleteFunc(got, func(g plimsoll.Failure) bool {
			return slices.ContainsFunc(g.Deployments, func(id string) bool { return coming[id] })
		})
		slices.SortFunc(want[service], func(a, b *sim.FailureTruth) int { return cmp.Compare(a.FailedAt, b.FailedAt) })
		if len(got) != len(want[service]) {
			t.Errorf("%s failed %d times; in truth %d:", service, len(got), len(want[service]))
			for _, g := range got {
				t.Logf("from %s to %s by %v", g.FailedAt, g.RestoredAt, g.Deployments)
			}
			for _, w := range want[service] {
				t.Logf("in truth from %s to %s by %v, %s", w.FailedAt, w.RestoredAt, w.Deployments, w.Incident)
			}
			continue
		}
		slices.SortFunc(got, func(a, b plimsoll.Failure) int { return cmp.Compare(a.FailedAt, b.FailedAt) })
		for i, w := range want[service] {
			g := got[i]
			if g.FailedAt != w.FailedAt || g.RestoredAt != w.RestoredAt || !slices.Equal(slices.Sorted(slices.Values(g.Deployments)), slices.Sorted(slices.Values(w.Deployments))) {
				t.Errorf("%s failed from %s to %s by %v; in truth from %s to %s by %v", service,
					g.FailedAt, g.RestoredAt, g.Deployments, w.FailedAt, w.RestoredAt, w.Deployments)
			}
		}
	}
}

// compareMeasures recounts the measures of a window from the truth.
func compareMeasures(t *testing.T, o *sim.Org, m measured, w plimsoll.Window) {
	t.Helper()
	truth := o.Truth()
	got, err := m.desk.Measures(t.Context(), query.Question{Window: w})
	if err != nil {
		t.Fatal(err)
	}
	counted, judged, failed, rolledBack := 0, 0, 0, 0
	var leads, pulls, oldest, restored []float64
	for _, d := range truth.Deployments {
		if !w.Contains(d.FinishedAt) || d.Kind == "" || d.Kind == plimsoll.KindRedeploy {
			continue
		}
		counted++
		var first plimsoll.Time
		for _, c := range d.Changes {
			leads, first = append(leads, d.FinishedAt.Seconds(c.StartAt)), plimsoll.First(first, c.StartAt)
		}
		if first != 0 {
			oldest = append(oldest, d.FinishedAt.Seconds(first))
		}
		for _, p := range d.Pulls {
			pulls = append(pulls, d.FinishedAt.Seconds(p.StartAt))
		}
		if d.Kind != plimsoll.KindRollback {
			judged++
			if d.Broke && len(d.Evidence) > 0 {
				failed++
			}
			if d.Result == plimsoll.ResultRolledBack {
				rolledBack++
			}
		}
	}
	if g := got.DeploymentFrequency.Deployments; g != counted {
		t.Errorf("%d deployments; in truth %d", g, counted)
	}
	if g := got.ChangeFailureRate; g.Counted != judged || g.Failed != failed {
		t.Errorf("%d of %d failed; in truth %d of %d", g.Failed, g.Counted, failed, judged)
	}
	if g := got.RollbackRate; g.N != rolledBack {
		t.Errorf("%d rolled back; in truth %d", g.N, rolledBack)
	}
	for _, f := range truth.Failures {
		if w.Contains(f.FailedAt) && f.RestoredAt.Known() {
			restored = append(restored, f.RestoredAt.Seconds(f.FailedAt))
		}
	}
	compareStages(t, truth, w, got.LeadTime.Stages)
	compareDurations(t, "lead time", got.LeadTime.Durations, leads)
	compareDurations(t, "lead time of pull requests", got.LeadTime.PullRequest, pulls)
	compareDurations(t, "oldest lead time", got.LeadTime.Oldest, oldest)
	compareDurations(t, "time to restore", got.TimeToRestore.Durations, restored)
}

// compareStages compares the number, median and share of each stage.
func compareStages(t *testing.T, truth *sim.Truth, w plimsoll.Window, got []metric.StageTimes) {
	t.Helper()
	times := map[plimsoll.Stage][]float64{}
	total := 0.0
	for _, d := range truth.Deployments {
		if !w.Contains(d.FinishedAt) {
			continue
		}
		for _, c := range d.Changes {
			total += d.FinishedAt.Seconds(c.StartAt)
			took := func(s plimsoll.Stage, from, to plimsoll.Time) {
				if from != 0 && to >= from && to >= c.StartAt {
					times[s] = append(times[s], to.Seconds(max(from, c.StartAt)))
				}
			}
			took(plimsoll.StageCoding, c.FirstCommitAt, c.OpenedAt)
			took(plimsoll.StagePickup, c.OpenedAt, c.FirstReviewAt)
			took(plimsoll.StageReview, c.FirstReviewAt, c.MergedAt)
			took(plimsoll.StageBuild, c.MergedAt, c.BuiltAt)
			took(plimsoll.StageStaging, c.StagedAt, c.ReadyAt)
			took(plimsoll.StageWait, max(c.MergedAt, c.BuiltAt, c.ReadyAt), d.StartedAt)
			took(plimsoll.StageDeploy, d.StartedAt, d.FinishedAt)
		}
	}
	for _, g := range got {
		want := times[g.Name]
		slices.Sort(want)
		sum := 0.0
		for _, v := range want {
			sum += v
		}
		switch n := len(want); {
		case g.N != n || n == 0:
			t.Errorf("%s: %d values; in truth %d", g.Name, g.N, n)
		case math.Abs(*g.P50-(want[(n-1)/2]+want[n/2])/2) > 1e-3 || math.Abs(*g.Share-sum/total) > 1e-9:
			t.Errorf("%s: median %v, share %v; in truth %v and %v", g.Name, *g.P50, *g.Share, (want[(n-1)/2]+want[n/2])/2, sum/total)
		}
	}
}

// compareDurations compares count, mean and median.
func compareDurations(t *testing.T, what string, got metric.Durations, want []float64) {
	t.Helper()
	if got.N != len(want) || got.N == 0 {
		t.Errorf("%s: %d values; in truth %d", what, got.N, len(want))
		return
	}
	slices.Sort(want)
	var sum float64
	for _, v := range want {
		sum += v
	}
	n := len(want)
	mean, median := sum/float64(n), (want[(n-1)/2]+want[n/2])/2
	if got.Mean == nil || got.P50 == nil || math.Abs(*got.Mean-mean) > 1e-6*mean || math.Abs(*got.P50-median) > 1e-6*median {
		t.Errorf("%s: mean %v, median %v; in truth %g and %g", what, deref(got.Mean), deref(got.P50), mean, median)
	}
}

func deref(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}
