package rig

import (
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// partyShop is a merchant's own server, and partyGateway whoever carries texts, as arrangements call them.
const (
	partyShop    = "shop"
	partyGateway = "gateway"
)

// newsBox is a webhook's address for notices that this host keeps to be looked at, in place of a server.
const newsBox = "box"

// heardWord is what a server says to a notice that it has taken.
const heardWord = "success"

// carry brings a notice to a phone, to a server, or into the box. A server that is deaf takes it and says nothing.
func (o *office) carry(_ time.Time, n merchant.Notice, to pay.Secret, said walletapi.Params) {
	switch {
	case n.Channel == merchant.ChannelSMS && o.deaf[partyGateway]:
	case n.Channel == merchant.ChannelWebhook && to.Reveal() != newsBox:
		if o.post != nil {
			o.post(n, to.Reveal(), said)
		}
	default:
		o.texts = append(o.texts, TextState{To: n.Merchant, ID: n.ID, Args: n.Args, Said: said})
		if n.Channel == merchant.ChannelSMS || !o.deaf[n.Merchant] {
			o.Heard(n)
		}
	}
}

// newsWithin is how long a server has to say that it has taken a notice, and newsTick how often the office looks whether there is one to bring.
const (
	newsWithin = 10 * time.Second
	newsTick   = time.Second
)

// postNews has the office bring notices to servers over HTTP, on loopback only, and do what falls due without being asked.
func (s *server) postNews(h *host) {
	client := &http.Client{Timeout: newsWithin}
	h.office.post = func(n merchant.Notice, to string, said walletapi.Params) {
		if u, err := url.Parse(to); err != nil || u.Scheme != "http" {
			return
		} else if near, err := isLoopback(u.Host); err != nil || !near {
			return
		}
		s.group.Go(func() {
			word, err := walletapi.Tell(s.ctx, client, to, said)
			if err != nil || strings.TrimSpace(word) != heardWord {
				return // it is told again
			}
			_, _ = inLoop(s.ctx, s, func(h *host) (struct{}, error) { // the host has gone: it is told again when it is back
				h.office.Heard(n)
				return struct{}{}, nil
			})
		})
	}
	var tick func()
	tick = func() {
		h.office.catchUp()
		h.loop.After(newsTick, tick)
	}
	h.loop.After(newsTick, tick)
}

// Subscribe has a shop told by a channel. The phone is its owner's, the server one of our own.
func (w *World) Subscribe(shop string, ch merchant.Channel) (merchant.Answer, error) {
	r := merchant.Request{Channels: []merchant.Channel{ch}, Phone: merchant.NewPrivate(w.payerPhone(shop)), Webhook: newsBox}
	a, err := w.AskOfficeFor(shop, merchant.OpSubscribe, r)
	if err == nil && !a.Secret.IsZero() {
		l := w.officeLine
		if l.secrets == nil {
			l.secrets = map[string]pay.Secret{}
		}
		l.secrets[shop] = a.Secret.Secret
	}
	return a, err
}

// ArrangeNews has a shop's server, or with no shop whoever carries texts, hear nothing, or hear again.
func (w *World) ArrangeNews(shop, condition string) error {
	if _, err := w.office(); err != nil {
		return err
	}
	if shop == "" {
		return w.Arrange(Arrangement{Party: partyGateway, Condition: condition})
	}
	m, err := w.Rig.Cast.Merchant(shop)
	if err != nil {
		return err
	}
	return w.Arrange(Arrangement{Party: partyShop, Merchant: m.Number, Condition: condition})
}

// ToldShop is what a shop was told.
type ToldShop struct {
	TextState
	Signature string // right, wrong or none
}

// ToldShop lists what has reached a shop by text or at its server.
func (w *World) ToldShop(shop string) ([]ToldShop, error) {
	m, err := w.Rig.Cast.Merchant(shop)
	if err != nil {
		return nil, err
	}
	state, err := w.Look()
	if err != nil {
		return nil, err
	}
	var told []ToldShop
	for _, t := range state.Texts {
		if t.To != m.Number {
			continue
		}
		signature := "none"
		if t.Said[walletapi.Sign] != "" {
			if signature, err = w.judgeNews(shop, t.Said); err != nil {
				return nil, err
			}
		}
		told = append(told, ToldShop{t, signature})
	}
	return told, nil
}

// judgeNews holds what a shop was told against the secret that it was given.
func (w *World) judgeNews(shop string, said walletapi.Params) (string, error) {
	secret, err := hex.DecodeString(w.officeLine.secrets[shop].Reveal())
	if err != nil {
		return "", errors.New("the secret for " + shop + " is no hex")
	}
	box := hsm.New(sim.Seed(0).Reader("shop"))
	if err := box.ImportSecret(shop, secret); err != nil {
		return "", err
	}
	right, err := said.Verified(func(message, signature []byte) (bool, error) { return box.VerifySignature(shop, message, signature) })
	if err != nil || !right {
		return "wrong", err
	}
	return "right", nil
}
