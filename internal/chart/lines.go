package chart

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

const (
	defaultHeight = 200
	labelHeight   = 26 // under the plot, for the time ticks
	tickEvery     = 44 // least distance of two value ticks, pixels
)

// SVG draws the chart as one svg element of the full width of its container.
func (l Lines) SVG() string {
	zone := l.Zone
	if zone == nil {
		zone = time.UTC
	}
	height := l.Height
	if height <= 0 {
		height = defaultHeight
	}
	w, id := l.window(), l.id()
	lanes := newLanes(l.Markers, w)
	series, axis := l.plotted(w, height)
	top := lanes.height()
	p := plot{id: id, w: w, axis: axis, top: top, height: height}

	var b strings.Builder
	// A picture must not contain links, so with markers the whole is a group and only the plot is the picture.
	role, plotRole := "img", ""
	if len(lanes.exact)+len(lanes.routine) > 0 {
		role, plotRole = "group", fmt.Sprintf(` role="img" aria-label="%s"`, escape(l.Title))
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="chart" width="100%%" height="%d" role="%s" aria-label="%s">`,
		top+height+labelHeight, role, escape(l.Title))
	b.WriteString(`<defs>`)
	lanes.writeGlyphs(&b, id)
	p.writePatterns(&b, l.Regions)
	b.WriteString(`</defs>`)
	fmt.Fprintf(&b, `<g%s>`, plotRole)
	p.writeRegions(&b, l.Regions, zone)
	p.writeGrid(&b)
	p.writeTime(&b, zone)
	fmt.Fprintf(&b, `<svg y="%d" width="100%%" height="%d" viewBox="0 0 %d %d" preserveAspectRatio="none" overflow="visible">`, top, height, gridWidth, gridHeight)
	p.writeUprights(&b, lanes)
	drawn := p.writeSeries(&b, series)
	b.WriteString(`</svg>`)
	if !drawn {
		fmt.Fprintf(&b, `<text class="empty" x="50%%" y="%d" text-anchor="middle">No data</text>`, top+height/2)
	}
	b.WriteString(`</g>`)
	lanes.write(&b, id, w, zone)
	b.WriteString(`</svg>`)
	return b.String()
}

// plotted is the series in order of time and the axis that holds them all.
func (l Lines) plotted(w window, height int) ([]Series, valueAxis) {
	series := slices.Clone(l.Series)
	lo, hi, least := math.Inf(1), math.Inf(-1), math.Inf(1)
	for i := range series {
		series[i].Points = ordered(series[i].Points)
		for _, p := range series[i].Points {
			if finite(p.Value) && w.holds(p.At) {
				lo, hi = min(lo, p.Value), max(hi, p.Value)
				if p.Value > 0 {
					least = min(least, p.Value)
				}
			}
		}
	}
	if lo > hi {
		lo, hi = 0, 0
	}
	if l.Log {
		lo = least
	}
	return series, newValueAxis(l.Unit, lo, hi, max(2, height/tickEvery), l.Log)
}

// plot is the rectangle under the lanes; top and height in pixels.
type plot struct {
	id          string
	w           window
	axis        valueAxis
	top, height int
}

func (p plot) y(share float64) float64 {
	// Half pixels keep horizontal lines crisp.
	return math.Round(float64(p.top)+(1-share)*float64(p.height)) + 0.5
}

func (p plot) writeGrid(b *strings.Builder) {
	for i, t := range p.axis.ticks {
		class := "grid"
		if i == 0 && !p.axis.log || t.at == 0 {
			class = "base"
		}
		y := p.y(t.at)
		fmt.Fprintf(b, `<line class="%s" x2="100%%" y1="%g" y2="%g"/><text class="tick" x="-8" y="%g" dy=".36em" text-anchor="end">%s</text>`,
			class, y, y, y, escape(t.label))
	}
}

// writeTime draws the labels twice, for narrow and wide; CSS shows one of the two.
func (p plot) writeTime(b *strings.Builder, zone *time.Location) {
	y := p.top + p.height
	for _, size := range []struct {
		class string
		most  int
	}{{"w", wideTicks}, {"n", narrowTicks}} {
		fmt.Fprintf(b, `<g class="%s">`, size.class)
		for _, t := range timeTicks(p.w, zone, size.most) {
			class := "tick"
			if t.major {
				class = "tick major"
			}
			x := percentage(t.at)
			fmt.Fprintf(b, `<line class="base" x1="%s" x2="%s" y1="%d" y2="%d"/><text class="%s" x="%s" y="%d" text-anchor="middle">%s</text>`,
				x, x, y, y+4, class, x, y+18, escape(t.label))
		}
		b.WriteString(`</g>`)
	}
}

func (p plot) writePatterns(b *strings.Builder, regions []Region) {
	for _, r := range regions {
		if r.Kind == Freeze {
			fmt.Fprintf(b, `<pattern id="%s-hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" y2="7"/></pattern>`, p.id)
			return
		}
	}
}

func (p plot) writeRegions(b *strings.Builder, regions []Region, zone *time.Location) {
	for _, r := range regions {
		if r.From.After(r.To) {
			r.From, r.To = r.To, r.From
		}
		from, to := p.w.at(r.From), p.w.at(r.To)
		if to < 0 || from > 1 {
			continue
		}
		kind := min(max(r.Kind, Recovery), Incident)
		from, to = clamp(from), clamp(to)
		y, height, fill := p.top, p.height, ""
		switch kind {
		case Incident:
			y, height = p.top+p.height, 4
		case Freeze:
			fill = fmt.Sprintf(` fill="url(#%s-hatch)"`, p.id)
		}
		fmt.Fprintf(b, `<rect class="%s" x="%s" y="%d" width="%s" height="%d"%s><title>%s, %s to %s</title></rect>`,
			regionClass[kind], percentage(from), y, percentage(max(to-from, 0.001)), height, fill,
			escape(r.Label), r.From.In(zone).Format("2 Jan 15:04"), r.To.In(zone).Format("2 Jan 15:04"))
	}
}

// writeUprights draws the lines of all markers of one status as one path: a hundred lines are one node.
func (p plot) writeUprights(b *strings.Builder, l lanes) {
	var times [statuses][]time.Time
	for _, m := range l.routine {
		times[m.Status.known()] = append(times[m.Status.known()], m.At)
	}
	for _, m := range l.exact {
		times[m.Status.known()] = append(times[m.Status.known()], m.At)
	}
	for s, at := range times {
		if len(at) == 0 {
			continue
		}
		top := 0
		if Status(s).routine() && len(l.routine) > curtain {
			top = gridHeight - gridHeight*10/p.height
		}
		class := statusClass[s]
		if len(l.exact) > curtain {
			class += " many"
		}
		fmt.Fprintf(b, `<path class="upright %s" vector-effect="non-scaling-stroke" fill="none" d="%s"/>`,
			class, uprightPath(at, p.w, top, gridHeight))
	}
}

// writeSeries reports whether anything was drawn. The first series lies on top, for it is the one that the chart is about.
func (p plot) writeSeries(b *strings.Builder, series []Series) bool {
	drawn := false
	for i := len(series) - 1; i >= 0; i-- {
		rs := runs(series[i].Points, p.w, p.axis)
		if len(rs) == 0 {
			continue
		}
		drawn = true
		d := linePath(rs)
		if series[i].Mode == Dots {
			d = dotPath(rs)
		} else if alone := single(rs); len(alone) > 0 {
			fmt.Fprintf(b, `<path class="%s lone" vector-effect="non-scaling-stroke" fill="none" d="%s"/>`, seriesClass(series, i), dotPath(alone))
		}
		fmt.Fprintf(b, `<path class="%s" vector-effect="non-scaling-stroke" fill="none" d="%s"/>`, seriesClass(series, i), d)
	}
	return drawn
}

// seriesClass counts the lines that are not of the previous period, so that a colour stays with its series.
func seriesClass(series []Series, i int) string {
	n := 0
	for _, s := range series[:i] {
		if s.Mode != Dotted {
			n++
		}
	}
	class := fmt.Sprintf("line s%d", n%4)
	switch series[i].Mode {
	case Dotted:
		class = "line previous"
	case Dots:
		class += " dots"
	}
	return class
}
