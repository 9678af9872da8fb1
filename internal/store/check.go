package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// explainOpen says what to do about a store that does not open.
func explainOpen(dir string, err error) error {
	var e *plimsoll.Error
	if errors.As(err, &e) {
		return err
	}
	e = plimsoll.Errorf(plimsoll.CodeUnavailable,
		"the data folder %s cannot be opened; check free space and permissions, and if the database is damaged restore a backup", dir)
	e.Cause = err
	return e
}

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
	if data == 0 && writes > 0 {
		return fmt.Errorf("%s-wal is there, but %s is missing or empty: the folder was copied in part", path, path)
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
		return fmt.Errorf("%s is not a database: its first %d bytes are not those of one", path, n)
	}
	page := int64(binary.BigEndian.Uint16(head[16:]))
	if page == 1 {
		page = 1 << 16
	}
	// While there are writes to be copied into it, its end may be under way.
	if writes == 0 && page > 0 && data%page != 0 {
		return fmt.Errorf("%s is cut off: %d bytes are no whole number of pages", path, data)
	}
	return nil
}

// inspect looks for damage in a time that does not grow with the data; a check
// of every page takes seconds where a start may take a tenth of one. By now
// SQLite has refused a file that is none of its own or shorter than its header
// says, and has left out an unfinished commit at the end. What is compared here
// is the end of each log with its counter, which finds a database put back
// beside the writes of another day. Check finds the rest.
func (db *DB) inspect(ctx context.Context) error {
	var org string
	var counted, found int64
	err := db.writer.row(ctx, `SELECT name, value, found FROM (
		SELECT o.name, c.value, (SELECT coalesce(max(e.seq), 0) FROM events e WHERE e.org = c.org) AS found
		FROM counters c JOIN orgs o ON o.id = c.org WHERE c.name = 'log') x WHERE value <> found LIMIT 1`).Scan(&org, &counted, &found)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("the log of organisation %s ends at event %d and should end at %d", org, found, counted)
}

// Check reads every page and every index of the database and compares them:
// for whoever suspects the disk, or made a copy. It takes about a second per
// 300 MB and holds up nobody.
func (db *DB) Check(ctx context.Context) error {
	s, err := db.reader(ctx)
	if err != nil {
		return err
	}
	defer func() { db.readers <- s }()
	var found string
	if err := s.row(ctx, `PRAGMA integrity_check(1)`).Scan(&found); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	if found != "ok" {
		e := plimsoll.Errorf(plimsoll.CodeUnavailable, "the database is damaged; stop the server and restore a backup")
		e.Cause = fmt.Errorf("check: %s", strings.Join(strings.Fields(found), " "))
		return e
	}
	return nil
}
