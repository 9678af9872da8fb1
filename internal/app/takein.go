package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/archive"
	"github.com/plimsoll-dev/plimsoll/internal/fold"
	"github.com/plimsoll-dev/plimsoll/internal/ingest"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// TakeOptions say how an export is taken in.
type TakeOptions struct {
	Acts     bool // our own acts too: confirmations, verdicts, targets, the configuration
	Recorded bool // events keep when they were received; for a store that holds none yet
	Progress func(lines, events int)
}

// TakenIn says what came of it.
type TakenIn struct {
	Accepted, Duplicates int
	Acts                 map[plimsoll.Type]int // left out, because nobody asked for them
	People, Erased       int
	Secret               string // "", "taken" or "other": this store has its own and holds events made with it
}

// What is taken in one transaction, and how long a line may be: the body of one
// event is at most that of a delivery.
const (
	takeEvents = 2000
	takeBytes  = 4 << 20
	takeLine   = ingest.MaxBody + 1<<16
)

// IsExport reports whether a file that begins with a line is an export.
func IsExport(line []byte) bool { return archive.IsHeader(line) }

// PlainEvent returns the event of an export's line as POST /api/v1/events takes
// it. It is nil for a line that is none, and for an act of our own; act says so.
func PlainEvent(line []byte) (event []byte, act bool, err error) {
	event, typ, err := archive.Plain(line)
	if ingest.OwnAct(typ) {
		return nil, true, err
	}
	return event, false, err
}

// TakeIn takes an export in and derives the facts. The server must not have
// been started. What came before an error stays; taking the same in again
// repeats it without harm.
func (a *App) TakeIn(ctx context.Context, r io.Reader, name string, opt TakeOptions) (TakenIn, error) {
	t := taking{app: a, opt: opt, name: name, out: TakenIn{Acts: map[plimsoll.Type]int{}}}
	if opt.Recorded {
		org, err := a.db.Org(ctx, defaultOrg)
		if err != nil {
			return t.out, err
		}
		err = org.View(ctx, func(tx *store.Tx) error {
			head, err := tx.Head()
			if err == nil && head > 0 {
				err = plimsoll.FieldErrorf("--as-recorded", "the store holds %d events already, and learns what is imported now; name an empty store, or leave the flag out", head)
			}
			return err
		})
		if err != nil {
			return t.out, err
		}
	}
	if err := t.run(ctx, r); err != nil {
		return t.out, err
	}
	if opt.Recorded {
		return t.out, a.folder.Refold(ctx, fold.Steps{Every: "month", Zone: a.opt.Zone})
	}
	if err := a.folder.CatchUp(ctx); !errors.Is(err, fold.ErrElsewhere) {
		return t.out, err
	}
	return t.out, nil // a server on the same database folds it
}

type taking struct {
	app   *App
	opt   TakeOptions
	name  string
	out   TakenIn
	batch store.Taken
	lines []int // of the events of the batch
	size  int
	line  int
	ended bool
	count int64 // events read
}

func (t *taking) run(ctx context.Context, r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), takeLine)
	for lines.Scan() {
		if err := ctx.Err(); err != nil {
			return err
		}
		t.line++
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		v, err := archive.Parse(lines.Bytes())
		if err == nil {
			err = t.take(ctx, v)
		}
		if err != nil {
			return t.at(t.line, err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return plimsoll.Errorf(plimsoll.CodeTooLarge, "%s: line %d is longer than %d bytes", t.name, t.line+1, takeLine)
	} else if err != nil {
		return t.cut(err)
	}
	if err := t.flush(ctx); err != nil {
		return t.at(t.line, err)
	}
	if !t.ended {
		return t.cut(nil)
	}
	return nil
}

// cut is the error of a file that ends before its end.
func (t *taking) cut(cause error) error {
	e := plimsoll.FieldErrorf("FILE", "%s is cut off after line %d; %d events of it are stored, copy the whole file and import it again", t.name, t.line, t.out.Accepted+t.out.Duplicates)
	e.Cause = cause
	return e
}

// placed is an error that names its line already, or is about none.
type placed struct{ error }

func (p placed) Unwrap() error { return p.error }

// at names the line that an error is about.
func (t *taking) at(line int, err error) error {
	var known placed
	if errors.As(err, &known) {
		return known.error
	}
	if errors.Is(err, context.Canceled) {
		return err
	}
	var e *plimsoll.Error
	if errors.As(err, &e) {
		field := ""
		if e.Field != "" {
			field = ", " + e.Field
		}
		return &plimsoll.Error{Code: e.Code, Message: fmt.Sprintf("%s: line %d%s: %s", t.name, line, field, e.Message), Index: -1, Cause: e.Cause}
	}
	return plimsoll.Errorf(plimsoll.CodeInvalid, "%s: line %d: %v", t.name, line, err)
}

func (t *taking) take(ctx context.Context, v any) error {
	if t.ended {
		return errors.New("the export has ended before it")
	}
	switch x := v.(type) {
	case archive.Header:
		if t.line > 1 {
			return errors.New("an export begins here within another; import each for itself")
		}
	case archive.Secret:
		return t.secret(ctx, x)
	case archive.Person:
		if t.batch.People == nil {
			t.batch.People = map[string]string{}
		}
		t.batch.People[x.Ref] = x.Name
		if x.Erased {
			t.out.Erased++
		} else {
			t.out.People++
		}
		if len(t.batch.People) >= takeEvents {
			return t.flush(ctx)
		}
	case archive.Event:
		t.count++
		if !t.opt.Acts && ingest.OwnAct(x.Type) {
			t.out.Acts[x.Type]++
			return nil
		}
		t.batch.Events = append(t.batch.Events, x.Record)
		t.batch.Replaces = append(t.batch.Replaces, x.Replaces)
		t.lines = append(t.lines, t.line)
		if t.size += len(x.Body); len(t.lines) >= takeEvents || t.size >= takeBytes {
			return t.flush(ctx)
		}
	case archive.End:
		if t.ended = true; x.Events != t.count {
			return fmt.Errorf("the export held %d events, and %d were read: lines are missing or came twice", x.Events, t.count)
		}
	}
	return nil
}

func (t *taking) secret(ctx context.Context, s archive.Secret) error {
	if s.Name != saltName {
		return fmt.Errorf("the secret %q is unknown; expected %s", s.Name, saltName)
	}
	same, err := t.app.db.PutSecret(ctx, s.Name, s.Value)
	if t.out.Secret = "other"; same {
		t.out.Secret = "taken"
	}
	return err
}

func (t *taking) flush(ctx context.Context) error {
	if len(t.batch.Events) == 0 && len(t.batch.People) == 0 {
		return nil
	}
	t.batch.Recorded = t.opt.Recorded
	r, err := t.app.door.Take(ctx, t.batch)
	if err != nil {
		var e *plimsoll.Error
		if errors.As(err, &e) && e.Index >= 0 && e.Index < len(t.lines) {
			return placed{t.at(t.lines[e.Index], e)}
		}
		return placed{err}
	}
	t.out.Accepted += r.Accepted
	t.out.Duplicates += r.Duplicates
	t.batch, t.lines, t.size = store.Taken{}, t.lines[:0], 0
	if t.opt.Progress != nil {
		t.opt.Progress(t.line, t.out.Accepted+t.out.Duplicates)
	}
	return nil
}
