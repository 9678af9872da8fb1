package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Org is the store of one organisation.
type Org struct {
	db *DB
	id int64
}

// Org returns the organisation of that name, making it if it is new.
func (db *DB) Org(ctx context.Context, name string) (*Org, error) {
	o := &Org{db: db}
	err := db.door.submit(ctx, func(s *session) error {
		if err := s.exec(ctx, `INSERT INTO orgs (name) VALUES (?) ON CONFLICT (name) DO NOTHING`, name); err != nil {
			return err
		}
		return s.row(ctx, `SELECT id FROM orgs WHERE name = ?`, name).Scan(&o.id)
	})
	if err != nil {
		return nil, fmt.Errorf("organisation %s: %w", name, err)
	}
	return o, nil
}

// Tx reads one snapshot of an organisation, and in Update also writes. It must
// not be used after the function it was given to has returned.
type Tx struct {
	ctx context.Context
	s   *session
	db  *DB
	org int64
	now plimsoll.Time // the same for every row of a transaction

	asOf int64 // facts are read as of this event; 0 as they are, nothing before all
}

// View runs fn on a snapshot that no later write changes.
func (o *Org) View(ctx context.Context, fn func(tx *Tx) error) (err error) {
	s, err := o.db.reader(ctx)
	if err != nil {
		return err
	}
	defer func() { o.db.readers <- s }()
	// A BEGIN that were cut short would leave the session in a state that
	// nobody knows. Across a network the connection ends with it.
	begin, uncut := ctx, context.WithoutCancel(ctx)
	if o.db.say.alone {
		begin = uncut
	}
	if err := s.fresh(begin); err != nil {
		return o.db.unreadable(err)
	}
	defer func() {
		// Whose connection was lost has nothing to roll back.
		if e := s.end(uncut); err == nil && e != nil {
			err = o.db.unreadable(e)
		}
		if err == nil {
			o.db.watching.read()
		}
		s.shrink()
	}()
	if _, err := s.run(begin, o.db.say.beginRead); err != nil {
		return o.db.unreadable(err)
	}
	if err = fn(o.tx(ctx, s)); err != nil && ctx.Err() == nil && o.db.engine.refused(err) {
		err = o.db.unreadable(err)
	}
	return err
}

// unreadable is the error of a read that the database refused.
func (db *DB) unreadable(err error) error {
	if db.say.alone {
		return fmt.Errorf("read: %w", err)
	}
	e := plimsoll.Errorf(plimsoll.CodeUnavailable, "the database cannot be read now; try again, and look at the database server if it stays so")
	e.Cause = fmt.Errorf("read: %w", err)
	return e
}

// reader waits until a snapshot can be opened.
func (db *DB) reader(ctx context.Context) (*session, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if e := db.outgrown.Load(); e != nil {
		return nil, e
	}
	select {
	case <-db.closing:
		return nil, errClosed
	default:
	}
	began := time.Now()
	select {
	case s := <-db.readers:
		if db.opt.Watch.Read != nil {
			db.opt.Watch.Read(time.Since(began))
		}
		return s, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-db.closing:
		return nil, errClosed
	}
}

// Update runs fn in the writer's transaction and returns when it is durable.
// When fn fails nothing of it remains. fn may run only once, but the error of
// a commit leaves open whether it took effect.
func (o *Org) Update(ctx context.Context, fn func(tx *Tx) error) error {
	return o.submit(ctx, o.db.door, fn)
}

func (o *Org) submit(ctx context.Context, l *lane, fn func(tx *Tx) error) error {
	return l.submit(ctx, func(s *session) error {
		// A statement that is interrupted takes the whole transaction with it,
		// and with that the work of others: once begun, it runs to its end.
		return fn(o.tx(context.WithoutCancel(ctx), s))
	})
}

func (o *Org) tx(ctx context.Context, s *session) *Tx {
	return &Tx{ctx: ctx, s: s, db: o.db, org: o.id, now: o.db.now()}
}

// Fault asks the fault hook about a step of the caller's.
func (tx *Tx) Fault(step string) error { return tx.db.fault(step) }

// exec runs a prepared statement and returns how many rows it touched.
func (tx *Tx) exec(query string, args ...any) (int64, error) { return tx.s.run(tx.ctx, query, args...) }

// write runs a prepared statement whose answer nobody needs. Its error may come
// with a later statement of the transaction, and at the latest with its end.
func (tx *Tx) write(query string, args ...any) error { return tx.s.write(tx.ctx, query, args...) }

// each runs a query and hands every row to scan.
func (tx *Tx) each(query string, args []any, scan func(rows *sql.Rows) error) error {
	ctx, cancel := tx.s.bounded(tx.ctx)
	defer cancel()
	rows, err := tx.s.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one runs a query for at most one row; it reports false when there is none.
func (tx *Tx) one(query string, args []any, dest ...any) (bool, error) {
	ctx, cancel := tx.s.bounded(tx.ctx)
	defer cancel()
	if err := tx.s.flush(ctx); err != nil {
		return false, err
	}
	st, err := tx.s.prepared(ctx, query)
	if err != nil {
		return false, err
	}
	err = st.QueryRowContext(ctx, plain(args)...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

func (tx *Tx) args(more ...any) []any { return append([]any{tx.org}, more...) }
