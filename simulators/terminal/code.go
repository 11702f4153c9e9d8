package terminal

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
)

// CodeRules are what a terminal decides about payers' codes from (DOMAIN.md E.3, E.6).
type CodeRules struct {
	Scan        func(picture []byte) (text string, ok bool)        // terminal/scanner: what a picture says
	ScanTries   int                                                // terminal/scan-tries: unreadable pictures before the order is given up
	Wallets     []qr.Scheme                                        // terminal/wallets: whose codes are sent to the host
	CodePIN     func(a pay.Amount, limit int64) bool               // terminal/code-pin: whether a code wants a PIN; gets the dialect's limit
	CodeTips    bool                                               // terminal/code-tips: what was paid by code takes a tip
	CodeAgain   bool                                               // terminal/code-card: what was paid by code is given back without a card
	MaskCode    func(qr.PayerCode) string                          // terminal/mask-code
	CodeApart   func(payment) bool                                 // terminal/code-apart: whether slips count a payment as one by code
	CodeParts   bool                                               // terminal/code-parts: a part of what is paid by code may be approved
	CodeAbroad  bool                                               // terminal/code-origin: payers' codes count as cards from abroad
	DeviceText  func(d *iso8583.Dialect, tag, value string) string // terminal/device-length: one value of F59
	CodeAnswer  func(iso8583.AnswerRule) iso8583.AnswerRule        // terminal/code-answer: what an answer means where a code has paid
	CardInstead bool                                               // terminal/scanner: where nothing can be scanned a card may pay
}

// codeRules: codes up to the no-PIN limit ask for no PIN (DOMAIN.md F.3). The payer has agreed to the amount that his phone was
// shown, so there is no tip and no part.
func codeRules() CodeRules {
	return CodeRules{
		Scan: qr.Scan, ScanTries: 3, Wallets: []qr.Scheme{qr.UnionPay},
		CodePIN:   func(a pay.Amount, limit int64) bool { return a.Minor > limit },
		CodeAgain: true, CardInstead: true,
		DeviceText: (*iso8583.Dialect).DeviceText,
		CodeAnswer: keepsNoPhone,
		MaskCode:   qr.PayerCode.String,
		CodeApart:  func(p payment) bool { return p.byCode },
	}
}

// keepsNoPhone: of an answer that wants the card kept only the no is left.
func keepsNoPhone(r iso8583.AnswerRule) iso8583.AnswerRule {
	if r.Next == iso8583.NextKeepCard {
		r.Category, r.Prompt, r.Next = iso8583.CategoryDeclined, "RESTRICTED_CARD", iso8583.NextNone
	}
	return r
}

// scan takes what the scanner sees instead of a card. A picture that cannot be read is asked for again; a code that this host does
// not take ends the order, since the same phone will show no other.
func (t *Terminal) scan(now time.Time, e Event, out *Actions) {
	t.consult("terminal/scanner")
	switch {
	case !t.Scanner && !t.Rules.CardInstead:
		t.refuse(now, "terminal/scanner", "NO_SCANNER", out)
		return
	case !t.Scanner:
		t.wait(WaitingCard, NeedCard, out, "NO_SCANNER")
		return
	case !t.takesCodes():
		t.wait(WaitingCard, NeedCard, out, "NO_CODE_HERE")
		return
	}
	text, ok := e.Code.Reveal(), true
	if e.Code.IsZero() {
		text, ok = t.Rules.Scan(e.Picture)
	}
	if !ok {
		t.consult("terminal/scan-tries")
		if t.order.scans++; t.order.scans >= t.Rules.ScanTries {
			t.refuse(now, "terminal/scan-tries", "CODE_UNREADABLE", out)
			return
		}
		t.wait(WaitingCard, NeedCard, out, "SCAN_AGAIN")
		return
	}
	code, ok := qr.ParsePayerCode(text)
	if a := t.walletOf(code.Scheme); ok && a != nil && t.order.plan.Flow == pay.Sale {
		t.payByWallet(now, a, code, out)
		return
	}
	t.consult("terminal/wallets")
	if !ok || !slices.Contains(t.Rules.Wallets, code.Scheme) || !t.Dialect.Carries(t.order.plan.Flow, iso8583.DeviceData) {
		t.refuse(now, "terminal/wallets", "WALLET_NOT_TAKEN", out)
		return
	}
	t.order.card = card{entry: pay.Entry03QR, code: code}
	t.gained(now, out)
}

// takesCodes tells that the order may be paid by a payer's code.
func (t *Terminal) takesCodes() bool {
	return t.order.plan.Codes && (t.Dialect.Carries(t.order.plan.Flow, iso8583.DeviceData) || len(t.Wallets) > 0)
}

// withoutCard goes on with a refund of a payment by code that this terminal knows nothing of: the host finds it by its number.
func (t *Terminal) withoutCard(now time.Time, e Event, out *Actions) {
	if t.order.plan.Original != ByRRN || !t.Dialect.Carries(t.order.plan.Flow, iso8583.DeviceData) {
		refuse(t, now, e, out)
		return
	}
	t.order.card = card{entry: pay.Entry03QR}
	t.gained(now, out)
}

// keptCode gives what stands for a card in the journal's elements of a payment by code; false for one with a card.
func (t *Terminal) keptCode(kept map[string]string) (card, bool) {
	code, ok := qr.ParsePayerCode(t.Dialect.DeviceValue(kept[iso8583.DeviceData.String()], iso8583.DeviceA3PayerCode))
	return card{entry: pay.Entry03QR, code: code}, ok
}

// deviceText writes a value of F59.
func (t *Terminal) deviceText(tag, value string) string {
	t.consult("terminal/device-length")
	return t.Rules.DeviceText(t.Dialect, tag, value)
}

// byCode tells that the order's payer shows a code, or showed one when he paid.
func (t *Terminal) byCode() bool { return t.order.card.entry == pay.Entry03QR }

// codeLine tells on a slip by which code was paid; there is none where another terminal had it scanned.
func (t *Terminal) codeLine(request *iso8583.Message) []Line {
	t.consult("terminal/mask-code")
	code, ok := qr.ParsePayerCode(request.DeviceValue(iso8583.DeviceA3PayerCode))
	if !ok {
		return nil
	}
	return []Line{{ID: "SLIP_PAYER_CODE", Args: []string{t.Rules.MaskCode(code), entryLetter(request)}}}
}
