package issuer_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// codeModel is what the bank must answer, in a page: codes with their end and whether they have paid, payments with what is left of
// them, and the account.
type codeModel struct {
	digits []string
	until  []time.Time
	spent  []bool

	paid     []*iso8583.Message
	amount   []int
	refunded []int
	ended    []string // reversed or voided
	holds    int
}

func (m *codeModel) pay(i, fen int, now time.Time) string {
	switch {
	case m.spent[i]:
		return "WC"
	case !now.Before(m.until[i]):
		return "WE"
	case fen > m.holds:
		return "51"
	}
	m.spent[i] = true
	m.holds -= fen
	return "00"
}

// back reverses or voids a payment: whole or not at all. A reversal says only that there shall be nothing, so it may come again.
func (m *codeModel) back(i int, how string) string {
	switch {
	case how == "reversed" && m.ended[i] == how:
		return "00"
	case how == "voided" && m.ended[i] == "" && m.refunded[i] > 0:
		return "64"
	case m.ended[i] != "" || m.refunded[i] > 0:
		return "25"
	}
	m.ended[i] = how
	m.holds += m.amount[i]
	return "00"
}

func (m *codeModel) refund(i, fen int) string {
	switch {
	case m.ended[i] != "":
		return "25"
	case m.refunded[i]+fen > m.amount[i]:
		return "61"
	}
	m.refunded[i] += fen
	m.holds += fen
	return "00"
}

// Codes are given, scanned early and late and twice, their payments reversed, voided and refunded, and the bank starts again, in any order:
// each code pays at most once, and the account holds what the answers say.
func TestCodesPayOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b, m := newBank(t, nil, wallet(issuer.WalletA)), &codeModel{holds: 10000}
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			step := rapid.SampledFrom([]string{"give", "pay", "pay", "pay", "reverse", "void", "refund", "refund", "wait", "restart"}).Draw(rt, "step")
			if len(m.digits) == 0 {
				step = "give"
			} else if len(m.paid) == 0 && (step == "reverse" || step == "void" || step == "refund") {
				step = "pay"
			}
			got, want := "", ""
			on := rapid.IntRange(0, max(0, len(m.paid)-1))
			switch step {
			case "give":
				m.digits, m.until, m.spent = append(m.digits, b.code().Reveal()), append(m.until, b.loop.Now().Add(time.Minute)), append(m.spent, false)
			case "pay":
				i, fen := rapid.IntRange(0, len(m.digits)-1).Draw(rt, "code"), rapid.SampledFrom([]int{1, 1000, 7000}).Draw(rt, "fen")
				req := set(b.byCode(m.digits[i]), iso8583.Amount, fmt.Sprintf("%012d", fen))
				if got, want = b.ask(req), m.pay(i, fen, b.loop.Now()); want == "00" {
					m.paid, m.amount, m.refunded, m.ended = append(m.paid, req), append(m.amount, fen), append(m.refunded, 0), append(m.ended, "")
				}
			case "reverse":
				i := on.Draw(rt, "payment")
				req := set(b.reversalOf(m.paid[i]), iso8583.Amount, m.paid[i].Get(iso8583.Amount))
				got, want = b.ask(req), m.back(i, "reversed")
			case "void":
				i := on.Draw(rt, "payment")
				got, want = b.ask(b.onCode(pay.Void, m.paid[i], m.amount[i])), m.back(i, "voided")
			case "refund":
				i, fen := on.Draw(rt, "payment"), rapid.SampledFrom([]int{1, 400, 1000}).Draw(rt, "fen")
				got, want = b.ask(b.onCode(pay.Refund, m.paid[i], fen)), m.refund(i, fen)
			case "wait":
				b.pass(time.Duration(rapid.IntRange(1, 70).Draw(rt, "seconds")) * time.Second)
			case "restart":
				b.open()
			}
			if got != want {
				rt.Fatalf("%s: answer %q, want %q", step, got, want)
			}
			if holds := b.holds(); holds != int64(m.holds) {
				rt.Fatalf("after %s the account holds %d, want %d", step, holds, m.holds)
			}
		}
	})
}
