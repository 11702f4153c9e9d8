package rig

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/terminal"
	"github.com/tillproof/tillproof/simulators/wallet"
)

// walletLine is the line between the tills of a world and its wallet hosts, and what payers and shops do there.
type walletLine struct {
	hosts    *wallets
	Crossed  []WalletCrossing
	faults   []WalletFault
	consents map[string]WalletConsent    // by payer
	news     []walletapi.Params          // what the shop has been told
	seen     map[string]walletapi.Params // what a payer's phone has shown him of a merchant code, and said at the end
	busy     int                         // so many notifications the shop does not take
}

// WalletCrossing is a question to a wallet's host, or its answer, that crossed the line.
type WalletCrossing struct {
	At        time.Time
	Till      string
	Wallet    string
	Operation walletapi.Operation
	Nth       int // of the operation
	Answer    bool
	Params    walletapi.Params
	Note      string // lost, late
}

// WalletFault is what the line does with one question.
type WalletFault struct {
	Operation walletapi.Operation
	Nth       int
	Answer    bool          // its answer is meant
	Late      time.Duration // it comes so late; 0: it is lost
	Alter     string        // the answer says another "amount" or "order", and is signed; or it is signed by nobody: "signature"
	struck    bool
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
	hosts, err := newWallets(walletsConfig{loop: w.Loop, seed: w.Seed, cast: w.Rig.Cast, trace: w.Trace, rules: w.Rig.rules.wallet, shops: "http://127.0.0.1/"})
	if err != nil {
		return nil, err
	}
	w.walletLine = &walletLine{hosts: hosts, consents: map[string]WalletConsent{}, seen: map[string]walletapi.Params{}}
	return w.walletLine, nil
}

// Wallet gives a wallet's host, with the cast in it.
func (w *World) Wallet(name string) (*wallet.Host, error) {
	l, err := w.wallets()
	if err != nil {
		return nil, err
	}
	return l.hosts.host(name)
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
	host, err := t.world.Wallet(name)
	if err != nil {
		return err
	}
	line := t.world.walletLine
	i := slices.IndexFunc(line.hosts.town.Wallets, func(s walletSeat) bool { return s.Name == name })
	seat := line.hosts.town.Wallets[i]
	if err := seat.Merchant.put(t.config.HSM, t.config.HSM, terminal.WalletKey(name)); err != nil {
		return err
	}
	if err := seat.Host.put(t.config.HSM, t.config.HSM, terminal.WalletHostKey(name)); err != nil {
		return err
	}
	account := terminal.WalletAccount{Scheme: walletScheme(name), API: host.Scheme, Notify: "http://127.0.0.1/" + t.Name}
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
	host, err := w.Wallet(name)
	if err != nil {
		return nil, err
	}
	p := walletapi.Params{walletapi.Payer: payer}
	maps.Copy(p, say)
	signed, err := p.Signed(func(m []byte) ([]byte, error) { return w.walletLine.hosts.keys[name].Sign(wallet.PhoneKey(payer), m) })
	if err != nil {
		return nil, err
	}
	box := &walletBox{world: w, host: host, phone: true}
	host.Serve(w.Loop.Now(), op, signed, box)
	return box.answer, nil
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

// VoucherOf gives the batch and voucher number of the payment that a till's question is about.
func VoucherOf(c WalletCrossing) (batch, voucher string) {
	if parts := strings.Split(c.Params[walletapi.Order], "-"); len(parts) == 3 {
		return parts[1], parts[2]
	}
	return "", ""
}

// walletStatements are those of the wallets' hosts.
func (w *World) walletStatements() (all []audit.Statement) {
	if w.walletLine == nil {
		return nil
	}
	for _, seat := range w.walletLine.hosts.town.Wallets {
		if h := w.walletLine.hosts.hosts[seat.Name]; h != nil {
			h.Age(w.Loop.Now())
			all = append(all, h.Statements()...)
		}
	}
	return all
}

// strikes gives the fault that is arranged for a crossing; nil for none.
func (l *walletLine) strikes(c WalletCrossing) *WalletFault {
	for i := range l.faults {
		if f := &l.faults[i]; !f.struck && f.Operation == c.Operation && f.Nth == c.Nth && f.Answer == c.Answer {
			f.struck = true
			return f
		}
	}
	return nil
}

// askWallet carries a question of the till's to a wallet's host, and brings the answer or, after a while, none.
func (t *Till) askWallet(a terminal.Action) {
	w, life, done := t.world, t.life, false
	back := func(p walletapi.Params) {
		if !done {
			done = true
			t.inLife(life, terminal.Event{Kind: terminal.WalletAnswered, Params: p})
		}
	}
	l := w.walletLine
	host, err := w.Wallet(a.Wallet)
	if err != nil {
		w.broken = err
		return
	}
	c := WalletCrossing{At: w.Loop.Now(), Till: t.Name, Wallet: a.Wallet, Operation: a.Operation, Nth: 1, Params: a.Params}
	for _, earlier := range l.Crossed {
		if earlier.Operation == c.Operation && !earlier.Answer {
			c.Nth++
		}
	}
	w.Loop.After(walletPatience, func() { back(nil) })
	late := latency
	if f := l.strikes(c); f != nil {
		if c.Note = "lost"; f.Late > 0 {
			c.Note, late = "late", f.Late
		}
	}
	w.walletCrossed(c)
	if c.Note == "lost" {
		return
	}
	w.Loop.After(late, func() {
		host.Serve(w.Loop.Now(), a.Operation, a.Params, &walletBox{world: w, host: host, crossing: c, back: back})
	})
}

// walletCrossed writes a crossing down.
func (w *World) walletCrossed(c WalletCrossing) {
	w.walletLine.Crossed = append(w.walletLine.Crossed, c)
	e := trace.Event{At: c.At, Party: c.Till, Peer: c.Wallet, Kind: trace.Sent, Name: "wallet " + string(c.Operation), Text: c.Params.String()}
	if c.Answer {
		e.Kind, e.Name = trace.Received, e.Name+" answer"
	}
	if c.Note != "" {
		w.Trace.Record(trace.Event{At: c.At, Party: "line", Peer: c.Till, Kind: trace.Injected, Name: c.Note, Text: e.Name})
	}
	w.Trace.Record(e)
}

// walletBox takes what a host has to say to one question, and what it tells shops.
type walletBox struct {
	world    *World
	host     *wallet.Host
	phone    bool
	answer   walletapi.Params
	crossing WalletCrossing
	back     func(walletapi.Params)
}

// Answer implements walletapi.Outbox.
func (b *walletBox) Answer(p walletapi.Params) {
	if b.answer = p; b.phone {
		return
	}
	w := b.world
	b.consents(p)
	c := b.crossing
	c.At, c.Answer, c.Params, c.Note = w.Loop.Now(), true, p, ""
	late := latency
	if f := w.walletLine.strikes(c); f != nil {
		switch {
		case f.Alter != "":
			c.Note, c.Params = "altered", w.walletLine.altered(p, f.Alter, c.Wallet)
		case f.Late > 0:
			c.Note, late = "late", f.Late
		default:
			c.Note = "lost"
		}
	}
	w.walletCrossed(c)
	if c.Note != "lost" {
		w.Loop.After(late, func() { b.back(c.Params) })
	}
}

// altered is an answer of a host that errs, or that somebody else has made.
func (l *walletLine) altered(p walletapi.Params, what, name string) walletapi.Params {
	q := maps.Clone(p)
	switch what {
	case "amount":
		q[walletapi.Amount] = "1"
	case "order":
		q[walletapi.Order] += "9"
	default:
		q[walletapi.Sign] = "c29tZWJvZHk="
		return q
	}
	signed, err := q.Signed(func(m []byte) ([]byte, error) { return l.hosts.keys[name].Sign(wallet.KeyHost, m) })
	if err != nil { // only where both sides have the host's secret
		return q
	}
	return signed
}

// consents has the payer do what was arranged, once his wallet asks.
func (b *walletBox) consents(p walletapi.Params) {
	w := b.world
	if b.crossing.Operation != walletapi.OpPay || b.host.Scheme.Hear(p) != walletapi.Waiting {
		return
	}
	trade, name := p[walletapi.Trade], b.crossing.Wallet
	for payer, c := range w.walletLine.consents {
		if c.Scans != "" || !strings.HasPrefix(payer, strings.TrimRight(p[walletapi.Payer], "*")) {
			continue
		}
		w.Loop.After(c.After, func() {
			password := w.walletLine.hosts.password(payer)
			if c.Mistypes {
				password = pay.NewSecret("000000")
			}
			op, say := walletapi.OpAppConfirm, walletapi.Params{walletapi.Trade: trade, walletapi.Password: password.Reveal()}
			if c.Refuses {
				op, say = walletapi.OpAppRefuse, walletapi.Params{walletapi.Trade: trade}
			}
			if _, err := w.app(payer, name, op, say); err != nil {
				w.broken = err
			}
		})
	}
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
	say := walletapi.Params{walletapi.QR: scanned, walletapi.Password: w.walletLine.hosts.password(payer).Reveal()}
	if c.Typed.Minor > 0 {
		say.SetMoney(walletapi.Amount, c.Typed)
	}
	paid, err := w.app(payer, name, walletapi.OpAppConfirm, say)
	seen := maps.Clone(shown)
	seen["paid"] = paid[walletapi.Code] + " " + paid[walletapi.SubCode]
	w.walletLine.seen[payer] = seen
	return err
}

// Seen gives what a payer's phone has shown of the last merchant code that he scanned; under "paid" how it went.
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

// After implements walletapi.Outbox.
func (b *walletBox) After(d time.Duration, f func(time.Time)) {
	b.world.Loop.After(d, func() { f(b.world.Loop.Now()) })
}

// Notify implements walletapi.Outbox: the shop hears at once, and takes it unless it is busy.
func (b *walletBox) Notify(_ string, p walletapi.Params, done func(time.Time, string)) {
	l := b.world.walletLine
	l.news = append(l.news, p)
	said := b.host.Scheme.Acknowledge
	if l.busy > 0 {
		l.busy--
		said = "busy"
	}
	b.After(latency, func(now time.Time) { done(now, said) })
}

// password is a payer's.
func (w *wallets) password(payer string) pay.Secret {
	for _, p := range w.town.Payers {
		if p.Name == payer {
			return pay.NewSecret(p.Password)
		}
	}
	return pay.Secret{}
}
