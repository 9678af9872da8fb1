package ui

import (
	"math"
	"strconv"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/chart"
)

// noData is what stands where nothing is known. It is never a zero.
const noData = "no data"

const minus = "−"

func known(v *float64) bool { return v != nil && !math.IsNaN(*v) && !math.IsInf(*v, 0) }

// count writes a whole number with thousands separated.
func count[T int | int64](n T) string { return chart.Thousands(int64(n)) }

// anyCount lets templates pass either width.
func anyCount(n any) string {
	switch v := n.(type) {
	case int:
		return count(v)
	case int64:
		return count(v)
	}
	return noData
}

// duration writes seconds as at most two units, "2 h 18 m", or "no data" for nil.
func duration(v *float64) string {
	if !known(v) {
		return noData
	}
	return chart.Seconds.Format(*v)
}

// Duration is how a duration in seconds reads everywhere.
func Duration(seconds *float64) string { return duration(seconds) }

// ratio writes a share of 0..1 in percent, "3.5 %" or "< 0.1 %", or "no data" for nil.
func ratio(v *float64) string {
	if !known(v) {
		return noData
	}
	return chart.Ratio.Format(*v)
}

// rate splits a rate per day into the figure and the unit in which it is at least about one: per day, week or month of 30 days.
func rate(perDay float64) (figure, unit string) {
	switch {
	case perDay == 0:
		return "0", "/day"
	case perDay >= 0.95:
		return oneDecimal(perDay), "/day"
	case perDay*7 >= 0.95:
		return oneDecimal(perDay * 7), "/week"
	case perDay*30 >= 0.05:
		return oneDecimal(perDay * 30), "/month"
	}
	return "< 0.1", "/month"
}

// sameRate writes a rate in a unit already chosen, so that two rates side by side can be compared.
func sameRate(perDay float64, unit string) string {
	days := map[string]float64{"/day": 1, "/week": 7, "/month": 30}[unit]
	return oneDecimal(perDay*days) + " " + unit
}

func oneDecimal(v float64) string {
	if v >= 1e15 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	if v >= 99.95 {
		return count(int64(math.Round(v)))
	}
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

// interval writes the bounds of a share in percent with one unit for both: "1.2–9.9 %".
func interval(low, high float64) string {
	p := func(v float64) string {
		return strings.TrimSuffix(strconv.FormatFloat(math.Abs(v)*100, 'f', 1, 64), ".0")
	}
	return p(low) + "–" + p(high) + " %"
}

// signed puts a plus or a typographic minus before a size; rounding to nothing loses the sign.
func signed(v float64, size string) string {
	switch {
	case size == "0" || v == 0:
		return "±0"
	case v < 0:
		return minus + size
	}
	return "+" + size
}

// relative writes a change in percent of what was there before: "−21 %". Nothing before has no percentage: empty.
func relative(now, before float64) string {
	if before == 0 {
		return ""
	}
	change := (now - before) / before * 100
	if change >= 1000 {
		return "× " + oneDecimal(now/before)
	}
	s := signed(change, strconv.FormatFloat(math.Abs(change), 'f', 0, 64))
	return s + " %"
}

// points writes a difference of two shares in percentage points: "+1.1 pp".
func points(now, before float64) string {
	change := (now - before) * 100
	return signed(change, strings.TrimSuffix(strconv.FormatFloat(math.Abs(change), 'f', 1, 64), ".0")) + " pp"
}
