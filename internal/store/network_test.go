package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// soon tries again for as long as the store says that it cannot, as a sender
// does, and counts how often it could not.
func soon(t *testing.T, try func() error) (refused int) {
	t.Helper()
	late := time.After(time.Minute)
	for {
		err := try()
		if err == nil {
			return refused
		}
		if plimsoll.ErrorCode(err) != plimsoll.CodeUnavailable {
			t.Errorf("the store says %v", err)
			return refused
		}
		refused++
		select {
		case <-time.After(20 * time.Millisecond):
		case <-late:
			t.Errorf("the store does not come back: %v", err)
			return refused
		}
	}
}

// sentAgain is a delivery with a name: sent again it is the same one.
func sentAgain(i int) Delivery {
	e := sampleEvent(fmt.Sprintf("d-%d", i), "1")
	e.DeliveryID = fmt.Sprint(i)
	return sampleDelivery(e)
}

// The answer to a COMMIT is lost: the writer cannot know whether it took effect,
// acknowledges nothing, and what is sent again is there once.
func TestACommitWhoseAnswerIsLostDoublesNothing(t *testing.T) {
	t.Parallel()
	proxy := storetest.NewProxy(t, storetest.Postgres(t))
	db := mustOpen(t, Options{Database: proxy.Address()})
	o, ctx := mustOrg(t, db, "default"), context.Background()
	for i := range 20 {
		cut := proxy.CutAtCommit()
		refused := soon(t, func() error { _, err := o.Append(ctx, sentAgain(i)); return err })
		<-cut
		if refused == 0 {
			t.Fatalf("delivery %d was acknowledged by an answer that never came", i)
		}
	}
	if seen := wholeLog(t, o); len(seen) != 20 {
		t.Errorf("the log holds %v", seen)
	}
	// The holder of a lease goes on.
	l := mustLease(t, o, "a", time.Hour)
	cut := proxy.CutAtCommit()
	err := o.UpdateUnder(ctx, l, func(tx *Tx) error { return tx.SetCursor("facts", 7) })
	<-cut
	code(t, err, plimsoll.CodeUnavailable)
	if at := gotCursor(t, o, "facts"); at != 7 {
		t.Errorf("the commit without an answer left the cursor at %d", at)
	}
	if err := o.UpdateUnder(ctx, l, func(tx *Tx) error { return tx.SetCursor("facts", 8) }); err != nil {
		t.Error(err)
	}
}

// A database that goes away and comes back, again and again, under readers and
// writers: each is told to try again, and finds the database when it is there.
func TestEveryConnectionComesBack(t *testing.T) {
	t.Parallel()
	server := storetest.Own(t)
	db := mustOpen(t, Options{Database: server.Address()})
	o, ctx := mustOrg(t, db, "default"), context.Background()
	stop := make(chan struct{})
	var wg sync.WaitGroup
	until := func(do func()) {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					do()
				}
			}
		})
	}
	var sent atomic.Int64
	until(func() {
		soon(t, func() error { _, err := o.Append(ctx, sentAgain(int(sent.Load()))); return err })
		sent.Add(1)
	})
	for g := range 5 { // more than there are readers
		until(func() {
			soon(t, func() error {
				return o.View(ctx, func(tx *Tx) error { _, err := tx.Head(); return err })
			})
			soon(t, func() error {
				return o.Update(ctx, func(tx *Tx) error { return tx.SetCursor(fmt.Sprint(g), 1) })
			})
		})
	}
	for i := range 3 {
		for changed := db.Changed(); sent.Load() < int64(30*(i+1)); changed = db.Changed() {
			<-changed
		}
		server.Down(t)
		for range 3 { // it is gone for long enough that everybody fails more than once
			_, err := o.Append(ctx, sentAgain(-1))
			code(t, err, plimsoll.CodeUnavailable)
			code(t, o.View(ctx, nothingToDo), plimsoll.CodeUnavailable)
		}
		server.Up(t)
		soon(t, func() error { _, err := o.Append(ctx, sentAgain(-2-i)); return err })
		soon(t, func() error { return o.View(ctx, nothingToDo) })
	}
	close(stop)
	wg.Wait()
	seen := wholeLog(t, o)
	for i := range sent.Load() {
		if id := fmt.Sprintf("d-%d", i); seen[id] != 1 {
			t.Errorf("%s is there %d times", id, seen[id])
		}
	}
	t.Logf("%d deliveries through 3 crashes of the database", sent.Load())
}

// A database that swallows everything holds up neither a question with a bound
// nor the end.
func TestADatabaseThatSwallowsEverythingHoldsUpNobody(t *testing.T) {
	t.Parallel()
	proxy := storetest.NewProxy(t, storetest.Postgres(t))
	db, err := Open(context.Background(), Options{Database: proxy.Address()})
	if err != nil {
		t.Fatal(err)
	}
	o := mustOrg(t, db, "default")
	mustAppend(t, o, sentAgain(1))
	proxy.Stall()
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Go(func() {
			_, err := o.Append(context.Background(), sentAgain(i+2))
			code(t, err, plimsoll.CodeUnavailable)
		})
	}
	for range 6 { // more than there are readers
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			defer cancel()
			if err := o.View(ctx, nothingToDo); err == nil {
				t.Error("a question without an answer was answered")
			}
		})
	}
	closed := make(chan error, 1)
	go func() { closed <- db.Close() }()
	select {
	case <-closed: // that connections do not end well is no trouble
	case <-time.After(time.Minute):
		t.Error("the end waits for ever")
	}
	wg.Wait()

	proxy.Flow()
	again := mustOpen(t, Options{Database: proxy.Address()})
	if seen := wholeLog(t, mustOrg(t, again, "default")); seen["d-1"] != 1 {
		t.Errorf("the log holds %v", seen)
	}
}

// A writer that was still for longer than the database waits finds its
// transaction ended, and nothing of it is acknowledged.
func TestATransactionThatTheDatabaseEndedIsNotAcknowledged(t *testing.T) {
	t.Parallel()
	db := mustOpen(t, Options{Database: storetest.Postgres(t)})
	o := mustOrg(t, db, "default")
	err := o.Update(context.Background(), func(tx *Tx) error {
		var pid int64
		_, err := tx.one(`SELECT pg_backend_pid()`, nil, &pid)
		if err := errors.Join(err, tx.SetCursor("facts", 5), tx.s.flush(tx.ctx)); err != nil {
			return err
		}
		// Another ends it, as the database does by itself after a while.
		return o.View(context.Background(), func(tx *Tx) error {
			_, err := tx.one(`SELECT CAST(pg_terminate_backend(CAST(? AS INTEGER), 5000) AS INTEGER)`, []any{pid}, new(int))
			return err
		})
	})
	code(t, err, plimsoll.CodeUnavailable)
	if at := gotCursor(t, o, "facts"); at != 0 {
		t.Errorf("what was rolled back left the cursor at %d", at)
	}
	mustUpdate(t, o, func(tx *Tx) error { return tx.SetCursor("facts", 6) })
}
