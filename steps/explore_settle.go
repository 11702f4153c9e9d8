package steps

import (
	"fmt"
	"slices"

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
