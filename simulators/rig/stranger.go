package rig

import (
	"fmt"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// Stranger is a card of which nobody here knows more than it says. The issuer opens an account for it when its first payment leaves.
type Stranger struct {
	Reader Reader
	On     card.Interface
	PIN    string            // "" enters none
	Like   string            // the shipped card whose issuer's keys it is made with; "" for keys that nobody here has
	Watch  func(line string) // the APDU log, masked; may be nil

	said   emv.Log
	opened bool
}

// StrangersDefects are what an issuer must overlook that has not made the card: its track's verification value, and without the
// card's keys its cryptogram.
func StrangersDefects(like string) []string {
	if like != "" {
		return []string{"issuer-skips-cvv"}
	}
	return []string{"issuer-skips-cvv", "issuer-ignores-cryptogram"}
}

// strangerHas is what the account of a stranger holds.
const strangerHas = 1_000_000_00

// Insert implements Reader.
func (s *Stranger) Insert(on card.Interface) ([]byte, card.Ending) {
	atr, ending := s.Reader.Insert(on)
	s.said = emv.Log{}
	s.tell(fmt.Sprintf("%s: %s %X", on, ending, atr))
	return atr, ending
}

// Exchange implements Reader.
func (s *Stranger) Exchange(now time.Time, cmd emv.Command) card.Exchange {
	x := s.Reader.Exchange(now, cmd)
	s.tell(strings.Join(apduLines(&s.said, cmd, x), "\n"))
	return x
}

// Remove implements Reader.
func (s *Stranger) Remove() { s.Reader.Remove() }

func (s *Stranger) tell(line string) {
	if s.Watch != nil {
		s.Watch(line)
	}
}

// reader is where somebody's card is.
func (w *World) reader(c Cardholder) (Reader, error) {
	if w.stranger != nil {
		return w.stranger, nil
	}
	s, err := w.slot(c)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Sell sells to a stranger at this till, and tells how it ended and what the terminal decided about the card.
func (t *Till) Sell(s *Stranger, amount pay.Amount) (e terminal.Ending, decided string, err error) {
	by := ByChip
	if s.On == card.Contactless {
		by = ByTap
	}
	t.world.stranger = s
	before := len(t.Endings)
	if err := t.Do(terminal.Event{Kind: terminal.Choose, Flow: pay.Sale, Amount: amount}); err != nil {
		return e, "", err
	}
	o := Order{Flow: pay.Sale, Amount: amount, Who: "a stranger", By: by, PIN: PINRight}
	if err := t.bring(o, Cardholder{Name: o.Who, PIN: s.PIN}); err != nil {
		return e, "", err
	}
	if len(t.Endings) == before { // it waits for another card, or another way
		if err := t.Do(terminal.Event{Kind: terminal.Cancel}); err != nil {
			return e, "", err
		}
	}
	for _, event := range t.world.Events() {
		if event.Name == trace.CardEnded {
			decided = event.Text
		}
	}
	if len(t.Endings) == before {
		return e, decided, fmt.Errorf("till %s comes to no end", t.Name)
	}
	return t.Endings[len(t.Endings)-1], decided, nil
}

// welcome opens the stranger's account, when the first message with his card number is about to leave.
func (w *World) welcome(m *iso8583.Message) error {
	s := w.stranger
	if s == nil || s.opened || !m.Has(iso8583.PAN) {
		return nil
	}
	control, ok := w.Control()
	if !ok {
		return ErrNoSight
	}
	c := Cardholder{Name: "a stranger", PAN: m.Get(iso8583.PAN), Expiry: m.Get(iso8583.Expiry), Service: "201", PIN: s.PIN,
		Balance: pay.Amount{Minor: strangerHas, Currency: pay.Currency156CNY}, Chip: s.Like}
	if c.PIN == "" {
		c.PIN = "000000"
	}
	seed, err := w.Rig.cardSeed(c)
	if err != nil {
		return err
	}
	if seed.Chip != nil && m.Has(iso8583.CardSequence) {
		seed.Chip.Sequence = m.Get(iso8583.CardSequence)[1:]
	}
	s.opened = true
	_, err = control.Seed(w.ctx, Seeds{Cards: []CardSeed{seed}})
	return err
}
