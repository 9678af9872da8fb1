package chart

import (
	"time"
)

// The narrow drawing has at least 270 pixels of plot, the wide one 560; a label with its air takes 54.
const (
	narrowTicks = 5
	wideTicks   = 9
)

// Steps of up to an hour are walked in real time, longer ones on the wall clock, where a day may have 23 or 25 hours.
var timeSteps = []struct {
	length time.Duration // about; decides how many fit
	walk   func(from time.Time) (first time.Time, next func(time.Time) time.Time)
	layout string
}{
	{time.Second, every(time.Second), "15:04:05"},
	{5 * time.Second, every(5 * time.Second), "15:04:05"},
	{15 * time.Second, every(15 * time.Second), "15:04:05"},
	{time.Minute, every(time.Minute), "15:04"},
	{5 * time.Minute, every(5 * time.Minute), "15:04"},
	{15 * time.Minute, every(15 * time.Minute), "15:04"},
	{30 * time.Minute, every(30 * time.Minute), "15:04"},
	{time.Hour, every(time.Hour), "15:04"},
	{2 * time.Hour, hours(2), "15:04"},
	{3 * time.Hour, hours(3), "15:04"},
	{6 * time.Hour, hours(6), "15:04"},
	{12 * time.Hour, hours(12), "15:04"},
	{24 * time.Hour, days(1), "2 Jan"},
	{2 * 24 * time.Hour, days(2), "2 Jan"},
	{7 * 24 * time.Hour, weeks(1), "2 Jan"},
	{14 * 24 * time.Hour, weeks(2), "2 Jan"},
	{30 * 24 * time.Hour, months(1), "Jan"},
	{61 * 24 * time.Hour, months(2), "Jan"},
	{91 * 24 * time.Hour, months(3), "Jan"},
	{182 * 24 * time.Hour, months(6), "Jan 2006"},
	{365 * 24 * time.Hour, months(12), "2006"},
	{2 * 365 * 24 * time.Hour, months(24), "2006"},
	{5 * 365 * 24 * time.Hour, months(60), "2006"},
	{10 * 365 * 24 * time.Hour, months(120), "2006"},
	{50 * 365 * 24 * time.Hour, months(600), "2006"},
	{100 * 365 * 24 * time.Hour, months(1200), "2006"},
	{280 * 365 * 24 * time.Hour, months(6000), "2006"},
}

// timeTicks places at most most labels on round local times of zone, in order, strictly inside the window or on its edges.
func timeTicks(w window, zone *time.Location, most int) []tick {
	if w.unknown {
		return nil
	}
	if zone == nil {
		zone = time.UTC
	}
	span := w.to - w.from
	step := timeSteps[len(timeSteps)-1]
	for _, s := range timeSteps {
		if span/s.length.Microseconds() < int64(most) {
			step = s
			break
		}
	}
	var ticks []tick
	from := time.UnixMicro(w.from).In(zone)
	t, next := step.walk(from)
	// The walk begins at or before the window; a shifted clock can add a step, never many.
	for range 20 * most {
		if t.UnixMicro() > w.to {
			break
		}
		if w.holds(t) && len(ticks) < most {
			tk := tick{at: w.at(t), label: t.Format(step.layout)}
			tk.label, tk.major = dated(t, step.layout, tk.label)
			ticks = append(ticks, tk)
		}
		t = next(t)
	}
	return ticks
}

// dated replaces a label by the greater unit that begins there: midnight by its date, January by its year.
func dated(t time.Time, layout, label string) (string, bool) {
	switch {
	case layout == "15:04" && t.Hour() == 0 && t.Minute() == 0:
		return t.Format("2 Jan"), true
	case layout == "Jan" && t.Month() == time.January:
		return t.Format("2006"), true
	}
	return label, false
}

type walk = func(time.Time) (time.Time, func(time.Time) time.Time)

// every aligns to the wall clock once and then counts real time: clocks shift by whole or half hours, so alignment holds.
func every(d time.Duration) walk {
	return func(from time.Time) (time.Time, func(time.Time) time.Time) {
		_, offset := from.Zone()
		shift := time.Duration(offset) * time.Second
		first := from.Add(shift).Truncate(d).Add(-shift)
		return first, func(t time.Time) time.Time { return t.Add(d) }
	}
}

func hours(n int) walk {
	return func(from time.Time) (time.Time, func(time.Time) time.Time) {
		y, m, d := from.Date()
		h := 0
		first := time.Date(y, m, d, 0, 0, 0, 0, from.Location())
		return first, func(time.Time) time.Time {
			h += n
			return time.Date(y, m, d, h, 0, 0, 0, from.Location())
		}
	}
}

func days(n int) walk {
	return func(from time.Time) (time.Time, func(time.Time) time.Time) {
		y, m, d := from.Date()
		// Counting from a fixed day keeps the ticks where they are when the window moves.
		past := int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/86400) % n
		return dayWalk(from, past, n)
	}
}

func weeks(n int) walk {
	return func(from time.Time) (time.Time, func(time.Time) time.Time) {
		y, m, d := from.Date()
		// Day 4 of the epoch was a Monday.
		past := (int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/86400) - 4) % (7 * n)
		return dayWalk(from, past, 7*n)
	}
}

func dayWalk(from time.Time, past, n int) (time.Time, func(time.Time) time.Time) {
	if past < 0 {
		past += n
	}
	y, m, d := from.Date()
	d -= past
	first := time.Date(y, m, d, 0, 0, 0, 0, from.Location())
	return first, func(time.Time) time.Time {
		d += n
		return time.Date(y, m, d, 0, 0, 0, 0, from.Location())
	}
}

func months(n int) walk {
	return func(from time.Time) (time.Time, func(time.Time) time.Time) {
		index := (from.Year()*12 + int(from.Month()) - 1) / n * n
		at := func() time.Time { return time.Date(index/12, time.Month(index%12+1), 1, 0, 0, 0, 0, from.Location()) }
		return at(), func(time.Time) time.Time {
			index += n
			return at()
		}
	}
}
