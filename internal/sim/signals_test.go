package sim_test

import (
	"math"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/sim"
)

func TestAMinuteCanBeAskedForWithoutTheOthers(t *testing.T) {
	cfg := sim.Config{Seed: 9, Services: 5, End: start.Add(60 * day)}
	a, b := organisation(t, cfg), organisation(t, cfg)
	items(t, a, plimsoll.Forever)
	items(t, b, plimsoll.Forever)
	if _, ok := a.Signals("nobody"); ok {
		t.Error("a service that is not there has signals")
	}
	for _, s := range a.Services() {
		x, _ := a.Signals(s.Name)
		y, _ := b.Signals(s.Name)
		y.Minute(start.Add(20 * day)) // another one before
		for k := range 2000 {
			at := start.Add(time.Duration(k*37) * time.Minute)
			m := x.Minute(at.Add(13 * time.Second))
			if m != y.Minute(at) || m.At != at {
				t.Fatalf("%s at %s: %+v, then %+v", s.Name, at, m, y.Minute(at))
			}
			if m.Total < 0 || m.Bad < 0 || m.Slow < 0 || m.Bad+m.Slow > m.Total || m.P50 <= 0 || m.P99 < m.P50 || m.Saturation <= 0 || m.Saturation > 1 {
				t.Fatalf("%s: %+v", s.Name, m)
			}
		}
	}
}

func TestTrafficGoesByTheDayAndTheWeek(t *testing.T) {
	o := organisation(t, sim.Config{Seed: 2, Services: 8, FlawShare: -1, Outside: -1, Flags: -1})
	items(t, o, start.Add(29*day))
	for _, s := range o.Services() {
		g, _ := o.Signals(s.Name)
		var byHour [24]float64
		var work, rest float64
		for at := start; at < start.Add(28*day); at = at.Add(10 * time.Minute) {
			m := g.Minute(at)
			byHour[at.Std().Hour()] += float64(m.Total)
			if w := at.Std().Weekday(); w == time.Saturday || w == time.Sunday {
				rest += float64(m.Total) / 8
			} else {
				work += float64(m.Total) / 20
			}
		}
		low, high := math.Inf(1), 0.0
		for _, n := range byHour {
			low, high = min(low, n), max(high, n)
		}
		if high < 4*low || rest > 0.8*work || rest < 0.6*work {
			t.Errorf("%s: from %.0f to %.0f an hour of the day, %.0f on a day of work and %.0f on others", s.Name, low, high, work, rest)
		}
	}
}

// What broke shows in the signals from the harm to its end, and nowhere else.
func TestTroubleShowsInTheSignals(t *testing.T) {
	o, _, truth := year(t, sim.Config{Seed: 4, Services: 10, Deployments: 100, Outside: -1, Flags: -1})
	spans := map[string][]plimsoll.Window{}
	for _, f := range truth.Failures {
		to := f.HarmTo
		if to == 0 {
			to = end
		}
		spans[f.Service] = append(spans[f.Service], plimsoll.Window{From: f.HarmFrom, To: to})
	}
	seen, failures := 0, 0
	for _, s := range o.Services() {
		g, _ := o.Signals(s.Name)
		calm := ratio(g, start, end, func(at plimsoll.Time) bool {
			for _, w := range spans[s.Name] {
				if at >= w.From.Add(-time.Minute) && at < w.To {
					return false
				}
			}
			return true
		})
		if calm <= 0 || calm > 0.05 {
			t.Errorf("%s suffers in %.4f of the requests without any trouble", s.Name, calm)
		}
		for _, w := range spans[s.Name] {
			failures++
			if ratio(g, w.From.Add(time.Minute), w.To, nil) > 1.5*calm {
				seen++
			}
		}
	}
	// A small trouble of a service with few requests is lost in the noise.
	if failures < 50 || float64(seen) < 0.75*float64(failures) {
		t.Errorf("%d of %d troubles can be seen", seen, failures)
	}
}

// ratio is the share of requests that fail or are slow, looking at some of the
// minutes; in is nil for all.
func ratio(g sim.Signals, from, to plimsoll.Time, in func(plimsoll.Time) bool) float64 {
	step := max(time.Minute, (to.Sub(from) / 3000).Truncate(time.Minute))
	total, suffer := 1, 0
	for at := from; at < to; at = at.Add(step) {
		if in == nil || in(at) {
			m := g.Minute(at)
			total, suffer = total+m.Total, suffer+m.Bad+m.Slow
		}
	}
	return float64(suffer) / float64(total)
}
