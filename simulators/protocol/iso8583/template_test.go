package iso8583

import (
	"bytes"
	"errors"
	"testing"
)

var dialects = []string{"unionpay-pos", "iso87-ascii", "iso87-binary", "iso93"}

func stubMAC(input []byte) ([]byte, error) {
	sum := byte(len(input))
	for _, b := range input {
		sum = sum*31 + b
	}
	return bytes.Repeat([]byte{'A' + sum%26}, 8), nil
}

// A frame patched is the frame that would have been encoded.
func TestTemplate(t *testing.T) {
	values := map[Element]string{
		PAN: "6200123456789028", Amount: "000000000777", Trace: "123456", TransmissionTime: "0731235959", LocalTime: "235959", LocalDate: "0731",
		Track2: "6200123456789028D31052011234567890123", Terminal: "87654321", Merchant: "898320548160009", PIN: "\x00\x11\x22\x33\x44\x55\xEE\xFF", Batch: "000321",
		Chip: "\x9F\x26\x08ABCDEFGH\x82\x02\x7C\x00\x9F\x36\x02\x01\x02",
	}
	for _, name := range dialects {
		t.Run(name, func(t *testing.T) {
			d := load(t, name).Using(Compiled)
			m := benchSale(t, d)
			m.Set(Chip, "\x9F\x26\x08abcdefgh\x82\x02\x7C\x00\x9F\x36\x02\x00\x01")
			if _, err := d.Seal(nil, m, stubMAC); err != nil {
				t.Fatal(err)
			}
			tpl, err := d.Template(m)
			if err != nil {
				t.Fatal(err)
			}
			frame := tpl.Append(nil)
			patched := 0
			for e, v := range values {
				if m.Has(e) {
					patched++
					m.Set(e, v)
					if !tpl.Put(frame, e, []byte(v)) {
						t.Errorf("%s cannot be patched", e)
					}
				}
			}
			want, err := d.Seal(nil, m, stubMAC)
			if err != nil {
				t.Fatal(err)
			}
			sealed := tpl.Seal(frame, func(in []byte) []byte { mac, _ := stubMAC(in); return mac })
			if !sealed || !bytes.Equal(frame, want) || patched < 8 {
				t.Errorf("%d elements, sealed %v\ngot  %X\nwant %X", patched, sealed, frame, want)
			}
			if n := testing.AllocsPerRun(10, func() { tpl.PutNumber(frame, Trace, 42) }); n > 0 || !tpl.PutNumber(frame, Trace, 42) {
				t.Errorf("a number takes %v allocations", n)
			}
			var s Scan
			if err := s.Read(d, frame); err != nil {
				t.Fatal(err)
			}
			if n, ok := s.Number(Trace); !ok || n != 42 {
				t.Errorf("the trace number is %d, %v", n, ok)
			}
		})
	}
}

func TestTemplateRefuses(t *testing.T) {
	d := load(t, "unionpay-pos").Using(Compiled)
	m := benchSale(t, d)
	if _, err := d.Template(m); err == nil {
		t.Error("a message that was never encoded has a template")
	}
	if _, err := d.Encode(nil, m); err != nil {
		t.Fatal(err)
	}
	tpl, err := d.Template(m)
	if err != nil {
		t.Fatal(err)
	}
	frame := tpl.Append(nil)
	for _, c := range []struct {
		e Element
		v string
	}{{Trace, "12345"}, {Trace, "1234567"}, {Trace, "12345X"}, {RRN, "123456789012"}, {Chip, ""}} {
		if tpl.Put(frame, c.e, []byte(c.v)) || !bytes.Equal(frame, tpl.Append(nil)) {
			t.Errorf("%s takes %q", c.e, c.v)
		}
	}
	if tpl.Sealed() || !tpl.Seal(frame, nil) {
		t.Error("it has no MAC")
	}
}

func TestTemplateEchoes(t *testing.T) {
	for _, name := range dialects {
		t.Run(name, func(t *testing.T) {
			d := load(t, name).Using(Compiled)
			m := benchSale(t, d)
			request, err := d.Encode(nil, m)
			if err != nil {
				t.Fatal(err)
			}
			tpl, err := d.Template(m)
			if err != nil {
				t.Fatal(err)
			}
			answer := d.NewAnswer(m)
			answer.Set(AnswerCode, "00")
			for _, spoil := range []Element{NoElement, Trace, Terminal} {
				if spoil != NoElement {
					answer = d.NewAnswer(m)
					answer.Set(spoil, map[Element]string{Trace: "000009", Terminal: "99999999"}[spoil])
				}
				frame, err := d.Encode(nil, answer)
				if err != nil {
					t.Fatal(err)
				}
				var s Scan
				if err := s.Read(d, frame); err != nil {
					t.Fatal(err)
				}
				if got := tpl.Echoes(request, &s); got != (spoil == NoElement) {
					t.Errorf("with another %s: %v", spoil, got)
				}
			}
		})
	}
}

// Scan and Decode agree on what a frame is made of, and a Scan that has read another frame before reads as a new one does.
func FuzzScan(f *testing.F) {
	var all []*Dialect
	for i, name := range dialects {
		d := load(f, name).Using(Compiled)
		all = append(all, d)
		frame, err := d.Encode(nil, benchSale(f, d))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(byte(i), frame, frame)
		f.Add(byte(i), frame, frame[:len(frame)-1])
		for n := 20; n < len(frame); n += 7 { // also a length, so that the fields behind it stand elsewhere
			other := bytes.Clone(frame)
			other[n] ^= 1
			f.Add(byte(i), frame, other)
			f.Add(byte(i), other, frame)
		}
	}
	f.Fuzz(func(t *testing.T, which byte, before, frame []byte) {
		d := all[int(which)%len(all)]
		m := d.New()
		decoded := d.Decode(m, frame)
		var s Scan
		scanned := s.Read(d, frame)
		var used Scan
		_, _ = used.Read(d, before), used.Read(d, frame)
		if again := used.Read(d, frame); (again == nil) != (scanned == nil) || used.present != s.present {
			t.Fatalf("a new scan reads it with %v, a used one with %v", scanned, again)
		}
		var place *DecodeError
		if decoded == nil && scanned != nil || scanned != nil && !errors.As(scanned, &place) {
			t.Fatalf("decoded: %v, scanned: %v", decoded, scanned)
		}
		if scanned != nil {
			return
		}
		for e := NoElement + 1; e < elementCount; e++ { // nothing of it panics
			_, _ = s.Number(e)
			if !bytes.Equal(s.Bytes(e), used.Bytes(e)) {
				t.Fatalf("a new scan finds another %s than a used one", e)
			}
		}
		s.MAC()
		if decoded != nil {
			return
		}
		input, mac := d.MACInput(m)
		gotInput, gotMAC := s.MAC()
		if !bytes.Equal(input, gotInput) || !bytes.Equal(mac, gotMAC) {
			t.Fatalf("the MAC covers %X, want %X", gotInput, input)
		}
	})
}

func BenchmarkTemplate(b *testing.B) {
	d := load(b, "unionpay-pos").Using(Compiled)
	m := benchSale(b, d)
	frame, err := d.Seal(nil, m, stubMAC)
	if err != nil {
		b.Fatal(err)
	}
	frame = bytes.Clone(frame)
	tpl, err := d.Template(m)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("patch", func(b *testing.B) {
		b.ReportAllocs()
		pin := []byte("12345678")
		for n := uint64(0); b.Loop(); n++ {
			frame = tpl.Append(frame[:0])
			tpl.PutNumber(frame, Trace, n)
			tpl.PutNumber(frame, Amount, n)
			tpl.Put(frame, PIN, pin)
		}
	})
	answer := d.NewAnswer(m)
	answer.Set(AnswerCode, "00")
	answer.Set(RRN, "123456789012")
	reply, err := d.Seal(nil, answer, stubMAC)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("scan", func(b *testing.B) {
		b.ReportAllocs()
		var s Scan
		for b.Loop() {
			if err := s.Read(d, reply); err != nil {
				b.Fatal(err)
			}
			_, _ = s.Number(Trace)
			_ = s.Bytes(AnswerCode)
		}
	})
}
