package sim_test

import (
	"math"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/sim"
)

// As people report: two incidents of three name no cause, some name a service
// that only suffered, and some came from nothing that was released. What needs
// no incident is exact all the same; the rest has a tolerance.
func TestWhatIsReportedInPartIsMeasuredWithinBounds(t *testing.T) {
	o := organisation(t, sim.Config{Seed: 21, Services: 30, Deployments: 110})
	all := items(t, o, end)
	m := measure(t, all, end)
	f := m.facts(t, o)
	truth := o.Truth()
	withoutIncidents := func(list []plimsoll.EvidenceKind) []plimsoll.EvidenceKind {
		return slices.DeleteFunc(kinds(list), func(k plimsoll.EvidenceKind) bool { return k == plimsoll.EvidenceIncident })
	}
	for _, d := range truth.Deployments {
		d.Evidence = withoutIncidents(d.Evidence)
		f.evidence[d.ID] = withoutIncidents(f.evidence[d.ID])
	}
	compareDeployments(t, truth, f)

	reach, right, innocent, blamed := 0, 0, 0, 0
	for _, w := range truth.Incidents {
		got, ok := f.incidents[w.ID]
		switch {
		case !ok:
			t.Errorf("%s is missing", w.ID)
		case w.Cause != sim.CauseDeployment:
			innocent++
			if got.AttributedTo != "" {
				blamed++
			}
		case w.InReach || w.Named:
			reach++
			if got.AttributedTo == w.CauseID {
				right++
			} else if w.Named {
				t.Errorf("%s names %s and is held against %q", w.ID, w.CauseID, got.AttributedTo)
			}
		}
	}
	share := float64(right) / float64(reach)
	t.Logf("of %d incidents with a cause in reach %d are held against it (%.0f %%); of %d without one %d are held against a deployment", reach, right, 100*share, innocent, blamed)
	if share < leastRight {
		t.Errorf("%.2f of the incidents with a cause in reach are held against it; at least %.2f", share, leastRight)
	}

	broke, judged := 0, 0
	var restored []float64
	for _, d := range truth.Deployments {
		if d.Kind != "" && d.Kind != plimsoll.KindRedeploy && d.Kind != plimsoll.KindRollback {
			judged++
			if d.Broke {
				broke++
			}
		}
	}
	for _, w := range truth.Failures {
		if w.RestoredAt.Known() {
			restored = append(restored, w.RestoredAt.Seconds(w.FailedAt))
		}
	}
	got, err := m.desk.Measures(t.Context(), query.Question{Window: plimsoll.Window{From: start, To: end}})
	if err != nil {
		t.Fatal(err)
	}
	rate := float64(broke) / float64(judged)
	slices.Sort(restored)
	median := restored[len(restored)/2]
	if got.ChangeFailureRate.Ratio == nil || got.TimeToRestore.P50 == nil {
		t.Fatal("no failure rate, or no time to restore")
	}
	t.Logf("failure rate %.4f, in truth %.4f; median time to restore %.0f s, in truth %.0f s", *got.ChangeFailureRate.Ratio, rate, *got.TimeToRestore.P50, median)
	if r := *got.ChangeFailureRate.Ratio; math.Abs(r-rate) > 0.02 {
		t.Errorf("failure rate %.3f; in truth %.3f", r, rate)
	}
	if r := *got.TimeToRestore.P50 / median; r < 0.85 || r > 1.15 {
		t.Errorf("the median time to restore is %.2f of the truth", r)
	}
}

// leastRight is the share of the incidents with a cause in reach that are held
// against it.
const leastRight = 0.75
