package journal

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/ncruces/go-sqlite3"
)

// SQLite keeps batches in a file: those that wait go in one transaction with one fsync.
type SQLite struct {
	groups
	path   string
	db     *sqlite3.Conn
	insert *sqlite3.Stmt
}

var _ Store = (*SQLite)(nil)

// Open opens the journal in a file, or makes it. Only one store at a time can have the file.
func Open(path string) (*SQLite, error) {
	return open(path, options{vfs: "os", syncFolder: syncFolder})
}

// options are for tests, which lose the power of a disk of their own.
type options struct {
	vfs        string
	syncFolder func(path string) error
	pragmas    []string
}

// format is the version of the table below, kept in the file's user_version.
const format = 1

const schema = `
PRAGMA user_version = 1;
CREATE TABLE record (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, data BLOB NOT NULL) STRICT;`

func open(path string, o options) (*SQLite, error) {
	s := &SQLite{path: path}
	uri := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: url.Values{"vfs": {o.vfs}}.Encode()}
	var err error
	if s.db, err = sqlite3.Open(uri.String()); err != nil {
		return nil, s.error(err)
	}
	if err = s.prepare(o.pragmas); err == nil {
		err = o.syncFolder(path)
	}
	if err != nil {
		return nil, s.error(errors.Join(err, s.insert.Close(), s.db.Close()))
	}
	s.start(s.commit, s.error)
	return s, nil
}

// prepare makes the file durable (https://sqlite.org/pragma.html#pragma_synchronous: WAL needs FULL for that) and ours:
// with exclusive locking no other process can write between our lines.
func (s *SQLite) prepare(pragmas []string) error {
	for _, p := range append([]string{"locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL"}, pragmas...) {
		if err := s.db.Exec("PRAGMA " + p); err != nil {
			return err
		}
	}
	version, err := s.number("PRAGMA user_version")
	if err != nil {
		return err
	}
	tables, err := s.number("SELECT count(*) FROM sqlite_schema")
	switch {
	case err != nil:
		return err
	case version == 0 && tables == 0:
		if err := s.db.Exec("BEGIN IMMEDIATE;" + schema + "COMMIT"); err != nil {
			return err
		}
	case version != format:
		return fmt.Errorf("format %d is not a journal of format %d: name another file", version, format)
	}
	s.insert, _, err = s.db.Prepare("INSERT INTO record (kind, data) VALUES (?, ?)")
	return err
}

// syncFolder makes the names in the folder durable: that of a new file and its WAL, and that the rollback journal which
// switched a new file to WAL is gone. SQLite leaves this to us: without it a power cut may bring that journal back, and
// it would empty the file. Windows has no such call.
func syncFolder(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func (s *SQLite) number(query string) (int, error) {
	q, _, err := s.db.Prepare(query)
	if err != nil {
		return 0, err
	}
	q.Step()
	n := q.ColumnInt(0)
	return n, q.Close()
}

// Replay gives every durable record in the order it was appended.
func (s *SQLite) Replay(give func(Record) error) (err error) {
	s.file.Lock()
	defer s.file.Unlock()
	if s.failed != nil {
		return s.failed
	}
	q, _, err := s.db.Prepare("SELECT kind, data FROM record ORDER BY n")
	if err != nil {
		return s.error(err)
	}
	for q.Step() {
		if err := give(Record{Kind: q.ColumnText(0), Data: q.ColumnBlob(1, nil)}); err != nil {
			return errors.Join(err, q.Close())
		}
	}
	if err := q.Close(); err != nil {
		return s.error(err)
	}
	return nil
}

// Close commits what is queued and frees the file.
func (s *SQLite) Close() error {
	s.stop()
	s.file.Lock()
	defer s.file.Unlock()
	if err := errors.Join(s.insert.Close(), s.db.Close()); err != nil {
		return s.error(err)
	}
	return s.failed
}

// commit leaves the transaction open when it fails: the store is of no use then, and Close rolls it back.
func (s *SQLite) commit(group []pending) error {
	if err := s.db.Exec("BEGIN IMMEDIATE"); err != nil {
		return s.error(err)
	}
	for _, p := range group {
		for _, r := range p.batch {
			err := errors.Join(s.insert.BindText(1, r.Kind), s.insert.BindBlob(2, r.Data), s.insert.Exec())
			if err != nil {
				return s.error(err)
			}
		}
	}
	if err := s.db.Exec("COMMIT"); err != nil {
		return s.error(err)
	}
	return nil
}

func (s *SQLite) error(err error) error {
	if errors.Is(err, sqlite3.BUSY) {
		err = fmt.Errorf("another process has it open: stop that one or name another file (%w)", err)
	}
	return fmt.Errorf("journal %s: %w", s.path, err)
}
