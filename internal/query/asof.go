package query

import (
	"context"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Known says of an answer as of a time what it knows.
type Known struct {
	AsOf plimsoll.Time `json:"as_of"` // the time that was asked for
	// UpTo is when the last event that the answer includes was received; null when
	// nothing was known yet.
	UpTo plimsoll.Time `json:"known_up_to"`
	// Missing counts events that were received by then and are not included,
	// because they were folded together with later ones of the same quarter of an
	// hour, or are not folded yet.
	Missing int64 `json:"missing_events"`
}

func (q Question) known() *Known {
	if !q.AsOf.Known() {
		return nil
	}
	return &Known{AsOf: q.AsOf, UpTo: q.moment.At, Missing: q.moment.Missing}
}

// CheckAsOf checks that a time can be asked as of, given the time now.
func CheckAsOf(asOf, now plimsoll.Time) error {
	if asOf > now {
		return plimsoll.FieldErrorf("as_of", "%s lies in the future; expected a time up to now, %s", asOf, now)
	}
	return nil
}

// checkWindow refuses a window as of a time before it. One that reaches beyond
// the time ends there, as any window ends now at the latest.
func (q Question) checkWindow() error {
	if q.AsOf.Known() && q.Window.From >= q.AsOf {
		return plimsoll.FieldErrorf("from", "%s is not before as_of (%s); nothing of the window had happened yet", q.Window.From, q.AsOf)
	}
	return nil
}

// answer is view for a question that may be asked as of a time: fn gets the
// snapshot that knows what was known then, the question with the place in the
// log that stands for the time, and the position.
func (d *Desk) answer(ctx context.Context, q Question, fn func(tx *store.Tx, q Question, position int64) error) error {
	if err := CheckAsOf(q.AsOf, d.Now()); err != nil {
		return err
	}
	return d.view(ctx, q.MinSeq, func(tx *store.Tx, position int64) error {
		if !q.AsOf.Known() {
			return fn(tx, q, position)
		}
		m, err := d.moment(tx, q.AsOf)
		if err != nil {
			return err
		}
		q.moment = m
		return fn(tx.AsOf(m.Seq), q, m.Seq)
	})
}

// exactTo is the span at whose ends the facts are always complete, unless they
// were folded again since; see definitions 8.1.2.
const exactTo = 15 * time.Minute

// moment finds the place in the log that stands for a time. It refuses one that
// what is kept cannot answer for: a number of hours before would be wrong, and
// look right.
func (d *Desk) moment(tx *store.Tx, asOf plimsoll.Time) (store.Moment, error) {
	m, err := tx.MomentAt(d.cursor, asOf)
	if err != nil || m.Missing == 0 {
		return m, err
	}
	end := plimsoll.TimeOf(asOf.Std().Truncate(exactTo))
	if m.Since > end {
		return m, nil
	}
	if !m.Next.Known() {
		return m, plimsoll.Errorf(plimsoll.CodeUnavailable, "the facts have come to event %d, and what was received up to %s is not in them yet; ask again", m.Seq, asOf)
	}
	nearest := "the next time that is kept is " + m.Next.String()
	if m.At.Known() {
		nearest = "the times that are kept next to it are " + m.At.String() + " and " + m.Next.String()
	}
	return m, plimsoll.FieldErrorf("as_of", "what was known at %s is not kept: it is beyond retention.as_of_days, or the facts were folded again since, or come from an older version; %s. plimsoll refold --steps day keeps the end of every day", asOf, nearest)
}

// When says of what time one fact is asked for.
type When struct {
	MinSeq int64         // wait until the facts include this event
	AsOf   plimsoll.Time // what was known then; unknown asks what is known now
}

func (w When) question() Question { return Question{MinSeq: w.MinSeq, AsOf: w.AsOf} }

func (w When) notFound(what, id string) error {
	if w.AsOf.Known() {
		return plimsoll.Errorf(plimsoll.CodeNotFound, "no %s %q was known at %s", what, id, w.AsOf)
	}
	return plimsoll.Errorf(plimsoll.CodeNotFound, "no %s %q", what, id)
}

// Read says where in the log one fact was read.
type Read struct {
	Position int64 `json:"position"`
	*Known
}
