//go:build pcsc

package main

import (
	"os/exec"
	"strings"
	"testing"
)

// Our terminal drives through PC/SC a card in a reader that knows nothing of us: pcscd's virtual one, with our card in it.
func TestPCSCPays(t *testing.T) {
	port := needPCSC(t)
	first := present(t, port, "unionpay-debit")
	present(t, port+1, "visa-credit", "--contactless")
	daemon(t, port)
	until(t, "two readers with cards", func() bool { return strings.Count(opensc(t, "--list-readers"), "Yes") == 2 })
	for _, c := range []struct {
		args string
		want []string
	}{
		{"--card pcsc --like unionpay-debit --pin 246813", []string{"contact: answered 3B65", "< 6117 23 bytes wait", "approved 00; TVR 0000048000", "approved 00 APPROVED"}},
		{"--card pcsc --like unionpay-debit --pin 246813", []string{"9F36 application transaction counter: 0002", "approved 00 APPROVED"}}, // the card is powered again
		{"--card pcsc:nobody", []string{`no reader begins with "nobody"`}},
	} {
		out, err := exec.Command("tillproof", append([]string{"pay", "10.00"}, strings.Fields(c.args)...)...).CombinedOutput()
		for _, want := range c.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("pay %s: %v: %q is not in\n%s", c.args, err, want, out)
			}
		}
		if strings.Contains(string(out)+first.String(), "62001290") {
			t.Error("a card number stands in the log")
		}
	}
}
