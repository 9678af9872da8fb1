// Package history turns the past into events: a local git clone, a CSV file or
// a file of JSON lines. It refuses to know where the events go, to reach over
// the network and to invent what the past does not say: a stamp that is missing
// or absurd stays missing, and the closing summary counts it.
//
// Each importer hands batches of events in the form of POST /api/v1/events to
// an Emit function. Importing the same past twice yields the same events under
// the same ids, so that a second import is only duplicates.
package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/plimsoll-dev/plimsoll"
)

// Emit takes one batch of events, each a JSON object with its type. It returns
// nil only when the whole batch was accepted. A *plimsoll.Error with an Index
// names the event within the batch that was refused. The batch belongs to the
// callee.
type Emit func(ctx context.Context, batch []json.RawMessage) error

// A batch ends at whichever limit it meets first.
const (
	batchEvents = 2000
	batchBytes  = 4 << 20
)

// place says where an event came from, for the error that refuses it: a line
// of a file, or something with a name.
type place struct {
	line int
	name string
}

func (p place) String() string {
	if p.line > 0 {
		return fmt.Sprintf("%s: line %d", p.name, p.line)
	}
	return p.name
}

// outbox gathers events into batches.
type outbox struct {
	emit   Emit
	sent   int // events accepted so far
	batch  []json.RawMessage
	places []place
	bytes  int
	after  func() // called after each accepted batch
}

func (o *outbox) add(ctx context.Context, event json.RawMessage, from place) error {
	if o.bytes+len(event) > batchBytes {
		if err := o.flush(ctx); err != nil {
			return err
		}
	}
	o.batch = append(o.batch, event)
	o.places = append(o.places, from)
	o.bytes += len(event) + 1
	if len(o.batch) == batchEvents {
		return o.flush(ctx)
	}
	return nil
}

func (o *outbox) flush(ctx context.Context) error {
	if len(o.batch) == 0 {
		return nil
	}
	if err := o.emit(ctx, o.batch); err != nil {
		return located(err, o.places)
	}
	o.sent += len(o.batch)
	o.batch, o.places, o.bytes = nil, o.places[:0], 0
	if o.after != nil {
		o.after()
	}
	return nil
}

// located replaces the position in a batch, which the user never saw, by the
// place in what he imports.
func located(err error, places []place) error {
	var e *plimsoll.Error
	if !errors.As(err, &e) || e.Index < 0 || e.Index >= len(places) {
		return err
	}
	at := places[e.Index].String()
	if e.Field != "" {
		at += ", " + e.Field
	}
	return &plimsoll.Error{Code: e.Code, Message: at + ": " + e.Message, Index: -1, Cause: e.Cause}
}

func invalidf(format string, args ...any) error {
	return plimsoll.Errorf(plimsoll.CodeInvalid, format, args...)
}
