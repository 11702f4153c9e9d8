package journal

import (
	"errors"
	"io"
	"slices"
	"sync"

	"github.com/ncruces/go-sqlite3/vfs"
)

// OpenLossy opens a journal as Open does, on a disk that a killed process takes its unsynced writes from: they stay in its memory until it syncs them. To
// the files it is as if the power had failed. A careless journal never syncs, and tells that its batches are durable all the same.
func OpenLossy(path string, careless bool) (*SQLite, error) {
	vfs.Register(lossyName, lossy{vfs.Find("os").(vfs.VFSFilename)})
	o := options{vfs: lossyName, syncFolder: syncFolder}
	if careless {
		o.pragmas = []string{"synchronous = OFF"}
	}
	return open(path, o)
}

const lossyName = "lossy"

// lossy is a VFS over another (https://sqlite.org/vfs.html).
type lossy struct{ vfs.VFSFilename }

// OpenFilename implements vfs.VFSFilename.
func (l lossy) OpenFilename(name *vfs.Filename, flags vfs.OpenFlag) (vfs.File, vfs.OpenFlag, error) {
	f, flags, err := l.VFSFilename.OpenFilename(name, flags)
	if err != nil || name == nil { // a temporary file is lost anyhow
		return f, flags, err
	}
	size, err := f.Size()
	if err != nil {
		return nil, flags, errors.Join(err, f.Close())
	}
	return &lossyFile{File: f, size: size}, flags, nil
}

// lossyFile is an open file, and what was written to it since its last sync.
type lossyFile struct {
	vfs.File
	mu      sync.Mutex
	size    int64
	waiting []write
}

// write puts data at off, or cuts the file there when data is nil.
type write struct {
	off  int64
	data []byte
}

func (f *lossyFile) ReadAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := int(min(int64(len(b)), max(f.size-off, 0)))
	clear(b[:n]) // what lies beyond the file below reads as zeros
	if _, err := f.File.ReadAt(b[:n], off); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	for _, w := range f.waiting {
		switch {
		case w.data == nil && w.off < off+int64(n):
			clear(b[max(w.off-off, 0):n])
		case w.off < off && w.off+int64(len(w.data)) > off:
			copy(b[:n], w.data[off-w.off:])
		case w.off >= off && w.off < off+int64(n):
			copy(b[w.off-off:n], w.data)
		}
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (f *lossyFile) WriteAt(b []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting = append(f.waiting, write{off, slices.Clone(b)})
	f.size = max(f.size, off+int64(len(b)))
	return len(b), nil
}

func (f *lossyFile) Truncate(size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting, f.size = append(f.waiting, write{off: size}), size
	return nil
}

func (f *lossyFile) Size() (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.size, nil
}

// Sync lets the file below have what waits.
func (f *lossyFile) Sync(flags vfs.SyncFlag) error {
	if err := f.flush(); err != nil {
		return err
	}
	return f.File.Sync(flags)
}

func (f *lossyFile) flush() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range f.waiting {
		var err error
		if w.data == nil {
			err = f.File.Truncate(w.off)
		} else {
			_, err = f.File.WriteAt(w.data, w.off)
		}
		if err != nil {
			return err
		}
	}
	f.waiting = nil
	return nil
}

// Close lets the file have what waits: a process that ends by itself loses nothing.
func (f *lossyFile) Close() error { return errors.Join(f.flush(), f.File.Close()) }
