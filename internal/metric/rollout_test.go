package metric

import (
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

var april = Period{Window: plimsoll.Window{
	From: plimsoll.TimeOf(time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)), To: plimsoll.TimeOf(time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)),
}}

func on(day int) plimsoll.Time { return april.From.Add(time.Duration(day) * 24 * time.Hour) }

const aMinute = int64(time.Minute / time.Microsecond)

func figure(v *float64) float64 {
	if v == nil {
		return -1
	}
	return *v
}

func TestRolloutsTakeFromStartToFinishAndPausesApart(t *testing.T) {
	ds := []Deployment{
		{EndedAt: on(1), Counted: true, Result: ResultSuccess, Rollout: RolloutOf(10*aMinute, 4*aMinute, 10*aMinute)},
		{EndedAt: on(2), Counted: true, Result: ResultSuccess, Rollout: RolloutOf(20*aMinute, -1, -1)},
		{EndedAt: on(3), Counted: true, Result: ResultFailure, Rollout: RolloutOf(-1, -1, -1)},
		{EndedAt: on(4), Kind: KindRedeploy, Result: ResultSuccess, Rollout: RolloutOf(30*aMinute, 0, -1)},
		{EndedAt: on(5), Result: ResultCanceled, Rollout: RolloutOf(99*aMinute, -1, -1)},
		{EndedAt: on(100), Counted: true, Result: ResultSuccess, Rollout: RolloutOf(99*aMinute, -1, -1)}, // after the window
	}
	r := RolloutsOf(ds, april)
	got := r.Times()
	if got.N != 3 || figure(got.P50) != 1200 || figure(got.P95) != 1740 || figure(got.Coverage) != 0.75 || !got.TooFew {
		t.Errorf("took %+v", got)
	}
	if got.WaitingN != 2 || figure(got.WaitingP50) != 120 || figure(got.ActiveP50) != 1080 {
		t.Errorf("waited %+v", got)
	}
	if full := r.FullRollout(); full.N != 1 || figure(full.P50) != 600 || figure(full.P90) != 600 {
		t.Errorf("to all traffic %+v", full)
	}
	if none := RolloutsOf(nil, april); none.Times().P50 != nil || none.Times().Coverage != nil || none.FullRollout().P50 != nil {
		t.Error("nothing has figures")
	}
}

func TestCanaryPassRateLeavesOutWhatDecidedNothing(t *testing.T) {
	var runs []Analysis
	for phase, n := range map[string]int{"successful": 6, "failed": 1, "error": 1, "inconclusive": 3, "running": 2, "nonsense": 5} {
		for range n {
			runs = append(runs, Analysis{At: on(3), Phase: PhaseOf(phase)})
		}
	}
	runs = append(runs, Analysis{At: on(-1), Phase: PhaseFailed}, Analysis{At: april.To, Phase: PhaseFailed})
	got := CanaryPassOf(runs, april)
	if figure(got.Ratio) != 0.75 || got.Passed != 6 || got.Failed != 2 || got.Errors != 1 || got.Inconclusive != 3 || got.Running != 2 || got.N != 8 || got.TooFew {
		t.Errorf("got %+v", got)
	}
	if none := CanaryPassOf(runs[:0], april); none.Ratio != nil || none.CI != nil {
		t.Errorf("nothing has a rate: %+v", none)
	}
}

func TestRestorationIsTakenApartByItsStamps(t *testing.T) {
	at := func(minutes int64) plimsoll.Time { return on(1) + plimsoll.Time(minutes*aMinute) }
	got := RestoreStagesOf([]Restoration{
		{FailedAt: at(0), DetectedAt: at(10), DiagnosedAt: at(30), FixBegunAt: at(60), FixEndedAt: at(70), ResolvedAt: at(100)},
		{FailedAt: at(0), DetectedAt: at(20)},
		{FailedAt: at(0), FixBegunAt: at(50), FixEndedAt: at(40)}, // runs backwards
		{FailedAt: on(-3), DetectedAt: at(0)},                     // failed before the window
	}, april)
	for k, want := range []struct {
		name               RestoreStage
		n, negative        int
		p50, share, covers float64
	}{
		{"detect", 2, 0, 900, 30.0 / 120, 2.0 / 3}, {"diagnose", 1, 0, 1200, 20.0 / 120, 1.0 / 3}, {"fix", 1, 0, 1800, 30.0 / 120, 1.0 / 3},
		{"deploy_fix", 1, 1, 600, 10.0 / 120, 1.0 / 3}, {"recover", 1, 0, 1800, 30.0 / 120, 1.0 / 3},
	} {
		s := got[k]
		if s.Name != want.name || s.N != want.n || s.Negative != want.negative || figure(s.P50) != want.p50 || figure(s.Share) != want.share || figure(s.Coverage) != want.covers {
			t.Errorf("%s: %+v, want %+v", want.name, s, want)
		}
	}
}

func TestReactionComparesTheWeeksAroundAFailure(t *testing.T) {
	every := func(days int, from, to int) (out []plimsoll.Time) {
		for d := from; d < to; d += days {
			out = append(out, on(d))
		}
		return out
	}
	counted := func(ends []plimsoll.Time) func(plimsoll.Window) int {
		return func(w plimsoll.Window) int { return CountIn(ends, w) }
	}
	steady := Serviced{First: on(-50), Counted: counted(every(1, 0, 90)), Failures: []plimsoll.Time{on(40) + 1}}
	held := Serviced{First: on(-50), Counted: counted(append(every(1, 0, 40), every(7, 41, 90)...)), Failures: []plimsoll.Time{on(40)}}
	got := ReactionOf([]Serviced{steady}, april)
	if got.Failures != 1 || got.Before != 28 || got.After != 14 || figure(got.Ratio) != 1 || !got.TooFew || got.Reading != nil {
		t.Errorf("who goes on as before: %+v", got)
	}
	var many []Serviced
	for range 6 {
		many = append(many, held)
	}
	got = ReactionOf(many, april)
	if got.Failures != 6 || got.Before != 168 || got.After != 12 || got.CI == nil || got.CI[1] >= 1 || got.Reading == nil || *got.Reading != "fewer deployments after a failure: overcorrection" {
		t.Errorf("who holds back: %+v", got)
	}
	for name, s := range map[string]Serviced{
		"another one soon after":   {First: on(-50), Failures: []plimsoll.Time{on(40), on(45)}},
		"the window ends too soon": {First: on(-50), Failures: []plimsoll.Time{on(85)}},
		"the record is too young":  {First: on(30), Failures: []plimsoll.Time{on(40)}},
		"too early in the window":  {First: on(-50), Failures: []plimsoll.Time{on(20)}},
	} {
		if got := ReactionOf([]Serviced{s}, april); got.Failures != 0 || got.TooClose+got.TooShort == 0 || got.Ratio != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestPacesAreADistributionOverThoseWithARecord(t *testing.T) {
	got := PacesOf([]Paced{{on(0), 91}, {on(0), 0}, {on(-9), 182}, {on(80), 50}, {}}, april)
	if got.N != 3 || figure(got.Min) != 0 || figure(got.P50) != 1 || figure(got.Max) != 2 {
		t.Errorf("got %+v", got)
	}
	if none := PacesOf(nil, april); none.N != 0 || none.P50 != nil {
		t.Errorf("nobody has a pace: %+v", none)
	}
}

func TestSeriesOfRolloutsAndCanariesAreThoseOfTheirBuckets(t *testing.T) {
	ds := []Deployment{{EndedAt: on(1), Counted: true, Rollout: RolloutOf(aMinute, -1, 2*aMinute)}, {EndedAt: on(35), Counted: true, Rollout: RolloutOf(3*aMinute, -1, -1)}}
	runs := []Analysis{{At: on(1), Phase: PhaseSuccessful}, {At: on(2), Phase: PhaseFailed}}
	for _, c := range []struct {
		name string
		got  []Point
		want [3]float64
	}{
		{"duration", RolloutSeries(DeploymentDuration, ds, april, Month), [3]float64{60, 180, -1}},
		{"all traffic", RolloutSeries(TimeToFullRollout, ds, april, Month), [3]float64{120, -1, -1}},
		{"canaries", CanarySeries(runs, april, Month), [3]float64{0.5, -1, -1}},
	} {
		for k, p := range c.got {
			if figure(p.Value) != c.want[k] {
				t.Errorf("%s, month %d: %v, want %v", c.name, k, figure(p.Value), c.want[k])
			}
		}
		if len(c.got) != 3 {
			t.Errorf("%s has %d months", c.name, len(c.got))
		}
	}
	if RolloutSeries(LeadTime, ds, april, Month) != nil {
		t.Error("lead time is no roll-out")
	}
}
