package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/simulators/core/journal/scratch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stores gives each kind of store, with the way to open it again after it was closed.
func stores(t *testing.T) map[string]func(*testing.T) Store {
	memory := NewMemory()
	path := filepath.Join(t.TempDir(), "a journal?#%.db")
	address, why := scratch.Database(t, os.Getenv(scratch.Cluster))
	return map[string]func(*testing.T) Store{
		"postgres": func(t *testing.T) Store {
			if address == "" {
				t.Skip(why)
			}
			s, err := OpenPostgres(address, "acquirer")
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		"memory": func(*testing.T) Store { return memory },
		"sqlite": func(t *testing.T) Store {
			s, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
		"lossy": func(t *testing.T) Store {
			s, err := OpenLossy(path+".lossy", false)
			if err != nil {
				t.Fatal(err)
			}
			return s
		},
	}
}

func records(t *testing.T, s Store) (all []Record) {
	t.Helper()
	if err := s.Replay(func(r Record) error { all = append(all, r); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestReplayGivesWhatWasAppendedInOrder(t *testing.T) {
	for name, open := range stores(t) {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			want := []Record{{"answer", []byte("00")}, {"ledger", []byte{0, 0xFF}}, {"tombstone", []byte("x")}, {"ledger", []byte("last")}}
			var acknowledged sync.WaitGroup
			for _, batch := range [][]Record{want[:2], {}, want[2:3]} {
				acknowledged.Add(1)
				s.Append(batch, func(err error) {
					if err != nil {
						t.Error(err)
					}
					acknowledged.Done()
				})
			}
			acknowledged.Wait()
			if diff := cmp.Diff(want[:3], records(t, s)); diff != "" {
				t.Error(diff)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t)
			if err := Commit(s, want[3:]); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, records(t, s)); diff != "" {
				t.Error("opened again:", diff)
			}
			stop := errors.New("enough")
			if err := s.Replay(func(Record) error { return stop }); !errors.Is(err, stop) {
				t.Errorf("Replay gave %v, want the function's own error", err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestCloseCommitsWhatIsQueued(t *testing.T) {
	for name, open := range stores(t) {
		if name == "memory" { // it has no queue
			continue
		}
		t.Run(name, func(t *testing.T) { closeCommits(t, open) })
	}
}

func closeCommits(t *testing.T, open func(*testing.T) Store) {
	s := open(t)
	var acknowledged atomic.Int64
	for i := range 100 {
		s.Append([]Record{{"n", fmt.Append(nil, i)}}, func(err error) {
			if err == nil {
				acknowledged.Add(1)
			}
		})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := acknowledged.Load(); n != 100 {
		t.Errorf("%d batches were acknowledged, want 100", n)
	}
	if waiting, commits := s.(interface{ Counts() (int, uint64) }).Counts(); waiting != 0 || commits < 1 || commits > 100 {
		t.Errorf("%d wait after %d commits", waiting, commits)
	}
	if err := Commit(s, nil); err == nil || !strings.HasSuffix(err.Error(), ": it is closed") {
		t.Errorf("append after Close: %v", err)
	}
	s = open(t)
	if got := records(t, s); len(got) != 100 || string(got[99].Data) != "99" {
		t.Errorf("%d records came back", len(got))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	taken, err := Open(filepath.Join(dir, "taken.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	newer, err := Open(filepath.Join(dir, "newer.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(newer.db.Exec("PRAGMA user_version = 9"), newer.Close()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "text.db"), []byte(strings.Repeat("not a database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, file, want string }{
		{"a file that another store has", "taken.db", "another process has it open: stop that one or name another file"},
		{"a newer format", "newer.db", "format 9 is not a journal of format 1: name another file"},
		{"no database", "text.db", "file is not a database"},
		{"no such folder", "nowhere/acq.db", "unable to open database file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(dir, c.file)
			s, err := Open(path)
			if err == nil {
				s.Close()
				t.Fatal("it opened")
			}
			if !strings.HasPrefix(err.Error(), "journal "+path+": ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		name      string
		appenders int
	}{{"memory", 0}, {"sqlite", 1}, {"sqlite", 64}, {"sqlite", 1024}, {"postgres", 1}, {"postgres", 64}, {"postgres", 1024}} {
		b.Run(fmt.Sprintf("%s/%d", c.name, c.appenders), func(b *testing.B) {
			var s Store = NewMemory()
			var err error
			switch c.name {
			case "sqlite":
				s, err = Open(filepath.Join(b.TempDir(), "bench.db"))
			case "postgres":
				address, why := scratch.Database(b, os.Getenv(scratch.Cluster))
				if address == "" {
					b.Skip(why)
				}
				s, err = OpenPostgres(address, "bench")
			}
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			data := make([]byte, 200)
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ReportAllocs()
			b.ResetTimer()
			var appenders sync.WaitGroup
			for range max(c.appenders, 1) {
				appenders.Go(func() {
					for left.Add(-1) >= 0 {
						if err := Commit(s, []Record{{"ledger", data}}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			appenders.Wait()
		})
	}
}
