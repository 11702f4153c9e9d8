package terminal

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// FlowRules are the rules of what is owed, and of payments beside the plain sale.
type FlowRules struct {
	Clears func(Plan) bool // terminal/clears: before which orders what is left over goes

	NameVoid       bool // terminal/reversed-void: the reversal of a void names the void in F61, not what it voided
	TellAuthCode   bool // terminal/reversal-auth-code: F38 of an approval that was seen
	ListLate       bool // terminal/late-reversal: a 25 on another day than the payment's is for people to look at
	SameTrace      bool // terminal/same-trace: an advice has its first trace number when it is sent again
	AdviceAttempts int  // terminal/advice-attempts: after which an advice is given up; 0 for never

	Balance        func([]iso8583.AccountBalance) pay.Amount // terminal/balance: which of an answer's balances is shown
	Instalments    []int                                     // terminal/instalments: numbers of them that the merchant offers
	InstalmentPlan func(int) string                          // terminal/instalment-plan: as it is sent
}

func flowRules() FlowRules {
	return FlowRules{Clears: clears, NameVoid: true, TellAuthCode: true, ListLate: true, SameTrace: true, Balance: mayBeSpent,
		Instalments: []int{3, 6, 12, 24}, InstalmentPlan: instalmentPlan}
}
