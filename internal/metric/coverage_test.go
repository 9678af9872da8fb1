package metric

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// A 95 % interval must hold the truth 95 times in a hundred. Wilson's does on average over ratios and
// sizes; the one of the median never promises more than it keeps; Garwood's is conservative.
func TestCoverage(t *testing.T) {
	rng := rand.New(rand.NewPCG(20, 26))

	const rounds = 2000
	total, cells := 0.0, 0
	for _, p := range []float64{0.03, 0.05, 0.1, 0.15, 0.3, 0.5} {
		for _, n := range []int{10, 30, 70, 200} {
			hit := 0
			for range rounds {
				k := 0
				for range n {
					if rng.Float64() < p {
						k++
					}
				}
				if ci := Wilson(k, n); ci[0] <= p && p <= ci[1] {
					hit++
				}
			}
			if c := float64(hit) / rounds; c < 0.90 {
				t.Errorf("Wilson holds %v of %d in %.3f of the rounds", p, n, c)
			}
			total += float64(hit) / rounds
			cells++
		}
	}
	if mean := total / float64(cells); mean < 0.94 || mean > 0.97 {
		t.Errorf("Wilson covers %.4f on average", mean)
	} else {
		t.Logf("Wilson covers %.4f on average", mean)
	}

	for _, n := range []int{6, 10, 15, 40, 101} {
		hit := 0
		for range rounds {
			xs := make([]float64, n)
			for i := range xs {
				xs[i] = math.Exp(2 * rng.NormFloat64()) // its median is 1
			}
			slices.Sort(xs)
			if ci := QuantileInterval(xs, 0.5); ci[0] <= 1 && 1 <= ci[1] {
				hit++
			}
		}
		c := float64(hit) / rounds
		t.Logf("the interval of a median of %d covers %.4f", n, c)
		if c < 0.93 {
			t.Errorf("the interval of a median of %d covers %.4f", n, c)
		}
	}

	for _, mean := range []float64{0.5, 3, 12, 60} {
		covered, p := 0.0, math.Exp(-mean)
		for k := range 200 {
			if ci := Poisson(k); ci[0] <= mean && mean <= ci[1] {
				covered += p
			}
			p *= mean / float64(k+1)
		}
		if covered < 0.95 {
			t.Errorf("the interval of a mean of %v covers %.4f", mean, covered)
		}
	}
}

// Two periods that do not differ must rarely look as if they did.
func TestDifferenceFalseAlarms(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const rounds = 1500
	median := func() Estimate {
		xs := make([]int64, 40)
		for i := range xs {
			xs[i] = int64(1e9 * math.Exp(rng.NormFloat64()))
		}
		return Sample{Spans: SortSpans(xs)}.Durations(LeadTime, nil).Estimate()
	}
	ratio := func() Estimate {
		k := 0
		for range 80 {
			if rng.Float64() < 0.1 {
				k++
			}
		}
		v, ci, _ := portion(k, 80)
		return Estimate{v, ci}
	}
	perDay := func() Estimate {
		n := 0
		for at := rng.ExpFloat64(); at < 25; at += rng.ExpFloat64() {
			n++
		}
		v, ci := rate(n, 30)
		return Estimate{v, ci}
	}
	for name, draw := range map[string]func() Estimate{"median": median, "ratio": ratio, "rate": perDay} {
		alarms := 0
		for range rounds {
			if Difference(draw(), draw()).Distinguishable {
				alarms++
			}
		}
		share := float64(alarms) / rounds
		t.Logf("%s: %.4f false alarms", name, share)
		if share > 0.065 {
			t.Errorf("%s: %.4f false alarms", name, share)
		}
	}
}
