package chart

import (
	"math"
	"strings"
	"testing"
	"time"
)

func labels(ts []tick) string {
	var ls []string
	for _, t := range ts {
		ls = append(ls, t.label)
	}
	return strings.Join(ls, " | ")
}

func TestValueTicksStandAtRoundValues(t *testing.T) {
	for _, c := range []struct {
		unit   Unit
		lo, hi float64
		want   string
	}{
		{Seconds, 0, 50 * minute, "0 | 15 m | 30 m | 45 m | 1 h"},
		{Seconds, 0, 2.3 * hour, "0 | 1 h | 2 h | 3 h"},
		{Seconds, 0, 40 * hour, "0 | 12 h | 1 d | 1 d 12 h | 2 d"},
		{Seconds, 0, 0.19, "0 | 50 ms | 100 ms | 150 ms | 200 ms"},
		{Seconds, 0, 500 * day, "0 | 180 d | 360 d | 540 d"},
		{Ratio, 0, 0.031, "0 | 1 % | 2 % | 3 % | 4 %"},
		{Ratio, 0, 0.0019, "0 | 0.05 % | 0.10 % | 0.15 % | 0.20 %"},
		{Count, 0, 2, "0 | 1 | 2"},
		{Count, 0, 14000, "0 | 5,000 | 10,000 | 15,000"},
		{PerDay, 0, 0.9, "0 | 0.5 | 1.0"},
		{Count, -3, 3, "−4 | −2 | 0 | 2 | 4"},
		{Count, 0, 0, "0 | 1 | 2 | 3 | 4"},
	} {
		got := labels(newValueAxis(c.unit, c.lo, c.hi, 4, false).ticks)
		if got != c.want {
			t.Errorf("%v to %v of unit %d: %s, want %s", c.lo, c.hi, c.unit, got, c.want)
		}
	}
}

func TestLogTicksAreLandmarksOfTime(t *testing.T) {
	a := newValueAxis(Seconds, 40, 20*day, 6, true)
	if got := labels(a.ticks); got != "30 d | 1 d | 1 h | 1 m" {
		t.Error(got)
	}
	if a.at(0) != 0 || a.at(30*day) != 1 {
		t.Errorf("zero at %v, top at %v", a.at(0), a.at(30*day))
	}
}

func TestTimeTicksStandAtRoundLocalTimes(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip("no time zone data")
	}
	day := 24 * time.Hour
	for _, c := range []struct {
		name string
		from time.Time
		span time.Duration
		zone *time.Location
		most int
		want string
	}{
		{"an hour", noon, time.Hour, nil, 9, "12:00 | 12:15 | 12:30 | 12:45 | 13:00"},
		{"a day", noon, day, nil, 9, "12:00 | 15:00 | 18:00 | 21:00 | 25 Mar | 03:00 | 06:00 | 09:00 | 12:00"},
		{"a day, narrow", noon, day, nil, 4, "12:00 | 25 Mar | 12:00"},
		{"a week", noon, 7 * day, nil, 9, "25 Mar | 26 Mar | 27 Mar | 28 Mar | 29 Mar | 30 Mar | 31 Mar"},
		{"a month on Mondays", noon, 30 * day, nil, 9, "30 Mar | 6 Apr | 13 Apr | 20 Apr"},
		{"a year", noon, 365 * day, nil, 9, "May | Jul | Sep | Nov | 2027 | Mar"},
		{"a year, narrow", noon, 365 * day, nil, 4, "Jul 2026 | Jan 2027"},
		{"the day that has 23 hours", time.Date(2026, 3, 28, 12, 0, 0, 0, berlin), 36 * time.Hour, berlin, 9,
			"12:00 | 18:00 | 29 Mar | 06:00 | 12:00 | 18:00 | 30 Mar"},
		{"days across the change", time.Date(2026, 3, 27, 0, 0, 0, 0, berlin), 5 * day, berlin, 9, "27 Mar | 28 Mar | 29 Mar | 30 Mar | 31 Mar | 1 Apr"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := window{from: c.from.UnixMicro(), to: c.from.Add(c.span).UnixMicro()}
			ticks := timeTicks(w, c.zone, c.most)
			if got := labels(ticks); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if len(ticks) > c.most {
				t.Errorf("%d ticks", len(ticks))
			}
		})
	}
}

func TestTimeTicksNeverCollide(t *testing.T) {
	for span := time.Second; span < 200*365*24*time.Hour; span += span/7 + 1 {
		for most, width := range map[int]float64{narrowTicks: 270, wideTicks: 560} {
			w := window{from: noon.UnixMicro(), to: noon.Add(span).UnixMicro()}
			ticks := timeTicks(w, time.UTC, most)
			for i := 1; i < len(ticks); i++ {
				if gap := (ticks[i].at - ticks[i-1].at) * width; gap < 48 {
					t.Fatalf("%v at most %d: %.0f px between %s and %s", span, most, gap, ticks[i-1].label, ticks[i].label)
				}
			}
		}
	}
}

func TestValuesReadAsPeopleSayThem(t *testing.T) {
	for _, c := range []struct {
		unit Unit
		v    float64
		want string
	}{
		{Seconds, 0, "0 s"}, {Seconds, 0.34, "340 ms"}, {Seconds, 0.0001, "1 ms"}, {Seconds, 59.7, "1 m"}, {Seconds, 90, "1 m 30 s"},
		{Seconds, 8280, "2 h 18 m"}, {Seconds, 7200, "2 h"}, {Seconds, 3599.6, "1 h"}, {Seconds, 86399, "1 d"}, {Seconds, 100800, "1 d 4 h"},
		{Seconds, 23 * day, "23 d"}, {Seconds, -60, "−1 m"}, {Seconds, math.NaN(), ""}, {Seconds, math.Inf(1), ""},
		{Ratio, 0, "0 %"}, {Ratio, 0.0004, "< 0.1 %"}, {Ratio, 0.035, "3.5 %"}, {Ratio, 0.03, "3 %"}, {Ratio, 1, "100 %"},
		{Ratio, 0.9996, "> 99.9 %"}, {Ratio, 0.5, "50 %"},
		{Count, 12345, "12,345"}, {Count, 0, "0"}, {Count, -1000, "−1,000"}, {PerDay, 12.14, "12.1"}, {PerDay, 100, "100"}, {PerDay, 0.25, "0.25"},
	} {
		if got := c.unit.Format(c.v); got != c.want {
			t.Errorf("Format(%v) of unit %d = %q, want %q", c.v, c.unit, got, c.want)
		}
	}
}
