package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Beside reads the data of a folder while a server works on it, or while none
// does. It takes no lock and writes nothing: SQLite gives every process that
// opens the file its own snapshot, and the writer goes on beside it. What it
// costs the writer is that the log of writes is not begun anew meanwhile.
type Beside struct {
	db   *DB
	open bool // it is a whole store of ours, not only a reader
}

// OpenToRead opens a database for reading: a folder as OpenBeside does, one that
// several servers share as one of them.
func OpenToRead(ctx context.Context, dir, database string) (*Beside, error) {
	if database == "" {
		return OpenBeside(ctx, dir)
	}
	db, err := Open(ctx, Options{Database: database, Readers: 1})
	if err != nil {
		return nil, err
	}
	return &Beside{db: db, open: true}, nil
}

// OpenBeside opens the data of a folder for reading. It fails with
// CodeNotFound when there is none, and with CodeConflict when it is newer than
// this program.
func OpenBeside(ctx context.Context, dir string) (*Beside, error) {
	path := filepath.Join(dir, databaseFile)
	if info, err := os.Stat(path); errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil, plimsoll.Errorf(plimsoll.CodeNotFound, "%s holds no data; name the folder of a server", dir)
	} else if err != nil {
		return nil, explainOpen(dir, err)
	}
	b, err := openFile(ctx, path, "mode=ro&_pragma=busy_timeout(10000)")
	if err != nil {
		return nil, explainOpen(dir, err)
	}
	return b, nil
}

// databaseFile is the name of the database in a data folder.
const databaseFile = "plimsoll.db"

// openFile opens a database for reading.
func openFile(ctx context.Context, path, options string) (_ *Beside, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	e := newSQLite(filepath.Dir(path))
	e.path = path
	db := newDB(Options{Dir: e.dir, Readers: 1, Now: time.Now, Fault: func(string) error { return nil }}, e)
	if db.sql, err = sql.Open("sqlite", (&url.URL{Scheme: "file", Path: abs}).String()+"?"+options); err != nil {
		return nil, err
	}
	b := &Beside{db: db}
	s, err := newSession(ctx, db, false, patience)
	if err != nil {
		return nil, errors.Join(err, db.sql.Close())
	}
	db.readers <- s
	if _, err := b.schema(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

// Close ends the reading.
func (b *Beside) Close() error {
	if b.open {
		return b.db.Close()
	}
	return errors.Join((<-b.db.readers).close(), b.db.sql.Close())
}

// View runs fn on a snapshot of an organisation that no later write changes.
func (b *Beside) View(ctx context.Context, org string, fn func(tx *Tx) error) error {
	s, err := b.db.reader(ctx)
	if err != nil {
		return err
	}
	o := &Org{db: b.db}
	err = s.row(ctx, `SELECT id FROM orgs WHERE name = ?`, org).Scan(&o.id)
	b.db.readers <- s
	if errors.Is(err, sql.ErrNoRows) {
		return plimsoll.Errorf(plimsoll.CodeNotFound, "the data knows no organisation %q", org)
	} else if err != nil {
		return err
	}
	return o.View(ctx, fn)
}

// with lends the one session.
func (b *Beside) with(ctx context.Context, fn func(s *session) error) error {
	s, err := b.db.reader(ctx)
	if err != nil {
		return err
	}
	defer func() { b.db.readers <- s }()
	return fn(s)
}

// schema returns how many steps of the schema the data has gone through.
func (b *Beside) schema(ctx context.Context) (have int, err error) {
	steps, err := migrations(b.db.engine.migrations())
	if err != nil {
		return 0, err
	}
	err = b.with(ctx, func(s *session) error {
		have, err = applied(ctx, s, steps)
		return err
	})
	return have, err
}

// Secret returns a generated secret, nil when it was never asked for.
func (b *Beside) Secret(ctx context.Context, name string) (value []byte, err error) {
	err = b.with(ctx, func(s *session) error {
		err := s.row(ctx, `SELECT value FROM secrets WHERE name = ?`, name).Scan(&value)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	return value, nil
}
