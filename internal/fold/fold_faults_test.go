package fold

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

func position(t *testing.T, org *store.Org) (at, head int64) {
	t.Helper()
	err := org.View(context.Background(), func(tx *store.Tx) (err error) {
		if head, err = tx.Head(); err != nil {
			return err
		}
		at, err = tx.Position(Cursor)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return at, head
}

const twoServices = `{"type":"deployment","id":"w1","service":"web","environment":"production","version":"v1","finished_at":"2026-03-02T10:00:00Z"}
{"type":"deployment","id":"a1","service":"api","environment":"production","version":"v1","finished_at":"2026-03-02T10:00:00Z"}
{"type":"deployment","id":"a2","service":"api","environment":"production","version":"v2","finished_at":"2026-03-03T10:00:00Z"}`

// failing returns the steps with a timeline that panics for one service.
func failing(service string, panics *bool) []step {
	own := slices.Clone(steps)
	own[0].run = func(f *Folder, tx *store.Tx, key string) (*work, error) {
		if key == service && *panics {
			panic("planted")
		}
		return steps[0].run(f, tx, key)
	}
	return own
}

func TestADerivationThatPanicsIsSetAsideAndHoldsThePosition(t *testing.T) {
	ctx := context.Background()
	db := mustOpen(t, store.Options{})
	events := mustDecode(t, twoServices)
	want, err := play(mustOrg(t, db, "undisturbed"), db, says(events...))
	if err != nil {
		t.Fatal(err)
	}
	for _, recovery := range []string{"the next start", "the next event about it"} {
		t.Run(recovery, func(t *testing.T) {
			org := mustOrg(t, db, recovery)
			panics := true
			f := New(db, org, Options{})
			f.steps = failing("api", &panics)
			mustAppend(t, org, events[:2])
			if err := f.CatchUp(ctx); err != nil {
				t.Fatal(err)
			}
			if lines, _ := factLines(org); !strings.Contains(strings.Join(lines, "\n"), `"w1"`) {
				t.Error("one service that cannot be derived keeps another from it")
			}
			if at, _ := position(t, org); at != 0 {
				t.Errorf("the facts are said to be complete up to event %d, and those of event 2 are missing", at)
			}
			panics = false
			if recovery == "the next start" {
				f = New(db, org, Options{})
				if err := f.CatchUp(ctx); err != nil {
					t.Fatal(err)
				}
				if at, head := position(t, org); at != head {
					t.Errorf("after the next start the facts end at %d of %d", at, head)
				}
			}
			mustAppend(t, org, events[2:])
			if err := f.CatchUp(ctx); err != nil {
				t.Fatal(err)
			}
			got, err := factLines(org)
			if d := difference(want, got); err != nil || d != "" {
				t.Errorf("%v\n%s", err, d)
			}
		})
	}
}

func TestAnEventThatCannotBeReadIsParkedAndTheRestGoesOn(t *testing.T) {
	db := mustOpen(t, store.Options{})
	good := mustDecode(t, twoServices)
	want, err := play(mustOrg(t, db, "good"), db, says(good...))
	if err != nil {
		t.Fatal(err)
	}
	bad := func(change func(e *plimsoll.Event)) plimsoll.Event {
		e := good[0]
		change(&e)
		e.Hash = e.ContentHash()
		return e
	}
	events := slices.Concat([]plimsoll.Event{
		bad(func(e *plimsoll.Event) { e.SchemaVersion, e.Source = 99, "newer" }),
		bad(func(e *plimsoll.Event) { e.Type = "weather" }),
		bad(func(e *plimsoll.Event) { e.Body = []byte(`{"finished_at":7}`) }),
	}, good)
	for name, acts := range map[string][]act{"at once": says(events...), "one by one": oneByOne(events)} {
		got, err := play(mustOrg(t, db, name), db, acts)
		if err != nil {
			t.Fatal(err)
		}
		parked := slices.DeleteFunc(slices.Clone(got), func(l string) bool { return !strings.HasPrefix(l, "parked ") })
		if len(parked) != 3 {
			t.Errorf("%s: parked %q", name, parked)
		}
		if rest := got[len(parked):]; !slices.Equal(rest, want) {
			t.Errorf("%s: other facts:\n%s", name, difference(want, rest))
		}
	}
}

func TestAPanicOverAnEventParksItAndStopsNothing(t *testing.T) {
	db := mustOpen(t, store.Options{})
	org := mustOrg(t, db, "default")
	events := mustDecode(t, twoServices)
	mustAppend(t, org, events)

	// Without a transaction every event panics, as one of ours with a fault would.
	panicked := int64(0)
	about := bySubject([]plimsoll.Record{{Seq: 2, Event: events[1]}})
	b := &batch{seen: map[string]bool{}, about: about}
	if err := b.guarded(&plimsoll.Record{Seq: 2, Event: events[1]}, &panicked); err != nil {
		t.Fatal(err)
	}
	if err := b.settle(); err == nil || !b.lost {
		t.Fatalf("the panic over one of many came back as %v", err)
	}
	b = &batch{seen: map[string]bool{}, about: about, single: true}
	if err := b.guarded(&plimsoll.Record{Seq: 2, Event: events[1]}, &panicked); err == nil || panicked != 2 {
		t.Fatalf("the panic came back as %v, over event %d", err, panicked)
	}

	f := New(db, org, Options{})
	f.broken[2] = "panic: planted"
	if err := f.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	lines, err := factLines(org)
	if err != nil || len(lines) == 0 || lines[0] != "parked panic: planted" {
		t.Errorf("%v, %q", err, lines)
	}
}

func TestAnEventThatReplacesAnotherTakesItsPlace(t *testing.T) {
	db := mustOpen(t, store.Options{})
	events := mustDecode(t, twoServices)
	want, err := play(mustOrg(t, db, "right"), db, says(events...))
	if err != nil {
		t.Fatal(err)
	}
	wrong := events[0]
	wrong.Body = []byte(`{"id":"w1","service":"web","environment":"production","version":"v9","team":"nobody","finished_at":"2026-03-02T10:00:00Z"}`)
	wrong.Hash = wrong.ContentHash()
	right := events[0]
	right.Supersedes = 1
	for name, acts := range map[string][]act{
		"at once":    says(wrong, right, events[1], events[2]),
		"one by one": oneByOne([]plimsoll.Event{wrong, right, events[1], events[2]}),
	} {
		got, err := play(mustOrg(t, db, name), db, acts)
		if d := difference(want, got); err != nil || d != "" {
			t.Errorf("%s: %v\n%s", name, err, d)
		}
	}
}

// A note that came of a note says since when: a reader who waits for the event
// must not be told that its facts are there while one step is still missing.
func TestThePositionWaitsForEveryStep(t *testing.T) {
	ctx := context.Background()
	db := mustOpen(t, store.Options{})
	org := mustOrg(t, db, "default")
	f := New(db, org, Options{})
	f.steps = steps[:1]
	mustAppend(t, org, mustDecode(t, twoServices))
	if err := f.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	if at, _ := position(t, org); at != 0 {
		t.Errorf("without the outcomes the facts are said to be complete up to event %d", at)
	}
	f.steps = steps
	if err := f.CatchUp(ctx); err != nil {
		t.Fatal(err)
	}
	if at, head := position(t, org); at != head {
		t.Errorf("the facts end at %d of %d", at, head)
	}
}

func TestRunFoldsWhatComesUntilItIsStopped(t *testing.T) {
	db := mustOpen(t, store.Options{})
	org := mustOrg(t, db, "default")
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		New(db, org, Options{}).Run(ctx)
	}()
	for _, e := range mustDecode(t, twoServices) {
		mustAppend(t, org, []plimsoll.Event{e})
		for {
			changed := db.Changed()
			if at, head := position(t, org); at == head {
				break
			}
			<-changed
		}
	}
	stop()
	<-done
}
