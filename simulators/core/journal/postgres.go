package journal

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Postgres keeps batches in a table of a PostgreSQL database: those that wait go in one statement, which is one transaction.
type Postgres struct {
	groups
	name string // without user and password
	conn *pgx.Conn
	last int64 // number of the last record
	sql  statements
}

var _ Store = (*Postgres)(nil)

// statements of one table, whose name stands in them.
type statements struct{ create, last, replay, insert string }

// ownerWait is how long the owner before us may take to let go: its server's side outlives a killed process for a moment.
const ownerWait = 5 * time.Second

// OpenPostgres opens the journal of that name in the database of a URL, or makes its table there. Only one store at a time can
// have it. What the URL leaves open is as libpq has it: PGPASSWORD, ~/.pgpass.
func OpenPostgres(address, journal string) (*Postgres, error) {
	s := &Postgres{name: withoutUser(address) + " " + journal}
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, s.error(errors.New("want postgres://user@host:port/database")) // the library's own words hold the URL
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	config.RuntimeParams["synchronous_commit"] = "on" // whatever the server's default is
	table := pgx.Identifier{journal + "_journal"}.Sanitize()
	s.sql = statements{
		create: "CREATE TABLE IF NOT EXISTS " + table + " (n bigint PRIMARY KEY, kind text NOT NULL, data bytea NOT NULL)",
		last:   "SELECT coalesce(max(n), 0) FROM " + table,
		replay: "SELECT kind, data FROM " + table + " ORDER BY n",
		insert: "INSERT INTO " + table + " (n, kind, data) SELECT $1 + i, k, d FROM unnest($2::text[], $3::bytea[]) WITH ORDINALITY AS r(k, d, i)",
	}
	ctx := context.Background()
	if s.conn, err = pgx.ConnectConfig(ctx, config); err != nil {
		var refused *pgconn.ConnectError
		if errors.As(err, &refused) {
			err = errors.Unwrap(refused) // without the user's name
		}
		return nil, s.error(fmt.Errorf("is PostgreSQL running there? %w", err))
	}
	if err := s.prepare(ctx, journal); err != nil {
		_ = s.conn.Close(ctx) // it has failed already
		return nil, s.error(err)
	}
	s.start(s.commit, s.error)
	return s, nil
}

// withoutUser gives a URL without user, password and parameters.
func withoutUser(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "postgres"
	}
	return u.Scheme + "://" + u.Host + u.Path
}

// prepare makes the journal ours, by a lock that ends with the session, and finds its end.
func (s *Postgres) prepare(ctx context.Context, journal string) error {
	if _, err := s.conn.Exec(ctx, fmt.Sprintf("SET lock_timeout = %d", ownerWait.Milliseconds())); err != nil {
		return err
	}
	if _, err := s.conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext(current_schema() || $1))", "/tillproof/"+journal); err != nil {
		if is(err, "55P03") { // lock_not_available
			return fmt.Errorf("another process has it open: stop that one or name another database (%w)", err)
		}
		return err
	}
	if _, err := s.conn.Exec(ctx, s.sql.create); err != nil {
		return err
	}
	return s.conn.QueryRow(ctx, s.sql.last).Scan(&s.last)
}

// is tells the code of a server's error (PostgreSQL 15, appendix A).
func is(err error, code string) bool {
	var told *pgconn.PgError
	return errors.As(err, &told) && told.Code == code
}

func (s *Postgres) commit(group []pending) error {
	var kinds []string
	var data [][]byte
	for _, p := range group {
		for _, r := range p.batch {
			kinds, data = append(kinds, r.Kind), append(data, r.Data)
		}
	}
	if len(kinds) == 0 {
		return nil // empty batches only keep their place in the order
	}
	if _, err := s.conn.Exec(context.Background(), s.sql.insert, s.last, kinds, data); err != nil {
		return s.error(err)
	}
	s.last += int64(len(kinds))
	return nil
}

// Replay gives every durable record in the order it was appended.
func (s *Postgres) Replay(give func(Record) error) error {
	s.file.Lock()
	defer s.file.Unlock()
	if s.failed != nil {
		return s.failed
	}
	rows, err := s.conn.Query(context.Background(), s.sql.replay)
	if err != nil {
		return s.error(err)
	}
	defer rows.Close()
	for rows.Next() {
		var r Record
		if err := rows.Scan(&r.Kind, &r.Data); err != nil {
			return s.error(err)
		}
		if err := give(r); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return s.error(err)
	}
	return nil
}

// Close commits what is queued and lets the journal go.
func (s *Postgres) Close() error {
	s.stop()
	s.file.Lock()
	defer s.file.Unlock()
	if s.conn.IsClosed() {
		return s.failed
	}
	if err := s.conn.Close(context.Background()); err != nil && s.failed == nil {
		return s.error(err)
	}
	return s.failed
}

func (s *Postgres) error(err error) error { return fmt.Errorf("journal %s: %w", s.name, err) }
