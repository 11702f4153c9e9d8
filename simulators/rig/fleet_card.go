package rig

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// pocket is a cardholder of a fleet as far as he has been seen: what he carries is made at its first use.
type pocket struct {
	holder Cardholder
	stripe terminal.Stripe
	pin    pay.Secret
	codes  []CodeGiven // that his phone has asked for ahead
}

func (l *lane) pocket(card int) (*pocket, error) {
	if p, ok := l.pockets[card]; ok {
		return p, nil
	}
	holder, err := l.fleet.holder(card)
	if err != nil {
		return nil, err
	}
	p := &pocket{holder: holder, pin: pay.NewSecret(holder.PIN)}
	if p.stripe, err = l.world.read(holder); err != nil {
		return nil, err
	}
	l.pockets[card] = p
	return p, nil
}

func (c *clerk) pocket() (*pocket, bool) {
	p, err := c.lane.pocket(c.at.visit.Card)
	if err != nil {
		c.fault(err)
	}
	return p, err == nil
}

// present gives the card, or the code, to the till that waits for it.
func (c *clerk) present() {
	p, ok := c.pocket()
	if !ok {
		return
	}
	switch by := c.leg().By; by {
	case ByChip, ByTap:
		e, err := c.till.present(p.holder, interfaces[by])
		if err != nil {
			c.fault(err)
			return
		}
		c.till.do(*e)
	case ByPhone:
		c.show(p)
	default:
		c.till.do(terminal.Event{Kind: terminal.Swipe, Stripe: p.stripe})
	}
}

// codeSpare is what a code's life must have left, so that it reaches the issuer alive.
const codeSpare = 5 * time.Second

// show lets the till scan a code, by a scanner that reads pictures itself. A phone without one asks for it first.
func (c *clerk) show(p *pocket) {
	scan := func(g CodeGiven) { c.till.do(terminal.Event{Kind: terminal.Scan, Code: g.Code.Secret}) }
	for len(p.codes) > 0 {
		g := p.codes[0]
		if p.codes = p.codes[1:]; c.lane.world.Loop.Now().Before(g.Until.Add(-codeSpare)) {
			scan(g)
			return
		}
	}
	order := c.at.waiting
	c.lane.askCode(p, func(g CodeGiven) {
		if c.busy && c.at.waiting == order && c.till.need == terminal.NeedCard {
			scan(g)
		}
	}, c.fault)
}

// askCode has a phone ask the issuer for a code, and calls one of both back in the lane's loop.
func (l *lane) askCode(p *pocket, given func(CodeGiven), failed func(error)) {
	control, err := l.world.mustControl()
	if err != nil {
		failed(err)
		return
	}
	tell := func(g CodeGiven, err error) {
		if err != nil {
			failed(err)
			return
		}
		given(g)
	}
	if l.world.Loop.Virtual() { // the host is in this loop
		tell(control.PayerCode(l.world.ctx, p.holder.Name))
		return
	}
	l.group.Go(func() {
		l.fleet.doors <- struct{}{}
		g, err := control.PayerCode(l.world.ctx, p.holder.Name)
		<-l.fleet.doors
		l.world.Loop.Post(func() { tell(g, err) })
	})
}
