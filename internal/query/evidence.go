package query

import (
	"context"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// EvidenceList is a page of evidence, the latest first.
type EvidenceList struct {
	Asked
	Evidence   []plimsoll.Evidence `json:"evidence"`
	NextCursor string              `json:"next_cursor,omitempty"`
}

// Evidence lists the evidence of a question, of one status if that is not "".
func (d *Desk) Evidence(ctx context.Context, q Question, status plimsoll.EvidenceStatus, ask PageAsk) (EvidenceList, error) {
	if status != "" && !slices.Contains(plimsoll.EvidenceStatuses, status) {
		return EvidenceList{}, plimsoll.FieldErrorf("status", "%q is unknown; expected one of %s", status, statusNames())
	}
	f, err := q.filter()
	if err != nil {
		return EvidenceList{}, err
	}
	if f.Environment != "" {
		return EvidenceList{}, plimsoll.FieldErrorf("environment", "%q; only production has evidence of failure", f.Environment)
	}
	page, err := ask.page()
	if err != nil {
		return EvidenceList{}, err
	}
	out := EvidenceList{Evidence: []plimsoll.Evidence{}}
	err = d.answer(ctx, q, func(tx *store.Tx, q Question, position int64) error {
		out.Asked = d.asked(q, position)
		rows, err := tx.EvidencePage(f, status, page)
		if err != nil {
			return err
		}
		rows, out.NextCursor = cut(rows, page, func(e plimsoll.Evidence) (plimsoll.Time, string) { return e.At, e.ID })
		for _, e := range rows {
			if e.Actor, err = person(tx, e.Actor); err != nil {
				return err
			}
			out.Evidence = append(out.Evidence, e)
		}
		return nil
	})
	return out, err
}

// OneEvidence is a piece of evidence with all that persons said of it.
type OneEvidence struct {
	plimsoll.Evidence
	Current bool            `json:"current"` // false when what showed it has changed and it is gone; the words stay
	Words   []plimsoll.Word `json:"words"`   // the latest last
}

// EvidenceNamed returns one piece of evidence, also one that is gone if
// somebody said a word on it.
func (d *Desk) EvidenceNamed(ctx context.Context, id string, minSeq int64) (OneEvidence, int64, error) {
	out := OneEvidence{Words: []plimsoll.Word{}}
	var at int64
	err := d.view(ctx, minSeq, func(tx *store.Tx, position int64) (err error) {
		at = position
		if out.Evidence, out.Current, err = tx.Evidence(id); err != nil {
			return err
		}
		words, err := tx.Words(id)
		if err != nil {
			return err
		}
		if !out.Current && len(words) == 0 {
			return plimsoll.Errorf(plimsoll.CodeNotFound, "no evidence %q", id)
		}
		if !out.Current {
			last := words[len(words)-1]
			out.Evidence = plimsoll.Evidence{
				ID: id, Deployment: last.Deployment, Kind: last.Kind, Cause: last.Cause,
				Status: last.Says, Reason: last.Reason, Actor: last.Actor, DecidedAt: last.At,
			}
			if d, ok, err := tx.Deployment(last.Deployment); err != nil {
				return err
			} else if ok {
				out.Service = d.Service
			}
		}
		if out.Actor, err = person(tx, out.Actor); err != nil {
			return err
		}
		for _, w := range words {
			if w.Actor, err = person(tx, w.Actor); err != nil {
				return err
			}
			out.Words = append(out.Words, w)
		}
		return nil
	})
	return out, at, err
}

// person returns the name behind a reference, "" if nobody is named or the name
// was erased.
func person(tx *store.Tx, ref string) (string, error) {
	if ref == "" {
		return "", nil
	}
	return tx.Person(ref)
}

func statusNames() string {
	var out []string
	for _, s := range plimsoll.EvidenceStatuses {
		out = append(out, string(s))
	}
	return strings.Join(out, ", ")
}
