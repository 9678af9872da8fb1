package store

import (
	"database/sql"

	"github.com/plimsoll-dev/plimsoll"
)

// Note says that a key must go through a step of a derivation again, and since
// which event.
type Note struct {
	Key   string
	Since int64
}

// aside is what the step of a note is called while its key is set aside. Such a
// note holds Position back like any other.
const aside = "stuck "

// Notes lists up to limit keys that must go through a step.
func (tx *Tx) Notes(step string, limit int) ([]Note, error) {
	var out []Note
	err := tx.each(`SELECT key, since FROM dirty WHERE org = ? AND step = ? ORDER BY key LIMIT ?`, tx.args(step, limit),
		func(rows *sql.Rows) error {
			var n Note
			err := rows.Scan(&n.Key, &n.Since)
			out = append(out, n)
			return err
		})
	return out, err
}

// Done forgets that a key must go through a step, also when it had been set
// aside before.
func (tx *Tx) Done(step, key string) error {
	err := tx.write(`DELETE FROM dirty WHERE org = ? AND step IN (?, ?) AND key = ?`, tx.org, step, aside+step, key)
	return err
}

// SetAside takes a key out of a step that cannot be done for now. The older of
// two notes stays.
func (tx *Tx) SetAside(step, key string) error { return tx.moveNotes(step, aside+step, key) }

// Resume puts every key that was set aside back into its step, and reports
// whether there was one.
func (tx *Tx) Resume(step string) (bool, error) {
	keys, err := tx.Notes(aside+step, 1<<30)
	if err != nil {
		return false, err
	}
	for _, n := range keys {
		if err := tx.moveNotes(aside+step, step, n.Key); err != nil {
			return false, err
		}
	}
	return len(keys) > 0, nil
}

func (tx *Tx) moveNotes(from, to, key string) error {
	err := tx.write(`INSERT INTO dirty (org, step, key, since) SELECT org, ?, key, since FROM dirty WHERE org = ? AND step = ? AND key = ?
		ON CONFLICT (org, step, key) DO UPDATE
			SET since = CASE WHEN dirty.since < excluded.since THEN dirty.since ELSE excluded.since END`, to, tx.org, from, key)
	if err != nil {
		return err
	}
	err = tx.write(`DELETE FROM dirty WHERE org = ? AND step = ? AND key = ?`, tx.org, from, key)
	return err
}

// Earlier returns the events before first that are about a subject of the
// events from first to last, in order.
func (tx *Tx) Earlier(first, last int64) ([]plimsoll.Record, error) {
	var out []plimsoll.Record
	err := tx.each(`SELECT `+eventColumns+` FROM events WHERE org = ?1 AND seq IN (
			SELECT o.seq FROM (SELECT DISTINCT type, subject FROM events WHERE org = ?1 AND seq BETWEEN ?2 AND ?3) n
			CROSS JOIN events o ON o.org = ?1 AND o.type = n.type AND o.subject = n.subject AND o.seq < ?2)
		ORDER BY seq`, tx.args(first, last), func(rows *sql.Rows) error {
		r, err := scanRecord(rows)
		out = append(out, r)
		return err
	})
	return out, err
}
