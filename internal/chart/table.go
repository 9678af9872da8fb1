package chart

import (
	"maps"
	"math"
	"slices"
	"time"
)

// Table is a chart in words, for those who cannot or do not want to see it.
type Table struct {
	// Head is "Time" and the names of the series.
	Head []string
	// Rows are in order of time; an empty cell is a gap.
	Rows [][]string
	// Summarised is true when each row stands for a stretch of time, its cells for the least and greatest value in it.
	Summarised bool
}

// Table writes the series as at most most rows, 24 if most is not positive. Times are in the chart's zone, values in its unit.
// An empty chart has a head and no rows.
func (l Lines) Table(most int) Table {
	if most <= 0 {
		most = 24
	}
	zone := l.Zone
	if zone == nil {
		zone = time.UTC
	}
	t := Table{Head: []string{"Time"}}
	w := l.window()
	stamps := map[int64]bool{}
	for _, s := range l.Series {
		t.Head = append(t.Head, s.Name)
		for _, p := range s.Points {
			if w.holds(p.At) && finite(p.Value) {
				stamps[p.At.UnixMicro()] = true
			}
		}
	}
	if len(stamps) == 0 {
		return t
	}
	slots, slot := most, func(p Point) int { return min(most-1, int(w.at(p.At)*float64(most))) }
	start := func(i int) time.Time {
		return time.UnixMicro(w.from + int64(float64(w.to-w.from)*float64(i)/float64(most)))
	}
	if t.Summarised = len(stamps) > most; !t.Summarised {
		order := slices.Sorted(maps.Keys(stamps))
		place := make(map[int64]int, len(order))
		for i, u := range order {
			place[u] = i
		}
		slots, slot = len(order), func(p Point) int { return place[p.At.UnixMicro()] }
		start = func(i int) time.Time { return time.UnixMicro(order[i]) }
	}
	t.Rows = make([][]string, slots)
	for i := range t.Rows {
		t.Rows[i] = append(make([]string, 0, len(l.Series)+1), start(i).In(zone).Format("2006-01-02 15:04"))
	}
	for _, s := range l.Series {
		low, high := make([]float64, slots), make([]float64, slots)
		for i := range low {
			low[i], high[i] = math.Inf(1), math.Inf(-1)
		}
		for _, p := range s.Points {
			if w.holds(p.At) && finite(p.Value) {
				i := slot(p)
				low[i], high[i] = min(low[i], p.Value), max(high[i], p.Value)
			}
		}
		for i := range t.Rows {
			t.Rows[i] = append(t.Rows[i], l.Unit.between(low[i], high[i]))
		}
	}
	return t
}

// between writes a range, or one value where both ends read alike.
func (u Unit) between(low, high float64) string {
	a, b := u.Format(low), u.Format(high)
	if a == b || b == "" {
		return a
	}
	return a + " – " + b
}

// LegendItem explains one kind of line or glyph that a chart really shows.
type LegendItem struct {
	// Class is the CSS class of its colour, Glyph tells a status from a line.
	Class string
	Glyph bool
	// Dots tells single points from a line.
	Dots bool
	Word string
}

// Legend lists the series and then the marker statuses that are inside the window. A single unnamed series needs none.
func (l Lines) Legend() []LegendItem {
	var items []LegendItem
	for i, s := range l.Series {
		if s.Name != "" && len(s.Points) > 0 {
			items = append(items, LegendItem{Class: seriesClass(l.Series, i), Dots: s.Mode == Dots, Word: s.Name})
		}
	}
	var used [statuses]bool
	w := l.window()
	for _, m := range l.Markers {
		used[m.Status.known()] = used[m.Status.known()] || w.holds(m.At)
	}
	for s, u := range used {
		if u {
			items = append(items, LegendItem{Class: statusClass[s], Glyph: true, Word: statusWord[s]})
		}
	}
	return items
}
