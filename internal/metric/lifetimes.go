package metric

import "math"

// Survival is a quantile of lifetimes, in seconds, with its 95 % interval. An end is nil where the
// curve of that end does not come down: all that is known of it is that it lies beyond what was seen.
type Survival struct {
	Value  *float64 `json:"value"`
	Low    *float64 `json:"low"`
	High   *float64 `json:"high"`
	Ended  int      `json:"ended"`
	Open   int      `json:"open"`
	AtRisk int      `json:"at_risk"` // the fewest items in view at an end up to the value
}

// KaplanMeier is the age by which a share p of all items has ended, 0 < p < 1, as [KaplanMeierMedian]
// estimates it, with the interval of Brookmeyer and Crowley (1982): the ages at which the pointwise
// limits of the curve come down to 1-p. The limits are Greenwood's on the scale of log(-log), which
// keeps them between 0 and 1 and serves small samples best (Borgan and Liestøl 1990).
//
// Items that come into view late make the curve fall steeply where hardly anybody is in view yet; AtRisk
// says how few there were.
func KaplanMeier(items []Lifetime, p float64) Survival {
	r := riskOf(items)
	return r.Quantile(p)
}

// Quantile is KaplanMeier of the items of r. It sorts Late and Censored.
func (r *Risk) Quantile(p float64) Survival {
	out := Survival{Open: len(r.Censored)}
	if r.Ended == nil {
		return out
	}
	out.Ended = r.Ended.Len()
	sortSpans(r.Late)
	sortSpans(r.Censored)
	alive, greenwood := 1.0, 0.0
	level := 1 - p + 1e-9 // a step onto the level but for rounding is on it
	late, censored, before := 0, 0, 0
	for age, ended := range r.Ended.Ascend() {
		for late < len(r.Late) && r.Late[late] <= age {
			late++
		}
		for censored < len(r.Censored) && r.Censored[censored] < age {
			censored++
		}
		n, d := float64(r.Early+late-before-censored), float64(ended)
		before += ended
		if out.Value == nil && (out.AtRisk == 0 || int(n) < out.AtRisk) {
			out.AtRisk = int(n)
		}
		alive *= 1 - d/n
		greenwood += d / (n * (n - d)) // infinite once nobody is left
		if out.Value == nil && alive <= level {
			out.Value = seconds(float64(age))
		}
		if near := mayReach(alive, greenwood, level); near && (out.Low == nil || alive <= level) {
			low, high := limits(alive, greenwood)
			if out.Low == nil && low <= level {
				out.Low = seconds(float64(age))
			}
			if out.High == nil && high <= level {
				out.High = seconds(float64(age))
			}
		}
		if alive <= 0 || out.High != nil {
			break
		}
	}
	return out
}

// mayReach reports whether the lower limit of a curve may be as low as a level: since it is at least
// S (1 - 1.72 z √V) where z √V is at most -ln S, most steps of a long curve need no logarithm.
func mayReach(alive, greenwood, level float64) bool {
	reach := z95 * math.Sqrt(greenwood)
	return reach > 1-alive || alive*(1-1.72*reach) <= level
}

// Interval is both ends of s, nil where neither is known.
func (s Survival) Interval() *[2]*float64 {
	if s.Low == nil && s.High == nil {
		return nil
	}
	return &[2]*float64{s.Low, s.High}
}

// limits are the pointwise limits of a survival curve at a value with Greenwood's sum. Where nobody is
// left the lower one is 0, and of the upper nothing is known.
func limits(alive, greenwood float64) (low, high float64) {
	if alive <= 0 || math.IsInf(greenwood, 1) {
		return 0, 1
	}
	h := -math.Log(alive)
	if h == 0 {
		return 1, 1
	}
	width := math.Exp(z95 * math.Sqrt(greenwood) / h)
	return math.Exp(-h * width), math.Exp(-h / width)
}
