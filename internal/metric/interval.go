package metric

import "math"

// Interval is a 95 % confidence interval, lower end first; in JSON a list of two numbers. Its unit is
// that of the value it belongs to.
type Interval [2]float64

const (
	tail = 0.025             // probability left outside at each end
	z95  = 1.959963984540054 // standard normal quantile at 1 - tail
)

// Wilson is the score interval of the ratio k/n (Wilson 1927; Newcombe 1998, method 3). It needs
// 0 <= k <= n and is nil when n is 0. No failure at all has the lower end 0 exactly, nothing but
// failures the upper end 1.
func Wilson(k, n int) *Interval {
	if n <= 0 {
		return nil
	}
	p, m := float64(k)/float64(n), float64(n)
	centre := p + z95*z95/(2*m)
	half := z95 * math.Sqrt(p*(1-p)/m+z95*z95/(4*m*m))
	ci := Interval{(centre - half) / (1 + z95*z95/m), (centre + half) / (1 + z95*z95/m)}
	if k == 0 {
		ci[0] = 0
	}
	if k == n {
		ci[1] = 1
	}
	return &ci
}

// Poisson is the exact interval of the expected number of events when k happened (Garwood 1936): half
// the chi-square quantiles with 2k and 2k+2 degrees of freedom. Divide both ends by the days to have
// the interval of a rate.
func Poisson(k int) Interval { return poissons.get(k, func() Interval { return poisson(k) }) }

func poisson(k int) Interval {
	ci := Interval{0, ChiSquareQuantile(1-tail, 2*float64(k)+2) / 2}
	if k > 0 {
		ci[0] = ChiSquareQuantile(tail, 2*float64(k)) / 2
	}
	return ci
}

// scaled returns the interval with both ends divided by d > 0.
func (i Interval) scaled(d float64) *Interval { return &Interval{i[0] / d, i[1] / d} }
