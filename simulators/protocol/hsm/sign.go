package hsm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"

	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// Signing is how a message of a wallet is signed.
type Signing string

// The signings.
const (
	HMACSHA256 Signing = "hmac-sha256" // both sides have the secret
	RSASHA256  Signing = "rsa-sha256"  // RSASSA-PKCS1-v1_5 (RFC 8017, 8.2)
	SM2SM3     Signing = "sm2-sm3"     // GB/T 32918.2, with the default user id; DER
)

// signer signs, verifies, or both. It is immutable.
type signer struct {
	kind   Signing
	secret []byte
	rsa    *rsa.PrivateKey
	sm2    *sm2.PrivateKey
	public crypto.PublicKey
}

// ImportSecret stores an HMAC secret of at least 16 bytes.
func (h *HSM) ImportSecret(name string, secret []byte) error {
	if len(secret) < 16 {
		return fmt.Errorf("hsm: import %s: want a secret of at least 16 bytes, got %d", name, len(secret))
	}
	h.putSigner(name, &signer{kind: HMACSHA256, secret: append([]byte(nil), secret...)})
	return nil
}

// ImportSigner stores a private key (PKCS #8, DER), RSA of at least 2048 bits or SM2, and gives its public half (PKIX, DER).
func (h *HSM) ImportSigner(name string, pkcs8 []byte) (public []byte, err error) {
	private, err := smx509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return nil, fmt.Errorf("hsm: import %s: it is no private key in PKCS #8", name) // the parser's words may hold key bytes
	}
	s := &signer{}
	switch k := private.(type) {
	case *rsa.PrivateKey:
		s.kind, s.rsa, s.public = RSASHA256, k, k.Public()
	case *sm2.PrivateKey:
		s.kind, s.sm2, s.public = SM2SM3, k, k.Public()
	default:
		return nil, fmt.Errorf("hsm: import %s: want a key of RSA or SM2, got %T", name, private)
	}
	if err := s.strong(); err != nil {
		return nil, fmt.Errorf("hsm: import %s: %w", name, err)
	}
	h.putSigner(name, s)
	return smx509.MarshalPKIXPublicKey(s.public)
}

// ImportVerifier stores another's public key (PKIX, DER): it verifies and does not sign.
func (h *HSM) ImportVerifier(name string, pkix []byte) error {
	public, err := smx509.ParsePKIXPublicKey(pkix)
	if err != nil {
		return fmt.Errorf("hsm: import %s: it is no public key: %w", name, err)
	}
	s := &signer{public: public}
	switch {
	case sm2.IsSM2PublicKey(public):
		s.kind = SM2SM3
	default:
		s.kind = RSASHA256
	}
	if err := s.strong(); err != nil {
		return fmt.Errorf("hsm: import %s: %w", name, err)
	}
	h.putSigner(name, s)
	return nil
}

func (s *signer) strong() error {
	if s.kind == SM2SM3 {
		return nil
	}
	if k, ok := s.public.(*rsa.PublicKey); !ok || k.N.BitLen() < 2048 {
		return fmt.Errorf("want a key of RSA with at least 2048 bits, or of SM2")
	}
	return nil
}

func (h *HSM) putSigner(name string, s *signer) {
	h.vault.mu.Lock()
	defer h.vault.mu.Unlock()
	h.vault.sign[name] = s
}

func (h *HSM) signer(name string) (*signer, error) {
	h.vault.mu.RLock()
	defer h.vault.mu.RUnlock()
	s, ok := h.vault.sign[name]
	if !ok {
		return nil, fmt.Errorf("hsm: signatures: %w: %s", ErrNoKey, name)
	}
	return s, nil
}

// Signing tells how the key of that name signs.
func (h *HSM) Signing(name string) (Signing, error) {
	s, err := h.signer(name)
	if err != nil {
		return "", err
	}
	return s.kind, nil
}

// Sign signs a message: the same message has the same signature, also under SM2.
func (h *HSM) Sign(name string, message []byte) ([]byte, error) {
	s, err := h.signer(name)
	switch {
	case err != nil:
		return nil, err
	case s.secret != nil:
		return s.mac(message), nil
	case s.rsa != nil:
		digest := sha256.Sum256(message)
		return rsa.SignPKCS1v15(nil, s.rsa, crypto.SHA256, digest[:])
	case s.sm2 != nil:
		return sm2.SignDeterministic(s.sm2, message, sm2.DefaultSM2SignerOpts)
	}
	return nil, fmt.Errorf("hsm: signatures: %s is a public key, and verifies only", name)
}

func (s *signer) mac(message []byte) []byte {
	m := hmac.New(sha256.New, s.secret)
	m.Write(message)
	return m.Sum(nil)
}

// VerifySignature tells whether a signature is right; an error means that there is no such key.
func (h *HSM) VerifySignature(name string, message, signature []byte) (bool, error) {
	s, err := h.signer(name)
	if err != nil {
		return false, err
	}
	switch k := s.public.(type) {
	case *rsa.PublicKey:
		digest := sha256.Sum256(message)
		return rsa.VerifyPKCS1v15(k, crypto.SHA256, digest[:], signature) == nil, nil
	case *ecdsa.PublicKey:
		return sm2.VerifyASN1WithSM2(k, nil, message, signature), nil
	}
	return hmac.Equal(s.mac(message), signature), nil
}
