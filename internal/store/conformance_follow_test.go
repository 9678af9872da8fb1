package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

var followProperties = []property{
	{"a cursor and what is parked move in one transaction", cursorAndParked},
	{"an event that is parked again keeps one row, and can be taken out", parkedAgain},
	{"a note of what is dirty keeps the oldest event", dirtyKeepsTheOldest},
	{"the position is before the oldest note", positionBeforeNotes},
	{"a note that is set aside holds the position and comes back", setAsideComesBack},
	{"forgetting leaves the log and takes the rest", forgetAndFoldAgain},
}

func cursorAndParked(t *testing.T, open opener) {
	dir := t.TempDir()
	var broken string
	db := open(t, Options{Dir: dir, Fault: func(step string) error {
		if step == broken {
			return errors.New("broken here")
		}
		return nil
	}})
	o := mustOrg(t, db, "default")
	step := func(seq int64) error {
		return o.Update(context.Background(), func(tx *Tx) error {
			if err := tx.Park("facts", seq, 3, errors.New("cannot be read")); err != nil {
				return err
			}
			if err := tx.SetCursor("facts", seq); err != nil {
				return err
			}
			return tx.Fault("follow")
		})
	}
	if err := step(1); err != nil {
		t.Fatal(err)
	}
	for _, broken = range []string{"follow", "write:commit"} {
		if err := step(2); err == nil {
			t.Fatalf("%s: no error", broken)
		}
	}
	broken = ""
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	o = mustOrg(t, open(t, Options{Dir: dir}), "default")
	mustView(t, o, func(tx *Tx) error {
		at, err1 := tx.Cursor("facts")
		parked, err2 := tx.ParkedEvents("facts")
		if at != 1 || len(parked) != 1 || parked[0].Seq != 1 {
			t.Errorf("the cursor is at %d and parked is %+v", at, parked)
		}
		return errors.Join(err1, err2)
	})
}

func parkedAgain(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	long := errors.New(strings.Repeat("ü", 2000))
	mustUpdate(t, o, func(tx *Tx) error {
		return errors.Join(tx.Park("facts", 7, 3, errors.New("first")), tx.Park("facts", 7, 4, long),
			tx.Park("facts", 5, 1, errors.New("other")), tx.Park("cells", 7, 1, errors.New("of another follower")))
	})
	parked := func(cursor string) []Parked {
		return got(t, o, func(tx *Tx) ([]Parked, error) { return tx.ParkedEvents(cursor) })
	}
	list := parked("facts")
	if len(list) != 2 || list[0].Seq != 5 || list[1].Attempts != 4 || !strings.HasPrefix(list[1].Error, "üü") || len(list[1].Error) > 1000 {
		t.Errorf("parked: %+v", list)
	}
	if strings.ContainsRune(list[1].Error, '\uFFFD') || strings.ToValidUTF8(list[1].Error, "?") != list[1].Error {
		t.Error("the text of the error was cut inside a character")
	}
	mustUpdate(t, o, func(tx *Tx) error { return tx.Unpark("facts", 7) })
	if len(parked("facts")) != 1 || len(parked("cells")) != 1 {
		t.Errorf("after taking one out: %+v and %+v", parked("facts"), parked("cells"))
	}
}

func dirtyKeepsTheOldest(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	mustUpdate(t, o, func(tx *Tx) error {
		return errors.Join(tx.SetCursor("facts", 20), tx.MarkDirty("timeline", "b", 9), tx.MarkDirty("timeline", "b", 12),
			tx.MarkDirty("timeline", "a", 15), tx.MarkDirty("outcome", "a", 11), tx.MarkDirty("timeline", "c", 17), tx.MarkDirty("timeline", "c", 6))
	})
	position := func() int64 {
		return got(t, o, func(tx *Tx) (int64, error) { return tx.Position("facts") })
	}
	dirty := func(step string, limit int) []string {
		return got(t, o, func(tx *Tx) ([]string, error) { return tx.Dirty(step, limit) })
	}
	if list := dirty("timeline", 9); !slices.Equal(list, []string{"a", "b", "c"}) || len(dirty("timeline", 2)) != 2 {
		t.Errorf("dirty: %v", list)
	}
	for _, x := range []struct {
		step, key string
		before    int64
	}{{"timeline", "c", 5}, {"timeline", "b", 8}, {"outcome", "a", 10}, {"timeline", "a", 14}} {
		if at := position(); at != x.before {
			t.Errorf("before %s %s is clean the position is %d, want %d", x.step, x.key, at, x.before)
		}
		mustUpdate(t, o, func(tx *Tx) error { return tx.Clean(x.step, x.key) })
	}
	if at := position(); at != 20 || len(dirty("timeline", 9)) > 0 {
		t.Errorf("with nothing dirty the position is %d", at)
	}
}

func positionBeforeNotes(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	position := func() int64 {
		return got(t, o, func(tx *Tx) (int64, error) { return tx.Position("facts") })
	}
	if at := position(); at != 0 {
		t.Errorf("an empty store is at %d", at)
	}
	mustUpdate(t, o, func(tx *Tx) error { return errors.Join(tx.SetCursor("facts", 4), tx.MarkDirty("timeline", "a", 1)) })
	if at := position(); at != 0 {
		t.Errorf("with the first event to be derived still the position is %d", at)
	}
	// A note that is younger than the cursor holds nothing back.
	mustUpdate(t, o, func(tx *Tx) error { return errors.Join(tx.Clean("timeline", "a"), tx.MarkDirty("timeline", "a", 9)) })
	if at := position(); at != 4 {
		t.Errorf("position %d, want that of the cursor", at)
	}
	if at := got(t, o, func(tx *Tx) (int64, error) { return tx.Position("another") }); at != 0 {
		t.Errorf("a follower that never began is at %d", at)
	}
}

func forgetAndFoldAgain(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	fold := func(seq int64) {
		mustUpdate(t, o, func(tx *Tx) error { return putEverything(tx, seq) })
	}
	mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "1"), sampleEvent("d-2", "1")))
	fold(2)
	before, log := facts(t, o), allEvents(t, o)
	if len(before) < 5 {
		t.Fatalf("the sample makes only %d facts", len(before))
	}
	mustUpdate(t, o, func(tx *Tx) error {
		return errors.Join(tx.Park("facts", 1, 1, errors.New("x")), tx.Park("cells", 1, 1, errors.New("x")), tx.Forget("facts"))
	})
	if left := facts(t, o); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	mustView(t, o, func(tx *Tx) error {
		c, err := tx.Counts()
		if c.Events != 2 || c.Deliveries != 1 || c.Deployments+c.Changes+c.Incidents != 0 || c.Parked != 1 {
			t.Errorf("after forgetting: %+v", c)
		}
		at, err2 := tx.Position("facts")
		if at != 0 {
			t.Errorf("the position is %d", at)
		}
		return errors.Join(err, err2)
	})
	if fmt.Sprint(allEvents(t, o)) != fmt.Sprint(log) {
		t.Error("forgetting the facts changed the log")
	}
	fold(2)
	if again := facts(t, o); !slices.Equal(again, before) {
		t.Errorf("folded again:\n%s\nwant:\n%s", strings.Join(again, "\n"), strings.Join(before, "\n"))
	}
}

func setAsideComesBack(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "1"), sampleEvent("d-2", "1"), sampleEvent("d-3", "1")))
	mustUpdate(t, o, func(tx *Tx) error {
		return errors.Join(tx.MarkDirty("outcome", "checkout", 2), tx.SetAside("outcome", "checkout"), tx.SetCursor("facts", 3))
	})
	notes := func() (out []Note) {
		mustView(t, o, func(tx *Tx) (err error) { out, err = tx.Notes("outcome", 9); return err })
		return out
	}
	if at := got(t, o, func(tx *Tx) (int64, error) { return tx.Position("facts") }); at != 1 || len(notes()) != 0 {
		t.Errorf("the position is %d, the notes are %v", at, notes())
	}
	// A younger note of the same key is there by the time the first comes back.
	mustUpdate(t, o, func(tx *Tx) error {
		_, err := tx.Resume("outcome")
		return errors.Join(tx.MarkDirty("outcome", "checkout", 3), tx.SetAside("outcome", "checkout"), tx.MarkDirty("outcome", "checkout", 3), err)
	})
	mustUpdate(t, o, func(tx *Tx) error {
		again, err := tx.Resume("outcome")
		if !again {
			t.Error("nothing was set aside")
		}
		return err
	})
	if n := notes(); len(n) != 1 || n[0] != (Note{"checkout", 2}) {
		t.Errorf("the notes are %v", n)
	}
}
