package store

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/plimsoll-dev/plimsoll"
)

// asNobody runs fn with the rights of a user who has none, also for root.
func asNobody(t *testing.T, fn func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		fn()
		return
	}
	runtime.LockOSThread() // the rights are those of this thread
	defer runtime.UnlockOSThread()
	if err := syscall.Setfsgid(65534); err != nil {
		t.Skip(err)
	}
	defer func() { _ = syscall.Setfsgid(0) }()
	if err := syscall.Setfsuid(65534); err != nil {
		t.Skip(err)
	}
	defer func() { _ = syscall.Setfsuid(0) }()
	fn()
}

func TestAFolderWithoutPermissionSaysWhoNeedsIt(t *testing.T) {
	base, err := os.MkdirTemp("", "plimsoll-rights-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	whole, _ := filled(t)
	body, err := os.ReadFile(filepath.Join(whole, "plimsoll.db"))
	if err != nil {
		t.Fatal(err)
	}
	dir := func(name string, mode, fileMode os.FileMode, data bool) string {
		d := filepath.Join(base, name)
		if err := os.Mkdir(d, 0o700); err != nil {
			t.Fatal(err)
		}
		if data {
			for name, b := range map[string][]byte{"plimsoll.db": body, "lock": nil} {
				p := filepath.Join(d, name)
				if err := os.WriteFile(p, b, 0o600); err != nil {
					t.Fatal(err)
				}
				m := fileMode
				if name == "lock" {
					m = 0o666
				}
				if err := os.Chmod(p, m); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := os.Chmod(d, mode); err != nil {
			t.Fatal(err)
		}
		return d
	}
	if err := os.Chmod(base, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]string{
		"a folder to read only":      dir("sealed", 0o555, 0, false),
		"a folder with data":         dir("readonly", 0o555, 0o444, true),
		"a database to read only":    dir("file", 0o777, 0o444, true),
		"a database that is another": dir("other", 0o777, 0o000, true),
		"a folder that is another":   dir("closed", 0o700, 0o600, true),
	} {
		if os.Geteuid() != 0 && name == "a folder that is another" {
			continue // it is ours
		}
		asNobody(t, func() { _, err = Open(t.Context(), Options{Dir: d}) })
		if plimsoll.ErrorCode(err) != plimsoll.CodeUnavailable || !strings.Contains(err.Error(), "must be able to write in it") || !strings.Contains(err.Error(), d) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A full disk is told apart from a damaged one.
	if e := explainOpen("d", &os.PathError{Op: "write", Path: "d", Err: syscall.ENOSPC}); !strings.Contains(e.Error(), "the disk is full") || strings.Contains(e.Error(), "restore") {
		t.Errorf("a full disk: %v", e)
	}
}

// smallDisk mounts a disk of a size, where that is allowed.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("no disk can be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestABackupToAFullDiskLeavesNothing(t *testing.T) {
	disk := smallDisk(t, "size=700k")
	dir, _ := filled(t)
	file := filepath.Join(disk, "b")
	whole := mustBackup(t, dir, file, BackupOptions{})
	_, err := Backup(t.Context(), dir, file, BackupOptions{Force: true})
	code(t, err, plimsoll.CodeUnavailable)
	if !strings.Contains(err.Error(), "look for free space") || strings.Count(err.Error(), "full") != 1 {
		t.Errorf("%v", err)
	}
	if r, err := VerifyBackup(t.Context(), file); err != nil || r.SHA256 != whole.SHA256 {
		t.Errorf("the old backup suffered: %v", err)
	}
	_, err = Restore(t.Context(), file, filepath.Join(disk, "data"), RestoreOptions{})
	code(t, err, plimsoll.CodeUnavailable)
	if !strings.Contains(err.Error(), "look for free space") {
		t.Errorf("%v", err)
	}
	for _, pattern := range []string{"*.partial", "*/*.restoring"} {
		if left, _ := filepath.Glob(filepath.Join(disk, pattern)); len(left) > 0 {
			t.Errorf("left over: %v", left)
		}
	}
}

func TestADiskToReadOnlyIsSaid(t *testing.T) {
	disk := smallDisk(t, "size=2m")
	_, data := filled(t)
	if err := os.WriteFile(filepath.Join(disk, "plimsoll.db"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", disk, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip(err)
	}
	_, err := Open(t.Context(), Options{Dir: disk})
	code(t, err, plimsoll.CodeUnavailable)
	if !strings.Contains(err.Error(), "whether the disk is mounted read-only") {
		t.Errorf("%v", err)
	}
}
