package terminal

import (
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

// Slip is a receipt: lines as text ids with arguments (DOMAIN.md A.17). It holds no clear PAN.
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
}

// entryLetters: how the card came, as one letter behind its number (DOMAIN.md A.17).
var entryLetters = map[pay.Entry]string{pay.Entry01Manual: "M", pay.Entry02Stripe: "S", pay.Entry03QR: "Q",
	pay.Entry05Chip: "I", pay.Entry07Contactless: "C", pay.Entry80Fallback: "S"}

// slip makes the receipt of the exchange's request from its approval. Lines without a value are left out.
func (t *Terminal) slip(now time.Time, m *iso8583.Message) Slip {
	req := t.exchange.request
	t.consult("terminal/mask")
	entry := req.Get(iso8583.EntryMode) + "  "
	amount, _ := pay.AmountOf(req.Get(iso8583.Amount), t.Currency) // it was written by us
	var s Slip
	line := func(id string, args ...string) {
		if strings.TrimSpace(strings.Join(args, "")) != "" {
			s.Lines = append(s.Lines, Line{id, args})
		}
	}
	at := now
	if host, ok := hostTime(m, now); ok {
		at = host
	}
	institutions := m.Get(iso8583.Institutions) // issuer and acquirer, eleven characters each
	issuer := institutions[:min(11, len(institutions))]
	for _, l := range t.head() {
		line(l.ID, l.Args...)
	}
	line("SLIP_ISSUER", strings.TrimSpace(issuer))
	line("SLIP_ACQUIRER", strings.TrimSpace(institutions[len(issuer):]))
	line("SLIP_CARD", t.Rules.MaskPAN(pay.NewPAN(req.Get(iso8583.PAN))), entryLetters[pay.Entry(entry[:2])])
	line("SLIP_TYPE", flowText(t.exchange.flow))
	line("SLIP_BATCH", t.batch)
	line("SLIP_TRACE", m.Get(iso8583.Trace))
	line("SLIP_AUTH", m.Get(iso8583.AuthCode))
	line("SLIP_RRN", m.Get(iso8583.RRN))
	line("SLIP_TIME", at.Format("2006-01-02 15:04:05"))
	if original := req.Get(iso8583.OriginalTrace); strings.Trim(original, "0") != "" {
		line("SLIP_ORIGINAL", original)
	}
	line("SLIP_AMOUNT", amount.String())
	line("SLIP_TOTAL", amount.String())
	line("SLIP_NOTE", strings.Join(strings.Fields(m.Get(iso8583.AnswerText)), " "))
	if entry[2] == '1' {
		s.Lines = append(s.Lines, Line{ID: "SLIP_PIN_ENTERED"})
	}
	s.Lines = append(s.Lines, Line{ID: "SLIP_SIGNATURE"})
	return s
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
	var s Slip
	if err := t.open(sealed, &s); err != nil { // the key that sealed it is gone
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
	for _, s.Copy = range copies {
		out.add(Action{Kind: Print, Slip: s})
	}
}

// reprint prints the last slip once more.
func (t *Terminal) reprint(now time.Time, _ Event, out *Actions) {
	switch {
	case t.last == nil:
		t.refuse(now, "terminal/reprint", "NO_SLIP", out)
	case !t.paper:
		t.refuse(now, "terminal/paper", "PAPER_OUT", out)
	default:
		t.print(t.last, true, out)
		t.tell(Ending{Kind: Printed, Screen: "REPRINTED"}, out)
		t.finish(out)
	}
}
