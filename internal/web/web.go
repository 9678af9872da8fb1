// Package web is the HTTP edge: routes, authentication, the API and the pages.
// It refuses to compute: a handler reads a request, asks query or ingest, and
// writes what they answer. Handlers return errors; one table turns them into
// statuses.
package web

import (
	"context"
	"crypto/sha256"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/auth"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/ui"
)

// Options are what a Server needs.
type Options struct {
	Desk   *query.Desk
	Door   *ingest.Door
	Guard  *auth.Guard // knows the tokens
	Log    *slog.Logger
	Notice func() []string // said on every page; nil for none

	Token   string // lets its holder in as bootstrap, an admin; "" for none
	Local   bool   // none but this machine can connect, and it may without a token
	Proxied bool   // that holds also for what a proxy on this machine forwards

	Instance string // names the store, so that a client can tell it from another

	Limits  Limits           // on what is worked on at once; the zero value is what a server wants
	Metrics *observe.Metrics // counts requests; nil counts none
	Scrape  http.Handler     // answers /metrics; nil: there is no such path
	Health  *observe.Health  // what must hold to be ready; nil: the position can be read
	Tracer  *observe.Tracer  // nil traces nothing

	// Examine looks at the server and its store; quick leaves out what reads all of
	// it. Nil: nobody can ask for that.
	Examine func(ctx context.Context, quick bool) ([]plimsoll.Finding, error)

	Simulated bool // nothing of what is shown is real: every answer says so in a header
}

// Server answers HTTP. It is an http.Handler.
type Server struct {
	opt     Options
	token   [sha256.Size]byte
	limit   *limiter
	reading singleflight.Group  // of the position
	whole   *semaphore.Weighted // explanations that are made in one piece
	exams   *semaphore.Weighted // looks at the whole store
	mux     *http.ServeMux

	refusals, refusalSaid atomic.Int64 // since the last line of the log about them, and when that was

	root http.Handler
}

// New returns a Server.
func New(opt Options) *Server {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		opt: opt, token: sha256.Sum256([]byte(opt.Token)),
		limit: newLimiter(opt.Limits, opt.Metrics), whole: semaphore.NewWeighted(mostWhole), exams: semaphore.NewWeighted(1), mux: http.NewServeMux(),
	}
	for _, r := range s.routes() {
		if opt.Scrape == nil && r.pattern == "GET /metrics" {
			continue
		}
		s.mux.HandleFunc(r.pattern, s.behind(r))
	}

	// A page elsewhere must not make a visitor's browser write here.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(s.denyCrossOrigin))
	s.root = s.watched(headers(guard.Handler(s.mux), opt.Simulated))
	return s
}

func (s *Server) denyCrossOrigin(w http.ResponseWriter, r *http.Request) {
	s.answerError(w, r, plimsoll.Errorf(plimsoll.CodeForbidden, "a page of another site may not write here; send it from a program"))
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.root.ServeHTTP(w, r)
}

// headers sets what every answer carries.
func headers(next http.Handler, simulated bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if simulated {
			h.Set("Plimsoll-Simulated", "true")
		}
		next.ServeHTTP(w, r)
	})
}

// assets serves the styles, scripts and fonts. Their names change with their
// content, so they may be kept for ever.
func (s *Server) assets() handler {
	known := ui.Assets()
	files := http.StripPrefix(ui.AssetPrefix, http.FileServerFS(known))
	return func(w http.ResponseWriter, r *http.Request) error {
		name := strings.TrimPrefix(r.URL.Path, ui.AssetPrefix)
		if info, err := fs.Stat(known, name); err != nil || info.IsDir() {
			return plimsoll.Errorf(plimsoll.CodeNotFound, "no such page")
		}
		if strings.HasSuffix(name, ".woff2") {
			w.Header().Set("Content-Type", "font/woff2")
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		files.ServeHTTP(w, r)
		return nil
	}
}

// The bounds of a connection.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = time.Minute
	writeTimeout  = time.Minute
	idleTimeout   = 2 * time.Minute
	headerBytes   = 64 << 10
)

// HTTP returns the server with every bound set.
func (s *Server) HTTP() *http.Server {
	return &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(s.opt.Log.Handler(), slog.LevelWarn),
	}
}
