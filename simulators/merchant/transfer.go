package merchant

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
)

// TransferKind is what somebody sends money for.
type TransferKind string

// The kinds of transfers, by whose money goes where.
const (
	Send     TransferKind = "transfer"   // a payer's bank account to any other
	Repay    TransferKind = "repayment"  // ... to his own credit card, which has it on the next payday
	TopUp    TransferKind = "top-up"     // ... to a merchant's balance
	Withdraw TransferKind = "withdrawal" // a merchant's balance to the card that he has bound, or the account that he applied with
	PayByQR  TransferKind = "payment"    // ... to the balance of another, whose code he has scanned
)

// TransferState is how far a transfer has come.
type TransferState string

// The states of a transfer. What ends is done, refused before anything moved, or returned in whole: never half.
const (
	TransferInquired  TransferState = "inquired" // the payer has seen the name, and has still to confirm
	TransferDebiting  TransferState = "debiting"
	TransferCrediting TransferState = "crediting" // the payer was debited
	TransferReturning TransferState = "returning" // the payee cannot be credited
	TransferDone      TransferState = "done"
	TransferRefused   TransferState = "refused"
	TransferReturned  TransferState = "returned"
)

// Transfer is money on its way from one to another.
type Transfer struct {
	Number   string        `json:"number"`
	Kind     TransferKind  `json:"kind"`
	At       time.Time     `json:"at"`
	Merchant string        `json:"merchant,omitempty"` // whose balance pays
	Payer    string        `json:"payer,omitempty"`    // whose bank account pays
	Payee    string        `json:"payee"`              // the name that the account has, masked
	To       string        `json:"to,omitempty"`       // the merchant whose balance gets it
	Account  string        `json:"account,omitempty"`  // or the account, masked
	Sealed   []byte        `json:"sealed,omitempty"`   // ... whole, under KeyStore
	Code     []byte        `json:"code,omitempty"`     // by which the payer confirms, under KeyStore
	Amount   pay.Amount    `json:"amount"`
	State    TransferState `json:"state"`
	Next     time.Time     `json:"next,omitzero"`
	Ended    time.Time     `json:"ended,omitzero"`
}

// Holder is whose an account is, as its bank tells who asks for the name.
type Holder struct {
	Name   string
	Credit bool // it is a credit card's
}

// BankAccount is where a bank is to put money: an account by its number, or the one that somebody was debited from.
type BankAccount struct {
	Number pay.Secret
	Payer  string
}

// Credit has a bank put money into an account. An instruction that it is told again, by its name, is the same.
type Credit func(now time.Time, instruction string, to BankAccount, a pay.Amount) BankWord

// Accounts of transfers: what is on its way, and what the banks of payees were given.
const (
	underway ledger.Account = "transfers"
	payees   ledger.Account = "payees"
)

// nameLife is how long a name that was asked for may be confirmed.
const nameLife = 5 * time.Minute

func transferServices() []Service {
	known := Check{"transfer", transferKnown}
	return []Service{
		{OpInquire, []string{"kind", "amount"}, []Check{{"transfer-parties", partiesMeant}, {"payee-account", payeeKnown}, {"own-name", ownName}, {"covered", covered}}, inquire},
		{OpConfirm, []string{"transfer"}, []Check{known, {"transfer-open", stillInquired}, {"name-fresh", nameFresh}, {"transfer-code", payerConfirms}, {"covered", covered}}, confirmTransfer},
		{OpTransfer, []string{"transfer"}, []Check{known}, func(c *Call) { c.tellTransfer(c.transfer) }},
		{OpPayeeCode, []string{"merchant"}, []Check{{"merchant", merchantKnown}}, tellPayeeCode},
	}
}

func (c *Call) tellTransfer(t Transfer) {
	t.Code, t.Sealed = nil, nil
	c.answer.Transfer = &t
}

// partiesMeant finds out whose money is to go where.
func partiesMeant(c *Call) (Code, string) {
	t := Transfer{Kind: TransferKind(c.req.Kind), At: c.now, Amount: c.req.Amount}
	needs := map[TransferKind][]string{Send: {"payer", "phone", "account"}, Repay: {"payer", "phone", "account"}, TopUp: {"payer", "phone", "merchant"}, Withdraw: {"merchant"},
		PayByQR: {"merchant", "code"}}[t.Kind]
	if needs == nil || t.Amount.Currency != pay.Currency156CNY {
		return BadTransfer, "want transfer, repayment, top-up, withdrawal or payment, of CNY"
	}
	for _, name := range needs {
		if !c.req.has(name) {
			return BadTransfer, string(t.Kind) + " needs " + name
		}
	}
	if c.req.Merchant != "" {
		if code, why := merchantKnown(c); code != "" {
			return code, why
		}
		if code, why := notSuspended(c); code != "" {
			return code, why
		}
	}
	switch t.Kind {
	case Send, Repay:
		t.Payer = c.req.Payer
	case TopUp:
		t.Payer, t.To = c.req.Payer, c.merchant.Number
	case Withdraw, PayByQR:
		t.Merchant = c.merchant.Number
	}
	c.transfer = t
	return "", ""
}

// payeeKnown asks whose the account is. What nobody has is no account to send money to (A3).
func payeeKnown(c *Call) (Code, string) {
	const wrong = "the receiving account is wrong"
	t, account := &c.transfer, c.req.Account.Reveal()
	switch t.Kind {
	case TopUp:
		t.Payee = c.merchant.Name
		return "", ""
	case PayByQR:
		m, err := c.payee(c.req.QR)
		if err != nil || m.Number == t.Merchant || m.Suspended || m.Closed {
			return WrongAccount, wrong
		}
		t.To, t.Payee = m.Number, m.Name
		return "", ""
	case Withdraw:
		to, err := c.withdrawTo(t.Merchant)
		if err != nil {
			return WrongAccount, err.Error()
		}
		account = to
	}
	holder, known := c.NameOf(pay.NewSecret(account))
	known = known || !c.Rules.AsksName
	sealed, err := c.HSM.Seal(KeyStore, []byte(account))
	switch {
	case err != nil:
		return Broken, err.Error()
	case !known || t.Kind == Repay && !holder.Credit:
		return WrongAccount, wrong
	}
	t.Payee, t.Account, t.Sealed, c.holder = c.Rules.MaskName(holder.Name), lastFour(account), sealed, holder.Name
	return "", ""
}

// ownName: who repays a card repays his own.
func ownName(c *Call) (Code, string) {
	if c.transfer.Kind == Repay && c.holder != c.transfer.Payer {
		return NotOwnName, "the card is somebody else's"
	}
	return "", ""
}

// covered: what a balance does not have it does not send.
func covered(c *Call) (Code, string) {
	if c.transfer.Merchant == "" {
		return "", ""
	}
	if owed, err := c.Owed(c.transfer.Merchant); err != nil || owed.Minor < c.transfer.Amount.Minor {
		return NoFunds, "the balance does not cover it"
	}
	return "", ""
}

// inquire tells whose the account is. A payer who is not the merchant is texted a code, by which he confirms.
func inquire(c *Call) {
	t := c.transfer
	t.Number, t.State = fmt.Sprintf("T%06d", len(c.transferOrder)+1), TransferInquired
	if t.Payer != "" {
		digits, err := c.HSM.Digits(6)
		if err == nil {
			t.Code, err = c.HSM.Seal(KeyStore, []byte(digits))
		}
		if err != nil {
			c.end(Broken, err.Error())
			return
		}
		c.Message(c.req.Phone.Secret, pay.NewSecret(digits))
		c.note(c.now, trace.Sent, "TEXT_TRANSFER_CODE", t.Payer+", for "+t.Number)
	}
	c.commit(change{transfers: []Transfer{t}})
	c.tellTransfer(t)
}

func transferKnown(c *Call) (Code, string) {
	t, known := c.transfers[c.req.Transfer]
	if !known {
		return NoTransfer, "there is no transfer of this number"
	}
	c.transfer = t
	return "", ""
}

func stillInquired(c *Call) (Code, string) {
	if c.transfer.State != TransferInquired {
		return TransferRepeated, "it was confirmed before: it is " + string(c.transfer.State)
	}
	return "", ""
}

func nameFresh(c *Call) (Code, string) {
	if c.now.Sub(c.transfer.At) > nameLife {
		return CodeExpired, "the name was asked for too long ago: ask again"
	}
	return "", ""
}

// payerConfirms holds what was typed against the payer's code. A wrong one ends the transfer: there is no second guess.
func payerConfirms(c *Call) (Code, string) {
	if c.transfer.Payer == "" {
		return "", ""
	}
	clear, err := c.HSM.Open(KeyStore, c.transfer.Code)
	if err == nil && string(clear) == c.req.Activation.Reveal() {
		return "", ""
	}
	t := c.transfer
	t.State, t.Ended = TransferRefused, c.now
	c.commit(change{transfers: []Transfer{t}})
	return CodeWrong, "it is not the code that the payer was texted"
}

// confirmTransfer begins with the payer's money.
func confirmTransfer(c *Call) {
	t := c.transfer
	t.State, t.Next, t.Ended = TransferDebiting, c.now, time.Time{}
	c.commit(change{transfers: []Transfer{t}})
	c.ageTransfers(c.now)
	c.tellTransfer(c.transfers[t.Number])
}

// ageTransfers takes each transfer on that waits for a bank's word, or for its day.
func (o *Office) ageTransfers(now time.Time) {
	for range 100_000 {
		var next *Transfer
		for _, number := range o.transferOrder {
			if t := o.transfers[number]; !t.Next.IsZero() && !t.Next.After(now) && (next == nil || t.Next.Before(next.Next)) {
				next = &t
			}
		}
		if next == nil || o.broken {
			return
		}
		if err := o.carryOn(next.Next, *next); err != nil {
			o.note(next.Next, trace.Trouble, "transfer", next.Number+": "+err.Error())
			return
		}
	}
}

// carryOn does the next leg of a transfer. That a bank is asked stands in the journal first: after a restart it is asked again, by the same name.
func (o *Office) carryOn(at time.Time, t Transfer) error {
	asked := t
	asked.Next = at.Add(askAgain)
	o.commit(change{transfers: []Transfer{asked}})
	o.consult("transfer-" + string(t.State))
	word := o.legWord(at, t)
	o.note(at, trace.Decided, string(t.Kind), fmt.Sprintf("%s, %s of %s: %s", t.Number, t.State, t.Amount, word))
	leg := t.State
	ends := func(state TransferState) { t.State, t.Next, t.Ended = state, time.Time{}, at }
	switch word = o.Rules.LegHeard(leg, word); {
	case word == BankSilent, word == BankRefused && leg == TransferReturning: // it is asked again until it has taken it
		return nil
	case word == BankRefused && leg == TransferDebiting:
		ends(TransferRefused)
	case word == BankRefused && o.Rules.ReturnsRefused:
		t.State, t.Next = TransferReturning, at
	case word == BankRefused:
		ends(TransferReturned)
	case leg == TransferDebiting:
		t.State, t.Next = TransferCrediting, o.Rules.PostsAt(o, t, at)
		return o.bookLeg(at, t, "debit")
	case leg == TransferCrediting:
		ends(TransferDone)
		return o.bookLeg(at, t, "credit")
	case leg == TransferReturning:
		ends(TransferReturned)
		return o.bookLeg(at, t, "return")
	}
	o.commit(change{transfers: []Transfer{t}})
	return nil
}

// legWord has a bank do a leg; what is between the office and its merchants it does itself.
func (o *Office) legWord(at time.Time, t Transfer) BankWord {
	switch {
	case t.State == TransferCrediting && t.To == "":
		number, err := o.HSM.Open(KeyStore, t.Sealed)
		if err != nil {
			return BankSilent
		}
		return o.Credit(at, o.Rules.LegName(t, "credit"), BankAccount{Number: pay.NewSecret(string(number))}, t.Amount)
	case t.State == TransferDebiting && t.Payer != "":
		word := o.Collect(at, o.Rules.LegName(t, "debit"), t.Payer, t.Amount)
		if word == BankRevoked {
			word = BankRefused
		}
		return word
	case t.State == TransferReturning && t.Payer != "":
		return o.Credit(at, o.Rules.LegName(t, "return"), BankAccount{Payer: t.Payer}, t.Amount)
	}
	return BankPaid
}

// legName names an instruction to a bank: what is asked again has the same name.
func legName(t Transfer, leg string) string { return "transfer:" + t.Number + ":" + leg }

// postsAt gives when a payee is credited: a credit card on the next payday, everybody else at once.
func postsAt(o *Office, t Transfer, at time.Time) time.Time {
	if t.Kind != Repay {
		return at
	}
	return o.Rules.Payday(o.Terms, TermNextWorkingDay, o.Rules.Day(o.Terms, at))
}

// bookLeg books a leg with what the transfer is from then on, as one decision.
func (o *Office) bookLeg(at time.Time, t Transfer, leg string) error {
	id, made := t.Number+":"+leg, change{transfers: []Transfer{t}}
	bank, number, a := payers, t.Merchant, t.Amount
	switch leg {
	case "debit":
		a = a.Neg() // away from who pays
	case "credit":
		bank, number = payees, t.To
	}
	if number != "" {
		return o.besidesWith(at, number, "transfer:"+id, string(t.Kind), underway, a, "transfer:"+t.Number, "", made)
	}
	made.books = o.books.Begin(at)
	if err := errors.Join(open(made.books, bank, underway), move(made.books, id, underway, bank, a)); err != nil {
		return err
	}
	o.commit(made)
	return nil
}

// payeeGUID says in a merchant code that the rest of the template is this office's to read.
const payeeGUID = "tillproof.office"

// tellPayeeCode gives the code that a merchant shows to be paid by another.
func tellPayeeCode(c *Call) {
	m := qr.Merchant{Accounts: []qr.Account{{ID: "26", GUID: payeeGUID, Fields: qr.Payload{{ID: "01", Value: c.merchant.Number}}}}, MCC: c.merchant.MCC, Amount: pay.CNY(0), Country: "CN",
		Name: c.merchant.Name, City: "SHANGHAI"}
	p, err := m.Payload()
	if err != nil {
		c.end(Broken, err.Error())
		return
	}
	if c.answer.QR, err = p.Encode(); err != nil {
		c.end(Broken, err.Error())
	}
}

// payee reads a scanned code.
func (o *Office) payee(text string) (Merchant, error) {
	p, err := qr.Parse(text)
	if err != nil {
		return Merchant{}, err
	}
	code, err := p.Merchant()
	if err != nil {
		return Merchant{}, err
	}
	for _, a := range code.Accounts {
		if a.GUID != payeeGUID {
			continue
		}
		for _, f := range a.Fields {
			if m, known := o.merchants[f.Value]; f.ID == "01" && known {
				return m, nil
			}
		}
	}
	return Merchant{}, errors.New("the code is no merchant's of this office")
}

// maskName leaves the first letter of a name.
func maskName(name string) string {
	r := []rune(name)
	return string(r[:min(1, len(r))]) + strings.Repeat("*", max(0, len(r)-1))
}
