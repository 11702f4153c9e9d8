package iso8583

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/tillproof/tillproof/fixtures"
)

// FuzzCodecsAgree holds moov and our own codec equal in every dialect: the same fields from a frame or the same error, the
// same frame from the fields, and the same fields again from that frame. Nothing panics, and what follows Decode never does.
func FuzzCodecsAgree(f *testing.F) {
	dialects, err := LoadAll(fixtures.FS, "dialects")
	if err != nil {
		f.Fatal(err)
	}
	for i, d := range dialects {
		name, skip := d.Name+".txt", 0
		switch d.Name {
		case "unionpay-pos":
			name, skip = "unionpay-derived.txt", 2
		case "iso87-ascii":
			name, skip = "iso87-day.txt", 2
		}
		if _, err := fixtures.FS.ReadFile("golden/frames/" + name); err == nil {
			for _, g := range bareGoldens(f, name) {
				f.Add(uint8(i), g.frame[skip:])
			}
		}
	}
	f.Fuzz(func(t *testing.T, pick uint8, frame []byte) {
		ours := dialects[int(pick)%len(dialects)].Using(Compiled)
		moov := ours.Using(Moov)
		a, b := ours.New(), moov.New()
		errA, errB := ours.Decode(a, frame), moov.Decode(b, frame)
		sameErrors(t, errA, errB)
		sameFields(t, a, b)
		ours.Validate(a)
		ours.Trace(a)
		ours.Key(a)
		ours.NewAnswer(a)
		ours.MACInput(a)
		if errA != nil {
			return
		}
		if ours.maskFrame(frame).Masked() == nil && len(frame) > 0 {
			t.Error("a frame that decodes is opaque")
		}
		outA, errA := ours.Encode(nil, a)
		outB, errB := moov.Encode(nil, b)
		if errA != nil || errB != nil || !bytes.Equal(outA, outB) {
			t.Fatalf("encoded:\nours %X %v\nmoov %X %v", outA, errA, outB, errB)
		}
		again := ours.New()
		if err := ours.Decode(again, outA); err != nil {
			t.Fatalf("what we encode does not decode: %v", err)
		}
		sameFields(t, a, again)
	})
}

// FuzzEncodeAgrees sets one field of a sale to anything.
func FuzzEncodeAgrees(f *testing.F) {
	dialects, err := LoadAll(fixtures.FS, "dialects")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint8(0), uint8(60), "2200000100060")
	f.Add(uint8(1), uint8(35), "62=D")
	f.Add(uint8(2), uint8(128), "12345678")
	f.Fuzz(func(t *testing.T, pick, n uint8, value string) {
		ours := dialects[int(pick)%len(dialects)].Using(Compiled)
		a := ours.NewRequest("sale")
		a.SetField(int(n), value)
		outA, errA := ours.Encode(nil, a)
		outB, errB := ours.Using(Moov).Encode(nil, a)
		sameErrors(t, errA, errB)
		if !bytes.Equal(outA, outB) {
			t.Errorf("encoded:\nours %X\nmoov %X", outA, outB)
		}
		if errA != nil {
			return
		}
		b := ours.New()
		if err := ours.Decode(b, outA); err != nil {
			t.Fatalf("what we encode does not decode: %v", err)
		}
		sameFields(t, a, b)
	})
}

func sameErrors(t *testing.T, a, b error) {
	t.Helper()
	if (a == nil) != (b == nil) || a != nil && a.Error() != b.Error() {
		t.Fatalf("errors differ:\nours %v\nmoov %v", a, b)
	}
	var decode *DecodeError
	var encode *EncodeError
	if a != nil && !errors.As(a, &decode) && !errors.As(a, &encode) {
		t.Fatalf("error of type %T", a)
	}
}

func sameFields(t *testing.T, a, b *Message) {
	t.Helper()
	if a.MTI() != b.MTI() || a.TPDU() != b.TPDU() || a.Header() != b.Header() {
		t.Fatalf("heads differ: %s %s", a.MTI(), b.MTI())
	}
	if x, y := slices.Collect(a.Fields()), slices.Collect(b.Fields()); !slices.Equal(x, y) {
		t.Fatalf("fields differ: %v and %v", x, y)
	}
	for n := range a.Fields() {
		x, _ := a.Field(n)
		if y, _ := b.Field(n); x != y {
			t.Fatalf("field %d differs: %q and %q", n, x, y)
		}
	}
}

// FuzzLoad wants every text to load or to be refused, and a dialect that loads to work.
func FuzzLoad(f *testing.F) {
	f.Add(small)
	f.Add("name: x\nextends: acme\n")
	for _, name := range []string{"unionpay-pos", "iso87-ascii"} {
		text, err := fixtures.FS.ReadFile("dialects/" + name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Load(fstest.MapFS{"acme.yaml": {Data: []byte(text)}}, "acme.yaml")
		if err != nil {
			return
		}
		for _, flow := range d.Flows() {
			m := d.NewRequest(flow)
			d.Validate(m)
			if _, err := d.Encode(nil, m); err == nil {
				d.Trace(m)
			}
			d.NewAnswer(m)
		}
	})
}
