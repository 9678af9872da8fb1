package fold

import (
	"cmp"
	"slices"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/derive"
)

// flag takes a change of a flag: every incident near it may have it as a
// candidate, and those before it may have it as their end.
func (b *batch) flag(r *plimsoll.Record) error {
	rs, err := reports[plimsoll.FlagReport](b, r, nil)
	if err != nil || len(rs) == 0 {
		return err
	}
	f := plimsoll.Combine(rs)
	f.ID = r.Subject
	before, err := b.tx.PutFlag(f)
	if err != nil {
		return err
	}
	set, err := b.tx.Settings()
	if err != nil {
		return err
	}
	for _, at := range []plimsoll.Time{before, f.At} {
		if !at.Known() {
			continue
		}
		ids, err := b.tx.IncidentsBetween(at.Add(-derive.Aftermath), at.Add(set.AttributeLimit()))
		if err != nil {
			return err
		}
		if err := b.dirty(stepIncident, ids...); err != nil {
			return err
		}
	}
	return nil
}

// verdict takes a verdict: what a deployment is known for has changed.
func (b *batch) verdict(r *plimsoll.Record) error {
	rs, err := reports[plimsoll.VerdictReport](b, r, nil)
	if err != nil || len(rs) == 0 {
		return err
	}
	v := plimsoll.Combine(rs)
	if err := b.tx.PutVerdict(r.Subject, v); err != nil {
		return err
	}
	service, err := b.tx.ServiceOf(v.Deployment)
	if err != nil || service == "" {
		return err
	}
	b.learnt = append(b.learnt, func(m *memory) { m.addVerdict(service, v.Deployment) })
	return b.dirty(stepTimeline, service)
}

// confirmation takes the words of persons on a piece of evidence: all of them,
// the latest last.
func (b *batch) confirmation(r *plimsoll.Record) error {
	rs, err := reports[plimsoll.ConfirmationReport](b, r, nil)
	if err != nil || len(rs) == 0 {
		return err
	}
	slices.SortFunc(rs, func(a, c plimsoll.Stamped[plimsoll.ConfirmationReport]) int {
		return cmp.Or(cmp.Compare(a.At, c.At), slices.Compare(a.Hash[:], c.Hash[:]))
	})
	// The same word that came under two names is one word.
	rs = slices.CompactFunc(rs, func(a, c plimsoll.Stamped[plimsoll.ConfirmationReport]) bool { return a.Hash == c.Hash })
	words := make([]plimsoll.Word, len(rs))
	for i, s := range rs {
		words[i] = plimsoll.Word{ConfirmationReport: s.Report, At: s.At}
		words[i].Evidence = r.Subject
	}
	if err := b.tx.PutWords(r.Subject, words); err != nil {
		return err
	}
	last := words[len(words)-1]
	if last.Kind == plimsoll.EvidenceIncident {
		if err := b.dirty(stepIncident, last.Cause); err != nil {
			return err
		}
	}
	service, err := b.tx.ServiceOf(last.Deployment)
	if err != nil || service == "" {
		return err
	}
	if err := b.dirty(stepTimeline, service); err != nil {
		return err
	}
	return b.dirty(stepOutcome, service)
}
