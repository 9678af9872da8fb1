package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/plimsoll-dev/plimsoll"
)

// request is one caller's part of a group commit.
type request struct {
	ctx  context.Context
	fn   func(s *session) error
	err  error
	done chan error
}

// groupMost bounds how many requests share a commit.
const groupMost = 256

var errClosed = plimsoll.Errorf(plimsoll.CodeUnavailable, "the store is closing; try again")

// submit hands fn to the writer and waits until it is durable.
func (db *DB) submit(ctx context.Context, fn func(s *session) error) error {
	r := &request{ctx: ctx, fn: fn, done: make(chan error, 1)}
	select {
	case db.requests <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-db.closing:
		return errClosed
	}
	select {
	case err := <-r.done:
		return err
	case <-db.done:
		// The writer may have answered just before it stopped.
		select {
		case err := <-r.done:
			return err
		default:
			return errClosed
		}
	}
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
		err := db.commit(group)
		if err == nil {
			db.publish()
		}
		for _, r := range group {
			r.done <- errors.Join(r.err, err)
		}
	}
}

// commit runs a group in one transaction. It returns an error that concerns
// all of them; what concerns only one stands in that request.
func (db *DB) commit(group []*request) (err error) {
	ctx := context.Background()
	if err := db.fault("write:begin"); err != nil {
		return err
	}
	if err := db.writer.exec(ctx, `BEGIN IMMEDIATE`); err != nil {
		return unavailable("begin", err)
	}
	defer func() {
		if err != nil {
			_ = db.writer.exec(ctx, `ROLLBACK`)
		}
	}()
	for _, r := range group {
		if r.err = r.ctx.Err(); r.err != nil {
			continue
		}
		if err := db.writer.exec(ctx, `SAVEPOINT request`); err != nil {
			return unavailable("savepoint", err)
		}
		if r.err = r.fn(db.writer); r.err != nil {
			if err := db.writer.exec(ctx, `ROLLBACK TO request`); err != nil {
				return unavailable("rollback", err)
			}
		}
		if err := db.writer.exec(ctx, `RELEASE request`); err != nil {
			return unavailable("release", err)
		}
	}
	if err := db.fault("write:commit"); err != nil {
		return err
	}
	if err := db.writer.exec(ctx, `COMMIT`); err != nil {
		return unavailable("commit", err)
	}
	return db.fault("write:acknowledge")
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
