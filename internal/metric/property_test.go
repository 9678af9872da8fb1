package metric

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

const hourDuration = time.Hour

func asJSON(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func period(from, to, now string, t testing.TB, z *time.Location) Period {
	t.Helper()
	return Period{Window: plimsoll.Window{From: at(t, from, z), To: at(t, to, z)}, Now: at(t, now, z), Zone: z}
}

func TestOrderOfFactsChangesNothing(t *testing.T) {
	y := simulate(1, 800, 3000, 200, 7)
	p := period("2025-05-01", "2025-10-29 07:00", "2025-10-29 07:00", t, zone(t, "Europe/Berlin"))
	b := seedBands(t)
	want := asJSON(t, y.ask(p, b))
	wantSeries := asJSON(t, Series(LeadTime, y.series(), p, Week))
	rng := rand.New(rand.NewPCG(9, 9))
	for range 5 {
		rng.Shuffle(len(y.deployments), func(i, j int) { y.deployments[i], y.deployments[j] = y.deployments[j], y.deployments[i] })
		rng.Shuffle(len(y.changes), func(i, j int) { y.changes[i], y.changes[j] = y.changes[j], y.changes[i] })
		rng.Shuffle(len(y.pull), func(i, j int) { y.pull[i], y.pull[j] = y.pull[j], y.pull[i] })
		rng.Shuffle(len(y.restores), func(i, j int) { y.restores[i], y.restores[j] = y.restores[j], y.restores[i] })
		if got := asJSON(t, y.ask(p, b)); got != want {
			t.Fatalf("another order gives\n%s\nwant\n%s", got, want)
		}
		if got := asJSON(t, Series(LeadTime, y.series(), p, Week)); got != wantSeries {
			t.Fatal("another order gives another series")
		}
	}
}

// Whatever a window is cut into, its parts add up to it.
func TestWindowsAddUp(t *testing.T) {
	y := simulate(2, 900, 2500, 300, 5)
	whole := period("2025-02-01", "2025-12-01", "2025-11-20 11:11", t, time.UTC)
	sum := func(a answers) [14]int {
		return [14]int{a.Frequency.Deployments, a.Frequency.Successful, a.Frequency.Redeploys, a.Frequency.Canceled,
			a.Failure.Failed, a.Failure.Counted, a.Failure.Suspected, a.Failure.Young, a.Rework.N, a.Rollbacks.N,
			a.Lead.N, a.Lead.Negative, a.Lead.Unstamped + a.Lead.Oldest.N, a.Restore.N + a.Restore.Open}
	}
	want := sum(y.ask(whole, nil))
	rng := rand.New(rand.NewPCG(4, 4))
	for range 20 {
		var got [14]int
		days, at := 0.0, whole.From
		for at < whole.To {
			part := whole
			part.From = at
			part.To = min(whole.To, at+1+plimsoll.Time(rng.Int64N(int64(60*microsPerDay))))
			at = part.To
			a := y.ask(part, nil)
			for i, n := range sum(a) {
				got[i] += n
			}
			days += a.Frequency.Days
		}
		if got != want {
			t.Fatalf("the parts have %v, the whole %v", got, want)
		}
		near(t, "days", days, y.ask(whole, nil).Frequency.Days, 1e-9)
	}
}

// A point of a series is what the measure says of its bucket.
func TestSeriesAgreesWithMeasures(t *testing.T) {
	y := simulate(3, 700, 2000, 150, 1)
	y.record.Services = nil
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Havana"} {
		z := zone(t, name)
		p := period("2024-12-20", "2026-01-20 05:00", "2025-12-15 13:00", t, z)
		for _, unit := range []Unit{Day, Week, Month} {
			for _, m := range Measures {
				points := Series(m, y.series(), p, unit)
				if len(points) != len(Buckets(p.Window, z, unit)) {
					t.Fatalf("%s by %s: %d points", m, unit, len(points))
				}
				for _, pt := range points {
					if unit == Day && pt.From%(7*microsPerDay) > microsPerDay {
						continue
					}
					q := p
					q.From, q.To = pt.From, pt.To
					a := y.ask(q, nil)
					e, n, few := a.estimate(m)
					if asJSON(t, e) != asJSON(t, Estimate{pt.Value, pt.CI}) || n != pt.N || few != pt.TooFew {
						t.Fatalf("%s by %s from %s: %s, n %d, but the measure says %s, n %d", m, unit, pt.From,
							asJSON(t, pt), pt.N, asJSON(t, e), n)
					}
					if m == ChangeFailureRate && pt.Provisional != a.Failure.Provisional {
						t.Fatalf("%s from %s: provisional %v", m, pt.From, pt.Provisional)
					}
				}
			}
		}
	}
	if Series("odd", y.series(), period("2025-01-01", "2025-02-01", "2025-02-01", t, time.UTC), Day) != nil {
		t.Error("an unknown measure has points")
	}
}

func (a answers) estimate(m Measure) (e Estimate, n int, few bool) {
	switch m {
	case DeploymentFrequency:
		return a.Frequency.Estimate(), a.Frequency.Deployments, a.Frequency.TooFew
	case LeadTime:
		return a.Lead.Estimate(), a.Lead.N, a.Lead.TooFew
	case ChangeFailureRate:
		return a.Failure.Estimate(), a.Failure.Counted, a.Failure.TooFew
	case TimeToRestore:
		return a.Restore.Estimate(), a.Restore.N, a.Restore.TooFew
	case ReworkRate:
		return a.Rework.Estimate(), a.Rework.Counted, a.Rework.TooFew
	}
	return a.Rollbacks.Estimate(), a.Rollbacks.Counted, a.Rollbacks.TooFew
}

// Nothing observed is null everywhere but for the count of deployments a day, which is none, and the names are those of the interface.
func TestNothingObserved(t *testing.T) {
	p := period("2025-01-01", "2025-03-01", "2025-03-01", t, time.UTC)
	text := asJSON(t, year{}.ask(p, seedBands(t)))
	for _, want := range []string{`"per_day":0,`, `"active_days_per_week":null`, `"band":null`, `"p50":null`, `"mean":null`,
		`"ci":null`, `"km_p50":null`, `"ratio":null`, `"pull_request":{"n":0`, `"oldest":{"n":0`, `"by_severity":{}`,
		`"all_incidents":{"n":0`, `"by_evidence":{`, `"basis":"change"`, `"basis":"deployment"`, `"counted":0`, `"provisional":false`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	future := Period{Window: plimsoll.Window{From: p.To, To: p.To + 30*microsPerDay}, Now: p.From}
	y := simulate(5, 50, 50, 50, 2)
	for i := range y.deployments {
		y.deployments[i].EndedAt += microsPerDay
	}
	a := y.ask(future, seedBands(t))
	if a.Frequency.PerDay != nil || a.Lead.N+a.Lead.Open != 0 || a.Lead.KMP50 != nil || a.Restore.N+a.Restore.Open != 0 || a.Restore.KMP50 != nil {
		t.Errorf("the future has %s", asJSON(t, a))
	}
}
