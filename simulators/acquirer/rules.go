package acquirer

import (
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
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

// Fill is one thing that an answer carries. It gets the answer as decided.
type Fill struct {
	Name string
	Do   func(*Call, Stored)
}

// Rules are all that an acquirer decides from. A value is immutable once an acquirer works with it.
type Rules struct {
	Flows   []Flow
	Unknown []Check // for a message that no flow fits; the last always declines
	Fill    []Fill

	MAC              func(*Call, []byte) ([]byte, error)               // makes the MAC of an answer; nil: answers carry none
	WorkingKeys      func(*Call, string) (f62, sent []byte, err error) // makes keys for a network code: as kept, as sent
	ChangeKeys       func(*Call, Terminal)                             // puts the keys of a key change to use, when its answer is out
	Post             func(*work, Payment) error                        // an approved payment's money
	Undo             func(*work, Payment, string) error                // a reversed payment's; the string is the reversal's own number
	Amend            func(w *work, o, by Payment) error                // gives a posted payment another amount
	Payer            func(*Call, *iso8583.Message)                     // says in the issuer's question who pays
	Part             func(Payment, *iso8583.Message) Payment           // what the issuer's answer left of a payment
	Refused          func(*Acquirer, Payment, pay.Answer) bool         // whether the issuer's answer to an advice is its last word, and a no
	Totals           func(*Call) (iso8583.Settlement, error)           // of the terminal's batch
	Compare          func(said, own iso8583.Totals) iso8583.SettlementResult
	Told             func(c *Call, said, own iso8583.Settlement) iso8583.Settlement // the totals of the answer
	Uploads          func(before, now []Upload) []Upload                            // what has come of a batch, once more has
	Originals        map[pay.Flow][]pay.Flow                                        // what each flow may act on
	Original         func(*Call) (Payment, bool)                                    // the payment that a reversal is about
	Framer           func(wire.Framer) wire.Framer                                  // how the tills' streams are cut into messages; gets the dialect's way
	Unreadable       func(*Acquirer)                                                // what a frame that is no message does, beyond being noted
	Posts            func(Payment) bool                                             // whether a payment that the issuer decided moves money
	RepeatedReversal func(*Call, Payment)                                           // a reversal that was done already
	NextBatch        func(string) string                                            // after a sign-out
	Certificate      func(*Call) (*Certificate, error)                              // what is kept of an advice for the issuer to judge
	Advised          Undo                                                           // what the issuer is told of an advice
	AbandonUndo      Undo                                                           // what a payment that the issuer did not answer needs of it
	OpensNext        func(iso8583.Switches) bool                                    // the end of a settlement opens the next batch; otherwise sign-out or sign-in does
	Day              func(at time.Time) string                                      // under which what a merchant and a terminal take is counted
	OnDay            func(p Payment, mmdd string, now time.Time) bool               // whether a date without a year names the payment's
	SettlementDay    func(at time.Time, cutOff time.Duration) time.Time             // the day with which a payment is settled
	RRNDay           func(last, now string) string                                  // under which a payment is numbered, each YYMMDD
	DurableFirst     bool                                                           // nobody is told of a decision before the journal has it
	StopUnkept       bool                                                           // a decision that the journal did not take is the last one
	KeepUploads      bool                                                           // a sign-in in the middle of a settlement leaves what was uploaded
	Tombstones       bool                                                           // a reversal without its original declines the late original
	TellScripts      bool                                                           // the issuer hears what its commands did to a chip
	Forward          bool                                                           // reversals go on to the issuer

	DeviceRules
	SignatureRules
	RiskRules

	ByCode           []pay.Flow     // what a payer's code may stand in (DOMAIN.md A.4)
	Instalments      []string       // plans that merchants may offer
	Domestic         []string       // card numbers of this country begin with one of these
	Credit           []string       // ... and of credit cards with one of these
	Currencies       []pay.Currency // that merchants are paid in
	ID               string         // F32: this acquirer among institutions
	IssuerID         string         // F44: the institution that decided
	Organisation     string         // F63.1 of answers to payments
	IssuerTimeout    time.Duration  // then the payment ends as 98 and is reversed at the issuer; below the terminals' 60 s
	UndoInterval     time.Duration  // between reversals to the issuer
	UndoAttempts     int            // in a row; the next request starts another row
	LateOriginal     pay.Answer     // a payment whose reversal came first: its trace number is spent
	DeclinedOriginal pay.Answer     // the reversal of a payment that was declined: there is nothing to do
}

// Reference gives the rules of an acquirer that does everything right. Switches that belong to a dialect (answer to an
// unknown reversal, MAK length) are read there.
func Reference() Rules {
	return Rules{
		Flows:            flows(),
		Unknown:          []Check{{"system", systemWell}, {"flow", noFlow}},
		Fill:             fills(),
		MAC:              answerMAC,
		WorkingKeys:      workingKeys,
		ChangeKeys:       func(c *Call, t Terminal) { c.loadKeys(c.now, t) },
		Post:             post,
		Undo:             undo,
		Amend:            amend,
		Payer:            offerPayer,
		Part:             partOf,
		Refused:          refused,
		Totals:           batchTotals,
		Compare:          compare,
		Told:             tellTotals,
		Uploads:          gather,
		ByCode:           []pay.Flow{pay.Sale, pay.Void, pay.Refund},
		Instalments:      []string{"03", "06", "12", "24"},
		OpensNext:        func(s iso8583.Switches) bool { return !s.SignOutAfterSettlement },
		SettlementDay:    settlementDay,
		Day:              func(at time.Time) string { return at.Format("060102") },
		OnDay:            func(p Payment, mmdd string, _ time.Time) bool { return p.Sent == mmdd || p.At.Format("0102") == mmdd },
		RRNDay:           func(last, now string) string { return max(last, now) },
		DurableFirst:     true,
		StopUnkept:       true,
		KeepUploads:      true,
		Domestic:         []string{"62"},
		Credit:           []string{"6200120025", "6200120116", "6200120118", "6200120152", "6200120155", "6200120209", "6200120771", "9999"}, // the test cards of fixtures/cards
		Originals:        originals(),
		Original:         func(c *Call) (Payment, bool) { p, known := c.payments[c.key()]; return p, known },
		Framer:           func(f wire.Framer) wire.Framer { return f },
		Unreadable:       func(*Acquirer) {},
		Posts:            func(p Payment) bool { return p.State == Approved },
		RepeatedReversal: again,
		NextBatch:        nextBatch,
		SignatureRules:   signatureRules(),
		RiskRules:        riskRules(),
		DeviceRules:      DeviceRules{Asks: asks, Whole: whole, Fetched: fetched},
		Advised:          AdviceDue,
		Certificate:      certificate,
		AbandonUndo:      UndoDue,
		Tombstones:       true,
		Forward:          true, TellScripts: true,
		Currencies:       []pay.Currency{pay.Currency156CNY},
		ID:               "48270000",
		IssuerID:         "01020000",
		Organisation:     "CUP",
		IssuerTimeout:    30 * time.Second,
		UndoInterval:     10 * time.Second,
		UndoAttempts:     10,
		LateOriginal:     pay.Answer94Duplicate,
		DeclinedOriginal: pay.Answer00Approved,
	}
}

// flow gives a flow's entry. A flow that the dialect has and the acquirer does not serve is answered 40.
func (r *Rules) flow(f pay.Flow) Flow {
	for _, entry := range r.Flows {
		if entry.Flow == f {
			return entry
		}
	}
	return Flow{Flow: f, Checks: []Check{{"system", systemWell}, {"served", notServed}}}
}

// change gives every flow a list of checks of its own, altered by edit; the lists of other rules stay as they were.
func (r *Rules) change(name string, edit func(Check) (Check, bool)) {
	r.Flows = slices.Clone(r.Flows)
	for i := range r.Flows {
		var checks []Check
		for _, check := range r.Flows[i].Checks {
			keep := true
			if check.Name == name {
				check, keep = edit(check)
			}
			if keep {
				checks = append(checks, check)
			}
		}
		r.Flows[i].Checks = checks
	}
}

// drop takes a check out of every flow.
func (r *Rules) drop(name string) {
	r.change(name, func(c Check) (Check, bool) { return c, false })
}

// replace puts another question in a check's place.
func (r *Rules) replace(name string, ask func(*Call) (pay.Answer, string)) {
	r.change(name, func(c Check) (Check, bool) { return Check{c.Name, ask}, true })
}

// fills lists what answers carry beyond the echo (DOMAIN.md A.4.1, last line, and H.3).
func fills() []Fill {
	set := func(e iso8583.Element, value func(*Call, Stored) string) Fill {
		return Fill{e.String(), func(c *Call, s Stored) { c.fill(e, value(c, s)) }}
	}
	return []Fill{
		set(iso8583.AnswerCode, answerCode),
		set(iso8583.RRN, func(_ *Call, s Stored) string { return s.RRN }),
		set(iso8583.AuthCode, func(_ *Call, s Stored) string { return s.AuthCode }),
		set(iso8583.LocalTime, func(_ *Call, s Stored) string { return s.At.Format("150405") }),
		set(iso8583.LocalYear, func(_ *Call, s Stored) string { return s.At.Format("06") }),
		set(iso8583.LocalDate, func(_ *Call, s Stored) string { return s.At.Format("0102") }),
		set(iso8583.Balance, func(_ *Call, s Stored) string { return s.Balance }),
		set(iso8583.Chip, func(_ *Call, s Stored) string { return s.Chip }),
		set(iso8583.SettlementDate, func(c *Call, s Stored) string {
			return c.Rules.SettlementDay(s.At, c.Dialect.Switches.CutOff).Format("0102")
		}),
		set(iso8583.SettlementYear, func(c *Call, s Stored) string {
			return c.Rules.SettlementDay(s.At, c.Dialect.Switches.CutOff).Format("06")
		}),
		set(iso8583.Acquirer, func(c *Call, _ Stored) string { return c.Rules.ID }),
		set(iso8583.Institutions, func(c *Call, _ Stored) string { return pad(c.Rules.IssuerID) + pad(c.Rules.ID) }),
		set(iso8583.CardOrganisation, func(c *Call, _ Stored) string { return c.Rules.Organisation }),
		{"sign-in-again", askSignIn},
		{"processing-request", askWork},
	}
}

// fill sets an element of the answer if it has a value and the dialect's answer carries it.
func (c *Call) fill(e iso8583.Element, value string) {
	if value != "" && (c.spec == nil || c.Dialect.AnswerCarries(c.spec.Flow, e)) {
		c.reply.Set(e, value)
	}
}

func answerCode(c *Call, s Stored) string {
	if s.Answer == pay.Answer00Approved && c.instead != "" {
		return string(c.instead)
	}
	return string(s.Answer)
}

// pad fills an institution's number up to the eleven characters that each half of F44 has.
func pad(id string) string { return id + strings.Repeat(" ", max(0, 11-len(id))) }

// askSignIn sets the processing request in the header, nibble 6, to 3: sign in again (DOMAIN.md A.1).
func askSignIn(c *Call, _ Stored) {
	h := c.reply.Header()
	if c.terminal.SignInAgain && len(h) == 12 {
		c.reply.SetHeader(h[:5] + "3" + h[6:])
	}
}
