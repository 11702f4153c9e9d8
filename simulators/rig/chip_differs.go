package rig

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// cardholder gives somebody of the cast, with the kind of card that the scenario gave him.
func (w *World) cardholder(who string) (Cardholder, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	if kind, ok := w.chipKinds[c.Name]; ok {
		c.Chip = kind
	}
	return c, err
}

// ChipKind makes a cardholder's card one of a shipped kind (fixtures/cards/chip), before its first use.
func (w *World) ChipKind(who, kind string) error {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return err
	}
	if w.remote() {
		return lacks("a remote host knows the chips that its profile's cards have: they cannot be of another kind")
	}
	if w.opened[c.Name] {
		return fmt.Errorf("%s's card is known to its issuer already: say of what kind it is before", c.Name)
	}
	c.Chip = kind
	_, err = w.Rig.chipSpec(c)
	w.chipKinds[c.Name] = kind
	return err
}

// ChipHolds gives every application of a cardholder's chip these objects; one without a value is not there at all.
func (w *World) ChipHolds(who string, objects map[tlv.Tag][]byte) error {
	return w.ChangeChip(who, func(s *card.Spec) {
		for _, a := range s.Applications {
			for tag, value := range objects {
				if len(value) == 0 {
					a.Without = append(a.Without, tag.String())
				} else {
					a.Put(tag, value)
				}
			}
		}
	})
}

// SetChipParameters sets tags of every chip application that the till takes, and starts it again. An empty value takes a tag away.
func (t *Till) SetChipParameters(values map[tlv.Tag][]byte) error {
	applications := slices.Clone(t.config.Parameters.AIDs)
	for i, a := range applications {
		own := maps.Clone(a.Values)
		maps.Copy(own, values)
		maps.DeleteFunc(own, func(_ tlv.Tag, v []byte) bool { return len(v) == 0 })
		applications[i].Values = own
	}
	t.config.Parameters.AIDs = applications
	return t.StartAgain()
}

// ListCard puts a cardholder's card on the till's exception file, and starts the till again.
func (t *Till) ListCard(who string) error {
	c, err := t.world.cardholder(who)
	if err != nil {
		return err
	}
	t.config.Exceptions = append(t.config.Exceptions, pay.NewPAN(c.PAN))
	return t.StartAgain()
}

// DropTestCAs leaves the till the CA keys that its host has given it, and starts it again.
func (t *Till) DropTestCAs() error {
	t.config.TestCAs = nil
	return t.StartAgain()
}

// RevokeIssuer has the till distrust the issuer certificate of a cardholder's chip, and starts the till again.
func (t *Till) RevokeIssuer(who string) error {
	c, err := t.world.cardholder(who)
	if err != nil {
		return err
	}
	spec, err := t.world.Rig.chipSpec(c)
	if err != nil {
		return err
	}
	a, serial := spec.Applications[0], card.IssuerSerial()
	if len(a.CA) == 0 {
		return fmt.Errorf("%s's chip has no certificates: there is nothing to revoke", c.Name)
	}
	t.config.Revoked = append(t.config.Revoked, kernel.Revoked{RID: a.AID[:5], Index: a.CA[0], Serial: serial[:]})
	return t.StartAgain()
}

// LastChip tells how the last chip ended that the till spoke with; nothing while its power is off.
func (t *Till) LastChip() kernel.Outcome {
	if t.machine == nil {
		return kernel.Outcome{}
	}
	return t.machine.LastChip()
}
