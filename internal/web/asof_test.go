package web_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/app"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// dial is a clock that a test sets.
type dial struct{ at atomic.Pointer[time.Time] }

func (d *dial) set(t time.Time) { d.at.Store(&t) }
func (d *dial) now() time.Time  { return *d.at.Load() }

// startAt starts a server whose clock a test sets.
func startAt(t *testing.T, at time.Time) (*site, *dial) {
	d := &dial{}
	d.set(at)
	return startWith(t, app.Options{Now: d.now}), d
}

// whole gets an answer as a value, without what says as of when it is.
func (s *site) whole(path string, params url.Values) map[string]any {
	s.t.Helper()
	var out map[string]any
	params.Set("min_seq", fmt.Sprint(s.last))
	s.get(path+"?"+params.Encode(), &out)
	for _, k := range []string{"as_of", "known_up_to", "missing_events"} {
		delete(out, k)
	}
	if n, ok := out["number"].(map[string]any); ok {
		delete(n, "api") // which repeats the question
	}
	return out
}

// shuffled are the lines of a world in portions, in disorder.
func shuffled(seed uint64, portions int) (out []string) {
	r := rand.New(rand.NewPCG(seed, 3))
	return inPortions(r, world(r), portions)
}

func inPortions(r *rand.Rand, text string, portions int) (out []string) {
	lines := strings.SplitAfter(strings.TrimSpace(text)+"\n", "\n")
	lines = lines[:len(lines)-1]
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	for i := range portions {
		out = append(out, strings.Join(lines[i*len(lines)/portions:(i+1)*len(lines)/portions], ""))
	}
	return out
}

// Every answer as of a time is that of a server which was asked then.
func TestAnAnswerAsOfATimeIsTheOneOfThatTime(t *testing.T) {
	begin := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	then, clock := startAt(t, begin)
	var asked []map[string]any
	var times []time.Time
	questions := func() map[string]url.Values {
		out := map[string]url.Values{}
		for _, scope := range []string{"org", "team:t0", "service:s3"} {
			for _, window := range [][2]string{{"2026-02-01", "2026-03-01"}, {"2026-03-20", "2026-12-01"}, {"now-30d", "now"}} {
				v := url.Values{"scope": {scope}, "from": {window[0]}, "to": {window[1]}}
				out["/api/v1/measures "+v.Encode()] = v
				v = maps.Clone(v)
				v.Set("measure", "lead_time")
				v.Set("bucket", "week")
				out["/api/v1/measures/series "+v.Encode()] = v
			}
			for _, x := range explainable {
				if strings.Contains(x.measure, "_stage:") {
					continue // this world has hardly any stamps; another test asks
				}
				v := url.Values{"scope": {scope}, "from": {"2026-02-01"}, "to": {"2026-12-01"}, "basis": {x.basis}, "all": {"true"}}
				out["/api/v1/explain/"+x.measure+" "+v.Encode()] = v
			}
			for _, noun := range []string{"deployments", "incidents", "changes", "evidence"} {
				out["/api/v1/"+noun+" "+scope] = url.Values{"scope": {scope}, "limit": {"1000"}}
			}
			for _, verb := range []string{"bottleneck", "gaming-signs", "compare"} {
				out["/api/v1/"+verb+" "+scope] = url.Values{"scope": {scope}, "from": {"2026-02-15"}, "to": {"2026-12-01"}}
			}
			for _, verb := range []string{"trend", "baseline"} {
				out["/api/v1/"+verb+" "+scope] = url.Values{"scope": {scope}, "measure": {"change_failure_rate"}, "from": {"2026-02-01"}, "to": {"2026-12-01"}}
			}
			out["/api/v1/changes open "+scope] = url.Values{"scope": {scope}, "open": {"true"}}
		}
		out["/api/v1/deployments/s0-d40"] = url.Values{}
		return out
	}
	answers := func(s *site, asOf string) map[string]any {
		out := map[string]any{}
		for name, v := range questions() {
			path, _, _ := strings.Cut(name, " ")
			if asOf != "" {
				v.Set("as_of", asOf)
			}
			if path == "/api/v1/deployments/s0-d40" && s.ask("GET", path+"?"+v.Encode(), nil).status == 404 {
				out[name] = "nothing known"
				continue
			}
			out[name] = s.whole(path, v)
		}
		return out
	}
	for i, portion := range shuffled(21, 4) {
		clock.set(begin.Add(time.Duration(i) * 11 * 24 * time.Hour))
		then.send(portion)
		asked, times = append(asked, answers(then, "")), append(times, clock.now())
	}
	clock.set(now)
	for i, at := range times {
		for name, got := range answers(then, at.Format(time.RFC3339)) {
			if want := asked[i][name]; !reflect.DeepEqual(got, want) {
				t.Errorf("as of %s, %s:\n%s\nand then:\n%s", at, name, brief(got), brief(want))
			}
		}
	}
	var nothing struct {
		Position int64
		UpTo     *string        `json:"known_up_to"`
		Freq     map[string]any `json:"deployment_frequency"`
		CFR      map[string]any `json:"change_failure_rate"`
	}
	then.get("/api/v1/measures?as_of=2026-03-31T23:59:59Z", &nothing)
	if nothing.Position != 0 || nothing.UpTo != nil || nothing.Freq["deployments"] != 0.0 || nothing.CFR["ratio"] != nil {
		t.Errorf("before anything was told: %+v", nothing)
	}
}

func brief(v any) string {
	b, _ := json.Marshal(v)
	return string(b[:min(len(b), 600)])
}

func TestAsOfIsRefusedWhereItMakesNoSense(t *testing.T) {
	s := start(t)
	s.send(one)
	for path, field := range map[string]string{
		"/api/v1/measures?as_of=yesterday":                                                              "as_of",
		"/api/v1/measures?as_of=2026-05-01":                                                             "as_of",
		"/api/v1/measures?as_of=2026-06-01T12:00:01Z":                                                   "as_of",
		"/api/v1/measures?as_of=2026-05-01T00:00:00Z&from=2026-05-01T00:00:00Z&to=now":                  "from",
		"/api/v1/measures?as_of=2026-05-01T00:00:00Z&from=2026-05-02T00:00:00Z&to=2026-05-03T00:00:00Z": "from",
		"/api/v1/deployments?as_of=x":                                                                   "as_of",
		"/api/v1/deployments/d1?as_of=2027-01-01T00:00:00Z":                                             "as_of",
		"/api/v1/incidents/i1?as_of=-":                                                                  "as_of",
		"/api/v1/services?as_of=2026-05-01T00:00:00Z":                                                   "as_of",
	} {
		if e := s.refused(s.ask("GET", path, nil), 400, "invalid"); e.Error.Field != field {
			t.Errorf("%s: %+v", path, e.Error)
		}
	}
	e := s.refused(s.ask("GET", "/api/v1/deployments/d1?as_of=2026-05-01T00:00:00Z", nil), 404, "not_found")
	if !strings.Contains(e.Error.Message, "was known at 2026-05-01T00:00:00Z") {
		t.Errorf("message %q", e.Error.Message)
	}
}

// After the facts are folded again only the ends of the steps can be asked for,
// and the answer says so.
func TestAfterARefoldWhatIsNotKeptIsRefused(t *testing.T) {
	dir, d := t.TempDir(), &dial{}
	begin := time.Date(2026, 4, 1, 10, 7, 0, 0, time.UTC)
	var then []map[string]any
	d.set(begin)
	opt := app.Options{Data: dir, Now: d.now}
	var last receipt
	measures := func(h http.Handler, asOf string) (out map[string]any) {
		path := fmt.Sprintf("/api/v1/measures?from=2026-01-01&to=2026-03-01&min_seq=%d", last.Position)
		if asOf != "" {
			path += "&as_of=" + asOf
		}
		w := record(h, "GET", path, "")
		if w.Code != 200 || json.Unmarshal(w.Body.Bytes(), &out) != nil {
			t.Fatalf("%s: status %d: %s", path, w.Code, w.Body)
		}
		for _, k := range []string{"as_of", "known_up_to", "missing_events"} {
			delete(out, k)
		}
		return out
	}
	running(t, opt, func(a *app.App) {
		for i, portion := range shuffled(5, 6) {
			d.set(begin.Add(time.Duration(i) * 9 * time.Hour)) // 1 April 10:07 and 19:07, 2 April 4:07, 13:07 and 22:07, 3 April 7:07
			w := record(a.Handler(), "POST", "/api/v1/events", portion)
			if w.Code != 200 || json.Unmarshal(w.Body.Bytes(), &last) != nil {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			then = append(then, measures(a.Handler(), ""))
		}
	})
	opt.Database = storetest.For(t, opt.Data)
	a, err := app.New(t.Context(), opt)
	if err == nil {
		err = errors.Join(a.Refold(t.Context(), "day"), a.Stop(t.Context()))
	}
	if err != nil {
		t.Fatal(err)
	}
	d.set(now)
	running(t, opt, func(a *app.App) {
		for midnight, i := range map[string]int{"2026-04-02T00:00:00Z": 1, "2026-04-03T00:00:00Z": 4, "2026-04-04T00:00:00Z": 5} {
			if got := measures(a.Handler(), midnight); !reflect.DeepEqual(got, then[i]) {
				t.Errorf("as of %s:\n%s\nand then:\n%s", midnight, brief(got), brief(then[i]))
			}
		}
		w := record(a.Handler(), "GET", "/api/v1/measures?from=2026-01-01&to=2026-03-01&as_of=2026-04-02T14:00:00Z", "")
		if w.Code != 400 || !strings.Contains(w.Body.String(), "2026-04-01T19:07:00Z and 2026-04-02T22:07:00Z") {
			t.Errorf("status %d: %s", w.Code, w.Body)
		}
		measures(a.Handler(), "")
	})
	if a, err = app.New(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	if err := a.Refold(t.Context(), "fortnight"); err == nil || !strings.Contains(err.Error(), "expected none, month, day, hour or quarter") {
		t.Errorf("steps that do not exist: %v", err)
	}
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// running starts a server in this process and stops it after fn.
func running(t *testing.T, opt app.Options, fn func(a *app.App)) {
	t.Helper()
	opt.Database = storetest.For(t, opt.Data)
	a, err := app.New(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	a.Start()
	fn(a)
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}
