package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

const eventColumns = `seq, recorded_at, type, schema_version, subject, source, delivery_id, idx,
	occurred_at, actor, decoder, supersedes, content_hash, body`

func scanRecord(rows *sql.Rows) (plimsoll.Record, error) {
	var r plimsoll.Record
	var hash []byte
	err := rows.Scan(&r.Seq, &r.RecordedAt, &r.Type, &r.SchemaVersion, &r.Subject, &r.Source, &r.DeliveryID, &r.Index,
		&r.OccurredAt, &r.Actor, &r.Decoder, &r.Supersedes, &hash, &r.Body)
	copy(r.Hash[:], hash)
	return r, err
}

// Head returns the last sequence number of the log, 0 when it is empty.
func (tx *Tx) Head() (int64, error) { return tx.counter("log") }

// Events returns up to limit events after a sequence number, in order.
func (tx *Tx) Events(after int64, limit int) ([]plimsoll.Record, error) {
	var out []plimsoll.Record
	err := tx.each(`SELECT `+eventColumns+` FROM events WHERE org = ? AND seq > ? ORDER BY seq LIMIT ?`,
		tx.args(after, limit), func(rows *sql.Rows) error {
			r, err := scanRecord(rows)
			out = append(out, r)
			return err
		})
	return out, err
}

// SubjectEvents returns the events about one subject up to a sequence number,
// in order. The order is made here: asked for in SQL, it tempts the planner to
// walk the whole log instead of the index by subject.
func (tx *Tx) SubjectEvents(typ plimsoll.Type, subject string, upTo int64) ([]plimsoll.Record, error) {
	var out []plimsoll.Record
	err := tx.each(`SELECT `+eventColumns+` FROM events WHERE org = ? AND type = ? AND subject = ?`,
		tx.args(string(typ), subject), func(rows *sql.Rows) error {
			r, err := scanRecord(rows)
			if r.Seq <= upTo {
				out = append(out, r)
			}
			return err
		})
	slices.SortFunc(out, func(a, b plimsoll.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return out, err
}

// DeliveryBody returns the scrubbed original of a delivery, nil when its
// events hold all of it.
func (tx *Tx) DeliveryBody(num int64) ([]byte, error) {
	var body []byte
	if _, err := tx.one(`SELECT body FROM deliveries WHERE org = ? AND num = ?`, tx.args(num), &body); err != nil {
		return nil, err
	}
	return inflate(body)
}

// Person returns the name behind a reference, "" when it is unknown or erased.
func (tx *Tx) Person(ref string) (string, error) {
	var name string
	_, err := tx.one(`SELECT name FROM people WHERE org = ? AND ref = ?`, tx.args(ref), &name)
	return name, err
}

// ErasePerson forgets the name behind a reference and reports whether there was
// one. No fact changes. The reference stays with an empty name, so that a later
// delivery does not bring the name back.
func (tx *Tx) ErasePerson(ref string) (bool, error) {
	n, err := tx.exec(`UPDATE people SET name = '' WHERE org = ? AND ref = ? AND name <> ''`, tx.org, ref)
	return n > 0, err
}

// Cursor returns how far a follower of the log has come.
func (tx *Tx) Cursor(name string) (int64, error) {
	var seq int64
	_, err := tx.one(`SELECT seq FROM cursors WHERE org = ? AND name = ?`, tx.args(name), &seq)
	return seq, err
}

// SetCursor moves a follower, in the transaction that holds what it did.
func (tx *Tx) SetCursor(name string, seq int64) error {
	err := tx.write(`INSERT INTO cursors (org, name, seq, updated_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (org, name) DO UPDATE SET seq = excluded.seq, updated_at = excluded.updated_at`, tx.org, name, seq, tx.now)
	return err
}

// Parked is an event that a follower could not fold.
type Parked struct {
	Seq      int64
	Attempts int
	Error    string
	ParkedAt plimsoll.Time
}

// Park sets an event aside. Call it in the transaction that moves the cursor
// past the event.
func (tx *Tx) Park(cursor string, seq int64, attempts int, cause error) error {
	text := cause.Error()
	if len(text) > 1000 {
		text = strings.ToValidUTF8(text[:1000], "")
	}
	err := tx.write(`INSERT INTO parked (org, cursor, seq, attempts, error, parked_at) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (org, cursor, seq) DO UPDATE SET attempts = excluded.attempts, error = excluded.error`,
		tx.org, cursor, seq, attempts, text, tx.now)
	return err
}

// Unpark forgets that an event was set aside.
func (tx *Tx) Unpark(cursor string, seq int64) error {
	err := tx.write(`DELETE FROM parked WHERE org = ? AND cursor = ? AND seq = ?`, tx.org, cursor, seq)
	return err
}

// ParkedEvents lists what a follower has set aside, in order.
func (tx *Tx) ParkedEvents(cursor string) ([]Parked, error) {
	var out []Parked
	err := tx.each(`SELECT seq, attempts, error, parked_at FROM parked WHERE org = ? AND cursor = ? ORDER BY seq`,
		tx.args(cursor), func(rows *sql.Rows) error {
			var p Parked
			err := rows.Scan(&p.Seq, &p.Attempts, &p.Error, &p.ParkedAt)
			out = append(out, p)
			return err
		})
	return out, err
}

// MarkDirty notes that a key must go through a step again because of an event.
// An older note stays.
func (tx *Tx) MarkDirty(step, key string, since int64) error {
	err := tx.write(`INSERT INTO dirty (org, step, key, since) VALUES (?, ?, ?, ?)
		ON CONFLICT (org, step, key) DO UPDATE SET since = excluded.since WHERE excluded.since < dirty.since`, tx.org, step, key, since)
	return err
}

// Dirty lists up to limit keys that must go through a step.
func (tx *Tx) Dirty(step string, limit int) ([]string, error) {
	return tx.strings(`SELECT key FROM dirty WHERE org = ? AND step = ? ORDER BY key LIMIT ?`, step, limit)
}

// Clean forgets that a key must go through a step.
func (tx *Tx) Clean(step, key string) error {
	err := tx.write(`DELETE FROM dirty WHERE org = ? AND step = ? AND key = ?`, tx.org, step, key)
	return err
}

// Position returns the sequence number up to which the facts are complete,
// given the cursor of the follower that makes them.
func (tx *Tx) Position(cursor string) (int64, error) {
	at, err := tx.Cursor(cursor)
	if err != nil {
		return 0, err
	}
	var since sql.NullInt64
	if _, err := tx.one(`SELECT min(since) FROM dirty WHERE org = ?`, tx.args(), &since); err != nil {
		return 0, err
	}
	if since.Valid {
		return min(at, since.Int64-1), nil
	}
	return at, nil
}

func (tx *Tx) strings(query string, args ...any) ([]string, error) {
	var out []string
	err := tx.each(query, tx.args(args...), func(rows *sql.Rows) error {
		var s string
		err := rows.Scan(&s)
		out = append(out, s)
		return err
	})
	return out, err
}

// Secret returns the generated secret of that name, 32 random bytes made when
// it is first asked for. Every replica gets the same one.
func (db *DB) Secret(ctx context.Context, name string) ([]byte, error) {
	fresh := make([]byte, 32)
	if _, err := rand.Read(fresh); err != nil {
		return nil, err
	}
	var value []byte
	err := db.door.submit(ctx, func(s *session) error {
		ctx := context.WithoutCancel(ctx)
		if err := s.exec(ctx, `INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING`, name, fresh); err != nil {
			return err
		}
		return s.row(ctx, `SELECT value FROM secrets WHERE name = ?`, name).Scan(&value)
	})
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	return value, nil
}
