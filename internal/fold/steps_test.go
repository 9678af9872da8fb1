package fold

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

func TestStepsEndWhereTheirZoneSaysSo(t *testing.T) {
	zone := func(name string) *time.Location {
		z, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		return z
	}
	for _, c := range []struct {
		every, zone, before, after string
		apart                      bool
	}{
		{"quarter", "UTC", "2026-03-01T10:01:00Z", "2026-03-01T10:15:00Z", false}, // a span holds its end
		{"quarter", "UTC", "2026-03-01T10:15:00Z", "2026-03-01T10:15:00.000001Z", true},
		{"quarter", "UTC", "2026-03-01T10:14:00Z", "2026-03-01T10:16:00Z", true},
		{"quarter", "UTC", "2026-03-01T10:16:00Z", "2026-03-01T10:14:00Z", false}, // the clock was set back
		{"hour", "UTC", "2026-03-01T10:59:00Z", "2026-03-01T11:00:00Z", false},
		{"hour", "UTC", "2026-03-01T10:59:00Z", "2026-03-01T11:01:00Z", true},
		{"hour", "UTC", "2026-03-01T10:30:00Z", "2026-03-02T10:31:00Z", true},
		{"hour", "Asia/Kolkata", "2026-03-01T10:29:00Z", "2026-03-01T10:31:00Z", true}, // half past is the full hour there
		{"hour", "Asia/Kolkata", "2026-03-01T10:59:00Z", "2026-03-01T11:01:00Z", false},
		{"day", "UTC", "2026-03-01T01:00:00Z", "2026-03-02T00:00:00Z", false},
		{"day", "UTC", "2026-03-01T23:59:00Z", "2026-03-02T00:01:00Z", true},
		{"day", "Europe/Berlin", "2026-03-01T22:59:00Z", "2026-03-01T23:01:00Z", true},
		{"day", "Europe/Berlin", "2026-03-01T23:59:00Z", "2026-03-02T00:01:00Z", false},
		{"day", "UTC", "2025-03-01T10:00:00Z", "2026-03-01T10:00:00Z", true},
		{"month", "UTC", "2026-03-01T10:00:00Z", "2026-03-31T10:00:00Z", false},
		{"month", "UTC", "2026-03-31T10:00:00Z", "2026-04-01T00:00:01Z", true},
		{"month", "America/New_York", "2026-03-31T10:00:00Z", "2026-04-01T03:59:00Z", false},
		{"month", "UTC", "2025-03-01T10:00:00Z", "2026-03-01T10:00:00Z", true},
		{"none", "UTC", "2025-03-01T10:00:00Z", "2026-03-01T10:00:00Z", false},
	} {
		at := func(s string) plimsoll.Time {
			v, err := plimsoll.ParseTime(s)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		if got := (Steps{Every: c.every, Zone: zone(c.zone)}).apart(at(c.before), at(c.after)); got != c.apart {
			t.Errorf("%s in %s, %s and %s: apart %v", c.every, c.zone, c.before, c.after, got)
		}
	}
	for _, every := range []string{"", "week", "Day"} {
		err := (Steps{Every: every}).check()
		var field *plimsoll.Error
		if !errors.As(err, &field) || field.Field != "steps" {
			t.Errorf("%q: %v", every, err)
		}
	}
}

// A refold that is cut off goes on with its own steps, whoever goes on with it.
func TestARefoldThatIsCutOffKeepsItsSteps(t *testing.T) {
	clock, broken := received, false
	dir := t.TempDir()
	db, err := store.Open(t.Context(), store.Options{Dir: dir, Database: storetest.For(t, dir), Now: func() time.Time { return clock }, Fault: func(step string) error {
		if broken && step == "derive:timeline" {
			return errors.New("broken")
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	x := &told{tb: t, db: db, org: mustOrg(t, db, "told")}
	x.restart()
	for _, e := range unique(newWorld(t, 3).events) {
		x.clock = clock
		x.say(e)
		clock = clock.Add(5 * time.Hour)
	}
	x.fold()
	moments := func() (out []int64) {
		mustView(t, x.org, func(tx *store.Tx) error {
			last := int64(0)
			for at := received; at.Before(clock); at = at.Add(time.Hour) {
				m, err := tx.MomentAt(Cursor, plimsoll.TimeOf(at))
				if err != nil {
					return err
				}
				if m.Seq != last {
					out = append(out, m.Seq)
					last = m.Seq
				}
			}
			return nil
		})
		return out
	}
	if n := len(moments()); n < len(x.events)-1 {
		t.Errorf("%d events five hours apart make %d moments", len(x.events), n)
	}
	if err := x.f.Refold(t.Context(), Steps{Every: "month"}); err != nil {
		t.Fatal(err)
	}
	want := moments()
	broken = true
	if err := x.f.Refold(t.Context(), Steps{Every: "month"}); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Fatalf("the fault did not happen: %v", err)
	}
	broken = false
	x.restart()
	x.fold()
	if got := moments(); !slices.Equal(got, want) || len(got) > len(x.events)/4 {
		t.Errorf("moments %v, want %v", got, want)
	}
	clock = clock.Add(time.Hour)
	e := x.events[0]
	e.DeliveryID = "again"
	x.clock = clock
	x.say(e)
	x.fold()
	if m, _ := x.asOf(plimsoll.TimeOf(clock)); m.Missing != 0 || m.Seq != int64(len(x.events)) {
		t.Errorf("after the refold new events are folded as ever: %+v", m)
	}
}

func mustView(tb testing.TB, org *store.Org, fn func(tx *store.Tx) error) {
	tb.Helper()
	if err := org.View(context.Background(), fn); err != nil {
		tb.Fatal(err)
	}
}
