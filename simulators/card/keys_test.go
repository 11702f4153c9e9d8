package card_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

var update = flag.Bool("update", false, "write the shipped keys and golden files anew")

// shippedPairs are made by our own prime search; the seed is the name.
var shippedPairs = []struct {
	name           string
	bits, exponent int
}{
	{"ca-768", 768, 3}, {"ca-1024", 1024, 3}, {"ca-1152", 1152, 3}, {"ca-1408", 1408, 65537}, {"ca-1984", 1984, 3},
	{"issuer-768", 768, 3}, {"issuer-1024", 1024, 3}, {"issuer-1152", 1152, 65537}, {"issuer-1408", 1408, 3}, {"issuer-1984", 1984, 3},
	{"card-768", 768, 3}, {"card-1024", 1024, 3}, {"card-1024-long", 1024, 65537}, {"card-1152", 1152, 3}, {"card-1408", 1408, 65537},
	{"pin-768", 768, 3}, {"pin-1024", 1024, 3}, {"pin-1152", 1152, 65537},
}

// shippedCAs: each test CA signs for the schemes whose cards are shipped, under test indexes.
var shippedCAs = []struct{ index, pair string }{{"F0", "ca-768"}, {"F1", "ca-1024"}, {"F2", "ca-1152"}, {"F3", "ca-1408"}, {"F4", "ca-1984"}}

// primes draws both primes as GenerateRSA does, and shows them: only for test keys that are shipped anyway.
func primes(t *testing.T, name string, bits, exponent int) (p, q []byte, public hsm.RSAPublic) {
	tap := &drawn{from: sim.Seed(1).Reader("test key " + name)}
	public, err := hsm.New(tap).GenerateRSA("K", bits, exponent)
	if err != nil {
		t.Fatal(err)
	}
	n := new(big.Int).SetBytes(public.Modulus)
	for _, draw := range tap.draws {
		draw[0] |= 0xC0
		draw[len(draw)-1] |= 1
		d := new(big.Int).SetBytes(draw)
		if new(big.Int).Mod(n, d).Sign() == 0 {
			if p == nil {
				p = draw
			} else {
				q = draw
			}
		}
	}
	return p, q, public
}

func TestShippedKeys(t *testing.T) {
	var rsa, capk bytes.Buffer
	fmt.Fprintf(&rsa, "# TEST keys: public on purpose, made by TestShippedKeys from a seed, belonging to nobody. Never use them for anything real.\nkeys:\n")
	fmt.Fprintf(&capk, "# The public keys of the TEST CAs; the private halves stand in fixtures/keys/rsa.yaml. expires: YYMM.\n"+
		"# check: SHA-1 over RID, index, modulus and exponent (DOMAIN.md D.4).\nkeys:\n")
	publics := map[string]hsm.RSAPublic{}
	for _, k := range shippedPairs {
		p, q, public := primes(t, k.name, k.bits, k.exponent)
		fmt.Fprintf(&rsa, "  - name: %s\n    exponent: %d\n    p: %X\n    q: %X\n", k.name, k.exponent, p, q)
		publics[k.name] = public
	}
	for _, rid := range []string{"A000000333", "A000000003", "A000000004"} {
		for _, ca := range shippedCAs {
			public := publics[ca.pair]
			sum := sha1.Sum(slices.Concat(unhex(rid), unhex(ca.index), public.Modulus, public.Exponent))
			fmt.Fprintf(&capk, "  - rid: %s\n    index: %s\n    key: %s\n    expires: \"3512\"\n    exponent: \"%02X\"\n    modulus: %X\n    check: %X\n",
				rid, ca.index, ca.pair, public.Exponent, public.Modulus, sum)
		}
	}
	if *update {
		for name, b := range map[string][]byte{"keys/rsa.yaml": rsa.Bytes(), "capk/test.yaml": capk.Bytes()} {
			if err := os.WriteFile("../../fixtures/"+name, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	shipped := func(name string) []byte {
		b, err := fs.ReadFile(fixtures.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if !bytes.Equal(shipped("keys/rsa.yaml"), rsa.Bytes()) || !bytes.Equal(shipped("capk/test.yaml"), capk.Bytes()) {
		t.Error("the shipped keys are not the seed's: go test ./simulators/card -run ShippedKeys -update")
	}
	if _, err := card.LoadKeys(fixtures.FS); err != nil {
		t.Error(err)
	}
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

// drawn keeps what is drawn.
type drawn struct {
	from  io.Reader
	draws [][]byte
}

func (d *drawn) Read(b []byte) (int, error) {
	n, err := d.from.Read(b)
	d.draws = append(d.draws, slices.Clone(b[:n]))
	return n, err
}

func secret(s string) pay.Secret { return pay.NewSecret(s) }
