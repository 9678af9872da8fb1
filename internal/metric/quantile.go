package metric

import (
	"math/bits"
	"slices"
	"sort"
)

// Quantile is the interpolated p-quantile of values in ascending order, 0 <= p <= 1: type 7 of Hyndman
// and Fan (1996), the one spreadsheets use. The unit is that of the values; without values it is nil.
func Quantile[T int64 | float64](sorted []T, p float64) *float64 {
	if len(sorted) == 0 {
		return nil
	}
	h := float64(len(sorted)-1) * min(max(p, 0), 1)
	i := int(h)
	v := float64(sorted[i])
	if f := h - float64(i); f > 0 {
		v += f * (float64(sorted[i+1]) - v)
	}
	return &v
}

// QuantileRanks says between which two order statistics (counted from 1) of n values the p-quantile of
// their distribution lies with at least 95 % confidence, whatever the distribution: at most 2.5 % are
// left at each side (David and Nagaraja, Order Statistics, 7.1). It reports false when n is too small
// for one of the sides; for a median n must be 6.
func QuantileRanks(n int, p float64) (lo, hi int, ok bool) {
	if n <= 0 || p <= 0 || p >= 1 {
		return 0, 0, false
	}
	lo = sort.Search(n, func(k int) bool { return binomialCDF(k, n, p) > tail })
	hi = 1 + sort.Search(n, func(k int) bool { return binomialCDF(k, n, p) >= 1-tail })
	return lo, hi, lo >= 1 && hi <= n
}

// QuantileInterval is the distribution-free 95 % interval of the p-quantile of values in ascending
// order, in their unit, from QuantileRanks. It is nil when there are too few values.
func QuantileInterval[T int64 | float64](sorted []T, p float64) *Interval {
	lo, hi, ok := QuantileRanks(len(sorted), p)
	if !ok {
		return nil
	}
	return &Interval{float64(sorted[lo-1]), float64(sorted[hi-1])}
}

// sortSpans sorts numbers that are not negative, microseconds or whole seconds. Five quantiles, an interval and a Kaplan–Meier curve
// need most of the order anyway, and for half a million spans a radix sort is quicker than selecting
// each of them.
func sortSpans[T int64 | uint32](xs []T) {
	if len(xs) < 1<<9 || slices.IsSorted(xs) {
		slices.Sort(xs)
		return
	}
	const digit = 11
	var all T
	for _, x := range xs {
		all |= x
	}
	from, to := xs, make([]T, len(xs))
	for shift := 0; shift < bits.Len64(uint64(all)); shift += digit {
		var next [1 << digit]int
		for _, x := range from {
			next[x>>shift&(1<<digit-1)]++
		}
		at := 0
		for d, n := range next {
			next[d] = at
			at += n
		}
		for _, x := range from {
			d := x >> shift & (1<<digit - 1)
			to[next[d]] = x
			next[d]++
		}
		from, to = to, from
	}
	if &from[0] != &xs[0] {
		copy(xs, from)
	}
}
