package store

import (
	"context"
	"database/sql"
	"io/fs"
)

// engine is one of the databases that a store can stand on. It holds what they
// do differently; everything else of this package is written once, in SQL that
// both understand.
type engine interface {
	// open takes what guards the data, and connects.
	open(ctx context.Context) (*sql.DB, error)
	// ready makes a new connection what a reader, or the writer, needs.
	ready(ctx context.Context, s *session, writes bool) error
	// migrations are the numbered steps of the schema, in a folder named migrations.
	migrations() fs.FS
	// inspect looks for damage, in a time that does not grow with the data.
	inspect(ctx context.Context, s *session) error
	// check looks for damage everywhere.
	check(ctx context.Context, s *session) error
	// explain says what to do about a store that does not open.
	explain(err error) error
	// refused reports whether the database could not do what was asked for,
	// through no fault of the one who asked.
	refused(err error) bool
	// unfit reports whether the database took offence at what a statement wrote:
	// tried again it will again.
	unfit(err error) bool
	// tidy runs between two commits, on the goroutine that writes.
	tidy(db *DB)
	// bytes are the sizes of the files on this machine, 0 where there are none.
	bytes() (database, wal int64)
	// examinations are those that only this database needs.
	examinations() []examination
	// announce tells whoever cannot open the data how its holder can be reached.
	announce(url string) error
	// close lets go of what guards the data.
	close() error

	dialect() *dialect
}

// dialect is how a database is spoken to.
type dialect struct {
	beginWrite, beginRead string
	schema                string // reads one row for each column of each table of ours: table, column
	lockSchema            string // keeps others from migrating until the commit; "" when nobody else can
	unhurried             string // lets a step of the schema take longer than other statements
	clock                 string // microseconds since 1970 by the clock that all processes share
	alone                 bool   // no other process has the data open
	shared                bool   // others commit too, unheard by us
	spell                 func(query string) string
	pipeline              bool // statements without an answer are sent together
	arrays                bool // rows are inserted as one array a column
}
