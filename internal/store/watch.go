package store

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Watch is told what the store does, so that somebody can measure it. Any of its
// functions may be nil. They run on the goroutines that do the work, and must
// neither wait nor call the store.
type Watch struct {
	// Commit hears of every commit of the writer: how many requests shared it, how
	// long it took from the first statement on, and why it failed, if it did.
	Commit func(requests int, took time.Duration, err error)

	// Write hears of every request when its caller does, with the caller's
	// context. A request that was given up has never begun: begun is zero.
	Write func(ctx context.Context, queued, begun, ended time.Time, err error)

	// Read hears of every snapshot that was opened: how long it was waited for.
	Read func(waited time.Duration)
}

// Stats is how the store is doing. It costs next to nothing to ask.
type Stats struct {
	Queue, QueueMost int           // requests that wait for the writer, and how many may
	Waiting          time.Duration // how long the oldest of them has waited at most, 0 if none waits

	Snapshots, SnapshotsMost int // that are open, and how many may be

	Commits    int64     // since the start
	LastCommit time.Time // of the last that succeeded; zero if none has
	LastRead   time.Time // when a snapshot was last given back by somebody who had read what he wanted; zero if none was
	LastError  error     // why the last write failed, nil after one that succeeded

	DatabaseBytes, WALBytes int64 // on this machine; 0 where the database is elsewhere
}

// watching is what the writers keep about themselves.
type watching struct {
	commits  atomic.Int64
	last     atomic.Pointer[time.Time]
	lastRead atomic.Pointer[time.Time]
	failed   atomic.Pointer[error]
}

func (w *watching) read() {
	now := time.Now()
	w.lastRead.Store(&now)
}

// begin notes that the lane takes up a group.
func (l *lane) begin(group []*request) time.Time {
	l.busySince.Store(&group[0].queued)
	return time.Now()
}

// watched notes how a group ended. A write that the disk refused to one request is
// a failure of the store like that of a whole group.
func (l *lane) watched(group []*request, began time.Time, err error) {
	w, ended := &l.db.watching, time.Now()
	l.busySince.Store(nil)
	for _, r := range group {
		if err == nil && r.err != nil && plimsoll.ErrorCode(r.err) == plimsoll.CodeUnavailable {
			err = r.err
		}
	}
	if err == nil {
		w.last.Store(&ended)
		w.failed.Store(nil)
		w.commits.Add(1)
	} else {
		w.failed.Store(&err)
	}
	if l.db.opt.Watch.Commit != nil {
		l.db.opt.Watch.Commit(len(group), ended.Sub(began), err)
	}
}

// Stats says how the store is doing.
func (db *DB) Stats() Stats {
	s := Stats{
		Queue: len(db.door.requests), QueueMost: cap(db.door.requests), Waiting: db.door.waiting(),
		Snapshots: cap(db.readers) - len(db.readers), SnapshotsMost: cap(db.readers), Commits: db.watching.commits.Load(),
	}
	if t := db.watching.last.Load(); t != nil {
		s.LastCommit = *t
	}
	if t := db.watching.lastRead.Load(); t != nil {
		s.LastRead = *t
	}
	if err := db.watching.failed.Load(); err != nil {
		s.LastError = *err
	}
	s.DatabaseBytes, s.WALBytes = db.engine.bytes()
	return s
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// errElsewhere says that the disk of the data is not ours to look at.
var errElsewhere = errors.New("the database is on another machine")

// Disk returns the free bytes where the data folder is, and all of them. It
// fails where the database is on another machine.
func (db *DB) Disk() (free, total int64, err error) {
	if db.say.shared {
		return 0, 0, errElsewhere
	}
	return diskOf(db.opt.Dir)
}

// probe is the cursor that Probe moves.
const probe = "probe"

// Probe writes something of no meaning and returns when it is durable, or says
// why that cannot be done. It costs one commit.
func (o *Org) Probe(ctx context.Context) error {
	return o.Update(ctx, func(tx *Tx) error { return tx.SetCursor(probe, 0) })
}

// mostWait bounds how long a delivery waits for the writer. Whoever delivers is told soon to come
// again; the fold waits as long as it takes.
const mostWait = 20 * time.Second

// waiting is for how long the oldest request in the queue can have waited.
func (l *lane) waiting() time.Duration {
	since := l.busySince.Load()
	if since == nil || len(l.requests) == 0 {
		return 0
	}
	return time.Since(*since)
}

// crowded refuses a delivery when too much waits for the writer, or for too
// long: to say so at once is kinder than to keep the sender waiting for the same
// answer, and bounds what is held in memory.
func (db *DB) crowded() error {
	if l := db.door; len(l.requests) >= cap(l.requests) || l.waiting() > mostWait {
		return errBusy()
	}
	return nil
}

func errBusy() error {
	return plimsoll.Errorf(plimsoll.CodeUnavailable, "more waits to be written than the store can take; nothing was stored, send it again")
}

// patient runs write with a bound on how long it may wait for the writer. Once
// begun it runs to its end.
func (db *DB) patient(ctx context.Context, write func(ctx context.Context) error) error {
	if err := db.crowded(); err != nil {
		return err
	}
	bounded, cancel := context.WithTimeout(ctx, mostWait)
	defer cancel()
	err := write(bounded)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return errBusy()
	}
	return err
}

// claim takes a request for good: the writer to run it, or its caller to give it
// up. Only the first of them gets it.
func (r *request) claim() bool { return r.claimed.CompareAndSwap(false, true) }

// await waits until a request is done and returns its error, or gives it up when
// its caller is in no need of it any more and the writer has not begun it.
func (l *lane) await(ctx context.Context, r *request) error {
	select {
	case <-r.done:
		return r.err
	case <-l.done:
	case <-ctx.Done():
		if r.claim() {
			return ctx.Err()
		}
		select {
		case <-r.done:
			return r.err
		case <-l.done:
		}
	}
	// The writer may have answered just before it stopped.
	select {
	case <-r.done:
		return r.err
	default:
		return errClosed
	}
}
