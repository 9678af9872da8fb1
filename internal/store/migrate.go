package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one numbered step of the schema. Steps go forward only.
type migration struct {
	version int
	name    string
	sql     string
}

// migrations reads the embedded steps, which are numbered from 1 without gaps.
func migrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, err
	}
	var out []migration
	for i, name := range names {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		base := strings.TrimPrefix(name, "migrations/")
		number, _, _ := strings.Cut(base, "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s: expected number %04d", base, i+1)
		}
		out = append(out, migration{version, base, string(body)})
	}
	return out, nil
}

// migrate brings the schema up to what this build knows, each step in a
// transaction of its own. A schema that is newer is refused: an older program
// must not write into it.
func (db *DB) migrate(ctx context.Context, steps []migration) error {
	err := db.writer.exec(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (
		version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)`)
	if err != nil {
		return err
	}
	have, err := db.applied(ctx, steps)
	if err != nil {
		return err
	}
	for _, m := range steps[have:] {
		if err := db.step(ctx, m); err != nil {
			return fmt.Errorf("migration %s: %w", m.name, err)
		}
	}
	return nil
}

// applied returns how many steps the data has gone through, which must be the
// first of those this program knows.
func (db *DB) applied(ctx context.Context, steps []migration) (have int, err error) {
	rows, err := db.writer.conn.QueryContext(ctx, `SELECT version, name FROM schema_migrations ORDER BY version`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var version int
		var name string
		if err := rows.Scan(&version, &name); err != nil {
			return 0, err
		}
		have++
		switch {
		case version > len(steps):
			// A gap below it would be of the newer program's making.
			return 0, plimsoll.Errorf(plimsoll.CodeConflict,
				"the data was written by a newer plimsoll (schema %d, this program knows %d); run the newer program, or restore a backup made before the upgrade", version, len(steps))
		case version != have || name != steps[have-1].name:
			return 0, plimsoll.Errorf(plimsoll.CodeConflict,
				"the data went through schema step %d %s where this program has %s; it was made by another build, run that one", version, name, steps[have-1].name)
		}
	}
	return have, rows.Err()
}

func (db *DB) step(ctx context.Context, m migration) (err error) {
	if err := db.writer.exec(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = db.writer.exec(context.WithoutCancel(ctx), `ROLLBACK`)
		}
	}()
	if err := db.writer.exec(ctx, m.sql); err != nil {
		return err
	}
	err = db.writer.exec(ctx, `INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)`,
		m.version, m.name, db.now())
	if err != nil {
		return err
	}
	if err := db.fault(fmt.Sprintf("migrate:%04d", m.version)); err != nil {
		return err
	}
	return db.writer.exec(ctx, `COMMIT`)
}
