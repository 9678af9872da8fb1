package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

var orgProperties = []property{
	{"an organisation sees nothing of another, by any method", orgsAreApart},
	{"organisations have logs of their own", orgsHaveTheirOwnLogs},
}

func mustJSON(tb testing.TB, v any) string {
	tb.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// reads calls every method of a snapshot that reads, and returns what each said.
func reads(tb testing.TB, o *Org) map[string]string { return readsAs(tb, o, (*Tx).AsKnownNow) }

func readsAs(tb testing.TB, o *Org, as func(tx *Tx) *Tx) map[string]string {
	out := map[string]string{}
	mustView(tb, o, func(tx *Tx) error {
		tx = as(tx)
		var lines, points, bulk []string
		line := func(s string) { lines = append(lines, s) }
		point := func(v ...any) { points = append(points, mustJSON(tb, v)) }
		row := func(v ...any) { bulk = append(bulk, mustJSON(tb, v)) }
		f, late := Filter{}, Filter{Production: true, Window: plimsoll.Window{To: plimsoll.Forever}}
		seen := Filter{Window: plimsoll.Window{To: 1 << 60}}
		after := Filter{Window: plimsoll.Window{To: sampleDeployment("", 1).FinishedAt}}
		err := errors.Join(tx.Facts(line),
			tx.DeploymentPoints(f, func(p DeploymentPoint) { point(p) }),
			tx.EvidenceMarks("", func(m EvidenceMark) { point(m) }),
			tx.LeadPoints(f, plimsoll.BasisChange, func(a, b, c plimsoll.Time) { point(a, b, c) }),
			tx.FailurePoints(f, func(a, b plimsoll.Time, s string) { point(a, b, s) }),
			tx.StagePoints(f, func(p StagePoint) { point(p) }),
			tx.IncidentPoints(f, func(a, b plimsoll.Time, s string) { point(a, b, s) }),
			tx.People(func(ref, name string) error { point(ref, name); return nil }),
			tx.EventsAbout(0, 9, func(a About) error { point(a); return nil }),
			tx.ServiceRows("checkout", plimsoll.Window{To: plimsoll.Forever}, func(r DeploymentRow) { row(r) }),
			tx.LeadRows("checkout", plimsoll.BasisChange, plimsoll.Window{To: plimsoll.Forever}, func(r LeadRow) { row(r) }),
			tx.FailureRows("checkout", func(r FailureRow) { row(r) }),
			tx.AnalysisRows("checkout", func(r AnalysisRow) { row(r) }),
			tx.IncidentRows("basket", func(i plimsoll.Incident) { row(i) }),
			tx.AnalysisPoints(f, func(at plimsoll.Time, phase string) { point(at, phase) }),
			tx.Ways(f, 9, func(d plimsoll.Delivery) { point(d) }),
			tx.RolloutPoints(f, func(p RolloutPoint) { point(p) }),
			tx.RepairPoints(f, func(p RepairPoint) { point(p) }),
			tx.Changes("example/checkout", func(c plimsoll.ChangeReport) error { point(c); return nil }))
		out["Facts"], out["points"], out["bulk"] = strings.Join(lines, "\n"), strings.Join(points, "\n"), strings.Join(bulk, "\n")
		args := map[string][]any{
			"Events": {int64(0), 99}, "SubjectEvents": {plimsoll.TypeDeployment, "d-1", int64(99)}, "DeliveryBody": {int64(1)},
			"Person": {"p-1"}, "Cursor": {"facts"}, "ParkedEvents": {"facts"}, "Dirty": {"outcome", 9}, "Notes": {"outcome", 9},
			"Earlier": {int64(2), int64(9)}, "Position": {"facts"}, "ReportedDeployments": {"checkout"}, "DeploymentServices": {"d-1"},
			"HasChange": {"example/checkout", "a1"}, "Change": {"example/checkout", "a1"}, "RepositoriesOf": {"a1"},
			"PullRequests": {"example/checkout"}, "ReportedIncident": {"i-1"}, "IncidentsSince": {"basket", plimsoll.Time(0)},
			"IncidentsNamingDeploymentsOf": {"checkout"}, "IncidentsNaming": {"d-1"}, "Service": {"checkout"}, "Followers": {"example/checkout"}, "Wanting": {"c3"}, "AnyWanted": {},
			"FirstDeployment": {f}, "FirstDeployments": {f}, "Deployments": {f, Page{Limit: 9}}, "ServiceDeployments": {"checkout"},
			"DeploymentsAround": {"checkout", plimsoll.Time(1), plimsoll.Forever}, "DeploymentsNamed": {"run-17"}, "Deployment": {"run-17"},
			"EvidenceOf": {"d-1"}, "TimelineEvidence": {"checkout"}, "Incidents": {f, Page{Limit: 9}}, "Incident": {"i-1"},
			"IncidentsOf": {"checkout"}, "Failures": {"checkout"}, "BroughtBy": {"d-1"}, "ChangesPage": {f, true, Page{Limit: 9}},
			"LatestServices": {9}, "Flags": {plimsoll.Time(0), plimsoll.Forever}, "VerdictsOf": {"checkout"}, "VerdictsOn": {"d-1"},
			"ServiceOf": {"d-1"}, "Words": {"e-1"}, "WordsOf": {"checkout"}, "WordsOn": {"d-2"}, "DependenciesOf": {"checkout"},
			"Dependents": {"ledger"}, "IncidentsBetween": {plimsoll.Time(0), plimsoll.Forever},
			"EvidencePage": {f, plimsoll.EvidenceStatus(""), Page{Limit: 9}}, "Evidence": {"e-1"}, "DeploymentSights": {seen, Page{Limit: 9}},
			"CountDeployments": {seen}, "CountAnalyses": {seen}, "AnalysisSights": {seen, Page{Limit: 9}}, "CountEndedAfter": {after}, "LeadSights": {seen, plimsoll.BasisChange, LeadsOpen, []plimsoll.Time(nil), Page{Limit: 9}},
			"FailureSights": {seen, Page{Limit: 9}}, "CountSharedSpans": {f}, "IncidentSights": {seen, Page{Limit: 9}}, "CountIncidents": {f},
			"DeploymentsSetAside": {f}, "MomentAt": {"facts", plimsoll.TimeOf(testTime)}, "Replay": {}, "VersionChanges": {late, int64(1), int64(9)},
			"PortionOf": {int64(1)}, "FactChanges": {int64(0)}, "FactTrail": {int64(1)}, "ReportedAnalyses": {"checkout"}, "AnalysesOf": {"d-1"},
			"IncidentCounts": {f}, "Tokens": {}, "TokenChanges": {}, "Vitals": {"facts"}, "Horizon": {plimsoll.TimeOf(testTime)}, "BodiesBefore": {plimsoll.Forever, int64(1)},
			"KeptNamed": {"api", ""}, "KeptAfter": {int64(0), 9}, "EventsOf": {int64(1), plimsoll.TypeDeployment, "d-1"},
		}
		v := reflect.ValueOf(tx)
		for i := range v.NumMethod() {
			name := v.Type().Method(i).Name
			m := v.Method(i)
			if slices.Contains(writes, name) || slices.Contains(walks, name) {
				continue
			}
			if m.Type().NumIn() != len(args[name]) {
				tb.Errorf("the method %s is new: say here how to call it, or name it among those that write", name)
				continue
			}
			in := make([]reflect.Value, len(args[name]))
			for i, a := range args[name] {
				in[i] = reflect.ValueOf(a)
			}
			said := []any{}
			for _, r := range m.Call(in) {
				if e, failed := r.Interface().(error); failed {
					err = errors.Join(err, fmt.Errorf("%s: %w", name, e))
				}
				said = append(said, r.Interface())
			}
			out[name] = mustJSON(tb, said)
		}
		return err
	})
	return out
}

// walks are the methods that reads calls by name; writes are those that write.
var (
	walks  = []string{"Facts", "DeploymentPoints", "EvidenceMarks", "LeadPoints", "FailurePoints", "IncidentPoints", "Changes", "EventsAbout", "ServiceRows", "LeadRows", "FailureRows", "AnalysisRows", "IncidentRows", "AnalysisPoints", "RolloutPoints", "RepairPoints", "Ways", "StagePoints", "PullRequestPoints", "People"}
	writes = strings.Fields(`AsOf Past MarkMoment SetReplay Clean Done ErasePerson Fault Follow Forget MarkDirty Park PatchTimeline PutChange PutDependencies
		PutDeployment PutDeployments PutFlag PutIncident PutIncidentFact PutVerdict PutWords PutOutcome PutPullRequest PutService PutSettings PutTimeline
		Resume SetAside SetCursor Unpark AsKnownNow Related PutAnalyses PutAnalysis PutTarget HoldTokens AddToken RevokeToken ExpireToken DropToken TokenUsed DropMoments DropVersions DropBodies`)
)

func orgsAreApart(t *testing.T, open opener) {
	db := open(t, Options{})
	ours, theirs, empty := mustOrg(t, db, "ours"), mustOrg(t, db, "theirs"), mustOrg(t, db, "empty")
	fill := func(o *Org, version string) {
		d := sampleDelivery(sampleEvent("d-1", version), sampleEvent("d-1", version+"'"), sampleEvent("d-2", version))
		d.People, d.Body = map[string]string{"p-1": "Ada " + version}, []byte("body "+version)
		mustAppend(t, o, d)
		mustUpdate(t, o, func(tx *Tx) error {
			i := sampleIncident("i-1", 3, 4).IncidentReport
			i.CausedBy, i.Services = "d-1", []string{"basket"}
			_, err := tx.AddToken(sampleToken("t1", version))
			return errors.Join(err, tx.SetCursor("facts", 2), tx.MarkMoment("facts"), putEverything(tx, 2), tx.PutIncident(i), tx.Park("facts", 1, 1, errors.New(version)),
				tx.SetReplay(Replay{Until: 1, Steps: version}), tx.MarkDirty("outcome", "checkout", 2))
		})
	}
	nothing := reads(t, empty)
	fill(ours, "1")
	before := reads(t, ours)
	if left := reads(t, empty); mustJSON(t, left) != mustJSON(t, nothing) {
		t.Errorf("an empty organisation sees:\n%v\nsaw\n%v", left, nothing)
	}
	for name, said := range before {
		if said == nothing[name] && name != "Head" {
			t.Errorf("%s says the same of a full organisation as of an empty one: %s", name, said)
		}
	}
	fill(theirs, "2")
	mustUpdate(t, theirs, func(tx *Tx) error {
		_, _, err1 := tx.PutTimeline("checkout", []plimsoll.Deployment{sampleDeployment("d-7", 7)}, nil, nil, 3)
		_, err2 := tx.ErasePerson("p-1")
		_, err3 := tx.RevokeToken("t1", "ada")
		err4 := errors.Join(tx.ExpireToken("t1", 1), tx.TokenUsed("t1", 1<<60), tx.DropToken("t1"))
		return errors.Join(err1, err2, err3, err4, tx.Done("outcome", "checkout"), tx.Follow("checkout", nil, nil), tx.PutOutcome("checkout", nil, nil, 3))
	})
	after := reads(t, ours)
	mustUpdate(t, theirs, func(tx *Tx) error { return tx.Forget("facts") })
	for _, then := range []map[string]string{after, reads(t, ours)} {
		for name, said := range then {
			if said != before[name] {
				t.Errorf("%s says %s after another organisation wrote; it said %s", name, said, before[name])
			}
		}
	}
}

func orgsHaveTheirOwnLogs(t *testing.T, open opener) {
	db := open(t, Options{})
	a, b := mustOrg(t, db, "a"), mustOrg(t, db, "b")
	for i := range 6 {
		e := sampleEvent(fmt.Sprintf("d-%d", i), "1") // the same content in both
		mustAppend(t, a, sampleDelivery(e))
		if i%2 == 0 {
			mustAppend(t, b, sampleDelivery(e))
		}
	}
	if wholeLog(t, a); len(allEvents(t, a)) != 6 || len(allEvents(t, b)) != 3 {
		t.Errorf("the logs hold %d and %d events", len(allEvents(t, a)), len(allEvents(t, b)))
	}
	wholeLog(t, b)
	if again := mustOrg(t, db, "a"); again.id != a.id || a.id == b.id {
		t.Errorf("organisations %d, %d and again %d", a.id, b.id, again.id)
	}
}
