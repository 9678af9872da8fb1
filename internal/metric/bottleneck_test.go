package metric

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

var stageNames = []string{"coding", "pickup", "review", "build", "staging", "wait", "deploy"}

// way makes changes whose stages take, in the median, the given hours; the spread is that of real ones.
// Changes come in deliveries of four, which share the last three stages.
func way(seed uint64, n int, hours ...float64) []Journey {
	rng := rand.New(rand.NewPCG(seed, 2))
	var out []Journey
	var shared []int64
	for i := range n {
		j := Journey{Group: int64(i / 4)}
		for k, h := range hours {
			span := int64(h * 3.6e9 * math.Exp(0.8*rng.NormFloat64()))
			if k < len(hours)-3 {
				j.Spans = append(j.Spans, span)
				continue
			}
			if i%4 == 0 && k == len(hours)-3 {
				shared = nil
			}
			if i%4 == 0 {
				shared = append(shared, span)
			}
			j.Spans = append(j.Spans, shared[k-len(hours)+3])
		}
		for _, s := range j.Spans {
			j.Lead += s
		}
		out = append(out, j)
	}
	return out
}

func TestBottleneck(t *testing.T) {
	now := way(1, 400, 4, 3, 20, 0.3, 1, 6, 0.2)
	past := way(2, 400, 4, 3, 5, 0.3, 1, 6, 0.2)
	rest := way(3, 2000, 4, 3, 5, 0.3, 1, 6, 0.2)
	got := BottleneckOf(BottleneckFacts{Stages: stageNames, Now: now, Past: past, Rest: rest, Days: 90}, 1)
	if !slices.Equal(got.MostHours, []string{"review"}) || !slices.Equal(got.MostSlow, []string{"review"}) {
		t.Errorf("most %v and %v", got.MostHours, got.MostSlow)
	}
	if got.Changes != 400 || got.Groups != 100 || got.Slowest != 40 || *got.Unknown > 1e-6 {
		t.Errorf("%d changes in %d, %d slow, %v unknown", got.Changes, got.Groups, got.Slowest, *got.Unknown)
	}
	sum, hours, all := 0.0, 0.0, 0.0
	for _, j := range now {
		all += float64(j.Lead) / 3.6e9
	}
	for _, s := range got.Stages {
		sum += *s.Share
		hours += *s.HoursAMonth
		if s.ShareCI[0] > *s.Share || s.ShareCI[1] < *s.Share || s.SlowCI == nil || s.Coverage != 1 || s.N != 400 {
			t.Errorf("%s: %s", s.Stage, asJSON(t, s))
		}
		want := NoDetectableChange
		if s.Stage == "review" {
			want = Worse
		}
		if s.Past.Verdict != want || s.Rest.Verdict != want {
			t.Errorf("%s: %s than in the past, %s than others", s.Stage, s.Past.Words, s.Rest.Words)
		}
	}
	near(t, "shares", sum, 1, 1e-6)
	near(t, "hours", hours, all/90*30, 1e-6)

	review := got.WhatIf[2]
	if review.Verdict != Better || *review.Would >= *review.P50 || review.CI[0] > *review.Would || review.CI[1] < *review.Would ||
		!strings.HasPrefix(review.Words, "if review came to its median of the past, ") || !strings.Contains(review.Words, "lead time p50 would fall from ") {
		t.Errorf("what if: %s", asJSON(t, review))
	}
	// What the truth would be: the same changes with the reviews of the past.
	_, truth := deliveriesOf(way(1, 400, 4, 3, 5, 0.3, 1, 6, 0.2), 2, nil).both()
	if review.CI[0] > truth || review.CI[1] < truth {
		t.Errorf("it would be %v, and is said to be in %v", truth, *review.CI)
	}
	for k, w := range got.WhatIf {
		if k != 2 && w.Verdict == Better && *w.Change < -3600 {
			t.Errorf("%s: %s", w.Stage, w.Words)
		}
	}
}

func (d deliveries) both() (float64, float64) {
	is, would := d.leads(func(n int) int { return n }, 1)
	return is / 1e6, would / 1e6
}

// Two stages that take about the same are not told apart.
func TestBottleneck_unclear(t *testing.T) {
	got := BottleneckOf(BottleneckFacts{Stages: stageNames, Now: way(4, 120, 1, 1, 6, 0.3, 1, 6, 0.2), Days: 30}, 1)
	if len(got.MostHours) != 2 || !slices.Contains(got.MostHours, "review") || !slices.Contains(got.MostHours, "wait") {
		t.Errorf("most %v: %s", got.MostHours, got.Words)
	}
	for _, s := range got.Stages {
		if s.Past.Verdict != TooFew || s.Rest.Verdict != TooFew {
			t.Errorf("%s is compared with nothing", s.Stage)
		}
	}
	for _, w := range got.WhatIf {
		if w.Verdict != TooFew || w.Would != nil {
			t.Errorf("what if: %s", asJSON(t, w))
		}
	}
}

// The slow ones may wait elsewhere than the rest.
func TestBottleneck_slowest(t *testing.T) {
	now := way(5, 400, 1, 1, 10, 0.3, 0.1, 0.5, 0.2)
	for i := range now {
		if i%40 < 4 { // one delivery of ten
			now[i].Spans[5] += 60 * 3600 * 1e6
			now[i].Lead += 60 * 3600 * 1e6
		}
	}
	got := BottleneckOf(BottleneckFacts{Stages: stageNames, Now: now, Days: 90}, 1)
	if got.MostHours[0] != "review" || !slices.Equal(got.MostSlow, []string{"wait"}) {
		t.Errorf("most %v and %v", got.MostHours, got.MostSlow)
	}
}

func TestBottleneck_unknown(t *testing.T) {
	now := way(6, 200, 4, 3, 20, 0.3, 1, 6, 0.2)
	for i := range now {
		now[i].Spans[2] = -1
		if i%2 == 0 {
			now[i].Spans = now[i].Spans[:3]
		}
	}
	now = append(now, Journey{Group: 999, Lead: -1, Spans: []int64{1e15}})
	got := BottleneckOf(BottleneckFacts{Stages: stageNames, Now: now, Days: 30}, 1)
	if s := got.Stages[2]; s.N != 0 || s.Coverage != 0 || s.P50 != nil || s.P90 != nil || s.HoursAMonth != nil || s.Share != nil || s.ShareCI != nil {
		t.Errorf("review is not known: %s", asJSON(t, s))
	}
	if s := got.Stages[5]; s.N != 100 || s.Coverage != 0.5 {
		t.Errorf("wait is known by half: %s", asJSON(t, s))
	}
	if got.Changes != 200 || *got.Unknown < 0.4 || *got.Unknown > 0.95 {
		t.Errorf("%d changes, %v unknown", got.Changes, *got.Unknown)
	}
}

func TestBottleneck_few(t *testing.T) {
	for _, n := range []int{0, 1, 36} {
		got := BottleneckOf(BottleneckFacts{Stages: stageNames, Now: way(7, n, 4, 3, 20, 0.3, 1, 6, 0.2), Days: 30}, 1)
		if got.MostHours != nil || got.MostSlow != nil || !strings.HasPrefix(got.Words, "too few deliveries to say") {
			t.Errorf("%d changes: %s", n, got.Words)
		}
		if (got.Unknown == nil) != (n == 0) || got.Stages[0].ShareCI != nil {
			t.Errorf("%d changes: %s", n, asJSON(t, got.Stages[0]))
		}
	}
	blind := way(9, 60, 1, 1, 1, 1, 1, 1, 1)
	for i := range blind {
		blind[i].Spans = nil
	}
	if got := BottleneckOf(BottleneckFacts{Stages: stageNames, Now: blind, Days: 30}, 1); got.MostHours != nil || *got.Unknown != 1 {
		t.Errorf("no stage is known: %v, %s", got.MostHours, got.Words)
	}
	if got := BottleneckOf(BottleneckFacts{}, 1); got.Changes != 0 || len(got.Stages) != 0 {
		t.Errorf("out of nothing: %s", asJSON(t, got))
	}
	same := make([]Journey, 50)
	for i := range same {
		same[i] = Journey{Group: int64(i), Spans: []int64{0}}
	}
	got := BottleneckOf(BottleneckFacts{Stages: []string{"coding"}, Now: same, Past: same, Days: 30}, 1)
	if got.Unknown != nil || got.Stages[0].Share != nil || got.MostHours != nil || got.WhatIf[0].Verdict != TooFew {
		t.Errorf("all at once: %s", asJSON(t, got))
	}
}

func TestBottleneck_order(t *testing.T) {
	f := BottleneckFacts{Stages: stageNames, Now: way(8, 2100, 4, 3, 20, 0.3, 1, 6, 0.2), Past: way(9, 300, 4, 3, 9, 0.3, 1, 6, 0.2), Days: 90}
	want := asJSON(t, BottleneckOf(f, 1))
	rng := rand.New(rand.NewPCG(1, 1))
	for range 2 {
		rng.Shuffle(len(f.Now), func(i, j int) { f.Now[i], f.Now[j] = f.Now[j], f.Now[i] })
		rng.Shuffle(len(f.Past), func(i, j int) { f.Past[i], f.Past[j] = f.Past[j], f.Past[i] })
		if got := asJSON(t, BottleneckOf(f, 1)); got != want {
			t.Fatalf("another order gives\n%s\nwant\n%s", got, want)
		}
	}
	if asJSON(t, BottleneckOf(f, 2)) == want {
		t.Error("the seed does nothing")
	}
}

// The interval of a share holds the truth about as often as it says, and without counting deliveries it
// would not.
func TestBottleneckCoverage(t *testing.T) {
	const rounds = 150
	// The truth from many changes.
	hours := []float64{4, 3, 10, 0.3, 1, 12, 0.2}
	many := BottleneckOf(BottleneckFacts{Stages: stageNames, Now: way(10, 40_000, hours...), Days: 90}, 1)
	hit, cells := 0, 0
	for r := range rounds {
		now := way(uint64(100+r), 160, hours...)
		b := blocksOf(now, len(stageNames), math.MaxInt64)
		out := Bottleneck{Stages: make([]StageShare, len(stageNames))}
		for k := range out.Stages {
			out.Stages[k].N = len(now)
		}
		out.resample(b, rand.New(rand.NewPCG(1, uint64(r))))
		for _, k := range []int{2, 5} {
			cells++
			if ci, truth := out.Stages[k].ShareCI, *many.Stages[k].Share; ci[0] <= truth && truth <= ci[1] {
				hit++
			}
		}
	}
	c := float64(hit) / float64(cells)
	t.Logf("the interval of a share covers %.3f with 40 deliveries", c)
	if c < 0.88 || c > 0.99 {
		t.Errorf("the interval of a share covers %.3f", c)
	}
}

// Two quarters that do not differ must rarely look as if they did, also where four changes share a span.
func TestBottleneckFalseAlarms(t *testing.T) {
	const rounds = 200
	hours := []float64{4, 3, 10, 0.3, 1, 12, 0.2}
	for stage, limit := range map[int]float64{2: 0.065, 5: 0.075} {
		alarms := 0
		for r := range rounds {
			a, b := levelOf(way(uint64(2*r), 160, hours...), stage), levelOf(way(uint64(2*r+1), 160, hours...), stage)
			if v := Compare(LeadTime, a, b).Verdict; v == Better || v == Worse {
				alarms++
			}
		}
		share := float64(alarms) / rounds
		t.Logf("%s: %.4f false alarms", stageNames[stage], share)
		if share > limit {
			t.Errorf("%s: %.4f false alarms", stageNames[stage], share)
		}
	}
}
