package workers

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	dialling  = 2 * time.Second
	readiness = 10 * time.Second
)

// open connects to the NATS server of a URL, or is that server if nobody is there yet. The URL comes back with what lets workers in: a token that
// was made here, and of what the user gave only the place.
func open(address string, clear bool) (nc *nats.Conn, at string, stop func(), err error) {
	u, err := parse(address)
	if err != nil {
		return nil, "", nil, err
	}
	end, known := func() {}, u.User != nil
	if c, err := net.DialTimeout("tcp", u.Host, dialling); err == nil {
		_ = c.Close()
	} else {
		s, err := embed(u, clear)
		if err != nil {
			return nil, "", nil, err
		}
		end = func() { s.Shutdown(); s.WaitForShutdown() }
	}
	if nc, err = connect(u); err != nil {
		end()
		return nil, "", nil, err
	}
	if at = u.String(); known {
		at = redacted(u, at)
	}
	return nc, at, func() { nc.Close(); end() }, nil
}

func parse(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "nats" && u.Scheme != "tls" || u.Port() == "" || u.Hostname() == "" {
		return nil, fmt.Errorf("%q: want the address of a NATS server, such as nats://127.0.0.1:4222, tls://TOKEN@host:4222 or tls://user:password@host:4222", redacted(u, address))
	}
	return u, nil
}

// redacted shows a URL without its token, or without user and password.
func redacted(u *url.URL, text string) string {
	if u == nil || u.User == nil {
		return text
	}
	shown := *u
	shown.User = url.User("TOKEN")
	if _, both := u.User.Password(); both {
		shown.User = url.UserPassword("USER", "PASSWORD")
	}
	return shown.String()
}

// embed starts a server in this process, with a token. Port 0 is any free one. What is said over it can be read on the way, so that it
// listens on this machine only unless somebody insists.
func embed(u *url.URL, clear bool) (*server.Server, error) {
	ip := net.ParseIP(u.Hostname())
	switch {
	case u.Scheme == "tls":
		return nil, fmt.Errorf("--workers %s: nobody answers there: start your NATS server with TLS first, or have one in this process with nats://127.0.0.1:4222", redacted(u, ""))
	case u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) && !clear:
		return nil, fmt.Errorf("--workers %s: it would listen beyond this machine without TLS: use a NATS server of your own with tls://, a tunnel to 127.0.0.1, or say --workers-in-clear if the network is yours", redacted(u, u.String()))
	}
	if u.User == nil {
		u.User = url.User(rand.Text())
	}
	port, err := strconv.Atoi(u.Port())
	if err != nil {
		return nil, fmt.Errorf("--workers: port %q: %w", u.Port(), err)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	o := &server.Options{Host: u.Hostname(), Port: port, NoLog: true, NoSigs: true, Authorization: u.User.Username(), NoSystemAccount: true}
	if password, both := u.User.Password(); both {
		o.Authorization, o.Username, o.Password = "", u.User.Username(), password
	}
	s, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("--workers: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(readiness) {
		s.Shutdown()
		return nil, fmt.Errorf("--workers %s: it cannot listen there: is the port taken?", redacted(u, u.String()))
	}
	u.Host = net.JoinHostPort(u.Hostname(), strconv.Itoa(s.Addr().(*net.TCPAddr).Port))
	return s, nil
}

// connect keeps to one connection: who loses it is lost, and says so.
func connect(u *url.URL) (*nats.Conn, error) {
	nc, err := nats.Connect(u.String(), nats.NoReconnect(), nats.Timeout(dialling), nats.Name("tillproof"))
	if errors.Is(err, nats.ErrAuthorization) {
		err = errors.New("it wants another token: use the line that the coordinator printed")
	}
	if err != nil {
		return nil, fmt.Errorf("NATS server %s: %w", redacted(u, u.String()), err)
	}
	return nc, nil
}
