package chart

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	exactRow   = 15 // height of one row of the upper lane, pixels
	routineRow = 18 // height of the lower lane
	laneGap    = 6  // between the lanes and the plot
	exactRows  = 4  // a fifth marker at one place lies over another: higher lanes would push the plot away

	// Two glyphs closer than this share of the width are stacked; it is a glyph's width on a phone.
	exactReach = 0.025
	// A dot with its count needs 34 pixels: of a plot of about 760 in the wide drawing, of 290 in the narrow one.
	wideReach   = 0.045
	narrowReach = 0.11

	// From so many routine markers on, their lines through the plot would be a curtain; they shrink to ticks.
	curtain = 60
)

// lanes are the markers inside the window, split by how they are shown, in order of time.
type lanes struct {
	exact   []Marker
	rows    []int // row of each exact marker, 0 nearest the plot
	depth   int   // number of rows in use
	routine []Marker
}

func newLanes(markers []Marker, w window) lanes {
	var l lanes
	for _, m := range markers {
		switch {
		case !w.holds(m.At):
		case m.Status.routine():
			l.routine = append(l.routine, m)
		default:
			l.exact = append(l.exact, m)
		}
	}
	byTime := func(a, b Marker) int { return a.At.Compare(b.At) }
	slices.SortStableFunc(l.exact, byTime)
	slices.SortStableFunc(l.routine, byTime)
	l.stack(w)
	return l
}

// stack gives each exact marker the lowest row that is free there, and where none is, the row left alone longest.
func (l *lanes) stack(w window) {
	var last [exactRows]float64
	for i := range last {
		last[i] = math.Inf(-1)
	}
	for _, m := range l.exact {
		x, row := w.at(m.At), 0
		for r := range last {
			if x-last[r] >= exactReach {
				row = r
				break
			}
			if last[r] < last[row] {
				row = r
			}
		}
		last[row] = x
		l.rows = append(l.rows, row)
		l.depth = max(l.depth, row+1)
	}
}

func (l lanes) height() int {
	h := l.depth * exactRow
	if len(l.routine) > 0 {
		h += routineRow
	}
	if h > 0 {
		h += laneGap
	}
	return h
}

// cluster is one glyph of the lower lane: some routine markers that are too close to be told apart.
type cluster struct {
	at      float64
	markers []Marker
}

// clusters begins a new glyph at the first marker that is at least reach away from the beginning of the last one, so
// that the count beside a glyph lies over the stretch that it counts.
func (l lanes) clusters(w window, reach float64) []cluster {
	var out []cluster
	for _, m := range l.routine {
		x := w.at(m.At)
		if n := len(out); n > 0 && x-out[n-1].at < reach {
			out[n-1].markers = append(out[n-1].markers, m)
			continue
		}
		out = append(out, cluster{at: x, markers: []Marker{m}})
	}
	return out
}

// write draws both lanes from the top of the picture downwards.
func (l lanes) write(b *strings.Builder, id string, w window, zone *time.Location) {
	for i, m := range l.exact {
		y := (l.depth-1-l.rows[i])*exactRow + exactRow/2
		writeMarker(b, id, m, percentage(w.at(m.At)), y, true)
	}
	if len(l.routine) == 0 {
		return
	}
	y := l.depth*exactRow + routineRow/2
	wide, narrow := l.clusters(w, wideReach), l.clusters(w, narrowReach)
	if len(wide) == len(narrow) {
		l.writeClusters(b, id, wide, y, zone)
		return
	}
	b.WriteString(`<g class="w">`)
	l.writeClusters(b, id, wide, y, zone)
	b.WriteString(`</g><g class="n">`)
	l.writeClusters(b, id, narrow, y, zone)
	b.WriteString(`</g>`)
}

func (l lanes) writeClusters(b *strings.Builder, id string, cs []cluster, y int, zone *time.Location) {
	for _, c := range cs {
		x := percentage(c.at)
		if len(c.markers) == 1 {
			// The list beside the chart links them too; only what needs attention is a stop for the keyboard here.
			writeMarker(b, id, c.markers[0], x, y, false)
			continue
		}
		s := c.status()
		first, last := c.markers[0].At.In(zone), c.markers[len(c.markers)-1].At.In(zone)
		fmt.Fprintf(b, `<g class="%s"><title>%d %s, %s to %s</title><use href="#%s-%s" x="%s" y="%d"/><text x="%s" y="%d" dx="8" dy=".36em">%d</text></g>`,
			s.Class(), len(c.markers), escape(strings.ToLower(s.String())), first.Format("2 Jan 15:04"), last.Format("2 Jan 15:04"),
			id, s.Class(), x, y, x, y, len(c.markers))
	}
}

// status of a cluster is that of its markers, or succeeded where they differ.
func (c cluster) status() Status {
	for _, m := range c.markers {
		if m.Status != c.markers[0].Status {
			return Succeeded
		}
	}
	return c.markers[0].Status
}

func writeMarker(b *strings.Builder, id string, m Marker, x string, y int, stop bool) {
	name := m.Status.String()
	if m.Label != "" {
		name += ": " + m.Label
	}
	name = escape(name)
	if href := safeHref(m.Href); href != "" {
		fmt.Fprintf(b, `<a class="%s" href="%s" aria-label="%s"`, m.Status.Class(), escape(href), name)
		if !stop {
			b.WriteString(` tabindex="-1"`)
		}
		b.WriteString(`>`)
		defer b.WriteString(`</a>`)
	} else {
		fmt.Fprintf(b, `<g class="%s">`, m.Status.Class())
		defer b.WriteString(`</g>`)
	}
	fmt.Fprintf(b, `<title>%s</title><use href="#%s-%s" x="%s" y="%d"/>`, name, id, m.Status.Class(), x, y)
}

// glyphs are drawn around the origin, eight or nine pixels wide, on a transparent ground that is easier to hit.
var glyphs = [statuses]string{
	Succeeded:  `<circle r="3.5"/>`,
	Failed:     `<path d="M-4-4 4 4M4-4-4 4" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round"/>`,
	RolledBack: `<path d="M-5 0 4-5V5z"/>`,
	Running:    `<circle r="4" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="3.4 2.9"/>`,
	Aborted:    `<circle r="4" fill="none" stroke="currentColor" stroke-width="1.6"/><path d="M0-4A4 4 0 0 0 0 4z"/>`,
	Flag:       `<path d="M0-5 5 0 0 5-5 0z"/>`,
}

// writeGlyphs defines the shapes that the markers of this chart use.
func (l lanes) writeGlyphs(b *strings.Builder, id string) {
	var used [statuses]bool
	for _, m := range l.exact {
		used[m.Status.known()] = true
	}
	for _, m := range l.routine {
		used[m.Status.known()] = true
	}
	if len(l.routine) > 0 {
		used[Succeeded] = true
	}
	for s, u := range used {
		if u {
			fmt.Fprintf(b, `<g id="%s-%s"><rect x="-8" y="-8" width="16" height="16" fill="none" pointer-events="all"/>%s</g>`, id, statusClass[s], glyphs[s])
		}
	}
}

// percentage writes a share of the width to a hundredth of a percent, a tenth of a pixel on the widest page.
func percentage(f float64) string {
	return strconv.FormatFloat(math.Round(clamp(f)*1e4)/100, 'f', -1, 64) + "%"
}
