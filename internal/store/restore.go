package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/plimsoll-dev/plimsoll"
)

// Restored says what a restore did.
type Restored struct {
	Manifest
	Described bool   // a manifest lay beside the backup, and the backup is what it says
	Known     int    // steps of the schema that this program knows; more than Schema are made up for at the next start
	Aside     string // folder that the data from before was moved to, "" if there was none
}

// restoringSuffix marks a database that is being restored. While it lies in a
// folder the folder is not opened: what is missing in it is on its way.
const restoringSuffix = ".restoring"

// VerifyBackup reads a backup from beginning to end and says what it holds. It
// fails with CodeInvalid when it is damaged or no backup, and with CodeConflict
// when it is of a newer program.
func VerifyBackup(ctx context.Context, file string) (r Restored, err error) {
	if info, err := os.Stat(file + "-wal"); err == nil && info.Size() > 0 {
		return r, plimsoll.FieldErrorf("FILE", "%s-wal lies beside it: this is the database of a server and not a backup; copy it with plimsoll backup", file)
	}
	steps, err := migrations(newSQLite(filepath.Dir(file)).migrations())
	if err != nil {
		return r, err
	}
	r.Known = len(steps)
	if r.Manifest, r.Described, err = readManifest(file); err != nil {
		return r, err
	}
	f, err := os.Open(file)
	if err != nil {
		return r, plimsoll.FieldErrorf("FILE", "%v", err)
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return r, plimsoll.FieldErrorf("FILE", "%s is empty or no file; expected one that plimsoll backup wrote", file)
	}
	size, digest, err := sum(f)
	if err != nil {
		return r, damaged(file, err)
	}
	if r.Described && (size != r.Size || digest != r.SHA256) {
		return r, damaged(file, fmt.Errorf("it has %d bytes and the checksum %.12s…, where its manifest says %d and %.12s…", size, digest, r.Size, r.SHA256))
	}
	if err := lookAt(file); err != nil {
		return r, damaged(file, err)
	}
	c, err := verifyFile(ctx, file)
	if err != nil {
		if ctx.Err() != nil || plimsoll.ErrorCode(err) == plimsoll.CodeConflict {
			return r, err
		}
		return r, damaged(file, err)
	}
	r.Contents, r.Size, r.SHA256 = c, size, digest
	return r, nil
}

func damaged(file string, err error) error {
	e := plimsoll.FieldErrorf("FILE", "%s is damaged or no backup; copy it again from where it came, or take an older one", file)
	e.Cause = err
	return e
}

// RestoreOptions tune a restore; the zero value replaces nothing.
type RestoreOptions struct {
	Force bool             // data that is there is moved aside
	Now   func() time.Time // time.Now if nil

	// Fault is asked at each named dangerous step; an error it returns makes
	// that step fail. Nil in production.
	Fault func(step string) error
}

// Restore puts a backup into a data folder that no server works on. A folder
// that holds data is refused, unless force: then that data is moved into a
// folder beside it and kept. The backup is verified before anything is touched,
// and the folder has the restored data whole or is as it was before.
//
// The store gets a new name of its own: what importers remember of how far they
// came is not true of it.
func Restore(ctx context.Context, file, dir string, opt RestoreOptions) (r Restored, err error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Fault == nil {
		opt.Fault = func(string) error { return nil }
	}
	if r, err = VerifyBackup(ctx, file); err != nil {
		return r, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return r, explainOpen(dir, err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return r, explainOpen(dir, err)
	}
	defer unlock(lock)
	path := filepath.Join(dir, databaseFile)
	held := dataFiles(dir)
	if len(held) > 0 && !opt.Force {
		return r, plimsoll.FieldErrorf("--data", "%s holds data; name an empty folder, or move that data aside with --force", dir)
	}
	if same, err := sameFile(file, path); err != nil || same {
		return r, plimsoll.FieldErrorf("FILE", "%s is the database of that folder itself", file)
	}
	restoring := path + restoringSuffix
	if err := copySynced(file, restoring, r.SHA256); err != nil {
		_ = os.Remove(restoring)
		return r, explainRestore(dir, err)
	}
	if err := renew(ctx, restoring); err != nil {
		_ = os.Remove(restoring)
		return r, explainRestore(dir, err)
	}
	if len(held) > 0 {
		if r.Aside, err = moveAside(dir, held, opt); err != nil {
			return r, explainRestore(dir, err)
		}
	}
	err = opt.Fault("restore:rename")
	if err == nil {
		err = errors.Join(os.Rename(restoring, path), syncFolder(dir))
	}
	if err != nil {
		return r, explainRestore(dir, err)
	}
	return r, nil
}

func explainRestore(dir string, err error) error {
	e := plimsoll.Errorf(plimsoll.CodeUnavailable, "%s could not be restored; look for free space and permissions, and run the same command again", dir)
	e.Cause = err
	return e
}

// dataFiles lists what a folder holds of a store, the database first: without
// it, the rest is refused at a start rather than taken for a store.
func dataFiles(dir string) (out []string) {
	for _, name := range []string{databaseFile, databaseFile + "-wal", databaseFile + "-shm", databaseFile + "-journal", "cells.snapshot"} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			out = append(out, name)
		}
	}
	return out
}

func sameFile(a, b string) (bool, error) {
	there, err := os.Stat(b)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	from, err := os.Stat(a)
	return err == nil && os.SameFile(from, there), err
}

// moveAside moves files into a new folder within their own.
func moveAside(dir string, files []string, opt RestoreOptions) (aside string, err error) {
	base := filepath.Join(dir, "before-restore-"+opt.Now().UTC().Format("20060102T150405Z"))
	aside = base
	for n := 2; ; n++ {
		if err = os.Mkdir(aside, 0o700); !errors.Is(err, os.ErrExist) {
			break
		}
		aside = fmt.Sprintf("%s-%d", base, n)
	}
	if err != nil {
		return "", err
	}
	for _, name := range files {
		if err := opt.Fault("restore:aside " + name); err != nil {
			return "", err
		}
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(aside, name)); err != nil {
			return "", err
		}
	}
	return aside, errors.Join(syncFolder(aside), syncFolder(dir))
}

// copySynced copies a file, and fails when what it read is not what was
// verified before.
func copySynced(from, to, digest string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, h), in)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if hex.EncodeToString(h.Sum(nil)) != digest {
		return fmt.Errorf("%s changed while it was copied", from)
	}
	return nil
}

// renew takes the name of the store out of a copy; the next start gives it
// another.
func renew(ctx context.Context, path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: abs}).String()+"?_pragma=journal_mode(MEMORY)&_pragma=synchronous(FULL)")
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `DELETE FROM secrets WHERE name = 'instance'`)
	return errors.Join(err, db.Close())
}
