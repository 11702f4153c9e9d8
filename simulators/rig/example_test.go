package rig_test

import (
	"context"
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/rig"
)

// A world in memory: a till buys noodles for Alice twice. The second answer is lost on the line, so the till takes the
// payment back, and the books of acquirer and issuer agree with its journal.
func Example() {
	// The rig holds what all worlds share: dialect, cast, rules. A world seats the parties of one scenario round a line; in
	// memory its clock stands until something is due, and all chance comes from the seed.
	r, err := rig.New(rig.Options{Line: rig.LineMemory})
	check(err)
	w, err := r.World(context.Background(), 1, "")
	check(err)
	defer w.Close()

	// The till gets its master key, the host its till. Signing in fetches the working keys.
	till, err := w.Till("T1")
	check(err)
	check(till.SignIn())
	fmt.Println("signed in:", till.Status().SignedIn)

	// A swipe runs until the world is at rest: screen, PIN, frame, checks, ledger, answer, receipt.
	noodles := pay.Amount{Minor: 1000, Currency: pay.Currency156CNY} // in fen
	check(till.Swipe("Alice", noodles, rig.PINRight))
	fmt.Println("first sale:", till.Endings[len(till.Endings)-1].Kind)

	// A fault is a rule about messages: here, lose the answer to the second sale. A minute passes in no time.
	check(w.Faults().Arm(fault.Rule{Direction: fault.Answer, Flow: pay.Sale, Nth: 2, Do: fault.Fault{Kind: fault.Lose}}))
	check(till.Swipe("Alice", noodles, rig.PINRight))
	fmt.Println("second sale:", till.Endings[len(till.Endings)-1].Kind)

	// One trace holds what every party sent, received, decided, moved and spoiled.
	for _, e := range w.Events() {
		switch {
		case e.Party == "T1" && (e.Kind == trace.Sent || e.Kind == trace.Received):
			fmt.Println(" ", e.At.Format("15:04:05"), e.Kind, e.Name)
		case e.Kind == trace.Injected || e.Kind == trace.Trouble:
			fmt.Println(" ", e.At.Format("15:04:05"), e.Text)
		}
	}

	// The money: what the card may still spend, what the merchant is owed, and whether all parties' statements agree.
	alice, err := w.CardBalance("Alice")
	check(err)
	shop, err := w.MerchantBalance("Noodle House")
	check(err)
	breaks, err := w.Verify()
	check(err)
	fmt.Println("Alice:", alice, "Noodle House:", shop, "breaks:", len(breaks))

	// Output:
	// signed in: true
	// first sale: approved
	// second sale: unknown
	//   09:30:00 sent sign-in
	//   09:30:00 received sign-in answer
	//   09:30:00 sent sale
	//   09:30:00 received sale answer
	//   09:30:00 sent sale
	//   09:30:00 received sale answer
	//   09:30:00 the answer to a sale, trace 000003 is lost
	//   09:31:00 no answer within 60s: not one byte had come
	//   09:31:00 sent reversal
	//   09:31:00 received reversal answer
	// Alice: 990.00 CNY Noodle House: 10.00 CNY breaks: 0
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
