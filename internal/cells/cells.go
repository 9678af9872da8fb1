// Package cells keeps the facts of an organisation in memory, small enough for a million deployments and
// added up by day, so that a question costs by the days of its window and not by what happened on them.
// It refuses to estimate: whatever it answers is what the rows of the store give, to the last bit.
//
// A State holds, for each service, exact columns of its production deployments, changes, pull requests,
// failures and incidents; and for each day of the whole organisation a tally and sorted runs of
// durations, added up once more by month. Whole days of a window come from the days and months, the rest
// of it, teams and services from the columns. States never change: a follower reads what the store notes
// as changed, and publishes the next one.
package cells

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Options tune Cells; the zero value of all but Zone is what a server wants.
type Options struct {
	Zone        *time.Location // cuts the days; nil is UTC
	Dir         string         // where the snapshot is kept; "" keeps none
	Definitions string         // version of the definitions that the facts follow
	Log         *slog.Logger

	// Watch hears of every run of the follower that had something to do: from when
	// to when, whether everything was built anew, and why it failed, if it did. It
	// may be nil.
	Watch func(ctx context.Context, began, ended time.Time, anew bool, err error)
}

// Cells follows the facts of one organisation. It is safe for concurrent use.
type Cells struct {
	db    *store.DB
	org   *store.Org
	opt   Options
	state atomic.Pointer[State]
	mu    sync.Mutex // held by whoever makes the next state
	tried bool       // the snapshot was looked at

	built atomic.Bool // there was a state once

	saving sync.Mutex
	saved  int64 // num of the snapshot
}

// New returns Cells that know nothing yet.
func New(db *store.DB, org *store.Org, opt Options) *Cells {
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Cells{db: db, org: org, opt: opt}
}

// Zone is the zone in which the days are cut.
func (c *Cells) Zone() *time.Location { return c.opt.Zone }

// atOnce is how many changes are followed while a question waits. More of them come from an import or a
// replay, and are left to the follower.
const atOnce = 64

// ErrPassed says that a newer snapshot of the store has been followed already: ask with a fresh one.
var ErrPassed = errors.New("cells: the snapshot is older than the cells")

// At returns the state of a snapshot of the store, following what few changes there are. It is nil when
// nothing was built yet or much has changed since: At never takes long.
func (c *Cells) At(tx *store.Tx) (*State, error) {
	num, err := tx.LastFactChange()
	if err != nil {
		return nil, err
	}
	if s, ready, err := c.ready(num); ready {
		return s, err
	}
	c.mu.Lock() // whoever has it follows few changes, or ready would have said so
	defer c.mu.Unlock()
	s, ready, err := c.ready(num)
	if ready {
		return s, err
	}
	s, ok, err := c.next(tx, s)
	if !ok || err != nil {
		return nil, err
	}
	return s, nil
}

// ready returns the state that is there. It is the answer unless ready is false: then a few changes up
// to num are to be followed.
func (c *Cells) ready(num int64) (s *State, ready bool, err error) {
	switch s = c.state.Load(); {
	case s == nil || num-s.num > atOnce:
		return nil, true, nil
	case s.num > num:
		return nil, true, ErrPassed
	default:
		return s, s.num == num, nil
	}
}

// next follows the changes after s and publishes what comes of it. It reports false, and forgets the
// state, when they cannot be followed.
func (c *Cells) next(tx *store.Tx, s *State) (*State, bool, error) {
	changes, whole, err := tx.FactChanges(s.num)
	if err != nil {
		return nil, false, err
	}
	if !whole {
		c.state.Store(nil)
		return nil, false, nil
	}
	after, ok, err := s.follow(tx, changes)
	if err != nil {
		return nil, false, err
	}
	if !ok {
		c.opt.Log.Error("cells do not add up; they are built anew", "change", s.num)
		c.state.Store(nil)
		return nil, false, nil
	}
	c.state.Store(after)
	return after, true, nil
}

// CatchUp follows everything there is now, and builds what it must.
func (c *Cells) CatchUp(ctx context.Context) error {
	for range 3 {
		if err := c.catchUp(ctx, false); !errors.Is(err, ErrPassed) {
			return err
		}
	}
	return c.catchUp(ctx, true)
}

// catchUp does so once. Questions may have followed further than its snapshot by
// the time that it gets to work: that is ErrPassed, unless last is set; then it
// builds anew.
//
// The snapshot comes before the lock. A question has them in that order too, and
// the other way round the last snapshot would be waited for by who holds the lock
// that all who have a snapshot wait for.
func (c *Cells) catchUp(ctx context.Context, last bool) (err error) {
	return c.org.View(ctx, func(tx *store.Tx) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		began, before, anew := time.Now(), c.state.Load(), false
		defer func() {
			after := c.state.Load()
			if after != nil {
				c.built.Store(true)
			}
			if c.opt.Watch != nil && (err != nil && !errors.Is(err, ErrPassed) || after != before) {
				c.opt.Watch(ctx, began, time.Now(), anew, err)
			}
		}()
		anew, err = c.follow(tx, last)
		return err
	})
}

// follow is catchUp with the lock held. It reports whether it built everything
// anew.
func (c *Cells) follow(tx *store.Tx, last bool) (anew bool, err error) {
	num, err := tx.LastFactChange()
	if err != nil {
		return false, err
	}
	s := c.state.Load()
	if s != nil && s.num > num && !last {
		return false, ErrPassed
	}
	if s == nil && !c.tried {
		s = c.restore(tx)
	}
	c.tried = true
	switch {
	case s == nil || s.num > num || num-s.num > mostFollowed:
	case s.num == num:
		c.state.Store(s)
		return false, nil
	default:
		if _, ok, err := c.next(tx, s); ok || err != nil {
			return false, err
		}
	}
	c.state.Store(nil) // what is left behind this far helps nobody
	s, err = build(tx, c.opt.Zone)
	if err == nil {
		c.state.Store(s)
	}
	return true, err
}

// mostFollowed bounds the changes that are followed; to build anew is quicker than to follow more.
const mostFollowed = 100_000

// rest is the least time between two runs of the follower: an import changes the same services again and
// again.
const rest = 500 * time.Millisecond

// between is the least time between two snapshots while the server runs; one more is made at its end.
const between = 15 * time.Minute

// Run follows until ctx ends. Trouble with the store is logged and tried again.
func (c *Cells) Run(ctx context.Context) {
	last := time.Now()
	for {
		changed := c.db.Changed()
		err := c.CatchUp(ctx)
		if s := c.state.Load(); s != nil {
			s.warm()
		}
		if err == nil && time.Since(last) > between {
			last = time.Now()
			err = c.Save(ctx)
		}
		if err != nil && ctx.Err() == nil {
			c.opt.Log.Error("cells", "err", err)
		}
		select {
		case <-time.After(rest):
		case <-ctx.Done():
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// Bytes is about how much memory the state takes.
func (c *Cells) Bytes() int {
	s := c.state.Load()
	if s == nil {
		return 0
	}
	n := 0
	for _, b := range s.blocks {
		n += b.bytes()
	}
	for _, c := range s.cells {
		n += 8 + c.bytes()
	}
	for _, m := range s.months {
		n += 200 + m.gaps.Bytes() + m.oldest.Bytes() + m.leads[0].spans.Bytes() + m.leads[1].spans.Bytes() + m.groups.bytes((*groups).bytes)
	}
	return n + 16*len(s.cells) + 8*len(s.calendar.starts)
}

// Built reports whether the cells were built since the start. While they are
// built anew questions are answered from the rows, with the same numbers.
func (c *Cells) Built() bool { return c.built.Load() }
