package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"modernc.org/sqlite" // the embedded database, in pure Go
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/sqlite/*.sql
var sqliteFiles embed.FS

// sqliteEngine keeps the data in a folder that one process holds, in WAL mode
// with synchronous=FULL.
type sqliteEngine struct {
	dir      string
	path     string // of the database file
	lock     *os.File
	walBound int64 // size of the log of writes at which it is shortened
}

var sqliteDialect = dialect{
	beginWrite: `BEGIN IMMEDIATE`,
	beginRead:  `BEGIN`,
	schema:     `SELECT m.name, p.name FROM sqlite_schema m, pragma_table_info(m.name) p WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY 1, 2`,
	clock:      `CAST(unixepoch('subsec') * 1000000 AS BIGINT)`,
	alone:      true,
	spell:      func(query string) string { return query },
}

func newSQLite(dir string) *sqliteEngine {
	return &sqliteEngine{dir: dir, path: filepath.Join(dir, databaseFile), walBound: mostWAL}
}

func (e *sqliteEngine) dialect() *dialect { return &sqliteDialect }

func (e *sqliteEngine) migrations() fs.FS { return below(sqliteFiles, "migrations/sqlite") }

// below is a folder of a file system. That it is there was decided when the
// program was built.
func below(files fs.FS, dir string) fs.FS {
	sub, err := fs.Sub(files, dir)
	if err != nil {
		panic(err)
	}
	return sub
}

func (e *sqliteEngine) open(context.Context) (*sql.DB, error) {
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := lockFolder(e.dir)
	if err != nil {
		return nil, err
	}
	e.lock = lock
	if err := lookAt(e.path); err != nil {
		return nil, err
	}
	// SQLite opens a file that it may not write to, and would refuse every event.
	if f, err := os.OpenFile(e.path, os.O_RDWR, 0); err == nil {
		if err := f.Close(); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	// Nobody writes to it now; beside a server that does, this would be too early.
	if err := lookAtWAL(e.path + "-wal"); err != nil {
		return nil, damage{err}
	}
	path, err := filepath.Abs(e.path)
	if err != nil {
		return nil, err
	}
	// Nobody else writes, so nothing is ever busy, unless somebody looks in
	// with a tool of his own: then we wait for him a while.
	// fullfsync matters on macOS, where a plain fsync leaves the data in the
	// disk's cache. secure_delete overwrites erased names within their page.
	return sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path}).String()+
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)"+
		"&_pragma=synchronous(FULL)&_pragma=fullfsync(ON)&_pragma=checkpoint_fullfsync(ON)"+
		"&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-16000)&_pragma=secure_delete(FAST)"+
		"&_pragma=journal_size_limit("+strconv.Itoa(keptWAL)+")")
}

func (e *sqliteEngine) ready(ctx context.Context, s *session, writes bool) error {
	if !writes {
		return nil
	}
	// Each event of an import touches a random page of an index. The cache holds
	// the index of about a million; beyond it every commit reads as it writes.
	return s.exec(ctx, `PRAGMA cache_size = -64000; PRAGMA wal_autocheckpoint = `+strconv.Itoa(checkpointPages))
}

// inspect compares the end of each log with its counter, and its last events
// with their hashes, which finds a database put back beside the writes of
// another day. By now SQLite has refused a file
// that is none of its own or shorter than its header says, and has left out an
// unfinished commit at the end. A check of every page takes seconds where a
// start may take a tenth of one; check finds the rest, and the verification of a
// backup what check does not.
func (e *sqliteEngine) inspect(ctx context.Context, s *session) error { return endsOfLogs(ctx, s) }

func (e *sqliteEngine) check(ctx context.Context, s *session) error {
	var found string
	if err := s.row(ctx, `PRAGMA integrity_check(1)`).Scan(&found); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if found == "ok" {
		return nil
	}
	return errors.New(strings.Join(strings.Fields(found), " "))
}

func (e *sqliteEngine) explain(err error) error {
	var known *plimsoll.Error
	if errors.As(err, &known) {
		return err
	}
	known = plimsoll.Errorf(plimsoll.CodeUnavailable, "the data folder %s cannot be opened; %s", e.dir, remedy(e.dir, err))
	known.Cause = err
	return known
}

func (e *sqliteEngine) refused(err error) bool {
	var refused *sqlite.Error
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code() & 0xff {
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
		sqlite3.SQLITE_BUSY, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return true
	}
	return false
}

func (e *sqliteEngine) unfit(err error) bool {
	var refused *sqlite.Error
	if !errors.As(err, &refused) {
		return false
	}
	switch refused.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE:
		return true
	}
	return false
}

func (e *sqliteEngine) bytes() (database, wal int64) { return sizeOf(e.path), sizeOf(e.path + "-wal") }

func (e *sqliteEngine) examinations() []examination { return ofSQLite }

func (e *sqliteEngine) tidy(db *DB) { e.shortenLog(db) }

func (e *sqliteEngine) announce(url string) error {
	return writeHolder(e.lock, fmt.Sprintf("process %d at %s", os.Getpid(), url))
}

func (e *sqliteEngine) close() error {
	if e.lock == nil {
		return nil
	}
	return e.lock.Close()
}
