package merchant_test

import (
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
)

// A scheme's file that is read says the same when it is written again.
func FuzzSchemeFile(f *testing.F) {
	whole := merchant.SchemeFile{Day: "2026-06-01", Rows: []merchant.SchemeRow{{RRN: "260601000001", Merchant: noodles, Amount: pay.CNY(10_00)}, {RRN: "260601000002", Merchant: noodles, Amount: pay.CNY(-4_00)}}}
	f.Add(whole.String())
	f.Add("H|2026-06-01\nT|0|0\n")
	f.Add("H|2026-06-01\nD|260601000001|x|1\nT|1|2")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		read, err := merchant.ParseSchemeFile(text)
		if err != nil {
			return
		}
		again, err := merchant.ParseSchemeFile(read.String())
		if err != nil || again.String() != read.String() {
			t.Errorf("%q becomes %q, then %q, %v", text, read, again, err)
		}
	})
}

// Whatever is asked, the office answers with a code, and its books stay whole.
func FuzzRequest(f *testing.F) {
	f.Add("statement", `{"merchant": "898320548160001", "day": "2026-06-01"}`)
	f.Add("quote", `{"merchant": "898320548160001", "amount": "10.00 CNY", "card": "debit"}`)
	f.Add("reconcile", `{"file": "H|2026-06-01\nT|0|0\n"}`)
	f.Add("payout", `{"merchant": "898320548160001"}`)
	f.Add("enrol", `{"merchant": "1", "name": "x", "mcc": "5812", "term": "D+0"}`)
	f.Fuzz(func(t *testing.T, op, body string) {
		r, err := merchant.DecodeRequest([]byte(body))
		if err != nil {
			return
		}
		w := newTown(t, merchant.Reference())
		w.fact(noodles, "", 100_00, nil)
		if a := w.office.Serve(w.now, merchant.Operation(op), r); a.Code == "" {
			t.Errorf("%s %s: no code", op, body)
		}
		if err := w.office.Ledger().TrialBalance(); err != nil {
			t.Error(err)
		}
	})
}
