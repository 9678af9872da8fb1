package store

import (
	"database/sql"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// Compaction drops what no number of today is made of: versions of facts that
// ended before a horizon, the moments before it, and the originals of old
// deliveries. Each call drops a bounded number of rows, so that the writer is
// never held long; call it until nothing is left. The log itself is not
// touched, and a refold brings every version back.

// Horizon returns the last moment up to a time: what was known then and later
// can still be asked for when everything before it is dropped. Its Seq is 0 when
// there is none.
func (tx *Tx) Horizon(t plimsoll.Time) (Moment, error) { return tx.lastMoment(t) }

// DropMoments forgets up to limit moments before one, the oldest first. A time
// before those that are left cannot be asked for any more, and is refused. Call
// it until it drops nothing before DropVersions: in the other order an answer
// would be put together from what is left.
func (tx *Tx) DropMoments(before int64, limit int) (dropped int64, err error) {
	upTo := before - 1
	var nth int64
	found, err := tx.one(`SELECT seq FROM moments WHERE org = ? AND seq < ? ORDER BY seq LIMIT 1 OFFSET ?`, tx.args(before, limit-1), &nth)
	if err != nil {
		return 0, err
	}
	if found {
		upTo = nth
	}
	return tx.exec(`DELETE FROM moments WHERE org = ? AND seq <= ?`, tx.org, upTo)
}

// DropVersions deletes up to limit versions of facts that had ended with an
// event, together with their marks.
func (tx *Tx) DropVersions(upTo int64, limit int) (dropped int, err error) {
	for _, t := range []table{deploymentTable, leadTable, evidenceTable, incidentTable, failureTable, analysisTable} {
		selections := [][]any{nil}
		more := ""
		if t.name == leadTable.name { // its index begins with the basis
			more = " AND basis = ?"
			selections = [][]any{{string(plimsoll.BasisChange)}, {string(plimsoll.BasisPullRequest)}}
		}
		for _, s := range selections {
			if dropped >= limit {
				return dropped, nil
			}
			n, err := tx.dropVersions(t, more, append(append(tx.args(upTo), s...), limit-dropped))
			if dropped += n; err != nil {
				return dropped, err
			}
		}
	}
	return dropped, nil
}

func (tx *Tx) dropVersions(t table, more string, args []any) (int, error) {
	columns := append(append([]string(nil), t.group...), t.key...)
	type old struct {
		key  []any
		from int64
	}
	var ended []old
	err := tx.each(`SELECT from_seq, `+strings.Join(columns, ", ")+` FROM `+t.name+` WHERE org = ? AND to_seq <= ?`+more+` LIMIT ?`, args, func(rows *sql.Rows) error {
		o := old{}
		parts := make([]string, len(columns))
		dest := []any{&o.from}
		for i := range parts {
			dest = append(dest, &parts[i])
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		for _, p := range parts {
			o.key = append(o.key, p)
		}
		ended = append(ended, o)
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, o := range ended {
		args := append(append(tx.args(), o.key...), o.from)
		if err := tx.write(`DELETE FROM `+t.name+` WHERE org = ? AND `+t.where(columns)+` AND from_seq = ?`, args...); err != nil {
			return 0, err
		}
		if !t.marks {
			continue
		}
		n := len(t.group)
		if err := tx.unmark(t, t.markID(o.key[:n], o.key[n:]), o.from); err != nil {
			return 0, err
		}
	}
	return len(ended), nil
}

// bodiesDropped is the counter of the last delivery whose original was dropped.
const bodiesDropped = "bodies_dropped"

// BodiesBefore returns the last delivery whose original is older than a time or
// beyond most bytes as received, counted from the newest; 0 when there is none.
// A bound of 0 does not bind.
func (tx *Tx) BodiesBefore(t plimsoll.Time, most int64) (num int64, err error) {
	last, err := tx.counter(bodiesDropped)
	if err != nil {
		return 0, err
	}
	if t.Known() {
		var n sql.NullInt64
		if _, err := tx.one(`SELECT max(num) FROM deliveries WHERE org = ? AND num > ? AND received_at < ?`, tx.args(last, t), &n); err != nil {
			return 0, err
		}
		num = n.Int64
	}
	if most <= 0 {
		return num, nil
	}
	var held int64
	err = tx.each(`SELECT num, size FROM deliveries WHERE org = ? AND num > ? AND body IS NOT NULL ORDER BY num DESC`, tx.args(max(last, num)), func(rows *sql.Rows) error {
		var n, size int64
		if err := rows.Scan(&n, &size); err != nil {
			return err
		}
		if held += size; held > most {
			num = max(num, n)
		}
		return nil
	})
	return num, err
}

// DropBodies drops the originals of up to limit deliveries up to one, the oldest
// first, and returns how many there were; more says that some are left. The
// deliveries themselves stay, and so do their events.
func (tx *Tx) DropBodies(upTo int64, limit int) (dropped int64, more bool, err error) {
	last, err := tx.counter(bodiesDropped)
	if err != nil || last >= upTo {
		return 0, false, err
	}
	next := min(upTo, last+int64(limit))
	dropped, err = tx.exec(`UPDATE deliveries SET body = NULL WHERE org = ? AND num > ? AND num <= ? AND body IS NOT NULL`, tx.org, last, next)
	if err != nil {
		return 0, false, err
	}
	return dropped, next < upTo, tx.setCounter(bodiesDropped, next)
}
