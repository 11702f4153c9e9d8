package rig_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/protocol/capture"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
	"github.com/tillproof/tillproof/simulators/rig"
)

// A sale of DOMAIN.md's, with its length.
const saleHex = "007D60000300006031003100000200702004C020C0981116620012345678901000000000000001000000000202100006376200123456789010D3012201123456789012303132333435363738383938333230353438313630303031313536EA2514F264D469BE26000000000000000013220000010006003146303534323535"

func saleBytes(t testing.TB) []byte {
	t.Helper()
	b, err := hex.DecodeString(saleHex)
	must(t, err)
	return b
}

// echoHost answers all that comes with the same bytes, and hangs up when its caller has said all.
func echoHost(t testing.TB, config *tls.Config) string {
	t.Helper()
	l, err := wire.Listen("127.0.0.1:0", config)
	must(t, err)
	var group sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); group.Wait() })
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
				_, _ = c.Write([]byte("bye"))
			})
		}
	})
	return l.Addr().String()
}

func recording(t testing.TB, o rig.RecorderOptions) *rig.Recorder {
	t.Helper()
	d, err := iso8583.Load(fixtures.FS, "dialects/unionpay-pos.yaml")
	must(t, err)
	o.Listen, o.Dialect, o.Secret = "127.0.0.1:0", d, []byte("nobody knows")
	r, err := rig.Record(t.Context(), o)
	must(t, err)
	t.Cleanup(func() { r.Close(time.Millisecond) })
	return r
}

// talk says something, hangs up its own half, and gives all that is answered.
func talk(t testing.TB, c net.Conn, say []byte) []byte {
	t.Helper()
	must(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	_, err := c.Write(say)
	must(t, err)
	must(t, c.(interface{ CloseWrite() error }).CloseWrite())
	got, err := io.ReadAll(c)
	must(t, err)
	return got
}

// TestRecorderPassesBytesUntouched over plain lines and TLS on either side; who has said all may still listen. What is kept has no secret.
func TestRecorderPassesBytesUntouched(t *testing.T) {
	server, client := ownCertificate(t)
	for _, c := range []struct {
		name        string
		tills, host bool
	}{{"plain", false, false}, {"TLS with tills", true, false}, {"TLS with the host", false, true}, {"TLS with both", true, true}} {
		t.Run(c.name, func(t *testing.T) {
			var file bytes.Buffer
			o := rig.RecorderOptions{Out: capture.NewLines(&file)}
			if c.host {
				o.To = wire.Address{Addr: echoHost(t, server), TLS: client}
			} else {
				o.To = wire.Address{Addr: echoHost(t, nil)}
			}
			address := wire.Address{}
			if c.tills {
				o.TLS, address.TLS = server, client
			}
			r := recording(t, o)
			address.Addr = r.Address()
			line, err := wire.Dial(t.Context(), address)
			must(t, err)
			defer line.Close()
			say := append(saleBytes(t), "\x00\x05junk!"...)
			if got, want := talk(t, line, say), string(say)+"bye"; string(got) != want {
				t.Errorf("%d bytes came back, want %d", len(got), len(want))
			}
			sum := r.Close(10 * time.Second)
			if !sum.Whole() || sum.Messages["sale"] != 2 || sum.Unread != 3 || sum.Connections != 1 || sum.Cards != 1 {
				t.Errorf("it tells: %s", sum)
			}
			checkKept(t, file.Bytes())
		})
	}
}

func checkKept(t *testing.T, file []byte) {
	t.Helper()
	var notes []string
	frames := 0
	err := capture.Read(bytes.NewReader(file), func(r capture.Record) error {
		if r.Note != "" {
			notes = append(notes, r.Note)
		}
		if len(r.Bytes) > 0 {
			frames++
			if len(r.Bytes) != len(saleHex)/2 {
				t.Errorf("%d bytes are kept of a sale", len(r.Bytes))
			}
		}
		return nil
	})
	must(t, err)
	if frames != 2 || len(notes) != 3 || !strings.HasPrefix(notes[0], "5 bytes, sha256 ") {
		t.Errorf("%d frames and the notes %q", frames, notes)
	}
	for _, secret := range []string{"6200123456789010", "23456789012", "EA2514F264D469BE", "3146303534323535", hex.EncodeToString([]byte("junk"))} {
		if strings.Contains(strings.ToUpper(string(file)), secret) {
			t.Errorf("%s is in the file", secret)
		}
	}
}

// stuck is a disk that takes nothing, for ever, or until it is released.
type stuck struct{ release chan struct{} }

func (s stuck) Write(b []byte) (int, error) {
	<-s.release
	return len(b), nil
}

// TestRecorderNeverWaitsForTheDisk pays on while the writer stands still, long after what may wait has filled up; what was not recorded is
// counted and told, and the end does not wait for ever either.
func TestRecorderNeverWaitsForTheDisk(t *testing.T) {
	disk := stuck{make(chan struct{})}
	var told []string
	var mu sync.Mutex
	r := recording(t, rig.RecorderOptions{Out: capture.NewLines(disk), To: wire.Address{Addr: echoHost(t, nil)}, Room: 8 << 10,
		Tell: func(s string) { mu.Lock(); told = append(told, s); mu.Unlock() }})
	t.Cleanup(func() { close(disk.release) })
	c, err := net.Dial("tcp", r.Address())
	must(t, err)
	defer c.Close()
	sale := saleBytes(t)
	for i := range 2000 {
		must(t, c.SetDeadline(time.Now().Add(20*time.Second)))
		_, err := c.Write(sale)
		must(t, err)
		answer := make([]byte, len(sale))
		if _, err := io.ReadFull(c, answer); err != nil || !bytes.Equal(answer, sale) {
			t.Fatalf("order %d: %v", i, err)
		}
	}
	sum := r.Close(50 * time.Millisecond)
	if sum.Whole() || sum.Dropped < 1000*int64(len(sale)) || sum.Err == nil {
		t.Errorf("it tells: %s", sum)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(told) != 1 || !strings.Contains(told[0], "too slow") {
		t.Errorf("it told %q", told)
	}
}

// slow takes nothing until it is let.
type slow struct {
	let  chan struct{}
	mu   sync.Mutex
	file bytes.Buffer
}

func (s *slow) Write(b []byte) (int, error) {
	<-s.let
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.Write(b)
}

func (s *slow) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.file.String()
}

// TestRecorderFindsFramesAgain after a stretch that was not recorded, in the middle of a frame too.
func TestRecorderFindsFramesAgain(t *testing.T) {
	disk := &slow{let: make(chan struct{})}
	sale := saleBytes(t)
	r := recording(t, rig.RecorderOptions{Out: capture.NewLines(disk), To: wire.Address{Addr: echoHost(t, nil)}, Room: 16 * len(sale)})
	c, err := net.Dial("tcp", r.Address())
	must(t, err)
	defer c.Close()
	send := func(b []byte) {
		t.Helper()
		must(t, c.SetDeadline(time.Now().Add(20*time.Second)))
		_, err := c.Write(b)
		must(t, err)
		_, err = io.ReadFull(c, make([]byte, len(b)))
		must(t, err)
	}
	for range 100 { // most of them find no room
		send(sale[:50])
		send(sale[50:])
	}
	close(disk.let)
	late := []byte(strings.Replace(string(sale), "\x00\x00\x01\x00\x00", "\x00\x00\x02\x22\x22", 1)) // of another amount
	for n := 0; !strings.Contains(disk.String(), "0000022222"); n++ {                                // these find room, once the disk has caught up
		if n == 100_000 {
			t.Fatal("it never finds a frame again")
		}
		send(late)
	}
	sum := r.Close(10 * time.Second)
	if sum.Err != nil || sum.Dropped == 0 {
		t.Errorf("it tells: %s", sum)
	}
	if strings.Contains(disk.String(), "6200123456789010") {
		t.Error("a card number is in the file")
	}
}

// full is a disk that is full.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestRecorderOnAFullDisk(t *testing.T) {
	r := recording(t, rig.RecorderOptions{Out: capture.NewLines(full{}), To: wire.Address{Addr: echoHost(t, nil)}})
	for range 3 {
		c, err := net.Dial("tcp", r.Address())
		must(t, err)
		if got := talk(t, c, saleBytes(t)); len(got) != len(saleHex)/2+3 {
			t.Errorf("%d bytes came back", len(got))
		}
		_ = c.Close()
	}
	if sum := r.Close(10 * time.Second); !errors.Is(sum.Err, syscall.ENOSPC) || sum.Whole() {
		t.Errorf("it tells: %s", sum)
	}
}

// A till whose host cannot be reached, or falls over, is hung up on as hard as the host would have done.
func TestRecorderPassesOnHowALineEnds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	falls := make(chan struct{})
	go func() {
		defer close(falls)
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = c.Read(make([]byte, 1))
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}()
	for _, c := range []struct{ name, host string }{{"not there", freeAddress(t)}, {"falls over", l.Addr().String()}} {
		t.Run(c.name, func(t *testing.T) {
			var file bytes.Buffer
			r := recording(t, rig.RecorderOptions{Out: capture.NewLines(&file), To: wire.Address{Addr: c.host}})
			till, err := net.Dial("tcp", r.Address())
			if wire.FaultOf(err) == wire.Reset { // so soon that it was not even open
				return
			}
			must(t, err)
			defer till.Close()
			must(t, till.SetDeadline(time.Now().Add(20*time.Second)))
			_, _ = till.Write([]byte{0})
			if _, err := io.ReadAll(till); wire.FaultOf(err) != wire.Reset {
				t.Errorf("the line ended with %v", err)
			}
		})
	}
	<-falls
}

func TestRecorderStaysOnThisMachine(t *testing.T) {
	for _, c := range []struct{ listen, to, want string }{
		{"0.0.0.0:0", "127.0.0.1:1", "--listen 0.0.0.0:0 is not this machine"},
		{"127.0.0.1:0", "192.0.2.1:1", "--to 192.0.2.1:1 is not this machine"},
		{"here", "127.0.0.1:1", `--listen "here": want host:port`},
	} {
		if _, err := rig.Record(context.Background(), rig.RecorderOptions{Listen: c.listen, To: wire.Address{Addr: c.to}}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}

// ownCertificate makes a certificate and who trusts it.
func ownCertificate(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"host.test"}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12},
		&tls.Config{RootCAs: roots, ServerName: "host.test", MinVersion: tls.VersionTLS12}
}
