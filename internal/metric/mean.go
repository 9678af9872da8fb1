package metric

import "math"

// MinMean is how many values the interval of a mean needs. It is more than for a median: with fewer,
// nothing in the sample tells how long its tail is.
const MinMean = 20

// MeanInterval is an approximate 95 % interval of the mean of values in ascending order, in their unit:
// Student's interval, corrected for skewness by Hall's transformation (1992). Durations are skewed to
// the right, and the plain interval of Student then lies too low. It is nil below MinMean values. Where
// all are the same it is that value. For tails as long as those of restore times it still promises too
// much, see the page on statistics; the median is the better summary.
func MeanInterval[T int64 | float64](sorted []T) *Interval {
	n := len(sorted)
	if n < MinMean {
		return nil
	}
	// From the smallest on: the order of a sum is part of it.
	mean := 0.0
	for _, x := range sorted {
		mean += float64(x) / float64(n)
	}
	var two, three float64
	for _, x := range sorted {
		d := float64(x) - mean
		two += d * d / float64(n)
		three += d * d * d / float64(n)
	}
	if two <= 0 {
		return &Interval{mean, mean}
	}
	size := float64(n)
	k := three / math.Pow(two, 1.5) / math.Sqrt(size)
	hall := func(t float64) float64 {
		w := t - k/6
		if math.Abs(k) < 1e-9 {
			return w
		}
		return (math.Cbrt(1+k*w) - 1) * 3 / k
	}
	t := studentQuantile(size - 1)
	se := math.Sqrt(two / (size - 1))
	return &Interval{mean - se*hall(t), mean - se*hall(-t)}
}

// studentQuantile is the value that a variable of Student's distribution with df > 0 degrees of freedom
// stays below with probability 1 - tail, by bisection of its distribution function.
func studentQuantile(df float64) float64 {
	lo, hi := 0.0, 1e3
	for range 100 {
		t := (lo + hi) / 2
		if betaI(df/(df+t*t), df/2, 0.5)/2 > tail {
			lo = t
		} else {
			hi = t
		}
	}
	return (lo + hi) / 2
}
