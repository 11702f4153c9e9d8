package card

import (
	"maps"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// script wraps an issuer's command: its MAC is proved before anything is done, and what became of it is written down (EMV
// 4.4 Book 2, 9; Book 3, 10.10).
func script(do func(p *Payment, cmd emv.Command, data []byte) emv.StatusWord) func(*Card, emv.Command) ([]byte, emv.StatusWord) {
	return func(c *Card, cmd emv.Command) ([]byte, emv.StatusWord) {
		p := c.payment
		if p == nil || !p.firstMade || p.app.Flow == FlowGPO && c.on == Contactless { // which has left the field when its issuer speaks
			return nil, emv.SW6985Conditions
		}
		if !p.scripted {
			p.state.Scripts = 0
		}
		p.scripted = true
		sw := p.secured(cmd, do)
		if sw == emv.SW9000OK {
			p.state.Scripts++
		} else {
			p.state.ScriptFailed = true
		}
		return nil, sw
	}
}

func (p *Payment) secured(cmd emv.Command, do func(*Payment, emv.Command, []byte) emv.StatusWord) emv.StatusWord {
	size := p.app.scheme.ScriptSize
	if len(cmd.Data) < size {
		return emv.SW6987SecureMissing
	}
	data, mac := cmd.Data[:len(cmd.Data)-size], cmd.Data[len(cmd.Data)-size:]
	header := []byte{cmd.CLA, cmd.INS, cmd.P1, cmd.P2, byte(len(cmd.Data))}
	want, err := p.card.image.keys.ScriptMAC(p.app.scheme, p.own(KeySMI), p.session(), header, data)
	p.card.consult("card/script-mac")
	if err != nil || !p.card.rules.Script(want, mac) {
		return emv.SW6988SecureWrong
	}
	return do(p, cmd, data)
}

func (p *Payment) blockApplication(_ emv.Command, data []byte) emv.StatusWord {
	return bare(data, func() { p.state.Blocked = true })
}

func (p *Payment) unblockApplication(_ emv.Command, data []byte) emv.StatusWord {
	p.card.consult("card/unblock")
	return bare(data, func() { p.card.rules.Unblock(p.state) })
}

func (p *Payment) blockCard(_ emv.Command, data []byte) emv.StatusWord {
	p.card.consult("card/block-card")
	return bare(data, func() { p.card.rules.BlockCard(&p.card.state, p.state) })
}

// bare does what needs no data but the MAC.
func bare(data []byte, do func()) emv.StatusWord {
	if len(data) != 0 {
		return emv.SW6700Length
	}
	do()
	return emv.SW9000OK
}

// changePIN gives back all tries, and with P2 01 or 02 sets a new PIN; 01 proves the present one (DOMAIN.md D.5).
func (p *Payment) changePIN(cmd emv.Command, data []byte) emv.StatusWord {
	c := p.card
	fresh := c.state.PIN
	switch {
	case cmd.P1 != 0 || cmd.P2 > 2:
		return emv.SW6A86Parameters
	case cmd.P2 == 0 && len(data) != 0:
		return emv.SW6700Length
	case cmd.P2 != 0:
		current := c.state.PIN
		if cmd.P2 == 2 {
			current = pay.Secret{}
		}
		var err error
		if fresh, err = c.image.keys.OpenPINChange(p.app.scheme, p.own(KeySMC), p.own(KeyAC), p.session(), data, current); err != nil {
			return emv.SW6A80Data
		}
	}
	c.consult("card/unblock-pin")
	c.consult("card/new-pin")
	c.state.PIN, c.state.Tries = c.rules.NewPIN(c.state.PIN, fresh), c.rules.UnblockPIN(c.state.Tries, c.image.spec.Tries)
	return emv.SW9000OK
}

// putData changes an object of those that GET DATA gives.
func (p *Payment) putData(cmd emv.Command, data []byte) emv.StatusWord {
	tag := tlv.Tag(cmd.P1)<<8 | tlv.Tag(cmd.P2)
	if !slices.Contains(dataTags(), tag) {
		return emv.SW6A88DataNotFound
	}
	if emv.CheckLength(tag, data) != nil {
		return emv.SW6A80Data
	}
	p.state.Data = maps.Clone(p.state.Data)
	if p.state.Data == nil {
		p.state.Data = emv.Data{}
	}
	p.state.Data[tag] = slices.Clone(data)
	return emv.SW9000OK
}

// updateRecord writes a whole record that the application has.
func (p *Payment) updateRecord(cmd emv.Command, data []byte) emv.StatusWord {
	id := recordID{cmd.P2 >> 3, cmd.P1}
	switch _, ok := p.app.records[id]; {
	case cmd.P2&7 != 4:
		return emv.SW6A86Parameters
	case !ok:
		return emv.SW6A83RecordNotFound
	}
	if l, err := tlv.Parse(data, tlv.Strict); err != nil || len(l) != 1 || l[0].Tag != emv.Tag70RecordTemplate {
		return emv.SW6A80Data
	}
	p.state.Records = maps.Clone(p.state.Records)
	if p.state.Records == nil {
		p.state.Records = map[recordID][]byte{}
	}
	p.state.Records[id] = slices.Clone(data)
	return emv.SW9000OK
}
