package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// explainOpen says what to do about a data folder that does not open.
func explainOpen(dir string, err error) error { return newSQLite(dir).explain(err) }

// remedy is what a person can do about an error of the disk or the database.
func remedy(dir string, err error) string {
	damaged := "the database is damaged: delete nothing, restore a backup with plimsoll restore FILE --force --data " + dir + ", which keeps what is there"
	var refused *sqlite.Error
	if errors.As(err, &refused) {
		switch refused.Code() & 0xff {
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return damaged
		case sqlite3.SQLITE_FULL:
			return "the disk is full: free some space and start again, nothing is lost"
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
			return fmt.Sprintf("user %d must be able to write in it: check its owner, its permissions and whether the disk is mounted read-only", os.Getuid())
		case sqlite3.SQLITE_IOERR:
			return "the disk failed or is full: look at free space and at the system's log before anything else, and copy the folder away if the disk is failing"
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return "another program holds the database: end it, and start again"
		}
	}
	switch {
	case errors.Is(err, errDamaged):
		return damaged
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Sprintf("user %d must be able to write in it: check its owner, its permissions and whether the disk is mounted read-only", os.Getuid())
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "the disk is full: free some space and start again, nothing is lost"
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.EEXIST):
		return "something else stands where it belongs: move that away, or name another folder"
	}
	return "check free space and permissions, and if the database is damaged restore a backup"
}

// errDamaged marks what only a backup mends.
var errDamaged = errors.New("damaged")

// damage is an error of a database whose content is not what it was.
type damage struct{ error }

func (damage) Is(target error) bool { return target == errDamaged }

func damagef(format string, args ...any) error { return damage{fmt.Errorf(format, args...)} }

// lookAt refuses what SQLite would take for an empty database and begin anew,
// and a file whose end is missing.
func lookAt(path string) error {
	size := func(path string) int64 {
		info, err := os.Stat(path)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	data, writes := size(path), size(path+"-wal")
	if _, err := os.Lstat(path + restoringSuffix); err == nil && data == 0 {
		return fmt.Errorf("a restore was begun and did not end; run plimsoll restore again, with --force")
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s: %w", path, syscall.EISDIR)
	}
	if data == 0 && size(filepath.Join(filepath.Dir(path), "cells.snapshot")) > 0 {
		return damagef("%s is missing or empty, and cells.snapshot says that there was data; to begin anew, move cells.snapshot away", path)
	}
	if data == 0 && writes > 0 {
		return damagef("%s-wal is there, but %s is missing or empty: the folder was copied in part", path, path)
	}
	if data == 0 || size(path+"-journal") > 0 { // new, or its first page was under way
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	const magic = "SQLite format 3\x00"
	head := make([]byte, 18)
	if n, err := io.ReadFull(f, head); err != nil || string(head[:len(magic)]) != magic {
		return damagef("%s is not a database: its first %d bytes are not those of one", path, n)
	}
	page := int64(binary.BigEndian.Uint16(head[16:]))
	if page == 1 {
		page = 1 << 16
	}
	// While there are writes to be copied into it, its end may be under way.
	if writes == 0 && page > 0 && data%page != 0 {
		return damagef("%s is cut off: %d bytes are no whole number of pages", path, data)
	}
	return nil
}

// endsOfLogs compares the end of each log with its counter, and its last events
// with their hashes.
func endsOfLogs(ctx context.Context, s *session) error {
	var org string
	var counted, found int64
	err := s.row(ctx, `SELECT name, value, found FROM (
		SELECT o.name, c.value, (SELECT coalesce(max(e.seq), 0) FROM events e WHERE e.org = c.org) AS found
		FROM counters c JOIN orgs o ON o.id = c.org WHERE c.name = 'log') x WHERE value <> found LIMIT 1`).Scan(&org, &counted, &found)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return inspectTails(ctx, s)
	case err != nil:
		return err
	}
	return damagef("the log of organisation %s ends at event %d and should end at %d", org, found, counted)
}
