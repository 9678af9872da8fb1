package store

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// TestMain turns the test binary into the process that a crash test kills.
func TestMain(m *testing.M) {
	if role := os.Getenv(childRole); role != "" {
		os.Exit(child(role))
	}
	os.Exit(m.Run())
}

// testTime is what the clock of a test store says unless the test says more.
var testTime = time.Date(2026, 3, 24, 10, 15, 0, 0, time.UTC)

func clockAt(t time.Time) func() time.Time { return func() time.Time { return t } }

// mustOpen opens a store in a folder of the test's own, or in opt.Dir, and
// closes it at the end.
func mustOpen(tb testing.TB, opt Options) *DB {
	tb.Helper()
	if opt.Dir == "" {
		opt.Dir = tb.TempDir()
	}
	if opt.Now == nil {
		opt.Now = clockAt(testTime)
	}
	db, err := Open(context.Background(), opt)
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

func mustOrg(tb testing.TB, db *DB, name string) *Org {
	tb.Helper()
	o, err := db.Org(context.Background(), name)
	if err != nil {
		tb.Fatal(err)
	}
	return o
}

func mustAppend(tb testing.TB, o *Org, d Delivery) Receipt {
	tb.Helper()
	r, err := o.Append(context.Background(), d)
	if err != nil {
		tb.Fatalf("append: %v", err)
	}
	return r
}

func mustUpdate(tb testing.TB, o *Org, fn func(tx *Tx) error) {
	tb.Helper()
	if err := o.Update(context.Background(), fn); err != nil {
		tb.Fatalf("update: %v", err)
	}
}

func mustView(tb testing.TB, o *Org, fn func(tx *Tx) error) {
	tb.Helper()
	if err := o.View(context.Background(), fn); err != nil {
		tb.Fatalf("view: %v", err)
	}
}

// got runs a read on a snapshot of its own and returns what it gave.
func got[T any](tb testing.TB, o *Org, read func(tx *Tx) (T, error)) T {
	tb.Helper()
	var out T
	mustView(tb, o, func(tx *Tx) (err error) {
		out, err = read(tx)
		return err
	})
	return out
}

// sampleEvent is a deployment event about a subject; the text makes its content.
func sampleEvent(subject, text string) plimsoll.Event {
	e := plimsoll.Event{
		Type: plimsoll.TypeDeployment, SchemaVersion: plimsoll.SchemaVersion, Subject: subject, Source: "api",
		OccurredAt: plimsoll.TimeOf(testTime), Decoder: "test/1",
		Body: fmt.Appendf(nil, `{"id":%q,"service":"checkout","environment":"production","version":%q}`, subject, text),
	}
	e.Hash = e.ContentHash()
	return e
}

func sampleDelivery(events ...plimsoll.Event) Delivery {
	return Delivery{Source: "api", ContentType: "application/json", Outcome: "decoded", Events: events}
}

// allEvents reads the whole log in small pages.
func allEvents(tb testing.TB, o *Org) []plimsoll.Record {
	tb.Helper()
	return got(tb, o, func(tx *Tx) ([]plimsoll.Record, error) {
		var out []plimsoll.Record
		for {
			var after int64
			if len(out) > 0 {
				after = out[len(out)-1].Seq
			}
			page, err := tx.Events(after, 97)
			if err != nil || len(page) == 0 {
				return out, err
			}
			out = append(out, page...)
		}
	})
}

// wholeLog checks that the numbers of the log have no gaps and that no event
// stands in it twice, and returns how often each subject was reported.
func wholeLog(tb testing.TB, o *Org) map[string]int {
	tb.Helper()
	seen := map[string]int{}
	hashes := map[plimsoll.Hash]int64{}
	events := allEvents(tb, o)
	for i, r := range events {
		if r.Seq != int64(i+1) {
			tb.Fatalf("event %d of the log has number %d", i+1, r.Seq)
		}
		if r.DeliveryID == "" {
			if before := hashes[r.Hash]; before != 0 {
				tb.Fatalf("events %d and %d are the same", before, r.Seq)
			}
			hashes[r.Hash] = r.Seq
		}
		seen[r.Subject]++
	}
	if head := got(tb, o, (*Tx).Head); head != int64(len(events)) {
		tb.Fatalf("the head is %d, the log has %d events", head, len(events))
	}
	return seen
}

// code fails the test unless err has the code and is one line.
func code(tb testing.TB, err error, want plimsoll.Code) {
	tb.Helper()
	if plimsoll.ErrorCode(err) != want {
		tb.Fatalf("got code %q (%v), want %q", plimsoll.ErrorCode(err), err, want)
	}
	if err != nil && strings.Contains(err.Error(), "\n") {
		tb.Fatalf("the error has several lines: %v", err)
	}
}
