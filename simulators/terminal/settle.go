package terminal

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// settling is a settlement that has begun (DOMAIN.md A.13). Until it is through there is no trade, so that its totals and
// uploads stay what they were.
type settling struct {
	stage    stage
	totals   iso8583.Settlement // as they were sent
	balanced bool
	acked    int // uploads that the host has acknowledged
	trace    int // of the upload that is under way; its repeat is the same message. 0 for none
}

// stage is what a settlement sends next.
type stage string

const (
	stageTotals  stage = "totals"
	stageUploads stage = "uploads" // and then their end
	stageSignOut stage = "sign-out"
)

// upload is one message of the uploads: some rows, or one advice in its own fields.
type upload struct {
	flow     pay.Flow
	payments []payment
}

// counted are the payments of this batch that stand in its totals, in their order: what was approved and moves money. A sale
// that was voided counts, and so does its void.
func (t *Terminal) counted() []payment {
	var all []payment
	for _, p := range t.payments[t.settledTo:] {
		if t.counts(p) {
			all = append(all, p)
		}
	}
	return all
}

func (t *Terminal) counts(p payment) bool { return stands(p.fact) && t.side(p.ref.Flow) != "" }

func (t *Terminal) side(f pay.Flow) Side {
	t.consult("terminal/totals")
	for _, p := range t.Rules.Plans {
		if p.Flow == f {
			return p.Side
		}
	}
	return ""
}

// totals sums the batch up, by the direction of the money and the origin of the card.
func (t *Terminal) totals() (iso8583.Settlement, error) {
	zero := pay.Amount{Currency: t.Currency}
	s := iso8583.Settlement{Domestic: iso8583.Totals{Debit: zero, Credit: zero}, Foreign: iso8583.Totals{Debit: zero, Credit: zero}}
	for _, p := range t.counted() {
		of := &s.Domestic
		if p.foreign {
			of = &s.Foreign
		}
		sum, count := &of.Debit, &of.DebitCount
		if t.side(p.ref.Flow) == Credit {
			sum, count = &of.Credit, &of.CreditCount
		}
		total, err := sum.Add(p.amount)
		if err != nil {
			return s, err
		}
		*sum = total
		*count++
	}
	return s, nil
}

// uploads are the messages that follow the totals. Where these differ: rows, up to eight a message, then the advices one by one, each
// in its own fields. What was paid by chip is uploaded in any case, with what the chip said at its end.
func (t *Terminal) uploads() []upload {
	t.consult("terminal/upload-single")
	t.consult("terminal/upload-rows")
	t.consult("terminal/upload-chips")
	var rows, single, chips []upload
	for _, p := range t.payments[t.settledTo:] {
		if t.Rules.UploadsChip(t.Dialect, p.chip, p.chipFailed) {
			chips = append(chips, upload{pay.TCUpload, []payment{p}})
			continue
		}
		if !t.counts(p) || t.settling.balanced {
			continue
		}
		if flow, ok := t.Rules.Single[p.ref.Flow]; ok {
			single = append(single, upload{flow, []payment{p}})
			continue
		}
		if n := len(rows); n == 0 || len(rows[n-1].payments) == t.Rules.Rows {
			rows = append(rows, upload{flow: pay.BatchUpload})
		}
		last := &rows[len(rows)-1]
		last.payments = append(last.payments, p)
	}
	return slices.Concat(rows, single, chips)
}

// settle sends what a settlement sends next.
func (t *Terminal) settle(now time.Time, out *Actions) {
	if t.settling == nil {
		totals, err := t.totals()
		if err != nil {
			t.fault(now, err, out)
			return
		}
		t.order.fresh = true
		t.settles(out, &settleLine{Stage: stageTotals, Totals: &totals})
	}
	switch s := t.settling; s.stage {
	case stageUploads:
		flow := pay.UploadEnd
		if u := t.uploads(); s.acked < len(u) {
			flow = u[s.acked].flow
		}
		t.send(now, flow, out)
	case stageSignOut:
		t.send(now, pay.SignOut, out)
	default:
		t.send(now, pay.Settlement, out)
	}
}

// offerSettlement offers what the messages of a settlement have.
func (t *Terminal) offerSettlement(o func(iso8583.Element, string), m *iso8583.Message, flow pay.Flow) error {
	switch flow {
	case pay.Settlement:
		data, err := t.settling.totals.Digits()
		o(iso8583.SettlementData, data)
		o(iso8583.Currency, t.Currency.Digits())
		return err
	case pay.BatchUpload:
		rows, err := t.rows(t.uploads()[t.settling.acked].payments)
		o(iso8583.SettlementData, rows)
		return err
	case pay.UploadEnd:
		count := 0
		for _, u := range t.uploads() {
			count += len(u.payments)
		}
		t.consult("terminal/upload-end")
		m.Set(iso8583.NetworkCode, t.Rules.End(t.settling.balanced))
		data, err := iso8583.UploadCount(count)
		o(iso8583.SettlementData, data)
		return err
	case pay.SignOut:
		return nil
	}
	return t.offerUpload(o, m)
}

func (t *Terminal) rows(payments []payment) (string, error) {
	rows := make([]iso8583.BatchRow, len(payments))
	for i, p := range payments {
		kept := map[string]string{}
		if err := t.open(p.sealed, &kept); err != nil {
			return "", err
		}
		rows[i] = iso8583.BatchRow{Foreign: p.foreign, Trace: p.ref.Trace, PAN: pay.NewPAN(kept[iso8583.PAN.String()]), Amount: p.amount}
	}
	return iso8583.BatchRows(rows)
}

// offerUpload offers an advice in its own fields, under its own trace number.
func (t *Terminal) offerUpload(o func(iso8583.Element, string), m *iso8583.Message) error {
	kept, p := map[string]string{}, t.uploads()[t.settling.acked].payments[0]
	if err := t.open(p.sealed, &kept); err != nil {
		return err
	}
	amount, err := p.amount.Digits() // an offline sale may have been adjusted
	if err != nil {
		return err
	}
	kept[iso8583.Amount.String()] = amount
	delete(kept, iso8583.SecurityControl.String()) // there is no track
	for e := iso8583.PAN; e < iso8583.MAC; e++ {
		o(e, kept[e.String()])
	}
	if p.chip != nil {
		t.offerChipUpload(o, m, p)
		return nil
	}
	o(iso8583.Chip, string(p.signed))
	m.Set(iso8583.Condition, kept[iso8583.Condition.String()])
	return nil
}

// settleAnswered goes a step on. What the host refuses after the totals leaves the settlement half done, to be tried again.
func (t *Terminal) settleAnswered(now time.Time, rule iso8583.AnswerRule, m *iso8583.Message, out *Actions) {
	first := t.order.fresh
	t.order.fresh, t.order.repeats = false, 0
	s := t.settling
	switch flow := t.exchange.flow; {
	case flow == pay.Settlement:
		t.totalsAnswered(now, first, rule, m, out)
	case flow == pay.SignOut:
		t.closeBatch(now, out, nil)
	case rule.Code == pay.Answer95TotalsDiffer && flow == pay.UploadEnd && !t.order.again && t.Rules.UploadAgain:
		t.consult("terminal/upload-again")
		t.order.again = true // the host has counted other uploads: all of them once more (DOMAIN.md C)
		t.settles(out, &settleLine{Stage: stageUploads})
		t.settle(now, out)
	case rule.Category != iso8583.CategoryApproved:
		t.tell(endingOf(Declined, rule, m), out, string(rule.Code))
		t.finish(out)
	case flow != pay.UploadEnd:
		t.settles(out, &settleLine{Stage: stageUploads, Balanced: s.balanced, Acked: s.acked + 1})
		t.settle(now, out)
	default:
		slip, err := t.sealedTotals(now)
		if err != nil {
			t.fault(now, err, out)
			return
		}
		t.consult("terminal/sign-out")
		if !t.Rules.SignsOut(t.Dialect.Switches) {
			t.closeBatch(now, out, slip)
			return
		}
		t.settles(out, &settleLine{Stage: stageSignOut, Balanced: s.balanced, Slip: slip, Begun: t.paper})
		t.printSlips(out, false)
		t.settle(now, out)
	}
}

// totalsAnswered reads the host's judgement of the totals. One that it refuses leaves nothing half done, unless an earlier attempt may
// have arrived: then the host has perhaps compared them, and takes no payment of the batch any more.
func (t *Terminal) totalsAnswered(now time.Time, first bool, rule iso8583.AnswerRule, m *iso8583.Message, out *Actions) {
	differ := rule.Code == pay.Answer95TotalsDiffer
	theirs, err := iso8583.ParseSettlement(m.Get(iso8583.SettlementData), t.Currency)
	result := max(theirs.Domestic.Result, theirs.Foreign.Result)
	t.consult("terminal/settlement-result")
	switch {
	case m.Has(iso8583.AnswerCode) && !differ && rule.Category != iso8583.CategoryApproved:
		t.letGo(first, out)
		t.tell(endingOf(Declined, rule, m), out, string(rule.Code))
		t.finish(out)
		return
	case !differ && (err != nil || result == iso8583.ResultNone || result == iso8583.ResultError):
		t.letGo(first, out)
		t.tell(Ending{Kind: Declined, Screen: "TOTALS_NOT_TAKEN"}, out)
		t.finish(out)
		return
	}
	balanced := t.Rules.Balanced(result) && !differ
	if balanced {
		out.show("BALANCED")
	} else {
		out.show("UNBALANCED")
	}
	t.settles(out, &settleLine{Stage: stageUploads, Balanced: balanced})
	t.settle(now, out)
}

// letGo ends a settlement that the host has never heard of.
func (t *Terminal) letGo(first bool, out *Actions) {
	t.consult("terminal/settlement-let-go")
	if t.Rules.LetGo(first) {
		t.settles(out, &settleLine{})
	}
}

// settleSilent: the line broke. A few tries, then people are asked; the settlement goes on from the last acknowledged upload
// (DOMAIN.md A.13). The host has its batch by the time of the sign-out, so that one needs no answer.
func (t *Terminal) settleSilent(now time.Time, screen string, sent bool, out *Actions) {
	o := &t.order
	o.fresh = o.fresh && !sent
	if t.exchange.flow == pay.SignOut {
		t.closeBatch(now, out, nil)
		return
	}
	out.show(screen)
	t.consult("terminal/upload-attempts")
	if o.repeats++; o.repeats < t.Dialect.Timers.UploadAttempts {
		t.settle(now, out)
		return
	}
	kind := Unknown
	if o.fresh { // nothing has ever left
		kind = Refused
		t.settles(out, &settleLine{})
	}
	t.tell(Ending{Kind: kind, Screen: "SETTLEMENT_INTERRUPTED"}, out)
	t.finish(out)
}

// closeBatch begins the next batch: its number is one more, and its totals are zero.
func (t *Terminal) closeBatch(now time.Time, out *Actions, slip []byte) {
	var n int
	for _, d := range t.batch {
		n = 10*n + int(d-'0')
	}
	t.consult("terminal/next-batch")
	l := &closeLine{At: now, Batch: traceDigits(t.Rules.NextBatch(n)), Off: t.Rules.SignsOut(t.Dialect.Switches), Slip: slip, Begun: t.paper}
	t.write(out, l)
	t.tell(Ending{Kind: Settled, Screen: "SETTLED"}, out, t.batch)
	t.printSlips(out, false)
	t.finish(out)
}

// overtaken ends a settlement that was half done when the host began another batch. If only the end was missing, the host has
// taken it and its answer was lost: the batch is settled.
func (t *Terminal) overtaken(now time.Time, batch string) (line, error) {
	s := t.settling
	l := &closeLine{At: now, Batch: batch, Begun: t.paper}
	switch {
	case s.stage == stageSignOut: // its slip is printed
		return l, nil
	case s.stage != stageUploads || s.acked < len(t.uploads()):
		return &settleLine{}, nil
	}
	var err error
	l.Slip, err = t.sealedTotals(now)
	return l, err
}
