package rig

import (
	"maps"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/terminal"
	"github.com/tillproof/tillproof/simulators/wallet"
)

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

// VoucherOf gives the batch and voucher number of the payment that a till's question is about.
func VoucherOf(c WalletCrossing) (batch, voucher string) {
	if parts := strings.Split(c.Params[walletapi.Order], "-"); len(parts) == 3 {
		return parts[1], parts[2]
	}
	return "", ""
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
	c := WalletCrossing{At: w.Loop.Now(), Till: t.Name, Wallet: a.Wallet, Operation: a.Operation, Nth: 1, Params: a.Params}
	for _, earlier := range l.Crossed {
		if earlier.Operation == c.Operation && !earlier.Answer {
			c.Nth++
		}
	}
	w.Loop.After(walletPatience, func() { back(nil) })
	late := latency
	if f := l.strikes(c); f != nil {
		switch c.Note = "lost"; {
		case f.Alter != "":
			c.Note, c.Params = "altered", maps.Clone(a.Params)
			c.Params[walletapi.Amount] = "1"
		case f.Late > 0:
			c.Note, late = "late", f.Late
		}
	}
	w.walletCrossed(c)
	if c.Note == "lost" {
		return
	}
	box := &walletBox{world: w, wallet: a.Wallet, crossing: c, back: back}
	w.Loop.After(late, func() {
		if l.hosts != nil {
			l.hosts.serve(a.Wallet, a.Operation, c.Params, box)
			return
		}
		go func() { // ends with the world, if not before
			answer, err := walletapi.Client{Base: l.away + a.Wallet, HTTP: l.client}.Do(w.ctx, a.Operation, c.Params)
			if err == nil {
				w.Loop.Post(func() { box.Answer(answer) })
			}
		}()
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
	wallet   string
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
	signed, err := q.Signed(func(m []byte) ([]byte, error) { return l.keys[name].Sign(wallet.KeyHost, m) })
	if err != nil { // only where both sides have the host's secret
		return q
	}
	return signed
}

// consents has the payer do what was arranged, once his wallet asks.
func (b *walletBox) consents(p walletapi.Params) {
	w := b.world
	if b.crossing.Operation != walletapi.OpPay || w.walletLine.schemes[b.wallet].Hear(p) != walletapi.Waiting {
		return
	}
	trade, name := p[walletapi.Trade], b.wallet
	for payer, c := range w.walletLine.consents {
		if c.Scans != "" || !strings.HasPrefix(payer, strings.TrimRight(p[walletapi.Payer], "*")) {
			continue
		}
		w.Loop.After(c.After, func() {
			password := w.walletLine.town.password(payer)
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

// After implements walletapi.Outbox.
func (b *walletBox) After(d time.Duration, f func(time.Time)) {
	b.world.Loop.After(d, func() { f(b.world.Loop.Now()) })
}

// Notify implements walletapi.Outbox.
func (b *walletBox) Notify(_ string, p walletapi.Params, done func(time.Time, string)) {
	b.world.tellShop(b.wallet, p, func(said string) { b.After(latency, func(now time.Time) { done(now, said) }) })
}
