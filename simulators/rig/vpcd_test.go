package rig_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
)

// A reader that speaks vpcd's side: it asks for the answer to reset, gives power, and sends APDUs.
func TestCardInVPCD(t *testing.T) {
	reader, log, ended := vpcd(t, t.Context())
	for _, m := range []struct{ send, want string }{
		{"04", "3B65000050524F4F46"},
		{"01", ""},
		{"00A404000E315041592E5359532E4444463031", "6117"},
		{"00C0000017", "6F15840E315041592E5359532E4444463031A503880101" + "9000"},
		{"00A4", "6700"}, // no command
		{"02", ""},
		{"00C0000017", "6985"}, // nothing waits after a reset
		{"00", ""},
		{"04", "3B65000050524F4F46"},
	} {
		if got := ask(t, reader, m.send, m.want != ""); got != m.want {
			t.Errorf("%s: got %s, want %s", m.send, got, m.want)
		}
	}
	_ = reader.Close()
	if err := <-ended; err != nil {
		t.Errorf("a reader that hangs up is no error: %v", err)
	}
	if text := log(); !strings.Contains(text, "84 dedicated file name: 1PAY.SYS.DDF01") || !strings.Contains(text, "power off") {
		t.Errorf("the log: %s", text)
	}
}

// A card that is torn away hangs up; a reader that froze says nothing more until it is all over.
func TestCardInVPCDFaults(t *testing.T) {
	reader, _, ended := vpcd(t, t.Context(), card.Fault{Do: card.FaultTorn, Command: "SELECT"})
	ask(t, reader, "01", false)
	send(t, reader, "00A4040008A000000333010101")
	if _, err := reader.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("torn: %v", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	reader, _, ended = vpcd(t, ctx, card.Fault{Do: card.FaultFrozen, Command: "SELECT"}, card.Fault{Do: card.FaultDelay, Delay: "1ms"})
	ask(t, reader, "01", false)
	if got := ask(t, reader, "0084000008", true); got != "6985" {
		t.Errorf("late: %s", got)
	}
	send(t, reader, "00A4040008A000000333010101")
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("frozen: %v", err)
	}
	reader, _, _ = vpcd(t, t.Context(), card.Fault{Do: card.FaultDead})
	if got := ask(t, reader, "04", true); got != "" {
		t.Errorf("dead: %s", got)
	}
}

// vpcd listens as the virtual reader does, and lets a card come.
func vpcd(t *testing.T, ctx context.Context, faults ...card.Fault) (reader net.Conn, log func() string, ended chan error) {
	t.Helper()
	image, err := card.Shipped(fixtures.FS, "unionpay-debit")
	if err != nil {
		t.Fatal(err)
	}
	slot, err := card.NewSlot(image, card.Reference(), sim.Seed(1).Reader("card"), faults...)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	var mu sync.Mutex
	var text bytes.Buffer
	p := rig.PCSCCard{Slot: slot, On: card.Contact, Watch: func(line string) {
		mu.Lock()
		defer mu.Unlock()
		text.WriteString(line + "\n")
	}}
	ended = make(chan error, 1)
	go func() { ended <- p.DialPCSC(ctx, l.Addr().String()) }()
	if reader, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = reader.Close() })
	return reader, func() string {
		mu.Lock()
		defer mu.Unlock()
		return text.String()
	}, ended
}

func send(t *testing.T, reader net.Conn, message string) {
	t.Helper()
	b, err := hex.DecodeString(message)
	if err == nil {
		_, err = reader.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, reader net.Conn, message string, answered bool) string {
	t.Helper()
	send(t, reader, message)
	if !answered {
		return ""
	}
	var size [2]byte
	if _, err := io.ReadFull(reader, size[:]); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(reader, b); err != nil {
		t.Fatal(err)
	}
	return strings.ToUpper(hex.EncodeToString(b))
}
