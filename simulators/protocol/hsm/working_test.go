package hsm_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

func names() hsm.KeyNames {
	return hsm.KeyNames{PIK: "T1/PIK", MAK: "T1/MAK", TDK: "T1/TDK"}
}

// The golden sign-in answer (DOMAIN.md B.2): F62 of 40 bytes, the MAK single-length with a zero second half on the wire.
func TestGoldenWorkingKeys(t *testing.T) {
	for _, mak := range []hsm.MAKLength{hsm.MAKAuto, hsm.MAKSingle} {
		t.Run(string(mak), func(t *testing.T) {
			h := module(t, "T1/TMK", hsm.TDES2, goldenTMK)
			failed, err := h.LoadWorkingKeys("T1/TMK", unhex(goldenF62), names(), false, mak)
			if failed != "" || err != nil {
				t.Fatalf("failed %q, %v", failed, err)
			}
			for name, want := range map[string]string{"T1/PIK": "8D0A74B8", "T1/MAK": "AB7153CA"} {
				if kcv, err := h.KCV(name); err != nil || kcv.String() != want {
					t.Errorf("%s: KCV %s, %v, want %s", name, kcv, err, want)
				}
			}
			wantKey(t, h, "T1/PIK", goldenPIK)
			wantKey(t, h, "T1/MAK", goldenMAK)
			if h.Has("T1/TDK") {
				t.Error("a TDK came from nowhere")
			}
		})
	}
}

func TestKCVMismatchStoresNothing(t *testing.T) {
	for _, c := range []struct {
		name, want string
		at         int // the byte of F62 that is spoiled
		mak        hsm.MAKLength
	}{
		{"PIK", "PIK", 0, hsm.MAKAuto},
		{"PIK check value", "PIK", 19, hsm.MAKAuto},
		{"MAK", "MAK", 20, hsm.MAKAuto},
		{"MAK second half", "MAK", 35, hsm.MAKAuto},
		{"MAK check value", "MAK", 39, hsm.MAKAuto},
		{"MAK taken for double", "MAK", -1, hsm.MAKDouble},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := module(t, "T1/TMK", hsm.TDES2, goldenTMK)
			generate(t, h, "T1/PIK", hsm.TDES2)
			before, _ := h.KCV("T1/PIK")
			f62 := unhex(goldenF62)
			if c.at >= 0 {
				f62[c.at] ^= 1
			}
			failed, err := h.LoadWorkingKeys("T1/TMK", f62, names(), false, c.mak)
			if failed != c.want || err != nil {
				t.Errorf("failed %q, %v, want %q", failed, err, c.want)
			}
			if after, _ := h.KCV("T1/PIK"); after != before || h.Has("T1/MAK") {
				t.Error("keys were stored all the same")
			}
		})
	}
}

// What the acquirer lays out the terminal reads, in every layout of DOMAIN.md A.8 that a download code makes.
func TestWorkingKeysRoundTrip(t *testing.T) {
	for _, c := range []struct {
		name, code string
		master     hsm.Algorithm
		mak        hsm.MAKLength
		length     int
		sm4, tdk   bool
	}{
		{"001 single", "001", hsm.TDES2, hsm.MAKAuto, 24, false, false},
		{"003 double, MAK single", "003", hsm.TDES2, hsm.MAKAuto, 40, false, false},
		{"003 double, MAK double", "003", hsm.TDES2, hsm.MAKDouble, 40, false, false},
		{"003 under a triple-length master key", "003", hsm.TDES3, hsm.MAKSingle, 40, false, false},
		{"004 with TDK", "004", hsm.TDES2, hsm.MAKSingle, 60, false, true},
		{"005 SM4", "005", hsm.SM4, hsm.MAKAuto, 40, true, false},
		{"006 SM4 with TDK", "006", hsm.SM4, hsm.MAKAuto, 60, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			host, till := hsm.New(sim.Seed(3).Reader("host")), hsm.New(sim.Seed(3).Reader("till"))
			share(t, host, till, "T1/TMK", c.master)
			f62, err := host.WorkingKeys("T1/TMK", c.code, names(), c.mak)
			if err != nil || len(f62) != c.length {
				t.Fatalf("%d bytes, %v, want %d", len(f62), err, c.length)
			}
			zeros := bytes.Contains(f62, make([]byte, 8))
			if single := c.length != 24 && !c.sm4 && c.mak != hsm.MAKDouble; zeros != single {
				t.Errorf("zeros behind the MAK: %v, want %v", zeros, single)
			}
			if failed, err := till.LoadWorkingKeys("T1/TMK", f62, names(), c.sm4, c.mak); failed != "" || err != nil {
				t.Fatalf("failed %q, %v", failed, err)
			}
			for _, name := range []string{"T1/PIK", "T1/MAK", "T1/TDK"} {
				if name == "T1/TDK" && !c.tdk {
					continue
				}
				ours, err := host.KCV(name)
				theirs, err2 := till.KCV(name)
				if ours != theirs || err != nil || err2 != nil {
					t.Errorf("%s: %s and %s, %v, %v", name, ours, theirs, err, err2)
				}
			}
			if till.Has("T1/TDK") != c.tdk {
				t.Errorf("TDK: %v", till.Has("T1/TDK"))
			}
		})
	}
}

// Triple-length layouts (56 and 84 bytes) come from other hosts; their MAK fills 8, 16 or 24 bytes of its slot.
func TestTripleLengthLayouts(t *testing.T) {
	for _, mak := range []hsm.Algorithm{hsm.DES, hsm.TDES2, hsm.TDES3} {
		t.Run(string(mak), func(t *testing.T) {
			h := module(t, "TMK", hsm.TDES2, goldenTMK)
			var f62 []byte
			for _, k := range []struct {
				name string
				a    hsm.Algorithm
			}{{"a", hsm.TDES3}, {"b", mak}, {"c", hsm.TDES3}} {
				generate(t, h, k.name, k.a)
				wrapped, kcv, err := h.Wrap("TMK", k.name)
				if err != nil {
					t.Fatal(err)
				}
				f62 = append(append(append(f62, wrapped...), make([]byte, 24-len(wrapped))...), kcv[:]...)
			}
			for _, length := range []int{56, 84} {
				failed, err := h.LoadWorkingKeys("TMK", f62[:length], names(), false, hsm.MAKAuto)
				if failed != "" || err != nil {
					t.Errorf("%d bytes: failed %q, %v", length, failed, err)
				}
				want, _ := h.KCV("b")
				if got, _ := h.KCV("T1/MAK"); got != want {
					t.Errorf("%d bytes: MAK %s, want %s", length, got, want)
				}
			}
		})
	}
}

func TestWorkingKeyRefusals(t *testing.T) {
	h := module(t, "TMK", hsm.TDES2, goldenTMK)
	if _, err := h.LoadWorkingKeys("TMK", make([]byte, 41), names(), false, hsm.MAKAuto); !errors.Is(err, hsm.ErrF62) {
		t.Errorf("41 bytes: %v", err)
	}
	if _, err := h.LoadWorkingKeys("TMK", nil, names(), false, hsm.MAKAuto); !errors.Is(err, hsm.ErrF62) {
		t.Errorf("empty: %v", err)
	}
	if _, err := h.LoadWorkingKeys("TMK", make([]byte, 56), names(), true, hsm.MAKAuto); !errors.Is(err, hsm.ErrF62) {
		t.Errorf("SM4 of 56 bytes: %v", err)
	}
	if _, err := h.LoadWorkingKeys("none", unhex(goldenF62), names(), false, hsm.MAKAuto); !errors.Is(err, hsm.ErrNoKey) {
		t.Errorf("no master key: %v", err)
	}
	if _, err := h.WorkingKeys("none", "003", names(), hsm.MAKAuto); !errors.Is(err, hsm.ErrNoKey) {
		t.Errorf("no master key: %v", err)
	}
	if h.Has("T1/PIK") {
		t.Error("a key was made that nobody can be told")
	}
	if _, err := h.WorkingKeys("TMK", "301", names(), hsm.MAKAuto); err == nil {
		t.Error("code 301 brings keys")
	}
	if _, err := h.WorkingKeys("TMK", "004", hsm.KeyNames{PIK: "p", MAK: "m"}, hsm.MAKAuto); err == nil {
		t.Error("a TDK without a name")
	}
}

func FuzzLoadWorkingKeys(f *testing.F) {
	f.Add(unhex(goldenF62), false, "auto")
	f.Add(make([]byte, 84), false, "16")
	f.Add(make([]byte, 60), true, "8")
	f.Fuzz(func(t *testing.T, f62 []byte, sm4 bool, mak string) {
		h := module(t, "TMK", hsm.TDES2, goldenTMK)
		mustImport(t, h, "SM4", hsm.SM4, goldenTMK)
		for _, under := range []string{"TMK", "SM4"} {
			h.Delete("T1/PIK")
			failed, err := h.LoadWorkingKeys(under, f62, names(), sm4, hsm.MAKLength(mak))
			if loaded := failed == "" && err == nil; loaded != h.Has("T1/PIK") {
				t.Errorf("failed %q, %v, but has a PIK: %v", failed, err, h.Has("T1/PIK"))
			}
		}
	})
}

// wantKey checks a key's bytes by its components, the only way to see them.
func wantKey(t *testing.T, h *hsm.HSM, name, want string) {
	t.Helper()
	parts, err := h.Components(name, 2)
	if err != nil {
		t.Fatal(err)
	}
	sum := make([]byte, len(parts[0]))
	for _, p := range parts {
		for i := range sum {
			sum[i] ^= p[i]
		}
	}
	if !bytes.Equal(sum, unhex(want)) {
		t.Errorf("%s is %X, want %s", name, sum, want)
	}
}

// share gives two parties one key, as key custodians do: by components.
func share(t *testing.T, a, b *hsm.HSM, name string, of hsm.Algorithm) {
	t.Helper()
	generate(t, a, name, of)
	parts, err := a.Components(name, 3)
	if err != nil {
		t.Fatal(err)
	}
	kcv, err := b.Import(name, of, parts...)
	if ours, _ := a.KCV(name); err != nil || !kcv.Matches(ours.String()) {
		t.Fatalf("KCV %s and %s, %v", ours, kcv, err)
	}
}
