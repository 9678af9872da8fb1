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
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/auth"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
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

	Simulated bool // nothing of what is shown is real: every answer says so in a header
}

// Server answers HTTP. It is an http.Handler.
type Server struct {
	opt    Options
	token  [sha256.Size]byte
	bodies *semaphore.Weighted // bytes of event bodies that are being read
	whole  *semaphore.Weighted // explanations that are made in one piece
	mux    *http.ServeMux
	root   http.Handler
}

// mostBodies bounds the memory that event bodies can take at once.
const mostBodies = 8 * ingest.MaxBody

// New returns a Server.
func New(opt Options) *Server {
	s := &Server{
		opt: opt, token: sha256.Sum256([]byte(opt.Token)),
		bodies: semaphore.NewWeighted(mostBodies), whole: semaphore.NewWeighted(mostWhole), mux: http.NewServeMux(),
	}
	for _, r := range s.routes() {
		s.mux.HandleFunc(r.pattern, s.behind(r))
	}

	// A page elsewhere must not make a visitor's browser write here.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(s.denyCrossOrigin))
	s.root = headers(guard.Handler(s.mux), opt.Simulated)
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

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, map[string]string{"status": "alive"})
	return nil
}

// readyz looks: it reads the store, and says how far the facts are behind.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
	defer cancel()
	at, head, err := s.opt.Desk.Position(ctx)
	if err != nil && ctx.Err() != nil {
		e := plimsoll.Errorf(plimsoll.CodeUnavailable, "the store does not answer within %s", readyTimeout)
		e.Cause = err
		return e
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"status": "ready", "position": at, "log": head, "behind": head - at, "instance": s.opt.Instance})
	return nil
}

// readyTimeout bounds the look at the store. A balancer asks again soon.
const readyTimeout = 3 * time.Second

// The bounds of a connection.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 10 * time.Second // until there is room for another event body
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
