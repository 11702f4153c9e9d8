package wallet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// tellMerchants begins the notifications of what a decision has made news.
func (c *Call) tellMerchants(made change) {
	for _, o := range made.orders {
		c.begins(c.now, o, c.out)
	}
}

// Resume goes on with what merchants have not acknowledged, as after a restart.
func (h *Host) Resume(now time.Time, out walletapi.Outbox) {
	for _, key := range h.order {
		h.begins(now, h.orders[key], out)
	}
}

func (h *Host) begins(now time.Time, o Order, out walletapi.Outbox) {
	if len(o.Untold) == 0 || h.telling[o.key()] || len(h.Scheme.NotifyAfter) == 0 {
		return
	}
	h.telling[o.key()] = true
	h.later(now, o.key(), 0, out)
}

// later waits for attempt n of an order's news, counted from the attempt before (DOMAIN.md E.5).
func (h *Host) later(now time.Time, key string, n int, out walletapi.Outbox) {
	if n == len(h.Scheme.NotifyAfter) || n > 0 && !h.Rules.TellsAgain {
		delete(h.telling, key)
		h.note(now, trace.Noted, "notify", fmt.Sprintf("order %s: the merchant has acknowledged none of %d notifications; he may ask", h.orders[key].Number, n))
		return
	}
	tell := func(now time.Time) { h.attempt(now, key, n, out) }
	if d := h.Scheme.NotifyAfter[n]; d > 0 {
		out.After(d, tell)
		return
	}
	tell(now)
}

// attempt tells a merchant the order's oldest news. The next news begins its own row of attempts once this is acknowledged.
func (h *Host) attempt(now time.Time, key string, n int, out walletapi.Outbox) {
	o := h.orders[key]
	if h.broken || len(o.Untold) == 0 {
		delete(h.telling, key)
		return
	}
	p := walletapi.Params{}
	o.into(p)
	p[walletapi.Standing] = string(o.Untold[0])
	p[walletapi.Event] = fmt.Sprintf("%s-%d", o.Trade, o.Told+1)
	p[walletapi.Nonce] = fmt.Sprintf("%s-%d", o.Trade, n)
	if h.Rules.SignsTold {
		signed, err := p.Signed(h.signer())
		if err != nil {
			h.note(now, trace.Trouble, "signature", err.Error())
			return
		}
		p = signed
	}
	h.Trace.Record(trace.Event{At: now, Party: h.Scheme.Name, Kind: trace.Sent, Name: "notification", Text: p.String()})
	out.Notify(o.Notify, p, func(now time.Time, said string) {
		if strings.TrimSpace(said) != h.Scheme.Acknowledge {
			h.later(now, key, n+1, out)
			return
		}
		o := h.orders[key]
		if len(o.Untold) > 0 {
			o.Untold, o.Told = slices.Clone(o.Untold[1:]), o.Told+1
		}
		h.commit(change{orders: []Order{o}}, func() {
			delete(h.telling, key)
			h.begins(now, h.orders[key], out)
		})
	})
}
