package terminal

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Original names the payment that an order acts on, as a cashier types it (DOMAIN.md A.6). Batch and Trace may be left out
// where something else finds the payment.
type Original struct {
	Batch    string // six digits; "" is the batch of today for a voucher number
	Trace    string // six digits, the voucher number
	RRN      string // twelve characters
	Date     string // MMDD
	AuthCode string // six characters
}

// Naming is what a cashier types to name an original.
type Naming string

// The namings.
const (
	ByVoucher  Naming = "voucher"   // a payment of this batch: the trace number on its slip
	ByRRN      Naming = "rrn"       // any payment: reference number and date
	ByAuthCode Naming = "auth-code" // a pre-authorization: authorization code and date
)

// original is the payment that an order acts on. ref and kept are missing where it is not in this terminal's journal.
type original struct {
	Original
	ref  *audit.Ref
	kept map[string]string // its elements by name
}

// complete: all that the naming asks for is there, in its shape.
func (o Original) complete(n Naming) bool {
	date := len(o.Date) == 4 && digitsOnly(o.Date)
	switch n {
	case ByVoucher:
		return len(o.Trace) == 6 && digitsOnly(o.Trace)
	case ByRRN:
		return len(o.RRN) == 12 && date
	}
	return len(o.AuthCode) == 6 && date
}

func (t *Terminal) askOriginal(out *Actions) {
	screen := map[Naming]string{ByVoucher: "ENTER_VOUCHER", ByRRN: "ENTER_RRN", ByAuthCode: "ENTER_AUTH_CODE"}[t.order.plan.Original]
	t.wait(WaitingOriginal, NeedOriginal, out, screen)
}

// enterOriginal takes what names the original. A voucher of this batch must be in the journal, which knows the rest of it; of
// other payments the journal adds what it happens to know.
func (t *Terminal) enterOriginal(now time.Time, e Event, out *Actions) {
	o := &t.order
	if t.walletBack(now, e.Original, out) {
		return
	}
	if !e.Original.complete(o.plan.Original) {
		t.askOriginal(out)
		return
	}
	o.original = original{Original: e.Original}
	p := t.findOriginal(e.Original)
	switch {
	case p != nil:
		if err := t.recall(p); err != nil {
			t.fault(now, err, out)
			return
		}
	case o.plan.Original == ByVoucher:
		t.refuse(now, "terminal/original", "NO_ORIGINAL", out)
		return
	}
	if p != nil && (o.plan.Undoes || o.plan.Flow.Amends()) && t.undone(p.ref) {
		t.refuse(now, "terminal/undone", "UNDONE_ALREADY", out)
		return
	}
	if p != nil && o.plan.Flow.Amends() {
		if screen := t.amends(p); screen != "" {
			t.refuse(now, "terminal/tip-limit", screen, out)
			return
		}
	}
	if p != nil && t.actsOnStored(now, p, e.Original, out) {
		return
	}
	o.typed, o.named = nil, true
	t.gained(now, out)
}

// findOriginal finds an approved payment that the order can act on in the journal, the youngest first; nil for none.
func (t *Terminal) findOriginal(typed Original) *payment {
	t.consult("terminal/original")
	for i := len(t.payments) - 1; i >= 0; i-- {
		p := &t.payments[i]
		var named bool
		switch t.order.plan.Original {
		case ByVoucher:
			named = i >= t.settledTo && p.ref.Trace == typed.Trace
		case ByRRN:
			named = p.rrn == typed.RRN && p.date == typed.Date
		case ByAuthCode:
			named = p.authCode == typed.AuthCode && p.date == typed.Date
		}
		if named && stands(p.fact) && slices.Contains(t.order.plan.Of, p.ref.Flow) {
			return p
		}
	}
	return nil
}

// recall completes the order's original from the journal. What takes a payment back takes all of it.
func (t *Terminal) recall(p *payment) error {
	o := &t.order
	ref := p.ref
	o.original.ref = &ref
	o.original.Original = Original{Batch: ref.Batch, Trace: ref.Trace, RRN: p.rrn, Date: p.date, AuthCode: p.authCode}
	if o.plan.Undoes && o.plan.Original == ByVoucher {
		t.consult("terminal/void-amount")
		o.amount = t.Rules.VoidAmount(p.first(), p.amount)
	}
	if err := t.open(p.sealed, &o.original.kept); err != nil {
		return err
	}
	if tx, ok := t.Dialect.Transaction(ref.Flow); ok && tx.Advice && t.Dialect.Has(iso8583.OriginalMTI) { // what is kept of an advice does not name it
		kept := o.original.kept
		t.nameOriginal(kept, tx.Request, func(e iso8583.Element) string { return kept[e.String()] })
	}
	return nil
}

// undone tells that a payment was taken back already.
func (t *Terminal) undone(ref audit.Ref) bool {
	t.consult("terminal/undone")
	return t.Rules.UndoOnce && slices.ContainsFunc(t.payments, func(p payment) bool {
		return p.undoes && p.fact == audit.Approved && p.original != nil && *p.original == ref // it may be another terminal's
	})
}

// offerOriginal offers what names the original (DOMAIN.md A.6): F61 with batch and trace, which may be zeros where something
// else finds it; where the dialect has F90, that names it.
func (t *Terminal) offerOriginal(o func(iso8583.Element, string), m *iso8583.Message) {
	known, plan := &t.order.original, &t.order.plan
	if plan.Original == "" {
		return
	}
	if t.Dialect.Has(iso8583.OriginalMTI) {
		t.offerOriginalData(o, m)
	} else {
		o(iso8583.OriginalBatch, orZeros(known.Batch, 6))
		o(iso8583.OriginalTrace, orZeros(known.Trace, 6))
		if plan.Original != ByVoucher || plan.Flow.Amends() {
			o(iso8583.OriginalDate, known.Date)
		}
	}
	if plan.Original != ByAuthCode && plan.Flow != pay.Adjustment { // an offline sale had no number of the host's
		o(iso8583.OriginalRRN, known.RRN)
	}
	if plan.Original != ByRRN {
		o(iso8583.AuthCode, known.AuthCode)
	}
}

// offerOriginalData offers F90: the original's MTI, trace and time of transmission (DOMAIN.md G); or as the dialect has these.
func (t *Terminal) offerOriginalData(o func(iso8583.Element, string), m *iso8583.Message) {
	kept := t.order.original.kept
	if kept == nil {
		kept = map[string]string{iso8583.OriginalTrace.String(): orZeros(t.order.original.Trace, 6),
			iso8583.OriginalDate.String(): t.order.original.Date, iso8583.OriginalTime.String(): "000000",
			iso8583.OriginalYear.String(): lastYear(t.order.original.Date, m)}
		if tx, ok := t.Dialect.Transaction(t.order.plan.Of[0]); ok {
			kept[iso8583.OriginalMTI.String()] = tx.Request
		}
	}
	for _, e := range []iso8583.Element{iso8583.OriginalMTI, iso8583.OriginalTrace, iso8583.OriginalDate, iso8583.OriginalTime, iso8583.OriginalYear} {
		o(e, kept[e.String()])
	}
}

// lastYear gives the year of a day that a slip names without one: the last such day before m.
func lastYear(day string, m *iso8583.Message) string {
	year, err := strconv.Atoi(m.Get(iso8583.LocalYear))
	if err != nil {
		return "" // a dialect without years
	}
	if day > m.Get(iso8583.LocalDate) {
		year += 99
	}
	return fmt.Sprintf("%02d", year%100)
}

func orZeros(digits string, n int) string {
	if digits == "" {
		return "000000000000"[:n]
	}
	return digits
}

// needsCard: a void and a completion may do without the card where the operator's parameters say so and the journal knows
// its number (DOMAIN.md A.4.1). What was paid by code needs neither card nor PIN.
func (t *Terminal) needsCard() bool {
	plan, kept := &t.order.plan, t.order.original.kept
	t.consult("terminal/code-card")
	if c, ok := t.keptCode(kept); ok && t.Rules.CodeAgain {
		t.order.card = c
		return false
	}
	if plan.Card == nil || kept[iso8583.PAN.String()] == "" {
		return true
	}
	t.consult("terminal/void-card")
	card, _ := plan.Card(t.Dialect.Switches)
	if !card {
		t.order.card = keptCard(kept)
	}
	return card
}

// keptCard is the card as the journal knows it: as if typed.
func keptCard(kept map[string]string) card {
	return card{entry: pay.Entry01Manual, pan: pay.NewPAN(kept[iso8583.PAN.String()]), expiry: kept[iso8583.Expiry.String()]}
}

// needsPIN: the operator's parameters may do without.
func (t *Terminal) needsPIN() bool {
	switch {
	case t.byCode() && t.order.plan.Original != "":
		return false
	case t.order.plan.Card == nil:
		return true
	}
	t.consult("terminal/void-card")
	_, pin := t.order.plan.Card(t.Dialect.Switches)
	return pin
}
