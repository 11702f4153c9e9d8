// Package scratch lets tests have a database of PostgreSQL's for themselves.
package scratch

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Cluster is the environment variable that names the cluster to make databases in, as .ci/postgres sets it.
const Cluster = "TILLPROOF_POSTGRES"

// Database makes a database in a cluster, and drops it at the end of the test. Where there is no cluster it says why the test has to skip.
func Database(t testing.TB, cluster string) (address, why string) {
	t.Helper()
	if cluster == "" {
		return "", Cluster + " names no PostgreSQL cluster to make databases in (.ci/run starts one)"
	}
	u, err := url.Parse(cluster)
	if err != nil {
		t.Fatal(err)
	}
	sql := func(statement string) error {
		conn, err := pgx.Connect(context.Background(), cluster)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		_, err = conn.Exec(context.Background(), statement)
		return err
	}
	var name string
	for n := range 100 { // a process has several
		name = fmt.Sprintf("scratch_%d_%d", os.Getpid(), n)
		var told *pgconn.PgError
		if err = sql("CREATE DATABASE " + name); !errors.As(err, &told) || told.Code != "42P04" { // duplicate_database
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := sql("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	u.Path = "/" + name
	return u.String(), ""
}
