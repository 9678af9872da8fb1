package store

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// disk is a file system of one folder that forgets at a power cut what was not
// synced, wholly or in part. Writes are durable after a sync of their file, and
// so is its name, as journalling file systems have it; what else happened to
// names is durable after a sync of the folder. Of the rest any part may be there
// or not, down to single sectors, and files know no order among each other.
type disk struct {
	fs.Inode
	mu      sync.Mutex
	dice    *rand.Rand
	names   map[string]*diskFile
	durable map[string]*diskFile
	pending []func(names map[string]*diskFile) // what happened to names and is not durable
	ops     int                                // that change something, so far
	cutAt   int                                // the operation at which the power goes
	lies    bool                               // says that it synced, and does not
	left    map[string][]byte                  // what is on the disk after the cut; nil before
}

type diskFile struct {
	fs.Inode
	disk    *disk
	scratch bool // shared memory and locks: of no use after the cut
	data    []byte
	durable []byte
	pending []diskWrite
}

// diskWrite is a write, or, without data, a change of size.
type diskWrite struct {
	off  int64
	data []byte
}

func (w diskWrite) apply(b []byte) []byte {
	if w.data == nil {
		if w.off <= int64(len(b)) {
			return b[:w.off:w.off]
		}
		return append(b, make([]byte, w.off-int64(len(b)))...)
	}
	if end := w.off + int64(len(w.data)); end > int64(len(b)) {
		b = append(b, make([]byte, end-int64(len(b)))...)
	}
	copy(b[w.off:], w.data)
	return b
}

// newDisk returns a disk that holds files and loses power at an operation.
func newDisk(dice *rand.Rand, files map[string][]byte, cutAt int) *disk {
	d := &disk{dice: dice, names: map[string]*diskFile{}, cutAt: cutAt}
	for name, b := range files {
		d.names[name] = &diskFile{disk: d, data: slices.Clone(b), durable: slices.Clone(b)}
	}
	d.durable = maps.Clone(d.names)
	return d
}

func scratchName(name string) bool { return strings.HasSuffix(name, "-shm") || name == "lock" }

// step counts an operation; it fails from the cut on. Call it under the lock.
func (d *disk) step() syscall.Errno {
	if d.ops++; d.ops == d.cutAt {
		d.left = d.cut()
	}
	if d.left != nil {
		return syscall.EIO
	}
	return 0
}

// cut returns what is on the disk when the power goes.
func (d *disk) cut() map[string][]byte {
	names := maps.Clone(d.durable)
	for _, do := range d.pending[:d.dice.IntN(len(d.pending)+1)] {
		do(names)
	}
	left := map[string][]byte{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if f := names[name]; !f.scratch {
			left[name] = f.afterCut(d.dice)
		}
	}
	return left
}

// afterCut returns the content of a file when some of its unsynced writes
// reached the disk.
func (f *diskFile) afterCut(dice *rand.Rand) []byte {
	b := slices.Clone(f.durable)
	mode, upTo := dice.IntN(4), dice.IntN(len(f.pending)+1)
	for i, w := range f.pending {
		switch {
		case mode == 0: // none
		case mode == 1 || mode == 2 && i < upTo: // all; a beginning
			b = w.apply(b)
		case mode == 3 && w.data == nil && dice.IntN(2) == 0:
			b = w.apply(b)
		case mode == 3 && w.data != nil: // any sectors
			const sector = 512
			for at := 0; at < len(w.data); at += sector {
				if dice.IntN(2) == 0 {
					b = diskWrite{w.off + int64(at), w.data[at:min(at+sector, len(w.data))]}.apply(b)
				}
			}
		}
	}
	return b
}

func (d *disk) mount(t *testing.T, dir string) *fuse.Server {
	t.Helper()
	server, err := fs.Mount(dir, d, &fs.Options{
		MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "power-cut", Name: "test"},
		OnAdd: func(ctx context.Context) {
			for name, f := range d.names {
				d.AddChild(name, d.NewPersistentInode(ctx, f, fs.StableAttr{Mode: syscall.S_IFREG}), false)
			}
		},
	})
	if err != nil {
		t.Skipf("no file system can be mounted here: %v", err)
	}
	return server
}

func (d *disk) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	out.Mode = 0o700
	return 0
}

func (d *disk) Create(ctx context.Context, name string, _, _ uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if errno := d.step(); errno != 0 {
		return nil, nil, 0, errno
	}
	f := &diskFile{disk: d, scratch: scratchName(name)}
	node := d.NewPersistentInode(ctx, f, fs.StableAttr{Mode: syscall.S_IFREG})
	d.AddChild(name, node, true)
	d.names[name] = f
	d.pending = append(d.pending, func(names map[string]*diskFile) { names[name] = f })
	out.Mode = 0o600
	return node, nil, 0, 0
}

func (d *disk) Unlink(_ context.Context, name string) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	if errno := d.step(); errno != 0 {
		return errno
	}
	delete(d.names, name)
	d.pending = append(d.pending, func(names map[string]*diskFile) { delete(names, name) })
	return 0
}

// Fsync of the folder makes its names durable.
func (d *disk) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	d.mu.Lock()
	defer d.mu.Unlock()
	if errno := d.step(); errno != 0 || d.lies {
		return errno
	}
	d.durable, d.pending = maps.Clone(d.names), nil
	return 0
}

func (f *diskFile) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, 0, 0
}

func (f *diskFile) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if off >= int64(len(f.data)) {
		return fuse.ReadResultData(nil), 0
	}
	n := copy(dest, f.data[off:])
	return fuse.ReadResultData(dest[:n]), 0
}

func (f *diskFile) change(w diskWrite) syscall.Errno {
	if !f.scratch {
		if errno := f.disk.step(); errno != 0 {
			return errno
		}
		f.pending = append(f.pending, w)
	}
	f.data = w.apply(f.data)
	return 0
}

func (f *diskFile) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if errno := f.change(diskWrite{off, slices.Clone(data)}); errno != 0 {
		return 0, errno
	}
	return uint32(len(data)), 0
}

func (f *diskFile) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	out.Mode, out.Size, out.Nlink = 0o600, uint64(len(f.data)), 1
	return 0
}

func (f *diskFile) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if size, ok := in.GetSize(); ok {
		if errno := f.change(diskWrite{off: int64(size)}); errno != 0 {
			return errno
		}
	}
	out.Mode, out.Size, out.Nlink = 0o600, uint64(len(f.data)), 1
	return 0
}

// Fsync makes the writes to the file durable, and its name if it has one.
func (f *diskFile) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	d := f.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if f.scratch {
		return 0
	}
	if errno := d.step(); errno != 0 || d.lies {
		return errno
	}
	f.durable, f.pending = slices.Clone(f.data), nil
	for name, g := range d.names {
		if g == f {
			d.durable[name] = f
		}
	}
	return 0
}
