package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source/vendors"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Redecoded says what became of the deliveries that were decoded again.
type Redecoded struct {
	Deliveries   int // that were looked at
	Events       int // that are new, or take the place of others
	Undecodable  int // deliveries that still nobody understands
	Unconfigured int // deliveries of tools that are not configured here, left as they are
}

// redecodeStep is how many deliveries are read at once.
const redecodeStep = 100

// Redecode decodes the kept originals of all deliveries again, by the decoders
// and options of now. An event that says something else than before takes the
// place of the one that the delivery brought; one that no decoder makes any more
// stays. It may be interrupted and begun again at any time.
func (d *Door) Redecode(ctx context.Context) (Redecoded, error) {
	var out Redecoded
	for at := int64(0); ; {
		var page []store.Kept
		err := d.org.View(ctx, func(tx *store.Tx) (err error) {
			page, err = tx.KeptAfter(at, redecodeStep)
			return err
		})
		if err != nil || len(page) == 0 {
			return out, err
		}
		for _, k := range page {
			if err := d.redecode(ctx, k, &out); err != nil {
				return out, err
			}
			at = k.Num
		}
	}
}

func (d *Door) redecode(ctx context.Context, k store.Kept, out *Redecoded) error {
	h, ok := d.hooks.by[k.Source]
	if !ok {
		out.Unconfigured++
		return nil
	}
	s, _ := vendors.ByName(kindOf(k.Source))
	var kept original
	if err := json.Unmarshal(k.Body, &kept); err != nil || len(kept.Body) == 0 {
		out.Deliveries++
		out.Undecodable++
		return nil // no JSON, and never will be
	}
	out.Deliveries++
	outcome, events, _, err := d.decode(ctx, s, h, kept)
	if err != nil {
		return err
	}
	if outcome == OutcomeUndecodable {
		out.Undecodable++
	}
	var fresh []plimsoll.Event
	err = d.org.View(ctx, func(tx *store.Tx) error {
		for _, e := range events {
			last, err := lastOf(tx, k.Num, e)
			if err != nil {
				return err
			}
			if last.Seq != 0 && last.Hash == e.Hash {
				continue
			}
			e.Supersedes, e.Actor = last.Seq, last.Actor
			fresh = append(fresh, e)
		}
		return nil
	})
	if err != nil || len(fresh) == 0 {
		return err
	}
	r, err := d.append(ctx, store.Delivery{Source: k.Source, Outcome: "redecoded", Events: fresh})
	out.Events += r.Accepted
	return err
}

// lastOf returns what stands now in the place of the event about a subject that
// a delivery brought: that event, or what took its place since. Where the
// delivery brought none, it is one of the same source and time that another
// version of the decoder made.
func lastOf(tx *store.Tx, delivery int64, e plimsoll.Event) (last plimsoll.Record, err error) {
	brought, err1 := tx.EventsOf(delivery, e.Type, e.Subject)
	about, err2 := tx.SubjectEvents(e.Type, e.Subject, math.MaxInt64)
	if err := errors.Join(err1, err2); err != nil {
		return last, err
	}
	replaced := map[int64]bool{}
	for _, r := range about {
		replaced[r.Supersedes] = true
		if r.Hash == e.Hash {
			return r, nil // it stands there already
		}
	}
	for _, r := range about {
		switch {
		case len(brought) > 0 && r.Seq == brought[0], last.Seq != 0 && r.Supersedes == last.Seq:
			last = r
		case len(brought) == 0 && r.Source == e.Source && r.OccurredAt == e.OccurredAt && r.Decoder != e.Decoder && kindOf(r.Decoder) == kindOf(e.Decoder) && !replaced[r.Seq]:
			last = r
		}
	}
	return last, nil
}

// kindOf is what stands before the slash.
func kindOf(key string) string {
	kind, _, _ := strings.Cut(key, "/")
	return kind
}
