//go:build unix

package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/plimsoll-dev/plimsoll"
)

// lockFolder takes the lock of a data folder. The kernel frees it when the
// process ends, however it ends. The file says who holds it.
func lockFolder(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock: %w", err)
		}
		holder, _ := io.ReadAll(io.LimitReader(f, 200))
		who := strings.TrimSpace(string(holder))
		url := "URL" // not told yet, or no server
		if _, at, ok := strings.Cut(who, " at "); ok {
			url = at
		}
		return nil, plimsoll.Errorf(plimsoll.CodeConflict,
			"data folder %s is in use by another plimsoll (%s); talk to it with --server %s, or stop it first", dir, who, url)
	}
	if err := writeHolder(f, fmt.Sprintf("process %d", os.Getpid())); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func writeHolder(f *os.File, text string) error {
	// In this order, so that somebody who reads it meanwhile never finds nothing.
	n, err := f.WriteAt([]byte(text+"\n"), 0)
	if err != nil {
		return err
	}
	return f.Truncate(int64(n))
}

// locked reports whether somebody holds the lock of a file that was opened for
// looking only. If nobody does it is held for the moment of looking.
func locked(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
}

// tryLock takes a file for this process, or fails at once.
func tryLock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }

// unlock gives a lock back at once, also when a child that is being started
// still shares the file.
func unlock(f *os.File) {
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
	_ = f.Close()
}
