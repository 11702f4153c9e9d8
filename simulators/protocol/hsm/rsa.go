package hsm

import (
	"errors"
	"fmt"
	"math/big"
)

// RSAPublic is the public half of a raw RSA key, as EMV's certificates carry it: big-endian bytes without leading zeros.
type RSAPublic struct{ Modulus, Exponent []byte }

// rsaKey signs by the Chinese remainder theorem. It is immutable.
type rsaKey struct {
	public                    RSAPublic
	n, p, q, dp, dq, qInverse *big.Int
}

// GenerateRSA makes a key of that many bits, a multiple of 16, by a prime search on the module's own random bytes, so that
// a seeded module makes the same key again (crypto/rsa reads other randomness since Go 1.26). The exponent is 3 or 65537.
func (h *HSM) GenerateRSA(name string, bits, exponent int) (RSAPublic, error) {
	if bits < 512 || bits > 1984 || bits%16 != 0 {
		return RSAPublic{}, fmt.Errorf("hsm: generate %s: want 512 to 1984 bits in steps of 16, got %d", name, bits)
	}
	p, err := h.prime(bits/2, exponent)
	if err != nil {
		return RSAPublic{}, fmt.Errorf("hsm: generate %s: %w", name, err)
	}
	q, err := h.prime(bits/2, exponent)
	if err != nil {
		return RSAPublic{}, fmt.Errorf("hsm: generate %s: %w", name, err)
	}
	return h.ImportRSA(name, exponent, p.Bytes(), q.Bytes())
}

// prime draws numbers with their two highest bits set, so that a product of two has all its bits, until one is a prime
// whose predecessor has no factor in common with the exponent.
func (h *HSM) prime(bits, exponent int) (*big.Int, error) {
	draw, p, less, gcd := make([]byte, bits/8), new(big.Int), new(big.Int), new(big.Int)
	e := big.NewInt(int64(exponent))
	for {
		if err := h.draw(draw); err != nil {
			return nil, err
		}
		draw[0] |= 0xC0
		draw[len(draw)-1] |= 1
		p.SetBytes(draw)
		if gcd.GCD(nil, nil, less.Sub(p, big.NewInt(1)), e).IsInt64() && gcd.Int64() == 1 && p.ProbablyPrime(20) {
			return p, nil
		}
	}
}

var errRSA = errors.New("these are not the two primes of an RSA key with the exponent 3 or 65537")

// ImportRSA stores a key by its two primes.
func (h *HSM) ImportRSA(name string, exponent int, primeP, primeQ []byte) (RSAPublic, error) {
	p, q, one := new(big.Int).SetBytes(primeP), new(big.Int).SetBytes(primeQ), big.NewInt(1)
	if exponent != 3 && exponent != 65537 || p.Cmp(q) == 0 || p.BitLen() > 1024 || q.BitLen() > 1024 || !p.ProbablyPrime(1) || !q.ProbablyPrime(1) {
		return RSAPublic{}, fmt.Errorf("hsm: import %s: %w", name, errRSA)
	}
	e := big.NewInt(int64(exponent))
	k := &rsaKey{n: new(big.Int).Mul(p, q), p: p, q: q, dp: new(big.Int), dq: new(big.Int), qInverse: new(big.Int)}
	if k.dp.ModInverse(e, new(big.Int).Sub(p, one)) == nil || k.dq.ModInverse(e, new(big.Int).Sub(q, one)) == nil ||
		k.qInverse.ModInverse(q, p) == nil {
		return RSAPublic{}, fmt.Errorf("hsm: import %s: %w", name, errRSA)
	}
	k.public = RSAPublic{k.n.Bytes(), e.Bytes()}
	h.vault.mu.Lock()
	defer h.vault.mu.Unlock()
	h.vault.rsa[name] = k
	return k.public, nil
}

// TakeRSA gives this module a key of another one, so that both hold it; nothing of it comes out in between.
func (h *HSM) TakeRSA(name string, from *HSM) error {
	k, err := from.rsa(name)
	if err != nil {
		return fmt.Errorf("hsm: take: %w", err)
	}
	h.vault.mu.Lock()
	defer h.vault.mu.Unlock()
	h.vault.rsa[name] = k
	return nil
}

// PublicRSA gives the public half of a key.
func (h *HSM) PublicRSA(name string) (RSAPublic, error) {
	k, err := h.rsa(name)
	if err != nil {
		return RSAPublic{}, fmt.Errorf("hsm: public key: %w", err)
	}
	return k.public, nil
}

// PrivateRSA raises a block, which is as long as the modulus and less than it, to the private exponent: it signs what a
// certificate or a card says, and deciphers a PIN that came under the card's key. No padding is added or taken away.
func (h *HSM) PrivateRSA(name string, block []byte) ([]byte, error) {
	k, err := h.rsa(name)
	if err != nil {
		return nil, fmt.Errorf("hsm: rsa: %w", err)
	}
	c := new(big.Int).SetBytes(block)
	if len(block) != len(k.public.Modulus) || c.Cmp(k.n) >= 0 {
		return nil, fmt.Errorf("hsm: rsa under %s: want %d bytes that are less than the modulus, got %d", name, len(k.public.Modulus), len(block))
	}
	low := new(big.Int).Exp(c, k.dq, k.q)
	high := new(big.Int).Exp(c, k.dp, k.p)
	high.Mod(high.Mul(high.Sub(high, low), k.qInverse), k.p)
	return low.Add(low, high.Mul(high, k.q)).FillBytes(make([]byte, len(block))), nil
}

func (h *HSM) rsa(name string) (*rsaKey, error) {
	h.vault.mu.RLock()
	defer h.vault.mu.RUnlock()
	k, ok := h.vault.rsa[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoKey, name)
	}
	return k, nil
}

// Apply raises a block as long as the modulus to the public exponent.
func (p RSAPublic) Apply(block []byte) ([]byte, error) {
	n, c := new(big.Int).SetBytes(p.Modulus), new(big.Int).SetBytes(block)
	if len(block) != len(p.Modulus) || len(block) == 0 || c.Cmp(n) >= 0 {
		return nil, fmt.Errorf("rsa: want %d bytes that are less than the modulus, got %d", len(p.Modulus), len(block))
	}
	return c.Exp(c, new(big.Int).SetBytes(p.Exponent), n).FillBytes(make([]byte, len(block))), nil
}
