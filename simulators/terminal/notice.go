package terminal

import (
	"slices"
	"strconv"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// NoticeRules are those about what the host is told of a payment when it is over: the cardholder's signature, and what the
// issuer's commands did to the chip.
type NoticeRules struct {
	NeedsSignature func(*Terminal) bool                                            // terminal/signature: the cardholder signs on the pad
	SignatureParts func(picture []byte, size int) [][]byte                         // terminal/signature-parts: a picture cut into parts
	SignatureSlip  func(slip iso8583.SignatureSlip, kept map[string]string) []byte // terminal/signature-slip: what goes with the picture
	KeepNotices    bool                                                            // terminal/notice-kept: a notice outlives the power
	AfterPayment   bool                                                            // terminal/notice-after: the host hears of a payment before it hears of its notice
	NoticesFirst   bool                                                            // terminal/notice-first: notices go before a settlement
	PaperSignature bool                                                            // terminal/paper-signature: who does not sign on the pad signs on paper
}

func noticeRules() NoticeRules {
	return NoticeRules{NeedsSignature: needsSignature, SignatureParts: signatureParts, KeepNotices: true, AfterPayment: true, NoticesFirst: true, PaperSignature: true,
		SignatureSlip: func(s iso8583.SignatureSlip, _ map[string]string) []byte { return s.TLV() }}
}

// notice is owed to the host until it has acknowledged each part; it never touches the money.
type notice struct {
	flow    pay.Flow
	payment int    // index in memory.payments
	sealed  []byte // noticed
	parts   int
	acked   int
}

// noticed is what a notice says: elements by name, and the picture in its parts.
type noticed struct {
	Elements map[string]string
	Chip     []byte
	Picture  [][]byte
}

// needsSignature: the cardholder is there with his card, the terminal has a pad, and the host takes the picture.
func needsSignature(t *Terminal) bool {
	_, ok := t.Dialect.Transaction(pay.ESignature)
	entry := t.order.card.entry
	return ok && t.SignaturePad && t.order.plan.Trade && entry != "" && entry != pay.Entry01Manual && entry != pay.Entry03QR
}

func (t *Terminal) wantsSignature() bool {
	t.consult("terminal/signature")
	return t.Rules.NeedsSignature(t)
}

// signatureParts cuts a picture into as few parts as fit; at most nine, 801 to 809.
func signatureParts(picture []byte, size int) [][]byte {
	return slices.Collect(slices.Chunk(picture, max(size, 1)))
}

// maxSignatureParts: F60.3 is 801 to 809 for the parts of a picture (DOMAIN.md A.16).
const maxSignatureParts = 9

// sign takes the picture of a signature. None, or one that is too large to send, leaves the place to sign on the paper.
func (t *Terminal) sign(now time.Time, e Event, out *Actions) {
	p := len(t.payments) - 1
	t.consult("terminal/signature-parts")
	parts := t.Rules.SignatureParts(e.Picture, t.Dialect.Switches.SignaturePart)
	if len(parts) == 0 || len(parts) > maxSignatureParts {
		t.signOnPaper(now, e, out)
		return
	}
	l, err := t.signature(now, p, parts)
	if err != nil {
		t.noteFault(now, err)
		t.signOnPaper(now, e, out)
		return
	}
	t.keepNotice(out, l)
	out.show("SIGNED")
	t.printSlips(out, false)
	t.closeOrder(now, out)
}

// signature makes the notice of a signed payment, with its receipt as it is when nobody signs on it.
func (t *Terminal) signature(now time.Time, p int, parts [][]byte) (*noticeLine, error) {
	kept := map[string]string{}
	if err := t.open(t.payments[p].sealed, &kept); err != nil {
		return nil, err
	}
	n := noticed{Elements: map[string]string{}, Picture: parts}
	for _, element := range []iso8583.Element{iso8583.Amount, iso8583.Currency} {
		n.Elements[element.String()] = kept[element.String()]
	}
	t.consult("terminal/signature-slip")
	n.Chip = t.Rules.SignatureSlip(t.signatureSlip(now, t.payments[p]), kept)
	l, err := t.owesNotice(pay.ESignature, p, n, len(parts))
	if err != nil {
		return nil, err
	}
	l.Slip, err = t.signedSlip("SLIP_SIGNED")
	return l, err
}

// signOnPaper prints the receipts with the place to sign.
func (t *Terminal) signOnPaper(now time.Time, _ Event, out *Actions) {
	t.consult("terminal/paper-signature")
	if !t.Rules.PaperSignature {
		if slip, err := t.signedSlip(""); err == nil {
			t.write(out, &slipLine{Slip: slip})
		}
	}
	out.show("SIGN_ON_PAPER")
	t.printSlips(out, false)
	t.closeOrder(now, out)
}

// leaveUnsigned: nobody came to sign. The receipts have the place for it.
func (t *Terminal) leaveUnsigned(now time.Time, e Event, out *Actions) {
	t.signOnPaper(now, e, out)
	if t.state == Idle {
		t.logOut(now, e, out)
	}
}

// signedSlip gives the last receipt with another line in the place of its place to sign; "" for none.
func (t *Terminal) signedSlip(line string) ([]byte, error) {
	var s Slip
	if err := t.open(t.last, &s); err != nil {
		return nil, err
	}
	s.Lines = slices.DeleteFunc(s.Lines, func(l Line) bool { return l.ID == "SLIP_SIGNATURE" })
	if line != "" {
		s.Lines = append(s.Lines, Line{ID: line})
	}
	return t.seal(s)
}

// signatureSlip is what goes with the picture (DOMAIN.md A.16). It has no card number.
func (t *Terminal) signatureSlip(now time.Time, p payment) iso8583.SignatureSlip {
	s := iso8583.SignatureSlip{Merchant: t.merchantName(), Type: string(p.ref.Flow), Operator: p.operator, Time: now.Format("20060102150405"),
		AuthCode: p.authCode, Currency: p.amount.Currency.Digits()}
	if p.original != nil {
		s.OriginalTrace, s.OriginalBatch = p.original.Trace, p.original.Batch
	}
	return s
}

// scriptResults takes what the issuer's commands did to the chip of a payment: the last one, or the one with that voucher number
// in this batch. Chip is F55 of the notice with the results in DF31 (DOMAIN.md A.11).
func (t *Terminal) scriptResults(now time.Time, e Event, out *Actions) {
	p := len(t.payments) - 1
	if e.Original.Trace != "" {
		p = t.voucher(e.Original.Trace)
	}
	if _, ok := t.Dialect.Transaction(pay.ScriptResult); !ok || p < 0 {
		return
	}
	n := noticed{Elements: map[string]string{}, Chip: e.Chip}
	if err := t.open(t.payments[p].sealed, &n.Elements); err != nil {
		t.noteFault(now, err)
		return
	}
	ref := t.payments[p].ref
	n.Elements[iso8583.OriginalBatch.String()], n.Elements[iso8583.OriginalTrace.String()] = ref.Batch, ref.Trace
	n.Elements[iso8583.OriginalDate.String()] = t.payments[p].date
	l, err := t.owesNotice(pay.ScriptResult, p, n, 1)
	if err != nil {
		t.noteFault(now, err)
		return
	}
	t.keepNotice(out, l)
}

// voucher finds a payment of this batch; -1 for none.
func (t *Terminal) voucher(trace string) int {
	for i := len(t.payments) - 1; i >= t.settledTo; i-- {
		if t.payments[i].ref.Trace == trace {
			return i
		}
	}
	return -1
}

func (t *Terminal) owesNotice(flow pay.Flow, p int, n noticed, parts int) (*noticeLine, error) {
	sealed, err := t.seal(n)
	return &noticeLine{Flow: flow, Payment: p, Parts: parts, Sealed: sealed}, err
}

// keepNotice writes a notice down.
func (t *Terminal) keepNotice(out *Actions, l *noticeLine) {
	t.consult("terminal/notice-kept")
	if t.Rules.KeepNotices {
		t.write(out, l)
	} else {
		l.apply(t)
	}
}

// noticeDue tells that a notice is owed and may be sent now. What the terminal has sold alone has no number of the host's to be told
// under before the host has heard of it.
func (t *Terminal) noticeDue() bool {
	if len(t.notices) == 0 || t.order.failed[noticeErrand] {
		return false
	}
	t.consult("terminal/notice-after")
	if t.Rules.AfterPayment && t.payments[t.notices[0].payment].fact == audit.Stored {
		return false
	}
	t.consult("terminal/notice-first")
	return t.order.plan.Trade || t.Rules.NoticesFirst
}

const noticeErrand = "notice"

// noticeErrand gives the next message of the oldest notice.
func (t *Terminal) noticeErrand() *errand {
	n := t.notices[0]
	return &errand{name: noticeErrand, flow: n.flow,
		request: func(o func(iso8583.Element, string), m *iso8583.Message) error {
			var says noticed
			if err := t.open(n.sealed, &says); err != nil {
				return err
			}
			for e := iso8583.PAN; e < iso8583.MAC; e++ {
				if e != iso8583.Trace {
					o(e, says.Elements[e.String()])
				}
			}
			p := t.payments[n.payment]
			o(iso8583.Batch, p.ref.Batch)
			o(iso8583.RRN, p.rrn)
			o(iso8583.OriginalRRN, p.rrn)
			o(iso8583.AuthCode, p.authCode)
			o(iso8583.Chip, string(says.Chip))
			if n.flow != pay.ESignature {
				return nil
			}
			o(iso8583.Signature, string(says.Picture[n.acked]))
			if n.parts > 1 { // 08 and 801 for the first of several, 07 for the last (DOMAIN.md A.16)
				m.Set(iso8583.NetworkCode, "80"+strconv.Itoa(n.acked+1))
				if n.acked+1 < n.parts {
					m.Set(iso8583.TypeCode, "08")
				}
			}
			return nil
		},
		answer: func(_ time.Time, _ iso8583.AnswerRule, _ *iso8583.Message, out *Actions) bool {
			t.write(out, &noticePartLine{})
			return true
		},
		refused: func(now time.Time, rule iso8583.AnswerRule, out *Actions) {
			if !t.notYet(rule.Code) { // the host's last word
				t.decide(now, "terminal/advice-again", string(n.flow)+" is given up: "+string(rule.Code))
				t.write(out, &noticePartLine{GiveUp: true})
			}
		},
		broken: func(out *Actions) { out.show("NOTICE_KEPT") },
	}
}

// noticeLine: the host is to be told something of a payment. Slip replaces the receipt that waits.
type noticeLine struct {
	Flow    pay.Flow `json:"flow"`
	Payment int      `json:"payment"`
	Parts   int      `json:"parts"`
	Sealed  []byte   `json:"sealed"`
	Slip    []byte   `json:"slip,omitempty"`
}

// noticePartLine: the host has acknowledged a part of the oldest notice, or will have none of it.
type noticePartLine struct {
	GiveUp bool `json:"give_up,omitempty"`
}

// slipLine: the last receipt is another one.
type slipLine struct {
	Slip []byte `json:"slip"`
}

func (*noticeLine) kind() string     { return "till.notice" }
func (*noticePartLine) kind() string { return "till.notice-part" }
func (*slipLine) kind() string       { return "till.slip" }

func (l *noticeLine) apply(t *Terminal) {
	t.notices = append(t.notices, notice{flow: l.Flow, payment: l.Payment, sealed: l.Sealed, parts: l.Parts})
	t.replaceSlip(l.Slip)
}

func (l *slipLine) apply(t *Terminal) { t.replaceSlip(l.Slip) }

func (t *Terminal) replaceSlip(slip []byte) {
	if slip == nil || len(t.payments) == 0 {
		return
	}
	t.last, t.payments[len(t.payments)-1].slip = slip, slip
	if n := len(t.slips); n > 0 {
		t.slips = slices.Clone(t.slips)
		t.slips[n-1].sealed = slip
	}
}

func (l *noticePartLine) apply(t *Terminal) {
	if len(t.notices) == 0 {
		return
	}
	n := &t.notices[0]
	if n.acked++; l.GiveUp || n.acked == n.parts {
		t.notices = t.notices[1:]
	}
}
