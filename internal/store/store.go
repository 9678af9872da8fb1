// Package store keeps the log, the facts and everything else that must survive,
// and is the only room that speaks SQL. It refuses to know what events mean or
// what is made of them.
//
// One writer commits for everybody: requests that wait together share one
// transaction and one fsync, each behind a savepoint of its own, so that one
// that fails takes no other with it. A request is answered only after the
// commit is on disk (SQLite in WAL mode with synchronous=FULL). Many readers
// work on snapshots beside it.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	_ "modernc.org/sqlite" // the embedded database, in pure Go
)

// Options say where the data is. The zero value of the rest is what a server
// wants.
type Options struct {
	Dir     string           // data folder; made if it does not exist
	Readers int              // snapshots that can be open at once, 4 if zero
	Now     func() time.Time // time.Now if nil

	// Fault is asked at each named dangerous step; an error it returns makes
	// that step fail. Nil in production.
	Fault func(step string) error
}

// DB is an open store. Close it.
type DB struct {
	opt     Options
	path    string // of the database file
	sql     *sql.DB
	lock    *os.File
	writer  *session
	readers chan *session
	opened  int // readers

	walBound int64 // the writer's: size of the log of writes at which it is shortened

	requests chan *request
	done     chan struct{} // closed when the writer has stopped
	closing  chan struct{}
	closed   sync.Once

	mu      sync.Mutex
	changed chan struct{} // closed, and replaced, after each commit
}

// Open opens the store in opt.Dir, making or migrating it as needed. It fails
// with CodeConflict when another process holds the folder or when the data is
// newer than this program.
func Open(ctx context.Context, opt Options) (*DB, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Readers == 0 {
		opt.Readers = 4
	}
	if opt.Fault == nil {
		opt.Fault = func(string) error { return nil }
	}
	if err := os.MkdirAll(opt.Dir, 0o700); err != nil {
		return nil, explainOpen(opt.Dir, err)
	}
	lock, err := lockFolder(opt.Dir)
	if err != nil {
		return nil, explainOpen(opt.Dir, err)
	}
	db := &DB{
		opt: opt, lock: lock, path: filepath.Join(opt.Dir, "plimsoll.db"), walBound: mostWAL,
		readers:  make(chan *session, opt.Readers),
		requests: make(chan *request, 1024),
		done:     make(chan struct{}),
		closing:  make(chan struct{}),
		changed:  make(chan struct{}),
	}
	if err := db.prepare(ctx); err != nil {
		_ = db.release() // the reason is what counts
		return nil, explainOpen(opt.Dir, err)
	}
	go db.write()
	return db, nil
}

func (db *DB) prepare(ctx context.Context) error {
	steps, err := migrations(migrationFiles)
	if err != nil {
		return err
	}
	if err := lookAt(db.path); err != nil {
		return err
	}
	// SQLite opens a file that it may not write to, and would refuse every event.
	if f, err := os.OpenFile(db.path, os.O_RDWR, 0); err == nil {
		if err := f.Close(); err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Nobody writes to it now; beside a server that does, this would be too early.
	if err := lookAtWAL(db.path + "-wal"); err != nil {
		return damage{err}
	}
	if err := db.connect(ctx); err != nil {
		return err
	}
	if err := db.migrate(ctx, steps); err != nil {
		return err
	}
	return db.inspect(ctx)
}

func (db *DB) connect(ctx context.Context) error {
	dir, err := filepath.Abs(db.path)
	if err != nil {
		return err
	}
	// Nobody else writes, so nothing is ever busy, unless somebody looks in
	// with a tool of his own: then we wait for him a while.
	// fullfsync matters on macOS, where a plain fsync leaves the data in the
	// disk's cache. secure_delete overwrites erased names within their page.
	db.sql, err = sql.Open("sqlite", (&url.URL{Scheme: "file", Path: dir}).String()+
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)"+
		"&_pragma=synchronous(FULL)&_pragma=fullfsync(ON)&_pragma=checkpoint_fullfsync(ON)"+
		"&_pragma=foreign_keys(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-16000)&_pragma=secure_delete(FAST)"+
		"&_pragma=journal_size_limit("+strconv.Itoa(keptWAL)+")")
	if err != nil {
		return err
	}
	db.sql.SetMaxOpenConns(db.opt.Readers + 1)
	db.sql.SetMaxIdleConns(db.opt.Readers + 1)
	if db.writer, err = newSession(ctx, db.sql); err != nil {
		return err
	}
	// Each event of an import touches a random page of an index. The cache holds
	// the index of about a million; beyond it every commit reads as it writes.
	if err := db.writer.exec(ctx, `PRAGMA cache_size = -64000; PRAGMA wal_autocheckpoint = `+strconv.Itoa(checkpointPages)); err != nil {
		return err
	}
	for range db.opt.Readers {
		s, err := newSession(ctx, db.sql)
		if err != nil {
			return err
		}
		db.readers <- s
		db.opened++
	}
	return nil
}

// Close waits for the commit and the reads under way, then closes everything;
// requests that wait for the commit after are refused. Calling it again does
// nothing.
func (db *DB) Close() error {
	var err error
	db.closed.Do(func() {
		close(db.closing)
		<-db.done
		err = db.release()
	})
	return err
}

func (db *DB) release() error {
	var errs []error
	if db.sql != nil {
		if db.writer != nil {
			errs = append(errs, db.writer.close())
		}
		for range db.opened {
			errs = append(errs, (<-db.readers).close())
		}
		errs = append(errs, db.sql.Close())
	}
	errs = append(errs, db.lock.Close())
	return errors.Join(errs...)
}

func (db *DB) now() plimsoll.Time { return plimsoll.TimeOf(db.opt.Now()) }

func (db *DB) fault(step string) error {
	if err := db.opt.Fault(step); err != nil {
		return fmt.Errorf("%s: %w", step, err)
	}
	return nil
}
