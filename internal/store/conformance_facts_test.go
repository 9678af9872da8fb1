package store

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

func leadsOfAWindow(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	pull := sampleLead("7", 1, 10)
	pull.Basis = plimsoll.BasisPullRequest
	mustUpdate(t, o, func(tx *Tx) error {
		return tx.putLeads("checkout", []plimsoll.Delivery{sampleLead("before", 1, 5), sampleLead("in", 2, 10), sampleLead("after", 3, 30),
			sampleLead("open", 4, 0), sampleLead("later", 40, 50), sampleLead("later-open", 41, 0), pull}, 1)
	})
	window := Filter{Window: plimsoll.Window{From: day(10), To: day(20)}}
	var starts []int
	mustView(t, o, func(tx *Tx) error {
		return tx.LeadPoints(window, plimsoll.BasisChange, func(start, committed, delivered plimsoll.Time) {
			if start != committed {
				t.Errorf("start %s, committed %s", start, committed)
			}
			starts = append(starts, int(start.Seconds(day(0))/86400))
		})
	})
	slices.Sort(starts)
	if !slices.Equal(starts, []int{2, 3, 4}) {
		t.Errorf("the window holds those that began on day %v", starts)
	}
	brought := got(t, o, func(tx *Tx) ([]Lead, error) { return tx.BroughtBy("d-1") })
	if len(brought) != 4 || brought[0].Key != "before" {
		t.Errorf("brought: %+v", brought)
	}
}

func factsAreCanonical(t *testing.T, open opener) {
	a := mustOrg(t, open(t, Options{}), "default")
	mustUpdate(t, a, func(tx *Tx) error { return putEverything(tx, 3) })
	want := facts(t, a)
	// Another store comes to the same facts by detours, at other events.
	b := mustOrg(t, open(t, Options{}), "default")
	putDeployments(t, b, 1, sampleDeployment("d-2", 7), sampleDeployment("d-9", 7))
	mustUpdate(t, b, func(tx *Tx) error {
		_, err := tx.PutIncidentFact(sampleIncident("i-1", 9, 0), 2)
		return err
	})
	mustUpdate(t, b, func(tx *Tx) error { return putEverything(tx, 8) })
	if lines := facts(t, b); !slices.Equal(lines, want) {
		t.Errorf("got  %q\nwant %q", lines, want)
	}
	kinds := map[string]bool{}
	for _, line := range want {
		var kind string
		if _, err := fmt.Sscan(line, &kind); err != nil {
			t.Fatal(err)
		}
		kinds[kind] = true
	}
	for _, kind := range []string{FactDeployments, FactLeadTimes, FactEvidence, FactIncidents, FactFailures} {
		if !kinds[kind] {
			t.Errorf("no line of %s", kind)
		}
	}
}

func reportsReplace(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	change := plimsoll.ChangeReport{
		Repository: "r", SHA: "c1", Parents: []string{"p1", "p2"}, AuthoredAt: day(1), CommittedAt: day(2), Subject: "say <hello> & go", Bot: true,
		AuthorHash: "a-1", Reverts: "c0", BuiltAt: day(3), Paths: []string{"a/b"}, PullRequest: &plimsoll.PullRequestRef{Number: 7, Branch: "x"},
		Labels: map[string]string{"k": "v"},
	}
	reported := plimsoll.Reported{DeploymentReport: sampleDeployment("d-1", 1).DeploymentReport, Sources: []string{"ci"}, ResultAt: day(9)}
	incident := sampleIncident("i-1", 1, 2).IncidentReport
	incident.Services, incident.CausedBy = []string{"checkout", "checkout", "basket"}, reported.Version
	mustUpdate(t, o, func(tx *Tx) error {
		old := change
		old.Paths, old.Labels, old.Subject = nil, nil, "old"
		before1, err1 := tx.PutDeployment(plimsoll.Reported{DeploymentReport: plimsoll.DeploymentReport{ID: "d-1", Service: "basket"}})
		before2, err2 := tx.PutDeployment(reported)
		if before1 != "" || before2 != "basket" {
			t.Errorf("the service before: %q, %q", before1, before2)
		}
		gone := incident
		gone.Services = []string{"search"}
		return errors.Join(err1, err2, tx.PutChange(old), tx.PutChange(change), tx.PutIncident(gone), tx.PutIncident(incident),
			tx.PutService(plimsoll.ServiceReport{Name: "checkout"}), tx.PutService(plimsoll.ServiceReport{Name: "checkout", Team: "t"}))
	})
	mustView(t, o, func(tx *Tx) error {
		c, ok, err1 := tx.Change("r", "c1")
		same(t, "change", c, change)
		has, err2 := tx.HasChange("r", "nope")
		if !ok || has {
			t.Errorf("the change is there: %v, another: %v", ok, has)
		}
		ds, err3 := tx.ReportedDeployments("checkout")
		same(t, "deployments", ds, []plimsoll.Reported{reported})
		i, _, err4 := tx.ReportedIncident("i-1")
		same(t, "incident", i, incident)
		service, err5 := tx.Service("checkout")
		same(t, "service", service, plimsoll.ServiceReport{Name: "checkout", Team: "t"})
		since, err6 := tx.IncidentsSince("search", 0)
		if len(since) > 0 {
			t.Errorf("the incident still names a service it does not: %v", since)
		}
		naming, err7 := tx.IncidentsNamingDeploymentsOf("checkout")
		if !slices.Equal(naming, []string{"i-1"}) {
			t.Errorf("incidents that name a deployment: %v", naming)
		}
		return errors.Join(err1, err2, err3, err4, err5, err6, err7)
	})
}

func same(tb testing.TB, what string, got, want any) {
	tb.Helper()
	if a, b := mustJSON(tb, got), mustJSON(tb, want); a != b {
		tb.Errorf("%s:\ngot  %s\nwant %s", what, a, b)
	}
}

func servicesFollow(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	mustUpdate(t, o, func(tx *Tx) error {
		return errors.Join(tx.Follow("b", []string{"r1", "r2"}, []string{"x"}), tx.Follow("a", []string{"r1"}, []string{"x", "y"}), tx.Follow("b", []string{"r2"}, nil))
	})
	mustView(t, o, func(tx *Tx) error {
		r1, err1 := tx.Followers("r1")
		r2, err2 := tx.Followers("r2")
		x, err3 := tx.Wanting("x")
		if fmt.Sprint(r1, r2, x) != "[a] [b] [a]" {
			t.Errorf("follow: %v %v %v", r1, r2, x)
		}
		return errors.Join(err1, err2, err3)
	})
}

func statementsDoNotPileUp(t *testing.T, open opener) {
	db := open(t, Options{Readers: 1})
	o := mustOrg(t, db, "default")
	for i := range 2 * mostStatements {
		mustView(t, o, func(tx *Tx) error {
			_, err := tx.one(fmt.Sprintf(`SELECT %d + ? FROM counters WHERE org = ?`, i), []any{1, tx.org}, new(int))
			return err
		})
		mustUpdate(t, o, func(tx *Tx) error {
			err := tx.write(fmt.Sprintf(`UPDATE cursors SET seq = %d WHERE org = ?`, i), tx.org)
			return err
		})
	}
	s := <-db.readers
	if n := len(s.stmts); n > mostStatements+1 {
		t.Errorf("a reader keeps %d statements", n)
	}
	db.readers <- s
	mustUpdate(t, o, func(tx *Tx) error {
		if n := len(tx.s.stmts); n > mostStatements+5 {
			t.Errorf("the writer keeps %d statements", n)
		}
		return nil
	})
}
