package wallet_test

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/wallet"
)

// DOMAIN.md E.5: signed, again and again by the published schedule until the merchant says the word.
func TestNotifications(t *testing.T) {
	both(t, func(t *testing.T, w *town) {
		w.says = func(walletapi.Params) string { return "busy" }
		began := w.loop.Now()
		w.wants(w.pays("A1", w.code("alice"), 10_00), walletapi.Done)
		w.rest(48 * time.Hour)
		if len(w.news) != len(w.config.Scheme.NotifyAfter) {
			t.Fatalf("the shop was told %d times in %s", len(w.news), w.loop.Now().Sub(began))
		}
		for _, p := range w.news {
			right, err := p.Verified(func(m, s []byte) (bool, error) { return w.shop.VerifySignature(wallet.KeyHost, m, s) })
			if !right || err != nil || p[walletapi.Order] != "A1" || p[walletapi.Standing] != string(walletapi.StatePaid) || p[walletapi.Amount] != "1000" {
				t.Errorf("%v, %v", p, err)
			}
		}
		w.says = func(walletapi.Params) string { return w.config.Scheme.Acknowledge }
		w.open() // a restart begins again, and is heard
		w.rest(time.Minute)
		if n := len(w.news); n != len(w.config.Scheme.NotifyAfter)+1 || len(w.host.Orders()[0].Untold) != 0 {
			t.Errorf("told %d times; untold: %v", n, w.host.Orders()[0].Untold)
		}
	})
}

// What is news later waits until what was news before is acknowledged.
func TestNewsComeInOrder(t *testing.T) {
	both(t, func(t *testing.T, w *town) {
		busy := true
		w.says = func(walletapi.Params) string {
			if busy {
				return ""
			}
			return w.config.Scheme.Acknowledge
		}
		w.wants(w.pays("A1", w.code("alice"), 10_00), walletapi.Done)
		w.wants(w.refunds("A1", "R1", 4_00), walletapi.Done)
		busy = false
		w.rest(time.Hour)
		var states []string
		for _, p := range w.news {
			states = append(states, p[walletapi.Standing])
		}
		if n := len(states); n < 3 || states[n-2] != string(walletapi.StatePaid) || states[n-1] != string(walletapi.StateRefunded) {
			t.Errorf("the shop was told %v", states)
		}
	})
}
