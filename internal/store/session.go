package store

import (
	"context"
	"database/sql"
	"errors"
)

// session is one connection with its prepared statements.
type session struct {
	conn  *sql.Conn
	stmts map[string]*sql.Stmt
}

// mostStatements bounds the prepared statements of a session. The filters of
// reads come in some hundred shapes, of which a server uses few.
const mostStatements = 200

func newSession(ctx context.Context, db *sql.DB) (*session, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &session{conn: conn, stmts: map[string]*sql.Stmt{}}, nil
}

func (s *session) close() error {
	return errors.Join(s.forget(), s.conn.Close())
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
	st, err := s.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s.stmts[query] = st
	return st, nil
}

// run executes a prepared statement.
func (s *session) run(ctx context.Context, query string, args ...any) error {
	st, err := s.prepared(ctx, query)
	if err != nil {
		return err
	}
	_, err = st.ExecContext(ctx, args...)
	return err
}

// exec executes statements that are not used again.
func (s *session) exec(ctx context.Context, query string, args ...any) error {
	_, err := s.conn.ExecContext(ctx, query, args...)
	return err
}

func (s *session) row(ctx context.Context, query string, args ...any) *sql.Row {
	return s.conn.QueryRowContext(ctx, query, args...)
}
