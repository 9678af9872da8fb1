package app

import (
	"context"
	"time"
)

// CatchUp waits until the facts include everything that is in the log now, and
// returns 0. It gives up when they have not moved for the time of patience (a
// derivation that is set aside holds them back), and returns by how many events
// they are behind. A verb that opens the data of a server which was killed, or
// of an import that failed, would else answer from facts that are not made yet.
func (a *App) CatchUp(ctx context.Context, patience time.Duration) (behind int64, err error) {
	_, target, err := a.desk.Position(ctx)
	if err != nil {
		return 0, err
	}
	last, moved := int64(-1), time.Now()
	for {
		changed := a.db.Changed()
		facts, _, err := a.desk.Position(ctx)
		switch {
		case err != nil:
			return 0, err
		case facts >= target:
			return 0, nil
		case facts > last:
			last, moved = facts, time.Now()
		}
		rest := time.Until(moved.Add(patience))
		if rest <= 0 {
			return target - facts, nil
		}
		select {
		case <-changed:
		case <-time.After(min(rest, 100*time.Millisecond)): // others may fold a database
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}
