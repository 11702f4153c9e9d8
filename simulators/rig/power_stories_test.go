package rig

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// deed is something that people do at a till, or that its line does to it.
type deed func(*World, *Till) error

// story is something during which the power goes, with the real host at the other end of the line.
type story struct {
	name     string
	dialect  string // "" for the rig's
	before   deed   // on safe power
	do       deed
	ends     terminal.EndingKind // how, if the power stays: "" for approved
	reverses bool                // the host may have approved what the till must take back
	signsIn  bool                // the till has to sign in before it sells again
	updates  bool                // the till has to fetch its software before it sells again
	settles  bool                // the till has to settle before it sells again
	twice    bool                // the power goes once more in the start that follows
}

func stories() []story {
	return slices.Concat(onlineStories(), walletStories(), flowStories(), offlineStories(), deviceStories(), settlementStories())
}

func then(deeds ...deed) deed {
	return func(w *World, t *Till) error {
		for _, do := range deeds {
			if err := do(w, t); err != nil {
				return err
			}
		}
		return nil
	}
}

func nothing(*World, *Till) error    { return nil }
func signIn(_ *World, t *Till) error { return t.SignIn() }

func signedIn(more ...deed) deed { return then(append([]deed{signIn}, more...)...) }

func key(f pay.Flow) deed {
	return func(_ *World, t *Till) error { return t.Do(terminal.Event{Kind: terminal.Choose, Flow: f}) }
}

// login has the cashier log in where the till has started again by itself.
func login(_ *World, t *Till) error {
	if t.Status().Operator != "" {
		return nil
	}
	return t.LogIn("01")
}

func sells(who string, minor int64) deed {
	return orders(Order{Flow: pay.Sale, Who: who, Amount: pay.CNY(minor), By: ByStripe})
}

func orders(o Order) deed {
	o.PIN = PINRight
	return func(_ *World, t *Till) error { return t.Order(o) }
}

// acts orders something on the first payment of a flow.
func acts(on pay.Flow, o Order) deed {
	o.PIN, o.Supervisor = PINRight, true
	return func(w *World, t *Till) (err error) {
		if o.Original = w.requestOf(on, 1); o.Original == nil { // decided by the till, and not told yet
			if o.Voucher, err = t.Voucher(on); err != nil {
				return err
			}
		}
		return t.Order(o)
	}
}

// spoils arranges a fault of the line for the requests of a flow with these numbers, or for their answers.
func spoils(d fault.Direction, flow pay.Flow, k fault.Kind, nths ...int) deed {
	return func(w *World, _ *Till) error {
		for _, nth := range nths {
			if err := w.Faults().Arm(fault.Rule{Direction: d, Flow: flow, Nth: nth, Do: fault.Fault{Kind: k}}); err != nil {
				return err
			}
		}
		return nil
	}
}

func lineWorks(w *World, _ *Till) error { w.SetLine(LineWorks); return nil }

// onlineStories are about the sale and what may become of its answer.
func onlineStories() []story {
	sale, balance := sells("Alice", 12_34), orders(Order{Flow: pay.Balance, Who: "Alice"})
	spoilt := func(d fault.Direction, k fault.Kind) deed { return signedIn(spoils(d, pay.Sale, k, 1)) }
	partly := func(name string, rest terminal.EventKind, ends terminal.EndingKind) story {
		return story{name: name, ends: ends, reverses: true,
			before: then(func(w *World, t *Till) error {
				if err := w.CardHolds("Bob", pay.CNY(30_00)); err != nil {
					return err
				}
				return t.SetSwitches(map[string]string{"partial_approval": "true"})
			}, signIn),
			do: then(sells("Bob", 50_00), func(_ *World, t *Till) error { return t.Do(terminal.Event{Kind: rest}) })}
	}
	carol := func(name string, by Presented, ends terminal.EndingKind, more ...deed) story {
		return story{name: name, before: signedIn(more...), ends: ends, reverses: true,
			do: orders(Order{Flow: pay.Sale, Who: "Carol", Amount: pay.CNY(12_34), By: by})}
	}
	coded := orders(Order{Flow: pay.Sale, Who: "Alice", Amount: pay.CNY(12_34), By: ByPhone})
	phone := func(name string, ends terminal.EndingKind, more ...deed) story {
		return story{name: name, before: signedIn(more...), do: coded, ends: ends, reverses: true}
	}
	return []story{
		{name: "sign-in", before: nothing, do: signIn, ends: terminal.SignedIn, signsIn: true},
		{name: "key change", dialect: "iso87-ascii", before: signIn, do: key(pay.KeyChange), ends: terminal.Rekeyed, signsIn: true},
		{name: "sign-out", before: signIn, do: key(pay.SignOut), ends: terminal.SignedOut, signsIn: true},
		{name: "balance", before: signIn, do: balance, ends: terminal.Told},
		{name: "balance whose answer is lost", before: signedIn(spoils(fault.Answer, pay.Balance, fault.Lose, 1)), do: balance, ends: terminal.Unknown},
		{name: "sale with PIN", before: signIn, do: sale, reverses: true, twice: true},
		{name: "declined sale", before: signIn, do: sells("Dave", 12_34), ends: terminal.Declined},
		{name: "sale that never arrives", before: spoilt(fault.Request, fault.Lose), do: sale, ends: terminal.Unknown},
		{name: "sale whose answer is lost", before: spoilt(fault.Answer, fault.Lose), do: sale, ends: terminal.Unknown, reverses: true, twice: true},
		{name: "sale whose answer comes twice", before: spoilt(fault.Answer, fault.Duplicate), do: sale, reverses: true},
		{name: "sale whose answer is cut off", before: spoilt(fault.Answer, fault.Cut), do: sale, ends: terminal.Unknown, reverses: true},
		partly("part of a sale, and the rest is there", terminal.Confirm, terminal.Approved),
		partly("part of a sale, which nobody wants", terminal.Cancel, terminal.Cancelled),
		carol("sale by chip", ByChip, terminal.Approved),
		carol("sale by chip whose answer is lost", ByChip, terminal.Unknown, spoils(fault.Answer, pay.Sale, fault.Lose, 1)),
		carol("sale by chip, with the issuer's command", ByChip, terminal.Approved, func(w *World, _ *Till) error {
			if _, err := w.Card("Carol"); err != nil {
				return err
			}
			return w.Arrange(Arrangement{Party: "issuer", Card: "Carol", Command: "unblock-pin"})
		}),
		carol("sale by tap", ByTap, terminal.Approved),
		phone("sale by a payer's code", terminal.Approved),
		phone("sale by a payer's code whose answer is lost", terminal.Unknown, spoils(fault.Answer, pay.Sale, fault.Lose, 1)),
		{name: "void of a sale by code", before: signedIn(coded), do: acts(pay.Sale, Order{Flow: pay.Void}), reverses: true},
		{name: "refund of a sale by code whose answer is lost", before: signedIn(coded, spoils(fault.Answer, pay.Refund, fault.Lose, 1)),
			do: acts(pay.Sale, Order{Flow: pay.Refund, Amount: pay.CNY(4_00)})},
		carol("sale by tap whose answer is lost", ByTap, terminal.Unknown, spoils(fault.Answer, pay.Sale, fault.Lose, 1)),
	}
}

// flowStories go through what may follow a payment, each with its answer and without.
func flowStories() (all []story) {
	for _, chain := range [][]pay.Flow{
		{pay.Sale, pay.Void}, {pay.Sale, pay.Refund},
		{pay.PreAuth}, {pay.PreAuth, pay.PreAuthVoid}, {pay.PreAuth, pay.Completion}, {pay.PreAuth, pay.CompletionAdvice},
		{pay.PreAuth, pay.Completion, pay.CompletionVoid},
		{pay.MOTOSale}, {pay.MOTOSale, pay.MOTOVoid}, {pay.MOTOSale, pay.MOTORefund},
		{pay.MOTOPreAuth}, {pay.MOTOPreAuth, pay.MOTOPreAuthVoid}, {pay.MOTOPreAuth, pay.MOTOCompletion}, {pay.MOTOPreAuth, pay.MOTOCompletionAdvice},
		{pay.MOTOPreAuth, pay.MOTOCompletion, pay.MOTOCompletionVoid},
		{pay.Recurring}, {pay.Recurring, pay.RecurringVoid},
		{pay.Instalment}, {pay.Instalment, pay.InstalmentVoid},
	} {
		far := chain[0].Kind() != chain[0] && chain[0] != pay.Instalment // the cardholder is
		var deeds []deed
		for i, flow := range chain {
			o := Order{Flow: flow, Who: "Alice", Amount: pay.CNY(9_00), Keyed: far}
			switch {
			case flow == pay.Instalment:
				o.Parts = 6
			case flow.Kind() == pay.Refund:
				o.Amount = pay.CNY(4_00)
			}
			if i == 0 {
				deeds = append(deeds, orders(o))
			} else {
				deeds = append(deeds, acts(chain[i-1], o))
			}
		}
		last := len(chain) - 1
		flow, before, do := chain[last], deeds[:last], deeds[last]
		lost, advice := terminal.Unknown, slices.Contains([]pay.Flow{pay.Refund, pay.MOTORefund, pay.CompletionAdvice, pay.MOTOCompletionAdvice}, flow)
		if advice { // it is sent again
			lost = terminal.Approved
		}
		all = append(all,
			story{name: string(flow), before: signedIn(before...), do: do, reverses: !advice},
			story{name: string(flow) + " whose answer is lost", before: signedIn(append(before, spoils(fault.Answer, flow, fault.Lose, 1))...), do: do,
				ends: lost, reverses: !advice})
	}
	return all
}

// offlineStories are what the till decides alone and tells later.
func offlineStories() []story {
	sold := orders(Order{Flow: pay.OfflineSale, Amount: pay.CNY(12_34), Who: "Alice", Voice: &terminal.Voice{Code: "654321"}})
	sale := sells("Alice", 5_00)
	void := acts(pay.OfflineSale, Order{Flow: pay.Void, Who: "Alice"})
	tip := acts(pay.Sale, Order{Flow: pay.Tip, Who: "Alice", Amount: pay.CNY(50)})
	adjust := acts(pay.OfflineSale, Order{Flow: pay.Adjustment, Who: "Alice", Amount: pay.CNY(10_00)})
	return []story{
		{name: "offline sale and its upload", before: signIn, do: then(sold, sale), reverses: true},
		{name: "offline sale whose upload is not answered", before: signedIn(spoils(fault.Answer, pay.OfflineSale, fault.Lose, 1), sold), do: then(sale, sale), reverses: true},
		{name: "offline sale voided before it left", before: signedIn(sold), do: then(void, sale), reverses: true},
		{name: "sale that a chip approved alone, and its upload", reverses: true,
			before: then(func(_ *World, t *Till) error { return t.SetFloor(pay.CNY(100_00), true) }, signIn),
			do:     then(orders(Order{Flow: pay.Sale, Who: "Nina", Amount: pay.CNY(10_00), By: ByChip}), sale)},
		{name: "tipped sale", before: signedIn(sale), do: tip},
		{name: "offline sale adjusted after it left", before: signedIn(sold, sale), do: adjust},
	}
}

// deviceStories are about the till as a machine. What an answer announces is fetched, and what is owed is told, before the next sale.
func deviceStories() []story {
	sale := sells("Alice", 3_00)
	arranged := func(a Arrangement) deed { return func(w *World, _ *Till) error { return w.Arrange(a) } }
	fetches := func(name string, what Arrangement) story {
		what.Party = "acquirer"
		return story{name: name, before: signedIn(arranged(what)), do: then(sale, sale), reverses: true}
	}
	return []story{
		{name: "line test", before: signIn, do: key(pay.Echo), ends: terminal.LineGood},
		fetches("new CA keys", Arrangement{Publish: "capks"}),
		fetches("new chip applications", Arrangement{Publish: "aids"}),
		fetches("new contactless limits", Arrangement{Publish: "contactless"}),
		{name: "new software", before: signedIn(arranged(Arrangement{Party: "acquirer", Terminal: "10000001", MinVersion: "32320000"})),
			do: then(sale, sale, login, sale), reverses: true, updates: true},
		fetches("status upload", Arrangement{Terminal: "10000001", Status: StatusAskStatus}),
		{name: "sale signed on the pad", do: then(sale, signs, sale, signs), reverses: true,
			before: then(func(_ *World, t *Till) error { return t.Rewire(func(c *terminal.Config) { c.SignaturePad = true }) }, signIn)},
	}
}

// signs has Alice sign where the till asks for it.
func signs(_ *World, t *Till) error {
	if t.need != terminal.NeedSignature {
		return nil
	}
	return t.Sign("Alice", 600)
}

// settlementStories are settlements of three sales.
func settlementStories() []story {
	sale := sells("Alice", 3_00)
	sold := signedIn(sale, sale, sale)
	// Of the last one the host alone knows.
	unbalanced := then(sold, spoils(fault.Answer, pay.Sale, fault.Lose, 4), spoils(fault.Request, pay.Reversal, fault.Lose, 0), sells("Alice", 5_00), lineWorks)
	inserted := orders(Order{Flow: pay.Sale, Who: "Carol", Amount: pay.CNY(7_00), By: ByChip})
	settles := func(name string, ends terminal.EndingKind, before ...deed) story {
		return story{name: name, before: then(before...), do: key(pay.Settlement), ends: ends, settles: true}
	}
	return []story{
		settles("balanced settlement", terminal.Settled, sold),
		settles("unbalanced settlement", terminal.Settled, unbalanced),
		settles("balanced settlement with a chip's payment", terminal.Settled, sold, inserted),
		settles("unbalanced settlement with a chip's payment", terminal.Settled, unbalanced, inserted),
		settles("settlement whose answer is lost", terminal.Settled, sold, spoils(fault.Answer, pay.Settlement, fault.HangUp, 1)),
		settles("settlement whose upload breaks three times", terminal.Unknown, unbalanced, spoils(fault.Answer, pay.BatchUpload, fault.HangUp, 1, 2, 3)),
		settles("settlement whose end is not answered", terminal.Unknown, unbalanced, spoils(fault.Answer, pay.UploadEnd, fault.HangUp, 1, 2, 3)),
		settles("settlement whose sign-out is lost", terminal.Settled, sold, spoils(fault.Request, pay.SignOut, fault.HangUp, 1)),
	}
}

// walletStories are payments by a wallet's code, what gives them back, and codes that the till shows.
func walletStories() []story {
	opens := func(more ...deed) deed {
		return then(append([]deed{func(_ *World, t *Till) error { return t.TakeWallet("wechat") }, signIn}, more...)...)
	}
	pays := func(minor int64) deed {
		return func(w *World, t *Till) error {
			code, err := w.WalletCode("Alice", "wechat")
			if err != nil {
				return err
			}
			return t.Order(Order{Flow: pay.Sale, Amount: pay.CNY(minor), Who: "Alice", By: ByPhone, Phone: PhoneShown{Text: code}})
		}
	}
	loses := func(op walletapi.Operation) deed {
		return func(w *World, _ *Till) error { return w.SpoilWallet(WalletFault{Operation: op, Nth: 1, Answer: true}) }
	}
	back := func(flow pay.Flow, minor int64) deed {
		return func(_ *World, t *Till) error {
			return t.Order(Order{Flow: flow, Amount: pay.CNY(minor), Supervisor: true, Typed: terminal.Original{Batch: "000001", Trace: "000002"}})
		}
	}
	consents := func(c WalletConsent) deed {
		return func(w *World, _ *Till) error { return w.Consents("Alice", c) }
	}
	return []story{
		{name: "payment by a wallet's code", before: opens(), do: pays(12_34)},
		{name: "payment by a wallet's code whose answer is lost", before: opens(loses(walletapi.OpPay)), do: pays(12_34)},
		{name: "payment by a wallet's code that wants a password", before: opens(consents(WalletConsent{After: 12 * time.Second})), do: pays(1000_01)},
		{name: "payment by a wallet's code that nobody consents to", before: opens(), do: pays(1000_01), ends: terminal.Declined},
		{name: "void of a payment by a wallet's code", before: opens(pays(12_34)), do: back(pay.Void, 0)},
		{name: "refund of a payment by a wallet's code", before: opens(pays(12_34), loses(walletapi.OpRefund)), do: back(pay.Refund, 5_00)},
		{name: "code that the till shows", before: opens(consents(WalletConsent{After: 5 * time.Second, Scans: "wechat"})), do: func(_ *World, t *Till) error {
			return t.ShowsCode(pay.CNY(12_34), "wechat")
		}},
	}
}
