package ingest

import (
	"context"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// SetTarget appends what a scope wants to reach, and returns when it is
// durable. A later act about the same id replaces what it states; Dropped takes
// the target back. A target that is not whole is refused, but for one that is
// only dropped.
func (d *Door) SetTarget(ctx context.Context, t plimsoll.TargetReport) (store.Receipt, error) {
	dropped := t.Dropped != nil && *t.Dropped
	if !dropped || t.ID == "" {
		if err := t.Check(); err != nil {
			return store.Receipt{}, err
		}
	}
	e, err := ownAct(plimsoll.TypeTarget, t.ID, plimsoll.TimeOf(d.now()), t)
	if err != nil {
		return store.Receipt{}, err
	}
	return d.append(ctx, store.Delivery{Source: sourceOwn, Outcome: "decoded", Events: []plimsoll.Event{e}})
}
