package metric

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func near(t *testing.T, what string, got, want, relative float64) {
	t.Helper()
	if math.Abs(got-want) > relative*math.Max(1, math.Abs(want)) || math.IsNaN(got) {
		t.Errorf("%s = %.12g, want %.12g", what, got, want)
	}
}

// References: the score formula in 60-digit decimals (Python's decimal). 81/263, 15/148 and 1/29 stand
// to four places in Newcombe (1998), Statistics in Medicine 17:857, table I.
func TestWilson(t *testing.T) {
	for _, c := range []struct {
		k, n   int
		lo, hi float64
	}{
		{0, 10, 0, 0.277532799863},
		{6, 69, 0.040463621202, 0.177014983389},
		{1, 1, 0.206549314377, 1},
		{0, 1, 0, 0.793450685623},
		{81, 263, 0.255288519878, 0.366209576983},
		{15, 148, 0.062386399531, 0.160487241723},
		{1, 29, 0.006113214293, 0.171755218793},
		{5, 10, 0.236593090513, 0.763406909487},
		{100000, 100000, 0.999961586887, 1},
		{12345, 100000, 0.121425617755, 0.125503311161},
	} {
		ci := Wilson(c.k, c.n)
		near(t, "lower end", ci[0], c.lo, 1e-11)
		near(t, "upper end", ci[1], c.hi, 1e-11)
	}
	if Wilson(0, 10)[0] != 0 || Wilson(7, 7)[1] != 1 {
		t.Error("the ends of an extreme ratio are not exact")
	}
	if Wilson(0, 0) != nil {
		t.Error("nothing observed has an interval")
	}
}

// References: bisection on exact Poisson sums in 60-digit decimals (Python's decimal). They agree with
// the published table of Garwood (1936) for 0, 1, 5, 10 and 30 events.
func TestPoisson(t *testing.T) {
	for _, c := range []struct {
		k      int
		lo, hi float64
	}{
		{0, 0, 3.68887945411},
		{1, 0.0253178079843, 5.57164339094},
		{2, 0.242209278544, 7.22468766772},
		{5, 1.62348639012, 11.6683320793},
		{10, 4.79538869613, 18.390356042},
		{30, 20.2408740214, 42.8268653948},
		{100, 81.3639912509, 121.626793792},
		{1000, 938.973018408, 1063.95213602},
	} {
		ci := Poisson(c.k)
		near(t, "lower end", ci[0], c.lo, 1e-11)
		near(t, "upper end", ci[1], c.hi, 1e-11)
	}
	// Far out the interval is that of Wilson and Hilferty to many places.
	const k = 1e6
	wh := func(n, z float64) float64 { return n * math.Pow(1-1/(9*n)+z/(3*math.Sqrt(n)), 3) }
	ci := Poisson(k)
	near(t, "lower end of a million", ci[0], wh(k, -z95), 1e-8)
	near(t, "upper end of a million", ci[1], wh(k+1, z95), 1e-8)
}

// References: the power series of the incomplete gamma function in 60-digit decimals (Python's
// decimal), inverted by bisection; 5.024, 3.841, 16.013 and 30.578 are in every printed table.
func TestChiSquareQuantile(t *testing.T) {
	for _, c := range []struct{ p, df, want float64 }{
		{0.025, 1, 0.000982069117175},
		{0.975, 1, 5.02388618731},
		{0.95, 1, 3.84145882069},
		{0.025, 2, 0.0506356159686},
		{0.5, 3, 2.36597388438},
		{0.975, 7, 16.0127642746},
		{0.99, 15, 30.5779141669},
		{0.025, 40, 24.4330391708},
		{0.975, 101, 130.699708624},
	} {
		got := ChiSquareQuantile(c.p, c.df)
		if math.Abs(got-c.want) > 1e-11*c.want {
			t.Errorf("ChiSquareQuantile(%v, %v) = %.12g, want %.12g", c.p, c.df, got, c.want)
		}
	}
	if ChiSquareQuantile(0, 3) != 0 || !math.IsInf(ChiSquareQuantile(1, 3), 1) {
		t.Error("the ends of the distribution are wrong")
	}
	for _, a := range []float64{0.05, 0.5, 1, 3.5, 80, 4000, 3e5} {
		for _, p := range []float64{1e-6, 0.025, 0.3, 0.5, 0.9, 0.975, 1 - 1e-6} {
			near(t, "there and back", gammaP(a, gammaQuantile(a, p)), p, 1e-10)
		}
	}
}

// References: exact binomial sums (Python's fractions). The ranks of the median are those of the
// published tables of the sign test.
func TestQuantileRanks(t *testing.T) {
	for _, c := range []struct {
		n      int
		p      float64
		lo, hi int
		ok     bool
	}{
		{5, 0.5, 0, 6, false}, {6, 0.5, 1, 6, true}, {8, 0.5, 1, 8, true}, {9, 0.5, 2, 8, true},
		{10, 0.5, 2, 9, true}, {12, 0.5, 3, 10, true}, {20, 0.5, 6, 15, true}, {25, 0.5, 8, 18, true},
		{36, 0.5, 12, 25, true}, {50, 0.5, 18, 33, true}, {72, 0.5, 28, 45, true}, {100, 0.5, 40, 61, true},
		{250, 0.5, 110, 141, true}, {1000, 0.5, 469, 532, true},
		{12, 0.75, 6, 13, false}, {20, 0.75, 11, 19, true}, {50, 0.75, 31, 44, true}, {1000, 0.75, 723, 778, true},
		{25, 0.9, 19, 26, false}, {36, 0.9, 29, 36, true}, {100, 0.9, 84, 96, true}, {1000, 0.9, 881, 919, true},
		{50, 0.95, 44, 51, false}, {72, 0.95, 64, 72, true}, {250, 0.95, 230, 245, true}, {1000, 0.95, 936, 964, true},
	} {
		lo, hi, ok := QuantileRanks(c.n, c.p)
		if lo != c.lo || hi != c.hi || ok != c.ok {
			t.Errorf("QuantileRanks(%d, %v) = %d, %d, %v, want %d, %d, %v", c.n, c.p, lo, hi, ok, c.lo, c.hi, c.ok)
		}
	}
	lo, hi, ok := QuantileRanks(500_000, 0.5)
	half := z95 * math.Sqrt(500_000) / 2
	if !ok || math.Abs(float64(250_000-lo)-half) > 2 || math.Abs(float64(hi-250_001)-half) > 2 {
		t.Errorf("ranks of half a million: %d, %d", lo, hi)
	}
	if _, _, ok := QuantileRanks(0, 0.5); ok {
		t.Error("no values have ranks")
	}
}

// References: Python's statistics.quantiles(method="inclusive") and exact fractions.
func TestQuantile(t *testing.T) {
	xs := []float64{1, 1, 2, 3, 4, 5, 5, 6, 9, 35}
	for p, want := range map[float64]float64{0: 1, 0.05: 1, 0.15: 1.35, 0.5: 4.5, 0.75: 5.75, 0.9: 11.6, 0.95: 23.3, 1: 35} {
		near(t, "quantile", *Quantile(xs, p), want, 1e-14)
	}
	if Quantile([]int64{}, 0.5) != nil || *Quantile([]int64{7}, 0.95) != 7 || *Quantile([]int64{1, 2}, 0.5) != 1.5 {
		t.Error("quantiles of none, one or two values")
	}
	if ci := QuantileInterval(xs, 0.5); *ci != (Interval{1, 9}) {
		t.Errorf("interval of the median = %v", *ci)
	}
	if QuantileInterval(xs[:5], 0.5) != nil {
		t.Error("five values have an interval")
	}
}

func TestSortSpans(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{0, 1, 2, 511, 512, 5000} {
		for _, limit := range []int64{1, 3, 1 << 11, 1 << 22, 1 << 45, math.MaxInt64} {
			xs := make([]int64, n)
			for i := range xs {
				xs[i] = rng.Int64N(limit)
			}
			want := slices.Sorted(slices.Values(xs))
			if sortSpans(xs); !slices.Equal(xs, want) {
				t.Errorf("%d spans below %d are not sorted", n, limit)
			}
		}
	}
}

// References: the product-limit formula in exact fractions (Python), an item being at risk from its
// entry to its exit, both included.
func TestKaplanMeierMedian(t *testing.T) {
	const s = 1_000_000
	for name, c := range map[string]struct {
		items []Lifetime
		want  float64 // 0: not reached
	}{
		"even number, none open":    {[]Lifetime{{0, 1, true}, {0, 2, true}, {0, 3, true}, {0, 4, true}}, 2},
		"odd number, none open":     {[]Lifetime{{0, 1, true}, {0, 2, true}, {0, 3, true}}, 2},
		"two open":                  {[]Lifetime{{0, 2, true}, {0, 3, false}, {0, 4, true}, {0, 5, true}, {0, 6, false}, {0, 7, true}}, 5},
		"late entries":              {[]Lifetime{{0, 2, true}, {5, 9, true}, {3, 4, true}, {0, 8, false}, {1, 7, true}, {6, 12, true}, {0, 10, true}}, 7},
		"not reached":               {[]Lifetime{{0, 5, false}, {0, 6, false}, {0, 1, true}}, 0},
		"enters as it ends":         {[]Lifetime{{4, 4, true}, {4, 9, true}, {0, 3, true}, {0, 3, true}, {2, 8, false}, {7, 11, true}}, 3},
		"nothing":                   {nil, 0},
		"a tie of end and exit":     {[]Lifetime{{0, 3, true}, {0, 3, false}}, 3},
		"everything at once, age 0": {[]Lifetime{{0, 0, true}, {0, 0, true}}, 0.0000001},
	} {
		for i := range c.items {
			c.items[i].Enter *= s
			c.items[i].Leave *= s
		}
		got := KaplanMeierMedian(c.items)
		if c.want == 0 {
			if got != nil {
				t.Errorf("%s: %v, want none", name, *got)
			}
			continue
		}
		if got == nil {
			t.Errorf("%s: none, want %v", name, c.want)
			continue
		}
		near(t, name, *got, c.want, 1e-6)
	}
}

// The sweep must agree with the definition, written out.
func TestKaplanMeierMedian_definition(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		items := make([]Lifetime, 1+rng.IntN(60))
		for i := range items {
			enter := max(0, rng.Int64N(40)-20)
			items[i] = Lifetime{Enter: enter, Leave: enter + rng.Int64N(30), Ended: rng.IntN(3) > 0}
		}
		want, alive := int64(-1), 1.0
		for age := int64(0); age < 100 && want < 0; age++ {
			atRisk, ended := 0, 0
			for _, it := range items {
				if it.Enter <= age && age <= it.Leave {
					atRisk++
					if it.Ended && it.Leave == age {
						ended++
					}
				}
			}
			if ended > 0 {
				if alive *= 1 - float64(ended)/float64(atRisk); alive <= 0.5+1e-9 {
					want = age
				}
			}
		}
		got := int64(-1)
		if m := KaplanMeierMedian(items); m != nil {
			got = int64(math.Round(*m * 1e6))
		}
		if got != want {
			t.Fatalf("median of %v = %d, want %d", items, got, want)
		}
	}
}
