package metric

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

// Journey is a delivered change with the time it spent in each stage, in microseconds.
type Journey struct {
	Group int64   // changes that were delivered together have the same: their times hang together
	Lead  int64   // from its start to its delivery; negative is unknown, and leaves the change out
	Spans []int64 // by stage, in the order of the names; negative, or not there, is unknown
}

// span is the time in a stage, and whether it is known.
func (j *Journey) span(stage int) (int64, bool) {
	if stage >= len(j.Spans) || j.Spans[stage] < 0 {
		return 0, false
	}
	return j.Spans[stage], true
}

// BottleneckFacts are what the bottleneck of a scope is found from.
type BottleneckFacts struct {
	Stages []string  // names, in the order of the way to production
	Now    []Journey // delivered in the window
	Past   []Journey // the scope's own, in the quarter before
	Rest   []Journey // of everybody else, in the window; none for the organisation
	Days   float64   // of the window
}

// Bottleneck says in which stage the time of a scope goes.
type Bottleneck struct {
	Changes int          `json:"changes"`
	Groups  int          `json:"groups"`  // deliveries: what is drawn anew for the intervals
	Slowest int          `json:"slowest"` // changes in the slowest tenth
	Unknown *float64     `json:"unknown"` // share of all lead time that no stage accounts for
	Stages  []StageShare `json:"stages"`
	// MostHours and MostSlow name the stage that holds most hours, and most of the time of the slowest
	// tenth: one where that is clear, several where another sample might have named another, none where
	// there is too little to say.
	MostHours []string `json:"most_hours"`
	MostSlow  []string `json:"most_slow"`
	Words     string   `json:"words"`
	WhatIf    []WhatIf `json:"what_if"`
}

// StageShare is what one stage takes. Times are in seconds, shares from 0 to 1.
type StageShare struct {
	Stage       string     `json:"stage"`
	N           int        `json:"n"`
	Coverage    float64    `json:"coverage"` // share of the changes that have both stamps
	P50         *float64   `json:"p50"`
	CI          *Interval  `json:"ci"` // of p50
	P90         *float64   `json:"p90"`
	HoursAMonth *float64   `json:"hours_a_month"` // of all changes together; a month is 30 days
	Share       *float64   `json:"share"`         // of the lead time of all changes
	ShareCI     *Interval  `json:"share_ci"`
	SlowShare   *float64   `json:"slow_share"` // of the lead time of the slowest tenth
	SlowCI      *Interval  `json:"slow_ci"`
	Past        Comparison `json:"past"` // of the median, with the quarter before
	Rest        Comparison `json:"rest"` // of the median, with everybody else: worse is slower than they are
}

const (
	resamples  = 400
	mostBlocks = 1000 // drawn anew; more deliveries are joined at random into this many
	sureOf     = 0.95
)

// BottleneckOf finds the stage that holds most hours and the one that holds most of the time of the
// slowest tenth: the changes whose lead time is at or above its 90th percentile.
//
// The intervals of shares are percentiles of a bootstrap that draws deliveries, not changes: the forty
// changes of one release waited together and are one observation of waiting. Draws have a fixed seed, and
// the same changes give the same answer in any order.
// Fewer than MinBand deliveries give values without intervals, and no stage is named.
//
// A time that is not known counts as nothing, so that hours and shares are lower bounds; Coverage and
// Unknown say how much may be missing.
func BottleneckOf(f BottleneckFacts, seed uint64) Bottleneck {
	now := known(f.Now)
	past, rest := known(f.Past), known(f.Rest)
	out := Bottleneck{Changes: len(now), Stages: make([]StageShare, len(f.Stages))}
	leads := make([]int64, len(now))
	for i := range now {
		leads[i] = now[i].Lead
	}
	sortSpans(leads)
	slow := int64(0)
	if p := Quantile(leads, 0.9); p != nil {
		slow = int64(*p)
	}
	b := blocksOf(now, len(f.Stages), slow)
	out.Groups, out.Slowest = b.groups, b.slowest
	total := b.total()
	for k := range out.Stages {
		s := &out.Stages[k]
		level := levelOf(now, k)
		s.Stage, s.N, s.P50, s.CI, s.P90 = f.Stages[k], int(level.N), level.Value, level.CI, stageQuantile(now, k, 0.9)
		if len(now) > 0 {
			s.Coverage = level.N / float64(len(now))
		}
		if s.N > 0 && f.Days > 0 {
			h := float64(total.hours[k]) / 3.6e6 / f.Days * 30
			s.HoursAMonth = &h
		}
		if s.N > 0 {
			s.Share, s.SlowShare = share(total.hours[k], total.lead), share(total.slow[k], total.slowLead)
		}
		m := Measure("stage_" + f.Stages[k])
		s.Past = Compare(m, levelOf(past, k), level)
		s.Rest = Compare(m, levelOf(rest, k), level)
	}
	if total.lead > 0 {
		u := 1.0
		for k := range out.Stages {
			u -= float64(total.hours[k]) / float64(total.lead)
		}
		u = max(u, 0)
		out.Unknown = &u
	}
	seen := slices.ContainsFunc(out.Stages, func(s StageShare) bool { return s.N > 0 })
	if b.groups >= MinBand && total.lead > 0 && seen {
		out.resample(b, rand.New(rand.NewPCG(seed, uint64(len(now)))))
	}
	out.say()
	for k := range f.Stages {
		out.WhatIf = append(out.WhatIf, whatIf(f.Stages[k], k, now, past, seed))
	}
	return out
}

// known leaves out changes without a lead time.
func known(js []Journey) []Journey {
	out := make([]Journey, 0, len(js))
	for _, j := range js {
		if j.Lead >= 0 {
			out = append(out, j)
		}
	}
	return out
}

func share(part, whole int64) *float64 {
	if whole <= 0 {
		return nil
	}
	v := float64(part) / float64(whole)
	return &v
}

func stageSpans(js []Journey, stage int) []int64 {
	var spans []int64
	for i := range js {
		if s, ok := js[i].span(stage); ok {
			spans = append(spans, s)
		}
	}
	sortSpans(spans)
	return spans
}

// levelOf is the median of a stage. Its interval is that of Woodruff (1952): the ranks between which the
// median lies if the changes of one delivery are not independent, from how unevenly deliveries lie on the
// two sides of it. With one change a delivery it is the interval between two order statistics. Fewer than
// MinBand deliveries have none.
func levelOf(js []Journey, stage int) Level {
	spans := stageSpans(js, stage)
	n := len(spans)
	out := Level{N: float64(n), TooFew: n < MinShown}
	if n == 0 {
		return out
	}
	middle := *Quantile(spans, 0.5)
	out.Value = seconds(middle)
	out.Spread = Spread(out.Value, seconds(*Quantile(spans, 0.9)))
	sides := map[int64]int{} // of each delivery, those above less those below
	for i := range js {
		if s, ok := js[i].span(stage); ok {
			sides[js[i].Group] += cmp.Compare(float64(s), middle)
		}
	}
	uneven := 0
	for _, d := range sides {
		uneven += d * d
	}
	effective := n * n / max(uneven, n)
	lo, _, ok := QuantileRanks(effective, 0.5)
	if !ok || len(sides) < MinBand {
		return out // how deliveries differ is not known from a few of them
	}
	half := (float64(effective+1)/2 - float64(lo)) / float64(effective) * float64(n)
	low, high := int(math.Floor(float64(n+1)/2-half)), int(math.Ceil(float64(n+1)/2+half))
	out.CI = Interval{float64(spans[max(low, 1)-1]), float64(spans[min(high, n)-1])}.scaled(1e6)
	return out
}

func stageQuantile(js []Journey, stage int, p float64) *float64 {
	if q := Quantile(stageSpans(js, stage), p); q != nil {
		return seconds(*q)
	}
	return nil
}

// block is what some deliveries add up to, in milliseconds: years of a million changes fit.
type block struct {
	hours, slow    []int64 // by stage
	lead, slowLead int64
}

func newBlock(stages int) block {
	return block{hours: make([]int64, stages), slow: make([]int64, stages)}
}

func (b *block) add(o *block, times int64) {
	for k := range b.hours {
		b.hours[k] += times * o.hours[k]
		b.slow[k] += times * o.slow[k]
	}
	b.lead += times * o.lead
	b.slowLead += times * o.slowLead
}

type blocks struct {
	all             []block
	stages          int
	groups, slowest int
}

// blocksOf joins the changes of a delivery, and deliveries where there are many. Slow is the lead time
// from which on a change belongs to the slowest tenth.
func blocksOf(js []Journey, stages int, slow int64) blocks {
	ids := make([]int64, len(js))
	for i := range js {
		ids[i] = js[i].Group
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	out := blocks{stages: stages, groups: len(ids), all: make([]block, min(len(ids), mostBlocks))}
	for i := range out.all {
		out.all[i] = newBlock(stages)
	}
	for i := range js {
		j := &js[i]
		at, _ := slices.BinarySearch(ids, j.Group)
		b := &out.all[at%len(out.all)]
		isSlow := j.Lead >= slow
		b.lead += j.Lead / 1000
		if isSlow {
			out.slowest++
			b.slowLead += j.Lead / 1000
		}
		for k := range stages {
			if s, ok := j.span(k); ok {
				b.hours[k] += s / 1000
				if isSlow {
					b.slow[k] += s / 1000
				}
			}
		}
	}
	return out
}

func (b blocks) total() block {
	sum := newBlock(b.stages)
	for i := range b.all {
		sum.add(&b.all[i], 1)
	}
	return sum
}

// resample draws the deliveries anew, and reads from the draws how far the shares can be trusted and how
// often each stage comes first.
func (out *Bottleneck) resample(b blocks, rng *rand.Rand) {
	n := len(out.Stages)
	shares, slows := make([][]float64, n), make([][]float64, n)
	first, firstSlow := make([]int, n), make([]int, n)
	for range resamples {
		sum := newBlock(n)
		for range b.all {
			sum.add(&b.all[rng.IntN(len(b.all))], 1)
		}
		for k := range n {
			if sum.lead > 0 {
				shares[k] = append(shares[k], float64(sum.hours[k])/float64(sum.lead))
			}
			if sum.slowLead > 0 {
				slows[k] = append(slows[k], float64(sum.slow[k])/float64(sum.slowLead))
			}
		}
		first[most(sum.hours)]++
		firstSlow[most(sum.slow)]++
	}
	for k := range n {
		if out.Stages[k].N > 0 {
			out.Stages[k].ShareCI, out.Stages[k].SlowCI = middle(shares[k]), middle(slows[k])
		}
	}
	out.MostHours, out.MostSlow = out.leaders(first), out.leaders(firstSlow)
}

// middle sorts draws and cuts a tail off each end.
func middle(draws []float64) *Interval {
	if len(draws) == 0 {
		return nil
	}
	slices.Sort(draws)
	return &Interval{*Quantile(draws, tail), *Quantile(draws, 1-tail)}
}

// most is the index of the greatest, the first of equals.
func most(xs []int64) int {
	best := 0
	for i, x := range xs {
		if x > xs[best] {
			best = i
		}
	}
	return best
}

// leaders are the stages that came first in sureOf of the draws, the most frequent first.
func (out *Bottleneck) leaders(first []int) (names []string) {
	order := make([]int, len(first))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(first[b], first[a]) })
	sum := 0
	for _, k := range order {
		if sum >= sureOf*resamples {
			break
		}
		names = append(names, out.Stages[k].Stage)
		sum += first[k]
	}
	return names
}

func (out *Bottleneck) say() {
	if len(out.MostHours) == 0 && out.Groups >= MinBand {
		out.Words = "no stage is known to take any time"
		return
	}
	if len(out.MostHours) == 0 {
		out.Words = fmt.Sprintf("too few deliveries to say: %d of %d", out.Groups, MinBand)
		return
	}
	out.Words = "most hours: " + strings.Join(out.MostHours, " or ") + "; most of the slowest tenth: " + strings.Join(out.MostSlow, " or ")
}
