package rig

import (
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// Said is a command that a chip was given, and the status word of its answer; 0 when none came.
type Said struct {
	Command string
	SW      emv.StatusWord
}

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
