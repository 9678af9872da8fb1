package oracle

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// sampled is how they describe a sample of lead times.
type sampled struct {
	N      int     `json:"n"`
	Median float64 `json:"median_interpolated"`
	Lower  float64 `json:"median_lower"`
	Mean   float64 `json:"mean"`
	P90    float64 `json:"p90_nearest_rank"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// konflux is the history of a real service: its commits, pull requests and
// deployments, and a server that has taken them in.
type konflux struct {
	*server
	dir    string
	events []event
}

// newKonflux hands the history to a server. Before it had two environments the
// service had one, called base; each of the three is a chain of its own.
func newKonflux(t *testing.T) *konflux {
	k := &konflux{dir: filepath.Join(folder(t), "real", "konflux-build-service")}
	k.events = readLines[event](t, filepath.Join(k.dir, "events.jsonl"))
	var out []event
	for _, e := range k.events {
		switch e.text("type") {
		case "change":
			out = append(out, wireChange(e))
		case "pull_request":
			p := (&oracleCase{}).wirePullRequest(e)
			var commits []string
			for _, pair := range e["commits"].([]any) {
				commits = append(commits, pair.([]any)[0].(string))
			}
			p["commits"] = commits
			out = append(out, p)
		case "deployment":
			out = append(out, wireDeployment(e, e.text("environment")))
		}
	}
	k.server = newServer(t, out)
	return k
}

// pulls computes pull requests from the list of changes: from the first commit
// to the delivery of the last.
func pulls(changes []change) map[int]float64 {
	out := map[int]float64{}
	first, last := map[int]time.Time{}, map[int]time.Time{}
	for _, c := range changes {
		n := c.PullRequest
		if n == 0 {
			continue
		}
		if at := moment(c.AuthoredAt); first[n].IsZero() || at.Before(first[n]) {
			first[n] = at
		}
		if at := moment(c.DeliveredAt); at.After(last[n]) {
			last[n] = at
		}
		out[n] = last[n].Sub(first[n]).Seconds()
	}
	return out
}

// nearest is their quantile: the value at the rank, rounded up.
func nearest(sorted []float64, q float64) float64 {
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// hold compares a sample that our API describes, and the same sample listed,
// with theirs.
func hold(t *testing.T, what string, got durations, list []float64, want sampled) {
	t.Helper()
	slices.Sort(list)
	if got.N != want.N || len(list) != want.N {
		t.Errorf("%s: n is %d, %d listed; theirs is %d", what, got.N, len(list), want.N)
		return
	}
	if want.N == 0 {
		return
	}
	type pair struct {
		name         string
		ours, theirs float64
	}
	for _, p := range []pair{
		{"median", *got.P50, want.Median}, {"mean", *got.Mean, want.Mean},
		{"nearest-rank p90", nearest(list, 0.9), want.P90}, {"lower median", nearest(list, 0.5), want.Lower},
		{"min", list[0], want.Min}, {"max", list[len(list)-1], want.Max},
	} {
		if !near(p.ours, p.theirs) {
			t.Errorf("%s: %s is %g, theirs is %g", what, p.name, p.ours, p.theirs)
		}
	}
}

// month is what is expected of one month of production.
type month struct {
	Deployments int     `json:"deployments"`
	Days        int     `json:"deployment_days"`
	Changes     sampled `json:"changes_without_merge_commits"`
	Pulls       sampled `json:"pull_requests"`
}

// split is the month in which the service got its own production environment,
// where the record begins.
const split = "2024-01"

// devlakeRounds is how much DevLake's medians lie above ours, in seconds: it
// adds two stages of a pull request, each rounded up to whole minutes.
const devlakeRounds = 120

func TestEveryMonthOfARealServiceIsTheSame(t *testing.T) {
	k := newKonflux(t)
	var want struct {
		Months map[string]month `json:"months"`
		All    month            `json:"all"`
	}
	readJSON(t, filepath.Join(k.dir, "expected-months.json"), &want)
	var devlake struct {
		Result struct {
			Dashboard struct {
				Medians map[string]float64 `json:"median_lead_time_hours_per_month"`
			} `json:"dashboard"`
		} `json:"result"`
	}
	readJSON(t, filepath.Join(k.dir, "expected.json"), &devlake)
	if len(want.Months) < 20 {
		t.Fatalf("%d months are too few to be the file we know", len(want.Months))
	}
	for name, month := range want.Months {
		from := name + "-01T00:00:00Z"
		to := stamp(moment(from).AddDate(0, 1, 0))
		m := k.measures("service:build-service", from, to)
		if f := m.DeploymentFrequency; f.Deployments != month.Deployments || f.Redeploys != 0 {
			t.Errorf("%s: %d deployments and %d redeploys, theirs are %d", name, f.Deployments, f.Redeploys, month.Deployments)
		}
		days := map[string]bool{}
		for _, d := range k.deployments(from, to) {
			days[strings.Split(d.FinishedAt, "T")[0]] = true
		}
		if len(days) != month.Days {
			t.Errorf("%s: deployments on %d days, theirs on %d", name, len(days), month.Days)
		}
		changes := k.changes(from, to)
		var leads, requests []float64
		for _, c := range changes {
			leads = append(leads, *c.LeadTime)
		}
		for _, v := range pulls(changes) {
			requests = append(requests, v)
		}
		slices.Sort(requests)
		if late := devlake.Result.Dashboard.Medians[strings.ReplaceAll(name[2:], "-", "/")]*3600 - nearest(requests, 0.5); late < 0 || late > devlakeRounds {
			t.Errorf("%s: DevLake's median is %.0f s above our lower median", name, late)
		}
		hold(t, name+" changes", m.LeadTime.durations, leads, month.Changes)
		hold(t, name+" pull requests", m.LeadTime.PullRequest, requests, month.Pulls)
	}
	// Once more over all of them: what DevLake gives for all deployed pull
	// requests is the same sample.
	all := k.measures("service:build-service", split+"-01T00:00:00Z", end)
	changes := k.changes(split+"-01T00:00:00Z", end)
	var leads, requests []float64
	for _, c := range changes {
		leads = append(leads, *c.LeadTime)
	}
	for _, v := range pulls(changes) {
		requests = append(requests, v)
	}
	hold(t, "all changes", all.LeadTime.durations, leads, want.All.Changes)
	hold(t, "all pull requests", all.LeadTime.PullRequest, requests, want.All.Pulls)
	t.Logf("%d months and the whole compared", len(want.Months))
}
