package metric

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// WhatIf is what the median lead time would be if one stage took what it took in the past. Times are in
// seconds.
type WhatIf struct {
	Stage    string    `json:"stage"`
	Median   *float64  `json:"median"` // of the stage now
	Past     *float64  `json:"past"`   // of the stage then
	P50      *float64  `json:"p50"`    // lead time now
	Would    *float64  `json:"would"`  // lead time then
	CI       *Interval `json:"ci"`     // of would
	Change   *float64  `json:"change"` // would less p50
	ChangeCI *Interval `json:"change_ci"`
	Verdict  Verdict   `json:"verdict"`
	Words    string    `json:"words"`
}

const (
	whatIfDraws = 200
	// whatIfMost bounds the changes that are drawn from: beyond it the interval is that of so many, which
	// is wider than it need be.
	whatIfMost = 2000
)

// whatIf brings a stage to the median it had in the past: every known span of it is multiplied by the
// ratio of the two medians, and the lead time of its change becomes shorter or longer by as much. That
// keeps what belongs together, the long reviews with the large changes; to replace a span by a random one
// of the past would take it apart, and to cap spans would change the tail more than the median. A change
// whose span is not known keeps its lead time.
//
// Both periods are drawn anew by delivery, with a fixed seed, and the medians, the ratio and the lead
// time computed from each draw; the interval holds the middle 95 % of them.
func whatIf(name string, stage int, now, past []Journey, seed uint64) WhatIf {
	out := WhatIf{Stage: name, Verdict: TooFew, Words: TooFew.words()}
	rng := rand.New(rand.NewPCG(seed, uint64(stage)+1))
	a, b := deliveriesOf(now, stage, rng), deliveriesOf(past, stage, rng)
	if a.spans < MinBand || b.spans < MinBand || len(a.groups) < MinBand || len(b.groups) < MinBand {
		return out
	}
	each := func(n int) int { return n }
	medianNow, medianPast := a.median(each), b.median(each)
	p50, would := a.leads(each, medianPast/max(medianNow, 1))
	if medianNow <= 0 {
		return out // nothing to make shorter
	}
	var woulds, changes []float64
	for range whatIfDraws {
		drawA := func(int) int { return rng.IntN(len(a.groups)) }
		picksA, picksB := picks(len(a.groups), drawA), picks(len(b.groups), func(int) int { return rng.IntN(len(b.groups)) })
		of := func(p []int) func(int) int { return func(n int) int { return p[n] } }
		m := a.median(of(picksA))
		if m <= 0 {
			continue
		}
		p, w := a.leads(of(picksA), b.median(of(picksB))/m)
		woulds, changes = append(woulds, w/1e6), append(changes, (w-p)/1e6)
	}
	out.Median, out.Past = seconds(medianNow), seconds(medianPast)
	out.P50, out.Would, out.Change = seconds(p50), seconds(would), seconds(would-p50)
	out.CI, out.ChangeCI = middle(woulds), middle(changes)
	if out.ChangeCI == nil {
		return out
	}
	out.Verdict = NoDetectableChange
	if out.ChangeCI[0] > 0 || out.ChangeCI[1] < 0 {
		out.Verdict = LessIsBetter.verdict(*out.Change > 0)
	}
	out.say()
	return out
}

func (w *WhatIf) say() {
	s := inSeconds
	if w.Verdict == NoDetectableChange {
		w.Words = fmt.Sprintf("if %s came to its median of the past, %s, there would be no detectable change of lead time", w.Stage, s.say(*w.Past))
		return
	}
	verb := "fall"
	if w.Verdict == Worse {
		verb = "rise"
	}
	w.Words = fmt.Sprintf("if %s came to its median of the past, %s instead of %s, lead time p50 would %s from %s to %s (%s)",
		w.Stage, s.say(*w.Past), s.say(*w.Median), verb, s.say(*w.P50), s.say(*w.Would), s.sayInterval(w.CI))
}

func picks(n int, draw func(int) int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = draw(i)
	}
	return out
}

// deliveries are the changes to draw from, by delivery.
type deliveries struct {
	stage  int
	groups [][]Journey
	spans  int // known ones of the stage

	first, second []float64 // to work in
}

// deliveriesOf groups changes in an order that does not depend on theirs, and leaves out deliveries at
// random where there are too many changes.
func deliveriesOf(js []Journey, stage int, rng *rand.Rand) deliveries {
	js = slices.Clone(js)
	slices.SortFunc(js, func(a, b Journey) int { return int(min(max(a.Group-b.Group, -1), 1)) })
	d := deliveries{stage: stage}
	for i := range js {
		if i == 0 || js[i].Group != js[i-1].Group {
			d.groups = append(d.groups, nil)
		}
		last := len(d.groups) - 1
		d.groups[last] = append(d.groups[last], js[i])
	}
	if len(js) > whatIfMost {
		rng.Shuffle(len(d.groups), func(i, j int) { d.groups[i], d.groups[j] = d.groups[j], d.groups[i] })
		n := 0
		for i, g := range d.groups {
			if n += len(g); n >= whatIfMost {
				d.groups = d.groups[:i+1]
				break
			}
		}
	}
	for _, g := range d.groups {
		for i := range g {
			if _, ok := g[i].span(stage); ok {
				d.spans++
			}
		}
	}
	return d
}

// median of the stage over the picked deliveries, in microseconds; 0 without any.
func (d *deliveries) median(pick func(int) int) float64 {
	spans := d.first[:0]
	for i := range d.groups {
		g := d.groups[pick(i)]
		for k := range g {
			if s, ok := g[k].span(d.stage); ok {
				spans = append(spans, float64(s))
			}
		}
	}
	d.first = spans
	return medianOf(spans)
}

// leads are the median lead time of the picked deliveries as it is, and with the stage multiplied.
func (d *deliveries) leads(pick func(int) int, factor float64) (is, would float64) {
	now, then := d.first[:0], d.second[:0]
	for i := range d.groups {
		g := d.groups[pick(i)]
		for k := range g {
			lead := float64(g[k].Lead)
			now = append(now, lead)
			if s, ok := g[k].span(d.stage); ok {
				lead = max(lead+float64(s)*(factor-1), 0)
			}
			then = append(then, lead)
		}
	}
	d.first, d.second = now, then
	return medianOf(now), medianOf(then)
}

// medianOf is the median of values that it puts into another order; 0 without any. It selects, since
// thousands of draws would sort for the sake of one value each.
func medianOf(xs []float64) float64 {
	if len(xs) == 0 {
		return 0
	}
	k := (len(xs) - 1) / 2
	sortUpTo(xs, k)
	if len(xs)%2 == 1 {
		return xs[k]
	}
	return (xs[k] + slices.Min(xs[k+1:])) / 2
}

// sortUpTo puts the value at k that a sort would, with none greater before it and none less after it
// (Hoare 1961).
func sortUpTo(xs []float64, k int) {
	lo, hi := 0, len(xs)-1
	for lo < hi {
		pivot := xs[lo+(hi-lo)/2]
		i, j := lo, hi
		for i <= j {
			for xs[i] < pivot {
				i++
			}
			for xs[j] > pivot {
				j--
			}
			if i <= j {
				xs[i], xs[j] = xs[j], xs[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return
		}
	}
}
