package plimsoll

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Time is a point in time as microseconds since 1970-01-01 UTC: the form in
// which both databases keep it. The zero Time means unknown; nothing in this
// field happened in the first microsecond of 1970.
type Time int64

// Forever is the open end of a validity range.
const Forever Time = math.MaxInt64

// TimeOf converts t, cutting what is finer than a microsecond. The zero
// time.Time becomes the unknown Time.
func TimeOf(t time.Time) Time {
	if t.IsZero() {
		return 0
	}
	return Time(t.UnixMicro())
}

// Known reports whether the time is known.
func (t Time) Known() bool { return t != 0 }

// Std returns t in UTC. The unknown Time becomes the zero time.Time.
func (t Time) Std() time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(t)).UTC()
}

// Add returns t+d. An unknown time stays unknown.
func (t Time) Add(d time.Duration) Time {
	if t == 0 {
		return 0
	}
	return t + Time(d.Microseconds())
}

// Sub returns t−u as a duration. Both must be known.
func (t Time) Sub(u Time) time.Duration { return time.Duration(t-u) * time.Microsecond }

// Seconds returns t−u in seconds, the unit of every duration in the API.
func (t Time) Seconds(u Time) float64 { return float64(t-u) / 1e6 }

// String is RFC 3339 in UTC, or "" when unknown.
func (t Time) String() string {
	if t == 0 {
		return ""
	}
	return t.Std().Format(time.RFC3339Nano)
}

// MarshalJSON writes RFC 3339 in UTC, or null when unknown.
func (t Time) MarshalJSON() ([]byte, error) {
	if t == 0 {
		return []byte("null"), nil
	}
	b := make([]byte, 0, 32)
	b = append(b, '"')
	b = t.Std().AppendFormat(b, time.RFC3339Nano)
	return append(b, '"'), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (t *Time) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*t = 0
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	v, err := ParseTime(s)
	if err != nil {
		return err
	}
	*t = v
	return nil
}

// ParseTime reads RFC 3339; "" is the unknown Time.
func ParseTime(s string) (Time, error) {
	if s == "" {
		return 0, nil
	}
	v, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, fmt.Errorf("time %q: expected RFC 3339 like 2026-03-24T10:15:00Z", s)
	}
	if y := v.Year(); y < 1971 || y > 9000 {
		return 0, fmt.Errorf("time %q: expected a year between 1971 and 9000", s)
	}
	return TimeOf(v), nil
}

// First returns the earliest known time, or unknown if none is known.
func First(ts ...Time) Time {
	var out Time
	for _, t := range ts {
		if t != 0 && (out == 0 || t < out) {
			out = t
		}
	}
	return out
}

// Last returns the latest known time, or unknown if none is known.
func Last(ts ...Time) Time {
	var out Time
	for _, t := range ts {
		if t > out {
			out = t
		}
	}
	return out
}

// Or returns the first of t and us that is known, in the order given.
func (t Time) Or(us ...Time) Time {
	if t != 0 {
		return t
	}
	for _, u := range us {
		if u != 0 {
			return u
		}
	}
	return 0
}
