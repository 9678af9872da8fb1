package metric

import "github.com/plimsoll-dev/plimsoll"

// restoreStagePrefix begins the name by which a stage of restoration is explained: restore_stage:detect.
const restoreStagePrefix = "restore_stage:"

// Measure names the stage as a measure of its own.
func (s RestoreStage) Measure() Measure { return Measure(restoreStagePrefix + string(s)) }

// shownFigure is the figure of a median without a mean beside it.
func shownFigure(p50 *float64, ci *Interval, n int, few bool) Figure {
	return Figure{Value: p50, CI: ci, N: n, TooFew: few}
}

// reachedStanding wraps a measure over the deployments that reached their environment.
func reachedStanding(why func(*Deployment) Standing) func(*Case, *Deployment) Standing {
	return func(_ *Case, d *Deployment) Standing {
		switch {
		case d.Reached():
			return why(d)
		case d.Result == ResultRunning:
			return Standing{Reason: StillRunning}
		case d.Result == ResultCanceled:
			return Standing{Reason: Canceled}
		case d.Result == ResultSuperseded:
			return Standing{Reason: Superseded}
		}
		return Standing{Reason: NotReached}
	}
}

// detailExplanations are those of canaries and of the times of roll-outs.
var detailExplanations = []*Explanation{
	{
		Measure: CanaryPassRate, Title: "Canary pass rate", Unit: "ratio", Field: "canary_pass_rate.ratio",
		Formula:   "successful analysis runs ÷ decided analysis runs that ended in the window",
		Numerator: "analysis runs that were successful", Denominator: "decided analysis runs: successful, failed, or unable to measure",
		Clauses: list("2.10.1"),
		Figure: func(_ *Case, all Answers) (Figure, any) {
			a := all.Canary
			return shareFigure(a.Ratio, a.CI, a.Passed, a.N, a.TooFew), a
		},
		Analysis: func(_ *Case, a *Analysis) Standing {
			switch a.Phase {
			case PhaseSuccessful:
				return Standing{Reason: AnalysisPassed}
			case PhaseFailed:
				return Standing{Reason: AnalysisFailed}
			case PhaseError:
				return Standing{Reason: AnalysisError}
			case PhaseInconclusive:
				return Standing{Reason: Inconclusive}
			case PhaseRunning:
				return Standing{Reason: AnalysisRunning}
			}
			return Standing{}
		},
	},
	{
		Measure: DeploymentDuration, Title: "Deployment duration", Unit: "s", Field: "deployment_duration.p50", Rollouts: true,
		Formula: "median over the deployments that reached production and ended in the window of: finish − start",
		Clauses: list("2.8.1", "2.8.2"),
		Figure: func(_ *Case, all Answers) (Figure, any) {
			a := all.Rollouts
			return shownFigure(a.P50, a.CI, a.N, a.TooFew), a
		},
		Deployment: reachedStanding(func(d *Deployment) Standing {
			if !d.Timed {
				return Standing{Reason: NoTimes}
			}
			return Standing{Reason: RolledOut, Timed: true, Span: d.Took, End: d.EndedAt}
		}),
	},
	{
		Measure: TimeToFullRollout, Title: "Time to full roll-out", Unit: "s", Field: "time_to_full_rollout.p50", Rollouts: true,
		Formula: "median over the roll-outs in steps that succeeded and ended in the window of: all traffic − start",
		Clauses: list("2.9.1", "2.9.2"),
		Figure: func(_ *Case, all Answers) (Figure, any) {
			a := all.FullRollout
			return shownFigure(a.P50, a.CI, a.N, a.TooFew), a
		},
		Deployment: reachedStanding(func(d *Deployment) Standing {
			switch {
			case d.Stepped:
				return Standing{Reason: AllTraffic, Timed: true, Span: d.Full, End: d.StartedAt + plimsoll.Time(d.Full)}
			case d.Result != ResultSuccess:
				return Standing{Reason: NoSuccess}
			}
			return Standing{Reason: NoFullRollout}
		}),
	},
}

// StandingOfAnalysis says how an analysis run stands to the measure. here says that it is in the
// environment that the question is about.
func (x *Explanation) StandingOfAnalysis(c *Case, a *Analysis, here bool) Standing {
	switch {
	case x.Analysis == nil || !c.Contains(a.At):
		return Standing{}
	case !here:
		return Standing{Reason: OtherEnvironment}
	case a.At >= c.seen.To:
		return Standing{Reason: NotYet}
	}
	return x.Analysis(c, a)
}

// staged is the standing of a stage between two moments, of which 0 is not known.
func staged(begin, end plimsoll.Time) Standing {
	switch {
	case begin == 0 && end == 0:
		return Standing{Reason: NoStage}
	case begin == 0:
		return Standing{Reason: NoStageBegin}
	case end == 0:
		return Standing{Reason: NoStageEnd}
	}
	s := spanned(StageKnown, begin, end)
	s.End = end
	return s
}

// wayStanding says of a delivered change what StageSampleOf makes of one of its stages.
func wayStanding(k int) func(*Case, *Way) Standing {
	return func(c *Case, w *Way) Standing {
		if !c.seen.Contains(w.DeliveredAt) {
			return Standing{}
		}
		return w.Stage(k)
	}
}

// Stage is how the change stands to its stage of that index in plimsoll.Stages, wherever it was delivered
// in the window.
func (w *Way) Stage(k int) Standing {
	switch {
	case w.StartAt == 0:
		return Standing{Reason: NoClock}
	case w.DeliveredAt < w.StartAt:
		return Standing{Reason: NegativeLead}
	}
	d := plimsoll.Delivery{DeliveredAt: w.DeliveredAt, Stamps: w.Stamps}
	ends := d.Ends()[k]
	s := staged(ends[0], ends[1])
	if s.Reason != StageKnown {
		return s
	}
	if ends[1] < w.StartAt {
		return Standing{Reason: BeforeClock}
	}
	s.Span = int64(ends[1] - max(ends[0], w.StartAt))
	return s
}

// UnknownStage lists the reasons other than StageKnown that Stage gives.
var UnknownStage = [...]Reason{NoClock, NegativeLead, NoStage, NoStageBegin, NoStageEnd, BeforeClock, Negative}

// restorationStanding says of a failure what RestoreStagesOf makes of one of its stages.
func restorationStanding(k int) func(*Case, *Restoration) Standing {
	return func(c *Case, r *Restoration) Standing {
		if !c.seen.Contains(r.FailedAt) {
			return Standing{}
		}
		at := r.stamps()
		s := staged(at[k], at[k+1])
		if s.Timed && c.Now != 0 && at[k+1] >= c.Now {
			return Standing{Reason: NotYet}
		}
		return s
	}
}
