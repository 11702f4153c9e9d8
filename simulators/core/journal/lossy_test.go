package journal

import (
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ncruces/go-sqlite3/vfs"
)

// plain is a file of the system.
type plain struct {
	vfs.File
	file *os.File
}

func (f plain) Close() error                             { return f.file.Close() }
func (f plain) Sync(vfs.SyncFlag) error                  { return f.file.Sync() }
func (f plain) Truncate(size int64) error                { return f.file.Truncate(size) }
func (f plain) ReadAt(b []byte, off int64) (int, error)  { return f.file.ReadAt(b, off) }
func (f plain) WriteAt(b []byte, off int64) (int, error) { return f.file.WriteAt(b, off) }

// A lossy file reads as any file does, and what another process would find of it is what it was at its last sync.
func TestLossyFileKeepsWhatWasSynced(t *testing.T) {
	for seed := range uint64(50) {
		chance := rand.New(rand.NewPCG(seed, 0))
		path := filepath.Join(t.TempDir(), "f")
		below, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		f := &lossyFile{File: plain{file: below}}
		var live, synced []byte
		for range 300 {
			off := chance.IntN(400)
			b := make([]byte, 1+chance.IntN(100))
			for i := range b {
				b[i] = byte(chance.Uint32())
			}
			switch chance.IntN(5) {
			case 0, 1:
				live = write{int64(off), b}.apply(live)
				_, err = f.WriteAt(b, int64(off))
			case 2:
				live = write{off: int64(off)}.apply(write{int64(off), []byte{}}.apply(live)) // cut, or made longer
				err = f.Truncate(int64(off))
			case 3:
				want := live[min(off, len(live)):min(off+len(b), len(live))]
				n, failed := f.ReadAt(b, int64(off))
				if !slices.Equal(b[:n], want) || errors.Is(failed, io.EOF) != (n < len(b)) {
					t.Fatalf("seed %d: read %d bytes at %d: %v, want %x, got %x", seed, len(b), off, failed, want, b[:n])
				}
			case 4:
				if chance.IntN(10) == 0 {
					synced = slices.Clone(live)
					err = f.Sync(0)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			if size, _ := f.Size(); size != int64(len(live)) {
				t.Fatalf("seed %d: size %d, want %d", seed, size, len(live))
			}
		}
		if left, err := os.ReadFile(path); err != nil || !slices.Equal(left, synced) {
			t.Errorf("seed %d: another process finds %d bytes that are not the %d of the last sync (%v)", seed, len(left), len(synced), err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if left, err := os.ReadFile(path); err != nil || !slices.Equal(left, live) {
			t.Errorf("seed %d: after Close %d bytes are left, want %d (%v)", seed, len(left), len(live), err)
		}
	}
}
