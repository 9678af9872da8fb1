package source

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Time is a time as tools write it: RFC 3339, one of the forms of GitLab, or
// seconds since 1970. null, "" and the first moment of the year 1 are unknown.
type Time plimsoll.Time

// UnmarshalJSON reads a time.
func (t *Time) UnmarshalJSON(b []byte) error {
	*t = 0
	if string(b) == "null" || string(b) == `""` || string(b) == "0" {
		return nil
	}
	if len(b) > 0 && b[0] != '"' {
		var seconds int64
		if err := json.Unmarshal(b, &seconds); err != nil || seconds < 0 || seconds > 1e11 {
			return fmt.Errorf("%.40s is not a time", b)
		}
		*t = Time(plimsoll.TimeOf(time.Unix(seconds, 0)))
		return nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	got, err := ParseTime(s)
	*t = Time(got)
	return err
}

// ParseTime reads a time in one of the forms that tools write.
func ParseTime(s string) (plimsoll.Time, error) {
	for _, layout := range layouts {
		if at, err := time.Parse(layout, s); err == nil {
			if at.Year() < 1971 {
				return 0, nil // how some tools write that there is none
			}
			if at.Year() > 9998 {
				break
			}
			return plimsoll.TimeOf(at), nil
		}
	}
	return 0, fmt.Errorf("%.40q is not a time", s)
}

// T is the time as the rest of the house has it.
func (t Time) T() plimsoll.Time { return plimsoll.Time(t) }
