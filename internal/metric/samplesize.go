package metric

import "math"

const (
	zPower = 0.8416212335729143 // standard normal quantile at a power of 80 %
	// maxNeeded is the answer where nobody should wait for it.
	maxNeeded = 1 << 40
)

// RatioNeeds is about how many observations each of two periods needs, so that a ratio that goes from
// one value to another is seen to have changed in four of five cases, at a significance of 5 % on both
// sides (Fleiss, Levin and Paik, Statistical Methods for Rates and Proportions, 4.14, without
// correction for continuity). A failure rate that goes from 8.5 % to 5 % needs 806 deployments before
// and as many after. It is 0 where the values do not differ or are no ratios.
func RatioNeeds(from, to float64) int {
	if !(from >= 0 && from <= 1 && to >= 0 && to <= 1) || from == to {
		return 0
	}
	mean := (from + to) / 2
	root := z95*math.Sqrt(2*mean*(1-mean)) + zPower*math.Sqrt(from*(1-from)+to*(1-to))
	return ceil(root * root / ((from - to) * (from - to)))
}

// RateNeeds is RatioNeeds for a rate of events per day: the days that each of two periods needs.
func RateNeeds(from, to float64) int {
	if !(from >= 0 && to >= 0) || from == to {
		return 0
	}
	root := z95*math.Sqrt(from+to) + zPower*math.Sqrt(from+to)
	return ceil(root * root / ((from - to) * (from - to)))
}

// MedianNeeds is RatioNeeds for a median of durations: the items each of two periods needs. Sigma is
// the standard deviation of the logarithms, see [Spread]; the variance of a sample median of
// logarithms that are nearly normal is πσ²/2n. From, to and sigma must be positive, else it is 0.
func MedianNeeds(from, to, sigma float64) int {
	if !(from > 0 && to > 0 && sigma > 0) || from == to {
		return 0
	}
	root := (z95 + zPower) * sigma / math.Log(to/from)
	return ceil(math.Pi * root * root)
}

// z90 is the standard normal quantile at 90 %.
const z90 = 1.2815515655446004

// Spread is the standard deviation of the logarithms of durations, from their median and 90th
// percentile as if they were log-normal, which times in a delivery pipeline roughly are. It is 0 where
// either is nil or not positive, or they are the same.
func Spread(p50, p90 *float64) float64 {
	if p50 == nil || p90 == nil || *p50 <= 0 || *p90 <= *p50 {
		return 0
	}
	return math.Log(*p90 / *p50) / z90
}

func ceil(x float64) int {
	// A hair above a whole number is rounding.
	return int(min(math.Ceil(x-1e-9), maxNeeded))
}

// about rounds n to what one would say: 806 is about 800, 1234 about 1200. Steps are of a twentieth to
// a tenth of the number.
func about(n int) int {
	if n < 20 {
		return n
	}
	step := 1
	for n/step >= 100 {
		step *= 10
	}
	if n/step >= 30 {
		step *= 5
	}
	return (n + step/2) / step * step
}
