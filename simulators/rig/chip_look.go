package rig

import (
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// Said is a command that a chip was given, and the status word of its answer; 0 when none came.
type Said struct {
	Command string
	SW      emv.StatusWord
}

// heard writes down what a chip was asked. GET RESPONSE is the end of the command before it (T=0).
func (w *World) heard(who string, cmd emv.Command, x card.Exchange) {
	said := w.chipSaid[who]
	if last := len(said) - 1; cmd.INS == emv.INSC0GetResponse && last >= 0 {
		said[last].SW = x.Response.SW
		return
	}
	w.chipSaid[who] = append(said, Said{cmd.Name(), x.Response.SW})
}

// Unverified tells why it is not shown that the host verified the chips of this world; "" where it is, or no chip was there.
func (w *World) Unverified() string { return w.unverified }

// ChipSaid lists what a cardholder's chip was asked and answered, in order.
func (w *World) ChipSaid(who string) ([]Said, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	return w.chipSaid[c.Name], err
}

// ChipTrack is the track that a cardholder's chip tells.
func (w *World) ChipTrack(who string) (pay.Secret, error) {
	c, err := w.cardholder(who)
	if err != nil {
		return pay.Secret{}, err
	}
	track, err := w.chipTrack(c)
	return track.Text(), err
}

// ChipState tells what a cardholder's chip keeps without power.
func (w *World) ChipState(who string) (card.State, error) {
	c, err := w.cardholder(who)
	if err != nil {
		return card.State{}, err
	}
	s, err := w.slot(c)
	if err != nil {
		return card.State{}, err
	}
	return s.Card.State(), nil
}

// Confirm is a cardholder's finger or face on his phone.
func (w *World) Confirm(who string) error {
	c, err := w.cardholder(who)
	if err != nil {
		return err
	}
	s, err := w.slot(c)
	if err != nil {
		return err
	}
	s.Card.Confirm()
	return nil
}

// Begin has somebody begin payments with a cardholder's chip at no till of ours, over contacts: its transaction counter moves.
func (w *World) Begin(who string, times int) error {
	if w.remote() {
		return lacks("a remote host remembers what a chip has counted: it cannot leave payments out")
	}
	c, err := w.cardholder(who)
	if err != nil {
		return err
	}
	s, err := w.slot(c)
	if err != nil {
		return err
	}
	spec, err := w.Rig.chipSpec(c)
	if err != nil {
		return err
	}
	for range times {
		s.Card.Reset(card.Contact)
		s.Card.Transmit(w.Loop.Now(), emv.Select(spec.Applications[0].AID, false))
		s.Card.Transmit(w.Loop.Now(), emv.GetProcessingOptions(nil))
	}
	s.Card.Off()
	return nil
}

// ChangePIN has a cardholder's issuer send the chip another PIN: the one that he enters when he enters a wrong one.
func (w *World) ChangePIN(who string) error {
	c, err := w.Card(who)
	if err != nil {
		return err
	}
	fresh := Clear{otherDigits(pay.NewSecret(c.PIN))}
	return w.Arrange(Arrangement{Party: "issuer", Card: c.Name, Command: string(issuer.ScriptChangePIN), NewPIN: fresh})
}
