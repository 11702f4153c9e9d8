// Package merchant is what a shop has beside its tills: the office of its acquirer, which clears, charges and pays, and the desk that hears from wallets.
package merchant

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// Rules are all that office and desk decide from. A value is immutable once one of them works with it.
type Rules struct {
	Signed bool                            // merchant/notice-signature: what the wallet has not signed is no notice
	Once   bool                            // merchant/notice-repeat: what comes again is acknowledged, and that is all
	Words  func(walletapi.Params) []string // merchant/notice-words: what a text tells of the payment's numbers

	Services []Service
	People   PeopleRules

	ClearsOnce bool                                                 // a movement that comes again is the same movement
	InForce    func(*Terms, time.Time) *Tariff                      // the tariff of an instant
	PriceOf    func([]Price, Sold) Price                            // the line that fits a sale
	Round      func(a, n, d int64) int64                            // a × n / d in whole fen
	Capped     func(fee, most int64) int64                          // a fee with a cap
	Charged    func(*Office, pay.Amount, Quote) pay.Amount          // the fee of a sale that was quoted so
	Share      func(*Office, pay.Amount, Quote) Share               // who gets what
	Returns    func(Fact, Quote) bool                               // whether what goes back brings its fee
	BackPart   func(o *Office, fee, sold, before, back int64) int64 // ... and how much of it

	Day     func(*Terms, time.Time) string          // the business day of an instant
	Payday  func(*Terms, Term, string) time.Time    // when a business day is paid
	Payable func([]*Item) []*Item                   // what of the items that are due a payout takes
	Heard   func(BankWord) BankWord                 // what the bank's word is taken for
	Fail    func(*ledger.Tx, Payout) error          // gives back what could not be paid
	Frees   bool                                    // ... and lets its items be paid again
	Told    func(Item) bool                         // whether a statement tells of an item
	Agree   func(f, b int64, filed, told bool) bool // whether the scheme's file and the books say the same

	MaskName       func(string) string                          // what a payer is shown of a payee
	AsksName       bool                                         // nothing is sent to an account that nobody has
	LegHeard       func(TransferState, BankWord) BankWord       // what a bank's word about a leg of a transfer is taken for
	LegName        func(t Transfer, leg string) string          // by which a bank knows a leg that it is asked for again
	ReturnsRefused bool                                         // what a payee's bank refuses goes back
	PostsAt        func(*Office, Transfer, time.Time) time.Time // when a payee is credited

	Tail         func(number string) string                      // what a notice tells of one
	Event        func(Notice) string                             // by which a server knows what it was told before
	SignsNews    bool                                            // what goes to a server is signed
	Retry        func(t *Terms, tries int) (time.Duration, bool) // when a notice is tried again
	Unheard      func(*Office, time.Time, Notice)                // what a notice does that nobody hears
	Newsworthy   func(id string) bool                            // whether a merchant is told of that
	StatisticDay func(Item) string                               // to which an item is counted
	Counted      func(*Statistic, Item)                          // ... and how

	Shown         func(Person) Shown                                          // what everybody may see of a person
	Missing       func(Application) []string                                  // documents
	CodeFits      func(c *Call, code string) bool                             // whether what was typed is the device's code
	Registers     Register                                                    // how the acquirer gets to know a device; nil for as it is told
	DepositOnce   bool                                                        // a device that is activated again costs no second deposit
	Waives        func(t *Terms, campaign string, now time.Time) bool         // the deposit
	Release       func(*Office, time.Time, Device, pay.Amount) error          // gives a deposit back, less damage
	Change        func(Agreement, Consent) Agreement                          // other terms for an agreement
	DebitTries    int                                                         // at a debit that the payer's bank refuses
	Revoked       func(BankWord) BankWord                                     // what a bank's word about a revoked card is taken for
	PlanStands    func(Agreement, time.Time) bool                             // whether a membership goes on
	StillAgreed   func(Agreement, time.Time) bool                             // whether a debit may be tried again
	RetryOver     func(*Office, Agreement, Debit, string) bool                // ... or waits, since it is over a cap on that day
	Uncollected   DebitState                                                  // what becomes of a deferred debit that cannot be collected
	TellsPayer    bool                                                        // of each debit
	Quarrel       func(*Office, Dispute, pay.Amount) error                    // has the acquirer know what of a sale is disputed
	HoldsDisputed bool                                                        // what is charged back is the merchant's no more until he wins
	ReturnsWon    bool                                                        // ... and is then
	Unbinds       bool                                                        // a card that was unbound gets nothing
	Deadlines     bool                                                        // who does nothing in time has lost
	ReturnsAtTerm bool                                                        // ... also when its days are over
	Stop          func(o *Office, merchant, terminal string, stop bool) error // has the acquirer know
}

// Reference gives the rules of an office and a desk that do everything right.
func Reference() Rules {
	return Rules{
		Signed: true, Once: true, Words: words,
		Services: services(), People: peopleRules(),
		ClearsOnce: true, InForce: inForce, PriceOf: firstFit, Round: halfUp, Capped: func(fee, most int64) int64 { return min(fee, most) },
		Charged: func(o *Office, a pay.Amount, q Quote) pay.Amount { return o.part(a, q.Price) }, Share: share,
		Returns: func(f Fact, q Quote) bool { return f.Whole || q.Returns }, BackPart: backPart,
		Day: dayOf, Payday: payday, Payable: func(due []*Item) []*Item { return due }, Heard: func(w BankWord) BankWord { return w },
		Fail: fail, Frees: true, Told: func(Item) bool { return true }, Agree: agree,
		MaskName: maskName, AsksName: true, LegHeard: func(_ TransferState, w BankWord) BankWord { return w }, LegName: legName, ReturnsRefused: true, PostsAt: postsAt,
		Tail: tail, Event: func(n Notice) string { return n.Event }, SignsNews: true, Retry: retryAfter, Unheard: func(*Office, time.Time, Notice) {}, Newsworthy: func(string) bool { return true },
		StatisticDay: func(i Item) string { return i.Day }, Counted: counted,
		Shown: shown, Missing: missing, CodeFits: func(c *Call, code string) bool { return c.req.Activation.Reveal() == code },
		DepositOnce: true, Waives: waives, Release: (*Office).release, ReturnsAtTerm: true, HoldsDisputed: true, ReturnsWon: true, Unbinds: true, Deadlines: true,
		Quarrel: func(o *Office, d Dispute, a pay.Amount) error { return o.Config.Quarrel(d.Sale, a) },
		Change:  askAgainFor, DebitTries: debitTries, StillAgreed: stillAgreed, Revoked: func(w BankWord) BankWord { return w }, PlanStands: stillAgreed, RetryOver: overAny, Uncollected: DebitOverdue, TellsPayer: true,
		Stop: func(o *Office, merchant, terminal string, stop bool) error {
			return o.Config.Stop(merchant, terminal, stop)
		},
	}
}

// without gives the services with one check left out: an edit that defects make.
func without(list []Service, check string) []Service {
	list = slices.Clone(list)
	for i, s := range list {
		list[i].Checks = slices.DeleteFunc(slices.Clone(s.Checks), func(c Check) bool { return c.Name == check })
	}
	return list
}
