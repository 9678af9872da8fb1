package metric

import (
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Unit is the size of a calendar bucket.
type Unit string

// The units of a calendar. A week is an ISO week: it begins on Monday.
const (
	Day   Unit = "day"
	Week  Unit = "week"
	Month Unit = "month"
)

// Bucket is one day, week or month of a calendar, cut to a window. Partial says that the window holds
// less than the whole of it.
type Bucket struct {
	plimsoll.Window
	Partial bool
}

// Buckets cuts a window into the days, ISO weeks or months of a zone (nil is UTC), in order and
// without gaps. Days of daylight-saving changes have 23 or 25 hours. An empty window has none.
func Buckets(w plimsoll.Window, zone *time.Location, unit Unit) []Bucket {
	if w.From >= w.To {
		return nil
	}
	if zone == nil {
		zone = time.UTC
	}
	var out []Bucket
	date := dateOf(w.From, zone)
	switch unit {
	case Week:
		date = date.AddDate(0, 0, -(int(date.Weekday())+6)%7)
	case Month:
		date = date.AddDate(0, 0, 1-date.Day())
	}
	for from := midnight(date, zone); from < w.To; {
		switch unit {
		case Week:
			date = date.AddDate(0, 0, 7)
		case Month:
			date = date.AddDate(0, 1, 0)
		default:
			date = date.AddDate(0, 0, 1)
		}
		to := midnight(date, zone)
		if to > from && to > w.From {
			cut := plimsoll.Window{From: max(from, w.From), To: min(to, w.To)}
			out = append(out, Bucket{Window: cut, Partial: cut.From > from || cut.To < to})
		}
		from = to
	}
	return out
}

// Days is the length of a window in days of the zone (nil is UTC): every whole calendar day is 1,
// however many hours it has, and a partial day is its share of that day's length. Between two equal
// times of day it is a whole number; 30 times 24 hours across a change of the clock is 30 give or take
// an hour's share. An empty window has 0.
func Days(w plimsoll.Window, zone *time.Location) float64 {
	if w.From >= w.To {
		return 0
	}
	if zone == nil {
		zone = time.UTC
	}
	first, last := dateOf(w.From, zone), dateOf(w.To-1, zone)
	open, openLength := dayOf(first, zone)
	end, endLength := dayOf(last, zone)
	whole := last.Sub(first).Hours() / 24
	// Left of the window in its first day, inside it in its last: whole + inside - left. One division
	// where the days are equally long keeps whole numbers whole.
	left, inside := w.From-open, w.To-end
	if openLength == endLength {
		return whole + float64(inside-left)/float64(endLength)
	}
	return whole + float64(inside)/float64(endLength) - float64(left)/float64(openLength)
}

// DayStart is the first moment of the day of a zone that t falls on.
func DayStart(t plimsoll.Time, zone *time.Location) plimsoll.Time {
	return midnight(dateOf(t, zone), zone)
}

// dateOf is the calendar date of t in a zone, as midnight UTC of that date.
func dateOf(t plimsoll.Time, zone *time.Location) time.Time {
	y, m, d := time.UnixMicro(int64(t)).In(zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// dayOf is the start and the length of a date in a zone.
func dayOf(date time.Time, zone *time.Location) (start, length plimsoll.Time) {
	start = midnight(date, zone)
	return start, midnight(date.AddDate(0, 0, 1), zone) - start
}

// midnight is the first moment of a date in a zone. The date is given as midnight UTC.
func midnight(date time.Time, zone *time.Location) plimsoll.Time {
	if year := date.Year(); year > 1900 && year < 2200 {
		return daysOf(zone, year)[date.YearDay()-1]
	}
	return firstMoment(date, zone)
}

// firstMoment is midnight, worked out. Some zones change their clocks around midnight, so
// that a day begins at one o'clock or twelve strikes twice, and time.Date does not say which of two
// moments it gives. The date is given as midnight UTC; no zone changes its clock twice in two days.
func firstMoment(date time.Time, zone *time.Location) plimsoll.Time {
	before := date.Add(-24 * time.Hour).In(zone)
	_, offset := before.Zone()
	t := date.Add(-time.Duration(offset) * time.Second)
	if _, change := before.ZoneBounds(); !change.IsZero() && !t.Before(change) {
		_, offset = change.Zone()
		t = date.Add(-time.Duration(offset) * time.Second)
		if t.Before(change) {
			t = change
		}
	}
	return plimsoll.Time(t.UnixMicro())
}

// locator finds the bucket of a moment. Facts mostly come in order, so the last answer is tried first.
type locator struct {
	buckets []Bucket
	last    int
}

// find is the index of the bucket that holds t, or -1. Buckets are nearly equal, so a proportional guess
// is at most a few steps off.
func (l *locator) find(t plimsoll.Time) int {
	n := len(l.buckets)
	if n == 0 || t == 0 || t < l.buckets[0].From || t >= l.buckets[n-1].To {
		return -1
	}
	i := l.last
	if !l.buckets[i].Contains(t) {
		first, end := l.buckets[0].From, l.buckets[n-1].To
		i = min(int(float64(t-first)/float64(end-first)*float64(n)), n-1)
	}
	for t < l.buckets[i].From {
		i--
	}
	for t >= l.buckets[i].To {
		i++
	}
	l.last = i
	return i
}
