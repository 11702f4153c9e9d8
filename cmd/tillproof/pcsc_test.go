package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// pcscDriver is vsmartcard's virtual reader, as Debian installs it.
const pcscDriver = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"

// A card of ours in a reader of PC/SC's, which a program of somebody else's (OpenSC) lists and talks to. pcscd gets a
// configuration of its own: Debian's lets the virtual reader listen on every interface, this one makes it come to us on
// loopback. It has two slots and ends when one of them finds nobody, so there are two cards.
func TestPCSC(t *testing.T) {
	port := needPCSC(t)
	first := present(t, port, "unionpay-debit")
	second := present(t, port+1, "visa-credit", "--contactless")
	daemon(t, port)

	until(t, "two readers with cards", func() bool { return strings.Count(opensc(t, "--list-readers"), "Yes") == 2 })
	for _, c := range []struct{ name, got, want string }{
		{"answer to reset, T=0", opensc(t, "--reader", "0", "--atr"), "3b:65:00:00:50:52:4f:4f:46"},
		{"answer to reset, contactless", opensc(t, "--reader", "1", "--atr"), "3b:85:80:01:50:52:4f:4f:46:40"},
		{"directory on contacts", opensc(t, "--reader", "0", "--send-apdu", "00A404000E315041592E5359532E4444463031", "--send-apdu", "00B2010C00"), "A0 00 00 03 33 01 01 01"},
		{"directory in the field", opensc(t, "--reader", "1", "--send-apdu", "00A404000E325041592E5359532E444446303100"), "A0 00 00 00 03"},
		{"a whole beginning", opensc(t, "--reader", "0", "--send-apdu", "00A4040008A000000333010101", "--send-apdu", "80A80000028300", "--send-apdu", "00B2011400"), "5F 24 03 30"},
	} {
		if !strings.Contains(c.got, c.want) {
			t.Errorf("%s: %s is not in\n%s", c.name, c.want, c.got)
		}
	}
	for _, want := range []string{"84 dedicated file name: 1PAY.SYS.DDF01", "< 6117 23 bytes wait", "> GET PROCESSING OPTIONS", "5A application PAN: 620012******0010"} {
		if log := first.String(); !strings.Contains(log, want) {
			t.Errorf("the card's log lacks %q:\n%s", want, log)
		}
	}
	if log := first.String() + second.String(); strings.Contains(log, "62001290") {
		t.Error("a card number stands in the log")
	}
}

// needPCSC skips a test where there is no PC/SC to show it with, and gives the ports of two virtual readers.
func needPCSC(t *testing.T) (port int) {
	t.Helper()
	if testing.Short() {
		t.Skip("PC/SC takes seconds")
	}
	for _, need := range []string{"pcscd", "opensc-tool", pcscDriver} {
		if _, err := exec.LookPath(need); err != nil && !exists(need) {
			t.Skipf("PC/SC is not shown: %s is missing (apt-get install pcscd vsmartcard-vpcd opensc)", need)
		}
	}
	if exists("/run/pcscd/pcscd.comm") {
		t.Skip("PC/SC is not shown: another pcscd runs here")
	}
	return portPair(t)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// portPair finds two neighbours below the ports that connections are given.
func portPair(t *testing.T) int {
	for port := 20001; port < 21000; port += 2 {
		free := 0
		for _, p := range []int{port, port + 1} {
			if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p)); err == nil {
				free++
				_ = l.Close()
			}
		}
		if free == 2 {
			return port
		}
	}
	t.Fatal("no two ports are free")
	return 0
}

// spoken is what a program has written so far.
type spoken struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *spoken) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *spoken) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// present runs `tillproof card` until the test ends; Ctrl-C must end it well.
func present(t *testing.T, port int, args ...string) *spoken {
	t.Helper()
	out := &spoken{}
	cmd := exec.Command("tillproof", append([]string{"card", "--listen", fmt.Sprintf("127.0.0.1:%d", port)}, args...)...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("tillproof card ended with %v:\n%s", err, out)
		}
	})
	until(t, "the card to wait", func() bool { return strings.Contains(out.String(), "waits for a reader") })
	return out
}

// daemon runs pcscd with one virtual reader that dials to port and the one behind it.
func daemon(t *testing.T, port int) {
	t.Helper()
	dir := t.TempDir()
	text := fmt.Sprintf("FRIENDLYNAME \"tillproof\"\nDEVICENAME 127.0.0.1:0x%X\nLIBPATH %s\nCHANNELID 0x%X\n", port, pcscDriver, port)
	if err := os.WriteFile(filepath.Join(dir, "vpcd"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out := &spoken{}
	cmd := exec.Command("pcscd", "--foreground", "--config", dir)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait() // it ends with what it likes
		if t.Failed() {
			t.Logf("pcscd: %s", out)
		}
	})
}

func opensc(t *testing.T, args ...string) string {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	out, _ := exec.CommandContext(ctx, "opensc-tool", args...).CombinedOutput() // what it says is what is looked at
	return string(out)
}

// until waits for what another program is to do.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		if done() {
			return
		}
		<-tick.C
	}
	t.Fatalf("waited 20 seconds for %s", what)
}
