package app

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/plimsoll-dev/plimsoll"
	"github.com/plimsoll-dev/plimsoll/internal/archive"
	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// saltName is the secret that hashes of authors and references to persons are
// made with.
const saltName = "author-salt"

// ExportOptions say what goes along with the log.
type ExportOptions struct {
	Database string // read this database rather than the folder
	Secrets  bool   // the secret behind hashes of authors and references to persons
	People   bool   // the names behind references; those that were erased go along always, without a name
	Force    bool   // a file of that name may be replaced
	Progress func(events, total int64)
}

// Exported says what was written.
type Exported struct {
	Events, People, Erased int64
	Size                   int64 // of the file; 0 when there is none
}

const exportPage = 1000 // events read at a time

// ExportFile writes the log of a data folder into a file, while a server works
// on it or while none does; a name that ends in .gz is compressed. The file has
// its name only when it is whole and on disk.
func ExportFile(ctx context.Context, data, file string, opt ExportOptions) (out Exported, err error) {
	if info, err := os.Lstat(file); err == nil && (!info.Mode().IsRegular() || !opt.Force) {
		return out, plimsoll.FieldErrorf("FILE", "%s exists; name another, or replace it with --force", file)
	}
	fail := func(err error) error {
		var e *plimsoll.Error
		if ctx.Err() != nil || errors.As(err, &e) {
			return err
		}
		e = plimsoll.Errorf(plimsoll.CodeUnavailable, "the export was not written to %s; look for free space and permissions there", file)
		e.Cause = err
		return e
	}
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*.partial") // for its owner only
	if err != nil {
		return out, fail(err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	defer f.Close()
	var w io.Writer = f
	var z *gzip.Writer
	if strings.HasSuffix(file, ".gz") {
		z = gzip.NewWriter(f)
		w = z
	}
	if out, err = Export(ctx, data, w, opt); err != nil {
		return out, fail(err)
	}
	if z != nil {
		if err := z.Close(); err != nil {
			return out, fail(err)
		}
	}
	if err := f.Sync(); err != nil {
		return out, fail(err)
	}
	if info, err := f.Stat(); err == nil {
		out.Size = info.Size()
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return out, fail(err)
	}
	d, err := os.Open(filepath.Dir(file))
	if err != nil {
		return out, fail(err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return out, fail(err)
	}
	return out, nil
}

// Export writes the log of a data folder, or of opt.Database, as lines, as of one moment. The same
// log gives the same bytes.
func Export(ctx context.Context, data string, w io.Writer, opt ExportOptions) (out Exported, err error) {
	b, err := store.OpenToRead(ctx, data, opt.Database)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	var salt []byte
	if opt.Secrets {
		if salt, err = b.Secret(ctx, saltName); err != nil {
			return out, err
		}
	}
	x := exporter{w: bufio.NewWriterSize(w, 1<<20), opt: opt}
	err = b.View(ctx, defaultOrg, func(tx *store.Tx) error { return x.write(ctx, tx, salt) })
	// What could be read of a damaged log is written, too.
	if e := x.w.Flush(); err == nil {
		err = e
	}
	return x.out, err
}

type exporter struct {
	w    *bufio.Writer
	opt  ExportOptions
	line []byte
	out  Exported
}

func (x *exporter) put(v any) (err error) {
	if x.line, err = archive.Append(x.line[:0], v); err == nil {
		_, err = x.w.Write(x.line)
	}
	return err
}

func (x *exporter) write(ctx context.Context, tx *store.Tx, salt []byte) error {
	head, err := tx.Head()
	if err != nil {
		return err
	}
	if err := x.put(archive.Header{Format: archive.Format, Events: head}); err != nil {
		return err
	}
	if salt != nil {
		if err := x.put(archive.Secret{Name: saltName, Value: salt}); err != nil {
			return err
		}
	}
	err = tx.People(func(ref, name string) error {
		switch {
		case name == "":
			x.out.Erased++
			return x.put(archive.Person{Ref: ref, Erased: true})
		case x.opt.People:
			x.out.People++
			return x.put(archive.Person{Ref: ref, Name: name})
		}
		return nil
	})
	if err != nil {
		return err
	}
	page := exportPage
	for after := int64(0); after < head; {
		if err := ctx.Err(); err != nil {
			return err
		}
		events, err := tx.Events(after, page)
		if err != nil && page > 1 && ctx.Err() == nil {
			page = 1 // as far as it can be read
			continue
		}
		if err != nil {
			e := plimsoll.Errorf(plimsoll.CodeUnavailable, "event %d cannot be read, what is before it was written; the database is damaged, restore a backup", after+1)
			e.Cause = err
			return e
		}
		if len(events) == 0 {
			return plimsoll.Errorf(plimsoll.CodeUnavailable, "the log ends at event %d and should end at %d, what there is was written; the database is damaged, restore a backup", after, head)
		}
		for _, r := range events {
			if err := x.event(tx, r); err != nil {
				return err
			}
			after = r.Seq
		}
		if x.opt.Progress != nil {
			x.opt.Progress(after, head)
		}
	}
	return x.put(archive.End{Events: x.out.Events})
}

func (x *exporter) event(tx *store.Tx, r plimsoll.Record) (err error) {
	e := archive.Event{Record: r}
	if !store.Intact(&r.Event) {
		return plimsoll.Errorf(plimsoll.CodeUnavailable, "event %d (%s %s) is not what its hash says; the database is damaged, restore a backup", r.Seq, r.Type, r.Subject)
	}
	if r.Supersedes != 0 {
		before, err := tx.SubjectEvents(r.Type, r.Subject, math.MaxInt64)
		if err != nil {
			return err
		}
		for _, b := range before {
			if b.Seq == r.Supersedes {
				e.Replaces = b.Hash
			}
		}
	}
	if x.line, err = archive.AppendEvent(x.line[:0], e); err != nil {
		return err
	}
	x.out.Events++
	_, err = x.w.Write(x.line)
	return err
}
