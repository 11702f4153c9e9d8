package rig_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

// ledOrder is an order of a test with what became of it.
type ledOrder struct {
	visit, leg int
	flow       pay.Flow
	by         rig.Presented
	rig.Served
}

// orders gathers what becomes of a fleet's orders.
type orders struct {
	mu  sync.Mutex
	all []ledOrder
}

func (o *orders) visit(n, till, card int, due time.Duration, legs ...rig.VisitLeg) *rig.Visit {
	return &rig.Visit{Till: till, Card: card, Due: due, Legs: legs, Told: func(leg int, s rig.Served) {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.all = append(o.all, ledOrder{n, leg, legs[leg].Flow, legs[leg].By, s})
	}}
}

func fleet(t testing.TB, o rig.Options, p rig.FleetPlan) *rig.Fleet {
	t.Helper()
	r, err := rig.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	if p.Balance.Minor == 0 {
		p.Balance = pay.CNY(10_000_00)
	}
	p.Seed = 1
	f, err := r.Fleet(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	signed, err := f.SignIn(t.Context())
	if err != nil || signed != p.Tills {
		t.Fatalf("%d of %d tills have signed in: %v", signed, p.Tills, err)
	}
	f.Start(f.Now())
	return f
}

func balanced(t testing.TB, f *rig.Fleet) {
	t.Helper()
	if err := f.Rest(t.Context()); err != nil {
		t.Fatal(err)
	}
	breaks, err := f.Verify(t.Context())
	if err != nil || len(breaks) > 0 {
		t.Errorf("the money: %v, %d breaks: %v", err, len(breaks), breaks[:min(len(breaks), 5)])
	}
}

// In memory the times of an order are the script's to the nanosecond, also while it waits for a busy till.
func TestFleetTellsTheScriptedTimes(t *testing.T) {
	const line, host = 5 * time.Millisecond, 30 * time.Millisecond // a frame's way, and how long the host holds an answer back
	f := fleet(t, rig.Options{}, rig.FleetPlan{Tills: 2, Cards: 4, Lag: 100 * time.Millisecond})
	control, _ := f.Control()
	if err := control.Arrange(t.Context(), rig.Arrangement{Party: "acquirer", Condition: rig.ConditionSlow, Delay: host}); err != nil {
		t.Fatal(err)
	}
	sale := rig.VisitLeg{Flow: pay.Sale, By: rig.ByStripe, Amount: pay.CNY(100)}
	var got orders
	for n, due := range []time.Duration{0, 10 * time.Millisecond, 200 * time.Millisecond} {
		f.Begin(got.visit(n, 0, 0, due, sale))
	}
	for n := range 5 { // due together at one till: the last ones are over the lag
		f.Begin(got.visit(3+n, 1, 1, time.Second, sale))
	}
	balanced(t, f)
	const takes = 2*line + host
	want := []struct{ due, written time.Duration }{{0, 0}, {10 * time.Millisecond, takes}, {200 * time.Millisecond, 200 * time.Millisecond},
		{time.Second, time.Second}, {time.Second, time.Second + takes}, {time.Second, time.Second + 2*takes}}
	slices.SortFunc(got.all, func(a, b ledOrder) int { return a.visit - b.visit })
	if len(got.all) != 8 {
		t.Fatalf("%d orders were told of", len(got.all))
	}
	for i, o := range got.all {
		switch {
		case i >= len(want) && (o.Fate != rig.FateDropped || o.Written != 0 || o.Waited != 3*takes || o.Answered != time.Second+3*takes):
			t.Errorf("order %d is %+v, want it dropped", i, o)
		case i < len(want) && (o.Fate != rig.FateApproved || o.Due != want[i].due || o.Written != want[i].written || o.Waited != o.Written-o.Due || o.Answered != want[i].written+takes || o.Code != "00"):
			t.Errorf("order %d is %+v, want %+v and %s", i, o, want[i], takes)
		}
	}
}

// An order without an answer ends at its timeout, and the till is not free before it has taken the payment back.
func TestFleetOrderWithoutAnswer(t *testing.T) {
	f := fleet(t, rig.Options{}, rig.FleetPlan{Tills: 1, Cards: 1, Patience: 3 * time.Second})
	control, _ := f.Control()
	silence := func(c string) {
		if err := control.Arrange(t.Context(), rig.Arrangement{Party: "acquirer", Condition: c}); err != nil {
			t.Fatal(err)
		}
	}
	silence(rig.ConditionSilent)
	var got orders
	sale := rig.VisitLeg{Flow: pay.Sale, By: rig.ByStripe, Amount: pay.CNY(100)}
	f.Begin(got.visit(0, 0, 0, 0, sale, rig.VisitLeg{Flow: pay.Void, By: rig.ByStripe, Amount: pay.CNY(100), Acts: true}))
	f.Begin(got.visit(1, 0, 0, time.Second, sale))
	if err := f.Rest(t.Context()); err != nil {
		t.Fatal(err)
	}
	silence(rig.ConditionNormal)
	f.Begin(got.visit(2, 0, 0, time.Minute, sale))
	balanced(t, f)
	if len(got.all) != 3 {
		t.Fatalf("told of %+v: what acts on a sale without an answer must not fall due", got.all)
	}
	const dialled = 5 * time.Millisecond // a way to the host
	want := []struct {
		fate              rig.Fate
		written, answered time.Duration
	}{{rig.FateSilent, 0, 3 * time.Second}, {rig.FateSilent, 12*time.Second + 2*dialled, 15*time.Second + 2*dialled}, // after three attempts to take the first back, and two lines that were left
		{rig.FateApproved, time.Minute + dialled, time.Minute + dialled + 10*time.Millisecond}}
	for i, o := range got.all {
		if o.Fate != want[i].fate || o.Written != want[i].written || o.Waited != o.Written-o.Due || o.Answered != want[i].answered || o.Trace == "" {
			t.Errorf("order %d is %+v, want %+v", i, o, want[i])
		}
	}
}

// What stands in an order's way is cleared by whoever works there: the cashier was logged out, the batch is full.
func TestFleetClerksHelpThemselves(t *testing.T) {
	file := filepath.Join(t.TempDir(), "small.yaml")
	must(t, os.WriteFile(file, []byte("name: small\ndialect: unionpay-pos\nswitches: {batch_limit: \"3\"}\n"), 0o600))
	profile, err := rig.LoadProfile(file)
	must(t, err)
	f := fleet(t, rig.Options{Profile: profile}, rig.FleetPlan{Tills: 1, Cards: 1})
	var got orders
	for n := range 8 {
		f.Begin(got.visit(n, 0, 0, time.Duration(n)*11*time.Minute, rig.VisitLeg{Flow: pay.Sale, By: rig.ByChip, Amount: pay.CNY(100)}))
	}
	balanced(t, f)
	if len(got.all) != 8 {
		t.Errorf("%d orders were told of", len(got.all))
	}
	traces := map[string]bool{}
	for _, o := range got.all {
		if traces[o.Trace] = true; o.Fate != rig.FateApproved || o.Why != "" {
			t.Errorf("%+v", o.Served)
		}
	}
	if len(traces) != 8 {
		t.Errorf("the traces are %v", traces)
	}
}

// everyFlow is a visit for each thing that a customer may want, by each way to pay.
func everyFlow(got *orders, settles bool) (visits []*rig.Visit, legs int) {
	const after = 20 * time.Millisecond
	add := func(legsOf ...rig.VisitLeg) {
		n := len(visits)
		for i := range legsOf {
			legsOf[i].Amount, legsOf[i].Acts, legsOf[i].After = pay.CNY(10_00), i > 0, time.Duration(i)*after
		}
		legs += len(legsOf)
		visits = append(visits, got.visit(n, n, n, 0, legsOf...))
	}
	for _, by := range []rig.Presented{rig.ByStripe, rig.ByChip, rig.ByTap, rig.ByPhone} {
		sale := rig.VisitLeg{Flow: pay.Sale, By: by}
		add(sale)
		add(sale, rig.VisitLeg{Flow: pay.Void, By: by})
		add(sale, rig.VisitLeg{Flow: pay.Refund, By: by})
		add(sale, rig.VisitLeg{Flow: pay.Reversal})
		if by == rig.ByPhone {
			continue
		}
		preAuth := rig.VisitLeg{Flow: pay.PreAuth, By: by}
		add(preAuth, rig.VisitLeg{Flow: pay.Completion, By: by})
		add(preAuth, rig.VisitLeg{Flow: pay.PreAuthVoid, By: by})
		add(rig.VisitLeg{Flow: pay.Balance, By: by})
	}
	add(rig.VisitLeg{Flow: pay.SignIn})
	add(rig.VisitLeg{Flow: pay.Echo})
	if settles {
		sale := rig.VisitLeg{Flow: pay.Sale, By: rig.ByStripe}
		add(sale, rig.VisitLeg{Flow: pay.Settlement}, sale)
	}
	return visits, legs
}

func TestFleetDoesEveryFlow(t *testing.T) {
	for _, dialect := range []string{"embedded", "iso87-ascii"} {
		for _, c := range []struct {
			line       string
			connection iso8583.Connection
			loops      int
		}{{rig.LineMemory, iso8583.Serial, 1}, {rig.LineSocket, iso8583.Serial, 2}, {rig.LineSocket, iso8583.PerTransaction, 1}} {
			t.Run(fmt.Sprint(dialect, " ", c.line, " ", c.connection), func(t *testing.T) {
				others := goleak.IgnoreCurrent()
				profile, err := rig.LoadProfile(dialect)
				if err != nil {
					t.Fatal(err)
				}
				var got orders
				visits, legs := everyFlow(&got, dialect != "iso87-ascii")
				f := fleet(t, rig.Options{Profile: profile}, rig.FleetPlan{Line: c.line, Connection: c.connection, Loops: c.loops, Tills: len(visits), Cards: len(visits)})
				for _, v := range visits {
					f.Begin(v)
				}
				balanced(t, f)
				if f.Close(); len(got.all) != legs {
					t.Errorf("%d orders of %d were told of", len(got.all), legs)
				}
				for _, o := range got.all {
					if o.Fate != rig.FateApproved || o.Written < o.Due || o.Answered <= o.Written || o.Code != "00" {
						t.Errorf("%s by %s: %+v", o.flow, o.by, o.Served)
					}
				}
				goleak.VerifyNone(t, others)
			})
		}
	}
}

// At a remote host the tills and cards are the profile's, and where their trace numbers stop is kept for the next run.
func TestFleetAtARemoteHost(t *testing.T) {
	file := remoteProfile(t, freeAddress(t))
	profile, err := rig.LoadProfile(file)
	must(t, err)
	serving(t, file, profile.Address, "", 5)
	state := filepath.Join(t.TempDir(), "state.json")
	o := rig.Options{Profile: profile, Line: rig.LineSocket, State: state}
	r, err := rig.New(o)
	must(t, err)
	if _, err := r.Fleet(t.Context(), rig.FleetPlan{Tills: 3, Cards: 2}); err == nil || !strings.Contains(err.Error(), "has 2 terminals") {
		t.Errorf("three tills at a host that knows two: %v", err)
	}
	for run := range 2 {
		f := fleet(t, o, rig.FleetPlan{Tills: 2, Cards: 2, Loops: 2})
		var got orders
		for n := range 20 {
			f.Begin(got.visit(n, n%2, n%2, 0, rig.VisitLeg{Flow: pay.Sale, By: rig.ByStripe, Amount: pay.CNY(100)}))
		}
		balanced(t, f)
		f.Close()
		for _, o := range got.all {
			if o.Fate != rig.FateApproved {
				t.Errorf("run %d: %+v", run, o.Served)
			}
		}
		text, err := os.ReadFile(state)
		must(t, err)
		var kept map[string]struct{ Trace int }
		must(t, json.Unmarshal(text, &kept))
		if next := kept["10000001"].Trace; next <= run*500+11 || next > run*500+501 {
			t.Errorf("after run %d the next trace number is %d: want one behind all that were used, and no more than a block", run, next)
		}
	}
}
