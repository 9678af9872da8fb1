// Package app joins the rooms to a running server. It refuses to do any of
// their work: New wires, Start serves, Stop undoes what New did, in reverse.
package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/auth"
	"github.com/plimsoll-dev/plimsoll/internal/cells"
	"github.com/plimsoll-dev/plimsoll/internal/fold"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/web"
)

// Options say what to run. The zero value of the optional ones is what a
// server wants.
type Options struct {
	Data       string // data folder; with a database a folder for what can be made again, "" for none
	Database   string // postgres://… instead of a folder
	Listen     string // address, "" for none: the handler is asked in process
	Token      string // lets its holder in as an admin; with it every request must carry a token
	TrustProxy bool   // what a proxy on this machine forwards needs no token, as if it came from here
	Zone       *time.Location
	Config     *Config // from ReadConfig; nil leaves what was configured before
	Sources    *Config // whose sources are known without declaring the rest; nil for those of Config
	ImportSelf string  // folder of a git clone that is shown as a first example
	Demo       *Demo   // serve a simulated organisation
	Log        *slog.Logger
	Now        func() time.Time

	Version string     // of the program
	Traces  string     // address of a receiver of traces; "" for what the environment says
	Debug   string     // address of a listener for profiles; "" for none
	Expose  bool       // other machines may reach that listener
	Limits  web.Limits // the zero value is what a server wants
	MinFree int64      // bytes that must be free where the data is to be ready; 256 MiB if zero, below zero for any
}

func (o *Options) validate() error {
	if o.Data == "" && o.Database == "" {
		return plimsoll.FieldErrorf("--data", "missing; name a folder for the data")
	}
	if o.Demo != nil && o.Database != "" {
		return plimsoll.FieldErrorf("--database", "the demo keeps its data in a folder; name one with --data")
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	switch {
	case o.Limits.Requests < 0:
		return plimsoll.FieldErrorf("--max-requests", "%d; expected 1 or more", o.Limits.Requests)
	case o.Limits.Answer < 0 || o.Limits.Answer > 50*time.Second:
		return plimsoll.FieldErrorf("--answer-timeout", "%s; expected up to 50s, since an answer is cut off after a minute", o.Limits.Answer)
	}
	if o.Debug != "" {
		if _, _, err := net.SplitHostPort(o.Debug); err != nil {
			return plimsoll.FieldErrorf("--debug-listen", "%q is no address; expected HOST:PORT like 127.0.0.1:6060", o.Debug)
		}
		if !o.Expose && !observe.Local(o.Debug) {
			return plimsoll.FieldErrorf("--debug-listen", "%s can be reached from other machines, and profiles show the inside of the program to everybody there; listen on 127.0.0.1, or say --debug-reachable-by-others", o.Debug)
		}
	}
	if o.Listen == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return plimsoll.FieldErrorf("--listen", "%q is no address; expected HOST:PORT like 127.0.0.1:8080", o.Listen)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return plimsoll.FieldErrorf("--listen", "%q has port %s; expected a number from 1 to 65535, or 0 for any that is free", o.Listen, port)
	}
	if o.TrustProxy && !o.local() {
		return plimsoll.FieldErrorf("--trust-proxy", "means nothing here: every request needs a token, from wherever it comes")
	}
	return nil
}

// alone reports whether none but this machine can connect.
func (o *Options) alone() bool {
	host, _, _ := net.SplitHostPort(o.Listen)
	ip := net.ParseIP(host)
	return o.Listen == "" || host == "localhost" || ip != nil && ip.IsLoopback()
}

// local reports whether this machine may ask without a token. A token that the
// server was started with says that everybody needs one.
func (o *Options) local() bool { return o.Token == "" && o.alone() }

// checkReach refuses to be reached by others when nobody could show who he is.
func (a *App) checkReach(ctx context.Context) error {
	if a.opt.Token != "" || a.opt.alone() {
		return nil
	}
	live, err := a.guard.List(ctx, false)
	if err != nil || len(live) > 0 {
		return err
	}
	return plimsoll.FieldErrorf("--listen", "%s can be reached from other machines; make a token with plimsoll token create, give a token with --token-file FILE or PLIMSOLL_TOKEN, or listen on 127.0.0.1", a.opt.Listen)
}

// App is a server that was wired by New.
type App struct {
	opt      Options
	db       *store.DB
	door     *ingest.Door
	desk     *query.Desk
	guard    *auth.Guard
	folder   *fold.Folder
	cells    *cells.Cells
	server   *http.Server
	listener net.Listener
	instance string
	org      *store.Org
	metrics  *observe.Metrics
	tracer   *observe.Tracer
	debug    string    // address at which profiles are, "" for nowhere
	started  time.Time // by the clock of this machine
	demo     *demo     // nil but in a demo

	work    sync.WaitGroup // goroutines that end when stopWork is called
	cancel  context.CancelFunc
	failed  chan error
	cleanup []cleanup
	stop    sync.Once
	stopErr error

	mu      sync.Mutex
	notices []string
}

// cleanup is the named undoing of one step of New.
type cleanup struct {
	name string
	undo func(context.Context) error
}

// defaultOrg is the organisation of a server that nobody told otherwise.
const defaultOrg = "default"

// New opens the data, wires the rooms and, if it shall, listens. Nothing is
// served before Start. When New fails it undoes what it did.
func New(ctx context.Context, opt Options) (_ *App, err error) {
	if err := opt.validate(); err != nil {
		return nil, err
	}
	a := &App{opt: opt, failed: make(chan error, 1), started: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
		}
	}()
	if opt.Demo != nil {
		if a.demo, err = newDemo(opt); err != nil {
			return nil, err
		}
		opt.Now = a.demo.now
	}
	if opt.Listen != "" { // a verb that opens the data ends too soon to be watched
		if a.tracer, err = observe.NewTracer(ctx, observe.TraceOptions{Endpoint: opt.Traces, Version: opt.Version, Log: opt.Log}); err != nil {
			return nil, err
		}
		a.onStop("traces", a.endTraces)
	}
	a.metrics = observe.NewMetrics(observe.Build{Version: opt.Version, Revision: revision()}, a.sample)
	if opt.Database != "" && opt.Data != "" {
		if err := os.MkdirAll(opt.Data, 0o700); err != nil {
			return nil, plimsoll.FieldErrorf("--data", "the folder %s cannot be made: %v", opt.Data, err)
		}
	}
	if a.db, err = store.Open(ctx, store.Options{Dir: opt.Data, Database: opt.Database, Now: opt.Now, Watch: a.watchStore()}); err != nil {
		return nil, err
	}
	a.onStop("store", func(context.Context) error { return a.db.Close() })
	org, err := a.db.Org(ctx, defaultOrg)
	if err != nil {
		return nil, err
	}
	a.org = org
	a.guard = auth.New(org, auth.Options{Now: opt.Now, Log: opt.Log})
	if err := a.checkReach(ctx); err != nil {
		return nil, err
	}
	instance, err := a.db.Secret(ctx, "instance")
	if err != nil {
		return nil, err
	}
	a.instance = hex.EncodeToString(instance[:8])
	if a.door, err = ingest.New(ctx, a.db, org, opt.Now); err != nil {
		return nil, err
	}
	a.door.Observe(a.watchDoor)
	if opt.Config != nil {
		if err := a.door.Declare(ctx, plimsoll.LocalActor(), opt.Config.declaration()); err != nil {
			return nil, err
		}
	}
	if opt.Sources == nil {
		opt.Sources = opt.Config
	}
	if err := a.listenToTools(opt.Sources); err != nil {
		return nil, err
	}
	a.folder = fold.New(a.db, org, fold.Options{Log: opt.Log, Watch: fold.Watch{Work: a.watchFold}})
	a.cells = cells.New(a.db, org, cells.Options{Zone: opt.Zone, Dir: opt.Data, Definitions: query.Definitions, Log: opt.Log, Watch: a.watchCells})
	a.onStop("snapshot", a.cells.Save)
	a.desk = query.New(a.db, org, query.Options{Cursor: fold.Cursor, Now: opt.Now, Zone: opt.Zone, Cells: a.cells, Trace: a.trace()})
	health := observe.NewHealth(a.checks()...)
	site := web.New(web.Options{
		Desk: a.desk, Door: a.door, Guard: a.guard, Log: opt.Log, Notice: a.Notices, Instance: a.instance,
		Token: opt.Token, Local: opt.local(), Proxied: opt.TrustProxy, Simulated: a.demo != nil, Limits: opt.Limits, Metrics: a.metrics, Tracer: a.tracer,
		Scrape: a.metrics.Handler(), // what is exported of the releases joins here
		Health: health, Examine: a.examine(health),
	})
	a.server = site.HTTP()
	if opt.Listen != "" {
		if err := a.listen(ctx); err != nil {
			return nil, err
		}
	}
	if opt.Debug != "" {
		if err := a.listenDebug(ctx); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *App) listen(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", a.opt.Listen)
	if err != nil {
		e := plimsoll.FieldErrorf("--listen", "cannot listen on %s; is another server running there?", a.opt.Listen)
		e.Cause = err
		return e
	}
	a.listener = l
	a.onStop("listener", func(context.Context) error {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	return a.db.Announce(a.URL())
}

func (a *App) onStop(name string, undo func(context.Context) error) {
	a.cleanup = append(a.cleanup, cleanup{name, undo})
}

// URL is where the server can be reached from this machine, "" when it does not
// listen.
func (a *App) URL() string {
	if a.listener == nil {
		return ""
	}
	addr := a.listener.Addr().String()
	if host, port, err := net.SplitHostPort(addr); err == nil {
		if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
			addr = net.JoinHostPort("127.0.0.1", port) // it listens there too
		}
	}
	return "http://" + addr
}

// Handler answers requests in process.
func (a *App) Handler() http.Handler { return a.server.Handler }

// Start folds and serves until Stop.
func (a *App) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	a.cancel = cancel
	a.onStop("work", func(context.Context) error {
		cancel()
		return within(workTimeout, a.work.Wait)
	})
	a.work.Go(func() { a.folder.Run(ctx) })
	a.work.Go(func() { a.cells.Run(ctx) })
	a.work.Go(func() { a.guard.Run(ctx) })
	if a.opt.Config != nil { // a server; a verb that opens the data drops nothing
		a.work.Go(func() { a.compactNowAndThen(ctx, a.opt.Config.Retention) })
	}
	if a.opt.ImportSelf != "" {
		a.work.Go(func() { a.importSelf(ctx) })
	}
	if a.demo != nil {
		a.work.Go(func() { a.demonstrate(ctx) })
	}
	if a.listener == nil {
		return
	}
	go func() {
		if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- err
		}
	}()
	a.onStop("requests", func(ctx context.Context) error {
		err := a.server.Shutdown(ctx)
		if err != nil {
			// Who is still there after that long is cut off: what was
			// acknowledged is on disk, and the rest will be sent again.
			return errors.Join(err, a.server.Close())
		}
		return nil
	})
}

// workTimeout bounds how long the work in the background may take to end once
// it was told to. It has this time also when requests used up what was given to
// Stop.
const workTimeout = 10 * time.Second

// within waits for wait, but not for ever.
func within(limit time.Duration, wait func()) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		wait()
	}()
	select {
	case <-done:
		return nil
	case <-time.After(limit):
		return fmt.Errorf("not ended after %s", limit)
	}
}

// Failed tells when serving ended by itself.
func (a *App) Failed() <-chan error { return a.failed }

// Stop undoes everything, the last first. It is bounded by ctx for requests
// under way, and may be called again.
func (a *App) Stop(ctx context.Context) error {
	a.stop.Do(func() {
		var errs []error
		for i := len(a.cleanup) - 1; i >= 0; i-- {
			if err := a.cleanup[i].undo(ctx); err != nil {
				errs = append(errs, fmt.Errorf("stop %s: %w", a.cleanup[i].name, err))
			}
		}
		a.stopErr = errors.Join(errs...)
	})
	return a.stopErr
}

// Notices are said on every page.
func (a *App) Notices() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.notices
}

func (a *App) notice(text string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.notices = []string{text}
}

// Refold forgets every fact and folds the log again. What was known is kept at
// the end of every step in the zone of the server: none, month, day, hour or
// quarter of an hour. The server must not have been started.
func (a *App) Refold(ctx context.Context, steps string) error {
	return a.folder.Refold(ctx, fold.Steps{Every: steps, Zone: a.opt.Zone})
}

// Redecode decodes the originals of all deliveries again that are still kept.
func (a *App) Redecode(ctx context.Context) (ingest.Redecoded, error) { return a.door.Redecode(ctx) }
