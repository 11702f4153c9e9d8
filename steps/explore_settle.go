package steps

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// recounts are where an end's count is not the till's any more.
const recounts, recounted = `the line changes settlement_data of {message} to "0099"`, 99

// uploadEnds: a host takes the end of an upload when it counts what has come of that batch, each payment once, and not otherwise.
func (p *player) uploadEnds() error {
	came := map[string]map[string]bool{} // trace numbers by till and batch
	asked := map[string]*rig.Crossing{}
	for _, c := range p.world.Wire {
		if c.Message == nil || !uploads(c.Flow) {
			continue
		}
		request := fmt.Sprintf("%s %d", c.Flow, c.Nth)
		if !c.Answer {
			asked[request] = c
			continue
		}
		sent, code := asked[request], pay.Answer(c.Message.Get(iso8583.AnswerCode))
		if sent == nil || sent.Note == "changed" && c.Flow != pay.UploadEnd || p.dictated[request] {
			continue
		}
		batch := c.Till + " " + sent.Message.Get(iso8583.Batch)
		if came[batch] == nil {
			came[batch] = map[string]bool{}
		}
		if c.Flow != pay.UploadEnd {
			if code == pay.Answer00Approved {
				for _, trace := range uploaded(sent.Message, c.Flow) {
					came[batch][trace] = true
				}
			}
			continue
		}
		said, err := iso8583.ParseUploadCount(sent.Message.Get(iso8583.SettlementData))
		if err != nil {
			return err
		}
		if sent.Note == "changed" {
			said = recounted
		}
		if n := len(came[batch]); said == n && code == pay.Answer95TotalsDiffer || said != n && code == pay.Answer00Approved {
			return p.finds("settlement", fmt.Sprintf("%s of %s counts %d payments, %d have come, and the host answers %s", nthOf(c.Nth, c.Flow), batch, said, n, code),
				fmt.Sprintf("the answer to %s carries\n      | field | value |\n      | F39   | %s    |", nthOf(c.Nth, c.Flow), map[bool]pay.Answer{true: pay.Answer00Approved, false: pay.Answer95TotalsDiffer}[said == n]))
		}
	}
	return nil
}

// uploaded gives the trace numbers of the payments in an upload.
func uploaded(m *iso8583.Message, f pay.Flow) (all []string) {
	if f != pay.BatchUpload {
		return []string{m.Get(iso8583.Trace)}
	}
	rows, err := iso8583.ParseBatchRows(m.Get(iso8583.SettlementData), pay.Currency156CNY)
	if err != nil { // the host says so
		return nil
	}
	for _, row := range rows {
		all = append(all, row.Trace)
	}
	return all
}

// chipUploads: what was paid by chip is uploaded with its batch, as the chip has ended it.
func (p *player) chipUploads(settled *payment) error {
	till, batch := settled.till, settled.batch
	if _, ok := p.world.Rig.Dialect.Transaction(pay.TCUpload); !ok || settled.said != terminal.Settled {
		return nil
	}
	for _, o := range p.model.payments {
		if !o.chip || !o.answered || o.doubtful || o.open || o.till != till || o.batch != batch {
			continue
		}
		good := false
		i := slices.IndexFunc(p.world.Wire, func(c *rig.Crossing) bool {
			return !c.Answer && c.Message != nil && c.Flow == pay.TCUpload && c.Till == till && c.Message.Get(iso8583.Batch) == batch && c.Message.Get(iso8583.Trace) == o.trace
		})
		if i >= 0 {
			good = slices.Contains([]string{"203", "205"}, p.world.Wire[i].Message.Get(iso8583.NetworkCode))
		}
		switch {
		case i < 0 && o.stands:
			return p.finds("settlement", fmt.Sprintf("batch %s of %s is settled, and %s was paid by chip and is not uploaded", batch, till, nthOf(o.nth, o.flow)), "")
		case i >= 0 && good != o.stands:
			return p.finds("settlement", fmt.Sprintf("%s of %s is uploaded as one to which the chip agreed: %t, it should be %t", nthOf(o.nth, o.flow), till, good, o.stands), "")
		}
	}
	return nil
}

// asBefore switches a till off and on: what it says of every payment and batch is what it said before.
func (p *player) asBefore(t *rig.Till) error {
	before := p.says(t)
	if err := p.say("When", fmt.Sprintf("%q starts again", t.Name)); err != nil {
		return err
	}
	if err := p.ready(t.Name); err != nil {
		return err
	}
	after := p.says(t)
	for i, was := range before {
		if i >= len(after) || after[i] != was {
			return p.finds("journal", fmt.Sprintf("%s has forgotten in the night: %s", t.Name, was), "")
		}
	}
	return nil
}

// says tells what a till's journal has, a line a payment or batch.
func (p *player) says(t *rig.Till) (all []string) {
	for _, s := range t.Statements() {
		all = append(all, fmt.Sprintf("%s of batch %s, trace %s, %s: %s %s", s.Ref.Flow, s.Ref.Batch, s.Ref.Trace, s.Amount, s.Fact, s.Answer))
	}
	return all
}

// letGo tells that a till does not go on with the settlement of its batch, which the host is in the middle of.
func (p *player) letGo(made *payment) bool {
	t, err := p.till(made.till)
	return err == nil && !t.Status().Settling && t.Status().Batch == made.batch && slices.ContainsFunc(p.world.Wire, func(c *rig.Crossing) bool {
		return c.Answer && c.Flow == pay.Settlement && c.Till == made.till && c.Message != nil && c.Message.Get(iso8583.Batch) == made.batch &&
			p.world.Rig.Dialect.Answer(pay.Answer(c.Message.Get(iso8583.AnswerCode))).Category == iso8583.CategoryApproved
	})
}

// sums are totals of a batch: what was taken and what was given back, each with its count.
type sums struct {
	debits, credits int
	debit, credit   int64
}

// sumsOf are those of the cards of this country, or of others; with what only the host knows of, or without.
func (m *model) sumsOf(till, batch string, foreign, all bool) (s sums) {
	for _, p := range m.payments {
		holder, err := m.cast.Cardholder(p.who)
		if err != nil || foreign == strings.HasPrefix(holder.PAN, "62") || p.till != till || p.batch != batch || !p.stands || p.unknown && !all || !moves(p.flow) {
			continue
		}
		if k := p.flow.Kind(); k == pay.Sale || k == pay.Completion {
			s.debits, s.debit = s.debits+1, s.debit+m.amount(p)
		} else {
			s.credits, s.credit = s.credits+1, s.credit+p.minor
		}
	}
	return s
}

func sumsIn(t iso8583.Totals) sums {
	return sums{t.DebitCount, t.CreditCount, t.Debit.Minor, t.Credit.Minor}
}

// settledSo holds what is left of a settlement to what must be: the host has told its own totals, a slip tells the till's, and the next batch has begun.
func (p *player) settledSo(made *payment, struck []armed, t *rig.Till, screens []terminal.Screen) error {
	if _, _, _, _, _, known := p.model.totals(t.Name, made.batch); !known || made.said != terminal.Settled {
		return nil
	}
	if err := p.toldTotals(made, t); err != nil {
		return err
	}
	if want := following(made.batch); t.Status().Batch != want {
		return p.finds("settlement", fmt.Sprintf("%s works in batch %s after it has settled batch %s", t.Name, t.Status().Batch, made.batch), fmt.Sprintf("%q works in batch %q", t.Name, want))
	}
	if p.unwell[fmt.Sprintf("%q is out", t.Name)] != "" || len(struck) > 0 {
		return nil
	}
	balance := "SLIP_BALANCED"
	if slices.ContainsFunc(screens, func(s terminal.Screen) bool { return s.ID == "UNBALANCED" }) {
		balance = "SLIP_UNBALANCED"
	}
	text := fmt.Sprintf("the totals slip of %q has\n      | line | value |\n      | SLIP_BATCH | %s |", t.Name, made.batch)
	if slices.ContainsFunc(screens, func(s terminal.Screen) bool { return s.ID == "BALANCED" || s.ID == "UNBALANCED" }) { // or it goes on with what was begun before
		text += fmt.Sprintf("\n      | %s |  |", balance)
	}
	for _, foreign := range []bool{false, true} {
		s := p.model.sumsOf(t.Name, made.batch, foreign, false)
		text += fmt.Sprintf("\n      | SLIP_DEBIT | %d %s |\n      | SLIP_CREDIT | %d %s |", s.debits, pay.CNY(s.debit), s.credits, pay.CNY(s.credit))
	}
	if err := p.speech.say(p.scenario, text); err != nil {
		return p.finds("slip", err.Error(), text)
	}
	return nil
}

// toldTotals holds the totals that a host answers to those of its books, or of the till, as the two have agreed (DOMAIN.md A.13, K.12).
func (p *player) toldTotals(made *payment, t *rig.Till) error {
	all := p.world.Rig.Dialect.Switches.HostTotals
	domestic, foreign := p.model.sumsOf(t.Name, made.batch, false, all), p.model.sumsOf(t.Name, made.batch, true, all)
	for _, c := range p.world.Wire {
		if !c.Answer || c.Flow != pay.Settlement || c.Till != t.Name || c.Message == nil || c.Message.Get(iso8583.Batch) != made.batch {
			continue
		}
		told, err := iso8583.ParseSettlement(c.Message.Get(iso8583.SettlementData), pay.Currency156CNY)
		if err != nil || sumsIn(told.Domestic) == domestic && sumsIn(told.Foreign) == foreign { // one that was refused has none
			continue
		}
		then := "the answer to " + nthOf(c.Nth, c.Flow) + " has the totals\n      | cards | debits | debit | credits | credit |"
		for i, s := range []sums{domestic, foreign} {
			if i == 0 || s != (sums{}) {
				then += fmt.Sprintf("\n      | %s | %d | %s | %d | %s |", []string{"domestic", "foreign"}[i], s.debits, sum(pay.CNY(s.debit)), s.credits, sum(pay.CNY(s.credit)))
			}
		}
		return p.finds("settlement", fmt.Sprintf("the host answers %s of %s with totals that are not its own", nthOf(c.Nth, c.Flow), t.Name), then)
	}
	return nil
}
