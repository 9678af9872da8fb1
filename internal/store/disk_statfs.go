//go:build linux || darwin || freebsd

package store

import "syscall"

// diskOf returns the free bytes that we may use where a folder is, and all of
// them.
func diskOf(dir string) (free, total int64, err error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return 0, 0, err
	}
	return int64(fs.Bavail) * int64(fs.Bsize), int64(fs.Blocks) * int64(fs.Bsize), nil
}
