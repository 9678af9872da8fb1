//go:build unix

package store

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

func TestASecondProcessIsToldWhoHoldsTheFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, childRole+"=hold", childDir+"="+dir)
	if !p.lines.Scan() || p.lines.Text() != "ready" {
		t.Fatalf("the holder says %q", p.lines.Text())
	}
	_, err := Open(context.Background(), Options{Dir: dir})
	code(t, err, plimsoll.CodeConflict)
	if holder := fmt.Sprintf("process %d at http://127.0.0.1:8125", p.cmd.Process.Pid); !strings.Contains(err.Error(), holder) {
		t.Errorf("the error does not say %q: %v", holder, err)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.acks(t, 0)
	db := mustOpen(t, Options{Dir: dir})
	_, err = Open(context.Background(), Options{Dir: dir})
	code(t, err, plimsoll.CodeConflict)
	if strings.Contains(err.Error(), "http") || !strings.Contains(err.Error(), fmt.Sprintf("process %d)", os.Getpid())) {
		t.Errorf("the error names a holder that is gone: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, Options{Dir: dir})
}

func TestAFolderThatCannotBeUsedIsAClearError(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	locked := filepath.Join(t.TempDir(), "locked")
	if err := os.MkdirAll(filepath.Join(locked, "lock"), 0o700); err != nil { // a folder stands where the lock file belongs
		t.Fatal(err)
	}
	taken := t.TempDir()
	if err := os.Mkdir(filepath.Join(taken, "plimsoll.db"), 0o700); err != nil {
		t.Fatal(err)
	}
	sealed := filepath.Join(t.TempDir(), "sealed")
	if err := os.Mkdir(sealed, 0o500); err != nil {
		t.Fatal(err)
	}
	dirs := []string{file, filepath.Join(file, "below"), locked, taken}
	if os.Geteuid() != 0 { // nothing is sealed to root
		dirs = append(dirs, sealed, filepath.Join(sealed, "below"))
	}
	for _, dir := range dirs {
		_, err := Open(context.Background(), Options{Dir: dir})
		code(t, err, plimsoll.CodeUnavailable)
		if !strings.Contains(err.Error(), dir) {
			t.Errorf("the error does not name %s: %v", dir, err)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "precious" {
		t.Errorf("the file in the way was changed: %q, %v", text, err)
	}
}

func TestAFolderMayHaveAnyName(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"with space", "100%", "%41", "a?mode=memory", "a#b", "ü", "a&_pragma=x"} {
		dir := filepath.Join(t.TempDir(), name)
		db := mustOpen(t, Options{Dir: dir})
		mustAppend(t, mustOrg(t, db, "default"), sampleDelivery(sampleEvent("d-1", "1")))
		if info, err := os.Stat(filepath.Join(dir, "plimsoll.db")); err != nil || info.Size() == 0 {
			t.Errorf("%q: the database is not in its folder: %v", name, err)
		}
	}
}

// filled returns a folder with a closed store that holds something, and the
// bytes of its database.
func filled(t *testing.T) (dir string, data []byte) {
	t.Helper()
	dir = t.TempDir()
	db := mustOpen(t, Options{Dir: dir})
	o := mustOrg(t, db, "default")
	for i := range 40 {
		mustAppend(t, o, sampleDelivery(sampleEvent(fmt.Sprintf("d-%d", i), strings.Repeat("x", 1000))))
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "plimsoll.db"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, data
}

func TestADamagedDatabaseIsRefusedAndLeftAsItIs(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func([]byte) []byte{
		"garbage":              func([]byte) []byte { return bytes.Repeat([]byte("no database "), 5000) },
		"a little garbage":     func([]byte) []byte { return []byte("x") },
		"cut in half":          func(b []byte) []byte { return b[:len(b)/2] },
		"cut by a page":        func(b []byte) []byte { return b[:len(b)-4096] },
		"cut within a page":    func(b []byte) []byte { return b[:len(b)-100] },
		"no header":            func(b []byte) []byte { return append(make([]byte, 100), b[100:]...) },
		"no schema":            func(b []byte) []byte { return append(b[:100:100], make([]byte, len(b)-100)...) },
		"zeroes from a middle": func(b []byte) []byte { return append(b[:4096:4096], make([]byte, len(b)-4096)...) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, data := filled(t)
			path := filepath.Join(dir, "plimsoll.db")
			data = damage(data)
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Open(context.Background(), Options{Dir: dir})
			code(t, err, plimsoll.CodeUnavailable)
			if !strings.Contains(err.Error(), "restore a backup") {
				t.Errorf("the error does not say what to do: %v", err)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, data) {
				t.Errorf("the damaged file was changed, %v", err)
			}
		})
	}
}

func TestADatabaseOfAnotherDayIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := mustOpen(t, Options{Dir: dir})
	o := mustOrg(t, db, "default")
	mustAppend(t, o, sampleDelivery(sampleEvent("d-1", "1"), sampleEvent("d-2", "1")))
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	bare(t, dir, func(db *DB) error { return db.door.s.exec(context.Background(), `DELETE FROM events WHERE seq = 2`) })
	_, err := Open(context.Background(), Options{Dir: dir})
	code(t, err, plimsoll.CodeUnavailable)
	if !strings.Contains(err.Error(), "ends at event 1 and should end at 2") {
		t.Errorf("the error is %v", err)
	}
}

func TestWritesWithoutTheirDatabaseAreRefusedAndKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := mustOpen(t, Options{Dir: dir})
	mustAppend(t, mustOrg(t, db, "default"), sampleDelivery(sampleEvent("d-1", "1")))
	wal, err := os.ReadFile(filepath.Join(dir, "plimsoll.db-wal"))
	if err != nil || len(wal) == 0 {
		t.Fatalf("there are no writes to lose: %d bytes, %v", len(wal), err)
	}
	for _, missing := range []bool{true, false} {
		half := t.TempDir()
		if err := os.WriteFile(filepath.Join(half, "plimsoll.db-wal"), wal, 0o600); err != nil {
			t.Fatal(err)
		}
		if !missing {
			if err := os.WriteFile(filepath.Join(half, "plimsoll.db"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := Open(context.Background(), Options{Dir: half})
		code(t, err, plimsoll.CodeUnavailable)
		if !strings.Contains(err.Error(), "copied in part") {
			t.Errorf("the error is %v", err)
		}
		if after, err := os.ReadFile(filepath.Join(half, "plimsoll.db-wal")); err != nil || !bytes.Equal(after, wal) {
			t.Errorf("the writes were changed, %v", err)
		}
	}
}

func TestCheckFindsWhatOpeningDoesNot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before := mustOpen(t, Options{Dir: dir})
	var events []plimsoll.Event
	for i := range 3 * inspectedEvents { // more than opening looks at
		events = append(events, sampleEvent(fmt.Sprintf("d-%d", i), "1"))
	}
	mustAppend(t, mustOrg(t, before, "default"), sampleDelivery(events...))
	if err := before.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "plimsoll.db"))
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte(`{"id":"d-3"`))
	copy(data[at/4096*4096:], make([]byte, 64)) // the head of a page of the log
	if err := os.WriteFile(filepath.Join(dir, "plimsoll.db"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	db := mustOpen(t, Options{Dir: dir})
	err = db.Check(context.Background())
	code(t, err, plimsoll.CodeUnavailable)
	if !strings.Contains(err.Error(), "restore a backup") {
		t.Errorf("the error does not say what to do: %v", err)
	}
	whole, _ := filled(t)
	if err := mustOpen(t, Options{Dir: whole}).Check(context.Background()); err != nil {
		t.Errorf("a whole database: %v", err)
	}
}
