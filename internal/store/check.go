package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

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

// endsOfLogs compares the end of each log with its counter.
func endsOfLogs(ctx context.Context, s *session) error {
	var org string
	var counted, found int64
	err := s.row(ctx, `SELECT name, value, found FROM (
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
