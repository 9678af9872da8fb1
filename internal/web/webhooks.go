package web

import (
	"net/http"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
)

// postDelivery takes a delivery of a vendor's tool. Senders drop what is
// answered with an error, or stop sending altogether, so that what is of no
// interest is answered like the rest.
func (s *Server) postDelivery(w http.ResponseWriter, r *http.Request) error {
	kind, name := r.PathValue("source"), r.PathValue("name")
	signed, err := s.opt.Door.OpenTo(kind, name)
	if err != nil {
		return err
	}
	if !signed {
		if r, err = s.admit(r, plimsoll.PermitReport); err != nil {
			return err
		}
	}
	encoding := r.Header.Get("Content-Encoding")
	if encoding != "" && encoding != "gzip" && encoding != "identity" {
		return plimsoll.FieldErrorf("Content-Encoding", "%q is not understood; send gzip or plain", encoding)
	}
	if r.ContentLength > ingest.MaxDelivery {
		return plimsoll.Errorf(plimsoll.CodeTooLarge, "the body is larger than %d MiB", ingest.MaxDelivery>>20)
	}
	body := s.limit.body(w, r)
	defer body.release()
	outcome, err := s.opt.Door.Deliver(r.Context(), kind, name, r.Header, ingest.Body{
		Reader: body, Hold: body.hold, Gzip: encoding == "gzip", By: actorOf(r),
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, outcome)
	return nil
}
