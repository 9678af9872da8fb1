package app

import (
	"context"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/fold"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Examine looks at the store in a data folder, also while a server works on it,
// and changes nothing. quick leaves out what reads the whole database.
func Examine(ctx context.Context, folder string, quick bool) ([]plimsoll.Finding, error) {
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
