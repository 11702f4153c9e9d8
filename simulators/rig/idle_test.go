package rig_test

import (
	"context"
	"errors"
	"testing"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Whatever a world is doing when it is closed, no goroutine and no socket of it stays behind.
func TestClosedWorldIsGone(t *testing.T) {
	r, err := rig.New(rig.Options{})
	if err != nil {
		t.Fatal(err)
	}
	sell := func(w *rig.World, till *rig.Till) error {
		return errors.Join(till.SignIn(), till.Swipe("Alice", pay.CNY(1_00), rig.PINRight))
	}
	for name, c := range map[string]struct {
		do   func(w *rig.World, till *rig.Till) error
		want error
	}{
		"before the first message": {func(*rig.World, *rig.Till) error { return nil }, nil},
		"after sales":              {sell, nil},
		"with TLS": {func(w *rig.World, till *rig.Till) error {
			return errors.Join(w.Protect(), sell(w, till))
		}, nil},
		"after a payment by a wallet's code": {func(w *rig.World, till *rig.Till) error {
			if err := errors.Join(till.TakeWallet("wechat"), till.SignIn()); err != nil {
				return err
			}
			code, err := w.WalletCode("Alice", "wechat")
			return errors.Join(err, till.Order(rig.Order{Flow: pay.Sale, Amount: pay.CNY(1_00), Who: "Alice", By: rig.ByPhone, Phone: rig.PhoneShown{Text: code}}))
		}, nil},
		"while a request is on its way": {func(w *rig.World, till *rig.Till) error {
			till.When(false, pay.Sale, 1, w.Close)
			return sell(w, till)
		}, context.Canceled},
		"while the answer is on its way": {func(w *rig.World, till *rig.Till) error {
			till.When(true, pay.Sale, 1, w.Close)
			return sell(w, till)
		}, context.Canceled},
		"while the till dials": {func(w *rig.World, till *rig.Till) error {
			w.Loop.After(0, w.Close)
			return sell(w, till)
		}, context.Canceled},
		"while the host thinks": {func(w *rig.World, till *rig.Till) error {
			till.When(false, pay.Sale, 1, func() { w.Loop.After(0, w.Close) })
			return errors.Join(till.SignIn(), w.Arrange(rig.Arrangement{Condition: rig.ConditionSilent}), till.Swipe("Alice", pay.CNY(1_00), rig.PINRight))
		}, context.Canceled},
		"twice": {func(w *rig.World, till *rig.Till) error { w.Close(); return nil }, nil},
	} {
		for _, line := range []string{rig.LineMemory, rig.LineSocket} {
			t.Run(name+", "+line, func(t *testing.T) {
				others := goleak.IgnoreCurrent()
				w, err := r.World(t.Context(), 1, line)
				if err != nil {
					t.Fatal(err)
				}
				till, err := w.Till("T1")
				if err != nil {
					t.Fatal(err)
				}
				if err := c.do(w, till); !errors.Is(err, c.want) {
					t.Errorf("it ends with %v, want %v", err, c.want)
				}
				w.Close()
				goleak.VerifyNone(t, others)
			})
		}
	}
}
