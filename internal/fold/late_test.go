package fold

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/query"
)

// numbers are the measures of a question as text, without where they were read.
func numbers(tb testing.TB, m query.Measures) string {
	tb.Helper()
	m.Asked = query.Asked{}
	b, err := json.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// What was known, and the events that are named as learnt since, give what is
// known now: in worlds that contradict and correct themselves.
func TestLateEventsMakeTheWholeDifference(t *testing.T) {
	n := max(worlds(t)/10, 4)
	named, others, unnamed, differ := 0, 0, 0, 0
	for seed := range uint64(n) {
		x := newTold(t)
		w := newWorld(t, seed)
		r := rand.New(rand.NewPCG(seed, 8))
		events := unique(w.events)
		r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		half := len(events) * (1 + r.IntN(8)) / 10
		x.say(events[:half]...)
		x.fold()
		asOf := plimsoll.TimeOf(x.clock)
		for rest := events[half:]; len(rest) > 0; {
			k := min(1+r.IntN(6), len(rest))
			x.clock = x.clock.Add(time.Hour)
			x.say(rest[:k]...)
			x.fold()
			rest = rest[k:]
		}
		now := func() time.Time { return x.clock }
		desk := query.New(x.db, x.org, query.Options{Cursor: Cursor, Now: now})
		for i, scope := range []plimsoll.Scope{{Kind: plimsoll.ScopeOrg}, {Kind: plimsoll.ScopeService, Name: "web"}, {Kind: plimsoll.ScopeService, Name: "jobs"}, {Kind: plimsoll.ScopeTeam, Name: "blue"}} {
			from := worldStart.Add(time.Duration(r.IntN(8)) * 24 * time.Hour)
			q := query.Question{
				Scope: scope, Environment: []string{"", "staging"}[r.IntN(5)/4], AsOf: asOf,
				Window: plimsoll.Window{From: plimsoll.TimeOf(from), To: plimsoll.TimeOf(from.Add(time.Duration(1+r.IntN(4)) * 24 * time.Hour))},
			}
			late, err := desk.Late(context.Background(), q, 0)
			if err != nil {
				t.Fatal(err)
			}
			told := slices.Clone(x.events[:half])
			for _, e := range append(slices.Clone(late.Events), late.Others...) {
				if e.Seq <= int64(half) {
					t.Fatalf("event %d was known", e.Seq)
				}
				told = append(told, x.events[e.Seq-1])
			}
			name := fmt.Sprintf("replay %d", i)
			org := mustOrg(t, x.db, name)
			if _, err := play(org, x.db, says(told...)); err != nil {
				t.Fatal(err)
			}
			q.AsOf = 0
			again, err := query.New(x.db, org, query.Options{Cursor: Cursor, Now: now}).Measures(context.Background(), q)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := numbers(t, again), numbers(t, late.Now); got != want {
				t.Errorf("world %d, %s %q %v: %d events and %d named ones of %d give other numbers: %s", seed, scope, q.Environment, q.Window, half, len(told)-half, len(x.events)-half, firstDifference(got, want))
			}
			if len(late.Events) == 0 && numbers(t, late.Then) != numbers(t, late.Now) {
				t.Errorf("world %d, %s: the numbers differ and no event is named", seed, scope)
			}
			if numbers(t, late.Then) != numbers(t, late.Now) {
				differ++
			}
			named, others, unnamed = named+len(late.Events), others+len(late.Others), unnamed+len(x.events)-len(told)
		}
	}
	t.Logf("%d worlds, %d differences; of the late events %d changed something, %d came between, %d are not named", n, differ, named, others, unnamed)
	if differ == 0 || unnamed == 0 {
		t.Error("nothing was told apart")
	}
}

// firstDifference shows two texts from shortly before they differ.
func firstDifference(got, want string) string {
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	piece := func(s string) string { return s[max(at-80, 0):min(at+80, len(s))] }
	return piece(got) + "\nwant " + piece(want)
}
