package app

import (
	"context"

	"github.com/plimsoll-dev/plimsoll/internal/store"
)

// What the command line calls them by: it does not know the store.
type (
	BackupOptions = store.BackupOptions
	Manifest      = store.Manifest
	Restored      = store.Restored
)

// Backup copies the data of a folder into a file while a server works on it,
// and verifies the copy.
func Backup(ctx context.Context, data, file string, opt BackupOptions) (Manifest, error) {
	return store.Backup(ctx, data, file, opt)
}

// VerifyBackup reads a backup from beginning to end and says what it holds.
func VerifyBackup(ctx context.Context, file string) (Restored, error) {
	return store.VerifyBackup(ctx, file)
}

// Restore puts a backup into a folder that no server works on.
func Restore(ctx context.Context, file, data string, force bool) (Restored, error) {
	return store.Restore(ctx, file, data, store.RestoreOptions{Force: force})
}

// Shrink writes the database of a folder anew without the room that deleted rows
// left. No server may work on the folder.
func Shrink(ctx context.Context, data string) (before, after int64, err error) {
	return store.Shrink(ctx, data)
}
