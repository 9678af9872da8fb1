package fold

import (
	"context"
	"errors"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// Work is the name of the lease under which the log is folded.
const Work = "fold"

const (
	// leaseLasts is how long a folder may be silent before another server takes
	// over. It says a word with each commit.
	leaseLasts = 4 * time.Second
	// leaseWord is how often one with nothing to do says a word, and one without
	// the lease asks for it.
	leaseWord = time.Second
)

// lease is the folder's right to write facts.
type lease struct {
	held bool
	store.Lease
	word time.Time // when it was last taken, asked for or made to last
}

// hold takes the lease, or keeps it. It reports false while another server has
// it.
func (f *Folder) hold(ctx context.Context) (bool, error) {
	if f.lease.held {
		return true, nil
	}
	f.lease.word = time.Now()
	l, ok, err := f.org.TakeLease(ctx, Work, f.db.Holder(), leaseLasts)
	if err != nil || !ok {
		return false, err
	}
	f.begin(l)
	return true, nil
}

// begin goes on where whoever had the lease before ended, of which nothing is
// remembered here.
func (f *Folder) begin(l store.Lease) {
	f.forget()
	f.lease.Lease, f.lease.held = l, true
	f.resumed, f.latest, f.applied = false, 0, 0
}

// update writes under the lease.
func (f *Folder) update(ctx context.Context, fn func(tx *store.Tx) error) error {
	err := f.org.UpdateUnder(ctx, f.lease.Lease, fn)
	if errors.Is(err, store.ErrLeaseLost) {
		f.lease.held = false
	}
	f.lease.word = time.Now()
	return err
}

// keep makes the lease last, if it is time to.
func (f *Folder) keep(ctx context.Context) error {
	if !f.db.Shared() || time.Since(f.lease.word) < leaseWord {
		return nil
	}
	return f.update(ctx, func(*store.Tx) error { return nil })
}

// ErrElsewhere is what somebody hears who wants to fold while another server
// does. That one will have folded everything soon.
var ErrElsewhere = plimsoll.Errorf(plimsoll.CodeConflict, "another server folds the log of this organisation")
