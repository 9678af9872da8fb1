package metric

import (
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

func TestLeadTimes(t *testing.T) {
	p := period("2026-03-01", "2026-04-01", "2026-04-20", t, time.UTC)
	h := microsPerHour
	in := func(start, end plimsoll.Time) Lead {
		return Lead{StartAt: p.From + start, CommittedAt: p.From + start + h/2, DeliveredAt: p.From + end}
	}
	f := LeadFacts{Changes: []Lead{
		in(0, 1*h), in(0, 2*h), in(10*h, 10*h), in(-3*h, 1*h), // 1 h, 2 h, 0 h, 4 h
		in(5*h, 4*h),                                 // skewed clock
		in(-9*h, -1*h),                               // delivered before the window
		in(1*h, 31*24*h+h),                           // delivered after it: open at its end
		{StartAt: p.From + 3*h},                      // open
		{StartAt: p.To + 1},                          // begun after the window
		{DeliveredAt: p.From + h},                    // no stamp
		{CommittedAt: p.From, DeliveredAt: p.From},   // authored is not known
		{StartAt: p.From - h, DeliveredAt: p.To},     // the window is half-open: open
		{StartAt: p.From - h, DeliveredAt: p.From},   // and delivered
		{StartAt: p.From - 2*h, DeliveredAt: p.From}, // and delivered
	}}
	l := LeadTimesOf(f, p, seedBands(t))
	if l.N != 7 || l.Open != 3 || l.Negative != 1 || l.Unstamped != 1 || !l.KMApplies || l.TooFew {
		t.Fatalf("lead time %s", asJSON(t, l))
	}
	// 0, 0, 1, 1, 2, 2, 4 hours
	if *l.P50 != 3600 || *l.P75 != 7200 || *l.P90 != 2.8*3600 || *l.P95 != 3.4*3600 || *l.Mean != 3600*10.0/7 || *l.CI != (Interval{0, 14400}) {
		t.Errorf("lead time %s", asJSON(t, l))
	}
	if l.Band != nil {
		t.Errorf("7 changes have the band %s", *l.Band)
	}
	if l.Histogram[0].N != 2 || l.Histogram[2].N != 4 || l.Histogram[3].N != 1 || *l.Histogram[2].Below != 4*3600 {
		t.Errorf("histogram %s", asJSON(t, l.Histogram))
	}
	f.Clock = Committed
	if c := LeadTimesOf(f, p, nil); c.Clock != Committed || *c.P75 > *l.P75 || c.Negative != 2 {
		t.Errorf("committed clock %s", asJSON(t, c))
	}
}

func TestLeadTimesBases(t *testing.T) {
	p := period("2026-03-01", "2026-04-01", "2026-04-20", t, time.UTC)
	ds := every(microsPerDay, p.From, 40) // nine of them after the window
	for i := range ds {
		ds[i].OldestAt = ds[i].EndedAt - 2*microsPerDay
	}
	ds[0].OldestAt = 0
	l := LeadTimesOf(LeadFacts{Deployments: ds, PullRequests: []Lead{{StartAt: p.From, DeliveredAt: p.From + microsPerHour}}}, p, seedBands(t))
	if l.N != 0 || l.P50 != nil || l.PullRequest.N != 1 || *l.PullRequest.P50 != 3600 || l.PullRequest.CI != nil {
		t.Errorf("bases %s", asJSON(t, l))
	}
	if l.Oldest.N != 30 || *l.Oldest.P50 != 2*86400 || *l.Oldest.Band != "High" {
		t.Errorf("oldest %s", asJSON(t, l.Oldest))
	}
}

// A backlog cannot make a team look fast: the quick half is delivered, the slow half still waits.
func TestLeadTimesBacklog(t *testing.T) {
	p := period("2026-03-01", "2026-03-31", "2026-03-31", t, time.UTC)
	var f LeadFacts
	for i := range plimsoll.Time(100) {
		start := p.From + i*microsPerHour
		f.Changes = append(f.Changes, Lead{StartAt: start, DeliveredAt: start + microsPerHour}, Lead{StartAt: start})
	}
	l := LeadTimesOf(f, p, nil)
	if *l.P50 != 3600 || l.Open != 100 || !l.KMApplies || *l.KMP50 != 3600 {
		t.Errorf("half waits: %s", asJSON(t, l.Durations))
	}
	f.Changes = append(f.Changes, Lead{StartAt: p.From})
	if l := LeadTimesOf(f, p, nil); *l.P50 != 3600 || l.KMP50 != nil {
		t.Errorf("more than half waits: %s", asJSON(t, l.Durations))
	}
	f.Changes = append(f.Changes[:20], Lead{StartAt: p.From - 300*microsPerDay, DeliveredAt: p.To - 1})
	if l := LeadTimesOf(f, p, nil); l.N != 11 || l.Open != 10 || *l.KMP50 != 3600 {
		t.Errorf("one that came in late: %s", asJSON(t, l.Durations))
	}
}

// Sums of half a million spans of a century stay exact.
func TestMeanDoesNotOverflow(t *testing.T) {
	const century = 3_155_760_000_000_007
	s := make(Sorted, 500_000)
	for i := range s {
		s[i] = century
	}
	near(t, "mean", *meanSpan(s), century/1e6, 1e-15)
}
