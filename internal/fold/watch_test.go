package fold

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/store"
)

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

func TestAFoldThatFailsSaysSinceWhenAndThenThatItGoesOn(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	db := mustOpen(t, store.Options{Fault: func(step string) error {
		if step == "fold:cursor" && broken.Load() {
			return errPlanted
		}
		return nil
	}})
	org := mustOrg(t, db, "default")
	var mu sync.Mutex
	done, failed := map[string]int{}, 0
	f := New(db, org, Options{Watch: Watch{Work: func(ctx context.Context, kind string) (context.Context, func(int, error)) {
		return ctx, func(n int, err error) {
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				failed++
				return
			}
			done[kind] += n
		}
	}}})
	if s := f.Status(); s != (Status{}) {
		t.Errorf("before anything: %+v", s)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { f.Run(ctx) })
	defer running.Wait()
	defer stop()
	mustAppend(t, org, mustDecode(t, twoServices))
	until(t, "it fails twice", func() bool { mu.Lock(); defer mu.Unlock(); return failed >= 2 })
	s := f.Status()
	if !errors.Is(s.Failing, errPlanted) || s.Since.IsZero() || !s.Moved.IsZero() {
		t.Errorf("while it fails: %+v", s)
	}
	until(t, "it fails again", func() bool { mu.Lock(); defer mu.Unlock(); return failed >= 3 })
	if again := f.Status(); !again.Since.Equal(s.Since) {
		t.Errorf("failing since %s, and then since %s", s.Since, again.Since)
	}
	broken.Store(false)
	until(t, "it goes on", func() bool { s := f.Status(); return s.Failing == nil && !s.Moved.IsZero() })
	mu.Lock()
	defer mu.Unlock()
	if done["apply"] != 3 || done["timeline"] != 2 || done["outcome"] != 2 {
		t.Errorf("%v were done", done)
	}
}
