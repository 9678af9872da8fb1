package plimsoll

import (
	"bytes"
	"cmp"
	"slices"
)

// Stamped is a report with what decides between it and others about the same
// subject. None of it depends on when the report arrived.
type Stamped[R any] struct {
	Report R
	At     Time // when the reported state held
	Rank   int  // of the source, see SourceRank
	Stage  int  // of a deployment's result: the later stage of two at one time
	Hash   Hash // of the content; the last resort
	Source string
}

// reporter is a report that can be laid over an earlier one.
type reporter[R any] interface{ Over(later R) R }

// Combine lays all reports about one subject over each other. Each field is
// won by the report with the greatest (time, rank of the source, stage, hash)
// among those that state it, so any order and any duplication of the reports
// gives the same answer. It sorts reports in place.
func Combine[R reporter[R]](reports []Stamped[R]) R {
	slices.SortFunc(reports, compareStamps[R])
	var out R
	for _, r := range reports {
		out = out.Over(r.Report)
	}
	return out
}

func compareStamps[R any](a, b Stamped[R]) int {
	return cmp.Or(
		cmp.Compare(a.At, b.At),
		cmp.Compare(a.Rank, b.Rank),
		cmp.Compare(a.Stage, b.Stage),
		bytes.Compare(a.Hash[:], b.Hash[:]),
	)
}

// StageOf is the stage of a deployment's report, for Stamped.
func (r DeploymentReport) StageOf() int { return r.Result.stage() }

// Reported is a deployment as all reports about one id add up to it.
type Reported struct {
	DeploymentReport
	Sources  []string `json:"sources,omitempty"`  // sorted
	ResultAt Time     `json:"result_at,omitzero"` // time of the report that won the result
}

// CombineDeployment combines the reports of one deployment. That it was taken
// back says how it ended and nothing else of it; it is a mere outcome of
// another one only if no report says otherwise.
func CombineDeployment(reports []Stamped[DeploymentReport]) Reported {
	out := Reported{DeploymentReport: Combine(reports)}
	own := slices.DeleteFunc(slices.Clone(reports), func(r Stamped[DeploymentReport]) bool { return r.Report.Undo })
	if len(own) > 0 {
		result := out.Result
		out.DeploymentReport = Combine(own)
		out.Result = result
	}
	for _, r := range reports {
		if r.Report.Result != "" {
			out.ResultAt = r.At
		}
		if !slices.Contains(out.Sources, r.Source) {
			out.Sources = append(out.Sources, r.Source)
		}
	}
	slices.Sort(out.Sources)
	return out
}
