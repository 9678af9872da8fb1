package history

import (
	"strconv"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// ahead is how far a clock may be ahead of ours; the server draws the same line.
const ahead = time.Hour

// date is a time that git prints, and what it is worth.
type date struct {
	plimsoll.Time
	beyond bool
}

func (d date) known() bool  { return d.Known() || d.beyond }
func (d date) future() bool { return d.beyond }

// date reads seconds since 1970. Before 1971 nobody used git: such a date is
// not known. One that is too far ahead is in the future and has no Time.
func (r *run) date(seconds string) date {
	s, err := strconv.ParseInt(seconds, 10, 64)
	switch first := int64(365 * 24 * 3600); {
	case err != nil && len(seconds) > 18 && seconds[0] != '-':
		return date{beyond: true}
	case err != nil || s < first:
		return date{}
	case s > r.now.Add(ahead).Std().Unix():
		return date{beyond: true}
	}
	return date{Time: plimsoll.TimeOf(time.Unix(s, 0))}
}
