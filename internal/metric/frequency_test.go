package metric

import (
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// every returns n counted successful changes, the first at from, a step apart.
func every(step, from plimsoll.Time, n int) []Deployment {
	ds := make([]Deployment, n)
	for i := range ds {
		end := from + plimsoll.Time(i)*step
		ds[i] = Deployment{EndedAt: end, Kind: KindChange, Result: ResultSuccess, Counted: true, Judged: true}
	}
	return ds
}

func TestFrequency(t *testing.T) {
	p := period("2026-03-01", "2026-03-31", "2026-06-01", t, time.UTC)
	ds := every(microsPerDay, p.From+9*microsPerHour, 30)
	ds[3].Result = ResultRolledBack
	ds = append(ds,
		Deployment{EndedAt: p.From + 5, Kind: KindRedeploy, Result: ResultSuccess},
		Deployment{EndedAt: p.From + 6, Kind: KindRedeploy, Result: ResultCanceled},
		Deployment{EndedAt: p.From + 7, Kind: KindChange, Result: ResultCanceled},
		Deployment{EndedAt: p.From + 8, Kind: KindChange, Result: ResultSuperseded},
		Deployment{EndedAt: p.To, Kind: KindChange, Result: ResultSuccess, Counted: true},
	)
	f := FrequencyOf(ds, Record{First: p.From - microsPerDay}, p, seedBands(t))
	if *f.PerDay != 1 || f.Deployments != 30 || f.Successful != 29 || f.Redeploys != 1 || f.Canceled != 2 || f.Days != 30 {
		t.Errorf("frequency %s", asJSON(t, f))
	}
	if *f.ActiveDaysPerWeek != 7 || *f.GapP50 != 86400 || *f.GapP90 != 86400 || f.TooFew {
		t.Errorf("frequency %s", asJSON(t, f))
	}
	near(t, "lower end", f.CI[0], Poisson(30)[0]/30, 1e-15)
	if *f.BandPoint != "High" || *f.Band != "High–Elite" {
		t.Errorf("one a day is %s, with its interval %s", *f.BandPoint, *f.Band)
	}
}

func TestFrequencyRecord(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for _, c := range []struct {
		name, from, to, now, first string
		days                       float64
		band                       bool
	}{
		{"record older than the window", "2026-05-01", "2026-05-31", "2026-07-01", "2026-01-01 12:00", 30, true},
		{"record begins inside: from the start of that day", "2026-05-01", "2026-06-30", "2026-07-01", "2026-05-11 23:59", 50, true},
		{"now inside", "2026-05-01", "2026-05-31", "2026-05-11 12:00", "2026-01-01", 10.5, false},
		{"29 days have no band", "2026-05-01", "2026-05-30", "2026-07-01", "2026-01-01", 29, false},
		{"first on the day of now", "2026-05-01", "2026-05-31", "2026-05-11 06:00", "2026-05-11 05:00", 0.25, false},
		{"first after the window", "2026-05-01", "2026-05-31", "2026-07-01", "2026-06-01", 0, false},
	} {
		p := period(c.from, c.to, c.now, t, berlin)
		f := FrequencyOf(nil, Record{First: at(t, c.first, berlin)}, p, seedBands(t))
		if f.Days != c.days || (f.Band != nil) != c.band || (f.PerDay == nil) != (c.days == 0) || f.TooFew != (c.days < 5) {
			t.Errorf("%s: %s", c.name, asJSON(t, f))
		}
		if c.band && *f.BandPoint != "Low" {
			t.Errorf("%s: nothing deployed is %s", c.name, *f.BandPoint)
		}
	}
	now := at(t, "2026-11-10 12:00", berlin)
	p := Period{Window: plimsoll.Window{From: now - 30*microsPerDay, To: now}, Now: now, Zone: berlin}
	if f := FrequencyOf(nil, Record{First: 1}, p, seedBands(t)); f.Days >= 30 || f.Band == nil {
		t.Errorf("30 times 24 hours in autumn: %s", asJSON(t, f))
	}
	// Cases of other tools agree: nothing deployed is none a day. It is no band.
	if f := FrequencyOf(nil, Record{}, p, seedBands(t)); f.PerDay == nil || *f.PerDay != 0 || f.CI != nil || f.Band != nil {
		t.Errorf("no deployment ever: %s", asJSON(t, f))
	}
	// And one deployment at noon of the only day is one a day, not two.
	noon := at(t, "2024-06-15 12:00", time.UTC)
	day := Period{Window: plimsoll.Window{From: noon - microsPerDay, To: noon + 1}, Now: noon + microsPerDay}
	one := []Deployment{{EndedAt: noon, Counted: true, Result: ResultSuccess}}
	if f := FrequencyOf(one, Record{First: noon}, day, nil); *f.PerDay > 1 || *f.PerDay < 0.99999 {
		t.Errorf("one deployment on the first day: %s", asJSON(t, f))
	}
}

func TestActiveDaysNeedWholeWeeks(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     float64 // -1: none
	}{
		{"2026-03-03", "2026-03-15", -1},      // Tuesday to Saturday: no whole week
		{"2026-03-02", "2026-03-09", 3},       // exactly one
		{"2026-03-02 00:01", "2026-03-16", 1}, // the first is not whole
		{"2026-03-02", "2026-03-16", 2},       // the median of 3 and 1
	} {
		p := period(c.from, c.to, "2026-06-01", t, time.UTC)
		var ds []Deployment
		for _, text := range []string{"2026-03-02 08:00", "2026-03-02 23:00", "2026-03-04 08:00", "2026-03-08 23:59", "2026-03-12 08:00"} {
			ds = append(ds, every(1, at(t, text, time.UTC), 1)...)
		}
		got := -1.0
		if f := FrequencyOf(ds, Record{First: p.From - 9*microsPerDay}, p, nil); f.ActiveDaysPerWeek != nil {
			got = *f.ActiveDaysPerWeek
		}
		if got != c.want {
			t.Errorf("%s to %s: %v active days, want %v", c.from, c.to, got, c.want)
		}
	}
}

// The sum of a team is not its band: three services that deploy rarely do not make an elite.
func TestFrequencyBandOfSeveralServices(t *testing.T) {
	p := period("2026-01-01", "2026-12-27", "2027-01-01", t, time.UTC) // 360 days
	old := p.From - microsPerDay
	ds := every(microsPerHour, p.From, 5000)
	services := []plimsoll.Time{old, old, old}
	f := FrequencyOf(ds, Record{First: old, Services: services}, p, seedBands(t))
	if *f.BandPoint != "Low" || f.GradedServices != 3 || *f.PerDay < 10 {
		t.Errorf("one of three services deploys: %s", asJSON(t, f))
	}
	more := every(2*microsPerDay, p.From, 180)
	for i := range more {
		more[i].Service = 1
	}
	f = FrequencyOf(append(more, ds...), Record{First: old, Services: services}, p, seedBands(t))
	if *f.Band != "High" {
		t.Errorf("the median service deploys every other day: %s", asJSON(t, f))
	}
	// Of two services the lower and the upper name; a service too young for a band has no say.
	f = FrequencyOf(append(more, ds...), Record{First: old, Services: []plimsoll.Time{old, old, p.To - 3*microsPerDay}}, p, seedBands(t))
	if *f.Band != "High–Elite" || f.GradedServices != 2 {
		t.Errorf("two services: %s", asJSON(t, f))
	}
}
