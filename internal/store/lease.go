package store

import (
	"context"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Lease is the right to do a piece of work of an organisation that only one
// process may do at a time. It ends by itself when its holder is silent for
// long; whoever takes it over begins a new epoch, and nothing that was begun in
// an older one is written any more.
type Lease struct {
	name, holder string
	epoch        int64
	last         time.Duration
}

// ErrLeaseLost says that another process has taken the work over.
var ErrLeaseLost = plimsoll.Errorf(plimsoll.CodeConflict, "another process has taken this work over")

// TakeLease takes the lease of that name, or keeps it if holder has it already.
// It reports false when another process has it. holder must differ between any
// two processes, also between those before and after a restart; last is for how
// long the lease holds without a word of its holder.
func (o *Org) TakeLease(ctx context.Context, name, holder string, last time.Duration) (l Lease, ok bool, err error) {
	// Where no other process can have the data open, the one that had it is gone.
	return o.takeLease(ctx, Lease{name: name, holder: holder, last: last}, o.db.say.alone)
}

// SeizeLease takes the lease of that name from whoever has it.
func (o *Org) SeizeLease(ctx context.Context, name, holder string, last time.Duration) (Lease, error) {
	l, _, err := o.takeLease(ctx, Lease{name: name, holder: holder, last: last}, true)
	return l, err
}

func (o *Org) takeLease(ctx context.Context, l Lease, anyway bool) (_ Lease, ok bool, err error) {
	over := `leases.until < ` + o.db.say.clock
	if anyway {
		over = `leases.until >= 0`
	}
	// In the lane of the facts: it waits for a holder that is just writing.
	err = o.submit(ctx, o.db.facts, func(tx *Tx) error {
		if err := tx.Fault("lease:take"); err != nil {
			return err
		}
		ok, err = tx.one(`INSERT INTO leases (org, name, holder, epoch, until) VALUES (?, ?, ?, 1, `+o.db.say.clock+` + ?)
			ON CONFLICT (org, name) DO UPDATE SET holder = excluded.holder, until = excluded.until,
				epoch = CASE WHEN leases.holder = excluded.holder THEN leases.epoch ELSE leases.epoch + 1 END
			WHERE leases.holder = excluded.holder OR `+over+` RETURNING epoch`, tx.args(l.name, l.holder, l.last.Microseconds()), &l.epoch)
		return err
	})
	// Whose answer was lost may have it and asks again, under the same name.
	return l, ok && err == nil, err
}

// UpdateUnder runs fn as Update does, in a transaction that is only committed if
// the lease still holds, and makes it last anew. It fails with ErrLeaseLost when
// another process has taken it; until the commit none can.
func (o *Org) UpdateUnder(ctx context.Context, l Lease, fn func(tx *Tx) error) error {
	return o.submit(ctx, o.db.facts, func(tx *Tx) error {
		n, err := tx.exec(`UPDATE leases SET until = `+o.db.say.clock+` + ? WHERE org = ? AND name = ? AND holder = ? AND epoch = ?`,
			l.last.Microseconds(), tx.org, l.name, l.holder, l.epoch)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrLeaseLost
		}
		if err := tx.Fault("lease:keep"); err != nil {
			return err
		}
		return fn(tx)
	})
}

// Holder is a name for this process as the holder of leases. No other has it,
// also not after a restart.
func (db *DB) Holder() string { return db.holder }

// farewell bounds how long the end of a process waits to give its leases up.
// They end by themselves.
const farewell = 2 * time.Second

// endLeases gives up what this process holds, so that the next need not wait. It
// runs when nobody else uses the connections any more.
func (db *DB) endLeases() {
	if !db.say.shared {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if db.facts.s.fresh(ctx) == nil {
		_ = db.facts.s.exec(ctx, `UPDATE leases SET until = 0 WHERE holder = ?`, db.holder)
	}
}

// LeaseHolder returns who has a lease and until when, by the clock of the
// database; "" if nobody ever had it.
func (o *Org) LeaseHolder(ctx context.Context, name string) (holder string, until plimsoll.Time, err error) {
	err = o.View(ctx, func(tx *Tx) error {
		_, err := tx.one(`SELECT holder, until FROM leases WHERE org = ? AND name = ?`, tx.args(name), &holder, &until)
		return err
	})
	return holder, until, err
}
