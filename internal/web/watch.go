package web

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
)

// watched counts, logs and traces every request, and gives it an id: that which
// it came with, or one of ours. The id is in the answer and on every line of the
// log about it.
func (s *Server) watched(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		id := observe.RequestID(r.Header.Get("X-Request-Id"))
		w.Header().Set("X-Request-Id", id)
		ctx, span := s.opt.Tracer.Request(observe.WithRequestID(r.Context(), id), r)
		r = r.WithContext(ctx)
		out := &recorder{ResponseWriter: w}
		s.opt.Metrics.UnderWay(1)
		defer func() {
			s.opt.Metrics.UnderWay(-1)
			route := routeOf(r.Pattern)
			took := time.Since(began)
			status := out.status
			if status == 0 {
				status = http.StatusOK
			}
			switch p := recover(); {
			case p == http.ErrAbortHandler:
				defer panic(p)
			case p != nil:
				// The server of net/http would close the connection, and nobody would
				// know for which request.
				status = http.StatusInternalServerError
				s.opt.Log.ErrorContext(ctx, "panic", "route", route, "panic", p, "stack", string(debug.Stack()))
				if out.status == 0 {
					s.answerError(out, r, errors.New("panic"))
				} else {
					defer panic(http.ErrAbortHandler) // half an answer must not look whole
				}
			}
			s.opt.Metrics.Requested(route, r.Method, status, took)
			span.End(route, status)
			if s.opt.Log.Enabled(ctx, slog.LevelDebug) {
				s.opt.Log.DebugContext(ctx, "answered", "method", observe.Quote(r.Method), "route", route, "path", observe.Quote(r.URL.Path),
					"status", status, "bytes", out.bytes, "duration", took.Round(time.Microsecond), "remote", r.RemoteAddr)
			}
		}()
		next.ServeHTTP(out, r)
	})
}

// routeOf is the path of a pattern, without its method.
func routeOf(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		return path
	}
	return pattern
}

// recorder remembers the status and the size of an answer.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// ReadFrom lets files be sent by the kernel.
func (r *recorder) ReadFrom(from io.Reader) (int64, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := io.Copy(r.ResponseWriter, from)
	r.bytes += n
	return n, err
}

// Unwrap is for http.ResponseController.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, map[string]string{"status": "alive"})
	return nil
}

// position is how far the facts and the log have come.
type position struct {
	Position int64  `json:"position"`
	Log      int64  `json:"log"`
	Behind   int64  `json:"behind"`
	Instance string `json:"instance"`
}

// readyTimeout bounds how long it takes to find out the position.
const readyTimeout = 2 * time.Second

// where reads the position. Those who ask at the same time share one reading, so
// that many of them cost no more than one.
func (s *Server) where() (position, error) {
	v, err, _ := s.reading.Do("position", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
		defer cancel()
		return s.positionNow(ctx)
	})
	return v.(position), err
}

func (s *Server) positionNow(ctx context.Context) (position, error) {
	at, head, err := s.opt.Desk.Position(ctx)
	return position{at, head, head - at, s.opt.Instance}, err
}

// getPosition says how far the facts are.
func (s *Server) getPosition(w http.ResponseWriter, r *http.Request) error {
	if _, err := ask(r); err != nil {
		return err
	}
	at, err := s.positionNow(r.Context())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, at)
	return nil
}

// readyz looks: it runs the checks, at most once a second however many ask, and
// says how far the facts are behind.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) error {
	// Both are bounded; together they take no longer than one.
	type found struct {
		at  position
		err error
	}
	reading := make(chan found, 1)
	go func() {
		at, err := s.where()
		reading <- found{at, err}
	}()
	report := s.opt.Health.Report()
	read := <-reading
	out := struct {
		Status string `json:"status"`
		*position
		Checks []observe.Result `json:"checks,omitempty"`
		Error  *errorBody       `json:"error,omitempty"`
	}{Status: "ready", Checks: report.Checks}
	var wrong []string
	for _, c := range report.Checks {
		if c.Status != "ok" {
			wrong = append(wrong, c.Name+": "+c.Message)
		}
	}
	switch {
	case read.err == nil:
		out.position = &read.at
	case errors.Is(read.err, context.DeadlineExceeded):
		// Every snapshot is in use: there is much to do, and the checks say whether
		// something is wrong.
	default:
		s.opt.Log.ErrorContext(r.Context(), "position", "err", read.err)
		wrong = append(wrong, plimsoll.PublicMessage(read.err))
	}
	status := http.StatusOK
	if len(wrong) > 0 {
		status, out.Status = http.StatusServiceUnavailable, "not ready"
		out.Error = &errorBody{Code: plimsoll.CodeUnavailable, Message: oneLine("not ready: " + strings.Join(wrong, "; "))}
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, status, out)
	return nil
}

// doctorTimeout bounds a look at the whole store. It takes about a second per
// 300 MB.
const doctorTimeout = 50 * time.Second

// getDoctor looks at the store, one request at a time: it reads all of it.
func (s *Server) getDoctor(w http.ResponseWriter, r *http.Request) error {
	a, err := ask(r, "quick")
	if err != nil {
		return err
	}
	quick := a.values.Get("quick")
	if quick != "" && quick != "true" && quick != "false" {
		return plimsoll.FieldErrorf("quick", "%q; expected true or false", quick)
	}
	if s.opt.Examine == nil {
		return plimsoll.Errorf(plimsoll.CodeNotFound, "no such path; see docs/api.md")
	}
	if !s.exams.TryAcquire(1) {
		return plimsoll.Errorf(plimsoll.CodeUnavailable, "somebody else is looking at the store; ask again")
	}
	defer s.exams.Release(1)
	ctx, cancel := context.WithTimeout(r.Context(), doctorTimeout)
	defer cancel()
	found, err := s.opt.Examine(ctx, quick == "true")
	if err != nil && ctx.Err() != nil && r.Context().Err() == nil {
		return plimsoll.Errorf(plimsoll.CodeUnavailable, "no answer within %s; ask with quick=true, or look at the folder on the server's machine", doctorTimeout)
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"status": plimsoll.WorstFinding(found), "findings": found})
	return nil
}
