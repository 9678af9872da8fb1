package metric

import "testing"

// References: Newcombe (1998), Statistics in Medicine 17:873, table II, method 10.
func TestDifferenceOfRatios(t *testing.T) {
	of := func(k, n int) Estimate {
		v, ci, _ := portion(k, n)
		return Estimate{v, ci}
	}
	for _, c := range []struct {
		k1, n1, k2, n2 int
		lo, hi         float64
		distinct       bool
	}{
		{56, 70, 48, 80, 0.0524, 0.3339, true},
		{9, 10, 3, 10, 0.1705, 0.8090, true},
		{6, 7, 2, 7, 0.0582, 0.8062, true},
		{5, 56, 0, 29, -0.0381, 0.1926, false},
		{0, 10, 0, 20, -0.1611, 0.2775, false},
		{0, 10, 0, 10, -0.2775, 0.2775, false},
		{10, 10, 0, 20, 0.6791, 1, true},
		{10, 10, 0, 10, 0.6075, 1, true},
	} {
		d := Difference(of(c.k2, c.n2), of(c.k1, c.n1))
		near(t, "lower end", d.CI[0], c.lo, 6e-5)
		near(t, "upper end", d.CI[1], c.hi, 6e-5)
		if d.Distinguishable != c.distinct {
			t.Errorf("%d/%d and %d/%d: distinguishable = %v", c.k1, c.n1, c.k2, c.n2, d.Distinguishable)
		}
	}
	if d := Difference(of(6, 69), of(0, 0)); d.Difference != nil || d.CI != nil || d.Distinguishable {
		t.Errorf("nothing observed differs: %s", asJSON(t, d))
	}
}

// The interval of the difference of two rates must decide as the exact conditional test does, but for
// cases at its edge.
func TestDifferenceOfRates(t *testing.T) {
	cells, other := 0, 0
	for k1 := range 40 {
		for k2 := range 40 {
			v1, ci1 := rate(k1, 30)
			v2, ci2 := rate(k2, 30)
			got := Difference(Estimate{v1, ci1}, Estimate{v2, ci2}).Distinguishable
			n := k1 + k2
			exact := n > 0 && (binomialCDF(k1, n, 0.5) <= tail || 1-binomialCDF(k1-1, n, 0.5) <= tail)
			if cells++; got != exact {
				other++
			}
		}
	}
	if other > cells/50 {
		t.Errorf("%d of %d decisions differ from the exact test", other, cells)
	}
	t.Logf("%d of %d decisions differ from the exact test", other, cells)
}

func TestDifferenceOfMedians(t *testing.T) {
	one, two := 10.0, 20.0
	d := Difference(Estimate{&one, &Interval{8, 13}}, Estimate{&two, &Interval{16, 26}})
	if *d.Difference != 10 || *d.CI != (Interval{5, 10 + 6.324555320336759}) || !d.Distinguishable {
		t.Errorf("delta %s", asJSON(t, d))
	}
	d = Difference(Estimate{&one, nil}, Estimate{&two, &Interval{16, 26}})
	if *d.Difference != 10 || d.CI != nil || d.Distinguishable {
		t.Errorf("without an interval: %s", asJSON(t, d))
	}
}
