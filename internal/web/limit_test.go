package web

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

const small = `{"type":"deployment","service":"a","environment":"production","finished_at":"2026-05-01T10:00:00Z"}`

// house is a server with its store, without a listener.
type house struct {
	*Server
	db  *store.DB
	org *store.Org
	log *bytes.Buffer
}

func build(t *testing.T, limits Limits, metrics *observe.Metrics) *house {
	t.Helper()
	db, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Readers: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	org, err := db.Org(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	door, err := ingest.New(t.Context(), db, org, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	return &house{New(Options{
		Local: true,
		Desk:  query.New(db, org, query.Options{Cursor: "facts", Now: time.Now}), Door: door, Limits: limits, Metrics: metrics,
		Log: slog.New(observe.WithContext(slog.NewJSONHandler(log, nil))),
	}), db, org, log}
}

func (h *house) from(addr, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader(body))
	r.RemoteAddr = addr
	h.ServeHTTP(w, r)
	return w
}

// listen serves over real connections.
func (h *house) listen(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := h.HTTP()
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}

// add adds a path that anybody may read.
func (h *house) add(pattern string, to handler) {
	h.mux.HandleFunc(pattern, h.behind(route{pattern, plimsoll.PermitRead, to}))
}

// held holds up the handler of a path until the test lets it go.
func (h *house) held(t *testing.T) (into chan struct{}, on func()) {
	t.Helper()
	into = make(chan struct{}, 100)
	wait, release := context.WithCancel(context.Background())
	h.add("GET /api/v1/held", func(w http.ResponseWriter, r *http.Request) error {
		into <- struct{}{}
		select {
		case <-wait.Done():
			writeJSON(w, http.StatusOK, "held")
			return nil
		case <-r.Context().Done():
			return r.Context().Err()
		}
	})
	t.Cleanup(release)
	return into, release
}

// until waits for a condition, but not for ever: what follows looks again.
func until(holds func() bool) {
	for range 2000 {
		if holds() {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
}

func TestMoreRequestsThanThereIsRoomForAreToldToComeAgain(t *testing.T) {
	h := build(t, Limits{Requests: 2}, nil)
	into, on := h.held(t)
	done := make(chan int, 2)
	for range 2 {
		go func() { done <- h.from("127.0.0.1:1", "GET", "/api/v1/held", "").Code }()
		<-into
	}
	for _, c := range [][2]string{{"GET", "/api/v1/teams"}, {"POST", "/api/v1/events"}, {"GET", "/"}} {
		w := h.from("127.0.0.1:1", c[0], c[1], small)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" {
			t.Errorf("%v: %d, Retry-After %q", c, w.Code, w.Header().Get("Retry-After"))
		}
	}
	if n := strings.Count(h.log.String(), "requests are refused"); n != 1 || strings.Count(h.log.String(), "\n") != 1 {
		t.Errorf("the log says so %d times: %s", n, h.log)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if w := h.from("127.0.0.1:1", "GET", path, ""); w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	on()
	if a, b := <-done, <-done; a != 200 || b != 200 {
		t.Errorf("%d and %d", a, b)
	}
	if w := h.from("127.0.0.1:1", "GET", "/api/v1/teams", ""); w.Code != http.StatusOK {
		t.Errorf("afterwards: %d", w.Code)
	}
}

func TestOneClientThatFloodsIsTheOnlyOneToWait(t *testing.T) {
	h := build(t, Limits{ClientRate: 0.5}, nil)
	flooder := "203.0.113.9:999"
	if w := h.from(flooder, "POST", "/api/v1/events", small); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	w := h.from(flooder, "POST", "/api/v1/events", small)
	if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "2" || !strings.Contains(w.Body.String(), `"rate_limited"`) {
		t.Errorf("%d, Retry-After %q, %s", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
	for _, other := range []string{"203.0.113.10:1", "[2001:db8::1]:1", "127.0.0.1:1", "127.0.0.1:1"} {
		if w := h.from(other, "POST", "/api/v1/events", small); w.Code != http.StatusOK {
			t.Errorf("%s: %d %s", other, w.Code, w.Body)
		}
	}
	// One customer has a whole network of the new addresses.
	if w := h.from("[2001:db8::ffff]:1", "GET", "/api/v1/teams", ""); w.Code != http.StatusTooManyRequests {
		t.Errorf("the same network: %d", w.Code)
	}
}

func TestOneClientNeverHoldsMoreThanHalfOfTheRoom(t *testing.T) {
	h := build(t, Limits{Requests: 4, ClientRate: 1000}, nil)
	into, on := h.held(t)
	for range 2 {
		go h.from("203.0.113.9:1", "GET", "/api/v1/held", "")
		<-into
	}
	if w := h.from("203.0.113.9:2", "GET", "/api/v1/teams", ""); w.Code != http.StatusTooManyRequests {
		t.Errorf("the third of one: %d", w.Code)
	}
	if w := h.from("203.0.113.10:1", "GET", "/api/v1/teams", ""); w.Code != http.StatusOK {
		t.Errorf("another: %d", w.Code)
	}
	on()
}

func TestTheMemoryOfClientsIsBounded(t *testing.T) {
	l := newLimiter(Limits{ClientRate: 1}, nil)
	now := time.Now()
	for i := range 3 * mostClients {
		at := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
		leave, wait := l.enterClient(at, now.Add(time.Duration(i)*time.Microsecond))
		if wait > 0 {
			t.Fatalf("a new client waits %s", wait)
		}
		leave()
	}
	if n := len(l.clients); n > mostClients {
		t.Errorf("%d clients are remembered", n)
	}
}

func TestAQuestionThatTakesTooLongIsGivenUp(t *testing.T) {
	h := build(t, Limits{Answer: 50 * time.Millisecond}, nil)
	// Both snapshots are taken, as by questions that take long.
	on, took := make(chan struct{}), make(chan struct{}, 2)
	for range 2 {
		go func() {
			_ = h.org.View(context.Background(), func(*store.Tx) error { took <- struct{}{}; <-on; return nil })
		}()
		<-took
	}
	for _, path := range []string{"/api/v1/measures", "/api/v1/deployments", "/"} {
		w := h.from("127.0.0.1:1", "GET", path, "")
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d", path, w.Code)
		}
		if path != "/" && !strings.Contains(w.Body.String(), "no answer within 50ms") {
			t.Errorf("%s: %s", path, w.Body)
		}
	}
	// Who writes is not held up by who reads.
	if w := h.from("127.0.0.1:1", "POST", "/api/v1/events", small); w.Code != http.StatusOK {
		t.Errorf("a write: %d %s", w.Code, w.Body)
	}
	close(on)
}

func TestSlowBodiesHoldOnlyWhatTheySent(t *testing.T) {
	// Room for one step of each of four and a whole small one.
	h := build(t, Limits{Bodies: 5 * holdStep, Stall: 200 * time.Millisecond}, nil)
	addr := h.listen(t)
	var conns []net.Conn
	for range 4 {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "POST /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	post := func(body io.Reader) (int, string) {
		resp, err := http.Post("http://"+addr+"/api/v1/events", "application/json", body)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	if status, body := post(strings.NewReader(small)); status != http.StatusOK {
		t.Errorf("beside slow ones: %d %s", status, body)
	}
	// Whoever pauses is cut off, and told so.
	for _, c := range conns {
		b, err := io.ReadAll(c)
		if err != nil || !bytes.HasPrefix(b, []byte("HTTP/1.1 503")) || !bytes.Contains(b, []byte("too slowly")) || !bytes.Contains(b, []byte("Retry-After")) {
			t.Errorf("%v: %s", err, b)
		}
	}
	// All together there is a bound, also for what only grows when it is unpacked.
	if status, body := post(strings.NewReader(strings.Repeat(" ", 6*holdStep))); status != http.StatusServiceUnavailable || !strings.Contains(body, "too much is being sent") {
		t.Errorf("too much: %d %s", status, body)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(bytes.Repeat([]byte(" "), 6*holdStep))
	_ = z.Close()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "http://127.0.0.1/api/v1/events", &packed)
	r.Header.Set("Content-Encoding", "gzip")
	h.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("unpacked: %d %s", w.Code, w.Body)
	}
	if !h.limit.bodies.TryAcquire(5 * holdStep) {
		t.Error("not everything was given back")
	}
}

func TestWhoReadsSlowlyHoldsNoSnapshot(t *testing.T) {
	h := build(t, Limits{}, nil)
	var body strings.Builder
	for range 3000 {
		body.WriteString(strings.Replace(small, `"a"`, `"`+strings.Repeat("s", 150)+`"`, 1) + "\n")
	}
	if w := h.from("127.0.0.1:1", "POST", "/api/v1/events", body.String()); w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	// An answer larger than what the kernel keeps for who does not read it.
	large := strings.Repeat("x", 16<<20)
	var answering atomic.Int64
	h.add("GET /api/v1/large", func(w http.ResponseWriter, r *http.Request) error {
		if _, err := h.opt.Desk.Counts(r.Context()); err != nil {
			return err
		}
		answering.Add(1)
		writeJSON(w, http.StatusOK, large)
		return nil
	})
	addr := h.listen(t)
	for range 8 { // more than there are snapshots
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "GET /api/v1/large HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	until(func() bool { return answering.Load() == 8 })
	if answering.Load() != 8 || h.db.Stats().Snapshots != 0 {
		t.Errorf("%d are being answered, %d snapshots are open", answering.Load(), h.db.Stats().Snapshots)
	}
	if w := h.from("127.0.0.1:1", "GET", "/api/v1/teams", ""); w.Code != http.StatusOK {
		t.Errorf("a question meanwhile: %d", w.Code)
	}
	if w := h.from("127.0.0.1:1", "POST", "/api/v1/events", small); w.Code != http.StatusOK {
		t.Errorf("a write meanwhile: %d", w.Code)
	}
}

func TestAFaultOfOursHasItsRequestIDInTheAnswerAndTheLog(t *testing.T) {
	h := build(t, Limits{}, nil)
	h.add("GET /api/v1/broken", func(http.ResponseWriter, *http.Request) error { return errors.New("secret cause") })
	h.add("GET /api/v1/panics", func(http.ResponseWriter, *http.Request) error { panic("secret cause") })
	for _, path := range []string{"/api/v1/broken", "/api/v1/panics"} {
		r := httptest.NewRequest("GET", "http://127.0.0.1"+path, nil)
		r.Header.Set("X-Request-Id", "id-of"+strings.ReplaceAll(path, "/", "."))
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		id := r.Header.Get("X-Request-Id")
		if w.Code != 500 || w.Header().Get("X-Request-Id") != id || !strings.Contains(w.Body.String(), `"request_id":"`+id+`"`) || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
		found := false
		for line := range strings.Lines(h.log.String()) {
			found = found || strings.Contains(line, id) && strings.Contains(line, "secret cause")
		}
		if !found {
			t.Errorf("%s: the log does not say why: %s", path, h.log)
		}
	}
	w := h.from("127.0.0.1:1", "GET", "/api/v1/measures?x=1", "")
	if w.Code != 400 || strings.Contains(w.Body.String(), "request_id") || w.Header().Get("X-Request-Id") == "" {
		t.Errorf("a fault of theirs: %d %v %s", w.Code, w.Header(), w.Body)
	}
}

func TestRequestsAreCountedByRouteNeverByPath(t *testing.T) {
	m := observe.NewMetrics(observe.Build{}, nil)
	h := build(t, Limits{}, m)
	for i := range 500 {
		h.from("127.0.0.1:1", "GET", "/api/v1/deployments/"+strings.Repeat("x", 1+i%100), "")
		h.from("127.0.0.1:1", "M"+strings.Repeat("X", i), "/"+strings.Repeat("y", i), "")
	}
	h.from("127.0.0.1:1", "POST", "/api/v1/events", small)
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	got := w.Body.String()
	if n := strings.Count(got, "\nplimsoll_http_requests_total"); n > 8 {
		t.Errorf("%d series of requests", n)
	}
	for _, line := range []string{
		`plimsoll_http_requests_total{method="GET",route="/api/v1/deployments/{id...}",status="404"} 500`,
		`plimsoll_http_requests_total{method="POST",route="/api/v1/events",status="200"} 1`,
	} {
		if !strings.Contains(got, line) {
			t.Errorf("no %s", line)
		}
	}
}

func TestMetricsNeedTheTokenAsEverythingDoes(t *testing.T) {
	h := build(t, Limits{}, nil)
	guarded := New(Options{Desk: h.opt.Desk, Door: h.opt.Door, Token: "t", Scrape: observe.NewMetrics(observe.Build{}, nil).Handler()})
	ask := func(auth string) int {
		r := httptest.NewRequest("GET", "http://plimsoll.example/metrics", nil)
		if auth != "" {
			r.Header.Set("Authorization", auth)
		}
		w := httptest.NewRecorder()
		guarded.ServeHTTP(w, r)
		return w.Code
	}
	if a, b := ask(""), ask("Bearer t"); a != http.StatusUnauthorized || b != http.StatusOK {
		t.Errorf("without %d, with %d", a, b)
	}
}

func TestABusyWriterIsSaidSo(t *testing.T) {
	h := build(t, Limits{}, nil)
	into, on := make(chan struct{}), make(chan struct{})
	go func() {
		_ = h.org.Update(context.Background(), func(*store.Tx) error { close(into); <-on; return nil })
	}()
	<-into
	most := h.db.Stats().QueueMost
	ctx, cancel := context.WithCancel(context.Background())
	for range most { // fill the queue
		go func() { _ = h.org.Update(ctx, func(*store.Tx) error { return nil }) }()
	}
	until(func() bool { return h.db.Stats().Queue == most })
	w := h.from("127.0.0.1:1", "POST", "/api/v1/events", small)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), string(plimsoll.CodeUnavailable)) {
		t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	cancel()
	close(on)
	until(func() bool { return h.db.Stats().Queue == 0 })
	if w := h.from("127.0.0.1:1", "POST", "/api/v1/events", small); w.Code != http.StatusOK {
		t.Errorf("afterwards: %d %s", w.Code, w.Body)
	}
}

func TestOneLookAtTheStoreAtATime(t *testing.T) {
	h := build(t, Limits{}, nil)
	if w := h.from("", "GET", "/api/v1/doctor", ""); w.Code != http.StatusNotFound {
		t.Errorf("without a doctor: %d", w.Code)
	}
	into, on := make(chan struct{}, 1), make(chan struct{})
	h.opt.Examine = func(_ context.Context, quick bool) ([]plimsoll.Finding, error) {
		if quick {
			return []plimsoll.Finding{{Check: "a", Status: "ok", Found: "b"}, {Check: "c", Status: "warn", Found: "d", Advice: "e"}}, nil
		}
		into <- struct{}{}
		<-on
		return nil, nil
	}
	done := make(chan int)
	go func() { done <- h.from("", "GET", "/api/v1/doctor", "").Code }()
	<-into
	if w := h.from("", "GET", "/api/v1/doctor?quick=true", ""); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a second: %d", w.Code)
	}
	close(on)
	if code := <-done; code != http.StatusOK {
		t.Errorf("the first: %d", code)
	}
	w := h.from("", "GET", "/api/v1/doctor?quick=true", "")
	if want := `{"findings":[{"check":"a","status":"ok","found":"b"},{"check":"c","status":"warn","found":"d","advice":"e"}],"status":"warn"}`; strings.TrimSpace(w.Body.String()) != want {
		t.Errorf("%s", w.Body)
	}
	for _, path := range []string{"/api/v1/doctor?quick=maybe", "/api/v1/doctor?deep=true"} {
		if w := h.from("", "GET", path, ""); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}
