package issuer

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Check is one question asked of a request. An empty answer lets it pass; any other declines it, with a reason for people.
type Check struct {
	Name string
	Ask  func(*Call) (answer pay.Answer, reason string)
}

// Flow is how one flow is served: its checks in order, then what it does.
type Flow struct {
	Flow   pay.Flow
	Checks []Check
	Serve  func(*Call)
}

// Rules are all that an issuer decides from. A value is immutable once an issuer works with it.
type Rules struct {
	Flows        []Flow
	Statuses     map[Status]pay.Answer // the answer to a card that may not be used
	WrongPIN     func(tries int) int   // the count of wrong tries after one more
	RightPIN     func(tries int) int   // and after a right PIN
	Count        func(i *Issuer, p Payment, by int)
	Day          func(card string, at time.Time) string // under which what a card spends is counted
	Originals    map[pay.Flow][]pay.Flow                // what each kind of flow may act on
	Post         func(*work, Payment) error
	Tell         func(ledger.Balance) iso8583.AccountBalance // what a balance inquiry tells
	Undo         func(*work, Payment) error
	End          func(w *work, p Payment, id ledger.ID, by string) error // of what a void or completion acts on
	Amend        func(w *work, o, by Payment) error                      // gives a payment another amount
	Forced       func(*Call) bool                                        // a payment that is posted whatever the account holds
	Part         func(*Call) (pay.Amount, bool)                          // what the account has of a payment that it has not all of
	HoldDays     int                                                     // that an authorization lasts
	Ceiling      int64                                                   // percent of an authorization that may be completed
	Floor        int64                                                   // minor units below which no account may fall
	DurableFirst bool                                                    // nobody is told of a decision before the journal has it
	Tombstones   bool                                                    // a reversal without its original declines the late original
	Late         pay.Answer
	UnknownCard  pay.Answer
	Expiries     func(*Call) []string // the dates that a card must not be past

	CodeRules

	VerificationServices func(service string, chip bool) []string  // the service codes that a track's verification value may be made with
	TakesTag             func(tlv.Tag) bool                        // whether chip data may have an object with that tag
	CounterFresh         func(last, now uint16) bool               // whether a chip's transaction counter may follow another
	Counts               func(proven bool) bool                    // whether the counter of a cryptogram that is proven, or not, becomes the last one
	KindFits             func(emv.CID, pay.Flow) bool              // whether a request of that flow may bring a cryptogram of that kind
	SchemeOf             func(Chip, []byte) (hsm.CardScheme, bool) // by which version a cryptogram was made, from 9F10
	CertificateOnce      bool                                      // a transaction certificate is posted once, whatever message brings it
	StaleCounter         pay.Answer                                // the answer to a counter that may not, and to a certificate that was posted
	BadCryptogram        pay.Answer                                // ... to a chip that does not prove itself
	ChipMismatch         pay.Answer                                // ... to a message that says other than the chip signed
	StripeOfChip         func(c Chip, fellBack bool) bool          // whether the stripe of a card with a chip is taken
	Speaks               func(pay.Entry) bool                      // whether a chip that was read in that way still hears the issuer
	ResponseCryptogram   func(*Call, pay.Answer) []byte            // issuer authentication data, tag 91
	ScriptDone           func(results []byte, s Script) bool       // whether a notice says that the chip has done a script
}

// Reference gives the rules of an issuer that does everything right.
func Reference() Rules {
	return Rules{
		Flows: flows(),
		Statuses: map[Status]pay.Answer{Lost: pay.Answer41Lost, Stolen: pay.Answer43Stolen, Restricted: pay.Answer62Restricted,
			Closed: pay.Answer14BadCard, PickUp: "04", Dormant: "21"},
		WrongPIN:     func(tries int) int { return tries + 1 },
		RightPIN:     func(int) int { return 0 },
		Count:        count,
		Day:          dayKey,
		Originals:    originals(),
		Post:         post,
		Tell:         available,
		Undo:         undo,
		End:          end,
		Amend:        amend,
		Forced:       forced,
		Part:         part,
		HoldDays:     30,
		Ceiling:      115,
		DurableFirst: true,
		Tombstones:   true,
		Late:         pay.Answer94Duplicate,
		UnknownCard:  pay.Answer14BadCard,
		Expiries:     expiries,
		CodeRules:    codeRules(),

		VerificationServices: verificationServices, TakesTag: func(tlv.Tag) bool { return true },
		Counts: func(proven bool) bool { return proven }, KindFits: kindFits, SchemeOf: schemeOf,
		CounterFresh: countsOn, CertificateOnce: true, StaleCounter: pay.Answer59CardVerification, BadCryptogram: pay.Answer59CardVerification,
		ChipMismatch: pay.Answer59CardVerification, StripeOfChip: onlyFallback, Speaks: func(e pay.Entry) bool { return e == pay.Entry05Chip }, ResponseCryptogram: responseCryptogram, ScriptDone: scriptDone,
	}
}

// flows lists what is served, by kind: to the issuer a sale by telephone is a sale. What gives money back or acts on a
// payment that stands does not ask whether the card may still be used.
func flows() []Flow {
	asked := []Check{{"condition", healthy}, {"format", wellFormed}, {"repeat", first}}
	code := []Check{{"code", codeKnown}, {"code-spent", codeUnspent}, {"code-life", codeFresh}}
	card := []Check{{"card", cardKnown}, {"track", trackAgrees}, {"status", cardUsable}, {"expiry", notExpired}, {"chip-data", chipRead},
		{"token", tokenProves}, {"chip-agrees", chipAgrees}, {"cryptogram", cryptogramRight}, {"counter", counterFresh}, {"fallback", stripeAllowed},
		{"pin-tries", triesLeft}, {"cvv", cvvRight}, {"pin", pinRight}}
	payment := slices.Concat(asked, []Check{{"amount", amountGiven}}, code, card, []Check{{"amount-limit", withinAmount}, {"count-limit", withinCount},
		{"code-limit", withinCodeLimit}})
	acts := slices.Concat(asked, []Check{{"amount", amountGiven}, {"card", cardKnown}, {"pin-tries", triesLeftForPIN}, {"pin", pinRight},
		{"original", originalStands}})
	void := slices.Concat(acts, []Check{{"original-amount", wholeAmount}})
	amendment := slices.Concat(asked, []Check{{"amount", amountGiven}, {"card", cardKnown}, {"original", originalStands},
		{"original-refunded", notRefunded}})
	return []Flow{
		{pay.Balance, slices.Concat(asked, card), inquire},
		{pay.Sale, payment, approve},
		{pay.OfflineSale, slices.Concat(asked, []Check{{"amount", amountGiven}, {"card", cardKnown}, {"chip-data", chipRead}, {"chip-agrees", chipAgrees},
			{"cryptogram", cryptogramRight}, {"certificate", certificateNew}}), approve},
		{pay.Adjustment, amendment, approve},
		{pay.Tip, amendment, approve},
		{pay.Void, void, approve},
		{pay.Refund, slices.Concat(acts, []Check{{"refund-total", refundWithin}}), approve},
		{pay.PreAuth, payment, approve},
		{pay.PreAuthVoid, void, approve},
		{pay.Completion, slices.Concat(acts, []Check{{"ceiling", completionWithin}}), approve},
		{pay.CompletionVoid, void, approve},
		{pay.Reversal, []Check{{"format", wellFormed}}, reversal},
		{pay.ScriptResult, []Check{{"condition", healthy}, {"format", wellFormed}}, takeScriptResults},
	}
}

// flow gives a flow's entry, or that of its kind. A flow that the issuer does not serve is answered 40.
func (r *Rules) flow(f pay.Flow) Flow {
	for _, name := range []pay.Flow{f, f.Kind()} {
		for _, entry := range r.Flows {
			if entry.Flow == name {
				return entry
			}
		}
	}
	return Flow{f, nil, func(c *Call) {
		c.end(pay.Answer40NotSupported, "served", "this issuer does not serve "+string(f))
	}}
}

// drop takes a check out of every flow; the lists of other rules stay as they were.
func (r *Rules) drop(name string) { r.dropFrom("", name) }

// dropFrom takes a check out of one flow; "" is every flow.
func (r *Rules) dropFrom(flow pay.Flow, name string) {
	r.Flows = slices.Clone(r.Flows)
	for i, f := range r.Flows {
		if flow != "" && f.Flow != flow {
			continue
		}
		r.Flows[i].Checks = slices.DeleteFunc(slices.Clone(f.Checks), func(c Check) bool { return c.Name == name })
	}
}

// swap lets two checks change places in every flow that has both.
func (r *Rules) swap(a, b string) {
	r.Flows = slices.Clone(r.Flows)
	for n, f := range r.Flows {
		i := slices.IndexFunc(f.Checks, func(c Check) bool { return c.Name == a })
		j := slices.IndexFunc(f.Checks, func(c Check) bool { return c.Name == b })
		if i >= 0 && j >= 0 {
			checks := slices.Clone(f.Checks)
			checks[i], checks[j] = checks[j], checks[i]
			r.Flows[n].Checks = checks
		}
	}
}
