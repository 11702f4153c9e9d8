package reports

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/csv"
	"encoding/json"
	"encoding/pem"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/reports/browser"
)

func packKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32)) }

// samplePack is the pack of a run that was tried twice, for a laboratory with ids of its own, with two waivers and a log.
func samplePack(t testing.TB) *Pack {
	first := rich()
	first.Started = first.Started.Add(-24 * time.Hour)
	first.Features[0].Scenarios[0].Status = Failed
	p := &Pack{Run: rich(), Earlier: []*Run{first}, Made: time.Date(2026, 6, 2, 10, 0, 0, 0, time.UTC), Key: packKey(),
		Logs: []HandedIn{{"host.log", []byte("sale of 6200123456789010, merchant 12\n")}}}
	p.Run.Profile = "acme" // hostile in the report already
	var err error
	if p.Cases, err = ReadCases("lab.csv", []byte("title,case,scenario\nthe limit,UP-2,swipe-sale-26\na sale,UP-1,swipe-sale-9\n")); err != nil {
		t.Fatal(err)
	}
	if p.Waivers, err = ReadWaivers("waivers.yaml", []byte("waivers:\n- {case: UP-2, reason: the host is replaced in July, by: A. Li, until: 2026-07-31}\n"+
		"- {requirement: SWP-001, reason: known, by: B. Wu, until: 2026-06-01}\n")); err != nil {
		t.Fatal(err)
	}
	return p
}

func zipOf(t testing.TB, p *Pack) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unzipped(t testing.TB, pack []byte) (names []string, files map[string][]byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	if err != nil {
		t.Fatal(err)
	}
	files = map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if files[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		names = append(names, f.Name)
	}
	return names, files
}

func zipped(t testing.TB, names []string, files map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range names {
		w, err := z.Create(n)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(files[n]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func verify(pack []byte, signer ed25519.PublicKey) error {
	_, err := Verify(bytes.NewReader(pack), int64(len(pack)), signer)
	return err
}

func TestPackGolden(t *testing.T) {
	pack := zipOf(t, samplePack(t))
	if !bytes.Equal(pack, zipOf(t, samplePack(t))) {
		t.Error("a pack is not the same twice")
	}
	names, files := unzipped(t, pack)
	golden(t, "pack.txt", []byte(strings.Join(names, "\n")+"\n"))
	golden(t, "pack-summary.html", files["summary.html"])
	golden(t, "pack-questionnaire.json", files["questionnaire.json"])
	golden(t, "pack-apdu.txt", files["cases/0002-UP-1/apdu.txt"])
	golden(t, "pack-wire.txt", files["cases/0002-UP-1/wire.txt"])
	golden(t, "pack-verdict.json", files["cases/0001-UP-2/verdict.json"])
	if log := string(files["host-logs/01-host-log.txt"]); log != "sale of 620012******9010, merchant 12\n" {
		t.Errorf("the log that was handed in reads %q", log)
	}
	rows, err := csv.NewReader(bytes.NewReader(files["cases.csv"])).ReadAll()
	if err != nil || len(rows) != 9 || rows[1][0] != "UP-2" || rows[1][6] != "true" || rows[2][0] != "UP-1" || rows[2][6] != "false" || rows[2][7] != "2" || rows[3][0] != "swipe-sale-25" {
		t.Errorf("%v, %v", err, rows)
	}
	var c Case
	if err := json.Unmarshal(files["cases/0002-UP-1/verdict.json"], &c); err != nil || len(c.History) != 2 || c.History[0].Verdict != Failed || c.History[1].Verdict != Passed ||
		c.Waived || c.Waiver == nil || c.Judge != "tool, person" || len(c.Criteria) != 4 {
		t.Errorf("%v, %+v", err, c)
	}
}

func TestPackOfCasesThatAreNotInTheRun(t *testing.T) {
	p := samplePack(t)
	p.Cases = append(p.Cases, LabCase{"UP-9", "swipe-sale-999", "cases lab.csv:4"})
	err := p.Write(io.Discard)
	if err == nil || err.Error() != "cases lab.csv:4: case UP-9: scenario swipe-sale-999 is not in the run" {
		t.Errorf("%v", err)
	}
}

func TestVerify(t *testing.T) {
	pack := zipOf(t, samplePack(t))
	signer := packKey().Public().(ed25519.PublicKey)
	stranger := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, 32))
	for _, key := range []ed25519.PublicKey{nil, signer} {
		if err := verify(pack, key); err != nil {
			t.Fatal(err)
		}
	}
	forged := samplePack(t)
	forged.Run.Features[0].Scenarios[1].Status, forged.Key = Passed, stranger
	for _, c := range []struct {
		name   string
		change func(names []string, files map[string][]byte) ([]string, map[string][]byte)
		want   string
	}{
		{"a verdict was changed", func(n []string, f map[string][]byte) ([]string, map[string][]byte) {
			f["cases.csv"] = bytes.Replace(f["cases.csv"], []byte("failed"), []byte("passed"), 1)
			return n, f
		}, "cases.csv was changed"},
		{"a file was added", func(n []string, f map[string][]byte) ([]string, map[string][]byte) {
			f["cases/x"] = []byte("x")
			return append(n, "cases/x"), f
		}, "cases/x was added"},
		{"a file was taken out", func(n []string, f map[string][]byte) ([]string, map[string][]byte) {
			return slices.DeleteFunc(n, func(s string) bool { return s == "run.json" }), f
		}, "run.json is missing"},
		{"a file stands twice", func(n []string, f map[string][]byte) ([]string, map[string][]byte) { return append(n, "run.json"), f }, "run.json stands in it twice"},
		{"the manifest was changed", func(n []string, f map[string][]byte) ([]string, map[string][]byte) {
			f[manifestFile] = bytes.Replace(f[manifestFile], []byte("acme"), []byte("best"), 1)
			return n, f
		}, "the signature does not fit manifest.json"},
		{"there is no signature", func(n []string, f map[string][]byte) ([]string, map[string][]byte) {
			return slices.DeleteFunc(n, func(s string) bool { return s == signatureFile }), f
		}, "it has no manifest.json or no manifest.sig"},
		{"signed by a stranger", func([]string, map[string][]byte) ([]string, map[string][]byte) { return unzipped(t, zipOf(t, forged)) }, "it is signed by key " +
			Fingerprint(stranger.Public().(ed25519.PublicKey)) + ", not by " + Fingerprint(signer)},
	} {
		names, files := unzipped(t, pack)
		if err := verify(zipped(t, slices.Clone(names), files), signer); err != nil {
			t.Fatalf("%s: before: %v", c.name, err)
		}
		names, files = c.change(slices.Clone(names), files)
		if err := verify(zipped(t, names, files), signer); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
	for _, bad := range [][]byte{nil, []byte("PK"), pack[:len(pack)/2], []byte("no zip at all")} {
		if verify(bad, nil) == nil {
			t.Errorf("%d bytes pass for a pack", len(bad))
		}
	}
}

// Somebody else's program verifies the signature: OpenSSL.
func TestPackSignatureByOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("no openssl on the path to verify the signature of a pack with")
	}
	_, files := unzipped(t, zipOf(t, samplePack(t)))
	der, err := x509.MarshalPKIXPublicKey(packKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string][]byte{"key.pem": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "m": files[manifestFile], "s": files[signatureFile],
		"forged": append(files[manifestFile], ' ')} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func(of string) ([]byte, error) {
		cmd := exec.CommandContext(t.Context(), openssl, "pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-in", of, "-sigfile", "s")
		cmd.Dir = dir
		return cmd.CombinedOutput()
	}
	if out, err := check("m"); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if _, err := check("forged"); err == nil {
		t.Error("OpenSSL takes a changed manifest")
	}
}

// Whatever is done to the bytes of a pack, what passes holds what was signed.
func FuzzVerify(f *testing.F) {
	p := samplePack(f)
	p.Run, p.Earlier, p.Cases = held(), nil, nil
	pack := zipOf(f, p)
	_, want := unzipped(f, pack)
	signer := packKey().Public().(ed25519.PublicKey)
	f.Add(0, byte(0))
	f.Add(len(pack)/2, byte(1))
	f.Fuzz(func(t *testing.T, at int, change byte) {
		b := bytes.Clone(pack)
		b[(at%len(b)+len(b))%len(b)] ^= change
		if at < 0 {
			b = b[:(at%len(b)+len(b))%len(b)]
		}
		if verify(b, signer) != nil {
			return
		}
		if _, got := unzipped(t, b); !cmp.Equal(want, got) {
			t.Error("a changed pack passes")
		}
	})
}

// The first page reads, prints and asks nobody for anything.
func TestReportInChromiumPack(t *testing.T) {
	_, files := unzipped(t, zipOf(t, samplePack(t)))
	file := filepath.Join(t.TempDir(), "summary.html")
	if err := os.WriteFile(file, files["summary.html"], 0o644); err != nil {
		t.Fatal(err)
	}
	p := browser.Open(t, file, true)
	p.Is("document.querySelectorAll('script, [onerror], [onload]').length", 0.0)
	p.Is("document.documentElement.scrollWidth <= window.innerWidth", true)
	p.Is("[...document.querySelectorAll('td.v.failed')].length", 3.0)
	p.Shot("pack-summary")
	p.Quiet()
}

func TestMaskNumbers(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"a card number", "pan=6200123456789010 ok", "pan=620012******9010 ok"},
		{"in groups", "6200 1234 5678 9010", "6200 12** **** 9010"},
		{"as bytes in hex, with spaces", "16 62 00 12 34 56 78 90 10", "16 62 00 1* ** ** ** 90 10"},
		{"inside a longer run of digits", "000006200123456789010000", "000006200**********10000"},
		{"a track", "2=6200123456789010=30121201234", "2=*****************************"[:2] + strings.Repeat("*", 28)},
		{"a key", "zpk 0123456789ABCDEFFEDCBA9876543210", "zpk " + strings.Repeat("*", 32)},
		{"a time, an amount, a trace number", "2026-06-01 09:30:00 000000001000 000123", "2026-06-01 09:30:00 000000001000 000123"},
	} {
		got := string(maskNumbers([]byte(c.in)))
		if c.name == "inside a longer run of digits" {
			if strings.Contains(got, "345678") {
				t.Errorf("%s: %s", c.name, got)
			}
			continue
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestReadCasesAndWaivers(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "cases x.csv: want a heading with case and scenario: EOF",
		"id,scenario\na,b\n":                    "cases x.csv:1: want columns case and scenario, got id, scenario",
		"case,scenario\na,\n":                   "cases x.csv:2: want a case and its scenario",
		"case,scenario\na,b\nc,d\na,e\n":        "cases x.csv:4: case a stands twice",
		"case,scenario\n\"a,b\n":                "cases x.csv: parse error on line 2, column 6: extraneous or missing \" in quoted-field",
		"\xef\xbb\xbfcase, scenario\nUP-1, b\n": "",
	} {
		if _, err := ReadCases("x.csv", []byte(text)); (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"waivers: [{case: a, reason: x, by: y}]":                                          "until",
		"waivers:\n- {case: a, reason: x, by: y, until: soon}":                            "x.yaml:2: waivers[0].until: \"soon\": want its last day, such as 2026-12-31: no waiver is for ever",
		"waivers:\n- {reason: x, by: y, until: 2026-01-01}":                               "want a case or a requirement, and not both",
		"waivers:\n- {case: a, by: y, until: 2026-01-01}":                                 "want a reason, and by whom",
		"waivers:\n- {case: a, reason: x, by: y, until: 2026-01-01, for: ever}":           "unknown field \"for\"",
		"waivers:\n- {requirement: SWP-001, reason: x, by: y, until: 2026-01-01}\n- null": "want a case or a requirement",
	} {
		if _, err := ReadWaivers("x.yaml", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// What people hand in is read, or refused with its place.
func FuzzGiven(f *testing.F) {
	f.Add([]byte("case,scenario\nUP-1,swipe-sale-9\n"))
	f.Add([]byte("waivers:\n- {case: UP-2, reason: x, by: y, until: 2026-07-31}\n"))
	f.Add([]byte("6200123456789010=301212"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if all, err := ReadCases("x", text); err == nil {
			for _, c := range all {
				if c.ID == "" || c.Scenario == "" {
					t.Errorf("%+v", c)
				}
			}
		}
		if all, err := ReadWaivers("x", text); err == nil {
			for _, w := range all {
				if w.until.IsZero() {
					t.Errorf("%+v", w)
				}
			}
		}
		if masked := maskNumbers(text); len(masked) != len(text) {
			t.Errorf("%q became %q", text, masked)
		}
	})
}
