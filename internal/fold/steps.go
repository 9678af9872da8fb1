package fold

import (
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Steps say at the ends of which spans the facts are made complete while the
// log is folded again, so that what was known then can be asked for. Each step
// costs a derivation of what changed in it.
type Steps struct {
	Every string         // "quarter" of an hour, "hour", "day", "month", or "none"
	Zone  *time.Location // in which days and months end; nil is UTC
}

// StepNames are the spans that Steps knows.
var StepNames = []string{"none", "month", "day", "hour", "quarter"}

func (s Steps) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

func (s Steps) check() error {
	for _, n := range StepNames {
		if s.Every == n {
			return nil
		}
	}
	return plimsoll.FieldErrorf("steps", "%q; expected none, month, day, hour or quarter", s.Every)
}

// quarter is the step in which new events are folded: the facts are complete at
// the end of every quarter of an hour, and so at the end of every day in every
// zone. Events are folded as they come, so that this costs nothing.
const quarter = 15 * time.Minute

// apart reports whether two events must not be folded together, by the times
// they were received. A span holds its end: what was received at midnight was
// known at midnight.
func (s Steps) apart(before, after plimsoll.Time) bool {
	if after <= before {
		return false
	}
	a, b := before.Std().Add(-time.Microsecond).In(s.zone()), after.Std().Add(-time.Microsecond).In(s.zone())
	switch s.Every {
	case "month":
		return a.Year() != b.Year() || a.Month() != b.Month()
	case "day":
		return a.Year() != b.Year() || a.YearDay() != b.YearDay()
	case "hour":
		return a.Hour() != b.Hour() || after.Sub(before) > time.Hour
	case "quarter":
		return !a.Truncate(quarter).Equal(b.Truncate(quarter))
	}
	return false
}

// replay is a refold under way: events up to until are folded in its steps.
type replay struct {
	until int64
	steps Steps
}

func readReplay(r store.Replay) (replay, error) {
	if r.Until == 0 {
		return replay{}, nil
	}
	zone, err := time.LoadLocation(r.Zone)
	if err != nil {
		return replay{}, fmt.Errorf("refold: zone %q: %w", r.Zone, err)
	}
	return replay{until: r.Until, steps: Steps{Every: r.Steps, Zone: zone}}, nil
}

// portion cuts records where the facts have to be complete in between. latest
// is when the last event that was applied and not derived from was received,
// and then the last of the portion.
func (f *Folder) portion(records []plimsoll.Record, latest plimsoll.Time) ([]plimsoll.Record, plimsoll.Time, bool) {
	for i, r := range records {
		steps := Steps{Every: "quarter"}
		if r.Seq <= f.replay.until {
			steps = f.replay.steps
		}
		if latest != 0 && steps.apart(latest, r.RecordedAt) {
			return records[:i], latest, true
		}
		latest = max(latest, r.RecordedAt)
	}
	return records, latest, false
}
