package metric

import (
	"math"
	"slices"
	"testing"
)

// Just below, at and just above every boundary of the default set.
func TestBandBoundaries(t *testing.T) {
	b := seedBands(t)
	below := func(v float64) float64 { return math.Nextafter(v, 0) }
	above := func(v float64) float64 { return math.Nextafter(v, math.Inf(1)) }
	for _, c := range []struct {
		m     Measure
		value float64
		want  string
	}{
		{DeploymentFrequency, 40, "Elite"},
		{DeploymentFrequency, above(1), "Elite"},
		{DeploymentFrequency, 1, "High"},
		{DeploymentFrequency, 30.0 / 30, "High"},
		{DeploymentFrequency, 31.0 / 30, "Elite"},
		{DeploymentFrequency, 4.0 / 28, "High"},
		{DeploymentFrequency, 13.0 / 91, "High"},
		{DeploymentFrequency, below(1.0 / 7), "Medium"},
		{DeploymentFrequency, 1.0 / 30, "Medium"},
		{DeploymentFrequency, 3.0 / 90, "Medium"},
		{DeploymentFrequency, below(1.0 / 30), "Low"},
		{DeploymentFrequency, 0, "Low"},
		{LeadTime, 0, "Elite"},
		{LeadTime, 3599.999999, "Elite"},
		{LeadTime, 3600, "High"},
		{LeadTime, 7*86400 - 1e-6, "High"},
		{LeadTime, 7 * 86400, "Medium"},
		{LeadTime, 30*86400 - 1e-6, "Medium"},
		{LeadTime, 30 * 86400, "Low"},
		{LeadTime, 1e12, "Low"},
		{ChangeFailureRate, 0, "Elite"},
		{ChangeFailureRate, 5.0 / 100, "Elite"},
		{ChangeFailureRate, 1.0 / 20, "Elite"},
		{ChangeFailureRate, above(0.05), "High"},
		{ChangeFailureRate, 10.0 / 100, "High"},
		{ChangeFailureRate, 3.0 / 30, "High"},
		{ChangeFailureRate, above(0.1), "Medium"},
		{ChangeFailureRate, 15.0 / 100, "Medium"},
		{ChangeFailureRate, 3.0 / 20, "Medium"},
		{ChangeFailureRate, 0.155, "Low"},
		{ChangeFailureRate, above(0.15), "Low"},
		{ChangeFailureRate, 1, "Low"},
		{TimeToRestore, 3599.999999, "Elite"},
		{TimeToRestore, 3600, "High"},
		{TimeToRestore, 86400 - 1e-6, "High"},
		{TimeToRestore, 86400, "Medium"},
		{TimeToRestore, 7*86400 - 1e-6, "Medium"},
		{TimeToRestore, 7 * 86400, "Low"},
	} {
		if g := b.Grade(c.m, c.value, nil); *g.Band != c.want || *g.BandPoint != c.want {
			t.Errorf("%s of %v is %s, want %s", c.m, c.value, *g.Band, c.want)
		}
	}
	if b.Grade(ReworkRate, 0.1, nil) != (Grade{}) || (*Benchmark)(nil).Grade(LeadTime, 1, nil) != (Grade{}) {
		t.Error("a set that says nothing has a band")
	}
}

func TestBandOfAnInterval(t *testing.T) {
	b := seedBands(t)
	for _, c := range []struct {
		m      Measure
		value  float64
		ci     Interval
		want   string
		single string
	}{
		{LeadTime, 86400, Interval{7200, 6 * 86400}, "High", "High"},
		{LeadTime, 86400, Interval{7200, 7 * 86400}, "Medium–High", "High"},
		{LeadTime, 86400, Interval{60, 40 * 86400}, "Low–Elite", "High"},
		{ChangeFailureRate, 0.05, Interval{0.02, 0.09}, "High–Elite", "Elite"},
		{ChangeFailureRate, 0.2, Interval{0.151, 0.3}, "Low", "Low"},
		{DeploymentFrequency, 0.5, Interval{0.14, 0.9}, "Medium–High", "High"},
		{DeploymentFrequency, 0.5, Interval{0.15, 1}, "High", "High"},
	} {
		if g := b.Grade(c.m, c.value, &c.ci); *g.Band != c.want || *g.BandPoint != c.single {
			t.Errorf("%s of %v %v is %s and %s, want %s and %s", c.m, c.value, c.ci, *g.Band, *g.BandPoint, c.want, c.single)
		}
	}
}

func TestBandsByYear(t *testing.T) {
	for _, c := range []struct {
		set   string
		m     Measure
		value float64
		want  string
	}{
		{"dora-2018", DeploymentFrequency, 1, "High"},
		{"dora-2018", DeploymentFrequency, 0.9, "Medium"},
		{"dora-2018", LeadTime, 7200, "High"}, // in the gap between an hour and a day
		{"dora-2018", ChangeFailureRate, 0.15, "Elite"},
		{"dora-2018", ChangeFailureRate, 0.16, "Low"},
		{"dora-2019", LeadTime, 7200, "Elite"},
		{"dora-2021", DeploymentFrequency, 0.2, "High"}, // in the gap between on demand and a week
		{"dora-2021", ChangeFailureRate, 0.155, "High"},
		{"dora-2021", LeadTime, 200 * 86400, "Low"},
		{"dora-2022", DeploymentFrequency, 1, "High"},
		{"dora-2022", LeadTime, 60, "High"},
		{"dora-2023", ChangeFailureRate, 0.05, "Elite"},
		{"dora-2023", ChangeFailureRate, 0.12, "Medium"},
		{"dora-2024", ChangeFailureRate, 0.08, "High"},
		{"dora-2024", ChangeFailureRate, 0.2, "High"},
		{"dora-2024", ChangeFailureRate, 0.21, "Low"},
		{"dora-2024", DeploymentFrequency, 1.0 / 40, "Low"},
	} {
		b, err := BenchmarkNamed(c.set)
		if err != nil {
			t.Fatal(err)
		}
		if g := b.Grade(c.m, c.value, nil); *g.Band != c.want {
			t.Errorf("%s: %s of %v is %s, want %s", c.set, c.m, c.value, *g.Band, c.want)
		}
	}
}

// References: NormalDist of Python's statistics.
func TestPercentiles(t *testing.T) {
	b, err := BenchmarkNamed("dora-2025")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		m           Measure
		value, want float64
	}{
		{LeadTime, 86400, 0.5825156468205225},         // within a week: 6
		{LeadTime, 7 * 86400, 0.26598552904870054},    // within a month: 4
		{DeploymentFrequency, 1, 0.8734510455264423},  // once a day: 8
		{TimeToRestore, 3599, 0.8921596253194926},     // 10
		{ChangeFailureRate, 0.05, 0.7475074624530771}, // 0.5
		{ReworkRate, 0.3, 0.35806478442778267},        // 3
		{DeploymentFrequency, 0, 0.043238132},         // 0
		{ChangeFailureRate, 0.19, 0.5}, {ReworkRate, 0.22, 0.5},
	} {
		g := b.Grade(c.m, c.value, nil)
		if g.Band != nil || g.Percentile == nil {
			t.Fatalf("%s of 2025: %s", c.m, asJSON(t, g))
		}
		near(t, string(c.m), *g.Percentile, c.want, 1e-5)
	}
}

func TestBenchmarkFiles(t *testing.T) {
	var names []string
	for _, b := range Benchmarks() {
		names = append(names, b.Name)
		if b.Title == "" || b.Source == "" || len(b.Notes) == 0 || (b.Year == 0) != (b.Name == "seed") {
			t.Errorf("%s lacks its title, source, year or notes", b.Name)
		}
		if b.Secondary != (b.Year >= 2022 && b.Year <= 2024) {
			t.Errorf("%s: secondary = %v", b.Name, b.Secondary)
		}
		for m, tiers := range b.Tiers {
			if !slices.Contains(Measures, m) || len(tiers) < 3 {
				t.Errorf("%s: %s has %d tiers", b.Name, m, len(tiers))
			}
			for i, tier := range tiers {
				if tier.Band == "" || tier.Published == "" || (tier.Upper == nil) != (i == len(tiers)-1) {
					t.Errorf("%s: %s: tier %d is %s", b.Name, m, i, asJSON(t, tier))
				}
			}
		}
		if (b.Tiers == nil) == (b.Scales == nil) {
			t.Errorf("%s has tiers and scales, or neither", b.Name)
		}
	}
	want := []string{"seed", "dora-2018", "dora-2019", "dora-2021", "dora-2022", "dora-2023", "dora-2024", "dora-2025"}
	if !slices.Equal(names, want) {
		t.Errorf("sets %v", names)
	}
	if _, err := BenchmarkNamed("dora-2020"); err == nil {
		t.Error("2020 had no report of bands")
	}
}
