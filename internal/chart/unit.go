package chart

import (
	"math"
	"strconv"
	"strings"
)

// Unit says what the numbers of a chart are, and so where its ticks stand and how they read.
type Unit int

const (
	// Count is a plain number; its ticks are whole.
	Count Unit = iota
	// Seconds is a duration in seconds.
	Seconds
	// Ratio is a share from 0 to 1, shown in percent.
	Ratio
	// PerDay is a rate per day.
	PerDay
)

// minus is the typographic minus, as wide as the digits beside it.
const minus = "−"

// Format writes one value for reading. It is empty for NaN and infinities, which have no honest wording here.
func (u Unit) Format(v float64) string {
	if !finite(v) {
		return ""
	}
	if v < 0 {
		return minus + u.Format(-v)
	}
	switch u {
	case Seconds:
		return duration(v)
	case Ratio:
		return percent(v)
	default:
		return significant(v)
	}
}

// duration never shows more than two units and rounds before it splits, so that 59.7 s is "1 m" and not "60 s".
func duration(s float64) string {
	if s == 0 {
		return "0 s"
	}
	if s < 0.9995 {
		return strconv.FormatFloat(math.Max(1, math.Round(s*1000)), 'f', 0, 64) + " ms"
	}
	if sec := math.Round(s); sec < 600 {
		return pair(int64(sec), 60, " m", " s")
	}
	if m := math.Round(s / 60); m < 24*60 {
		return pair(int64(m), 60, " h", " m")
	}
	if h := math.Round(s / 3600); h < 10*24 {
		return pair(int64(h), 24, " d", " h")
	}
	return strconv.FormatFloat(math.Round(s/86400), 'f', 0, 64) + " d"
}

// pair splits n into a greater and a lesser unit and leaves out the one that is zero.
func pair(n, size int64, greater, lesser string) string {
	g, l := n/size, n%size
	switch {
	case g == 0:
		return strconv.FormatInt(l, 10) + lesser
	case l == 0:
		return strconv.FormatInt(g, 10) + greater
	}
	return strconv.FormatInt(g, 10) + greater + " " + strconv.FormatInt(l, 10) + lesser
}

func percent(v float64) string {
	p := v * 100
	switch {
	case p == 0:
		return "0 %"
	case p < 0.1:
		return "< 0.1 %"
	case p < 99.95:
		return trim(strconv.FormatFloat(p, 'f', 1, 64)) + " %"
	case p < 100:
		return "> 99.9 %"
	}
	return strconv.FormatFloat(p, 'f', 0, 64) + " %"
}

func significant(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v < 0.01:
		return strconv.FormatFloat(v, 'g', 2, 64)
	case v < 1:
		return trim(strconv.FormatFloat(v, 'f', 2, 64))
	case v < 100:
		return trim(strconv.FormatFloat(v, 'f', 1, 64))
	case v < 1e12:
		return Thousands(int64(math.Round(v)))
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// trim cuts zeros behind the decimal point: "3.0" reads as more precise than it is.
func trim(s string) string {
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// Thousands writes a whole number with commas: 12,345.
func Thousands(n int64) string {
	digits, negative := strings.CutPrefix(strconv.FormatInt(n, 10), "-")
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	if negative {
		return minus + digits
	}
	return digits
}
