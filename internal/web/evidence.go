package web

import (
	"net/http"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/query"
)

func (s *Server) getEvidence(w http.ResponseWriter, r *http.Request) error {
	a, q, page, err := s.list(r, "status")
	if err != nil {
		return err
	}
	out, err := s.opt.Desk.Evidence(r.Context(), q, plimsoll.EvidenceStatus(a.values.Get("status")), page)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) getEvidenceNamed(w http.ResponseWriter, r *http.Request) error {
	minSeq, err := askMinSeq(r)
	if err != nil {
		return err
	}
	out, position, err := s.opt.Desk.EvidenceNamed(r.Context(), r.PathValue("id"), minSeq)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		query.OneEvidence
		Position int64 `json:"position"`
	}{out, position})
	return nil
}

// say returns the handler that takes a person's word on a piece of evidence.
// It answers only when that is durable.
func (s *Server) say(says plimsoll.EvidenceStatus) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if _, err := ask(r); err != nil {
			return err
		}
		var word struct {
			Reason string        `json:"reason"`
			Actor  string        `json:"actor"`
			At     plimsoll.Time `json:"at"`
		}
		if err := readJSON(w, r, &word, "a word has reason, actor and at"); err != nil {
			return err
		}
		e, _, err := s.opt.Desk.EvidenceNamed(r.Context(), r.PathValue("id"), 0)
		if err != nil {
			return err
		}
		by := actorOf(r)
		if err := s.opt.Door.ActsFor(r.Context(), by, e.Service); err != nil {
			return err
		}
		receipt, err := s.opt.Door.Confirm(r.Context(), by, plimsoll.ConfirmationReport{
			Evidence: e.ID, Deployment: e.Deployment, Kind: e.Kind, Cause: e.Cause,
			Says: says, Reason: word.Reason, Actor: word.Actor,
		}, word.At)
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, map[string]int64{
			"accepted": int64(receipt.Accepted), "duplicates": int64(receipt.Duplicates), "position": receipt.Position,
		})
		return nil
	}
}
