// Package store keeps the log, the facts and everything else that must survive,
// and is the only room that speaks SQL. It refuses to know what events mean or
// what is made of them.
//
// It stands on SQLite, in a folder of this process alone, or on PostgreSQL,
// which several processes may share. One writer commits for everybody in a
// process: requests that wait together share one transaction and one fsync, each
// behind a savepoint of its own, so that one that fails takes no other with it.
// A request is answered only after the commit is on disk. Many readers work on
// snapshots beside it.
package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Options say where the data is. The zero value of the rest is what a server
// wants.
type Options struct {
	Dir      string           // data folder of SQLite; made if it does not exist
	Database string           // postgres://… instead of a folder
	Readers  int              // snapshots that can be open at once, 4 if zero
	Now      func() time.Time // time.Now if nil

	// Fault is asked at each named dangerous step; an error it returns makes
	// that step fail. Nil in production.
	Fault func(step string) error

	Watch Watch // hears of what is done; the zero value hears nothing
}

// DB is an open store. Close it.
type DB struct {
	opt     Options
	engine  engine
	say     *dialect
	sql     *sql.DB
	door    *lane // for whoever adds to the log
	facts   *lane // for whoever makes facts of it; with one lane the same
	readers chan *session
	opened  int // readers
	knows   int // steps of the schema
	holder  string

	closing chan struct{}
	closed  sync.Once
	watched sync.WaitGroup
	given   context.Context // ends when the end does not wait any longer for what is under way
	giveUp  context.CancelFunc

	outgrown atomic.Pointer[plimsoll.Error] // why nothing is read and written any more

	watching watching // what the writer says of itself

	mu      sync.Mutex
	changed chan struct{} // closed, and replaced, after each commit
	spelled sync.Map      // statements in the words of the database
}

// Open opens the store, making or migrating it as needed. It fails with
// CodeConflict when another process holds the folder or when the data is newer
// than this program.
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
	e, err := engineOf(opt)
	if err != nil {
		return nil, err
	}
	return openOn(ctx, opt, e)
}

func openOn(ctx context.Context, opt Options, e engine) (*DB, error) {
	db := newDB(opt, e)
	if err := db.prepare(ctx); err != nil {
		_ = db.release() // the reason is what counts
		return nil, e.explain(err)
	}
	go db.door.work()
	if db.facts != db.door {
		go db.facts.work()
	}
	if db.say.shared {
		db.watched.Go(db.watch)
		db.watched.Go(db.watchSchema)
	}
	return db, nil
}

func newDB(opt Options, e engine) *DB {
	given, giveUp := context.WithCancel(context.Background())
	return &DB{
		given: given, giveUp: giveUp,
		opt: opt, engine: e, say: e.dialect(), holder: rand.Text(),
		readers: make(chan *session, opt.Readers),
		closing: make(chan struct{}),
		changed: make(chan struct{}),
	}
}

func engineOf(opt Options) (engine, error) {
	switch {
	case opt.Database != "":
		return newPostgres(opt.Database)
	case opt.Dir != "":
		return newSQLite(opt.Dir), nil
	}
	return nil, plimsoll.Errorf(plimsoll.CodeInvalid, "the store has neither a data folder nor a database")
}

func (db *DB) prepare(ctx context.Context) error {
	steps, err := migrations(db.engine.migrations())
	if err != nil {
		return err
	}
	if err := db.connect(ctx); err != nil {
		return err
	}
	if err := db.migrate(ctx, steps); err != nil {
		return err
	}
	return db.engine.inspect(ctx, db.door.s)
}

// connect opens the connections.
func (db *DB) connect(ctx context.Context) (err error) {
	if db.sql, err = db.engine.open(ctx); err != nil {
		return err
	}
	lanes := 1
	if db.say.shared {
		lanes = 2
	}
	db.sql.SetMaxOpenConns(db.opt.Readers + lanes)
	db.sql.SetMaxIdleConns(db.opt.Readers + lanes)
	if db.door, err = newLane(ctx, db, doorPatience); err != nil {
		return err
	}
	db.facts = db.door
	if lanes == 2 {
		if db.facts, err = newLane(ctx, db, patience); err != nil {
			return err
		}
	}
	for range db.opt.Readers {
		s, err := newSession(ctx, db, false, patience)
		if err != nil {
			return err
		}
		db.readers <- s
		db.opened++
	}
	return nil
}

// Close waits for the commit and the reads under way, then closes everything;
// requests that wait for the commit after are refused. For a database that does
// not answer it waits some seconds. Calling it again does nothing.
func (db *DB) Close() error {
	var err error
	db.closed.Do(func() {
		close(db.closing)
		if db.say.shared {
			defer time.AfterFunc(closeTimeout, db.giveUp).Stop()
		}
		<-db.door.done
		if db.facts != db.door {
			<-db.facts.done
		}
		db.watched.Wait()
		db.endLeases()
		err = db.release()
	})
	return err
}

// closeTimeout bounds the wait for a database across a network.
const closeTimeout = 5 * time.Second

func (db *DB) release() error {
	defer db.giveUp()
	var errs []error
	if db.sql != nil {
		if db.door != nil {
			errs = append(errs, db.door.s.close())
		}
		if db.facts != nil && db.facts != db.door {
			errs = append(errs, db.facts.s.close())
		}
		for range db.opened {
			errs = append(errs, (<-db.readers).close())
		}
		errs = append(errs, db.sql.Close())
	}
	errs = append(errs, db.engine.close())
	return errors.Join(errs...)
}

// between is how often whoever waits for a change looks whether another process
// has committed one.
const between = 200 * time.Millisecond

// watch wakes whoever waits for a commit of another process. Nothing tells us of
// those, so everybody looks now and then: it is a few reads by key.
func (db *DB) watch() {
	tick := time.NewTicker(between)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			db.publish()
		case <-db.closing:
			return
		}
	}
}

// Announce tells whoever finds the data folder taken how its holder can be
// reached.
func (db *DB) Announce(url string) error { return db.engine.announce(url) }

// Check reads every page and every index of the database and compares them, as
// far as the database lets us, and every event with its hash: for whoever
// suspects the disk, or made a copy. On SQLite it takes about a second per 300 MB
// and per 90,000 events; it holds up nobody.
func (db *DB) Check(ctx context.Context) error {
	s, err := db.reader(ctx)
	if err != nil {
		return err
	}
	defer func() { db.readers <- s }()
	if err := s.fresh(ctx); err != nil {
		return db.unreadable(err)
	}
	// One snapshot: what is appended meanwhile is not compared with a counter
	// of before.
	if err := s.exec(ctx, db.say.beginRead); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	defer func() { _ = s.exec(context.WithoutCancel(ctx), `ROLLBACK`) }()
	found := db.engine.check(ctx, s)
	if found == nil {
		_, _, found = verifyLogs(ctx, s)
	}
	if found == nil || ctx.Err() != nil {
		return found
	}
	e := plimsoll.Errorf(plimsoll.CodeUnavailable, "the database is damaged; stop the server and restore a backup")
	e.Cause = fmt.Errorf("check: %w", found)
	return e
}

// Shared reports whether other processes may have the data open too.
func (db *DB) Shared() bool { return db.say.shared }

// Unfit reports whether an error of a write came from what it wrote, so that it
// will come again however often that is tried.
func (db *DB) Unfit(err error) bool { return db.engine.unfit(err) }

// spelt is a statement in the words of the database.
func (db *DB) spelt(query string) string {
	if text, ok := db.spelled.Load(query); ok {
		return text.(string)
	}
	text := db.say.spell(query)
	db.spelled.Store(query, text)
	return text
}

func (db *DB) now() plimsoll.Time { return plimsoll.TimeOf(db.opt.Now()) }

func (db *DB) fault(step string) error {
	if err := db.opt.Fault(step); err != nil {
		return fmt.Errorf("%s: %w", step, err)
	}
	return nil
}
