package metric

import (
	"fmt"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
)

// The words for each stage, in the order of plimsoll.Stages and of RestoreStages.
var (
	leadStageWords = [stages]string{
		"pull request opened − first commit", "first review − pull request opened", "merge − first review", "first green build − merge",
		"readiness − start of the first deployment below production", "start of the deployment − the latest of merge, build and readiness",
		"end of the deployment − its start",
	}
	restoreStageWords = [...]string{
		"detection − failure", "diagnosis − detection", "start of the repairing deployment − diagnosis",
		"finish of the repairing deployment − its start", "resolution − finish of the repairing deployment",
	}
)

// stageExplanations are those of the stages of lead time and of restoration.
func stageExplanations() (out []*Explanation) {
	for k, stage := range plimsoll.Stages {
		out = append(out, &Explanation{
			Measure: StageMeasure(stage), Title: "Lead time stage: " + string(stage), Unit: "s", Field: fmt.Sprintf("lead_time.stages[%d].p50", k),
			Formula: "median over the changes delivered in the window of what lies after the clock of the change started of: " + leadStageWords[k],
			Clauses: list("2.6.1", "2.6.8", "2.6.9", "2.6.10", "1.8.1"), Beside: true,
			Figure: func(_ *Case, all Answers) (Figure, any) {
				if k >= len(all.LeadTime.Stages) {
					return Figure{TooFew: true}, nil
				}
				a := all.LeadTime.Stages[k]
				fig := shownFigure(a.P50, a.CI, a.N, a.TooFew)
				fig.Negative = a.Negative
				return fig, a
			},
			Way: wayStanding(k), Deployment: broughtNothing,
		})
	}
	for k, stage := range RestoreStages {
		out = append(out, &Explanation{
			Measure: stage.Measure(), Title: "Restore stage: " + string(stage), Unit: "s", Field: fmt.Sprintf("time_to_restore.stages[%d].p50", k),
			Formula: "median over the failures by deployments that began in the window of: " + restoreStageWords[k],
			Clauses: list("2.7.1", "2.7.2", "2.7.3", "2.7.4", "2.7.5"),
			Figure: func(_ *Case, all Answers) (Figure, any) {
				if k >= len(all.Restore.Stages) {
					return Figure{TooFew: true}, nil
				}
				a := all.Restore.Stages[k]
				fig := shownFigure(a.P50, a.CI, a.N, a.TooFew)
				fig.Negative = a.Negative
				return fig, a
			},
			Restoration: restorationStanding(k),
		})
	}
	return out
}

// Explanations lists what can be explained: the first of a measure is its default basis.
var Explanations = slices.Concat(keyExplanations, detailExplanations, stageExplanations())

// Explained lists the measures that have an explanation, each once.
func Explained() (out []Measure) {
	for _, x := range Explanations {
		if !slices.Contains(out, x.Measure) {
			out = append(out, x.Measure)
		}
	}
	return out
}
