package metric

import (
	"fmt"
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
)

// MinBaselineDays is how many days of record a baseline needs.
const MinBaselineDays = MinBandDays

// lostHour is by how much 30 times 24 hours may fall short of 30 days where the clocks change.
const lostHour = 1.01 / 23

// Baseline is where a target starts from: the value of a measure over a window of record.
type Baseline struct {
	Measure Measure       `json:"measure"`
	From    plimsoll.Time `json:"from"`
	To      plimsoll.Time `json:"to"`
	Days    float64       `json:"days"` // of record in the window
	Level
	Valid bool   `json:"valid"`
	Words string `json:"words"`
}

// BaselineOf makes a baseline of the value that a measure had over a window, with as many days of record
// in it as deployment frequency counts. It is valid with MinBaselineDays days, a value, and enough
// observations for an interval; otherwise Words says what is missing.
func BaselineOf(m Measure, w plimsoll.Window, days float64, s Level) Baseline {
	out := Baseline{Measure: m, From: w.From, To: w.To, Days: days, Level: s}
	sh := shapeOf(m)
	switch {
	case days < MinBaselineDays-lostHour:
		out.Words = fmt.Sprintf("a baseline needs %d days of record; there are %s", MinBaselineDays, digits(out.Days))
	case s.Value == nil:
		out.Words = "nothing was measured in this window"
	case s.TooFew || s.CI == nil:
		out.Words = "too few to start from: " + sh.counted(s.N)
	default:
		out.Valid = true
		out.Words = fmt.Sprintf("%s (%s) over %s days", sh.say(*s.Value), sh.sayInterval(s.CI), digits(out.Days))
	}
	return out
}

// Goal is a value to be reached by a moment, in the unit of the measure.
type Goal struct {
	At    plimsoll.Time `json:"at"`
	Value float64       `json:"value"`
}

// Target is what a scope wants a measure to become: usually one goal in three months and one in six.
type Target struct {
	Measure  Measure  `json:"measure"`
	Baseline Baseline `json:"baseline"`
	Goals    []Goal   `json:"goals"` // in any order
}

// Status is where a target stands.
type Status string

// The states of a target.
const (
	OnTrack     Status = "on_track"
	OffTrack    Status = "off_track"
	Undecidable Status = "undecidable"
)

// Progress is the state of a target with what it rests on.
type Progress struct {
	Status  Status   `json:"status"`
	Words   string   `json:"words"`
	Path    *float64 `json:"path"` // what the measure should be by now
	Goal    *Goal    `json:"goal"` // the next one, or the last
	Current Level    `json:"current"`
	Needed  int      `json:"needed"` // observations to see the baseline become the goal; 0: not known
	Have    float64  `json:"have"`
}

// PathAt is what a measure should be at a moment: the value of the baseline until the end of its
// window, from there in a straight line from goal to goal, and the last goal's value after it. The line
// is straight in logarithms for durations and frequencies, since halving is as hard from four weeks as
// from four hours, and straight in the value for ratios, or where one of the values is not positive.
// It is nil without a valid baseline or without goals.
func (t Target) PathAt(at plimsoll.Time) *float64 {
	if !t.Baseline.Valid || len(t.Goals) == 0 {
		return nil
	}
	before := Goal{t.Baseline.To, *t.Baseline.Value}
	v := before.Value
	for _, g := range t.ordered() {
		if g.At <= before.At {
			before.Value, v = g.Value, g.Value // what was due by then is due
			continue
		}
		if at < g.At {
			if at > before.At {
				v = between(shapeOf(t.Measure), before, g, at)
			}
			return &v
		}
		before, v = g, g.Value
	}
	return &v
}

func (t Target) ordered() []Goal {
	goals := slices.Clone(t.Goals)
	slices.SortStableFunc(goals, func(a, b Goal) int { return int(min(max(a.At-b.At, -1), 1)) })
	return goals
}

func between(s shape, a, b Goal, at plimsoll.Time) float64 {
	share := float64(at-a.At) / float64(b.At-a.At)
	if s == asRatio || a.Value <= 0 || b.Value <= 0 {
		return a.Value + share*(b.Value-a.Value)
	}
	return a.Value * math.Pow(b.Value/a.Value, share)
}

// next is the first goal that is not due yet, or the last.
func (t Target) next(at plimsoll.Time) *Goal {
	goals := t.ordered()
	for i := range goals {
		if goals[i].At > at {
			return &goals[i]
		}
	}
	if len(goals) == 0 {
		return nil
	}
	return &goals[len(goals)-1]
}

// ProgressOf sets the value of a recent window, which must begin no earlier than the baseline ends,
// against the path at a moment. The baseline counts as the value it had; what is uncertain is where the
// measure stands now.
//
// The target is on track where the interval of the current value lies on the good side of the path, or
// reaches it and leaves the baseline behind; off track where the interval does not reach the path. It is
// undecidable where the interval holds both the path and the baseline, so that to have arrived and never
// to have left look the same, and where there is too little to have an interval.
func (t Target) ProgressOf(current Level, at plimsoll.Time) Progress {
	out := Progress{Status: Undecidable, Current: current, Have: current.N, Path: t.PathAt(at), Goal: t.next(at)}
	switch {
	case out.Goal == nil:
		out.Words = "the target has no goal"
		return out
	case !t.Baseline.Valid:
		out.Words = "no baseline: " + t.Baseline.Words
		return out
	}
	s, base := shapeOf(t.Measure), *t.Baseline.Value
	out.Needed = t.needed(base, out.Goal.Value, current.Spread)
	switch {
	case current.Value == nil:
		out.Words = "nothing was measured since the baseline"
		return out
	case current.TooFew || current.CI == nil:
		out.Words = "too few to say: " + s.counted(current.N) + out.enough(s, base)
		return out
	}
	// Turned so that less is better.
	path, low, high := *out.Path, current.CI[0], current.CI[1]
	if DirectionOf(t.Measure) == MoreIsBetter || DirectionOf(t.Measure) == NoDirection && out.Goal.Value > base {
		path, base, low, high = -path, -base, -high, -low
	}
	where := fmt.Sprintf("%s (%s), the path asks for %s", s.say(*current.Value), s.sayInterval(current.CI), s.say(*out.Path))
	switch {
	case low > path:
		out.Status, out.Words = OffTrack, where
	case high <= path || high < base:
		out.Status, out.Words = OnTrack, where
	default:
		out.Words = where + " and it began at " + s.say(*t.Baseline.Value) + ": both are within reach" +
			out.enough(s, *t.Baseline.Value)
	}
	return out
}

func (t Target) needed(from, to, spread float64) int {
	if spread == 0 {
		spread = t.Baseline.Spread
	}
	switch shapeOf(t.Measure) {
	case asRatio:
		return RatioNeeds(from, to)
	case aDay:
		return RateNeeds(from, to)
	}
	return MedianNeeds(from, to, spread)
}

// enough says how many observations it would take, where there are fewer.
func (p Progress) enough(s shape, from float64) string {
	if p.Needed == 0 || float64(p.Needed) <= p.Have {
		return ""
	}
	return fmt.Sprintf("; seeing %s become %s takes about %d %s; you have %s",
		s.say(from), s.say(p.Goal.Value), about(p.Needed), s.observations(), digits(p.Have))
}
