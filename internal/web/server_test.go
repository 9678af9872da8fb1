package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/app"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// now is the time of every server in these tests.
var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// site is a running server that is asked over a real connection.
type site struct {
	t    *testing.T
	url  string
	http *http.Client
	log  *lines
	auth string // sent as Authorization when it is not empty
	last int64  // position of what was sent last
}

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

func start(t *testing.T) *site { return startWith(t, app.Options{}) }

func startWith(t *testing.T, opt app.Options) *site {
	t.Helper()
	s := &site{t: t, log: &lines{}}
	if opt.Data == "" {
		opt.Data = t.TempDir()
	}
	opt.Database = storetest.For(t, opt.Data)
	if opt.Now == nil {
		opt.Now = func() time.Time { return now }
	}
	opt.Listen, opt.Log = "127.0.0.1:0", slog.New(slog.NewTextHandler(s.log, nil))
	a, err := app.New(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	a.Start()
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	s.url, s.http = a.URL(), &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}

type answer struct {
	status int
	header http.Header
	body   string
}

// ask makes one request. headers come in pairs.
func (s *site) ask(method, path string, body io.Reader, headers ...string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.auth != "" {
		req.Header.Set("Authorization", s.auth)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := s.http.Do(req)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

// askSized posts a body of which it says that it has 1 GiB, or, when it sends
// no headers, does not say how long it is.
func (s *site) askSized(body io.Reader, headers []string) answer {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "POST", s.url+"/api/v1/events", body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.ContentLength = -1
	if len(headers) > 0 {
		req.ContentLength = 1 << 30
		req.Header.Set(headers[0], headers[1])
	}
	transport := &http.Transport{ExpectContinueTimeout: 10 * time.Second}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer{resp.StatusCode, resp.Header, string(b)}
}

type receipt struct {
	Accepted, Duplicates int
	Position             int64
}

// send posts events and wants them taken.
func (s *site) send(body string, headers ...string) receipt {
	s.t.Helper()
	a := s.ask("POST", "/api/v1/events", strings.NewReader(body), headers...)
	if a.status != http.StatusOK {
		s.t.Fatalf("status %d: %s", a.status, a.body)
	}
	var r receipt
	s.decode(a.body, &r)
	s.last = r.Position
	return r
}

// get asks a path of the API and wants an answer.
func (s *site) get(path string, out any) {
	s.t.Helper()
	a := s.ask("GET", path, nil)
	// A busy machine answers before the facts are there.
	for late := time.Now().Add(time.Minute); a.status == http.StatusServiceUnavailable && strings.Contains(a.body, "ask again") && time.Now().Before(late); {
		a = s.ask("GET", path, nil)
	}
	if a.status != http.StatusOK {
		s.t.Fatalf("%s: status %d: %s", path, a.status, a.body)
	}
	s.decode(a.body, out)
}

func (s *site) decode(body string, out any) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(body), out); err != nil {
		s.t.Fatalf("%v: %s", err, body)
	}
}

// apiError is the error form of the API.
type apiError struct {
	Error struct {
		Code, Message, Field string
		Index                *int
	}
}

// refused makes a request and wants the given status and code; the message
// must stand on one line.
func (s *site) refused(a answer, status int, code string) apiError {
	s.t.Helper()
	var e apiError
	if a.status != status || json.Unmarshal([]byte(a.body), &e) != nil || e.Error.Code != code {
		s.t.Fatalf("status %d, body %s; want %d and %s", a.status, a.body, status, code)
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		s.t.Errorf("content type of an error is %q", got)
	}
	if e.Error.Message == "" || strings.ContainsAny(e.Error.Message, "\n\r\t") {
		s.t.Errorf("message %q is not one line", e.Error.Message)
	}
	return e
}

// ids lists every deployment, page by page.
func (s *site) ids(params url.Values) []string {
	s.t.Helper()
	params.Set("min_seq", strconv.FormatInt(s.last, 10))
	var out []string
	for {
		var page struct {
			Deployments []struct{ ID string }
			NextCursor  string `json:"next_cursor"`
		}
		s.get("/api/v1/deployments?"+params.Encode(), &page)
		for _, d := range page.Deployments {
			out = append(out, d.ID)
		}
		if page.NextCursor == "" {
			return out
		}
		params.Set("cursor", page.NextCursor)
	}
}

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// record asks a server in this process.
func record(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader(body)))
	return w
}
