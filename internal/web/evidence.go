package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/query"
)

// mostWord bounds the body of a word on evidence, in bytes.
const mostWord = 64 << 10

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
		if err := readJSON(w, r, &word); err != nil {
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

// readJSON reads a small body that holds one object and nothing else.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostWord))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		return plimsoll.Errorf(plimsoll.CodeInvalid, "something follows the object; send one JSON object")
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return plimsoll.Errorf(plimsoll.CodeTooLarge, "the body is larger than %d KiB", mostWord>>10)
	}
	return plimsoll.Errorf(plimsoll.CodeInvalid, "the body cannot be read (%v); send one JSON object like {\"reason\": \"...\"}", err)
}
