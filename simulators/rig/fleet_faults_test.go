package rig_test

import (
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// Each kind of fault strikes tills that sell, whichever way it goes, and the books of all balance afterwards.
func TestFaultsStrikeFleet(t *testing.T) {
	late := 5 * time.Second // behind the reversal
	for name, c := range map[string]struct {
		rule fault.Rule
		all  bool // no order is disturbed
	}{
		"lost request":      {fault.Rule{Direction: fault.Request, Do: fault.Fault{Kind: fault.Lose}}, false},
		"lost answer":       {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.Lose}}, false},
		"late request":      {fault.Rule{Direction: fault.Request, Do: fault.Fault{Kind: fault.Delay, Delay: time.Second}}, true},
		"late answer":       {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.Delay, Delay: late}}, false},
		"doubled request":   {fault.Rule{Direction: fault.Request, Do: fault.Fault{Kind: fault.Duplicate}}, true},
		"doubled answer":    {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.Duplicate}}, true},
		"request in crumbs": {fault.Rule{Direction: fault.Request, Do: fault.Fault{Kind: fault.Fragment, Bytes: 20}}, true},
		"answer in crumbs":  {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.Fragment, Bytes: 20, Delay: time.Millisecond}}, true},
		"wrong MAC there":   {fault.Rule{Direction: fault.Request, Do: fault.Fault{Kind: fault.WrongMAC}}, false},
		"wrong MAC back":    {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.WrongMAC}}, false},
		"wrong echo":        {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.WrongEcho, Element: iso8583.Terminal}}, false},
		"corrupt amount":    {fault.Rule{Direction: fault.Request, Do: fault.Fault{Kind: fault.Corrupt, Element: iso8583.Amount}}, false},
		"cut request":       {fault.Rule{Direction: fault.Request, Do: fault.Fault{Kind: fault.Cut}}, false},
		"cut answer":        {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.Cut}}, false},
		"hung up":           {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.HangUp}}, false},
		"garbage":           {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.Garbage}}, false},
		"unreadable":        {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.Undecodable}}, false},
		"other length":      {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.Announce, Bytes: 900}}, false},
		"silence":           {fault.Rule{Direction: fault.Request, Do: fault.Fault{Kind: fault.Silence}}, false},
		"half open":         {fault.Rule{Direction: fault.Request, Do: fault.Fault{Kind: fault.HalfOpen}}, false},
		"jitter":            {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.Jitter, Delay: time.Second}}, true},
		"slow line":         {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.Bandwidth, Bytes: 400}}, true},
		"reset":             {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.Reset}}, false},
		"out of order":      {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.Reorder}}, false},
		"unsolicited":       {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.Unsolicited}}, true},
		"replayed answer":   {fault.Rule{Direction: fault.Answer, Flow: pay.Sale, Share: 0.5, Do: fault.Fault{Kind: fault.Replay}}, false},
		"wrong type":        {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.WrongMTI}}, false},
		"no code":           {fault.Rule{Direction: fault.Answer, Do: fault.Fault{Kind: fault.Missing, Element: iso8583.AnswerCode}}, false},
		"bit error":         {fault.Rule{Direction: fault.Request, Do: fault.Fault{Kind: fault.BitError}}, false},
		"refused":           {fault.Rule{Direction: fault.Connect, Do: fault.Fault{Kind: fault.Refuse}}, false},
		"slow to connect":   {fault.Rule{Direction: fault.Connect, Do: fault.Fault{Kind: fault.Delay, Delay: 300 * time.Millisecond}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			struck, ends := hurtFleet(t, rig.FleetFault{Rule: c.rule, From: 500 * time.Millisecond, For: 2 * time.Second})
			if struck == 0 || (ends[rig.FateApproved] == hurtOrders) != c.all || ends[rig.FateApproved] < hurtOrders/4 {
				t.Errorf("it struck %d times; ends %v", struck, ends)
			}
		})
	}
	t.Run("all lines cut", func(t *testing.T) {
		if struck, ends := hurtFleet(t, rig.FleetFault{Cut: true, From: time.Second}); struck == 0 || ends[rig.FateApproved] < hurtOrders*9/10 {
			t.Errorf("%d lines were cut; ends %v", struck, ends)
		}
	})
	t.Run("the 3rd sale's answer", func(t *testing.T) {
		lose := fault.Rule{Direction: fault.Answer, Flow: pay.Sale, Nth: 3, Do: fault.Fault{Kind: fault.Lose}}
		if struck, ends := hurtFleet(t, rig.FleetFault{Rule: lose}); struck != 1 || ends[rig.FateSilent] != 1 || ends[rig.FateApproved] != hurtOrders-1 {
			t.Errorf("it struck %d times; ends %v", struck, ends)
		}
	})
	t.Run("after the end", func(t *testing.T) {
		lose := fault.Rule{Do: fault.Fault{Kind: fault.Lose}}
		if struck, ends := hurtFleet(t, rig.FleetFault{Rule: lose, From: time.Hour}); struck != 0 || ends[rig.FateApproved] != hurtOrders {
			t.Errorf("it struck %d times; ends %v", struck, ends)
		}
	})
}

const hurtOrders = 120

// hurtFleet has tills sell for four seconds in memory, and audits the books.
func hurtFleet(t *testing.T, f rig.FleetFault) (struck int, ends map[rig.Fate]int) {
	t.Helper()
	const tills = 10
	r, err := rig.New(rig.Options{})
	must(t, err)
	var mu sync.Mutex
	ends = map[rig.Fate]int{}
	f.Rule.Label = "it"
	lines := iso8583.PerTransaction
	if f.Cut {
		lines = iso8583.Serial
	}
	fleet, err := r.Fleet(t.Context(), rig.FleetPlan{Seed: 3, Tills: tills, Cards: tills, Balance: pay.CNY(1000_00), Patience: 3 * time.Second, Connection: lines,
		Faults: []rig.FleetFault{f}, Struck: func(label string, _ time.Duration) {
			if label == "it" {
				struck++
			}
		}})
	must(t, err)
	defer fleet.Close()
	if n, err := fleet.SignIn(t.Context()); err != nil || n != tills {
		t.Fatal(n, err)
	}
	fleet.Start(fleet.Now())
	for n := range hurtOrders {
		fleet.Begin(&rig.Visit{Till: n % tills, Card: n % tills, Due: time.Duration(n) * 4 * time.Second / hurtOrders,
			Legs: []rig.VisitLeg{{Flow: pay.Sale, By: rig.ByStripe, Amount: pay.CNY(1_00)}},
			Told: func(_ int, s rig.Served) { mu.Lock(); defer mu.Unlock(); ends[s.Fate]++ }})
	}
	must(t, fleet.Rest(t.Context()))
	breaks, err := fleet.Verify(t.Context())
	must(t, err)
	for _, b := range breaks {
		t.Errorf("%s: %s", b.Rule, b.Text)
	}
	return struck, ends
}
