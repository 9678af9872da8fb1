package store

import (
	"bytes"
	"cmp"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/plimsoll-dev/plimsoll"
)

// Delivery is what somebody handed in at once, with the events decoded from it.
// All of it is stored or nothing.
type Delivery struct {
	Source      string
	DeliveryID  string // the sender's name for it, "" if it gave none
	ContentType string
	Size        int    // bytes received
	Body        []byte // the scrubbed original; nil when the events hold all of it
	Outcome     string // decoded, ignored, undecodable
	Events      []plimsoll.Event
	People      map[string]string // reference → name, of the persons the events refer to
}

// Receipt says what became of a delivery.
type Receipt struct {
	Accepted   int   // events that are new
	Duplicates int   // events that were there already
	Position   int64 // the log's last sequence number that the delivery needs
}

// Append stores a delivery and returns when it is durable. An event that is
// there already is counted and not stored again; one that claims the delivery
// id and index of another with different content is CodeConflict. When more
// waits than can be stored it is CodeUnavailable.
func (o *Org) Append(ctx context.Context, d Delivery) (Receipt, error) {
	body, err := deflate(d.Body)
	if err != nil {
		return Receipt{}, err
	}
	w := &appending{d: d, body: body}
	err = o.db.patient(ctx, func(ctx context.Context) error {
		if o.db.say.arrays {
			return o.db.door.submitRequest(&request{ctx: ctx, org: o, append: w})
		}
		return o.Update(ctx, func(tx *Tx) error {
			w.out = Receipt{}
			return tx.append(d, body, &w.out)
		})
	})
	if err != nil {
		return Receipt{}, fmt.Errorf("append: %w", err)
	}
	return w.out, nil
}

func (tx *Tx) append(d Delivery, body []byte, out *Receipt) error {
	if tx.db.say.arrays {
		w := &appending{d: d, body: body}
		err := cmp.Or(tx.appendMany([]*appending{w}), w.err)
		*out = w.out
		return err
	}
	if err := tx.Fault("append:begin"); err != nil {
		return err
	}
	num, err := tx.next("delivery")
	if err != nil {
		return err
	}
	seq, err := tx.counter("log")
	if err != nil {
		return err
	}
	if seq, err = tx.appendInTurn(d.Events, num, seq, out); err != nil {
		return err
	}
	if err := tx.Fault("append:events"); err != nil {
		return err
	}
	for ref, name := range d.People {
		if err := tx.write(`INSERT INTO people (org, ref, name) VALUES (?, ?, ?) ON CONFLICT (org, ref) DO NOTHING`, tx.org, ref, name); err != nil {
			return err
		}
	}
	if err := tx.write(`INSERT INTO deliveries (org, num, source, delivery_id, received_at, content_type, outcome, size, body, accepted, duplicates)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, tx.org, num, d.Source, d.DeliveryID, tx.now, d.ContentType, d.Outcome, d.Size, body, out.Accepted, out.Duplicates); err != nil {
		return err
	}
	if out.Accepted > 0 {
		if err := tx.setCounter("log", seq); err != nil {
			return err
		}
	}
	return tx.Fault("append:counter")
}

// appendInTurn stores those of the events that are not there already, and
// returns the last number of the log. An attempt to insert tells which they are.
func (tx *Tx) appendInTurn(events []plimsoll.Event, delivery, seq int64, out *Receipt) (int64, error) {
	for i := range events {
		stored, at, err := tx.appendEvent(&events[i], delivery, seq+1)
		if err != nil {
			return seq, err
		}
		if stored {
			seq++
			out.stored(seq)
			continue
		}
		out.Duplicates++
		out.Position = max(out.Position, at)
	}
	return seq, nil
}

// appendEvent stores one event as number seq unless it is there already. It
// returns the number it has.
func (tx *Tx) appendEvent(e *plimsoll.Event, delivery, seq int64) (stored bool, at int64, err error) {
	key := dedupeKey(e)
	n, err := tx.exec(insertEvent+` ON CONFLICT DO NOTHING`, tx.eventRow(e, key, delivery, seq)...)
	if err != nil || n == 1 {
		return n == 1, seq, err
	}
	was, there, err := tx.findEvent(e, key)
	switch {
	case err != nil:
		return false, 0, err
	case !there:
		return false, 0, fmt.Errorf("event %d is in the way of a new one", seq)
	case was.hash != e.Hash:
		return false, 0, otherContent(e)
	}
	return false, was.seq, nil
}

const insertEvent = `INSERT INTO events (org, seq, recorded_at, type, schema_version, subject, source, delivery, delivery_id, idx,
		occurred_at, actor, decoder, supersedes, content_hash, dedupe, body)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func (tx *Tx) eventRow(e *plimsoll.Event, key plimsoll.Hash, delivery, seq int64) []any {
	return []any{tx.org, seq, tx.now, string(e.Type), e.SchemaVersion, e.Subject, e.Source, delivery, e.DeliveryID, e.Index,
		int64(e.OccurredAt), e.Actor, e.Decoder, e.Supersedes, e.Hash[:], key[:], e.Body}
}

func (r *Receipt) stored(seq int64) {
	r.Accepted++
	r.Position = max(r.Position, seq)
}

// repeated counts an event that is there already, unless another one is.
func (r *Receipt) repeated(e *plimsoll.Event, was found) error {
	if was.hash != e.Hash {
		return otherContent(e)
	}
	r.Duplicates++
	r.Position = max(r.Position, was.seq)
	return nil
}

// otherContent refuses an event in the place of another.
func otherContent(e *plimsoll.Event) error {
	return &plimsoll.Error{
		Code: plimsoll.CodeConflict, Field: "delivery_id", Index: e.Index,
		Message: fmt.Sprintf("delivery %q was accepted before with other content; send a correction under a new delivery id", e.DeliveryID),
	}
}

// found is an event of the log.
type found struct {
	seq  int64
	hash plimsoll.Hash
}

// findEvent returns the event in the place of another.
func (tx *Tx) findEvent(e *plimsoll.Event, key plimsoll.Hash) (was found, there bool, err error) {
	var hash []byte
	if e.DeliveryID == "" {
		there, err = tx.one(`SELECT seq, content_hash FROM events WHERE org = ? AND type = ? AND subject = ? AND dedupe = ?`,
			tx.args(string(e.Type), e.Subject, key[:]), &was.seq, &hash)
	} else {
		there, err = tx.one(`SELECT seq, content_hash FROM events WHERE org = ? AND dedupe = ? AND delivery_id <> ''`,
			tx.args(key[:]), &was.seq, &hash)
	}
	copy(was.hash[:], hash)
	return was, there, err
}

// dedupeKey names what must not be stored twice: the place in a named
// delivery, else the content.
func dedupeKey(e *plimsoll.Event) plimsoll.Hash {
	if e.DeliveryID == "" {
		return e.Hash
	}
	h := sha256.New()
	fmt.Fprintf(h, "delivery\x00%s\x00%s\x00", e.Source, e.DeliveryID)
	_ = binary.Write(h, binary.BigEndian, int64(e.Index))
	return plimsoll.Hash(h.Sum(nil)[:16])
}

func (tx *Tx) counter(name string) (int64, error) {
	var v int64
	_, err := tx.one(`SELECT value FROM counters WHERE org = ? AND name = ?`, tx.args(name), &v)
	return v, err
}

func (tx *Tx) setCounter(name string, v int64) error {
	err := tx.write(`INSERT INTO counters (org, name, value) VALUES (?, ?, ?)
		ON CONFLICT (org, name) DO UPDATE SET value = excluded.value`, tx.org, name, v)
	return err
}

// next takes the next number of a counter.
func (tx *Tx) next(name string) (num int64, err error) {
	_, err = tx.one(`INSERT INTO counters (org, name, value) VALUES (?, ?, 1)
		ON CONFLICT (org, name) DO UPDATE SET value = counters.value + 1 RETURNING value`, tx.args(name), &num)
	return num, err
}

func deflate(b []byte) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	var buf bytes.Buffer
	w, err := flate.NewWriter(&buf, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(b); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

func inflate(b []byte) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	return io.ReadAll(flate.NewReader(bytes.NewReader(b)))
}
