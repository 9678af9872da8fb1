package metric

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// office is half a year of an organisation that hides nothing: four services, deployments and pull
// requests in working hours, failures, repairs and incidents as they come.
func office(t testing.TB, seed uint64) SignFacts {
	rng := rand.New(rand.NewPCG(seed, 1))
	f := SignFacts{
		Earlier: plimsoll.Window{From: at(t, "2025-01-01", time.UTC), To: at(t, "2025-04-01", time.UTC)},
		Later:   plimsoll.Window{From: at(t, "2025-04-01", time.UTC), To: at(t, "2025-07-01", time.UTC)},
	}
	number := 0
	for day := f.Earlier.From; day < f.Later.To; day = day.Add(24 * time.Hour) {
		if wd := dateOf(day, time.UTC).Weekday(); wd == time.Saturday || wd == time.Sunday {
			continue
		}
		for service := range 4 {
			for range rng.IntN(3) {
				number++
				end := day.Add(time.Duration(9*60+rng.IntN(8*60)) * time.Minute)
				changes := 1 + rng.IntN(4)
				d := SignDeployment{
					ID: fmt.Sprint("d", number), Service: fmt.Sprint("s", service), Repository: "r", Build: fmt.Sprint("b", number),
					Previous: fmt.Sprint("b", number-1), Kind: plimsoll.KindChange, Counted: true, Judged: true,
					Changes: &changes, StartedAt: end.Add(-5 * time.Minute), EndedAt: end,
				}
				if rng.IntN(20) == 0 {
					changes, d.Kind = 0, plimsoll.KindConfig
				}
				if rng.IntN(12) == 0 {
					d.Failed, d.TakenBack = true, rng.IntN(2) == 0
					d.Repaired = end.Add(time.Duration(rng.IntN(40*60)) * time.Minute)
					f.Incidents = append(f.Incidents, SignIncident{
						ID: fmt.Sprint("i", number), StartedAt: end, ResolvedAt: end.Add(time.Hour), RecoveredAt: end.Add(50 * time.Minute),
					})
				}
				f.Deployments = append(f.Deployments, d)
				opened := end.Add(-time.Duration(1+rng.IntN(72)) * time.Hour)
				f.Changes = append(f.Changes, SignChange{
					ID: fmt.Sprint("c", number), OpenedAt: opened, OldestAt: opened.Add(-time.Hour),
					MergedAt: end.Add(-30 * time.Minute), DeliveredAt: end,
				})
			}
		}
	}
	for i := range 12 {
		f.Exceptions = append(f.Exceptions, SignException{fmt.Sprint("x", i), f.Earlier.From.Add(time.Duration(rng.IntN(180*24)) * time.Hour)})
	}
	return f
}

var allSigns = []string{
	"empty_deployments", "split_deployments", "reopened_incidents", "early_resolutions", "relabelled_config", "hurried_reviews",
	"month_end_bursts", "late_hotfixes", "rewritten_commits", "unrecorded_failures", "freeze_exceptions",
}

// Where nothing is hidden the signs keep silent, or nearly: chance may raise one in a review of twenty.
func TestSigns_silent(t *testing.T) {
	raised, reviews := 0, 200
	for seed := range reviews {
		signs := GamingSigns(office(t, uint64(seed)))
		for i, s := range signs {
			if s.Sign != allSigns[i] {
				t.Fatalf("sign %d is %s", i, s.Sign)
			}
			if s.State == SignRaised {
				raised++
				t.Logf("seed %d: %s", seed, asJSON(t, s))
			} else if s.Question != "" || s.Facts != nil || s.Strength != "" {
				t.Fatalf("a silent sign speaks: %s", asJSON(t, s))
			}
			if s.State == SignNoData && s.Sign != "late_hotfixes" { // few repairs take a day
				t.Errorf("seed %d: %s has no data", seed, s.Sign)
			}
		}
	}
	t.Logf("%d signs in %d reviews", raised, reviews)
	if raised > reviews/20 {
		t.Errorf("%d signs in %d reviews of an honest office", raised, reviews)
	}
}

// tamper changes what happened in the later window, and says which facts should be found.
type tamper func(f *SignFacts) (want []string)

// later calls do for each nth deployment of the later window.
func later(f *SignFacts, nth int, do func(d *SignDeployment)) (ids []string) {
	k := 0
	for i := range f.Deployments {
		if d := &f.Deployments[i]; f.Later.Contains(d.EndedAt) {
			if k++; k%nth == 0 {
				do(d)
				ids = append(ids, d.ID)
			}
		}
	}
	return ids
}

var tampers = map[string]tamper{
	"empty_deployments": func(f *SignFacts) []string {
		return later(f, 3, func(d *SignDeployment) { d.Build = d.Previous })
	},
	"split_deployments": func(f *SignFacts) (want []string) {
		for _, d := range slices.Clone(f.Deployments) {
			if f.Later.Contains(d.EndedAt) && strings.HasSuffix(d.ID, "7") {
				want = append(want, d.ID)
				for k := range 2 {
					e := d
					e.ID, e.EndedAt = fmt.Sprint(d.ID, "-", k), d.EndedAt.Add(time.Duration(k+1)*3*time.Minute)
					e.Failed, e.TakenBack, e.Repaired = false, false, 0
					f.Deployments = append(f.Deployments, e)
					want = append(want, e.ID)
				}
			}
		}
		return want
	},
	"reopened_incidents": func(f *SignFacts) (want []string) {
		for i := range f.Incidents {
			if x := &f.Incidents[i]; f.Later.Contains(x.StartedAt) && i%3 == 0 {
				x.ReopenedAt = x.ResolvedAt.Add(10 * time.Minute)
				want = append(want, x.ID)
			}
		}
		return want
	},
	"early_resolutions": func(f *SignFacts) (want []string) {
		for i := range f.Incidents {
			if x := &f.Incidents[i]; f.Later.Contains(x.StartedAt) && i%2 == 0 {
				x.ResolvedAt = x.RecoveredAt.Add(-20 * time.Minute)
				want = append(want, x.ID)
			}
		}
		return want
	},
	"relabelled_config": func(f *SignFacts) []string {
		return later(f, 10, func(d *SignDeployment) {
			two := 2
			d.Kind, d.Stated, d.Changes = plimsoll.KindConfig, true, &two
		})
	},
	"hurried_reviews": func(f *SignFacts) (want []string) {
		for i := range f.Changes {
			if c := &f.Changes[i]; f.Later.Contains(c.MergedAt) && i%2 == 0 {
				c.OpenedAt = c.MergedAt.Add(-time.Minute)
				c.OldestAt = c.OpenedAt.Add(-time.Minute)
				want = append(want, c.ID)
			}
		}
		later(f, 4, func(d *SignDeployment) { d.Failed = true })
		return want
	},
	"month_end_bursts": func(f *SignFacts) (want []string) {
		for _, last := range []string{"2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30", "2025-05-30", "2025-06-30"} {
			day, _ := time.Parse(time.DateOnly, last)
			for k := range 12 {
				d := f.Deployments[0]
				end := day.Add(time.Duration(9*60+k*37) * time.Minute)
				d.ID, d.Service, d.EndedAt = fmt.Sprint(last, "-", k), fmt.Sprint("late", k), plimsoll.Time(end.UnixMicro())
				d.Failed, d.TakenBack, d.Repaired = false, false, 0
				f.Deployments = append(f.Deployments, d)
				want = append(want, d.ID)
			}
		}
		return want
	},
	"late_hotfixes": func(f *SignFacts) []string {
		return later(f, 9, func(d *SignDeployment) { d.Repaired = d.EndedAt.Add(24*time.Hour + 10*time.Minute) })
	},
	"rewritten_commits": func(f *SignFacts) (want []string) {
		for i := range f.Changes {
			if c := &f.Changes[i]; f.Later.Contains(c.DeliveredAt) && i%4 == 0 {
				c.OldestAt = c.OpenedAt.Add(30 * time.Minute)
				want = append(want, c.ID)
			}
		}
		return want
	},
	"unrecorded_failures": func(f *SignFacts) (want []string) {
		for i := range f.Deployments {
			if d := &f.Deployments[i]; f.Later.Contains(d.EndedAt) && d.Failed {
				d.Failed, d.Harmful = false, true
				want = append(want, d.ID)
			}
		}
		return want
	},
	"freeze_exceptions": func(f *SignFacts) (want []string) {
		for i := range 30 {
			x := SignException{fmt.Sprint("y", i), f.Later.From.Add(time.Duration(i) * 48 * time.Hour)}
			f.Exceptions = append(f.Exceptions, x)
			want = append(want, x.ID)
		}
		return want
	},
}

// Each sign is raised by what it is about, and names the facts.
func TestSigns_raised(t *testing.T) {
	if len(tampers) != len(allSigns) {
		t.Fatalf("%d made cases for %d signs", len(tampers), len(allSigns))
	}
	for name, change := range tampers {
		f := office(t, 77)
		for _, s := range GamingSigns(f) {
			if s.State != SignSilent {
				t.Fatalf("the office of this test is not clean: %s", asJSON(t, s))
			}
		}
		want := change(&f)
		for _, s := range GamingSigns(f) {
			if s.Sign != name {
				// One trick may show in another sign too, but then not out of nothing.
				continue
			}
			if s.State != SignRaised || !strings.HasSuffix(s.Question, "?") || s.Strength == "" || s.Found == 0 || s.Found > s.N {
				t.Errorf("%s: %s", name, asJSON(t, s))
			}
			missed := 0
			for _, id := range want {
				if !slices.Contains(s.Facts, id) {
					missed++
				}
			}
			if len(s.Facts) < MostSignFacts && missed > 0 {
				t.Errorf("%s: %d of %d facts are not named", name, missed, len(want))
			}
			if len(s.Facts) > MostSignFacts || !slices.IsSorted(s.Facts) {
				t.Errorf("%s: facts %v", name, s.Facts)
			}
			if s.Observed <= s.Expected {
				t.Errorf("%s: observed %v, expected %v", name, s.Observed, s.Expected)
			}
		}
	}
}

// What has a good reason raises nothing.
func TestSigns_innocent(t *testing.T) {
	for name, c := range map[string]struct {
		sign   string
		change tamper
	}{
		"the past was the same": {"empty_deployments", func(f *SignFacts) []string {
			for i := range f.Deployments {
				if i%3 == 0 {
					f.Deployments[i].Build = f.Deployments[i].Previous
				}
			}
			return nil
		}},
		"a repair within minutes": {"split_deployments", func(f *SignFacts) []string {
			tampers["split_deployments"](f)
			for i := range f.Deployments {
				f.Deployments[i].Repairs = f.Deployments[i].Repairs || strings.Contains(f.Deployments[i].ID, "-")
			}
			return nil
		}},
		"services released together": {"split_deployments", func(f *SignFacts) []string {
			tampers["split_deployments"](f)
			for i := range f.Deployments {
				f.Deployments[i].Service += f.Deployments[i].ID
			}
			return nil
		}},
		"reopened weeks later": {"reopened_incidents", func(f *SignFacts) []string {
			for i := range f.Incidents {
				f.Incidents[i].ReopenedAt = f.Incidents[i].ResolvedAt.Add(14 * 24 * time.Hour)
			}
			return nil
		}},
		"config by what it brings": {"relabelled_config", func(f *SignFacts) []string {
			return later(f, 10, func(d *SignDeployment) {
				none := 0
				d.Kind, d.Stated, d.Changes = plimsoll.KindConfig, true, &none
			})
		}},
		"quick reviews that do no harm": {"hurried_reviews", func(f *SignFacts) []string {
			for i := range f.Changes {
				if f.Later.Contains(f.Changes[i].MergedAt) {
					f.Changes[i].OpenedAt = f.Changes[i].MergedAt.Add(-time.Minute)
				}
			}
			return nil
		}},
		"rebased": {"rewritten_commits", func(f *SignFacts) []string {
			for i := range f.Changes {
				f.Changes[i].OldestAt = f.Changes[i].OpenedAt.Add(-72 * time.Hour)
			}
			return nil
		}},
		"one exercise": {"unrecorded_failures", func(f *SignFacts) []string {
			return later(f, 100, func(d *SignDeployment) { d.TakenBack, d.Failed = true, false })
		}},
		"busy middle of the month": {"month_end_bursts", func(f *SignFacts) []string {
			tampers["month_end_bursts"](f)
			for i := range f.Deployments {
				if d := &f.Deployments[i]; strings.HasPrefix(d.Service, "late") {
					d.EndedAt = d.EndedAt.Add(-14 * 24 * time.Hour)
				}
			}
			return nil
		}},
	} {
		f := office(t, 77)
		c.change(&f)
		for _, s := range GamingSigns(f) {
			if s.Sign == c.sign && s.State != SignSilent {
				t.Errorf("%s: %s", name, asJSON(t, s))
			}
		}
	}
}

func TestSigns_nothing(t *testing.T) {
	for _, s := range GamingSigns(SignFacts{}) {
		if s.State != SignNoData || s.Question != "" {
			t.Errorf("out of nothing: %s", asJSON(t, s))
		}
	}
}

func TestSigns_order(t *testing.T) {
	f := office(t, 5)
	for _, name := range []string{"split_deployments", "empty_deployments", "month_end_bursts", "rewritten_commits"} {
		tampers[name](&f)
	}
	want := asJSON(t, GamingSigns(f))
	rng := rand.New(rand.NewPCG(8, 8))
	for range 5 {
		rng.Shuffle(len(f.Deployments), func(i, j int) { f.Deployments[i], f.Deployments[j] = f.Deployments[j], f.Deployments[i] })
		rng.Shuffle(len(f.Incidents), func(i, j int) { f.Incidents[i], f.Incidents[j] = f.Incidents[j], f.Incidents[i] })
		rng.Shuffle(len(f.Changes), func(i, j int) { f.Changes[i], f.Changes[j] = f.Changes[j], f.Changes[i] })
		if got := asJSON(t, GamingSigns(f)); got != want {
			t.Fatalf("another order gives\n%s\nwant\n%s", got, want)
		}
	}
}
