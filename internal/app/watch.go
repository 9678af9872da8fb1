package app

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// This file carries what the rooms tell of themselves to who counts it. None of
// them knows the other.

func (a *App) watchStore() store.Watch {
	return store.Watch{
		Commit: a.metrics.Committed,
		Read:   a.metrics.Snapshot,
		Write: func(ctx context.Context, queued, begun, ended time.Time, err error) {
			if begun.IsZero() {
				begun = ended
			}
			a.metrics.Queued(begun.Sub(queued))
			a.tracer.Within(ctx, "store.wait", queued, begun, nil)
			if ended.After(begun) {
				a.tracer.Within(ctx, "store.commit", begun, ended, err)
			}
		},
	}
}

func (a *App) watchDoor(ctx context.Context, source string) (context.Context, func(string, store.Receipt, error)) {
	ctx, end := a.tracer.Start(ctx, "ingest.accept")
	return ctx, func(outcome string, r store.Receipt, err error) {
		a.metrics.Delivered(source, outcome, r.Accepted, r.Duplicates)
		end(err)
	}
}

func (a *App) watchFold(ctx context.Context, kind string) (context.Context, func(int, error)) {
	began := time.Now()
	ctx, end := a.tracer.Start(ctx, "fold."+kind)
	return ctx, func(n int, err error) {
		a.metrics.Folded(kind, n, time.Since(began), err)
		end(err)
	}
}

func (a *App) watchCells(ctx context.Context, began, ended time.Time, anew bool, err error) {
	a.metrics.Followed(ended.Sub(began), anew)
	a.tracer.Past(ctx, "cells.follow", began, ended, err)
}

// trace is nil without a tracer, so that a question costs nothing more.
func (a *App) trace() func(ctx context.Context, name string) (context.Context, func(error)) {
	if a.tracer == nil {
		return nil
	}
	return a.tracer.Start
}

// tracesTimeout bounds how long the end of the server waits for the receiver of
// traces.
const tracesTimeout = 3 * time.Second

func (a *App) endTraces(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tracesTimeout)
	defer cancel()
	if err := a.tracer.Close(ctx); err != nil {
		a.opt.Log.Warn("the last traces were not sent", "err", err) // nobody's data is lost
	}
	return nil
}

// listenDebug serves profiles.
func (a *App) listenDebug(ctx context.Context) error {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", a.opt.Debug)
	if err != nil {
		e := plimsoll.FieldErrorf("--debug-listen", "cannot listen on %s; is something else running there?", a.opt.Debug)
		e.Cause = err
		return e
	}
	server := observe.Debug(a.opt.Expose)
	server.ErrorLog = slog.NewLogLogger(a.opt.Log.Handler(), slog.LevelWarn)
	go func() { _ = server.Serve(l) }() // ends when it is closed
	a.debug = l.Addr().String()
	a.opt.Log.Info("profiles are served", "at", "http://"+a.debug+"/debug/pprof/")
	a.onStop("profiles", func(context.Context) error { return server.Close() })
	return nil
}

// sample looks up what is asked at a scrape.
func (a *App) sample(ctx context.Context) observe.Sample {
	s := observe.Unknown()
	if a.desk == nil {
		return s // not wired yet
	}
	if v, err := a.desk.Vitals(ctx); err == nil {
		s.Log, s.Facts, s.Parked, s.SetAside = float64(v.Head), float64(v.Facts), float64(v.Parked), float64(v.SetAside)
		if v.ReceivedAt.Known() {
			s.NewestSeconds = max(0, a.desk.Now().Sub(v.ReceivedAt).Seconds())
		}
	}
	st := a.db.Stats()
	s.Queue, s.QueueSeconds, s.Snapshots = float64(st.Queue), st.Waiting.Seconds(), float64(st.Snapshots)
	s.DatabaseBytes, s.WALBytes = float64(st.DatabaseBytes), float64(st.WALBytes)
	if info, err := os.Stat(filepath.Join(a.opt.Data, "cells.snapshot")); err == nil {
		s.SnapshotBytes = float64(info.Size())
	}
	if free, _, err := a.db.Disk(); err == nil {
		s.DiskFreeBytes = float64(free)
	}
	s.CellsBytes = float64(a.cells.Bytes())
	return s
}

// revision is the commit that the program was built from, "" when the build
// does not say.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}

// NewLogger returns the logger of a server: format is text or json, level debug,
// info, warn or error.
func NewLogger(w io.Writer, format, level string) (*slog.Logger, error) {
	return observe.NewLogger(w, format, level)
}
