package web_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/client"
	"github.com/plimsoll-dev/plimsoll/internal/app"
)

// quarters is a shop whose deployments fail less often from April 2026 on, and
// a library that deploys the same build again and again in May.
func quarters(t *testing.T) *site {
	t.Helper()
	// A clock that goes, since the later of two acts about one target holds.
	var ticks atomic.Int64
	s := startWith(t, app.Options{Now: func() time.Time { return now.Add(time.Duration(ticks.Add(1)) * time.Millisecond) }})
	var b strings.Builder
	n := 0
	for day := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC); day.Before(now.Truncate(24 * time.Hour)); day = day.AddDate(0, 0, 1) {
		for k := range 4 {
			n++
			result := "success"
			// Half of them fail before April, one in eight since.
			if every := map[bool]int{true: 2, false: 8}[day.Month() < time.April]; n%every == 0 {
				result = "failure"
			}
			fmt.Fprintf(&b, `{"type":"deployment","id":"shop-%04d","service":"shop","team":"a","environment":"production","version":"v%d","finished_at":%q,"result":%q}`+"\n",
				n, n, day.Add(time.Duration(2*k)*time.Hour).Format(time.RFC3339), result)
		}
		version := day.Format("0102")
		if day.Month() == time.May {
			version = "0501"
		}
		fmt.Fprintf(&b, `{"type":"deployment","id":"lib-%s","service":"library","team":"b","environment":"production","version":"l%s","finished_at":%q}`+"\n",
			day.Format("0102"), version, day.Format(time.RFC3339))
	}
	s.send(b.String())
	return s
}

func TestPeriodsAreComparedInWords(t *testing.T) {
	s := quarters(t)
	var out struct {
		client.Window
		Comparisons []client.Comparison
	}
	s.upToDate("/api/v1/compare?scope=service:shop&from=2026-04-01&to=2026-06-01", &out)
	if got := out.EarlierFrom.String() + " " + out.EarlierTo.String(); got != "2026-01-30T00:00:00Z 2026-04-01T00:00:00Z" {
		t.Errorf("against %s", got)
	}
	verdicts := map[string]string{}
	for _, c := range out.Comparisons {
		verdicts[c.Measure] = c.Verdict
		if c.EarlierWords == "" || c.LaterWords == "" || c.DifferenceWords == "" || c.Words == "" {
			t.Errorf("%s says nothing: %+v", c.Measure, c)
		}
	}
	want := map[string]string{
		"deployment_frequency": "no_detectable_change", "lead_time": "too_few", "change_failure_rate": "better",
		"rework_rate": "no_detectable_change", "rollback_rate": "no_detectable_change",
	}
	for m, v := range want {
		if verdicts[m] != v {
			t.Errorf("%s: %s, want %s", m, verdicts[m], v)
		}
	}
	if len(out.Comparisons) < 6 {
		t.Errorf("%d measures", len(out.Comparisons))
	}
	s.upToDate("/api/v1/compare?scope=service:shop&from=2026-04-01&to=2026-05-01&earlier_from=2026-01-01&earlier_to=2026-02-01", &out)
	if got := out.EarlierFrom.String(); got != "2026-01-01T00:00:00Z" {
		t.Errorf("against %s", got)
	}
}

func TestTheTrendOfWeeksIsShown(t *testing.T) {
	s := quarters(t)
	var out struct {
		client.Window
		Trend  client.Trend
		Points []any
	}
	s.upToDate("/api/v1/trend?scope=service:shop&measure=change_failure_rate&from=2026-01-01&to=2026-06-01", &out)
	if out.Trend.Verdict != "better" || out.Trend.Weeks != 21 || *out.Trend.Slope >= 0 || len(out.Points) < 21 {
		t.Errorf("%+v", out.Trend)
	}
	s.upToDate("/api/v1/trend?scope=service:library&measure=deployment_frequency&from=2026-01-01&to=2026-05-01", &out)
	if out.Trend.Verdict != "no_detectable_change" || *out.Trend.Slope != 0 {
		t.Errorf("once a day, every day: %+v", out.Trend)
	}
	s.upToDate("/api/v1/trend?measure=lead_time", &out)
	if out.Trend.Verdict != "too_few" || !strings.HasPrefix(out.Trend.Words, "too few weeks: 0 of 8") {
		t.Errorf("without changes: %+v", out.Trend)
	}
}

func TestABaselineNeedsThirtyDaysOfRecord(t *testing.T) {
	s := quarters(t)
	var out struct{ Baseline client.Baseline }
	s.upToDate("/api/v1/baseline?measure=change_failure_rate&scope=service:shop&from=2026-01-01&to=2026-04-01", &out)
	if b := out.Baseline; !b.Valid || *b.Value != 0.5 || b.N != 360 || b.Days != 90 {
		t.Errorf("%+v", b)
	}
	s.upToDate("/api/v1/baseline?measure=change_failure_rate&scope=service:shop&from=2025-12-01&to=2026-01-11", &out)
	if b := out.Baseline; b.Valid || b.Words != "a baseline needs 30 days of record; there are 10" {
		t.Errorf("%+v", b)
	}
}

// upToDate asks a path, which has parameters, for an answer with everything that was sent.
func (s *site) upToDate(path string, out any) {
	s.t.Helper()
	s.get(fmt.Sprintf("%s&min_seq=%d", path, s.last), out)
}

// set posts a target and wants it taken.
func (s *site) set(body string) (id string) {
	s.t.Helper()
	a := s.ask("POST", "/api/v1/targets", strings.NewReader(body))
	if a.status != 200 {
		s.t.Fatalf("status %d: %s", a.status, a.body)
	}
	var out struct {
		ID       string
		Position int64
	}
	s.decode(a.body, &out)
	s.last = out.Position
	return out.ID
}

func (s *site) targets(params string) (out []client.Target) {
	s.t.Helper()
	var answer struct{ Targets []client.Target }
	s.get(fmt.Sprintf("/api/v1/targets?min_seq=%d%s", s.last, params), &answer)
	return answer.Targets
}

const halve = `{"scope":"service:shop","measure":"change_failure_rate","baseline":{"from":"2026-01-01","to":"2026-04-01"},
	"goals":[{"at":"2026-10-01","value":0.1},{"at":"2026-07-01","value":0.25}]}`

func TestATargetIsSetJudgedReplacedAndDropped(t *testing.T) {
	s := quarters(t)
	if id := s.set(halve); id != "service:shop/change_failure_rate" {
		t.Errorf("id %q", id)
	}
	s.set(`{"id":"library","scope":"team:b","measure":"deployment_frequency","baseline":{"from":"2026-01-01","to":"2026-04-01"},"goals":[{"at":"2026-10-01","value":3}]}`)
	got := s.targets("")
	if len(got) != 2 {
		t.Fatalf("targets %+v", got)
	}
	// One in eight fails, where the path is at 0.33 and asks for 0.25 next.
	shop := got[1]
	if shop.Status != "on_track" || *shop.Baseline.Value != 0.5 || shop.Goal.Value != 0.25 || *shop.Path < 0.3 || *shop.Path > 0.36 || shop.Current.N != 118 {
		t.Errorf("%+v", shop)
	}
	if library := got[0]; library.Status != "off_track" && library.Status != "undecidable" || library.Scope != "team:b" {
		t.Errorf("%+v", library)
	}
	if got = s.targets("&scope=service:shop&span=7d"); len(got) != 1 || got[0].Current.N != 26 {
		t.Errorf("of a week: %+v", got)
	}
	s.set(strings.Replace(halve, `0.25`, `0.05`, 1))
	if got = s.targets("&scope=service:shop"); len(got) != 1 || got[0].Goal.Value != 0.05 {
		t.Errorf("replaced: %+v", got)
	}
	s.set(`{"id":"service:shop/change_failure_rate","dropped":true}`)
	if got = s.targets(""); len(got) != 1 || got[0].ID != "library" {
		t.Errorf("dropped: %+v", got)
	}
	if e := s.refused(s.ask("POST", "/api/v1/targets", strings.NewReader(`{"id":"librari","dropped":true}`)), 404, "not_found"); e.Error.Field != "id" || !strings.Contains(e.Error.Message, "did you mean library?") {
		t.Errorf("what never was is dropped: %+v", e.Error)
	}
	s.refused(s.ask("POST", "/api/v1/events", strings.NewReader(`{"type":"target","id":"x"}`)), 400, "invalid")
}

func TestAScopeThatNobodyNamedIsSaidToBeUnknown(t *testing.T) {
	s := quarters(t)
	for scope, want := range map[string]string{
		"service:shpo": `no service "shpo" is known; did you mean shop?`,
		"team:zebras":  `no team "zebras" is known`,
		"service:shop": "",
		"team:b":       "",
		"org":          "",
	} {
		var m struct{ Notes []string }
		s.get("/api/v1/measures?from=2026-01-01&to=2026-01-02&scope="+scope, &m)
		if got := strings.Join(m.Notes, "\n"); got != want {
			t.Errorf("%s: %q, want %q", scope, got, want)
		}
	}
}

func TestATargetThatMakesNoSenseIsRefusedByName(t *testing.T) {
	s := quarters(t)
	for body, field := range map[string]string{
		`{"scope":"person:ann","measure":"lead_time"}`:                              "scope",
		`{"scope":"label:a"` + strings.TrimPrefix(halve, `{"scope":"service:shop"`): "scope",
		`{"scope":"org"}`: "measure",
		`{"measure":"lead_time","goals":[{"at":"2026-10-01","value":1}]}`: "baseline",
		strings.Replace(halve, "change_failure_rate", "speed", 1):         "measure",
		strings.Replace(halve, "2026-01-01", "2026-03-20", 1):             "baseline",
		strings.Replace(halve, "2026-01-01", "2026-05-20", 1):             "from",
		strings.Replace(halve, "2026-10-01", "2026-02-01", 1):             "goals",
		strings.Replace(halve, "2026-10-01", "soon", 1):                   "goals",
		strings.Replace(halve, `"value":0.1`, `"value":10`, 1):            "goals",
		strings.Replace(halve, `"value":0.1`, `"value":-0.1`, 1):          "goals",
		strings.Replace(halve, `,"value":0.1`, ``, 1):                     "goals",
		strings.Replace(halve, `"value":0.1`, `"value":"low"`, 1):         "goals.value",
		strings.Replace(halve, `"goals"`, `"goal"`, 1):                    "goal",
		`{"dropped":true}`: "dropped",
		`{"id":"x","dropped":true,"measure":"lead_time"}`: "dropped",
	} {
		if e := s.refused(s.ask("POST", "/api/v1/targets", strings.NewReader(body)), 400, "invalid"); e.Error.Field != field {
			t.Errorf("%s: %+v, want %s", body, e.Error, field)
		}
	}
	for _, body := range []string{"", "[]", "{", halve + halve} {
		s.refused(s.ask("POST", "/api/v1/targets", strings.NewReader(body)), 400, "invalid")
	}
	s.refused(s.ask("POST", "/api/v1/targets", strings.NewReader(`{"note":"`+strings.Repeat("x", 70_000)+`"}`)), 413, "too_large")
	if got := s.targets(""); len(got) != 0 {
		t.Errorf("kept: %+v", got)
	}
	for path, field := range map[string]string{
		"/api/v1/targets?span=3d":                                       "span",
		"/api/v1/targets?span=long":                                     "span",
		"/api/v1/targets?scope=person:ann":                              "scope",
		"/api/v1/targets?from=2026-01-01":                               "from",
		"/api/v1/baseline":                                              "measure",
		"/api/v1/baseline?measure=speed":                                "measure",
		"/api/v1/trend?measure=speed":                                   "measure",
		"/api/v1/compare?earlier_from=2026-01-01":                       "earlier_to",
		"/api/v1/compare?earlier_from=2026-02-01&earlier_to=2026-01-01": "earlier_from",
		"/api/v1/compare?earlier_from=2026-01-01&earlier_to=2026-05-25": "earlier_to",
		"/api/v1/gaming-signs?measure=lead_time":                        "measure",
		"/api/v1/gaming-signs?scope=label:a":                            "scope",
	} {
		if e := s.refused(s.ask("GET", path, nil), 400, "invalid"); e.Error.Field != field {
			t.Errorf("%s: %+v", path, e.Error)
		}
	}
}

func TestSignsAreQuestions(t *testing.T) {
	s := quarters(t)
	ask := func(scope string) map[string]client.Sign {
		var out struct{ Signs []client.Sign }
		s.upToDate("/api/v1/gaming-signs?from=2026-05-01&to=2026-06-01&scope="+scope, &out)
		signs := map[string]client.Sign{}
		for _, x := range out.Signs {
			signs[x.Sign] = x
		}
		return signs
	}
	library := ask("service:library")["empty_deployments"]
	if library.State != "raised" || library.Found != 30 || library.N != 31 || !strings.HasSuffix(library.Question, "What were they for?") || library.Facts[0] != "lib-0502" {
		t.Errorf("the library: %+v", library)
	}
	for name, x := range ask("service:shop") {
		if x.State == "raised" {
			t.Errorf("the shop is asked about %s: %+v", name, x)
		}
	}
	// An incident that was resolved twice was open in between.
	var b strings.Builder
	for i := range 12 {
		begun := time.Date(2026, 5, 3+i, 10, 0, 0, 0, time.UTC)
		for k := range 1 + i%2 {
			fmt.Fprintf(&b, `{"type":"incident","id":"i%d","services":["shop"],"started_at":%q,"resolved_at":%q,"occurred_at":%q}`+"\n", i,
				begun.Format(time.RFC3339), begun.Add(time.Duration(1+2*k)*time.Hour).Format(time.RFC3339), begun.Add(time.Duration(1+2*k)*time.Hour).Format(time.RFC3339))
		}
	}
	s.send(b.String())
	reopened := ask("service:shop")["reopened_incidents"]
	if reopened.State != "raised" || reopened.Found != 6 || reopened.N != 12 || strings.Join(reopened.Facts, " ") != "i1 i11 i3 i5 i7 i9" {
		t.Errorf("reopened: %+v", reopened)
	}
}
