package rig

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"time"
)

// pki is a run's own certificate authority with one host certificate, for lines with TLS. Its keys live as long as the run.
type pki struct {
	roots     *x509.CertPool
	authority []byte // DER
	host      tls.Certificate
}

// The host's certificate is good from the year in which virtual time begins, and for as long as anybody may run this; a clock
// that is years slow finds it not yet valid.
var (
	certFrom  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	certUntil = time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC)
)

func newPKI() (*pki, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("test authority: %w", err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tillproof test authority"},
		NotBefore: certFrom, NotAfter: certUntil, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, fmt.Errorf("test authority: %w", err)
	}
	if ca, err = x509.ParseCertificate(caDER); err != nil {
		return nil, fmt.Errorf("test authority: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("host certificate: %w", err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "acquirer.test"},
		DNSNames: []string{"acquirer.test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: certFrom, NotAfter: certUntil, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, fmt.Errorf("host certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	return &pki{roots: roots, authority: caDER, host: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}}, nil
}

// server is the host's side of TLS.
func (p *pki) server() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{p.host}, MinVersion: tls.VersionTLS12}
}

// client is a till's side; its clock is set where it is used.
func (p *pki) client() *tls.Config {
	return &tls.Config{RootCAs: p.roots, ServerName: "acquirer.test", MinVersion: tls.VersionTLS12}
}
