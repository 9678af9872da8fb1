package metric

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// MinTrendWeeks is how many weekly values a trend needs, and how many weeks of the year must be there
// twice to take the season out.
const MinTrendWeeks = 8

// The ways to compute a trend.
const (
	TrendPlain    = "theil_sen"          // every pair of weeks
	TrendSeasonal = "seasonal_theil_sen" // pairs of the same week of two years
)

// Trend is the course of a measure over weeks. Without MinTrendWeeks weeks it has no values.
type Trend struct {
	Measure    Measure   `json:"measure"`
	Method     string    `json:"method"`
	Weeks      int       `json:"weeks"`     // with a value
	Missing    int       `json:"missing"`   // between the first and the last of them, without
	Pairs      int       `json:"pairs"`     // compared
	Slope      *float64  `json:"slope"`     // unit of the measure a week
	CI         *Interval `json:"ci"`        // of the slope
	Tau        *float64  `json:"tau"`       // -1 falls every time, 1 rises every time
	P          *float64  `json:"p"`         // two-sided, of Mann and Kendall's test
	Lag1       *float64  `json:"lag1"`      // how much a week resembles the one before, beyond the trend
	Dependent  bool      `json:"dependent"` // more than chance: p and the interval promise too much
	Verdict    Verdict   `json:"verdict"`   // too_few, no_detectable_change, better, worse or changed
	Words      string    `json:"words"`
	SlopeWords string    `json:"slope_words"` // what a week adds, as one says it
}

// week is a value at its ISO week, counted from the Monday of 1970-01-05.
type week struct {
	at    int
	value float64
}

// TrendOf is the trend of weekly points, as [Series] gives them for [Week] in a zone (nil is UTC). The
// slope is the median of the slopes of all pairs of weeks (Theil 1950; Sen 1968), with Sen's interval;
// the test is that of Mann (1945) and Kendall (1975), corrected for ties and for continuity. Neither
// asks how values are distributed, and one wild week moves neither. Weeks without a value and partial
// weeks are left out; the others keep their place, so that a gap is a gap.
//
// Where at least MinTrendWeeks weeks of the year were seen in more than one year, only the same ISO week
// of different years is compared (the seasonal test and slope of Hirsch, Slack and Smith 1982, with the
// week as season). Christmas is then compared with Christmas and the holidays with the holidays, at the
// price of saying nothing about what happens within a year. To subtract a median of each week first
// would need several years to know that median.
//
// A trend is seen where the test says p < 0.05, the slope is not zero, and its interval does not reach to
// both sides of zero. It may end at zero: where many weeks have the same value, many slopes are nothing.
func TrendOf(m Measure, points []Point, zone *time.Location) Trend {
	weeks := weeksOf(points, zone)
	out := Trend{Measure: m, Method: TrendPlain, Weeks: len(weeks), Verdict: TooFew}
	if len(weeks) > 0 {
		out.Missing = weeks[len(weeks)-1].at - weeks[0].at + 1 - len(weeks)
	}
	if len(weeks) < MinTrendWeeks {
		out.Words = fmt.Sprintf("too few weeks: %d of %d", len(weeks), MinTrendWeeks)
		return out
	}
	groups := [][]week{weeks}
	if seasons := bySeason(weeks); len(seasons) >= MinTrendWeeks {
		groups, out.Method = seasons, TrendSeasonal
	}
	var k kendall
	for _, g := range groups {
		k.add(g)
	}
	out.Pairs = len(k.slopes)
	slices.Sort(k.slopes)
	out.Slope, out.CI = Quantile(k.slopes, 0.5), k.interval()
	tau, p := k.tau(), k.p()
	out.Tau, out.P = &tau, &p
	out.Lag1 = lag1(weeks, *out.Slope)
	out.Dependent = out.Lag1 != nil && *out.Lag1 > z95/math.Sqrt(float64(len(weeks)))
	out.Verdict = NoDetectableChange
	if p < 2*tail && *out.Slope != 0 && (out.CI[0] >= 0 || out.CI[1] <= 0) {
		out.Verdict = DirectionOf(m).verdict(k.s > 0)
	}
	out.Words, out.SlopeWords = out.Verdict.words(), shapeOf(m).sayChange(out.Slope, out.CI)
	if out.Verdict != NoDetectableChange && out.Dependent {
		out.Words += ", but a week resembles the one before it: this promises too much"
	}
	return out
}

// weeksOf are the whole weeks with a value, in order. A Monday at midnight of the zone is the week of
// that date.
func weeksOf(points []Point, zone *time.Location) []week {
	if zone == nil {
		zone = time.UTC
	}
	monday := time.Date(1970, 1, 5, 0, 0, 0, 0, time.UTC)
	out := make([]week, 0, len(points))
	for _, pt := range points {
		if pt.Value == nil || pt.Partial {
			continue
		}
		days := dateOf(pt.From, zone).Sub(monday).Hours() / 24
		out = append(out, week{int(math.Floor(days / 7)), *pt.Value})
	}
	slices.SortFunc(out, func(a, b week) int { return a.at - b.at })
	return out
}

// bySeason groups weeks by their number in the ISO year, and drops a number that was there once.
func bySeason(weeks []week) [][]week {
	var seasons [54][]week
	for _, w := range weeks {
		_, number := time.Date(1970, 1, 5+7*w.at, 0, 0, 0, 0, time.UTC).ISOWeek()
		seasons[number] = append(seasons[number], w)
	}
	var out [][]week
	for _, s := range seasons {
		if len(s) > 1 {
			out = append(out, s)
		}
	}
	return out
}

// kendall gathers what the test of Mann and Kendall needs, over groups that are compared within.
type kendall struct {
	slopes   []float64
	s        int     // pairs that rise less pairs that fall
	variance float64 // of s if nothing but chance is at work
	untied   float64 // pairs of different values
}

// add takes a group in order of time.
func (k *kendall) add(group []week) {
	ties := make(map[float64]int, len(group))
	for j, b := range group {
		ties[b.value]++
		for _, a := range group[:j] {
			k.slopes = append(k.slopes, (b.value-a.value)/float64(b.at-a.at))
			switch {
			case b.value > a.value:
				k.s++
				k.untied++
			case b.value < a.value:
				k.s--
				k.untied++
			}
		}
	}
	// In whole numbers, since the order of a map is none.
	n := len(group)
	spread := n * (n - 1) * (2*n + 5)
	for _, t := range ties {
		spread -= t * (t - 1) * (2*t + 5)
	}
	k.variance += float64(spread) / 18
}

// tau is Kendall's tau-b against time, which has no ties itself.
func (k *kendall) tau() float64 {
	if k.untied == 0 {
		return 0
	}
	return float64(k.s) / math.Sqrt(k.untied*float64(len(k.slopes)))
}

// p is two-sided, with a correction for continuity. Where all values are the same it is 1.
func (k *kendall) p() float64 {
	if k.s == 0 || k.variance == 0 {
		return 1
	}
	z := (math.Abs(float64(k.s)) - 1) / math.Sqrt(k.variance)
	return math.Erfc(z / math.Sqrt2)
}

// interval wants the slopes sorted. The ranks are those of Sen (1968), rounded outwards.
func (k *kendall) interval() *Interval {
	n := float64(len(k.slopes))
	c := z95 * math.Sqrt(k.variance)
	lo := max(int(math.Floor((n-c)/2)), 1)
	hi := min(int(math.Ceil((n+c)/2))+1, len(k.slopes))
	return &Interval{k.slopes[lo-1], k.slopes[hi-1]}
}

// lag1 is the correlation of what the slope leaves with itself a week later, over the weeks that have
// one before them. It is nil where there are fewer than MinTrendWeeks such pairs, or nothing is left.
func lag1(weeks []week, slope float64) *float64 {
	rest := make([]float64, len(weeks))
	mean := 0.0
	for i, w := range weeks {
		rest[i] = w.value - slope*float64(w.at-weeks[0].at)
		mean += rest[i] / float64(len(weeks))
	}
	var own, next float64
	pairs := 0
	for i, w := range weeks {
		own += (rest[i] - mean) * (rest[i] - mean)
		if i > 0 && weeks[i-1].at+1 == w.at {
			next += (rest[i] - mean) * (rest[i-1] - mean)
			pairs++
		}
	}
	if pairs < MinTrendWeeks-1 || own < 1e-12*(1+mean*mean) {
		return nil
	}
	r := next / own * float64(len(weeks)) / float64(pairs+1)
	return &r
}
