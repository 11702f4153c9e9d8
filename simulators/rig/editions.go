package rig

import (
	"encoding/hex"
	"fmt"
	"io/fs"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// The editions of what terminals fetch: files of fixtures/aids and fixtures/capk. A terminal leaves the factory with the first.
const (
	factoryEdition = "factory"
	nextEdition    = "next"
)

// editions are the sets of chip applications and CA keys by edition, each as it is downloaded.
type editions map[string]map[acquirer.Download][][]byte

// caKey is a public key in a file. Its check value is made when it is read.
type caKey struct {
	RID      string `yaml:"rid"`
	Index    string `yaml:"index"`
	Expires  string `yaml:"expires"`
	Exponent string `yaml:"exponent"`
	Modulus  string `yaml:"modulus"`
}

func loadEditions(fsys fs.FS) (editions, error) {
	all := editions{}
	for _, name := range []string{factoryEdition, nextEdition} {
		var aids struct {
			AIDs []string `yaml:"aids"`
		}
		var keys struct {
			Keys []caKey `yaml:"keys"`
		}
		sets := map[acquirer.Download][][]byte{acquirer.Contactless: {contactless(name)}}
		err := eachYAML(fsys, "aids/"+name+".yaml", &aids, func() {})
		if err == nil {
			err = eachYAML(fsys, "capk/"+name+".yaml", &keys, func() {})
		}
		if err != nil {
			return nil, err
		}
		for i, text := range aids.AIDs {
			set, err := hex.DecodeString(text)
			if err == nil {
				_, err = iso8583.ParseAID(set)
			}
			if err != nil {
				return nil, fmt.Errorf("fixture aids/%s.yaml: number %d: %w", name, i+1, err)
			}
			sets[acquirer.AIDs] = append(sets[acquirer.AIDs], set)
		}
		for i, k := range keys.Keys {
			set, err := k.set()
			if err != nil {
				return nil, fmt.Errorf("fixture capk/%s.yaml: number %d: %w", name, i+1, err)
			}
			sets[acquirer.CAPKs] = append(sets[acquirer.CAPKs], set)
		}
		all[name] = sets
	}
	return all, nil
}

func (k caKey) set() ([]byte, error) {
	var parts [4][]byte
	for i, text := range []string{k.RID, k.Index, k.Exponent, k.Modulus} {
		var err error
		if parts[i], err = hex.DecodeString(text); err != nil {
			return nil, err
		}
	}
	if len(parts[1]) != 1 {
		return nil, fmt.Errorf("index %q: want one byte in hex", k.Index)
	}
	key := iso8583.CAPublicKey{RID: parts[0], Index: parts[1][0], Expires: k.Expires, Hash: 1, Algorithm: 1, Exponent: parts[2], Modulus: parts[3]}
	key.Check = key.CheckValue()
	_, err := iso8583.ParseCAPK(key.TLV())
	return key.TLV(), err
}

// contactless gives the contactless parameters of an edition: the limit up to which nobody enters a PIN, 300.00 and then 1000.00
// (DOMAIN.md D.6), in twelve digits, packed; a re-tap window of 30 s.
func contactless(edition string) []byte {
	limit := "000000030000"
	if edition != factoryEdition {
		limit = "000000100000"
	}
	set, err := hex.DecodeString("FF805806" + limit + "FF803A0130")
	if err != nil {
		panic("rig: " + err.Error()) // constants
	}
	return set
}

// factoryParameters are what a till leaves the factory with.
func (e editions) factoryParameters() (terminal.Parameters, error) {
	var p terminal.Parameters
	sets := e[factoryEdition]
	for _, set := range sets[acquirer.AIDs] {
		aid, err := iso8583.ParseAID(set)
		if err != nil {
			return p, err
		}
		p.AIDs = append(p.AIDs, aid)
	}
	for _, set := range sets[acquirer.CAPKs] {
		key, err := iso8583.ParseCAPK(set)
		if err != nil {
			return p, err
		}
		p.CAPKs = append(p.CAPKs, key)
	}
	var err error
	p.Contactless, err = iso8583.ParseContactless(sets[acquirer.Contactless][0])
	return p, err
}
