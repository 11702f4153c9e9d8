package acquirer_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// signing is a part of a signature under a payment that was answered: 800 is the whole, 801 and so on are parts, last tells the last.
func (w *world) signing(answer *iso8583.Message, number string, last bool, picture string) *iso8583.Message {
	m := w.request(pay.ESignature)
	m.Set(iso8583.TypeCode, "08")
	if last {
		m.Set(iso8583.TypeCode, "07")
	}
	m.Set(iso8583.NetworkCode, number)
	m.Set(iso8583.RRN, answer.Get(iso8583.RRN))
	m.Set(iso8583.Signature, picture)
	m.Set(iso8583.Chip, string(iso8583.SignatureSlip{Merchant: "Noodle House", Type: "sale"}.TLV()))
	return m
}

// signatureOf gives the whole picture under a payment, "-" for none.
func (w *world) signatureOf(payment *iso8583.Message) string {
	picture, whole := w.acquirer.SignatureOf(acquirer.Key{Terminal: tillOne, Batch: payment.Get(iso8583.Batch), Trace: payment.Get(iso8583.Trace)})
	if !whole {
		return "-"
	}
	return string(picture)
}

// signedTwice has a sale signed in parts, the first of which comes again when the second has come.
func (w *world) signedTwice() string {
	sale := w.sale()
	answer := w.ask(sale)
	first := w.signing(answer, "801", false, "AB")
	for _, m := range []*iso8583.Message{first, w.signing(answer, "802", false, "CD"), first, w.signing(answer, "803", true, "E")} {
		w.ask(m)
	}
	return w.signatureOf(sale)
}

// A picture is whole when all its parts have come, in any order and any number of times; a restart forgets none; another picture
// under the same payment is refused, the same one is not.
func TestSignatures(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	if got := w.signedTwice(); got != "ABCDE" {
		t.Errorf("parts that come twice: %q", got)
	}
	sale := w.sale()
	answer := w.ask(sale)
	for _, step := range []struct {
		number  string
		last    bool
		picture string
		code    string
		then    string
	}{
		{"802", true, "CD", "00", "-"},
		{"801", false, "AB", "00", "ABCD"},
		{"801", false, "AB", "00", "ABCD"},
		{"801", false, "ab", "94", "ABCD"},
		{"800", true, "another", "94", "ABCD"},
	} {
		if got := code(w.ask(w.signing(answer, step.number, step.last, step.picture))); got != step.code || w.signatureOf(sale) != step.then {
			t.Errorf("part %s %q: answer %q and %q, want %q and %q", step.number, step.picture, got, w.signatureOf(sale), step.code, step.then)
		}
		w.open()
	}
	spoiled := w.signing(answer, "801", false, "AB")
	spoiled.Set(iso8583.Chip, "\xFF\x00\x20short")
	if got := code(w.ask(spoiled)); got != "30" {
		t.Errorf("a slip that cannot be read: %q", got)
	}
	unknown := w.signing(answer, "800", true, "x")
	unknown.Set(iso8583.RRN, "260601999999")
	if got := code(w.ask(unknown)); got != "25" {
		t.Errorf("under no payment: %q", got)
	}
	reversed := w.sale()
	answer = w.ask(reversed)
	w.good(w.reversalOf(reversed))
	if got := code(w.ask(w.signing(answer, "800", true, "x"))); got != "25" {
		t.Errorf("under a payment that was reversed: %q", got)
	}
	w.wantBooks(2000)
}

// What the issuer's commands did to a chip is kept once, under the payment that F61 names.
func TestScriptResults(t *testing.T) {
	w := newWorld(t, setting{})
	w.signIn()
	sale := w.sale()
	w.good(sale)
	notice := func(trace, chip string) *iso8583.Message {
		m := w.request(pay.ScriptResult)
		for e, v := range map[iso8583.Element]string{iso8583.ProcessingCode: "000000", iso8583.EntryMode: "052", iso8583.Condition: "00", iso8583.Chip: chip,
			iso8583.OriginalBatch: "000001", iso8583.OriginalTrace: trace} {
			m.Set(e, v)
		}
		return m
	}
	const done, failed = "\x95\x05\x00\x00\x00\x00\x00\xDF\x31\x05\x20\x00\x00\x00\x01", "\xDF\x31\x05\x10\x00\x00\x00\x01"
	for _, c := range []struct{ name, trace, chip, code string }{
		{"results", sale.Get(iso8583.Trace), done, "00"},
		{"the same again", sale.Get(iso8583.Trace), done, "00"},
		{"others afterwards", sale.Get(iso8583.Trace), failed, "00"},
		{"no results", sale.Get(iso8583.Trace), "\x95\x05\x00\x00\x00\x00\x00", "30"},
		{"about no payment", "000777", done, "25"},
	} {
		if got := code(w.ask(notice(c.trace, c.chip))); got != c.code {
			t.Errorf("%s: %q, want %q", c.name, got, c.code)
		}
		w.open()
	}
	for _, p := range w.acquirer.Payments() {
		if want := []byte{0x20, 0, 0, 0, 1}; p.Ref.Trace == sale.Get(iso8583.Trace) && !bytes.Equal(p.Scripts, want) {
			t.Errorf("kept %X, want %X", p.Scripts, want)
		}
	}
	w.wantBooks(1000)
	if fmt.Sprint(len(w.acquirer.Payments())) != "1" {
		t.Error("a notice became a payment")
	}
}
