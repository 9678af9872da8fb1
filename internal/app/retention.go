package app

import (
	"context"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Retention is the part of the configuration that says what is dropped, and
// when. No number of today changes by any of it.
type Retention struct {
	// BodyDays is how long the originals of deliveries are kept, for decoding
	// them again; 0 is for ever, unset is 90 days.
	BodyDays *float64 `yaml:"raw_bodies_days"`
	// BodyMB is how many MB of originals are kept at most, as received; 0 sets
	// no bound.
	BodyMB float64 `yaml:"raw_bodies_mb"`
	// AsOfDays is how far back it can be asked what was known then; 0 is to the
	// beginning.
	AsOfDays float64 `yaml:"as_of_days"`
}

const defaultBodyDays = 90

// Compacted says what was dropped.
type Compacted struct {
	Versions, Moments, Bodies int64
	Horizon                   plimsoll.Time // from which on it can be asked what was known; unknown when it is the beginning
}

// A pass holds the writer for one transaction of this many rows, about twenty
// milliseconds; between two of them whoever waits to write goes first.
const (
	compactRows   = 200
	compactPeriod = time.Hour
)

// Compact drops what the retention allows to drop, in small portions.
func (a *App) Compact(ctx context.Context, r Retention) (out Compacted, err error) {
	org, err := a.db.Org(ctx, defaultOrg)
	if err != nil {
		return out, err
	}
	now := plimsoll.TimeOf(a.now())
	ago := func(days float64) plimsoll.Time { return now.Add(-time.Duration(days * 24 * float64(time.Hour))) }
	portion := func(fn func(tx *store.Tx) (more bool, err error)) error {
		for more := true; more; {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := org.Update(ctx, func(tx *store.Tx) (err error) { more, err = fn(tx); return err }); err != nil {
				return err
			}
		}
		return nil
	}
	if r.AsOfDays > 0 {
		var h store.Moment
		err := org.View(ctx, func(tx *store.Tx) (err error) { h, err = tx.Horizon(ago(r.AsOfDays)); return err })
		if err != nil {
			return out, err
		}
		if h.Seq > 0 {
			out.Horizon = h.At
			// The moments go first: what cannot be asked for is refused, before
			// anything that it would be answered from is gone.
			err := portion(func(tx *store.Tx) (bool, error) {
				n, err := tx.DropMoments(h.Seq, compactRows)
				out.Moments += n
				return n >= compactRows, err
			})
			if err != nil {
				return out, err
			}
			err = portion(func(tx *store.Tx) (bool, error) {
				n, err := tx.DropVersions(h.Seq, compactRows)
				out.Versions += int64(n)
				return n >= compactRows, err
			})
			if err != nil {
				return out, err
			}
		}
	}
	days := float64(defaultBodyDays)
	if r.BodyDays != nil {
		days = *r.BodyDays
	}
	var before plimsoll.Time
	if days > 0 {
		before = ago(days)
	}
	var upTo int64
	err = org.View(ctx, func(tx *store.Tx) (err error) {
		upTo, err = tx.BodiesBefore(before, int64(r.BodyMB*1e6))
		return err
	})
	if err != nil {
		return out, err
	}
	err = portion(func(tx *store.Tx) (bool, error) {
		n, more, err := tx.DropBodies(upTo, compactRows)
		out.Bodies += n
		return more, err
	})
	return out, err
}

func (a *App) now() time.Time {
	if a.demo != nil {
		return a.demo.now()
	}
	return a.opt.Now()
}

// compactNowAndThen compacts until ctx ends, at the beginning and every hour.
func (a *App) compactNowAndThen(ctx context.Context, r Retention) {
	tick := time.NewTicker(compactPeriod)
	defer tick.Stop()
	for {
		c, err := a.Compact(ctx, r)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			a.opt.Log.Error("compact", "err", err)
		case c.Versions+c.Moments+c.Bodies > 0:
			a.opt.Log.Info("compacted", "versions", c.Versions, "moments", c.Moments, "bodies", c.Bodies, "as_of_from", c.Horizon)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
