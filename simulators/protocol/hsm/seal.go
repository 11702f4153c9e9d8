package hsm

import "fmt"

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
