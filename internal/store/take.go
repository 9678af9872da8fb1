package store

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"math"

	"github.com/plimsoll-dev/plimsoll"
)

// Taken is part of another store's log.
type Taken struct {
	Events   []plimsoll.Record // their numbers are not looked at
	Replaces []plimsoll.Hash   // for each event that of the one it supersedes, zero if none; nil when none does
	People   map[string]string // reference → name; "" is one that was erased
	Recorded bool              // events keep when they were received, rather than being received now
}

// Take appends events of another store and returns when they are durable. One
// that is there already, by its delivery or else by its content, is counted and
// not stored again. Nothing of it is stored on any error; a *plimsoll.Error
// names the event.
func (o *Org) Take(ctx context.Context, t Taken) (Receipt, error) {
	var out Receipt
	err := o.Update(ctx, func(tx *Tx) error {
		out = Receipt{}
		return tx.take(t, &out)
	})
	if err != nil {
		return Receipt{}, fmt.Errorf("append: %w", err)
	}
	return out, nil
}

func (tx *Tx) take(t Taken, out *Receipt) error {
	num, err := tx.next("delivery")
	if err != nil {
		return err
	}
	seq, err := tx.counter("log")
	if err != nil {
		return err
	}
	size := 0
	for i := range t.Events {
		e := t.Events[i].Event
		at := *tx
		if t.Recorded {
			at.now = t.Events[i].RecordedAt
		}
		if e.Supersedes = 0; t.Replaces != nil && t.Replaces[i] != (plimsoll.Hash{}) {
			if e.Supersedes, err = tx.numberOf(e.Type, e.Subject, t.Replaces[i]); err != nil {
				return err
			}
			if e.Supersedes == 0 {
				return plimsoll.Errorf(plimsoll.CodeInvalid, "supersedes an event %s that is not there", t.Replaces[i]).At(i)
			}
		}
		stored, is, err := at.appendEvent(&e, num, seq+1)
		if err != nil {
			var refused *plimsoll.Error
			if errors.As(err, &refused) && refused.Code == plimsoll.CodeConflict {
				return refused.At(i)
			}
			return err
		}
		out.Position = max(out.Position, is)
		if !stored {
			out.Duplicates++
			continue
		}
		seq++
		size += len(e.Body)
		out.Accepted++
	}
	for ref, name := range t.People {
		query := `INSERT INTO people (org, ref, name) VALUES (?, ?, ?) ON CONFLICT (org, ref) DO NOTHING`
		if name == "" { // to erase goes before to know
			query = `INSERT INTO people (org, ref, name) VALUES (?, ?, ?) ON CONFLICT (org, ref) DO UPDATE SET name = excluded.name`
		}
		if err := tx.write(query, tx.org, ref, name); err != nil {
			return err
		}
	}
	if out.Accepted == 0 {
		return nil
	}
	if err := tx.write(`INSERT INTO deliveries (org, num, source, delivery_id, received_at, content_type, outcome, size, body, accepted, duplicates)
		VALUES (?, ?, 'export', '', ?, 'application/x-ndjson', 'decoded', ?, NULL, ?, ?)`, tx.org, num, tx.now, size, out.Accepted, out.Duplicates); err != nil {
		return err
	}
	return tx.setCounter("log", seq)
}

// numberOf returns the number of an event about a subject by its hash, 0 when
// there is none.
func (tx *Tx) numberOf(typ plimsoll.Type, subject string, hash plimsoll.Hash) (int64, error) {
	events, err := tx.SubjectEvents(typ, subject, math.MaxInt64)
	for _, e := range events {
		if e.Hash == hash {
			return e.Seq, err
		}
	}
	return 0, err
}

// People hands to fn every reference with the name behind it, in the order of
// the references; the name is "" where it was erased.
func (tx *Tx) People(fn func(ref, name string) error) error {
	return tx.each(`SELECT ref, name FROM people WHERE org = ? ORDER BY ref`, tx.args(), func(rows *sql.Rows) error {
		var ref, name string
		if err := rows.Scan(&ref, &name); err != nil {
			return err
		}
		return fn(ref, name)
	})
}

// PutSecret makes the secret of another store that of this one, as long as
// this one holds no events that were made with its own. It reports whether the
// two are the same afterwards.
func (db *DB) PutSecret(ctx context.Context, name string, value []byte) (same bool, err error) {
	err = db.door.submit(ctx, func(s *session) error {
		ctx := context.WithoutCancel(ctx)
		var old []byte
		err := s.row(ctx, `SELECT value FROM secrets WHERE name = ?`, name).Scan(&old)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if same = subtle.ConstantTimeCompare(old, value) == 1; same {
			return nil
		}
		var events int64
		if err := s.row(ctx, `SELECT count(*) FROM counters WHERE name = 'log' AND value > 0`).Scan(&events); err != nil || events > 0 {
			return err
		}
		same = true
		return s.exec(ctx, `INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	})
	if err != nil {
		return false, fmt.Errorf("secret %s: %w", name, err)
	}
	return same, nil
}
