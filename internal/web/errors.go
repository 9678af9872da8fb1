package web

import (
	"errors"
	"net/http"
	"strings"
	"unicode"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/auth"
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

type errorBody struct {
	Code    plimsoll.Code `json:"code"`
	Message string        `json:"message"`
	Field   string        `json:"field,omitempty"`
	Index   *int          `json:"index,omitempty"`
}

// answerError writes an error as JSON under /api/ and as a page elsewhere. What
// is our own fault is logged with its cause, which never leaves the server.
func (s *Server) answerError(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody is listening any more
	}
	code := plimsoll.ErrorCode(err)
	status, ok := statuses[code]
	if !ok {
		status = http.StatusInternalServerError
	}
	if status >= 500 {
		s.opt.Log.Error("request", "method", r.Method, "path", safePath(r), "status", status, "err", err)
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="plimsoll", charset="UTF-8"`)
	}
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	if !strings.HasPrefix(r.URL.Path, "/api/") && r.URL.Path != "/readyz" {
		s.renderError(w, r, status)
		return
	}
	body := errorBody{Code: code, Message: oneLine(plimsoll.PublicMessage(err))}
	var e *plimsoll.Error
	if errors.As(err, &e) {
		body.Field = e.Field
		if e.Index >= 0 {
			body.Index = &e.Index
		}
		if e.Field != "" {
			body.Message = e.Field + ": " + body.Message
		}
	}
	writeJSON(w, status, map[string]errorBody{"error": body})
}

// safePath is the path for the log, without a token that stands in it by
// mistake.
func safePath(r *http.Request) string { return auth.Pattern.ReplaceAllString(r.URL.Path, "plm_…") }

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
