package fold

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// told is a history that came in portions at known times.
type told struct {
	tb    testing.TB
	db    *store.DB
	org   *store.Org
	clock time.Time
	f     *Folder

	events []plimsoll.Event // in the order of the log, without what was there already
	at     []plimsoll.Time  // when each was received
}

func newTold(tb testing.TB) *told {
	x := &told{tb: tb, clock: received}
	var err error
	dir := tb.TempDir()
	x.db, err = store.Open(context.Background(), store.Options{Dir: dir, Database: storetest.For(tb, dir), Now: func() time.Time { return x.clock }})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := x.db.Close(); err != nil {
			tb.Error(err)
		}
	})
	x.org = mustOrg(tb, x.db, "told")
	x.restart()
	return x
}

func (x *told) restart() { x.f = New(x.db, x.org, Options{Batch: 7, Backlog: 20}) }

func (x *told) say(events ...plimsoll.Event) {
	x.tb.Helper()
	receipt, err := x.org.Append(context.Background(), store.Delivery{Source: "test", Outcome: "decoded", Events: events})
	if err != nil {
		x.tb.Fatal(err)
	}
	if receipt.Accepted != len(events) {
		x.tb.Fatalf("%d of %d events are new", receipt.Accepted, len(events))
	}
	for _, e := range events {
		x.events, x.at = append(x.events, e), append(x.at, plimsoll.TimeOf(x.clock))
	}
}

func (x *told) fold() {
	x.tb.Helper()
	if err := x.f.CatchUp(context.Background()); err != nil {
		x.tb.Fatal(err)
	}
}

// asOf returns the moment of a time and the facts of that moment.
func (x *told) asOf(t plimsoll.Time) (m store.Moment, lines []string) {
	x.tb.Helper()
	err := x.org.View(context.Background(), func(tx *store.Tx) (err error) {
		if m, err = tx.MomentAt(Cursor, t); err != nil {
			return err
		}
		return tx.AsOf(m.Seq).Facts(func(l string) { lines = append(lines, versioned(x.tb, l)) })
	})
	if err != nil {
		x.tb.Fatal(err)
	}
	return m, lines
}

// known is how many events were received by a time.
func (x *told) known(t plimsoll.Time) int {
	return max(slices.IndexFunc(append(slices.Clone(x.at), plimsoll.Forever), func(at plimsoll.Time) bool { return at > t }), 0)
}

// versioned takes off a line of facts what is kept without versions.
func versioned(tb testing.TB, line string) string {
	doc, ok := strings.CutPrefix(line, "lead_times ")
	if !ok {
		return line
	}
	var l store.Lead
	if err := json.Unmarshal([]byte(doc), &l); err != nil {
		tb.Fatal(err)
	}
	l.AuthoredAt, l.Subject = 0, ""
	return fmt.Sprintf("lead_times %+v", l)
}

// unique drops events that the log would take for others that it has.
func unique(events []plimsoll.Event) (out []plimsoll.Event) {
	seen := map[string]bool{}
	for _, e := range events {
		key := string(e.Type) + e.Subject + e.Hash.String()
		if !seen[key] {
			seen[key] = true
			out = append(out, e)
		}
	}
	return out
}

// What was known at a time is what a store knows that was only ever told what
// had been received by then: through late folding, restarts and a refold.
func TestAsOfIsWhatAStoreKnowsThatHeardNothingLater(t *testing.T) {
	n := max(worlds(t)/12, 3)
	exact, between := 0, 0
	for seed := range uint64(n) {
		x := newTold(t)
		w := newWorld(t, seed)
		r := rand.New(rand.NewPCG(seed, 5))
		events := unique(w.events)
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		var times []plimsoll.Time
		for len(events) > 0 {
			k := min(1+r.IntN(1+len(w.events)/5), len(events))
			x.say(events[:k]...)
			events = events[k:]
			times = append(times, plimsoll.TimeOf(x.clock))
			if r.IntN(2) == 0 {
				x.fold()
			}
			if r.IntN(3) == 0 {
				x.restart()
			}
			x.clock = x.clock.Add([]time.Duration{time.Second, 4 * time.Minute, 15 * time.Minute, 26 * time.Hour, 700 * time.Hour}[r.IntN(5)])
		}
		x.fold()
		check := func(what string, times []plimsoll.Time) {
			for _, at := range times {
				m, got := x.asOf(at)
				if n := int64(x.known(at)); m.Seq+m.Missing != n {
					t.Errorf("world %d, %s: as of %s the moment is %+v; %d events were received by then", seed, what, at, m, n)
				}
				if m.Missing > 0 {
					between++
				} else {
					exact++
				}
				want, err := play(mustOrg(t, x.db, fmt.Sprintf("%s %s", what, at)), x.db, says(x.events[:m.Seq]...))
				if err != nil {
					t.Fatal(err)
				}
				for i := range want {
					want[i] = versioned(t, want[i])
				}
				if !slices.Equal(want, got) {
					t.Fatalf("world %d, %s: as of %s, event %d of %d:\n%s", seed, what, at, m.Seq, len(x.events), difference(want, got))
				}
			}
		}
		check("live", times)
		for _, at := range times {
			// The end of a quarter of an hour is exact whenever the fold ran.
			if m, _ := x.asOf(plimsoll.TimeOf(at.Std().Truncate(quarter))); m.Missing != 0 {
				t.Errorf("world %d: at the end of a quarter of an hour, before %s, %d events are missing", seed, at, m.Missing)
			}
		}
		if err := x.f.Refold(context.Background(), Steps{Every: "day"}); err != nil {
			t.Fatal(err)
		}
		var days []plimsoll.Time
		for _, at := range times {
			days = append(days, plimsoll.TimeOf(at.Std().Truncate(24*time.Hour)))
		}
		days = slices.Compact(days)
		for _, at := range days {
			if m, _ := x.asOf(at); m.Missing != 0 {
				t.Errorf("world %d: refolded by days, at %s %d events are missing", seed, at, m.Missing)
			}
		}
		check("refolded", days)
	}
	t.Logf("%d worlds, %d times exact, %d between", n, exact, between)
	if exact == 0 || between == 0 {
		t.Error("one of them was never tried")
	}
}

// A crash in the middle of a derivation must not make half of it a moment.
func TestAsOfThroughFaults(t *testing.T) {
	for _, step := range []string{"derive:timeline", "derive:deployments", "derive:clean", "fold:facts", "fold:cursor"} {
		t.Run(step, func(t *testing.T) {
			w := newWorld(t, 11)
			events := unique(w.events)
			broken := 0
			clock := received
			dir := t.TempDir()
			db, err := store.Open(t.Context(), store.Options{Dir: dir, Database: storetest.For(t, dir), Now: func() time.Time { return clock }, Fault: func(s string) error {
				if broken > 0 && s == step {
					if broken--; broken == 0 {
						return fmt.Errorf("broken at %s", s)
					}
				}
				return nil
			}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			x := &told{tb: t, db: db, org: mustOrg(t, db, "told"), clock: clock}
			x.restart()
			var times []plimsoll.Time
			for i := 0; i < len(events); i += 25 {
				x.clock = clock
				x.say(events[i:min(i+25, len(events))]...)
				times = append(times, plimsoll.TimeOf(clock))
				broken = 2
				if x.f.CatchUp(t.Context()) != nil {
					x.restart()
				}
				broken = 0
				clock = clock.Add(time.Minute)
			}
			x.fold()
			for _, at := range times {
				m, got := x.asOf(at)
				want, err := play(mustOrg(t, db, at.String()), db, says(x.events[:m.Seq]...))
				if err != nil {
					t.Fatal(err)
				}
				for i := range want {
					want[i] = versioned(t, want[i])
				}
				if !slices.Equal(want, got) {
					t.Fatalf("as of %s, event %d:\n%s", at, m.Seq, difference(want, got))
				}
			}
		})
	}
}
