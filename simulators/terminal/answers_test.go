package terminal

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// What the terminal does about every answer of DOMAIN.md C, and about one that nobody knows, in every flow, stands in testdata.
// The codes that have the same consequence share a line: how the order ended, what became of the payment, whether the terminal is
// signed in, the slips, and the messages. Whoever is asked for the PIN again enters it again.
func TestEveryAnswerInEveryFlow(t *testing.T) {
	auth := Original{AuthCode: "102030", Date: "0601"}
	flows := []struct {
		flow   pay.Flow
		before pay.Flow
		of     Original
	}{
		{flow: pay.SignIn}, {flow: pay.SignOut}, {flow: pay.Echo}, {flow: pay.Balance}, {flow: pay.Sale}, {flow: pay.MOTOSale},
		{pay.Void, pay.Sale, Original{Trace: "000002"}},
		{pay.Refund, pay.Sale, Original{RRN: "260600000002", Date: "0601"}},
		{flow: pay.PreAuth}, {pay.PreAuthVoid, pay.PreAuth, auth}, {pay.Completion, pay.PreAuth, auth}, {pay.CompletionAdvice, pay.PreAuth, auth},
		{flow: pay.Reversal}, {flow: pay.Settlement},
	}
	var table strings.Builder
	for _, f := range flows {
		consequences := map[string][]string{}
		var order []string
		for _, code := range everyCode(t) {
			b := newBench(t)
			if f.flow != pay.SignIn {
				b.signIn()
			}
			if f.before != "" {
				b.order(f.before, 1000, Original{}, pinTrack)
			}
			b.forget()
			b.answerWith(f.flow, code)
			if f.flow == pay.Reversal {
				b.order(pay.Sale, 1000, Original{}, freeTrack)
			} else {
				b.order(f.flow, 1000, f.of, pinTrack)
			}
			got := b.consequence(f.flow, code)
			if consequences[got] == nil {
				order = append(order, got)
			}
			consequences[got] = append(consequences[got], string(code))
		}
		fmt.Fprintf(&table, "%s\n", f.flow)
		for _, c := range order {
			fmt.Fprintf(&table, "  %s\n      %s\n", c, strings.Join(consequences[c], " "))
		}
	}
	golden(t, "answers.golden", []byte(table.String()))
}

func everyCode(t *testing.T) (codes []pay.Answer) {
	for _, a := range loadDialect(t, "unionpay-pos").Answers() {
		codes = append(codes, a.Code)
	}
	slices.Sort(codes)
	return append(codes, "Z9")
}

// answerWith has the host answer each message of a flow with a code; a reversal follows a sale that nobody answers.
func (b *bench) answerWith(flow pay.Flow, code pay.Answer) {
	b.host.do = func(_ int, f pay.Flow, _ *iso8583.Message) (reply, bool) {
		if flow == pay.Reversal && f == pay.Sale {
			return reply{trouble: &silent}, true
		}
		return reply{code: code}, f == flow
	}
}

// consequence tells what came of it; the words of the prompt are checked here.
func (b *bench) consequence(flow pay.Flow, code pay.Answer) string {
	b.t.Helper()
	rule := b.dialect.Answer(code)
	asGoodAs00 := map[pay.Flow][]pay.Answer{pay.Reversal: b.config.Rules.ReversalFinal, pay.Settlement: {pay.Answer95TotalsDiffer}}[flow]
	if rule.Category != iso8583.CategoryApproved && !slices.Contains(asGoodAs00, code) {
		b.mustShow(rule.Prompt)
	}
	signed := "signed off"
	if s := b.till.Status(); s.SignedIn {
		signed = "signed in"
	} else if b.till.again {
		signed = "signs in next"
	}
	return strings.Join([]string{string(b.ending().Kind), string(b.fact()), signed, fmt.Sprintf("%d slips", len(b.slips)), strings.Join(b.flows(), ", ")}, " | ")
}
