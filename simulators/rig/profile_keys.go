package rig

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// fetchKeys brings the components of all keys that do not stand in the profile itself, and opens those in blocks.
func (p *Profile) fetchKeys(env Environment) error {
	var all []error
	if p.KBPK != nil {
		if err := p.fetchKey("$.kbpk", "", p.KBPK, env); err != nil {
			return err
		}
		if err := p.checkKey("$.kbpk", *p.KBPK, hsm.TDES2, hsm.TDES3, hsm.AES128, hsm.AES192, hsm.AES256); err != nil {
			return err
		}
	}
	if p.CVK != nil {
		all = append(all, p.fetchKey("$.cvk", "C0", p.CVK, env))
	}
	if p.Issuer != nil {
		all = append(all, p.fetchKey("$.issuer.zpk", "P0", &p.Issuer.ZPK, env))
		if p.Issuer.MAK != nil {
			all = append(all, p.fetchKey("$.issuer.mak", "M0 M1 M3 M5 M6", p.Issuer.MAK, env))
		}
	}
	all = append(all, p.fetchTerminals("$.terminals", p.Terminals, env))
	for i, set := range p.Pool {
		all = append(all, p.fetchTerminals(fmt.Sprintf("$.pool[%d].terminals", i), set.Terminals, env))
	}
	return errors.Join(all...)
}

func (p *Profile) fetchTerminals(at string, list []ProfileTerminal, env Environment) error {
	var all []error
	for i := range list {
		t := &list[i]
		if t.DUKPT != nil {
			all = append(all, p.fetchKey(fmt.Sprintf("%s[%d].dukpt.initial", at, i), "B1", &t.DUKPT.Initial, env))
		}
		for _, k := range []struct {
			name, usage string
			key         *ProfileKey
		}{{"tmk", "K0 K1", &t.TMK}, {"pik", "P0", &t.PIK}, {"mak", "M0 M1 M3 M5 M6", &t.MAK}} {
			all = append(all, p.fetchKey(fmt.Sprintf("%s[%d].%s", at, i, k.name), k.usage, k.key, env))
		}
	}
	return errors.Join(all...)
}

// fetchKey takes a key from one place. usage is what a key block must say that it is for. What is in a key never stands in an error.
func (p *Profile) fetchKey(at, usage string, k *ProfileKey, env Environment) error {
	places := 0
	for _, there := range []bool{len(k.Components) > 0, k.Block != "", k.File != "", k.Env != ""} {
		if there {
			places++
		}
	}
	switch {
	case places > 1:
		return p.mistake(at, "want one of components, block, file and env")
	case k.Block != "":
		return p.openBlock(at+".block", usage, k)
	case k.File != "":
		text, err := os.ReadFile(p.beside(k.File))
		if err != nil {
			return p.mistake(at+".file", "%v", err)
		}
		if k.Components = lines(string(text)); len(k.Components) == 0 {
			return p.mistake(at+".file", "%s is empty: want the key in hex, or a component a line", k.File)
		}
	case k.Env != "":
		text, ok := env(k.Env)
		if !ok || strings.TrimSpace(text) == "" {
			return p.mistake(at+".env", "the environment has no %s: set it to the key in hex, or to its components with blanks between them", k.Env)
		}
		k.Components = strings.Fields(text)
	}
	return nil
}

// openBlock takes a key out of its block, which says what the key is for.
func (p *Profile) openBlock(at, usage string, k *ProfileKey) error {
	if p.KBPK == nil || usage == "" {
		return p.mistake(at, "want the profile's kbpk, under which the block was made")
	}
	parts, err := p.KBPK.parts()
	if err != nil {
		return p.mistake("$.kbpk", "%v", err)
	}
	box := hsm.New(sim.Seed(0).Reader("key blocks"))
	if _, err := box.Import("kbpk", p.KBPK.algorithm(), parts...); err != nil {
		return p.mistake("$.kbpk", "%v", err)
	}
	head, _, err := box.UnwrapBlock("kbpk", "key", k.Block)
	switch {
	case err != nil:
		return p.mistake(at, "%v", err)
	case !slices.Contains(strings.Fields(usage), head.Usage):
		return p.mistake(at, "the block says that its key is for %s: want one of %s", head.Usage, usage)
	}
	if parts, err = box.Components("key", 2); err != nil {
		return p.mistake(at, "%v", err)
	}
	k.Components = []string{hex.EncodeToString(parts[0]), hex.EncodeToString(parts[1])}
	return nil
}

// lines gives the lines that are neither empty nor a remark.
func lines(text string) (all []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}

func (p *Profile) checkKey(at string, k ProfileKey, algorithms ...hsm.Algorithm) error {
	if !slices.Contains(algorithms, k.algorithm()) {
		return p.mistake(at+".algorithm", "%q: want one of %v", k.Algorithm, algorithms)
	}
	parts, err := k.parts()
	if err != nil {
		return p.mistake(at+".components", "%v", err)
	}
	kcv, err := hsm.New(sim.Seed(0).Reader("profile")).Import("key", k.algorithm(), parts...)
	if err != nil {
		return p.mistake(at+".components", "%v", err)
	}
	if k.KCV != "" && !kcv.Matches(k.KCV) {
		return p.mistake(at+".kcv", "the components give KCV %s, not %s: one of them is wrong", kcv, k.KCV)
	}
	if slices.ContainsFunc(p.Production, func(listed string) bool { return kcv.Matches(listed) }) {
		return p.mistake(at, "KCV %s is on the list of production keys: tests run with test keys only", kcv)
	}
	return nil
}

// keyScheme is the code of DOMAIN.md A.5.1 that fits the master key; "" leaves it to the till.
func (t ProfileTerminal) keyScheme() string {
	if t.TMK.algorithm() == hsm.SM4 {
		return "005"
	}
	return ""
}

func (k ProfileKey) algorithm() hsm.Algorithm {
	if k.Algorithm == "" {
		return hsm.TDES2
	}
	return k.Algorithm
}

// parts gives the key's components. Their digits never stand in an error.
func (k ProfileKey) parts() ([][]byte, error) {
	var parts [][]byte
	for i, c := range k.Components {
		b, err := hex.DecodeString(strings.ReplaceAll(c, " ", ""))
		if err != nil {
			return nil, fmt.Errorf("component %d is not hex", i+1)
		}
		parts = append(parts, b)
	}
	return parts, nil
}
