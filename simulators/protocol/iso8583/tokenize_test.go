package iso8583

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

func tokenizing(t testing.TB, dialect string) (*Dialect, *Tokenizer) {
	t.Helper()
	d, err := Load(fixtures.FS, "dialects/"+dialect+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return d, NewTokenizer(d, []byte("nobody knows"))
}

// secretSale is a message with a secret wherever a dialect has room for one.
func secretSale(t *testing.T, d *Dialect) []byte {
	t.Helper()
	m := d.New()
	m.SetMTI("0200")
	m.SetTPDU(d.Framing.TPDU)
	m.SetHeader(d.Framing.Header)
	chip, _ := hex.DecodeString("5A086200123456789010" + "57136200123456789010D30122011234567890123F" + "5F200B57414E47204D45494D454900"[:2*(2+1+11)] +
		"9F2608A1B2C3D4E5F60718" + "9F0206000000010000")
	for e, v := range map[Element]string{PAN: "6200123456789010", ProcessingCode: "000000", Amount: "000000010000", Trace: "000001", Expiry: "3012",
		EntryMode: "051", Track2: "6200123456789010D3012201123456789012", Track1: "B6200123456789010^WANG/MEIMEI^3012201000000123456",
		Terminal: "10000001", Merchant: "898320548160001", Currency: "156", PIN: "\xEA\x25\x14\xF2\x64\xD4\x69\xBE", Chip: string(chip),
		MAC: strings.Repeat("7", 8)} {
		m.Set(e, v)
	}
	frame, err := d.Encode(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// What is kept of a message with all secrets has the same size and fields, a token for the card with its first six digits and a right check
// digit, the same in each place, and nothing else that is secret.
func TestTokenizerKeepsNoSecret(t *testing.T) {
	for _, name := range []string{"unionpay-pos", "iso87-ascii", "iso87-binary"} {
		t.Run(name, func(t *testing.T) {
			d, tokens := tokenizing(t, name)
			frame := secretSale(t, d)
			kept, err := tokens.Frame(frame)
			if err != nil {
				t.Fatal(err)
			}
			if len(kept) != len(frame) {
				t.Errorf("%d bytes became %d", len(frame), len(kept))
			}
			was, is := d.New(), d.New()
			if err := d.Decode(was, frame); err != nil {
				t.Fatal(err)
			}
			if err := d.Decode(is, kept); err != nil {
				t.Fatal(err)
			}
			token := is.Get(PAN)
			if !strings.HasPrefix(token, "620012") || len(token) != 16 || token == was.Get(PAN) || !pay.NewPAN(token).LuhnValid() {
				t.Errorf("token %s", token)
			}
			if got, want := is.Get(Track2), token+"D3012201000000000000"; got != want {
				t.Errorf("track 2 is %s, want %s", got, want)
			}
			if was.Has(Track1) {
				if got, want := is.Get(Track1), "B"+token+"^***********^3012201000000000000"; got[:29] != want[:29] || strings.Contains(got, "123456") {
					t.Errorf("track 1 is %s, want %s", got, want)
				}
			}
			if want := hex.EncodeToString([]byte(was.Get(Chip))); !strings.Contains(hex.EncodeToString([]byte(is.Get(Chip))), "5a08"+token) || len(is.Get(Chip))*2 != len(want) {
				t.Errorf("chip data %X", is.Get(Chip))
			}
			for e := range elementCount {
				switch e {
				case PAN, Track1, Track2, Chip, PIN, MAC:
				default:
					if was.Get(e) != is.Get(e) {
						t.Errorf("%v was %q and is %q", e, was.Get(e), is.Get(e))
					}
				}
			}
			for _, secret := range []string{"6200123456789010", "123456789012", "WANG", "\xEA\x25\x14\xF2", "7777"} {
				if bytes.Contains(kept, []byte(secret)) || strings.Contains(hex.EncodeToString(kept), secret) || strings.Contains(hex.EncodeToString(kept), hex.EncodeToString([]byte(secret))) {
					t.Errorf("%q is still there", secret)
				}
			}
			again, err := tokens.Frame(frame)
			if err != nil || !bytes.Equal(again, kept) || tokens.Cards() != 1 {
				t.Errorf("the second time it is another frame (%v), of %d cards", err, tokens.Cards())
			}
		})
	}
}

func TestTokens(t *testing.T) {
	_, tokens := tokenizing(t, "unionpay-pos")
	_, other := tokenizing(t, "unionpay-pos")
	other.secret = []byte("another")
	for _, c := range []struct{ name, pan string }{
		{"sixteen digits", "6200123456789010"},
		{"nineteen", "6200123456789012349"},
		{"wrong check digit", "6200123456789011"},
		{"twelve", "620012345676"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := tokens.Token(c.pan)
			if got == c.pan || got[:6] != c.pan[:6] || len(got) != len(c.pan) || pay.NewPAN(got).LuhnValid() != pay.NewPAN(c.pan).LuhnValid() {
				t.Errorf("%s became %s", c.pan, got)
			}
			if got != tokens.Token(c.pan) {
				t.Error("another token for the same card")
			}
			if got == other.Token(c.pan) {
				t.Error("the same token with another secret")
			}
		})
	}
	if got := tokens.Token("6200"); got != "0000" {
		t.Errorf("a number without a middle became %s", got)
	}
}

// Card numbers are also found where the dialect does not expect them: those seen before anywhere, others in fields without a meaning.
func TestTokenizerLooksElsewhere(t *testing.T) {
	d, tokens := tokenizing(t, "unionpay-pos")
	m := d.New()
	m.SetMTI("0210")
	m.SetTPDU(d.Framing.TPDU)
	m.SetHeader(d.Framing.Header)
	m.SetField(57, "card 6200123456789010 is the one")
	m.SetField(63, "CUP6200120018438862")
	m.SetField(60, "22000001000620012")
	frame, err := d.Encode(nil, m)
	if err != nil {
		t.Fatal(err)
	}
	first, err := tokens.Frame(frame)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(first, []byte("6200123456789010")) {
		t.Error("a card number in a field without a meaning is kept")
	}
	token := tokens.Token("6200120018438862") // seen elsewhere meanwhile
	second, err := tokens.Frame(frame)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(second, []byte("6200120018438862")) || !bytes.Contains(second, []byte("CUP"+token)) {
		t.Errorf("a card that is known is kept in a field with a meaning: %s", second)
	}
}

// FuzzTokenizer wants of whatever decodes a frame of the same size that decodes, without the card, and the same again.
func FuzzTokenizer(f *testing.F) {
	dialects, err := LoadAll(fixtures.FS, "dialects")
	if err != nil {
		f.Fatal(err)
	}
	for i, d := range dialects {
		for name, skip := range map[string]int{"unionpay-derived.txt": 2, "iso87-day.txt": 2} {
			if strings.HasPrefix(name, d.Name[:4]) {
				for _, g := range bareGoldens(f, name) {
					f.Add(uint8(i), g.frame[skip:])
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, pick uint8, frame []byte) {
		d := dialects[int(pick)%len(dialects)]
		tokens := NewTokenizer(d, []byte("nobody knows"))
		kept, err := tokens.Frame(frame)
		m, k := d.New(), d.New()
		if bad := d.Decode(m, frame); bad != nil {
			return
		}
		if err != nil {
			t.Fatalf("it decodes, and cannot be kept: %v", err)
		}
		if err := d.Decode(k, kept); err != nil || len(kept) != len(frame) {
			t.Fatalf("%d bytes became %d: %v", len(frame), len(kept), err)
		}
		if pan := m.Get(PAN); len(pan) >= 12 && strings.Trim(pan, "0") != "" && k.Get(PAN) == pan {
			t.Error("the card number is still there")
		}
		if pin := k.Get(PIN); strings.Trim(pin, "\x00") != "" {
			t.Errorf("the PIN block is %X", pin)
		}
		if again, err := tokens.Frame(frame); err != nil || !bytes.Equal(again, kept) {
			t.Errorf("the second time it is another frame (%v)", err)
		}
	})
}
