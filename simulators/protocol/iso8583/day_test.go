package iso8583

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

func TestEveryFlowsRequestAndAnswerAreToldFromAllOthers(t *testing.T) {
	all, err := LoadAll(fixtures.FS, "dialects")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		t.Run(d.Name, func(t *testing.T) {
			for _, f := range d.Flows() {
				tx, _ := d.Transaction(f)
				for _, a := range tx.accept {
					for _, v := range a.values {
						m := d.NewRequest(f)
						m.Set(a.element, strings.ReplaceAll(v, "*", "9"))
						identifies(t, d, m, f, false)
						identifies(t, d, d.NewAnswer(m), f, true)
					}
				}
				if tx.Repeat != "" {
					m := d.NewRequest(f)
					m.SetMTI(tx.Repeat)
					identifies(t, d, m, f, false)
				}
			}
		})
	}
}

func identifies(t *testing.T, d *Dialect, m *Message, want pay.Flow, answer bool) {
	t.Helper()
	got, is, ok := d.Identify(m)
	if !ok || got.Flow != want || is != answer {
		name := pay.Flow("none")
		if ok {
			name = got.Flow
		}
		t.Errorf("a %s (%s, answer: %v) is taken for %s", want, m.MTI(), answer, name)
	}
}

func TestAdvicesAreRepeatedAndNothingElseButReversalsIs(t *testing.T) {
	for name, want := range map[string][]pay.Flow{
		"unionpay-pos": {pay.Refund, pay.CompletionAdvice, pay.MOTORefund, pay.MOTOCompletionAdvice, pay.OfflineSale, pay.Adjustment, pay.Tip,
			pay.ECashSale, pay.BatchUpload, pay.UploadEnd, pay.TCUpload, pay.RefundUpload, pay.CompletionUpload, pay.OfflineUpload, pay.ScriptResult},
		"iso87-ascii": {pay.Refund, pay.CompletionAdvice, pay.MOTORefund, pay.MOTOCompletionAdvice, pay.OfflineSale, pay.Adjustment, pay.Tip},
	} {
		d := load(t, name)
		var got []pay.Flow
		for _, f := range d.Flows() {
			if tx, _ := d.Transaction(f); tx.Advice {
				got = append(got, f)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: advices are %v, want %v", name, got, want)
		}
	}
	_, err := Load(fstest.MapFS{"acme.yaml": {Data: []byte(strings.Replace(small, "mac: true", "mac: true\n    advice: true\n    reversible: true", 1))}}, "acme.yaml")
	if err == nil || !strings.Contains(err.Error(), "advice: an advice is repeated until it is answered, want reversible: false") {
		t.Errorf("an advice that is reversible loads: %v", err)
	}
}

// flowOf is the flow of each golden frame of DOMAIN.md H.3, in their order.
var flowOf = []pay.Flow{
	pay.SignIn, pay.SignIn, pay.Sale, pay.Sale, pay.Reversal, pay.Void, pay.Refund, pay.PreAuth, pay.Completion, pay.Balance, pay.Balance,
	pay.Sale, pay.Sale, pay.Sale, pay.Settlement, pay.BatchUpload, pay.UploadEnd, pay.Echo, pay.SignOut, pay.SignOut,
}

// flowOfDay is the flow of each frame of unionpay-day.txt.
var flowOfDay = []pay.Flow{
	pay.PreAuthVoid, pay.CompletionVoid, pay.CompletionAdvice, pay.CompletionAdvice, pay.Reversal, pay.MOTOSale, pay.Recurring, pay.Instalment,
	pay.OfflineSale, pay.Adjustment, pay.Tip, pay.Settlement, pay.BatchUpload, pay.TCUpload, pay.RefundUpload, pay.CompletionUpload, pay.UploadEnd,
	pay.ScriptResult, pay.ESignature, pay.StatusUpload, pay.ParameterDownload, pay.ParameterDownload, pay.AIDQuery, pay.AIDQuery,
	pay.AIDDownload, pay.AIDEnd, pay.CAPKQuery, pay.CAPKDownload, pay.CAPKEnd,
}

func TestEveryGoldenFrameIsOfItsFlowAndBreaksNoRule(t *testing.T) {
	for file, flows := range map[string][]pay.Flow{
		"unionpay-derived.txt": flowOf, "unionpay-day.txt": flowOfDay, "unionpay-rest.txt": flowOfRest,
		"unionpay-code.txt":    {pay.Sale, pay.Reversal, pay.Sale, pay.Void, pay.Refund, pay.Refund},
		"unionpay-outside.txt": {pay.SignIn, pay.SignIn, pay.SignOut, pay.Settlement},
	} {
		eachCodec(t, load(t, "unionpay-pos"), func(t *testing.T, d *Dialect) {
			all := goldens(t, file)
			if len(all) != len(flows) {
				t.Fatalf("%s: %d frames, want %d", file, len(all), len(flows))
			}
			for i, g := range all {
				t.Run(g.name, func(t *testing.T) {
					m := roundTrip(t, d, g.frame)
					identifies(t, d, m, flows[i], m.MTI()[2] == '1' || m.MTI()[2] == '3')
					for _, v := range d.Validate(m) {
						t.Errorf("%s %s", v.Rule, v.Text)
					}
				})
			}
		})
	}
}

func TestWhatAFlowAsksForIsMissed(t *testing.T) {
	d := load(t, "unionpay-pos")
	for _, c := range []struct {
		name, file string
		drop       Element
		want       string
	}{
		{"void 0200 of the sale", "derived", OriginalTrace, "original_trace: mandatory in this void, absent"},
		{"void 0200 of the sale", "derived", RRN, "F37: mandatory in this void, absent"},
		{"refund 0220 of the sale, no PIN", "derived", OriginalDate, "original_date: mandatory in this refund, absent"},
		{"completion 0200", "derived", AuthCode, "auth_code: mandatory in this completion, absent"},
		{"balance reply 0210 with F54", "derived", Balance, "balance: mandatory in this balance answer, absent"},
		{"settlement 0500, debit 100.00×1, credit 100.00×1", "derived", SettlementData, "settlement_data: mandatory in this settlement, absent"},
		{"TC upload 0320/203", "day", Chip, "chip: mandatory in this tc-upload, absent"},
		{"script result 0620/951", "day", Chip, "chip: mandatory in this script-result, absent"},
		{"e-signature 0820, 07/800", "day", MAC, "mac: mandatory in this e-signature, absent"},
		{"AID query 0820/382", "day", Parameters, "parameters: mandatory in this aid-query, absent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := goldens(t, "unionpay-"+c.file+".txt")
			i := slices.IndexFunc(all, func(g golden) bool { return g.name == c.name })
			m := decoded(t, d, all[i].frame)
			m.Unset(c.drop)
			found := d.Validate(m)
			if !slices.ContainsFunc(found, func(v Violation) bool { return strings.HasSuffix(v.Text, c.want) }) {
				t.Errorf("%q is not among %v", c.want, found)
			}
		})
	}
}

func TestAPartialApprovalNamesItsOwnAmount(t *testing.T) {
	d := load(t, "unionpay-pos")
	req, answer := decoded(t, d, frameNamed(t, "sale 0200, swipe + PIN")), decoded(t, d, frameNamed(t, "sale reply 0210"))
	answer.Set(Amount, "000000006000")
	if len(d.ValidateAnswer(req, answer)) != 1 {
		t.Error("another amount goes unnoticed")
	}
	answer.Set(AnswerCode, "10")
	if found := d.ValidateAnswer(req, answer); found != nil {
		t.Errorf("got %v", found)
	}
}

func TestMACScopeSaysWhichRequestsCarryOne(t *testing.T) {
	d, err := load(t, "unionpay-pos").With(map[string]string{"mac_scope": "0200|0620|e-signature"})
	if err != nil {
		t.Fatal(err)
	}
	for f, want := range map[pay.Flow]bool{pay.Sale: true, pay.ScriptResult: true, pay.ESignature: true, pay.Refund: false, pay.Echo: false} {
		if tx, _ := d.Transaction(f); tx.MAC != want {
			t.Errorf("%s: MAC %v", f, tx.MAC)
		}
	}
	if _, err := d.With(map[string]string{"mac_scope": "0200|signature"}); err == nil {
		t.Error("a scope that names no flow is taken")
	}
}

func TestSwitchesOfTheDay(t *testing.T) {
	d := load(t, "unionpay-pos")
	want := d.Switches
	want.CompletionCeiling, want.RefundLookup, want.OverRefund, want.HostTotals, want.VoidNeedsPIN = 100, "trace", "64", false, false
	other, err := d.With(map[string]string{"completion_ceiling": "100", "refund_lookup": "trace", "over_refund": "64", "host_totals": "false", "void_needs_pin": "false"})
	if err != nil || other.Switches != want {
		t.Errorf("got %+v, %v", other.Switches, err)
	}
	for name, value := range map[string]string{"completion_ceiling": "99", "refund_lookup": "amount", "over_refund": "6", "refund_days": "-1"} {
		if _, err := d.With(map[string]string{name: value}); err == nil {
			t.Errorf("%s: %s is taken", name, value)
		}
	}
}

// The frames of unionpay-rest.txt stand in this order: requests, then answers.
var flowOfRest = []pay.Flow{
	pay.InstalmentVoid, pay.RecurringVoid, pay.MOTOVoid, pay.MOTORefund, pay.MOTOPreAuth, pay.MOTOPreAuthVoid, pay.MOTOCompletion,
	pay.MOTOCompletionAdvice, pay.MOTOCompletionVoid, pay.OfflineUpload, pay.ECashSale, pay.ParameterEnd, pay.ContactlessDownload, pay.ContactlessEnd,
	pay.Reversal, pay.Void, pay.Refund, pay.PreAuth, pay.PreAuthVoid, pay.Completion, pay.CompletionVoid, pay.Instalment, pay.InstalmentVoid,
	pay.Recurring, pay.RecurringVoid, pay.MOTOSale, pay.MOTOVoid, pay.MOTORefund, pay.MOTOPreAuth, pay.MOTOPreAuthVoid, pay.MOTOCompletion,
	pay.MOTOCompletionAdvice, pay.MOTOCompletionVoid, pay.OfflineSale, pay.Adjustment, pay.Tip, pay.ECashSale, pay.Sale,
	pay.Echo, pay.StatusUpload, pay.ParameterEnd, pay.AIDEnd, pay.CAPKEnd, pay.ContactlessEnd, pay.TCUpload, pay.UploadEnd,
	pay.AIDDownload, pay.CAPKQuery, pay.CAPKDownload, pay.ContactlessDownload, pay.RefundUpload, pay.CompletionUpload, pay.OfflineUpload,
	pay.ScriptResult, pay.ESignature,
}

// A flow that joins a dialect gets a frame that somebody else has made, of its request and of its answer.
func TestEveryFlowHasItsGoldenFrames(t *testing.T) {
	for name, files := range map[string][]string{
		"unionpay-pos": {"unionpay-derived.txt", "unionpay-day.txt", "unionpay-rest.txt"},
		"iso87-ascii":  {"iso87-day.txt"},
	} {
		d := load(t, name)
		seen := map[pay.Flow]map[string]bool{}
		for _, file := range files {
			for _, g := range goldens(t, file) {
				m := decoded(t, d, g.frame)
				tx, _, ok := d.Identify(m)
				if !ok {
					t.Errorf("%s: %s is of no flow", file, g.name)
					continue
				}
				if seen[tx.Flow] == nil {
					seen[tx.Flow] = map[string]bool{}
				}
				seen[tx.Flow][m.MTI()] = true
			}
		}
		for _, tx := range d.transactions {
			for _, mti := range []string{tx.Request, tx.Answer} {
				if !seen[tx.Flow][mti] {
					t.Errorf("%s: there is no golden frame of a %s, %s", name, tx.Flow, mti)
				}
			}
		}
	}
}
