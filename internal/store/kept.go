package store

import (
	"database/sql"

	"github.com/plimsoll-dev/plimsoll"
)

// Kept is a delivery whose original is still there.
type Kept struct {
	Num        int64
	Source     string
	DeliveryID string
	Outcome    string
	ReceivedAt plimsoll.Time
	Body       []byte // the scrubbed original
}

const keptColumns = `SELECT num, source, delivery_id, outcome, received_at, body FROM deliveries `

func scanKept(rows *sql.Rows, out *[]Kept) error {
	var k Kept
	var body []byte
	err := rows.Scan(&k.Num, &k.Source, &k.DeliveryID, &k.Outcome, &k.ReceivedAt, &body)
	if err == nil {
		k.Body, err = inflate(body)
	}
	*out = append(*out, k)
	return err
}

// KeptNamed returns the last delivery of a source by the sender's name for it,
// if its original is still there.
func (tx *Tx) KeptNamed(source, deliveryID string) (k Kept, ok bool, err error) {
	var out []Kept
	err = tx.each(keptColumns+`WHERE org = ? AND source = ? AND delivery_id = ? AND body IS NOT NULL ORDER BY num DESC LIMIT 1`,
		tx.args(source, deliveryID), func(rows *sql.Rows) error { return scanKept(rows, &out) })
	if len(out) == 0 {
		return Kept{}, false, err
	}
	return out[0], true, err
}

// KeptAfter returns up to limit deliveries after a number whose originals are
// still there, in the order in which they came.
func (tx *Tx) KeptAfter(num int64, limit int) ([]Kept, error) {
	var out []Kept
	err := tx.each(keptColumns+`WHERE org = ? AND num > ? AND body IS NOT NULL ORDER BY num LIMIT ?`,
		tx.args(num, limit), func(rows *sql.Rows) error { return scanKept(rows, &out) })
	return out, err
}

// EventsOf returns the numbers of the events about a subject that a delivery
// brought, in order.
func (tx *Tx) EventsOf(delivery int64, typ plimsoll.Type, subject string) ([]int64, error) {
	var out []int64
	err := tx.each(`SELECT seq FROM events WHERE org = ? AND type = ? AND subject = ? AND delivery = ? ORDER BY seq`,
		tx.args(string(typ), subject, delivery), func(rows *sql.Rows) error {
			var seq int64
			err := rows.Scan(&seq)
			out = append(out, seq)
			return err
		})
	return out, err
}
