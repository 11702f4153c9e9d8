package rig_test

import (
	"flag"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"
	"sync/atomic"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
)

var mControl = flag.String("mcontrol", "", "")
var mTills = flag.Int("mtills", 64, "")
var mOrders = flag.Int("morders", 20000, "")
var mBy = flag.String("mby", "stripe", "")
var mConn = flag.String("mconn", "serial", "")
var mLoops = flag.Int("mloops", 1, "")

func cpu() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(0, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestMeas(t *testing.T) {
	r, err := rig.New(rig.Options{Line: rig.LineSocket, Control: *mControl})
	if err != nil { t.Fatal(err) }
	b := time.Now(); c0 := cpu()
	f, err := r.Fleet(t.Context(), rig.FleetPlan{Line: rig.LineSocket, Tills: *mTills, Cards: *mTills, Balance: pay.CNY(10_000_000_00), Connection: iso8583.Connection(*mConn), Loops: *mLoops})
	if err != nil { t.Fatal(err) }
	defer f.Close()
	fmt.Println("seated", time.Since(b), "cpu", cpu()-c0)
	b = time.Now(); c0 = cpu()
	n, err := f.SignIn(t.Context())
	fmt.Println("signed in", n, err, time.Since(b), "cpu", cpu()-c0)
	f.Start(f.Now())
	var left, done, ok atomic.Int64
	left.Store(int64(*mOrders))
	var begin func(till int)
	begin = func(till int) {
		if left.Add(-1) < 0 { return }
		f.Begin(&rig.Visit{Till: till, Card: till, Due: rig.AtOnce, Legs: []rig.VisitLeg{{Flow: pay.Sale, By: rig.Presented(*mBy), Amount: pay.CNY(100)}},
			Told: func(_ int, s rig.Served) {
				done.Add(1)
				if s.Fate == rig.FateApproved { ok.Add(1) } else if done.Load() < 1e9 { fmt.Printf("%+v\n", s) }
				begin(till)
			}})
	}
	var ms0, ms1 runtime.MemStats
	runtime.ReadMemStats(&ms0)
	b = time.Now(); c0 = cpu()
	for i := range *mTills { begin(i) }
	if err := f.Rest(t.Context()); err != nil { t.Fatal(err) }
	w, c := time.Since(b), cpu()-c0
	runtime.ReadMemStats(&ms1)
	fmt.Printf("orders %d ok %d in %s (%.0f/s), client cpu %s = %.0f orders/s a core, %.1f us, allocs %d, B %d\n", done.Load(), ok.Load(), w, float64(done.Load())/w.Seconds(), c, float64(done.Load())/c.Seconds(), c.Seconds()*1e6/float64(done.Load()), (ms1.Mallocs-ms0.Mallocs)/uint64(done.Load()), (ms1.TotalAlloc-ms0.TotalAlloc)/uint64(done.Load()))
	runtime.GC()
	runtime.ReadMemStats(&ms1)
	fmt.Println("heap", ms1.HeapAlloc>>20, "MB")
	b = time.Now(); c0 = cpu()
	br, err := f.Verify(t.Context())
	fmt.Println("verify", len(br), err, time.Since(b), "cpu", cpu()-c0)
}
