package journal

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/tillproof/tillproof/simulators/core/journal/scratch"
)

func TestPostgresHasOneOwner(t *testing.T) {
	address, why := scratch.Database(t, os.Getenv(scratch.Cluster))
	if address == "" {
		t.Skip(why)
	}
	first, err := OpenPostgres(address, "acquirer")
	if err != nil {
		t.Fatal(err)
	}
	other, err := OpenPostgres(address, "issuer") // another journal
	if err != nil {
		t.Fatal(err)
	}
	if second, err := OpenPostgres(address, "acquirer"); err == nil || !strings.Contains(err.Error(), "another process has it open") {
		t.Errorf("a second owner: %v, %v", second, err)
	}
	for _, s := range []Store{other, first} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	again, err := OpenPostgres(address, "acquirer")
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// When the server has gone, what is appended fails, and so does all after it.
func TestPostgresTellsThatTheServerHasGone(t *testing.T) {
	address, why := scratch.Database(t, os.Getenv(scratch.Cluster))
	if address == "" {
		t.Skip(why)
	}
	s, err := OpenPostgres(address, "acquirer")
	if err != nil {
		t.Fatal(err)
	}
	if err := Commit(s, []Record{{"n", []byte("1")}}); err != nil {
		t.Fatal(err)
	}
	killer, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer killer.Close(context.Background())
	if _, err := killer.Exec(t.Context(), "SELECT pg_terminate_backend($1, 10000)", s.conn.PgConn().PID()); err != nil {
		t.Fatal(err)
	}
	failed := Commit(s, []Record{{"n", []byte("2")}})
	if failed == nil {
		t.Fatal("a batch was acknowledged that no server has")
	}
	if again := Commit(s, nil); again == nil || again.Error() != failed.Error() {
		t.Errorf("after %v an append gave %v", failed, again)
	}
	if err := s.Close(); err == nil {
		t.Error("Close says that all is well")
	}
}

func TestOpenPostgresRefuses(t *testing.T) {
	for address, want := range map[string]string{
		"postgres://me:hunter2@127.0.0.1:1/books": "journal postgres://127.0.0.1:1/books acquirer: is PostgreSQL running there?",
		"postgres://me:hunter2@[::1/books":        "want postgres://user@host:port/database",
	} {
		s, err := OpenPostgres(address, "acquirer")
		if err == nil {
			t.Fatal(s.Close())
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want %q and no password", address, err, want)
		}
	}
}
