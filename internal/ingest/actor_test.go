package ingest

import (
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Each act of our own says in the log who did it: a service by its name, a
// person by a reference to a name that can be erased.
func TestEveryActSaysWhoDidIt(t *testing.T) {
	ada := plimsoll.Actor{Kind: plimsoll.ActorPerson, Name: "Ada Lovelace", Token: "aaaaaaaa", Role: plimsoll.RoleAdmin}
	ci := plimsoll.Actor{Kind: plimsoll.ActorService, Name: "ci-checkout", Token: "bbbbbbbb", Role: plimsoll.RoleAdmin}
	at := plimsoll.TimeOf(now)
	yes := true
	for _, by := range []plimsoll.Actor{ada, ci, plimsoll.LocalActor(), plimsoll.BootstrapActor()} {
		door, org := newDoor(t)
		ctx := t.Context()
		if _, err := door.Confirm(ctx, by, plimsoll.ConfirmationReport{Evidence: "e", Says: plimsoll.EvidenceRejected, Reason: "a drill"}, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := door.Judge(ctx, by, plimsoll.VerdictReport{Deployment: "d", Indicator: "errors", Verdict: plimsoll.VerdictHarmful, Method: "m/1", At: at}); err != nil {
			t.Fatal(err)
		}
		if _, err := door.SetTarget(ctx, by, plimsoll.TargetReport{ID: "t", Dropped: &yes}); err != nil {
			t.Fatal(err)
		}
		if err := door.Declare(ctx, by, Declaration{Settings: plimsoll.Settings{HotfixHours: 3}, Services: []plimsoll.ServiceReport{{Name: "web"}}}); err != nil {
			t.Fatal(err)
		}
		body := `{"type":"incident","id":"i","services":["web"],"started_at":"2026-05-03T10:00:00Z"}`
		if _, err := door.Accept(ctx, Body{Reader: strings.NewReader(body), By: by}); err != nil {
			t.Fatal(err)
		}
		log := events(t, org)
		if len(log) != 6 {
			t.Fatalf("%d events", len(log))
		}
		for _, e := range log {
			want := by.Name
			switch {
			case by.Token == "" && e.Type == plimsoll.TypeIncident:
				want = "" // reported by this machine
			case by.Kind == plimsoll.ActorPerson:
				want = door.Pseudonym("person", by.Name)
			}
			if e.Actor != want {
				t.Errorf("%s by %s: %q, want %q", e.Type, by.Name, e.Actor, want)
			}
			if strings.Contains(string(e.Body), "Ada") {
				t.Errorf("%s holds the name: %s", e.Type, e.Body)
			}
		}
		err := org.View(ctx, func(tx *store.Tx) error {
			name, err := tx.Person(door.Pseudonym("person", by.Name))
			if (name != "") != (by.Kind == plimsoll.ActorPerson) && by.Kind != plimsoll.ActorService {
				t.Errorf("the name behind %s is %q", by.Name, name)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestNobodySpeaksInTheNameOfAnother(t *testing.T) {
	door, org := newDoor(t)
	ada := plimsoll.Actor{Kind: plimsoll.ActorPerson, Name: "Ada", Token: "aaaaaaaa", Role: plimsoll.RoleDeployer}
	word := plimsoll.ConfirmationReport{Evidence: "e", Says: plimsoll.EvidenceRejected, Reason: "a drill", Actor: "Bob"}
	_, err := door.Confirm(t.Context(), ada, word, 0)
	if e, ok := err.(*plimsoll.Error); !ok || e.Field != "actor" {
		t.Errorf("error %v", err)
	}
	if log := events(t, org); len(log) != 0 {
		t.Errorf("%+v", log)
	}
	// What is the same said by two is two words.
	word.Actor = ""
	bob := ada
	bob.Name = "Bob"
	for _, by := range []plimsoll.Actor{ada, bob, ada} {
		if _, err := door.Confirm(t.Context(), by, word, plimsoll.TimeOf(now)); err != nil {
			t.Error(err)
		}
	}
	if log := events(t, org); len(log) != 2 || log[0].Actor == log[1].Actor {
		t.Errorf("%+v", log)
	}
}
