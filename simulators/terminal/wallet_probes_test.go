package terminal

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// sellByWallet sells 10.00 CNY to a WeChat code; the wallet's host says these words, one for each question: "done+paid", "-" for nothing,
// "forged:" before what it has not signed, "other:" before what is about another order. It tells what was asked, shown and printed.
func sellByWallet(says string) func(*bench) any {
	return func(b *bench) any {
		b.t.Helper()
		s, err := walletapi.Load(fixtures.FS, "wechat")
		if err != nil {
			b.t.Fatal(err)
		}
		for _, name := range []string{WalletKey(s.Name), WalletHostKey(s.Name)} {
			if err := b.till.HSM.ImportSecret(name, []byte("0123456789ABCDEF")); err != nil {
				b.t.Fatal(err)
			}
		}
		b.till.Wallets = []WalletAccount{{Scheme: qr.WeChat, API: s}}
		b.signIn()
		var questions []string
		sell := func(words ...string) {
			b.step(Event{Kind: Choose, Flow: pay.Sale, Amount: pay.CNY(1000)})
			if b.asked == nil { // what is owed goes first
				b.scan("131234567890123456")
			}
			for _, word := range words {
				if b.asked == nil && b.timers[walletTimer] > 0 {
					b.now = b.now.Add(b.timers[walletTimer])
					delete(b.timers, walletTimer)
					b.step(Event{Kind: Fired, Timer: walletTimer})
				}
				if b.asked == nil {
					return
				}
				ask := b.asked
				b.asked = nil
				questions = append(questions, string(ask.Operation))
				b.step(Event{Kind: WalletAnswered, Params: b.walletSays(s, ask, word)})
			}
		}
		for _, day := range strings.Split(says, " | ") {
			sell(strings.Fields(day)...)
		}
		return fmt.Sprint(questions, b.screens, b.endings, len(b.slips))
	}
}

func (b *bench) walletSays(s *walletapi.Scheme, ask *Action, word string) walletapi.Params {
	kind, word, plain := strings.Cut(word, ":")
	if !plain {
		kind, word = "", kind
	}
	p := said(s, word)
	if p == nil {
		return nil
	}
	p[walletapi.Order], p[walletapi.Nonce] = ask.Params[walletapi.Order], ask.Params[walletapi.Nonce]
	if kind == "other" {
		p[walletapi.Order] += "9"
	}
	signed, err := p.Signed(func(m []byte) ([]byte, error) { return b.till.HSM.Sign(WalletHostKey(s.Name), m) })
	if err != nil {
		b.t.Fatal(err)
	}
	if kind == "forged" {
		signed[walletapi.Sign] = base64.StdEncoding.EncodeToString([]byte("nobody"))
	}
	return signed
}

// The probes of the defects of payments by wallets' codes.
var walletProbes = map[string]func(*bench) any{
	"terminal-wallet-doubt-is-no":        sellByWallet("- done+paid"),
	"terminal-wallet-waiting-is-no":      sellByWallet("waiting+open done+paid"),
	"terminal-wallet-never-cancels":      sellByWallet("waiting+open done+open done+open done+open done+cancelled"),
	"terminal-wallet-skips-signature":    sellByWallet("forged:done+paid done+open done+open done+open done+cancelled"),
	"terminal-wallet-believes-any-order": sellByWallet("other:done+paid done+open done+open done+open done+cancelled"),
	"terminal-wallet-forgets-debts":      sellByWallet("- - - - - - - - - - - - - - - | done+cancelled done+paid"),
	"terminal-wallet-one-prompt":         sellByWallet("balance-low"),
	"terminal-wallet-uncounted": func(b *bench) any {
		sellByWallet("done+paid")(b)
		return fmt.Sprint(b.till.walletCounts(b.till.batch))
	},
	"terminal-wallet-no-slip": sellByWallet("done+paid"),
	"terminal-wallet-unlisted": func(b *bench) any {
		sellByWallet("done+paid | balance-low")(b)
		b.step(Event{Kind: LastPayment})
		b.step(Event{Kind: Statistics})
		b.step(Event{Kind: Reprint, Original: Original{Trace: b.till.wallets[0].Trace}})
		return fmt.Sprint(b.screens, b.slips)
	},
}
