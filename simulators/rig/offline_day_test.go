package rig

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Random days of sales that the till decided alone, parts, adjustments, tips, and what takes them back: repeats, reversals, restarts,
// and a line to the issuer that comes and goes. In the end the books agree, in both dialects.
func TestRandomOfflineDays(t *testing.T) {
	acts := map[pay.Flow][]pay.Flow{pay.Sale: {pay.Tip, pay.Tip, pay.Void, pay.Refund}, pay.OfflineSale: {pay.Adjustment, pay.Tip, pay.Void, pay.Refund}}
	seen := map[string]int{}
	for _, dialect := range []string{"unionpay-pos", "iso87-ascii"} {
		t.Run(dialect, func(t *testing.T) {
			speak := speaking(t, dialect)
			rapid.Check(t, func(rt *rapid.T) {
				b := newBothHosts(t, speak)
				type sent struct{ request, answer *iso8583.Message }
				var all []sent
				for range rapid.IntRange(1, 20).Draw(rt, "steps") {
					step := rapid.SampledFrom([]string{"pay", "pay", "act", "act", "act", "repeat", "reverse", "line", "restart"}).Draw(rt, "step")
					if len(all) == 0 {
						step = "pay"
					}
					var one sent
					if len(all) > 0 {
						one = all[rapid.IntRange(0, len(all)-1).Draw(rt, "which")]
					}
					fen := rapid.SampledFrom([]int{500, 1000, 1100, 2000}).Draw(rt, "amount")
					var request *iso8583.Message
					switch step {
					case "pay":
						request = b.request(rapid.SampledFrom([]pay.Flow{pay.Sale, pay.OfflineSale}).Draw(rt, "flow"), fen)
						spec, _, _ := b.pos.Identify(request)
						if asked := rapid.Bool().Draw(rt, "asked"); asked && spec.Flow == pay.Sale {
							request.Set(iso8583.PartialApproval, "1")
						} else if asked {
							request.Set(iso8583.AuthCode, "654321")
						}
					case "act":
						if spec, _, _ := b.pos.Identify(one.request); len(acts[spec.Flow]) > 0 {
							request = b.on(rapid.SampledFrom(acts[spec.Flow]).Draw(rt, "act"), one.request, one.answer, fen)
						}
					case "repeat":
						b.ask(one.request)
					case "reverse":
						if spec, _, _ := b.pos.Identify(one.request); spec.Reversible {
							b.ask(b.reversalOf(one.request))
						}
					case "line":
						b.down = rapid.Bool().Draw(rt, "down")
					case "restart":
						b.open()
						b.acquirer.Resume(b.loop.Now(), b)
					}
					if request == nil {
						continue
					}
					if code := b.ask(request); code != "" {
						spec, _, _ := b.pos.Identify(request)
						seen[fmt.Sprint(spec.Flow, " ", code)]++
						all = append(all, sent{request, b.answer})
					}
				}
				b.down = false
				for range 3 {
					b.acquirer.Resume(b.loop.Now(), b)
					b.rest()
				}
				b.open()
				b.agree(rt)
			})
		})
	}
	if testing.Short() {
		return // so few days need not have all of it
	}
	for _, must := range []string{"sale 10", "offline-sale 00", "tip 00", "tip 61", "adjustment 00", "void 00", "refund 00"} {
		if seen[must] == 0 {
			t.Errorf("no day had a %s: %v", must, seen)
		}
	}
}

// agree holds both hosts' books to each other when nothing is under way.
func (b *bothHosts) agree(rt *rapid.T) {
	merchant := b.acquirer.Balance("898320548160001")
	card, err := b.issuer.Balance("alice")
	err = errors.Join(err, b.acquirer.Ledger().TrialBalance(), b.issuer.Ledger().TrialBalance())
	if breaks := b.breaks(); len(breaks) > 0 || err != nil {
		rt.Fatal(breaks, err)
	}
	if merchant.Booked.Minor+card.Booked.Minor != 3000 {
		rt.Fatalf("the merchant has %s, Alice %s of 30.00", merchant.Booked, card.Booked)
	}
}
