package oracle

import (
	"path/filepath"
	"slices"
	"testing"
)

func TestEveryRealIncidentIsImportedAndMeasured(t *testing.T) {
	events := readLines[event](t, filepath.Join(folder(t), "real", "github-status-incidents", "events.jsonl"))
	if len(events) != 801 {
		t.Fatalf("%d incidents; the folder is not the one we know", len(events))
	}
	var out []event
	spans := map[string][]float64{} // by year, "" for all
	for _, e := range events {
		out = append(out, wireIncident(e))
		took := moment(e.text("resolved_at")).Sub(moment(e.text("created_at"))).Seconds()
		spans[""] = append(spans[""], took)
		spans[e.text("created_at")[:4]] = append(spans[e.text("created_at")[:4]], took)
	}
	s := newServer(t, out)
	windows := map[string][2]string{"": {beginning, end}}
	for year := range spans {
		if year != "" {
			from := year + "-01-01T00:00:00Z"
			windows[year] = [2]string{from, stamp(moment(from).AddDate(1, 0, 0))}
		}
	}
	for name, w := range windows {
		want := spans[name]
		slices.Sort(want)
		median := (want[(len(want)-1)/2] + want[len(want)/2]) / 2
		m := s.measures("org", w[0], w[1]).TimeToRestore
		got := m.AllIncidents
		if got.N != len(want) || got.Open != 0 || !near(*got.P50, median) || !near(*got.Mean, mean(want)) {
			t.Errorf("%q: n %d, median %g, mean %g; computed n %d, median %g, mean %g",
				name, got.N, *got.P50, *got.Mean, len(want), median, mean(want))
		}
		if m.N != 0 || m.Open != 0 {
			t.Errorf("%q: %d incidents are held against deployments, and there are none", name, m.N+m.Open)
		}
	}
	if listed := s.incidents(beginning, end); len(listed) != len(events) {
		t.Errorf("%d incidents are listed of %d", len(listed), len(events))
	}
	t.Logf("%d incidents, median %.0f s", len(events), spans[""][len(events)/2])
}
