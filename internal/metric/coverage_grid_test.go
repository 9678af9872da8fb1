package metric

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// A cell of the grid: one method where it is used, in one situation. Once draws a sample and says whether
// the interval made of it holds the truth, and false where the sample has no interval.
type coverageCell struct {
	method, name string
	once         func(*rand.Rand) (holds, ok bool)
}

// A law is a distribution of durations whose quantiles are known.
type law struct {
	name     string
	draw     func(*rand.Rand) float64
	quantile func(p float64) float64
	mean     float64
}

func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// The laws of the grid: from the mildest that a pipeline shows to the wildest.
var laws = []law{
	{"exponential", (*rand.Rand).ExpFloat64, func(p float64) float64 { return -math.Log1p(-p) }, 1},
	{"log-normal, σ = 1", func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()) },
		func(p float64) float64 { return math.Exp(normalQuantile(p)) }, math.Exp(0.5)},
	{"log-normal, σ = 2", func(r *rand.Rand) float64 { return math.Exp(2 * r.NormFloat64()) },
		func(p float64) float64 { return math.Exp(2 * normalQuantile(p)) }, math.Exp(2)},
	{"Weibull, shape 1/2", func(r *rand.Rand) float64 { x := r.ExpFloat64(); return x * x },
		func(p float64) float64 { return math.Log1p(-p) * math.Log1p(-p) }, 2},
	{"within the day or after the weekend", func(r *rand.Rand) float64 { return r.Float64() + 3*math.Floor(r.Float64()*4/3) },
		func(p float64) float64 {
			if p <= 0.75 {
				return p / 0.75
			}
			return 3 + (p-0.75)/0.25
		}, 1.25},
}

func (l law) sample(r *rand.Rand, n int) []float64 {
	xs := make([]float64, n)
	for i := range xs {
		xs[i] = l.draw(r)
	}
	slices.Sort(xs)
	return xs
}

func binomial(r *rand.Rand, n int, p float64) (k int) {
	for range n {
		if r.Float64() < p {
			k++
		}
	}
	return k
}

func drawPoisson(r *rand.Rand, mean float64) (k int) {
	for at := r.ExpFloat64(); at < mean; at += r.ExpFloat64() {
		k++
	}
	return k
}

func within(ci *Interval, truth float64) (holds, ok bool) {
	if ci == nil {
		return false, false
	}
	return ci[0] <= truth && truth <= ci[1], true
}

// grid is what docs/statistics.md publishes.
func grid() (cells []coverageCell) {
	add := func(method, name string, once func(*rand.Rand) (bool, bool)) {
		cells = append(cells, coverageCell{method, name, once})
	}
	ratioOf := func(k, n int) Estimate {
		v, ci, _ := portion(k, n)
		return Estimate{v, ci}
	}
	for _, p := range []float64{0.02, 0.05, 0.085, 0.15, 0.3, 0.5} {
		for _, n := range []int{10, 20, 30, 70, 200, 800} {
			add("ratio (Wilson)", fmt.Sprintf("%v of %d", p, n), func(r *rand.Rand) (bool, bool) {
				return within(Wilson(binomial(r, n, p), n), p)
			})
		}
	}
	for _, p := range [][2]float64{{0.05, 0.05}, {0.15, 0.15}, {0.085, 0.05}, {0.15, 0.05}, {0.5, 0.3}} {
		for _, n := range [][2]int{{10, 10}, {30, 30}, {70, 20}, {200, 200}, {800, 800}} {
			add("difference of ratios (Newcombe)", fmt.Sprintf("%v of %d and %v of %d", p[0], n[0], p[1], n[1]), func(r *rand.Rand) (bool, bool) {
				d := Difference(ratioOf(binomial(r, n[0], p[0]), n[0]), ratioOf(binomial(r, n[1], p[1]), n[1]))
				return within(d.CI, p[1]-p[0])
			})
		}
	}
	for _, mean := range []float64{1, 2, 5, 10, 20, 50, 100, 300} {
		add("count (Garwood)", fmt.Sprintf("%v expected", mean), func(r *rand.Rand) (bool, bool) {
			ci := Poisson(drawPoisson(r, mean))
			return within(&ci, mean)
		})
	}
	for _, m := range [][2]float64{{3, 3}, {10, 10}, {10, 30}, {60, 40}, {200, 200}} {
		add("difference of rates", fmt.Sprintf("%v and %v expected", m[0], m[1]), func(r *rand.Rand) (bool, bool) {
			a, ciA := rate(drawPoisson(r, m[0]), 30)
			b, ciB := rate(drawPoisson(r, m[1]), 30)
			return within(Difference(Estimate{a, ciA}, Estimate{b, ciB}).CI, (m[1]-m[0])/30)
		})
	}
	for _, l := range laws {
		for _, n := range []int{6, 10, 20, 40, 100, 400} {
			add("median", fmt.Sprintf("%d, %s", n, l.name), func(r *rand.Rand) (bool, bool) {
				return within(QuantileInterval(l.sample(r, n), 0.5), l.quantile(0.5))
			})
		}
		for _, n := range []int{36, 60, 100, 400} {
			add("90th percentile", fmt.Sprintf("%d, %s", n, l.name), func(r *rand.Rand) (bool, bool) {
				return within(QuantileInterval(l.sample(r, n), 0.9), l.quantile(0.9))
			})
		}
		for _, n := range []int{MinMean, 40, 100, 400} {
			add("mean (Hall)", fmt.Sprintf("%d, %s", n, l.name), func(r *rand.Rand) (bool, bool) {
				return within(MeanInterval(l.sample(r, n)), l.mean)
			})
		}
		for _, n := range []int{10, 40, 200} {
			add("difference of medians", fmt.Sprintf("%d and %d, %s", n, n, l.name), func(r *rand.Rand) (bool, bool) {
				est := func(xs []float64) Estimate { return Estimate{Quantile(xs, 0.5), QuantileInterval(xs, 0.5)} }
				return within(Difference(est(l.sample(r, n)), est(l.sample(r, n))).CI, 0)
			})
		}
	}
	for _, l := range laws[:3] {
		for _, n := range []int{20, 50, 200} {
			for _, open := range []float64{0, 0.2, 0.4} {
				for _, late := range []bool{false, true} {
					name := fmt.Sprintf("%d, %s, %v %% open", n, l.name, 100*open)
					if late {
						name += ", half of them in view late"
					}
					add("median with open items (Kaplan–Meier)", name, func(r *rand.Rand) (bool, bool) {
						return within(l.observed(r, n, open, late))
					})
				}
			}
		}
	}
	for _, n := range []int{8, 13, 26, 52} {
		for name, noise := range map[string]func(*rand.Rand) float64{
			"normal": (*rand.Rand).NormFloat64, "log-normal": func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()) },
			"counts": func(r *rand.Rand) float64 { return float64(drawPoisson(r, 5)) },
		} {
			add("slope (Theil–Sen)", fmt.Sprintf("%d weeks, %s", n, name), func(r *rand.Rand) (bool, bool) {
				values := make([]float64, n)
				for i := range values {
					values[i] = 0.1*float64(i) + noise(r)
				}
				return within(TrendOf(LeadTime, weekly(values...), nil).CI, 0.1)
			})
		}
	}
	slices.SortStableFunc(cells, func(a, b coverageCell) int {
		return cmp.Or(strings.Compare(a.method, b.method), strings.Compare(a.name, b.name))
	})
	return cells
}

// observed is the Kaplan–Meier interval of n lifetimes, about a share of which is still open when the
// observation stops. With late, every other item is seen from an age on, if it is not over by then.
func (l law) observed(r *rand.Rand, n int, open float64, late bool) (*Interval, float64) {
	truth := l.quantile(0.5)
	items := make([]Lifetime, 0, n)
	for len(items) < n {
		life, enter := l.draw(r), 0.0
		if late && len(items)%2 == 1 {
			if enter = truth * r.Float64(); life <= enter {
				continue
			}
		}
		// Another lifetime, which has nothing to do with this one, is shorter than it half of the time.
		leave, ended := life, true
		if stop := enter + l.draw(r); r.Float64() < 2*open && stop < life {
			leave, ended = stop, false
		}
		items = append(items, Lifetime{int64(enter * 1e9), int64(leave * 1e9), ended})
	}
	s := KaplanMeier(items, 0.5)
	switch {
	case s.Low == nil:
		return nil, 0
	case s.High == nil:
		return &Interval{*s.Low, math.Inf(1)}, truth * 1e3
	}
	return &Interval{*s.Low, *s.High}, truth * 1e3
}

// coverageBounds are what each method has to keep: the mean over its cells, and the worst of them. They
// hold for the grid of docs/statistics.md; the numbers there are from PLIMSOLL_COVERAGE=full.
var coverageBounds = map[string]struct{ low, high, worst float64 }{
	"90th percentile":                       {0.93, 0.98, 0.93},
	"count (Garwood)":                       {0.95, 0.98, 0.95},
	"difference of medians":                 {0.93, 0.99, 0.93},
	"difference of rates":                   {0.93, 0.98, 0.93},
	"difference of ratios (Newcombe)":       {0.93, 0.98, 0.92},
	"mean (Hall)":                           {0.90, 0.97, 0.80},
	"median":                                {0.93, 0.98, 0.94},
	"median with open items (Kaplan–Meier)": {0.93, 0.97, 0.88},
	"ratio (Wilson)":                        {0.93, 0.97, 0.90},
	"slope (Theil–Sen)":                     {0.93, 0.98, 0.93},
}

// TestCoverageGrid draws a hundred and twenty samples for each cell; with PLIMSOLL_COVERAGE=full it draws ten
// thousand and prints the table of docs/statistics.md.
func TestCoverageGrid(t *testing.T) {
	rounds, slack := 120, 4*math.Sqrt(0.95*0.05/120)
	full := os.Getenv("PLIMSOLL_COVERAGE") == "full"
	if full {
		rounds, slack = 10_000, 0.005
	}
	type sum struct {
		total, worst float64
		cells        int
		where        string
	}
	sums := map[string]*sum{}
	for i, c := range grid() {
		rng := rand.New(rand.NewPCG(2026, uint64(i)))
		hits, drawn := 0, 0
		for range rounds {
			if holds, ok := c.once(rng); ok {
				drawn++
				if holds {
					hits++
				}
			}
		}
		if drawn < rounds*9/10 {
			t.Errorf("%s, %s: %d of %d samples have an interval", c.method, c.name, drawn, rounds)
			continue
		}
		share := float64(hits) / float64(drawn)
		s := sums[c.method]
		if s == nil {
			s = &sum{worst: 2}
			sums[c.method] = s
		}
		s.total += share
		s.cells++
		if share < s.worst {
			s.worst, s.where = share, c.name
		}
	}
	total, cells := 0.0, 0
	table := "| method | cells | on average | worst | where |\n|---|---|---|---|---|\n"
	for method, b := range coverageBounds {
		s := sums[method]
		if s == nil {
			t.Errorf("%s is not in the grid", method)
			continue
		}
		mean := s.total / float64(s.cells)
		// The mean of many cells errs less than one of them.
		if mean < b.low-slack/3 || mean > b.high+slack/3 || s.worst < b.worst-slack {
			t.Errorf("%s: covers %.4f on average and %.4f for %s, promised are %v to %v, and %v", method, mean, s.worst, s.where, b.low, b.high, b.worst)
		}
		total += s.total
		cells += s.cells
	}
	for _, method := range slices.Sorted(func(yield func(string) bool) {
		for m := range sums {
			if !yield(m) {
				return
			}
		}
	}) {
		s := sums[method]
		table += fmt.Sprintf("| %s | %d | %.1f %% | %.1f %% | %s |\n", method, s.cells, 100*s.total/float64(s.cells), 100*s.worst, s.where)
		if _, ok := coverageBounds[method]; !ok {
			t.Errorf("%s has no bounds", method)
		}
	}
	if mean := total / float64(cells); mean < 0.93 || mean > 0.97 {
		t.Errorf("on average over all cells %.4f", mean)
	}
	table += fmt.Sprintf("| all | %d | %.1f %% | | |\n", cells, 100*total/float64(cells))
	if full {
		t.Logf("\n%s", table)
	}
}
