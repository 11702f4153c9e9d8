package iso8583

import (
	"crypto/des"
	"crypto/subtle"
	"slices"
	"strings"
	"testing"

	moov "github.com/moov-io/iso8583"
	"github.com/moov-io/iso8583/encoding"
	moovfield "github.com/moov-io/iso8583/field"
	"github.com/moov-io/iso8583/prefix"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// flowOfISO87 is the flow of each pair of iso87-day.txt, in their order.
var flowOfISO87 = []pay.Flow{
	pay.SignIn, pay.Sale, pay.Void, pay.Sale, pay.Refund, pay.PreAuth, pay.PreAuthVoid, pay.PreAuth, pay.Completion, pay.CompletionVoid, pay.PreAuth,
	pay.CompletionAdvice, pay.Balance, pay.Instalment, pay.InstalmentVoid, pay.Recurring, pay.RecurringVoid, pay.MOTOSale, pay.MOTOVoid, pay.MOTOSale,
	pay.MOTORefund, pay.MOTOPreAuth, pay.MOTOPreAuthVoid, pay.MOTOPreAuth, pay.MOTOCompletion, pay.MOTOCompletionVoid, pay.MOTOPreAuth,
	pay.MOTOCompletionAdvice, pay.OfflineSale, pay.Sale, pay.Adjustment, pay.Tip, pay.Sale, pay.Reversal, pay.Refund, pay.Sale, pay.ReversalRequest,
	pay.Echo, pay.KeyChange, pay.SignOut,
}

// retailMAC is X9.19 under the MAK of iso87-day.txt, written from the standard's text: the hsm room is not asked.
func retailMAC(input []byte) ([]byte, error) {
	left, err := des.NewCipher([]byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF})
	if err != nil {
		return nil, err
	}
	right, err := des.NewCipher([]byte{0xFE, 0xDC, 0xBA, 0x98, 0x76, 0x54, 0x32, 0x10})
	if err != nil {
		return nil, err
	}
	mac := make([]byte, 8)
	for rest := range slices.Chunk(input, 8) {
		subtle.XORBytes(mac, mac, append(slices.Clone(rest), make([]byte, 8-len(rest))...))
		left.Encrypt(mac, mac)
	}
	right.Decrypt(mac, mac)
	left.Encrypt(mac, mac)
	return mac, nil
}

func TestGoldenDayInISO87IsOfItsFlowsAndBreaksNoRule(t *testing.T) {
	eachCodec(t, load(t, "iso87-ascii"), func(t *testing.T, d *Dialect) {
		var flows []pay.Flow
		macs := 0
		for _, g := range goldens(t, "iso87-day.txt") {
			t.Run(g.name, func(t *testing.T) {
				m := roundTrip(t, d, g.frame)
				spec, answer, _ := d.Identify(m)
				if answer {
					flows = append(flows, spec.Flow)
				}
				if answer != strings.HasPrefix(g.name, "answer") {
					t.Errorf("a %s is taken for an answer: %t", spec.Flow, answer)
				}
				for _, v := range d.Validate(m) {
					t.Errorf("%s %s", v.Rule, v.Text)
				}
				input, mac := d.MACInput(m)
				if mac == nil {
					return
				}
				macs++
				if want, err := retailMAC(input); err != nil || string(mac) != string(want) {
					t.Errorf("carries MAC %X, computed %X (%v)", mac, want, err)
				}
				m.Unset(MAC)
				if sealed, err := d.Seal(nil, m, retailMAC); err != nil || string(sealed) != string(g.frame) {
					t.Errorf("sealed again %s (%v)", sealed, err)
				}
			})
		}
		if !slices.Equal(flows, flowOfISO87) || macs != 75 {
			t.Errorf("the day is of %v, and %d frames have a MAC", flows, macs)
		}
	})
}

// moov-io/iso8583 reads the day with its own encodings and prefixes, after the lengths of ISO 8583:1987, and finds in every field
// what we find. What is binary is written in hex.
func TestMoovReadsTheGoldenDayAlike(t *testing.T) {
	spec := &moov.MessageSpec{Name: "ISO 8583:1987 in ASCII", Fields: map[int]moovfield.Field{
		0: moovfield.NewString(moovfield.NewSpec(4, "", encoding.ASCII, prefix.ASCII.Fixed)),
		1: moovfield.NewBitmap(moovfield.NewSpec(8, "", encoding.BytesToASCIIHex, prefix.Hex.Fixed)),
	}}
	for n, size := range map[int]int{3: 6, 4: 12, 7: 10, 11: 6, 12: 6, 13: 4, 14: 4, 15: 4, 18: 4, 22: 3, 25: 2, 26: 2, 37: 12, 38: 6, 39: 2, 41: 8, 42: 15, 43: 40,
		49: 3, 53: 16, 70: 3, 90: 42} {
		spec.Fields[n] = moovfield.NewString(moovfield.NewSpec(size, "", encoding.ASCII, prefix.ASCII.Fixed))
	}
	for n, most := range map[int]int{2: 19, 32: 11, 35: 37} {
		spec.Fields[n] = moovfield.NewString(moovfield.NewSpec(most, "", encoding.ASCII, prefix.ASCII.LL))
	}
	for _, n := range []int{48, 54, 56, 60, 63} {
		spec.Fields[n] = moovfield.NewString(moovfield.NewSpec(999, "", encoding.ASCII, prefix.ASCII.LLL))
	}
	for _, n := range []int{52, 64, 128} {
		spec.Fields[n] = moovfield.NewBinary(moovfield.NewSpec(8, "", encoding.BytesToASCIIHex, prefix.Hex.Fixed))
	}
	spec.Fields[62] = moovfield.NewBinary(moovfield.NewSpec(999, "", encoding.BytesToASCIIHex, prefix.ASCII.LLL))
	d := load(t, "iso87-ascii").Using(Compiled)
	for _, g := range goldens(t, "iso87-day.txt") {
		m := decoded(t, d, g.frame)
		theirs := moov.NewMessage(spec)
		if err := theirs.Unpack(g.frame); err != nil {
			t.Errorf("%s: %v", g.name, err)
			continue
		}
		read := theirs.GetFields()
		for n := m.next(2); n <= 128; n = m.next(n + 1) {
			ours := string(m.value(n))
			if n == 35 {
				ours = strings.Replace(ours, "D", "=", 1)
			}
			f, ok := read[n]
			if !ok {
				t.Errorf("%s: only we find F%d", g.name, n)
				continue
			}
			if value, err := f.Bytes(); err != nil || string(value) != ours {
				t.Errorf("%s: F%d reads %q (%v), ours %q", g.name, n, value, err, ours)
			}
			delete(read, n)
		}
		if len(read) != 2 { // MTI and bitmap
			t.Errorf("%s: moov finds more: %v", g.name, read)
		}
	}
}

// The frames of payments by code are of their flows, break no rule, and their MACs verify.
func TestGoldenCodesInISO87(t *testing.T) {
	d := load(t, "iso87-ascii")
	var flows []pay.Flow
	for _, g := range goldens(t, "iso87-code.txt") {
		m := roundTrip(t, d, g.frame)
		spec, _, _ := d.Identify(m)
		flows = append(flows, spec.Flow)
		for _, v := range d.Validate(m) {
			t.Errorf("%s: %s %s", g.name, v.Rule, v.Text)
		}
		input, mac := d.MACInput(m)
		if want, err := retailMAC(input); err != nil || string(mac) != string(want) {
			t.Errorf("%s: carries MAC %X, computed %X (%v)", g.name, mac, want, err)
		}
	}
	if want := []pay.Flow{pay.Sale, pay.Sale, pay.Void, pay.Void, pay.Sale, pay.Sale, pay.Refund, pay.Refund, pay.Sale, pay.Reversal}; !slices.Equal(flows, want) {
		t.Errorf("the frames are of %v", flows)
	}
}
