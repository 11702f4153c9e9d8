package rig

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// PINAct is what a cardholder does when the till asks for the PIN.
type PINAct string

// What a cardholder may do at the PIN.
const (
	PINNobody    PINAct = ""          // nobody is there
	PINRight     PINAct = "right"     //
	PINWrong     PINAct = "wrong"     // another of the same length, and then the red key
	PINCorrected PINAct = "corrected" // another, and then the right one
	PINNever     PINAct = "never"     // another, as often as the till asks
	PINCancel    PINAct = "cancel"    // the red key
	PINBypass    PINAct = "bypass"    // the green key at once
)

// at is what is done when one order asks for the PIN for the nth time, from 0.
func (a PINAct) at(n int) PINAct {
	switch {
	case a == PINNever, a == PINCorrected && n == 0:
		return PINWrong
	case a == PINCorrected:
		return PINRight
	case a == PINWrong && n > 0:
		return PINCancel
	case n > 0:
		return PINNobody
	}
	return a
}

// Order is what a cashier wants of the till, and who stands by when it asks for something. What it asks for and nobody
// brings leaves it waiting.
type Order struct {
	Flow       pay.Flow
	Amount     pay.Amount
	Who        string          // whose card is swiped; "" for none
	Card       *terminal.Event // how the card comes, where not By says it
	Phone      PhoneShown      // what is to be seen of his phone
	NoCard     bool            // the cashier presses the green key where the till asks for a card
	By         Presented
	Choice     int // which of its applications, from 0, if the till asks
	PIN        PINAct
	Original   *Crossing         // a request: the payment that the order acts on, as its slips name it
	Voucher    string            // or its voucher number alone
	Voice      *terminal.Voice   // what the cashier types when the till asks for an authorization by telephone; nil: nobody does
	Supervisor bool              // the supervisor comes when he is asked for
	Keyed      bool              // the cashier types the card's number: the cardholder is far away
	Typed      terminal.Original // what the cashier types to name it, where there is no slip
	Parts      int               // instalments
}

// Presented is how a cardholder gives his card.
type Presented string

// The ways.
const (
	ByUsual  Presented = "" // by its chip, if it has one
	ByStripe Presented = "stripe"
	ByChip   Presented = "chip"
	ByTap    Presented = "tap"
	ByPhone  Presented = "phone" // a payer's code
)

var interfaces = map[Presented]card.Interface{ByChip: card.Contact, ByTap: card.Contactless}

// Order has a cashier choose a flow and brings what the till asks for.
func (t *Till) Order(o Order) error {
	var holder Cardholder
	o, err := t.provoked(o)
	if err != nil {
		return err
	}
	defer t.pose(o.Flow)()
	if o.Who != "" {
		if holder, err = t.world.Card(o.Who); err != nil {
			return err
		}
		if o.Keyed {
			o.Card = &terminal.Event{Kind: terminal.KeyIn, PAN: pay.NewPAN(holder.PAN), Expiry: holder.Expiry}
		}
		if o.By == ByUsual && holder.Chip != "" && o.Card == nil {
			if o.By, err = t.world.usual(holder); err != nil {
				return err
			}
		}
		if o.Card == nil && (o.By == ByUsual || o.By == ByStripe) {
			if o.Card, err = t.swipe(holder); err != nil {
				return err
			}
		}
	}
	if err := t.Do(terminal.Event{Kind: terminal.Choose, Flow: o.Flow, Amount: o.Amount}); err != nil {
		return err
	}
	t.open, t.holder = o, holder
	return t.bring(o, holder)
}

// pinPatience is how often a cardholder enters a wrong PIN before he goes home.
const pinPatience = 12

// bring gives each thing that the till asks for, once, and the PIN as often as the act has it. A till that never asks for a PIN
// which somebody wants to enter wrong is not where the act wanted it.
func (t *Till) bring(o Order, holder Cardholder) error {
	brought := map[terminal.Need]int{}
	act := o.PIN
	for need := t.need; need != "" && (brought[need] == 0 || need == terminal.NeedPIN && brought[need] < pinPatience); need = t.need {
		o.PIN = act.at(brought[terminal.NeedPIN])
		brought[need]++
		if need == terminal.NeedCard && (o.By == ByChip || o.By == ByTap) {
			var err error
			if o.Card, err = t.present(holder, interfaces[o.By]); err != nil {
				return err
			}
		}
		if need == terminal.NeedCard && o.By == ByPhone {
			var err error
			if o.Card, err = t.world.scan(holder, o.Phone); err != nil {
				return err
			}
		}
		e := t.answerTo(need, o, holder)
		if e == nil {
			return nil
		}
		if err := t.Do(*e); err != nil {
			return err
		}
	}
	if act != PINNobody && act != PINRight && brought[terminal.NeedCard] > 0 && brought[terminal.NeedPIN] == 0 {
		return &Unexpected{t.Name, "the PIN asked for", t.Status().State}
	}
	return nil
}

// answerTo gives what is done when the till asks for something; nil when nobody does anything.
func (t *Till) answerTo(need terminal.Need, o Order, holder Cardholder) *terminal.Event {
	switch {
	case need == terminal.NeedCard && o.NoCard:
		return &terminal.Event{Kind: terminal.Confirm}
	case need == terminal.NeedCard && o.Who != "":
		return o.Card
	case need == terminal.NeedPIN:
		return pinEvent(holder, o.PIN)
	case need == terminal.NeedOriginal && o.Original != nil:
		return &terminal.Event{Kind: terminal.EnterOriginal, Original: t.world.slipOf(o.Original)}
	case need == terminal.NeedOriginal && o.Voucher != "":
		return &terminal.Event{Kind: terminal.EnterOriginal, Original: terminal.Original{Trace: o.Voucher}}
	case need == terminal.NeedCode && o.Voice != nil:
		return &terminal.Event{Kind: terminal.EnterCode, Voice: *o.Voice}
	case need == terminal.NeedOriginal && o.Typed != terminal.Original{}:
		return &terminal.Event{Kind: terminal.EnterOriginal, Original: o.Typed}
	case need == terminal.NeedPlan && o.Parts > 0:
		return &terminal.Event{Kind: terminal.EnterPlan, Count: o.Parts}
	case need == terminal.NeedSupervisor && o.Supervisor:
		password, err := t.password(supervisor)
		if err != nil {
			return nil // this merchant has none
		}
		return &terminal.Event{Kind: terminal.LogIn, Operator: supervisor, Password: password}
	case need == terminal.NeedApplication:
		return &terminal.Event{Kind: terminal.ChooseApplication, Choice: o.Choice}
	case need == terminal.NeedConfirm:
		return &terminal.Event{Kind: terminal.Confirm}
	}
	return nil
}

// supervisor is the operator who approves voids and refunds (DOMAIN.md A.15).
const supervisor = "00"

func pinEvent(holder Cardholder, act PINAct) *terminal.Event {
	pin := pay.NewSecret(holder.PIN)
	switch act {
	case PINRight:
		return &terminal.Event{Kind: terminal.EnterPIN, PIN: pin}
	case PINWrong:
		return &terminal.Event{Kind: terminal.EnterPIN, PIN: otherDigits(pin)}
	case PINCancel:
		return &terminal.Event{Kind: terminal.Cancel}
	case PINBypass:
		return &terminal.Event{Kind: terminal.EnterPIN}
	}
	return nil
}

// slipOf gives what the slip of a payment tells: voucher number, and what its answer brought.
func (w *World) slipOf(request *Crossing) terminal.Original {
	o := terminal.Original{Trace: request.Message.Get(iso8583.Trace), Date: w.Loop.Now().Format("0102")}
	for _, c := range w.Wire {
		if c.Answer && c.Message != nil && c.Flow == request.Flow && c.Nth == request.Nth {
			o.RRN, o.AuthCode = c.Message.Get(iso8583.RRN), c.Message.Get(iso8583.AuthCode)
			if date := c.Message.Get(iso8583.LocalDate); date != "" {
				o.Date = date
			}
			break // what comes for a request that came twice stands on no slip
		}
	}
	return o
}

func (t *Till) swipe(holder Cardholder) (*terminal.Event, error) {
	stripe, err := t.world.read(holder)
	return &terminal.Event{Kind: terminal.Swipe, Stripe: stripe}, err
}

// Swipe sells: the cashier chooses sale and amount, the cardholder draws the stripe through the reader and does act at the PIN.
func (t *Till) Swipe(who string, amount pay.Amount, act PINAct) error {
	return t.Order(Order{Flow: pay.Sale, Amount: amount, Who: who, PIN: act, By: ByStripe})
}

// SwipeBadly sells with a stripe that the reader cannot read.
func (t *Till) SwipeBadly(who string, amount pay.Amount) error {
	return t.Order(Order{Flow: pay.Sale, Amount: amount, Who: who, Card: &terminal.Event{Kind: terminal.Swipe, Stripe: terminal.Stripe{Bad: true}}})
}

// KeyIn sells by a card number typed at the till, with a wrong last digit if asked.
func (t *Till) KeyIn(who string, amount pay.Amount, wrongDigit bool) error {
	holder, err := t.world.Card(who)
	if err != nil {
		return err
	}
	pan := holder.PAN
	if wrongDigit {
		last := pan[len(pan)-1]
		pan = pan[:len(pan)-1] + string('0'+(last-'0'+1)%10)
	}
	return t.Order(Order{Flow: pay.Sale, Amount: amount, Who: who, PIN: PINRight,
		Card: &terminal.Event{Kind: terminal.KeyIn, PAN: pay.NewPAN(pan), Expiry: holder.Expiry}})
}

// SwipeAgain goes on with an order in which the till waits for a card.
func (t *Till) SwipeAgain(who string) error { return t.PresentAgain(who, ByStripe) }

// PresentAgain goes on with an order in which the till waits for a card, given in that way.
func (t *Till) PresentAgain(who string, by Presented) error {
	return t.presentAgain(Order{Who: who, PIN: PINRight, By: by})
}

func (t *Till) presentAgain(o Order) error {
	if t.need != terminal.NeedCard {
		return &Unexpected{t.Name, "waiting for a card", t.Status().State}
	}
	holder, err := t.world.Card(o.Who)
	if err != nil {
		return err
	}
	if o.By == ByStripe {
		if o.Card, err = t.swipe(holder); err != nil {
			return err
		}
	}
	return t.bring(o, holder)
}

// Amount gives what a message is about.
func (c *Crossing) Amount() (pay.Amount, error) {
	currency, err := pay.ParseCurrency(c.Message.Get(iso8583.Currency))
	if err != nil {
		return pay.Amount{}, err
	}
	return pay.AmountOf(c.Message.Get(iso8583.Amount), currency)
}

// Approve has an operator type his password where the till waits for the supervisor, and the order goes on.
func (t *Till) Approve(operator string, wrong bool, times int) error {
	password, err := t.password(operator)
	if err != nil {
		return err
	}
	if wrong {
		password = otherDigits(password)
	}
	for range times {
		if t.need != terminal.NeedSupervisor {
			return &Unexpected{t.Name, "waiting for the supervisor", t.Status().State}
		}
		if err := t.LogInWith(operator, password); err != nil {
			return err
		}
	}
	if t.need == terminal.NeedSupervisor {
		return nil
	}
	return t.bring(t.open, t.holder)
}

// LogInWith types an operator's number and a password.
func (t *Till) LogInWith(operator string, password pay.Secret) error {
	return t.Do(terminal.Event{Kind: terminal.LogIn, Operator: operator, Password: password})
}

// SetSwitches sets parameters of the till, by the names that they have in its dialect's file, and starts it again.
func (t *Till) SetSwitches(values map[string]string) error {
	d, err := t.config.Dialect.With(values)
	if err != nil {
		return err
	}
	t.config.Dialect = d
	return t.StartAgain()
}

// Voucher gives the trace number of the till's last approved order of a flow.
func (t *Till) Voucher(flow pay.Flow) (string, error) {
	for _, e := range slices.Backward(t.Endings) {
		if e.Flow == flow && e.Kind == terminal.Approved {
			return e.Trace, nil
		}
	}
	return "", &Unexpected{t.Name, "an approved " + string(flow), "none"}
}
