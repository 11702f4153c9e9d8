package emv

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestCommandCases(t *testing.T) {
	for _, c := range []struct {
		name, bytes string
		want        Command
		err         string
	}{
		{"case 1", "00820000", Command{INS: 0x82, Le: LeAbsent}, ""},
		{"case 2", "80CA9F3604", Command{CLA: 0x80, INS: 0xCA, P1: 0x9F, P2: 0x36, Le: 4}, ""},
		{"case 2, all", "00840000 00", Command{INS: 0x84, Le: Le00All}, ""},
		{"case 3", "00200080 02 1234", Command{INS: 0x20, P2: 0x80, Data: []byte{0x12, 0x34}, Le: LeAbsent}, ""},
		{"case 4", "80A80000 02 8300 00", Command{CLA: 0x80, INS: 0xA8, Data: []byte{0x83, 0}, Le: Le00All}, ""},
		{"too short", "00A404", Command{}, "at least 4 bytes"},
		{"extended", "00A40400 000001 00", Command{}, "extended"},
		{"Lc too long", "00A40400 05 0102", Command{}, "announces 5 bytes, 2 follow"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := unhex(t, c.bytes)
			got, err := ParseCommand(b)
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, want %q", err, c.err)
				}
				return
			}
			if err != nil || fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", c.want) {
				t.Fatalf("%#v, %v; want %#v", got, err, c.want)
			}
			if !bytes.Equal(got.Append(nil), b) {
				t.Errorf("written again: %X", got.Append(nil))
			}
		})
	}
}

func TestStatusWords(t *testing.T) {
	for sw, want := range map[StatusWord]string{
		0x9000: "ok", 0x63C2: "verification failed, 2 tries left", 0x610A: "10 bytes wait", 0x6C00: "wrong Le, ask for 256", 0x1234: "unknown status",
	} {
		if got := sw.Words(); got != want {
			t.Errorf("%s: %q, want %q", sw, got, want)
		}
	}
	if _, ok := SW6300AuthFailed.Tries(); ok {
		t.Error("6300 tells no tries")
	}
}

func TestTagsAreSortedAndFound(t *testing.T) {
	for i, info := range tagInfos {
		if i > 0 && tagInfos[i-1].Tag >= info.Tag {
			t.Errorf("%s stands behind %s", info.Tag, tagInfos[i-1].Tag)
		}
		if got, ok := InfoOf(info.Tag); !ok || got != info {
			t.Errorf("%s is not found", info.Tag)
		}
	}
	if NameOf(0x9F7F) != "unknown tag" {
		t.Error("9F7F has no name here")
	}
}

func TestDOL(t *testing.T) {
	source := Data{Tag9F02Amount: unhex(t, "000000001000"), Tag5APAN: unhex(t, "6200123456"), Tag9F1EIFDSerial: []byte("12345678"), Tag61ApplicationTemplate: {1}}
	for _, c := range []struct{ name, dol, want string }{
		{"as long as the value", "9F0206", "000000001000"},
		{"a number is cut at the left", "9F0202", "1000"},
		{"a number is filled at the left", "9F0208", "0000000000001000"},
		{"a compressed number is cut at the right", "5A02", "6200"},
		{"a compressed number is filled with F", "5A08", "6200123456FFFFFF"},
		{"text is cut at the right", "9F1E03", "313233"},
		{"text is filled at the right", "9F1E0A", "31323334353637380000"},
		{"nobody has it", "9F3704 9F0202", "00000000 1000"},
		{"a template is zeros", "6103", "000000"},
		{"nothing", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := ParseDOL(unhex(t, c.dol))
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Build(Data{}, source); !bytes.Equal(got, unhex(t, c.want)) {
				t.Errorf("%X, want %s", got, c.want)
			}
		})
	}
	first := Data{Tag9F02Amount: unhex(t, "000000000001")}
	d, _ := ParseDOL(unhex(t, "9F0206"))
	if got := d.Build(first, source); got[5] != 1 {
		t.Errorf("the first source does not win: %X", got)
	}
	for _, bad := range []string{"9F", "9F02", "9F81818101", strings.Repeat("9F02FF", 2)} {
		if _, err := ParseDOL(unhex(t, bad)); err == nil {
			t.Errorf("%s is a list", bad)
		}
	}
}

func TestAFL(t *testing.T) {
	for _, c := range []struct{ name, afl, err string }{
		{"two files", "08010201 10010300", ""},
		{"empty", "", "0 bytes"},
		{"cut", "080102", "3 bytes"},
		{"file 0", "00010100", "no short file identifier"},
		{"file 31", "F8010100", "no short file identifier"},
		{"low bits", "09010100", "no short file identifier"},
		{"record 0", "08000100", "records 0 to 1"},
		{"backwards", "08020100", "records 2 to 1"},
		{"too many signed", "08010203", "3 signed records of 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseAFL(unhex(t, c.afl))
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("error %v, want %q", err, c.err)
			}
		})
	}
}

func TestBitsSpellThemselves(t *testing.T) {
	tvr := TVR1x80NoODA | TVR4x80OverFloor
	if got, want := tvr.String(), "8000008000 (offline data authentication not performed; amount over the floor limit)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := (CVMResults{CVM02OnlinePIN | CVMx40NextIfFailed, When03Supported, CVMResult00Unknown}).String(), "420300 (online PIN; unknown)"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, names := range [][]bitName{tvrNames, tsiNames, aipNames, ttqNames, ctqNames} {
		if !slices.IsSortedFunc(names, func(a, b bitName) int { return int(int64(b.bit) - int64(a.bit)) }) {
			t.Errorf("bits do not stand from the highest down: %v", names)
		}
	}
}

func TestTrack2(t *testing.T) {
	b := unhex(t, "6200123456789010 D2912 201 123456789F")
	got, err := ParseTrack2(b)
	if err != nil || got.PAN.Reveal() != "6200123456789010" || got.Expiry != "2912" || got.Service != "201" {
		t.Fatalf("%v, %v", got, err)
	}
	if !bytes.Equal(got.Bytes(), b) {
		t.Errorf("written again it differs")
	}
	for _, bad := range []string{"", "6200123456789010", "D2912201", "6200123456789010D29", "62001A3456789010D2912201"} {
		if len(bad)%2 == 1 {
			bad += "F"
		}
		if _, err := ParseTrack2(unhex(t, bad)); err == nil {
			t.Errorf("%s is a track", bad)
		} else if strings.Contains(err.Error(), "6200") {
			t.Errorf("the error shows digits: %v", err)
		}
	}
}

func TestAmounts(t *testing.T) {
	b, err := N12(pay.CNY(123456))
	if err != nil || !bytes.Equal(b, unhex(t, "000000123456")) {
		t.Errorf("%X, %v", b, err)
	}
	if n, ok := Number(b); !ok || n != 123456 {
		t.Errorf("%d, %v", n, ok)
	}
	if !bytes.Equal(N(156, 2), unhex(t, "0156")) {
		t.Errorf("%X", N(156, 2))
	}
	if _, err := N12(pay.CNY(-1)); err == nil {
		t.Error("a negative amount has no twelve digits")
	}
}

func FuzzCommand(f *testing.F) {
	f.Add([]byte{0, 0xA4, 4, 0, 2, 1, 2, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCommand(b)
		if err == nil && !bytes.Equal(c.Append(nil), b) {
			t.Errorf("%X became %X", b, c.Append(nil))
		}
		_ = c.Name()
	})
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte{0x6F, 0, 0x90, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseResponse(b)
		if err == nil && !bytes.Equal(r.Append(nil), b) {
			t.Errorf("%X became %X", b, r.Append(nil))
		}
		_ = r.SW.Words()
	})
}

func FuzzLists(f *testing.F) {
	f.Add([]byte{0x9F, 0x02, 0x06})
	f.Add([]byte{0x08, 0x01, 0x02, 0x01})
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 2, 0x42, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, err := ParseDOL(b); err == nil {
			if !bytes.Equal(d.Append(nil), b) {
				t.Errorf("DOL %X became %X", b, d.Append(nil))
			}
			if _, err := d.Split(d.Build()); err != nil {
				t.Error(err)
			}
		}
		if a, err := ParseAFL(b); err == nil && !bytes.Equal(a.Append(nil), b) {
			t.Errorf("AFL %X became %X", b, a.Append(nil))
		}
		if l, err := ParseCVMList(b); err == nil && !bytes.Equal(l.Append(nil), b) {
			t.Errorf("CVM list %X became %X", b, l.Append(nil))
		}
		_, _ = ParseTags(b)
		_, _ = ParseTrack2(b)
		_, _ = PANOf(b)
		_ = ParseTVR(b).String() + ParseAIP(b).String() + ParseTTQ(b).String() + ParseCTQ(b).String()
	})
}
