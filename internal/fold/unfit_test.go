package fold

import (
	"context"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/store"
	"github.com/plimsoll-dev/plimsoll/internal/store/storetest"
)

// What a database refuses for its content must not hold up everything else: here
// PostgreSQL and a byte that no text of it may hold.
func TestWhatTheDatabaseRefusesIsSetAsideAlone(t *testing.T) {
	t.Parallel()
	db := mustOpen(t, store.Options{Database: storetest.Postgres(t)})
	org := mustOrg(t, db, "default")
	err := org.Update(t.Context(), func(tx *store.Tx) error {
		for _, key := range []string{"a", "bad", "c"} {
			if err := tx.MarkDirty("step", key, 1); err != nil {
				return err
			}
		}
		return tx.SetCursor(Cursor, 1)
	})
	if err != nil {
		t.Fatal(err)
	}
	f := New(db, org, Options{})
	var committed []string
	f.steps = []step{{"step", func(_ *Folder, _ *store.Tx, key string) (*work, error) {
		return &work{write: func(tx *store.Tx, _ *work, seq int64) error {
			if key == "bad" {
				return tx.MarkDirty("later", "no\x00text", seq)
			}
			return tx.MarkDirty("later", key, seq)
		}, committed: func() { committed = append(committed, key) }}, nil
	}}}
	if err := f.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	var written, left, aside []store.Note
	err = org.View(t.Context(), func(tx *store.Tx) (err error) {
		if written, err = tx.Notes("later", 9); err != nil {
			return err
		}
		if left, err = tx.Notes("step", 9); err != nil {
			return err
		}
		aside, err = tx.Notes("stuck step", 9)
		return err
	})
	if err != nil || len(written) != 2 || len(left) != 0 || len(aside) != 1 || aside[0].Key != "bad" {
		t.Errorf("written %v, left %v, aside %v, %v", written, left, aside, err)
	}
	if strings.Join(committed, " ") != "a c" {
		t.Errorf("committed: %v", committed)
	}
}
