package cells

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// What is packed of changes that were delivered together gives back what they add up to, whatever is
// missing, in the wrong order, or no whole second.
func TestPackedWaysAddUpToTheirChanges(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for round := range 3000 {
		var list []way
		var want metric.StageSample
		at := plimsoll.Time(1.7e15)
		unit := []plimsoll.Time{1, 1e6}[r.IntN(2)]
		shared := at - plimsoll.Time(r.Int64N(1e10))*unit/1e6
		moment := func() plimsoll.Time {
			switch r.IntN(5) {
			case 0:
				return 0
			case 1:
				return shared
			}
			return at - plimsoll.Time(r.Int64N(40*86400)-7200)*1e6 - plimsoll.Time(r.Int64N(3))*(1e6-unit)/1e6
		}
		for range 1 + r.IntN(9) {
			y := metric.Way{StartAt: moment(), DeliveredAt: at, Stamps: plimsoll.Stamps{
				FirstCommitAt: moment(), OpenedAt: moment(), FirstReviewAt: moment(), ApprovedAt: moment(), MergedAt: moment(),
				BuiltAt: moment(), StagedAt: moment(), ReadyAt: moment(), DeployStartedAt: moment(),
			}}
			list = append(list, way{at: int64(at), Way: y})
			want.Add(&y)
		}
		var c ways
		c.fill(list, func(string) uint16 { return 0 })
		got := gathered{only: every}
		for range 2 { // twice: it adds to what is there
			got = gathered{only: every}
			c.collect(pick{&block{teams: []string{""}}, everyTeam}, plimsoll.Window{From: at, To: at + 1}, &got)
		}
		for k := range want.Spans {
			spans := &metric.Runs{}
			got.spans[k].runs(spans.Add)
			var have []int64
			for v, n := range spans.Ascend() {
				have = append(have, slices.Repeat([]int64{v}, n)...)
			}
			sorted := metric.SortSpans(want.Spans[k])
			if !slices.Equal(have, []int64(sorted)) {
				t.Fatalf("round %d, stage %d: %v, want %v", round, k, have, sorted)
			}
			want.Spans[k] = nil
		}
		if !reflect.DeepEqual(got.StageSample, want) {
			t.Fatalf("round %d: %+v, want %+v", round, got.StageSample, want)
		}
		if again := c.rows([]string{""}, func(int64) bool { return true }); len(again) != 1 || again[0].at != int64(at) {
			t.Fatalf("round %d: %d moments", round, len(again))
		}
	}
}

func TestSpansOfKnowWhatIsUnknown(t *testing.T) {
	for _, list := range [][]int64{{}, {-1, -1}, {-1, 5e6, 0}, {-1, 5, 7e6}, {1 << 52, -1}, {(1<<32 - 1) * 1e6, -1}} {
		c := packSpans(list)
		for i, want := range list {
			if got := c.at(i); got != want {
				t.Errorf("%v: at %d there is %d, want %d", list, i, got, want)
			}
		}
	}
	if c := packSpans([]int64{-1, -1}); c.bytes() != 0 {
		t.Errorf("nothing known takes %d bytes", c.bytes())
	}
}

// The regions of one release are one, in every window and for every team.
func TestReleasesAreCountedOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for round := range 300 {
		d := &draft{name: "checkout"}
		for range r.IntN(60) {
			x := row{ended: int64(1+r.IntN(90)) * 1e6, team: []string{"a", "b"}[r.IntN(2)]}
			if r.IntN(5) > 0 {
				x.mark = markCounted
			}
			if r.IntN(3) > 0 {
				x.release = int64(1 + r.IntN(12))
			}
			d.rows = append(d.rows, x)
		}
		b := d.block()
		for range 10 {
			w := plimsoll.Window{From: plimsoll.Time(r.IntN(90)) * 1e6, To: plimsoll.Time(r.IntN(99)) * 1e6}
			p := pick{b, r.IntN(len(b.teams)+1) - 1}
			want, seen := 0, map[int64]bool{}
			for _, x := range d.rows {
				if x.mark != markCounted || !w.Contains(plimsoll.Time(x.ended)) || p.team != everyTeam && b.teams[p.team] != x.team {
					continue
				}
				if x.release == 0 || !seen[x.release] {
					want++
				}
				seen[x.release] = true
			}
			if got := p.releases(w); got != want {
				t.Fatalf("round %d: %d releases in %v for %d, want %d", round, got, w, p.team, want)
			}
		}
	}
}
