package derive

import (
	"cmp"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
)

// testify records what s shows: of itself, and of the deployments before it.
// (definitions 3)
func (t *timeline) testify(s *step, stream []*step) {
	f := &s.fact
	switch f.Result {
	case plimsoll.ResultFailure:
		t.hold(s, plimsoll.EvidenceRollout, s, f.EndedAt())
	case plimsoll.ResultAborted:
		t.hold(s, plimsoll.EvidenceCanary, s, f.EndedAt())
	case plimsoll.ResultRolledBack:
		if !s.report.IsPlanned() {
			t.hold(s, plimsoll.EvidenceRollback, s, f.RolledBackAt.Or(f.EndedAt()))
		}
	}
	switch {
	case f.Kind == plimsoll.KindRollback && s.report.IsPlanned():
		// What was said of the others was this rehearsal.
		t.evidence = slices.DeleteFunc(t.evidence, func(e plimsoll.Evidence) bool {
			return e.Kind == plimsoll.EvidenceRollback && e.Cause == e.Deployment && slices.ContainsFunc(s.undoes, func(d *step) bool {
				return d.fact.ID == e.Deployment && d.fact.RolledBackBy == f.ID
			})
		})
	case f.Kind == plimsoll.KindRollback && s.takes != nil:
		t.hold(s.takes, plimsoll.EvidenceRollback, s, f.BegunAt())
	case f.Kind == plimsoll.KindHotfix:
		if d := t.repaired(s, stream); d != nil {
			t.hold(d, plimsoll.EvidenceHotfix, s, f.BegunAt())
		}
	}
}

// repaired returns the one deployment a hotfix fails: the one it names, else
// the one of which it reverts a change, else the latest judged one before it;
// never one that ended more than the limit before it began.
// (definitions 3.2)
func (t *timeline) repaired(s *step, stream []*step) *step {
	of := s.fact.RollbackOf
	if of == "" {
		if d := t.reverted(s, stream); d != nil {
			return d
		}
	}
	for d := range t.recent(s, stream) {
		if d.fact.Judged && (of == "" || d.fact.ID == of || slices.Contains(d.report.aliases, of)) {
			return d
		}
	}
	return nil
}

// hold records evidence against d, once for each kind and cause. Only judged
// deployments can fail.
func (t *timeline) hold(d *step, kind plimsoll.EvidenceKind, cause *step, at plimsoll.Time) {
	if !d.fact.Judged {
		return
	}
	for i, e := range t.evidence {
		// That d was taken back is one piece of evidence, whether it was
		// reported of d itself, or a roll-back shows it, or both.
		if kind == plimsoll.EvidenceRollback && e.Kind == kind && e.Deployment == d.fact.ID {
			if e.Cause == d.fact.ID {
				t.evidence[i] = newEvidence(d, kind, cause.fact.ID, at, sourceOf(cause))
			}
			return
		}
	}
	t.evidence = append(t.evidence, newEvidence(d, kind, cause.fact.ID, at, sourceOf(cause)))
}

func sourceOf(s *step) string {
	if len(s.report.Sources) == 0 {
		return ""
	}
	return s.report.Sources[0]
}

func newEvidence(d *step, kind plimsoll.EvidenceKind, cause string, at plimsoll.Time, source string) plimsoll.Evidence {
	return plimsoll.Evidence{
		ID:         plimsoll.EvidenceID(d.fact.ID, kind, cause),
		Deployment: d.fact.ID,
		Service:    d.fact.Service,
		Kind:       kind,
		Cause:      cause,
		At:         at,
		Source:     source,
		Confidence: 1,
	}
}

// examine records what the verdicts say of each deployment: the worst of them
// as its own, and evidence of impact for each indicator that was harmed.
// (definitions 3.8)
func (t *timeline) examine() {
	about := map[string][]plimsoll.VerdictReport{}
	for _, v := range t.Verdicts {
		about[v.Deployment] = append(about[v.Deployment], v)
	}
	if len(about) == 0 {
		return
	}
	t.harmful = map[string]bool{}
	for _, s := range t.steps {
		latest := map[string]plimsoll.VerdictReport{} // by indicator
		for _, id := range append([]string{s.fact.ID}, s.report.aliases...) {
			for _, v := range about[id] {
				if was, ok := latest[v.Indicator]; !ok || later(v, was) {
					latest[v.Indicator] = v
				}
			}
		}
		for _, indicator := range sortedKeys(latest) {
			v := latest[indicator]
			if badness(v.Verdict) > badness(s.fact.Verdict) {
				s.fact.Verdict = v.Verdict
			}
			if s.fact.Judged && (v.Verdict == plimsoll.VerdictHarmful || v.Verdict == plimsoll.VerdictSuspicious) {
				e := newEvidence(s, plimsoll.EvidenceImpact, indicator, v.At, cmp.Or(v.Method, "verdict"))
				e.Confidence = confidenceOf(v)
				if v.Verdict == plimsoll.VerdictHarmful {
					t.harmful[e.ID] = true
				}
				t.evidence = append(t.evidence, e)
			}
		}
	}
}

// later orders two verdicts on one indicator that were given under different
// ids of one deployment.
func later(a, b plimsoll.VerdictReport) bool {
	return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(badness(a.Verdict), badness(b.Verdict)), cmp.Compare(b.Deployment, a.Deployment)) > 0
}

func badness(v plimsoll.Verdict) int { return slices.Index(plimsoll.Verdicts, v) + 1 }

// confidenceOf is how sure a verdict is: q is the share of false ones among the
// verdicts that are as strong, so what is left is the share of true ones.
// Without q nobody can say, and it is as likely as not. (definitions 3.8.2)
func confidenceOf(v plimsoll.VerdictReport) float64 {
	if v.Q == nil {
		return 0.5
	}
	return 1 - *v.Q
}

// settle decides which evidence counts: all that is not weak, unless a person
// said otherwise.
func (t *timeline) settle() {
	if len(t.evidence) == 0 {
		return
	}
	deployments := make(map[string]*step, len(t.steps))
	for _, s := range t.steps {
		deployments[s.fact.ID] = s
	}
	for i := range t.evidence {
		e := &t.evidence[i]
		accepted := true
		if e.Kind == plimsoll.EvidenceImpact {
			accepted = t.Settings.ImpactCounts() && t.harmful[e.ID]
		}
		settle(e, accepted, &deployments[e.Deployment].fact, t.Words)
	}
}

// settle says whether e counts against d. What is not d's own end and does not
// name it says little against a change that users cannot notice.
// (definitions 3.7)
func settle(e *plimsoll.Evidence, accepted bool, d *plimsoll.Deployment, words map[string]plimsoll.Word) {
	weak := e.Kind != plimsoll.EvidenceRollout && e.Kind != plimsoll.EvidenceCanary
	discounted := weak && d.Harmless()
	e.Settle(accepted && !discounted, words)
	if discounted && e.Status == plimsoll.EvidenceSuspected {
		e.Status = plimsoll.EvidenceDiscounted
	}
}
