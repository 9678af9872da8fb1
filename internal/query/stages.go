package query

import (
	"context"
	"hash/fnv"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// loadWays reads the way of every change that was delivered. Only production
// delivers.
func loadWays(tx *store.Tx, f store.Filter) (*columns, error) {
	c := &columns{}
	if !f.Production {
		return c, nil
	}
	groups := map[string]int64{}
	err := tx.StagePoints(f, func(p store.StagePoint) {
		group, ok := groups[p.Deployment]
		if !ok {
			h := fnv.New64a()
			_, _ = h.Write([]byte(p.Deployment))
			group = int64(h.Sum64())
			groups[p.Deployment] = group
		}
		c.ways = append(c.ways, metric.Way{StartAt: p.StartAt, DeliveredAt: p.DeliveredAt, Group: group, Stamps: p.Stamps})
	})
	return c, err
}

// waysOf are the ways of the changes of a filter: of its window, and perhaps of
// more.
func (d *Desk) waysOf(tx *store.Tx, f store.Filter, position int64) ([]metric.Way, error) {
	c, err := d.columns(&d.ways, loadWays, tx, f, position)
	if err != nil {
		return nil, err
	}
	return c.ways, nil
}

// readWays returns the facts of a question with the ways of its changes.
func (d *Desk) readWays(ctx context.Context, q Question) (in facts, position int64, err error) {
	f, err := q.filter()
	if err != nil {
		return in, 0, err
	}
	err = d.view(ctx, q.MinSeq, func(tx *store.Tx, at int64) (err error) {
		position = at
		if in, err = d.facts(tx, f, at); err != nil {
			return err
		}
		if in.quality.Incidents, in.quality.WithService, err = tx.IncidentCounts(f); err != nil {
			return err
		}
		in.ways, err = d.waysOf(tx, f, at)
		return err
	})
	return in, position, err
}
