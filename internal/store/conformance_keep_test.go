package store

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

var keepProperties = []property{
	{"the log of another store is taken once, as it was or as of now", takesALog},
	{"what of another log cannot be taken changes nothing", takesNothing},
	{"the secret of another store is taken before there are events", takesASecret},
	{"versions that ended are dropped, and nothing that holds since", dropsVersions},
	{"moments are dropped from the oldest on", dropsMoments},
	{"originals of deliveries are dropped from the oldest on", dropsBodies},
}

func mustTake(t *testing.T, o *Org, k Taken) Receipt {
	t.Helper()
	r, err := o.Take(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func takesALog(t *testing.T, open opener) {
	from := mustOrg(t, open(t, Options{}), "default")
	d := sampleDelivery(sampleEvent("d-1", "1"), sampleEvent("d-2", "1"))
	d.Events[1].DeliveryID, d.Events[1].Index = "push", 7
	d.People = map[string]string{"p-1": "Ada", "p-2": "Grace"}
	mustAppend(t, from, d)
	mustAppend(t, from, sampleDelivery(sampleEvent("d-1", "2")))
	want := allEvents(t, from)
	for i := range want {
		want[i].RecordedAt = plimsoll.TimeOf(testTime) - 1000 + plimsoll.Time(i)
	}
	replaces := make([]plimsoll.Hash, len(want))
	replaces[2] = want[0].Hash

	db := open(t, Options{})
	as := mustOrg(t, db, "as it was")
	whole := Taken{Events: want, Replaces: replaces, Recorded: true, People: map[string]string{"p-1": "Ada", "p-2": ""}}
	if r := mustTake(t, as, whole); r != (Receipt{Accepted: 3, Position: 3}) {
		t.Errorf("%+v", r)
	}
	got := allEvents(t, as)
	want[2].Supersedes = 1
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the log is\n%+v\nwant\n%+v", got, want)
	}
	if r := mustTake(t, as, whole); r != (Receipt{Duplicates: 3, Position: 3}) {
		t.Errorf("a second time: %+v", r)
	}
	people := func(o *Org) (out []string) {
		mustView(t, o, func(tx *Tx) error {
			return tx.People(func(ref, name string) error { out = append(out, ref+"="+name); return nil })
		})
		return out
	}
	if got := people(as); !slices.Equal(got, []string{"p-1=Ada", "p-2="}) {
		t.Errorf("people %v", got)
	}
	// A person who was erased elsewhere is erased here; one who was erased here
	// stays so.
	mustTake(t, as, Taken{People: map[string]string{"p-1": "", "p-2": "Grace"}})
	if got := people(as); !slices.Equal(got, []string{"p-1=", "p-2="}) {
		t.Errorf("people %v", got)
	}
	now := mustOrg(t, db, "as of now") // beside another organisation
	mustAppend(t, now, sampleDelivery(sampleEvent("other", "1"), sampleEvent("d-1", "1")))
	if r := mustTake(t, now, Taken{Events: want, Replaces: replaces}); r != (Receipt{Accepted: 2, Duplicates: 1, Position: 4}) {
		t.Errorf("%+v", r)
	}
	for i, e := range allEvents(t, now) {
		if e.Seq != int64(i+1) || e.RecordedAt != plimsoll.TimeOf(testTime) {
			t.Errorf("%+v", e)
		}
		if e.Hash == want[2].Hash && e.Supersedes != 2 {
			t.Errorf("it supersedes %d, which is not what it was about", e.Supersedes)
		}
	}
}

func takesNothing(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	named := func(text string) plimsoll.Record {
		e := sampleEvent("d-1", text)
		e.DeliveryID = "push"
		return plimsoll.Record{Event: e}
	}
	mustTake(t, o, Taken{Events: []plimsoll.Record{named("1")}})
	for name, k := range map[string]Taken{
		"a delivery with other content": {Events: []plimsoll.Record{{Event: sampleEvent("d-2", "1")}, named("2")}},
		"one that supersedes nothing":   {Events: []plimsoll.Record{{Event: sampleEvent("d-2", "1")}, {Event: sampleEvent("d-3", "1")}}, Replaces: []plimsoll.Hash{{}, {9}}},
	} {
		_, err := o.Take(t.Context(), k)
		var e *plimsoll.Error
		if !errors.As(err, &e) || e.Index != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(allEvents(t, o)); n != 1 {
		t.Errorf("%d events are there", n)
	}
}

func takesASecret(t *testing.T, open opener) {
	db := open(t, Options{})
	o := mustOrg(t, db, "default")
	other := []byte("thirty-two bytes of another one.")
	own, err := db.Secret(t.Context(), "author-salt")
	if err != nil {
		t.Fatal(err)
	}
	put := func(value []byte) bool {
		t.Helper()
		same, err := db.PutSecret(t.Context(), "author-salt", value)
		if err != nil {
			t.Fatal(err)
		}
		return same
	}
	for range 2 { // the second time it is the same already
		if !put(other) {
			t.Error("the secret was not taken")
		}
	}
	if now, err := db.Secret(t.Context(), "author-salt"); err != nil || string(now) != string(other) || string(own) == string(other) {
		t.Errorf("the secret is %q, %v", now, err)
	}
	mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "1")))
	if put(own) || !put(other) {
		t.Error("a secret that events were made with was replaced")
	}
}

func dropsVersions(t *testing.T, open opener) {
	db := open(t, Options{})
	o, other := mustOrg(t, db, "default"), mustOrg(t, db, "other")
	version := func(seq int64, minute int) func(tx *Tx) error {
		return func(tx *Tx) error {
			var ds []plimsoll.Deployment
			var leads []plimsoll.Delivery
			for i := range 5 {
				ds = append(ds, sampleDeployment(fmt.Sprintf("d-%d", i), minute+i))
				leads = append(leads, sampleLead(fmt.Sprintf("a%d", i), 0, minute+i))
			}
			_, _, err1 := tx.PutTimeline("checkout", ds, leads, []plimsoll.Evidence{sampleEvidence("e-1", "d-1", minute)}, seq)
			_, err2 := tx.PutIncidentFact(sampleIncident("i-1", minute, 0), seq)
			return errors.Join(err1, err2, tx.PutOutcome("checkout", nil, []plimsoll.Failure{sampleFailure("d-1", minute, 0)}, seq))
		}
	}
	for _, org := range []*Org{o, other} {
		mustUpdate(t, org, version(3, 1))
		mustUpdate(t, org, version(5, 20))
		mustUpdate(t, org, version(8, 40))
	}
	at := func(org *Org, seq int64) map[string]string {
		return readsAs(t, org, func(tx *Tx) *Tx { return tx.AsOf(seq) })
	}
	now, then, first, others := reads(t, o), at(o, 5), at(o, 3), at(other, 3)
	if mustJSON(t, first) == mustJSON(t, then) {
		t.Fatal("the versions do not differ")
	}
	total := 0
	for rounds := 0; ; rounds++ {
		var n int
		mustUpdate(t, o, func(tx *Tx) (err error) { n, err = tx.DropVersions(5, 4); return err })
		if total += n; n > 4 {
			t.Fatalf("%d versions went at once", n)
		}
		if n == 0 {
			break
		}
		if rounds > 20 {
			t.Fatal("it does not end")
		}
	}
	if total != 13 { // five deployments, five leads, evidence, an incident, a failure
		t.Errorf("%d versions were dropped", total)
	}
	same := func(what string, after, before map[string]string) {
		t.Helper()
		for name, said := range after {
			// This one tells of what changed since event 1, which is before all.
			if said != before[name] && name != "VersionChanges" {
				t.Errorf("%s, %s says\n%s\nand said before\n%s", what, name, said, before[name])
			}
		}
	}
	same("now", reads(t, o), now)
	same("as of 5", at(o, 5), then)
	if after := at(other, 3); !reflect.DeepEqual(after, others) {
		t.Error("another organisation lost versions")
	}
	var marks int
	mustView(t, o, func(tx *Tx) error {
		_, err := tx.one(`SELECT count(*) FROM fact_marks WHERE org = ? AND from_seq < 5`, tx.args(), &marks)
		return err
	})
	if marks != 0 {
		t.Errorf("%d marks are left of versions that went", marks)
	}
}

func dropsMoments(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	mustUpdate(t, o, func(tx *Tx) error {
		for i := range int64(10) {
			if _, err := tx.exec(`INSERT INTO moments (org, seq, at) VALUES (?, ?, ?)`, tx.org, (i+1)*10, (i+1)*1000); err != nil {
				return err
			}
		}
		return nil
	})
	horizon := func(at plimsoll.Time) int64 {
		m := got(t, o, func(tx *Tx) (Moment, error) { return tx.Horizon(at) })
		return m.Seq
	}
	if a, b, c := horizon(999), horizon(5000), horizon(5999); a != 0 || b != 50 || c != 50 {
		t.Errorf("the horizons are %d, %d, %d", a, b, c)
	}
	for i, want := range []int64{3, 1, 0} {
		var n int64
		mustUpdate(t, o, func(tx *Tx) (err error) { n, err = tx.DropMoments(50, 3); return err })
		if n != want {
			t.Errorf("round %d dropped %d, want %d", i, n, want)
		}
	}
	if a, b := horizon(4999), horizon(5000); a != 0 || b != 50 {
		t.Errorf("the horizons are %d, %d", a, b)
	}
}

func dropsBodies(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	for i := range 10 {
		d := sampleDelivery(sampleEvent(fmt.Sprintf("d-%d", i), "1"))
		d.Body, d.Size = []byte("original"), 100
		mustAppend(t, o, d)
	}
	before := func(at plimsoll.Time, most int64) int64 {
		return got(t, o, func(tx *Tx) (int64, error) { return tx.BodiesBefore(at, most) })
	}
	if a, b, c := before(plimsoll.TimeOf(testTime), 0), before(plimsoll.TimeOf(testTime)+1, 0), before(0, 350); a != 0 || b != 10 || c != 7 {
		t.Errorf("the bounds are %d, %d, %d", a, b, c)
	}
	for _, want := range []struct {
		n    int64
		more bool
	}{{3, true}, {3, true}, {1, false}, {0, false}} {
		mustUpdate(t, o, func(tx *Tx) error {
			n, more, err := tx.DropBodies(7, 3)
			if n != want.n || more != want.more {
				t.Errorf("dropped %d, more %v; want %+v", n, more, want)
			}
			return err
		})
	}
	mustView(t, o, func(tx *Tx) error {
		for num := range int64(10) {
			body, err := tx.DeliveryBody(num + 1)
			if err != nil || (body != nil) != (num >= 7) {
				t.Errorf("the original of delivery %d: %q, %v", num+1, body, err)
			}
		}
		return nil
	})
	if n := len(allEvents(t, o)); n != 10 {
		t.Errorf("%d events are there", n)
	}
}
