package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

func snapshots(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{Readers: 2}), "default")
	mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "1")))
	mustView(t, o, func(tx *Tx) error {
		before, err := tx.Head()
		if err != nil {
			return err
		}
		// The writer commits while this snapshot is open.
		mustAppend(t, o, sampleDelivery(sampleEvent("d-2", "1")))
		if after, err := tx.Head(); err != nil || after != before {
			t.Errorf("the snapshot moved from %d to %d, %v", before, after, err)
		}
		if events, err := tx.Events(0, 10); err != nil || len(events) != 1 {
			t.Errorf("the snapshot shows %d events, %v", len(events), err)
		}
		if head := got(t, o, (*Tx).Head); head != 2 {
			t.Errorf("a reader that came later sees %d events", head)
		}
		return nil
	})
	// A reader comes while a transaction of the writer is open.
	mustUpdate(t, o, func(tx *Tx) error {
		if err := tx.SetCursor("facts", 5); err != nil {
			return err
		}
		if at := gotCursor(t, o, "facts"); at != 0 {
			t.Errorf("a reader saw what was not committed: %d", at)
		}
		return nil
	})
	if at := gotCursor(t, o, "facts"); at != 5 {
		t.Errorf("the commit is not seen: %d", at)
	}
}

func readersCutShort(t *testing.T, open opener) {
	const readers = 2
	o := mustOrg(t, open(t, Options{Readers: readers}), "default")
	var events []plimsoll.Event
	for i := range 2000 {
		events = append(events, sampleEvent(fmt.Sprintf("d-%d", i), "1"))
	}
	mustAppend(t, o, sampleDelivery(events...))
	for i := range 60 {
		ctx, cancel := context.WithCancel(context.Background())
		rows := 0
		err := o.View(ctx, func(tx *Tx) error {
			return tx.each(`SELECT `+eventColumns+` FROM events WHERE org = ? ORDER BY seq`, tx.args(), func(*sql.Rows) error {
				if rows++; rows == 1+i*7 {
					cancel()
				}
				return nil
			})
		})
		cancel()
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("cut short after %d rows: %v", rows, err)
		}
	}
	// Every session still works, and shows the present.
	mustAppend(t, o, sampleDelivery(sampleEvent("last", "1")))
	var wg sync.WaitGroup
	both := make(chan struct{}, readers)
	for range readers {
		wg.Go(func() {
			mustView(t, o, func(tx *Tx) error {
				head, err := tx.Head()
				if head != 2001 {
					t.Errorf("a session shows %d events", head)
				}
				both <- struct{}{}
				for len(both) < readers {
					runtime.Gosched()
				}
				return err
			})
		})
	}
	wg.Wait()
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	if err := o.View(ended, func(*Tx) error { return errors.New("ran") }); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that had gone: %v", err)
	}
}

func changedWakes(t *testing.T, open opener) {
	db := open(t, Options{})
	o := mustOrg(t, db, "default")
	for i := range 3 {
		changed := db.Changed()
		select {
		case <-changed:
			t.Fatal("woken without a commit")
		default:
		}
		mustAppend(t, o, sampleDelivery(sampleEvent(fmt.Sprintf("d-%d", i), "1")))
		select {
		case <-changed:
		default:
			t.Fatal("the append was acknowledged and nobody was woken")
		}
	}
}

func closeDuringAppends(t *testing.T, open opener) {
	for round := range 8 {
		dir := t.TempDir()
		db := open(t, Options{Dir: dir})
		o := mustOrg(t, db, "default")
		const appenders = 16
		var mu sync.Mutex
		acknowledged := map[string]bool{}
		enough := make(chan struct{})
		var once sync.Once
		var wg sync.WaitGroup
		for a := range appenders {
			wg.Go(func() {
				for i := 0; ; i++ {
					id := fmt.Sprintf("d-%d-%d", a, i)
					_, err := o.Append(context.Background(), sampleDelivery(sampleEvent(id, "1")))
					if err != nil {
						if plimsoll.ErrorCode(err) != plimsoll.CodeUnavailable {
							t.Errorf("refused with %v", err)
						}
						return
					}
					mu.Lock()
					acknowledged[id] = true
					if len(acknowledged) > 20*(round+1) {
						once.Do(func() { close(enough) })
					}
					mu.Unlock()
				}
			})
		}
		<-enough
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		wg.Wait()
		code(t, o.View(context.Background(), func(*Tx) error { return nil }), plimsoll.CodeUnavailable)
		seen := wholeLog(t, mustOrg(t, open(t, Options{Dir: dir}), "default"))
		for id := range acknowledged {
			if seen[id] != 1 {
				t.Errorf("%s was acknowledged and stands in the log %d times", id, seen[id])
			}
		}
	}
}

func closeWaitsForReaders(t *testing.T, open opener) {
	db := open(t, Options{})
	o := mustOrg(t, db, "default")
	mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "1")))
	reading, closed := make(chan struct{}), make(chan error, 1)
	go func() {
		<-reading
		closed <- db.Close()
	}()
	mustView(t, o, func(tx *Tx) error {
		close(reading)
		<-db.door.done // the writer has stopped
		for range 100 {
			select {
			case err := <-closed:
				t.Fatalf("closed under a reader: %v", err)
			default:
				runtime.Gosched()
			}
		}
		events, err := tx.Events(0, 10)
		if len(events) != 1 {
			t.Errorf("the reader sees %d events", len(events))
		}
		return err
	})
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
