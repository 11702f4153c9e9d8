package rig

import (
	"fmt"

	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace/leak"
	"github.com/tillproof/tillproof/simulators/protocol/qr"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// PhoneShown is what a till's scanner sees of a cardholder's phone: a fresh code, if nothing else is said.
type PhoneShown struct {
	Screen card.Screen // how much of it
	Photo  bool        // the photograph that was taken of an earlier code
	Text   string      // another code, of any text
}

// Phone gives a cardholder's phone, with a code that is still good. It asks the issuer for one when it wants one.
func (w *World) Phone(who string) (*card.Phone, error) {
	c, err := w.Card(who)
	if err != nil {
		return nil, err
	}
	phone := w.phones[c.Name]
	if phone == nil {
		phone = &card.Phone{}
		w.phones[c.Name] = phone
	}
	if !phone.Wants(w.Loop.Now()) {
		return phone, nil
	}
	control, err := w.mustControl()
	if err != nil {
		return nil, err
	}
	given, err := control.PayerCode(w.ctx, c.Name)
	if err != nil {
		return nil, err
	}
	code, ok := qr.ParsePayerCode(given.Code.Reveal())
	if !ok {
		return nil, fmt.Errorf("phone of %s: the host gives a code that is none", c.Name)
	}
	w.codes[c.Name] = append(w.codes[c.Name], code.Reveal())
	phone.Take(code, given.Until)
	return phone, nil
}

// Photograph keeps a picture of the code that a cardholder's phone shows now.
func (w *World) Photograph(who string) error {
	phone, err := w.Phone(who)
	if err != nil {
		return err
	}
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return err
	}
	w.photos[c.Name], err = phone.Show(card.ScreenClear)
	return err
}

// scan gives what the scanner takes of a cardholder's phone. He opens the wallet for it, which shows a fresh code each time.
func (w *World) scan(c Cardholder, s PhoneShown) (*terminal.Event, error) {
	e := &terminal.Event{Kind: terminal.Scan}
	var err error
	switch {
	case s.Text != "":
		e.Picture, err = qr.PNG(s.Text, 300)
		return e, err
	case s.Photo:
		if e.Picture = w.photos[c.Name]; e.Picture == nil {
			err = fmt.Errorf("nobody has photographed %s's code", c.Name)
		}
		return e, err
	}
	if phone := w.phones[c.Name]; phone != nil {
		phone.Refresh()
	}
	phone, err := w.Phone(c.Name)
	if err != nil {
		return nil, err
	}
	e.Picture, err = phone.Show(s.Screen)
	return e, err
}

// CodeSecrets gives the payer's codes that a cardholder's phone has shown.
func (w *World) CodeSecrets(who string) (Secrets, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return nil, err
	}
	var all Secrets
	for _, code := range w.codes[c.Name] {
		all = append(all, leak.Text("payer's code", code))
	}
	return all, nil
}

// LastCode gives the last code that a cardholder's phone has shown.
func (w *World) LastCode(who string) (string, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return "", err
	}
	shown := w.codes[c.Name]
	if len(shown) == 0 {
		return "", fmt.Errorf("%s's phone has shown no code", c.Name)
	}
	return shown[len(shown)-1], nil
}

// IsCodeOf tells that digits are the last code that a cardholder's phone has shown.
func (w *World) IsCodeOf(who, digits string) (bool, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	shown := w.codes[c.Name]
	return len(shown) > 0 && shown[len(shown)-1] == digits, err
}

// ShowAtOnce has several tills sell to the photograph of one code: all scan it before any of them has an answer.
func (w *World) ShowAtOnce(who string, amount pay.Amount, tills ...*Till) error {
	c, err := w.Card(who)
	if err != nil {
		return err
	}
	for _, t := range tills {
		if err := t.Do(terminal.Event{Kind: terminal.Choose, Flow: pay.Sale, Amount: amount}); err != nil {
			return err
		}
	}
	e, err := w.scan(c, PhoneShown{Photo: true})
	if err != nil {
		return err
	}
	for _, t := range tills {
		t.do(*e)
	}
	return w.Rest()
}

// ShowAgain goes on with an order in which the till waits for a card.
func (t *Till) ShowAgain(who string, shown PhoneShown) error {
	return t.presentAgain(Order{Who: who, PIN: PINRight, By: ByPhone, Phone: shown})
}
