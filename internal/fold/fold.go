// Package fold follows the log and keeps the facts. It refuses to decide what a
// fact is: that is derived by a pure function from everything reported so far,
// so that any order, repetition and batching of events ends in the same facts.
//
// Two things happen, each in transactions of their own. Apply combines the
// reports of each subject an event is about, notes what must be derived again,
// and moves the cursor, all in one transaction. Derive takes what was noted,
// service by service, and writes what has changed. A note goes away in the
// transaction that wrote its facts, so a crash between any two steps loses
// nothing. The facts are complete up to the event before the oldest note.
package fold

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/derive"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Cursor is the name under which the fold keeps its place in the log.
const Cursor = "facts"

// The steps of deriving, in the order in which they must run.
const (
	stepTimeline = "timeline" // a service
	stepIncident = "incident" // an incident
	stepOutcome  = "outcome"  // a service
)

// Options tune a Folder; the zero value is what a server wants.
type Options struct {
	Batch   int // events applied in one transaction, 5,000 if zero
	Backlog int // events applied before deriving although more wait, 100,000 if zero
	Log     *slog.Logger
}

// Folder folds the log of one organisation. Only one may work on an
// organisation at a time; its methods must not be called concurrently.
type Folder struct {
	db      *store.DB
	org     *store.Org
	opt     Options
	repos   *repositories
	applied int // events since the last derivation
}

// New returns a Folder.
func New(db *store.DB, org *store.Org, opt Options) *Folder {
	if opt.Batch == 0 {
		opt.Batch = 5000
	}
	if opt.Backlog == 0 {
		opt.Backlog = 100_000
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Folder{db: db, org: org, opt: opt, repos: newRepositories()}
}

// Run folds until ctx ends. Trouble with the store is logged and tried again.
func (f *Folder) Run(ctx context.Context) {
	const wait = time.Second
	for {
		changed := f.db.Changed()
		err := f.CatchUp(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
			continue
		}
		f.opt.Log.Error("fold", "err", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}

// CatchUp folds everything that is in the log now.
func (f *Folder) CatchUp(ctx context.Context) error {
	for {
		more, err := f.step(ctx)
		if err != nil {
			// What is remembered may be ahead of what was committed.
			f.repos = newRepositories()
			return err
		}
		if !more {
			return nil
		}
	}
}

// step applies one batch of events, or derives when none is left.
func (f *Folder) step(ctx context.Context) (more bool, err error) {
	n, err := f.apply(ctx)
	if err != nil {
		return false, fmt.Errorf("apply: %w", err)
	}
	f.applied += n
	if n > 0 && f.applied < f.opt.Backlog {
		return true, nil
	}
	f.applied = 0
	for _, s := range []struct {
		name string
		run  func(context.Context, string, int64) error
	}{
		{stepTimeline, f.timeline},
		{stepIncident, f.incident},
		{stepOutcome, f.outcome},
	} {
		if err := f.derive(ctx, s.name, s.run); err != nil {
			return false, fmt.Errorf("derive %s: %w", s.name, err)
		}
	}
	return n > 0, nil
}

// derive runs one step for every key that needs it.
func (f *Folder) derive(ctx context.Context, step string, run func(context.Context, string, int64) error) error {
	for {
		var keys []string
		var seq int64
		err := f.org.View(ctx, func(tx *store.Tx) (err error) {
			if keys, err = tx.Dirty(step, 500); err != nil {
				return err
			}
			seq, err = tx.Cursor(Cursor)
			return err
		})
		if err != nil || len(keys) == 0 {
			return err
		}
		for _, key := range keys {
			if err := f.guarded(ctx, step, key, seq, run); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
	}
}

// guarded runs one step for one key. A derivation that panics is a fault of
// ours and must not stop all the others: its key is set aside, the position
// stays before it, and the next start tries again.
func (f *Folder) guarded(ctx context.Context, step, key string, seq int64, run func(context.Context, string, int64) error) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		f.opt.Log.Error("derivation set aside", "step", step, "key", key, "panic", fmt.Sprint(p))
		err = f.org.Update(ctx, func(tx *store.Tx) error {
			if err := tx.MarkDirty("stuck "+step, key, seq); err != nil {
				return err
			}
			return tx.Clean(step, key)
		})
	}()
	return run(ctx, key, seq)
}

// timeline derives the deployments of a service.
func (f *Folder) timeline(ctx context.Context, service string, seq int64) error {
	var in derive.TimelineInput
	var follow following
	err := f.org.View(ctx, func(tx *store.Tx) (err error) {
		if in.Settings, err = tx.Settings(); err != nil {
			return err
		}
		if in.Service, err = tx.Service(service); err != nil {
			return err
		}
		if in.Deployments, err = tx.ReportedDeployments(service); err != nil {
			return err
		}
		follow, err = findRepositories(tx, in.Service, in.Deployments)
		if err != nil {
			return err
		}
		in.Home = follow.home
		in.Repositories, err = f.repos.get(tx, follow.names)
		return err
	})
	if err != nil {
		return err
	}
	out := derive.Timeline(in)
	return f.org.Update(ctx, func(tx *store.Tx) error {
		if err := tx.Fault("derive:timeline"); err != nil {
			return err
		}
		span, changed, err := tx.PutTimeline(service, out.Deployments, out.Deliveries, out.Evidence, seq)
		if err != nil {
			return err
		}
		if changed {
			if err := touchIncidents(tx, service, span, seq); err != nil {
				return err
			}
			if err := tx.MarkDirty(stepOutcome, service, seq); err != nil {
				return err
			}
		}
		if err := tx.Follow(service, follow.names, follow.wanted); err != nil {
			return err
		}
		return clean(tx, stepTimeline, service)
	})
}

// touchIncidents notes every incident that may now be held against another
// deployment: those that name one of the service, and those of the service that
// began after the first deployment that changed.
func touchIncidents(tx *store.Tx, service string, span plimsoll.Window, seq int64) error {
	later, err := tx.IncidentsSince(service, span.From)
	if err != nil {
		return err
	}
	naming, err := tx.IncidentsNamingDeploymentsOf(service)
	if err != nil {
		return err
	}
	for _, id := range append(later, naming...) {
		if err := tx.MarkDirty(stepIncident, id, seq); err != nil {
			return err
		}
	}
	return nil
}

// incident derives which deployment an incident is held against.
func (f *Folder) incident(ctx context.Context, id string, seq int64) error {
	var fact plimsoll.Incident
	var before plimsoll.Incident
	var known bool
	err := f.org.View(ctx, func(tx *store.Tx) error {
		report, ok, err := tx.ReportedIncident(id)
		if known = ok; err != nil || !ok {
			return err
		}
		settings, err := tx.Settings()
		if err != nil {
			return err
		}
		candidates, err := candidates(tx, report, settings)
		if err != nil {
			return err
		}
		fact = derive.Attribute(report, candidates, settings)
		before, _, err = tx.Incident(id)
		return err
	})
	if err != nil {
		return err
	}
	return f.org.Update(ctx, func(tx *store.Tx) error {
		if known {
			changed, err := tx.PutIncidentFact(fact, seq)
			if err != nil {
				return err
			}
			for _, service := range []string{before.CauseService, fact.CauseService} {
				if service == "" || !changed {
					continue
				}
				if err := tx.MarkDirty(stepOutcome, service, seq); err != nil {
					return err
				}
			}
		}
		return clean(tx, stepIncident, id)
	})
}

func candidates(tx *store.Tx, r plimsoll.IncidentReport, set plimsoll.Settings) ([]plimsoll.Deployment, error) {
	if r.CausedBy != "" {
		return tx.DeploymentsNamed(r.CausedBy)
	}
	var out []plimsoll.Deployment
	begun := r.BegunAt()
	for _, s := range r.Services {
		ds, err := tx.DeploymentsAround(s, begun.Add(-set.AttributeLimit()), begun)
		if err != nil {
			return nil, err
		}
		out = append(out, ds...)
	}
	return out, nil
}

// outcome derives which deployments of a service failed, and for how long.
func (f *Folder) outcome(ctx context.Context, service string, seq int64) error {
	var in derive.OutcomeInput
	err := f.org.View(ctx, func(tx *store.Tx) (err error) {
		if in.Deployments, err = tx.ServiceDeployments(service); err != nil {
			return err
		}
		if in.Evidence, err = tx.TimelineEvidence(service); err != nil {
			return err
		}
		in.Incidents, err = tx.IncidentsOf(service)
		return err
	})
	if err != nil {
		return err
	}
	out := derive.Outcome(in)
	return f.org.Update(ctx, func(tx *store.Tx) error {
		if err := tx.PutOutcome(service, out.Evidence, out.Failures, seq); err != nil {
			return err
		}
		return clean(tx, stepOutcome, service)
	})
}

// clean takes away the note of a step, in the transaction that did it.
func clean(tx *store.Tx, step, key string) error {
	if err := tx.Clean(step, key); err != nil {
		return err
	}
	return tx.Fault("derive:clean")
}

// Refold forgets every fact and folds the whole log again.
func (f *Folder) Refold(ctx context.Context) error {
	f.repos = newRepositories()
	err := f.org.Update(ctx, func(tx *store.Tx) error { return tx.Forget(Cursor) })
	return errors.Join(err, f.CatchUp(ctx))
}
