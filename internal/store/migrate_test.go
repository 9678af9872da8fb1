package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/plimsoll-dev/plimsoll"
)

// bare opens the database of a folder without its migrations, runs fn and
// closes it.
func bare(t *testing.T, dir string, fn func(db *DB) error) {
	t.Helper()
	db := newDB(Options{Dir: dir, Now: clockAt(testTime), Fault: func(string) error { return nil }}, newSQLite(dir))
	err := db.connect(context.Background())
	if err == nil {
		err = fn(db)
	}
	if e := errors.Join(err, db.release()); e != nil {
		t.Fatal(e)
	}
}

func schemaOf(t *testing.T, dir string) (lines []string) {
	t.Helper()
	bare(t, dir, func(db *DB) error {
		rows, err := db.door.s.conn.QueryContext(context.Background(), `SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL
			UNION ALL SELECT version || ' ' || name FROM schema_migrations ORDER BY 1`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var s string
			if err := rows.Scan(&s); err != nil {
				return err
			}
			lines = append(lines, s)
		}
		return rows.Err()
	})
	return lines
}

func TestEveryOlderSchemaIsBroughtUpToTheSameOne(t *testing.T) {
	steps, err := migrations((&sqliteEngine{}).migrations())
	if err != nil {
		t.Fatal(err)
	}
	fresh := t.TempDir()
	if err := mustOpen(t, Options{Dir: fresh}).Close(); err != nil {
		t.Fatal(err)
	}
	want := schemaOf(t, fresh)
	for version := range len(steps) {
		dir := t.TempDir()
		bare(t, dir, func(db *DB) error {
			if err := db.migrate(context.Background(), steps[:version]); err != nil || version == 0 {
				return err
			}
			return db.door.s.exec(context.Background(), `INSERT INTO secrets (name, value) VALUES ('kept', 'old')`)
		})
		db := mustOpen(t, Options{Dir: dir})
		if version > 0 {
			if s, err := db.Secret(context.Background(), "kept"); err != nil || string(s) != "old" {
				t.Errorf("from version %d: the data is %q, %v", version, s, err)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if got := schemaOf(t, dir); !slices.Equal(got, want) {
			t.Errorf("from version %d:\n%s\nwant:\n%s", version, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestAStepThatFailsLeavesTheVersionBefore(t *testing.T) {
	steps, err := migrations((&sqliteEngine{}).migrations())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range steps {
		dir := t.TempDir()
		broken := fmt.Sprintf("migrate:%04d", m.version)
		_, err := Open(context.Background(), Options{Dir: dir, Fault: func(step string) error {
			if step == broken {
				return errors.New("broken here")
			}
			return nil
		}})
		code(t, err, plimsoll.CodeUnavailable)
		if !strings.Contains(err.Error(), m.name) {
			t.Errorf("the error does not name the step: %v", err)
		}
		bare(t, dir, func(db *DB) error {
			have, err := applied(context.Background(), db.door.s, steps)
			if have != m.version-1 {
				t.Errorf("after %s failed the data has version %d", m.name, have)
			}
			return err
		})
		mustAppend(t, mustOrg(t, mustOpen(t, Options{Dir: dir}), "default"), sampleDelivery(sampleEvent("d-1", "1")))
	}
}

func TestDataOfAnotherBuildIsRefused(t *testing.T) {
	for name, x := range map[string]struct{ change, says string }{
		"a newer schema":              {`INSERT INTO schema_migrations VALUES (99, '0099_later.sql', 1, 0)`, "newer plimsoll (schema 99"},
		"a step of another name":      {`UPDATE schema_migrations SET name = '0001_other.sql' WHERE version = 1`, "0001_other.sql"},
		"a step that is left out":     {`DELETE FROM schema_migrations WHERE version = 1`, "made by another build"},
		"a step that never was there": {`INSERT INTO schema_migrations VALUES (-1, 'x', 1, 0)`, "made by another build"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			db := mustOpen(t, Options{Dir: dir})
			mustAppend(t, mustOrg(t, db, "default"), sampleDelivery(sampleEvent("d-1", "1")))
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			bare(t, dir, func(db *DB) error { return db.door.s.exec(context.Background(), x.change) })
			before, err := os.ReadFile(filepath.Join(dir, "plimsoll.db"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = Open(context.Background(), Options{Dir: dir})
			code(t, err, plimsoll.CodeConflict)
			if !strings.Contains(err.Error(), x.says) {
				t.Errorf("the error is %v", err)
			}
			if after, err := os.ReadFile(filepath.Join(dir, "plimsoll.db")); err != nil || string(after) != string(before) {
				t.Errorf("the refused data was changed, %v", err)
			}
		})
	}
}

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	file := &fstest.MapFile{Data: []byte("SELECT 1")}
	for _, names := range []string{"0001_a.sql 0003_b.sql", "0001_a.sql 0001_b.sql", "0002_a.sql", "log.sql"} {
		files := fstest.MapFS{}
		for _, n := range strings.Fields(names) {
			files[n] = file
		}
		if _, err := migrations(files); err == nil {
			t.Errorf("%s: no error", names)
		}
	}
}

func TestTheWriterCommitsToDisk(t *testing.T) {
	db := mustOpen(t, Options{})
	for pragma, want := range map[string]string{
		"synchronous": "2", "journal_mode": "wal", "fullfsync": "1", "checkpoint_fullfsync": "1",
		"secure_delete": "2", "journal_size_limit": fmt.Sprint(keptWAL), "foreign_keys": "1", "busy_timeout": "10000",
	} {
		err := db.door.submit(context.Background(), func(s *session) error {
			var v sql.NullString
			err := s.row(context.Background(), `PRAGMA `+pragma).Scan(&v)
			if v.String != want {
				t.Errorf("%s is %s, want %s", pragma, v.String, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
