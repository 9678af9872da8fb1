package metric

// Direction says which way a measure gets better.
type Direction string

// The directions.
const (
	MoreIsBetter Direction = "more_is_better"
	LessIsBetter Direction = "less_is_better"
	NoDirection  Direction = "no_direction" // a change of it is neither good nor bad in itself
)

// DirectionOf is the direction of a measure. Of a roll-back rate neither end is good: to roll back
// often says that testing is too weak, never to roll back that nobody dares. A measure that is not
// listed is a duration or a rate of something unwanted, of which less is better.
func DirectionOf(m Measure) Direction {
	switch m {
	case DeploymentFrequency, "reliability", CanaryPassRate:
		return MoreIsBetter
	case RollbackRate:
		return NoDirection
	}
	return LessIsBetter
}

// Verdict is the answer to "did it change?".
type Verdict string

// The verdicts. Changed is that of a measure without direction.
const (
	Better             Verdict = "better"
	Worse              Verdict = "worse"
	Changed            Verdict = "changed"
	NoDetectableChange Verdict = "no_detectable_change"
	TooFew             Verdict = "too_few"
)

// words are how a verdict is said.
func (v Verdict) words() string {
	switch v {
	case NoDetectableChange:
		return "no detectable change"
	case TooFew:
		return "too few to say"
	}
	return string(v)
}

// verdict reads a change that is known to be one: up says whether the value rose.
func (d Direction) verdict(up bool) Verdict {
	switch {
	case d == NoDirection:
		return Changed
	case up == (d == MoreIsBetter):
		return Better
	}
	return Worse
}
