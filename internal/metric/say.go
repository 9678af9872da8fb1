package metric

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// shape is what a value of a measure is.
type shape int

const (
	inSeconds shape = iota
	asRatio
	aDay
)

// shapeOf tells shares and rates from durations by the name of the measure, so that measures of other
// files need no entry here.
func shapeOf(m Measure) shape {
	switch {
	case m == DeploymentFrequency:
		return aDay
	case strings.HasSuffix(string(m), "_rate") || m == "reliability":
		return asRatio
	}
	return inSeconds
}

// observations names what is counted for a value of the shape.
func (s shape) observations() string {
	switch s {
	case asRatio:
		return "deployments"
	case aDay:
		return "days"
	}
	return "finished items"
}

// counted says how many there are of them.
func (s shape) counted(n float64) string {
	what := s.observations()
	if n == 1 {
		what = strings.TrimSuffix(what, "s")
	}
	return digits(n) + " " + what
}

// say writes a value as the words of an answer have it: 8.5 %, 1.2 a day, 3.5 hours.
func (s shape) say(v float64) string {
	switch s {
	case asRatio:
		return digits(100*v) + " %"
	case aDay:
		return digits(v) + " a day"
	}
	for _, u := range []struct {
		name string
		span float64
	}{{"days", day}, {"hours", hour}, {"minutes", 60}} {
		if math.Abs(v) >= 1.5*u.span {
			return digits(v/u.span) + " " + u.name
		}
	}
	return digits(v) + " seconds"
}

// digits keeps three digits at most, and one behind the point from ten on.
func digits(v float64) string {
	places := 2
	switch a := math.Abs(v); {
	case a >= 100:
		places = 0
	case a >= 10:
		places = 1
	}
	text := strconv.FormatFloat(v, 'f', places, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// sayInterval writes both ends of an interval.
func (s shape) sayInterval(ci *Interval) string {
	if ci == nil {
		return "no interval"
	}
	return fmt.Sprintf("%s to %s", s.say(ci[0]), s.say(ci[1]))
}

// sayLevel writes where a measure stood, with its interval.
func (s shape) sayLevel(l Level) string {
	switch {
	case l.Value == nil:
		return "no data"
	case l.CI == nil:
		return s.say(*l.Value)
	}
	return fmt.Sprintf("%s (%s)", s.say(*l.Value), s.sayInterval(l.CI))
}

// sayChange writes a difference, or what a week adds, with its interval. Of ratios these are points of a
// percentage, since 5 % more of 10 % can mean two things.
func (s shape) sayChange(v *float64, ci *Interval) string {
	if v == nil {
		return "unknown"
	}
	one := func(v float64) string {
		sign := ""
		if v > 0 {
			sign = "+"
		}
		if s == asRatio {
			return sign + digits(100*v) + " points"
		}
		return sign + s.say(v)
	}
	if ci == nil {
		return one(*v)
	}
	return fmt.Sprintf("%s (%s to %s)", one(*v), one(ci[0]), one(ci[1]))
}

// IsRatio reports whether a measure runs from 0 to 1.
func IsRatio(m Measure) bool { return shapeOf(m) == asRatio }
