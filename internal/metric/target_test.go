package metric

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

func TestBaseline(t *testing.T) {
	for name, c := range map[string]struct {
		from, to, first string
		s               Level
		valid           bool
		words           string
	}{
		"a quarter":         {"2025-01-01", "2025-04-01", "2024-06-01", ratioSample(6, 69), true, "8.7 % (4.05 % to 17.7 %) over 90 days"},
		"thirty days":       {"2025-01-01", "2025-01-31", "2024-06-01", ratioSample(6, 69), true, "8.7 % (4.05 % to 17.7 %) over 30 days"},
		"29 days":           {"2025-01-01", "2025-01-30", "2024-06-01", ratioSample(6, 69), false, "a baseline needs 30 days of record; there are 29"},
		"a young record":    {"2025-01-01", "2025-04-01", "2025-03-22", ratioSample(6, 69), false, "a baseline needs 30 days of record; there are 10"},
		"no record":         {"2025-01-01", "2025-04-01", "", ratioSample(0, 0), false, "a baseline needs 30 days of record; there are 0"},
		"nothing to judge":  {"2025-01-01", "2025-04-01", "2024-06-01", ratioSample(0, 0), false, "nothing was measured in this window"},
		"four deployments":  {"2025-01-01", "2025-04-01", "2024-06-01", ratioSample(1, 4), false, "too few to start from: 4 deployments"},
		"a day in the past": {"2025-03-01", "2025-03-31", "2024-06-01", ratioSample(6, 69), true, "8.7 % (4.05 % to 17.7 %) over 30 days"},
	} {
		z := zone(t, "Europe/Berlin")
		p := period(c.from, c.to, c.to, t, z)
		var first plimsoll.Time
		if c.first != "" {
			first = at(t, c.first, z)
		}
		if got := BaselineOf(ChangeFailureRate, p.Window, Days(p.Record(first), z), c.s); got.Valid != c.valid || got.Words != c.words {
			t.Errorf("%s: %v %q", name, got.Valid, got.Words)
		}
	}
}

// fromEightAndAHalf is the example of the definitions: 8.5 % over the first quarter, to be 6.5 % after
// three months and 5 % after six.
func fromEightAndAHalf(t *testing.T) Target {
	v := 0.085
	return Target{
		Measure: ChangeFailureRate,
		Baseline: Baseline{
			Measure: ChangeFailureRate, From: at(t, "2025-01-01", time.UTC), To: at(t, "2025-04-01", time.UTC), Days: 90, Valid: true,
			Level: Level{Value: &v, CI: &Interval{0.05, 0.14}, N: 200},
		},
		// In the wrong order on purpose.
		Goals: []Goal{{at(t, "2025-10-01", time.UTC), 0.05}, {at(t, "2025-07-01", time.UTC), 0.065}},
	}
}

func TestProgress(t *testing.T) {
	for name, c := range map[string]struct {
		k, n   int
		day    string
		status Status
		path   float64
		words  string
	}{
		"noise is not celebrated": {6, 69, "2025-10-01", Undecidable, 0.05, "seeing 8.5 % become 5 % takes about 800 deployments; you have 69"},
		"halved, and seen":        {30, 900, "2025-10-01", OnTrack, 0.05, "3.33 % (2.34 % to 4.72 %), the path asks for 5 %"},
		"reached, and left":       {33, 700, "2025-10-01", OnTrack, 0.05, "the path asks for 5 %"},
		"stuck":                   {85, 1000, "2025-10-01", OffTrack, 0.05, "8.5 % (6.93 % to 10.4 %), the path asks for 5 %"},
		"long after":              {85, 1000, "2026-10-01", OffTrack, 0.05, "the path asks for 5 %"},
		"half way":                {85, 1000, "2025-07-01", OffTrack, 0.065, "the path asks for 6.5 %"},
		"too early to tell":       {85, 1000, "2025-04-02", Undecidable, 0.085 - 0.02/91, "both are within reach"},
		"none failed of ten":      {0, 10, "2025-10-01", Undecidable, 0.05, "you have 10"},
		"a handful":               {0, 4, "2025-10-01", Undecidable, 0.05, "too few to say: 4 deployments; seeing 8.5 % become 5 % takes about 800 deployments; you have 4"},
		"nothing":                 {0, 0, "2025-10-01", Undecidable, 0.05, "nothing was measured"},
	} {
		got := fromEightAndAHalf(t).ProgressOf(ratioSample(c.k, c.n), at(t, c.day, time.UTC))
		if got.Status != c.status || !strings.Contains(got.Words, c.words) {
			t.Errorf("%s: %s %q", name, got.Status, got.Words)
		}
		near(t, name, *got.Path, c.path, 1e-12)
	}
}

// The worst and the best that can be must not be undecidable, and where more is better the same holds
// the other way round.
func TestProgress_moreIsBetter(t *testing.T) {
	v := 0.2
	target := Target{
		Measure:  DeploymentFrequency,
		Baseline: Baseline{To: at(t, "2025-04-01", time.UTC), Valid: true, Level: Level{Value: &v, CI: &Interval{0.1, 0.3}, N: 90}},
		Goals:    []Goal{{at(t, "2025-10-01", time.UTC), 0.8}},
	}
	day := at(t, "2025-10-01", time.UTC)
	for n, want := range map[int]Status{0: OffTrack, 10: OffTrack, 45: OffTrack, 60: OnTrack, 200: OnTrack} {
		if got := target.ProgressOf(rateSample(n, 90), day); got.Status != want {
			t.Errorf("%d in 90 days: %s %q", n, got.Status, got.Words)
		}
	}
	if got := target.ProgressOf(rateSample(3, 8), day); got.Status != Undecidable || got.Needed != RateNeeds(0.2, 0.8) {
		t.Errorf("three in eight days: %s", asJSON(t, got))
	}
	// Halfway in time is halfway in doublings: from 0.2 to 0.8 by 0.4.
	half := (target.Baseline.To + day) / 2
	near(t, "half way", *target.PathAt(half), 0.4, 1e-9)
	near(t, "before", *target.PathAt(0), 0.2, 1e-12)
	target.Goals[0].Value = 0
	near(t, "to nothing, in a straight line", *target.PathAt(half), 0.1, 1e-9)
}

func TestProgress_durations(t *testing.T) {
	base := medianSample(40 * hour)
	target := Target{
		Measure:  LeadTime,
		Baseline: Baseline{To: at(t, "2025-04-01", time.UTC), Valid: true, Level: base},
		Goals:    []Goal{{at(t, "2025-07-01", time.UTC), 20 * hour}, {at(t, "2025-10-01", time.UTC), 10 * hour}},
	}
	day := at(t, "2025-10-01", time.UTC)
	for centre, want := range map[float64]Status{hour: OnTrack, 9 * hour: OnTrack, 30 * hour: OffTrack, 40 * hour: OffTrack} {
		if got := target.ProgressOf(medianSample(centre), day); got.Status != want {
			t.Errorf("%v hours: %s %q", centre/hour, got.Status, got.Words)
		}
	}
	got := target.ProgressOf(Level{Value: new(float64), CI: &Interval{0, 50 * hour}, N: 7}, day)
	if want := MedianNeeds(*base.Value, 10*hour, base.Spread); got.Status != Undecidable || got.Needed != want || want == 0 {
		t.Errorf("seven: %s", asJSON(t, got))
	}
}

func TestProgress_incomplete(t *testing.T) {
	whole := fromEightAndAHalf(t)
	day := at(t, "2025-10-01", time.UTC)
	none := whole
	none.Goals = nil
	if got := none.ProgressOf(ratioSample(6, 69), day); got.Status != Undecidable || got.Words != "the target has no goal" || got.Path != nil {
		t.Errorf("no goal: %s", asJSON(t, got))
	}
	young := whole
	young.Baseline = Baseline{Words: "a baseline needs 30 days of record; there are 3"}
	if got := young.ProgressOf(ratioSample(6, 69), day); got.Status != Undecidable || !strings.HasPrefix(got.Words, "no baseline: ") || got.Path != nil {
		t.Errorf("no baseline: %s", asJSON(t, got))
	}
	if got := whole.ProgressOf(Level{Value: new(float64), N: 7}, day); got.Status != Undecidable {
		t.Errorf("no interval: %s", asJSON(t, got))
	}
}

// The path is continuous, stays between its ends, and goals that were due before the baseline ended set
// where it begins.
func TestPath(t *testing.T) {
	target := fromEightAndAHalf(t)
	last := math.Inf(1)
	for d := at(t, "2025-03-01", time.UTC); d < at(t, "2025-12-01", time.UTC); d = d.Add(6 * time.Hour) {
		v := *target.PathAt(d)
		if v > last || v < 0.05 || v > 0.085 || last-v > 0.0002 && !math.IsInf(last, 1) {
			t.Fatalf("path %v after %v", v, last)
		}
		last = v
	}
	target.Goals[0].At = target.Baseline.From
	near(t, "an overdue goal", *target.PathAt(target.Baseline.To), 0.05, 1e-12)
}

func TestSay(t *testing.T) {
	for want, got := range map[string]string{
		"8.5 %": asRatio.say(0.085), "17.7 %": asRatio.say(0.17701), "100 %": asRatio.say(1), "0 %": asRatio.say(0),
		"0.57 a day": aDay.say(0.5714), "12.3 a day": aDay.say(12.34),
		"45 seconds": inSeconds.say(45), "20 minutes": inSeconds.say(1200), "3.5 hours": inSeconds.say(12600), "120 days": inSeconds.say(120 * day),
		"24 hours": inSeconds.say(day), "-2 hours": inSeconds.say(-7200), "no data": aDay.sayLevel(Level{}), "unknown": aDay.sayChange(nil, nil),
		"-6.5 points (-9 points to +1 points)": asRatio.sayChange(value(-0.065), &Interval{-0.09, 0.01}), "+2 days": inSeconds.sayChange(value(2*day), nil),
		"no interval": asRatio.sayInterval(nil),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func value(v float64) *float64 { return &v }
