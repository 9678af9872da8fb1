package sim_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/sim"
)

const day = 24 * time.Hour

func year(tb testing.TB, cfg sim.Config) (*sim.Org, []*sim.Item, *sim.Truth) {
	tb.Helper()
	o := organisation(tb, cfg)
	all := items(tb, o, end)
	return o, all, o.Truth()
}

func TestTheRatesAreThoseThatWereAskedFor(t *testing.T) {
	for _, cfg := range []sim.Config{
		{Seed: 1, Services: 20},
		{Seed: 2, Services: 40, Deployments: 60, Changes: 6},
		{Seed: 3, Services: 10, Deployments: 900, Changes: 5},
		{Seed: 4, Services: 20, Teams: 3, Deployments: 200, Changes: 2, FlawShare: 0.3, Named: 0.9, Outside: 6, Flags: 40},
	} {
		o, all, truth := year(t, cfg)
		cfg = o.Config()
		changes := map[string]bool{}
		for _, i := range all {
			if i.Change != nil && !i.Change.Merge() {
				changes[i.Change.Key()] = true
			}
		}
		releases, broke := 0.0, 0.0
		for _, d := range truth.Deployments {
			if d.Kind == plimsoll.KindChange || d.Kind == plimsoll.KindConfig {
				releases++
				if d.Broke {
					broke++
				}
			}
		}
		caused, named, outside := 0.0, 0.0, 0.0
		for _, i := range truth.Incidents {
			switch i.Cause {
			case sim.CauseDeployment:
				caused++
				if i.Named {
					named++
				}
			case sim.CauseNone:
				outside++
			}
		}
		flags := 0.0
		for _, f := range truth.Flags {
			if f.Fixes == "" {
				flags++
			}
		}
		n, services := float64(len(truth.Deployments)), float64(cfg.Services)
		near(t, "roll-outs of a service", n/services, cfg.Deployments, 0.15)
		near(t, "changes of a roll-out", float64(len(changes))/n, cfg.Changes, 0.2)
		near(t, "share that breaks", broke/releases, cfg.FlawShare, 0.25)
		// Four standard deviations of a share of so many.
		near(t, "share that names its cause", named/caused, cfg.Named, 4*math.Sqrt((1-cfg.Named)/(cfg.Named*caused)))
		near(t, "incidents from outside of a service", outside/services, cfg.Outside, 0.35)
		near(t, "flags of a service", flags/services, cfg.Flags, 0.15)
		if t.Failed() {
			t.Fatalf("%+v", cfg)
		}
	}
}

// near allows for a share of the wanted value.
func near(t *testing.T, what string, got, want, share float64) {
	t.Helper()
	if math.Abs(got-want) > share*want || math.IsNaN(got) {
		t.Errorf("%s: %.3f, asked for %.3f", what, got, want)
	}
}

func TestTheTruthAddsUp(t *testing.T) {
	for seed := range uint64(10) {
		o, all, truth := year(t, sim.Config{Seed: seed, Services: 8, Deployments: 90, Gaming: seed%2 == 0})
		known := map[string]bool{}
		for _, i := range all {
			if i.Change != nil {
				known[i.Change.SHA] = true
			}
		}
		delivered := map[string]bool{} // service and sha
		for _, d := range truth.Deployments {
			if truth.Deployment(d.ID) != d || d.Other != "" && truth.Deployment(d.Other) != d {
				t.Errorf("%s is not found by its ids", d.ID)
			}
			if d.FinishedAt < d.StartedAt || d.FinishedAt > end || d.StartedAt < start {
				t.Errorf("%s runs from %s to %s", d.ID, d.StartedAt, d.FinishedAt)
			}
			if len(d.Evidence) > 0 && !d.Broke {
				t.Errorf("%s broke nothing, and %v say so", d.ID, d.Evidence)
			}
			if stays := d.Result == plimsoll.ResultSuccess || d.Result == plimsoll.ResultRolledBack; len(d.Changes) > 0 && !stays {
				t.Errorf("%s (%s) brought %d changes", d.ID, d.Result, len(d.Changes))
			}
			if d.Result == plimsoll.ResultRolledBack && d.RolledBackAt.Sub(d.FinishedAt) <= day && len(d.Changes) > 0 {
				t.Errorf("%s was taken back soon, and brought %d changes", d.ID, len(d.Changes))
			}
			if len(d.Changes) > d.Contains {
				t.Errorf("%s brought %d changes and contains %d", d.ID, len(d.Changes), d.Contains)
			}
			for _, c := range d.Changes {
				if key := d.Service + " " + c.SHA; delivered[key] || !known[c.SHA] || c.StartAt > d.FinishedAt {
					t.Errorf("%s brought %s of %s: twice %v, known %v", d.ID, c.SHA, c.StartAt, delivered[key], known[c.SHA])
				} else {
					delivered[key] = true
				}
			}
		}
		for _, s := range o.Services() {
			for _, c := range o.Waiting(s.Name) {
				if delivered[s.Name+" "+c.SHA] || !known[c.SHA] {
					t.Errorf("%s of %s waits: delivered %v, known %v", c.SHA, s.Name, delivered[s.Name+" "+c.SHA], known[c.SHA])
				}
			}
		}
		broken := map[string]bool{}
		for _, f := range truth.Failures {
			if f.RestoredAt.Known() && f.RestoredAt < f.FailedAt || f.HarmTo.Known() && f.HarmTo < f.HarmFrom || len(f.Deployments) == 0 {
				t.Errorf("%s failed from %s to %s by %v", f.Service, f.FailedAt, f.RestoredAt, f.Deployments)
			}
			for _, id := range f.Deployments {
				if d := truth.Deployment(id); d == nil || !d.Broke || d.Service != f.Service || broken[id] {
					t.Errorf("%s is in a failure of %s: %+v", id, f.Service, d)
				}
				broken[id] = true
			}
		}
		for _, i := range truth.Incidents {
			if (i.Cause == sim.CauseDeployment) != (truth.Deployment(i.CauseID) != nil) || i.Named && i.Cause != sim.CauseDeployment {
				t.Errorf("%+v", i)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func TestTheServicesNeedEachOtherWithoutACircle(t *testing.T) {
	o := organisation(t, sim.Config{Seed: 5, Services: 200})
	seen := map[string]bool{}
	repositories := map[string]int{}
	edges := 0
	for _, s := range o.Services() {
		for _, n := range s.DependsOn {
			edges++
			if !seen[n] {
				t.Errorf("%s needs %s, which comes later", s.Name, n)
			}
		}
		if seen[s.Name] {
			t.Errorf("%s twice", s.Name)
		}
		seen[s.Name] = true
		repositories[s.Repository]++
		if many := len(s.Paths) > 0; many != strings.HasPrefix(strings.Join(s.Paths, ""), "services/") {
			t.Errorf("%s has the paths %v", s.Name, s.Paths)
		}
	}
	if len(seen) != 200 || edges < 100 || len(repositories) < 50 || len(repositories) > 180 {
		t.Errorf("%d services, %d needs, %d repositories", len(seen), edges, len(repositories))
	}
}

// What the teams are like can be found in what they do.
func TestTeamsAreAsTheirCharacterSays(t *testing.T) {
	o, all, truth := year(t, sim.Config{Seed: 6, Services: 20, Deployments: 300, Gaming: true})
	team := map[string]string{}
	repository := map[string]string{}
	for _, s := range o.Services() {
		team[s.Name], repository[s.Repository] = s.Team, s.Team
	}
	half := start.Add(182 * day)
	type sample struct{ broke, of float64 }
	early, late := map[string]*sample{}, map[string]*sample{}
	summer, count := map[string]float64{}, map[string]float64{}
	leads := map[string][]float64{}
	for _, d := range truth.Deployments {
		if d.Kind == plimsoll.KindChange {
			by := early
			if d.FinishedAt > half {
				by = late
			}
			s := by[team[d.Service]]
			if s == nil {
				s = &sample{}
				by[team[d.Service]] = s
			}
			s.of++
			if d.Broke {
				s.broke++
			}
			count[team[d.Service]]++
			if m := d.FinishedAt.Std().Month(); m == time.July || m == time.August {
				summer[team[d.Service]]++
			}
		}
		for _, c := range d.Changes {
			leads[team[d.Service]] = append(leads[team[d.Service]], d.FinishedAt.Seconds(c.StartAt))
		}
	}
	median := func(team string) float64 { slices.Sort(leads[team]); return leads[team][len(leads[team])/2] }
	rate := func(m map[string]*sample, team string) float64 { return m[team].broke / m[team].of }
	if fast, slow := median("storefront"), median("payments"); fast*3 > slow {
		t.Errorf("the fast team takes %.0f s, the slow one %.0f", fast, slow)
	}
	if a, b := rate(early, "search"), rate(late, "search"); b > 0.8*a {
		t.Errorf("the team that gets better fails in %.3f, then in %.3f", a, b)
	}
	if a, b := rate(early, "platform"), rate(late, "platform"); b < 1.2*a {
		t.Errorf("the team that skims its reviews fails in %.3f, then in %.3f", a, b)
	}
	if s := summer["logistics"] / count["logistics"]; s > 0.12 {
		t.Errorf("the team with a quiet summer does %.2f of its work then", s)
	}
	if s := summer["storefront"] / count["storefront"]; s < 0.13 {
		t.Errorf("a team without one does %.2f of its work then", s)
	}
	reviews := map[bool][]float64{}
	for _, i := range all {
		if p := i.PullRequest; p != nil && p.MergedAt.Known() && repository[p.Repository] == "platform" && !strings.HasPrefix(p.Branch, "dependabot") {
			reviews[p.MergedAt > start.Add(300*day)] = append(reviews[p.MergedAt > start.Add(300*day)], p.MergedAt.Seconds(p.OpenedAt))
		}
	}
	for _, r := range reviews {
		slices.Sort(r)
	}
	if a, b := reviews[false][len(reviews[false])/2], reviews[true][len(reviews[true])/2]; b > a/3 {
		t.Errorf("reviews take %.0f s, and in the end %.0f", a, b)
	}
	for _, f := range o.Freezes() {
		for _, d := range truth.Deployments {
			if d.Kind == plimsoll.KindChange && d.StartedAt >= f.From.Add(12*time.Hour) && d.StartedAt < f.To {
				if prev := strings.HasPrefix(d.Environment, "production-us"); !prev && !restores(truth, d) {
					t.Errorf("%s went out in the freeze, at %s", d.ID, d.StartedAt)
				}
			}
		}
	}
}

// restores reports whether d is the end of some failure, or the retry in one.
func restores(truth *sim.Truth, d *sim.DeploymentTruth) bool {
	for _, f := range truth.Failures {
		if f.Service == d.Service && f.HarmFrom < d.StartedAt && (f.HarmTo == 0 || d.StartedAt <= f.HarmTo) {
			return true
		}
	}
	return d.Broke
}
