// Package hsm is a party's security module: keys go in by name and never come out except wrapped or as components.
package hsm

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// ErrNoKey says that no key has that name.
var ErrNoKey = errors.New("no such key")

// HSM holds the named keys of one party. Its methods may be called from any goroutine. Errors never hold key, PIN or
// track digits, and an HSM prints only how many keys it has.
type HSM struct{ vault *vault }

// The vault stands behind a pointer so that even %#v of a struct with an HSM in it shows an address and no key.
type vault struct {
	mu     sync.RWMutex
	keys   map[string]*key
	rsa    map[string]*rsaKey
	sign   map[string]*signer
	chance sync.Mutex // random readers are not safe for several goroutines
	random io.Reader
}

// New makes an empty module. random feeds key generation, PIN-block fill and nonces; with a seeded stream all it makes
// is repeatable.
func New(random io.Reader) *HSM {
	return &HSM{&vault{keys: map[string]*key{}, rsa: map[string]*rsaKey{}, sign: map[string]*signer{}, random: random}}
}

// Format prints the number of keys for every verb.
func (h HSM) Format(s fmt.State, _ rune) {
	h.vault.mu.RLock()
	defer h.vault.mu.RUnlock()
	_, _ = fmt.Fprintf(s, "hsm with %d keys", len(h.vault.keys)+len(h.vault.rsa)+len(h.vault.sign))
}

// KCV is a key check value: the first four bytes of the encryption of zeros. It may be shown.
type KCV [4]byte

// String gives eight upper-case hex characters.
func (k KCV) String() string { return fmt.Sprintf("%X", k[:]) }

// Matches compares with hex of three or four bytes, in either case (some tools print three, DOMAIN.md B.2).
func (k KCV) Matches(hex string) bool {
	return (len(hex) == 6 || len(hex) == 8) && strings.EqualFold(hex, k.String()[:len(hex)])
}

// Generate makes a random key under that name, with odd parity where DES asks for it.
func (h *HSM) Generate(name string, a Algorithm) (KCV, error) {
	k, err := h.generate(a)
	if err != nil {
		return KCV{}, fmt.Errorf("hsm: generate %s: %w", name, err)
	}
	h.put(name, k)
	return k.kcv(), nil
}

func (h *HSM) generate(a Algorithm) (*key, error) {
	clear := make([]byte, a.Size())
	if err := h.draw(clear); err != nil {
		return nil, err
	}
	if a.isDES() {
		oddParity(clear)
	}
	return newKey(a, clear)
}

// Import joins one to three XOR components to a key. The caller compares the KCV with what the key custodians expect.
func (h *HSM) Import(name string, a Algorithm, components ...[]byte) (KCV, error) {
	if len(components) < 1 || len(components) > 3 {
		return KCV{}, fmt.Errorf("hsm: import %s: want one to three components, got %d", name, len(components))
	}
	if a.Size() == 0 {
		return KCV{}, fmt.Errorf("hsm: import %s: %w", name, errAlgorithm)
	}
	clear := make([]byte, a.Size())
	for i, c := range components {
		if len(c) != len(clear) {
			return KCV{}, fmt.Errorf("hsm: import %s: component %d: want %d bytes for %s, got %d", name, i+1, len(clear), a, len(c))
		}
		subtle.XORBytes(clear, clear, c)
	}
	k, err := newKey(a, clear)
	if err != nil {
		return KCV{}, fmt.Errorf("hsm: import %s: %w", name, err)
	}
	h.put(name, k)
	return k.kcv(), nil
}

// Components splits a key in n (2 or 3) XOR components: with Wrap the only way out.
func (h *HSM) Components(name string, n int) ([][]byte, error) {
	k, err := h.key(name)
	if err != nil {
		return nil, fmt.Errorf("hsm: components: %w", err)
	}
	if n < 2 || n > 3 {
		return nil, fmt.Errorf("hsm: components of %s: want 2 or 3, got %d", name, n)
	}
	last := bytes.Clone(k.clear)
	parts := make([][]byte, n)
	for i := range n - 1 {
		parts[i] = make([]byte, len(last))
		if err := h.draw(parts[i]); err != nil {
			return nil, fmt.Errorf("hsm: components of %s: %w", name, err)
		}
		subtle.XORBytes(last, last, parts[i])
	}
	parts[n-1] = last
	return parts, nil
}

// Delete forgets a key; an unknown name is no fault.
func (h *HSM) Delete(name string) {
	h.vault.mu.Lock()
	defer h.vault.mu.Unlock()
	delete(h.vault.keys, name)
	delete(h.vault.rsa, name)
	delete(h.vault.sign, name)
}

// Has tells that there is a key of that name.
func (h *HSM) Has(name string) bool {
	h.vault.mu.RLock()
	defer h.vault.mu.RUnlock()
	return h.vault.keys[name] != nil
}

// KCV gives the check value of a key: the first four bytes of the encryption of a block of zeros.
func (h *HSM) KCV(name string) (KCV, error) {
	k, err := h.key(name)
	if err != nil {
		return KCV{}, fmt.Errorf("hsm: kcv: %w", err)
	}
	return k.kcv(), nil
}

// CMACCheckValue gives the five-byte check value that ANSI X9.24-1:2017, annex A, asks for with AES keys: the first
// bytes of the CMAC of a block of zeros.
func (h *HSM) CMACCheckValue(name string) ([]byte, error) {
	mac, err := h.MAC(name, MACAESCMAC, make([]byte, 16))
	if err != nil {
		return nil, err
	}
	return mac[:5:5], nil
}

// Wrap encrypts key `name` in ECB under key `under`.
func (h *HSM) Wrap(under, name string) ([]byte, KCV, error) {
	wrapping, err := h.key(under)
	if err != nil {
		return nil, KCV{}, fmt.Errorf("hsm: wrap: %w", err)
	}
	k, err := h.key(name)
	if err != nil {
		return nil, KCV{}, fmt.Errorf("hsm: wrap: %w", err)
	}
	wrapped, err := wrapping.wrap(k)
	if err != nil {
		return nil, KCV{}, fmt.Errorf("hsm: wrap %s under %s: %w", name, under, err)
	}
	return wrapped, k.kcv(), nil
}

// Unwrap decrypts a key that came in ECB under key `under` and stores it. The caller compares the KCV.
func (h *HSM) Unwrap(under, name string, a Algorithm, wrapped []byte) (KCV, error) {
	k, err := h.unwrap(under, a, wrapped)
	if err != nil {
		return KCV{}, fmt.Errorf("hsm: unwrap %s: %w", name, err)
	}
	h.put(name, k)
	return k.kcv(), nil
}

func (h *HSM) unwrap(under string, a Algorithm, wrapped []byte) (*key, error) {
	wrapping, err := h.key(under)
	if err != nil {
		return nil, err
	}
	clear, err := ecb(wrapping.block.BlockSize(), wrapping.block.Decrypt, wrapped)
	if err != nil {
		return nil, fmt.Errorf("under %s: %w", under, err)
	}
	return newKey(a, clear)
}

func (k *key) wrap(inner *key) ([]byte, error) {
	return ecb(k.block.BlockSize(), k.block.Encrypt, inner.clear)
}

// ecb runs each block by itself; it is for keys and tracks, which have no pattern to hide.
func ecb(size int, cipher func(dst, src []byte), in []byte) ([]byte, error) {
	if len(in) == 0 || len(in)%size != 0 {
		return nil, fmt.Errorf("want whole blocks of %d bytes, got %d bytes", size, len(in))
	}
	out := make([]byte, len(in))
	for i := 0; i < len(in); i += size {
		cipher(out[i:i+size], in[i:i+size])
	}
	return out, nil
}

func (h *HSM) put(name string, k *key) {
	h.vault.mu.Lock()
	defer h.vault.mu.Unlock()
	h.vault.keys[name] = k
}

func (h *HSM) key(name string) (*key, error) {
	h.vault.mu.RLock()
	defer h.vault.mu.RUnlock()
	k, ok := h.vault.keys[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s", ErrNoKey, name)
	}
	return k, nil
}

func (h *HSM) draw(b []byte) error {
	h.vault.chance.Lock()
	defer h.vault.chance.Unlock()
	if _, err := io.ReadFull(h.vault.random, b); err != nil {
		return fmt.Errorf("random bytes: %w", err)
	}
	return nil
}

// upperHex writes src as upper-case hex characters, the trade's way; dst has room for two characters a byte.
func upperHex(dst, src []byte) {
	const digits = "0123456789ABCDEF"
	for i, b := range src { // no branch: the digits of a cryptogram cannot be foreseen
		dst[2*i], dst[2*i+1] = digits[b>>4], digits[b&15]
	}
}
