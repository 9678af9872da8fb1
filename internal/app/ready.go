package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
)

// When a server is not ready.
const (
	minFree      = 256 << 20        // bytes that must be free where the data is
	freshCommit  = 10 * time.Second // a commit that recent proves that the store can write
	foldFailing  = 10 * time.Second // for how long the fold may fail
	foldStanding = time.Minute      // for how long it may stand still with events before it
	freshRead    = 15 * time.Second // a read that recent proves that the store can be read
	mostReading  = time.Second      // for how long a check waits for a snapshot
)

// checks are what must hold for the server to be of use.
func (a *App) checks() []observe.Check {
	return []observe.Check{
		{Name: "store_read", Run: a.canRead},
		{Name: "store_write", Run: a.canWrite},
		{Name: "fold", Run: a.follows},
		{Name: "cells", Run: a.haveCells},
		{Name: "disk", Run: a.hasRoom},
	}
}

func (a *App) canRead(ctx context.Context) (string, error) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, mostReading)
	defer cancel()
	if _, err := a.desk.Vitals(ctx); err != nil {
		if a.crowded(err) {
			return "not within a second, since much is asked; other reads are answered", nil
		}
		return "", unfit(err, "the store does not answer a read")
	}
	return "read in " + round(time.Since(began)), nil
}

// crowded reports whether a read was only not reached in time, while others were.
// A server with much to do is no better for being taken away from those who wait.
func (a *App) crowded(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) && time.Since(a.db.Stats().LastRead) < freshRead
}

// canWrite writes only when nobody else has for a while.
func (a *App) canWrite(ctx context.Context) (string, error) {
	if s := a.db.Stats(); s.LastError == nil && time.Since(s.LastCommit) < freshCommit {
		return "the last commit succeeded", nil
	}
	began := time.Now()
	if err := a.org.Probe(ctx); err != nil {
		return "", unfit(err, "the store cannot write; nothing is acknowledged. See the free space and the log of the server")
	}
	return "written in " + round(time.Since(began)), nil
}

func (a *App) follows(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, mostReading)
	defer cancel()
	v, err := a.desk.Vitals(ctx)
	if err != nil {
		if a.crowded(err) {
			return "not known while so much is asked", nil
		}
		return "", unfit(err, "it cannot be read how far the facts are")
	}
	s := a.folder.Status()
	behind := v.Head - v.Facts
	if s.Failing != nil && time.Since(s.Since) > foldFailing {
		return "", unfit(s.Failing, fmt.Sprintf("the fold has failed for %s and is %d events behind; the log of the server says why", round(time.Since(s.Since)), behind))
	}
	moved := s.Moved
	if moved.Before(a.started) {
		moved = a.started
	}
	if v.Applied < v.Head && time.Since(moved) > foldStanding {
		return "", unfit(nil, fmt.Sprintf("the fold has stood still for %s, %d events behind", round(time.Since(moved)), behind))
	}
	found := fmt.Sprintf("%d events behind", behind)
	if v.SetAside > 0 {
		found += fmt.Sprintf("; %d derivations are set aside", v.SetAside)
	}
	return found, nil
}

// haveCells waits a little: right after the start they are built within moments.
func (a *App) haveCells(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second/2)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !a.cells.Built() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", unfit(nil, "the facts are still being read into memory; questions are answered slowly until then")
		}
	}
	return "built", nil
}

func (a *App) hasRoom(context.Context) (string, error) {
	limit := a.opt.MinFree
	if limit == 0 {
		limit = minFree
	}
	free, _, err := a.db.Disk()
	if err != nil {
		return "not known", nil // it is no reason to refuse work
	}
	if free < limit {
		return "", unfit(nil, fmt.Sprintf("%d MiB are free where the data is, and %d are needed; make room", free>>20, limit>>20))
	}
	return fmt.Sprintf("%d MiB free", free>>20), nil
}

// unfit is the error of a check, in words for who asks.
func unfit(cause error, message string) error {
	e := plimsoll.Errorf(plimsoll.CodeUnavailable, "%s", message)
	e.Cause = cause
	return e
}

func round(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "less than 1ms"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}
