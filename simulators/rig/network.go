package rig

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// network is the line between acquirer and issuer. Its queue for payments may be long, and reversals have one of their own.
type network struct {
	dialect *iso8583.Dialect
	issuer  iso8583.Handler
	delay   time.Duration // of payments
	play    *play         // what the issuer's script wants; nil for none
}

// Serve implements iso8583.Handler.
func (n *network) Serve(now time.Time, req *iso8583.Message, out iso8583.Outbox) {
	if spec, _, ok := n.dialect.Identify(req); ok && spec.Flow != pay.Reversal && n.delay > 0 {
		out.After(n.delay, func(now time.Time) { n.ask(now, req, out) })
		return
	}
	n.ask(now, req, out)
}

func (n *network) ask(now time.Time, req *iso8583.Message, out iso8583.Outbox) {
	if n.play != nil {
		out = n.play.before(now, out)
	}
	if out != nil {
		n.issuer.Serve(now, req, out)
	}
}
