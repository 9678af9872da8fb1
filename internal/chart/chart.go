// Package chart draws time series, deployment markers and sparklines as SVG text.
// It refuses to fetch, to measure time and to know colours: values come in, class names go out, and the page's tokens paint them.
//
// One drawing serves every width from a phone to a wide screen without script. Paths live in a nested
// viewport that stretches; text and glyphs sit outside it at percentages, so that they never stretch.
// What has to differ between narrow and wide (tick labels, clusters of markers) is drawn twice in groups
// of class "n" and "w", and CSS shows one of them.
package chart

import (
	_ "embed"
	"encoding/xml"
	"math"
	"strings"
	"time"
)

// CSS is the style sheet of every drawing in this package.
// It uses the custom properties --ink, --accent, --text-2, --text-3, --grid, --line-strong, --ok, --failed,
// --rolled, --running, --flag and --warning, which the page must define.
//
//go:embed chart.css
var CSS string

// Point is one value at one time. NaN and infinities are gaps: the line is interrupted there.
type Point struct {
	At    time.Time
	Value float64
}

// Mode is how a series is drawn.
type Mode int

const (
	// Line joins the points with a solid line.
	Line Mode = iota
	// Dotted joins them with a dotted, muted line: the previous period, already moved by the caller onto this time axis.
	Dotted
	// Dots draws each point by itself, for values that belong to single events.
	Dots
)

// Series is a named list of points in the unit of its chart. Points out of order are sorted, points outside the window are left out.
type Series struct {
	Name   string
	Mode   Mode
	Points []Point
}

// Status says what became of the deployment under a marker. Everything but Succeeded and Flag stands at its exact place.
type Status int

const (
	Succeeded Status = iota
	Failed
	RolledBack
	Running
	Aborted
	Flag
	statuses // the number of statuses
)

var statusClass = [statuses]string{"ok", "failed", "rolled", "running", "aborted", "flag"}
var statusWord = [statuses]string{"Succeeded", "Failed", "Rolled back", "In progress", "Canary aborted", "Flag change"}

// Class is the CSS class that carries the colour of the status.
func (s Status) Class() string { return statusClass[s.known()] }

// String is the word that must accompany the glyph.
func (s Status) String() string { return statusWord[s.known()] }

func (s Status) known() Status {
	if s < 0 || s >= statuses {
		return Succeeded
	}
	return s
}

func (s Status) routine() bool { return s.known() == Succeeded || s == Flag }

// Marker is one deployment (or flag change) on the time axis.
type Marker struct {
	At     time.Time
	Status Status
	// Label is the accessible name and tooltip, without the status: "webapp v2.1.0, 24 Mar 14:14".
	Label string
	// Href is optional. Only rooted paths, fragments, queries and http(s) addresses become links; anything else is dropped.
	Href string
}

// RegionKind says what a band over the plot means.
type RegionKind int

const (
	// Recovery spans a rolled-back or failed deployment until service was restored.
	Recovery RegionKind = iota
	// Freeze is hatched.
	Freeze
	// Incident is a solid bar under the axis.
	Incident
)

var regionClass = [...]string{"recovery", "freeze", "incident"}

// Region is a band from one time to another. The parts outside the window are cut off.
type Region struct {
	From, To time.Time
	Kind     RegionKind
	Label    string
}

// Lines is a chart of series over time with two lanes of deployment markers above the plot.
// The zero value draws an empty plot that says "No data".
type Lines struct {
	// ID distinguishes the charts of one page; letters, digits and hyphens. Empty means "chart".
	ID string
	// Title is the accessible name: what is measured, of what.
	Title string
	Unit  Unit
	// Log asks for a logarithmic axis, for durations that range from minutes to weeks. Values of zero sit on the floor.
	Log bool
	// From and To bound the time axis; reversed bounds are swapped, zero bounds are taken from the points and markers.
	From, To time.Time
	// Zone aligns and labels the time ticks; nil means UTC.
	Zone    *time.Location
	Series  []Series
	Markers []Marker
	Regions []Region
	// Height of the plot itself in CSS pixels, without lanes and labels; 0 means 200.
	Height int
}

// window is the time axis in microseconds: exact over any range that a calendar can express.
type window struct {
	from, to int64
	unknown  bool // nothing said when: no time is worth a label
}

func (l Lines) window() window {
	if !l.From.IsZero() && !l.To.IsZero() {
		w := window{from: l.From.UnixMicro(), to: l.To.UnixMicro()}
		if w.from > w.to {
			w.from, w.to = w.to, w.from
		}
		return w.widened()
	}
	w := window{from: math.MaxInt64, to: math.MinInt64}
	see := func(t time.Time) {
		w.from, w.to = min(w.from, t.UnixMicro()), max(w.to, t.UnixMicro())
	}
	for _, s := range l.Series {
		for _, p := range s.Points {
			see(p.At)
		}
	}
	for _, m := range l.Markers {
		see(m.At)
	}
	if w.from > w.to {
		return window{from: 0, to: 1, unknown: true}
	}
	return w.widened()
}

// widened gives a window of no length an hour, so that a single point has an axis to stand on.
func (w window) widened() window {
	if w.from == w.to {
		half := int64(30 * time.Minute / time.Microsecond)
		w.from, w.to = w.from-half, w.to+half
	}
	return w
}

// at is the place of t as a share of the width: 0 at the left edge, 1 at the right.
func (w window) at(t time.Time) float64 {
	return float64(t.UnixMicro()-w.from) / float64(w.to-w.from)
}

func (w window) holds(t time.Time) bool {
	u := t.UnixMicro()
	return u >= w.from && u <= w.to
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// escape makes text safe between tags and in quoted attributes, and replaces what XML cannot carry.
func escape(s string) string {
	var b strings.Builder
	// A strings.Builder never fails.
	_ = xml.EscapeText(&b, []byte(s))
	return b.String()
}

// safeHref keeps script schemes out: markers carry addresses that came from outside.
func safeHref(s string) string {
	low := strings.ToLower(s)
	for _, p := range []string{"/", "#", "?", "http://", "https://"} {
		if strings.HasPrefix(low, p) {
			return s
		}
	}
	return ""
}

func (l Lines) id() string {
	var b strings.Builder
	for _, r := range l.ID {
		if r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			b.WriteRune(r)
		}
	}
	if b.Len() == 0 {
		return "chart"
	}
	return b.String()
}
