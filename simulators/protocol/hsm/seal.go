package hsm

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Seal protects a party's own stored data under an AES key: a nonce of 12 bytes, then AES-GCM.
func (h *HSM) Seal(name string, clear []byte) ([]byte, error) {
	k, err := h.sealing(name)
	if err != nil {
		return nil, fmt.Errorf("hsm: seal: %w", err)
	}
	nonce := make([]byte, k.aead.NonceSize(), k.aead.NonceSize()+len(clear)+k.aead.Overhead())
	if err := h.draw(nonce); err != nil {
		return nil, fmt.Errorf("hsm: seal: %w", err)
	}
	return k.aead.Seal(nonce, nonce, clear, nil), nil
}

// Open gives back what Seal protected; data that was changed, or sealed under another key, is an error.
func (h *HSM) Open(name string, sealed []byte) ([]byte, error) {
	k, err := h.sealing(name)
	if err != nil {
		return nil, fmt.Errorf("hsm: open: %w", err)
	}
	n := k.aead.NonceSize()
	if len(sealed) < n {
		return nil, fmt.Errorf("hsm: open: want at least %d bytes, got %d", n, len(sealed))
	}
	clear, err := k.aead.Open(nil, sealed[:n], sealed[n:], nil)
	if err != nil {
		return nil, fmt.Errorf("hsm: open: %d bytes under %s: %w", len(sealed), name, err)
	}
	return clear, nil
}

// Token names something without telling it: the same thing has the same token under the same key, and nobody without the key can try them all.
// It is the first half of an HMAC-SHA256 (RFC 2104).
func (h *HSM) Token(name string, clear []byte) (string, error) {
	k, err := h.sealing(name)
	if err != nil {
		return "", fmt.Errorf("hsm: token: %w", err)
	}
	mac := hmac.New(sha256.New, k.clear)
	mac.Write([]byte("token"))
	mac.Write(clear)
	return hex.EncodeToString(mac.Sum(nil)[:sha256.Size/2]), nil
}

func (h *HSM) sealing(name string) (*key, error) {
	k, err := h.key(name)
	if err != nil {
		return nil, err
	}
	if k.aead == nil {
		return nil, fmt.Errorf("key %s is %s, want an AES key", name, k.algorithm)
	}
	return k, nil
}
