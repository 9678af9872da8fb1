package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/plimsoll-dev/plimsoll"
)

// session is one connection with its prepared statements.
type session struct {
	db       *DB
	writes   bool
	patience time.Duration // bounds a statement that lies across a network
	conn     *sql.Conn
	stmts    map[string]*sql.Stmt
	used     time.Time // when a transaction was last begun

	// Statements that nobody waits for the answer of, where the database lies
	// across a network: they are sent together with the next that somebody does.
	waiting *pgx.Batch
	kept    int // how many of them stay when a request fails
}

// mostStatements bounds the prepared statements of a session. The filters of
// reads come in some hundred shapes, of which a server uses few.
const mostStatements = 200

// mostWaiting bounds the statements that wait to be sent.
const mostWaiting = 1000

// How long a statement may take that lies across a network. A database that does
// not answer by then is taken for gone; the connection is given up. Whoever
// hands something in hears of it in time to send it again elsewhere.
const (
	patience     = 60 * time.Second
	doorPatience = 20 * time.Second
)

func newSession(ctx context.Context, db *DB, writes bool, patience time.Duration) (*session, error) {
	s := &session{db: db, writes: writes, patience: patience, stmts: map[string]*sql.Stmt{}, waiting: &pgx.Batch{}}
	return s, s.connect(ctx)
}

// bounded bounds a statement where its answer may never come, and ends it when
// the store is given up.
func (s *session) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.db.say.alone {
		return ctx, func() {}
	}
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	stop := context.AfterFunc(s.db.given, cancel)
	return ctx, func() {
		stop()
		cancel()
	}
}

func (s *session) connect(ctx context.Context) (err error) {
	if s.conn, err = s.db.sql.Conn(ctx); err != nil {
		return err
	}
	if err := s.db.engine.ready(ctx, s, s.writes); err != nil {
		return errors.Join(err, s.conn.Close())
	}
	return nil
}

// fresh connects again if the connection has ended. Call it between
// transactions.
func (s *session) fresh(ctx context.Context) error {
	s.waiting = &pgx.Batch{}
	if s.db.say.alone {
		return nil
	}
	idle := time.Since(s.used) > mostIdle
	s.used = time.Now()
	if !s.broken() && (!idle || s.answers(ctx)) {
		return nil
	}
	_ = s.close() // it is gone already
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	return s.connect(ctx)
}

// mostIdle is after how long without a transaction a connection is asked whether
// it is still there: its database may have been started anew, and then the next
// request need not be the one to hear of it.
const mostIdle = time.Second

func (s *session) answers(ctx context.Context) bool {
	const most = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	ctx, end := s.bounded(ctx)
	defer end()
	return s.conn.Raw(func(driver any) error { return driver.(*stdlib.Conn).Conn().Ping(ctx) }) == nil
}

// end ends the transaction under way without a commit. A connection that cannot
// is given up, and what was begun on it with it.
func (s *session) end(ctx context.Context) error {
	s.waiting = &pgx.Batch{}
	if s.db.say.alone {
		_, err := s.run(ctx, `ROLLBACK`)
		return err
	}
	const most = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	_, err := s.run(ctx, `ROLLBACK`)
	if err != nil {
		_ = s.conn.Raw(func(driver any) error { return driver.(*stdlib.Conn).Conn().Close(ctx) })
	}
	return err
}

func (s *session) broken() bool {
	if s.conn == nil { // the last try to connect failed
		return true
	}
	ended := true
	_ = s.conn.Raw(func(driver any) error {
		ended = driver.(*stdlib.Conn).Conn().IsClosed()
		return nil
	})
	return ended
}

func (s *session) close() error {
	if s.conn == nil {
		return nil
	}
	if s.db.say.shared {
		// The last words to a database that may be gone are not waited for.
		const most = time.Second
		_ = s.conn.Raw(func(driver any) error {
			return driver.(*stdlib.Conn).Conn().PgConn().Conn().SetDeadline(time.Now().Add(most))
		})
	}
	err := errors.Join(s.forget(), s.conn.Close())
	if s.db.say.shared {
		return nil // a connection that was cut off has nothing to close, and nothing is lost with it
	}
	return err
}

func (s *session) forget() error {
	var errs []error
	for query, st := range s.stmts {
		errs = append(errs, st.Close())
		delete(s.stmts, query)
	}
	return errors.Join(errs...)
}

// shrink lets go of the prepared statements when they have become many. Call it
// between transactions, when none of them is in use.
func (s *session) shrink() {
	if len(s.stmts) > mostStatements {
		_ = s.forget()
	}
}

// prepared returns the statement for a query that is used again and again.
func (s *session) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := s.stmts[query]; ok {
		return st, nil
	}
	st, err := s.conn.PrepareContext(ctx, s.db.say.spell(query))
	if err != nil {
		return nil, err
	}
	s.stmts[query] = st
	return st, nil
}

// write executes a statement whose answer nobody needs. Where statements are
// pipelined its error comes with that of a later one, of flush at the latest.
func (s *session) write(ctx context.Context, query string, args ...any) error {
	if s.db.say.pipeline {
		s.waiting.Queue(s.db.spelt(query), plain(args)...)
		if s.waiting.Len() < mostWaiting {
			return nil
		}
		return s.flush(ctx)
	}
	_, err := s.run(ctx, query, args...)
	return err
}

// flush sends what waits, and returns the first error of it.
func (s *session) flush(ctx context.Context) error {
	n := s.waiting.Len()
	if n == 0 {
		return nil
	}
	batch := s.waiting
	s.waiting, s.kept = &pgx.Batch{}, 0
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	return s.conn.Raw(func(driver any) error {
		results := driver.(*stdlib.Conn).Conn().SendBatch(ctx, batch)
		for i := range n {
			query := batch.QueuedQueries[i].SQL
			tag, err := results.Exec()
			if err == nil && query == `COMMIT` && tag.String() != `COMMIT` {
				err = errRolledBack
			}
			if err != nil {
				_ = results.Close() // with the same error
				return fmt.Errorf("%s: %w", headOf(query), err)
			}
		}
		return results.Close()
	})
}

// errRolledBack is what PostgreSQL does not call an error: a COMMIT of a
// transaction in which something has failed.
var errRolledBack = errors.New("the database rolled back instead")

// drop forgets the statements of a request that has failed.
func (s *session) drop() {
	s.waiting.QueuedQueries = s.waiting.QueuedQueries[:min(s.kept, s.waiting.Len())]
}

// headOf names a statement in an error by its beginning.
func headOf(query string) string {
	const most = 60
	if len(query) > most {
		return query[:most] + "…"
	}
	return query
}

// run executes a prepared statement and returns how many rows it touched.
func (s *session) run(ctx context.Context, query string, args ...any) (int64, error) {
	if err := s.flush(ctx); err != nil {
		return 0, err
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	st, err := s.prepared(ctx, query)
	if err != nil {
		return 0, err
	}
	res, err := st.ExecContext(ctx, plain(args)...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// query asks a prepared question. Close the rows.
func (s *session) query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := s.flush(ctx); err != nil {
		return nil, err
	}
	st, err := s.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, plain(args)...)
}

// exec executes statements that are not used again.
func (s *session) exec(ctx context.Context, query string, args ...any) error {
	if err := s.flush(ctx); err != nil {
		return err
	}
	if len(args) > 0 {
		query = s.db.say.spell(query)
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	_, err := s.conn.ExecContext(ctx, query, plain(args)...)
	return err
}

// row asks a question for one row that is not asked again.
func (s *session) row(ctx context.Context, query string, args ...any) row {
	ctx, cancel := s.bounded(ctx)
	return row{s.conn.QueryRowContext(ctx, s.db.say.spell(query), plain(args)...), cancel}
}

// row is an answer that must be scanned.
type row struct {
	*sql.Row
	scanned context.CancelFunc
}

func (r row) Scan(dest ...any) error {
	defer r.scanned()
	return r.Row.Scan(dest...)
}

// plain turns arguments into what both databases keep: flags and times are
// integers.
func plain(args []any) []any {
	for i, a := range args {
		switch a := a.(type) {
		case bool:
			args[i] = int64(0)
			if a {
				args[i] = int64(1)
			}
		case plimsoll.Time:
			args[i] = int64(a)
		}
	}
	return args
}
