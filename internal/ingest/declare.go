package ingest

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source/native"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// sourceConfiguration is the source of what the configuration file says.
const sourceConfiguration = "configuration"

// Declaration is what the configuration says of facts. It reaches the fold only
// through the log, so that facts follow from the log alone.
type Declaration struct {
	Settings plimsoll.Settings
	Services []plimsoll.ServiceReport
}

// Declare appends what the configuration says, as far as it differs from what
// it said last. It holds from now on; going back to an earlier configuration is
// news like any other.
func (d *Door) Declare(ctx context.Context, by plimsoll.Actor, c Declaration) error {
	var events []plimsoll.Event
	people := map[string]string{}
	add := func(typ plimsoll.Type, subject string, report any) error {
		body, err := json.Marshal(report)
		if err != nil {
			return err
		}
		said, err := d.lastSaid(ctx, typ, subject)
		if err != nil || bytes.Equal(said, body) {
			return err
		}
		if said == nil && string(body) == "{}" {
			return nil // nothing was ever configured, and still nothing is
		}
		e := plimsoll.Event{
			Type: typ, SchemaVersion: plimsoll.SchemaVersion, Subject: subject, Source: sourceConfiguration,
			OccurredAt: plimsoll.TimeOf(d.now()), Decoder: native.Decoder, Body: body,
		}
		e.Hash, e.Actor = e.ContentHash(), d.sign(by, people)
		events = append(events, e)
		return nil
	}
	if err := add(plimsoll.TypeConfiguration, "settings", c.Settings); err != nil {
		return err
	}
	for _, s := range c.Services {
		if err := add(plimsoll.TypeService, s.Name, s); err != nil {
			return err
		}
	}
	if len(events) == 0 {
		return nil
	}
	_, err := d.append(ctx, store.Delivery{Source: sourceConfiguration, Outcome: "decoded", Events: events, People: people})
	return err
}

// lastSaid returns what the configuration said last of a subject, nil if it
// never did.
func (d *Door) lastSaid(ctx context.Context, typ plimsoll.Type, subject string) (body []byte, err error) {
	err = d.org.View(ctx, func(tx *store.Tx) error {
		head, err := tx.Head()
		if err != nil {
			return err
		}
		events, err := tx.SubjectEvents(typ, subject, head)
		for _, e := range events {
			if e.Source == sourceConfiguration {
				body = e.Body
			}
		}
		return err
	})
	return body, err
}
