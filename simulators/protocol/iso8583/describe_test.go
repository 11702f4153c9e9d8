package iso8583

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestDescribeShowsFieldsByNameAndHidesSecrets(t *testing.T) {
	d := load(t, "unionpay-pos")
	var b strings.Builder
	for _, name := range []string{
		"sale 0200, swipe + PIN", "sale reply 0210", "sign-in reply 0810 with F62 40", "detail upload 0320/201, one row",
		"contact chip sale 0200 with F55 (ARQC valid under CVN 01 IMK of D.5, PSN 01)", "payer-code sale 0200, F59 A3",
	} {
		m := decoded(t, d, frameNamed(t, name))
		frame, fields := d.Trace(m)
		fmt.Fprintf(&b, "== %s\n%s\n", name, frame)
		for _, f := range fields {
			fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("%-7s %-30s %s  %s", f.ID, f.Name, f.Value, f.Note), " "))
		}
	}
	const path = "testdata/describe.txt"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("%s differs (-update writes it):\n%s", path, b.String())
	}
}

// secrets of the sale below, as they could be read from a frame or a description.
const (
	clearPAN   = "6200123456789010"
	clearTrack = "6200123456789010D30122011234567890123"
	clearPIN   = "EA2514F264D469BE"
	clearKeys  = "6701EAD6A9AD51E51AA406E2C27FCFA9"
)

// TestNothingSecretIsSeen searches what leaves a message in every dialect: in text, in hex, and in packed digits at both alignments.
func TestNothingSecretIsSeen(t *testing.T) {
	block, _ := hex.DecodeString(clearPIN)
	keys, _ := hex.DecodeString(clearKeys + "8D0A74B8" + clearKeys + "AB7153CA")
	chip, _ := hex.DecodeString("5A08" + clearPAN + "57136200123456789010D301220112345678901230" + "9F36020001")
	for _, name := range []string{"unionpay-pos", "iso87-ascii", "iso87-binary", "iso93", "foreign/jpos-binary-bitmap"} {
		t.Run(name, func(t *testing.T) {
			d := load(t, name)
			m := d.NewRequest(pay.Sale)
			for e, v := range map[Element]string{
				PAN: clearPAN, Amount: "000000010000", Trace: "000002", Track2: clearTrack, PIN: string(block), Chip: string(chip),
				Keys: string(keys), Track1: "B" + clearPAN + "^ALICE^3012", Track3: clearTrack, Terminal: "TERM0001",
			} {
				m.Set(e, v)
			}
			if _, err := d.Encode(nil, m); err != nil {
				t.Fatal(err)
			}
			frame, fields := d.Trace(m)
			if frame.Masked() == nil {
				t.Fatal("the frame is opaque")
			}
			out := fmt.Sprintf("%s %X %q %v", frame, frame.Masked(), frame.Masked(), fields)
			for _, secret := range []string{clearPAN, clearPAN[6:12], clearTrack[16:], clearPIN, clearKeys, string(block), string(keys[:16]), "ALICE"} {
				for _, form := range []string{secret, hex.EncodeToString([]byte(secret))} {
					if strings.Contains(strings.ToUpper(out), strings.ToUpper(form)) {
						t.Errorf("%q is seen in:\n%s", form, out)
					}
				}
			}
			if !strings.Contains(out, "8d0a74b8") {
				t.Error("the KCV, which is no secret, is hidden")
			}
			if len(frame.Masked()) != len(m.Frame()) || !strings.Contains(out, "620012******9010") {
				t.Error("the frame lost its length, or the card number its ends")
			}
		})
	}
}

func TestAFrameThatCannotBeWalkedIsOpaque(t *testing.T) {
	d := load(t, "unionpay-pos")
	m := d.New()
	if err := d.Decode(m, frameNamed(t, "sale 0200, swipe + PIN")[:60]); err == nil {
		t.Fatal("a cut frame decodes")
	}
	frame, fields := d.Trace(m)
	if frame.Masked() != nil || !strings.HasPrefix(frame.String(), "60 bytes") {
		t.Errorf("the frame is shown: %s", frame)
	}
	if s := fmt.Sprint(fields); !strings.Contains(s, "000000010000") || strings.Contains(s, clearPAN) {
		t.Errorf("fields: %s", s)
	}
}

func TestChipDataHidesWhatItCannotParse(t *testing.T) {
	v := []byte{0x5A, 0x08, 0x62, 0x00}
	if got := secretTags(v); len(got) != 1 || got[0] != (stretch{0, 4}) {
		t.Errorf("got %v", got)
	}
	v = bytes.Clone([]byte{0x70, 0x07, 0x9F, 0x36, 0x01, 0x05, 0x5A, 0x01, 0x62, 0x82, 0x01, 0x00})
	if got := secretTags(v); len(got) != 1 || got[0] != (stretch{8, 9}) {
		t.Errorf("got %v", got)
	}
}
