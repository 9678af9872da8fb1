package metric

import (
	"math/rand/v2"
	"testing"
)

// Spans that are taken in as a list count as those taken in one by one, and one that is missing, or of
// another length, is noticed.
func TestStandingsOfListsAddUpAsOneByOne(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	for round := range 200 {
		var list []uint32
		var all []int64
		alone, together := &Standings{}, &Standings{}
		for range 1 + r.IntN(60) {
			seconds := uint32(r.IntN(40))
			list = append(list, seconds)
			all = append(all, int64(seconds)*1e6)
			alone.Add(Standing{Reason: Delivered, Timed: true, Span: int64(seconds) * 1e6})
		}
		for range r.IntN(3) {
			s := Standing{Reason: Delivered, Timed: true, Span: r.Int64N(40e6)}
			all = append(all, s.Span)
			alone.Add(s)
			together.Add(s)
		}
		cut := r.IntN(len(list) + 1)
		together.AddSeconds(Delivered, list[:cut])
		together.AddSeconds(Delivered, list[cut:])
		fig := durationFigure(Sample{Spans: SortSpans(all)}.Durations(LeadTime, nil))
		if err := alone.Check(fig); err != nil {
			t.Fatalf("round %d, one by one: %v", round, err)
		}
		if err := together.Check(fig); err != nil {
			t.Fatalf("round %d, as lists: %v", round, err)
		}
		list[r.IntN(len(list))]++
		if together.Check(fig) == nil {
			t.Fatalf("round %d: a second more adds up too", round)
		}
		fig.Mean = nil
		for i := range list {
			list[i] += 100
		}
		if together.Check(fig) == nil && *fig.Value < 40 {
			t.Fatalf("round %d: the median of other spans is the same", round)
		}
		short := *alone
		short.AddSame(Delivered, 1)
		fig.N++
		if short.Check(fig) == nil {
			t.Fatalf("round %d: a value that is not known adds up too", round)
		}
	}
}
