package observe

import (
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"
)

// Debug returns a server of profiles, which show the inside of the program and
// cost it time: for a listener of their own. Unless others may reach it, it
// answers only to a Host that is this machine: a page on any site could point a
// name of its own here.
func Debug(others bool) *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !others && !Local(r.Host) {
				http.Error(w, "this host is not this machine", http.StatusForbidden)
				return
			}
			mux.ServeHTTP(w, r)
		}),
		// A profile may be asked for as long as a few minutes.
		ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 10 * time.Minute, MaxHeaderBytes: 16 << 10,
	}
}

// Local reports whether a host, with or without a port, is this machine.
func Local(host string) bool {
	host = strings.ToLower(host)
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
