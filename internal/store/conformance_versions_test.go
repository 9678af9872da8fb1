package store

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

var versionProperties = []property{
	{"a version holds from its event on and before that of the next", versionsAreHalfOpen},
	{"unchanged facts are not touched", unchangedUntouched},
	{"what is replaced within one event leaves no empty version", noEmptyVersion},
	{"notes of changes that nobody follows any more go", oldNotesGo},
	{"as of any event exactly one version of a fact holds", oneVersionHolds},
	{"a change covers the time a fact had and the time it has", changeCoversBoth},
	{"an incident changes for every service it belongs to or belonged to", incidentChanges},
}

// versionRow is one version of a fact as it stands in its table.
type versionRow struct {
	ID       string
	From, To int64
	Doc      string
}

func versionsOf(tb testing.TB, o *Org, table string) []versionRow {
	tb.Helper()
	return got(tb, o, func(tx *Tx) (out []versionRow, err error) {
		err = tx.each(`SELECT id, from_seq, to_seq, doc FROM `+table+` WHERE org = ? ORDER BY id, from_seq`, tx.args(), func(rows *sql.Rows) error {
			var v versionRow
			err := rows.Scan(&v.ID, &v.From, &v.To, &v.Doc)
			out = append(out, v)
			return err
		})
		return out, err
	})
}

type factChange struct {
	Num, Seq int64
	Service  string
	Kind     string
	From, To plimsoll.Time
}

func changesOf(tb testing.TB, o *Org) []factChange {
	tb.Helper()
	return got(tb, o, func(tx *Tx) (out []factChange, err error) {
		err = tx.each(`SELECT num, seq, service, kind, from_at, to_at FROM fact_changes WHERE org = ? ORDER BY num`, tx.args(), func(rows *sql.Rows) error {
			var c factChange
			err := rows.Scan(&c.Num, &c.Seq, &c.Service, &c.Kind, &c.From, &c.To)
			out = append(out, c)
			return err
		})
		return out, err
	})
}

func putDeployments(tb testing.TB, o *Org, seq int64, ds ...plimsoll.Deployment) (span plimsoll.Window, ok bool) {
	tb.Helper()
	mustUpdate(tb, o, func(tx *Tx) (err error) {
		span, ok, err = tx.PutTimeline("checkout", ds, nil, nil, seq)
		return err
	})
	return span, ok
}

func failed(d *plimsoll.Deployment) { d.Result = plimsoll.ResultFailure }

func spans(rows []versionRow) string {
	var out []string
	for _, r := range rows {
		to := fmt.Sprint(r.To)
		if r.To == current {
			to = "∞"
		}
		out = append(out, fmt.Sprintf("%s[%d,%s)", r.ID, r.From, to))
	}
	return fmt.Sprint(out)
}

func versionsAreHalfOpen(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	putDeployments(t, o, 5, sampleDeployment("d-1", 1))
	putDeployments(t, o, 8, sampleDeployment("d-1", 1, failed), sampleDeployment("d-2", 2))
	putDeployments(t, o, 9, sampleDeployment("d-2", 2))
	putDeployments(t, o, 12, sampleDeployment("d-1", 1), sampleDeployment("d-2", 2))
	if got, want := spans(versionsOf(t, o, "deployments")), "[d-1[5,8) d-1[8,9) d-1[12,∞) d-2[8,∞)]"; got != want {
		t.Errorf("versions %s, want %s", got, want)
	}
}

func unchangedUntouched(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	mustUpdate(t, o, func(tx *Tx) error { return putEverything(tx, 3) })
	rows, changes := versionsOf(t, o, "deployments"), changesOf(t, o)
	mustUpdate(t, o, func(tx *Tx) error { return putEverything(tx, 9) })
	if again := versionsOf(t, o, "deployments"); !slices.Equal(rows, again) {
		t.Errorf("versions %s, were %s", spans(again), spans(rows))
	}
	if again := changesOf(t, o); !slices.Equal(changes, again) {
		t.Errorf("nothing changed, and that was noted: %+v", again)
	}
	if _, ok := putDeployments(t, o, 10, sampleDeployment("d-1", 1, failed), sampleDeployment("d-2", 2)); !ok {
		t.Error("a change was not reported")
	}
	if got := spans(versionsOf(t, o, "deployments")); got != "[d-1[3,10) d-1[10,∞) d-2[3,∞)]" {
		t.Errorf("versions %s", got)
	}
}

func noEmptyVersion(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	putDeployments(t, o, 5, sampleDeployment("d-1", 1), sampleDeployment("d-2", 2))
	putDeployments(t, o, 5, sampleDeployment("d-1", 1, failed))
	putDeployments(t, o, 6)
	putDeployments(t, o, 6, sampleDeployment("d-3", 3))
	putDeployments(t, o, 6)
	if got := spans(versionsOf(t, o, "deployments")); got != "[d-1[5,6)]" {
		t.Errorf("versions %s", got)
	}
}

func oneVersionHolds(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	chance := rand.New(rand.NewPCG(1, 2))
	want := map[int64]map[string]string{} // event → id → version of the deployment
	for seq := int64(1); seq <= 40; seq++ {
		for range 1 + chance.IntN(3) {
			var ds []plimsoll.Deployment
			want[seq] = map[string]string{}
			for n := range 6 {
				if chance.IntN(3) == 0 {
					continue
				}
				d := sampleDeployment(fmt.Sprintf("d-%d", n), n)
				d.Version = fmt.Sprint(chance.IntN(3))
				ds = append(ds, d)
				want[seq][d.ID] = d.Version
			}
			putDeployments(t, o, seq, ds...)
		}
	}
	type fact struct{ id, version string }
	for seq, facts := range want {
		held := map[string]string{}
		rows := got(t, o, func(tx *Tx) (out []fact, err error) {
			err = tx.each(`SELECT id, version FROM deployments WHERE org = ? AND from_seq <= ? AND to_seq > ?`, tx.args(seq, seq), func(rows *sql.Rows) error {
				var f fact
				err := rows.Scan(&f.id, &f.version)
				out = append(out, f)
				return err
			})
			return out, err
		})
		for _, f := range rows {
			if _, twice := held[f.id]; twice {
				t.Errorf("as of %d two versions of %s hold", seq, f.id)
			}
			held[f.id] = f.version
		}
		if fmt.Sprint(held) != fmt.Sprint(facts) {
			t.Errorf("as of %d: %v, want %v", seq, held, facts)
		}
	}
}

func changeCoversBoth(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	lead := func(seq int64, ls ...plimsoll.Delivery) {
		mustUpdate(t, o, func(tx *Tx) error { return tx.putLeads("checkout", ls, seq) })
	}
	lead(1, sampleLead("a", 5, 20))
	lead(2, sampleLead("a", 5, 10)) // earlier: the day it had must be counted again too
	lead(3, sampleLead("a", 5, 0))  // taken back
	lead(4, sampleLead("a", 5, 30))
	lead(5)
	want := []plimsoll.Window{{From: day(5), To: day(20)}, {From: day(5), To: day(20)}, {From: day(5), To: day(10)}, {From: day(5), To: day(30)}, {From: day(5), To: day(30)}}
	list := changesOf(t, o)
	for i, c := range list {
		if c.Num != int64(i+1) || c.Seq != int64(i+1) || c.Kind != FactLeadTimes || c.Service != "checkout" || i < len(want) && (plimsoll.Window{From: c.From, To: c.To}) != want[i] {
			t.Errorf("change %d: %+v, want %v", i, c, want[i])
		}
	}
	if len(list) != len(want) {
		t.Errorf("%d changes were noted", len(list))
	}
	span, _ := putDeployments(t, o, 6, sampleDeployment("d-1", 10))
	if (span != plimsoll.Window{From: day(10), To: sampleDeployment("", 10).FinishedAt}) {
		t.Errorf("a new deployment covers %v", span)
	}
	span, _ = putDeployments(t, o, 7, sampleDeployment("d-1", 4))
	if (span != plimsoll.Window{From: day(4), To: sampleDeployment("", 10).FinishedAt}) {
		t.Errorf("a deployment that moved covers %v", span)
	}
}

func incidentChanges(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	put := func(i plimsoll.Incident, seq int64) []string {
		before := len(changesOf(t, o))
		mustUpdate(t, o, func(tx *Tx) error {
			_, err := tx.PutIncidentFact(i, seq)
			return err
		})
		var services []string
		for _, c := range changesOf(t, o)[before:] {
			services = append(services, c.Service)
		}
		return services
	}
	i := sampleIncident("i-1", 3, 4)
	i.Services = []string{"basket"}
	if s := put(i, 1); !slices.Equal(s, []string{"basket", "checkout"}) {
		t.Errorf("new: %v", s)
	}
	i.CauseService, i.AttributedTo = "search", "d-9"
	if s := put(i, 2); !slices.Equal(s, []string{"basket", "checkout", "search"}) {
		t.Errorf("held against another: %v", s)
	}
	if s := put(i, 3); s != nil {
		t.Errorf("unchanged: %v", s)
	}
	lone := sampleIncident("i-2", 3, 4)
	lone.CauseService, lone.AttributedTo = "", ""
	if s := put(lone, 4); !slices.Equal(s, []string{""}) {
		t.Errorf("of nobody: %v", s)
	}
}

func oldNotesGo(t *testing.T, open opener) {
	o := mustOrg(t, open(t, Options{}), "default")
	putDeployments(t, o, 5, sampleDeployment("d-1", 1))
	putDeployments(t, o, 6, sampleDeployment("d-1", 1), sampleDeployment("d-2", 2))
	first := changesOf(t, o)[0]
	mustUpdate(t, o, func(tx *Tx) error {
		err := tx.write(`UPDATE fact_changes SET num = ? WHERE org = ? AND num = ?`, first.Num-keptChanges+2, tx.org, first.Num)
		return err
	})
	putDeployments(t, o, 7, sampleDeployment("d-1", 1))
	if got := changesOf(t, o); len(got) != 2 || got[0].Seq != 6 || got[1].Seq != 7 {
		t.Errorf("left are %+v", got)
	}
	mustView(t, o, func(tx *Tx) error {
		if _, whole, err := tx.FactChanges(first.Num - 1); whole || err != nil {
			t.Errorf("a note is missing and nobody says so: %v", err)
		}
		if _, whole, err := tx.FactChanges(first.Num); !whole || err != nil {
			t.Errorf("none of the later notes is missing: %v", err)
		}
		return nil
	})
}
