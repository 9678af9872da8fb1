package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/sim"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// demoUntil serves a demo by a clock that stands still, until it lives or, if
// brief, until the first batch of its history is in. It returns every fact.
func demoUntil(t *testing.T, data string, now time.Time, brief bool) string {
	t.Helper()
	lives := make(chan DemoProgress, 1000)
	a := open(t, Options{Data: data, Now: func() time.Time { return now }, Demo: &Demo{
		Seed: 5, Services: 4, Progress: func(p DemoProgress) { lives <- p },
	}})
	a.Start()
	defer stop(t, a)
	for {
		select {
		case p := <-lives:
			if p.Lives || brief {
				return allFacts(t, a)
			}
		case <-time.After(2 * time.Minute):
			t.Fatalf("it does not come to life: %q", a.Notices())
		}
	}
}

func allFacts(t *testing.T, a *App) string {
	t.Helper()
	org, err := a.db.Org(t.Context(), defaultOrg)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := org.View(t.Context(), func(tx *store.Tx) error {
		return tx.Facts(func(line string) { b.WriteString(line + "\n") })
	}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestADemoThatWasInterruptedIsTheSameAsOneThatWasNot(t *testing.T) {
	now := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	broken := filepath.Join(t.TempDir(), "broken")
	demoUntil(t, broken, now, true)
	demoUntil(t, broken, now, false)
	got := demoUntil(t, broken, now.Add(12*24*time.Hour), false)

	whole := filepath.Join(t.TempDir(), "whole")
	if err := os.MkdirAll(whole, 0o755); err != nil {
		t.Fatal(err)
	}
	state := fmt.Sprintf(`{"version":%d,"seed":5,"services":4,"start":%q,"reached":null}`, sim.Version, plimsoll.TimeOf(now.Add(-demoYear)))
	if err := os.WriteFile(filepath.Join(whole, demoFile), []byte(state), 0o600); err != nil {
		t.Fatal(err)
	}
	want := demoUntil(t, whole, now.Add(12*24*time.Hour), false)
	if got != want || strings.Count(want, "\n") < 5000 {
		t.Errorf("%d facts, and %d without an interruption", strings.Count(got, "\n"), strings.Count(want, "\n"))
	}
	// Our clock may go back; that of the organisation does not.
	if back := demoUntil(t, whole, now, false); back != want {
		t.Errorf("%d facts after our clock went back", strings.Count(back, "\n"))
	}
}

func TestADemoThatCannotGoOnSaysSo(t *testing.T) {
	data := filepath.Join(t.TempDir(), "demo")
	now := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	a := open(t, Options{Data: data, Now: func() time.Time { return now }, Demo: &Demo{Services: 1}})
	if err := os.MkdirAll(filepath.Join(data, demoFile+".new", "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	a.Start()
	for range 500 {
		if len(a.Notices()) > 0 {
			break
		}
		<-time.After(10 * time.Millisecond)
	}
	if n := strings.Join(a.Notices(), ""); !strings.HasPrefix(n, "Simulated, and at a standstill:") {
		t.Errorf("notices are %q", n)
	}
	stop(t, a)
}
