package fold

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/source/native"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// received is when every event of the tests arrives, so that one without a time
// of its own has the same in every order.
var received = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)

func mustOpen(tb testing.TB, opt store.Options) *store.DB {
	tb.Helper()
	if opt.Dir == "" {
		opt.Dir = tb.TempDir()
	}
	opt.Now = func() time.Time { return received }
	if opt.Database == "" {
		opt.Database = storetest.For(tb, opt.Dir)
	}
	db, err := store.Open(context.Background(), opt)
	if err != nil {
		tb.Fatalf("open: %v", err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return db
}

func mustOrg(tb testing.TB, db *store.DB, name string) *store.Org {
	tb.Helper()
	o, err := db.Org(context.Background(), name)
	if err != nil {
		tb.Fatal(err)
	}
	return o
}

// mustDecode reads events in the form in which users post them.
func mustDecode(tb testing.TB, ndjson string) []plimsoll.Event {
	tb.Helper()
	res, err := native.Decode([]byte(ndjson), native.Options{Now: plimsoll.TimeOf(received)})
	if err != nil {
		tb.Fatalf("%v in\n%s", err, ndjson)
	}
	return res.Events
}

// settingsEvent is what the server appends when its configuration changes.
func settingsEvent(tb testing.TB, at plimsoll.Time, body string) plimsoll.Event {
	tb.Helper()
	var s plimsoll.Settings
	dec := json.NewDecoder(strings.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		tb.Fatalf("settings: %v", err)
	}
	doc, err := json.Marshal(s)
	if err != nil {
		tb.Fatal(err)
	}
	e := plimsoll.Event{
		Type: plimsoll.TypeConfiguration, SchemaVersion: plimsoll.SchemaVersion, Subject: "settings",
		Source: "plimsoll", OccurredAt: at, Body: doc,
	}
	e.Hash = e.ContentHash()
	return e
}

// act is one thing that happens to a store in a test.
type act struct {
	event   plimsoll.Event
	cut     bool // fold what has come so far
	restart bool // … and go on with a Folder that remembers nothing
	refold  bool // … and fold all of it again
}

func says(events ...plimsoll.Event) []act {
	acts := make([]act, len(events))
	for i, e := range events {
		acts[i] = act{event: e}
	}
	return acts
}

// play lets the acts happen to an organisation, folds what is left, and returns
// its facts, a line each.
func play(org *store.Org, db *store.DB, acts []act) ([]string, error) {
	ctx := context.Background()
	var log bytes.Buffer
	opt := Options{Log: slog.New(slog.NewTextHandler(&log, nil))}
	f := New(db, org, opt)
	var waiting []plimsoll.Event
	flush := func() error {
		if len(waiting) == 0 {
			return nil
		}
		_, err := org.Append(ctx, store.Delivery{Source: "test", Outcome: "decoded", Events: waiting})
		waiting = nil
		return err
	}
	for _, a := range acts {
		if !a.cut {
			waiting = append(waiting, a.event)
			continue
		}
		if err := flush(); err != nil {
			return nil, err
		}
		if err := f.CatchUp(ctx); err != nil {
			return nil, err
		}
		if a.restart {
			f = New(db, org, opt)
		}
		if a.refold {
			if err := f.Refold(ctx, Steps{Every: "month"}); err != nil {
				return nil, err
			}
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	if err := f.CatchUp(ctx); err != nil {
		return nil, err
	}
	if log.Len() > 0 {
		return nil, errors.New(log.String())
	}
	return factLines(org)
}

// factLines returns every current fact as a line, and what was parked or is
// still to be derived.
func factLines(org *store.Org) (lines []string, err error) {
	err = org.View(context.Background(), func(tx *store.Tx) error {
		parked, err := tx.ParkedEvents(Cursor)
		if err != nil {
			return err
		}
		for _, p := range parked {
			lines = append(lines, fmt.Sprintf("parked %s", p.Error))
		}
		head, err := tx.Head()
		if err != nil {
			return err
		}
		if at, err := tx.Position(Cursor); err != nil || at != head {
			lines = append(lines, fmt.Sprintf("the facts end at event %d of %d (%v)", at, head, err))
		}
		return tx.Facts(func(line string) { lines = append(lines, line) })
	})
	return lines, err
}

// difference lists the lines that only one side has, "" when there are none.
func difference(want, got []string) string {
	var b strings.Builder
	for _, l := range want {
		if !slices.Contains(got, l) {
			b.WriteString("- " + l + "\n")
		}
	}
	for _, l := range got {
		if !slices.Contains(want, l) {
			b.WriteString("+ " + l + "\n")
		}
	}
	return b.String()
}
