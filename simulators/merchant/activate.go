package merchant

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Register has the acquirer know a merchant's terminal, and gives its master key under the key that the device left the factory with, with its check
// value.
type Register func(m Merchant, d Device) (wrapped []byte, kcv string, err error)

// Device is a terminal that was shipped to a merchant.
type Device struct {
	Serial   string     `json:"serial"`
	Merchant string     `json:"merchant"`
	Place    string     `json:"place,omitempty"`
	Phone    string     `json:"phone"`              // masked
	Terminal string     `json:"terminal,omitempty"` // its number, once it is activated
	Code     []byte     `json:"code,omitempty"`     // the one-time code under KeyStore
	Given    time.Time  `json:"given,omitzero"`
	Used     bool       `json:"used,omitempty"`
	Tries    int        `json:"tries,omitempty"`
	Deposit  pay.Amount `json:"deposit,omitzero"` // that is held for it
	Due      time.Time  `json:"due,omitzero"`     // when it goes back by itself
	Waived   bool       `json:"waived,omitempty"`
	Charged  bool       `json:"charged,omitempty"` // the deposit was taken once, whatever became of it
	Returned bool       `json:"returned,omitempty"`
	TMK      []byte     `json:"tmk,omitempty"` // under the device's own key
}

// Activated is what a device gets to know.
type Activated struct {
	Terminal string `json:"terminal"`
	Merchant string `json:"merchant"`
	Name     string `json:"name"`
	MCC      string `json:"mcc"`
	TMK      []byte `json:"tmk"` // under the device's own key
	KCV      string `json:"kcv"`
}

// Deposit accounts: one for each device, and what was kept of them.
const keptDeposits ledger.Account = "fees:damage"

func depositOf(serial string) ledger.Account { return ledger.Account("deposit:" + serial) }

func deviceServices() []Service {
	known := Check{"device", deviceKnown}
	return []Service{
		{OpShip, []string{"merchant", "serial"}, []Check{{"merchant", merchantKnown}, {"approved", wasApproved}, {"serial-free", serialFree}}, ship},
		{OpCode, []string{"serial", "phone"}, []Check{known, {"phone", phoneHis}}, giveCode},
		{OpActivate, []string{"serial", "activation"}, []Check{known, {"suspended", notSuspended}, {"code-tries", codeTries}, {"code-given", codeGiven}, {"code-right", codeRight}, {"code-used", codeUnused},
			{"code-fresh", codeFresh}}, activate},
		{OpReturn, []string{"serial"}, []Check{known, {"in-use", isInUse}}, giveBack},
		{OpSuspend, []string{"merchant"}, []Check{{"merchant", merchantKnown}}, suspend(true)},
		{OpResume, []string{"merchant"}, []Check{{"merchant", merchantKnown}}, suspend(false)},
		{OpClose, []string{"merchant"}, []Check{{"merchant", merchantKnown}, {"close-balance", nothingOwed}}, closeMerchant},
	}
}

// wasApproved lets devices go to those who have been reviewed.
func wasApproved(c *Call) (Code, string) {
	for _, number := range c.applicationOrder {
		if a := c.applications[number]; a.Merchant == c.merchant.Number && a.Stage == StageApproved {
			c.applied = a
			return "", ""
		}
	}
	return WrongStage, "nobody has approved this merchant"
}

// serialFree: a device is one merchant's (DOMAIN.md F.3: one machine, one code).
func serialFree(c *Call) (Code, string) {
	if d, known := c.devices[c.req.Serial]; known && (d.Merchant != c.merchant.Number || !d.Returned) {
		return SerialBound, "the device is a merchant's already"
	}
	return "", ""
}

func deviceKnown(c *Call) (Code, string) {
	d, known := c.devices[c.req.Serial]
	if !known {
		return NoDevice, "no device of this serial number was shipped"
	}
	c.device, c.merchant = d, c.merchants[d.Merchant]
	return "", ""
}

// person opens what is known of the one who answers for a merchant.
func (o *Office) person(merchant string) (p Person, err error) {
	for _, number := range o.applicationOrder {
		if a := o.applications[number]; a.Merchant == merchant {
			clear, err := o.HSM.Open(KeyStore, a.Sealed)
			if err != nil {
				return p, err
			}
			return p, json.Unmarshal(clear, &p)
		}
	}
	return p, errors.New("nobody is known to answer for this merchant")
}

func phoneHis(c *Call) (Code, string) {
	p, err := c.person(c.merchant.Number)
	if err != nil {
		return Broken, err.Error()
	}
	if p.Phone.Reveal() != c.req.Phone.Reveal() {
		return NotHisPhone, "it is not the phone of who applied"
	}
	return "", ""
}

func notSuspended(c *Call) (Code, string) {
	if c.merchant.Suspended || c.merchant.Closed {
		return Suspended, "the merchant is suspended"
	}
	return "", ""
}

// mostTries is how often a code may be typed wrongly.
const mostTries = 3

func codeTries(c *Call) (Code, string) {
	if c.device.Tries >= mostTries {
		return CodeLocked, "the code was typed wrongly three times: ask for another"
	}
	return "", ""
}

func codeGiven(c *Call) (Code, string) {
	if len(c.device.Code) == 0 {
		return CodeWrong, "no code was given for this device"
	}
	return "", ""
}

// codeRight compares; a wrong code is counted, whatever comes of it.
func codeRight(c *Call) (Code, string) {
	clear, err := c.HSM.Open(KeyStore, c.device.Code)
	if err != nil {
		return Broken, err.Error()
	}
	if c.Rules.CodeFits(c, string(clear)) {
		return "", ""
	}
	c.device.Tries++
	c.commit(change{devices: []Device{c.device}})
	return CodeWrong, "it is not the code of this device"
}

func codeUnused(c *Call) (Code, string) {
	if c.device.Used {
		return CodeUsed, "the code was used before"
	}
	return "", ""
}

// codeLife is how long a code may be used.
const codeLife = 10 * time.Minute

func codeFresh(c *Call) (Code, string) {
	if c.now.Sub(c.device.Given) > codeLife {
		return CodeExpired, fmt.Sprintf("the code is older than %s", codeLife)
	}
	return "", ""
}

func ship(c *Call) {
	d := c.devices[c.req.Serial]
	d.Serial, d.Merchant, d.Place, d.Phone, d.Returned = c.req.Serial, c.merchant.Number, c.applied.Place, c.applied.Shown.Phone, false
	c.commit(change{devices: []Device{d}})
	c.answer.Device = shownDevice(d)
}

func shownDevice(d Device) *Device {
	d.Code, d.TMK = nil, nil
	return &d
}

// giveCode texts a fresh code to the merchant's phone; the one before is worth nothing.
func giveCode(c *Call) {
	digits, err := c.HSM.Digits(6)
	if err != nil {
		c.end(Broken, err.Error())
		return
	}
	d := c.device
	if d.Code, err = c.HSM.Seal(KeyStore, []byte(digits)); err != nil {
		c.end(Broken, err.Error())
		return
	}
	d.Given, d.Used, d.Tries = c.now, false, 0
	c.commit(change{devices: []Device{d}})
	c.Message(c.req.Phone.Secret, pay.NewSecret(digits))
	c.note(c.now, trace.Sent, "TEXT_ACTIVATION_CODE", "to "+d.Phone)
	c.answer.Device = shownDevice(d)
}

// activate makes a terminal of a device: the acquirer knows it from now on, and its deposit is taken, once in its life with this merchant.
func activate(c *Call) {
	d := c.device
	d.Used = true
	if d.Terminal == "" {
		d.Terminal = fmt.Sprintf("2%07d", c.terminals()+1)
	}
	c.consult("register")
	register := c.Rules.Registers
	if register == nil {
		register = c.Register
	}
	wrapped, kcv, err := register(c.merchant, d)
	if err != nil {
		c.end(Broken, err.Error())
		return
	}
	d.TMK = wrapped
	if err := c.chargeDeposit(&d); err != nil {
		c.end(Broken, err.Error())
		return
	}
	c.commit(change{devices: []Device{d}})
	c.answer.Device = shownDevice(d)
	c.answer.Activated = &Activated{Terminal: d.Terminal, Merchant: c.merchant.Number, Name: c.merchant.Name, MCC: c.merchant.MCC, TMK: wrapped, KCV: kcv}
}

func (o *Office) terminals() (n int) {
	for _, d := range o.devices {
		if d.Terminal != "" {
			n++
		}
	}
	return n
}

// chargeDeposit takes the deposit of a device from what its merchant will sell.
func (c *Call) chargeDeposit(d *Device) error {
	c.consult("deposit-once")
	if d.Charged && c.Rules.DepositOnce {
		return nil
	}
	c.consult("deposit-campaign")
	if d.Waived = c.Rules.Waives(c.Terms, c.campaign(d.Merchant), c.now); d.Waived {
		return nil
	}
	sum := c.Terms.Deposit.Amount
	if sum.Minor == 0 {
		return nil
	}
	nth := 1
	for c.items[fmt.Sprintf("deposit:%s:%d", d.Serial, nth)] != nil {
		nth++
	}
	d.Charged, d.Deposit, d.Due = true, plus(d.Deposit, sum), c.now.AddDate(0, 0, c.Terms.Deposit.Days)
	return c.besides(c.now, d.Merchant, fmt.Sprintf("deposit:%s:%d", d.Serial, nth), "deposit", depositOf(d.Serial), sum.Neg())
}

func (o *Office) campaign(merchant string) string {
	for _, number := range o.applicationOrder {
		if a := o.applications[number]; a.Merchant == merchant {
			return a.Campaign
		}
	}
	return ""
}

// waives tells that a campaign of its time spares the deposit.
func waives(t *Terms, campaign string, now time.Time) bool {
	day := dayOf(t, now)
	return slices.ContainsFunc(t.Deposit.Waived, func(w Waiver) bool { return w.Campaign == campaign && w.From <= day && day <= w.Until })
}

// besides books what a merchant pays or gets besides what he sells: a line of his statement without a fee.
func (o *Office) besides(now time.Time, merchant, id, what string, other ledger.Account, a pay.Amount) error {
	return o.besidesSale(now, merchant, id, what, other, a, "", "")
}

// besidesSale is besides for what is about a sale.
func (o *Office) besidesSale(now time.Time, merchant, id, what string, other ledger.Account, a pay.Amount, sale, rrn string) error {
	return o.besidesWith(now, merchant, id, what, other, a, sale, rrn, change{})
}

// besidesWith is besides with what else the same decision changes.
func (o *Office) besidesWith(now time.Time, merchant, id, what string, other ledger.Account, a pay.Amount, sale, rrn string, made change) error {
	tx := o.books.Begin(now)
	if err := open(tx, other); err != nil {
		return err
	}
	zero := pay.CNY(0)
	i := Item{Fact: Fact{ID: id, At: now, Ref: audit.Ref{Merchant: merchant}, Sale: sale, RRN: rrn, Amount: a}, Other: other, What: what, Day: o.Rules.Day(o.Terms, now),
		Share: Share{Fee: zero, Net: a, Issuer: zero, Network: zero, Acquirer: zero}}
	i.Due = o.Rules.Payday(o.Terms, o.merchants[merchant].Term, i.Day)
	return o.bookIn(tx, i, made)
}

// release gives a deposit back, less what the damage costs.
func (o *Office) release(now time.Time, d Device, damage pay.Amount) error {
	if d.Deposit.Minor == 0 {
		return nil
	}
	back := d.Deposit
	damage.Minor = min(damage.Minor, back.Minor)
	id := fmt.Sprintf("%s:%s", d.Serial, now.Format("060102150405"))
	if err := o.besides(now, d.Merchant, "deposit-back:"+id, "deposit back", depositOf(d.Serial), back); err != nil {
		return err
	}
	if damage.Minor == 0 {
		return nil
	}
	return o.besides(now, d.Merchant, "damage:"+id, "damage", keptDeposits, damage.Neg())
}

func isInUse(c *Call) (Code, string) {
	if c.device.Terminal == "" || c.device.Returned {
		return NoDevice, "the device is not in use"
	}
	return "", ""
}

// giveBack takes a device back.
func giveBack(c *Call) {
	d := c.device
	c.consult("deposit-return")
	if err := c.Rules.Release(c.Office, c.now, d, c.req.Amount); err != nil {
		c.end(Broken, err.Error())
		return
	}
	d.Deposit, d.Due, d.Returned = pay.Amount{}, time.Time{}, true
	if err := c.Rules.Stop(c.Office, d.Merchant, d.Terminal, true); err != nil {
		c.end(Broken, err.Error())
		return
	}
	c.commit(change{devices: []Device{d}})
	c.answer.Device = shownDevice(d)
}

// ageDeposits gives back what has been held for its term.
func (o *Office) ageDeposits(now time.Time) {
	for _, serial := range o.shipped {
		d := o.devices[serial]
		if d.Deposit.Minor == 0 || d.Due.After(now) {
			continue
		}
		o.consult("deposit-term")
		at := d.Due
		if !o.Rules.ReturnsAtTerm {
			continue
		}
		if err := o.release(at, d, pay.CNY(0)); err != nil {
			o.note(at, trace.Trouble, "deposit", err.Error())
			continue
		}
		d.Deposit, d.Due = pay.Amount{}, time.Time{}
		o.commit(change{devices: []Device{d}})
	}
}

// suspend stops a merchant at the acquirer, or lets him sell again.
func suspend(stop bool) func(*Call) {
	return func(c *Call) {
		m := c.merchant
		m.Suspended = stop
		if err := c.Rules.Stop(c.Office, m.Number, "", stop); err != nil {
			c.end(Broken, err.Error())
			return
		}
		c.commit(change{merchants: []Merchant{m}})
	}
}

// nothingOwed: who is owed money, or owes it, or whose device has a deposit, is not closed.
func nothingOwed(c *Call) (Code, string) {
	owed, err := c.Owed(c.merchant.Number)
	if err != nil || owed.Minor != 0 {
		return HasBalance, fmt.Sprintf("%s are still open between him and us", owed)
	}
	for _, d := range c.devices {
		if d.Merchant == c.merchant.Number && d.Deposit.Minor > 0 {
			return HasBalance, "there is a deposit for a device of his"
		}
	}
	return "", ""
}

func closeMerchant(c *Call) {
	m := c.merchant
	m.Closed = true
	if err := c.Rules.Stop(c.Office, m.Number, "", true); err != nil {
		c.end(Broken, err.Error())
		return
	}
	c.commit(change{merchants: []Merchant{m}})
}
