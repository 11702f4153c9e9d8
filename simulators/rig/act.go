package rig

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// Till gives a till of the cast, seated at its first use: registered at the host where that can be arranged, its master key
// loaded, switched on, cashier 01 logged in. Nothing is sent yet.
func (w *World) Till(name string) (*Till, error) {
	if t, ok := w.tills[name]; ok {
		return t, nil
	}
	shop, place, err := w.Rig.Cast.Till(name)
	if err != nil {
		return nil, err
	}
	t, err := w.newTill(shop, place)
	if err != nil {
		return nil, err
	}
	if err := t.register(place); err != nil {
		return nil, err
	}
	w.tills[name], w.order = t, append(w.order, t)
	if s, ok := w.seats.(*outsideSeat); ok { // it is not ours to switch on
		s.expect(t, t.number)
		return t, nil
	}
	if err := t.powerOn(); err != nil {
		return nil, err
	}
	return t, t.LogIn("01")
}

// newTill puts a till at its place, without keys and power.
func (w *World) newTill(shop Shop, place ShopTill) (*Till, error) {
	name := place.Name
	t := &Till{Name: name, number: place.Number, world: w, shop: shop, store: journal.NewMemory(), lacks: map[terminal.EventKind]bool{}}
	t.config = terminal.Config{Name: name, Number: place.Number, Merchant: shop.Number, MerchantName: shop.Name, MCC: shop.MCC,
		Serial: place.Serial, Dialect: w.Rig.Dialect, HSM: hsm.New(w.Seed.Reader(name + "/hsm")), Rules: w.Rig.rules.terminal, Trace: w.Trace, Scanner: true, Random: w.Seed.Reader(name + "/kernel"), TestCAs: w.Rig.testCAs, Parameters: w.Rig.factory}
	for _, o := range shop.Operators {
		t.config.Operators = append(t.config.Operators, terminal.Operator{ID: o.Number, Role: terminal.Role(o.Role), Password: pay.NewSecret(o.Password)})
	}
	if p, ok := w.Rig.Profile.terminal(name); ok {
		t.config.KeyScheme = p.keyScheme()
	}
	if err := t.takeLease(); err != nil {
		return nil, err
	}
	var err error
	t.tap, err = newTap(t, w.seats.dialer(w))
	return t, err
}

// register loads the till's master key, and makes the till known to a host that can be arranged.
func (t *Till) register(place ShopTill) error {
	seed, kcv, err := t.keyed(place)
	if err != nil {
		return err
	}
	c, ok := t.world.Control()
	if !ok {
		return nil
	}
	seeded, err := c.Seed(t.world.ctx, Seeds{Merchants: []MerchantSeed{t.shop.seed()}, Terminals: []TerminalSeed{seed}})
	if err != nil || t.world.remote() { // a switch has its terminals' keys, and tells nobody
		return err
	}
	return t.agrees(kcv, seeded)
}

// keyed loads the till's master key, and gives what a host is told of the till.
func (t *Till) keyed(place ShopTill) (TerminalSeed, hsm.KCV, error) {
	if err := t.masterKey(); err != nil {
		return TerminalSeed{}, hsm.KCV{}, err
	}
	kcv, err := t.loadMasterKey()
	seed := TerminalSeed{Number: place.Number, Merchant: t.shop.Number, Serial: place.Serial, Place: place.Place, KeyKind: string(t.masterAlgorithm())}
	for _, part := range t.tmk {
		seed.TMK = append(seed.TMK, NewClear(hex.EncodeToString(part)))
	}
	return seed, kcv, err
}

// agrees holds the check value that the host tells of the master key to the till's own.
func (t *Till) agrees(kcv hsm.KCV, seeded Seeded) error {
	if got := seeded.KCVs[t.number]; got != kcv.String() {
		return fmt.Errorf("till %s: the host says KCV %s of the master key, the till %s: check the components", t.Name, got, kcv)
	}
	return nil
}

// masterKey finds the components: the profile's, or two drawn from the seed.
func (t *Till) masterKey() error {
	if p, ok := t.world.Rig.Profile.terminal(t.Name); ok && len(p.TMK.Components) > 0 {
		if t.masterAlgorithm() != p.TMK.algorithm() {
			return lacks(fmt.Sprintf("profile %s has no %s master key for %s", t.world.Rig.Profile.Name, t.masterAlgorithm(), t.Name))
		}
		parts, err := p.TMK.parts()
		if err != nil {
			return fmt.Errorf("till %s: master key: %w", t.Name, err)
		}
		t.tmk = parts
		return nil
	}
	name := t.Name + "/tmk/" + string(t.masterAlgorithm())
	t.tmk = [][]byte{t.world.Seed.Bytes(name+"/1", 16), t.world.Seed.Bytes(name+"/2", 16)}
	return nil
}

// Do gives the till an event and lets the world come to rest.
func (t *Till) Do(e terminal.Event) error {
	t.do(e)
	return t.world.Rest()
}

// LogIn types an operator's number and right password.
func (t *Till) LogIn(operator string) error {
	password, err := t.password(operator)
	if err != nil {
		return err
	}
	if err := t.Do(terminal.Event{Kind: terminal.LogIn, Operator: operator, Password: password}); err != nil {
		return err
	}
	return nil
}

func (t *Till) password(operator string) (pay.Secret, error) {
	i := slices.IndexFunc(t.shop.Operators, func(s Staff) bool { return s.Number == operator })
	if i < 0 {
		return pay.Secret{}, fmt.Errorf("operator %q of %s %w", operator, t.shop.Name, errNotCast)
	}
	return pay.NewSecret(t.shop.Operators[i].Password), nil
}

// LogInWrongly types an operator's number and another password of the same length, over and over.
func (t *Till) LogInWrongly(operator string, times int) error {
	password, err := t.password(operator)
	if err != nil {
		return err
	}
	for range times {
		if err := t.Do(terminal.Event{Kind: terminal.LogIn, Operator: operator, Password: otherDigits(password)}); err != nil {
			return err
		}
	}
	return nil
}

// otherDigits gives a secret of the same length in which every digit is another one.
func otherDigits(s pay.Secret) pay.Secret {
	b := []byte(s.Reveal())
	for i, d := range b {
		b[i] = '0' + (d-'0'+3)%10
	}
	return pay.NewSecret(string(b))
}

// SignIn presses the sign-in key.
func (t *Till) SignIn() error {
	defer t.pose(pay.SignIn)()
	return t.Do(terminal.Event{Kind: terminal.Choose, Flow: pay.SignIn})
}

// Unexpected says that a till is not where the act wanted it: the till is at fault, not the harness.
type Unexpected struct{ Till, Wanted, Got string }

func (u *Unexpected) Error() string {
	return fmt.Sprintf("till %s: want %s, got %s", u.Till, u.Wanted, u.Got)
}

// StartAgain switches the till off, if it is on, and on again; the cashier logs in.
func (t *Till) StartAgain() error {
	t.powerOff()
	if err := t.powerOn(); err != nil {
		return err
	}
	if err := t.world.Rest(); err != nil {
		return err
	}
	return t.LogIn("01")
}

// SetSkew sets how far the till's own clock is ahead of the world's.
func (t *Till) SetSkew(d time.Duration) { t.skew = d }

// Rewire gives a till that was seated, and has not traded yet, other settings, and switches it on anew.
func (t *Till) Rewire(edit func(*terminal.Config)) error {
	if err := t.takeLease(); err != nil {
		return err
	}
	edit(&t.config)
	t.powerOff()
	t.store = journal.NewMemory()
	if err := t.powerOn(); err != nil {
		return err
	}
	return t.LogIn("01")
}

// SetKeyScheme makes the till sign in for that kind of working keys (DOMAIN.md A.5.1), with a master key that fits.
func (t *Till) SetKeyScheme(code string) error {
	t.config.KeyScheme = code
	if err := t.masterKey(); err != nil {
		return err
	}
	_, place, err := t.world.Rig.Cast.Till(t.Name)
	if err != nil {
		return err
	}
	if err := t.register(place); err != nil {
		return err
	}
	return t.Rewire(func(*terminal.Config) {})
}

// LoseMasterKey takes the master key out of the till; the host knows nothing of it.
func (t *Till) LoseMasterKey() { t.config.HSM.Delete(terminal.MasterKey(t.world.Rig.Dialect)) }

// Service loads the master key again and closes a case that was opened.
func (t *Till) Service() error {
	if _, err := t.loadMasterKey(); err != nil {
		return err
	}
	return t.Rewire(func(*terminal.Config) {})
}

// Card gives a cardholder, whose account is opened at the issuer at its first use where the host can be arranged.
func (w *World) Card(who string) (Cardholder, error) { return w.card(who, nil) }

func (w *World) card(who string, holds *pay.Amount) (Cardholder, error) {
	c, err := w.cardholder(who)
	if err != nil {
		return c, err
	}
	if p := w.Rig.Profile; (w.remote() || w.outside()) && !p.testCard(c.PAN) {
		return c, lacks(fmt.Sprintf("profile %s binds no test card to %s", p.Name, c.Name))
	}
	if w.opened[c.Name] {
		if holds != nil {
			return c, fmt.Errorf("%s's account is open already: say what the card holds before it is used", c.Name)
		}
		return c, nil
	}
	control, ok := w.Control()
	if !ok || c.Status == "unknown" {
		return c, nil
	}
	if holds != nil {
		c.Balance = *holds
	}
	w.opened[c.Name] = true
	seed, err := w.Rig.cardSeed(c)
	if err != nil {
		return c, err
	}
	_, err = control.Seed(w.ctx, Seeds{Cards: []CardSeed{seed}})
	return c, err
}

// CardHolds opens a cardholder's account with so much money. It comes before the card's first use.
func (w *World) CardHolds(who string, amount pay.Amount) error {
	if _, ok := w.Control(); !ok {
		return ErrNoSight
	}
	_, err := w.card(who, &amount)
	return err
}

// errSwitchsOwn skips what would have to be read in the books of a switch under test.
var errSwitchsOwn = lacks("a switch under test keeps its terminals and its merchants' books to itself: only our issuer's can be read")

var errNoSuchAccount = errors.New("has no account here")

// CardBalance gives what a card may still spend.
func (w *World) CardBalance(who string) (pay.Amount, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return pay.Amount{}, err
	}
	return w.available("card:" + c.Name)
}

// MerchantBalance gives what the acquirer owes a merchant.
func (w *World) MerchantBalance(name string) (pay.Amount, error) {
	shop, err := w.Rig.Cast.Merchant(name)
	if err != nil {
		return pay.Amount{}, err
	}
	amount, err := w.available("merchant:" + shop.Number)
	if errors.Is(err, errNoSuchAccount) {
		return pay.Amount{}, nil // no money came yet
	}
	return amount, err
}

func (w *World) available(account string) (pay.Amount, error) {
	if _, between := w.behindSwitch(); between && !strings.HasPrefix(account, "card:") && !strings.HasPrefix(account, "issuer:") {
		return pay.Amount{}, errSwitchsOwn
	}
	state, err := w.Look()
	if err != nil {
		return pay.Amount{}, err
	}
	h, ok := state.Balances[account]
	if !ok {
		return pay.Amount{}, fmt.Errorf("%s %w", account, errNoSuchAccount)
	}
	return h.Available, nil
}

// newCVKBox holds the card verification key of a world's issuer for those who write stripes.
func (w *World) newCVKBox() (err error) {
	w.cvkBox, w.cvk = hsm.New(w.Seed.Reader("cards/hsm")), w.Rig.cvkOf(w.Seed)
	_, err = w.cvkBox.Import(issuerCVK, hsm.TDES2, w.cvk...)
	return err
}

// cvkOf gives the components of the card verification key: the profile's, or else the seed's first that tells all chips from their stripes. Verification values
// have three digits, so that under one key in a thousand a chip's makes a stripe.
func (r *Rig) cvkOf(seed sim.Seed) [][]byte {
	if len(r.cvk) > 0 {
		return r.cvk
	}
	key := seed.Bytes("cvk", 16)
	for n := 1; n < 10 && !r.apart(key); n++ {
		key = seed.Bytes(fmt.Sprintf("cvk/%d", n), 16)
	}
	return [][]byte{key}
}

// apart tells that under a card verification key no chip of the cast has the verification value of its stripe.
func (r *Rig) apart(cvk []byte) bool {
	box := hsm.New(nil)
	if _, err := box.Import(issuerCVK, hsm.TDES2, cvk); err != nil {
		return true // whoever uses it will say so
	}
	return !slices.ContainsFunc(r.Cast.cards, func(c Cardholder) bool {
		if c.Chip == "" || c.Track2 != "" {
			return false
		}
		stripe, _ := box.CVV(issuerCVK, pay.NewPAN(c.PAN), c.Expiry, c.Service)
		chip, err := box.CVV(issuerCVK, pay.NewPAN(c.PAN), c.Expiry, chipService)
		return err == nil && stripe == chip
	})
}
