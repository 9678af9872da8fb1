package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// lane is a connection that writes, and the queue before it. What queues up
// while a commit is under way shares the next one. SQLite has one lane.
// PostgreSQL has two, so that what comes in does not wait for the facts that are
// being written.
type lane struct {
	db       *DB
	s        *session
	requests chan *request
	done     chan struct{} // closed when it has stopped

	busySince atomic.Pointer[time.Time] // when the oldest request of the group under way was queued; nil without one
}

func newLane(ctx context.Context, db *DB, patience time.Duration) (*lane, error) {
	s, err := newSession(ctx, db, true, patience)
	return &lane{db: db, s: s, requests: make(chan *request, 1024), done: make(chan struct{})}, err
}

// request is one caller's part of a group commit.
type request struct {
	ctx      context.Context
	fn       func(s *session) error // or, instead of it:
	org      *Org
	append   *appending
	err      error
	panicked any // what fn panicked with; its caller must hear of it, not everybody
	done     chan struct{}

	claimed       atomic.Bool // see claim
	queued, begun time.Time
}

// groupMost bounds how many requests share a commit.
const groupMost = 256

var errClosed = plimsoll.Errorf(plimsoll.CodeUnavailable, "the store is closing; try again")

// submit hands fn to the lane and waits until it is durable.
func (l *lane) submit(ctx context.Context, fn func(s *session) error) error {
	return l.submitRequest(&request{ctx: ctx, fn: fn})
}

func (l *lane) submitRequest(r *request) error {
	ctx := r.ctx
	r.done, r.queued = make(chan struct{}), time.Now()
	select {
	case <-l.db.closing:
		return errClosed
	default:
	}
	if e := l.db.outgrown.Load(); e != nil {
		return e
	}
	select {
	case l.requests <- r:
	case <-ctx.Done():
		return ctx.Err()
	case <-l.db.closing:
		return errClosed
	}
	err := l.await(ctx, r)
	if l.db.opt.Watch.Write != nil {
		l.db.opt.Watch.Write(ctx, r.queued, r.begun, time.Now(), err)
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

// work is the one goroutine that writes.
func (l *lane) work() {
	defer close(l.done)
	for {
		var group []*request
		select {
		case r := <-l.requests:
			group = append(group, r)
		case <-l.db.closing:
			return
		}
	drain:
		for len(group) < groupMost {
			select {
			case r := <-l.requests:
				group = append(group, r)
			default:
				break drain
			}
		}
		began := l.begin(group)
		committed, err := l.commit(group)
		if committed {
			l.db.publish()
		}
		for _, r := range group {
			if r.err == nil {
				r.err = err
			}
		}
		l.watched(group, began, err)
		for _, r := range group {
			close(r.done)
		}
		l.s.shrink()
		l.db.engine.tidy(l.db)
	}
}

// commit runs a group in one transaction. It returns an error that concerns
// all of them; what concerns only one stands in that request.
func (l *lane) commit(group []*request) (committed bool, err error) {
	ctx := context.Background()
	if err := l.db.fault("write:begin"); err != nil {
		return false, unavailable("begin", err)
	}
	if err := l.s.fresh(ctx); err != nil {
		return false, unavailable("connect", err)
	}
	if err := l.s.write(ctx, l.db.say.beginWrite); err != nil {
		return false, unavailable("begin", err)
	}
	defer func() {
		if !committed {
			_ = l.s.end(ctx)
		}
	}()
	appends := map[int64][]*request{} // by organisation
	for _, r := range group {
		if !r.claim() {
			continue // its caller has gone
		}
		if r.err = r.ctx.Err(); r.err != nil {
			continue
		}
		r.begun = time.Now()
		if r.append != nil {
			appends[r.org.id] = append(appends[r.org.id], r)
			continue
		}
		if err := l.apart(ctx, r); err != nil {
			return false, err
		}
	}
	// They lock the log, so they come last; and in the same order everywhere, so
	// that two servers cannot wait for each other.
	for _, org := range slices.Sorted(maps.Keys(appends)) {
		if err := l.together(ctx, appends[org]); err != nil {
			return false, err
		}
	}
	if err := l.db.fault("write:commit"); err != nil {
		return false, unavailable("commit", err)
	}
	if err := l.s.write(ctx, `COMMIT`); err != nil {
		return false, unavailable("commit", err)
	}
	if err := l.s.flush(ctx); err != nil {
		return false, unavailable("commit", err)
	}
	if err := l.db.fault("write:acknowledge"); err != nil {
		return true, unavailable("acknowledge", err)
	}
	return true, nil
}

// apart does a request behind a savepoint, so that one that fails takes no
// other with it. Its error is that of the whole transaction.
func (l *lane) apart(ctx context.Context, r *request) error {
	if err := l.s.write(ctx, `SAVEPOINT request`); err != nil {
		return unavailable("savepoint", err)
	}
	l.s.kept = l.s.waiting.Len()
	if r.do(ctx, l.s); r.err != nil {
		// A disk that is full, or a connection that is lost, ends the whole
		// transaction. Then this fails, and all of the group hear of it.
		if err := l.s.write(ctx, `ROLLBACK TO SAVEPOINT request`); err != nil {
			return unavailable("rollback", err)
		}
	}
	if err := l.s.write(ctx, `RELEASE SAVEPOINT request`); err != nil {
		return unavailable("release", err)
	}
	return nil
}

// together appends the deliveries of several requests at once. What is wrong
// with one is known before anything is written; if the database refuses some of
// it all the same, each is tried alone.
func (l *lane) together(ctx context.Context, rs []*request) error {
	works := make([]*appending, len(rs))
	for i, r := range rs {
		works[i] = r.append
	}
	org := rs[0].org
	all := &request{ctx: ctx, fn: func(s *session) error { return org.tx(ctx, s).appendMany(works) }}
	if err := l.apart(ctx, all); err != nil {
		return err
	}
	for i, r := range rs {
		switch {
		case all.err == nil:
			r.err = works[i].err
		case len(rs) == 1 || all.panicked != nil || plimsoll.ErrorCode(all.err) == plimsoll.CodeUnavailable:
			r.err = all.err
		default:
			if err := l.together(ctx, rs[i:i+1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// do runs the request's own part, and sends what it left to be sent.
func (r *request) do(ctx context.Context, s *session) {
	defer func() {
		if r.panicked = recover(); r.panicked != nil {
			r.err = fmt.Errorf("panic: %v", r.panicked)
		}
		if r.err != nil {
			s.drop()
			return
		}
		if r.err = s.flush(ctx); r.err != nil && s.db.engine.refused(r.err) {
			r.err = unavailable("write", r.err)
		}
	}()
	if r.err = r.fn(s); r.err != nil && s.db.engine.refused(r.err) {
		r.err = unavailable("write", r.err)
	}
}

// unavailable is the error of a write that the database refused. The caller may
// try again; nothing was acknowledged.
func unavailable(step string, err error) error {
	e := plimsoll.Errorf(plimsoll.CodeUnavailable, "the data could not be written, and nothing was acknowledged; try again, and look at the server's disk or database if it stays so")
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

// Changed returns a channel that is closed after the next commit, of this
// process or, where several share the database, of any.
func (db *DB) Changed() <-chan struct{} {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.changed
}
