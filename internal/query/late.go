package query

import (
	"context"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Late compares what was known of a window at one time with what was known at a
// later one, and names the events that make the difference.
type Late struct {
	Then Measures `json:"then"`
	Now  Measures `json:"now"`

	// Events are those with which facts under the measures changed, in the order
	// of the log.
	Events []LateEvent `json:"events"`
	// Others came between them and concern the same services. They changed none of
	// these facts when they came, and may be needed for what changed later. The old
	// state with Events and Others, and nothing else, has the new numbers.
	Others []LateEvent `json:"others"`
	// LeftOut counts what the lists do not show because they would grow too long.
	LeftOut int `json:"left_out"`
}

// LateEvent is an event that was learnt late.
type LateEvent struct {
	Seq        int64         `json:"seq"`
	ReceivedAt plimsoll.Time `json:"received_at"`
	OccurredAt plimsoll.Time `json:"occurred_at"`
	Type       plimsoll.Type `json:"type"`
	Subject    string        `json:"subject"`
	Source     string        `json:"source"`
	Services   []string      `json:"services"` // empty when it may concern all
	// Changed are the facts of its services that changed with it, or with events
	// that were folded together with it.
	Changed []LateFact `json:"changed,omitempty"`
}

// LateFact is a fact that changed.
type LateFact struct {
	Fact string `json:"fact"`
	ID   string `json:"id"`
	How  string `json:"how"` // began, ended or changed
}

// The bounds of an answer.
const (
	mostLate      = 2000
	mostLateFacts = 20 // of one event
)

// Late answers what has been learnt of a window since a time, up to another one,
// or up to now when that is unknown.
func (d *Desk) Late(ctx context.Context, q Question, until plimsoll.Time) (Late, error) {
	var out Late
	bench, err := metric.BenchmarkNamed(q.Benchmark)
	if err != nil {
		return out, err
	}
	switch {
	case !q.AsOf.Known():
		return out, plimsoll.FieldErrorf("as_of", "missing; name the time of the earlier report")
	case until > d.Now():
		return out, plimsoll.FieldErrorf("until", "%s lies in the future; expected a time up to now, %s", until, d.Now())
	case until.Known() && until <= q.AsOf:
		return out, plimsoll.FieldErrorf("until", "%s is not after as_of (%s)", until, q.AsOf)
	}
	if err := q.checkWindow(); err != nil {
		return out, err
	}
	later := q
	later.AsOf = until
	return out, d.answer(ctx, q, func(past *store.Tx, q Question, from int64) error {
		tx := past.AsKnownNow()
		to, err := tx.Position(d.cursor)
		if err != nil {
			return err
		}
		present := tx
		if until.Known() {
			if later.moment, err = d.moment(tx, until); err != nil {
				return err
			}
			to = later.moment.Seq
			present = tx.AsOf(to)
		}
		if out.Then, err = d.measured(past, q, from, bench); err != nil {
			return err
		}
		if out.Now, err = d.measured(present, later, to, bench); err != nil {
			return err
		}
		return out.name(tx, q, from, to)
	})
}

func (d *Desk) measured(tx *store.Tx, q Question, position int64, bench *metric.Benchmark) (Measures, error) {
	f, err := q.filter()
	if err != nil {
		return Measures{}, err
	}
	in, more, err := d.both(tx, f, position)
	if err != nil {
		return Measures{}, err
	}
	return d.measure(in, more, q, position, bench), nil
}

// name fills the lists of events.
func (l *Late) name(tx *store.Tx, q Question, from, to int64) error {
	l.Events, l.Others = []LateEvent{}, []LateEvent{}
	f, err := q.filter()
	if err != nil {
		return err
	}
	changes, err := tx.VersionChanges(f, from, to)
	if err != nil || len(changes) == 0 {
		return err
	}
	services := map[string]bool{}
	incidents := map[string]bool{} // an incident may belong to no service
	for _, c := range changes {
		if c.Fact == store.FactIncidents {
			incidents[c.ID] = true
		}
		for _, s := range c.Services {
			services[s] = true
		}
	}
	if err := tx.Related(services, from, to); err != nil {
		return err
	}
	portion := portions(tx, to)
	for i := range changes {
		// One that was written before a crash belongs to the portion that was
		// completed after it.
		if changes[i].Seq, err = portion(changes[i].Seq); err != nil {
			return err
		}
	}
	// What came after the last change made none.
	last := changes[len(changes)-1].Seq
	return tx.EventsAbout(from, last, func(a store.About) error {
		for len(changes) > 0 && changes[0].Seq < a.Seq {
			changes = changes[1:]
		}
		changed := a.Type == plimsoll.TypeIncident && incidents[a.Subject]
		if !a.Every && !changed && !slices.ContainsFunc(a.Services, func(s string) bool { return services[s] }) {
			return nil
		}
		e := LateEvent{
			Seq: a.Seq, ReceivedAt: a.RecordedAt, OccurredAt: a.OccurredAt, Type: a.Type, Subject: a.Subject, Source: a.Source,
			Services: append([]string{}, a.Services...),
		}
		if whole, err := portion(a.Seq); err != nil {
			return err
		} else if changes[0].Seq == whole {
			e.Changed = changedWith(a, changes)
		}
		switch {
		case len(l.Events)+len(l.Others) >= mostLate:
			l.LeftOut++
		case len(e.Changed) > 0:
			l.Events = append(l.Events, e)
		default:
			l.Others = append(l.Others, e)
		}
		return nil
	})
}

// portions returns a function that finds the last event of the portion that an
// event was folded with. The newest portion may not be noted yet; it ends at to.
func portions(tx *store.Tx, to int64) func(seq int64) (int64, error) {
	var first, last int64 // of the portion found before, as far as it is known
	return func(seq int64) (int64, error) {
		if seq >= first && seq <= last {
			return last, nil
		}
		end, err := tx.PortionOf(seq)
		if err == nil && end == 0 {
			end = to
		}
		first, last = seq, end
		return end, err
	}
}

// changedWith lists the facts of an event's services that changed with the
// first portion of changes.
func changedWith(a store.About, changes []store.VersionChange) (out []LateFact) {
	for _, c := range changes {
		if c.Seq != changes[0].Seq || len(out) == mostLateFacts {
			break
		}
		itself := a.Type == plimsoll.TypeIncident && c.Fact == store.FactIncidents && c.ID == a.Subject
		if !a.Every && !itself && !slices.ContainsFunc(a.Services, func(s string) bool { return slices.Contains(c.Services, s) }) {
			continue
		}
		how := "changed"
		if !c.Ended {
			how = "began"
		} else if !c.Begun {
			how = "ended"
		}
		out = append(out, LateFact{c.Fact, c.ID, how})
	}
	return out
}
