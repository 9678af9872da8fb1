package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

var logProperties = []property{
	{"numbers have no gaps under 64 appenders, and every event is there once after reopening", numbersHaveNoGaps},
	{"a delivery is stored whole or not at all", deliveryIsWhole},
	{"the same content is stored once", sameContentOnce},
	{"a named delivery is stored once, event by event", namedDeliveryOnce},
	{"a named delivery with other content is a conflict", namedDeliveryConflict},
	{"an event comes back as it was appended", eventRoundTrip},
	{"the original of a delivery comes back byte by byte", bodyRoundTrip},
	{"the events of a subject are found up to a number", subjectEvents},
	{"a name can be erased and stays erased", personErased},
	{"a secret is the same for everybody and after reopening", secretStays},
}

func numbersHaveNoGaps(t *testing.T, open opener) {
	const appenders, each = 64, 12
	dir := t.TempDir()
	db := open(t, Options{Dir: dir})
	o := mustOrg(t, db, "default")
	var mu sync.Mutex
	acknowledged := map[string]int64{}
	var wg sync.WaitGroup
	for a := range appenders {
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprintf("d-%d-%d", a, i)
				// Every third delivery repeats the one before beside its own.
				d := sampleDelivery(sampleEvent(id, "1"))
				if i%3 == 2 {
					d.Events = append(d.Events, sampleEvent(fmt.Sprintf("d-%d-%d", a, i-1), "1"))
				}
				r, err := o.Append(context.Background(), d)
				if err != nil || r.Accepted != 1 || r.Duplicates != len(d.Events)-1 {
					t.Errorf("append %s: %+v, %v", id, r, err)
					return
				}
				mu.Lock()
				acknowledged[id] = r.Position
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	o = mustOrg(t, open(t, Options{Dir: dir}), "default")
	wholeLog(t, o)
	for _, r := range allEvents(t, o) {
		if acknowledged[r.Subject] != r.Seq {
			t.Errorf("%s stands at %d and was acknowledged at %d", r.Subject, r.Seq, acknowledged[r.Subject])
		}
		delete(acknowledged, r.Subject)
	}
	if len(acknowledged) > 0 {
		t.Errorf("%d acknowledged events are gone: %v", len(acknowledged), acknowledged)
	}
}

func deliveryIsWhole(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	good := sampleEvent("d-1", "1")
	good.DeliveryID = "push-1"
	mustAppend(t, o, sampleDelivery(good))
	clash := sampleEvent("d-3", "1")
	clash.DeliveryID = "push-1"
	d := sampleDelivery(sampleEvent("d-2", "1"), clash)
	d.People = map[string]string{"p-1": "Ada"}
	d.Body = []byte("raw")
	_, err := o.Append(context.Background(), d)
	code(t, err, plimsoll.CodeConflict)
	if seen := wholeLog(t, o); len(seen) != 1 || seen["d-1"] != 1 {
		t.Errorf("the log holds %v", seen)
	}
	if name := got(t, o, func(tx *Tx) (string, error) { return tx.Person("p-1") }); name != "" {
		t.Errorf("the person %q of a refused delivery was kept", name)
	}
	if c := got(t, o, (*Tx).Counts); c.Deliveries != 1 {
		t.Errorf("%d deliveries are kept, want 1", c.Deliveries)
	}
	// The numbers that the refused delivery would have had are given again.
	if r := mustAppend(t, o, sampleDelivery(sampleEvent("d-4", "1"))); r.Position != 2 {
		t.Errorf("the next event has number %d, want 2", r.Position)
	}
}

func sameContentOnce(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	a, b := sampleEvent("d-1", "1"), sampleEvent("d-2", "1")
	if r := mustAppend(t, o, sampleDelivery(a, b, a)); r != (Receipt{Accepted: 2, Duplicates: 1, Position: 2}) {
		t.Errorf("first: %+v", r)
	}
	if r := mustAppend(t, o, sampleDelivery(sampleEvent("d-3", "1"))); r.Position != 3 {
		t.Errorf("other content: %+v", r)
	}
	if r := mustAppend(t, o, sampleDelivery(a)); r != (Receipt{Duplicates: 1, Position: 1}) {
		t.Errorf("a repetition needs the log up to its first copy: %+v", r)
	}
	if r := mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "2"))); r != (Receipt{Accepted: 1, Position: 4}) {
		t.Errorf("the same subject with other content is an update: %+v", r)
	}
	if r := mustAppend(t, o, sampleDelivery()); r != (Receipt{}) {
		t.Errorf("a delivery without events needs nothing: %+v", r)
	}
	wholeLog(t, o)
}

func named(id string, index int, e plimsoll.Event) plimsoll.Event {
	e.DeliveryID, e.Index = id, index
	return e
}

func namedDeliveryOnce(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	first := named("push-1", 0, sampleEvent("d-1", "1"))
	second := named("push-1", 1, sampleEvent("d-1", "1"))
	if r := mustAppend(t, o, sampleDelivery(first, second)); r.Accepted != 2 {
		t.Errorf("two places of a delivery may say the same: %+v", r)
	}
	if r := mustAppend(t, o, sampleDelivery(first, second)); r != (Receipt{Duplicates: 2, Position: 2}) {
		t.Errorf("the same delivery again: %+v", r)
	}
	other := first
	other.Source = "ci"
	other.Hash = other.ContentHash()
	if r := mustAppend(t, o, sampleDelivery(other)); r.Accepted != 1 {
		t.Errorf("the delivery of another source with the same name: %+v", r)
	}
	wholeLog(t, o)
}

func namedDeliveryConflict(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	mustAppend(t, o, sampleDelivery(named("push-1", 0, sampleEvent("d-1", "1")), named("push-1", 1, sampleEvent("d-2", "1"))))
	_, err := o.Append(context.Background(), sampleDelivery(named("push-1", 0, sampleEvent("d-1", "1")), named("push-1", 1, sampleEvent("d-2", "2"))))
	code(t, err, plimsoll.CodeConflict)
	var e *plimsoll.Error
	if !errors.As(err, &e) || e.Index != 1 || e.Field != "delivery_id" || !strings.Contains(e.Message, "push-1") {
		t.Errorf("the error does not name the event, the field and the delivery: %+v", e)
	}
	wholeLog(t, o)
}

func eventRoundTrip(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	want := plimsoll.Event{
		Type: plimsoll.TypeIncident, SchemaVersion: 1, Subject: `odd "id" ü/%_'; --`, Source: "pager",
		DeliveryID: "x", Index: 0, OccurredAt: 1, Actor: "token 7", Decoder: "pager/3", Supersedes: 12,
		Body: []byte("{\"title\":\"quoted \\\" \u2028 \U0001f6a2\"}"),
	}
	want.Hash = want.ContentHash()
	mustAppend(t, o, sampleDelivery(want))
	r := allEvents(t, o)[0]
	if r.RecordedAt != plimsoll.TimeOf(testTime) {
		t.Errorf("recorded at %s", r.RecordedAt)
	}
	if !bytes.Equal(r.Body, want.Body) || r.ContentHash() != want.Hash {
		t.Errorf("the body is %s", r.Body)
	}
	r.Body, want.Body = nil, nil
	if fmt.Sprintf("%+v", r.Event) != fmt.Sprintf("%+v", want) {
		t.Errorf("got  %+v\nwant %+v", r.Event, want)
	}
}

func bodyRoundTrip(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	long := bytes.Repeat([]byte("\x00\xff{\"a\":1}\r\n"), 100_000)
	for i, body := range [][]byte{nil, {}, []byte("{}"), long} {
		d := sampleDelivery()
		d.Body = body
		mustAppend(t, o, d)
		back := got(t, o, func(tx *Tx) ([]byte, error) { return tx.DeliveryBody(int64(i + 1)) })
		if !bytes.Equal(back, body) || (back == nil) != (body == nil) {
			t.Errorf("body %d of %d bytes came back as %d", i, len(body), len(back))
		}
	}
	if back := got(t, o, func(tx *Tx) ([]byte, error) { return tx.DeliveryBody(99) }); back != nil {
		t.Errorf("a delivery that is not there has a body: %q", back)
	}
}

func subjectEvents(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	flag := sampleEvent("d-1", "1")
	flag.Type = plimsoll.TypeFlag
	flag.Hash = flag.ContentHash()
	mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "1"), sampleEvent("d-2", "1"), flag, sampleEvent("d-1", "2"), sampleEvent("d-1", "3")))
	for upTo, want := range map[int64]string{0: "[]", 1: "[1]", 3: "[1]", 4: "[1 4]", 99: "[1 4 5]"} {
		rs := got(t, o, func(tx *Tx) ([]plimsoll.Record, error) { return tx.SubjectEvents(plimsoll.TypeDeployment, "d-1", upTo) })
		seqs := []int64{}
		for _, r := range rs {
			seqs = append(seqs, r.Seq)
		}
		if fmt.Sprint(seqs) != want {
			t.Errorf("up to %d: %v, want %s", upTo, seqs, want)
		}
	}
}

func personErased(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	d := sampleDelivery(sampleEvent("d-1", "1"))
	d.People = map[string]string{"p-1": "Ada", "p-2": "Bob"}
	mustAppend(t, o, d)
	person := func(ref string) string {
		return got(t, o, func(tx *Tx) (string, error) { return tx.Person(ref) })
	}
	erase := func() (was bool) {
		mustUpdate(t, o, func(tx *Tx) (err error) {
			was, err = tx.ErasePerson("p-1")
			return err
		})
		return was
	}
	if person("p-1") != "Ada" || !erase() || erase() || person("p-1") != "" || person("p-2") != "Bob" {
		t.Errorf("after erasing the names are %q and %q", person("p-1"), person("p-2"))
	}
	mustAppend(t, o, d)
	if name := person("p-1"); name != "" {
		t.Errorf("a later delivery brought back %q", name)
	}
	if len(allEvents(t, o)) != 1 {
		t.Error("erasing a name changed the log")
	}
}

func secretStays(t *testing.T, open opener) {
	dir := t.TempDir()
	db := open(t, Options{Dir: dir})
	secret := func(db *DB, name string) string {
		s, err := db.Secret(context.Background(), name)
		if err != nil || len(s) != 32 {
			t.Fatalf("secret of %d bytes, %v", len(s), err)
		}
		return string(s)
	}
	first := secret(db, "author-salt")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if s, err := db.Secret(context.Background(), "author-salt"); err != nil || string(s) != first {
				t.Errorf("another secret: %x, %v", s, err)
			}
		})
	}
	wg.Wait()
	if secret(db, "other") == first {
		t.Error("two names have the same secret")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if secret(open(t, Options{Dir: dir}), "author-salt") != first {
		t.Error("the secret changed when the store was opened again")
	}
}
