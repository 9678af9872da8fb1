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
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/cells"
	"github.com/plimsoll-dev/plimsoll/internal/fold"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/query"
	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/web"
)

// Options say what to run. The zero value of the optional ones is what a
// server wants.
type Options struct {
	Data       string // data folder
	Listen     string // address, "" for none: the handler is asked in process
	Token      string // every request must carry it; needed beyond this machine
	Zone       *time.Location
	Config     *Config // from ReadConfig; nil leaves what was configured before
	ImportSelf string  // folder of a git clone that is shown as a first example
	Demo       *Demo   // serve a simulated organisation
	Log        *slog.Logger
	Now        func() time.Time
}

func (o *Options) validate() error {
	if o.Data == "" {
		return plimsoll.FieldErrorf("--data", "missing; name a folder for the data")
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
	if o.Listen == "" {
		return nil
	}
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return plimsoll.FieldErrorf("--listen", "%q is no address; expected HOST:PORT like 127.0.0.1:8080", o.Listen)
	}
	ip := net.ParseIP(host)
	if o.Token == "" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return plimsoll.FieldErrorf("--listen", "%s can be reached from other machines; give a token with --token-file FILE or PLIMSOLL_TOKEN, or listen on 127.0.0.1", o.Listen)
	}
	return nil
}

// App is a server that was wired by New.
type App struct {
	opt      Options
	db       *store.DB
	door     *ingest.Door
	desk     *query.Desk
	folder   *fold.Folder
	cells    *cells.Cells
	server   *http.Server
	listener net.Listener
	instance string
	demo     *demo // nil but in a demo

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
	a := &App{opt: opt, failed: make(chan error, 1)}
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
	if a.db, err = store.Open(ctx, store.Options{Dir: opt.Data, Now: opt.Now}); err != nil {
		return nil, err
	}
	a.onStop("store", func(context.Context) error { return a.db.Close() })
	org, err := a.db.Org(ctx, defaultOrg)
	if err != nil {
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
	if opt.Config != nil {
		if err := a.door.Declare(ctx, opt.Config.declaration()); err != nil {
			return nil, err
		}
	}
	a.folder = fold.New(a.db, org, fold.Options{Log: opt.Log})
	a.cells = cells.New(a.db, org, cells.Options{Zone: opt.Zone, Dir: opt.Data, Definitions: query.Definitions, Log: opt.Log})
	a.onStop("snapshot", a.cells.Save)
	a.desk = query.New(a.db, org, query.Options{Cursor: fold.Cursor, Now: opt.Now, Zone: opt.Zone, Cells: a.cells})
	site := web.New(web.Options{
		Desk: a.desk, Door: a.door, Log: opt.Log, Token: opt.Token, Notice: a.Notices, Instance: a.instance,
		Simulated: a.demo != nil,
	})
	a.server = site.HTTP()
	if opt.Listen != "" {
		if err := a.listen(ctx); err != nil {
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
