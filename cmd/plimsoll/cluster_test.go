package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/fold"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// cluster is some servers on one database, each behind a proxy of its own.
type cluster struct {
	t        *testing.T
	database *storetest.Server
	replicas []*replica
	org      *store.Org // of the database itself, past all proxies

	mu        sync.Mutex
	takeovers []time.Duration // from the end of a folder to the next
}

type replica struct {
	t     *testing.T
	url   string
	args  []string
	proxy *storetest.Proxy
	mu    sync.Mutex
	proc  *process
	busy  bool // something happens to it that is not over
}

func newCluster(t *testing.T, n int, args ...string) *cluster {
	t.Helper()
	c := &cluster{t: t, database: storetest.Own(t)}
	db, err := store.Open(t.Context(), store.Options{Database: c.database.Address(), Readers: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if c.org, err = db.Org(t.Context(), "default"); err != nil {
		t.Fatal(err)
	}
	for range n {
		proxy := storetest.NewProxy(t, c.database.Address())
		listen := freeAddress(t)
		r := &replica{t: t, url: "http://" + listen, proxy: proxy, args: append([]string{"--database", proxy.Address(), "--listen", listen}, args...)}
		r.start()
		c.replicas = append(c.replicas, r)
	}
	for _, r := range c.replicas {
		r.proc.ready()
	}
	return c
}

// freeAddress is where a server can listen, also after it was started anew.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (r *replica) start() {
	p := begin(r.t, r.args...)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.proc = p
}

func (r *replica) process() *process {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.proc
}

// free marks a replica to which nothing happens yet, the folder one time of
// two. It is nil when there must not be one trouble more.
func (c *cluster) free() *replica {
	holder, _, _ := c.org.LeaseHolder(context.Background(), fold.Work)
	var may []*replica
	busy := 0
	for _, r := range c.replicas {
		r.mu.Lock()
		if r.busy {
			busy++
		} else {
			may = append(may, r)
		}
		r.mu.Unlock()
	}
	if len(may) == 0 || busy > len(c.replicas)-2 {
		return nil // one stays up, and one more for what happens next
	}
	chosen := may[rand.N(len(may))]
	if i := slices.IndexFunc(may, func(r *replica) bool { return r.folds(holder) }); i >= 0 && rand.N(2) == 0 {
		chosen = may[i]
	}
	chosen.mark(true)
	return chosen
}

func (r *replica) mark(busy bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy = busy
}

// folds reports whether a holder of the lease is this server.
func (r *replica) folds(holder string) bool {
	return holder != "" && strings.Contains(r.process().errs.String(), "folds the log\" holder="+holder)
}

// watchTakeover notes how long it takes until another server folds, if it was
// this one until now. Call it when the server goes; it does not wait.
func (c *cluster) watchTakeover(ctx context.Context, wg *sync.WaitGroup, r *replica) {
	before, _, err := c.org.LeaseHolder(ctx, fold.Work)
	if err != nil || !r.folds(before) {
		return
	}
	gone := time.Now()
	wg.Go(func() {
		for ctx.Err() == nil && time.Since(gone) < time.Minute {
			if now, _, err := c.org.LeaseHolder(ctx, fold.Work); err == nil && now != before {
				c.mu.Lock()
				c.takeovers = append(c.takeovers, time.Since(gone))
				c.mu.Unlock()
				return
			}
			pause(ctx, 20*time.Millisecond)
		}
		if ctx.Err() == nil {
			c.t.Errorf("nobody took the work of %s over within a minute", r.url)
		}
	})
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// settle waits until every server is there and knows the whole log.
func (c *cluster) settle(within time.Duration) (head int64) {
	c.t.Helper()
	late := time.Now().Add(within)
	for _, r := range c.replicas {
		for {
			at, head, ok := r.position()
			if ok && at == head {
				break
			}
			if time.Now().After(late) {
				for _, r := range c.replicas {
					c.t.Logf("%s says\n%s", r.url, tail(r.process().errs.String()))
				}
				c.t.Fatalf("%s is at event %d of %d, ready %v", r.url, at, head, ok)
			}
			pause(c.t.Context(), 50*time.Millisecond)
		}
	}
	_, head, _ = c.replicas[0].position()
	return head
}

func (r *replica) position() (at, head int64, ok bool) {
	var ready struct{ Position, Log int64 }
	status, _ := get(r.t.Context(), r.t, r.url+"/readyz", &ready)
	return ready.Position, ready.Log, status == http.StatusOK
}

func tail(s string) string { return s[max(0, len(s)-3000):] }

// stop ends all servers as an operator does.
func (c *cluster) stop() {
	c.t.Helper()
	for _, r := range c.replicas {
		p := r.process()
		if err := p.end(syscall.SIGTERM); err != nil {
			c.t.Errorf("the end of %s: %v: %s", r.url, err, tail(p.errs.String()))
		}
		if panicked := strings.Index(p.errs.String(), "panic"); panicked >= 0 {
			c.t.Errorf("%s says %s", r.url, tail(p.errs.String()[panicked:]))
		}
	}
}

// trouble is what happens to a server, or to all of them. It may go on for a
// while after run has returned; then the server is busy until it is over.
type trouble struct {
	name string
	run  func(ctx context.Context, c *cluster, r *replica, wg *sync.WaitGroup)
}

// longStop is longer than a lease lasts, and longer than the database waits for
// a writer that stands still within a transaction.
const longStop = 7 * time.Second

var troubles = []trouble{
	{"killed", func(ctx context.Context, c *cluster, r *replica, wg *sync.WaitGroup) {
		c.watchTakeover(ctx, wg, r)
		_ = r.process().end(syscall.SIGKILL) // that it did not end well is the point
		r.start()
		r.mark(false)
	}},
	{"stopped", func(ctx context.Context, c *cluster, r *replica, wg *sync.WaitGroup) {
		c.watchTakeover(ctx, wg, r)
		_ = r.process().cmd.Process.Signal(syscall.SIGSTOP)
		wg.Go(func() { // the others have their own troubles meanwhile
			pause(ctx, longStop)
			_ = r.process().cmd.Process.Signal(syscall.SIGCONT)
			r.mark(false)
		})
	}},
	{"cut off", func(ctx context.Context, c *cluster, r *replica, wg *sync.WaitGroup) {
		lasts := time.Duration(500+rand.N(8000)) * time.Millisecond
		if lasts >= longStop { // sooner it may go on as if nothing had been
			c.watchTakeover(ctx, wg, r)
		}
		r.proxy.Stall()
		wg.Go(func() {
			pause(ctx, lasts)
			if rand.N(2) == 0 {
				r.proxy.Reset() // what was swallowed never arrives
			}
			r.proxy.Flow()
			r.mark(false)
		})
	}},
	{"connections reset", func(_ context.Context, _ *cluster, r *replica, _ *sync.WaitGroup) {
		r.proxy.Reset()
		r.mark(false)
	}},
	{"answer to a commit lost", func(ctx context.Context, _ *cluster, r *replica, _ *sync.WaitGroup) {
		select {
		case <-r.proxy.CutAtCommit():
		case <-time.After(time.Second): // nothing was committed there
		case <-ctx.Done():
		}
		r.mark(false)
	}},
	{"database crashed", func(ctx context.Context, c *cluster, r *replica, _ *sync.WaitGroup) {
		c.database.Down(c.t)
		pause(ctx, time.Duration(rand.N(1000))*time.Millisecond)
		c.database.Up(c.t)
		r.mark(false)
	}},
}

func (c *cluster) took() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.takeovers) == 0 {
		return "no folder was hit"
	}
	slices.Sort(c.takeovers)
	return fmt.Sprintf("%d takeovers, median %.1f s, longest %.1f s", len(c.takeovers),
		c.takeovers[len(c.takeovers)/2].Seconds(), c.takeovers[len(c.takeovers)-1].Seconds())
}
