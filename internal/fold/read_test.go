package fold

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// What is read while the batch before it is written must end in the same facts
// as what is read after: also where later events are about the same subjects,
// and where a portion ends within what was read.
func TestReadingAheadChangesNoFact(t *testing.T) {
	at := received
	db, err := store.Open(context.Background(), store.Options{Dir: t.TempDir(), Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	history := scale{2, 12, 3}.events(t)
	for i := range 12 {
		// A later word on each deployment.
		d := plimsoll.DeploymentReport{ID: fmt.Sprintf("service-0-%d", i), Service: "service-0", Environment: "production", Version: "v", Team: "late"}
		history = append(history, event(t, plimsoll.TypeDeployment, d.ID, plimsoll.TimeOf(received.Add(time.Hour)), d))
	}
	var want []string
	for _, batch := range []int{1000, 1, 2, 3, 7, 16} {
		at = received
		org := mustOrg(t, db, fmt.Sprint("batch-", batch))
		for portion := range slices.Chunk(history, 10) {
			mustAppend(t, org, portion)
			at = at.Add(7 * time.Minute)
		}
		f := New(db, org, Options{Batch: batch})
		if err := f.CatchUp(context.Background()); err != nil {
			t.Fatal(err)
		}
		lines, err := factLines(org)
		if err != nil || len(lines) == 0 {
			t.Fatalf("%d facts, %v", len(lines), err)
		}
		if want == nil {
			want = lines
		}
		if !slices.Equal(lines, want) {
			t.Errorf("batches of %d make other facts:\n%s", batch, difference(want, lines))
		}
	}
}

// What was read ahead is of use only as long as the cursor stands before it.
func TestWhatWasReadAheadIsLeftWhenTheCursorHasMoved(t *testing.T) {
	db := mustOpen(t, store.Options{})
	org := mustOrg(t, db, "default")
	mustAppend(t, org, scale{1, 3, 2}.events(t))
	f := New(db, org, Options{Batch: 2})
	ctx := context.Background()
	if ok, err := f.hold(ctx); err != nil || !ok {
		t.Fatalf("the lease: %t, %v", ok, err)
	}
	if _, _, err := f.apply(ctx); err != nil {
		t.Fatal(err)
	}
	if f.ahead == nil {
		t.Fatal("a full batch, and nothing was read ahead")
	}
	cursor := func(to int64) {
		t.Helper()
		if err := org.Update(ctx, func(tx *store.Tx) error { return tx.SetCursor(Cursor, to) }); err != nil {
			t.Fatal(err)
		}
	}
	cursor(4)
	in, err := f.take(ctx)
	if err != nil || in.after != 4 {
		t.Fatalf("read from event %d after the cursor moved to 4: %v", in.after, err)
	}
	f.ahead = in
	cursor(5)
	if n, _, err := f.apply(ctx); err != nil || n != 2 || f.position != 7 {
		t.Errorf("%d events up to %d, %v; expected 2 up to 7", n, f.position, err)
	}
}
