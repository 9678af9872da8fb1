package oracle

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/app"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// server is Plimsoll in this process, asked through its API only.
type server struct {
	t       *testing.T
	handler http.Handler
	at      int64 // position in the log that answers must include
}

// newServer starts a server on an empty folder and hands it the events.
func newServer(t *testing.T, events []event) *server {
	t.Helper()
	dir := t.TempDir()
	a, err := app.New(t.Context(), app.Options{Data: dir, Database: storetest.For(t, dir), Now: func() time.Time { return asked }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	a.Start()
	s := &server{t: t, handler: a.Handler()}
	if len(events) > 0 {
		s.send(events)
	}
	return s
}

// send hands in the events and wants all of them taken as new.
func (s *server) send(events []event) {
	s.t.Helper()
	var body bytes.Buffer
	for _, e := range events {
		line, err := json.Marshal(e)
		if err != nil {
			s.t.Fatal(err)
		}
		body.Write(append(line, '\n'))
	}
	var receipt struct {
		Accepted int   `json:"accepted"`
		Position int64 `json:"position"`
	}
	s.do(http.MethodPost, "/api/v1/events", &body, &receipt)
	if receipt.Accepted != len(events) {
		s.t.Fatalf("accepted %d of %d events", receipt.Accepted, len(events))
	}
	s.at = receipt.Position
}

func (s *server) get(path string, params url.Values, out any) {
	s.t.Helper()
	params.Set("min_seq", strconv.FormatInt(s.at, 10))
	s.do(http.MethodGet, path+"?"+params.Encode(), nil, out)
}

func (s *server) do(method, target string, body *bytes.Buffer, out any) {
	s.t.Helper()
	if body == nil {
		body = new(bytes.Buffer)
	}
	sent := body.Bytes()
	var w *httptest.ResponseRecorder
	// A busy machine answers a question before the facts are there with "ask again".
	for late := time.Now().Add(2 * time.Minute); ; {
		r := httptest.NewRequestWithContext(s.t.Context(), method, "http://127.0.0.1"+target, bytes.NewReader(sent))
		r.Header.Set("Content-Type", "application/x-ndjson")
		w = httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		if w.Code != http.StatusServiceUnavailable || time.Now().After(late) {
			break
		}
	}
	if w.Code != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s", method, target, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
		s.t.Fatalf("%s %s: %v", method, target, err)
	}
}

// durations is a sample as the API describes it.
type durations struct {
	N    int      `json:"n"`
	P50  *float64 `json:"p50"`
	Mean *float64 `json:"mean"`
	Open int      `json:"open"`
}

// measures is what we read of an answer about a scope and a window.
type measures struct {
	DeploymentFrequency struct {
		PerDay      *float64 `json:"per_day"`
		Deployments int      `json:"deployments"`
		Successful  int      `json:"successful"`
		Redeploys   int      `json:"redeploys"`
	} `json:"deployment_frequency"`
	LeadTime struct {
		durations
		PullRequest durations `json:"pull_request"`
	} `json:"lead_time"`
	ChangeFailureRate struct {
		Ratio   *float64 `json:"ratio"`
		Failed  int      `json:"failed"`
		Counted int      `json:"counted"`
	} `json:"change_failure_rate"`
	TimeToRestore struct {
		durations
		AllIncidents durations `json:"all_incidents"`
	} `json:"time_to_restore"`
}

func span(from, to string) url.Values { return url.Values{"from": {from}, "to": {to}} }

func (s *server) measures(scope, from, to string) measures {
	s.t.Helper()
	var m measures
	params := span(from, to)
	params.Set("scope", scope)
	s.get("/api/v1/measures", params, &m)
	return m
}

// point is one bucket of a series.
type point struct {
	From  string   `json:"from"`
	Value *float64 `json:"value"`
	N     int      `json:"n"`
}

func (s *server) series(measure, bucket, from, to string) []point {
	s.t.Helper()
	params := span(from, to)
	params.Set("measure", measure)
	params.Set("bucket", bucket)
	var out struct {
		Points []point `json:"points"`
	}
	s.get("/api/v1/measures/series", params, &out)
	return out.Points
}

type deployment struct {
	ID         string `json:"id"`
	Service    string `json:"service"`
	FinishedAt string `json:"finished_at"`
	Result     string `json:"result"`
	Failed     bool   `json:"failed"`
	Previous   string `json:"previous"`
	Kind       string `json:"kind"`
	Coverage   string `json:"coverage"`
	Contains   int    `json:"contains"`
}

type incident struct {
	ID           string  `json:"id"`
	StartedAt    string  `json:"started_at"`
	ResolvedAt   *string `json:"resolved_at"`
	AttributedTo *string `json:"attributed_to"`
	Restore      float64 `json:"time_to_restore_seconds"`
}

type change struct {
	SHA         string   `json:"sha"`
	AuthoredAt  string   `json:"authored_at"`
	CommittedAt string   `json:"committed_at"`
	StartAt     string   `json:"lead_time_start_at"`
	DeliveredAt string   `json:"delivered_at"`
	LeadTime    *float64 `json:"lead_time_seconds"`
	Deployment  string   `json:"deployment"`
	PullRequest int      `json:"pull_request"`

	OpenedAt      string `json:"opened_at"`
	FirstReviewAt string `json:"first_review_at"`
	ApprovedAt    string `json:"approved_at"`
	MergedAt      string `json:"merged_at"`
}

func (s *server) deployments(from, to string) []deployment {
	s.t.Helper()
	return pages[deployment](s, "deployments", from, to)
}

func (s *server) incidents(from, to string) []incident {
	s.t.Helper()
	return pages[incident](s, "incidents", from, to)
}

func (s *server) changes(from, to string) []change {
	s.t.Helper()
	return pages[change](s, "changes", from, to)
}

// open are the changes that nobody has delivered yet.
func (s *server) open() []change {
	s.t.Helper()
	var list struct {
		Changes []change `json:"changes"`
	}
	params := span(beginning, end)
	params.Set("open", "true")
	s.get("/api/v1/changes", params, &list)
	return list.Changes
}

// pages reads a list of production to its end, in pages small enough that the
// larger cases turn some.
func pages[T any](s *server, list, from, to string) []T {
	s.t.Helper()
	var all []T
	params := span(from, to)
	params.Set("environment", "production")
	params.Set("limit", "200")
	for {
		var page map[string]json.RawMessage
		s.get("/api/v1/"+list, params, &page)
		var rows []T
		if err := json.Unmarshal(page[list], &rows); err != nil {
			s.t.Fatalf("%s: %v", list, err)
		}
		all = append(all, rows...)
		var next string
		if raw, ok := page["next_cursor"]; ok {
			if err := json.Unmarshal(raw, &next); err != nil {
				s.t.Fatal(err)
			}
		}
		if next == "" {
			return all
		}
		if len(rows) == 0 {
			s.t.Fatal(fmt.Sprint(list, ": an empty page names a next one"))
		}
		params.Set("cursor", next)
	}
}
