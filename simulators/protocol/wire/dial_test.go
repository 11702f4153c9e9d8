package wire

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"syscall"
	"testing"
	"time"
)

// authority signs the certificates of one test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Unix(0, 0), NotAfter: now.AddDate(50, 0, 0)}
	a := authority{key: key, pool: x509.NewCertPool()}
	a.cert = a.sign(t, template, template, key)
	a.pool.AddCert(a.cert)
	return a
}

func (a authority) sign(t *testing.T, template, parent *x509.Certificate, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// issue makes a certificate for 127.0.0.1 that is valid in 2026 and 2027.
func (a authority) issue(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: now.AddDate(0, -5, 0), NotAfter: now.AddDate(1, 7, 0)}
	return tls.Certificate{Certificate: [][]byte{a.sign(t, template, a.cert, key).Raw}, PrivateKey: key}
}

var now = time.Date(2026, 6, 1, 9, 30, 0, 0, time.UTC)

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

// TestDialTLS has the client read one byte, since a server that refuses a client's certificate says so only then (RFC 8446, 4.4.2.4).
func TestDialTLS(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	plain := &tls.Config{Certificates: []tls.Certificate{ours.issue(t)}, Time: at(now)}
	mutual := plain.Clone()
	mutual.ClientAuth, mutual.ClientCAs = tls.RequireAndVerifyClientCert, ours.pool
	for _, c := range []struct {
		name   string
		server *tls.Config
		client *tls.Config
		want   Fault // "" for none
	}{
		{"no TLS", nil, nil, ""},
		{"TLS", plain, &tls.Config{RootCAs: ours.pool, Time: at(now)}, ""},
		{"mutual TLS", mutual, &tls.Config{RootCAs: ours.pool, Time: at(now), Certificates: []tls.Certificate{ours.issue(t)}}, ""},
		{"unknown authority", plain, &tls.Config{RootCAs: theirs.pool, Time: at(now)}, TLSUnknown},
		{"not yet valid", plain, &tls.Config{RootCAs: ours.pool, Time: at(now.AddDate(0, 0, -3000))}, TLSClock},
		{"expired", plain, &tls.Config{RootCAs: ours.pool, Time: at(now.AddDate(0, 0, 3000))}, TLSClock},
		{"another name", plain, &tls.Config{RootCAs: ours.pool, Time: at(now), ServerName: "pos.example"}, TLSName},
		{"no client certificate", mutual, &tls.Config{RootCAs: ours.pool, Time: at(now)}, TLSRejected},
		{"foreign client certificate", mutual, &tls.Config{RootCAs: ours.pool, Time: at(now), Certificates: []tls.Certificate{theirs.issue(t)}}, TLSRejected},
		{"host without TLS", nil, &tls.Config{RootCAs: ours.pool, Time: at(now)}, TLSPlain},
	} {
		t.Run(c.name, func(t *testing.T) {
			listener, err := Listen("127.0.0.1:0", c.server)
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				if conn, err := listener.Accept(); err == nil {
					_, _ = conn.Write([]byte("hello from a host"))
					_ = conn.Close()
				}
			}()
			conn, err := Dial(t.Context(), Address{Addr: listener.Addr().String(), TLS: c.client, ConnectTimeout: time.Minute})
			if err == nil {
				defer conn.Close()
				_, err = conn.Read(make([]byte, 1))
			}
			if c.want == "" && err != nil {
				t.Fatal(err)
			}
			if c.want != "" && FaultOf(err) != c.want {
				t.Errorf("got %q (%v), want %q", FaultOf(err), err, c.want)
			}
		})
	}
}

func TestDialFaults(t *testing.T) {
	listener, err := Listen("127.0.0.1:0", nil) // accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	gone, err := Listen("127.0.0.1:0", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name    string
		ctx     context.Context
		address Address
		want    Fault
	}{
		{"refused", t.Context(), Address{Addr: gone.Addr().String()}, Refused},
		{"silent in the handshake", t.Context(), Address{Addr: listener.Addr().String(), TLS: &tls.Config{}, ConnectTimeout: 20 * time.Millisecond}, Timeout},
		{"given up", cancelled, Address{Addr: listener.Addr().String()}, Broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Dial(c.ctx, c.address); FaultOf(err) != c.want {
				t.Errorf("got %q (%v), want %q", FaultOf(err), err, c.want)
			}
		})
	}
}

func TestFaultOf(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Fault
	}{
		{io.EOF, Closed},
		{syscall.ECONNRESET, Reset},
		{syscall.EPIPE, Reset},
		{syscall.EHOSTUNREACH, Unreachable},
		{&net.DNSError{IsNotFound: true}, UnknownHost},
		{context.DeadlineExceeded, Timeout},
		{errors.New("something else"), Broken},
		{Classify(io.EOF), Closed},
	} {
		if got := FaultOf(fmt.Errorf("read: %w", c.err)); got != c.want {
			t.Errorf("%v: got %q, want %q", c.err, got, c.want)
		}
		if c.want != Broken && c.want.Text() == Broken.Text() {
			t.Errorf("%q has no text of its own", c.want)
		}
	}
	if Classify(nil) != nil || FaultOf(nil) != Closed {
		t.Error("no error became one")
	}
}
