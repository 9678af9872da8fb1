package metric

import "slices"

// Grade is where a value stands in a benchmark set. All of it is nil when there is too little to say,
// or the set says nothing about the measure.
type Grade struct {
	// Band is the name of the band, or two names when the interval of the value crosses a boundary:
	// the lower performance first, "Medium–High". An interval over three bands names its ends.
	Band *string `json:"band"`
	// BandPoint is the band of the value alone.
	BandPoint *string `json:"band_point"`
	// Percentile is the share of respondents below, 0..1, of a set without tiers.
	Percentile *float64 `json:"percentile,omitempty"`
}

// Grade places a value and its interval (nil: none) of a measure. The unit is deployments a day,
// seconds or a ratio. It does not ask how many observations there were.
//
// Bands are half-open and ordered from the best: a value belongs to the first band whose upper end
// exceeds it, or equals it where the band includes its end, as a published "0–5 %" includes 5 %.
// For deployment frequency the ends are days between two deployments (definitions, section 4).
func (b *Benchmark) Grade(m Measure, value float64, ci *Interval) Grade {
	if b == nil {
		return Grade{}
	}
	if s, ok := b.Scales[m]; ok {
		p := s.percentile(m, value)
		return Grade{Percentile: &p}
	}
	tiers := b.Tiers[m]
	if len(tiers) == 0 {
		return Grade{}
	}
	point := tierOf(tiers, m, value)
	low, high := point, point
	if ci != nil {
		low, high = tierOf(tiers, m, ci[0]), tierOf(tiers, m, ci[1])
	}
	return Grade{Band: joinBands(tiers, low, high), BandPoint: joinBands(tiers, point, point)}
}

// tierOf is the index of the band that value belongs to. The last band has no end.
func tierOf(tiers []Tier, m Measure, value float64) int {
	return slices.IndexFunc(tiers, func(t Tier) bool { return t.holds(m, value) })
}

// holds reports whether the upper end of t exceeds value. Rates are compared as rates: 4 deployments in
// 28 days are exactly one in 7.
func (t Tier) holds(m Measure, value float64) bool {
	switch {
	case t.Upper == nil:
		return true
	case m == DeploymentFrequency:
		return value > 1 / *t.Upper || t.Inclusive && value == 1 / *t.Upper
	}
	return value < *t.Upper || t.Inclusive && value == *t.Upper
}

// joinBands names the bands from a to b: one name, or two with the lower performance first.
func joinBands(tiers []Tier, a, b int) *string {
	name := tiers[max(a, b)].Band
	if a != b {
		name += "–" + tiers[min(a, b)].Band
	}
	return &name
}

// gradeServices is the median over services of their bands, from the rate and the interval of each:
// the median of the lower names and the median of the upper names. With an even number it takes the
// lower of the two middle ones for the lower name and the upper for the upper.
func (b *Benchmark) gradeServices(rates []float64, cis []Interval) Grade {
	if b == nil || len(rates) == 0 {
		return Grade{}
	}
	slices.Sort(rates)
	median := *Quantile(rates, 0.5)
	ends := [2][]float64{}
	for _, ci := range cis {
		ends[0] = append(ends[0], ci[0])
		ends[1] = append(ends[1], ci[1])
	}
	slices.Sort(ends[0])
	slices.Sort(ends[1])
	return b.Grade(DeploymentFrequency, median, &Interval{ends[0][(len(rates)-1)/2], ends[1][len(rates)/2]})
}

// percentile places a value among respondents, taken as normally distributed. Durations and
// frequencies are first turned into the answer they would have given.
func (s Scale) percentile(m Measure, value float64) float64 {
	var score float64
	switch {
	case s.LessIsBetter:
		return normalCDF((s.Mean - 10*value) / s.SD)
	case m == DeploymentFrequency:
		score = answer(value, func(rate, span float64) bool { return rate > 0 && rate >= 86400/span })
	default:
		score = answer(value, func(v, span float64) bool { return v < span })
	}
	return normalCDF((score - s.Mean) / s.SD)
}

// answer maps a value to 10, 8, 6, 4, 2 or 0: the first of an hour, a day, a week, a month and six
// months that it stays within, and beyond.
func answer(value float64, within func(value, span float64) bool) float64 {
	for i, span := range []float64{hour, day, 7 * day, 30 * day, 180 * day} {
		if within(value, span) {
			return float64(10 - 2*i)
		}
	}
	return 0
}
