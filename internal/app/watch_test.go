package app

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// lines is a log that a test may read while the server writes it.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// receiver takes traces as OpenTelemetry sends them.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	spans  map[string]*spans.Span // by id
	header http.Header
	status int
}

func receive(t *testing.T, status int) *receiver {
	t.Helper()
	r := &receiver{spans: map[string]*spans.Span{}, status: status}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil || req.URL.Path != "/v1/traces" || req.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %s: %v", req.URL.Path, req.Header.Get("Content-Type"), err)
		}
		var in collector.ExportTraceServiceRequest
		if err := proto.Unmarshal(body, &in); err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.header = req.Header
		for _, res := range in.ResourceSpans {
			for _, scope := range res.ScopeSpans {
				for _, s := range scope.Spans {
					r.spans[hex.EncodeToString(s.SpanId)] = s
				}
			}
		}
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

// way is the names from a span up to the first of its trace that was received.
func (r *receiver) ways() map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]bool{}
	for _, s := range r.spans {
		way := s.Name
		for p := r.spans[hex.EncodeToString(s.ParentSpanId)]; p != nil; p = r.spans[hex.EncodeToString(p.ParentSpanId)] {
			way = p.Name + " > " + way
		}
		out[way] = true
	}
	return out
}

func send(t *testing.T, a *App, headers ...string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", a.URL()+"/api/v1/events",
		strings.NewReader(`{"type":"deployment","service":"webapp","environment":"production","version":"v2","finished_at":"2026-03-24T10:15:00Z"}`))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d", resp.StatusCode)
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestTracesArriveAtAReceiver(t *testing.T) {
	r := receive(t, http.StatusOK)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.URL)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=acme")
	a := open(t, Options{Data: t.TempDir(), Listen: "127.0.0.1:0", Version: "v1"})
	a.Start()
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	send(t, a, "Traceparent", "00-"+trace+"-"+parent+"-01")
	if status, body := get(t, a.URL()+"/api/v1/measures?min_seq=1"); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	get(t, a.URL()+"/readyz")
	stop(t, a) // sends what is left
	ways := r.ways()
	for _, way := range []string{
		"POST /api/v1/events > ingest.accept > store.wait", "POST /api/v1/events > ingest.accept > store.commit",
		"GET /api/v1/measures > query", "fold.apply > store.commit", "fold.timeline > store.commit", "cells.follow",
	} {
		if !ways[way] {
			t.Errorf("no %s in %v", way, ways)
		}
	}
	for way := range ways {
		if strings.Contains(way, "readyz") || way == "store.commit" {
			t.Errorf("%s is traced", way)
		}
	}
	joined := false
	for _, s := range r.spans {
		if s.Name == "POST /api/v1/events" {
			joined = hex.EncodeToString(s.TraceId) == trace && hex.EncodeToString(s.ParentSpanId) == parent
		}
	}
	if !joined {
		t.Error("the trace of the sender is not continued")
	}
	if r.header.Get("x-tenant") != "acme" {
		t.Error("the headers of the environment are not sent")
	}
}

func TestWithoutAReceiverNothingIsTraced(t *testing.T) {
	for name, value := range map[string]string{"OTEL_TRACES_EXPORTER": "none", "OTEL_SDK_DISABLED": "true", "OTEL_SERVICE_NAME": "x"} {
		t.Run(name, func(t *testing.T) {
			if name != "OTEL_SERVICE_NAME" {
				t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
			}
			t.Setenv(name, value)
			if a := open(t, Options{Data: t.TempDir(), Listen: "127.0.0.1:0"}); a.tracer != nil || a.trace() != nil {
				t.Error("it traces")
			}
		})
	}
}

func TestAReceiverThatIsAwayDisturbsNobody(t *testing.T) {
	r := receive(t, http.StatusForbidden)
	log := &lines{}
	a := open(t, Options{Data: t.TempDir(), Listen: "127.0.0.1:0", Traces: r.URL, Log: slog.New(slog.NewTextHandler(log, nil))})
	a.Start()
	send(t, a)
	stop(t, a)
	if !strings.Contains(log.String(), "traces cannot be sent") {
		t.Errorf("nobody is told: %s", log)
	}
	for _, bad := range []string{"127.0.0.1:4318", "ftp://x", "http://"} {
		if _, err := New(t.Context(), Options{Data: t.TempDir(), Listen: "127.0.0.1:0", Traces: bad}); plimsoll.ErrorCode(err) != plimsoll.CodeInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
	if _, err := New(t.Context(), Options{Data: t.TempDir(), Listen: "127.0.0.1:0", Traces: r.URL}); err == nil || !strings.Contains(err.Error(), "http/protobuf") {
		t.Errorf("%v", err)
	}
}

func TestProfilesAreForThisMachineUnlessTheWordsSaySo(t *testing.T) {
	for _, listen := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "plimsoll.example:0", "6060"} {
		_, err := New(t.Context(), Options{Data: t.TempDir(), Listen: "127.0.0.1:0", Debug: listen})
		if plimsoll.ErrorCode(err) != plimsoll.CodeInvalid || !strings.Contains(err.Error(), "--debug-listen") {
			t.Errorf("%s: %v", listen, err)
		}
	}
	a := open(t, Options{Data: t.TempDir(), Listen: "127.0.0.1:0", Debug: "127.0.0.1:0"})
	a.Start()
	if status, body := get(t, "http://"+a.debug+"/debug/pprof/goroutine?debug=1"); status != http.StatusOK || !strings.Contains(body, "goroutine profile") {
		t.Errorf("%d %.200s", status, body)
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+a.debug+"/debug/pprof/heap", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example"
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("another name gets %d", resp.StatusCode)
	}
	if status, _ := get(t, a.URL()+"/debug/pprof/"); status != http.StatusNotFound {
		t.Errorf("the public listener answers %d", status)
	}
	b := open(t, Options{Data: t.TempDir(), Debug: "0.0.0.0:0", Expose: true})
	stop(t, b)
	if _, err := http.Get("http://" + b.debug + "/debug/pprof/"); err == nil {
		t.Error("profiles are served after the end")
	}
}

// ready asks whether the server is ready, and returns the checks that fail.
func ready(t *testing.T, a *App) (status int, failed map[string]string, body string) {
	t.Helper()
	status, body = ask(t, a, "/readyz")
	var r struct {
		Checks []struct{ Name, Status, Message string }
	}
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	failed = map[string]string{}
	for _, c := range r.Checks {
		if c.Status != "ok" {
			failed[c.Name] = c.Message
		}
	}
	return status, failed, body
}

func TestAServerThatWorksIsReady(t *testing.T) {
	a := open(t, Options{Data: t.TempDir()})
	a.Start()
	status, failed, body := ready(t, a)
	if status != http.StatusOK || len(failed) > 0 || strings.Count(body, `"status":"ok"`) != 5 {
		t.Errorf("%d %s", status, body)
	}
}

func TestWhatMakesAServerUnreadyIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		opt  Options
		do   func(t *testing.T, a *App)
		says string
	}{
		"disk":  {Options{MinFree: 1 << 60}, func(*testing.T, *App) {}, "make room"},
		"cells": {Options{}, func(*testing.T, *App) {}, "read into memory"}, // never started
		"fold": {Options{}, func(t *testing.T, a *App) {
			if err := a.cells.CatchUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := a.door.Confirm(t.Context(), plimsoll.LocalActor(), plimsoll.ConfirmationReport{
				Says: plimsoll.EvidenceConfirmed, Evidence: "e", Deployment: "d", Kind: "rollback", Reason: "r", Actor: "a",
			}, 0); err != nil {
				t.Fatal(err)
			}
			a.started = a.started.Add(-time.Hour)
		}, "stood still for 1h0m"},
		"store_read": {Options{}, func(t *testing.T, a *App) {
			if err := a.db.Close(); err != nil {
				t.Fatal(err)
			}
		}, "does not answer"},
	} {
		t.Run(name, func(t *testing.T) {
			c.opt.Data = t.TempDir()
			a := open(t, c.opt)
			if name == "disk" {
				a.Start()
			}
			c.do(t, a)
			status, failed, body := ready(t, a)
			if status != http.StatusServiceUnavailable || !strings.Contains(failed[name], c.says) || !strings.Contains(body, `"code":"unavailable"`) {
				t.Errorf("%d %s", status, body)
			}
		})
	}
}

func TestAServerWithMuchToDoIsReady(t *testing.T) {
	a := open(t, Options{Data: t.TempDir()})
	a.Start()
	for !a.cells.Built() {
		<-time.After(5 * time.Millisecond)
	}
	// Every snapshot is taken, as by questions that take long.
	on, took := make(chan struct{}), make(chan struct{}, 100)
	var all sync.WaitGroup
	most := a.db.Stats().SnapshotsMost
	for range most {
		all.Go(func() {
			_ = a.org.View(context.Background(), func(*store.Tx) error { took <- struct{}{}; <-on; return nil })
		})
	}
	for range most {
		<-took
	}
	status, failed, body := ready(t, a)
	close(on)
	all.Wait()
	if status != http.StatusOK || len(failed) > 0 || !strings.Contains(body, "since much is asked") || strings.Contains(body, "position") {
		t.Errorf("%d %s", status, body)
	}
}
