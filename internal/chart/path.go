package chart

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// Paths are drawn on a grid that the browser stretches over the plot. Two grid units make a column, and a
// column keeps only its least and greatest value: more would not be visible on a plot of 1,180 pixels.
const (
	gridWidth  = 1440
	gridHeight = 1000
	columns    = gridWidth / 2
)

// spot is a place on the grid, y counted from the top.
type spot struct{ x, y int }

// ordered returns the points by time, without copying where they already are.
func ordered(points []Point) []Point {
	byTime := func(a, b Point) int { return a.At.Compare(b.At) }
	if slices.IsSortedFunc(points, byTime) {
		return points
	}
	points = slices.Clone(points)
	slices.SortStableFunc(points, byTime)
	return points
}

// runs turns ordered points into unbroken stretches of spots. A gap ends a stretch.
func runs(points []Point, w window, a valueAxis) [][]spot {
	place := func(p Point) spot {
		return spot{int(math.Round(w.at(p.At) * gridWidth)), int(math.Round((1 - a.at(p.Value)) * gridHeight))}
	}
	if len(points) > 2*columns {
		return reduced(points, w, place)
	}
	var out [][]spot
	var run []spot
	for _, p := range points {
		switch {
		case !w.holds(p.At):
		case finite(p.Value):
			run = append(run, place(p))
		case len(run) > 0:
			out, run = append(out, run), nil
		}
	}
	if len(run) > 0 {
		out = append(out, run)
	}
	return out
}

// reduced keeps the least and the greatest value of each column in their order. A gap shorter than a column is not
// visible and does not break the line; an empty column between two filled ones breaks it only if a gap was given there.
func reduced(points []Point, w window, place func(Point) spot) [][]spot {
	var out [][]spot
	run := make([]spot, 0, 2*columns)
	column, before, least, greatest, gap := -1, -1, Point{}, Point{}, false
	flush := func() {
		if column < 0 {
			return
		}
		first, second := least, greatest
		if second.At.Before(first.At) {
			first, second = second, first
		}
		run = append(run, place(first))
		if !second.At.Equal(first.At) {
			run = append(run, place(second))
		}
		before, column = column, -1
	}
	span := float64(w.to - w.from)
	for _, p := range points {
		if !w.holds(p.At) {
			continue
		}
		c := int(float64(p.At.UnixMicro()-w.from) / span * columns)
		if !finite(p.Value) {
			gap = gap || c != column
			continue
		}
		if c != column {
			flush()
			if gap && c > before+1 && len(run) > 0 {
				out, run = append(out, run), nil
			}
			column, least, greatest, gap = c, p, p, false
			continue
		}
		gap = false
		if p.Value < least.Value {
			least = p
		}
		if p.Value > greatest.Value {
			greatest = p
		}
	}
	flush()
	if len(run) > 0 {
		out = append(out, run)
	}
	return out
}

// linePath writes the runs as one path. A run of a single spot becomes a line of no length, which a round cap shows as a dot.
func linePath(rs [][]spot) []byte {
	var d []byte
	for _, run := range rs {
		d = moveTo(d, run[0])
		if len(run) == 1 {
			d = append(d, "h0"...)
			continue
		}
		d = append(d, 'l')
		for i := 1; i < len(run); i++ {
			if i > 1 {
				d = separated(d, run[i].x-run[i-1].x)
			} else {
				d = strconv.AppendInt(d, int64(run[i].x-run[i-1].x), 10)
			}
			d = separated(d, run[i].y-run[i-1].y)
		}
	}
	return d
}

// single are the runs of one spot: too small to be seen as a line, they deserve a dot.
func single(rs [][]spot) [][]spot {
	var out [][]spot
	for _, run := range rs {
		if len(run) == 1 {
			out = append(out, run)
		}
	}
	return out
}

// dotPath writes every spot as a line of no length, each place once.
func dotPath(rs [][]spot) []byte {
	var d []byte
	seen := make(map[spot]bool)
	for _, run := range rs {
		for _, s := range run {
			if !seen[s] {
				seen[s] = true
				d = append(moveTo(d, s), "h0"...)
			}
		}
	}
	return d
}

// uprightPath writes vertical lines from top to bottom at the given times, each place once.
func uprightPath(times []time.Time, w window, top, bottom int) []byte {
	var d []byte
	seen := make(map[int]bool, len(times))
	for _, t := range times {
		x := int(math.Round(w.at(t) * gridWidth))
		if !seen[x] {
			seen[x] = true
			d = append(moveTo(d, spot{x, top}), 'V')
			d = strconv.AppendInt(d, int64(bottom), 10)
		}
	}
	return d
}

func moveTo(d []byte, s spot) []byte {
	d = append(d, 'M')
	d = strconv.AppendInt(d, int64(s.x), 10)
	return separated(d, s.y)
}

// separated appends a number; a minus sign separates by itself.
func separated(d []byte, n int) []byte {
	if n >= 0 {
		d = append(d, ' ')
	}
	return strconv.AppendInt(d, int64(n), 10)
}
