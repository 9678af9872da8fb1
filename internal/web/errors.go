package web

import (
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/auth"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
)

// statuses is the one table from codes to statuses.
var statuses = map[plimsoll.Code]int{
	plimsoll.CodeInvalid:      http.StatusBadRequest,
	plimsoll.CodeUnauthorized: http.StatusUnauthorized,
	plimsoll.CodeForbidden:    http.StatusForbidden,
	plimsoll.CodeNotFound:     http.StatusNotFound,
	plimsoll.CodeConflict:     http.StatusConflict,
	plimsoll.CodeTooLarge:     http.StatusRequestEntityTooLarge,
	plimsoll.CodeRateLimited:  http.StatusTooManyRequests,
	plimsoll.CodeInternal:     http.StatusInternalServerError,
	plimsoll.CodeUnavailable:  http.StatusServiceUnavailable,
}

// statusGone is counted for a request whose client did not wait for the answer.
// Nobody gets to see it; other servers count the same.
const statusGone = 499

type errorBody struct {
	Code    plimsoll.Code `json:"code"`
	Message string        `json:"message"`
	Field   string        `json:"field,omitempty"`
	Index   *int          `json:"index,omitempty"`

	RequestID string `json:"request_id,omitempty"` // of an error of ours: the log says more under it
}

// answerError writes an error as JSON to programs and as a page elsewhere. What
// is our own fault is logged with its cause, which never leaves the server.
func (s *Server) answerError(w http.ResponseWriter, r *http.Request, err error) {
	code := plimsoll.ErrorCode(err)
	// A body that came too slowly ends the context too, but its sender listens.
	if r.Context().Err() != nil && code == plimsoll.CodeInternal {
		if out, ok := w.(*recorder); ok {
			out.status = statusGone
		}
		return // nobody is listening any more
	}
	status, ok := statuses[code]
	if !ok {
		status = http.StatusInternalServerError
	}
	if status == http.StatusUnauthorized && !strings.HasPrefix(r.URL.Path, "/webhooks/") {
		w.Header().Set("WWW-Authenticate", `Basic realm="plimsoll", charset="UTF-8"`)
	}
	var known *plimsoll.Error
	isKnown := errors.As(err, &known)
	switch {
	case isKnown && known.Cause == nil && (code == plimsoll.CodeUnavailable || code == plimsoll.CodeRateLimited):
		s.refused(r, status, err)
	case status >= 500:
		s.opt.Log.ErrorContext(r.Context(), "request", "method", r.Method, "path", safePath(r), "status", status, "err", err)
	}
	if h := w.Header(); h.Get("Retry-After") == "" && (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests) {
		h.Set("Retry-After", "1")
	}
	if !strings.HasPrefix(r.URL.Path, "/api/") && !strings.HasPrefix(r.URL.Path, "/webhooks/") && r.URL.Path != "/readyz" && r.URL.Path != "/metrics" {
		s.renderError(w, r, status)
		return
	}
	body := errorBody{Code: code, Message: oneLine(plimsoll.PublicMessage(err))}
	if isKnown {
		body.Field = known.Field
		if known.Index >= 0 {
			body.Index = &known.Index
		}
		if known.Field != "" {
			body.Message = known.Field + ": " + body.Message
		}
	}
	if status >= 500 {
		body.RequestID = observe.RequestIDOf(r.Context())
	}
	writeJSON(w, status, map[string]errorBody{"error": body})
}

// safePath is the path for the log, on one line, without a token that stands in
// it by mistake.
func safePath(r *http.Request) string {
	return observe.Quote(auth.Pattern.ReplaceAllString(r.URL.Path, "plm_…"))
}

// refusedEvery is the least time between two lines about requests that were
// refused because there was too much to do. More lines would be more to do.
const refusedEvery = 10 * time.Second

// refused logs that requests are refused, and how many.
func (s *Server) refused(r *http.Request, status int, err error) {
	s.opt.Log.DebugContext(r.Context(), "refused", "status", status, "err", err)
	s.refusals.Add(1)
	now, said := time.Now().UnixNano(), s.refusalSaid.Load()
	if now-said >= int64(refusedEvery) && s.refusalSaid.CompareAndSwap(said, now) {
		s.opt.Log.WarnContext(r.Context(), "requests are refused", "count", s.refusals.Swap(0), "the last", err, "method", r.Method, "path", safePath(r), "status", status)
	}
}

// oneLine keeps a message on one line whatever piece of a request it quotes, so
// that a log or a terminal shows it whole.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// noSuchAPI answers what no other route does: an unknown path, or a known one
// asked in a way that it does not know.
func (s *Server) noSuchAPI(w http.ResponseWriter, r *http.Request) error {
	other := r.Clone(r.Context())
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		other.Method = method
		if _, pattern := s.mux.Handler(other); strings.HasPrefix(pattern, method) {
			w.Header().Set("Allow", strings.Replace(method, http.MethodGet, "GET, HEAD", 1))
			writeJSON(w, http.StatusMethodNotAllowed, map[string]errorBody{"error": {
				Code: plimsoll.CodeInvalid, Message: r.Method + " is not understood here; send " + method,
			}})
			return nil
		}
	}
	return plimsoll.Errorf(plimsoll.CodeNotFound, "no such path; see docs/api.md")
}

func (s *Server) noSuchPage(http.ResponseWriter, *http.Request) error {
	return plimsoll.Errorf(plimsoll.CodeNotFound, "no such page")
}
