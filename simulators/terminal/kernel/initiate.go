package kernel

import (
	"bytes"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// initiate selects and begins applications until one agrees (Book 1, 12.4; Book 3, 10.1).
func initiate(t *transaction) *Outcome {
	for {
		c, out := t.choose()
		if out != nil {
			return out
		}
		selected, out := t.selectFinal(c)
		if out != nil {
			return out
		}
		if !selected {
			continue
		}
		r, out := t.getProcessingOptions()
		switch {
		case out != nil:
			return out
		case t.takesNext(r.SW): // Book 3, 10.1: not this one, choose again
			continue
		case r.SW != emv.SW9000OK:
			return t.fail("GET PROCESSING OPTIONS: " + r.SW.String() + " " + r.SW.Words())
		}
		if out := t.takeOptions(r.Data); out != nil {
			return out
		}
		if t.afl, out = t.locator(); out != nil {
			return out
		}
		return nil
	}
}

func (t *transaction) takesNext(sw emv.StatusWord) bool {
	t.consult("kernel/next-application")
	return slices.Contains(t.r.NextOn, sw)
}

// selectFinal selects a candidate. One that the card does not give any more is forgotten.
func (t *transaction) selectFinal(c candidate) (bool, *Outcome) {
	r, out := t.send(emv.Select(c.name, false))
	if out != nil {
		return false, out
	}
	switch {
	case !t.c.Contactless && t.cardBlocked(r.SW):
		return false, t.end(CardBlocked, "the card is blocked")
	case t.invalidated(r.SW):
		t.blocked = true
		return false, nil
	case r.SW != emv.SW9000OK && r.SW != emv.SW6283Invalidated:
		return false, nil
	}
	list, err := tlv.Parse(r.Data, tlv.Tolerant)
	if err != nil || len(list) != 1 || list[0].Tag != emv.Tag6FFCITemplate {
		return false, nil
	}
	name, ok := list.Find(emv.Tag84DFName)
	if !ok || !bytes.Equal(name.Value, c.name) {
		return false, nil
	}
	t.reset()
	for o := range list.All() {
		if !o.Tag.Constructed() && len(o.Value) > 0 {
			t.card[o.Tag] = o.Value
		}
	}
	t.app, t.name, t.label = c.app, c.name, c.label
	t.own[emv.Tag84DFName] = c.name
	return true, nil
}

// getProcessingOptions begins the application with what its PDOL asks for.
func (t *transaction) getProcessingOptions() (emv.Response, *Outcome) {
	pdol, err := emv.ParseDOL(t.card[emv.Tag9F38PDOL])
	if err != nil || pdol.Size() > 252 {
		return emv.Response{}, t.fail("the PDOL makes no sense")
	}
	if t.consult("kernel/pdol"); t.r.TellCard {
		t.sent.pdol = pdol.Build(t.sources()...)
	}
	// What selection said is not part of what the records say: the same label may stand in both (Book 3, 10.2).
	t.card = emv.Data{}
	return t.send(emv.GetProcessingOptions(t.sent.pdol))
}

// takeOptions reads the answer in either format (Book 3, 6.5.8.4). AIP must be there, AFL need not be.
func (t *transaction) takeOptions(b []byte) *Outcome {
	list, err := tlv.Parse(b, tlv.Tolerant)
	switch {
	case err != nil || len(list) != 1:
		return t.fail("the answer to GET PROCESSING OPTIONS makes no sense")
	case list[0].Tag == emv.Tag80ResponseFormat1 && len(list[0].Value) >= 2:
		v := list[0].Value
		t.card[emv.Tag82AIP] = v[:2]
		if len(v) > 2 {
			t.card[emv.Tag94AFL] = v[2:]
		}
	case list[0].Tag == emv.Tag77ResponseFormat2:
		if out := t.put(list[0].Objects); out != nil {
			return out
		}
	default:
		return t.fail("the answer to GET PROCESSING OPTIONS has no format 1 or 2")
	}
	if len(t.card[emv.Tag82AIP]) != 2 {
		return t.fail("the AIP is missing")
	}
	t.aip = emv.ParseAIP(t.card[emv.Tag82AIP])
	return nil
}

// locator reads the AFL.
func (t *transaction) locator() (emv.AFL, *Outcome) {
	afl, err := emv.ParseAFL(t.card[emv.Tag94AFL])
	if err != nil {
		return nil, t.fail("the AFL makes no sense")
	}
	return afl, nil
}

// issuersOwn: tags of the private class mean one thing to a host and another to a card's issuer (Book 3, B1).
func issuersOwn(tag tlv.Tag) bool { return tag>>8 == 0xDF || tag>>16 == 0xDF }

// put keeps primitive objects. A thing said twice and a value of a wrong length end the transaction (Book 3, 7.5 and 10.2);
// a value of no length is as good as none.
func (t *transaction) put(list tlv.List) *Outcome {
	for o := range list.All() {
		if o.Tag.Constructed() || len(o.Value) == 0 {
			continue
		}
		t.consult("kernel/lengths")
		if err := emv.CheckLength(o.Tag, o.Value); err != nil && t.r.CheckLengths && !issuersOwn(o.Tag) {
			return t.fail("the card's data: " + err.Error())
		}
		if _, twice := t.card[o.Tag]; twice {
			if t.consult("kernel/twice"); t.r.RefuseTwice {
				return t.fail("the card says " + o.Tag.String() + " (" + emv.NameOf(o.Tag) + ") twice")
			}
		}
		t.card[o.Tag] = o.Value
	}
	return nil
}
