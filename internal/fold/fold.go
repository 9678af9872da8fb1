// Package fold follows the log and keeps the facts. It refuses to decide what a
// fact is: that is derived by a pure function from everything reported so far,
// so that any order, repetition and batching of events ends in the same facts.
//
// Two things happen, each in transactions of their own. Apply combines the
// reports of each subject an event is about, notes what must be derived again,
// and moves the cursor, all in one transaction. Derive takes what was noted,
// service by service, and writes what has changed. A note goes away in the
// transaction that wrote its facts, so a crash between any two steps loses
// nothing. The facts are complete up to the event before the oldest note.
package fold

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Cursor is the name under which the fold keeps its place in the log.
const Cursor = "facts"

// Options tune a Folder; the zero value is what a server wants.
type Options struct {
	Batch   int // events applied in one transaction, 5,000 if zero
	Backlog int // events applied before deriving although more wait, 100,000 if zero; a quarter of the log if that is more
	Log     *slog.Logger
	Watch   Watch // hears of what is done; the zero value hears nothing
}

// Folder folds the log of one organisation. Of all processes one does so at a
// time, by a lease of the process; the methods of a Folder must not be called
// concurrently, nor those of two Folders of one organisation.
type Folder struct {
	db       *store.DB
	org      *store.Org
	opt      Options
	steps    []step
	mem      *memory
	applied  int              // events since the last derivation
	position int64            // the last event that was applied
	single   bool             // the next batch is written event by event: one of it panicked
	broken   map[int64]string // events whose application panicked, and how
	resumed  bool             // what was left over before the start was taken up again
	ahead    *reading         // the next batch, if it was read while the last was written
	latest   plimsoll.Time    // when the last event since the last derivation was received; unknown if there is none
	replay   replay           // what is left of a refold
	lease    lease
	status   status
}

// New returns a Folder.
func New(db *store.DB, org *store.Org, opt Options) *Folder {
	if opt.Batch == 0 {
		opt.Batch = 5000
	}
	if opt.Backlog == 0 {
		opt.Backlog = 100_000
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Folder{db: db, org: org, opt: opt, steps: steps, mem: newMemory(), broken: map[int64]string{}}
}

// Run folds until ctx ends, whenever no other server does. Trouble with the
// store is logged and tried again.
func (f *Folder) Run(ctx context.Context) {
	const wait = time.Second
	for {
		changed := f.db.Changed()
		err := f.turn(ctx)
		if ctx.Err() != nil {
			return
		}
		f.status.ran(err)
		if err == nil {
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
			continue
		}
		f.opt.Log.Error("fold", "err", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// turn does what there is to do for the one that holds the lease, and asks for
// it now and then if that is another.
func (f *Folder) turn(ctx context.Context) error {
	if !f.lease.held && time.Since(f.lease.word) < leaseWord {
		return nil
	}
	had := f.lease.held
	ok, err := f.hold(ctx)
	if err != nil || !ok {
		return err
	}
	if !had && f.db.Shared() {
		f.opt.Log.Info("this server folds the log", "holder", f.db.Holder())
	}
	err = errors.Join(f.CatchUp(ctx), f.keep(ctx))
	if errors.Is(err, store.ErrLeaseLost) {
		f.opt.Log.Warn("another server has taken over to fold the log; this one was silent for long", "holder", f.db.Holder())
		return nil
	}
	return err
}

// CatchUp folds everything that is in the log now. It fails while another server
// folds.
func (f *Folder) CatchUp(ctx context.Context) error {
	if ok, err := f.hold(ctx); err != nil {
		return fmt.Errorf("lease: %w", err)
	} else if !ok {
		return ErrElsewhere
	}
	for {
		more, err := f.step(ctx)
		if err != nil {
			// What is remembered may be ahead of what was committed, or behind it:
			// the answer to a commit may have been lost.
			f.forget()
			f.resumed, f.latest, f.applied = false, 0, 0
			return err
		}
		if !more {
			return nil
		}
	}
}

// forget drops what is remembered of the store.
func (f *Folder) forget() { f.mem, f.ahead = newMemory(), nil }

// step applies one batch of events, and derives when it has come to the end of
// the log. A full batch means that more wait: then deriving waits for the rest,
// up to the bound. While events only trickle in every batch is a small one, so
// that steady writing cannot keep the facts from following.
func (f *Folder) step(ctx context.Context) (more bool, err error) {
	if err := f.resume(ctx); err != nil {
		return false, fmt.Errorf("resume: %w", err)
	}
	n, cut, err := f.apply(ctx)
	if err != nil {
		return false, fmt.Errorf("apply: %w", err)
	}
	f.applied += n
	if n == f.opt.Batch && f.applied < f.backlog() {
		return true, nil
	}
	if err := f.deriveAll(ctx); err != nil {
		return false, err
	}
	return n > 0 || cut, nil
}

// backlog bounds the events that are applied before deriving although more wait.
// A derivation that touches every service costs by the length of the log, so the
// bound grows with it: what is derived again and again stays a small multiple of
// the log. Nobody waits for facts in the midst of a refold.
func (f *Folder) backlog() int {
	if f.position < f.replay.until {
		return math.MaxInt
	}
	return max(f.opt.Backlog, int(f.position/4))
}

// deriveAll derives what is noted. Then the facts are complete.
func (f *Folder) deriveAll(ctx context.Context) error {
	f.applied = 0
	for _, s := range f.steps {
		if err := f.derive(ctx, s); err != nil {
			return fmt.Errorf("derive %s: %w", s.name, err)
		}
	}
	f.latest = 0
	return nil
}

// Refold forgets every fact and folds the whole log again, here, whoever folded
// before. What was known before is then kept at the ends of the steps.
func (f *Folder) Refold(ctx context.Context, steps Steps) error {
	if err := steps.check(); err != nil {
		return err
	}
	l, err := f.org.SeizeLease(ctx, Work, f.db.Holder(), leaseLasts)
	if err != nil {
		return fmt.Errorf("lease: %w", err)
	}
	f.begin(l)
	err = f.update(ctx, func(tx *store.Tx) error {
		head, err := tx.Head()
		if err != nil {
			return err
		}
		return errors.Join(tx.Forget(Cursor), tx.SetReplay(store.Replay{Until: head, Steps: steps.Every, Zone: steps.zone().String()}))
	})
	if err != nil {
		return err
	}
	return f.CatchUp(ctx)
}
