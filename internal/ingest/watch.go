package ingest

import (
	"context"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Watch hears of each delivery as it begins and, through what it returns, as it
// ends. source is a name of ours, or one that the configuration gives: never one
// that a stranger chose. outcome is accepted, duplicate (nothing of it was new),
// or the code of the error. The context that it returns is that of the delivery.
type Watch func(ctx context.Context, source string) (context.Context, func(outcome string, r store.Receipt, err error))

// Observe tells w of every delivery from now on. Call it before the first.
func (d *Door) Observe(w Watch) { d.watch = w }

// began tells of a delivery; what it returns tells of its end.
func (d *Door) began(ctx context.Context, source string) (context.Context, func(r store.Receipt, err error)) {
	if d.watch == nil {
		return ctx, func(store.Receipt, error) {}
	}
	ctx, told := d.watch(ctx, source)
	return ctx, func(r store.Receipt, err error) { told(outcomeOf(ctx, r, err), r, err) }
}

func outcomeOf(ctx context.Context, r store.Receipt, err error) string {
	switch {
	case err != nil && ctx.Err() != nil:
		return "gone" // its sender did not wait for the answer
	case err != nil:
		return string(plimsoll.ErrorCode(err))
	case r.Accepted == 0 && r.Duplicates > 0:
		return "duplicate"
	}
	return "accepted"
}

// append stores what one of our own doors says.
func (d *Door) append(ctx context.Context, what store.Delivery) (r store.Receipt, err error) {
	ctx, done := d.began(ctx, what.Source)
	defer func() { done(r, err) }()
	return d.org.Append(ctx, what)
}
