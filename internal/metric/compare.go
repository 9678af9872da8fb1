package metric

// Level is where a measure stood in one period.
type Level struct {
	Value  *float64  `json:"value"` // nil: nothing measured
	CI     *Interval `json:"ci"`
	N      float64   `json:"n"` // observations; of a frequency, days of record
	TooFew bool      `json:"too_few"`
	Spread float64   `json:"spread,omitempty"` // of durations: see Spread; 0 is unknown
}

// Comparison sets a period against an earlier one that shares no observation with it.
type Comparison struct {
	Measure   Measure   `json:"measure"`
	Direction Direction `json:"direction"`
	Earlier   Level     `json:"earlier"`
	Later     Level     `json:"later"`
	Delta
	Verdict         Verdict `json:"verdict"`
	Words           string  `json:"words"`
	EarlierWords    string  `json:"earlier_words"` // the values as one says them, each with its interval
	LaterWords      string  `json:"later_words"`
	DifferenceWords string  `json:"difference_words"`
}

// Compare says whether a measure got better or worse from one period to another (definitions, 6.1.4).
// It speaks of a change only where the 95 % interval of the difference does not hold zero; otherwise
// there is no detectable change, which is not the same as none. Where one of the periods has too few
// observations, or no interval, the verdict is too few, whatever the values are.
func Compare(m Measure, earlier, later Level) Comparison {
	out := Comparison{
		Measure: m, Direction: DirectionOf(m), Earlier: earlier, Later: later,
		Delta: Difference(earlier.estimate(), later.estimate()), Verdict: TooFew,
	}
	switch {
	case earlier.TooFew || later.TooFew || out.CI == nil:
	case out.Distinguishable:
		out.Verdict = out.Direction.verdict(*out.Difference > 0)
	default:
		out.Verdict = NoDetectableChange
	}
	// Too few is the stronger word: a difference of two handfuls is not offered as one.
	out.Distinguishable = out.Distinguishable && out.Verdict != TooFew
	out.Words = out.Verdict.words()
	sh := shapeOf(m)
	out.EarlierWords, out.LaterWords = sh.sayLevel(earlier), sh.sayLevel(later)
	out.DifferenceWords = sh.sayChange(out.Difference, out.CI)
	return out
}

func (s Level) estimate() Estimate { return Estimate{s.Value, s.CI} }

// Level is the frequency per day; its n is days of record.
func (f Frequency) Level() Level {
	return Level{Value: f.PerDay, CI: f.CI, N: f.Days, TooFew: f.TooFew}
}

// Level is the median in seconds.
func (d Durations) Level() Level {
	return Level{Value: d.P50, CI: d.CI, N: float64(d.N), TooFew: d.TooFew, Spread: Spread(d.P50, d.P90)}
}

// Level is the ratio.
func (f FailureRate) Level() Level {
	return Level{Value: f.Ratio, CI: f.CI, N: float64(f.Counted), TooFew: f.TooFew}
}

// Level is the ratio.
func (s Share) Level() Level {
	return Level{Value: s.Ratio, CI: s.CI, N: float64(s.Counted), TooFew: s.TooFew}
}
