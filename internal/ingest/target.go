package ingest

import (
	"context"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// SetTarget appends what a scope wants to reach, and returns when it is
// durable. A later act about the same id replaces what it states; Dropped takes
// the target back. A target that is not whole is refused, but for one that is
// only dropped. Who is bound to a team sets the targets of that team and of its
// services.
func (d *Door) SetTarget(ctx context.Context, by plimsoll.Actor, t plimsoll.TargetReport) (store.Receipt, error) {
	dropped := t.Dropped != nil && *t.Dropped
	if !dropped || t.ID == "" {
		if err := t.Check(); err != nil {
			return store.Receipt{}, err
		}
	}
	if err := d.mayTarget(ctx, by, t); err != nil {
		return store.Receipt{}, err
	}
	e, err := ownAct(plimsoll.TypeTarget, t.ID, plimsoll.TimeOf(d.now()), t)
	if err != nil {
		return store.Receipt{}, err
	}
	people := map[string]string{}
	e.Actor = d.sign(by, people)
	return d.append(ctx, store.Delivery{Source: sourceOwn, Outcome: "decoded", Events: []plimsoll.Event{e}, People: people})
}
