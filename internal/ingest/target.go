package ingest

import (
	"context"
	"encoding/json"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source/native"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// sourceOwn is the source of acts of our own endpoints.
const sourceOwn = "plimsoll"

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
	body, err := json.Marshal(t)
	if err != nil {
		return store.Receipt{}, err
	}
	e := plimsoll.Event{
		Type: plimsoll.TypeTarget, SchemaVersion: plimsoll.SchemaVersion, Subject: t.ID, Source: sourceOwn,
		OccurredAt: plimsoll.TimeOf(d.now()), Decoder: native.Decoder, Body: body,
	}
	e.Hash = e.ContentHash()
	return d.org.Append(ctx, store.Delivery{Source: sourceOwn, Outcome: "decoded", Events: []plimsoll.Event{e}})
}
