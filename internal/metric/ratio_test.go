package metric

import (
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

func TestFailureRate(t *testing.T) {
	p := period("2026-03-01", "2026-05-01", "2026-05-03", t, time.UTC)
	ds := every(microsPerHour, p.From, 69)
	for i := range 6 {
		ds[i].Failed, ds[i].Suspected = true, true
		ds[i].Evidence = EvidenceSet(0).With(plimsoll.EvidenceIncident)
	}
	ds[0].Evidence = ds[0].Evidence.With(plimsoll.EvidenceRollback)
	ds[10].Suspected = true
	ds = append(ds, Deployment{EndedAt: p.From, Counted: true, Failed: true}, Deployment{EndedAt: p.To, Judged: true, Failed: true})

	f := FailureRateOf(ds, p, 7*24*time.Hour, seedBands(t))
	if f.Failed != 6 || f.Counted != 69 || *f.Ratio != 6.0/69 || f.Suspected != 1 || f.Provisional || f.TooFew {
		t.Errorf("failure rate %s", asJSON(t, f))
	}
	if *f.CI != *Wilson(6, 69) || *f.Band != "Low–Elite" || *f.BandPoint != "High" {
		t.Errorf("failure rate %s", asJSON(t, f))
	}
	if f.ByEvidence["incident"] != 6 || f.ByEvidence["rollback"] != 1 || f.ByEvidence["canary"] != 0 || len(f.ByEvidence) != 6 {
		t.Errorf("by evidence %v", f.ByEvidence)
	}

	ds = append(every(microsPerHour, p.To-2*microsPerHour, 2), ds...)
	ds[0].Failed = true
	f = FailureRateOf(ds, p, 7*24*time.Hour, nil)
	if !f.Provisional || f.Young != 1 || f.Band != nil {
		t.Errorf("young deployments: %s", asJSON(t, f))
	}
	if f := FailureRateOf(ds, p, 0, nil); f.Provisional {
		t.Error("provisional without a delay")
	}
}

// From none to enough: the facts, the value, the band.
func TestEnough(t *testing.T) {
	p := period("2026-03-01", "2026-05-01", "2026-06-01", t, time.UTC)
	for n := range 12 {
		f := FailureRateOf(every(1, p.From, n), p, 0, seedBands(t))
		if (f.Ratio != nil) != (n > 0) || (f.CI != nil) != (n > 0) || f.TooFew != (n < 5) || (f.Band != nil) != (n >= 10) {
			t.Errorf("%d deployments: %s", n, asJSON(t, f))
		}
	}
	f := FailureRateOf(every(1, p.From, 10), p, 0, seedBands(t))
	if *f.Ratio != 0 || *f.Band != "Low–Elite" || *f.BandPoint != "Elite" {
		t.Errorf("0 of 10: %s", asJSON(t, f))
	}
	near(t, "0 of 10 up to", f.CI[1], 0.278, 5e-4)
}

func TestRework(t *testing.T) {
	p := period("2026-03-01", "2026-05-01", "2026-06-01", t, time.UTC)
	ds := every(1, p.From, 20)
	ds[0].Kind = KindHotfix
	ds[1].Kind = KindRollback
	ds[2].Repairs = true
	ds[3].Kind, ds[3].Planned = KindRollback, true
	ds[4].Kind, ds[4].Counted = KindHotfix, false
	r := ReworkOf(ds, p, seedBands(t))
	if r.N != 3 || r.Counted != 19 || *r.Ratio != 3.0/19 || *r.CI != *Wilson(3, 19) || r.Band != nil {
		t.Errorf("rework %s", asJSON(t, r))
	}
	later, _ := BenchmarkNamed("dora-2025")
	if r := ReworkOf(ds, p, later); r.Percentile == nil || r.Band != nil {
		t.Errorf("rework of 2025 %s", asJSON(t, r))
	}
}

func TestRollbacks(t *testing.T) {
	p := period("2026-03-01", "2026-05-01", "2026-06-01", t, time.UTC)
	for _, c := range []struct {
		k, n int
		want string
	}{
		{0, 9, ""}, {0, 10, ""}, {0, 99, ""}, {0, 100, "perhaps not rolling back when you should"},
		{1, 101, "perhaps not rolling back when you should"}, {1, 100, "healthy"}, {5, 100, "healthy"},
		{51, 1000, "elevated"}, {10, 100, "elevated"}, {11, 100, "pre-production testing inadequate"},
	} {
		ds := every(1, p.From, c.n)
		for i := range c.k {
			if i%2 == 0 {
				ds[i].Result = ResultRolledBack
			} else {
				ds[i].Evidence = EvidenceSet(0).With(plimsoll.EvidenceRollback)
			}
		}
		r := RollbacksOf(append(ds, Deployment{EndedAt: p.From, Kind: KindRollback, Counted: true}), p)
		got := ""
		if r.Reading != nil {
			got = *r.Reading
		}
		if got != c.want || r.N != c.k || r.Counted != c.n {
			t.Errorf("%d of %d: %s", c.k, c.n, asJSON(t, r))
		}
	}
}
