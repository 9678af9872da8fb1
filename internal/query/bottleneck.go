package query

import (
	"context"
	"hash/fnv"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// BottleneckAnswer says in which stage the time of a scope goes.
type BottleneckAnswer struct {
	Asked
	EarlierFrom plimsoll.Time     `json:"earlier_from"` // the past ends where the window begins
	Cut         bool              `json:"cut"`          // there were more changes than are looked at; the latest were
	Bottleneck  metric.Bottleneck `json:"bottleneck"`
}

// mostWays bounds the changes of each of the three: the scope, its past, the
// others.
const mostWays = 200_000

// bottleneckSeed makes the draws the same whoever asks.
const bottleneckSeed = 1

// Bottleneck finds the stage that takes most of the lead time in a window,
// against the window of the same length before it and against everybody else.
// Lead time is that of production, whatever the environment.
func (d *Desk) Bottleneck(ctx context.Context, q Question) (BottleneckAnswer, error) {
	if q.Environment != "" && q.Environment != "production" {
		return BottleneckAnswer{}, plimsoll.FieldErrorf("environment", "%q; lead time ends in production", q.Environment)
	}
	f, err := q.filter()
	if err != nil {
		return BottleneckAnswer{}, err
	}
	past := sameBefore(q.Window)
	out := BottleneckAnswer{EarlierFrom: past.From}
	p := d.period(q)
	now := metric.BottleneckFacts{Days: metric.Days(plimsoll.Window{From: p.From, To: p.End()}, d.zone)}
	for _, s := range plimsoll.Stages {
		now.Stages = append(now.Stages, string(s))
	}
	err = d.answer(ctx, q, func(tx *store.Tx, q Question, position int64) (err error) {
		out.Asked = d.asked(q, position)
		read := func(f store.Filter, skip func(*plimsoll.Delivery) bool) (js []metric.Journey, err error) {
			n := 0
			err = tx.Ways(f, mostWays+1, func(w plimsoll.Delivery) {
				if n++; n > mostWays {
					out.Cut = true
				} else if skip == nil || !skip(&w) {
					js = append(js, journeyOf(&w))
				}
			})
			return js, err
		}
		if now.Now, err = read(f, nil); err != nil {
			return err
		}
		f.Window = past
		if now.Past, err = read(f, nil); err != nil || f.Service == "" && f.Team == "" {
			return err
		}
		now.Rest, err = read(store.Filter{Window: q.Window}, func(w *plimsoll.Delivery) bool {
			return f.Service != "" && w.Service == f.Service || f.Team != "" && w.Team == f.Team
		})
		return err
	})
	if err != nil {
		return BottleneckAnswer{}, err
	}
	out.Bottleneck = metric.BottleneckOf(now, bottleneckSeed)
	return out, nil
}

// journeyOf groups by the deployment that delivered: what came together waited
// together. Its stages are those that measures show: of each counts what lies
// after the clock of the change started.
func journeyOf(w *plimsoll.Delivery) metric.Journey {
	h := fnv.New64a()
	h.Write([]byte(w.Deployment))
	way := metric.Way{StartAt: w.StartAt, DeliveredAt: w.DeliveredAt, Group: int64(h.Sum64()), Stamps: w.Stamps}
	return way.Journey()
}
