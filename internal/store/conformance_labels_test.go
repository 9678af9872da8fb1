package store

import (
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

var labelProperties = []property{
	{"a label selects what carries it, and what hangs on that", labelsSelect},
	{"a label that was taken away or corrected selects no longer", labelsEnd},
	{"the way of a change is kept with it", stampsAreKept},
}

// carrying returns the ids of everything that a filter selects, by kind.
func carrying(tb testing.TB, o *Org, f Filter) string {
	tb.Helper()
	var out []string
	mustView(tb, o, func(tx *Tx) error {
		list := func(kind string, err error, ids ...string) {
			if err != nil {
				tb.Error(kind, err)
			}
			slices.Sort(ids)
			out = append(out, kind+"="+strings.Join(ids, ","))
		}
		var points, leads, stages, failures, incidents []string
		err := tx.DeploymentPoints(f, func(p DeploymentPoint) { points = append(points, p.ID) })
		list("deployments", err, points...)
		ds, err := tx.Deployments(f, Page{Limit: 99})
		if len(ds) != len(points) {
			tb.Errorf("%+v: %d deployments in the list, %d points", f, len(ds), len(points))
		}
		list("", err)
		err = tx.LeadPoints(f, plimsoll.BasisChange, func(_, _, d plimsoll.Time) { leads = append(leads, d.String()) })
		list("", err)
		err = tx.StagePoints(f, func(p StagePoint) { stages = append(stages, p.Deployment) })
		list("delivered", err, stages...)
		open, err := tx.ChangesPage(f, true, Page{Limit: 99})
		var ids []string
		for _, l := range open {
			ids = append(ids, l.Key)
		}
		list("open", err, ids...)
		if len(leads) != len(open)+len(stages) {
			tb.Errorf("%+v: %d leads, %d open and %d delivered", f, len(leads), len(open), len(stages))
		}
		err = tx.FailurePoints(f, func(a, _ plimsoll.Time, _ string) { failures = append(failures, a.String()) })
		list("failures", err, failures...)
		err = tx.IncidentPoints(f, func(a, _ plimsoll.Time, _ string) { incidents = append(incidents, a.String()) })
		is, err2 := tx.Incidents(f, Page{Limit: 99})
		if n, _, err := tx.IncidentCounts(f); len(is) != len(incidents) || n != len(is) || err != nil || err2 != nil {
			tb.Errorf("%+v: %d incidents in the list, %d points, %d counted, %v %v", f, len(is), len(incidents), n, err, err2)
		}
		ids = nil
		for _, i := range is {
			ids = append(ids, i.ID)
		}
		list("incidents", err, ids...)
		es, err := tx.EvidencePage(f, "", Page{Limit: 99})
		ids = nil
		for _, e := range es {
			ids = append(ids, e.ID)
		}
		list("evidence", err, ids...)
		return nil
	})
	return strings.Join(slices.DeleteFunc(out, func(s string) bool { return strings.HasSuffix(s, "=") }), " ")
}

func label(name, value string) Filter { return Filter{LabelName: name, LabelValue: value} }

func labelsSelect(t *testing.T, open opener) {
	db := open(t, Options{})
	o, other := mustOrg(t, db, "default"), mustOrg(t, db, "other")
	type D = plimsoll.Deployment
	fill := func(o *Org, tier string) {
		mustUpdate(t, o, func(tx *Tx) error {
			own := func(d *D) { d.Labels = map[string]string{"tier": tier, "job": "17"} }
			basket := func(d *D) { d.Service = "basket" }
			delivered := sampleLead("a1", 0, 1)
			delivered.Deployment = "d-1"
			waiting := sampleLead("b2", 1, 0)
			ours, theirs := sampleIncident("i-1", 3, 4), sampleIncident("i-2", 5, 6)
			ours.Services, ours.CauseService, ours.Labels = nil, "", map[string]string{"tier": tier}
			theirs.Services, theirs.CauseService = []string{"basket"}, ""
			caused := sampleIncident("i-3", 7, 8)
			caused.Services, caused.CauseService = nil, "basket"
			if err := tx.PutService(plimsoll.ServiceReport{Name: "basket", Labels: map[string]string{"tier": tier, "zone": "eu"}}); err != nil {
				return err
			}
			if _, _, err := tx.PutTimeline("checkout", []D{sampleDeployment("d-1", 1, own), sampleDeployment("d-2", 2)},
				[]plimsoll.Delivery{delivered, waiting}, []plimsoll.Evidence{sampleEvidence("e-1", "d-1", 2), sampleEvidence("e-2", "d-2", 2)}, 1); err != nil {
				return err
			}
			openOne := sampleLead("c3", 1, 0)
			openOne.Service = "basket"
			if _, _, err := tx.PutTimeline("basket", []D{sampleDeployment("d-3", 3, basket)}, []plimsoll.Delivery{openOne}, nil, 1); err != nil {
				return err
			}
			for _, i := range []plimsoll.Incident{ours, theirs, caused} {
				if err := tx.PutIncident(i.IncidentReport); err != nil {
					return err
				}
				if _, err := tx.PutIncidentFact(i, 1); err != nil {
					return err
				}
			}
			failure := sampleFailure("d-2", 1, 2)
			failure.Deployments = []string{"d-2", "d-1"}
			if err := tx.PutOutcome("checkout", nil, []plimsoll.Failure{failure, sampleFailure("d-9", 2, 3)}, 1); err != nil {
				return err
			}
			return nil
		})
	}
	fill(o, "gold")
	fill(other, "tin")
	failed := sampleFailure("d-2", 1, 2).FailedAt.String()
	for _, c := range []struct {
		f    Filter
		want string
	}{
		{label("tier", "gold"), "deployments=d-1,d-3 delivered=d-1 open=c3 failures=" + failed + " incidents=i-1,i-2,i-3 evidence=e-1"},
		{label("job", "17"), "deployments=d-1 delivered=d-1 failures=" + failed + " evidence=e-1"},
		{label("zone", "eu"), "deployments=d-3 open=c3 incidents=i-2,i-3"},
		{label("tier", "tin"), ""},
		{label("tier", "Gold"), ""},
		{label("tier", "g%"), ""},
		{label("tier", ""), ""},
		{Filter{LabelName: "tier", LabelValue: "gold", Service: "basket"}, "deployments=d-3 open=c3 incidents=i-2,i-3"},
		{Filter{LabelName: "tier", LabelValue: "gold", Team: "nobody"}, ""},
	} {
		if got := carrying(t, o, c.f); got != c.want {
			t.Errorf("%+v:\n%s\nwant\n%s", c.f, got, c.want)
		}
	}
}

func labelsEnd(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	put := func(seq int64, labels map[string]string) {
		mustUpdate(t, o, func(tx *Tx) error {
			_, _, err := tx.PutTimeline("checkout", []plimsoll.Deployment{sampleDeployment("d-1", 1, func(d *plimsoll.Deployment) { d.Labels = labels })}, nil, nil, seq)
			return err
		})
	}
	put(1, map[string]string{"tier": "gold"})
	put(2, map[string]string{"tier": "silver"})
	// The same event again, as after a restart, with another outcome.
	put(2, map[string]string{"tier": "bronze"})
	for value, want := range map[string]string{"gold": "", "silver": "", "bronze": "deployments=d-1"} {
		if got := carrying(t, o, label("tier", value)); got != want {
			t.Errorf("tier %s: %q, want %q", value, got, want)
		}
	}
	service := func(labels map[string]string) {
		mustUpdate(t, o, func(tx *Tx) error { return tx.PutService(plimsoll.ServiceReport{Name: "checkout", Labels: labels}) })
	}
	service(map[string]string{"tier": "iron"})
	if got := carrying(t, o, label("tier", "iron")); got != "deployments=d-1" {
		t.Errorf("by its service: %q", got)
	}
	service(map[string]string{"tier": "lead"})
	if got := carrying(t, o, label("tier", "iron")); got != "" {
		t.Errorf("after the catalogue was corrected: %q", got)
	}
	mustUpdate(t, o, func(tx *Tx) error { return tx.Forget("facts") })
	put(3, nil)
	for _, value := range []string{"lead", "bronze"} {
		if got := carrying(t, o, label("tier", value)); got != "" {
			t.Errorf("after all of it was forgotten, %s: %q", value, got)
		}
	}
}

func stampsAreKept(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	lead := sampleLead("a1", 0, 9)
	lead.Stamps = plimsoll.Stamps{
		FirstCommitAt: day(1), OpenedAt: day(2), FirstReviewAt: day(3), ApprovedAt: day(4), MergedAt: day(5),
		BuiltAt: day(6), StagedAt: day(7), ReadyAt: day(8), DeployStartedAt: day(9),
	}
	before := lead
	before.ReadyAt = 0
	mustUpdate(t, o, func(tx *Tx) error {
		_, _, err := tx.PutTimeline("checkout", nil, []plimsoll.Delivery{before}, nil, 1)
		return err
	})
	mustUpdate(t, o, func(tx *Tx) error {
		_, _, err := tx.PatchTimeline("checkout", Timeline{Leads: []plimsoll.Delivery{before}}, Timeline{Leads: []plimsoll.Delivery{lead}}, 2)
		return err
	})
	var points []StagePoint
	mustView(t, o, func(tx *Tx) error {
		return tx.StagePoints(Filter{}, func(p StagePoint) { points = append(points, p) })
	})
	if len(points) != 1 || points[0].Stamps != lead.Stamps || points[0].StartAt != lead.StartAt || points[0].DeliveredAt != lead.DeliveredAt {
		t.Errorf("%+v, want one with %+v", points, lead)
	}
	page := got(t, o, func(tx *Tx) ([]Lead, error) { return tx.ChangesPage(Filter{}, false, Page{Limit: 9}) })
	if len(page) != 1 || page[0].Stamps != lead.Stamps {
		t.Errorf("%+v, want one with %+v", page, lead)
	}
	late := Filter{Window: plimsoll.Window{From: lead.DeliveredAt + 1}}
	mustView(t, o, func(tx *Tx) error {
		return tx.StagePoints(late, func(p StagePoint) { t.Errorf("%+v was delivered before the window", p) })
	})
}
