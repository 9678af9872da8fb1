package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll-dev/plimsoll"
	"modernc.org/sqlite"
)

// Manifest says what a backup is. It lies beside the backup, as FILE.json.
type Manifest struct {
	Format int           `json:"format"` // of the manifest, 1
	MadeAt plimsoll.Time `json:"made_at"`
	Size   int64         `json:"size"`
	SHA256 string        `json:"sha256"`
	Contents
}

// BackupOptions tune a backup; the zero value never overwrites.
type BackupOptions struct {
	Force    bool                  // an older backup of that name may be replaced
	Keep     int                   // how many of that name to keep, the older ones as FILE.1, FILE.2 …; 0 keeps none
	Progress func(done, total int) // pages copied so far; nil for nobody
	Now      func() time.Time      // time.Now if nil
}

const (
	manifestSuffix = ".json"
	partialSuffix  = ".partial"
	backupPages    = 1024 // copied between two looks at the context
)

// Backup copies the database of a folder into a file, while a server works on
// it or while none does, and verifies the copy. The file has its name only when
// it is whole, verified and on disk.
//
// The copy is one snapshot, taken page by page, so what is acknowledged while
// it runs is not in it. Anything that goes wrong leaves an older backup of that
// name as it was.
func Backup(ctx context.Context, dir, file string, opt BackupOptions) (m Manifest, err error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if err := mayWrite(dir, file, opt); err != nil {
		return m, err
	}
	b, err := OpenBeside(ctx, dir)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	partial, err := openPartial(file)
	if err != nil {
		return m, err
	}
	defer partial.Close()
	defer func() {
		if err != nil {
			_ = os.Remove(partial.Name())
		}
	}()
	m = Manifest{Format: 1, MadeAt: plimsoll.TimeOf(opt.Now())}
	if err := b.copyPages(ctx, partial.Name(), opt.Progress); err != nil {
		return m, backupFailed(file, err)
	}
	if err := settle(partial); err != nil {
		return m, backupFailed(file, err)
	}
	if m.Contents, err = verifyFile(ctx, partial.Name()); err != nil {
		if ctx.Err() != nil {
			return m, err
		}
		e := plimsoll.Errorf(plimsoll.CodeUnavailable,
			"the copy of %s does not stand the check, so no backup was made; try once more, and if it stays so the database or the disk is damaged: restore the last good backup", dir)
		e.Cause = err
		return m, e
	}
	if m.Size, m.SHA256, err = sum(partial); err != nil {
		return m, backupFailed(file, err)
	}
	return m, publish(partial.Name(), file, m, opt)
}

func backupFailed(file string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	e := plimsoll.Errorf(plimsoll.CodeUnavailable, "no backup was made at %s; look for free space and permissions there", file)
	e.Cause = err
	return e
}

// mayWrite refuses a file that must not be replaced.
func mayWrite(dir, file string, opt BackupOptions) error {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if info, err := os.Stat(filepath.Dir(file)); err != nil || !info.IsDir() {
			return plimsoll.FieldErrorf("FILE", "%s is no folder; make it first", filepath.Dir(file))
		}
		return nil
	case err != nil:
		return plimsoll.FieldErrorf("FILE", "%v", err)
	case !info.Mode().IsRegular():
		return plimsoll.FieldErrorf("FILE", "%s is no file; name the file to write, like %s", file, filepath.Join(file, "plimsoll-backup.db"))
	case !opt.Force && opt.Keep == 0:
		return plimsoll.FieldErrorf("FILE", "%s exists; name another, keep older ones with --keep N, or replace it with --force", file)
	}
	if same, err := sameFile(filepath.Join(dir, databaseFile), file); same && err == nil {
		return plimsoll.FieldErrorf("FILE", "%s is the database itself; name the backup otherwise", file)
	}
	return nil
}

// openPartial makes the file that a backup is written to. One that another
// backup died over is used again; that of one that runs is not.
func openPartial(file string) (*os.File, error) {
	name := file + partialSuffix
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, backupFailed(file, err)
	}
	if err := tryLock(f); err != nil {
		_ = f.Close()
		return nil, plimsoll.Errorf(plimsoll.CodeConflict, "another backup is writing %s at this moment; wait for it", name)
	}
	if err := errors.Join(f.Chmod(0o600), f.Truncate(0)); err != nil {
		return nil, errors.Join(backupFailed(file, err), f.Close())
	}
	return f, nil
}

// copyPages copies one snapshot into a file.
func (b *Beside) copyPages(ctx context.Context, to string, progress func(done, total int)) error {
	abs, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	target := (&url.URL{Scheme: "file", Path: abs}).String() + "?_pragma=journal_mode(OFF)&_pragma=synchronous(OFF)"
	return b.with(ctx, func(s *session) (err error) {
		// Within a transaction of the reader all steps see the same snapshot;
		// without one, each commit of the server would begin the copy again.
		if err := s.exec(ctx, `BEGIN`); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.exec(context.WithoutCancel(ctx), `ROLLBACK`)) }()
		var tables int
		if err := s.row(ctx, `SELECT count(*) FROM sqlite_schema`).Scan(&tables); err != nil {
			return err
		}
		return s.conn.Raw(func(conn any) (err error) {
			c, ok := conn.(interface {
				NewBackup(uri string) (*sqlite.Backup, error)
			})
			if !ok {
				return fmt.Errorf("%T makes no backups", conn)
			}
			copying, err := c.NewBackup(target)
			if err != nil {
				return err
			}
			defer func() {
				if e := copying.Finish(); err == nil { // else it says the same again
					err = e
				}
			}()
			for more := true; more; {
				if err := ctx.Err(); err != nil {
					return err
				}
				if more, err = copying.Step(backupPages); err != nil {
					return err
				}
				if progress != nil {
					total := copying.PageCount()
					progress(total-copying.Remaining(), total)
				}
			}
			return nil
		})
	})
}

// settle makes of the copy a file that stands alone, and syncs it. The original
// is in WAL mode, and so says the header of the copy; opened by whatever tool,
// such a file wants to make others beside itself. Bytes 18 and 19 of the header
// are the versions for writing and reading: 1 is no WAL, as the format of the
// file has it.
func settle(f *os.File) error {
	if _, err := f.WriteAt([]byte{1, 1}, 18); err != nil {
		return err
	}
	return f.Sync()
}

// verifyFile verifies a database that nobody writes to.
func verifyFile(ctx context.Context, file string) (c Contents, err error) {
	b, err := openFile(ctx, file, "mode=ro&immutable=1&_pragma=temp_store(MEMORY)&_pragma=mmap_size(0)")
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	return b.verify(ctx)
}

// sum returns the size and the SHA-256 of a file.
func sum(f *os.File) (int64, string, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return 0, "", err
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	return n, hex.EncodeToString(h.Sum(nil)), err
}

// publish gives a finished copy its name, and its manifest beside it. There is
// never a manifest beside a file that it does not describe.
func publish(partial, file string, m Manifest, opt BackupOptions) error {
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	manifest := file + manifestSuffix
	if err := writeSynced(manifest+partialSuffix, append(text, '\n')); err != nil {
		return backupFailed(file, err)
	}
	if opt.Keep > 1 {
		if err := rotate(file, opt.Keep); err != nil {
			return backupFailed(file, err)
		}
	}
	if err := os.Remove(manifest); err != nil && !errors.Is(err, os.ErrNotExist) {
		return backupFailed(file, err)
	}
	err = os.Rename(partial, file)
	if err == nil {
		err = os.Rename(manifest+partialSuffix, manifest)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(file))
	}
	if err != nil {
		return backupFailed(file, err)
	}
	return nil
}

// rotate moves FILE to FILE.1, FILE.1 to FILE.2 and so on, each with its
// manifest, so that keep of them are there when FILE is written. The oldest goes.
func rotate(file string, keep int) error {
	name := func(i int) string {
		if i == 0 {
			return file
		}
		return fmt.Sprintf("%s.%d", file, i)
	}
	for i := keep - 1; i > 0; i-- {
		// The manifest leaves first and comes last.
		for _, path := range []string{name(i) + manifestSuffix, name(i)} {
			if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		for _, suffix := range []string{"", manifestSuffix} {
			if err := os.Rename(name(i-1)+suffix, name(i)+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

func writeSynced(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncFolder makes renames within a folder durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// readManifest returns the manifest of a backup; there may be none.
func readManifest(file string) (m Manifest, ok bool, err error) {
	text, err := os.ReadFile(file + manifestSuffix)
	if errors.Is(err, os.ErrNotExist) {
		return m, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	if err != nil || m.Format != 1 {
		return m, false, plimsoll.FieldErrorf("FILE", "the manifest %s cannot be read (%v); if the backup itself is good, move the manifest away and try again", file+manifestSuffix, err)
	}
	return m, true, nil
}
