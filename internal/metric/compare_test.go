package metric

import (
	"math"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

func ratioSample(k, n int) Level {
	v, ci, few := portion(k, n)
	return Level{Value: v, CI: ci, N: float64(n), TooFew: few}
}

func TestCompare(t *testing.T) {
	for name, c := range map[string]struct {
		m              Measure
		earlier, later Level
		verdict        Verdict
		words          string
	}{
		"noise":              {ChangeFailureRate, ratioSample(6, 69), ratioSample(3, 71), NoDetectableChange, "no detectable change"},
		"fails less":         {ChangeFailureRate, ratioSample(150, 700), ratioSample(60, 700), Better, "better"},
		"fails more":         {ChangeFailureRate, ratioSample(60, 700), ratioSample(150, 700), Worse, "worse"},
		"more often":         {DeploymentFrequency, rateSample(30, 90), rateSample(90, 90), Better, "better"},
		"less often":         {DeploymentFrequency, rateSample(90, 90), rateSample(30, 90), Worse, "worse"},
		"neither way":        {RollbackRate, ratioSample(60, 700), ratioSample(150, 700), Changed, "changed"},
		"a handful":          {ChangeFailureRate, ratioSample(0, 4), ratioSample(400, 400), TooFew, "too few to say"},
		"nothing before":     {ChangeFailureRate, ratioSample(0, 0), ratioSample(3, 70), TooFew, "too few to say"},
		"nothing after":      {ChangeFailureRate, ratioSample(3, 70), ratioSample(0, 0), TooFew, "too few to say"},
		"no interval":        {LeadTime, Level{Value: new(float64), N: 5}, Level{Value: new(float64), CI: &Interval{}, N: 9}, TooFew, "too few to say"},
		"faster":             {LeadTime, medianSample(100), medianSample(20), Better, "better"},
		"exactly as it was":  {LeadTime, medianSample(100), medianSample(100), NoDetectableChange, "no detectable change"},
		"named by others":    {"reliability", ratioSample(60, 700), ratioSample(150, 700), Better, "better"},
		"a duration of ours": {"deployment_duration", medianSample(20), medianSample(100), Worse, "worse"},
	} {
		got := Compare(c.m, c.earlier, c.later)
		if got.Verdict != c.verdict || got.Words != c.words {
			t.Errorf("%s: %s", name, asJSON(t, got))
		}
		if seen := c.verdict == Better || c.verdict == Worse || c.verdict == Changed; got.Distinguishable != seen {
			t.Errorf("%s: distinguishable = %v", name, got.Distinguishable)
		}
	}
}

// To look from the other side turns better into worse and nothing else.
func TestCompare_mirrored(t *testing.T) {
	for k := range 30 {
		for _, n := range []int{3, 20, 300} {
			a, b := ratioSample(min(k, n), n), ratioSample(min(2*k, n), n)
			one, other := Compare(ChangeFailureRate, a, b), Compare(ChangeFailureRate, b, a)
			turned := map[Verdict]Verdict{Better: Worse, Worse: Better}[one.Verdict]
			if turned == "" {
				turned = one.Verdict
			}
			if other.Verdict != turned {
				t.Errorf("%d of %d: %s and %s", k, n, one.Verdict, other.Verdict)
			}
		}
	}
}

func rateSample(n int, days float64) Level {
	v, ci := rate(n, days)
	return Level{Value: v, CI: ci, N: days}
}

// medianSample is that of 40 spans around a centre, in seconds.
func medianSample(centre float64) Level {
	var spans []int64
	for i := range 40 {
		spans = append(spans, int64(centre*1e6*math.Exp(float64(i-20)/20)))
	}
	return Sample{Spans: SortSpans(spans)}.Durations(LeadTime, nil).Level()
}

func TestSampleSizes(t *testing.T) {
	for n, want := range map[int]int{
		0: 0, 7: 7, 19: 19, 806: 800, 1234: 1200, 1999: 2000, 345: 350, 435: 450, 99: 100, 123456: 120000,
	} {
		if got := about(n); got != want {
			t.Errorf("about(%d) = %d, want %d", n, got, want)
		}
	}
	if RatioNeeds(0.05, 0.05) != 0 || RatioNeeds(-0.1, 0.5) != 0 || RatioNeeds(0.1, 1.1) != 0 || RatioNeeds(math.NaN(), 0.1) != 0 {
		t.Error("what does not change, or is no ratio, needs observations")
	}
	if a, b := RatioNeeds(0.085, 0.05), RatioNeeds(0.05, 0.085); a != b || about(a) != 800 {
		t.Errorf("8.5 %% to 5 %% needs %d, back %d", a, b)
	}
	if n := RatioNeeds(0.1, 0.1+1e-9); n <= 1<<30 {
		t.Errorf("next to no change needs %d", n)
	}
	if RateNeeds(1, 1) != 0 || RateNeeds(-1, 2) != 0 || RateNeeds(0.5, 1) <= RateNeeds(0.5, 2) {
		t.Error("days of a rate")
	}
	if MedianNeeds(0, 5, 1) != 0 || MedianNeeds(5, 5, 1) != 0 || MedianNeeds(5, 4, 0) != 0 {
		t.Error("a median that says nothing needs observations")
	}
	p50, p90 := 3600.0, 3600*math.Exp(1.2815515655446004)
	near(t, "spread", Spread(&p50, &p90), 1, 1e-12)
	if Spread(nil, &p90) != 0 || Spread(&p90, &p50) != 0 || Spread(new(float64), &p90) != 0 {
		t.Error("a spread out of nothing")
	}
}

func TestMeanInterval(t *testing.T) {
	same := make([]int64, 30)
	if ci := MeanInterval(same); *ci != (Interval{0, 0}) {
		t.Errorf("all the same: %v", *ci)
	}
	if MeanInterval(same[:MinMean-1]) != nil {
		t.Error("too few values have an interval")
	}
	for _, c := range []struct{ df, want float64 }{{19, 2.093024054408263}, {1, 12.706204736432095}, {1000, 1.9623390808264078}} {
		near(t, "Student", studentQuantile(c.df), c.want, 1e-10) // every printed table
	}
}

// weekly makes points of whole weeks from Monday 2023-01-02 on; NaN is a week without a value.
func weekly(values ...float64) []Point {
	points := make([]Point, len(values))
	for i := range values {
		from := time.Date(2023, 1, 2+7*i, 0, 0, 0, 0, time.UTC)
		points[i].From = plimsoll.Time(from.UnixMicro())
		if !math.IsNaN(values[i]) {
			points[i].Value = &values[i]
		}
	}
	return points
}

func TestTrend(t *testing.T) {
	nan := math.NaN()
	for name, c := range map[string]struct {
		m              Measure
		values         []float64
		verdict        Verdict
		weeks, missing int
	}{
		"seven weeks":   {LeadTime, []float64{1, 2, 3, 4, 5, 6, 7}, TooFew, 7, 0},
		"eight weeks":   {LeadTime, []float64{1, 2, 3, 4, 5, 6, 7, 8}, Worse, 8, 0},
		"faster":        {LeadTime, []float64{8, 7, 6, 5, 4, 3, 2, 1}, Better, 8, 0},
		"more often":    {DeploymentFrequency, []float64{1, 2, 3, 4, 5, 6, 7, 8}, Better, 8, 0},
		"no direction":  {RollbackRate, []float64{1, 2, 3, 4, 5, 6, 7, 8}, Changed, 8, 0},
		"flat":          {LeadTime, []float64{4, 4, 4, 4, 4, 4, 4, 4, 4}, NoDetectableChange, 9, 0},
		"noise":         {LeadTime, []float64{3, 9, 4, 8, 2, 9, 3, 7, 5, 6}, NoDetectableChange, 10, 0},
		"two levels":    {LeadTime, []float64{4, 4, 4, 4, 4, 4, 4, 1, 1, 1, 1, 1}, Better, 12, 0},
		"one wild week": {LeadTime, []float64{5, 6, 5, 6, 900, 6, 5, 6, 5, 6}, NoDetectableChange, 10, 0},
		"gaps":          {LeadTime, []float64{1, nan, 3, 4, nan, nan, 7, 8, 9, 10, 11}, Worse, 8, 3},
		"ends empty":    {LeadTime, []float64{nan, 1, 2, 3, 4, 5, 6, 7, 8, nan}, Worse, 8, 0},
		"gaps, too few": {LeadTime, []float64{1, nan, 3, 4, nan, nan, 7, 8, 9, 10}, TooFew, 7, 3},
		"nothing":       {LeadTime, nil, TooFew, 0, 0},
	} {
		got := TrendOf(c.m, weekly(c.values...), nil)
		if got.Verdict != c.verdict || got.Weeks != c.weeks || got.Missing != c.missing || got.Words == "" {
			t.Errorf("%s: %s", name, asJSON(t, got))
		}
		if (got.Slope == nil) != (got.Verdict == TooFew) {
			t.Errorf("%s: slope and verdict contradict: %s", name, asJSON(t, got))
		}
	}
	// A gap is a gap: the slope is that of weeks, not of values.
	if got := TrendOf(LeadTime, weekly(1, nan, 3, 4, nan, nan, 7, 8, 9, 10, 11), nil); *got.Slope != 1 {
		t.Errorf("slope %v", *got.Slope)
	}
	partial := weekly(9, 1, 2, 3, 4, 5, 6, 7, 8)
	partial[0].Partial = true
	if got := TrendOf(LeadTime, partial, nil); got.Weeks != 8 || *got.Slope != 1 {
		t.Errorf("a partial week counts: %s", asJSON(t, got))
	}
}

// A wave of the year looks like a trend to who compares all weeks, and must not once the same weeks of
// two years are there. A fall below the wave must be seen through it.
func TestTrend_season(t *testing.T) {
	wave := func(weeks int, slope float64) []Point {
		values := make([]float64, weeks)
		for i := range values {
			values[i] = 50 + 20*math.Sin(2*math.Pi*float64(i)/(365.25/7)) + slope*float64(i) + float64(i*7919%13)/10
		}
		return weekly(values...)
	}
	if got := TrendOf(LeadTime, wave(40, 0), nil); got.Method != TrendPlain || got.Verdict != Better {
		t.Errorf("below a year nothing can be told apart: %s", asJSON(t, got))
	}
	if got := TrendOf(LeadTime, wave(59, 0), nil); got.Method != TrendPlain {
		t.Errorf("seven weeks were there twice: %s", asJSON(t, got))
	}
	if got := TrendOf(LeadTime, wave(104, 0), nil); got.Method != TrendSeasonal || got.Verdict != NoDetectableChange {
		t.Errorf("a wave alone: %s", asJSON(t, got))
	}
	got := TrendOf(LeadTime, wave(104, -0.1), nil)
	if got.Method != TrendSeasonal || got.Verdict != Better || got.CI[0] > -0.1 || got.CI[1] < -0.1 {
		t.Errorf("a fall through the wave: %s", asJSON(t, got))
	}
	if len(wave(104, 0)) != 104 || got.Pairs != 52 {
		t.Errorf("%d pairs", got.Pairs)
	}
}

// Weeks begin at midnight of the zone, also where that is the Sunday of UTC, and across changes of the
// clock.
func TestTrend_zone(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	w := plimsoll.Window{From: at(t, "2025-03-03", berlin), To: at(t, "2025-06-02", berlin)}
	var points []Point
	for i, b := range Buckets(w, berlin, Week) {
		v := float64(i)
		points = append(points, Point{From: b.From, To: b.To, Value: &v})
	}
	if got := TrendOf(LeadTime, points, berlin); got.Missing != 0 || got.Weeks != 13 || *got.Slope != 1 {
		t.Errorf("trend %s", asJSON(t, got))
	}
}

func TestTrend_dependent(t *testing.T) {
	values, level := make([]float64, 40), 0.0
	for i := range values {
		level = 0.95*level + float64(i*7919%17-8)
		values[i] = level
	}
	if got := TrendOf(LeadTime, weekly(values...), nil); got.Lag1 == nil || !got.Dependent {
		t.Errorf("a walk: %s", asJSON(t, got))
	}
	for i := range values {
		values[i] = float64(i * 7919 % 17)
	}
	if got := TrendOf(LeadTime, weekly(values...), nil); got.Lag1 == nil || got.Dependent {
		t.Errorf("noise: %s", asJSON(t, got))
	}
}
