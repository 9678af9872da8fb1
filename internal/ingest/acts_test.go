package ingest

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func newDoor(t *testing.T) (*Door, *store.Org) {
	t.Helper()
	clock := func() time.Time { return now }
	dir := t.TempDir()
	db, err := store.Open(t.Context(), store.Options{Dir: dir, Database: storetest.For(t, dir), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	org, err := db.Org(t.Context(), "default")
	if err != nil {
		t.Fatal(err)
	}
	door, err := New(t.Context(), db, org, clock)
	if err != nil {
		t.Fatal(err)
	}
	return door, org
}

func events(t *testing.T, org *store.Org) (out []plimsoll.Record) {
	t.Helper()
	err := org.View(t.Context(), func(tx *store.Tx) (err error) {
		out, err = tx.Events(0, 100)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestAWordIsKeptWithoutTheNameOfThePerson(t *testing.T) {
	door, org := newDoor(t)
	word := plimsoll.ConfirmationReport{
		Evidence: "ev-1", Deployment: "d1", Kind: plimsoll.EvidenceIncident, Cause: "INC-1",
		Says: plimsoll.EvidenceRejected, Reason: "a drill", Actor: "Ada Lovelace",
	}
	if _, err := door.Confirm(t.Context(), plimsoll.LocalActor(), word, 0); err != nil {
		t.Fatal(err)
	}
	log := events(t, org)
	if len(log) != 1 || log[0].Type != plimsoll.TypeConfirmation || log[0].Subject != "ev-1" || log[0].Source != "plimsoll" || log[0].OccurredAt != plimsoll.TimeOf(now) {
		t.Fatalf("%+v", log)
	}
	var said plimsoll.ConfirmationReport
	if err := json.Unmarshal(log[0].Body, &said); err != nil {
		t.Fatal(err)
	}
	// Nobody vouches for the name, so it is not that of who is answerable.
	if strings.Contains(string(log[0].Body), "Ada") || !strings.HasPrefix(said.Actor, "p-") || log[0].Actor != "local" {
		t.Errorf("actor %q, body %s", log[0].Actor, log[0].Body)
	}
	err := org.View(t.Context(), func(tx *store.Tx) error {
		name, err := tx.Person(said.Actor)
		if name != "Ada Lovelace" {
			t.Errorf("the name behind the reference is %q", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	word.Says = plimsoll.EvidenceSuspected
	if _, err := door.Confirm(t.Context(), plimsoll.LocalActor(), word, 0); plimsoll.ErrorCode(err) != plimsoll.CodeInvalid {
		t.Errorf("a word that is neither yes nor no: %v", err)
	}
}

func TestVerdictsAreTakenWholeOrNotAtAll(t *testing.T) {
	door, org := newDoor(t)
	num := func(v float64) *float64 { return &v }
	good := plimsoll.VerdictReport{
		Deployment: "d1", Indicator: "errors", Verdict: plimsoll.VerdictHarmful, Q: num(0.04), P: num(0.001),
		RateRatio: num(4.1), CI: &[2]float64{2.9, 5.8}, Method: "counts/1", At: plimsoll.TimeOf(now),
	}
	for field, spoil := range map[string]func(v *plimsoll.VerdictReport){
		"deployment": func(v *plimsoll.VerdictReport) { v.Deployment = "" },
		"indicator":  func(v *plimsoll.VerdictReport) { v.Indicator = " errors" },
		"method":     func(v *plimsoll.VerdictReport) { v.Method = "a\nb" },
		"verdict":    func(v *plimsoll.VerdictReport) { v.Verdict = "bad" },
		"q":          func(v *plimsoll.VerdictReport) { v.Q = num(1.5) },
		"p":          func(v *plimsoll.VerdictReport) { v.P = num(math.NaN()) },
		"rate_ratio": func(v *plimsoll.VerdictReport) { v.RateRatio = num(-1) },
		"ci":         func(v *plimsoll.VerdictReport) { v.CI = &[2]float64{3, 2} },
		"at":         func(v *plimsoll.VerdictReport) { v.At = 0 },
	} {
		bad := good
		spoil(&bad)
		_, err := door.Judge(t.Context(), plimsoll.SystemActor(), good, bad)
		e, ok := err.(*plimsoll.Error)
		if !ok || e.Field != field || e.Index != 1 {
			t.Errorf("%s: %v", field, err)
		}
	}
	late := good
	late.At = plimsoll.TimeOf(now.Add(2 * time.Hour))
	if _, err := door.Judge(t.Context(), plimsoll.SystemActor(), late); err == nil {
		t.Error("a verdict of the future was taken")
	}
	if log := events(t, org); len(log) != 0 {
		t.Fatalf("what was refused is in the log: %+v", log)
	}
	receipt, err := door.Judge(t.Context(), plimsoll.SystemActor(), good)
	if err != nil || receipt.Accepted != 1 {
		t.Fatalf("%+v, %v", receipt, err)
	}
	if receipt, err = door.Judge(t.Context(), plimsoll.SystemActor(), good); err != nil || receipt.Duplicates != 1 {
		t.Errorf("again: %+v, %v", receipt, err)
	}
}
