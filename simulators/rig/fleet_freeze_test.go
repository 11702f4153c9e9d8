package rig

import (
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// A host that stands still is seen in the response of each order that fell due meanwhile, at a till of its own or behind another.
func TestFleetShowsAFrozenHost(t *testing.T) {
	const tills, orders, every, freeze = 8, 40, 10 * time.Millisecond, 300 * time.Millisecond
	r, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	f, err := r.Fleet(t.Context(), FleetPlan{Line: LineSocket, Tills: tills, Cards: tills, Balance: pay.CNY(1000_00)})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.SignIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var told []Served
	begin := f.Now()
	f.Start(begin)
	for n := range orders {
		f.Begin(&Visit{Till: n % tills, Card: n % tills, Due: time.Duration(n) * every, Legs: []VisitLeg{{Flow: pay.Sale, By: ByStripe, Amount: pay.CNY(100)}},
			Told: func(_ int, s Served) { mu.Lock(); told = append(told, s); mu.Unlock() }})
	}
	var from, to time.Duration
	host := f.lanes[0].world.seats.(*socketSeat).server.host
	host.loop.Post(func() {
		from = f.Now().Sub(begin)
		<-time.NewTimer(freeze).C
		to = f.Now().Sub(begin)
	})
	if err := f.Rest(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Statements(t.Context()); err != nil { // has been in the host's loop after the freeze
		t.Fatal(err)
	}
	seen := 0
	for _, s := range told {
		switch {
		case s.Fate != FateApproved:
			t.Errorf("%+v", s)
		case s.Due > from && s.Due < to:
			if seen++; s.Answered < to {
				t.Errorf("the host stood still from %s to %s, and an order has been answered: %+v", from, to, s)
			}
		}
	}
	if len(told) != orders || seen < orders/2 {
		t.Errorf("%d orders were told of, %d of them fell due while the host stood still", len(told), seen)
	}
}
