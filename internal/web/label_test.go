package web_test

import (
	"slices"
	"testing"
)

// labelled is a service with the label in the catalogue, one without, and one
// deployment and one incident of the latter that carry it themselves.
const labelled = `[
	{"type":"service","name":"web","repository":"r/web","labels":{"tier":"gold"}},
	{"type":"service","name":"api","repository":"r/api","labels":{"tier":"golden","tie":"r=gold"}},
	{"type":"change","repository":"r/web","sha":"w1","committed_at":"2026-05-01T08:00:00Z"},
	{"type":"change","repository":"r/web","sha":"w2","parents":["w1"],"committed_at":"2026-05-02T08:00:00Z"},
	{"type":"change","repository":"r/web","sha":"w3","parents":["w2"],"committed_at":"2026-05-03T08:00:00Z"},
	{"type":"change","repository":"r/api","sha":"a1","committed_at":"2026-05-01T08:00:00Z"},
	{"type":"change","repository":"r/api","sha":"a2","parents":["a1"],"committed_at":"2026-05-02T08:00:00Z"},
	{"type":"change","repository":"r/api","sha":"a3","parents":["a2"],"committed_at":"2026-05-03T08:00:00Z"},
	{"type":"change","repository":"r/api","sha":"a4","parents":["a3"],"committed_at":"2026-05-04T08:00:00Z"},
	{"type":"deployment","id":"d1","service":"web","environment":"production","commit_sha":"w1","finished_at":"2026-05-01T10:00:00Z"},
	{"type":"deployment","id":"d2","service":"web","environment":"production","commit_sha":"w2","finished_at":"2026-05-02T10:00:00Z","labels":{"tier":"silver"}},
	{"type":"deployment","id":"d3","service":"api","environment":"production","commit_sha":"a1","finished_at":"2026-05-01T11:00:00Z"},
	{"type":"deployment","id":"d4","service":"api","environment":"production","commit_sha":"a2","finished_at":"2026-05-02T11:00:00Z","labels":{"tier":"gold","zone":"a"}},
	{"type":"deployment","id":"d5","service":"api","environment":"production","commit_sha":"a3","finished_at":"2026-05-03T11:00:00Z"},
	{"type":"incident","id":"i1","services":["web"],"caused_by":"d2","started_at":"2026-05-02T10:10:00Z","resolved_at":"2026-05-02T10:40:00Z"},
	{"type":"incident","id":"i2","services":["api"],"caused_by":"d5","started_at":"2026-05-03T11:10:00Z","resolved_at":"2026-05-03T11:20:00Z","labels":{"tier":"gold"}},
	{"type":"incident","id":"i3","services":["api"],"caused_by":"d4","started_at":"2026-05-02T12:00:00Z","resolved_at":"2026-05-02T13:00:00Z"}]`

func TestALabelSelectsWhatHasItItselfOrByItsService(t *testing.T) {
	s := start(t)
	s.send(labelled)
	for scope, want := range map[string]struct{ deployments, changes, incidents []string }{
		"label:tier=gold":   {[]string{"d1", "d2", "d4"}, []string{"a2", "w2", "w3"}, []string{"i1", "i2"}},
		"label:tier=golden": {[]string{"d3", "d4", "d5"}, []string{"a2", "a3", "a4"}, []string{"i2", "i3"}},
		"label:tier=silver": {[]string{"d2"}, []string{"w2"}, nil},
		"label:zone=a":      {[]string{"d4"}, []string{"a2"}, nil},
		"label:tier=gol":    {},
		"label:tier=":       {},
		"label:nobody=a":    {},
	} {
		var got struct{ deployments, changes, incidents []string }
		var list struct {
			Deployments []struct{ ID string }
			Changes     []struct{ SHA string }
			Incidents   []struct{ ID string }
		}
		s.get("/api/v1/deployments?scope="+scope, &list)
		for _, d := range list.Deployments {
			got.deployments = append(got.deployments, d.ID)
		}
		for _, open := range []string{"false", "true"} {
			list.Changes = nil
			s.get("/api/v1/changes?open="+open+"&scope="+scope, &list)
			for _, c := range list.Changes {
				got.changes = append(got.changes, c.SHA)
			}
		}
		s.get("/api/v1/incidents?scope="+scope, &list)
		for _, i := range list.Incidents {
			got.incidents = append(got.incidents, i.ID)
		}
		slices.Sort(got.deployments)
		slices.Sort(got.changes)
		slices.Sort(got.incidents)
		if !slices.Equal(got.deployments, want.deployments) || !slices.Equal(got.changes, want.changes) || !slices.Equal(got.incidents, want.incidents) {
			t.Errorf("%s selects %v, expected %v", scope, got, want)
		}
	}
}

func TestTheMeasuresOfALabelAreThoseOfWhatItSelects(t *testing.T) {
	s := start(t)
	s.send(labelled)
	var m struct {
		Scope string
		DF    struct{ Deployments int }     `json:"deployment_frequency"`
		Lead  struct{ N, Open int }         `json:"lead_time"`
		CFR   struct{ Counted, Failed int } `json:"change_failure_rate"`
		TTR   struct {
			N   int
			All struct{ N int } `json:"all_incidents"`
		} `json:"time_to_restore"`
	}
	s.get("/api/v1/measures?from=2026-05-01&scope=label:tier=gold", &m)
	if m.Scope != "label:tier=gold" || m.DF.Deployments != 3 || m.Lead.N != 2 || m.Lead.Open != 1 || m.CFR.Counted != 3 || m.CFR.Failed != 2 ||
		m.TTR.N != 2 || m.TTR.All.N != 2 {
		t.Errorf("tier=gold: %+v", m)
	}
	// The catalogue loses the label: what the deployments carry themselves stays.
	s.send(`{"type":"service","name":"web","occurred_at":"2026-06-01T12:10:00Z","labels":{"tier":"bronze"}}`)
	s.get("/api/v1/measures?from=2026-05-01&scope=label:tier=gold", &m)
	if m.DF.Deployments != 1 || m.Lead.N != 1 || m.Lead.Open != 0 || m.TTR.All.N != 1 {
		t.Errorf("tier=gold without web: %+v", m)
	}
	var series struct{ Points []struct{ N int } }
	s.get("/api/v1/measures/series?measure=deployment_frequency&bucket=day&from=2026-05-01&to=2026-05-04&scope=label:zone=a", &series)
	n := 0
	for _, p := range series.Points {
		n += p.N
	}
	if n != 1 {
		t.Errorf("the days of zone=a hold %d deployments", n)
	}
}
