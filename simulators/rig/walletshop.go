package rig

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/wallet"
)

// OpNotification stands for a wallet's notification among the questions that the line may spoil.
const OpNotification walletapi.Operation = "notification"

// wordWithin is how long a wallet waits for a shop's word.
const wordWithin = 10 * time.Second

// shopText is a short text that went to the owner of a shop.
type shopText struct {
	Shop string // its number
	merchant.Text
}

// tellShop carries a notification to the shop, and its word back. What is lost on the way is no word.
func (w *World) tellShop(name string, p walletapi.Params, done func(said string)) {
	l := w.walletLine
	l.told++
	c := WalletCrossing{Wallet: name, Operation: OpNotification, Nth: l.told}
	f := l.strikes(c)
	switch {
	case f != nil && f.Late > 0:
		w.Loop.After(f.Late, func() { w.shopHears(name, p) })
		w.Loop.After(min(f.Late, wordWithin), func() { done("") })
		return
	case f != nil:
		w.Loop.After(wordWithin, func() { done("") })
		return
	}
	said := w.shopHears(name, p)
	if c.Answer = true; l.strikes(c) != nil {
		said = ""
	}
	done(said)
}

// shopHears is what a shop does when it is told something by a wallet, or by somebody who says that he is one.
func (w *World) shopHears(name string, p walletapi.Params) (said string) {
	l := w.walletLine
	l.news = append(l.news, p)
	if l.busy > 0 {
		l.busy--
		return "busy"
	}
	_, scheme, err := l.of(w, name)
	desk := l.desk(w, p[walletapi.Merchant])
	if err != nil || desk == nil {
		return ""
	}
	said, text := desk.Hear(w.Loop.Now(), scheme, p)
	if text != nil {
		l.texts = append(l.texts, shopText{desk.Merchant, *text})
		w.Trace.Record(trace.Event{At: w.Loop.Now(), Party: desk.Name, Peer: "its owner's phone", Kind: trace.Sent, Name: text.ID, Text: w.Rig.texts.Words(text.ID, text.Args...)})
	}
	return said
}

// desk is where a shop hears from wallets; nil for no shop.
func (l *walletLine) desk(w *World, number string) *merchant.Desk {
	i := slices.IndexFunc(w.Rig.Cast.merchants, func(s Shop) bool { return s.Number == number })
	if i < 0 {
		return nil
	}
	if l.desks[number] == nil {
		l.desks[number] = &merchant.Desk{Merchant: number, Name: w.Rig.Cast.merchants[i].Name, Rules: w.Rig.rules.merchant, Trace: w.Trace,
			Verify: func(name string, message, signature []byte) (bool, error) {
				keys, _, err := l.of(w, name)
				if err != nil {
					return false, err
				}
				return keys.VerifySignature(wallet.KeyHost, message, signature)
			}}
	}
	return l.desks[number]
}

// openShops listens for what wallet hosts over HTTP tell the shops, and gives the address.
func (l *walletLine) openShops(w *World) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("shops: %w", err)
	}
	hear := func(out http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<17))
		if err != nil {
			return
		}
		p, err := walletapi.Decode(body)
		if err != nil {
			http.Error(out, err.Error(), http.StatusBadRequest)
			return
		}
		word := make(chan string, 1)
		w.Loop.Post(func() { w.tellShop(r.PathValue("wallet"), p, func(said string) { word <- said }) })
		select {
		case said := <-word:
			_, _ = io.WriteString(out, said)
		case <-r.Context().Done():
		case <-w.ctx.Done():
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{wallet}/{shop}", hear)
	l.shops = &http.Server{Handler: mux, ReadTimeout: 30 * time.Second}
	go func() { _ = l.shops.Serve(listener) }() // ends with the world
	return "http://" + listener.Addr().String() + "/", nil
}

// ShopIsTold waits until the shops have heard so many notifications, where that takes time.
func (w *World) ShopIsTold(n int) error {
	l := w.walletLine
	if l == nil || w.Loop.Virtual() {
		return nil
	}
	late := false
	defer w.Loop.After(patience, func() { late = true }).Stop()
	return w.Loop.Run(w.ctx, func() bool { return late || len(l.news) >= n })
}

// Forge has somebody who is not the wallet tell a shop that it was paid.
func (w *World) Forge(name, shop string, p walletapi.Params) error {
	if _, err := w.wallets(); err != nil {
		return err
	}
	m, err := w.Rig.Cast.Merchant(shop)
	if err != nil {
		return err
	}
	p[walletapi.Merchant] = m.Number
	if p, err = p.Signed(func([]byte) ([]byte, error) { return []byte("somebody"), nil }); err != nil {
		return err
	}
	w.shopHears(name, p)
	return nil
}

// Texts gives the short texts that went to a shop's owner: id, then what stands in them.
func (w *World) Texts(shop string) ([][]string, error) {
	m, err := w.Rig.Cast.Merchant(shop)
	if err != nil || w.walletLine == nil {
		return nil, err
	}
	var all [][]string
	for _, t := range w.walletLine.texts {
		if t.Shop == m.Number {
			all = append(all, append([]string{t.ID}, t.Args...))
		}
	}
	return all, nil
}

// close ends what the line to the wallets has open.
func (l *walletLine) close() {
	if l.shops != nil {
		_ = l.shops.Close()
	}
	l.client.CloseIdleConnections()
}
