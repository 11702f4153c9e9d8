package iso8583

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

func TestSaleIsBuiltFromElements(t *testing.T) {
	eachCodec(t, load(t, "unionpay-pos"), func(t *testing.T, d *Dialect) {
		m := h3Sale(t, d)
		frame, err := d.Seal(nil, m, func(input []byte) ([]byte, error) {
			if input[0] != 2 || input[1] != 0 || input[9]&1 != 1 {
				t.Errorf("the MAC covers % X...: want it to begin with the MTI, and bit 64 set", input[:10])
			}
			return []byte("04642500"), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := frameNamed(t, "sale 0200, swipe + PIN")
		if n := len(want) - 8; !bytes.Equal(frame[:n], want[:n]) || string(frame[n:]) != "04642500" {
			t.Errorf("built:\n got %X\nwant %X", frame, want)
		}
		if !bytes.Equal(m.Frame(), frame) || m.Get(MAC) != "04642500" {
			t.Error("the message does not hold its own frame and MAC")
		}
	})
}

// h3Sale makes the sale of DOMAIN.md H.3, but for its MAC.
func h3Sale(t testing.TB, d *Dialect) *Message {
	m := d.NewRequest(pay.Sale)
	for e, v := range map[Element]string{
		PAN: "6200123456789010", Amount: "000000010000", Trace: "000002", EntryMode: "021", PINCapture: "06",
		Track2: "6200123456789010D30122011234567890123", Terminal: "12345678", Merchant: "898320548160001",
		Currency: "156", PIN: "\xEA\x25\x14\xF2\x64\xD4\x69\xBE", SecurityControl: "2600000000000000",
		Batch: "000001", NetworkCode: "000", ReadCapability: "6", ICCondition: "0",
	} {
		if !m.Set(e, v) {
			t.Fatalf("%s cannot be set", e)
		}
	}
	return m
}

func frameNamed(t testing.TB, name string) []byte {
	for _, g := range goldens(t, "unionpay-derived.txt") {
		if g.name == name {
			return g.frame
		}
	}
	t.Fatalf("no golden frame %q", name)
	return nil
}

func decoded(t testing.TB, d *Dialect, frame []byte) *Message {
	t.Helper()
	m := d.New()
	if err := d.Decode(m, frame); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestPartsOfAField(t *testing.T) {
	d := load(t, "unionpay-pos")
	for _, c := range []struct {
		name string
		do   func(m *Message)
		want string
	}{
		{"in order", func(m *Message) { m.Set(TypeCode, "22"); m.Set(Batch, "000001") }, "22000001"},
		{"out of order", func(m *Message) { m.Set(NetworkCode, "003"); m.Set(TypeCode, "22") }, "22000000003"},
		{"again", func(m *Message) { m.Set(NetworkCode, "003"); m.Set(NetworkCode, "004") }, "00000000004"},
		{"short digits", func(m *Message) { m.Set(Batch, "7") }, "00000007"},
		{"last taken out", func(m *Message) { m.Set(NetworkCode, "003"); m.Unset(NetworkCode) }, "00000000"},
		{"middle taken out", func(m *Message) { m.Set(Batch, "000009"); m.Set(NetworkCode, "003"); m.Unset(Batch) }, "00000000003"},
		{"too long is not kept", func(m *Message) { m.Set(Batch, "0000012") }, "00000001"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := d.New()
			c.do(m)
			if got, _ := m.Field(60); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	m := d.New()
	m.Set(TypeCode, "22")
	m.Unset(TypeCode)
	if _, ok := m.Field(60); ok {
		t.Error("a field without parts is still there")
	}
	m.Set(AnswerText, "balance low")
	if m.Set(Operator, "01"); m.Get(Operator) != "01 " || m.Get(AnswerText) != "balance low" {
		t.Errorf("got operator %q and text %q", m.Get(Operator), m.Get(AnswerText))
	}
	if m.Set(AnswerText, "no"); m.Get(AnswerText) != "no" {
		t.Errorf("a shorter rest leaves %q", m.Get(AnswerText))
	}
	if m.Set(Track1, "x") {
		t.Error("set an element that the dialect has not")
	}
}

func TestEncodeFindsWhatAFieldCannotHold(t *testing.T) {
	eachCodec(t, load(t, "unionpay-pos"), func(t *testing.T, d *Dialect) {
		for _, c := range []struct {
			name, want string
			do         func(m *Message)
		}{
			{"short digits", "encode: F4: want 12 digits, got 3", func(m *Message) { m.Set(Amount, "100") }},
			{"letters", "encode: F4: position 1 is no digit", func(m *Message) { m.Set(Amount, "A00000000001") }},
			{"too long", "encode: F2: want at most 19 digits, got 20", func(m *Message) { m.Set(PAN, strings.Repeat("6", 20)) }},
			{"long part", "encode: F60.2: want at most 6 characters, got 7", func(m *Message) { m.Set(Batch, "0000001") }},
			{"long text", "encode: F41: want 8 bytes, got 9", func(m *Message) { m.Set(Terminal, "123456789") }},
			{"track with =", "encode: F35: position 17 is no digit", func(m *Message) { m.Set(Track2, "6200123456789010=3012") }},
			{"MTI", "encode: MTI: want four digits", func(m *Message) { m.SetMTI("02O0") }},
			{"TPDU", "encode: TPDU: want 10 digits, got 2", func(m *Message) { m.SetTPDU("60") }},
			{"unknown field", "encode: F90: the dialect has no such field", func(m *Message) { m.SetField(90, "1") }},
		} {
			t.Run(c.name, func(t *testing.T) {
				m := h3Sale(t, d)
				c.do(m)
				dst := []byte("kept")
				got, err := d.Encode(dst, m)
				var typed *EncodeError
				if err == nil || err.Error() != c.want || !errors.As(err, &typed) || string(got) != "kept" {
					t.Errorf("got %q and error %v, want %s", got, err, c.want)
				}
			})
		}
	})
}

func TestDecodeErrorsSayFieldAndOffset(t *testing.T) {
	eachCodec(t, load(t, "unionpay-pos"), func(t *testing.T, d *Dialect) {
		sale := frameNamed(t, "sale 0200, swipe + PIN")
		for _, c := range []struct {
			name, field string
			offset      int
			spoil       func(b []byte) []byte
		}{
			{"empty", "TPDU", 0, func(b []byte) []byte { return nil }},
			{"cut in the header", "header", 5, func(b []byte) []byte { return b[:8] }},
			{"cut in the MTI", "MTI", 11, func(b []byte) []byte { return b[:12] }},
			{"MTI is no number", "MTI", 11, func(b []byte) []byte { b[11] = 0xA2; return b }},
			{"cut in the bitmap", "bitmap", 13, func(b []byte) []byte { return b[:20] }},
			{"second bitmap", "bitmap", 13, func(b []byte) []byte { b[13] |= 0x80; return b }},
			{"unknown field", "F43", 89, func(b []byte) []byte { b[18] |= 0x20; return b }},
			{"bad length", "F2", 21, func(b []byte) []byte { b[21] = 0x1A; return b }},
			{"long length", "F2", 21, func(b []byte) []byte { b[21] = 0x99; return b }},
			{"no digit", "F4", 33, func(b []byte) []byte { b[33] = 0xF0; return b }},
			{"cut in the MAC", "F64", 117, func(b []byte) []byte { return b[:120] }},
			{"left over", "end", 125, func(b []byte) []byte { return append(b, 0) }},
		} {
			t.Run(c.name, func(t *testing.T) {
				err := d.Decode(d.New(), c.spoil(bytes.Clone(sale)))
				var typed *DecodeError
				if !errors.As(err, &typed) || typed.Field != c.field || typed.Offset != c.offset {
					t.Errorf("got %v, want %s at %d", err, c.field, c.offset)
				}
			})
		}
	})
}

func TestAnswerEchoesAndCorrelates(t *testing.T) {
	d := load(t, "unionpay-pos")
	req := decoded(t, d, frameNamed(t, "sale 0200, swipe + PIN"))
	req.SetHeader("603103310000")
	answer := d.NewAnswer(req)
	if answer.MTI() != "0210" || answer.TPDU() != "6000000003" || answer.Header() != "603100310000" {
		t.Errorf("MTI %s, TPDU %s, header %s", answer.MTI(), answer.TPDU(), answer.Header())
	}
	if d.Key(req) != d.Key(answer) {
		t.Errorf("keys differ: %q and %q", d.Key(req), d.Key(answer))
	}
	if answer.Has(PIN) || answer.Has(Track2) || answer.Get(Amount) != "000000010000" {
		t.Error("the answer carries what it must not, or lacks its echo")
	}
	reversal := decoded(t, d, frameNamed(t, "reversal of the sale 0400, F39=98"))
	if d.Key(req) == d.Key(reversal) {
		t.Error("a reversal has the key of its sale")
	}
	if got := d.Key(req).Parts(); len(got) != 4 || got[0] != "0210" || got[1] != "000002" {
		t.Errorf("parts %q", got)
	}
}

func TestPlacesAreNamedAsInTraces(t *testing.T) {
	d := load(t, "unionpay-pos")
	m := decoded(t, d, frameNamed(t, "sale 0200, swipe + PIN"))
	for _, c := range []struct{ path, value, then string }{
		{"MTI", "0200", "0100"}, {"TPDU", "6000030000", "6000060000"}, {"header", "603100310000", "613100310000"},
		{"F4", "000000010000", "7"}, {"F60.2", "000001", "000009"}, {"F52", "ea2514f264d469be", "0000000000000000"},
		{"amount", "7", "000000000008"}, {"batch", "000009", "000002"},
	} {
		if got, ok := m.Named(c.path); got != c.value || !ok {
			t.Errorf("%s: %q, %v", c.path, got, ok)
		}
		if err := m.SetNamed(c.path, c.then); err != nil {
			t.Error(err)
		}
		if got, _ := m.Named(c.path); got != c.then {
			t.Errorf("%s: set %q, got %q", c.path, c.then, got)
		}
	}
	if err := m.SetNamed("pin", "01"); err != nil || m.Get(PIN) != "\x01\x00\x00\x00\x00\x00\x00\x00" {
		t.Errorf("a short PIN block is %x, %v", m.Get(PIN), err)
	}
	for name, label := range map[string]string{"amount": "F4", "batch": "F60.2", "mac": "F64", "F4": "F4", "nothing": "nothing"} {
		if got := m.Label(name); got != label {
			t.Errorf("%s is labelled %s, want %s", name, got, label)
		}
	}
	if err := m.UnsetNamed("F60.2"); err != nil || m.Has(TypeCode) {
		t.Error("field 60 is still there")
	}
	if _, ok := m.Named("F60.2"); ok {
		t.Error("a part of an absent field is there")
	}
	for _, path := range []string{"", "F", "F1", "F43", "F129", "F60.8", "F60.x", "amounts", "original_mti"} {
		if err := m.SetNamed(path, "0"); err == nil {
			t.Errorf("%q is taken for a place", path)
		}
	}
	if err := m.SetNamed("F52", "xy"); err == nil {
		t.Error("F52 takes no hex")
	}
}
