package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
)

// Limits bound what is worked on at once. A zero is the usual bound.
type Limits struct {
	Requests   int           // that are answered at once, 512 if zero
	ClientRate float64       // requests a second of one client, 200 if zero; below zero for no bound
	Bodies     int64         // bytes of bodies that are held at once, 80 MiB if zero
	Answer     time.Duration // how long a question may take, 30 s if zero
	Stall      time.Duration // how long a body may pause, 10 s if zero
}

func (l Limits) or() Limits {
	if l.Requests == 0 {
		l.Requests = 512
	}
	if l.ClientRate == 0 {
		l.ClientRate = 200
	}
	if l.Bodies == 0 {
		l.Bodies = 8 * ingest.MaxBody
	}
	if l.Answer == 0 {
		l.Answer = 30 * time.Second
	}
	if l.Stall == 0 {
		l.Stall = 10 * time.Second
	}
	return l
}

// mostClients bounds how many clients are remembered. When it is reached those
// who are quiet are forgotten; whoever floods is not quiet.
const mostClients = 10_000

// limiter holds what is under way against the limits.
type limiter struct {
	Limits
	metrics *observe.Metrics
	room    *semaphore.Weighted // requests
	bodies  *semaphore.Weighted // bytes

	mu      sync.Mutex
	clients map[netip.Prefix]*client
	swept   time.Time
}

// client is one sender, as far as its address tells.
type client struct {
	tokens *rate.Limiter
	active int
	seen   time.Time
}

func newLimiter(l Limits, m *observe.Metrics) *limiter {
	l = l.or()
	return &limiter{
		Limits: l, metrics: m, clients: map[netip.Prefix]*client{},
		room: semaphore.NewWeighted(int64(l.Requests)), bodies: semaphore.NewWeighted(l.Bodies),
	}
}

// clientOf says who sends: an address, or a network where one customer has as
// many addresses as he likes. It reports false for this machine, which is its
// operator, or a proxy behind which many stand.
func clientOf(r *http.Request) (netip.Prefix, bool) {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}, false // in process
	}
	ip, bits := at.Addr().Unmap(), 32
	if ip.Is6() {
		bits = 64
	}
	p, err := ip.WithZone("").Prefix(bits)
	return p, err == nil && !ip.IsLoopback()
}

// enter lets a request in, or says for how long its client should wait.
func (l *limiter) enter(r *http.Request) (leave func(), wait time.Duration, err error) {
	leaveClient := func() {}
	if who, ok := clientOf(r); ok && l.ClientRate > 0 {
		if leaveClient, wait = l.enterClient(who, time.Now()); wait > 0 {
			l.metrics.Refused("client")
			return nil, wait, plimsoll.Errorf(plimsoll.CodeRateLimited, "too many requests from you; at most %g a second are answered, come again later", l.ClientRate)
		}
	}
	if !l.room.TryAcquire(1) {
		leaveClient()
		l.metrics.Refused("busy")
		return nil, time.Second, plimsoll.Errorf(plimsoll.CodeUnavailable, "too many requests at once; nothing was done, come again later")
	}
	return func() {
		l.room.Release(1)
		leaveClient()
	}, 0, nil
}

// enterClient takes one of the requests of a client: so many a second, twice as
// many at once, and never more than half of what there is room for.
func (l *limiter) enterClient(who netip.Prefix, now time.Time) (leave func(), wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.clients[who]
	if c == nil {
		l.sweep(now)
		c = &client{tokens: rate.NewLimiter(rate.Limit(l.ClientRate), max(1, int(2*l.ClientRate)))}
		l.clients[who] = c
	}
	c.seen = now
	if c.active >= max(1, l.Requests/2) {
		return nil, time.Second
	}
	if !c.tokens.AllowN(now, 1) {
		return nil, max(time.Second, time.Duration(float64(time.Second)/l.ClientRate))
	}
	c.active++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		c.active--
	}, 0
}

// sweep forgets clients whose right to a burst is whole again. When all are busy
// at once some are forgotten early: they gain a burst, and memory stays bounded.
func (l *limiter) sweep(now time.Time) {
	const quiet = 10 * time.Second
	if len(l.clients) < mostClients {
		return
	}
	if now.Sub(l.swept) > time.Second {
		l.swept = now
		for who, c := range l.clients {
			if c.active == 0 && now.Sub(c.seen) > quiet {
				delete(l.clients, who)
			}
		}
	}
	for who, c := range l.clients {
		if len(l.clients) < mostClients {
			return
		}
		if c.active == 0 {
			delete(l.clients, who)
		}
	}
}

// limited runs a handler within the limits. A question that takes too long is
// given up, also while it waits for a snapshot.
func (s *Server) limited(w http.ResponseWriter, r *http.Request, h handler) error {
	leave, wait, err := s.limit.enter(r)
	if err != nil {
		w.Header().Set("Retry-After", strconv.Itoa(int((wait+time.Second-1)/time.Second)))
		return err
	}
	defer leave()
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return h(w, r)
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.limit.Answer)
	defer cancel()
	err = h(w, r.WithContext(ctx))
	if err != nil && ctx.Err() != nil && r.Context().Err() == nil {
		e := plimsoll.Errorf(plimsoll.CodeUnavailable, "no answer within %s; ask for less at once, or try again when less is going on", s.limit.Answer)
		e.Cause = err
		return e
	}
	return err
}

// holdStep is how much of a body is accounted for at a time.
const holdStep = 64 << 10

// body is a request's body on its way in. What is held of it counts against the
// bytes that all bodies may hold together, so that whoever sends slowly holds no
// more than he has sent; and whoever pauses for too long is cut off.
type body struct {
	in      io.Reader
	control *http.ResponseController
	limit   *limiter
	last    time.Time // by when all of it must be there
	held    int64     // bytes accounted for
	used    int64     // of these
}

func (l *limiter) body(w http.ResponseWriter, r *http.Request) *body {
	return &body{in: r.Body, control: http.NewResponseController(w), limit: l, last: time.Now().Add(readTimeout)}
}

func (b *body) Read(p []byte) (int, error) {
	by := time.Now().Add(b.limit.Stall)
	if by.After(b.last) {
		by = b.last
	}
	// A request in process has no connection that could be timed.
	_ = b.control.SetReadDeadline(by)
	n, err := b.in.Read(p)
	if errors.Is(err, io.EOF) {
		// From now on the server only looks whether the client is still there.
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}

// hold accounts for n more bytes in memory.
func (b *body) hold(n int) error {
	for b.used += int64(n); b.used > b.held; b.held += holdStep {
		if !b.limit.bodies.TryAcquire(holdStep) {
			b.limit.metrics.Refused("busy")
			return plimsoll.Errorf(plimsoll.CodeUnavailable, "too much is being sent at once; nothing was stored, send it again")
		}
	}
	return nil
}

// release gives back what the body held.
func (b *body) release() {
	if b.held > 0 {
		b.limit.bodies.Release(b.held)
	}
	b.held, b.used = 0, 0
}

// scrape answers with the metrics.
func (s *Server) scrape(w http.ResponseWriter, r *http.Request) error {
	s.opt.Scrape.ServeHTTP(w, r)
	return nil
}
