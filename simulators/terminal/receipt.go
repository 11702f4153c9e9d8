package terminal

import (
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Copy says for whom a slip is.
type Copy string

// The copies of a slip.
const (
	MerchantCopy Copy = "merchant"
	CustomerCopy Copy = "customer"
)

// Slip is a receipt: lines as text ids with arguments (DOMAIN.md A.17). It holds no clear PAN, unless the rules want it.
type Slip struct {
	Copy    Copy   `json:"copy,omitempty"`
	Reprint bool   `json:"reprint,omitempty"`
	Single  bool   `json:"single,omitempty"` // for the merchant only
	Lines   []Line `json:"lines"`
}

// Line is one line of a slip. An argument that begins with @ is itself a text id.
type Line struct {
	ID   string   `json:"id"`
	Args []string `json:"args,omitempty"`
	Only Copy     `json:"only,omitempty"` // the one copy that has it; "" for all
}

// entryLetters: how the card came, as one letter behind its number (DOMAIN.md A.17).
var entryLetters = map[pay.Entry]string{pay.Entry01Manual: "M", pay.Entry02Stripe: "S", pay.Entry03QR: "Q",
	pay.Entry05Chip: "I", pay.Entry07Contactless: "C", pay.Entry80Fallback: "S"}

func entryLetter(request *iso8583.Message) string {
	entry := request.Get(iso8583.EntryMode)
	return entryLetters[pay.Entry(entry[:min(2, len(entry))])]
}

// template leaves the expiry out: with it and the number somebody can buy. Elsewhere it is printed (DOMAIN.md A.17).
func template(_ pay.Flow, l Line) (Line, bool) { return l, l.ID != "SLIP_EXPIRY" }

// slip makes the receipt of the exchange's request from its approval. Lines without a value are left out.
func (t *Terminal) slip(now time.Time, code pay.Answer, m *iso8583.Message) Slip {
	req := t.exchange.request
	amount, _ := pay.AmountOf(req.Get(iso8583.Amount), t.Currency) // it was written by us
	if p := t.pending; p != nil && p.part {
		amount = t.payments[p.payment].amount
	}
	var s Slip
	t.consult("terminal/template")
	add := func(l Line) {
		if l, ok := t.Rules.Template(t.exchange.flow, l); ok {
			s.Lines = append(s.Lines, l)
		}
	}
	line := func(id string, args ...string) {
		if strings.TrimSpace(strings.Join(args, "")) != "" {
			add(Line{ID: id, Args: args})
		}
	}
	at := now
	t.consult("terminal/host-time")
	if host, ok := t.Rules.HostTime(m, now); ok {
		t.consult("terminal/slip-time")
		at = t.Rules.SlipTime(now, host)
	}
	institutions := m.Get(iso8583.Institutions) // issuer and acquirer, eleven characters each
	issuer := institutions[:min(11, len(institutions))]
	for _, l := range t.head() {
		line(l.ID, l.Args...)
	}
	line("SLIP_ISSUER", strings.TrimSpace(issuer))
	line("SLIP_ACQUIRER", strings.TrimSpace(institutions[len(issuer):]))
	for _, l := range t.cardLines(pay.NewPAN(req.Get(iso8583.PAN)), entryLetter(req)) {
		add(l)
	}
	line("SLIP_EXPIRY", t.order.card.expiry)
	line("SLIP_TYPE", flowText(t.exchange.flow))
	line("SLIP_BATCH", t.batch)
	line("SLIP_TRACE", m.Get(iso8583.Trace))
	line("SLIP_AUTH", m.Get(iso8583.AuthCode))
	line("SLIP_RRN", m.Get(iso8583.RRN))
	line("SLIP_TIME", at.Format("2006-01-02 15:04:05"))
	switch date := req.Get(iso8583.OriginalDate); {
	case strings.Trim(req.Get(iso8583.OriginalTrace), "0") != "":
		line("SLIP_ORIGINAL", req.Get(iso8583.OriginalTrace))
	case req.Has(iso8583.OriginalRRN): // found without it
		line("SLIP_ORIGINAL_RRN", req.Get(iso8583.OriginalRRN), date)
	case req.Has(iso8583.AuthCode) && !t.order.local: // that of an offline sale is its own
		line("SLIP_ORIGINAL_AUTH", req.Get(iso8583.AuthCode), date)
	}
	for _, l := range t.amountLines(amount) {
		add(l)
	}
	t.chipLines(line)
	line("SLIP_INSTALMENTS", strings.TrimLeft(req.Get(iso8583.InstalmentPlan), "0"))
	line("SLIP_NOTE", strings.Join(strings.Fields(m.Get(iso8583.AnswerText)), " "))
	if prompt := t.Dialect.Answer(code).Prompt; prompt != "APPROVED" && code != pay.Answer10Partial { // A2, A4 to A6 (DOMAIN.md C)
		line(prompt, amount.String())
	}
	if strings.HasSuffix(req.Get(iso8583.EntryMode), "1") {
		add(Line{ID: "SLIP_PIN_ENTERED"})
	}
	add(Line{ID: t.signatureLine()})
	return s
}

// cardLines tell each copy the card and how it came, with the whole number where the rules have it.
func (t *Terminal) cardLines(pan pay.PAN, letter string) []Line {
	t.consult("terminal/mask")
	t.consult("terminal/full-pan")
	if pan.IsZero() {
		return t.codeLine(t.exchange.request)
	}
	var lines []Line
	for _, c := range t.Rules.Copies {
		number := t.Rules.MaskPAN(pan)
		if t.Rules.FullPAN(t.exchange.flow, c) {
			number = pan.Reveal()
		}
		lines = append(lines, Line{ID: "SLIP_CARD", Args: []string{number, letter}, Only: c})
	}
	return lines
}

// pickUpSlip goes with a card that the issuer wants kept: which it is, and by what answer. It has no voucher number, since it is no
// receipt.
func (t *Terminal) pickUpSlip(now time.Time, code pay.Answer, m *iso8583.Message) Slip {
	req := t.exchange.request
	s := Slip{Single: true, Lines: append(t.head(), Line{ID: "SLIP_CARD_KEPT"})}
	s.Lines = append(s.Lines, Line{ID: "SLIP_CARD", Args: []string{t.Rules.MaskPAN(pay.NewPAN(req.Get(iso8583.PAN))), entryLetter(req)}},
		Line{ID: "SLIP_TYPE", Args: []string{flowText(t.exchange.flow)}}, Line{ID: "SLIP_RRN", Args: []string{m.Get(iso8583.RRN)}},
		Line{ID: "SLIP_TIME", Args: []string{now.Format("2006-01-02 15:04:05")}},
		Line{ID: "SLIP_ANSWER", Args: []string{string(code)}})
	return s
}

// pickUp prints the slip of a card to be kept where there is no payment to keep it with.
func (t *Terminal) pickUp(now time.Time, rule iso8583.AnswerRule, m *iso8583.Message, out *Actions) {
	t.consult("terminal/pick-up")
	if rule.Next == iso8583.NextKeepCard && t.Rules.PickUpSlip && t.order.plan.Trade && t.paper {
		s := t.pickUpSlip(now, rule.Code, m)
		s.Copy = MerchantCopy
		out.add(Action{Kind: Print, Slip: s})
	}
}

// receiptOf finds the receipt of a voucher of this batch; nil for none.
func (t *Terminal) receiptOf(voucher string) []byte {
	for _, p := range slices.Backward(t.payments[t.settledTo:]) {
		if p.ref.Trace == voucher && p.slip != nil {
			return p.slip
		}
	}
	t.consult("terminal/wallet-listed")
	for _, s := range t.wallets {
		if s.Batch == t.batch && s.slips[voucher] != nil && t.Rules.Wallet.Listed {
			return s.slips[voucher]
		}
	}
	return nil
}

func flowText(f pay.Flow) string {
	return "@FLOW_" + strings.ToUpper(strings.ReplaceAll(string(f), "-", "_"))
}

// printSlips prints what waits, each in two copies. Those whose printing may have begun in an earlier life (restored) get the reprint mark.
func (t *Terminal) printSlips(out *Actions, restored bool) {
	if len(t.slips) == 0 {
		return
	}
	if !t.paper {
		out.show("PAPER_OUT")
		return
	}
	waiting := t.slips
	for _, w := range waiting {
		if !w.begun {
			waiting = append([]waitingSlip(nil), waiting...)
			t.write(out, &printLine{})
			break
		}
	}
	for _, w := range waiting {
		t.print(w.sealed, w.begun && restored, out)
	}
	t.write(out, &printLine{Done: true})
}

func (t *Terminal) print(sealed []byte, reprint bool, out *Actions) {
	s, err := t.openSlip(sealed)
	if err != nil { // the key that sealed it is gone
		t.Trace.Record(trace.Event{Party: t.Name, Kind: trace.Trouble, Name: "terminal-fault", Text: err.Error()})
		return
	}
	t.consult("terminal/copies")
	t.consult("terminal/reprint")
	s.Reprint = reprint && t.Rules.MarkReprint
	copies := t.Rules.Copies
	if s.Single {
		copies = []Copy{MerchantCopy}
	}
	lines := s.Lines
	for _, s.Copy = range copies {
		s.Lines = slices.DeleteFunc(slices.Clone(lines), func(l Line) bool { return l.Only != "" && l.Only != s.Copy })
		out.add(Action{Kind: Print, Slip: s})
	}
}

// sealSlip seals a slip for the journal, and remembers it for its printing, which mostly comes next.
func (t *Terminal) sealSlip(s Slip) (sealed []byte, err error) {
	sealed, err = t.seal(s)
	t.lastSlip = sealedSlip{sealed, s}
	return sealed, err
}

// openSlip reads a slip of the journal.
func (t *Terminal) openSlip(sealed []byte) (s Slip, err error) {
	if last := t.lastSlip; len(sealed) > 0 && len(last.sealed) > 0 && &sealed[0] == &last.sealed[0] {
		t.lastSlip = sealedSlip{}
		return last.slip, nil
	}
	return s, t.open(sealed, &s)
}

// reprint prints the last receipt once more, or that of a voucher of this batch.
func (t *Terminal) reprint(now time.Time, e Event, out *Actions) {
	slip := t.last
	t.consult("terminal/reprint-voucher")
	if voucher := e.Original.Trace; voucher != "" && t.Rules.AnyVoucher {
		slip = t.receiptOf(voucher)
	}
	switch {
	case slip == nil:
		t.refuse(now, "terminal/reprint", "NO_SLIP", out)
	case !t.paper:
		t.refuse(now, "terminal/paper", "PAPER_OUT", out)
	default:
		t.print(slip, true, out)
		t.tell(Ending{Kind: Printed, Screen: "REPRINTED"}, out)
		t.finish(out)
	}
}
