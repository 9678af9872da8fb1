package fold

import (
	"context"
	"sync/atomic"
	"time"
)

// Watch is told what the fold does, so that somebody can measure it.
type Watch struct {
	// Work hears of each batch as it begins and, through what it returns, as it
	// ends: how many events were applied, or things derived, and why it failed, if
	// it did. kind is apply, or the step of deriving: timeline, incident, outcome.
	// The context that it returns is that of the work. It may be nil.
	Work func(ctx context.Context, kind string) (context.Context, func(n int, err error))
}

// began tells of a batch. What it returns tells of its end, the first time that
// it is called.
func (f *Folder) began(ctx context.Context, kind string) (context.Context, func(n int, err error)) {
	told := func(int, error) {}
	if f.opt.Watch.Work != nil {
		ctx, told = f.opt.Watch.Work(ctx, kind)
	}
	ended := false
	return ctx, func(n int, err error) {
		if ended {
			return
		}
		ended = true
		if err == nil {
			f.status.moved.Store(time.Now().UnixMicro())
		}
		told(n, err)
	}
}

// Status says how the fold is doing.
type Status struct {
	Failing error     // why the last run failed, nil if it did not
	Since   time.Time // since when runs have failed without a break; zero if they do not
	Moved   time.Time // when a batch last succeeded; zero if none has since the start
}

// status is what a Folder keeps about itself, for others to read.
type status struct {
	failing atomic.Pointer[Status]
	moved   atomic.Int64 // µs
}

func (s *status) ran(err error) {
	was := s.failing.Load()
	switch {
	case err == nil:
		s.failing.Store(nil)
	case was == nil:
		s.failing.Store(&Status{Failing: err, Since: time.Now()})
	default:
		s.failing.Store(&Status{Failing: err, Since: was.Since})
	}
}

// Status says how the fold is doing. It may be called while the fold runs.
func (f *Folder) Status() Status {
	var out Status
	if failing := f.status.failing.Load(); failing != nil {
		out = *failing
	}
	if moved := f.status.moved.Load(); moved != 0 {
		out.Moved = time.UnixMicro(moved)
	}
	return out
}
