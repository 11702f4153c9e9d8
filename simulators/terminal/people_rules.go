package terminal

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// PeopleRules are those about operators, and about what an order does when its answer asks for more than an end.
type PeopleRules struct {
	ApprovalTries int                                // terminal/approval-tries: as LoginTries, where a supervisor's approval is asked for
	KeepLocks     bool                               // terminal/lock-kept: wrong tries and locks outlive the power
	Hash          func(salt, password string) []byte // terminal/password-hash: what is kept of a password
	Approves      func(by Role, own bool) bool       // terminal/approves: whose password approves; own is that of whoever is logged in
	OpenApproves  bool                               // terminal/open-approves: a supervisor who is logged in approves without his password
	Operator      func(t *Terminal) string           // terminal/operator: whom messages and slips name

	PINTries        int            // terminal/pin-tries: PINs that one order asks for, when the host says that the last was wrong
	OnceMore        []iso8583.Next // terminal/once-more: what an answer must want for the till to send the order once more by itself
	NewTraceEachTry bool           // terminal/try-trace: each of these tries has a trace number of its own
	SignInByItself  bool           // terminal/sign-in-again: an answer that wants a sign-in gets one before the next trade; otherwise the cashier must
	PickUpSlip      bool           // terminal/pick-up: a slip for the merchant goes with a card that is to be kept
}

func peopleRules() PeopleRules {
	return PeopleRules{
		ApprovalTries: 3, KeepLocks: true, Hash: saltedHash, Approves: supervisorOnly, Operator: (*Terminal).whoIsIn,
		PINTries: 3, OnceMore: []iso8583.Next{iso8583.NextOnce}, NewTraceEachTry: true, SignInByItself: true, PickUpSlip: true,
	}
}

// supervisorOnly: not the cashier who wants the money back, and not the administrator, who is the technician (DOMAIN.md A.15).
func supervisorOnly(by Role, _ bool) bool { return by == Supervisor }

// PaperRules are those about what a receipt says, and what the terminal tells of its own day.
type PaperRules struct {
	FullPAN    func(pay.Flow, Copy) bool                      // terminal/full-pan: copies with the whole number; the merchant's of a deposit may have it, for the completion (DOMAIN.md A.17)
	Template   func(pay.Flow, Line) (Line, bool)              // terminal/template: each line of a receipt as it is printed, or that it is left out
	SlipTime   func(own, host time.Time) time.Time            // terminal/slip-time: of the till's time and that of the answer, the one on the receipt
	AnyVoucher bool                                           // terminal/reprint-voucher: the receipt of any voucher of the batch is printed again; otherwise the last one only
	LeavesSlip func(audit.Fact) bool                          // terminal/slips: what must have become of a payment for a receipt
	Queried    func(audit.Fact) bool                          // terminal/query: payments that the query for the last one finds
	Statistics func(audit.Fact, pay.Flow) bool                // terminal/statistics: payments that the statistics count
	Day        func(at time.Time, here *time.Location) string // terminal/day: the day of a payment in the statistics
}

func paperRules() PaperRules {
	return PaperRules{
		FullPAN:    func(pay.Flow, Copy) bool { return false },
		Template:   template,
		SlipTime:   func(_, host time.Time) time.Time { return host },
		AnyVoucher: true,
		LeavesSlip: stands,
		Queried:    func(audit.Fact) bool { return true },
		Statistics: func(f audit.Fact, _ pay.Flow) bool { return stands(f) },
		Day:        func(at time.Time, here *time.Location) string { return at.In(here).Format(time.DateOnly) },
	}
}
