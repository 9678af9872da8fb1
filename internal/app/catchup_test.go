package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A server that was killed, and an import that failed, leave events that no
// fact is made of yet.
func TestCatchUpWaitsForWhatIsInTheLogAlone(t *testing.T) {
	a, err := New(t.Context(), Options{Data: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	r := httptest.NewRequest("POST", "http://127.0.0.1/api/v1/events", strings.NewReader(
		`{"type":"deployment","service":"webapp","environment":"production","finished_at":"2024-03-01T10:00:00Z"}`))
	r.RemoteAddr = "127.0.0.1:1"
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if behind, err := a.CatchUp(t.Context(), 0); behind != 1 || err != nil {
		t.Errorf("nothing folds: %d behind, %v; want 1", behind, err)
	}
	a.Start()
	if behind, err := a.CatchUp(t.Context(), time.Minute); behind != 0 || err != nil {
		t.Errorf("%d behind, %v", behind, err)
	}
}
