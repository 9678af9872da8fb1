package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	"github.com/plimsoll-dev/plimsoll"
)

// Shrink writes the database of a folder anew without the room that deleted rows
// left, and returns its size before and after. No server may work on the folder.
// It needs as much free space as the database takes, and a kill at any time
// leaves the database as it was or as it shall be.
func Shrink(ctx context.Context, dir string) (before, after int64, err error) {
	path := filepath.Join(dir, databaseFile)
	info, err := os.Stat(path)
	if err != nil {
		return 0, 0, plimsoll.Errorf(plimsoll.CodeNotFound, "%s holds no data; name the folder of a server", dir)
	}
	before = info.Size()
	lock, err := lockFolder(dir)
	if err != nil {
		return before, 0, explainOpen(dir, err)
	}
	defer unlock(lock)
	abs, err := filepath.Abs(path)
	if err != nil {
		return before, 0, err
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: abs}).String()+
		"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=fullfsync(ON)&_pragma=checkpoint_fullfsync(ON)")
	if err != nil {
		return before, 0, explainOpen(dir, err)
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, `VACUUM; PRAGMA wal_checkpoint(TRUNCATE)`)
	if err = errors.Join(err, db.Close()); err != nil {
		if ctx.Err() != nil {
			return before, 0, ctx.Err()
		}
		return before, 0, explainOpen(dir, err)
	}
	if info, err = os.Stat(path); err != nil {
		return before, 0, err
	}
	return before, info.Size(), nil
}
