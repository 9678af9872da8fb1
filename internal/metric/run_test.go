package metric

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A class begins where the one before it ends, and holds what begins in it.
func TestClasses(t *testing.T) {
	for c := range classes {
		from, to := classFrom(c), classFrom(c+1)
		if from >= to || classOf(uint32(from)) != c || classOf(uint32(to-1)) != c {
			t.Fatalf("class %d is %d to %d, whose ends are in %d and %d", c, from, to, classOf(uint32(from)), classOf(uint32(to-1)))
		}
	}
	if classFrom(0) != 0 || classFrom(classes) != 1<<32 || classOf(math.MaxUint32) != classes-1 {
		t.Errorf("the classes go from %d to %d", classFrom(0), classFrom(classes))
	}
}

// drawn are durations as they come: bunched, tied, of all sizes, whole seconds or not.
func drawn(rng *rand.Rand, n int, whole bool) []int64 {
	out := make([]int64, n)
	scale := []float64{3, 100, 1e5, 3e6}[rng.IntN(4)]
	for i := range out {
		out[i] = int64(rng.ExpFloat64()*scale) * 1e6
		if !whole && rng.IntN(3) > 0 {
			out[i] += rng.Int64N(1e6)
		}
		if rng.IntN(500) == 0 {
			out[i] = binSpan(rng.IntN(len(binEnds)))
		}
		if !whole && rng.IntN(2000) == 0 {
			out[i] = math.MaxInt64 / 4
		}
	}
	return out
}

func binSpan(i int) int64 { return int64(binEnds[i] * 1e6) }

// However durations are cut into runs and groups, the figures are those of one sorted list, bit for bit.
func TestRunsAreOneList(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	for round := range 150 {
		whole := round%3 > 0
		all := drawn(rng, 1+rng.IntN([]int{20, 800, 9000}[round%3]), whole)
		var s Runs
		rest := slices.Clone(all)
		for len(rest) > 0 {
			var group []*Run
			for range 1 + rng.IntN(4) {
				n := min(len(rest), rng.IntN(1+rng.IntN(2000)))
				r := NewRun(SortSpans(slices.Clone(rest[:n])))
				if rng.IntN(3) > 0 {
					r.Tabled()
				}
				group = append(group, r)
				rest = rest[n:]
			}
			if rng.IntN(2) == 0 {
				s.AddGroup(NewGroup(group))
				continue
			}
			for _, r := range group {
				s.Add(r)
			}
		}
		want := SortSpans(slices.Clone(all))
		same(t, rng, &s, want)
		same(t, rng, NewRun(want), want)
		if whole {
			seconds := make([]uint32, len(all))
			for i, v := range all {
				seconds[i] = uint32(v / 1e6)
			}
			same(t, rng, RunOfSeconds(seconds), want)
		}
	}
}

func same(t *testing.T, rng *rand.Rand, got, want Spans) {
	t.Helper()
	if got.Len() != want.Len() {
		t.Fatalf("%d durations, want %d", got.Len(), want.Len())
	}
	for range 40 {
		k := rng.IntN(want.Len())
		if got.At(k) != want.At(k) {
			t.Fatalf("number %d of %d is %d, want %d", k, want.Len(), got.At(k), want.At(k))
		}
		for _, v := range []int64{want.At(k), want.At(k) + 1, want.At(k) - 1, binSpan(rng.IntN(len(binEnds)))} {
			if got.Below(v) != want.Below(v) {
				t.Fatalf("%d are below %d, want %d", got.Below(v), v, want.Below(v))
			}
		}
	}
	var values [2][]int64
	for i, s := range []Spans{got, want} {
		for v, n := range s.Ascend() {
			values[i] = append(values[i], v, int64(n))
		}
	}
	if !slices.Equal(values[0], values[1]) {
		t.Fatalf("in order they are %v, want %v", values[0], values[1])
	}
	gotText, wantText := asJSON(t, Sample{Spans: got, Open: 1}.leads(nil)), asJSON(t, Sample{Spans: want, Open: 1}.leads(nil))
	if gotText != wantText {
		t.Fatalf("runs say\n%s\nand one list\n%s", gotText, wantText)
	}
}

func TestRunReplace(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 12))
	for range 50 {
		keep, gone, come := drawn(rng, rng.IntN(2000), true), drawn(rng, rng.IntN(50), true), drawn(rng, rng.IntN(50), rng.IntN(2) == 0)
		before := NewRun(SortSpans(append(slices.Clone(keep), gone...)))
		after, ok := before.Replace(SortSpans(gone), SortSpans(come))
		want := SortSpans(append(keep, come...))
		if !ok || after.Len() != len(want) {
			t.Fatalf("%d of %d are left (%v), want %d", after.Len(), before.Len(), ok, len(want))
		}
		if len(want) > 0 {
			same(t, rng, after, want)
		}
	}
	if _, ok := NewRun([]int64{1, 3}).Replace([]int64{2}, nil); ok {
		t.Error("what was not there has gone")
	}
}

// Deployments may be divided in any way: what the parts add up to is the same.
func TestTalliesAddUp(t *testing.T) {
	y := simulate(4, 900, 0, 0, 5)
	var whole, merged Tally
	parts := make([]Tally, 7)
	for i := range y.deployments {
		whole.Add(&y.deployments[i])
		parts[i*i%7].Add(&y.deployments[i])
	}
	for _, p := range parts {
		merged.Merge(p)
	}
	if merged != whole {
		t.Errorf("the parts add up to %+v, the whole is %+v", merged, whole)
	}
	for _, p := range parts {
		merged.Without(p)
	}
	if merged != (Tally{}) {
		t.Errorf("without its parts there is left %+v", merged)
	}
	p := period("2024-01-01", "2027-01-01", "2026-02-01", t, time.UTC)
	if got, want := asJSON(t, whole.ReworkRate(nil)), asJSON(t, ReworkOf(y.deployments, p, nil)); got != want {
		t.Errorf("rework from the tally %s, from the rows %s", got, want)
	}
}
