// Package query is the one door out: every number that anybody shows comes from
// here, with the position in the log it was read at. It refuses to format, and
// no surface computes a number of its own.
package query

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/cells"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Definitions is the version of the definitions that the numbers follow.
const Definitions = "1"

// provisionalDelay is how long failures of a deployment may still be learnt of
// in the usual course: the reach of a hotfix and of an incident.
const provisionalDelay = 48 * time.Hour

// The bounds of waiting for the facts to take in what was written.
const (
	waitOwn    = 10 * time.Second // for a position that the caller named
	waitRecent = time.Second      // for what was acknowledged before the question
	farBehind  = 20_000           // events; further behind, waiting a second is no use
)

// Desk answers questions about one organisation. It is safe for concurrent use.
type Desk struct {
	db     *store.DB
	org    *store.Org
	cursor string
	now    func() time.Time
	zone   *time.Location

	trace   func(ctx context.Context, name string) (context.Context, func(error)) // nil: nobody traces
	cells   *cells.Cells                                                          // nil: everything comes from the rows
	stalled atomic.Pointer[standstill]
	memory  memory
	detail  detailMemory
}

// standstill is where the facts were last seen not to move for a while.
type standstill struct{ facts, head int64 }

// Options are what a Desk needs to know.
type Options struct {
	Cursor string // of the follower that makes the facts
	Now    func() time.Time
	Zone   *time.Location // cuts days, weeks and months where a question names none
	Cells  *cells.Cells   // of the organisation and the zone; nil answers everything from the rows

	// Trace hears of a question as it begins and, through what it returns, as it
	// ends. It may be nil.
	Trace func(ctx context.Context, name string) (context.Context, func(error))
}

// New returns the desk of an organisation.
func New(db *store.DB, org *store.Org, opt Options) *Desk {
	if opt.Zone == nil {
		opt.Zone = time.UTC
	}
	return &Desk{db: db, org: org, cursor: opt.Cursor, now: opt.Now, zone: opt.Zone, cells: opt.Cells, trace: opt.Trace}
}

// Question says what a number is asked about.
type Question struct {
	Scope       plimsoll.Scope
	Environment string // "" is production: every environment of that class
	Window      plimsoll.Window
	Benchmark   string // "" is the default set
	MinSeq      int64  // wait until the facts include this event

	// AsOf asks what was known then: nothing received later is used, and the
	// window ends then at the latest. Unknown asks what is known now.
	AsOf plimsoll.Time

	moment store.Moment // of AsOf, once it is looked up
}

// Now is the time of asking, by the clock of the desk.
func (d *Desk) Now() plimsoll.Time { return plimsoll.TimeOf(d.now()) }

// Zone is the time zone in which days are cut.
func (d *Desk) Zone() *time.Location { return d.zone }

// Asked is repeated in every answer.
type Asked struct {
	Scope       string        `json:"scope"`
	Environment string        `json:"environment"`
	From        plimsoll.Time `json:"from"`
	To          plimsoll.Time `json:"to"`
	Zone        string        `json:"zone"`
	Definitions string        `json:"definitions"`
	Position    int64         `json:"position"` // last event the answer includes
	*Known                    // only of an answer as of a time
}

func (d *Desk) asked(q Question, position int64) Asked {
	a := Asked{
		Scope: q.Scope.String(), Environment: q.Environment, From: q.Window.From, To: q.Window.To,
		Zone: d.zone.String(), Definitions: Definitions, Position: position,
	}
	if a.Environment == "" {
		a.Environment = "production"
	}
	a.Known = q.known()
	return a
}

// filter turns a question into what the store selects by.
func (q Question) filter() (store.Filter, error) {
	f := store.Filter{Window: q.Window}
	switch q.Scope.Kind {
	case plimsoll.ScopeOrg, "":
	case plimsoll.ScopeTeam:
		f.Team = q.Scope.Name
	case plimsoll.ScopeService:
		f.Service = q.Scope.Name
	case plimsoll.ScopeLabel:
		f.LabelName, f.LabelValue = q.Scope.Name, q.Scope.Value
	default:
		return f, plimsoll.FieldErrorf("scope", "%s: measures are kept for the organisation, teams, services and labels; ask for one of these", q.Scope)
	}
	if q.Environment == "" || q.Environment == "production" {
		f.Production = true
	} else {
		f.Environment = q.Environment
	}
	return f, nil
}

// view waits until the facts include what the caller may expect to see, then
// runs fn on a snapshot, and again on another one if fn asks for that.
func (d *Desk) view(ctx context.Context, minSeq int64, fn func(tx *store.Tx, position int64) error) (err error) {
	if d.trace != nil {
		var done func(error)
		ctx, done = d.trace(ctx, "query")
		defer func() { done(err) }()
	}
	if err := d.wait(ctx, minSeq); err != nil {
		return err
	}
	for {
		err := d.org.View(ctx, func(tx *store.Tx) error {
			position, err := tx.Position(d.cursor)
			if err != nil {
				return err
			}
			return fn(tx, position)
		})
		if !errors.Is(err, errAgain) {
			return err
		}
	}
}

// wait lets the facts catch up: with the event the caller named, else for a
// moment with what was acknowledged before the question.
func (d *Desk) wait(ctx context.Context, minSeq int64) error {
	limit, required := waitOwn, minSeq > 0
	if !required {
		limit = waitRecent
	}
	late := time.NewTimer(limit)
	defer late.Stop()
	for {
		changed := d.db.Changed()
		at, head, err := d.Position(ctx)
		if err != nil {
			return err
		}
		if !required && minSeq == 0 {
			minSeq = head
		}
		if at >= minSeq || !required && minSeq-at > farBehind {
			return nil
		}
		// Facts that stood still a moment ago, as they do when something of
		// them cannot be derived, are not waited for again until anything moves.
		if was := d.stalled.Load(); !required && was != nil && *was == (standstill{at, head}) {
			return nil
		}
		if required && minSeq > head {
			return plimsoll.FieldErrorf("min_seq", "%d was never given out; the log ends at %d", minSeq, head)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			if !required {
				d.stalled.Store(&standstill{at, head})
				return nil
			}
			return plimsoll.Errorf(plimsoll.CodeUnavailable, "the facts have come to event %d and not yet to %d; ask again", at, minSeq)
		}
	}
}

// Position returns how far the facts and the log have come.
func (d *Desk) Position(ctx context.Context) (facts, head int64, err error) {
	err = d.org.View(ctx, func(tx *store.Tx) (err error) {
		if facts, err = tx.Position(d.cursor); err != nil {
			return err
		}
		head, err = tx.Head()
		return err
	})
	return facts, head, err
}

// Vitals says how the log and the facts stand.
func (d *Desk) Vitals(ctx context.Context) (v store.Vitals, err error) {
	err = d.org.View(ctx, func(tx *store.Tx) (err error) {
		v, err = tx.Vitals(d.cursor)
		return err
	})
	return v, err
}

// Counts says how much the store holds.
func (d *Desk) Counts(ctx context.Context) (c store.Counts, err error) {
	err = d.org.View(ctx, func(tx *store.Tx) (err error) {
		c, err = tx.Counts()
		return err
	})
	return c, err
}

// period is the question in the words of the metric room. For a question about
// what was known at a time, that is the present.
func (d *Desk) period(q Question) metric.Period {
	p := metric.Period{Window: q.Window, Now: d.Now(), Zone: d.zone}
	if q.AsOf.Known() {
		p.Now = q.AsOf
	}
	return p
}
