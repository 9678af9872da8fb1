package app

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/fold"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// asked returns what the API answers as of a time.
func asked(t *testing.T, a *App, asOf plimsoll.Time) (int, string) {
	t.Helper()
	to := asOf.Std().Format(time.RFC3339)
	from := asOf.Add(-10 * 24 * time.Hour).Std().Format(time.RFC3339)
	r := httptest.NewRequest(http.MethodGet, "/api/v1/measures?scope=org&from="+from+"&to="+to+"&as_of="+to, nil)
	r.Host = "127.0.0.1"
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestCompactionChangesNoNumberAndRefusesWhatItDropped(t *testing.T) {
	until := exportStart.Add(40 * 24 * time.Hour)
	a := peopled(t, t.TempDir(), until)
	facts := allFacts(t, a)
	horizon := exportStart.Add(25 * 24 * time.Hour)
	early, late := exportStart.Add(15*24*time.Hour), exportStart.Add(32*24*time.Hour)
	at := func(when plimsoll.Time) string {
		var b strings.Builder
		view(t, a, func(tx *store.Tx) error {
			m, err := tx.MomentAt(fold.Cursor, when)
			if err != nil {
				return err
			}
			past := tx.AsOf(m.Seq)
			all := store.Filter{Production: true, Window: plimsoll.Window{To: plimsoll.Forever}}
			for _, err := range []error{
				past.DeploymentPoints(all, func(p store.DeploymentPoint) { fmt.Fprintf(&b, "%+v\n", p) }),
				past.LeadPoints(all, plimsoll.BasisChange, func(x, y, z plimsoll.Time) { fmt.Fprintln(&b, x, y, z) }),
				past.FailurePoints(all, func(x, y plimsoll.Time, s string) { fmt.Fprintln(&b, x, y, s) }),
			} {
				if err != nil {
					return err
				}
			}
			return nil
		})
		return b.String()
	}
	known := at(late)
	if status, body := asked(t, a, early); status != http.StatusOK {
		t.Fatalf("before it is dropped: %d %s", status, body)
	}
	_, before := asked(t, a, late)

	keeps := 0.0
	days := float64(until-horizon) / float64(24*time.Hour/time.Microsecond)
	c, err := a.Compact(t.Context(), Retention{AsOfDays: days, BodyDays: &keeps})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", c)
	if c.Versions < 100 || c.Moments < 10 || c.Bodies != 0 || c.Horizon > horizon || c.Horizon < horizon.Add(-24*time.Hour) {
		t.Errorf("dropped %+v", c)
	}
	lineByLine(t, "facts", allFacts(t, a), facts)
	lineByLine(t, "what was known after the horizon", at(late), known)
	if status, body := asked(t, a, late); status != http.StatusOK || body != before {
		t.Errorf("after the horizon: %d\n%s\nwant\n%s", status, body, before)
	}
	if status, body := asked(t, a, early); status != http.StatusBadRequest || !strings.Contains(body, c.Horizon.String()) || !strings.Contains(body, "as_of_days") {
		t.Errorf("before the horizon: %d %s", status, body)
	}
	if again, err := a.Compact(t.Context(), Retention{AsOfDays: days, BodyDays: &keeps}); err != nil || again.Versions+again.Moments+again.Bodies != 0 {
		t.Errorf("a second time: %+v, %v", again, err)
	}
	// What is dropped comes back when the log is folded again.
	if err := a.Refold(t.Context(), "day"); err != nil {
		t.Fatal(err)
	}
	lineByLine(t, "facts folded again", allFacts(t, a), facts)
	if status, body := asked(t, a, early); status != http.StatusOK {
		t.Errorf("folded again: %d %s", status, body)
	}
}

func TestOriginalsOfDeliveriesGoByAgeAndSize(t *testing.T) {
	now := exportStart
	a := open(t, Options{Data: t.TempDir(), Now: func() time.Time { return now.Std() }})
	org, err := a.db.Org(t.Context(), defaultOrg)
	if err != nil {
		t.Fatal(err)
	}
	const deliveries = 1200
	for i := range deliveries {
		now = exportStart.Add(time.Duration(i) * time.Hour)
		if _, err := org.Append(t.Context(), store.Delivery{Source: "hook", Outcome: "ignored", Size: 1000, Body: fmt.Appendf(nil, "body %d", i)}); err != nil {
			t.Fatal(err)
		}
	}
	left := func() (n int) {
		view(t, a, func(tx *store.Tx) error {
			for i := range deliveries {
				b, err := tx.DeliveryBody(int64(i + 1))
				if err != nil {
					return err
				}
				if b != nil {
					n++
				} else if n > 0 {
					t.Errorf("delivery %d was dropped before an older one", i+1)
				}
			}
			return nil
		})
		return n
	}
	compact := func(r Retention, want int) {
		t.Helper()
		c, err := a.Compact(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if n := left(); n != want {
			t.Errorf("%+v: %d are left, want %d; dropped %+v", r, n, want, c)
		}
	}
	days := func(d float64) *float64 { return &d }
	compact(Retention{BodyDays: days(0)}, deliveries)
	compact(Retention{}, deliveries) // 50 days of 90
	compact(Retention{BodyDays: days(40)}, 40*24+1)
	compact(Retention{BodyDays: days(0), BodyMB: 0.5}, 500)
	compact(Retention{BodyDays: days(40), BodyMB: 0.5}, 500)
	now = now.Add(365 * 24 * time.Hour)
	compact(Retention{}, 0)
}

func TestTheConfigurationOfRetentionIsStrict(t *testing.T) {
	var c Config
	if err := c.parse([]byte("retention:\n  raw_bodies_days: 30\n  raw_bodies_mb: 500\n  as_of_days: 730\n")); err != nil || *c.Retention.BodyDays != 30 || c.Retention.BodyMB != 500 || c.Retention.AsOfDays != 730 {
		t.Errorf("%+v, %v", c.Retention, err)
	}
	for text, says := range map[string]string{
		"retention:\n  as_of_day: 3\n":          "line 2: unknown key as_of_day; did you mean as_of_days?",
		"retention:\n  as_of_days: -1\n":        "as_of_days: -1",
		"retention:\n  raw_bodies_days: .nan\n": "raw_bodies_days",
		"retention:\n  raw_bodies_mb: much\n":   "line 2",
		"retention: 30\n":                       "expected keys and values",
	} {
		var c Config
		if err := c.parse([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
