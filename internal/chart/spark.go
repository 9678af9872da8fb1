package chart

import (
	"fmt"
	"math"
	"strings"
)

// Sparkline is a small line without axes. Nil, NaN and infinite values are gaps.
type Sparkline struct {
	// Title is the accessible name; say what is measured and over which time. Empty hides the picture from readers.
	Title string
	// Values stand at equal distances, oldest first.
	Values []*float64
	// Previous is the same for the period before, drawn dotted on the same scale; it may be empty.
	Previous []*float64
	// Height in CSS pixels; 0 means 28.
	Height int
}

const defaultSparkHeight = 28

// SVG draws the line over the full width of its container. Without a single value it draws a flat dashed rule.
func (s Sparkline) SVG() string {
	height := s.Height
	if height <= 0 {
		height = defaultSparkHeight
	}
	var b strings.Builder
	name := `aria-hidden="true"`
	if s.Title != "" {
		name = fmt.Sprintf(`role="img" aria-label="%s"`, escape(s.Title))
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="spark" width="100%%" height="%d" viewBox="0 0 %d %d" preserveAspectRatio="none" %s>`,
		height, gridWidth, gridHeight, name)
	hi, lo := 0.0, 0.0
	for _, vs := range [][]*float64{s.Values, s.Previous} {
		for _, v := range vs {
			if v != nil && finite(*v) {
				hi, lo = max(hi, *v), min(lo, *v)
			}
		}
	}
	draw := func(class string, vs []*float64) bool {
		rs := sparkRuns(vs, lo, hi)
		if len(rs) > 0 {
			fmt.Fprintf(&b, `<path class="%s" vector-effect="non-scaling-stroke" fill="none" d="%s"/>`, class, linePath(rs))
		}
		if alone := single(rs); len(alone) > 0 {
			fmt.Fprintf(&b, `<path class="%s lone" vector-effect="non-scaling-stroke" fill="none" d="%s"/>`, class, dotPath(alone))
		}
		return len(rs) > 0
	}
	before := draw("line previous", s.Previous)
	now := draw("line s0", s.Values)
	if !before && !now {
		fmt.Fprintf(&b, `<path class="line none" vector-effect="non-scaling-stroke" fill="none" d="M0 %dH%d"/>`, gridHeight/2, gridWidth)
	}
	if rs := sparkRuns(s.Values, lo, hi); now {
		last := rs[len(rs)-1]
		fmt.Fprintf(&b, `<path class="end" vector-effect="non-scaling-stroke" fill="none" d="%sh0"/>`, moveTo(nil, last[len(last)-1]))
	}
	b.WriteString(`</svg>`)
	return b.String()
}

// sparkRuns leaves a little air at every side, for strokes are wider than the line they follow.
func sparkRuns(vs []*float64, lo, hi float64) [][]spot {
	const margin, side = 90, 12
	var out [][]spot
	var run []spot
	if hi == lo {
		hi = lo + 1
	}
	for i, v := range vs {
		if v == nil || !finite(*v) {
			if len(run) > 0 {
				out, run = append(out, run), nil
			}
			continue
		}
		x := 0.5
		if len(vs) > 1 {
			x = float64(i) / float64(len(vs)-1)
		}
		run = append(run, spot{
			side + int(math.Round(x*(gridWidth-2*side))),
			gridHeight - margin - int(math.Round((*v-lo)/(hi-lo)*(gridHeight-2*margin))),
		})
	}
	if len(run) > 0 {
		out = append(out, run)
	}
	return out
}
