package web

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

func TestEveryRouteSaysWhatItNeeds(t *testing.T) {
	var anybody []string
	for pattern, need := range Table() {
		if need == open {
			anybody = append(anybody, pattern)
		} else if _, ok := need.LeastRole(); !ok {
			t.Errorf("%s needs %q, which is no permission", pattern, need)
		}
		if method, _, ok := strings.Cut(pattern, " "); ok && method != "GET" && need == plimsoll.PermitRead {
			t.Errorf("%s changes something, and a viewer may ask it", pattern)
		}
	}
	// Opening a path to everybody must be meant: health, readiness, the files of
	// the pages, and two for deliveries, which are let in by their signature, with
	// one that says how to send them.
	if len(anybody) != 6 {
		t.Errorf("open for everybody: %v", anybody)
	}
}

func TestARouteThatSaysNothingIsForNobody(t *testing.T) {
	s := New(Options{Local: true})
	for need, want := range map[plimsoll.Permission]int{"": 403, "reed": 403, plimsoll.PermitRead: 200, open: 200} {
		w := httptest.NewRecorder()
		h := s.behind(route{"/api/x", need, func(w http.ResponseWriter, _ *http.Request) error {
			writeJSON(w, http.StatusOK, "in")
			return nil
		}})
		h(w, httptest.NewRequest("GET", "http://127.0.0.1/api/x", nil))
		if w.Code != want || (w.Code != 200) == strings.Contains(w.Body.String(), `"in"`) {
			t.Errorf("%q: %d %s", need, w.Code, w.Body)
		}
	}
}

// A handler that is added beside the table would be open to everybody.
func TestNoRouteStandsBesideTheTable(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(f, "_test.go") {
			found += strings.Count(string(b), "mux.Handle(") + strings.Count(string(b), "mux.HandleFunc(")
		}
	}
	if found != 1 {
		t.Errorf("routes are added in %d places, want 1", found)
	}
}

// Somebody writes a token where its id belongs, and the disk fails just then.
func TestATokenInAPathDoesNotComeIntoTheLog(t *testing.T) {
	var log bytes.Buffer
	s := New(Options{Local: true, Log: slog.New(slog.NewTextHandler(&log, nil))})
	token := "plm_k3v7q2wd_" + strings.Repeat("ab2c", 13)
	h := s.behind(route{"/api/", plimsoll.PermitTokens, func(http.ResponseWriter, *http.Request) error {
		return errors.New("disk on fire")
	}})
	w := httptest.NewRecorder()
	h(w, httptest.NewRequest("DELETE", "http://127.0.0.1/api/v1/tokens/"+token, nil))
	if w.Code != 500 || !strings.Contains(log.String(), "disk on fire") || !strings.Contains(log.String(), "/api/v1/tokens/plm_…") {
		t.Errorf("%d, log %s", w.Code, &log)
	}
	if strings.Contains(log.String(), "ab2c") || strings.Contains(w.Body.String(), "ab2c") {
		t.Errorf("log %s, answer %s", &log, w.Body)
	}
}
