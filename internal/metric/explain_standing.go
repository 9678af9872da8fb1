package metric

import (
	"strings"

	"github.com/plimsoll-dev/plimsoll"
)

func joined(words []string) string { return strings.Join(words, ", ") }

func durationFigure(d Durations) Figure {
	return Figure{Value: d.P50, CI: d.CI, N: d.N, TooFew: d.TooFew, Mean: d.Mean, Open: d.Open, Negative: d.Negative, Unstamped: d.Unstamped, Grade: d.Grade}
}

func shareFigure(ratio *float64, ci *Interval, k, n int, few bool) Figure {
	top, bottom := float64(k), float64(n)
	return Figure{Value: ratio, CI: ci, N: n, TooFew: few, Numerator: &top, Denominator: &bottom}
}

// spanned is the standing of something that took from begin to end.
func spanned(r Reason, begin, end plimsoll.Time) Standing {
	s := Standing{Reason: r, Timed: true, Span: int64(end - begin)}
	if s.Span < 0 {
		s.Reason = Negative
	}
	return s
}

// whyNotCounted is the reason of a deployment that is not counted.
func whyNotCounted(d *Deployment) Reason {
	switch {
	case d.Result == ResultRunning:
		return StillRunning
	case d.Result == ResultCanceled:
		return Canceled
	case d.Kind == KindRedeploy:
		return Redeploy
	case d.Result == ResultSuperseded:
		return Superseded
	}
	return NotReached
}

// judged wraps a measure over the judged deployments: why is what it says of one of them.
func judged(why func(*Case, *Deployment) Reason) func(*Case, *Deployment) Standing {
	return func(c *Case, d *Deployment) Standing {
		switch {
		case d.Judged:
			return Standing{Reason: why(c, d)}
		case !d.Counted:
			return Standing{Reason: whyNotCounted(d)}
		case d.Kind == KindRollback:
			return Standing{Reason: RollbackNotJudged}
		}
		return Standing{Reason: NotJudged}
	}
}

// whyNothingBrought is the reason of a deployment that delivered no change.
func whyNothingBrought(d *Deployment) Reason {
	switch {
	case !d.Counted:
		return whyNotCounted(d)
	case d.First:
		return FirstDeployment
	case !d.Contents:
		return UnknownContents
	case d.Result != ResultSuccess:
		return TakenBack
	}
	return NoNewChange
}

// broughtNothing lists the deployments whose changes cannot be known. What brought known changes, or
// nothing, is nothing to lead time: the changes themselves are listed.
func broughtNothing(_ *Case, d *Deployment) Standing {
	if d.Counted && d.OldestAt == 0 && (d.First || !d.Contents) {
		return Standing{Reason: whyNothingBrought(d)}
	}
	return Standing{}
}

// leadStanding says of a change what leadDurations makes of it, by the authored clock.
func leadStanding(c *Case, l *Lead) Standing {
	start, delivered := Authored.startOf(l), c.seen.Contains(l.DeliveredAt)
	switch {
	case c.seen.From >= c.seen.To, l.DeliveredAt != 0 && l.DeliveredAt < c.seen.From:
		return Standing{}
	case start == 0 && delivered:
		return Standing{Reason: NoStart}
	case start == 0:
		return Standing{}
	case delivered:
		return spanned(Delivered, start, l.DeliveredAt)
	case start >= c.seen.To:
		return Standing{}
	case l.DeliveredAt != 0:
		return Standing{Reason: DeliveredLater, Timed: true, Span: int64(l.DeliveredAt - start)}
	}
	return Standing{Reason: NotDelivered}
}

// restoreStanding says of a failure or incident what restoreDurations makes of it. over is the reason of
// one that ended.
func restoreStanding(over Reason) func(*Case, *Restore) Standing {
	return func(c *Case, r *Restore) Standing {
		switch {
		case r.FailedAt == 0 || r.FailedAt >= c.seen.To:
			return Standing{}
		case !c.seen.Contains(r.FailedAt):
			if r.RestoredAt != 0 && (r.RestoredAt < c.seen.From || r.RestoredAt < r.FailedAt) {
				return Standing{}
			}
			return Standing{Reason: BeganBefore}
		case !c.restored(*r):
			return Standing{Reason: NotRestored}
		}
		return spanned(over, r.FailedAt, r.RestoredAt)
	}
}
