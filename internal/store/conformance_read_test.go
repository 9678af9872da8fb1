package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

var readProperties = []property{
	{"every filter selects what it says", filtersSelect},
	{"pages of deployments give every row once, the latest first", deploymentPages},
	{"pages of incidents give every row once, also those without a time", incidentPages},
	{"pages of changes give every row once, delivered or open", changePages},
	{"a deployment is found by each of its names", deploymentByName},
	{"lead times of a window are those delivered in it or after, and the open ones", leadsOfAWindow},
	{"the facts are written in one order, however they came about", factsAreCanonical},
	{"a report that is put again takes the place of the one before", reportsReplace},
	{"services are found by what they follow", servicesFollow},
	{"statements do not pile up", statementsDoNotPileUp},
}

// oddIDs are names that break what quotes or sorts carelessly.
var oddIDs = []string{"d-1", "D-1", "d-10", "d 1", "d%1", "d_1", `d"1`, "d'1", "d;--", `d\1`, "d/1?x=#y", "ü", "ſ", "日本", "\U0001f6a2", "\u00e9", "e\u0301", "~", "d|1"}

func filtersSelect(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	type D = plimsoll.Deployment
	put := func(service string, ds ...D) {
		mustUpdate(t, o, func(tx *Tx) error {
			_, _, err := tx.PutTimeline(service, ds, nil, nil, 1)
			return err
		})
	}
	put("checkout", sampleDeployment("a", 1), sampleDeployment("b", 2, func(d *D) { d.Environment, d.Production = "staging", false }),
		sampleDeployment("c", 3, func(d *D) { d.Team = "search" }))
	put("basket", sampleDeployment("e", 2, func(d *D) { d.Service = "basket" }), sampleDeployment("f", 0, func(d *D) { d.Service, d.Counted = "basket", false }))
	ended := func(n int) plimsoll.Time { return sampleDeployment("", n).FinishedAt }
	for want, f := range map[string]Filter{
		"f a b e c": {},
		"a b c":     {Service: "checkout"},
		"f a b e":   {Team: "payments"},
		"b":         {Environment: "staging"},
		"f a e c":   {Production: true},
		"e c":       {Production: true, Window: plimsoll.Window{From: ended(2)}},
		"f a":       {Window: plimsoll.Window{To: ended(2)}},
		"a b e":     {Window: plimsoll.Window{From: ended(1), To: ended(3)}},
		"":          {Service: "basket", Environment: "staging"},
	} {
		var ids []string
		mustView(t, o, func(tx *Tx) error {
			return tx.DeploymentPoints(f, func(p DeploymentPoint) { ids = append(ids, p.ID) })
		})
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%+v: %q, want %q", f, got, want)
		}
		list := got(t, o, func(tx *Tx) ([]D, error) { return tx.Deployments(f, Page{Limit: 99}) })
		if len(list) != len(ids) {
			t.Errorf("%+v: %d in the list, %d points", f, len(list), len(ids))
		}
	}
	if first := got(t, o, func(tx *Tx) (plimsoll.Time, error) {
		return tx.FirstDeployment(Filter{Window: plimsoll.Window{From: ended(3)}})
	}); first != ended(1) {
		t.Errorf("the first that counts was at %s", first)
	}
	each := got(t, o, func(tx *Tx) (map[string]plimsoll.Time, error) { return tx.FirstDeployments(Filter{Production: true}) })
	if len(each) != 2 || each["basket"] != ended(2) || each["checkout"] != ended(1) {
		t.Errorf("first of each service: %v", each)
	}
	around := got(t, o, func(tx *Tx) ([]D, error) { return tx.DeploymentsAround("checkout", ended(2), day(2)) })
	if len(around) != 1 || around[0].ID != "b" {
		t.Errorf("around: %v", around)
	}
}

// pages reads a list to its end in pages of n.
func pages[T any](t *testing.T, o *Org, n int, read func(*Tx, Page) ([]T, error), key func(T) (plimsoll.Time, string)) (ids []string) {
	t.Helper()
	p := Page{Limit: n}
	for range 1000 {
		rows := got(t, o, func(tx *Tx) ([]T, error) { return read(tx, p) })
		for _, r := range rows {
			before := p
			if p.Before, p.ID = key(r); before.ID != "" && (p.Before > before.Before || p.Before == before.Before && p.ID >= before.ID) {
				t.Fatalf("%q comes after %q and is not older", p.ID, before.ID)
			}
			ids = append(ids, p.ID)
		}
		if len(rows) < n {
			return ids
		}
	}
	t.Fatal("the pages do not end")
	return nil
}

// everyOnce fails unless got holds each of want once, in whatever order.
func everyOnce(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s: %d rows %q, want %d %q", what, len(got), got, len(want), want)
	}
}

func deploymentPages(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	var ds []plimsoll.Deployment
	for i, id := range oddIDs {
		ds = append(ds, sampleDeployment(id, i%3)) // many end at the same time
	}
	putDeployments(t, o, 1, ds...)
	for n := 1; n <= len(oddIDs)+1; n++ {
		everyOnce(t, fmt.Sprintf("pages of %d", n), pages(t, o, n, func(tx *Tx, p Page) ([]plimsoll.Deployment, error) {
			return tx.Deployments(Filter{Service: "checkout", Production: true}, p)
		}, func(d plimsoll.Deployment) (plimsoll.Time, string) { return d.EndedAt(), d.ID }), oddIDs)
	}
	for _, id := range oddIDs {
		d, ok, err := deploymentNamed(t, o, id)
		if !ok || err != nil || d.ID != id {
			t.Errorf("%q is not found: %+v, %v", id, d, err)
		}
	}
}

func incidentPages(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	mustUpdate(t, o, func(tx *Tx) error {
		for i, id := range oddIDs {
			fact := sampleIncident(id, i%3, 0)
			if i%4 == 0 {
				fact.StartedAt = 0 // no stamp is known
			}
			if _, err := tx.PutIncidentFact(fact, 1); err != nil {
				return err
			}
		}
		return nil
	})
	for _, n := range []int{1, 2, 3, 7, 50} {
		everyOnce(t, fmt.Sprintf("pages of %d", n), pages(t, o, n, func(tx *Tx, p Page) ([]plimsoll.Incident, error) {
			return tx.Incidents(Filter{}, p)
		}, func(i plimsoll.Incident) (plimsoll.Time, string) { return i.BegunAt(), i.ID }), oddIDs)
	}
}

func changePages(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	want := map[bool][]string{}
	for _, service := range []string{"checkout", "a b", "a"} {
		var leads []plimsoll.Delivery
		for i := range 12 {
			for _, repository := range []string{"r", "b r", "fork/r"} { // a fork holds the same commits
				l := sampleLead(fmt.Sprintf("c%d", i/2), 1+i%2, 5*(i%2))
				l.Service, l.Repository, l.Key = service, repository, l.Key+fmt.Sprint(i%2)
				leads = append(leads, l)
				want[i%2 == 0] = append(want[i%2 == 0], Lead{Delivery: l}.PageID())
			}
		}
		mustUpdate(t, o, func(tx *Tx) error { return tx.putLeads(service, leads, 1) })
	}
	for _, undelivered := range []bool{true, false} {
		for _, n := range []int{1, 2, 5, 11, 200} {
			ids := pages(t, o, n, func(tx *Tx, p Page) ([]Lead, error) { return tx.ChangesPage(Filter{}, undelivered, p) },
				func(l Lead) (plimsoll.Time, string) { return l.DeliveredAt.Or(l.StartAt), l.PageID() })
			everyOnce(t, fmt.Sprintf("open %v, pages of %d", undelivered, n), ids, want[undelivered])
		}
	}
	if rows := got(t, o, func(tx *Tx) ([]Lead, error) { return tx.ChangesPage(Filter{Service: "a"}, false, Page{Limit: 99}) }); len(rows) != 18 {
		t.Errorf("one service has %d changes, want 18", len(rows))
	}
}

func deploymentNamed(tb testing.TB, o *Org, id string) (d plimsoll.Deployment, ok bool, err error) {
	tb.Helper()
	mustView(tb, o, func(tx *Tx) error {
		d, ok, err = tx.Deployment(id)
		return err
	})
	return d, ok, err
}

func deploymentByName(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	d := sampleDeployment("d-1", 1, func(d *plimsoll.Deployment) { d.CommitSHA, d.Aliases = "abc", []string{"run-1", "run-2"} })
	putDeployments(t, o, 1, d, sampleDeployment("d-2", 2))
	for _, name := range []string{"d-1", "run-1", "run-2"} {
		if found, ok, _ := deploymentNamed(t, o, name); !ok || found.ID != "d-1" {
			t.Errorf("%s: %+v", name, found)
		}
	}
	for _, name := range []string{"d-1", "run-1", "abc", "v-d-1"} {
		ds := got(t, o, func(tx *Tx) ([]plimsoll.Deployment, error) { return tx.DeploymentsNamed(name) })
		if len(ds) != 1 || ds[0].ID != "d-1" {
			t.Errorf("named %s: %+v", name, ds)
		}
	}
	putDeployments(t, o, 2, sampleDeployment("d-2", 2, func(d *plimsoll.Deployment) { d.Aliases = []string{"run-1"} }))
	if found, ok, _ := deploymentNamed(t, o, "run-1"); !ok || found.ID != "d-2" {
		t.Errorf("an alias that moved leads to %+v", found)
	}
	if _, ok, _ := deploymentNamed(t, o, "run-2"); ok {
		t.Error("an alias of what is gone still leads somewhere")
	}
}
