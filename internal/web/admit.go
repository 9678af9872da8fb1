package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/auth"
)

// actorKey is where a request carries who makes it.
type actorKey struct{}

// actorOf returns who makes a request that was admitted. Of an open route it is
// nobody, who may do nothing.
func actorOf(r *http.Request) plimsoll.Actor {
	a, _ := r.Context().Value(actorKey{}).(plimsoll.Actor)
	return a
}

// admit lets in who may, and returns the request with who that is.
func (s *Server) admit(r *http.Request, need plimsoll.Permission) (*http.Request, error) {
	if need == open {
		return r, nil
	}
	a, err := s.identify(r)
	if err != nil {
		return r, err
	}
	if err := a.May(need); err != nil {
		return r, err
	}
	return r.WithContext(context.WithValue(r.Context(), actorKey{}, a)), nil
}

// identify says who asks. Who shows a token must show a good one, also where
// none is needed: else a script would go on with the wrong one, and its acts
// would be nobody's.
func (s *Server) identify(r *http.Request) (plimsoll.Actor, error) {
	given, ok := shown(r)
	if s.opt.Local && (!ok || !s.meant(r, given)) {
		return s.local(r)
	}
	if !ok {
		return plimsoll.Actor{}, auth.Refused()
	}
	sum := sha256.Sum256([]byte(given))
	if s.opt.Token != "" && subtle.ConstantTimeCompare(sum[:], s.token[:]) == 1 {
		return plimsoll.BootstrapActor(), nil
	}
	if s.opt.Guard == nil {
		return plimsoll.Actor{}, auth.Refused()
	}
	return s.opt.Guard.Identify(r.Context(), given)
}

// shown returns the token of a request, false if it shows none. A browser can
// carry it as the password of basic authentication.
func shown(r *http.Request) (string, bool) {
	if scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return rest, rest != ""
	}
	_, password, ok := r.BasicAuth()
	return password, ok
}

// meant reports whether what was shown where none is needed is meant for us. A
// proxy may pass on a password that was meant for itself.
func (s *Server) meant(r *http.Request, given string) bool {
	_, _, basic := r.BasicAuth()
	return !basic || auth.Looks(given)
}

// forwarded are the headers by which a proxy tells for whom it asks.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"}

// local admits this machine, to which alone the server listens. The Host must
// say so too: else a page on any site could reach it through a name that it
// points here. And a proxy that runs here makes everybody look like this
// machine, so what it forwards is not.
func (s *Server) local(r *http.Request) (plimsoll.Actor, error) {
	host := strings.ToLower(r.Host)
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	if host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return plimsoll.Actor{}, plimsoll.Errorf(plimsoll.CodeForbidden, "host %q is not this machine; start the server with a token to be reached by that name", r.Host)
	}
	if !s.opt.Proxied {
		for _, name := range forwarded {
			if len(r.Header.Values(name)) > 0 {
				return plimsoll.Actor{}, plimsoll.Errorf(plimsoll.CodeUnauthorized,
					"the header %s says that a proxy asks for somebody else; send a token, or start the server with --trust-proxy if the proxy lets in only who may do everything", name)
			}
		}
	}
	return plimsoll.LocalActor(), nil
}
