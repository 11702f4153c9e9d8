package acquirer_test

import (
	"strings"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// settlementSeen is what settlementDay tells of an acquirer that does everything right.
const settlementSeen = "00 " + businessTotals + "2" + noTotals + "2" + "\n77\n00\n00\n95\n00\n000001\n00"

// settlementDay is the last batch, 999999, and its end: totals that are right but for a foreign card, rows that come twice and
// before a sign-in, a wrong count, a sale in between. It tells each answer. Then a batch is settled where tills do not sign out.
func settlementDay(w *world) string {
	var seen []string
	note := func(m *iso8583.Message) {
		seen = append(seen, strings.TrimSpace(code(m)+" "+m.Get(iso8583.SettlementData)))
	}
	terminal(func(t *acquirer.Terminal) { t.Batch = "999999" })(w, nil)
	w.signIn()
	w.business()
	note(w.ask(w.settlement(noTotals, businessTotals)))
	note(w.ask(w.sale()))
	rows := w.request(pay.BatchUpload)
	data, err := iso8583.BatchRows([]iso8583.BatchRow{{Trace: "000002", PAN: pay.NewPAN(alicePAN), Amount: pay.CNY(1000)}})
	w.must(err)
	rows.Set(iso8583.SettlementData, data)
	note(w.ask(rows))
	note(w.ask(rows))
	w.signIn()
	note(w.ask(w.uploadEnd("202", 7)))
	note(w.ask(w.uploadEnd("202", 1)))
	seen = append(seen, w.signIn().Get(iso8583.Batch))

	twin := newWorld(w.t, setting{rules: w.acquirer.Rules, quiet: true, switches: map[string]string{"sign_out_after_settlement": "false"}})
	twin.signIn()
	twin.ask(twin.settlement(noTotals, noTotals))
	twin.ask(twin.uploadEnd("207", 0))
	twin.batch = "000002"
	note(twin.ask(twin.sale()))
	return strings.Join(seen, "\n")
}
