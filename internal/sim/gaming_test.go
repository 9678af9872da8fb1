package sim_test

import (
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/sim"
)

// Each sign can be found in the events of the service that shows it, more often
// than in those of the others.
func TestEachSignOfGamingCanBeFound(t *testing.T) {
	o, all, truth := year(t, sim.Config{Seed: 12, Services: 40, Deployments: 250, FlawShare: 0.25, Gaming: true})
	services, teams := o.Signs()
	signs := map[sim.Sign]string{}
	for s, sign := range services {
		signs[sign] = s
	}
	if len(signs) != 9 || len(teams) != 2 {
		t.Fatalf("services %v, teams %v", services, teams)
	}
	count := map[string]map[string]float64{} // what → service → how many
	add := func(what, service string) {
		if count[what] == nil {
			count[what] = map[string]float64{}
		}
		count[what][service]++
	}
	repository := map[string]string{}
	for _, s := range o.Services() {
		if repository[s.Repository] == "" { // of several the first, which is the one with the sign
			repository[s.Repository] = s.Name
		}
	}
	authored := map[string]plimsoll.Time{}
	incidents := map[string]plimsoll.Time{}
	for _, i := range all {
		switch {
		case i.Change != nil && i.Change.AuthoredAt.Known():
			authored[i.Change.SHA] = i.Change.AuthoredAt
		case i.PullRequest != nil && len(i.PullRequest.Commits) > 1:
			if p := i.PullRequest; authored[p.Commits[0]] == p.MergedAt {
				add("rewritten", repository[p.Repository])
			}
		case i.Incident != nil && i.Incident.ResolvedAt.Known():
			if before, twice := incidents[i.Incident.ID]; twice && before != i.Incident.ResolvedAt {
				add("reopened", serviceOf(truth, i.Incident.ID))
			}
			incidents[i.Incident.ID] = i.Incident.ResolvedAt
		case i.Deployment != nil && i.Deployment.ChangeClass == "config" && i.Deployment.FinishedAt.Known():
			add("config", i.Deployment.Service)
		}
	}
	last := map[string]*sim.DeploymentTruth{}
	for _, d := range truth.Deployments {
		if d.Kind == "" {
			continue
		}
		add("all", d.Service)
		if y, m, dd := d.FinishedAt.Std().Date(); dd >= time.Date(y, m+1, -1, 0, 0, 0, 0, time.UTC).Day() {
			add("month end", d.Service)
		}
		if d.Kind == plimsoll.KindRedeploy {
			add("redeploy", d.Service)
		}
		if d.Kind == plimsoll.KindRollback && d.Planned {
			add("planned", d.Service)
		}
		if d.Kind == plimsoll.KindHotfix && last[d.Service] != nil && d.StartedAt.Sub(last[d.Service].FinishedAt) > day {
			add("late hotfix", d.Service)
		}
		if d.Kind == plimsoll.KindChange && last[d.Service] != nil && d.StartedAt == last[d.Service].FinishedAt && d.Result == plimsoll.ResultSuccess {
			add("at once", d.Service)
		}
		last[d.Service] = d
	}
	for _, f := range truth.Failures {
		if f.RestoredAt.Known() && f.HarmTo > f.RestoredAt {
			add("early", f.Service)
		}
	}
	for sign, what := range map[sim.Sign]string{
		sim.SignBurst: "month end", sim.SignSameVersion: "redeploy", sim.SignSplit: "at once", sim.SignReopened: "reopened",
		sim.SignEarlyResolved: "early", sim.SignRelabelled: "config", sim.SignLateHotfix: "late hotfix", sim.SignSilentRollback: "planned",
		sim.SignRewritten: "rewritten",
	} {
		own := count[what][signs[sign]] / count["all"][signs[sign]]
		var others, n float64
		for service, k := range count["all"] {
			if service != signs[sign] {
				others, n = others+count[what][service], n+k
			}
		}
		if own == 0 || own < 2.5*others/n {
			t.Errorf("%s of %s: %s in %.3f of its deployments, in %.3f of the others", sign, signs[sign], what, own, others/n)
		}
	}
	honest, _, truth := year(t, sim.Config{Seed: 12, Services: 40, Deployments: 50})
	if services, teams := honest.Signs(); len(services)+len(teams) != 0 {
		t.Errorf("without gaming %v and %v show signs", services, teams)
	}
	for _, d := range truth.Deployments {
		if d.Sign != "" && d.Sign != sim.SignLateHotfix {
			t.Errorf("%s shows %s", d.ID, d.Sign)
		}
	}
}

// serviceOf is the service that an incident came from, "" if from none.
func serviceOf(truth *sim.Truth, incident string) string {
	for _, i := range truth.Incidents {
		if i.ID == incident {
			return i.CauseService
		}
	}
	return ""
}
