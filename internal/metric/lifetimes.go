package metric

import (
	"math"
	"slices"
)

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
	out := Survival{}
	var entries, leaves []int64
	ends := map[int64]int{}
	for _, it := range items {
		entries = append(entries, it.Enter)
		leaves = append(leaves, it.Leave)
		if it.Ended {
			ends[it.Leave]++
			out.Ended++
		} else {
			out.Open++
		}
	}
	slices.Sort(entries)
	slices.Sort(leaves)
	ages := make([]int64, 0, len(ends))
	for age := range ends {
		ages = append(ages, age)
	}
	slices.Sort(ages)

	alive, greenwood := 1.0, 0.0
	left := 1 - p + 1e-9 // a step onto the level but for rounding is on it
	entered, gone := 0, 0
	for _, age := range ages {
		for entered < len(entries) && entries[entered] <= age {
			entered++
		}
		for gone < len(leaves) && leaves[gone] < age {
			gone++
		}
		n, d := float64(entered-gone), float64(ends[age])
		if out.Value == nil && (out.AtRisk == 0 || int(n) < out.AtRisk) {
			out.AtRisk = int(n)
		}
		alive *= 1 - d/n
		greenwood += d / (n * (n - d)) // infinite once nobody is left
		low, high := limits(alive, greenwood)
		if out.Value == nil && alive <= left {
			out.Value = seconds(float64(age))
		}
		if out.Low == nil && low <= left {
			out.Low = seconds(float64(age))
		}
		if out.High == nil && high <= left {
			out.High = seconds(float64(age))
		}
		if alive <= 0 {
			break
		}
	}
	return out
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
