package web_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/app"
)

const explainWindow = "from=2026-01-01&to=2026-05-01"

// allPages reads an explanation to its end and checks that only its first page
// has the number.
func (s *site) allPages(path string) (facts []string) {
	s.t.Helper()
	for cursor := ""; ; {
		var e explained
		s.get(path+"&cursor="+url.QueryEscape(cursor), &e)
		if (e.Number != nil) != (cursor == "") {
			s.t.Errorf("%s: number %v on the page after %q", path, e.Number, cursor)
		}
		for _, f := range e.Facts {
			facts = append(facts, oneFact(f))
		}
		if cursor = e.NextCursor; cursor == "" {
			return facts
		}
	}
}

func oneFact(f map[string]any) string { return string(must(json.Marshal(f))) }

func TestThePagesOfAnExplanationHoldEveryFactOnce(t *testing.T) {
	s := start(t)
	s.send(explainWorld(rand.New(rand.NewPCG(9, 5))))
	s.settle()
	for _, x := range explainable {
		if strings.Contains(x.measure, "_stage:") && x.measure != "lead_time_stage:review" && x.measure != "restore_stage:fix" {
			continue // the stages are paged alike
		}
		path := "/api/v1/explain/" + x.measure + "?basis=" + x.basis + "&" + explainWindow
		var whole explained
		s.get(path+"&all=true", &whole)
		var want []string
		byRole := map[string][]string{}
		for _, f := range whole.Facts {
			want = append(want, oneFact(f))
			role := f["role"].(string)
			byRole[role] = append(byRole[role], oneFact(f))
			key := fmt.Sprint("counted=", f["counted"])
			byRole[key] = append(byRole[key], oneFact(f))
		}
		if len(want) < 20 {
			t.Fatalf("%s: %d facts", x.in, len(want))
		}
		for _, limit := range []string{"1000", "17", "1"} {
			if got := s.allPages(path + "&limit=" + limit); !slices.Equal(got, want) {
				t.Errorf("%s by %s: %d facts, all at once %d", x.in, limit, len(got), len(want))
			}
		}
		for filter, want := range byRole {
			if !strings.HasPrefix(filter, "counted=") {
				filter = "role=" + filter
			}
			if got := s.allPages(path + "&limit=7&" + filter); !slices.Equal(got, want) {
				t.Errorf("%s with %s: %d facts, want %d", x.in, filter, len(got), len(want))
			}
		}
		for _, c := range whole.Number.Reasons {
			if got := s.allPages(path + "&reason=" + c.Reason); len(got) != c.N {
				t.Errorf("%s because %s: %d facts, want %d", x.in, c.Reason, len(got), c.N)
			}
		}
	}
}

func TestAnExplanationNamesTheCallThatGivesItsNumber(t *testing.T) {
	s := start(t)
	s.send(explainWorld(rand.New(rand.NewPCG(2, 5))))
	s.settle()
	for _, x := range explainable {
		var e explained
		scope := "team:t0"
		if strings.Contains(x.measure, "_stage:") {
			scope = "org" // few facts have both ends of a stage
		}
		s.get("/api/v1/explain/"+x.measure+"?basis="+x.basis+"&scope="+scope+"&benchmark=dora-2024&from=now-150d", &e)
		if e.Formula == "" || e.Number == nil || e.Number.Value == nil {
			t.Fatalf("%s: %+v", x.in, e)
		}
		var m map[string]any
		s.get(e.Number.API, &m)
		var v any = m
		at := strings.LastIndex(e.Number.Field, ".")
		v = part(v, plainPath(e.Number.Field[:at]))[e.Number.Field[at+1:]]
		if v != *e.Number.Value || m["benchmark"] != "dora-2024" || m["scope"] != scope {
			t.Errorf("%s: %s says %v, explained %v", x.in, e.Number.API, v, *e.Number.Value)
		}
	}
}

func TestAnotherEnvironmentIsExplainedByItsOwnDeployments(t *testing.T) {
	s := start(t)
	s.send(explainWorld(rand.New(rand.NewPCG(4, 5))))
	s.settle()
	for _, x := range explainable {
		path := "/api/v1/explain/" + x.measure + "?basis=" + x.basis + "&environment=staging&" + explainWindow
		var e explained
		s.get(path+"&all=true", &e)
		if kept := strings.Contains(x.in, "lead_time") || strings.Contains(x.in, "time_to_restore"); kept && x.basis != "oldest" && (len(e.Notes) == 0 || e.Number.Value != nil) {
			t.Errorf("%s outside production: %v, value %v", x.in, e.Notes, e.Number.Value)
		}
		for _, f := range e.Facts {
			if f["counted"] == true && f["environment"] != "staging" {
				t.Errorf("%s: %v", x.in, f)
			}
			if f["type"] == "deployment" && f["environment"] == "staging" && x.in == "change_failure_rate" && f["counted"] == true {
				t.Errorf("judged outside production: %v", f)
			}
		}
	}
}

func TestWhatWasReportedIsNoFormulaInACSV(t *testing.T) {
	s := start(t)
	s.send(`{"type":"deployment","id":"=HYPERLINK(\"x\")","service":"@web","environment":"production","version":"+1","finished_at":"2026-05-01T10:00:00Z"}
{"type":"deployment","id":"-d","service":"＝web","environment":"production","version":"\"a,b\"","finished_at":"2026-05-01T11:00:00Z"}
{"type":"incident","id":"i","services":["@web"],"title":"=cmd|' /C calc'!A1","started_at":"2026-05-02T10:00:00Z"}`)
	for _, measure := range []string{"deployment_frequency", "time_to_restore"} {
		rows := s.rows("/api/v1/explain/" + measure + "?basis=" + map[string]string{"time_to_restore": "incident"}[measure] + "&from=2026-05-01")
		if len(rows) == 0 {
			t.Fatalf("%s: no rows", measure)
		}
		for _, r := range rows {
			for name, cell := range r {
				if name != "value_seconds" && strings.IndexAny(cell, "=+-@＝") == 0 {
					t.Errorf("%s: %q", name, cell)
				}
			}
		}
	}
}

func TestThePageBehindANumberShowsIt(t *testing.T) {
	s := start(t)
	s.send(explainWorld(rand.New(rand.NewPCG(5, 5))))
	s.settle()
	for _, x := range explainable {
		a := s.ask("GET", "/explain/"+x.measure+"?window=365d&basis="+x.basis, nil)
		if a.status != 200 || !strings.Contains(a.body, "How it is made") || !strings.Contains(a.body, "/api/v1/measures?") {
			t.Errorf("%s: %d", x.in, a.status)
		}
		checkPage(t, "/explain/"+x.measure, a.body)
	}
	for path, status := range map[string]int{
		"/explain/speed": 404, "/explain/lead_time?basis=x": 400, "/explain/lead_time?scope=x": 400, "/explain/lead_time?reason=x": 400,
		"/explain/lead_time?cursor=x": 400, "/explain/lead_time?window=1d": 400, "/explain/lead_time?role=open&window=365d": 200,
		"/explain/lead_time?scope=service:s0&window=30d": 200, "/explain/rework_rate?scope=team:t0&window=365d&unknown=1": 200,
	} {
		if a := s.ask("GET", path, nil); a.status != status {
			t.Errorf("%s: %d, want %d", path, a.status, status)
		}
	}
	if a := s.ask("GET", "/", nil); !strings.Contains(a.body, `href="/explain/change_failure_rate?window=90d"`) {
		t.Error("the figures of the overview do not lead to their explanation")
	}
}

// What ends an incident is a setting, and the listed facts follow it as the number does.
func TestAnIncidentIsExplainedByWhatEndedIt(t *testing.T) {
	for setting, minutes := range map[string]float64{"": 115, plimsoll.RestoredResolved: 115, plimsoll.RestoredMitigated: 55} {
		s := startWith(t, app.Options{Config: &app.Config{RestoredAt: setting}})
		s.send(`{"type":"incident","id":"i","services":["web"],"started_at":"2026-05-03T10:05:00Z","mitigated_at":"2026-05-03T11:00:00Z","resolved_at":"2026-05-03T12:00:00Z"}`)
		s.settle()
		var e explained
		s.get("/api/v1/explain/time_to_restore?basis=incident&from=2026-05-01&all=true", &e)
		if e.Number.Value == nil || *e.Number.Value != minutes*60 || len(e.Facts) != 1 || e.Facts[0]["value"] != minutes*60 {
			t.Errorf("restored when %q: %+v", setting, e.Number)
		}
	}
}
