//go:build unix

package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

func mustBackup(t *testing.T, dir, file string, opt BackupOptions) Manifest {
	t.Helper()
	m, err := Backup(t.Context(), dir, file, opt)
	if err != nil {
		t.Fatalf("backup: %v", err)
	}
	return m
}

func mustRestore(t *testing.T, file, dir string, force bool) Restored {
	t.Helper()
	r, err := Restore(t.Context(), file, dir, RestoreOptions{Force: force, Now: clockAt(testTime)})
	if err != nil {
		t.Fatalf("restore: %v", err)
	}
	return r
}

func TestABackupWhileTheServerWritesIsABeginningOfTheLog(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), t.TempDir()
	db := mustOpen(t, Options{Dir: dir})
	o := mustOrg(t, db, "default")
	salt, err := db.Secret(t.Context(), "author-salt")
	if err != nil {
		t.Fatal(err)
	}
	name, err := db.Secret(t.Context(), "instance")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var last int64 // acknowledged
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				r, err := o.Append(context.Background(), sampleDelivery(sampleEvent(fmt.Sprintf("d-%d-%d", w, i), strings.Repeat("x", 3000))))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				last = max(last, r.Position)
				mu.Unlock()
			}
		})
	}
	for round := range 5 {
		mu.Lock()
		before := last
		mu.Unlock()
		file := filepath.Join(out, fmt.Sprintf("backup-%d", round))
		calls := 0
		m := mustBackup(t, dir, file, BackupOptions{Progress: func(done, total int) {
			if calls++; done > total || total == 0 {
				t.Errorf("%d of %d pages", done, total)
			}
		}})
		if m.Logs["default"] < before || calls == 0 {
			t.Errorf("the backup holds %d events, %d were acknowledged before it; %d calls of progress", m.Logs["default"], before, calls)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || info.Size() != m.Size {
			t.Errorf("the file is %v, %v", info, err)
		}
		if left, _ := filepath.Glob(filepath.Join(out, "*"+partialSuffix+"*")); len(left) > 0 {
			t.Errorf("left over: %v", left)
		}
		again := t.TempDir()
		r := mustRestore(t, file, again, false)
		if !r.Described || r.Manifest.Events() != m.Events() || r.Schema != r.Known || r.Aside != "" {
			t.Errorf("%+v", r)
		}
		copied := mustOpen(t, Options{Dir: again})
		if n := len(wholeLog(t, mustOrg(t, copied, "default"))); int64(n) != m.Logs["default"] {
			t.Errorf("%d events were restored of %d", n, m.Logs["default"])
		}
		if s, err := copied.Secret(t.Context(), "author-salt"); err != nil || !bytes.Equal(s, salt) {
			t.Errorf("the salt did not come along, %v", err)
		}
		if s, err := copied.Secret(t.Context(), "instance"); err != nil || bytes.Equal(s, name) {
			t.Errorf("the copy calls itself what the original is called, %v", err)
		}
	}
	close(stop)
	wg.Wait()
}

func TestABackupHoldsWhatOnlyTheLogOfWritesHoldsAndLeavesItAlone(t *testing.T) {
	t.Parallel()
	live := t.TempDir()
	db := mustOpen(t, Options{Dir: live})
	mustAppend(t, mustOrg(t, db, "default"), sampleDelivery(sampleEvent("d-1", "1"), sampleEvent("d-2", "1")))
	dir := t.TempDir() // as the machine left it when it died
	files := map[string][]byte{}
	for _, name := range []string{"plimsoll.db", "plimsoll.db-wal"} {
		b, err := os.ReadFile(filepath.Join(live, name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if m := mustBackup(t, dir, filepath.Join(t.TempDir(), "b"), BackupOptions{}); m.Logs["default"] != 2 {
		t.Errorf("the backup holds %v", m.Logs)
	}
	for name, want := range files {
		if after, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(after, want) {
			t.Errorf("%s was changed, %v", name, err)
		}
	}
}

func TestABackupReplacesNothingUnasked(t *testing.T) {
	t.Parallel()
	dir, _ := filled(t)
	file := filepath.Join(t.TempDir(), "b")
	first := mustBackup(t, dir, file, BackupOptions{})
	db := mustOpen(t, Options{Dir: dir})
	mustAppend(t, mustOrg(t, db, "default"), sampleDelivery(sampleEvent("more", "1")))
	_, err := Backup(t.Context(), dir, file, BackupOptions{})
	code(t, err, plimsoll.CodeInvalid)
	if !strings.Contains(err.Error(), "--force") {
		t.Errorf("the error does not say what to do: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	_, err = Backup(ctx, dir, file, BackupOptions{Force: true, Progress: func(int, int) { cancel() }})
	if err == nil {
		t.Error("a backup that was interrupted says that it was made")
	}
	if r, err := VerifyBackup(t.Context(), file); err != nil || r.SHA256 != first.SHA256 || !r.Described {
		t.Errorf("the old backup suffered: %+v, %v", r, err)
	}
	if left, _ := filepath.Glob(file + "?*"); len(left) != 1 || left[0] != file+manifestSuffix {
		t.Errorf("left over: %v", left)
	}
	for i := range int64(3) {
		mustAppend(t, mustOrg(t, db, "default"), sampleDelivery(sampleEvent(fmt.Sprintf("even-more-%d", i), "1")))
		if m := mustBackup(t, dir, file, BackupOptions{Keep: 3}); m.Events() != first.Events()+2+i {
			t.Errorf("the backup holds %d events", m.Events())
		}
	}
	for suffix, events := range map[string]int64{"": first.Events() + 4, ".1": first.Events() + 3, ".2": first.Events() + 2} {
		if r, err := VerifyBackup(t.Context(), file+suffix); err != nil || r.Manifest.Events() != events || !r.Described {
			t.Errorf("%s: %+v, %v", suffix, r, err)
		}
	}
	if _, err := os.Stat(file + ".3"); err == nil {
		t.Error("more are kept than shall be")
	}
}

func TestWhereNoBackupCanBeMade(t *testing.T) {
	t.Parallel()
	dir, _ := filled(t)
	out := t.TempDir()
	for name, c := range map[string]struct {
		dir, file string
		code      plimsoll.Code
		says      string
	}{
		"no data":             {t.TempDir(), filepath.Join(out, "b"), plimsoll.CodeNotFound, "holds no data"},
		"no folder":           {filepath.Join(dir, "nowhere"), filepath.Join(out, "b"), plimsoll.CodeNotFound, "holds no data"},
		"no folder to write":  {dir, filepath.Join(out, "a", "b"), plimsoll.CodeInvalid, "make it first"},
		"a folder stands":     {dir, out, plimsoll.CodeInvalid, "name the file"},
		"the database itself": {dir, filepath.Join(dir, "plimsoll.db"), plimsoll.CodeInvalid, "exists"},
	} {
		_, err := Backup(t.Context(), c.dir, c.file, BackupOptions{})
		if plimsoll.ErrorCode(err) != c.code || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Backup(t.Context(), dir, filepath.Join(dir, "plimsoll.db"), BackupOptions{Force: true}); plimsoll.ErrorCode(err) != plimsoll.CodeInvalid {
		t.Errorf("the database itself, by force: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(out, "*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	// Another backup of that name runs.
	busy, err := openPartial(filepath.Join(out, "b"))
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	_, err = Backup(t.Context(), dir, filepath.Join(out, "b"), BackupOptions{})
	code(t, err, plimsoll.CodeConflict)
}

// A byte that is turned anywhere in a backup is found: by the checksum of the
// manifest always, and without a manifest where it changes what is stored.
func TestADamagedBackupIsNotRestored(t *testing.T) {
	t.Parallel()
	dir, _ := filled(t)
	file := filepath.Join(t.TempDir(), "b")
	mustBackup(t, dir, file, BackupOptions{})
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	into := t.TempDir()
	refused := func(what string, bad []byte) {
		t.Helper()
		if err := os.WriteFile(file, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Restore(t.Context(), file, into, RestoreOptions{Force: false})
		if plimsoll.ErrorCode(err) != plimsoll.CodeInvalid || !strings.Contains(err.Error(), "older one") && !strings.Contains(err.Error(), "is empty") {
			t.Errorf("%s: %v", what, err)
		}
	}
	dice := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		at := dice.IntN(len(good))
		bad := bytes.Clone(good)
		bad[at] ^= 1 << dice.IntN(8)
		refused(fmt.Sprintf("byte %d", at), bad)
	}
	refused("cut off", good[:len(good)/2])
	refused("empty", nil)
	if err := os.Remove(file + manifestSuffix); err != nil {
		t.Fatal(err)
	}
	at := bytes.LastIndex(good, []byte("xxxx"))
	refused("a byte of an event, no manifest", append(append(bytes.Clone(good[:at]), 'y'), good[at+1:]...))
	refused("cut off, no manifest", good[:len(good)-4096])
	refused("no database at all", []byte(strings.Repeat("not a database ", 1000)))
	if left := dataFiles(into); len(left) > 0 {
		t.Errorf("the folder holds %v", left)
	}
	if err := os.WriteFile(file, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := mustRestore(t, file, into, false); r.Described {
		t.Errorf("%+v", r)
	}
}

func TestARestoreKeepsWhatWasThere(t *testing.T) {
	t.Parallel()
	dir, _ := filled(t)
	file := filepath.Join(t.TempDir(), "b")
	mustBackup(t, dir, file, BackupOptions{})
	into := t.TempDir()
	db := mustOpen(t, Options{Dir: into})
	mustAppend(t, mustOrg(t, db, "default"), sampleDelivery(sampleEvent("only here", "1")))
	_, err := Restore(t.Context(), file, into, RestoreOptions{Force: true})
	code(t, err, plimsoll.CodeConflict) // in use
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Restore(t.Context(), file, into, RestoreOptions{Force: false})
	code(t, err, plimsoll.CodeInvalid)
	if !strings.Contains(err.Error(), "--force") {
		t.Errorf("the error does not say what to do: %v", err)
	}
	r := mustRestore(t, file, into, true)
	if n := len(allEvents(t, mustOrg(t, mustOpen(t, Options{Dir: into}), "default"))); n != 40 {
		t.Errorf("%d events were restored", n)
	}
	if seen := wholeLog(t, mustOrg(t, mustOpen(t, Options{Dir: r.Aside}), "default")); seen["only here"] != 1 {
		t.Errorf("what was there is gone: %v", seen)
	}
}

// The folder is never taken for an empty one between the old data and the new.
func TestARestoreThatDiedIsNotStartedUpon(t *testing.T) {
	t.Parallel()
	dir, _ := filled(t)
	file := filepath.Join(t.TempDir(), "b")
	mustBackup(t, dir, file, BackupOptions{})
	into := t.TempDir()
	if err := os.WriteFile(filepath.Join(into, "plimsoll.db"+restoringSuffix), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Options{Dir: into})
	code(t, err, plimsoll.CodeUnavailable)
	if !strings.Contains(err.Error(), "plimsoll restore") {
		t.Errorf("the error does not say what to do: %v", err)
	}
	mustRestore(t, file, into, false)
	mustOpen(t, Options{Dir: into})
}

func TestABackupOfAnotherVersion(t *testing.T) {
	t.Parallel()
	steps, err := migrations((&sqliteEngine{}).migrations())
	if err != nil {
		t.Fatal(err)
	}
	old := t.TempDir()
	bare(t, old, func(db *DB) error { return db.migrate(t.Context(), steps[:len(steps)-1]) })
	file := filepath.Join(t.TempDir(), "old")
	mustBackup(t, old, file, BackupOptions{})
	into := t.TempDir()
	if r := mustRestore(t, file, into, false); r.Schema != len(steps)-1 || r.Known != len(steps) {
		t.Errorf("%+v", r)
	}
	mustOpen(t, Options{Dir: into})

	newer := t.TempDir()
	bare(t, newer, func(db *DB) error {
		if err := db.migrate(t.Context(), steps); err != nil {
			return err
		}
		return db.door.s.exec(t.Context(), `INSERT INTO schema_migrations (version, name, applied_at) VALUES (99, '0099_later.sql', 0)`)
	})
	file = filepath.Join(newer, "plimsoll.db") // a copy made with the server stopped
	_, err = Restore(t.Context(), file, t.TempDir(), RestoreOptions{})
	code(t, err, plimsoll.CodeConflict)
	if !strings.Contains(err.Error(), "newer plimsoll") {
		t.Errorf("the error is %v", err)
	}
	_, err = Backup(t.Context(), newer, filepath.Join(t.TempDir(), "b"), BackupOptions{})
	code(t, err, plimsoll.CodeConflict)
}

func TestAManifestThatCannotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	dir, _ := filled(t)
	file := filepath.Join(t.TempDir(), "b")
	m := mustBackup(t, dir, file, BackupOptions{})
	text, err := os.ReadFile(file + manifestSuffix)
	if err != nil {
		t.Fatal(err)
	}
	var read Manifest
	if err := json.Unmarshal(text, &read); err != nil || read.SHA256 != m.SHA256 || read.Schema == 0 || read.Logs["default"] != 40 || !read.MadeAt.Known() {
		t.Errorf("the manifest says %s, %v", text, err)
	}
	for _, bad := range []string{"", "{", `{"format":2}`} {
		if err := os.WriteFile(file+manifestSuffix, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := VerifyBackup(t.Context(), file)
		code(t, err, plimsoll.CodeInvalid)
		if !strings.Contains(err.Error(), "move the manifest away") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// A backup may take minutes. The writer must not wait for it whenever its log
// of writes is long.
func TestTheWriterDoesNotWaitForAReaderOfAnotherProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := mustOpen(t, Options{Dir: dir})
	o := mustOrg(t, db, "default")
	mustAppend(t, o, sampleDelivery(sampleEvent("d-0", "1")))
	b, err := OpenBeside(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	err = b.View(t.Context(), "default", func(tx *Tx) error {
		before, err := tx.Head()
		mustUpdate(t, o, func(*Tx) error { sqliteOf(db).walBound = 1; return nil })
		mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "1")))
		mustUpdate(t, o, func(*Tx) error {
			if sqliteOf(db).walBound < mostWAL {
				t.Errorf("the writer tries again at once, at %d bytes", sqliteOf(db).walBound)
			}
			return nil
		})
		if after, err := tx.Head(); err != nil || after != before || before != 1 {
			t.Errorf("the snapshot moved from %d to %d, %v", before, after, err)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.View(t.Context(), "nobody", func(*Tx) error { return nil }); plimsoll.ErrorCode(err) != plimsoll.CodeNotFound {
		t.Errorf("an organisation that is not there: %v", err)
	}
}

// Whatever step a restore fails or dies at, the old data or the new opens, or
// the start says what to do; running it again ends it, and nothing of the old
// data is gone.
func TestARestoreThatFailsAtAnyStepIsRunAgain(t *testing.T) {
	t.Parallel()
	dir, _ := filled(t)
	file := filepath.Join(t.TempDir(), "b")
	mustBackup(t, dir, file, BackupOptions{})
	data, wal := crashed(t, 30)
	broken := errors.New("broken")
	refused := 0
	for _, at := range []string{"restore:aside plimsoll.db", "restore:aside plimsoll.db-wal", "restore:aside cells.snapshot", "restore:rename"} {
		into := lay(t, data, wal)
		if err := os.WriteFile(filepath.Join(into, "cells.snapshot"), []byte("cells"), 0o600); err != nil {
			t.Fatal(err)
		}
		reached := false
		_, err := Restore(t.Context(), file, into, RestoreOptions{Force: true, Now: clockAt(testTime), Fault: func(step string) error {
			if step == at {
				reached = true
				return broken
			}
			return nil
		}})
		if !reached || !errors.Is(err, broken) || !strings.Contains(err.Error(), "run the same command again") {
			t.Fatalf("%s: reached %v, %v", at, reached, err)
		}
		if db, err := Open(t.Context(), Options{Dir: into}); err == nil {
			if n := len(allEvents(t, mustOrg(t, db, "default"))); n != 30 {
				t.Errorf("%s: a store with %d events opens", at, n)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		} else if refused++; !strings.Contains(err.Error(), "run plimsoll restore again, with --force") {
			t.Errorf("%s: %v", at, err)
		}
		mustRestore(t, file, into, true)
		if n := len(allEvents(t, mustOrg(t, mustOpen(t, Options{Dir: into}), "default"))); n != 40 {
			t.Errorf("%s: %d events were restored", at, n)
		}
		kept, err := filepath.Glob(filepath.Join(into, "before-restore-*", "plimsoll.db"))
		if err != nil || len(kept) != 1 {
			t.Errorf("%s: the old data lies in %v, %v", at, kept, err)
		}
	}
	if refused != 3 {
		t.Errorf("%d starts were refused in between", refused)
	}
}
