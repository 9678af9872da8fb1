package fold

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// step is one step of deriving. It reads what it needs of a key and returns
// what is to be written, or nil if that is nothing.
type step struct {
	name string
	run  func(f *Folder, tx *store.Tx, key string) (*work, error)
}

// work is what was derived for one key, still to be written.
type work struct {
	key   string
	since int64 // the event because of which it was derived
	rows  int   // how much there is to compare and write
	write func(tx *store.Tx, w *work, seq int64) error

	committed func() // called when it is durable, if not nil
	panicked  bool
}

// The names of the steps.
const (
	stepTimeline = "timeline" // a service
	stepIncident = "incident" // an incident
	stepOutcome  = "outcome"  // a service
)

// steps are run in this order: an incident follows from deployments, and an
// outcome from both.
var steps = []step{
	{stepTimeline, (*Folder).timeline},
	{stepIncident, (*Folder).incident},
	{stepOutcome, (*Folder).outcome},
}

// mostRows is how much is derived before it is written in one transaction:
// enough to share the cost of a commit, little enough to keep in memory and to
// let others write.
const mostRows = 20_000

// derive runs one step for every key that needs it. While one group is written
// the next is derived: within a step no key follows from what is written for
// another.
func (f *Folder) derive(ctx context.Context, s step) error {
	for {
		var notes []store.Note
		err := f.org.View(ctx, func(tx *store.Tx) (err error) {
			notes, err = tx.Notes(s.name, 500)
			return err
		})
		if err != nil || len(notes) == 0 {
			return err
		}
		written := func() error { return nil }
		for len(notes) > 0 {
			traced, ended := f.began(ctx, s.name)
			done, seq, err := f.group(traced, s, notes)
			if err := errors.Join(written(), err); err != nil {
				ended(0, err)
				return err
			}
			wait := f.write(traced, s, done, seq)
			written = func() error {
				err := wait()
				ended(len(done), err)
				return err
			}
			notes = notes[len(done):]
		}
		if err := written(); err != nil {
			return err
		}
	}
}

// group derives the first keys of notes, as of an event.
func (f *Folder) group(ctx context.Context, s step, notes []store.Note) (done []*work, seq int64, err error) {
	err = f.org.View(ctx, func(tx *store.Tx) (err error) {
		if seq, err = tx.Cursor(Cursor); err != nil {
			return err
		}
		for rows := 0; len(done) < len(notes) && rows < mostRows; {
			w, err := f.guarded(tx, s, notes[len(done)])
			if err != nil {
				return fmt.Errorf("%s: %w", notes[len(done)].Key, err)
			}
			done = append(done, w)
			rows += w.rows
		}
		return nil
	})
	return done, seq, err
}

// write begins to write a group in one transaction. Call what it returns to wait
// for the end of it, on the goroutine of the Folder.
func (f *Folder) write(ctx context.Context, s step, done []*work, seq int64) (wait func() error) {
	result := make(chan error, 1)
	go func() {
		result <- f.update(ctx, func(tx *store.Tx) error {
			for _, w := range done {
				if err := f.finish(tx, s, w, seq); err != nil {
					return fmt.Errorf("%s: %w", w.key, err)
				}
			}
			return nil
		})
	}()
	return func() error {
		err := <-result
		if err != nil && f.db.Unfit(err) {
			err = f.writeEach(ctx, s, done, seq)
		}
		if err != nil {
			return err
		}
		for _, w := range done {
			if w.committed != nil && !w.panicked {
				w.committed()
			}
		}
		return nil
	}
}

// writeEach writes the keys of a group one by one, because the database refuses
// what was derived for one of them. That is set aside, like a derivation that
// panics.
func (f *Folder) writeEach(ctx context.Context, s step, done []*work, seq int64) error {
	for _, w := range done {
		err := f.update(ctx, func(tx *store.Tx) error { return f.finish(tx, s, w, seq) })
		if err == nil {
			continue
		}
		if !f.db.Unfit(err) {
			return fmt.Errorf("%s: %w", w.key, err)
		}
		f.opt.Log.Error("derivation set aside", "step", s.name, "key", w.key, "err", err)
		f.forget()
		w.panicked = true
		if err := f.update(ctx, func(tx *store.Tx) error { return f.finish(tx, s, w, seq) }); err != nil {
			return fmt.Errorf("%s: %w", w.key, err)
		}
	}
	return nil
}

// guarded runs a step for one key. A derivation that panics is a fault of ours
// and must not stop all the others: its key is set aside, the position stays
// before it, and the next start, or the next event about it, tries again.
func (f *Folder) guarded(tx *store.Tx, s step, n store.Note) (w *work, err error) {
	defer func() {
		if p := recover(); p != nil {
			f.opt.Log.Error("derivation set aside", "step", s.name, "key", n.Key, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			f.forget()
			w, err = &work{key: n.Key, panicked: true}, nil
		}
	}()
	if w, err = s.run(f, tx, n.Key); err != nil {
		return nil, err
	}
	if w == nil {
		w = &work{}
	}
	w.key, w.since = n.Key, n.Since
	return w, nil
}

// finish writes what was derived for one key, and takes away its note in the
// same transaction.
func (f *Folder) finish(tx *store.Tx, s step, w *work, seq int64) (err error) {
	// This runs on the goroutine that writes for everybody.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if w.panicked {
		return tx.SetAside(s.name, w.key)
	}
	if w.write != nil {
		if err := w.write(tx, w, seq); err != nil {
			return err
		}
	}
	if err := tx.Done(s.name, w.key); err != nil {
		return err
	}
	return tx.Fault("derive:clean")
}

// resume puts back, once after the start, what was set aside before it: the
// program may be another one by now. It derives that, and what was noted and not
// derived before the program stopped: with the next events it would be too late
// to say what was known before them.
func (f *Folder) resume(ctx context.Context) error {
	if f.resumed {
		return nil
	}
	err := f.update(ctx, func(tx *store.Tx) error {
		for _, s := range f.steps {
			if _, err := tx.Resume(s.name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = f.org.View(ctx, func(tx *store.Tx) error {
		r, err := tx.Replay()
		if err != nil {
			return err
		}
		f.replay, err = readReplay(r)
		return err
	})
	if err != nil {
		return err
	}
	if err := f.deriveAll(ctx); err != nil {
		return err
	}
	f.resumed = true
	return nil
}
