package metric

import "github.com/plimsoll-dev/plimsoll"

// JourneyOf is the way of one change: from where its clock starts to its delivery, with the moments
// between which each stage lies. A stage with a moment that is not known, or that ends before it begins,
// is unknown; so is a lead time below zero.
func JourneyOf(group int64, start, delivered plimsoll.Time, stages ...[2]plimsoll.Time) Journey {
	j := Journey{Group: group, Lead: span(start, delivered), Spans: make([]int64, len(stages))}
	for i, s := range stages {
		j.Spans[i] = span(s[0], s[1])
	}
	return j
}

// span is the time between two moments in microseconds; -1 where it is not known.
func span(from, to plimsoll.Time) int64 {
	if !from.Known() || !to.Known() || to < from {
		return -1
	}
	return int64(to - from)
}
