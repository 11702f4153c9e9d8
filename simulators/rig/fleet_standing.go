package rig

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// Standing is a till of a fleet that has signed in, as it stands: whoever sends in its name from then on needs that.
type Standing struct {
	Number, Merchant, MerchantName, MCC string
	Batch                               string
	Trace                               int      // the last that it has used
	HSM                                 *hsm.HSM // its working keys are terminal.KeyPIK and terminal.KeyMAK, where the dialect has them
}

// Standings gives all tills of the fleet, which must be at rest.
func (f *Fleet) Standings(ctx context.Context) ([]Standing, error) {
	out := make([]Standing, f.plan.Tills)
	err := f.inLanes(ctx, func(l *lane) error {
		for n, c := range l.clerks {
			status, config := c.till.machine.Status(), c.till.config
			if config.HSM.Has(terminal.KeyInitial) {
				return fmt.Errorf("till %s has a key for each PIN (DUKPT), which only whole tills have: say `whole: true` in the workload", c.till.number)
			}
			next, err := strconv.Atoi(status.Trace)
			if err != nil {
				return fmt.Errorf("till %s: its next trace number is %q", c.till.number, status.Trace)
			}
			out[n] = Standing{Number: c.till.number, Merchant: config.Merchant, MerchantName: config.MerchantName, MCC: config.MCC,
				Batch: status.Batch, Trace: next - 1, HSM: config.HSM}
		}
		return nil
	})
	return out, err
}

// Leave notes the last trace number that each till has used, by whoever sent in its name: a remote host remembers them, and the next run
// goes on from there.
func (f *Fleet) Leave(traces []int) error {
	if !f.remote() {
		return nil
	}
	for till, trace := range traces {
		number := f.laneOf(till).clerks[till].till.number
		n := f.rig.lease.of(number)
		n.Trace = trace%lastTrace + 1
		if err := f.rig.lease.keep(number, n); err != nil {
			return err
		}
	}
	return nil
}

// IssuerTook gives a function that tells what our issuer behind a switch under test has taken of a till's time since it was last asked; of another seat
// there is none.
func (f *Fleet) IssuerTook() (took func(till int) time.Duration, between bool) {
	return func(till int) time.Duration { return f.rig.zone.spent(f.laneOf(till).clerks[till].till.number) }, f.rig.zone != nil
}

// CardInHand is a card of a fleet as its holder has it.
type CardInHand struct {
	PAN            pay.PAN
	Expiry         string // YYMM
	Track1, Stripe pay.Secret
	ChipTrack      pay.Secret
	PIN            pay.Secret
	Chip           *Signer
}

// CardsInHand gives all cards of the fleet. They share one security module.
func (f *Fleet) CardsInHand() ([]CardInHand, error) {
	masters := hsm.New(f.plan.Seed.Reader("fleet/chips"))
	if err := importMasters(masters, f.rig.cardKeys); err != nil {
		return nil, err
	}
	out := make([]CardInHand, f.plan.Cards)
	for n := range out {
		holder, err := f.holder(n)
		if err != nil {
			return nil, err
		}
		if out[n], err = f.inHand(holder, masters); err != nil {
			return nil, fmt.Errorf("card %d of the fleet: %w", n, err)
		}
	}
	return out, nil
}

func (f *Fleet) inHand(holder Cardholder, masters *hsm.HSM) (CardInHand, error) {
	w := f.lanes[0].world
	c := CardInHand{PAN: pay.NewPAN(holder.PAN), Expiry: holder.Expiry, PIN: pay.NewSecret(holder.PIN)}
	stripe, err := w.read(holder)
	if err != nil {
		return c, err
	}
	c.Track1, c.Stripe = bare(stripe.Track1), bare(stripe.Track2)
	if holder.Chip == "" {
		return c, nil
	}
	track, err := w.chipTrack(holder)
	if err != nil {
		return c, err
	}
	c.ChipTrack = track.Text()
	c.Chip, err = holder.signer(f.rig, masters)
	return c, err
}

// bare takes sentinels and check character off a track, as a message has it.
func bare(track pay.Secret) pay.Secret {
	text, _, ok := strings.Cut(track.Reveal(), "?")
	if !ok {
		return track
	}
	return pay.NewSecret(strings.ReplaceAll(text[1:], "=", "D"))
}

// Signer makes a chip's cryptograms without a card: by the keys that its issuer has. It belongs to one goroutine.
type Signer struct {
	box    *hsm.HSM
	key    hsm.CardKey
	scheme hsm.CardScheme
}

func (c Cardholder) signer(r *Rig, masters *hsm.HSM) (*Signer, error) {
	spec, err := r.chipSpec(c)
	if err != nil {
		return nil, err
	}
	a := spec.Applications[0]
	set, err := r.cardKeys.Masters(a.MasterKeys)
	if err != nil {
		return nil, err
	}
	s := &Signer{box: masters, key: hsm.CardKey{Name: c.Name + "/AC"}}
	if s.scheme, err = hsm.LoadCardScheme(a.Scheme, set.Algorithm); err != nil {
		return nil, err
	}
	of := hsm.CardKey{Name: issuer.MasterKey(a.MasterKeys, issuer.MasterAC), Derivation: s.scheme.Card, PAN: pay.NewPAN(c.PAN), Sequence: a.Sequence}
	_, err = masters.DeriveCard(s.key.Name, of)
	return s, err
}

// Sign makes the request cryptogram over the objects of an F55 in which all but 9F26 is written.
func (s *Signer) Sign(objects []byte, counter [2]byte) (hsm.Cryptogram, error) {
	list, err := tlv.Parse(objects, tlv.Strict)
	if err != nil {
		return hsm.Cryptogram{}, err
	}
	get := func(tag tlv.Tag) []byte { o, _ := list.Find(tag); return o.Value }
	session := hsm.Session{ATC: uint16(counter[0])<<8 | uint16(counter[1])}
	copy(session.Unpredictable[:], get(emv.Tag9F37UnpredictableNumber))
	return s.box.Cryptogram(s.scheme, s.key, session, s.scheme.Input(get, get(emv.Tag9F10IAD)))
}

// Address gives where the fleet's host listens.
func (f *Fleet) Address() (wire.Address, error) {
	d, ok := f.lanes[0].world.seats.dialer(f.lanes[0].world).(*socketDialer)
	if !ok {
		return wire.Address{}, fmt.Errorf("a host in memory has no address")
	}
	if d.door != nil {
		return wire.Address{}, fmt.Errorf("profile %s has no address: its host dials in, which only whole tills wait for", f.rig.Profile.Name)
	}
	return d.address, nil
}
