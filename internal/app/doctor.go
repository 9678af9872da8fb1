package app

import (
	"context"
	"errors"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/fold"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Examine looks at the store in a data folder, also while a server works on it,
// or in a database, and changes nothing. quick leaves out what reads all of it.
func Examine(ctx context.Context, folder, database string, quick bool) (_ []plimsoll.Finding, err error) {
	if database != "" {
		db, err := store.Open(ctx, store.Options{Database: database, Readers: 1})
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, db.Close()) }()
		return db.Examine(ctx, store.Exam{Cursor: fold.Cursor, Quick: quick})
	}
	return store.ExamineFolder(ctx, folder, store.Exam{Cursor: fold.Cursor, Quick: quick})
}

// examine looks at the store of a running server, and at whether it is ready.
func (a *App) examine(health *observe.Health) func(ctx context.Context, quick bool) ([]plimsoll.Finding, error) {
	return func(ctx context.Context, quick bool) ([]plimsoll.Finding, error) {
		found, err := a.db.Examine(ctx, store.Exam{Cursor: fold.Cursor, Quick: quick})
		if err != nil {
			return nil, err
		}
		for _, c := range health.Report().Checks {
			f := plimsoll.Finding{Check: "ready: " + c.Name, Status: c.Status, Found: c.Message}
			if c.Status == plimsoll.FindingFail {
				f.Advice = "see docs/operations.md, and the log of the server"
			}
			found = append(found, f)
		}
		return found, nil
	}
}
