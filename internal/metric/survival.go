package metric

import "math"

// Lifetime is one item under observation, in microseconds of its own age: it comes into view at the
// age Enter and leaves it at the age Leave, because it ended or because the observation did.
type Lifetime struct {
	Enter, Leave int64
	Ended        bool
}

// KaplanMeierMedian is the age, in seconds, by which half of all items have ended: the product-limit
// estimate of Kaplan and Meier (1958) for items that come into view late (left truncation, Tsai, Jewell
// and Wang 1987) and are still open when the observation stops (right censoring). An item is at risk at
// every age from Enter to Leave, both included. It is nil when the curve does not come down to one half.
func KaplanMeierMedian(items []Lifetime) *float64 {
	r := riskOf(items)
	return r.median()
}

// riskOf sorts items by what happened to them.
func riskOf(items []Lifetime) (r Risk) {
	var ended []int64
	for _, it := range items {
		r.Enter(it.Enter)
		if it.Ended {
			ended = append(ended, it.Leave)
		} else {
			r.Censored = append(r.Censored, it.Leave)
		}
	}
	r.Ended = SortSpans(ended)
	return r
}

// Risk holds items by what happened to them, as ages in microseconds.
type Risk struct {
	Early    int     // in view from age 0
	Late     []int64 // ages of entry above 0, in any order
	Censored []int64 // ages when the observation stopped, in any order
	Ended    Spans   // ages at the end; nil is none
}

// Enter counts an item that came into view at an age; below 0 is from the start.
func (r *Risk) Enter(age int64) {
	if age > 0 {
		r.Late = append(r.Late, age)
	} else {
		r.Early++
	}
}

// median sorts Late and Censored. A step that is one half but for rounding counts as one half.
func (r *Risk) median() *float64 {
	if r.Ended == nil {
		return nil
	}
	sortSpans(r.Late)
	sortSpans(r.Censored)
	alive := 1.0
	late, censored, before := 0, 0, 0
	for age, n := range r.Ended.Ascend() {
		for late < len(r.Late) && r.Late[late] <= age {
			late++
		}
		for censored < len(r.Censored) && r.Censored[censored] < age {
			censored++
		}
		atRisk := r.Early + late - before - censored
		alive *= 1 - float64(n)/float64(atRisk)
		if alive <= 0.5+1e-9 {
			return seconds(float64(age))
		}
		before += n
	}
	return nil
}

// seconds converts microseconds, the grain of all times: what interpolation adds below it is noise.
func seconds(micros float64) *float64 {
	s := math.Round(micros) / 1e6
	return &s
}
