package web_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// trouble is a deployment that an incident is held against, and another one.
const trouble = one + "\n" + two + `
{"type":"incident","id":"INC-1","services":["web"],"started_at":"2026-05-02T10:20:00Z","resolved_at":"2026-05-02T11:20:00Z"}`

type evidence struct {
	ID, Deployment, Kind, Cause, Status, Reason, Actor string
	Accepted, Current                                  bool
	Confidence                                         float64
	Words                                              []struct{ Says, Reason, Actor, At string }
}

func (s *site) evidence(query string) []evidence {
	s.t.Helper()
	var out struct{ Evidence []evidence }
	s.get(s.now("/api/v1/evidence"+query), &out)
	return out.Evidence
}

func (s *site) say(id, what, body string) answer {
	s.t.Helper()
	a := s.ask("POST", "/api/v1/evidence/"+id+"/"+what, strings.NewReader(body))
	if a.status == http.StatusOK {
		var r receipt
		s.decode(a.body, &r)
		s.last = r.Position
	}
	return a
}

// now is a path that waits for what was sent last.
func (s *site) now(path string) string {
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	return path + mark + "min_seq=" + strconv.FormatInt(s.last, 10)
}

func (s *site) failed() (failed, suspected int) {
	s.t.Helper()
	var out struct {
		Rate struct{ Failed, Suspected int } `json:"change_failure_rate"`
	}
	s.get(s.now("/api/v1/measures?from=2026-04-01&to=2026-06-01"), &out)
	return out.Rate.Failed, out.Rate.Suspected
}

func TestAPersonsWordDecidesWhetherADeploymentFailed(t *testing.T) {
	s := start(t)
	s.send(trouble)
	found := s.evidence("?status=accepted")
	if len(found) != 1 || found[0].Deployment != "d2" || found[0].Kind != "incident" || found[0].Cause != "INC-1" || !found[0].Accepted {
		t.Fatalf("%+v", found)
	}
	id, sure := found[0].ID, found[0].Confidence
	if failed, _ := s.failed(); failed != 1 {
		t.Errorf("%d failed before anybody said a word", failed)
	}
	if a := s.say(id, "reject", `{"reason":" the network was down ","actor":"Ada"}`); a.status != http.StatusOK || !strings.Contains(a.body, `"accepted":1`) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var e evidence
	s.get(s.now("/api/v1/evidence/"+id), &e)
	if e.Status != "rejected" || e.Accepted || e.Confidence != sure || e.Reason != "the network was down" || e.Actor != "Ada" || !e.Current {
		t.Errorf("%+v", e)
	}
	if failed, suspected := s.failed(); failed != 0 || suspected != 0 {
		t.Errorf("%d failed and %d suspected after the rejection", failed, suspected)
	}
	var incident struct {
		AttributedTo *string  `json:"attributed_to"`
		None         *float64 `json:"none_probability"`
		Candidates   []struct {
			Deployment, Evidence string
			Probability          float64
			Reasons              []string
		}
	}
	s.get(s.now("/api/v1/incidents/INC-1"), &incident)
	if incident.AttributedTo != nil || incident.None == nil || len(incident.Candidates) != 1 || incident.Candidates[0].Evidence != id || len(incident.Candidates[0].Reasons) == 0 {
		t.Errorf("%+v", incident)
	}
	s.say(id, "confirm", `{"reason":"it was the deployment after all","at":"2026-06-01T12:30:00Z"}`)
	s.get(s.now("/api/v1/evidence/"+id), &e)
	if e.Status != "confirmed" || len(e.Words) != 2 || e.Words[0].Says != "rejected" || e.Words[0].Actor != "Ada" || e.Words[1].Actor != "" {
		t.Errorf("%+v", e)
	}
	if failed, _ := s.failed(); failed != 1 {
		t.Errorf("%d failed after the confirmation", failed)
	}
	var d struct{ Evidence []evidence }
	s.get(s.now("/api/v1/deployments/d2"), &d)
	if len(d.Evidence) != 1 || d.Evidence[0].Status != "confirmed" {
		t.Errorf("%+v", d)
	}
	if page := s.ask("GET", "/deployments/d2", nil); !strings.Contains(page.body, "confirmed") || !strings.Contains(page.body, "it was the deployment after all") {
		t.Errorf("the page does not show the word:\n%s", page.body)
	}
}

func TestTheSameWordAgainIsADuplicateAndAnOlderOneDecidesNothing(t *testing.T) {
	s := start(t)
	s.send(trouble)
	id := s.evidence("")[0].ID
	word := `{"reason":"a drill","at":"2026-05-03T10:00:00Z"}`
	s.say(id, "reject", word)
	if a := s.say(id, "reject", word); a.status != http.StatusOK || !strings.Contains(a.body, `"duplicates":1`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	s.say(id, "confirm", `{"reason":"no drill","at":"2026-05-02T10:00:00Z"}`)
	var e evidence
	s.get(s.now("/api/v1/evidence/"+id), &e)
	if e.Status != "rejected" || len(e.Words) != 2 || e.Words[0].Says != "confirmed" {
		t.Errorf("%+v", e)
	}
}

func TestAWordStaysWhenItsEvidenceGoes(t *testing.T) {
	s := start(t)
	s.send(trouble)
	id := s.evidence("")[0].ID
	s.say(id, "confirm", `{"reason":"seen on the dashboard"}`)
	s.send(`{"type":"incident","id":"INC-1","caused_by":"d1","occurred_at":"2026-05-04T10:00:00Z"}`)
	var e evidence
	s.get(s.now("/api/v1/evidence/"+id), &e)
	if e.Current || e.Status != "confirmed" || e.Accepted || e.Deployment != "d2" || len(e.Words) != 1 {
		t.Errorf("gone: %+v", e)
	}
	s.send(`{"type":"incident","id":"INC-1","caused_by":"d2","occurred_at":"2026-05-05T10:00:00Z"}`)
	s.get(s.now("/api/v1/evidence/"+id), &e)
	if !e.Current || e.Status != "confirmed" || !e.Accepted || e.Reason != "seen on the dashboard" {
		t.Errorf("back: %+v", e)
	}
}

func TestWhatIsWrongWithAWordIsSaid(t *testing.T) {
	s := start(t)
	s.send(trouble)
	id := s.evidence("")[0].ID
	for body, field := range map[string]string{
		`{}`:                              "reason",
		`{"reason":"  "}`:                 "reason",
		`{"reason":"two\nlines"}`:         "reason",
		`{"reason":"x","actor":"\u0000"}`: "actor",
		`{"reason":"` + strings.Repeat("x", 2001) + `"}`:            "reason",
		`{"reason":"x","actor":"` + strings.Repeat("ä", 201) + `"}`: "actor",
		`{"reason":"x","at":"2026-06-01T14:00:00Z"}`:                "at",
		`{"reason":"x","at":"soon"}`:                                "",
		`{"reason":"x","verdict":"y"}`:                              "verdict",
		`{"reason":"x"} {}`:                                         "",
		`{"reason":7}`:                                              "reason",
		``:                                                          "",
		`[]`:                                                        "",
		`{"reason":`:                                                "",
	} {
		if e := s.refused(s.say(id, "reject", body), 400, "invalid"); e.Error.Field != field {
			t.Errorf("%s: field %q, want %q", body, e.Error.Field, field)
		}
	}
	s.refused(s.say(id, "reject", `{"reason":"`+strings.Repeat("x", 70<<10)+`"}`), 413, "too_large")
	s.refused(s.say("ev-0000000000000000", "confirm", `{"reason":"x"}`), 404, "not_found")
	s.refused(s.ask("GET", "/api/v1/evidence/ev-0000000000000000", nil), 404, "not_found")
	s.refused(s.ask("GET", "/api/v1/evidence/"+id+"?service=web", nil), 400, "invalid")
	s.refused(s.ask("GET", "/api/v1/evidence?status=sure", nil), 400, "invalid")
	s.refused(s.ask("GET", "/api/v1/evidence?environment=staging", nil), 400, "invalid")
	s.refused(s.ask("POST", "/api/v1/evidence/"+id+"/reject?reason=x", strings.NewReader(`{"reason":"x"}`)), 400, "invalid")
	for _, typ := range []string{"confirmation", "verdict"} {
		if e := s.refused(s.ask("POST", "/api/v1/events", strings.NewReader(`{"type":"`+typ+`","deployment":"d2"}`)), 400, "invalid"); e.Error.Field != "type" {
			t.Errorf("%s: %+v", typ, e)
		}
	}
	var e evidence
	if s.get(s.now("/api/v1/evidence/"+id), &e); e.Status != "accepted" || len(e.Words) != 0 {
		t.Errorf("what was refused left a trace: %+v", e)
	}
}

func TestEvidenceIsListedByStatusServiceAndPage(t *testing.T) {
	s := start(t)
	s.send(trouble)
	s.send(`{"type":"deployment","id":"a1","service":"api","environment":"production","version":"v1","finished_at":"2026-05-03T10:00:00Z","team":"blue"}
{"type":"deployment","id":"a2","service":"api","environment":"production","version":"v2","finished_at":"2026-05-03T11:00:00Z","result":"failure","team":"blue"}
{"type":"incident","id":"INC-2","services":["api"],"started_at":"2026-05-03T11:01:00Z"}`)
	ids := func(list []evidence) (out string) {
		for _, e := range list {
			out += e.Kind + " of " + e.Deployment + " " + e.Status + "; "
		}
		return out
	}
	for query, want := range map[string]string{
		"":                   "incident of a2 accepted; rollout of a2 accepted; incident of d2 accepted; ",
		"?service=web":       "incident of d2 accepted; ",
		"?team=blue":         "incident of a2 accepted; rollout of a2 accepted; ",
		"?from=2026-05-03":   "incident of a2 accepted; rollout of a2 accepted; ",
		"?status=rejected":   "",
		"?team=blue&limit=1": "incident of a2 accepted; ",
	} {
		if got := ids(s.evidence(query)); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	var page struct {
		Evidence []evidence
		Next     string `json:"next_cursor"`
	}
	s.get(s.now("/api/v1/evidence?limit=2"), &page)
	if first := len(page.Evidence); first != 2 || page.Next == "" {
		t.Fatalf("%+v", page)
	}
	if got := ids(s.evidence("?limit=2&cursor=" + page.Next)); got != "incident of d2 accepted; " {
		t.Errorf("the second page is %s", got)
	}
}

// What is only suspected stands beside the failures until somebody confirms it.
func TestASuspicionIsCountedBesideTheFailures(t *testing.T) {
	s := start(t)
	s.send(one + "\n" + two + `
{"type":"deployment","id":"a2","service":"api","environment":"production","version":"v2","finished_at":"2026-05-02T10:10:00Z"}
{"type":"incident","id":"INC-1","services":["web","api"],"started_at":"2026-05-02T10:20:00Z"}`)
	if failed, suspected := s.failed(); failed != 1 || suspected != 1 {
		t.Errorf("%d failed, %d suspected", failed, suspected)
	}
	doubt := s.evidence("?status=suspected")
	if len(doubt) != 1 || doubt[0].Deployment != "d2" || doubt[0].Accepted {
		t.Fatalf("%+v", doubt)
	}
	s.say(doubt[0].ID, "confirm", `{"reason":"both of them"}`)
	if failed, suspected := s.failed(); failed != 2 || suspected != 0 {
		t.Errorf("after the word %d failed, %d suspected", failed, suspected)
	}
}
