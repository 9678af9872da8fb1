package metric

import "math"

// Estimate is a value with its interval, as every measure has one.
type Estimate struct {
	Value *float64
	CI    *Interval
}

// Delta is the change of a measure from one period to another, in the unit of the measure.
type Delta struct {
	Difference      *float64  `json:"difference"` // later minus earlier; nil when either is nil
	CI              *Interval `json:"ci"`
	Distinguishable bool      `json:"distinguishable"` // the interval does not contain zero
}

// Difference compares two periods that share no observation. It squares and adds the distances from
// the values to the ends of their intervals (MOVER; Zou and Donner 2008). From Wilson intervals this is
// Newcombe's hybrid score interval (1998, method 10), from Garwood intervals an interval for the
// difference of two Poisson rates, and from order-statistic intervals a distribution-free one for the
// difference of two medians, none of them needing more than the two results. Without an interval on
// both sides nothing is distinguishable.
func Difference(earlier, later Estimate) Delta {
	if earlier.Value == nil || later.Value == nil {
		return Delta{}
	}
	a, b := *earlier.Value, *later.Value
	d := b - a
	out := Delta{Difference: &d}
	if earlier.CI == nil || later.CI == nil {
		return out
	}
	down := math.Hypot(b-later.CI[0], earlier.CI[1]-a)
	up := math.Hypot(later.CI[1]-b, a-earlier.CI[0])
	out.CI = &Interval{d - down, d + up}
	out.Distinguishable = out.CI[0] > 0 || out.CI[1] < 0
	return out
}

// Estimate is the value and interval of the frequency per day.
func (f Frequency) Estimate() Estimate { return Estimate{f.PerDay, f.CI} }

// Estimate is the median and its interval in seconds.
func (d Durations) Estimate() Estimate { return Estimate{d.P50, d.CI} }

// Estimate is the ratio and its interval.
func (f FailureRate) Estimate() Estimate { return Estimate{f.Ratio, f.CI} }

// Estimate is the ratio and its interval.
func (s Share) Estimate() Estimate { return Estimate{s.Ratio, s.CI} }
