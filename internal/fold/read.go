package fold

import (
	"context"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// reading is the next batch of events, as the log has it.
type reading struct {
	after int64             // the cursor
	all   []plimsoll.Record // what was read
	from  plimsoll.Time     // f.latest when the portion was cut

	records []plimsoll.Record // the portion of it that is applied together
	latest  plimsoll.Time     // when the last of them was received
	cut     bool
	about   map[subject][]plimsoll.Record // all events about their subjects, in order
	decoded map[int64]any                 // the reports of the most frequent types
}

// take returns the next batch: the one that was read ahead, if it still is the
// next.
func (f *Folder) take(ctx context.Context) (in *reading, err error) {
	ahead := f.ahead
	f.ahead = nil
	err = f.org.View(ctx, func(tx *store.Tx) error {
		at, err := tx.Cursor(Cursor)
		if err != nil {
			return err
		}
		switch {
		case ahead == nil || ahead.after != at:
			in, err = f.read(tx, at, f.latest)
		case ahead.from != f.latest:
			in = ahead
			err = f.cut(tx, in, f.latest)
		default:
			in = ahead
		}
		return err
	})
	return in, err
}

// readAhead reads the batch after one that is about to be written, when there
// seems to be one. Events never change, so it is the same whenever it is read.
// What goes wrong does so again when it is needed.
func (f *Folder) readAhead(ctx context.Context, in *reading) <-chan *reading {
	out := make(chan *reading, 1)
	if in.cut || len(in.records) < f.opt.Batch {
		out <- nil
		return out
	}
	go func() {
		var next *reading
		defer func() {
			if recover() != nil {
				next = nil
			}
			out <- next
		}()
		err := f.org.View(ctx, func(tx *store.Tx) (err error) {
			next, err = f.read(tx, in.records[len(in.records)-1].Seq, in.latest)
			return err
		})
		if err != nil {
			next = nil
		}
	}()
	return out
}

func (f *Folder) read(tx *store.Tx, after int64, latest plimsoll.Time) (*reading, error) {
	in := &reading{after: after}
	var err error
	if in.all, err = tx.Events(after, f.opt.Batch); err != nil {
		return in, err
	}
	return in, f.cut(tx, in, latest)
}

// cut takes the portion of what was read that may be applied together.
func (f *Folder) cut(tx *store.Tx, in *reading, latest plimsoll.Time) error {
	in.from = latest
	in.records, in.latest, in.cut = f.portion(in.all, latest)
	if len(in.records) == 0 {
		return nil
	}
	first := in.records[0].Seq
	var earlier []plimsoll.Record
	if first > 1 {
		var err error
		if earlier, err = tx.Earlier(first, in.records[len(in.records)-1].Seq); err != nil {
			return err
		}
	}
	all := append(earlier, in.records...)
	in.about = bySubject(all)
	in.decoded = decodeAll(all)
	return nil
}

// decodeAll decodes reports before the transaction that writes what follows
// from them. Who is not among the answers cannot be read, or is of a rare type;
// that is found where its subject is applied.
func decodeAll(records []plimsoll.Record) map[int64]any {
	out := make(map[int64]any, len(records))
	for _, r := range records {
		switch r.Type {
		case plimsoll.TypeDeployment:
			keep(out, r, plimsoll.DeploymentReport.StageOf)
		case plimsoll.TypeChange:
			keep[plimsoll.ChangeReport](out, r, nil)
		case plimsoll.TypePullRequest:
			keep[plimsoll.PullRequestReport](out, r, nil)
		}
	}
	return out
}

func keep[R any](out map[int64]any, r plimsoll.Record, stage func(R) int) {
	// A panic comes again within the guard of its event.
	defer func() { _ = recover() }()
	if s, err := decode(r, stage); err == nil {
		out[r.Seq] = s
	}
}
