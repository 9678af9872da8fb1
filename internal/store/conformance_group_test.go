package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

var groupProperties = []property{
	{"a request that fails takes no other of its commit with it", failureIsAlone},
	{"a request whose caller gave up harms no other", cancelIsAlone},
	{"a panic in a request reaches its caller and nobody else", panicIsAlone},
	{"an update rolls back wholly", updateRollsBack},
	{"readers see a snapshot, and neither wait for the writer nor hold it up", snapshots},
	{"readers that are cut short leave the store usable", readersCutShort},
	{"each commit wakes who waits for it", changedWakes},
	{"an append while the store closes is there afterwards or was refused", closeDuringAppends},
	{"a read under way ends before the store is closed", closeWaitsForReaders},
	{"a delivery that finds the queue full is told so at once", fullQueueRefuses},
}

// held runs fn in a store whose writer is busy, so that everything that fn
// starts shares the next commit.
func held(t *testing.T, db *DB, o *Org, requests int, fn func()) {
	t.Helper()
	entered, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := o.Update(context.Background(), func(*Tx) error {
			close(entered)
			<-release
			return nil
		})
		if err != nil {
			t.Errorf("the first request: %v", err)
		}
	})
	<-entered
	wg.Go(fn)
	for len(db.door.requests) < requests {
		// The queue has no bell; the requests are on their way.
		select {
		case <-db.door.done:
			t.Error("the writer stopped")
			return
		default:
			runtime.Gosched()
		}
	}
	close(release)
	wg.Wait()
}

func failureIsAlone(t *testing.T, open opener) {
	db := open(t, Options{})
	o := mustOrg(t, db, "default")
	mustAppend(t, o, sampleDelivery(named("taken", 0, sampleEvent("d-0", "1"))))
	const n = 20
	errs := make([]error, n)
	commits := 0
	db.opt.Fault = func(step string) error {
		if step == "write:commit" {
			commits++
		}
		return nil
	}
	held(t, db, o, n, func() {
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				d := sampleDelivery(sampleEvent(fmt.Sprintf("d-%d", i+1), "1"))
				if i%4 == 1 {
					d.Events = append(d.Events, named("taken", 0, sampleEvent("clash", fmt.Sprint(i))))
				}
				_, errs[i] = o.Append(context.Background(), d)
			})
		}
		wg.Wait()
	})
	seen := wholeLog(t, o)
	for i, err := range errs {
		id := fmt.Sprintf("d-%d", i+1)
		if bad := i%4 == 1; bad {
			code(t, err, plimsoll.CodeConflict)
			if seen[id] != 0 {
				t.Errorf("%s was refused and is there", id)
			}
		} else if err != nil || seen[id] != 1 {
			t.Errorf("%s: %v, %d times in the log", id, err, seen[id])
		}
	}
	if commits != 2 {
		t.Errorf("%d commits, want the one that was held and one for all the others", commits)
	}
}

func cancelIsAlone(t *testing.T, open opener) {
	db := open(t, Options{})
	o := mustOrg(t, db, "default")
	ctx, cancel := context.WithCancel(context.Background())
	var gaveUp, during, other error
	held(t, db, o, 3, func() {
		var wg sync.WaitGroup
		wg.Go(func() { _, gaveUp = o.Append(ctx, sampleDelivery(sampleEvent("gave-up", "1"))) })
		for len(db.door.requests) < 1 {
			runtime.Gosched()
		}
		cancel()
		late, stop := context.WithCancel(context.Background())
		wg.Go(func() {
			during = o.Update(late, func(tx *Tx) error {
				stop() // the caller goes while its request runs
				return tx.SetCursor("during", 7)
			})
		})
		wg.Go(func() { _, other = o.Append(context.Background(), sampleDelivery(sampleEvent("other", "1"))) })
		wg.Wait()
	})
	if !errors.Is(gaveUp, context.Canceled) || during != nil || other != nil {
		t.Errorf("given up: %v; while it ran: %v; other: %v", gaveUp, during, other)
	}
	if seen := wholeLog(t, o); len(seen) != 1 || seen["other"] != 1 {
		t.Errorf("the log holds %v", seen)
	}
	if at := got(t, o, func(tx *Tx) (int64, error) { return tx.Cursor("during") }); at != 7 {
		t.Errorf("a request that was under way was lost: %d", at)
	}
}

func panicIsAlone(t *testing.T, open opener) {
	db := open(t, Options{})
	o := mustOrg(t, db, "default")
	var got any
	var other error
	held(t, db, o, 2, func() {
		var wg sync.WaitGroup
		wg.Go(func() {
			defer func() { got = recover() }()
			_ = o.Update(context.Background(), func(tx *Tx) error {
				if err := tx.SetCursor("lost", 1); err != nil {
					return err
				}
				panic("a fault of ours")
			})
		})
		wg.Go(func() { _, other = o.Append(context.Background(), sampleDelivery(sampleEvent("other", "1"))) })
		wg.Wait()
	})
	if got != "a fault of ours" || other != nil {
		t.Errorf("the caller got %v, the other %v", got, other)
	}
	if at := gotCursor(t, o, "lost"); at != 0 {
		t.Error("half of what panicked was stored")
	}
}

func gotCursor(tb testing.TB, o *Org, name string) int64 {
	tb.Helper()
	return got(tb, o, func(tx *Tx) (int64, error) { return tx.Cursor(name) })
}

func updateRollsBack(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	mustUpdate(t, o, func(tx *Tx) error { return tx.SetCursor("facts", 3) })
	want := errors.New("no")
	err := o.Update(context.Background(), func(tx *Tx) error {
		if err := errors.Join(
			tx.SetCursor("facts", 9), tx.MarkDirty("timeline", "checkout", 4), tx.Park("facts", 4, 3, want),
			tx.PutService(plimsoll.ServiceReport{Name: "checkout"}),
		); err != nil {
			return err
		}
		if at, err := tx.Cursor("facts"); err != nil || at != 9 {
			t.Errorf("an update does not see its own work: %d, %v", at, err)
		}
		return want
	})
	if !errors.Is(err, want) {
		t.Errorf("the error of the update is %v", err)
	}
	mustView(t, o, func(tx *Tx) error {
		at, err1 := tx.Cursor("facts")
		dirty, err2 := tx.Dirty("timeline", 9)
		parked, err3 := tx.ParkedEvents("facts")
		services, err4 := tx.Services()
		if at != 3 || len(dirty)+len(parked)+len(services) > 0 {
			t.Errorf("left behind: cursor %d, dirty %v, parked %v, services %v", at, dirty, parked, services)
		}
		return errors.Join(err1, err2, err3, err4)
	})
}

func fullQueueRefuses(t *testing.T, open opener) {
	db := open(t, Options{})
	o, ctx := mustOrg(t, db, "default"), context.Background()
	entered, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	update := func(fn func(*Tx) error) {
		wg.Go(func() {
			if err := o.Update(ctx, fn); err != nil {
				t.Error(err)
			}
		})
	}
	update(func(*Tx) error {
		close(entered)
		<-release
		return nil
	})
	<-entered
	for range cap(db.door.requests) + 1 { // one more waits before the queue
		update(nothingToDo)
	}
	for !db.door.full() {
		runtime.Gosched()
	}
	_, err := o.Append(ctx, sampleDelivery(sampleEvent("d-1", "1")))
	code(t, err, plimsoll.CodeRateLimited)
	close(release)
	wg.Wait()
	mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "1")))
	if seen := wholeLog(t, o); seen["d-1"] != 1 {
		t.Errorf("the log holds %v", seen)
	}
}
