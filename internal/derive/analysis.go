package derive

import (
	"cmp"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
)

// analyses finds for each analysis run of the service the deployment that it
// judged: the one it names by any id, else the last to begin of its
// environment and version whose time it overlaps, as two reports of one
// roll-out do. (definitions 1.10)
func (t *timeline) analyses() []plimsoll.Analysis {
	if len(t.Analyses) == 0 {
		return nil
	}
	byID := map[string]*step{}
	byVersion := map[string][]*step{}
	for _, s := range t.steps {
		for _, id := range append([]string{s.fact.ID}, s.report.aliases...) {
			byID[id] = s
		}
		if v := s.fact.Version; v != "" {
			key := s.fact.Environment + "\x00" + v
			byVersion[key] = append(byVersion[key], s)
		}
	}
	out := make([]plimsoll.Analysis, 0, len(t.Analyses))
	for _, r := range t.Analyses {
		a := plimsoll.Analysis{AnalysisReport: r, Production: t.Settings.InProduction(r.Environment), Team: t.team}
		of := byID[r.Deployment]
		if r.Deployment == "" && r.Version != "" {
			span := plimsoll.DeploymentReport{StartedAt: r.BegunAt(), FinishedAt: r.EndedAt()}
			for _, s := range byVersion[r.Environment+"\x00"+r.Version] {
				if overlap(s.fact.DeploymentReport, span) && (of == nil || byBeginning(s.report, of.report) > 0) {
					of = s
				}
			}
		}
		if of != nil {
			a.Of, a.Team = of.fact.ID, of.fact.Team
		}
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b plimsoll.Analysis) int {
		return cmp.Or(cmp.Compare(a.EndedAt(), b.EndedAt()), cmp.Compare(a.ID, b.ID))
	})
	return out
}
