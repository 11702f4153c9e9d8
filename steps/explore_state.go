package steps

import (
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// halfSettled gives a till that must go on with a settlement; "" for none.
func (p *player) halfSettled() string {
	for _, t := range p.world.Tills() {
		if t.Status().Settling {
			return t.Name
		}
	}
	return ""
}

// owing gives a till that has something to tell the host; "" for none.
func (p *player) owing() string {
	for _, t := range p.world.Tills() {
		if s := t.Status(); s.Pending || s.Stored > 0 {
			return t.Name
		}
	}
	return ""
}

// batch is the one that a till works in.
func (p *player) batch(till string) string {
	t, err := p.till(till)
	if err != nil {
		return ""
	}
	return t.Status().Batch
}

// full tells that a till's batch has as many payments as it may hold.
func (p *player) full(till string) bool {
	t, err := p.till(till)
	limit := p.world.Rig.Dialect.Switches.BatchLimit
	if err != nil || limit == 0 {
		return false
	}
	n, batch := 0, t.Status().Batch
	for _, s := range t.Statements() {
		if s.Batch == nil && s.Ref.Batch == batch {
			n++
		}
	}
	return n >= limit
}

// fills tells that the rows of a till's batch do not fit into one upload.
func (p *player) fills(till string) bool {
	n, batch := 0, p.batch(till)
	for _, o := range p.model.payments {
		if o.till == till && o.batch == batch && o.stands && moves(o.flow) {
			n++
		}
	}
	return n > iso8583.MaxBatchRows
}

// unbalanced tells that the host has what the till does not know of its batch.
func (p *player) unbalanced(till string) bool {
	batch := p.batch(till)
	return slices.ContainsFunc(p.model.payments, func(o *payment) bool { return o.till == till && o.unknown && o.batch == batch })
}

// compared tells that the host has compared the totals of a till's batch, and the till has not done with it.
func (p *player) compared(till string) bool {
	t, err := p.till(till)
	return err == nil && t.Status().Settling && slices.ContainsFunc(p.world.Wire, func(c *rig.Crossing) bool {
		return c.Answer && c.Flow == pay.Settlement && c.Till == till && c.Message != nil && c.Message.Get(iso8583.Batch) == t.Status().Batch &&
			p.world.Rig.Dialect.Answer(pay.Answer(c.Message.Get(iso8583.AnswerCode))).Category == iso8583.CategoryApproved
	})
}

// strange tells that the PIN is not simply entered, which is only done where it is known what the issuer counts.
func (p *player) strange(d deed, a *act) bool {
	return d.flow == pay.Sale && p.asksPIN(a.who) && a.pin != rig.PINRight
}

func (p *player) deed(a *act) deed {
	i := slices.IndexFunc(p.deeds, func(d deed) bool { return d.name == a.deed })
	return p.deeds[i]
}

// original gives the payment that an act is about; nil if there is none.
func (p *player) original(a *act) *payment {
	i := slices.IndexFunc(p.model.payments, func(o *payment) bool { return o.act == a.on })
	if a.on == 0 || i < 0 {
		return nil
	}
	return p.model.payments[i]
}

// asksPIN: the third digit of the service code (ISO/IEC 7813).
func (p *player) asksPIN(who string) bool {
	holder, err := p.world.Rig.Cast.Cardholder(who)
	return err == nil && len(holder.Service) == 3 && strings.ContainsRune("03567", rune(holder.Service[2]))
}
