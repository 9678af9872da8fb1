package derive

import (
	"crypto/sha256"
	"encoding/hex"
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
		ID:         evidenceID(d.fact.ID, kind, cause),
		Deployment: d.fact.ID,
		Service:    d.fact.Service,
		Kind:       kind,
		Cause:      cause,
		At:         at,
		Source:     source,
		Confidence: 1,
		Accepted:   true,
	}
}

// evidenceID names a piece of evidence by what it says, so that the same
// evidence keeps its name whenever it is derived again.
func evidenceID(deployment string, kind plimsoll.EvidenceKind, cause string) string {
	sum := sha256.Sum256([]byte(deployment + "\x00" + string(kind) + "\x00" + cause))
	return "ev-" + hex.EncodeToString(sum[:8])
}
