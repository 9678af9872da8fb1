package metric

import (
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

func TestRestoreTimes(t *testing.T) {
	p := period("2026-03-01", "2026-04-01", "2026-04-20", t, time.UTC)
	h := microsPerHour
	of := func(from, to plimsoll.Time, severity string) Restore {
		return Restore{FailedAt: p.From + from, RestoredAt: p.From + to, Severity: severity}
	}
	caused := []Restore{
		of(0, h, "major"), of(5*h, 7*h, "major"), of(9*h, 12*h, ""), // 1 h, 2 h, 3 h
		of(31*24*h-h, 31*24*h+9*h, "minor"),          // 10 h, restored after the window
		{FailedAt: p.From + 24*h, Severity: "minor"}, // open
		of(30*24*h, 60*24*h, "minor"),                // open now
		of(-2*h, 4*h, "minor"), {FailedAt: p.To},     // begun outside the window
		of(4*h, 3*h, ""), of(-9*h, -8*h, "forgotten"), // skewed; long over
	}
	r := RestoreTimesOf(caused, caused[:3], p, seedBands(t))
	if r.N != 4 || r.Open != 2 || r.Negative != 1 || !r.TooFew || r.Band != nil || *r.P50 != 2.5*3600 || *r.Mean != 4*3600 {
		t.Errorf("restore %s", asJSON(t, r))
	}
	// Ages at the end: 1, 2, 3, 6 (in view from 2); watched without an end to 1, 24 and 720:
	// 5/6 · 4/5 · 3/4 is one half after 3 hours.
	if r.KMP50 == nil || *r.KMP50 != 3*3600 {
		t.Errorf("Kaplan–Meier median %s", asJSON(t, r.KMP50))
	}
	if s := r.BySeverity; len(s) != 3 || s["major"].N != 2 || s["minor"].N != 1 || s["minor"].Open != 2 || s["unknown"].Negative != 1 {
		t.Errorf("by severity %s", asJSON(t, s))
	}
	if r.AllIncidents.N != 3 || *r.AllIncidents.P50 != 7200 {
		t.Errorf("all incidents %s", asJSON(t, r.AllIncidents))
	}
}

func TestRestoreBand(t *testing.T) {
	p := period("2026-03-01", "2026-04-01", "2026-04-20", t, time.UTC)
	var caused []Restore
	for i := range plimsoll.Time(10) {
		caused = append(caused, Restore{FailedAt: p.From + i, RestoredAt: p.From + i + microsPerHour})
	}
	r := RestoreTimesOf(caused, nil, p, seedBands(t))
	if *r.Band != "High" || r.KMP50 != nil || r.KMApplies { // nothing is open
		t.Errorf("an hour is %s", asJSON(t, r))
	}
	if r := RestoreTimesOf(caused[:9], nil, p, seedBands(t)); r.Band != nil || r.TooFew {
		t.Errorf("nine failures: %s", asJSON(t, r))
	}
}
