package plimsoll

import (
	"math"
	"time"
)

// TargetReport is what a scope wants a measure to become: an act of our own,
// which only its endpoint writes. The value that it starts from is that of the
// measure over the baseline window, as far as it is known when somebody asks.
type TargetReport struct {
	ID           string `json:"id"`
	Scope        string `json:"scope,omitempty"`       // as Scope.String writes it
	Environment  string `json:"environment,omitempty"` // "" is the production class
	Measure      string `json:"measure,omitempty"`
	BaselineFrom Time   `json:"baseline_from,omitzero"`
	BaselineTo   Time   `json:"baseline_to,omitzero"`
	Goals        []Goal `json:"goals,omitempty"`
	Note         string `json:"note,omitempty"`
	Dropped      *bool  `json:"dropped,omitempty"` // nobody wants it any more; what was said of it stays
}

// Goal is a value that a measure is to have by a moment: deployments a day,
// seconds, or a ratio from 0 to 1.
type Goal struct {
	At    Time    `json:"at"`
	Value float64 `json:"value"`
}

// Over lays the stated fields of later over t.
func (t TargetReport) Over(later TargetReport) TargetReport {
	set(&t.ID, later.ID)
	set(&t.Scope, later.Scope)
	set(&t.Environment, later.Environment)
	set(&t.Measure, later.Measure)
	set(&t.BaselineFrom, later.BaselineFrom)
	set(&t.BaselineTo, later.BaselineTo)
	set(&t.Note, later.Note)
	set(&t.Dropped, later.Dropped)
	if later.Goals != nil {
		t.Goals = later.Goals
	}
	return t
}

// The bounds of a target.
const (
	mostGoals = 12
	mostNote  = 1000
)

// Check reports what is wrong with a whole target, as an error about a field.
// Whether there is such a measure is not known here.
func (t TargetReport) Check() error {
	switch {
	case t.ID == "":
		return FieldErrorf("id", "missing; expected a name of the target")
	case len(t.ID) > 200:
		return FieldErrorf("id", "%d characters; at most 200 are kept", len(t.ID))
	case t.Measure == "":
		return FieldErrorf("measure", "missing; expected one like change_failure_rate")
	case !t.BaselineFrom.Known() || !t.BaselineTo.Known():
		return FieldErrorf("baseline", "missing; expected from and to of the window that the target starts from")
	case t.BaselineFrom >= t.BaselineTo:
		return FieldErrorf("baseline", "from %s is not before to %s", t.BaselineFrom, t.BaselineTo)
	case len(t.Goals) == 0:
		return FieldErrorf("goals", "missing; expected values with the dates they are due, usually in 3 and in 6 months")
	case len(t.Goals) > mostGoals:
		return FieldErrorf("goals", "%d of them; at most %d", len(t.Goals), mostGoals)
	case len(t.Note) > mostNote:
		return FieldErrorf("note", "%d characters; at most %d", len(t.Note), mostNote)
	}
	for _, g := range t.Goals {
		switch {
		case g.At <= t.BaselineTo:
			return FieldErrorf("goals", "%s is not after the end of the baseline, %s", g.At, t.BaselineTo)
		case !(g.Value >= 0) || math.IsInf(g.Value, 1):
			return FieldErrorf("goals", "%v is no value; expected a number, 0 or greater", g.Value)
		}
	}
	_, err := ParseScope(t.Scope)
	return err
}

// ParseMoment reads a moment as ParseWindow reads the ends of a window: a date
// of the zone, a time, now, or now-30d.
func ParseMoment(field, s string, now Time, zone *time.Location) (Time, error) {
	if s == "" {
		return 0, FieldErrorf(field, "missing; expected a date or a time")
	}
	return parseMoment(field, s, now, zone)
}
