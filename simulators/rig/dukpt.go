package rig

import (
	"bytes"
	"encoding/hex"
	"fmt"

	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// ProfileDUKPT is a terminal's initial key with its serial number in hex: under 3DES ten bytes, under AES twelve (ANSI X9.24). The
// serial number counts on from PIN to PIN and, in the state file, from run to run.
type ProfileDUKPT struct {
	Initial ProfileKey `yaml:"initial"`
	Serial  string     `yaml:"serial"`
}

func (p *Profile) checkDUKPT(at string, t ProfileTerminal) error {
	if len(t.PIK.Components) > 0 {
		return p.mistake(at, "terminal %s has a fixed PIN key and an initial key: want one of pik and dukpt", t.Label)
	}
	if !p.dialect.Has(iso8583.KeySerial) {
		return p.mistake(at+".dukpt", "dialect %s has no place for the key serial number: name one, elements: {key_serial: FIELD}", p.dialect.Name)
	}
	if err := p.checkKey(at+".dukpt.initial", t.DUKPT.Initial, hsm.TDES2, hsm.AES128, hsm.AES192, hsm.AES256); err != nil {
		return err
	}
	serial, err := hex.DecodeString(t.DUKPT.Serial)
	size := 12
	if t.DUKPT.Initial.algorithm() == hsm.TDES2 {
		size = 10
	}
	if err != nil || len(serial) != size {
		return p.mistake(at+".dukpt.serial", "want %d hex digits", 2*size)
	}
	return nil
}

// loadInitialKey loads the initial key, and derives the next PIN key: without one a till does not begin.
func (t *Till) loadInitialKey(d *ProfileDUKPT) (kcv hsm.KCV, err error) {
	parts, err := d.Initial.parts()
	if err == nil {
		kcv, err = t.config.HSM.Import(terminal.KeyInitial, d.Initial.algorithm(), parts...)
	}
	if err == nil {
		err = t.goOnWithSerial(d)
	}
	if err == nil {
		_, err = t.config.HSM.PINKeyFor(terminal.KeyInitial, terminal.KeyPIK, t.config.KeySerial)
	}
	if err != nil {
		return kcv, fmt.Errorf("till %s: initial key: %w", t.Name, err)
	}
	return kcv, nil
}

// goOnWithSerial takes the serial number that the state file keeps, if it is of the profile's key; otherwise the one behind the profile's.
func (t *Till) goOnWithSerial(d *ProfileDUKPT) error {
	first, err := hex.DecodeString(d.Serial)
	if err != nil {
		return err
	}
	kept, err := hex.DecodeString(t.world.Rig.lease.of(t.number).KSN)
	if err == nil && len(kept) == len(first) && bytes.Equal(withoutCounter(kept), withoutCounter(first)) && bytes.Compare(kept, first) > 0 {
		t.config.KeySerial = kept
		return nil
	}
	t.config.KeySerial, err = hsm.NextSerial(first)
	return err
}

// withoutCounter gives what names the initial key: the counter is 21 bits of ten bytes, and 32 of twelve.
func withoutCounter(serial []byte) []byte {
	id := bytes.Clone(serial)
	if len(id) == 12 {
		return id[:8]
	}
	id[7] &= 0xE0
	return id[:8]
}

// serialUsed notes that a key serial number leaves, for the next scenario and for the till when it is switched on again.
func (t *Till) serialUsed(m *iso8583.Message, n *numbers) error {
	serial := m.Get(iso8583.KeySerial)
	if serial == "" {
		return nil
	}
	next, err := hsm.NextSerial([]byte(serial))
	if err != nil {
		return fmt.Errorf("till %s: %w", t.Name, err)
	}
	n.KSN, t.config.KeySerial = hex.EncodeToString(next), next
	return nil
}
