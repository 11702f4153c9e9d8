package rig

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/terminal"
	"github.com/tillproof/tillproof/simulators/wallet"
)

// walletLine is the line between the tills, phones and shops of a world and its wallet hosts.
type walletLine struct {
	hosts    *wallets     // in the world's own loop; nil when they are asked over HTTP
	away     string       // ... there
	client   *http.Client // ... by it
	shops    *http.Server // where hosts over HTTP tell the shops; nil in memory
	tell     string
	town     *walletTown         // whose keys shops and phones have
	keys     map[string]*hsm.HSM // of shops and phones, by wallet
	schemes  map[string]*walletapi.Scheme
	Crossed  []WalletCrossing
	faults   []WalletFault
	consents map[string]WalletConsent    // by payer
	news     []walletapi.Params          // what the shop has been told
	seen     map[string]walletapi.Params // what a payer's phone has shown him of a merchant code, and said at the end
	busy     int                         // so many notifications the shop does not take
	told     int                         // notifications that wallets have sent
	desks    map[string]*merchant.Desk   // by the shop's number
	texts    []shopText
}

// WalletConsent is what a payer does when his wallet asks him, or a till shows him a code.
type WalletConsent struct {
	After    time.Duration
	Refuses  bool
	Mistypes bool
	Scans    string     // the wallet with which he scans what the till shows
	Typed    pay.Amount // what he types for a code without an amount
	Tampers  pay.Amount // somebody has put this amount into the code
}

// walletPatience is how long a till waits for a wallet's answer.
const walletPatience = 4 * time.Second

// wallets gives the line to the wallets; the first call makes it.
func (w *World) wallets() (*walletLine, error) {
	if w.walletLine != nil {
		return w.walletLine, nil
	}
	c, err := w.mustControl()
	if err != nil {
		return nil, err
	}
	l := &walletLine{client: &http.Client{Transport: &http.Transport{}}, keys: map[string]*hsm.HSM{}, schemes: map[string]*walletapi.Scheme{}, consents: map[string]WalletConsent{}, seen: map[string]walletapi.Params{}, desks: map[string]*merchant.Desk{}}
	if l.town, err = loadWalletTown(fixtures.FS); err != nil {
		return nil, err
	}
	wanted := WalletsWanted{Merchants: w.Rig.Cast.merchantSeeds(), Tell: "http://127.0.0.1/"}
	if !w.Loop.Virtual() {
		if wanted.Tell, err = l.openShops(w); err != nil {
			return nil, err
		}
	}
	made, err := c.OpenWallets(w.ctx, wanted)
	if err != nil {
		l.close()
		return nil, err
	}
	if here, ok := c.(*host); ok {
		l.hosts = here.wallets
	}
	l.tell, l.away = wanted.Tell, "http://"+made.Address+"/"
	w.walletLine = l
	return l, nil
}

// of gives what shops and phones know of a wallet: their keys, and what is peculiar to it.
func (l *walletLine) of(w *World, name string) (*hsm.HSM, *walletapi.Scheme, error) {
	if l.keys[name] == nil {
		seat, err := l.town.seat(name)
		if err != nil {
			return nil, nil, err
		}
		if _, l.keys[name], err = l.town.keys(seat, w.Seed, w.Rig.Cast.merchantSeeds()); err != nil {
			return nil, nil, fmt.Errorf("wallet %s: %w", name, err)
		}
		if l.schemes[name], err = seat.scheme(); err != nil {
			return nil, nil, err
		}
	}
	return l.keys[name], l.schemes[name], nil
}

// ArrangeWallet changes the state of a wallet, or of a cardholder's account there.
func (w *World) ArrangeWallet(name, who string, a Arrangement) error {
	if _, err := w.wallets(); err != nil {
		return err
	}
	if who != "" {
		c, err := w.Rig.Cast.Cardholder(who)
		if err != nil {
			return err
		}
		a.Payer = c.Name
	}
	a.Party = name
	return w.Arrange(a)
}

// WalletGoesDown has a wallet take questions and do nothing from then on.
func (w *World) WalletGoesDown(name string, after time.Duration) error {
	if _, err := w.wallets(); err != nil {
		return err
	}
	w.Loop.After(after, func() {
		w.broken = errors.Join(w.broken, w.Arrange(Arrangement{Party: name, Condition: ConditionSilent}))
	})
	return nil
}

// WalletHolds gives the money of a cardholder at a wallet, WalletOwes that of a shop.
func (w *World) WalletHolds(name, who string) (pay.Amount, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return pay.Amount{}, err
	}
	return w.purse(name, "payer:"+c.Name)
}

// WalletOwes gives the money of a shop at a wallet.
func (w *World) WalletOwes(name, shop string) (pay.Amount, error) {
	s, err := w.Rig.Cast.Merchant(shop)
	if err != nil {
		return pay.Amount{}, err
	}
	return w.purse(name, "merchant:"+s.Number)
}

func (w *World) purse(name, account string) (pay.Amount, error) {
	if _, err := w.wallets(); err != nil {
		return pay.Amount{}, err
	}
	return w.available(name + ":" + account)
}

// walletScheme is whose codes a wallet's phones show.
func walletScheme(name string) qr.Scheme {
	if name == "guomi" {
		return qr.Alipay
	}
	return qr.Scheme(name)
}

// TakeWallet gives the till's shop an account with a wallet. The till starts again and has yet to sign in.
func (t *Till) TakeWallet(name string) error {
	line, err := t.world.wallets()
	if err != nil {
		return err
	}
	_, scheme, err := line.of(t.world, name)
	if err != nil {
		return err
	}
	seat, err := line.town.seat(name)
	if err != nil {
		return err
	}
	wallet := hsm.New(t.world.Seed.Reader(name + " at " + t.Name)) // the other half of each pair
	if err := errors.Join(seat.Merchant.put(t.config.HSM, wallet, terminal.WalletKey(name)), seat.Host.put(wallet, t.config.HSM, terminal.WalletHostKey(name))); err != nil {
		return err
	}
	if err := t.world.ArrangeWallet(name, "", Arrangement{Condition: ConditionNormal}); err != nil {
		return err
	}
	account := terminal.WalletAccount{Scheme: walletScheme(name), API: scheme, Notify: line.tell + name + "/" + t.shop.Number}
	return t.Rewire(func(c *terminal.Config) { c.Wallets = append(slices.Clone(c.Wallets), account) })
}

// SpoilWalletKey has the till sign for a wallet with another shop's key.
func (t *Till) SpoilWalletKey(name string) error {
	return t.config.HSM.ImportSecret(terminal.WalletKey(name), []byte("another shop's key"))
}

// WalletCode is the payer code that a cardholder's phone shows in a wallet's app.
func (w *World) WalletCode(who, name string) (string, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return "", err
	}
	answer, err := w.app(c.Name, name, walletapi.OpAppCode, nil)
	code := answer[walletapi.PayerCode]
	if err == nil && code == "" {
		err = fmt.Errorf("%s's phone gets no code: %s", c.Name, answer[walletapi.Reason])
	}
	w.codes[c.Name] = append(w.codes[c.Name], code)
	return code, err
}

// app asks a wallet's host something as a payer's phone does; its own line is never in trouble.
func (w *World) app(payer, name string, op walletapi.Operation, say walletapi.Params) (walletapi.Params, error) {
	p := walletapi.Params{walletapi.Payer: payer}
	maps.Copy(p, say)
	return w.askHere(name, op, wallet.PhoneKey(payer), p)
}

// askHere asks a wallet's host something that is answered at once.
func (w *World) askHere(name string, op walletapi.Operation, key string, p walletapi.Params) (walletapi.Params, error) {
	l, err := w.wallets()
	if err != nil {
		return nil, err
	}
	keys, _, err := l.of(w, name)
	if err != nil {
		return nil, err
	}
	signed, err := p.Signed(func(m []byte) ([]byte, error) { return keys.Sign(key, m) })
	if err != nil {
		return nil, err
	}
	if l.hosts != nil {
		box := &walletBox{world: w, wallet: name, phone: true}
		l.hosts.serve(name, op, signed, box)
		return box.answer, nil
	}
	ctx, cancel := context.WithTimeout(w.ctx, walletPatience)
	defer cancel()
	return walletapi.Client{Base: l.away + name, HTTP: l.client}.Do(ctx, op, signed)
}

// WallCode is the merchant code on the wall of a shop.
func (w *World) WallCode(name, shop string) (string, error) {
	m, err := w.Rig.Cast.Merchant(shop)
	if err != nil {
		return "", err
	}
	answer, err := w.askHere(name, walletapi.OpWallCode, wallet.MerchantKey(m.Number), walletapi.Params{walletapi.Merchant: m.Number})
	if err == nil && answer[walletapi.QR] == "" {
		err = fmt.Errorf("%s gets no code for its wall: %s", shop, answer[walletapi.Reason])
	}
	return answer[walletapi.QR], err
}

// Consents arranges what a payer does when his wallet asks him for his password.
func (w *World) Consents(who string, c WalletConsent) error {
	l, err := w.wallets()
	if err != nil {
		return err
	}
	holder, err := w.Rig.Cast.Cardholder(who)
	l.consents[holder.Name] = c
	return err
}

// SpoilWallet arranges what the line does with one question to a wallet.
func (w *World) SpoilWallet(f WalletFault) error {
	l, err := w.wallets()
	if err == nil {
		l.faults = append(l.faults, f)
	}
	return err
}

// ShopIsBusy has the shop not take so many notifications of wallets.
func (w *World) ShopIsBusy(times int) error {
	l, err := w.wallets()
	if err == nil {
		l.busy = times
	}
	return err
}

// WalletTraffic gives what has crossed the line to the wallets, and what shops were told by them.
func (w *World) WalletTraffic() (crossed []WalletCrossing, told []walletapi.Params) {
	if w.walletLine == nil {
		return nil, nil
	}
	return w.walletLine.Crossed, w.walletLine.news
}

// walletCodeShown has the payers who are to scan it take their phones out.
func (w *World) walletCodeShown(t *Till, text string) {
	t.record(trace.Shown, "merchant-code", fmt.Sprintf("a code of %d characters", len(text)))
	for payer, c := range w.walletLine.consents {
		if c.Scans != "" {
			w.Loop.After(c.After, func() { w.broken = errors.Join(w.broken, w.ScanCode(payer, c.Scans, text, c)) })
		}
	}
}

// ScanCode has a payer scan the picture of a merchant code with his wallet, look at whom it pays, and pay with the password.
func (w *World) ScanCode(payer, name, text string, c WalletConsent) error {
	if c.Tampers.Minor > 0 {
		altered, err := tampered(text, c.Tampers)
		if err != nil {
			return err
		}
		text = altered
	}
	picture, err := qr.PNG(text, 400)
	if err != nil {
		return err
	}
	scanned, ok := qr.Scan(picture)
	if !ok {
		return fmt.Errorf("%s's phone cannot read the code", payer)
	}
	shown, err := w.app(payer, name, walletapi.OpAppScan, walletapi.Params{walletapi.QR: scanned})
	if err != nil {
		return err
	}
	say := walletapi.Params{walletapi.QR: scanned, walletapi.Password: w.walletLine.town.password(payer).Reveal()}
	if c.Typed.Minor > 0 {
		say.SetMoney(walletapi.Amount, c.Typed)
	}
	paid, err := w.app(payer, name, walletapi.OpAppConfirm, say)
	seen := maps.Clone(shown)
	seen["paid"] = paid[walletapi.Code] + " " + paid[walletapi.SubCode]
	w.walletLine.seen[payer] = seen
	if err != nil || paid[walletapi.Standing] != string(walletapi.StatePaid) {
		return err
	}
	bill, err := w.app(payer, name, walletapi.OpAppBill, walletapi.Params{walletapi.Trade: paid[walletapi.Trade]})
	seen["bill"] = strings.TrimSpace(bill[walletapi.Subject] + " " + bill[walletapi.Amount])
	return err
}

// Seen gives what a payer's phone has shown of the last merchant code that he scanned; under "paid" how it went, and under "bill"
// what it keeps of the payment.
func (w *World) Seen(who string) (walletapi.Params, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil || w.walletLine == nil || w.walletLine.seen[c.Name] == nil {
		return nil, errors.Join(err, fmt.Errorf("%s has scanned nothing", who))
	}
	return w.walletLine.seen[c.Name], nil
}

// tampered puts another amount into a merchant code.
func tampered(text string, a pay.Amount) (string, error) {
	p, err := qr.Parse(text)
	if err != nil {
		return "", err
	}
	m, err := p.Merchant()
	if err != nil {
		return "", err
	}
	m.Amount = a
	if p, err = m.Payload(); err != nil {
		return "", err
	}
	return p.Encode()
}

// ShowsCode has the cashier sell by a code that the customer scans.
func (t *Till) ShowsCode(a pay.Amount, name string) error {
	if err := t.Do(terminal.Event{Kind: terminal.Choose, Flow: pay.Sale, Amount: a}); err != nil {
		return err
	}
	return t.Do(terminal.Event{Kind: terminal.ShowCode, Wallet: name})
}

// password is a payer's.
func (t *walletTown) password(payer string) pay.Secret {
	for _, p := range t.Payers {
		if p.Name == payer {
			return pay.NewSecret(p.Password)
		}
	}
	return pay.Secret{}
}
