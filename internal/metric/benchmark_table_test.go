package metric

import (
	"strings"
	"testing"
)

// published is the table of bands that the files were made from, written down a second time as one
// reads it in the reports: frequency / lead time / failure rate in % / time to restore, and the share of
// respondents in %. OD is on demand; h, d, w, mo and 6mo are an hour, a day, a week, a month and half a
// year; "a-b" is between them.
const published = `
2018 Elite  OD   <1h   0-15  <1h   7
2018 High   h-d  1d-1w 0-15  <1d   48
2018 Medium w-mo 1w-1mo 0-15 <1d   37
2018 Low    w-mo 1mo-6mo 46-60 1w-1mo 15
2019 Elite  OD   <1d   0-15  <1h   20
2019 High   d-w  1d-1w 0-15  <1d   23
2019 Medium w-mo 1w-1mo 0-15 <1d   44
2019 Low    mo-6mo 1mo-6mo 46-60 1w-1mo 12
2021 Elite  OD   <1h   0-15  <1h   26
2021 High   w-mo 1d-1w 16-30 <1d   40
2021 Medium mo-6mo 1mo-6mo 16-30 1d-1w 28
2021 Low    >6mo >6mo  16-30 >6mo  7
2022 High   OD   1d-1w 0-15  <1d   -
2022 Medium w-mo 1w-1mo 16-30 1d-1w -
2022 Low    mo-6mo 1mo-6mo 46-60 1w-1mo -
2023 Elite  OD   <1d   5     <1h   18
2023 High   d-w  1d-1w 10    <1d   31
2023 Medium w-mo 1w-1mo 15   1d-1w 33
2023 Low    w-mo 1w-1mo 64   1mo-6mo 18
2024 Elite  OD   <1d   5     <1h   19
2024 High   d-w  1d-1w 20    <1d   22
2024 Medium w-mo 1w-1mo 10   <1d   35
2024 Low    mo-6mo 1mo-6mo 40 1w-1mo 25
`

// inWords is how the files say a cell of the table.
var inWords = map[string]string{
	"OD": "on demand, several a day", "h-d": "between once an hour and once a day", "d-w": "between once a day and once a week",
	"w-mo": "between once a week and once a month", "mo-6mo": "between once a month and once in six months", ">6mo/day": "less than once in six months",
	"<1h": "less than an hour", "<1d": "less than a day", "1d-1w": "between a day and a week", "1w-1mo": "between a week and a month",
	"1mo-6mo": "between one and six months", ">6mo": "more than six months",
	"0-15": "0–15 %", "16-30": "16–30 %", "46-60": "46–60 %",
}

// upperEnds of the cells that are not the last: days between deployments, seconds, ratios.
var upperEnds = map[Measure]map[string]float64{
	DeploymentFrequency: {"OD": 1, "h-d": 1, "d-w": 7, "w-mo": 30, "mo-6mo": 180},
	LeadTime:            {"<1h": hour, "<1d": day, "1d-1w": 7 * day, "1w-1mo": 30 * day, "1mo-6mo": 180 * day},
	ChangeFailureRate:   {"0-15": 0.15, "16-30": 0.3, "5": 0.05, "10": 0.1, "15": 0.15, "20": 0.2},
	TimeToRestore:       {"<1h": hour, "<1d": day, "1d-1w": 7 * day},
}

func TestPublishedTable(t *testing.T) {
	row, cells := map[string]int{}, 0
	for line := range strings.Lines(strings.TrimSpace(published)) {
		f := strings.Fields(line)
		year, band := f[0], f[1]
		b, err := BenchmarkNamed("dora-" + year)
		if err != nil {
			t.Fatal(err)
		}
		i := row[year]
		row[year]++
		for k, m := range []Measure{DeploymentFrequency, LeadTime, ChangeFailureRate, TimeToRestore} {
			cell, tier := f[2+k], b.Tiers[m][i]
			say := inWords[cell]
			if m == DeploymentFrequency && cell == ">6mo" {
				say = inWords[">6mo/day"]
			}
			if say == "" {
				say = cell + " %"
			}
			if tier.Band != band || tier.Published != say {
				t.Errorf("%s %s of %s is %q, want %q", year, m, band, tier.Published, say)
			}
			cells++
			if i == len(b.Tiers[m])-1 {
				continue // its end is none, checked elsewhere
			}
			want := upperEnds[m][cell]
			if tier.Upper == nil || *tier.Upper != want || want == 0 {
				t.Errorf("%s %s of %s ends at %s, want %v", year, m, band, asJSON(t, tier.Upper), want)
			}
			// A frequency "on demand" is above once a day, and every other end of one is reached by it; in
			// 2022 the best band is High, which once a day is in every set. A published percentage includes
			// its end, a duration "less than" does not.
			inclusive := m == ChangeFailureRate || m == DeploymentFrequency && (cell != "OD" || year == "2022")
			if tier.Inclusive != inclusive {
				t.Errorf("%s %s of %s: inclusive = %v", year, m, band, tier.Inclusive)
			}
		}
		share := map[bool]string{true: asJSON(t, int(b.Shares[band]*100+0.5)), false: "-"}[b.Shares != nil]
		if share != f[6] {
			t.Errorf("%s: share of %s is %s %%, want %s", year, band, share, f[6])
		}
	}
	for year, n := range row {
		b, _ := BenchmarkNamed("dora-" + year)
		for m, tiers := range b.Tiers {
			if len(tiers) != n {
				t.Errorf("%s: %s has %d bands, want %d", year, m, len(tiers), n)
			}
		}
	}
	if cells != 23*4 {
		t.Errorf("%d cells", cells)
	}
	b, err := BenchmarkNamed("dora-2025")
	if err != nil {
		t.Fatal(err)
	}
	want := map[Measure]Scale{
		LeadTime: {5.5, 2.4, false}, DeploymentFrequency: {4.8, 2.8, false}, TimeToRestore: {7.4, 2.1, false},
		ChangeFailureRate: {1.9, 2.1, true}, ReworkRate: {2.2, 2.2, true},
	}
	if asJSON(t, b.Scales) != asJSON(t, want) {
		t.Errorf("2025: %s", asJSON(t, b.Scales))
	}
}
