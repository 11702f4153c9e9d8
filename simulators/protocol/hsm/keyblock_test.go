package hsm

import (
	"encoding/hex"
	"strings"
	"testing"
)

// The blocks are from the standards' own examples and from another maker's HSM, as openemv/tr31 has collected them.
func TestKeyBlocksOfOthers(t *testing.T) {
	for _, c := range []struct {
		name, kbpk string
		algorithm  Algorithm
		block      string
		usage, key string
		kcv        string
	}{
		{"TR-31:2018, A.7.2.2", "DD7515F2BFC17F85CE48F3CA25CB21F6", TDES2,
			"B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E", "P0", "3F419E1CB7079442AA37474C2EFBF8B8", "57C409"},
		{"TR-31:2018, A.7.3.2, with an optional block", "1D22BF32387C600AD97F9B97A51311AC", TDES2,
			"B0104B0TX12S0100KS1800604B120F9292800000BB68BE8680A400D9191AD4ECE45B6E6C0D21C4738A52190E248719E24B433627", "B0", "E8BC63E5479455E26577F715D587FE68", "9A4212"},
		{"TR-31:2018, A.7.4", "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6", AES256,
			"D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03A457DC34", "P0", "3F419E1CB7079442AA37474C2EFBF8B8", ""},
		{"ANSI X9.143:2021, 8.1", "88E1AB2A2E3DD38C1FA039A536500CC8A87AB9D62DC92C01058FA79F44657DE6", AES256,
			"D0144P0AE00E00002C77FA3F4A553BED6E88AE5C172A4166E3D4ACA8E2AC71C158A476FAC12C13C3829DE55D3AB54C48F4C4FEF7AC75E90FC47F1B77E7B19A73ED46E64410082557", "P0", "3F419E1CB7079442AA37474C2EFBF8B8", ""},
		{"a payShield 10k, version B", "EFE0853B256B583D868F251CE99EA1D9", TDES2,
			"B0080K0TN00N00001C414014375212C24995E405B5EE052CB92B67F455EA2680F6751088F9F1C228", "K0", "5DB50B454F8389ADCE573BE50861F2BF", "5C9405"},
		{"a payShield 10k, version D", strings.Repeat("41", 32), AES256,
			"D0112B0TN00N000037DB9B046B7B0048785690759580ABC3B9842AB4BB7717B49E92528E575785D8123559376A2553B27BE94F054F4E971C", "B0", "1FA1F7CEC798D91545DA8AE0C7796BD9", "FF5087"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := New(nil)
			raw := func(s string) []byte {
				b, err := hex.DecodeString(s)
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			if _, err := h.Import("kbpk", c.algorithm, raw(c.kbpk)); err != nil {
				t.Fatal(err)
			}
			head, kcv, err := h.UnwrapBlock("kbpk", "key", c.block)
			if err != nil {
				t.Fatal(err)
			}
			k, err := h.key("key")
			if err != nil || strings.ToUpper(hex.EncodeToString(k.clear)) != c.key || head.Usage != c.usage || c.kcv != "" && !kcv.Matches(c.kcv) {
				t.Errorf("%+v, KCV %s (%v): want usage %s, KCV %s, or it is another key", head, kcv, err, c.usage, c.kcv)
			}
			for i := range c.block { // whatever is changed is noticed
				changed := []byte(c.block)
				if changed[i]++; strings.EqualFold(string(changed), c.block) {
					continue
				}
				if _, _, err := h.UnwrapBlock("kbpk", "key", string(changed)); err == nil {
					t.Errorf("character %d may be changed", i)
				}
			}
		})
	}
}

func FuzzKeyBlock(f *testing.F) {
	h := New(nil)
	if _, err := h.Import("kbpk", TDES2, []byte("0123456789ABCDEF")); err != nil {
		f.Fatal(err)
	}
	if _, err := h.Import("aes", AES128, []byte("0123456789ABCDEF")); err != nil {
		f.Fatal(err)
	}
	f.Add("B0080P0TE00E000094B420079CC80BA3461F86FE26EFC4A3B8E4FA4C5F5341176EED7B727B8A248E")
	f.Add("B0104B0TX12S0100KS1800604B120F9292800000BB68BE8680A400D9191AD4ECE45B6E6C0D21C4738A52190E248719E24B433627")
	f.Add("D0112P0AE00E0000B82679114F470F540165EDFBF7E250FCEA43F810D215F8D207E2E417C07156A27E8E31DA05F7425509593D03A457DC34")
	f.Fuzz(func(t *testing.T, block string) {
		for _, under := range []string{"kbpk", "aes"} {
			if _, _, err := h.UnwrapBlock(under, "key", block); err == nil {
				t.Errorf("%q opens under a key that it was not made with", block)
			}
		}
	})
}
