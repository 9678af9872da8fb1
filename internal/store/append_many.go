package store

import (
	"database/sql"
	"errors"

	"github.com/plimsoll-dev/plimsoll"
)

// appending is a delivery on its way into the log.
type appending struct {
	d    Delivery
	body []byte // as it is kept
	out  Receipt
	err  error // why it alone was refused
}

var (
	intoEvents = into{table: "events", columns: []string{"org", "seq", "recorded_at", "type", "schema_version", "subject", "source", "delivery",
		"delivery_id", "idx", "occurred_at", "actor", "decoder", "supersedes", "content_hash", "dedupe", "body"}}
	intoDeliveries = into{table: "deliveries", columns: []string{"org", "num", "source", "delivery_id", "received_at", "content_type", "outcome",
		"size", "body", "accepted", "duplicates"}}
	intoPeople = into{table: "people", columns: []string{"org", "ref", "name"}, conflict: "ON CONFLICT (org, ref) DO NOTHING"}
)

// appendMany stores deliveries where the database is far: it asks with one
// question which of their events are there, decides here, and sends the rest
// without waiting for each answer. A delivery that is refused has its error and
// leaves nothing behind. The counters of the organisation are locked until the
// commit, so that nobody adds to the log meanwhile and the order of the numbers
// is that of the commits.
func (tx *Tx) appendMany(works []*appending) error {
	num, seq, err := tx.lockLog()
	if err != nil {
		return err
	}
	var events []plimsoll.Event
	for _, w := range works {
		w.out = Receipt{}
		if w.err = tx.Fault("append:begin"); w.err == nil {
			events = append(events, w.d.Events...)
		}
	}
	there, err := tx.findEvents(events)
	if err != nil {
		return err
	}
	var rows, deliveries, people [][]any
	for _, w := range works {
		if w.err != nil {
			continue
		}
		fresh := w.place(there, seq)
		if w.err = errors.Join(w.err, tx.Fault("append:events"), tx.Fault("append:counter")); w.err != nil {
			w.out = Receipt{}
			continue
		}
		num++
		for _, f := range fresh {
			seq++
			there[f.place] = found{seq, f.event.Hash}
			rows = append(rows, tx.eventRow(f.event, f.place.key, num, seq))
		}
		for ref, name := range w.d.People {
			people = append(people, []any{tx.org, ref, name})
		}
		deliveries = append(deliveries, []any{tx.org, num, w.d.Source, w.d.DeliveryID, tx.now, w.d.ContentType, w.d.Outcome, w.d.Size, w.body,
			w.out.Accepted, w.out.Duplicates})
	}
	return errors.Join(tx.insertRows(intoEvents, rows), tx.insertRows(intoDeliveries, deliveries), tx.insertRows(intoPeople, people),
		tx.setCounter("delivery", num), tx.setCounter("log", seq))
}

// lockLog returns the last numbers of a delivery and of an event, and locks
// them.
func (tx *Tx) lockLog() (delivery, event int64, err error) {
	for range 2 {
		n := 0
		err := tx.each(`SELECT name, value FROM counters WHERE org = ? AND name IN ('delivery', 'log') ORDER BY name FOR UPDATE`, tx.args(),
			func(rows *sql.Rows) error {
				var name string
				var value int64
				err := rows.Scan(&name, &value)
				if n++; name == "log" {
					event = value
				} else {
					delivery = value
				}
				return err
			})
		if err != nil || n == 2 {
			return delivery, event, err
		}
		if err := tx.write(`INSERT INTO counters (org, name, value) VALUES (?, 'delivery', 0), (?, 'log', 0) ON CONFLICT (org, name) DO NOTHING`,
			tx.org, tx.org); err != nil {
			return 0, 0, err
		}
	}
	return 0, 0, errors.New("the counters of the log are missing")
}

// placed is an event that is new.
type placed struct {
	event *plimsoll.Event
	place place
}

// place returns the events of the delivery that are not there, which will have
// the numbers after last, and counts the others. One that is in the way of
// another is the delivery's error.
func (w *appending) place(there map[place]found, last int64) []placed {
	var fresh []placed
	within := map[place]found{}
	for i := range w.d.Events {
		e := &w.d.Events[i]
		at := placeOf(e, dedupeKey(e))
		was, known := there[at]
		if !known {
			was, known = within[at]
		}
		if known {
			if w.err = w.out.repeated(e, was); w.err != nil {
				return nil
			}
			continue
		}
		last++
		within[at] = found{last, e.Hash}
		w.out.stored(last)
		fresh = append(fresh, placed{e, at})
	}
	return fresh
}

// place is what no two events of the log share.
type place struct {
	typ, subject string // "" for a named delivery
	key          plimsoll.Hash
}

func placeOf(e *plimsoll.Event, key plimsoll.Hash) place {
	if e.DeliveryID != "" {
		return place{key: key}
	}
	return place{string(e.Type), e.Subject, key}
}

// findEvents returns the events that are in the places of others.
func (tx *Tx) findEvents(events []plimsoll.Event) (map[place]found, error) {
	var types, subjects []string
	var plainKeys, namedKeys [][]byte
	for i := range events {
		e := &events[i]
		key := dedupeKey(e)
		if e.DeliveryID != "" {
			namedKeys = append(namedKeys, key[:])
			continue
		}
		types, subjects, plainKeys = append(types, string(e.Type)), append(subjects, e.Subject), append(plainKeys, key[:])
	}
	out := map[place]found{}
	note := func(rows *sql.Rows) error {
		var p place
		var f found
		var key, hash []byte
		err := rows.Scan(&p.typ, &p.subject, &key, &f.seq, &hash)
		copy(p.key[:], key)
		copy(f.hash[:], hash)
		out[p] = f
		return err
	}
	if len(plainKeys) > 0 {
		err := tx.each(`SELECT e.type, e.subject, e.dedupe, e.seq, e.content_hash
			FROM unnest(CAST(? AS TEXT[]), CAST(? AS TEXT[]), CAST(? AS BYTEA[])) k(type, subject, dedupe)
			JOIN events e ON e.org = ? AND e.type = k.type AND e.subject = k.subject AND e.dedupe = k.dedupe`,
			[]any{types, subjects, plainKeys, tx.org}, note)
		if err != nil {
			return nil, err
		}
	}
	if len(namedKeys) > 0 {
		err := tx.each(`SELECT '', '', e.dedupe, e.seq, e.content_hash FROM unnest(CAST(? AS BYTEA[])) k(dedupe)
			JOIN events e ON e.org = ? AND e.dedupe = k.dedupe AND e.delivery_id <> ''`, []any{namedKeys, tx.org}, note)
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
