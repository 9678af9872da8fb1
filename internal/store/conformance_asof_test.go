package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

var asOfProperties = []property{
	{"every read of facts as of an event says what it said then", readsAsOf},
	{"a moment is the last place before a time at which the facts were complete", moments},
	{"a clock that is set back does not make later events known earlier", momentsOfAClockSetBack},
	{"incidents as of an event are those of the services they named then", incidentsAsOf},
	{"what changed between two events is told with the window it matters to", factChanges},
}

// unversioned are the reads of facts that do not follow a Tx into the past: one is
// told of which time, and the others serve those who follow what is known now.
var unversioned = []string{"VersionChanges", "FactChanges", "CountFactChanges", "LastFactChange", "bulk"}

func readsAsOf(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	nothing := readsAs(t, o, func(tx *Tx) *Tx { return tx.AsOf(0) })
	if now := reads(t, o); mustJSON(t, now) != mustJSON(t, nothing) {
		t.Errorf("an empty store says %v, and as of nothing %v", now, nothing)
	}
	mustUpdate(t, o, func(tx *Tx) error { return putEverything(tx, 3) })
	then := reads(t, o)
	mustUpdate(t, o, func(tx *Tx) error {
		d := sampleDeployment("d-1", 1, failed, func(d *plimsoll.Deployment) { d.Aliases, d.Team = []string{"run-17"}, "search" })
		_, _, err1 := tx.PutTimeline("checkout", []plimsoll.Deployment{d, sampleDeployment("d-3", 4)},
			[]plimsoll.Delivery{sampleLead("a1", 0, 4), sampleLead("c3", 1, 0)}, []plimsoll.Evidence{sampleEvidence("e-2", "d-1", 2)}, 7)
		_, err2 := tx.PutIncidentFact(sampleIncident("i-1", 3, 0), 7)
		_, err3 := tx.PutIncidentFact(sampleIncident("i-2", 3, 0), 7)
		return errors.Join(err1, err2, err3, tx.PutOutcome("checkout", nil, []plimsoll.Failure{sampleFailure("d-3", 4, 0)}, 7))
	})
	now := reads(t, o)
	for _, seq := range []int64{3, 5, 6} {
		for name, said := range readsAs(t, o, func(tx *Tx) *Tx { return tx.AsOf(seq) }) {
			if !slices.Contains(unversioned, name) && said != then[name] {
				t.Errorf("as of %d %s says\n%s\nand then\n%s", seq, name, said, then[name])
			}
		}
	}
	for name, said := range readsAs(t, o, func(tx *Tx) *Tx { return tx.AsOf(7) }) {
		if !slices.Contains(unversioned, name) && said != now[name] {
			t.Errorf("as of the last event %s says\n%s\nand now\n%s", name, said, now[name])
		}
	}
	differ := 0
	for name := range then {
		if then[name] != now[name] {
			differ++
		}
	}
	if differ < 15 {
		t.Errorf("only %d reads can tell the two states apart", differ)
	}
	mustView(t, o, func(tx *Tx) error {
		past := tx.AsOf(3)
		if tx.Past() || !past.Past() || past.AsKnownNow().Past() || !tx.AsOf(0).Past() {
			t.Error("a Tx does not say whether it reads the past")
		}
		return nil
	})
}

// fold pretends to have derived everything up to the end of the log.
func foldAll(t *testing.T, o *Org) {
	mustUpdate(t, o, func(tx *Tx) error {
		head, err := tx.Head()
		return errors.Join(err, tx.MarkMoment("facts"), tx.SetCursor("facts", head))
	})
}

func momentOf(t *testing.T, o *Org, at time.Time) string {
	m := got(t, o, func(tx *Tx) (Moment, error) { return tx.MomentAt("facts", plimsoll.TimeOf(at)) })
	minute := func(at plimsoll.Time) string {
		if !at.Known() {
			return "-"
		}
		return fmt.Sprint(int(at.Sub(plimsoll.TimeOf(testTime)).Minutes()))
	}
	return fmt.Sprintf("%d at %s, missing %d since %s, next %s", m.Seq, minute(m.At), m.Missing, minute(m.Since), minute(m.Next))
}

func moments(t *testing.T, open opener) {
	clock := testTime
	o := mustOrg(t, open(t, Options{Now: func() time.Time { return clock }}), "default")
	n := 0
	say := func(minute, events int) {
		clock = testTime.Add(time.Duration(minute) * time.Minute)
		for range events {
			n++
			mustAppend(t, o, sampleDelivery(sampleEvent(fmt.Sprintf("d-%d", n), "1")))
		}
	}
	at := func(minute int) string { return momentOf(t, o, testTime.Add(time.Duration(minute)*time.Minute)) }
	if got := at(5); got != "0 at -, missing 0 since -, next -" {
		t.Errorf("of an empty log: %s", got)
	}
	say(10, 2)
	if got := at(10); got != "0 at -, missing 2 since 10, next -" {
		t.Errorf("before anything was folded: %s", got)
	}
	foldAll(t, o) // up to 2
	if got := at(10); got != "2 at 10, missing 0 since -, next -" {
		t.Errorf("folded and not noted yet: %s", got)
	}
	say(20, 1)
	say(21, 2)
	foldAll(t, o) // 3 to 5 together
	say(30, 1)
	mustUpdate(t, o, func(tx *Tx) error { return tx.MarkDirty("timeline", "checkout", 4) })
	foldAll(t, o) // 6, and 5 is not complete
	mustUpdate(t, o, func(tx *Tx) error { return tx.Done("timeline", "checkout") })
	say(40, 1)
	foldAll(t, o)
	for minute, want := range map[int]string{
		9: "0 at -, missing 0 since -, next 10", 10: "2 at 10, missing 0 since -, next 30", 19: "2 at 10, missing 0 since -, next 30",
		20: "2 at 10, missing 1 since 20, next 30", 21: "2 at 10, missing 3 since 20, next 30", 30: "6 at 30, missing 0 since -, next -",
		39: "6 at 30, missing 0 since -, next -", 40: "7 at 40, missing 0 since -, next -", 99: "7 at 40, missing 0 since -, next -",
	} {
		if got := at(minute); got != want {
			t.Errorf("at minute %d: %s, want %s", minute, got, want)
		}
	}
	for seq, want := range map[int64]int64{1: 2, 2: 2, 3: 6, 5: 6, 6: 6, 7: 0} {
		if last := got(t, o, func(tx *Tx) (int64, error) { return tx.PortionOf(seq) }); last != want {
			t.Errorf("event %d was folded up to %d, want %d", seq, last, want)
		}
	}
	mustUpdate(t, o, func(tx *Tx) error { return tx.Forget("facts") })
	if got := at(21); got != "0 at -, missing 5 since 10, next -" {
		t.Errorf("forgotten: %s", got)
	}
}

func momentsOfAClockSetBack(t *testing.T, open opener) {
	clock := testTime
	o := mustOrg(t, open(t, Options{Now: func() time.Time { return clock }}), "default")
	for i, minute := range []int{10, 30, 12, 15, 40} {
		clock = testTime.Add(time.Duration(minute) * time.Minute)
		mustAppend(t, o, sampleDelivery(sampleEvent(fmt.Sprintf("d-%d", i), "1")))
		foldAll(t, o)
	}
	for minute, want := range map[int]string{
		12: "1 at 10, missing 0 since -, next 30", 29: "1 at 10, missing 0 since -, next 30",
		30: "4 at 30, missing 0 since -, next -", 40: "5 at 40, missing 0 since -, next -",
	} {
		if got := momentOf(t, o, testTime.Add(time.Duration(minute)*time.Minute)); got != want {
			t.Errorf("at minute %d: %s, want %s", minute, got, want)
		}
	}
}

func incidentsAsOf(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	put := func(seq int64, services ...string) {
		i := sampleIncident("i-1", 3, 4)
		i.Services, i.CauseService, i.AttributedTo = services, "", ""
		mustUpdate(t, o, func(tx *Tx) error {
			_, err := tx.PutIncidentFact(i, seq)
			_, _, err2 := tx.PutTimeline("search", []plimsoll.Deployment{sampleDeployment("s", 1, func(d *plimsoll.Deployment) {
				d.Service, d.Team = "search", fmt.Sprintf("team-%d", seq)
			})}, nil, nil, seq)
			return errors.Join(err, err2, tx.PutIncident(i.IncidentReport))
		})
	}
	put(3, "checkout", "search")
	put(5, "basket")
	for want, filters := range map[int][]Filter{
		1: {{}, {Service: "checkout"}, {Service: "search"}, {Team: "team-3"}},
		0: {{Service: "basket"}, {Team: "team-5"}},
	} {
		for _, f := range filters {
			n := 0
			mustView(t, o, func(tx *Tx) error {
				return tx.AsOf(4).IncidentPoints(f, func(_, _ plimsoll.Time, _ string) { n++ })
			})
			if list := got(t, o, func(tx *Tx) ([]plimsoll.Incident, error) { return tx.AsOf(4).Incidents(f, Page{Limit: 9}) }); n != want || len(list) != want {
				t.Errorf("%+v: %d points, %d in the list, want %d", f, n, len(list), want)
			}
		}
	}
}

func factChanges(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	mustUpdate(t, o, func(tx *Tx) error { return putEverything(tx, 3) })
	mustUpdate(t, o, func(tx *Tx) error {
		_, _, err1 := tx.PutTimeline("checkout", []plimsoll.Deployment{sampleDeployment("d-1", 1, failed), sampleDeployment("d-2", 2), sampleDeployment("d-3", 40)},
			[]plimsoll.Delivery{sampleLead("a1", 0, 1), sampleLead("b2", 1, 40)}, []plimsoll.Evidence{sampleEvidence("e-1", "d-1", 2)}, 7)
		_, err2 := tx.PutIncidentFact(sampleIncident("i-1", 3, 5), 8)
		return errors.Join(err1, err2, tx.PutOutcome("checkout", nil, []plimsoll.Failure{sampleFailure("d-1", 2, 3)}, 9))
	})
	ask := func(f Filter, after, upTo int64) string {
		list := got(t, o, func(tx *Tx) ([]VersionChange, error) { return tx.VersionChanges(f, after, upTo) })
		var out []string
		for _, c := range list {
			how := map[[2]bool]string{{true, false}: "+", {false, true}: "-", {true, true}: "~"}[[2]bool{c.Begun, c.Ended}]
			out = append(out, fmt.Sprintf("%d%s%s", c.Seq, how, c.ID))
		}
		return strings.Join(out, " ")
	}
	month := plimsoll.Window{From: day(0), To: day(30)}
	for _, c := range []struct {
		f           Filter
		after, upTo int64
		want        string
	}{
		{Filter{Production: true, Window: month}, 3, 9, "7~d-1 7~example/checkout@b2 8~i-1 9-e-2 9~d-1"},
		{Filter{Production: true, Window: month}, 3, 7, "7~d-1 7~example/checkout@b2"},
		{Filter{Production: true, Window: month}, 7, 8, "8~i-1"},
		{Filter{Production: true, Window: month}, 9, 12, ""},
		{Filter{Window: month, Environment: "production"}, 3, 9, "7~d-1 9-e-2"},
		{Filter{Window: month, Environment: "staging"}, 3, 9, ""},
		{Filter{Production: true, Window: month, Service: "basket"}, 3, 9, "8-i-1"}, // it named that service before
		{Filter{Production: true, Window: month, Team: "search"}, 3, 9, ""},
		{Filter{Production: true, Window: plimsoll.Window{From: day(39), To: day(50)}}, 3, 9, "7~d-1 7+d-3 7~example/checkout@b2"},
	} {
		if got := ask(c.f, c.after, c.upTo); got != c.want {
			t.Errorf("%+v after %d up to %d: %q, want %q", c.f, c.after, c.upTo, got, c.want)
		}
	}
}
