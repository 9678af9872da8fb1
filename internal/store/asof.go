package store

import (
	"database/sql"

	"github.com/plimsoll-dev/plimsoll"
)

// nothing is the position of a Tx that reads the facts as they were before the
// first event: there were none.
const nothing = -1

// AsOf returns a Tx that reads the facts as they followed from the events up to
// seq; 0 is before the first. It holds for every read of facts: deployments, lead
// times, evidence, incidents and failures, by filter, by page and by name. What is
// kept without versions is read as it is now: the catalogue, the other ids of
// deployments, the subjects and author dates of commits, and the names behind
// references. Do not write through it.
//
// seq must be that of a Moment. In between the versions of facts say what
// followed from part of a batch.
func (tx *Tx) AsOf(seq int64) *Tx {
	past := *tx
	past.asOf = seq
	if seq == 0 {
		past.asOf = nothing
	}
	return &past
}

// Past reports whether the Tx reads the facts as they were at some time.
func (tx *Tx) Past() bool { return tx.asOf != 0 }

// held is the condition under which a version of a fact holds for this Tx, with
// its arguments. Every read of facts has it, and no other place knows how.
func (tx *Tx) held(alias string) (string, []any) {
	if tx.asOf == 0 {
		return alias + "to_seq = ?", []any{int64(current)}
	}
	return alias + "to_seq > ? AND " + alias + "from_seq <= ?", []any{tx.asOf, tx.asOf}
}

// Moment is a place in the log at which the facts were complete, as near before
// a time as there is one.
type Moment struct {
	Seq int64         // the last event that the facts then followed from; 0 before all
	At  plimsoll.Time // when that event was received; unknown before all

	// Events received by the time asked for that the facts of Seq do not include:
	// they were folded together with later ones, or are not folded yet.
	Missing int64
	Since   plimsoll.Time // when the first of them was received
	Next    plimsoll.Time // the next such place that is kept; unknown when there is none
}

// MarkMoment notes that the facts are complete up to a cursor, if they are. Call
// it in the transaction that moves the cursor on, before it does.
//
// An event counts as received no earlier than those before it: the clock of a
// server can be set back, and what is known at a time must be a beginning of the
// log.
func (tx *Tx) MarkMoment(cursor string) error {
	last, complete, err := tx.complete(cursor)
	if err != nil || !complete {
		return err
	}
	err = tx.write(`INSERT INTO moments (org, seq, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`, tx.org, last.Seq, last.At)
	return err
}

// complete returns the last event that the cursor has passed, as a moment, and
// whether the facts are complete there. With nothing passed they are not.
func (tx *Tx) complete(cursor string) (m Moment, ok bool, err error) {
	if m.Seq, err = tx.Cursor(cursor); err != nil || m.Seq == 0 {
		return m, false, err
	}
	var one int
	if noted, err := tx.one(`SELECT 1 FROM dirty WHERE org = ? LIMIT 1`, tx.args(), &one); err != nil || noted {
		return m, false, err
	}
	before, err := tx.lastMoment(plimsoll.Forever)
	if err != nil {
		return m, false, err
	}
	var latest sql.NullInt64
	_, err = tx.one(`SELECT max(recorded_at) FROM events WHERE org = ? AND seq > ? AND seq <= ?`, tx.args(before.Seq, m.Seq), &latest)
	m.At = max(before.At, plimsoll.Time(latest.Int64))
	return m, err == nil, err
}

// lastMoment returns the last noted moment up to a time. Their times rise with
// their numbers.
func (tx *Tx) lastMoment(at plimsoll.Time) (m Moment, err error) {
	_, err = tx.one(`SELECT seq, at FROM moments WHERE org = ? AND at <= ? ORDER BY at DESC, seq DESC LIMIT 1`,
		tx.args(at), &m.Seq, &m.At)
	return m, err
}

// MomentAt returns the last moment at or before a time. Facts at a moment follow
// only from events received by then.
func (tx *Tx) MomentAt(cursor string, t plimsoll.Time) (Moment, error) {
	m, err := tx.lastMoment(t)
	if err != nil {
		return m, err
	}
	if now, ok, err := tx.complete(cursor); err != nil {
		return m, err
	} else if ok && now.At <= t {
		m = now
	}
	next := Moment{}
	found, err := tx.one(`SELECT seq, at FROM moments WHERE org = ? AND seq > ? ORDER BY seq LIMIT 1`, tx.args(m.Seq), &next.Seq, &next.At)
	if err != nil {
		return m, err
	}
	m.Next = next.At
	upTo := m.Seq + mostMissing
	if found {
		upTo = min(upTo, next.Seq)
	}
	return m, tx.missing(&m, upTo, t)
}

// mostMissing bounds how many events of a portion are looked at. None that is
// folded now is as long; the log of an older version has no moments at all.
const mostMissing = 200_000

// missing counts the events after a moment and up to another event that were
// received by a time: those before the first that was received later.
func (tx *Tx) missing(m *Moment, upTo int64, t plimsoll.Time) error {
	var late, since sql.NullInt64
	if _, err := tx.one(`SELECT min(seq) FROM events WHERE org = ? AND seq > ? AND seq <= ? AND recorded_at > ?`,
		tx.args(m.Seq, upTo, t), &late); err != nil {
		return err
	}
	if late.Valid {
		upTo = late.Int64 - 1
	}
	_, err := tx.one(`SELECT count(*), min(recorded_at) FROM events WHERE org = ? AND seq > ? AND seq <= ?`,
		tx.args(m.Seq, upTo), &m.Missing, &since)
	m.Since = plimsoll.Time(since.Int64)
	return err
}

// Replay is a folding of the whole log again: up to which event, and at which
// times on the way the facts are made complete, in the words of the fold.
type Replay struct {
	Until       int64
	Steps, Zone string
}

// SetReplay notes a replay in place of any before.
func (tx *Tx) SetReplay(r Replay) error {
	err := tx.write(`INSERT INTO replays (org, until, steps, zone) VALUES (?, ?, ?, ?)
		ON CONFLICT (org) DO UPDATE SET until = excluded.until, steps = excluded.steps, zone = excluded.zone`, tx.org, r.Until, r.Steps, r.Zone)
	return err
}

// Replay returns the last replay that was noted; the zero Replay if none was.
func (tx *Tx) Replay() (r Replay, err error) {
	_, err = tx.one(`SELECT until, steps, zone FROM replays WHERE org = ?`, tx.args(), &r.Until, &r.Steps, &r.Zone)
	return r, err
}

// AsKnownNow returns the Tx that reads the facts as they are, of the same
// snapshot.
func (tx *Tx) AsKnownNow() *Tx {
	now := *tx
	now.asOf = 0
	return &now
}

// PortionOf returns the last event of the portion that an event was folded
// with, 0 when that has not ended.
func (tx *Tx) PortionOf(seq int64) (last int64, err error) {
	_, err = tx.one(`SELECT seq FROM moments WHERE org = ? AND seq >= ? ORDER BY seq LIMIT 1`, tx.args(seq), &last)
	return last, err
}
