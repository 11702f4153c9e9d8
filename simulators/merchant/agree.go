package merchant

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Consent is what a payer has agreed to: automatic debits by one merchant, up to these sums, between two days (DOMAIN.md F.4). A zero sum
// or count is none.
type Consent struct {
	PerDebit pay.Amount `json:"per_debit"`
	PerDay   pay.Amount `json:"per_day,omitzero"`
	PerMonth pay.Amount `json:"per_month,omitzero"`
	Count    int        `json:"count,omitempty"` // debits a month
	From     string     `json:"from,omitempty"`
	Until    string     `json:"until,omitempty"`
}

// Standing is how an agreement stands.
type Standing string

// The standings of an agreement.
const (
	Offered   Standing = "offered" // the payer has still to confirm it
	Active    Standing = "active"
	Cancelled Standing = "cancelled"
	Revoked   Standing = "revoked" // the payer's card is: nothing more is tried
)

// Agreement lets a merchant debit a payer.
type Agreement struct {
	Number    string    `json:"number"`
	Merchant  string    `json:"merchant"`
	Payer     string    `json:"payer"`
	Standing  Standing  `json:"standing"`
	Consent   Consent   `json:"consent"`         // that he has given, or is asked for
	Asked     *Consent  `json:"asked,omitempty"` // another that he is asked for; until he gives it the one before counts
	Code      []byte    `json:"code,omitempty"`  // by which he confirms, under KeyStore
	Confirmed time.Time `json:"confirmed,omitzero"`
	Ended     time.Time `json:"ended,omitzero"`
	Plan      *Plan     `json:"plan,omitempty"` // a membership
}

// DebitState is what became of a debit.
type DebitState string

// The states of a debit.
const (
	DebitWaiting DebitState = "waiting" // for its day, or for another try
	DebitUnknown DebitState = "unknown" // the payer's bank has not answered: it is asked again
	DebitPaid    DebitState = "paid"
	DebitFailed  DebitState = "failed"
	DebitOverdue DebitState = "overdue" // what was enjoyed first and could not be collected
)

// Debit is one that a merchant has asked for.
type Debit struct {
	Merchant  string     `json:"merchant"`
	Number    string     `json:"number"` // the merchant's own
	Agreement string     `json:"agreement"`
	At        time.Time  `json:"at"`
	Amount    pay.Amount `json:"amount"`
	State     DebitState `json:"state"`
	Tries     int        `json:"tries"`
	Next      time.Time  `json:"next,omitzero"`
	Asked     time.Time  `json:"asked,omitzero"`     // when the payer's bank was told of this try: the day on which the payer sees it
	Coupon    string     `json:"coupon,omitempty"`   // that has made it cheaper
	Deferred  bool       `json:"deferred,omitempty"` // enjoy first, pay later (先享后付)
}

func (d Debit) key() string { return d.Merchant + "/" + d.Number }

// try names an instruction to the payer's bank: what is asked again has the same name.
func (d Debit) try() string { return fmt.Sprintf("%s/%d", d.key(), d.Tries) }

// Collect has a payer's bank pay a debit. An instruction that it is told again, by its name, is the same.
type Collect func(now time.Time, instruction, payer string, a pay.Amount) BankWord

// payers is what the banks of payers owe for debits that they have made.
const payers ledger.Account = "payers"

// What the office does when a debit fails: so many tries, so far apart.
const (
	debitTries   = 3
	debitTryWait = 24 * time.Hour
)

func agreementServices() []Service {
	known := Check{"agreement", agreementKnown}
	return []Service{
		{OpAgree, []string{"merchant", "payer", "phone", "consent"}, []Check{{"merchant", merchantKnown}, {"consent-terms", consentMeant}}, offerAgreement},
		{OpChange, []string{"agreement", "phone", "consent"}, []Check{known, {"consent-terms", consentMeant}, {"consent", notEnded}}, changeAgreement},
		{OpConsent, []string{"agreement", "activation"}, []Check{known, {"consent", notEnded}, {"consent-code", consentRight}}, confirm},
		{OpCancel, []string{"agreement"}, []Check{known, {"agreement-ended", notEnded}}, cancelAgreement},
		{OpAgreement, []string{"agreement"}, []Check{known}, func(c *Call) { c.tellAgreement(c.agreement) }},
		{OpDebit, []string{"merchant", "agreement", "number", "amount"}, []Check{{"merchant", merchantKnown}, known, {"debit-repeat", firstDebit}, {"suspended", notSuspended},
			{"coupon", couponMeant}, {"coupon-once", couponUnused}, {"consent", consentGiven}, {"consent-term", consentStands}, {"cap-debit", withinDebit}, {"cap-day", withinDay}, {"cap-month", withinMonth}, {"cap-count", withinCount}}, debit},
		{OpMember, []string{"merchant", "agreement", "number", "amount"}, []Check{{"merchant", merchantKnown}, known, {"suspended", notSuspended}, {"consent", consentGiven},
			{"consent-term", consentStands}, {"cap-debit", withinDebit}}, becomeMember},
		{OpDebits, []string{"merchant"}, []Check{{"merchant", merchantKnown}}, tellDebits},
	}
}

func (c *Call) tellAgreement(a Agreement) {
	a.Code = nil
	c.answer.Agreement = &a
}

func agreementKnown(c *Call) (Code, string) {
	a, known := c.agreements[c.req.Agreement]
	if !known || c.req.Merchant != "" && a.Merchant != c.req.Merchant {
		return NoAgreement, "there is no such agreement with this merchant"
	}
	c.agreement = a
	return "", ""
}

// consentMeant refuses what no payer can mean: debits of any sum, or without end.
func consentMeant(c *Call) (Code, string) {
	k := c.req.Consent
	if k.PerDebit.Minor <= 0 || k.PerDebit.Currency != pay.Currency156CNY || k.From > k.Until && k.Until != "" {
		return BadConsent, "want a sum for each debit, and days in their order"
	}
	return "", ""
}

func notEnded(c *Call) (Code, string) {
	if s := c.agreement.Standing; s == Cancelled || s == Revoked {
		return NoConsent, "the agreement was ended: it is " + string(s)
	}
	return "", ""
}

func consentRight(c *Call) (Code, string) {
	clear, err := c.HSM.Open(KeyStore, c.agreement.Code)
	if err != nil || string(clear) != c.req.Activation.Reveal() {
		return CodeWrong, "it is not the code that the payer was texted"
	}
	return "", ""
}

// firstDebit gives the repeat of a debit what became of the first. One that is overdue is tried again.
func firstDebit(c *Call) (Code, string) {
	d, known := c.debits[c.merchant.Number+"/"+c.req.Number]
	if known && (d.State != DebitOverdue || d.Amount != c.req.Amount) {
		c.told = &d
		return DebitRepeated, "the debit was asked for before: it is " + string(d.State)
	}
	return "", ""
}

func consentGiven(c *Call) (Code, string) {
	if c.agreement.Standing != Active {
		return NoConsent, "the agreement is " + string(c.agreement.Standing)
	}
	return "", ""
}

func consentStands(c *Call) (Code, string) {
	day, k := c.day(), c.agreement.Consent
	if k.From != "" && day < k.From || k.Until != "" && day > k.Until {
		return ConsentExpired, fmt.Sprintf("consent was given from %s until %s", k.From, k.Until)
	}
	return "", ""
}

// day is the calendar day of the call: payers know no cut-offs.
func (c *Call) day() string { return c.now.Format(dayLayout) }

func withinDebit(c *Call) (Code, string) { return c.within(overDebit) }
func withinDay(c *Call) (Code, string)   { return c.within(overDay) }
func withinMonth(c *Call) (Code, string) { return c.within(overMonth) }
func withinCount(c *Call) (Code, string) { return c.within(overCount) }

// within holds a new debit to one of the caps, on the day on which it is due.
func (c *Call) within(over func(*Office, Agreement, Debit, string) string) (Code, string) {
	day := c.day()
	if c.req.Day != "" {
		day = c.req.Day
	}
	d := Debit{Merchant: c.merchant.Number, Number: c.req.Number, Amount: c.req.Amount}
	if why := over(c.Office, c.agreement, d, day); why != "" {
		return OverCap, why
	}
	return "", ""
}

// taken counts what an agreement takes besides a debit, or may take, on days that begin with a prefix.
func (o *Office) taken(a Agreement, besides Debit, prefix string) (sum int64, n int) {
	for _, key := range o.debitOrder {
		d := o.debits[key]
		if d.Agreement != a.Number || d.State == DebitFailed || d.State == DebitOverdue || key == besides.key() {
			continue
		}
		day := d.Asked
		if d.State == DebitWaiting {
			day = d.Next
		}
		if strings.HasPrefix(day.Format(dayLayout), prefix) {
			sum, n = sum+d.Amount.Minor, n+1
		}
	}
	return sum, n
}

// The caps of a consent: each tells why a debit of a day is over it, "" when it is not.
func overDebit(_ *Office, a Agreement, d Debit, _ string) string {
	if d.Amount.Currency == a.Consent.PerDebit.Currency && d.Amount.Minor <= a.Consent.PerDebit.Minor {
		return ""
	}
	return fmt.Sprintf("%s is over %s for each debit", d.Amount, a.Consent.PerDebit)
}

func overDay(o *Office, a Agreement, d Debit, day string) string {
	if sum, _ := o.taken(a, d, day); a.Consent.PerDay.Minor > 0 && sum+d.Amount.Minor > a.Consent.PerDay.Minor {
		return fmt.Sprintf("with %s of that day it is over %s a day", pay.CNY(sum), a.Consent.PerDay)
	}
	return ""
}

func overMonth(o *Office, a Agreement, d Debit, day string) string {
	if sum, _ := o.taken(a, d, day[:7]); a.Consent.PerMonth.Minor > 0 && sum+d.Amount.Minor > a.Consent.PerMonth.Minor {
		return fmt.Sprintf("with %s of that month it is over %s a month", pay.CNY(sum), a.Consent.PerMonth)
	}
	return ""
}

func overCount(o *Office, a Agreement, d Debit, day string) string {
	if _, n := o.taken(a, d, day[:7]); a.Consent.Count > 0 && n >= a.Consent.Count {
		return fmt.Sprintf("there are %d debits that month", n)
	}
	return ""
}

// askPayer texts a payer the code by which he confirms.
func (c *Call) askPayer(a *Agreement) bool {
	digits, err := c.HSM.Digits(6)
	if err == nil {
		a.Code, err = c.HSM.Seal(KeyStore, []byte(digits))
	}
	if err != nil {
		c.end(Broken, err.Error())
		return false
	}
	c.Message(c.req.Phone.Secret, pay.NewSecret(digits))
	c.note(c.now, trace.Sent, "TEXT_CONSENT_CODE", a.Payer+", for "+a.Number)
	return true
}

// offerAgreement offers an agreement to a payer.
func offerAgreement(c *Call) {
	a := Agreement{Number: fmt.Sprintf("G%06d", len(c.agreements)+1), Merchant: c.merchant.Number, Payer: c.req.Payer, Standing: Offered, Consent: *c.req.Consent}
	if c.askPayer(&a) {
		c.commit(change{agreements: []Agreement{a}})
		c.tellAgreement(a)
	}
}

// changeAgreement asks for other terms. Until they are confirmed those before count.
func changeAgreement(c *Call) {
	a := c.Rules.Change(c.agreement, *c.req.Consent)
	if c.askPayer(&a) {
		c.commit(change{agreements: []Agreement{a}})
		c.tellAgreement(a)
	}
}

func askAgainFor(a Agreement, k Consent) Agreement {
	a.Asked = &k
	if a.Standing == Offered {
		a.Consent, a.Asked = k, nil
	}
	return a
}

func confirm(c *Call) {
	a := c.agreement
	a.Standing, a.Code, a.Confirmed = Active, nil, c.now
	if a.Asked != nil {
		a.Consent, a.Asked = *a.Asked, nil
	}
	c.commit(change{agreements: []Agreement{a}})
	c.tellAgreement(a)
}

// cancelAgreement ends an agreement. What was taken stays taken, and what is not known yet is asked about; nothing is tried again.
func cancelAgreement(c *Call) {
	a := c.agreement
	a.Standing, a.Ended = Cancelled, c.now
	c.commit(change{agreements: []Agreement{a}})
	c.tellAgreement(a)
}

// debit takes the money, or waits for the day on which it is due.
func debit(c *Call) {
	d := Debit{Merchant: c.merchant.Number, Number: c.req.Number, Agreement: c.agreement.Number, At: c.now, Amount: c.req.Amount, State: DebitWaiting, Tries: 1}
	if c.req.Coupon != nil {
		d.Coupon = c.req.Coupon.Number
	}
	if was, known := c.debits[d.key()]; known {
		d.Tries, d.Deferred = was.Tries+1, was.Deferred
	}
	if c.req.Day != "" {
		d.Deferred, d.Next = true, midnight(c.req.Day).Add(time.Duration(c.Terms.PayAt))
		c.commit(change{debits: []Debit{d}})
	} else {
		c.collect(c.now, d)
	}
	d = c.debits[d.key()]
	c.answer.Debit = &d
}

// collect tells the payer's bank of a debit, and takes its word. That it is told stands in the journal first.
func (o *Office) collect(at time.Time, d Debit) {
	if d.State != DebitUnknown {
		d.Asked = at
	}
	d.State, d.Next = DebitUnknown, at.Add(askAgain)
	o.commit(change{debits: []Debit{d}})
	a := o.agreements[d.Agreement]
	word := o.Collect(at, d.try(), a.Payer, d.Amount)
	o.note(at, trace.Decided, "debit", fmt.Sprintf("%s of %s for %s: %s", d.Amount, a.Payer, d.Merchant, word))
	o.consult("bank-silence")
	o.consult("revoked-card")
	switch o.Rules.Revoked(o.Rules.Heard(word)) {
	case BankPaid:
		o.collected(at, d, a)
	case BankRevoked:
		d.State, d.Next = DebitFailed, time.Time{}
		a.Standing, a.Ended = Revoked, at
		o.commit(change{debits: []Debit{d}, agreements: []Agreement{a}})
	case BankRefused:
		o.consult("debit-retry")
		d.State, d.Next = DebitFailed, time.Time{}
		switch {
		case d.Tries < o.Rules.DebitTries:
			d.State, d.Next = DebitWaiting, at.Add(debitTryWait)
			d.Tries++
		case d.Deferred:
			d.State = o.Rules.Uncollected
		}
		o.commit(change{debits: []Debit{d}})
	}
}

// collected books a debit with its fee, and tells the payer.
func (o *Office) collected(at time.Time, d Debit, a Agreement) {
	d.State, d.Next = DebitPaid, time.Time{}
	tx := o.books.Begin(at)
	m := o.merchants[d.Merchant]
	i := Item{Fact: Fact{ID: "debit:" + d.key(), At: at, Ref: audit.Ref{Merchant: d.Merchant}, Sale: "debit:" + d.key(), Amount: d.Amount}, Other: payers, What: "debit", Agreement: d.Agreement, Taken: d.Asked,
		Day: o.Rules.Day(o.Terms, at)}
	for n := 2; o.items[i.ID] != nil; n++ { // a defect
		i.ID = fmt.Sprintf("debit:%s:%d", d.key(), n)
	}
	i.Due = o.Rules.Payday(o.Terms, m.Term, i.Day)
	i.Quote = o.quote(m, at, Sold{Card: CardDebit, Product: ProductDebit, Amount: d.Amount})
	i.Share = o.Rules.Share(o, d.Amount, i.Quote)
	if err := open(tx, payers); err == nil {
		err = o.bookIn(tx, i, change{})
		if err != nil {
			o.note(at, trace.Trouble, "debit", err.Error())
		}
	}
	o.commit(change{debits: []Debit{d}})
	o.consult("debit-told")
	if o.Rules.TellsPayer {
		o.Tell(a.Payer, "TEXT_DEBITED", m.Name, d.Amount.String())
		o.note(at, trace.Sent, "TEXT_DEBITED", a.Payer+": "+d.Amount.String()+" by "+m.Name)
	}
}

// ageDebits tries again what has waited long enough, and asks about what nobody knows. Without consent nothing is tried.
func (o *Office) ageDebits(now time.Time) {
	for range 10_000 {
		var next *Debit
		for _, key := range o.debitOrder {
			if d := o.debits[key]; !d.Next.IsZero() && !d.Next.After(now) && (next == nil || d.Next.Before(next.Next)) {
				next = &d
			}
		}
		if next == nil || o.broken {
			return
		}
		a := o.agreements[next.Agreement]
		o.consult("debit-consent")
		if next.State == DebitWaiting && !o.Rules.StillAgreed(a, next.Next) {
			next.State, next.Next = DebitFailed, time.Time{}
			o.commit(change{debits: []Debit{*next}})
			continue
		}
		if next.State == DebitWaiting && o.Rules.RetryOver(o, a, *next, next.Next.Format(dayLayout)) { // another day
			next.Next = next.Next.Add(debitTryWait)
			o.commit(change{debits: []Debit{*next}})
			continue
		}
		o.collect(next.Next, *next)
	}
}

// stillAgreed tells that an agreement holds at an instant.
func stillAgreed(a Agreement, at time.Time) bool {
	return a.Standing == Active && at.Format(dayLayout) <= cmp.Or(a.Consent.Until, "9999")
}

// overAny tells that a debit is over one of the caps on a day.
func overAny(o *Office, a Agreement, d Debit, day string) bool {
	return overDebit(o, a, d, day)+overDay(o, a, d, day)+overMonth(o, a, d, day)+overCount(o, a, d, day) != ""
}

func tellDebits(c *Call) {
	for _, key := range c.debitOrder {
		if d := c.debits[key]; d.Merchant == c.merchant.Number {
			c.answer.Debits = append(c.answer.Debits, d)
		}
	}
	c.answer.Debits = slices.Clip(c.answer.Debits)
}
