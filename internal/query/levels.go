package query

import (
	"context"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// level is the value of a measure among all of them.
func (m Measures) level(name metric.Measure) metric.Level {
	switch name {
	case metric.DeploymentFrequency:
		return m.DeploymentFrequency.Level()
	case metric.LeadTime:
		return m.LeadTime.Level()
	case metric.ChangeFailureRate:
		return m.ChangeFailureRate.Level()
	case metric.TimeToRestore:
		return m.TimeToRestore.Level()
	case metric.ReworkRate:
		return m.ReworkRate.Level()
	case metric.RollbackRate:
		return m.RollbackRate.Level()
	}
	return metric.Level{TooFew: true}
}

// BaselineAnswer is a baseline with what was asked.
type BaselineAnswer struct {
	Asked
	Baseline metric.Baseline `json:"baseline"`
}

// Baseline is the value of a measure over the window of a question, and whether
// a target can start from it.
func (d *Desk) Baseline(ctx context.Context, q Question, m metric.Measure) (BaselineAnswer, error) {
	if err := known("measure", m, metric.Measures); err != nil {
		return BaselineAnswer{}, err
	}
	all, err := d.Measures(ctx, q)
	if err != nil {
		return BaselineAnswer{}, err
	}
	return BaselineAnswer{all.Asked, all.baseline(m, q.Window)}, nil
}

func (m Measures) baseline(name metric.Measure, w plimsoll.Window) metric.Baseline {
	return metric.BaselineOf(name, w, m.DeploymentFrequency.Days, m.level(name))
}

// CompareAnswer sets every measure of a window against an earlier one.
type CompareAnswer struct {
	Asked
	EarlierFrom plimsoll.Time       `json:"earlier_from"`
	EarlierTo   plimsoll.Time       `json:"earlier_to"`
	Comparisons []metric.Comparison `json:"comparisons"`
}

// Compare sets the window of a question against an earlier one; the zero window
// is the one of the same length just before. The two must not overlap: what is
// in both would be compared with itself.
func (d *Desk) Compare(ctx context.Context, q Question, earlier plimsoll.Window) (CompareAnswer, error) {
	if earlier == (plimsoll.Window{}) {
		earlier = sameBefore(q.Window)
	}
	if earlier.To > q.Window.From {
		return CompareAnswer{}, plimsoll.FieldErrorf("earlier_to", "%s is after the start of the later window, %s; the two must not overlap",
			earlier.To, q.Window.From)
	}
	later, err := d.Measures(ctx, q)
	if err != nil {
		return CompareAnswer{}, err
	}
	q.Window = earlier
	past, err := d.Measures(ctx, q)
	if err != nil {
		return CompareAnswer{}, err
	}
	out := CompareAnswer{Asked: later.Asked, EarlierFrom: earlier.From, EarlierTo: earlier.To}
	for _, m := range metric.Measures {
		out.Comparisons = append(out.Comparisons, metric.Compare(m, past.level(m), later.level(m)))
	}
	return out, nil
}

// sameBefore is the window of the same length that ends where w begins.
func sameBefore(w plimsoll.Window) plimsoll.Window {
	return plimsoll.Window{From: max(w.From-(w.To-w.From), 1), To: w.From}
}

// TrendAnswer is the trend of one measure over weeks.
type TrendAnswer struct {
	Asked
	Trend  metric.Trend   `json:"trend"`
	Points []metric.Point `json:"points"`
}

// Trend is the course of a measure over the weeks of the window.
func (d *Desk) Trend(ctx context.Context, q Question, m metric.Measure) (TrendAnswer, error) {
	s, err := d.Series(ctx, q, m, metric.Week)
	if err != nil {
		return TrendAnswer{}, err
	}
	return TrendAnswer{s.Asked, metric.TrendOf(m, s.Points, d.zone), s.Points}, nil
}
