package wire

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// Address says where a host listens and how to speak to it.
type Address struct {
	Addr           string        // host:port
	TLS            *tls.Config   // nil for plain TCP; its Time is the clock that judges certificates
	ConnectTimeout time.Duration // for TCP and TLS together; 0 for no limit but the context's
}

// Fault says in a word why a connection could not be made, or how it ended.
type Fault string

// The faults.
const (
	Refused     Fault = "refused"
	Timeout     Fault = "timeout"
	UnknownHost Fault = "unknown-host"
	Unreachable Fault = "unreachable"
	TLSUnknown  Fault = "tls-unknown-authority"
	TLSClock    Fault = "tls-clock" // a machine whose clock is wrong sees this too
	TLSName     Fault = "tls-name"
	TLSRejected Fault = "tls-rejected" // such as for want of a client certificate
	TLSPlain    Fault = "tls-plain"
	Closed      Fault = "closed"
	Reset       Fault = "reset"
	Broken      Fault = "broken" // anything else
)

// Text tells the fault in plain words.
func (f Fault) Text() string {
	switch f {
	case Refused:
		return "connection refused"
	case Timeout:
		return "connection timed out"
	case UnknownHost:
		return "unknown host name"
	case Unreachable:
		return "network unreachable"
	case TLSUnknown:
		return "TLS: certificate of an unknown authority"
	case TLSClock:
		return "TLS: certificate expired or not yet valid, or the clock is wrong"
	case TLSName:
		return "TLS: certificate of another host name"
	case TLSRejected:
		return "TLS: refused by the other side, is a client certificate wanted?"
	case TLSPlain:
		return "TLS: the other side does not speak it"
	case Closed:
		return "closed by the other side"
	case Reset:
		return "reset by the other side"
	}
	return "connection broken"
}

// Dial connects, with TLS where the address says so. FaultOf tells why it could not.
func Dial(ctx context.Context, a Address) (conn net.Conn, err error) {
	if a.ConnectTimeout > 0 {
		limited, cancel := context.WithTimeout(ctx, a.ConnectTimeout)
		defer cancel()
		ctx = limited
	}
	if a.TLS == nil {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", a.Addr)
	} else {
		conn, err = (&tls.Dialer{Config: a.TLS}).DialContext(ctx, "tcp", a.Addr)
	}
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", a.Addr, Classify(err))
	}
	return conn, nil
}

// Listen accepts connections at host:port, with TLS when config is not nil (mutual when its ClientAuth says so).
func Listen(addr string, config *tls.Config) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen at %s: %w", addr, err)
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	return l, nil
}

// Error is an error of the network with the fault that it means.
type Error struct {
	Fault Fault
	Err   error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Fault.Text(), e.Err) }

// Unwrap gives the cause as the network told it.
func (e *Error) Unwrap() error { return e.Err }

// Classify puts the fault before an error of a connection, as Dial does. No error stays none.
func Classify(err error) error {
	if err == nil {
		return nil
	}
	return &Error{Fault: FaultOf(err), Err: err}
}

// FaultOf names the fault behind an error of Dial, of a TLS handshake, or of a connection's Read or Write. No error is a
// connection that ended as it should.
func FaultOf(err error) Fault {
	var (
		classified *Error
		invalid    x509.CertificateInvalidError
		unknown    x509.UnknownAuthorityError
		name       x509.HostnameError
		plain      tls.RecordHeaderError
		operation  *net.OpError
		lookup     *net.DNSError
	)
	switch {
	case err == nil:
		return Closed
	case errors.As(err, &classified):
		return classified.Fault
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired: // Go's reason for "not yet valid" as well
		return TLSClock
	case errors.As(err, &unknown):
		return TLSUnknown
	case errors.As(err, &name):
		return TLSName
	case errors.As(err, &plain):
		return TLSPlain
	case errors.As(err, &operation) && operation.Op == "remote error":
		return remoteFault(operation.Err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return Refused
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return UnknownHost
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.Is(err, syscall.ETIMEDOUT):
		return Timeout
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return Unreachable
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return Reset
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Closed
	}
	return Broken
}

// remoteFault reads a TLS alert that the other side sent. Its type is not exported, so its words must do.
func remoteFault(alert error) Fault {
	if strings.Contains(alert.Error(), "expired certificate") {
		return TLSClock
	}
	return TLSRejected
}
