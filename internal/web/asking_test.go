package web_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
	"github.com/plimsoll-dev/plimsoll/internal/web"
)

func TestAQuestionThatMakesNoSenseIsRefusedByName(t *testing.T) {
	s := start(t)
	s.send(one)
	for path, field := range map[string]string{
		"/api/v1/measures?servce=web":                               "servce",
		"/api/v1/measures?scope=org&scope=team:a":                   "scope",
		"/api/v1/measures?scope=person:ann":                         "scope",
		"/api/v1/measures?scope=team:":                              "scope",
		"/api/v1/measures?scope=label:a":                            "scope",
		"/api/v1/measures?from=tomorrow":                            "from",
		"/api/v1/measures?from=2026-05-02&to=2026-05-01":            "from",
		"/api/v1/measures?from=2026-05-02&to=2026-05-02":            "from",
		"/api/v1/measures?benchmark=dora-1999":                      "benchmark",
		"/api/v1/measures?min_seq=-1":                               "min_seq",
		"/api/v1/measures?min_seq=99":                               "min_seq",
		"/api/v1/measures?limit=5":                                  "limit",
		"/api/v1/measures/series":                                   "measure",
		"/api/v1/measures/series?measure=speed":                     "measure",
		"/api/v1/measures/series?measure=lead_time&bucket=hour":     "bucket",
		"/api/v1/measures/series?measure=lead_time&from=1990-01-01": "bucket",
		"/api/v1/explain/lead_time?basis=oldest_one":                "basis",
		"/api/v1/explain/rework_rate?basis=change":                  "basis",
		"/api/v1/explain/lead_time?counted=perhaps":                 "counted",
		"/api/v1/explain/lead_time?role=culprit":                    "role",
		"/api/v1/explain/lead_time?reason=because":                  "reason",
		"/api/v1/explain/lead_time?format=xml":                      "format",
		"/api/v1/explain/lead_time?all=some":                        "all",
		"/api/v1/explain/lead_time?all=true&limit=5":                "limit",
		"/api/v1/explain/lead_time?format=csv&cursor=MTJ8bHg":       "limit",
		"/api/v1/explain/lead_time?limit=0":                         "limit",
		"/api/v1/explain/lead_time?limit=1001":                      "limit",
		"/api/v1/explain/lead_time?cursor=!!":                       "cursor",
		"/api/v1/explain/lead_time?cursor=MTJ8ZngK":                 "cursor",
		"/api/v1/explain/lead_time?cursor=MTJ8":                     "cursor",
		"/api/v1/explain/lead_time?scope=person:ann":                "scope",
		"/api/v1/explain/lead_time?benchmark=mine":                  "benchmark",
		"/api/v1/explain/lead_time?author=ann":                      "author",
		"/api/v1/explain/lead_time?min_seq=99":                      "min_seq",
		"/api/v1/deployments?limit=0":                               "limit",
		"/api/v1/deployments?limit=1001":                            "limit",
		"/api/v1/deployments?limit=ten":                             "limit",
		"/api/v1/deployments?limit=99999999999999999999":            "limit",
		"/api/v1/deployments?cursor=!!":                             "cursor",
		"/api/v1/deployments?cursor=MTIz":                           "cursor",
		"/api/v1/deployments?service=a&team=b":                      "team",
		"/api/v1/incidents?service=a&scope=org":                     "service",
		"/api/v1/changes?open=perhaps":                              "open",
		"/api/v1/services?team=a":                                   "team",
		"/api/v1/teams?min_seq=x":                                   "min_seq",
		"/api/v1/deployments/d1?full=1":                             "full",
	} {
		e := s.refused(s.ask("GET", path, nil), 400, "invalid")
		if e.Error.Field != field || e.Error.Index != nil {
			t.Errorf("%s: %+v", path, e.Error)
		}
	}
	s.refused(s.ask("GET", "/api/v1/measures?%zz", nil), 400, "invalid")
}

func TestAnAnswerIncludesWhatItsAskerWrote(t *testing.T) {
	s := start(t)
	for i := range 50 {
		r := s.send(fmt.Sprintf(`{"type":"deployment","id":"d%d","service":"web","environment":"production","finished_at":"2026-05-01T10:00:%02dZ"}`, i, i))
		var m struct {
			Position int64
			DF       struct{ Deployments int } `json:"deployment_frequency"`
		}
		path := "/api/v1/measures?from=2026-05-01"
		if i%2 == 1 {
			path += fmt.Sprintf("&min_seq=%d", r.Position)
		}
		s.get(path, &m)
		if m.DF.Deployments != i+1 || m.Position != r.Position {
			t.Fatalf("after %d: %+v", i+1, m)
		}
	}
}

func TestPagingThroughEqualTimesGivesEachOnce(t *testing.T) {
	s := start(t)
	var body strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&body, `{"type":"deployment","id":"d%04d","service":"s%d","environment":"production","finished_at":"2026-05-01T10:00:00Z"}`+"\n", i, i%7)
	}
	s.send(body.String())
	for _, limit := range []string{"1000", "999", "37"} {
		got := s.ids(url.Values{"limit": {limit}})
		slices.Sort(got)
		if len(got) != 1000 || len(slices.Compact(got)) != 1000 {
			t.Errorf("limit %s: %d ids, %d of them different", limit, len(got), len(slices.Compact(got)))
		}
	}
}

func TestAnIDMayHoldAnything(t *testing.T) {
	s := start(t)
	for i, id := range []string{"a/b", "a//b", "ends/", "/begins", "with space", "100%", "%2F", "ünïcode-部署", "a+b?c=d#e", `"quoted"`, "git:host/org/repo:web:production:v1", "...", ";a=b"} {
		s.send(fmt.Sprintf(`{"type":"deployment","id":%q,"service":%q,"environment":"production","finished_at":"2026-05-01T10:00:%02dZ"}`, id, "s "+id, i))
		s.send(fmt.Sprintf(`{"type":"incident","id":%q,"services":[%q],"started_at":"2026-05-02T10:00:00Z"}`, id, "s "+id))
		for _, path := range []string{"/api/v1/deployments/", "/api/v1/incidents/"} {
			var d struct{ ID string }
			s.get(path+url.PathEscape(id), &d)
			if d.ID != id {
				t.Errorf("%s%s: got %q", path, id, d.ID)
			}
		}
		for _, path := range []string{"/deployments/" + url.PathEscape(id), "/services/" + url.PathEscape("s "+id)} {
			if a := s.ask("GET", path, nil); a.status != 200 {
				t.Errorf("%s: status %d", path, a.status)
			}
		}
		if got := s.ids(url.Values{"service": {"s " + id}}); len(got) != 1 || got[0] != id {
			t.Errorf("of service %q: %q", "s "+id, got)
		}
	}
}

func TestAnEnvironmentCanBeAskedForByName(t *testing.T) {
	s := start(t)
	for i, env := range []string{"production", "prod-eu", "staging", "staging"} {
		s.send(fmt.Sprintf(`{"type":"deployment","id":"d%d","service":"web","environment":%q,"finished_at":"2026-05-0%dT10:00:00Z"}`, i, env, i+1))
	}
	for env, want := range map[string]int{"": 4, "production": 2, "prod-eu": 1, "staging": 2, "nowhere": 0} {
		if got := s.ids(url.Values{"environment": {env}}); len(got) != want {
			t.Errorf("environment %q: %v", env, got)
		}
	}
	var m struct {
		Environment string
		DF          struct{ Deployments int } `json:"deployment_frequency"`
	}
	s.get("/api/v1/measures?environment=staging&from=2026-05-01", &m)
	if m.Environment != "staging" || m.DF.Deployments != 2 {
		t.Errorf("%+v", m)
	}
}

func TestOtherMethodsAreAnsweredAndNamed(t *testing.T) {
	s := start(t)
	if a := s.ask("HEAD", "/api/v1/measures", nil); a.status != 200 || a.body != "" {
		t.Errorf("HEAD: %d %q", a.status, a.body)
	}
	for _, c := range []struct{ method, path, allow string }{
		{"GET", "/api/v1/events", "POST"},
		{"OPTIONS", "/api/v1/measures", "GET, HEAD"},
		{"DELETE", "/api/v1/deployments/d1", "GET, HEAD"},
		{"POST", "/api/v1/measures", "GET, HEAD"},
	} {
		a := s.ask(c.method, c.path, nil)
		s.refused(a, http.StatusMethodNotAllowed, "invalid")
		if a.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: allows %q", c.method, c.path, a.header.Get("Allow"))
		}
	}
	s.refused(s.ask("GET", "/api/v1/nothing", nil), 404, "not_found")
	s.refused(s.ask("GET", "/api/v1/deployments/unknown", nil), 404, "not_found")
	s.refused(s.ask("GET", "/api/v1/explain/speed", nil), 404, "not_found")
	s.refused(s.ask("GET", "/api/v1/incidents/unknown", nil), 404, "not_found")
}

func TestAnAnnouncedGigabyteIsRefusedAtItsHead(t *testing.T) {
	s := start(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1073741824\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 413 {
		t.Errorf("status %d", resp.StatusCode)
	}
}

// failing is a server whose disk can be made to refuse writes.
func failing(t *testing.T, refuse *atomic.Bool) (*web.Server, *lines, *store.DB) {
	t.Helper()
	dir := t.TempDir()
	db, err := store.Open(t.Context(), store.Options{Dir: dir, Database: storetest.For(t, dir), Fault: func(step string) error {
		if refuse.Load() {
			return errors.New("secret detail of " + step)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	org, err := db.Org(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return now }
	door, err := ingest.New(t.Context(), db, org, clock)
	if err != nil {
		t.Fatal(err)
	}
	log := &lines{}
	return web.New(web.Options{Local: true, Desk: query.New(db, org, query.Options{Cursor: "facts", Now: clock}), Door: door, Log: logTo(log)}), log, db
}

func TestAFailureOfOursTellsNothingOfTheInside(t *testing.T) {
	var refuse atomic.Bool
	server, log, db := failing(t, &refuse)
	refuse.Store(true)
	w := record(server, "POST", "/api/v1/events", one)
	if w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("status %d, headers %v", w.Code, w.Header())
	}
	if body := w.Body.String(); strings.Contains(body, "secret detail") || !strings.Contains(body, `"unavailable"`) {
		t.Errorf("body %s", body)
	}
	if !strings.Contains(log.String(), "secret detail of") {
		t.Errorf("the log does not say why: %s", log)
	}
	refuse.Store(false)
	if w := record(server, "POST", "/api/v1/events", one); w.Code != 200 {
		t.Errorf("afterwards: %d %s", w.Code, w.Body)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/api/v1/measures", "/readyz", "/", "/deployments/d1"} {
		if w := record(server, "GET", path, ""); w.Code != 503 || strings.Contains(w.Body.String(), "sql") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}

func TestAConnectionIsBoundedInEveryRespect(t *testing.T) {
	var no atomic.Bool
	server, _, _ := failing(t, &no)
	h := server.HTTP()
	if h.ReadHeaderTimeout == 0 || h.ReadTimeout == 0 || h.WriteTimeout == 0 || h.IdleTimeout == 0 || h.MaxHeaderBytes == 0 {
		t.Errorf("%+v", h)
	}
}
