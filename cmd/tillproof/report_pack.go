package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/tillproof/tillproof/reports"
)

// packFlags are the flags of `tillproof report` about evidence packs.
type packFlags struct {
	pack, cases, waivers, sign string
	logs                       []string
	verify                     bool
	signer                     string
}

func (f *packFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.pack, "pack", "", "write an evidence pack, a signed zip, to this file; of several RUNs the last one, with the others as its history")
	c.Flags().StringVar(&f.cases, "cases", "", "CSV with columns case and scenario: a laboratory's ids, by which the pack is sorted")
	c.Flags().StringVar(&f.waivers, "waivers", "", "YAML of waivers, such as waivers: [{case: UP-1, reason: new host in July, by: A. Li, until: 2026-07-31}]; or requirement: SEC-003")
	c.Flags().StringArrayVar(&f.logs, "host-log", nil, "log of the host to put into the pack; card numbers, tracks and keys in it are masked, PINs cannot be told")
	c.Flags().StringVar(&f.sign, "sign", "", "ed25519 key to sign with, PEM (openssl genpkey -algorithm ed25519); default: a fresh one for this pack")
	c.Flags().BoolVar(&f.verify, "verify", false, "hold the evidence pack RUN to its manifest and signature")
	c.Flags().StringVar(&f.signer, "signer", "", "public key that must have signed, PEM (openssl pkey -pubout); default: the one in the pack")
}

// write writes the pack of the last run.
func (f *packFlags) write(cmd *cobra.Command, dirs []string) error {
	p := &reports.Pack{Made: time.Now()}
	for _, dir := range dirs {
		r, err := reports.ReadDir(dir)
		if err != nil {
			return err
		}
		p.Earlier = append(p.Earlier, r)
	}
	p.Run, p.Earlier = p.Earlier[len(dirs)-1], p.Earlier[:len(dirs)-1]
	own := filepath.Join(dirs[len(dirs)-1], hostLog)
	if _, err := os.Stat(own); err == nil { // the run has kept what its container printed
		f.logs = append(f.logs, own)
	}
	if err := f.given(p); err != nil {
		return err
	}
	out, err := os.Create(f.pack)
	if err != nil {
		return err
	}
	if err := errors.Join(p.Write(out), out.Close()); err != nil {
		return err
	}
	fmt.Fprintf(cmd.OutOrStdout(), "evidence pack: %s\nsigned by key %s\n", f.pack, reports.Fingerprint(p.Key.Public().(ed25519.PublicKey)))
	return nil
}

// given reads what was given beside the runs.
func (f *packFlags) given(p *reports.Pack) (err error) {
	read := func(name string) (text []byte) {
		if err == nil && name != "" {
			text, err = os.ReadFile(name)
		}
		return text
	}
	cases, waivers := read(f.cases), read(f.waivers)
	for _, name := range f.logs {
		p.Logs = append(p.Logs, reports.HandedIn{Name: filepath.Base(name), Text: read(name)})
	}
	if err == nil && f.cases != "" {
		p.Cases, err = reports.ReadCases(f.cases, cases)
	}
	if err == nil && f.waivers != "" {
		p.Waivers, err = reports.ReadWaivers(f.waivers, waivers)
	}
	if err != nil {
		return err
	}
	if f.sign == "" {
		_, p.Key, err = ed25519.GenerateKey(rand.Reader)
		return err
	}
	key, err := readPEM(f.sign, x509.ParsePKCS8PrivateKey)
	if err != nil {
		return err
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return fmt.Errorf("--sign %s: want an ed25519 key: openssl genpkey -algorithm ed25519", f.sign)
	}
	p.Key = private
	return nil
}

func readPEM(name string, parse func([]byte) (any, error)) (any, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("key %s: it is no PEM", name)
	}
	key, err := parse(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key %s: want an ed25519 key in PEM", name) // and none of what stands there
	}
	return key, nil
}

// check tells whether a pack is as it was signed.
func (f *packFlags) check(cmd *cobra.Command, name string) error {
	var signer ed25519.PublicKey
	if f.signer != "" {
		key, err := readPEM(f.signer, x509.ParsePKIXPublicKey)
		if err != nil {
			return err
		}
		public, ok := key.(ed25519.PublicKey)
		if !ok {
			return fmt.Errorf("--signer %s: want an ed25519 key", f.signer)
		}
		signer = public
	}
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	var info fs.FileInfo
	if info, err = file.Stat(); err != nil {
		return err
	}
	m, err := reports.Verify(file, info.Size(), signer)
	if err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "tillproof: evidence pack %s: not as it was signed:\n%v\n", name, err)
		return exitCode(reports.ExitFailed)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s: %d files as they were signed by key %s\nprofile %s, dialect %s, run of %s, tillproof %s, pack made %s\n", name, len(m.Files),
		reports.Fingerprint(m.Signer()), m.Profile, m.Dialect, m.Run, m.Version, m.Made.Format("2006-01-02 15:04:05 UTC"))
	if signer == nil {
		fmt.Fprintln(cmd.OutOrStdout(), "the pack names that key itself: hold its fingerprint to the one that its maker tells you, or use --signer")
	}
	return nil
}
