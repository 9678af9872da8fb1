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
		if v >= 1.5*u.span {
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
