package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var leaseProperties = []property{
	{"a lease is kept by its holder and ends with his process", leaseKeptAndEnded},
	{"what was begun under an older lease is not written", leaseFences},
	{"a counter under a lease never goes back, whoever takes it over", leaseUnderContention},
	{"each organisation has leases of its own", leasesOfOrgs},
}

const work = "fold"

func mustLease(tb testing.TB, o *Org, holder string, last time.Duration) Lease {
	tb.Helper()
	l, ok, err := o.TakeLease(context.Background(), work, holder, last)
	if err != nil || !ok {
		tb.Fatalf("%s does not get the lease: %v, %v", holder, ok, err)
	}
	return l
}

func nothingToDo(*Tx) error { return nil }

func leaseKeptAndEnded(t *testing.T, open opener) {
	dir := t.TempDir()
	db := open(t, Options{Dir: dir})
	o, ctx := mustOrg(t, db, "default"), context.Background()
	first := mustLease(t, o, db.Holder(), time.Hour)
	if again := mustLease(t, o, db.Holder(), time.Hour); again.epoch != first.epoch {
		t.Errorf("the holder asked again and began epoch %d after %d", again.epoch, first.epoch)
	}
	if db.say.shared { // nobody else can be there otherwise
		if _, ok, err := o.TakeLease(ctx, work, "b", time.Hour); ok || err != nil {
			t.Fatalf("two hold the lease: %v", err)
		}
	}
	if err := o.UpdateUnder(ctx, first, nothingToDo); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil { // a process that ends gives up what it holds
		t.Fatal(err)
	}
	o = mustOrg(t, open(t, Options{Dir: dir}), "default")
	second := mustLease(t, o, "b", time.Hour)
	if second.epoch <= first.epoch {
		t.Errorf("epoch %d came after %d", second.epoch, first.epoch)
	}
	if holder, until, err := o.LeaseHolder(ctx, work); holder != "b" || !until.Known() || err != nil {
		t.Errorf("held by %q until %v, %v", holder, until, err)
	}
}

func leaseFences(t *testing.T, open opener) {
	o, ctx := mustOrg(t, open(t, Options{}), "default"), context.Background()
	old := mustLease(t, o, "a", -time.Second) // ends at once
	now := mustLease(t, o, "b", time.Hour)
	err := o.UpdateUnder(ctx, old, func(tx *Tx) error { return tx.SetCursor("facts", 99) })
	if !errors.Is(err, ErrLeaseLost) {
		t.Errorf("the older lease gives %v", err)
	}
	if err := o.UpdateUnder(ctx, now, func(tx *Tx) error { return tx.SetCursor("facts", 1) }); err != nil {
		t.Error(err)
	}
	if at := gotCursor(t, o, "facts"); at != 1 {
		t.Errorf("the cursor is at %d", at)
	}
}

// Each holder reads the cursor outside of the transaction that moves it on, as
// the fold does, and lets the lease end in the middle of his work.
func leaseUnderContention(t *testing.T, open opener) {
	o, ctx := mustOrg(t, open(t, Options{}), "default"), context.Background()
	var done atomic.Int64
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			for i := 0; done.Load() < 60; i++ {
				l, ok, err := o.TakeLease(ctx, work, fmt.Sprintf("%d-%d", g, i), time.Millisecond)
				if err != nil {
					t.Error(err)
					return
				}
				for range 3 {
					if !ok {
						break
					}
					var at int64
					if err := o.View(ctx, func(tx *Tx) (err error) { at, err = tx.Cursor("facts"); return err }); err != nil {
						t.Error(err)
						return
					}
					err := o.UpdateUnder(ctx, l, func(tx *Tx) error { return tx.SetCursor("facts", at+1) })
					if ok = err == nil; ok {
						done.Add(1)
					} else if !errors.Is(err, ErrLeaseLost) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if at := gotCursor(t, o, "facts"); at != done.Load() {
		t.Errorf("%d steps were done and the cursor is at %d: two worked at once", done.Load(), at)
	}
}

func leasesOfOrgs(t *testing.T, open opener) {
	db := open(t, Options{})
	mustLease(t, mustOrg(t, db, "one"), "a", time.Hour)
	mustLease(t, mustOrg(t, db, "two"), "b", time.Hour)
}
