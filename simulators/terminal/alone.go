package terminal

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// aloneAs gives the flow by which the host hears of what chip and terminal approve without it; "" for what the host must be asked.
// Only a sale is ever worth less than the floor limit: a deposit that no issuer holds is none, and money back is the issuer's to give.
func aloneAs(f pay.Flow) pay.Flow {
	if f == pay.Sale || f == pay.OfflineSale {
		return pay.OfflineSale
	}
	return ""
}

// mayApproveAlone tells that the order needs no host where chip and terminal agree: its dialect has a message that brings the certificate.
func (t *Terminal) mayApproveAlone() bool {
	t.consult("terminal/alone")
	f := t.Rules.AloneAs(t.order.plan.Flow)
	return f != "" && t.Dialect.Carries(f, iso8583.Chip)
}

// askHost has the host asked wherever chip and terminal would have agreed without it.
func askHost(r *kernel.Rules) {
	analyse := r.Analyse
	r.Analyse = func(l kernel.Line, tvr emv.TVR, c kernel.Codes) emv.CID {
		if asked := analyse(l, tvr, c); asked != emv.CID40TC {
			return asked
		}
		return emv.CID80ARQC
	}
	r.Unable = func(kernel.Line, emv.TVR, kernel.Codes) bool { return false }
}

// earlier is what each card has spent in this batch without the host. Who splits a purchase stays below the floor limit each time
// (EMV 4.4 Book 3, 10.6.1).
func (t *Terminal) earlier() (map[pay.PAN]int64, error) {
	spent := map[pay.PAN]int64{}
	t.consult("terminal/split")
	for _, p := range t.payments[t.settledTo:] {
		if !t.Rules.CountSplit || p.ref.Flow != pay.OfflineSale || !stands(p.fact) {
			continue
		}
		elements := map[string]string{}
		if err := t.open(p.sealed, &elements); err != nil {
			return nil, err
		}
		spent[pay.NewPAN(elements[iso8583.PAN.String()])] += p.amount.Minor
	}
	return spent, nil
}

// approveAlone sells what chip and terminal have approved: as an offline sale with the transaction certificate, which the host hears of
// later. The request that has got no answer, if there was one, is still reversed; unsent says that it never left.
func (t *Terminal) approveAlone(now time.Time, unsent bool, out *Actions) {
	flow := t.Rules.AloneAs(t.order.plan.Flow)
	i := slices.IndexFunc(t.Rules.Plans, func(p Plan) bool { return p.Flow == flow })
	if i < 0 {
		t.refuse(now, "terminal/alone", "CARD_NOT_TAKEN", out)
		return
	}
	t.order.plan = t.Rules.Plans[i]
	t.consult("terminal/certificate")
	if !t.takeChip(now, t.Rules.Certificate(t.order.visit), out) {
		return
	}
	t.order.card.pinned = false // a PIN that was meant for the host goes nowhere
	var with []line
	t.consult("terminal/alone-reverses")
	if unsent || t.pending != nil && !t.Rules.ReverseUnanswered {
		with = []line{&outcomeLine{Fact: audit.Declined}}
	}
	t.sellOffline(now, out, with...)
}

// certificate is F55 of the upload: the TC with the answer code that the terminal made (DOMAIN.md A.11).
func certificate(v *visit) []byte { return kernel.Field55(kernel.UseOffline, v.outcome.Data) }

// approvedAlone tells that chip and terminal have approved although the host was not reached (Y3).
func (t *Terminal) approvedAlone() bool {
	v := t.order.visit
	return v != nil && v.outcome.Ending == kernel.ApprovedOffline && t.ownExchange()
}

// declinedAlone tells that they have declined (Z3) what moves money.
func (t *Terminal) declinedAlone() bool {
	v := t.order.visit
	return v != nil && v.outcome.Ending == kernel.DeclinedOffline && t.ownExchange() && t.reversible()
}

func (t *Terminal) declineScreen(v *visit) string {
	t.consult("terminal/chip-decline")
	return t.Rules.DeclineScreen(v.outcome.Online)
}

// declineScreen tells Z1 and Z3 apart.
func declineScreen(asked bool) string {
	if asked {
		return "DECLINED_UNREACHED"
	}
	return "DECLINED_OFFLINE"
}
