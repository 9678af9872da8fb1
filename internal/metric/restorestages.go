package metric

import "github.com/plimsoll-dev/plimsoll"

// Restoration has the stamps between a failure and its end; what nobody stated is 0.
type Restoration struct {
	FailedAt    plimsoll.Time
	DetectedAt  plimsoll.Time
	DiagnosedAt plimsoll.Time
	FixBegunAt  plimsoll.Time
	FixEndedAt  plimsoll.Time
	ResolvedAt  plimsoll.Time
}

// RestoreStage names a stage of a restoration.
type RestoreStage string

// RestoreStages lists the stages in their order: from the failure to its detection, to its diagnosis, to
// the start of the roll-out that repaired it, to its finish, to the resolution.
var RestoreStages = []RestoreStage{"detect", "diagnose", "fix", "deploy_fix", "recover"}

// stamps are the ends of the stages, the beginning of the first one before them.
func (r *Restoration) stamps() [6]plimsoll.Time {
	return [...]plimsoll.Time{r.FailedAt, r.DetectedAt, r.DiagnosedAt, r.FixBegunAt, r.FixEndedAt, r.ResolvedAt}
}

// StageOfRestore describes one stage of the restorations of a window, in seconds.
type StageOfRestore struct {
	Name     RestoreStage `json:"name"`
	N        int          `json:"n"`
	P50      *float64     `json:"p50"`
	P90      *float64     `json:"p90"`
	CI       *Interval    `json:"ci"`       // of p50
	Share    *float64     `json:"share"`    // of the time in all stages
	Coverage *float64     `json:"coverage"` // share of the failures that have both stamps
	Negative int          `json:"negative"` // end before begin: left out
	TooFew   bool         `json:"too_few"`
}

// RestoreStagesOf takes the failures that began in the window up to now apart (definitions, section 2).
// A stage without both of its stamps is not known for that failure; one that runs backwards is left out
// and counted.
func RestoreStagesOf(rs []Restoration, p Period) []StageOfRestore {
	var spans [5]collector
	failures := 0
	w := p.observed()
	for i := range rs {
		if !w.Contains(rs[i].FailedAt) {
			continue
		}
		failures++
		at := rs[i].stamps()
		for k := range spans {
			if at[k] != 0 && at[k+1] != 0 && (p.Now == 0 || at[k+1] < p.Now) {
				spans[k].add(int64(at[k+1] - at[k]))
			}
		}
	}
	out := make([]StageOfRestore, len(spans))
	totals, all := make([]float64, len(spans)), 0.0
	for k := range spans {
		s := SortSpans(spans[k].spans)
		whole, rest := s.Sum()
		totals[k] = float64(whole) + float64(rest)/1e6
		all += totals[k]
		out[k] = StageOfRestore{Name: RestoreStages[k], N: s.Len(), P50: spanQuantile(s, 0.5), P90: spanQuantile(s, 0.9), CI: medianInterval(s),
			Coverage: part(s.Len(), failures), Negative: spans[k].Negative, TooFew: s.Len() < MinShown}
	}
	for k := range out {
		if all > 0 && out[k].N > 0 {
			share := totals[k] / all
			out[k].Share = &share
		}
	}
	return out
}
