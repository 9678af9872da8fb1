package metric

import (
	"encoding/json"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// reference is testdata/reference.json: values that R and its package survival computed, by
// scripts/reference.R, which says what of it is R's own and what is written out there.
type reference struct {
	MadeBy          string `json:"made_by"`
	Wilson, Garwood []struct {
		K, N int
		CI   Interval
	}
	Newcombe []struct {
		Earlier, Later [2]int
		CI             Interval
	}
	Ranks []struct {
		N, Lo, Hi int
		P         float64
	}
	Quantile []struct{ X, P, Q []float64 }
	Mean     []struct {
		X    []float64
		Mean [3]float64
	}
	KaplanMeier []struct {
		Enter, Leave, Ended []int64
		P                   float64
		Value, Low, High    *float64
	} `json:"kaplan_meier"`
	Trend []struct {
		X             []int
		Y             []float64
		Slope, Tau, P float64
		CI            Interval
	}
	Seasonal []struct {
		Y        []float64
		Slope, P float64
		CI       Interval
		S        int
	}
	RatioNeeds []struct{ From, To, N float64 } `json:"ratio_needs"`
}

func readReference(t *testing.T) (r reference) {
	t.Helper()
	body, err := os.ReadFile("testdata/reference.json")
	if err == nil {
		err = json.Unmarshal(body, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReference_intervals(t *testing.T) {
	r := readReference(t)
	if len(r.Wilson) == 0 || len(r.Garwood) == 0 || len(r.Newcombe) == 0 || len(r.Ranks) == 0 || len(r.Mean) == 0 {
		t.Fatal("a part of the file is empty")
	}
	both := func(what string, got *Interval, want Interval, relative float64) {
		t.Helper()
		near(t, what+", lower end", got[0], want[0], relative)
		near(t, what+", upper end", got[1], want[1], relative)
	}
	for _, c := range r.Wilson {
		both("Wilson", Wilson(c.K, c.N), c.CI, 1e-11)
	}
	for _, c := range r.Garwood {
		ci := Poisson(c.K)
		both("Poisson", &ci, c.CI, 1e-11)
	}
	of := func(kn [2]int) Estimate {
		v, ci, _ := portion(kn[0], kn[1])
		return Estimate{v, ci}
	}
	for _, c := range r.Newcombe {
		both("difference", Difference(of(c.Earlier), of(c.Later)).CI, c.CI, 1e-11)
	}
	for _, c := range r.Ranks {
		lo, hi, ok := QuantileRanks(c.N, c.P)
		if lo != c.Lo || hi != c.Hi || ok != (c.Lo >= 1 && c.Hi <= c.N) {
			t.Errorf("ranks of %v of %d: %d, %d, %v, want %d, %d", c.P, c.N, lo, hi, ok, c.Lo, c.Hi)
		}
	}
	for _, c := range r.Quantile {
		slices.Sort(c.X)
		for i, p := range c.P {
			near(t, "quantile", *Quantile(c.X, p), c.Q[i], 1e-12)
		}
	}
	for _, c := range r.Mean {
		slices.Sort(c.X)
		if len(c.X) < MinMean {
			if MeanInterval(c.X) != nil {
				t.Errorf("the mean of %d has an interval", len(c.X))
			}
			continue
		}
		both("mean", MeanInterval(c.X), Interval{c.Mean[1], c.Mean[2]}, 1e-9)
	}
	for _, c := range r.RatioNeeds {
		if got := RatioNeeds(c.From, c.To); got != int(math.Ceil(c.N)) {
			t.Errorf("from %v to %v needs %d, want %v", c.From, c.To, got, c.N)
		}
	}
}

func TestReference_kaplanMeier(t *testing.T) {
	r := readReference(t)
	late, unreached := 0, 0
	for i, c := range r.KaplanMeier {
		items := make([]Lifetime, len(c.Enter))
		for k := range items {
			items[k] = Lifetime{Enter: c.Enter[k] * 1e6, Leave: c.Leave[k] * 1e6, Ended: c.Ended[k] == 1}
			if c.Enter[k] > 0 {
				late++
			}
		}
		got := KaplanMeier(items, c.P)
		if c.High == nil {
			unreached++
		}
		want := Survival{c.Value, c.Low, c.High, got.Ended, got.Open, got.AtRisk}
		if asJSON(t, got) != asJSON(t, want) {
			t.Errorf("case %d: %s, want %s", i, asJSON(t, got), asJSON(t, want))
		}
		if c.P == 0.5 {
			if m := KaplanMeierMedian(items); asJSON(t, m) != asJSON(t, c.Value) {
				t.Errorf("case %d: median %s, want %s", i, asJSON(t, m), asJSON(t, c.Value))
			}
		}
	}
	// Nothing is skipped that could have been an end: the same without the short cut.
	rng := rand.New(rand.NewPCG(6, 7))
	for range 300 {
		items := make([]Lifetime, 1+rng.IntN(400))
		for i := range items {
			enter := max(0, rng.Int64N(4000)-3000)
			items[i] = Lifetime{Enter: enter * 1e6, Leave: (enter + rng.Int64N(1+rng.Int64N(3000))) * 1e6, Ended: rng.IntN(4) > 0}
		}
		if got, want := KaplanMeier(items, 0.5), slowKaplanMeier(items); asJSON(t, got.Interval()) != asJSON(t, want.Interval()) {
			t.Fatalf("%d items: %s, want %s", len(items), asJSON(t, got.Interval()), asJSON(t, want.Interval()))
		}
	}
	if late == 0 || unreached == 0 {
		t.Errorf("%d late entries and %d open ends: the cases lack some", late, unreached)
	}
}

// slowKaplanMeier is the interval of the median by the definition, with the limits at every step.
func slowKaplanMeier(items []Lifetime) (out Survival) {
	ages := map[int64]bool{}
	for _, it := range items {
		if it.Ended {
			ages[it.Leave] = true
		}
	}
	alive, greenwood := 1.0, 0.0
	for _, age := range slices.Sorted(maps.Keys(ages)) {
		n, d := 0.0, 0.0
		for _, it := range items {
			if it.Enter <= age && age <= it.Leave {
				n++
				if it.Ended && it.Leave == age {
					d++
				}
			}
		}
		alive *= 1 - d/n
		greenwood += d / (n * (n - d))
		low, high := limits(alive, greenwood)
		if out.Low == nil && low <= 0.5+1e-9 {
			out.Low = seconds(float64(age))
		}
		if out.High == nil && high <= 0.5+1e-9 {
			out.High = seconds(float64(age))
		}
		if alive <= 0 {
			break
		}
	}
	return out
}

func TestReference_trend(t *testing.T) {
	r := readReference(t)
	for i, c := range r.Trend {
		// The weeks are those of UTC, from a Monday on.
		points := make([]Point, len(c.X))
		for k, x := range c.X {
			from := time.Date(2025, 1, 6+7*x, 0, 0, 0, 0, time.UTC)
			points[k] = Point{From: plimsoll.Time(from.UnixMicro()), Value: &c.Y[k]}
		}
		got := TrendOf(LeadTime, points, nil)
		if got.Method != TrendPlain || got.Weeks != len(c.X) || got.Missing != c.X[len(c.X)-1]-c.X[0]+1-len(c.X) {
			t.Errorf("case %d: %s", i, asJSON(t, got))
		}
		near(t, "slope", *got.Slope, c.Slope, 1e-12)
		near(t, "lower end of the slope", got.CI[0], c.CI[0], 1e-12)
		near(t, "upper end of the slope", got.CI[1], c.CI[1], 1e-12)
		near(t, "tau", *got.Tau, c.Tau, 1e-12)
		near(t, "p", *got.P, c.P, 1e-10)
	}
	for _, c := range r.Seasonal {
		seasons := make([][]week, 52)
		for x, y := range c.Y {
			seasons[x%52] = append(seasons[x%52], week{x, y})
		}
		var k kendall
		for _, s := range seasons {
			k.add(s)
		}
		slices.Sort(k.slopes)
		ci := k.interval()
		if k.s != c.S {
			t.Errorf("S = %d, want %d", k.s, c.S)
		}
		near(t, "seasonal slope", *Quantile(k.slopes, 0.5), c.Slope, 1e-12)
		near(t, "its lower end", ci[0], c.CI[0], 1e-12)
		near(t, "its upper end", ci[1], c.CI[1], 1e-12)
		near(t, "seasonal p", k.p(), c.P, 1e-10)
	}
}
