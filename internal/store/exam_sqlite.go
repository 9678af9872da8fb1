package store

import (
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// ofSQLite are the examinations of the files of the embedded database.
var ofSQLite = []examination{
	{"integrity", true, (*patient).integrity},
	{"log of writes", false, (*patient).wal},
	{"disk", false, (*patient).disk},
	{"permissions", false, (*patient).permissions},
	{"in use", false, (*patient).holder},
	{"size", true, (*patient).sizes},
}

// integrity reads every page and every index and compares them.
func (p *patient) integrity() ([]plimsoll.Finding, error) {
	var found string
	if err := p.s.row(p.ctx, `PRAGMA integrity_check(1)`).Scan(&found); err != nil {
		return nil, err
	}
	if found != "ok" {
		return faulty("stop the server, keep a copy of the folder, and restore a backup", "damaged: %s", plimsoll.OneLine(found, 300)), nil
	}
	return fine("every page and every index agree"), nil
}

// wal looks at the size of SQLite's log of writes.
func (p *patient) wal() ([]plimsoll.Finding, error) {
	size := sizeOf(p.path + "-wal")
	if size > 4*mostWAL {
		return warned("somebody reads without an end: look for a tool that has the database open, or restart the server",
			"%s, and it is shortened from %s on", bytesText(size), bytesText(mostWAL)), nil
	}
	return fine("%s", bytesText(size)), nil
}

// Free space below which somebody should look, or must.
const (
	fewFree = 1 << 30
	noFree  = 256 << 20
)

func (p *patient) disk() ([]plimsoll.Finding, error) {
	free, total, err := diskOf(p.dir)
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("%s of %s are free", bytesText(free), bytesText(total))
	const advice = "make room, or move the folder while the server is stopped: a full disk refuses every delivery"
	switch {
	case free < noFree:
		return faulty(advice, "%s", text), nil
	case free < fewFree || free < total/20:
		return warned(advice, "%s", text), nil
	}
	return fine("%s", text), nil
}

// permissions looks at who else can read or write the data, which holds names of
// persons and the secrets of the organisation.
func (p *patient) permissions() ([]plimsoll.Finding, error) {
	info, err := os.Stat(p.dir)
	if err != nil {
		return nil, err
	}
	mode := info.Mode().Perm()
	advice := "chmod 700 " + p.dir
	switch {
	case mode&0o022 != 0:
		return faulty(advice, "others can write into %s (%#o)", p.dir, mode), nil
	case mode&0o055 == 0:
		return fine("only its owner can open the folder (%#o)", mode), nil
	}
	// Others get in: then the files must keep to themselves.
	list, err := os.ReadDir(p.dir)
	if err != nil {
		return nil, err
	}
	for _, f := range list {
		info, err := f.Info()
		if err != nil {
			continue // it went away meanwhile
		}
		switch mode := info.Mode().Perm(); {
		case mode&0o022 != 0:
			return faulty(advice, "others can write %s (%#o)", f.Name(), mode), nil
		case strings.HasPrefix(f.Name(), "plimsoll.db") && mode&0o044 != 0:
			return warned(advice, "others can read %s (%#o)", f.Name(), mode), nil
		}
	}
	return fine("others can see the folder (%#o), and read no data", mode), nil
}

// holder says whether a server works on the folder.
func (p *patient) holder() ([]plimsoll.Finding, error) {
	f, err := os.Open(filepath.Join(p.dir, "lock"))
	if err != nil {
		return fine("no server has used it yet"), nil
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 200))
	if err != nil {
		return nil, err
	}
	held, err := locked(f)
	if err != nil {
		return nil, err
	}
	if !held {
		return fine("no server works on it"), nil
	}
	return fine("by %s", plimsoll.OneLine(string(text), 100)), nil
}

// mostTables bounds the tables that are named.
const mostTables = 10

// sizes says what takes how much room, tables and indexes together.
func (p *patient) sizes() ([]plimsoll.Finding, error) {
	rows, err := p.s.conn.QueryContext(p.ctx, `SELECT m.tbl_name, sum(d.pgsize) AS size FROM dbstat d JOIN sqlite_schema m ON m.name = d.name
		WHERE d.aggregate = TRUE GROUP BY m.tbl_name ORDER BY size DESC, m.tbl_name`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	return sizesOf(rows)
}

// sizesOf reads names and bytes, the largest first.
func sizesOf(rows *sql.Rows) ([]plimsoll.Finding, error) {
	var out []plimsoll.Finding
	var sum, rest int64
	for rows.Next() {
		var name string
		var size int64
		if err := rows.Scan(&name, &size); err != nil {
			return nil, err
		}
		if sum += size; len(out) == mostTables {
			rest += size
			continue
		}
		out = append(out, fine("%s: %s", name, bytesText(size))...)
	}
	if rest > 0 {
		out = append(out, fine("all others: %s", bytesText(rest))...)
	}
	return append(fine("%s in tables and their indexes", bytesText(sum)), out...), rows.Err()
}

// bytesText writes a size for a reader.
func bytesText(n int64) string {
	switch {
	case n < 1<<20:
		return fmt.Sprintf("%d KiB", (n+1<<10-1)>>10)
	case n < 10<<30:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d GiB", n>>30)
}
