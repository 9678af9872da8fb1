package metric

import (
	"math"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Distribution is how a figure is distributed over the parts of a scope. It is no ranking: it names nobody.
type Distribution struct {
	N   int      `json:"n"` // parts with enough record to have the figure
	Min *float64 `json:"min"`
	P25 *float64 `json:"p25"`
	P50 *float64 `json:"p50"`
	P75 *float64 `json:"p75"`
	Max *float64 `json:"max"`
}

// DistributionOf describes values in any order.
func DistributionOf(values []float64) Distribution {
	s := slices.Clone(values)
	slices.Sort(s)
	return Distribution{N: len(s), Min: Quantile(s, 0), P25: Quantile(s, 0.25), P50: Quantile(s, 0.5), P75: Quantile(s, 0.75), Max: Quantile(s, 1)}
}

// Evenness sets the deployment frequency of services, and of teams, side by side, per day.
type Evenness struct {
	Services Distribution `json:"services"`
	Teams    Distribution `json:"teams"`
}

// Paced is a part of a scope: since when it is known to deploy, and how often it did in the window.
type Paced struct {
	First   plimsoll.Time
	Counted int
}

// PacesOf is the distribution of deployments a day over the parts that have MinBandDays days of record
// in the window, those that did not deploy included (definitions, section 2, evenness).
func PacesOf(parts []Paced, p Period) Distribution {
	var rates []float64
	for _, part := range parts {
		w := p.Record(part.First)
		if days := Days(w, p.zone()); enoughRecord(w, days) {
			rates = append(rates, float64(part.Counted)/days)
		}
	}
	return DistributionOf(rates)
}

// The spans of a reaction.
const (
	reactionAfter  = 14 * 24 * time.Hour
	reactionBefore = 28 * 24 * time.Hour
)

// Reaction compares how often services deploy after a failure with how often they did before.
type Reaction struct {
	Ratio    *float64  `json:"ratio"` // frequency after ÷ frequency before; nil without deployments before
	CI       *Interval `json:"ci"`
	Failures int       `json:"failures"`  // compared
	After    int       `json:"after"`     // deployments in the 14 days after them
	Before   int       `json:"before"`    // deployments in the 28 days before them
	TooClose int       `json:"too_close"` // left out: another failure of the service in these days
	TooShort int       `json:"too_short"` // left out: these days are not all in the window and on record
	Reading  *string   `json:"reading"`   // overcorrection, carries on, or no detectable change
	TooFew   bool      `json:"too_few"`
}

// Serviced is what ReactionOf needs of one service: its first counted deployment, how many of them ended
// in a window, and its failures by time.
type Serviced struct {
	First    plimsoll.Time
	Counted  func(w plimsoll.Window) int
	Failures []plimsoll.Time
}

// ReactionOf pools over services the deployments of the 14 days after each failure of the window against
// those of the 28 days before it (definitions, section 2, reaction). A failure with another one of the
// service in those days would count their deployments twice and is left out, and so is one whose days
// are not all in the window and on record: no answer about a window looks beyond it. The interval of the ratio is that of a share of all these deployments, turned
// into a ratio of rates (conditional binomial, Wilson). Below one it says that teams hold back, the
// overcorrection; above one that they repair more.
func ReactionOf(services []Serviced, p Period) Reaction {
	var out Reaction
	w := p.observed()
	for _, s := range services {
		for i, at := range s.Failures {
			if !w.Contains(at) {
				continue
			}
			from, to := at.Add(-reactionBefore), at.Add(reactionAfter)
			switch {
			case i > 0 && s.Failures[i-1] >= from, i+1 < len(s.Failures) && s.Failures[i+1] < to:
				out.TooClose++
			case s.First == 0 || from < max(s.First, w.From) || to > w.To:
				out.TooShort++
			default:
				out.Failures++
				out.Before += s.Counted(plimsoll.Window{From: from, To: at})
				out.After += s.Counted(plimsoll.Window{From: at, To: to})
			}
		}
	}
	out.TooFew = out.Failures < MinShown
	if out.Before == 0 {
		return out
	}
	const scale = float64(reactionBefore) / float64(reactionAfter)
	ratio := scale * float64(out.After) / float64(out.Before)
	out.Ratio = &ratio
	ci := Wilson(out.After, out.After+out.Before)
	high := math.Inf(1)
	if ci[1] < 1 {
		high = scale * ci[1] / (1 - ci[1])
	}
	if !math.IsInf(high, 1) {
		out.CI = &Interval{scale * ci[0] / (1 - ci[0]), high}
	}
	if !out.TooFew && out.CI != nil {
		text := "no detectable change"
		switch {
		case out.CI[1] < 1:
			text = "fewer deployments after a failure: overcorrection"
		case out.CI[0] > 1:
			text = "more deployments after a failure"
		}
		out.Reading = &text
	}
	return out
}

// CountIn is how many of sorted times lie in a window.
func CountIn(sorted []plimsoll.Time, w plimsoll.Window) int {
	i, _ := slices.BinarySearch(sorted, w.From)
	j, _ := slices.BinarySearch(sorted, w.To)
	return j - i
}

// Reliability is the share of objectives that were met. There are none yet, so nothing is known.
type Reliability struct {
	Ratio          *float64 `json:"ratio"`            // met ÷ (objective × calendar month)
	Met            *int     `json:"met"`              // of them
	N              int      `json:"n"`                // objectives × months
	WorstRemaining *float64 `json:"worst_remaining"`  // least remaining error budget
	WorstObjective *string  `json:"worst_objective"`  // whose it is
	Reason         string   `json:"reason,omitempty"` // why nothing is known
}

// NoReliability says that nobody has stated an objective.
func NoReliability() Reliability { return Reliability{Reason: "no objectives"} }
