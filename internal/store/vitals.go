package store

import (
	"github.com/plimsoll-dev/plimsoll"
)

// Vitals are the few numbers that say whether the facts follow the log. Reading
// them does not take longer in a large store.
type Vitals struct {
	Head       int64         // last event of the log, 0 when it is empty
	ReceivedAt plimsoll.Time // when it was received; unknown when the log is empty
	Applied    int64         // the event that the follower has come to
	Facts      int64         // the event up to which the facts are complete
	Parked     int64         // events that could not be folded
	SetAside   int64         // what could not be derived, and waits for another program
}

// Vitals returns how the log and the facts of a follower stand.
func (tx *Tx) Vitals(cursor string) (Vitals, error) {
	var v Vitals
	var err error
	if v.Head, err = tx.Head(); err != nil {
		return v, err
	}
	if _, err = tx.one(`SELECT recorded_at FROM events WHERE org = ? AND seq = ?`, tx.args(v.Head), &v.ReceivedAt); err != nil {
		return v, err
	}
	if v.Applied, err = tx.Cursor(cursor); err != nil {
		return v, err
	}
	if v.Facts, err = tx.Position(cursor); err != nil {
		return v, err
	}
	if _, err = tx.one(`SELECT count(*) FROM parked WHERE org = ? AND cursor = ?`, tx.args(cursor), &v.Parked); err != nil {
		return v, err
	}
	_, err = tx.one(`SELECT count(*) FROM dirty WHERE org = ? AND step >= ? AND step < ?`, tx.args(aside, aside+"~"), &v.SetAside)
	return v, err
}
