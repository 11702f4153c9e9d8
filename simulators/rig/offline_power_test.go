package rig

import (
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// offlineStories are what the till decides alone and tells later, with the real host at the other end of the line.
func offlineStories() []story {
	signedIn := func(_ *World, t *Till) error { return t.SignIn() }
	sold := func(_ *World, t *Till) error {
		return t.Order(Order{Flow: pay.OfflineSale, Amount: pay.CNY(12_34), Who: "Alice", Voice: &terminal.Voice{Code: "654321"}})
	}
	act := func(flow, on pay.Flow, amount pay.Amount) func(*World, *Till) error {
		return func(_ *World, t *Till) error {
			voucher, err := t.Voucher(on)
			if err != nil {
				return nil // the power went before there was one
			}
			return t.Order(Order{Flow: flow, Amount: amount, Who: "Alice", PIN: PINRight, Voucher: voucher, Supervisor: true})
		}
	}
	sale := func(_ *World, t *Till) error { return t.Swipe("Alice", pay.CNY(5_00), PINRight) }
	then := func(deeds ...func(*World, *Till) error) func(*World, *Till) error {
		return func(w *World, t *Till) error {
			for _, do := range deeds {
				if err := do(w, t); err != nil {
					return err
				}
			}
			return nil
		}
	}
	lost := func(w *World, t *Till) error {
		return w.Faults().Arm(fault.Rule{Direction: fault.Answer, Flow: pay.OfflineSale, Nth: 1, Do: fault.Fault{Kind: fault.Lose}})
	}
	return []story{
		{name: "offline sale and its upload", before: signedIn, do: then(sold, sale), money: true},
		{name: "offline sale whose upload is not answered", before: then(signedIn, lost, sold), do: then(sale, sale), money: true},
		{name: "offline sale voided before it left", before: then(signedIn, sold), do: then(act(pay.Void, pay.OfflineSale, pay.Amount{}), sale), money: true},
		{name: "tipped sale", before: then(signedIn, sale), do: act(pay.Tip, pay.Sale, pay.CNY(50)), money: true},
		{name: "offline sale adjusted after it left", before: then(signedIn, sold, sale), do: act(pay.Adjustment, pay.OfflineSale, pay.CNY(10_00)), money: true},
	}
}

// The power goes at every moment of what the till decides alone; afterwards till, acquirer and issuer agree about the money.
func TestOfflinePowerCutsWithTheHost(t *testing.T) {
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	points := 0
	for _, s := range offlineStories() {
		t.Run(s.name, func(t *testing.T) {
			n, wrong := s.cuts(t, r)
			for _, text := range wrong {
				t.Error(text)
			}
			points += n
		})
	}
	t.Logf("%d power cuts", points)
}

// A till that sends what it sold again under another number does not survive this.
func TestOfflinePowerCutsCanFail(t *testing.T) {
	r, err := New(Options{Defects: []string{"terminal-uploads-offline-twice"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, wrong := offlineStories()[1].cuts(t, r); len(wrong) == 0 {
		t.Error("nothing is found")
	}
}
