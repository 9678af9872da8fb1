package metric

import (
	"math"
	"slices"
)

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
	var r risk
	for _, it := range items {
		r.enter(it.Enter)
		if it.Ended {
			r.ended = append(r.ended, it.Leave)
		} else {
			r.censored = append(r.censored, it.Leave)
		}
	}
	slices.Sort(r.ended)
	return r.median()
}

// risk holds items by what happened to them, as ages in microseconds.
type risk struct {
	early    int     // in view from age 0
	late     []int64 // ages of entry above 0
	ended    []int64 // ages at the end; median wants them sorted
	censored []int64 // ages when the observation stopped
}

func (r *risk) enter(age int64) {
	if age > 0 {
		r.late = append(r.late, age)
	} else {
		r.early++
	}
}

// median sorts late and censored. A step that is one half but for rounding counts as one half.
func (r *risk) median() *float64 {
	sortSpans(r.late)
	sortSpans(r.censored)
	alive := 1.0
	late, censored := 0, 0
	for i := 0; i < len(r.ended); {
		age, before := r.ended[i], i
		for i < len(r.ended) && r.ended[i] == age {
			i++
		}
		for late < len(r.late) && r.late[late] <= age {
			late++
		}
		for censored < len(r.censored) && r.censored[censored] < age {
			censored++
		}
		atRisk := r.early + late - before - censored
		alive *= 1 - float64(i-before)/float64(atRisk)
		if alive <= 0.5+1e-9 {
			return seconds(float64(age))
		}
	}
	return nil
}

// seconds converts microseconds, the grain of all times: what interpolation adds below it is noise.
func seconds(micros float64) *float64 {
	s := math.Round(micros) / 1e6
	return &s
}
