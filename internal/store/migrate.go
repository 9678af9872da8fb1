package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// migration is one numbered step of the schema. Steps go forward only.
type migration struct {
	version   int
	name      string
	sql       string
	worksWith int // programs that know the schema up to this step may go on working after it
}

// migrations reads the embedded steps, which are numbered from 1 without gaps.
func migrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	var out []migration
	for i, name := range names {
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		number, _, _ := strings.Cut(name, "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != i+1 {
			return nil, fmt.Errorf("migration %s: expected number %04d", name, i+1)
		}
		out = append(out, migration{version, name, string(body), worksWith(version, string(body))})
	}
	return out, nil
}

// worksWith reads what a step says of older programs: a first line such as
//
//	-- works with 7
//
// promises that programs whose last step is number 7 read and write the schema
// after this step as before. Without it every older program is refused. On a
// shared database such a step can be made while older servers run, and what they
// still need goes away in a later step, once none of them is left.
func worksWith(version int, body string) int {
	line, _, _ := strings.Cut(body, "\n")
	if rest, ok := strings.CutPrefix(line, "-- works with "); ok {
		if n, err := strconv.Atoi(strings.TrimSpace(rest)); err == nil {
			return n
		}
	}
	return version
}

// migrate brings the schema up to what this build knows, each step in a
// transaction of its own. A schema that is newer is refused, unless each step
// that this program does not know says that it works with it.
func (db *DB) migrate(ctx context.Context, steps []migration) error {
	if err := db.makeList(ctx); err != nil {
		return err
	}
	have, err := applied(ctx, db.door.s, steps)
	if err != nil {
		return err
	}
	for have < len(steps) {
		if err := db.step(ctx, steps[have], steps); err != nil {
			return fmt.Errorf("migration %s: %w", steps[have].name, err)
		}
		// Another process may have been quicker, by more than one step.
		if have, err = applied(ctx, db.door.s, steps); err != nil {
			return err
		}
	}
	db.knows = len(steps)
	return nil
}

// makeList makes the list of the steps that the data went through.
func (db *DB) makeList(ctx context.Context) error {
	err := db.door.s.exec(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (
		version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL, works_with BIGINT NOT NULL DEFAULT 0)`)
	if err != nil && db.say.shared {
		// Two that make it at once: one of them is told that it is there.
		err = db.door.s.exec(ctx, `SELECT 1 FROM schema_migrations LIMIT 1`)
	}
	if err != nil {
		return err
	}
	// Lists of the first versions say nothing of older programs.
	if db.door.s.exec(ctx, `SELECT works_with FROM schema_migrations LIMIT 1`) == nil {
		return nil
	}
	return db.door.s.exec(ctx, `ALTER TABLE schema_migrations ADD COLUMN works_with BIGINT NOT NULL DEFAULT 0`)
}

// applied returns how many of the steps the data has gone through: the first of
// those this program knows, and perhaps later ones that it works with.
func applied(ctx context.Context, s *session, steps []migration) (have int, err error) {
	rows, err := s.conn.QueryContext(ctx, `SELECT version, name, works_with FROM schema_migrations ORDER BY version`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var version, worksWith int
		var name string
		if err := rows.Scan(&version, &name, &worksWith); err != nil {
			return 0, err
		}
		have++
		switch {
		case version > len(steps) && worksWith > 0 && worksWith <= len(steps) && version == have:
			continue
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

// step makes one step, unless another process has made it by now.
func (db *DB) step(ctx context.Context, m migration, steps []migration) (err error) {
	s := db.door.s
	if err := s.exec(ctx, db.say.beginWrite); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = s.exec(context.WithoutCancel(ctx), `ROLLBACK`)
		}
	}()
	if db.say.lockSchema != "" {
		// A step takes as long as it takes, an index of a large table some minutes,
		// and who waits for another to make it waits as long.
		for _, query := range []string{db.say.unhurried, db.say.lockSchema} {
			if _, err := s.conn.ExecContext(ctx, query); err != nil {
				return err
			}
		}
		if have, err := applied(ctx, db.door.s, steps); err != nil || have >= m.version {
			return errors.Join(err, s.exec(ctx, `ROLLBACK`))
		}
	}
	if _, err := s.conn.ExecContext(ctx, m.sql); err != nil {
		return err
	}
	err = s.exec(ctx, `INSERT INTO schema_migrations (version, name, applied_at, works_with) VALUES (?, ?, ?, ?)`,
		m.version, m.name, db.now(), m.worksWith)
	if err != nil {
		return err
	}
	if err := db.fault(fmt.Sprintf("migrate:%04d", m.version)); err != nil {
		return err
	}
	return s.exec(ctx, `COMMIT`)
}

// betweenLooks is how often a server looks whether the schema has left it behind.
const betweenLooks = 2 * time.Second

// watchSchema looks now and then whether a newer program has changed the schema
// in a way that this one does not work with. From then on nothing is read or
// written any more: what this program makes of such data may be wrong.
func (db *DB) watchSchema() {
	tick := time.NewTicker(betweenLooks)
	defer tick.Stop()
	for db.outgrown.Load() == nil {
		select {
		case <-tick.C:
			db.lookAtSchema()
		case <-db.closing:
			return
		}
	}
}

func (db *DB) lookAtSchema() {
	ctx, cancel := context.WithTimeout(db.given, betweenLooks)
	defer cancel()
	s, err := db.reader(ctx)
	if err != nil {
		return // all are in use; the next look may find one
	}
	defer func() { db.readers <- s }()
	if s.fresh(ctx) != nil {
		return
	}
	var version, least int
	err = s.row(ctx, `SELECT coalesce(max(version), 0), coalesce(max(CASE WHEN works_with = 0 THEN version ELSE works_with END), 0) FROM schema_migrations WHERE version > ?`, db.knows).Scan(&version, &least)
	if err != nil || least <= db.knows {
		return // a look that fails shows nothing
	}
	db.outgrown.Store(plimsoll.Errorf(plimsoll.CodeUnavailable,
		"a newer plimsoll has upgraded the data (schema %d, this program knows %d); this server reads and writes nothing any more: stop it, and run the newer program", version, db.knows))
	db.publish() // whoever waits hears of it
}
