package chart

import (
	"math"
	"strconv"
)

// tick is a label at a place between 0 (bottom or left) and 1.
type tick struct {
	at    float64
	label string
	major bool
}

// valueAxis maps values to heights, 0 at the floor and 1 at the top.
type valueAxis struct {
	lo, hi float64
	log    bool
	ticks  []tick
}

func (a valueAxis) at(v float64) float64 {
	if a.log {
		v = math.Log(math.Max(v, a.lo))
		return clamp((v - math.Log(a.lo)) / (math.Log(a.hi) - math.Log(a.lo)))
	}
	return clamp((v - a.lo) / (a.hi - a.lo))
}

func clamp(f float64) float64 { return math.Min(1, math.Max(0, f)) }

const (
	minute = 60.0
	hour   = 60 * minute
	day    = 24 * hour
)

// durationSteps are the distances at which people count time; beyond them days follow the decimal steps.
var durationSteps = []float64{
	0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5,
	1, 2, 5, 10, 15, 30,
	minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute,
	hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour,
	day, 2 * day, 5 * day, 7 * day, 14 * day, 30 * day, 60 * day, 90 * day, 180 * day, 360 * day,
}

// newValueAxis spans the values from lo to hi with at most most ticks besides the floor.
// The floor is zero unless there are negative values: a cut axis makes noise look like news.
func newValueAxis(u Unit, lo, hi float64, most int, log bool) valueAxis {
	if log && u == Seconds && hi > 0 {
		return newLogAxis(lo, hi, most)
	}
	lo, hi = math.Min(0, lo), math.Max(0, hi)
	if hi-lo == 0 {
		hi = map[Unit]float64{Count: 4, Seconds: minute, Ratio: 0.01, PerDay: 1}[u]
	}
	step := niceStep(u, (hi-lo)/float64(most))
	a := valueAxis{lo: math.Floor(lo/step+1e-9) * step, hi: math.Ceil(hi/step-1e-9) * step}
	for i := 0; ; i++ {
		v := a.lo + float64(i)*step
		if v > a.hi+step/2 {
			return a
		}
		a.ticks = append(a.ticks, tick{at: (v - a.lo) / (a.hi - a.lo), label: tickLabel(u, v, step)})
	}
}

func niceStep(u Unit, raw float64) float64 {
	if u == Seconds {
		for _, s := range durationSteps {
			if s >= raw*(1-1e-9) {
				return s
			}
		}
		return decimalStep(raw/day) * day
	}
	step := decimalStep(raw)
	if u == Count {
		return math.Max(1, step)
	}
	return step
}

func decimalStep(raw float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(raw)))
	if !finite(p) || p == 0 {
		return math.Max(raw, math.SmallestNonzeroFloat64)
	}
	for _, m := range []float64{1, 2, 5} {
		if m*p >= raw*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}

// tickLabel shows as many decimals as the step needs, the same on every tick.
func tickLabel(u Unit, v, step float64) string {
	if math.Abs(v) < step/1e6 {
		return "0"
	}
	if u == Seconds {
		return u.Format(v)
	}
	unit := ""
	if u == Ratio {
		v, step, unit = v*100, step*100, " %"
	}
	if math.Abs(v) >= 1e6 {
		return strconv.FormatFloat(v, 'g', 3, 64) + unit
	}
	if step >= 1 {
		return Thousands(int64(math.Round(v))) + unit
	}
	decimals := min(6, int(math.Ceil(-math.Log10(step)-1e-9)))
	if v < 0 {
		return minus + strconv.FormatFloat(-v, 'f', decimals, 64) + unit
	}
	return strconv.FormatFloat(v, 'f', decimals, 64) + unit
}

// logSteps are the landmarks of a logarithmic time axis.
var logSteps = []float64{
	0.001, 0.01, 0.1, 1, 10, minute, 10 * minute, hour, 6 * hour, day, 7 * day, 30 * day, 180 * day, 3600 * day, 36000 * day,
}

func newLogAxis(lo, hi float64, most int) valueAxis {
	last := len(logSteps) - 1
	top, floor := last, 0
	for top > 1 && logSteps[top-1] >= hi {
		top--
	}
	for floor < top-1 && logSteps[floor+1] <= lo {
		floor++
	}
	// A few stray seconds must not squeeze the rest into the upper half: they sit on the floor.
	if deepest := top - 2*most; floor < deepest {
		floor = deepest
	}
	a := valueAxis{lo: logSteps[floor], hi: math.Max(hi, logSteps[top]), log: true}
	every := 1 + (top-floor)/(most+1)
	for i := top; i >= floor; i -= every {
		a.ticks = append(a.ticks, tick{at: a.at(logSteps[i]), label: tickLabel(Seconds, logSteps[i], 0)})
	}
	return a
}
