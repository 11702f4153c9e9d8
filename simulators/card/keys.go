package card

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"github.com/tillproof/tillproof/simulators/core/settings"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// Keys are the test keys that cards are made with: key pairs of CAs, issuers and cards, and issuers' master keys. All of
// them are public, belong to nobody, and open nothing.
type Keys struct {
	pairs   []keyPair
	masters []MasterKeys
	cas     []CAKey
	box     *hsm.HSM // the pairs that have been wanted
	made    signatures
}

type keyPair struct {
	Name     string `yaml:"name"`
	Exponent int    `yaml:"exponent"`
	P        hexed  `yaml:"p"`
	Q        hexed  `yaml:"q"`
}

// MasterKeys are the three keys from which an issuer makes its cards' keys.
type MasterKeys struct {
	Name      string        `yaml:"name"`
	Algorithm hsm.Algorithm `yaml:"algorithm"`
	AC        hexed         `yaml:"ac"`  // cryptograms
	SMI       hexed         `yaml:"smi"` // MACs of scripts
	SMC       hexed         `yaml:"smc"` // secret data of scripts
}

// Format keeps the keys out of every print.
func (m MasterKeys) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(m.Name)) }

// The names under which master keys, and a card's own keys, are stored in a module.
const (
	KeyAC  = "AC"
	KeySMI = "SMI"
	KeySMC = "SMC"
)

// Import puts the three keys into a module, under the names prefix + KeyAC, KeySMI and KeySMC.
func (m MasterKeys) Import(h *hsm.HSM, prefix string) error {
	for name, key := range map[string]hexed{KeyAC: m.AC, KeySMI: m.SMI, KeySMC: m.SMC} {
		if _, err := h.Import(prefix+name, m.Algorithm, key); err != nil {
			return fmt.Errorf("master keys %s: %w", m.Name, err)
		}
	}
	return nil
}

// CAKey is the public key of a test CA, as a terminal is given it.
type CAKey struct {
	RID      hexed  `yaml:"rid"`
	Index    hexed  `yaml:"index"`
	Key      string `yaml:"key"`     // the key pair's name in fixtures/keys
	Expires  string `yaml:"expires"` // YYMM
	Exponent hexed  `yaml:"exponent"`
	Modulus  hexed  `yaml:"modulus"`
	Check    hexed  `yaml:"check"` // SHA-1 over RID, index, modulus and exponent
}

// hexed is bytes written in hex.
type hexed []byte

// UnmarshalYAML reads hex digits as they stand, quoted or not: 0030 is no number here. Its error has the form of the
// parser's own.
func (h *hexed) UnmarshalYAML(node ast.Node) error {
	token := node.GetToken()
	b, err := hex.DecodeString(token.Value)
	if err != nil {
		return fmt.Errorf("[%d:%d] want pairs of hex digits", token.Position.Line, token.Position.Column)
	}
	*h = b
	return nil
}

// LoadKeys reads keys/rsa.yaml, keys/masters.yaml and capk/test.yaml of fsys.
func LoadKeys(fsys fs.FS) (*Keys, error) {
	var rsa struct {
		Keys []keyPair `yaml:"keys"`
	}
	var masters struct {
		Masters []MasterKeys `yaml:"masters"`
	}
	var cas struct {
		Keys []CAKey `yaml:"keys"`
	}
	for file, into := range map[string]any{"keys/rsa.yaml": &rsa, "keys/masters.yaml": &masters, "capk/test.yaml": &cas} {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, fmt.Errorf("fixtures: %w", err)
		}
		if _, err := (settings.Kind{Name: "fixture", Secret: true}).Read(file, text, into); err != nil {
			return nil, err
		}
	}
	for _, c := range cas.Keys {
		if len(c.Index) != 1 || !bytes.Equal(c.Check, checkValue(c.RID, c.Index[0], hsm.RSAPublic{Modulus: c.Modulus, Exponent: c.Exponent})) {
			return nil, fmt.Errorf("fixture capk/test.yaml: key %X of %X: its check value is another one", []byte(c.Index), []byte(c.RID))
		}
	}
	return &Keys{pairs: rsa.Keys, masters: masters.Masters, cas: cas.Keys, box: hsm.New(nil)}, nil
}

// CAs gives the public keys of the test CAs.
func (k *Keys) CAs() []CAKey { return slices.Clone(k.cas) }

// Masters finds an issuer's master keys.
func (k *Keys) Masters(name string) (MasterKeys, error) {
	i := slices.IndexFunc(k.masters, func(m MasterKeys) bool { return m.Name == name })
	if i < 0 {
		return MasterKeys{}, fmt.Errorf("no master keys %q: see fixtures/keys/masters.yaml", name)
	}
	return k.masters[i], nil
}

// AllMasters gives the master keys of every issuer.
func (k *Keys) AllMasters() []MasterKeys { return slices.Clone(k.masters) }

// importPair puts a key pair into a module under its own name. That its primes are primes is looked at the first time only: it takes
// longer than all else about making a card.
func (k *Keys) importPair(h *hsm.HSM, name string) error {
	if h.TakeRSA(name, k.box) == nil {
		return nil
	}
	i := slices.IndexFunc(k.pairs, func(p keyPair) bool { return p.Name == name })
	if i < 0 {
		return fmt.Errorf("no key pair %q: see fixtures/keys/rsa.yaml", name)
	}
	p := k.pairs[i]
	if _, err := k.box.ImportRSA(name, p.Exponent, p.P, p.Q); err != nil {
		return err
	}
	return h.TakeRSA(name, k.box)
}

func (k *Keys) ca(rid []byte, index byte) (CAKey, error) {
	i := slices.IndexFunc(k.cas, func(c CAKey) bool { return bytes.Equal(c.RID, rid) && bytes.Equal(c.Index, []byte{index}) })
	if i < 0 {
		return CAKey{}, fmt.Errorf("no CA key %02X of %X: see fixtures/capk/test.yaml", index, rid)
	}
	return k.cas[i], nil
}
