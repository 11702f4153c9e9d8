package terminal

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// WalletAccount is a wallet with which the shop has an account: whose codes the till takes, and asks the wallet's host about. The keys
// are in the HSM: the till signs under WalletKey, and verifies under WalletHostKey.
type WalletAccount struct {
	Scheme qr.Scheme // of its payer codes
	API    *walletapi.Scheme
	Notify string // where the shop is told besides; "" for nowhere
}

// WalletKey names the key under which the shop's requests to a wallet are signed.
func WalletKey(name string) string { return "wallet:" + name }

// WalletHostKey names the key by which what the wallet's host says is verified.
func WalletHostKey(name string) string { return "wallet-host:" + name }

// walletSale is a payment by a wallet's code as the journal knows it.
type walletSale struct {
	At       time.Time `json:"at"`
	Trace    string    `json:"trace"` // voucher number
	Batch    string    `json:"batch"`
	Wallet   string    `json:"wallet"`
	Operator string    `json:"operator,omitempty"`
	Pay      WalletPay `json:"pay"`

	slips map[string][]byte // its receipts and those of its refunds, by voucher number
}

// walletLine: how a payment by a wallet's code stands from now on. It is written before a question leaves, and before a person is told.
type walletLine struct {
	Number int        `json:"number"` // the trace number that it uses up; 0 for none
	Sale   walletSale `json:"sale"`
	Slip   []byte     `json:"slip,omitempty"`
	Begun  bool       `json:"begun,omitempty"`
}

func (*walletLine) kind() string { return "till.wallet" }

func (l *walletLine) apply(t *Terminal) {
	if l.Number != 0 {
		t.trace = l.Number
	}
	i := slices.IndexFunc(t.wallets, func(s walletSale) bool { return s.Pay.Order == l.Sale.Pay.Order })
	if i < 0 {
		i, t.wallets = len(t.wallets), append(t.wallets, walletSale{})
	}
	s := l.Sale
	if s.slips = t.wallets[i].slips; l.Slip != nil {
		t.last = l.Slip
		s.slips = maps.Clone(s.slips)
		if s.slips == nil {
			s.slips = map[string][]byte{}
		}
		s.slips[s.voucher()] = l.Slip
	}
	t.wallets[i] = s
	t.queue(l.Slip, l.Begun)
}

// voucher is the number of what was last done: of the payment, or of a refund.
func (s walletSale) voucher() string {
	if n := len(s.Pay.Backs); n > 0 && s.Pay.Stage == WalletPaid {
		return s.Pay.Backs[n-1].voucher()
	}
	return s.Trace
}

// walletTalk is a question to a wallet's host that is under way.
type walletTalk struct {
	sale    walletSale
	account *WalletAccount
	ask     WalletAsk
	asked   int        // questions so far: they are told apart by it
	before  bool       // it is owed from before, and the order comes after it
	back    pay.Amount // what is to go back; zero for a payment
	nonce   string     // of the question that is under way
}

func (t *Terminal) walletOf(scheme qr.Scheme) *WalletAccount {
	for i := range t.Wallets {
		if t.Wallets[i].Scheme == scheme {
			return &t.Wallets[i]
		}
	}
	return nil
}

func (t *Terminal) walletNamed(name string) *WalletAccount {
	for i := range t.Wallets {
		if t.Wallets[i].API.Name == name {
			return &t.Wallets[i]
		}
	}
	return nil
}

// payByWallet asks a wallet's host for the order's money (DOMAIN.md E.4).
func (t *Terminal) payByWallet(now time.Time, a *WalletAccount, code qr.PayerCode, out *Actions) {
	t.sellByWallet(now, a, false, walletapi.Params{walletapi.PayerCode: code.Reveal()}, out)
}

// showCode has the customer scan the till: it asks the wallet for a code for this order, and waits for the payment.
func (t *Terminal) showCode(now time.Time, e Event, out *Actions) {
	a := t.walletNamed(e.Wallet)
	if a == nil || t.order.plan.Flow != pay.Sale {
		t.wait(WaitingCard, NeedCard, out, "WALLET_NOT_TAKEN")
		return
	}
	t.sellByWallet(now, a, true, walletapi.Params{}, out)
}

func (t *Terminal) sellByWallet(now time.Time, a *WalletAccount, shows bool, say walletapi.Params, out *Actions) {
	number := t.Rules.NextTrace(t.trace)
	s := walletSale{At: now, Trace: traceDigits(number), Batch: t.batch, Wallet: a.API.Name, Operator: t.named(),
		Pay: WalletPay{Order: t.walletNumber(number), Amount: t.order.amount, Shows: shows}}
	maps.Copy(say, walletapi.Params{walletapi.Subject: t.merchantName(), walletapi.Terminal: t.Number, walletapi.Notify: a.Notify})
	ask := s.Pay.Begin(now, say)
	t.order.talk = &walletTalk{sale: s, account: a}
	t.order.plan.Flow = pay.WalletSale
	t.walletGoes(now, ask, number, out)
}

// walletNumber is the till's own number of an order or refund, which no other has.
func (t *Terminal) walletNumber(trace int) string {
	return t.Number + "-" + t.batch + "-" + traceDigits(trace)
}

// walletGoes has how the payment stands written; the question, or the ending, comes after.
func (t *Terminal) walletGoes(now time.Time, ask WalletAsk, number int, out *Actions) {
	w := t.order.talk
	w.ask = ask
	l := &walletLine{Number: number, Sale: w.sale, Begun: t.paper}
	if s, ok := t.walletSlip(now, w); ok {
		sealed, err := t.seal(s)
		if err != nil {
			t.fault(now, err, out)
			return
		}
		l.Slip = sealed
	}
	t.state = AskingWallet
	t.await(out, l)
}

// walletStored goes on when the store has brought its word.
func (t *Terminal) walletStored(now time.Time, e Event, out *Actions) {
	w := t.order.talk
	kept := t.settled(e.Err)
	switch {
	case !kept && w.sale.Pay.Stage == WalletPaying:
		t.refuse(now, "terminal/storage", "STORAGE_FAILED", out)
		return
	case !kept && w.sale.Pay.Stage == WalletPaid && w.back.Minor == 0 && !w.before: // the journal has it undecided, and will cancel it
		w.sale.Pay.Stage = WalletOwed
	}
	switch {
	case w.sale.Pay.Ended():
		t.walletEnds(now, out)
	case w.ask.After > 0:
		out.show(walletScreens[w.sale.Pay.Stage], w.sale.Pay.Amount.String())
		out.add(Action{Kind: StartTimer, Timer: walletTimer, After: w.ask.After})
	default:
		out.show(walletScreens[w.sale.Pay.Stage], w.sale.Pay.Amount.String())
		t.askWallet(out)
	}
}

const walletTimer = "wallet"

var walletScreens = map[WalletStage]string{WalletPaying: "CONNECTING", WalletAsking: "ASKING_WALLET", WalletCancelling: "CANCELLING", WalletRefunding: "CONNECTING"}

// walletDue sends a question whose time has come.
func (t *Terminal) walletDue(_ time.Time, e Event, out *Actions) {
	if e.Timer == walletTimer {
		t.askWallet(out)
	}
}

func (t *Terminal) askWallet(out *Actions) {
	w := t.order.talk
	w.asked++
	p := maps.Clone(w.ask.Params)
	w.nonce = fmt.Sprintf("%s-%d", w.sale.Pay.Order, w.asked)
	p[walletapi.Merchant], p[walletapi.Nonce] = t.Merchant, w.nonce
	signed, err := p.Signed(func(m []byte) ([]byte, error) { return t.HSM.Sign(WalletKey(w.account.API.Name), m) })
	if err != nil {
		t.Trace.Record(trace.Event{Party: t.Name, Kind: trace.Trouble, Name: "terminal-fault", Text: err.Error()})
		signed = p // unsigned: the host says so
	}
	out.add(Action{Kind: AskWallet, Wallet: w.account.API.Name, Operation: w.ask.Operation, Params: signed})
}

// walletAnswered takes what the host said. What is not signed by it, or answers another question, is no answer.
func (t *Terminal) walletAnswered(now time.Time, e Event, out *Actions) {
	w, answer := t.order.talk, e.Params
	t.consult("terminal/wallet-signature")
	right, err := answer.Verified(func(m, s []byte) (bool, error) { return t.HSM.VerifySignature(WalletHostKey(w.account.API.Name), m, s) })
	if answer[walletapi.Nonce] != w.nonce || (err != nil || !right) && t.Rules.Wallet.Signed {
		answer = nil
	}
	t.consult("terminal/wallet-doubt")
	t.consult("terminal/wallet-answer")
	ask := w.sale.Pay.Heard(now, w.account.API, t.Rules.Wallet, answer)
	t.decide(now, "terminal/wallet-answer", fmt.Sprintf("order %s is %s", w.sale.Pay.Order, w.sale.Pay.Stage))
	if code := answer[walletapi.QR]; code != "" && w.sale.Pay.Stage == WalletAsking {
		out.show("SCAN_THIS", w.sale.Pay.Amount.String())
		out.add(Action{Kind: DrawCode, Code: code})
	}
	t.walletGoes(now, ask, 0, out)
}

// walletEnds tells what became of it.
func (t *Terminal) walletEnds(now time.Time, out *Actions) {
	w := t.order.talk
	p := &w.sale.Pay
	if w.before {
		t.order.talk, t.order.walletTried = nil, true
		t.enterGates(now, out)
		return
	}
	ending, amount := Ending{Kind: Declined, Trace: w.sale.Trace, RRN: p.Trade}, p.Amount
	switch {
	case p.Stage == WalletOwed:
		ending.Kind, ending.Screen = Unknown, "WALLET_OWED"
	case w.back.Minor > 0 && (p.Stage == WalletCancelled || p.Result == walletapi.Done):
		ending.Kind, ending.Screen, amount = Approved, "APPROVED", w.back
	case p.Stage == WalletPaid && p.Result == walletapi.Done:
		ending.Kind, ending.Screen = Approved, "APPROVED"
	case p.Stage == WalletCancelled:
		ending.Screen = "WALLET_CANCELLED"
	default:
		t.consult("terminal/wallet-prompt")
		ending.Screen = t.Rules.Wallet.Prompt(p.Result)
	}
	t.order.amount = amount
	t.tell(ending, out, amount.String())
	t.printSlips(out, false)
	t.finish(out)
}

// walletPrompts are what the cashier reads (DOMAIN.md E.4: rescan, another way to pay, a new order).
var walletPrompts = map[walletapi.Result]string{
	walletapi.CodeExpired: "CODE_EXPIRED", walletapi.CodeUsed: "CODE_USED", walletapi.CodeInvalid: "WALLET_NOT_TAKEN", walletapi.BalanceLow: "BALANCE_LOW",
	walletapi.OverLimit: "OVER_WALLET_LIMIT", walletapi.PayerBlocked: "PAYER_BLOCKED", walletapi.PayerIsSeller: "PAYER_BLOCKED",
	walletapi.AlreadyClosed: "PAYER_REFUSED", walletapi.PayerRefused: "PAYER_REFUSED", walletapi.RefundTooMuch: "REFUND_TOO_MUCH", walletapi.TooLate: "TOO_LATE",
}

func walletPrompt(r walletapi.Result) string {
	if screen := walletPrompts[r]; screen != "" {
		return screen
	}
	return "WALLET_DECLINED"
}

// walletOwed begins what a wallet's host must still be asked from before the order; false for nothing. It is tried once for each order.
func (t *Terminal) walletOwed(now time.Time, out *Actions) bool {
	i := slices.IndexFunc(t.wallets, func(s walletSale) bool { return s.Pay.Owes() })
	if t.order.walletTried || !t.order.plan.Trade || i < 0 {
		return false
	}
	t.consult("terminal/wallet-owed")
	s := t.wallets[i]
	account := t.walletNamed(s.Wallet)
	if account == nil || !t.Rules.Wallet.PayDebts {
		return false
	}
	ask := s.Pay.Resume()
	t.order.talk = &walletTalk{sale: s, account: account, before: true}
	t.walletGoes(now, ask, 0, out)
	return true
}

// walletBack gives back a payment by a wallet's code: a void all that is left of it, a refund the order's amount. It is found by its
// voucher number; false when no such payment stands.
func (t *Terminal) walletBack(now time.Time, o Original, out *Actions) bool {
	flow := t.order.plan.Flow
	i := slices.IndexFunc(t.wallets, func(s walletSale) bool {
		return s.Trace == o.Trace && (s.Batch == o.Batch || o.Batch == "" && s.Batch == t.batch) && s.Pay.Stage == WalletPaid
	})
	if i < 0 || flow != pay.Void && flow != pay.Refund {
		return false
	}
	s := t.wallets[i]
	account := t.walletNamed(s.Wallet)
	if account == nil {
		return false
	}
	w := &walletTalk{sale: s, account: account, back: t.order.amount}
	t.order.talk, t.order.plan.Flow = w, pay.WalletRefund
	if flow == pay.Void {
		w.back = s.Pay.Left()
		t.walletGoes(now, w.sale.Pay.Resume(), 0, out)
		return true
	}
	number := t.Rules.NextTrace(t.trace)
	t.walletGoes(now, w.sale.Pay.Refund(now, t.walletNumber(number), w.back), number, out)
	return true
}

// walletSlip is the slip of what has just ended; false while nothing has.
func (t *Terminal) walletSlip(now time.Time, w *walletTalk) (Slip, bool) {
	p := &w.sale.Pay
	amount := p.Amount
	t.consult("terminal/wallet-slip")
	switch {
	case !t.Rules.Wallet.Slip || w.before || p.Result != walletapi.Done && p.Stage != WalletCancelled || !p.Ended():
		return Slip{}, false
	case w.back.Minor > 0 && (p.Stage == WalletPaid || p.Stage == WalletCancelled):
		amount = w.back
	case w.back.Minor > 0 || p.Stage != WalletPaid:
		return Slip{}, false
	}
	return Slip{Lines: append(t.head(), Line{ID: "SLIP_TYPE", Args: []string{flowText(t.order.plan.Flow)}},
		Line{ID: "SLIP_WALLET", Args: []string{"@WALLET_" + w.account.API.Text()}}, Line{ID: "SLIP_BATCH", Args: []string{w.sale.Batch}},
		Line{ID: "SLIP_TRACE", Args: []string{w.sale.Trace}}, Line{ID: "SLIP_TRADE", Args: []string{p.Trade}},
		Line{ID: "SLIP_TIME", Args: []string{now.Format("2006-01-02 15:04:05")}}, Line{ID: "SLIP_AMOUNT", Args: []string{amount.String()}})}, true
}

// walletCounts are the lines of the wallets on a slip of totals: how many payments and refunds there were through each, and their sums.
func (t *Terminal) walletCounts(batch string) []Line {
	var lines []Line
	t.consult("terminal/wallet-apart")
	if !t.Rules.Wallet.Apart {
		return nil
	}
	for _, a := range t.Wallets {
		sales, backs := pay.Amount{Currency: t.Currency}, pay.Amount{Currency: t.Currency}
		n, m := 0, 0
		for _, s := range t.wallets {
			if s.Wallet != a.API.Name || s.Batch != batch || s.Pay.Stage != WalletPaid {
				continue
			}
			n++
			sales.Minor += s.Pay.Amount.Minor
			for _, b := range s.Pay.Backs {
				m++
				backs.Minor += b.Amount.Minor
			}
		}
		if n > 0 {
			lines = append(lines, Line{ID: "SLIP_WALLET", Args: []string{"@WALLET_" + a.API.Text()}},
				Line{ID: "SLIP_COUNT", Args: []string{flowText(pay.WalletSale), strconv.Itoa(n), sales.String()}})
		}
		if m > 0 {
			lines = append(lines, Line{ID: "SLIP_COUNT", Args: []string{flowText(pay.WalletRefund), strconv.Itoa(m), backs.String()}})
		}
	}
	return lines
}

// walletPayments lists what was paid and given back by wallets' codes as the cashier looks for it: among the other payments.
func (t *Terminal) walletPayments() (list []payment) {
	t.consult("terminal/wallet-listed")
	if !t.Rules.Wallet.Listed {
		return nil
	}
	for _, s := range t.wallets {
		p := payment{at: s.At, ref: audit.Ref{Terminal: t.Number, Merchant: t.Merchant, Batch: s.Batch, Trace: s.Trace, Flow: pay.WalletSale},
			amount: s.Pay.Amount, fact: s.fact(), rrn: s.Pay.Trade, operator: s.Operator}
		list = append(list, p)
		for _, b := range s.Pay.Backs {
			if p.fact != audit.Reversed {
				back := p
				back.at, back.ref.Trace, back.ref.Flow, back.amount = b.At, b.voucher(), pay.WalletRefund, b.Amount
				list = append(list, back)
			}
		}
	}
	return list
}

// everyPayment lists the till's payments, by card and by code: each kind as its journal has it, whatever the clock did meanwhile, and the
// two by their times.
func (t *Terminal) everyPayment() []payment {
	var all []payment
	byCode := t.walletPayments()
	for _, p := range t.payments {
		for len(byCode) > 0 && byCode[0].at.Before(p.at) {
			all, byCode = append(all, byCode[0]), byCode[1:]
		}
		all = append(all, p)
	}
	return append(all, byCode...)
}

func (s walletSale) fact() audit.Fact {
	switch {
	case s.Pay.Owes():
		return audit.Pending
	case s.Pay.Stage == WalletRefused:
		return audit.Declined
	case s.Pay.Stage == WalletCancelled:
		return audit.Reversed
	}
	return audit.Approved
}

// statements tell what the journal says of a payment by a wallet's code.
func (s walletSale) statements(t *Terminal) []audit.Statement {
	of := audit.Statement{At: s.At, Role: audit.Terminal, Party: t.Name, Fact: s.fact(), Ref: audit.Ref{Terminal: t.Number, Merchant: t.Merchant, Flow: pay.WalletSale},
		RRN: s.Pay.Order, Account: s.Wallet, Amount: s.Pay.Amount}
	list := []audit.Statement{of}
	for _, b := range s.Pay.Backs {
		if of.Fact != audit.Reversed {
			back := of
			back.Fact, back.Ref.Flow, back.Amount = audit.Refunded, pay.WalletRefund, b.Amount
			list = append(list, back)
		}
	}
	return list
}
