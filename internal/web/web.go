// Package web is the HTTP edge: routes, authentication, the API and the pages.
// It refuses to compute: a handler reads a request, asks query or ingest, and
// writes what they answer. Handlers return errors; one table turns them into
// statuses.
package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/ui"
)

// Options are what a Server needs.
type Options struct {
	Desk   *query.Desk
	Door   *ingest.Door
	Log    *slog.Logger
	Token  string          // every request must carry it; "" only where none but this machine can connect
	Notice func() []string // said on every page; nil for none

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
	s.route("POST /api/v1/events", s.postEvents)
	s.route("GET /api/v1/measures", s.getMeasures)
	s.route("GET /api/v1/measures/series", s.getSeries)
	s.route("GET /api/v1/explain/{measure}", s.getExplain)
	s.route("GET /api/v1/late", s.getLate)
	s.route("GET /api/v1/deployments", s.getDeployments)
	s.route("GET /api/v1/deployments/{id...}", s.getDeployment)
	s.route("GET /api/v1/incidents", s.getIncidents)
	s.route("GET /api/v1/incidents/{id...}", s.getIncident)
	s.route("GET /api/v1/evidence", s.getEvidence)
	s.route("GET /api/v1/evidence/{id}", s.getEvidenceNamed)
	s.route("POST /api/v1/evidence/{id}/confirm", s.say(plimsoll.EvidenceConfirmed))
	s.route("POST /api/v1/evidence/{id}/reject", s.say(plimsoll.EvidenceRejected))
	s.route("GET /api/v1/changes", s.getChanges)
	s.route("GET /api/v1/services", s.getServices)
	s.route("GET /api/v1/teams", s.getTeams)
	s.route("GET /api/v1/baseline", s.getBaseline)
	s.route("GET /api/v1/compare", s.getCompare)
	s.route("GET /api/v1/trend", s.getTrend)
	s.route("GET /api/v1/targets", s.getTargets)
	s.route("POST /api/v1/targets", s.postTarget)
	s.route("GET /api/v1/gaming-signs", s.getGamingSigns)
	s.route("GET /api/v1/bottleneck", s.getBottleneck)
	s.route("GET /api/v1/position", s.getPosition)
	s.route("GET /api/v1/doctor", s.getDoctor)
	s.route("/api/", s.noSuchAPI)

	s.route("GET /healthz", s.healthz)
	s.route("GET /readyz", s.readyz)
	if opt.Scrape != nil {
		s.route("GET /metrics", s.scrape)
	}

	s.route("GET /{$}", s.overviewPage)
	s.route("GET /services/{name...}", s.servicePage)
	s.route("GET /deployments", s.deploymentsPage)
	s.route("GET /deployments/{id...}", s.deploymentPage)
	s.route("GET /incidents", s.incidentsPage)
	s.route("GET /explain/{measure}", s.explainPage)
	s.route("/", s.noSuchPage)
	s.mux.Handle("GET "+ui.AssetPrefix, s.assets())

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

// handler is a handler that returns its error.
type handler func(w http.ResponseWriter, r *http.Request) error

// route adds a handler behind authentication, the limits and the table of errors.
func (s *Server) route(pattern string, h handler) {
	// A probe must be answered most of all when there is too much to do.
	path := routeOf(pattern)
	open := path == "/healthz" || path == "/readyz"
	unlimited := open || path == "/metrics" || path == "/api/v1/doctor"
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		err := func() error {
			if !open {
				if err := s.admit(w, r); err != nil {
					return err
				}
			}
			if unlimited {
				return h(w, r)
			}
			return s.limited(w, r, h)
		}()
		if err != nil {
			s.answerError(w, r, err)
		}
	})
}

// admit checks who asks. Without a token the server listens on this machine
// only, and then the Host must say so too: else a page on any site could reach
// it through a name that it points here.
func (s *Server) admit(w http.ResponseWriter, r *http.Request) error {
	if s.opt.Token == "" {
		if observe.Local(r.Host) {
			return nil
		}
		return plimsoll.Errorf(plimsoll.CodeForbidden, "host %q is not this machine; start the server with a token to be reached by that name", r.Host)
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		// A browser can carry the token as the password of basic authentication.
		_, given, ok = r.BasicAuth()
	}
	sum := sha256.Sum256([]byte(given))
	if ok && subtle.ConstantTimeCompare(sum[:], s.token[:]) == 1 {
		return nil
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="plimsoll", charset="UTF-8"`)
	return plimsoll.Errorf(plimsoll.CodeUnauthorized, "no valid token; send Authorization: Bearer TOKEN")
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
func (s *Server) assets() http.Handler {
	known := ui.Assets()
	files := http.StripPrefix(ui.AssetPrefix, http.FileServerFS(known))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, ui.AssetPrefix)
		if info, err := fs.Stat(known, name); err != nil || info.IsDir() {
			s.answerError(w, r, plimsoll.Errorf(plimsoll.CodeNotFound, "no such page"))
			return
		}
		if strings.HasSuffix(name, ".woff2") {
			w.Header().Set("Content-Type", "font/woff2")
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		files.ServeHTTP(w, r)
	})
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
