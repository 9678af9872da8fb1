package query

import (
	"context"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Target is a target with where it stands.
type Target struct {
	ID          string          `json:"id"`
	Scope       string          `json:"scope"`
	Environment string          `json:"environment"`
	Measure     metric.Measure  `json:"measure"`
	Note        string          `json:"note,omitempty"`
	Baseline    metric.Baseline `json:"baseline"`
	Goals       []metric.Goal   `json:"goals"`
	From        plimsoll.Time   `json:"from"` // the window of the current value
	To          plimsoll.Time   `json:"to"`
	metric.Progress
}

// TargetList is every target of a scope.
type TargetList struct {
	Position int64         `json:"position"`
	At       plimsoll.Time `json:"at"` // the moment they are judged at
	Targets  []Target      `json:"targets"`
}

// TargetSpan is how far the current value of a measure reaches back, if nothing
// else is asked for: as long as the shortest baseline.
const TargetSpan = metric.MinBaselineDays * 24 * time.Hour

// CheckTarget refuses a target that could never be judged.
func CheckTarget(t plimsoll.TargetReport) error {
	if err := t.Check(); err != nil {
		return err
	}
	m := metric.Measure(t.Measure)
	if err := known("measure", m, metric.Measures); err != nil {
		return err
	}
	for _, g := range t.Goals {
		if metric.IsRatio(m) && g.Value > 1 {
			return plimsoll.FieldErrorf("goals", "%v; %s is a ratio from 0 to 1", g.Value, m)
		}
	}
	if t.BaselineTo.Sub(t.BaselineFrom) < metric.MinBaselineDays*24*time.Hour-time.Hour {
		return plimsoll.FieldErrorf("baseline", "%s to %s is less than %d days", t.BaselineFrom, t.BaselineTo, metric.MinBaselineDays)
	}
	scope, err := plimsoll.ParseScope(t.Scope)
	if err != nil {
		return err
	}
	_, err = Question{Scope: scope}.filter()
	return err
}

// Targets says where the targets stand at the moment of asking: those of a
// scope, or all if scope is "". The current value is that of the last span,
// from the end of the baseline on at most.
func (d *Desk) Targets(ctx context.Context, scope string, span time.Duration, minSeq int64) (TargetList, error) {
	out := TargetList{At: d.Now(), Targets: []Target{}}
	var reports []plimsoll.TargetReport
	err := d.view(ctx, minSeq, func(tx *store.Tx, position int64) (err error) {
		out.Position = position
		reports, err = tx.Targets()
		return err
	})
	if err != nil {
		return out, err
	}
	for _, r := range reports {
		if r.Dropped != nil && *r.Dropped || CheckTarget(r) != nil {
			continue
		}
		s, _ := plimsoll.ParseScope(r.Scope)
		if scope != "" && s.String() != scope {
			continue
		}
		t, err := d.target(ctx, r, s, out.At, span)
		if err != nil {
			return out, err
		}
		out.Targets = append(out.Targets, t)
	}
	return out, nil
}

// HasTarget refuses an id that no target has: one that is dropped under a
// mistyped name would go on.
func (d *Desk) HasTarget(ctx context.Context, id string) error {
	return d.view(ctx, 0, func(tx *store.Tx, _ int64) error {
		reports, err := tx.Targets()
		if err != nil {
			return err
		}
		names := make([]string, 0, len(reports))
		for _, r := range reports {
			if r.ID == id {
				return nil
			}
			names = append(names, r.ID)
		}
		e := plimsoll.FieldErrorf("id", "no target %q", id)
		if near := plimsoll.Nearest(id, names); near != "" {
			e = plimsoll.FieldErrorf("id", "no target %q; did you mean %s?", id, near)
		}
		e.Code = plimsoll.CodeNotFound
		return e
	})
}

func (d *Desk) target(ctx context.Context, r plimsoll.TargetReport, scope plimsoll.Scope, now plimsoll.Time, span time.Duration) (Target, error) {
	m := metric.Measure(r.Measure)
	q := Question{Scope: scope, Environment: r.Environment, Window: plimsoll.Window{From: r.BaselineFrom, To: r.BaselineTo}}
	was, err := d.Measures(ctx, q)
	if err != nil {
		return Target{}, err
	}
	out := Target{
		ID: r.ID, Scope: was.Scope, Environment: was.Environment, Measure: m, Note: r.Note,
		Baseline: was.baseline(m, q.Window), From: max(now.Add(-span), r.BaselineTo), To: now,
	}
	for _, g := range r.Goals {
		out.Goals = append(out.Goals, metric.Goal{At: g.At, Value: g.Value})
	}
	level := metric.Level{TooFew: true}
	if out.From < out.To {
		q.Window = plimsoll.Window{From: out.From, To: out.To}
		is, err := d.Measures(ctx, q)
		if err != nil {
			return Target{}, err
		}
		level = is.level(m)
	}
	out.Progress = metric.Target{Measure: m, Baseline: out.Baseline, Goals: out.Goals}.ProgressOf(level, now)
	return out, nil
}
