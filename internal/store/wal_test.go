package store

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

func sqliteOf(db *DB) *sqliteEngine { return db.engine.(*sqliteEngine) }

func walSize(tb testing.TB, db *DB) int64 {
	tb.Helper()
	info, err := os.Stat(sqliteOf(db).path + "-wal")
	if err != nil {
		tb.Fatal(err)
	}
	return info.Size()
}

// Readers overlap without end: each ends only after the next has begun. Without
// a pause for them the log of writes would never begin anew.
func TestTheLogOfWritesStaysBoundedUnderConstantReaders(t *testing.T) {
	t.Parallel()
	db := mustOpen(t, Options{})
	o := mustOrg(t, db, "default")
	mustUpdate(t, o, func(*Tx) error {
		sqliteOf(db).walBound = 2 << 20 // the writer's own, and this is the writer
		return nil
	})
	stop := make(chan struct{})
	begun := make(chan struct{}, 1)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for {
				err := o.View(context.Background(), func(tx *Tx) error {
					if _, err := tx.Head(); err != nil {
						return err
					}
					// Hand over: end when another has begun after this one.
					select {
					case begun <- struct{}{}:
					case <-begun:
					case <-stop:
					}
					return nil
				})
				if err != nil {
					t.Error(err)
					return
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	var most int64
	shortened := 0
	for i := range 60 {
		before := walSize(t, db)
		mustAppend(t, o, sampleDelivery(sampleEvent(fmt.Sprintf("d-%d", i), strings.Repeat("x", 200_000))))
		mustUpdate(t, o, func(*Tx) error {
			sqliteOf(db).walBound = min(sqliteOf(db).walBound, 2<<20)
			return nil
		})
		size := walSize(t, db)
		if most = max(most, size); size < before {
			shortened++
		}
	}
	close(stop)
	wg.Wait()
	t.Logf("12 MB were written; the log of writes was at most %d kB and was begun anew %d times", most>>10, shortened)
	if most > 5<<20 || shortened == 0 {
		t.Errorf("the log of writes grew to %d bytes and was begun anew %d times", most, shortened)
	}
}

func TestAReaderThatStaysPutsTheShorteningOff(t *testing.T) {
	t.Parallel()
	db := mustOpen(t, Options{Readers: 2})
	o := mustOrg(t, db, "default")
	mustUpdate(t, o, func(*Tx) error { sqliteOf(db).walBound = 1; return nil })
	mustView(t, o, func(tx *Tx) error {
		before, err := tx.Head()
		mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "1"))) // waits for us in vain, and goes on
		mustAppend(t, o, sampleDelivery(sampleEvent("d-2", "1")))
		if after, err := tx.Head(); err != nil || after != before {
			t.Errorf("the snapshot moved from %d to %d, %v", before, after, err)
		}
		return err
	})
	if walSize(t, db) == 0 {
		t.Error("the log of writes was begun anew under a reader")
	}
	mustUpdate(t, o, func(*Tx) error {
		if sqliteOf(db).walBound < mostWAL {
			t.Errorf("the next attempt comes at %d bytes already", sqliteOf(db).walBound)
		}
		sqliteOf(db).walBound = 1
		return nil
	})
	mustAppend(t, o, sampleDelivery(sampleEvent("d-3", "1")))
	mustUpdate(t, o, func(*Tx) error { return nil })
	if n := len(allEvents(t, o)); n != 3 {
		t.Errorf("%d events are there", n)
	}
}
