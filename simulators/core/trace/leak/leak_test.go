package leak_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace/leak"
)

const (
	pan      = "6200123456789010"
	track    = "6200123456789010D30122011234567890123"
	longPIN  = "918273645546"
	shortPIN = "918273"
	password = `p<s"&=/wörd`
)

func key() []byte { return []byte{0x80, 0x7A, 0x23, 0xAD, 0x32, 0xB3, 0x6D, 0x00} }

func finder(t testing.TB) *leak.Finder {
	t.Helper()
	f, err := leak.New(leak.Text("pan", pan), leak.Text("track", track), leak.Text("long PIN", longPIN),
		leak.Text("short PIN", shortPIN), leak.Text("password", password), leak.Key("key", key()))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFindsEachForm(t *testing.T) {
	f := finder(t)
	quoted := func(s string) string { js, _ := json.Marshal(s); return string(js) }
	escaped := func(s string) string { var b strings.Builder; _ = xml.EscapeText(&b, []byte(s)); return b.String() }
	equals := strings.Replace(track, "D", "=", 1)
	planted := map[string]struct{ secret, output string }{
		"text":                   {"pan", "card " + pan + "!"},
		"text at the very start": {"pan", pan},
		"inside other digits":    {"pan", "0000" + pan + "9999"},
		"hex of ASCII":           {"pan", fmt.Sprintf("%x", pan)},
		"hex of ASCII, upper":    {"track", fmt.Sprintf("%X", track)},
		"hex dump of ASCII":      {"long PIN", fmt.Sprintf("% x", longPIN)},
		"decimals of ASCII":      {"pan", fmt.Sprint([]byte(pan))},
		"JSON array of ASCII":    {"pan", strings.ReplaceAll(fmt.Sprint([]byte(pan)), " ", ",")},
		"Go bytes of ASCII":      {"pan", fmt.Sprintf("%#v", []byte(pan))},
		"JSON escapes":           {"pan", `{"pan":"\u0036\u0032\u0030\u0030\u0031\u0032\u0033\u0034\u0035\u0036\u0037\u0038\u0039\u0030\u0031\u0030"}`},
		"BCD":                    {"pan", "\x16" + packed(pan) + "\x00"},
		"BCD, low nibble":        {"pan", packed("7" + pan + "3")},
		"BCD list":               {"pan", fmt.Sprint([]byte(packed(pan)))},
		"BCD list, low nibble":   {"pan", fmt.Sprintf("%#v", []byte(packed("1"+pan+"1")))},
		"BCD hex":                {"track", fmt.Sprintf("%x", packed(track+"0"))},
		"BCD hex dump":           {"pan", fmt.Sprintf("% X", packed("7"+pan+"3"))},
		"track BCD":              {"track", packed(track + "0")},
		"track BCD, low nibble":  {"track", packed("7" + track)},
		"track with equals":      {"track", equals},
		"track with d":           {"track", strings.ToLower(track)},
		"track with URL escape":  {"track", url.QueryEscape(equals)},
		"track with JSON escape": {"track", strings.Replace(track, "D", `\u003d`, 1)},
		"track base64, equals":   {"track", base64.StdEncoding.EncodeToString([]byte("x" + equals))},
		"long PIN BCD":           {"long PIN", packed(longPIN)},
		"long PIN low nibble":    {"long PIN", packed("0" + longPIN + "F")},
		"short PIN alone":        {"short PIN", `{"pin":"` + shortPIN + `"}`},
		"short PIN at the end":   {"short PIN", "pin=" + shortPIN},
		"short PIN hex":          {"short PIN", "00" + fmt.Sprintf("%x", shortPIN) + "00"},
		"password":               {"password", password},
		"password JSON":          {"password", quoted(password)},
		"password XML":           {"password", escaped(password)},
		"password URL":           {"password", url.QueryEscape(password)},
		"password Go":            {"password", fmt.Sprintf("%q", password)},
		"key raw":                {"key", "x" + string(key()) + "y"},
		"key hex":                {"key", hex.EncodeToString(key())},
		"key hex upper":          {"key", fmt.Sprintf("%X", key())},
		"key hex with spaces":    {"key", fmt.Sprintf("% x", key())},
		"key hex with colons":    {"key", "80:7A:23:AD:32:B3:6D:00"},
		"key decimals":           {"key", fmt.Sprint(key())},
		"key %#v":                {"key", fmt.Sprintf("%#v", key())},
		"key %q":                 {"key", fmt.Sprintf("%q", key())},
	}
	for i := range 3 { // the three places in base64 where a byte can begin
		for name, e := range map[string]*base64.Encoding{"std": base64.StdEncoding, "url": base64.URLEncoding, "raw": base64.RawStdEncoding} {
			put := func(secret, clear string) {
				clear = strings.Repeat("\xFB", i) + clear + strings.Repeat("\xFF", 2-i)
				planted[fmt.Sprintf("base64 %s of %s %x from byte %d", name, secret, clear[i], i)] = struct{ secret, output string }{secret, e.EncodeToString([]byte(clear))}
			}
			put("pan", pan)
			put("short PIN", shortPIN)
			put("password", password)
			put("key", string(key()))
			put("pan", packed(pan))
			put("long PIN", packed("F"+longPIN+"F"))
			put("track", packed("7"+track))
		}
	}
	for name, c := range planted {
		t.Run(name, func(t *testing.T) {
			for _, around := range []string{"", "~"} {
				hits := f.Find("out", []byte(around+c.output+around))
				if !found(hits, c.secret) {
					t.Errorf("not found in %q; hits: %v", c.output, hits)
				}
			}
		})
	}
}

func TestFindsInsideArchives(t *testing.T) {
	f := finder(t)
	doc := []byte(strings.Repeat("padding ", 100) + pan)
	for name, c := range map[string]struct {
		output []byte
		where  string
	}{
		"gzip":                {gzipped(t, doc), "out!gzip"},
		"zip":                 {zipped(t, doc), "out!trace.txt"},
		"zip in gzip":         {gzipped(t, zipped(t, doc)), "out!gzip!trace.txt"},
		"gzip in base64":      {[]byte(`{"body":"` + base64.StdEncoding.EncodeToString(gzipped(t, doc)) + `"}`), "out!base64 at byte 9!gzip"},
		"hex in base64":       {[]byte(base64.URLEncoding.EncodeToString(fmt.Appendf(nil, "frame  %x", "\x60\x00"+pan+pan))), "out!base64 at byte 0"},
		"base64 in base64":    {[]byte(base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString(doc)))), "out!base64 at byte 0!base64 at byte 0"},
		"gzip in zip in gzip": {gzipped(t, zipped(t, gzipped(t, doc))), "out!gzip!trace.txt!gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			hits := f.Find("out", c.output)
			for _, h := range hits {
				if h.Secret == "pan" && h.Output == c.where {
					return
				}
			}
			t.Errorf("hits: %v", hits)
		})
	}
}

func TestWhatCannotBeReadIsAHit(t *testing.T) {
	f := finder(t)
	deep := []byte("nothing")
	for range 6 {
		deep = gzipped(t, deep)
	}
	whole := gzipped(t, []byte("nothing"))
	wholeZip := zipped(t, bytes.Repeat([]byte("nothing "), 50))
	spoilt := bytes.Clone(wholeZip)
	spoilt[60] ^= 0xFF
	for name, output := range map[string][]byte{
		"cut gzip":      whole[:len(whole)-3],
		"gzip header":   whole[:5],
		"cut zip":       wholeZip[:len(wholeZip)-30],
		"spoilt member": spoilt,
		"too deep":      deep,
	} {
		t.Run(name, func(t *testing.T) {
			hits := f.Find("out", output)
			if len(hits) == 0 || !strings.Contains(hits[0].String(), "cannot be read") {
				t.Errorf("hits: %v", hits)
			}
		})
	}
	for name, output := range map[string][]byte{"whole gzip": whole, "whole zip": wholeZip} {
		if hits := f.Find("out", output); len(hits) != 0 {
			t.Errorf("%s: %v", name, hits)
		}
	}
}

func TestDoesNotCryWolf(t *testing.T) {
	f := finder(t)
	noise := make([]byte, 1<<17)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for name, output := range map[string]string{
		"nothing":                "",
		"three bytes":            "abc",
		"masked":                 fmt.Sprint(pay.NewPAN(pan), pay.NewSecret(track), pay.NewSecret(longPIN)),
		"masked in JSON":         `{"pan":"620012******9010","f35":"620012******9010D****************"}`,
		"masked BCD":             packed("6200120000009010"),
		"masked BCD, low nibble": packed("7" + "6200120000009010" + "3"),
		"another card":           "6200123456789011 " + packed("6200123456789011") + packed("7"+"6200123456789011"+"3") + packed("7"+"6200123456789000"+"3"),
		"BCD one nibble off":     packed("5"+pan[:15]+"1"+"3") + packed("7"+"5"+pan[1:]+"3"),
		"short PIN in a number":  "0" + shortPIN + " " + shortPIN + "0 a" + shortPIN + " " + packed(shortPIN),
		"part of a key":          string(key()[:7]),
		"KCV":                    "8D0A74B8",
		"noise":                  string(noise),
		"noise in hex":           hex.EncodeToString(noise),
		"noise in base64":        base64.StdEncoding.EncodeToString(noise),
	} {
		t.Run(name, func(t *testing.T) {
			if hits := f.Find("out", []byte(output)); len(hits) != 0 {
				t.Errorf("found %v", hits)
			}
		})
	}
}

func TestHitTellsWhereAndNotWhat(t *testing.T) {
	hits := finder(t).Find("slip.txt", []byte("card "+pan+" and "+pan))
	if len(hits) != 1 || hits[0].String() != "slip.txt, byte 5: pan as text" {
		t.Errorf("hits: %v", hits)
	}
	if strings.Contains(fmt.Sprintf("%#v", hits), "3456789") {
		t.Error("the hit holds the secret")
	}
}

func TestTooShort(t *testing.T) {
	for _, s := range []leak.Secret{leak.Text("PIN", "12345"), leak.Key("K", make([]byte, 5)), leak.Text("none", ""), leak.Key("none", nil)} {
		if _, err := leak.New(leak.Text("pan", pan), s); err == nil || strings.Contains(err.Error(), "12345") {
			t.Errorf("got %v", err)
		}
	}
	if f, err := leak.New(); err != nil || f.Find("out", []byte(pan)) != nil {
		t.Errorf("no secrets: %v", err)
	}
}

func FuzzFind(f *testing.F) {
	f.Add([]byte("PK\x03\x04 not a zip"), 0)
	f.Add([]byte("\x1f\x8b\x08 not gzip"), 3)
	found1 := finder(f)
	f.Fuzz(func(t *testing.T, around []byte, at int) {
		at = max(0, min(at, len(around)))
		output := bytes.Join([][]byte{around[:at], key(), around[at:]}, nil)
		if !found(found1.Find("out", output), "key") {
			t.Errorf("not found at byte %d of %q", at, output)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	var secrets []leak.Secret
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 50 {
		secrets = append(secrets, leak.Text(fmt.Sprint(i), fmt.Sprintf("620012%010d", r.Int64N(1e10))))
	}
	f, err := leak.New(secrets...)
	if err != nil {
		b.Fatal(err)
	}
	output := []byte(strings.Repeat(`{"pan":"620012******9010","frame":"007D60000300006031003100000200702004C020C09811166200120000009010000000000000001000"}`+"\n", 1<<13))
	b.SetBytes(int64(len(output)))
	for b.Loop() {
		if hits := f.Find("out", output); len(hits) != 0 {
			b.Fatal(hits)
		}
	}
}

func found(hits []leak.Hit, secret string) bool {
	for _, h := range hits {
		if h.Secret == secret {
			return true
		}
	}
	return false
}

func packed(digits string) string {
	b, err := hex.DecodeString(digits)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	w, err := z.Create("trace.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
