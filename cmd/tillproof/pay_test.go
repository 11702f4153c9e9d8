package main

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// payer is `tillproof pay`, running.
type payer struct {
	cmd     *exec.Cmd
	out     *spoken
	address string // where it waits for a card
}

func startPayer(t *testing.T, card string, args ...string) *payer {
	t.Helper()
	p := &payer{cmd: exec.Command("tillproof", append([]string{"pay", "10.00", "--card", card}, args...)...), out: &spoken{}}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // where a test has failed
	return p
}

// ended waits until it has, and gives its exit code and what it said.
func (p *payer) ended() (code int, text string) {
	_ = p.cmd.Wait() // the code tells
	return p.cmd.ProcessState.ExitCode(), p.out.String()
}

// A stranger's card, another process, pays at our till: with its issuer's keys to the end, without them unverified.
func TestPayWithAStrangersCard(t *testing.T) {
	if testing.Short() {
		t.Skip("two processes for each card take seconds")
	}
	for _, c := range []struct {
		card, cardArg string
		args          []string
		code          int
		want          []string
	}{
		{"unionpay-debit", "", []string{"--like", "unionpay-debit", "--pin", "246813"}, 0, []string{"> GENERATE AC ARQC", "5A application PAN: 620012******0010",
			"95 terminal verification results: 0000048000 (online PIN entered; amount over the floor limit)", "> EXTERNAL AUTHENTICATE", "approved 00; TVR 0000048000 (online PIN", "TSI F800 (", "approved 00 APPROVED"}},
		{"unionpay-debit", "", nil, 1, []string{"PIN pad present, PIN not entered", "unverified: nobody here has the card's keys", "declined 00 CARD_DECLINES"}},
		{"visa-credit", "--contactless", []string{"--contactless"}, 0, []string{"> GET PROCESSING OPTIONS", "unverified", "approved 00 APPROVED"}},
		{"dead", "", nil, 1, []string{"no card", "cancelled"}},
	} {
		t.Run(c.card+c.cardArg+strings.Join(c.args, ""), func(t *testing.T) {
			p := startPayer(t, "vpcd:127.0.0.1:0", c.args...)
			until(t, "the till to wait", func() bool {
				_, told, ok := strings.Cut(p.out.String(), "waiting for a card at ")
				p.address, _, _ = strings.Cut(told, "\n")
				return ok && strings.Contains(told, "\n")
			})
			stranger := exec.Command("tillproof", "card", c.card, "--vpcd", p.address)
			if c.cardArg != "" {
				stranger.Args = append(stranger.Args, c.cardArg)
			}
			if out, err := stranger.CombinedOutput(); err != nil {
				t.Errorf("the card ended with %v:\n%s", err, out)
			}
			code, text := p.ended()
			if code != c.code {
				t.Errorf("code %d, want %d", code, c.code)
			}
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("%q is not in what it said", want)
				}
			}
			if t.Failed() {
				t.Log(text)
			}
			if strings.Contains(text, "62001290") || strings.Contains(text, "246813") {
				t.Error("a card number or PIN stands in the log")
			}
		})
	}
}

func TestPayNeedsACard(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"10.00 --card nowhere", "want vpcd:ADDRESS, pcsc or pcsc:READER"},
		{"ten --card pcsc", "ten"},
		{"10.00", `required flag(s) "card" not set`},
		{"10.00 --card vpcd:127.0.0.1:x", "pay: listen"},
		{"10.00 --card pcsc --like nobody", "nobody"},
	} {
		out, err := exec.Command("tillproof", append([]string{"pay"}, strings.Fields(c.args)...)...).CombinedOutput()
		if got := fmt.Sprint(err); got != "exit status 2" || !strings.Contains(string(out), c.want) {
			t.Errorf("pay %s: %s, %s", c.args, got, out)
		}
	}
}
