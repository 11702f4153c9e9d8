package terminal

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Plan is what an order of a flow needs. A flow with its own message but nothing special needs no more than a plan.
type Plan struct {
	Flow   pay.Flow
	Trade  bool       // about a card: signed in, enough battery, nothing left over
	Amount bool       // the order comes with an amount
	Needs  []Need     // asked for in this order, where the card does not make one needless
	Done   EndingKind // how it ends when the host approves
	Screen string     // ... and what is then shown; "" is the prompt of the answer's code

	Original     Naming                                       // how the payment is named that the order acts on; "" for none
	Of           []pay.Flow                                   // what that payment may be
	Forward      bool                                         // authorised before: an advice that did not leave is kept for later
	Offline      bool                                         // decided by the terminal alone; the host is told later
	Partial      bool                                         // a part of the amount may be approved
	Codes        bool                                         // a payer's code may pay
	Undoes       bool                                         // takes that payment back, whole and once
	Card         func(iso8583.Switches) (needsCard, pin bool) // the operator's parameters; nil where both are a matter of course
	Approval     func(iso8583.Switches) bool                  // whether the supervisor approves; nil where that is a matter of course
	Organisation string                                       // F63.1, where the flow has it
	NoPIN        string                                       // third digit of F22 where no PIN was entered; "" is 2 (DOMAIN.md A.10)
	Side         Side                                         // where it counts in the totals
}

// Side is a direction of money in the totals of a batch (DOMAIN.md A.13).
type Side string

// The sides; a flow without one, such as a pre-authorization, moves no money yet.
const (
	Debit  Side = "debit"  // from the cardholder
	Credit Side = "credit" // back to the cardholder
)

// plans are those of the terminal's own affairs, and of each family of trade.
func plans() []Plan {
	sale := Plan{Flow: pay.Sale, Trade: true, Amount: true, Needs: []Need{NeedCard, NeedPIN}, Done: Approved, Side: Debit}
	preAuth := sale.as(pay.PreAuth)
	preAuth.Side = ""
	void := Plan{Trade: true, Needs: []Need{NeedSupervisor, NeedOriginal, NeedCard, NeedPIN}, Done: Approved,
		Original: ByVoucher, Undoes: true, Card: voidCard, Side: Credit}
	preAuthVoid := Plan{Trade: true, Amount: true, Needs: void.Needs, Done: Approved, Original: ByAuthCode, Undoes: true, Card: voidCard}
	completion := Plan{Trade: true, Amount: true, Needs: []Need{NeedOriginal, NeedCard, NeedPIN}, Done: Approved,
		Original: ByAuthCode, Card: completionCard, Side: Debit}
	refund := Plan{Trade: true, Amount: true, Needs: []Need{NeedSupervisor, NeedOriginal, NeedCard}, Done: Approved,
		Original: ByRRN, Organisation: "000", Side: Credit}
	advice := Plan{Trade: true, Amount: true, Needs: []Need{NeedOriginal, NeedCard}, Done: Approved,
		Original: ByAuthCode, Card: completionCard, Forward: true, Side: Debit}
	offline := Plan{Flow: pay.OfflineSale, Trade: true, Amount: true, Needs: []Need{NeedCard, NeedCode}, Done: Approved, Screen: "SOLD_OFFLINE",
		Offline: true, Side: Debit}
	tip := Plan{Trade: true, Amount: true, Needs: []Need{NeedOriginal}, Done: Approved, Original: ByVoucher, Forward: true}
	adjustment := tip.as(pay.Adjustment, pay.OfflineSale)
	adjustment.Needs = []Need{NeedSupervisor, NeedOriginal}
	instalment := sale.as(pay.Instalment)
	instalment.Needs = []Need{NeedPlan, NeedCard, NeedPIN}
	moto := func(p Plan) Plan { // the card is far away, and so is its PIN
		p.Needs = slices.DeleteFunc(slices.Clone(p.Needs), func(n Need) bool { return n == NeedPIN })
		return p
	}
	return []Plan{
		{Flow: pay.SignIn, Done: SignedIn, Screen: "SIGNED_IN"},
		{Flow: pay.SignOut, Done: SignedOut, Screen: "SIGNED_OUT"},
		{Flow: pay.KeyChange, Done: Rekeyed, Screen: "KEYS_CHANGED"},
		{Flow: pay.Echo, Done: LineGood, Screen: "LINE_GOOD"},
		{Flow: pay.Settlement, Done: Settled},
		{Flow: pay.Balance, Trade: true, Needs: []Need{NeedCard, NeedPIN}, Done: Told, Screen: "BALANCE"},
		sale.inPart().byCode(),
		void.as(pay.Void, pay.Sale, pay.OfflineSale),
		refund.as(pay.Refund, pay.Sale, pay.OfflineSale, pay.Instalment, pay.Recurring, pay.Completion, pay.CompletionAdvice),
		offline,
		adjustment,
		tip.as(pay.Tip, pay.Sale, pay.OfflineSale),
		preAuth,
		preAuthVoid.as(pay.PreAuthVoid, pay.PreAuth),
		completion.as(pay.Completion, pay.PreAuth),
		advice.as(pay.CompletionAdvice, pay.PreAuth),
		void.approvedBy(completionVoidApproval).as(pay.CompletionVoid, pay.Completion),
		instalment,
		void.as(pay.InstalmentVoid, pay.Instalment),
		moto(sale).as(pay.Recurring),
		moto(void).as(pay.RecurringVoid, pay.Recurring),
		moto(sale).as(pay.MOTOSale),
		moto(void).as(pay.MOTOVoid, pay.MOTOSale),
		refund.as(pay.MOTORefund, pay.MOTOSale, pay.MOTOCompletion, pay.MOTOCompletionAdvice),
		moto(preAuth).as(pay.MOTOPreAuth),
		moto(preAuthVoid).as(pay.MOTOPreAuthVoid, pay.MOTOPreAuth),
		moto(completion).as(pay.MOTOCompletion, pay.MOTOPreAuth),
		advice.as(pay.MOTOCompletionAdvice, pay.MOTOPreAuth),
		moto(void).approvedBy(completionVoidApproval).as(pay.MOTOCompletionVoid, pay.MOTOCompletion),
	}
}

// as gives the plan for another flow, and for what that one acts on.
func (p Plan) as(f pay.Flow, of ...pay.Flow) Plan {
	p.Flow, p.Of = f, of
	return p
}

// approvedBy gives the plan with another say in whether the supervisor approves.
func (p Plan) approvedBy(switched func(iso8583.Switches) bool) Plan {
	p.Approval = switched
	return p
}

func completionVoidApproval(s iso8583.Switches) bool { return s.CompletionVoidApproval }

// inPart lets a part be approved.
func (p Plan) inPart() Plan {
	p.Partial = true
	return p
}

// byCode lets a payer's code pay.
func (p Plan) byCode() Plan {
	p.Codes = true
	return p
}

// clears: what is left over goes first, and the terminal must be signed in.
func (t *Terminal) clears(p Plan) bool {
	t.consult("terminal/clears")
	return t.Rules.Clears(p)
}

func clears(p Plan) bool { return p.Trade || p.Done == SignedOut || p.Done == Settled }

func voidCard(s iso8583.Switches) (card, pin bool) { return s.VoidNeedsCard, s.VoidNeedsPIN }

func completionCard(s iso8583.Switches) (card, pin bool) {
	return s.CompletionNeedsCard, s.CompletionNeedsPIN
}
