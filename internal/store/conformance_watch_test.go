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
)

var watchProperties = []property{
	{"what is done is told to whoever watches", watchersHear},
	{"the store says whether it can write", storeSaysWhetherItCanWrite},
	{"a caller who has gone is not written for", theGoneAreNotWrittenFor},
	{"a store can be looked at while it works", storesCanBeLookedAt},
	{"a delivery is refused at once when too much waits", deliveriesAreRefusedWhenCrowded},
}

// stalled holds up the writer until the test lets it go.
type stalled struct {
	into, on chan struct{}
	once     sync.Once
}

func stall(t *testing.T, o *Org) *stalled {
	t.Helper()
	s := &stalled{into: make(chan struct{}), on: make(chan struct{})}
	go func() {
		_ = o.Update(context.Background(), func(*Tx) error {
			close(s.into)
			<-s.on
			return nil
		})
	}()
	<-s.into
	t.Cleanup(s.release)
	return s
}

func (s *stalled) release() { s.once.Do(func() { close(s.on) }) }

// until waits for a condition of the store.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 2000 {
		if holds() {
			return
		}
		<-time.After(5 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

func watchersHear(t *testing.T, open opener) {
	var commits, writes, reads, begun atomic.Int64
	db := open(t, Options{Watch: Watch{
		Commit: func(n int, took time.Duration, err error) {
			if n < 1 || took < 0 || err != nil {
				t.Errorf("a commit of %d in %s: %v", n, took, err)
			}
			commits.Add(1)
		},
		Write: func(_ context.Context, queued, b, ended time.Time, _ error) {
			if !b.IsZero() {
				begun.Add(1)
			}
			if ended.Before(queued) {
				t.Errorf("ended at %s, queued at %s", ended, queued)
			}
			writes.Add(1)
		},
		Read: func(time.Duration) { reads.Add(1) },
	}})
	o := mustOrg(t, db, "default")
	for i := range 3 {
		mustAppend(t, o, sampleDelivery(sampleEvent(fmt.Sprint(i), "1")))
	}
	got(t, o, (*Tx).Head)
	if commits.Load() != 4 || writes.Load() != 4 || begun.Load() != 4 || reads.Load() != 1 {
		t.Errorf("%d commits, %d writes, %d of them begun, %d reads", commits.Load(), writes.Load(), begun.Load(), reads.Load())
	}
}

func storeSaysWhetherItCanWrite(t *testing.T, open opener) {
	var full atomic.Bool
	db := open(t, Options{Fault: func(step string) error {
		if full.Load() && step == "write:commit" {
			return errors.New("no space left")
		}
		return nil
	}})
	o := mustOrg(t, db, "default")
	before := db.Stats()
	if before.LastError != nil || before.LastCommit.IsZero() || before.QueueMost == 0 || before.SnapshotsMost == 0 || before.Snapshots != 0 {
		t.Errorf("at first: %+v", before)
	}
	full.Store(true)
	if err := o.Probe(t.Context()); plimsoll.ErrorCode(err) != plimsoll.CodeUnavailable {
		t.Errorf("a store that cannot write says %v", err)
	}
	if s := db.Stats(); s.LastError == nil || s.Commits != before.Commits {
		t.Errorf("after a failure: %+v", s)
	}
	full.Store(false)
	if err := o.Probe(t.Context()); err != nil {
		t.Error(err)
	}
	if s := db.Stats(); s.LastError != nil || s.Commits != before.Commits+1 {
		t.Errorf("after it was mended: %+v", s)
	}
	if !before.LastRead.IsZero() {
		t.Error("nobody has read yet")
	}
	_ = o.View(t.Context(), func(*Tx) error { return errors.New("of the reader") })
	if !db.Stats().LastRead.IsZero() {
		t.Error("a read that failed counts")
	}
	got(t, o, (*Tx).Head)
	if db.Stats().LastRead.IsZero() {
		t.Error("a read does not count")
	}
	mustView(t, o, func(*Tx) error {
		if s := db.Stats(); s.Snapshots != 1 {
			t.Errorf("%d snapshots are open", s.Snapshots)
		}
		return nil
	})
}

func theGoneAreNotWrittenFor(t *testing.T, open opener) {
	db := open(t, Options{})
	o := mustOrg(t, db, "default")
	s := stall(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := o.Append(ctx, sampleDelivery(sampleEvent("gone", "1")))
		gone <- err
	}()
	until(t, "the delivery waits", func() bool { return db.Stats().Queue == 1 })
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) { // while the writer still stands
		t.Errorf("error %v", err)
	}
	s.release()
	mustAppend(t, o, sampleDelivery(sampleEvent("here", "1")))
	if seen := wholeLog(t, o); len(seen) != 1 || seen["here"] != 1 {
		t.Errorf("the log has %v", seen)
	}
}

func deliveriesAreRefusedWhenCrowded(t *testing.T, open opener) {
	db := open(t, Options{})
	o := mustOrg(t, db, "default")
	s := stall(t, o)
	var waiting sync.WaitGroup
	var stored atomic.Int64
	most := db.Stats().QueueMost
	for i := range most {
		waiting.Go(func() {
			if _, err := o.Append(context.Background(), sampleDelivery(sampleEvent(fmt.Sprint(i), "1"))); err == nil {
				stored.Add(1)
			}
		})
	}
	until(t, "the queue is full", func() bool { return db.Stats().Queue == most })
	if db.Stats().Waiting <= 0 {
		t.Error("nobody waits")
	}
	// The writer stands still, so whatever answers now answers at once.
	if _, err := o.Append(t.Context(), sampleDelivery(sampleEvent("too much", "1"))); plimsoll.ErrorCode(err) != plimsoll.CodeUnavailable {
		t.Errorf("error %v", err)
	}
	if n := got(t, o, (*Tx).Head); n != 0 { // readers go on
		t.Errorf("the log has %d events", n)
	}
	s.release()
	waiting.Wait()
	mustAppend(t, o, sampleDelivery(sampleEvent("then", "1")))
	if seen := wholeLog(t, o); len(seen) != most+1 || stored.Load() != int64(most) || seen["too much"] != 0 {
		t.Errorf("%d events, %d stored", len(seen), stored.Load())
	}
}

func storesCanBeLookedAt(t *testing.T, open opener) {
	db := open(t, Options{})
	a, b := mustOrg(t, db, "a"), mustOrg(t, db, "b")
	mustAppend(t, a, sampleDelivery(sampleEvent("d-1", "1"), sampleEvent("d-2", "1")))
	mustUpdate(t, a, func(tx *Tx) error {
		return errors.Join(tx.SetCursor("facts", 2), tx.Park("facts", 2, 3, errors.New("no such field")))
	})
	s := stall(t, b) // it needs no writer
	found, err := db.Examine(t.Context(), Exam{Cursor: "facts"})
	s.release()
	if err != nil {
		t.Fatal(err)
	}
	wants(t, found, map[string]string{
		"schema": "ok schema", "log": "ok a: 2 events in 1 delivery", "facts": "ok a: complete up to event 2", "set aside": "ok a: nothing",
		"parked events": "warn a: event 2", "clock": "ok a: ", "sources": "warn b: nothing was ever received",
	})
	if _, err := db.Examine(t.Context(), Exam{Cursor: "facts"}); err != nil {
		t.Error(err)
	}
}
