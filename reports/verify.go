package reports

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	mostFiles = 200_000 // of a pack
	mostBytes = 4 << 30 // of all its files together, unpacked
)

// Verify holds a pack to its manifest and the manifest to its signature. signer is the key that must have signed it; nil takes the one that the
// manifest names, which shows that nothing was changed since, and not by whom it was made.
func Verify(r io.ReaderAt, size int64, signer ed25519.PublicKey) (*Manifest, error) {
	in, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("it is no zip, or not a whole one: %w", err)
	}
	if len(in.File) > mostFiles {
		return nil, fmt.Errorf("it holds more than %d files", mostFiles)
	}
	sums := map[string]string{}
	var manifest, signature []byte
	left := int64(mostBytes)
	for _, f := range in.File {
		if _, twice := sums[f.Name]; twice {
			return nil, fmt.Errorf("%s stands in it twice", f.Name)
		}
		var keep bytes.Buffer
		hash := sha256.New()
		to := io.Writer(hash)
		if f.Name == manifestFile || f.Name == signatureFile {
			to = io.MultiWriter(hash, &keep)
		}
		n, err := unpack(f, to, left)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		left -= n
		sums[f.Name] = fmt.Sprintf("%d %x", n, hash.Sum(nil))
		switch f.Name {
		case manifestFile:
			manifest = keep.Bytes()
		case signatureFile:
			signature = keep.Bytes()
		}
	}
	if manifest == nil || signature == nil {
		return nil, fmt.Errorf("it has no %s or no %s", manifestFile, signatureFile)
	}
	m, err := signedManifest(manifest, signature, signer)
	if err != nil {
		return nil, err
	}
	return m, m.match(sums)
}

func unpack(f *zip.File, to io.Writer, most int64) (int64, error) {
	r, err := f.Open()
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(to, io.LimitReader(r, most+1))
	if n > most {
		err = fmt.Errorf("the pack unpacks to more than %d bytes", int64(mostBytes))
	}
	return n, errors.Join(err, r.Close())
}

func signedManifest(text, signature []byte, signer ed25519.PublicKey) (*Manifest, error) {
	m := &Manifest{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%s: %w", manifestFile, err)
	}
	if m.Format != packFormat {
		return nil, fmt.Errorf("%s: format %q: want %q", manifestFile, m.Format, packFormat)
	}
	key, err := hex.DecodeString(m.PublicKey)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%s: public_key is no ed25519 key", manifestFile)
	}
	if signer != nil && !signer.Equal(ed25519.PublicKey(key)) {
		return nil, fmt.Errorf("it is signed by key %s, not by %s", Fingerprint(key), Fingerprint(signer))
	}
	if !ed25519.Verify(key, text, signature) {
		return nil, fmt.Errorf("the signature does not fit %s", manifestFile)
	}
	return m, nil
}

// match holds the files to the list, either way.
func (m *Manifest) match(sums map[string]string) error {
	var errs []error
	listed := map[string]bool{manifestFile: true, signatureFile: true}
	for _, f := range m.Files {
		switch sum, ok := sums[f.Name]; {
		case listed[f.Name]:
			errs = append(errs, fmt.Errorf("%s is listed twice", f.Name))
		case !ok:
			errs = append(errs, fmt.Errorf("%s is missing", f.Name))
		case sum != fmt.Sprintf("%d %s", f.Size, f.SHA256):
			errs = append(errs, fmt.Errorf("%s was changed", f.Name))
		}
		listed[f.Name] = true
	}
	var added []string
	for name := range sums {
		if !listed[name] {
			added = append(added, name)
		}
	}
	slices.Sort(added)
	for _, name := range added {
		errs = append(errs, fmt.Errorf("%s was added", name))
	}
	return errors.Join(errs...)
}

// Signer is the public key of a manifest.
func (m *Manifest) Signer() ed25519.PublicKey {
	key, _ := hex.DecodeString(m.PublicKey) // it was read when the manifest was
	return key
}
