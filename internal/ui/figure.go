package ui

import (
	"html/template"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/chart"
)

// Kind is which of the four keys a figure is; it decides unit, wording and which direction is better.
type Kind int

const (
	// Frequency is in deployments per day; N is days of record, Part the deployments in them.
	Frequency Kind = iota
	// LeadTime is in seconds; N is changes.
	LeadTime
	// FailureRate is 0..1; N is counted deployments, Part the failed ones.
	FailureRate
	// Restore is in seconds; N is failures restored.
	Restore
)

var kindNames = [...]string{"Deployment frequency", "Lead time for changes", "Change failure rate", "Time to restore"}

// fewest is where a rate begins, fewestForBand where it may be judged.
const (
	fewest        = 5
	fewestForBand = 10
)

const tooFew = "too few: "

// Figure is one key for one scope and window. All pointers are nil where nothing is known.
type Figure struct {
	Kind Kind
	// Value in the unit of the kind: per day, seconds, or 0..1. For durations it is the median.
	Value *float64
	// N is the number of observations. Under 5 the facts are shown and no value, under 10 no band.
	N int
	// Part is the numerator of a frequency or rate.
	Part int
	// Facts are the observations themselves, in seconds, shown when there are fewer than five; for durations only.
	Facts []float64
	// Low and High bound the 95 % interval.
	Low, High *float64
	// P90 is for durations.
	P90 *float64
	// Open counts what is not finished yet: changes not delivered, failures not restored.
	Open int
	// Band is the word for the band: "High", or both where the interval crosses: "Medium–High". Empty shows none.
	Band string
	// Provisional marks a rate whose last days may still rise.
	Provisional bool
	// Previous is the value of the period before. Distinguishable says that the difference is more than noise.
	Previous        *float64
	Distinguishable bool
	// Trend and PreviousTrend are values at equal distances, oldest first.
	Trend, PreviousTrend []*float64
	// Href leads to the explanation of the number; empty shows no link.
	Href string
}

// Name is the key's full name.
func (f Figure) Name() string { return kindNames[f.kind()] }

// Short is the name for a narrow place.
func (f Figure) Short() string {
	return [...]string{"frequency", "lead time", "failure rate", "restore"}[f.kind()]
}

func (f Figure) kind() Kind { return min(max(f.Kind, Frequency), Restore) }

// Reading is a figure in words, ready to be set.
type Reading struct {
	// Big is the figure, Unit stands small beside it. Quiet figures are no numbers: "no data", "too few: 3 of 4".
	Big, Unit string
	Quiet     bool
	// Second is the line beneath.
	Second string
	Band   string
}

// Parts are the pieces of the second line, none of which should be broken in two.
func (r Reading) Parts() []string { return strings.Split(r.Second, " · ") }

// Facts are the pieces of a figure that has too few observations; empty for every other.
func (r Reading) Facts() []string {
	facts, few := strings.CutPrefix(r.Big, tooFew)
	if !few {
		return nil
	}
	return strings.Split(facts, ", ")
}

// Brief is the figure for a table cell.
func (r Reading) Brief() string {
	if r.Unit == "" || r.Unit == "p50" {
		return strings.TrimPrefix(r.Big, tooFew)
	}
	return r.Big + " " + r.Unit
}

// WholeDays is the days of record in whole days, at least one once something
// was deployed: "10 in 1 day" on the first morning.
func WholeDays(days float64, deployments int) int {
	if deployments > 0 {
		return max(1, int(days))
	}
	return int(days)
}

// enough says how many observations make a figure. Those of a frequency are days: ninety deployments in four
// days are still too few.
func enough(days bool) string {
	if days {
		return "at least 5 days make a figure"
	}
	return "at least 5 make a figure"
}

// Read turns the numbers into words, and refuses a rate where there are too few observations.
func (f Figure) Read() Reading {
	switch {
	case f.N < fewest && f.N > 0:
		return Reading{Big: tooFew + f.facts(), Quiet: true, Second: f.withOpen(enough(f.kind() == Frequency))}
	case f.N <= 0 || !known(f.Value):
		return Reading{Big: noData, Quiet: true, Second: f.withOpen(f.missing())}
	}
	var r Reading
	switch f.kind() {
	case Frequency:
		r.Big, r.Unit = rate(*f.Value)
		r.Second = plural(f.Part, "deployment", "deployments") + " in " + plural(f.N, "day", "days")
	case FailureRate:
		r.Big = ratio(f.Value)
		r.Second = count(f.Part) + " of " + count(f.N)
		if known(f.Low) && known(f.High) {
			r.Second += " · 95 % CI " + interval(*f.Low, *f.High)
		}
	default:
		r.Big, r.Unit = duration(f.Value), "p50"
		parts := []string{"n = " + count(f.N)}
		if known(f.P90) {
			parts = []string{"p90 " + duration(f.P90), "n = " + count(f.N)}
		}
		if f.N < fewestForBand && known(f.Low) && known(f.High) {
			parts = append(parts, "95 % CI "+duration(f.Low)+" – "+duration(f.High))
		}
		r.Second = strings.Join(parts, " · ")
	}
	r.Second = f.withOpen(r.Second)
	if f.N >= fewestForBand {
		r.Band = f.Band
	}
	return r
}

// withOpen adds what is still under way: a backlog must not look like speed.
func (f Figure) withOpen(s string) string {
	if f.Open > 0 {
		s += " · " + count(f.Open) + " open"
	}
	if f.Provisional {
		s += " · provisional"
	}
	return s
}

func (f Figure) facts() string {
	switch f.kind() {
	case Frequency:
		return count(f.Part) + " in " + plural(f.N, "day", "days")
	case FailureRate:
		return count(f.Part) + " of " + count(f.N)
	}
	var words []string
	for _, s := range f.Facts {
		words = append(words, duration(&s))
	}
	if len(words) == 0 {
		return "n = " + count(f.N)
	}
	return strings.Join(words, ", ")
}

func (f Figure) missing() string {
	switch f.kind() {
	case Frequency:
		return "no deployment in this window"
	case LeadTime:
		return "no delivered change with known times"
	case FailureRate:
		return "no deployment to count"
	}
	return "no restored failure in this window"
}

// Delta is the difference to the period before.
type Delta struct {
	// Change is "+1.1 pp" or "−21 %", Was the earlier value. Both are empty where there is nothing to compare.
	Change, Was string
	// Class is "better", "worse" or "noise".
	Class string
	// Word says the class for those who do not see the colour.
	Word string
}

// Delta compares with the previous period; it is empty if either side is unknown or too thin to have a value.
func (f Figure) Delta() Delta {
	if f.N < fewest || !known(f.Value) || !known(f.Previous) {
		return Delta{}
	}
	now, before := *f.Value, *f.Previous
	d := Delta{Class: "noise", Word: "within noise"}
	switch f.kind() {
	case FailureRate:
		d.Change, d.Was = points(now, before), ratio(f.Previous)
	case Frequency:
		_, unit := rate(now)
		d.Change, d.Was = relative(now, before), sameRate(before, unit)
	default:
		d.Change, d.Was = relative(now, before), duration(f.Previous)
	}
	if f.Distinguishable && now != before {
		d.Class, d.Word = "worse", "worse"
		if (now > before) == (f.kind() == Frequency) {
			d.Class, d.Word = "better", "better"
		}
	}
	return d
}

// Spark draws the trend. Its name says whose trend it is; the numbers stand beside it in words.
func (f Figure) Spark() template.HTML {
	return spark(f.Name()+", trend in this window", f.Trend, f.PreviousTrend, 0)
}

// spark trusts what the chart room escaped.
func spark(title string, now, before []*float64, height int) template.HTML {
	return template.HTML(chart.Sparkline{Title: title, Values: now, Previous: before, Height: height}.SVG())
}
