package metric

import (
	"slices"

	"github.com/plimsoll-dev/plimsoll"
)

// Analysis is one analysis run that ended, or did not yet.
type Analysis struct {
	At    plimsoll.Time // when it ended; its start while it runs
	Phase Phase
}

// Phase is the phase of an analysis run in one byte; the zero Phase is unknown.
type Phase uint8

// The phases, in the order of plimsoll.AnalysisPhases.
const (
	PhaseRunning Phase = 1 + iota
	PhaseSuccessful
	PhaseFailed
	PhaseError
	PhaseInconclusive
)

// PhaseOf converts a phase; a name that is none becomes the unknown Phase.
func PhaseOf(s string) Phase { return Phase(slices.Index(plimsoll.AnalysisPhases, s) + 1) }

// CanaryPass is the canary pass rate. N, its denominator, is passed and failed.
type CanaryPass struct {
	Ratio        *float64  `json:"ratio"` // nil when nothing was decided
	Passed       int       `json:"passed"`
	Failed       int       `json:"failed"`       // errors among them
	Errors       int       `json:"errors"`       // those that could not measure
	Inconclusive int       `json:"inconclusive"` // beside, in no ratio
	Running      int       `json:"running"`      // beside
	N            int       `json:"n"`
	CI           *Interval `json:"ci"`
	TooFew       bool      `json:"too_few"`
}

// Phases counts analysis runs by their phase; it adds up over any parts.
type Phases [1 + PhaseInconclusive]int

// Add counts one run. A phase that is not known counts nowhere.
func (c *Phases) Add(p Phase) {
	if int(p) < len(c) {
		c[p]++
	}
}

// Pass is Successful ÷ (Successful + Failed + Error) with a Wilson interval; a run that could decide
// nothing is shown apart (definitions, section 2).
func (c Phases) Pass() CanaryPass {
	out := CanaryPass{
		Passed: c[PhaseSuccessful], Failed: c[PhaseFailed] + c[PhaseError], Errors: c[PhaseError],
		Inconclusive: c[PhaseInconclusive], Running: c[PhaseRunning],
	}
	out.N = out.Passed + out.Failed
	out.Ratio, out.CI, out.TooFew = portion(out.Passed, out.N)
	return out
}

// CanaryPassOf is the pass rate of the runs that ended in the window up to now.
func CanaryPassOf(runs []Analysis, p Period) CanaryPass {
	var c Phases
	w := p.observed()
	for _, r := range runs {
		if w.Contains(r.At) {
			c.Add(r.Phase)
		}
	}
	return c.Pass()
}
