package metric

import "math"

// The continued fractions converge in about the square root of their argument; the limit is never met
// below a thousand million events.
const maxTerms = 1 << 20

const tiny = 1e-300 // keeps Lentz's method from dividing by zero

// gammaP is the regularised lower incomplete gamma function P(a, x) for a > 0, x >= 0: the power
// series below a+1 and Legendre's continued fraction above (Abramowitz and Stegun 6.5.29, 6.5.31).
func gammaP(a, x float64) float64 {
	if x <= 0 {
		return 0
	}
	if x < a+1 {
		term := 1 / a
		sum := term
		for k := 1; k < maxTerms && term > sum*1e-17; k++ {
			term *= x / (a + float64(k))
			sum += term
		}
		return math.Min(1, sum*gammaKernel(a, x))
	}
	b := x + 1 - a
	c := 1 / tiny
	d := 1 / b
	h := d
	for k := 1; k < maxTerms; k++ {
		an := -float64(k) * (float64(k) - a)
		b += 2
		d = 1 / nonzero(an*d+b)
		c = nonzero(b + an/c)
		h *= d * c
		if math.Abs(d*c-1) < 1e-16 {
			break
		}
	}
	return math.Max(0, 1-h*gammaKernel(a, x))
}

// gammaKernel is x^a e^-x / Γ(a).
func gammaKernel(a, x float64) float64 {
	lg, _ := math.Lgamma(a)
	return math.Exp(a*math.Log(x) - x - lg)
}

// gammaQuantile is the x with P(a, x) = p, for 0 < p < 1: Newton's method from the start of Wilson and
// Hilferty (1931), or for small a from the first term of the power series, kept inside a bracket that
// shrinks at every step.
func gammaQuantile(a, p float64) float64 {
	z := math.Sqrt2 * math.Erfinv(2*p-1)
	x := a * math.Pow(math.Max(1-1/(9*a)+z/(3*math.Sqrt(a)), 0.01), 3)
	if a < 1 {
		x = math.Pow(p*math.Gamma(a+1), 1/a)
	}
	lo, hi := 0.0, math.Inf(1)
	for range 200 {
		err := gammaP(a, x) - p
		if err > 0 {
			hi = x
		} else {
			lo = x
		}
		next := x - err*x/gammaKernel(a, x)
		if !(next > lo && next < hi) {
			if next = (lo + hi) / 2; math.IsInf(hi, 1) {
				next = 2*x + 1
			}
		}
		if math.Abs(next-x) <= 1e-15*x {
			return next
		}
		x = next
	}
	return x
}

// ChiSquareQuantile is the value that a chi-square variable with df > 0 degrees of freedom stays below
// with probability p. It is 0 for p <= 0 and +Inf for p >= 1.
func ChiSquareQuantile(p, df float64) float64 {
	switch {
	case p <= 0:
		return 0
	case p >= 1:
		return math.Inf(1)
	}
	return 2 * gammaQuantile(df/2, p)
}

// betaI is the regularised incomplete beta function I_x(a, b) for a, b > 0, by the continued fraction
// of Didonato and Morris as evaluated by Lentz's method.
func betaI(x, a, b float64) float64 {
	switch {
	case x <= 0:
		return 0
	case x >= 1:
		return 1
	case x > (a+1)/(a+b+2):
		return 1 - betaI(1-x, b, a)
	}
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	front := math.Exp(lab-la-lb+a*math.Log(x)+b*math.Log1p(-x)) / a
	c := 1.0
	d := 1 / nonzero(1-(a+b)*x/(a+1))
	h := d
	for k := 1; k < maxTerms; k++ {
		m := float64(k)
		num := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d = 1 / nonzero(1+num*d)
		c = nonzero(1 + num/c)
		h *= d * c
		num = -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d = 1 / nonzero(1+num*d)
		c = nonzero(1 + num/c)
		h *= d * c
		if math.Abs(d*c-1) < 1e-16 {
			break
		}
	}
	return front * h
}

// binomialCDF is the probability of at most k successes in n trials of probability p, 0 < p < 1.
func binomialCDF(k, n int, p float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n:
		return 1
	}
	return betaI(1-p, float64(n-k), float64(k+1))
}

func nonzero(x float64) float64 {
	if math.Abs(x) < tiny {
		return tiny
	}
	return x
}

// normalCDF is the standard normal distribution function.
func normalCDF(z float64) float64 { return math.Erfc(-z/math.Sqrt2) / 2 }
