package metric

import (
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

// Way is one delivered change with the moments on its way.
type Way struct {
	StartAt     plimsoll.Time // where its clock starts
	DeliveredAt plimsoll.Time
	Group       int64 // changes that were delivered together have the same
	plimsoll.Stamps
}

// stages is how many there are.
const stages = 7

// What can be said of a stage instead of how long it took.
const (
	stageUnknown  = -1 - iota // a stamp is missing
	stageBackward             // it ended before it began
	stageEarlier              // it was over before the clock of the change started
)

// spans returns how long each stage took, in microseconds, or why nobody can say. What lies before the
// clock of the change started is left out: a commit made during the review was not waiting before.
func (w *Way) spans() (out [stages]int64) {
	d := plimsoll.Delivery{DeliveredAt: w.DeliveredAt, Stamps: w.Stamps}
	for k, ends := range d.Ends() {
		from, to := ends[0], ends[1]
		switch {
		case from == 0 || to == 0:
			out[k] = stageUnknown
		case from > to:
			out[k] = stageBackward
		case to < w.StartAt:
			out[k] = stageEarlier
		default:
			out[k] = int64(to - max(from, w.StartAt))
		}
	}
	return out
}

// Journey returns the way as BottleneckOf takes it. A lead time below zero, or one whose beginning is not
// known, is unknown: -1.
func (w *Way) Journey() Journey {
	spans := w.spans()
	j := Journey{Group: w.Group, Lead: -1, Spans: spans[:]}
	if w.StartAt.Known() && w.DeliveredAt >= w.StartAt {
		j.Lead = int64(w.DeliveredAt - w.StartAt)
	}
	return j
}

// StageTimes describes one stage of lead time. Times are in seconds, shares from 0 to 1. What is nil
// cannot be said: without a single value there is neither quantile nor share.
type StageTimes struct {
	Name          plimsoll.Stage `json:"name"`
	N             int            `json:"n"`
	P50           *float64       `json:"p50"`
	CI            *Interval      `json:"ci"` // of p50; nil below 6 values
	P90           *float64       `json:"p90"`
	Share         *float64       `json:"share"`           // of the lead time of all changes
	HoursPerMonth *float64       `json:"hours_per_month"` // of all changes together; a month is 30 days of record
	Coverage      *float64       `json:"coverage"`        // share of the changes that have both stamps
	Negative      int            `json:"negative,omitempty"`
	TooFew        bool           `json:"too_few"`
}

// StageSample is what delivered changes add up to, stage by stage, whatever they are divided into. Spans
// of several samples are put together as Runs, everything else is added up by Merge.
type StageSample struct {
	Changes     int            // delivered ones whose lead time is not negative
	Whole, Rest int64          // their lead time, in whole seconds and the microseconds beyond them
	Stamped     [stages]int    // those with both stamps of the stage
	Negative    [stages]int    // of them, those that ended before they began
	Stamps      StampCounts    // of all delivered changes
	Spans       [stages]Sorted // those that took some time, or none
}

// StampCounts says how many of the delivered changes have each stamp.
type StampCounts struct {
	Changes       int `json:"changes"`
	FirstCommit   int `json:"first_commit_at"`
	Opened        int `json:"opened_at"`
	FirstReview   int `json:"first_review_at"`
	Approved      int `json:"approved_at"`
	Merged        int `json:"merged_at"`
	Built         int `json:"built_at"`
	Staged        int `json:"staged_at"`
	Ready         int `json:"ready_at"`
	DeployStarted int `json:"deploy_started_at"`
}

func (c *StampCounts) add(s *plimsoll.Stamps) {
	c.Changes++
	c.FirstCommit += one(s.FirstCommitAt != 0)
	c.Opened += one(s.OpenedAt != 0)
	c.FirstReview += one(s.FirstReviewAt != 0)
	c.Approved += one(s.ApprovedAt != 0)
	c.Merged += one(s.MergedAt != 0)
	c.Built += one(s.BuiltAt != 0)
	c.Staged += one(s.StagedAt != 0)
	c.Ready += one(s.ReadyAt != 0)
	c.DeployStarted += one(s.DeployStartedAt != 0)
}

// ByName returns how many have each stamp, by the name of the stamp in the API.
func (c *StampCounts) ByName() map[string]int {
	return map[string]int{
		"first_commit_at": c.FirstCommit, "opened_at": c.Opened, "first_review_at": c.FirstReview, "approved_at": c.Approved,
		"merged_at": c.Merged, "built_at": c.Built, "staged_at": c.Staged, "ready_at": c.Ready, "deploy_started_at": c.DeployStarted,
	}
}

// Merge adds what other changes add up to.
func (c *StampCounts) Merge(o StampCounts) {
	c.Changes += o.Changes
	c.FirstCommit += o.FirstCommit
	c.Opened += o.Opened
	c.FirstReview += o.FirstReview
	c.Approved += o.Approved
	c.Merged += o.Merged
	c.Built += o.Built
	c.Staged += o.Staged
	c.Ready += o.Ready
	c.DeployStarted += o.DeployStarted
}

// StageSampleOf adds up the changes that were delivered in the window up to now.
func StageSampleOf(ways []Way, p Period) StageSample {
	var out StageSample
	w := p.observed()
	for i := range ways {
		if way := &ways[i]; w.Contains(way.DeliveredAt) {
			out.Add(way)
		}
	}
	for k := range out.Spans {
		sortSpans(out.Spans[k])
	}
	return out
}

// Add counts one delivered change. Its spans come last, in no order.
func (s *StageSample) Add(w *Way) {
	s.Stamps.add(&w.Stamps)
	lead := int64(w.DeliveredAt - w.StartAt)
	if w.StartAt == 0 || lead < 0 {
		return
	}
	s.Changes++
	s.Whole += lead / 1e6
	s.Rest += lead % 1e6
	for k, span := range w.spans() {
		s.Stamped[k] += one(span != stageUnknown)
		s.Negative[k] += one(span == stageBackward)
		if span >= 0 {
			s.Spans[k] = append(s.Spans[k], span)
		}
	}
}

// Merge adds what other changes add up to, but for their spans.
func (s *StageSample) Merge(o StageSample) {
	s.Changes += o.Changes
	s.Whole += o.Whole
	s.Rest += o.Rest
	s.Stamps.Merge(o.Stamps)
	for k := range s.Stamped {
		s.Stamped[k] += o.Stamped[k]
		s.Negative[k] += o.Negative[k]
	}
}

// StagesOf describes the stages of the changes that were delivered in the window up to now (definitions,
// section 2.6). First is the first deployment of the scope: hours are those of a month of 30 days, by the
// days of record in the window.
func StagesOf(ways []Way, first plimsoll.Time, p Period) []StageTimes {
	s := StageSampleOf(ways, p)
	var spans [stages]Spans
	for k := range s.Spans {
		spans[k] = s.Spans[k]
	}
	return StagesFrom(s, spans, first, p)
}

// StagesFrom makes the answer of StagesOf from what the changes add up to. Spans stand for those of the
// sample.
func StagesFrom(s StageSample, spans [stages]Spans, first plimsoll.Time, p Period) []StageTimes {
	days := Days(p.Record(first), p.zone())
	total := float64(s.Whole) + float64(s.Rest)/1e6
	out := make([]StageTimes, stages)
	for k := range out {
		t := &out[k]
		*t = StageTimes{Name: plimsoll.Stages[k], Negative: s.Negative[k], TooFew: true}
		if s.Changes > 0 {
			coverage := float64(s.Stamped[k]) / float64(s.Changes)
			t.Coverage = &coverage
		}
		if spans[k] == nil || spans[k].Len() == 0 {
			continue
		}
		t.N = spans[k].Len()
		t.TooFew = t.N < MinShown
		t.P50, t.P90, t.CI = spanQuantile(spans[k], 0.5), spanQuantile(spans[k], 0.9), medianInterval(spans[k])
		whole, rest := spans[k].Sum()
		sum := float64(whole) + float64(rest)/1e6
		if total > 0 {
			share := sum / total
			t.Share = &share
		}
		if days > 0 {
			hours := sum / hour / days * 30
			t.HoursPerMonth = &hours
		}
	}
	return out
}

// stagePrefix begins the name of the series of a stage: lead_time_stage:review.
const stagePrefix = "lead_time_stage:"

// StageMeasure is the measure of one stage, for a series of its median.
func StageMeasure(s plimsoll.Stage) Measure { return Measure(stagePrefix + string(s)) }

// StageMeasures lists those of all stages.
func StageMeasures() (out []Measure) {
	for _, s := range plimsoll.Stages {
		out = append(out, StageMeasure(s))
	}
	return out
}

// StageOf returns the stage that the measure is of, and whether it is of one.
func (m Measure) StageOf() (k int, ok bool) {
	name, ok := strings.CutPrefix(string(m), stagePrefix)
	if !ok {
		return 0, false
	}
	for k, s := range plimsoll.Stages {
		if string(s) == name {
			return k, true
		}
	}
	return 0, false
}

// StageSeries is Series of the median of one stage: each value is the p50 of StagesOf for the bucket as a
// window.
func StageSeries(stage int, ways []Way, p Period, unit Unit) []Point {
	l := locator{buckets: Buckets(p.Window, p.zone(), unit)}
	spans := make([][]int64, len(l.buckets))
	for i := range ways {
		w := &ways[i]
		if w.StartAt == 0 || w.DeliveredAt < w.StartAt || w.DeliveredAt >= p.End() {
			continue
		}
		if span := w.spans()[stage]; span >= 0 {
			if k := l.find(w.DeliveredAt); k >= 0 {
				spans[k] = append(spans[k], span)
			}
		}
	}
	return l.points(p, func(k int, pt *Point) { pt.median(SortSpans(spans[k])) })
}
