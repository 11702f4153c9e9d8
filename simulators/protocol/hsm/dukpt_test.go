package hsm

import (
	"encoding/hex"
	"strings"
	"testing"
)

// The keys are those of ANSI X9.24-1 (annex A, PIN key of its example is the current key with its variant) and of X9.24-3.
func TestPINKeysOfX924(t *testing.T) {
	const tdes, aes = "6AC292FAA1315B4D858AB3A3D7D5933A", "1273671EA26AC29AFA4D1084127652A1"
	for _, c := range []struct {
		algorithm            Algorithm
		initial, serial, key string
	}{
		{TDES2, tdes, "FFFF9876543210E00001", "042666B49184CFA368DE9628D0397BC9"},
		{TDES2, tdes, "FFFF9876543210E00002", "C46551CEF9FD24B0AA9AD834130D3BC7"},
		{TDES2, tdes, "FFFF9876543210E00003", "0DF3D9422ACA56E547676D07AD6BADFA"},
		{TDES2, tdes, "FFFF9876543210EFF800", "F9CDFEBF4F5B1D9EB3EC12454527E176"},
		{AES128, aes, "123456789012345600000001", "AF8CB133A78F8DC2D1359F18527593FB"},
		{AES128, aes, "123456789012345600000002", "D30BDC73EC9714B000BEC66BDB7B6D09"},
		{AES128, aes, "123456789012345600000003", "7D69F01F3B45449F62C7816ECE723268"},
		{AES128, aes, "1234567890123456" + "00845FED", "D1DDA386AA4A556AF0119FDCB5D132C6"},
	} {
		t.Run(c.serial, func(t *testing.T) {
			h, raw := New(nil), func(s string) []byte {
				b, err := hex.DecodeString(s)
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			if _, err := h.Import("IK", c.algorithm, raw(c.initial)); err != nil {
				t.Fatal(err)
			}
			if _, err := h.PINKeyFor("IK", "PIK", raw(c.serial)); err != nil {
				t.Fatal(err)
			}
			k, err := h.key("PIK")
			if err != nil {
				t.Fatal(err)
			}
			got := append([]byte(nil), k.clear...)
			if c.algorithm == TDES2 { // the published key is the one before the variant for PINs
				got[7] ^= 0xFF
				got[15] ^= 0xFF
			}
			if strings.ToUpper(hex.EncodeToString(got)) != c.key {
				t.Errorf("got %X", got)
			}
			if _, err := h.PINKeyFor("IK", "PIK", raw(c.serial)[1:]); err == nil {
				t.Error("a short serial number makes a key")
			}
		})
	}
}

func TestNextSerial(t *testing.T) {
	for from, want := range map[string]string{
		"FFFF9876543210E00000":     "FFFF9876543210E00001",
		"FFFF9876543210E00001":     "FFFF9876543210E00002",
		"FFFF9876543210E007FE":     "FFFF9876543210E00800", // 7FF would have eleven bits
		"FFFF9876543210EFFC00":     "FFFF9876543210F00000",
		"FFFF9876543210FFF800":     "FFFF9876543210FFF800 ends",
		"123456789012345600000001": "123456789012345600000002",
		"12345678901234560000FFFF": "123456789012345600010000",
		"1234567890123456FFFF0000": "1234567890123456FFFF0000 ends",
		"1234":                     "1234 ends",
	} {
		b, err := hex.DecodeString(from)
		if err != nil {
			t.Fatal(err)
		}
		next, err := NextSerial(b)
		got := strings.ToUpper(hex.EncodeToString(next))
		if err != nil {
			got = from + " ends"
		}
		if got != want {
			t.Errorf("after %s comes %s (%v), want %s", from, got, err, want)
		}
	}
}
