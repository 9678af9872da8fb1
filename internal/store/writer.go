package store

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// request is one caller's part of a group commit.
type request struct {
	ctx      context.Context
	fn       func(s *session) error
	err      error
	panicked any // what fn panicked with; its caller must hear of it, not everybody
	done     chan struct{}

	claimed       atomic.Bool // see claim
	queued, begun time.Time
}

// groupMost bounds how many requests share a commit.
const groupMost = 256

var errClosed = plimsoll.Errorf(plimsoll.CodeUnavailable, "the store is closing; try again")

// submit hands fn to the writer and waits until it is durable.
func (db *DB) submit(ctx context.Context, fn func(s *session) error) error {
	r := &request{ctx: ctx, fn: fn, done: make(chan struct{}), queued: time.Now()}
	select {
	case <-db.closing:
		return errClosed
	default:
	}
	select {
	case db.requests <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-db.closing:
		return errClosed
	}
	err := db.await(ctx, r)
	if db.opt.Watch.Write != nil {
		db.opt.Watch.Write(ctx, r.queued, r.begun, time.Now(), err)
	}
	select {
	case <-r.done:
		if r.panicked != nil {
			panic(r.panicked)
		}
	default: // given up
	}
	return err
}

// write is the one goroutine that writes. What queues up while a commit is
// under way shares the next one.
func (db *DB) write() {
	defer close(db.done)
	for {
		var group []*request
		select {
		case r := <-db.requests:
			group = append(group, r)
		case <-db.closing:
			return
		}
	drain:
		for len(group) < groupMost {
			select {
			case r := <-db.requests:
				group = append(group, r)
			default:
				break drain
			}
		}
		began := db.watching.begin(group)
		committed, err := db.commit(group)
		if committed {
			db.publish()
		}
		for _, r := range group {
			if r.err == nil {
				r.err = err
			}
		}
		db.watched(group, began, err)
		for _, r := range group {
			close(r.done)
		}
		db.writer.shrink()
		db.shortenLog()
	}
}

// commit runs a group in one transaction. It returns an error that concerns
// all of them; what concerns only one stands in that request.
func (db *DB) commit(group []*request) (committed bool, err error) {
	ctx := context.Background()
	if err := db.fault("write:begin"); err != nil {
		return false, unavailable("begin", err)
	}
	if err := db.writer.run(ctx, `BEGIN IMMEDIATE`); err != nil {
		return false, unavailable("begin", err)
	}
	defer func() {
		if !committed {
			_ = db.writer.run(ctx, `ROLLBACK`)
		}
	}()
	for _, r := range group {
		if !r.claim() {
			continue // its caller has gone
		}
		if r.err = r.ctx.Err(); r.err != nil {
			continue
		}
		r.begun = time.Now()
		if err := db.writer.run(ctx, `SAVEPOINT request`); err != nil {
			return false, unavailable("savepoint", err)
		}
		if r.do(db.writer); r.err != nil {
			// A disk that is full ends the whole transaction at times. Then
			// this fails, and all of the group hear of it.
			if err := db.writer.run(ctx, `ROLLBACK TO request`); err != nil {
				return false, unavailable("rollback", err)
			}
		}
		if err := db.writer.run(ctx, `RELEASE request`); err != nil {
			return false, unavailable("release", err)
		}
	}
	if err := db.fault("write:commit"); err != nil {
		return false, unavailable("commit", err)
	}
	if err := db.writer.run(ctx, `COMMIT`); err != nil {
		return false, unavailable("commit", err)
	}
	if err := db.fault("write:acknowledge"); err != nil {
		return true, unavailable("acknowledge", err)
	}
	return true, nil
}

// do runs the request's own part.
func (r *request) do(s *session) {
	defer func() {
		if r.panicked = recover(); r.panicked != nil {
			r.err = fmt.Errorf("panic: %v", r.panicked)
		}
	}()
	r.err = r.fn(s)
	var refused *sqlite.Error
	if errors.As(r.err, &refused) {
		switch refused.Code() & 0xff {
		case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
			sqlite3.SQLITE_BUSY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			r.err = unavailable("write", r.err)
		}
	}
}

// unavailable is the error of a write that the disk refused. The caller may
// try again; nothing was acknowledged.
func unavailable(step string, err error) error {
	e := plimsoll.Errorf(plimsoll.CodeUnavailable, "the data could not be written, and nothing was acknowledged; try again, and look at the server's disk if it stays so")
	e.Cause = fmt.Errorf("%s: %w", step, err)
	return e
}

// publish wakes whoever waits for the next commit.
func (db *DB) publish() {
	db.mu.Lock()
	defer db.mu.Unlock()
	close(db.changed)
	db.changed = make(chan struct{})
}

// Changed returns a channel that is closed after the next commit.
func (db *DB) Changed() <-chan struct{} {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.changed
}
