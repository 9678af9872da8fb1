package metric

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// minute is a moment some minutes after the start of the record.
func minute(n int) plimsoll.Time {
	return plimsoll.TimeOf(time.Date(2026, 3, 2, 0, n, 0, 0, time.UTC))
}

func stagePeriod() Period {
	return Period{Window: plimsoll.Window{From: minute(0), To: minute(3 * 24 * 60)}}
}

// wayAt is a change that spends 10, 20, … 70 minutes in its stages.
func wayAt(start int) Way {
	return Way{StartAt: minute(start), DeliveredAt: minute(start + 280), Stamps: plimsoll.Stamps{
		FirstCommitAt: minute(start), OpenedAt: minute(start + 10), FirstReviewAt: minute(start + 30), ApprovedAt: minute(start + 40),
		MergedAt: minute(start + 60), BuiltAt: minute(start + 100), StagedAt: minute(start + 100), ReadyAt: minute(start + 150),
		DeployStartedAt: minute(start + 210),
	}}
}

func TestTheStagesOfAChangeAddUpToItsLeadTime(t *testing.T) {
	got := StagesOf([]Way{wayAt(0), wayAt(100)}, minute(0), stagePeriod())
	sum := 0.0
	for k, s := range got {
		seconds := float64(600 * (k + 1))
		// Two changes, three days of record, a month of thirty.
		hours := 2 * seconds / 3600 / 3 * 30
		if s.Name != plimsoll.Stages[k] || s.N != 2 || *s.P50 != seconds || *s.P90 != seconds || *s.Coverage != 1 || math.Abs(*s.HoursPerMonth-hours) > 1e-9 || !s.TooFew {
			t.Errorf("stage %d: %+v, want %v seconds", k, s, seconds)
		}
		sum += *s.Share
	}
	if len(got) != 7 || math.Abs(sum-1) > 1e-12 {
		t.Errorf("%d stages, shares add up to %v", len(got), sum)
	}
}

func TestWhatIsUnknownOrBackwardsIsNoStage(t *testing.T) {
	unreviewed, backwards, late := wayAt(0), wayAt(0), wayAt(0)
	unreviewed.FirstReviewAt = 0
	backwards.FirstReviewAt = minute(70) // merged before
	late.StartAt = minute(35)            // a commit made during the review
	unfit := wayAt(0)
	unfit.StartAt = unfit.DeliveredAt + 1
	other := wayAt(0)
	other.DeliveredAt = stagePeriod().To
	got := StagesOf([]Way{unreviewed, backwards, late, unfit, other}, minute(0), stagePeriod())
	for _, c := range []struct {
		stage    int
		n        int
		p50      float64
		coverage float64
		negative int
	}{
		{0, 2, 600, 1, 0},          // late one: over before its clock started
		{1, 1, 3600, 2. / 3, 0},    // backwards: opened to review is 60 minutes
		{2, 1, 25 * 60, 2. / 3, 1}, // of the late one what is left of the review
		{3, 3, 40 * 60, 1, 0}, {6, 3, 70 * 60, 1, 0},
	} {
		s := got[c.stage]
		if s.N != c.n || s.P50 == nil || *s.P50 != c.p50 || math.Abs(*s.Coverage-c.coverage) > 1e-12 || s.Negative != c.negative {
			t.Errorf("%s: %+v, want %+v", s.Name, s, c)
		}
	}
}

func TestWithoutChangesNothingIsSaidOfStages(t *testing.T) {
	for _, ways := range [][]Way{nil, {{DeliveredAt: minute(5)}}} {
		for _, s := range StagesOf(ways, 0, stagePeriod()) {
			if s.N != 0 || s.P50 != nil || s.P90 != nil || s.CI != nil || s.Share != nil || s.HoursPerMonth != nil || s.Coverage != nil || !s.TooFew {
				t.Errorf("%+v", s)
			}
		}
	}
}

// scattered are changes over the days of the period, some without stamps.
func scattered(rng *rand.Rand, n int) []Way {
	ways := make([]Way, n)
	for i := range ways {
		w := wayAt(rng.IntN(5000) - 500)
		w.MergedAt = w.MergedAt.Add(time.Duration(rng.IntN(3000)) * time.Second)
		w.DeliveredAt = w.DeliveredAt.Add(time.Duration(rng.IntN(100000)) * time.Millisecond)
		w.StartAt = w.StartAt.Add(time.Duration(rng.IntN(40)) * time.Minute)
		for _, p := range []*plimsoll.Time{&w.FirstCommitAt, &w.FirstReviewAt, &w.BuiltAt, &w.StagedAt} {
			if rng.IntN(4) == 0 {
				*p = 0
			}
		}
		ways[i] = w
	}
	return ways
}

func TestStagesAreTheSameHoweverTheChangesAreDivided(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	p := stagePeriod()
	ways := scattered(rng, 500)
	want := StagesOf(ways, minute(0), p)
	rng.Shuffle(len(ways), func(i, j int) { ways[i], ways[j] = ways[j], ways[i] })
	var sum StageSample
	var spans [7][]int64
	for len(ways) > 0 {
		n := 1 + rng.IntN(len(ways))
		part := StageSampleOf(ways[:n], p)
		sum.Merge(part)
		for k := range spans {
			spans[k] = append(spans[k], part.Spans[k]...)
		}
		ways = ways[n:]
	}
	var all [7]Spans
	for k := range all {
		all[k] = SortSpans(spans[k])
	}
	if got := StagesFrom(sum, all, minute(0), p); !reflect.DeepEqual(got, want) {
		t.Errorf("in parts\n%+v\nat once\n%+v", got, want)
	}
}

func TestASeriesOfAStageSaysWhatTheStageSaysOfEachDay(t *testing.T) {
	ways := scattered(rand.New(rand.NewPCG(3, 4)), 300)
	p := stagePeriod()
	for k, stage := range plimsoll.Stages {
		if got, ok := StageMeasure(stage).StageOf(); got != k || !ok {
			t.Errorf("%s is stage %d, %v", StageMeasure(stage), got, ok)
		}
		for _, point := range StageSeries(k, ways, p, Day) {
			one := p
			one.Window = plimsoll.Window{From: point.From, To: point.To}
			want := StagesOf(ways, minute(0), one)[k]
			if point.N != want.N || !reflect.DeepEqual(point.Value, want.P50) || !reflect.DeepEqual(point.CI, want.CI) || point.TooFew != want.TooFew {
				t.Errorf("%s on %s: %+v, want %+v", stage, point.From, point, want)
			}
		}
	}
	for _, m := range []Measure{"lead_time_stage:", "lead_time_stage:sleep", LeadTime, "review"} {
		if _, ok := m.StageOf(); ok {
			t.Errorf("%s is taken for a stage", m)
		}
	}
}

func TestAWayIsTheJourneyOfTheBottleneck(t *testing.T) {
	late := wayAt(0)
	late.Group, late.StartAt, late.BuiltAt = 4, minute(35), 0
	want := Journey{Group: 4, Lead: 245 * 60e6, Spans: []int64{-3, -3, 25 * 60e6, -1, 50 * 60e6, 60 * 60e6, 70 * 60e6}}
	if got := late.Journey(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, start := range []plimsoll.Time{0, late.DeliveredAt + 1} {
		late.StartAt = start
		if got := late.Journey(); got.Lead != -1 {
			t.Errorf("from %s: %+v", start, got)
		}
	}
}
