package merchant

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// Channel is a way by which a merchant is told what has happened to his money.
type Channel string

// The channels.
const (
	ChannelSMS     Channel = "sms"
	ChannelApp     Channel = "app"     // which asks for its news
	ChannelWebhook Channel = "webhook" // signed, to a server of his
)

// Subscription is by which channels a merchant is told.
type Subscription struct {
	Merchant string    `json:"merchant"`
	Channels []Channel `json:"channels"`
	Phone    string    `json:"phone,omitempty"`   // masked
	Sealed   []byte    `json:"sealed,omitempty"`  // the whole number under KeyStore
	Webhook  string    `json:"webhook,omitempty"` // its address
	Secret   []byte    `json:"secret,omitempty"`  // under which what goes there is signed (HMAC-SHA256), under KeyStore
}

// NoticeState is what became of a notice.
type NoticeState string

// The states of a notice.
const (
	NoticeWaiting NoticeState = "waiting" // for a try, or in the app
	NoticeHeard   NoticeState = "heard"
	NoticeUnheard NoticeState = "unheard" // every try was in vain; he may ask
)

// Notice tells a merchant of one event by one channel. Its words are those of fixtures/texts.
type Notice struct {
	Event    string      `json:"event"` // whatever repeats it has the same
	Merchant string      `json:"merchant"`
	Channel  Channel     `json:"channel"`
	ID       string      `json:"id"`
	Args     []string    `json:"args,omitempty"`
	Amount   pay.Amount  `json:"amount"`
	At       time.Time   `json:"at"` // of the event
	State    NoticeState `json:"state"`
	Tries    int         `json:"tries,omitempty"`
	Next     time.Time   `json:"next,omitzero"`
}

func (n Notice) key() string { return n.Event + " " + string(n.Channel) }

// Carry brings a notice to a merchant: to a phone, or to the address of a server. Who has brought it says so to Heard; whoever says nothing has
// not.
type Carry func(now time.Time, n Notice, to pay.Secret, said walletapi.Params)

// webhookKey names a merchant's secret in the security module.
func webhookKey(merchant string) string { return "webhook:" + merchant }

func newsServices() []Service {
	known := Check{"merchant", merchantKnown}
	return []Service{
		{OpSubscribe, []string{"merchant", "channels"}, []Check{known, {"channels", channelsMeant}}, subscribe},
		{OpNews, []string{"merchant"}, []Check{known}, tellNews},
	}
}

func channelsMeant(c *Call) (Code, string) {
	for _, ch := range c.req.Channels {
		switch {
		case ch != ChannelSMS && ch != ChannelApp && ch != ChannelWebhook:
			return BadChannel, "want sms, app or webhook"
		case ch == ChannelSMS && !isPhone(c.req.Phone.Reveal()):
			return BadChannel, "sms needs a phone"
		case ch == ChannelWebhook && c.req.Webhook == "":
			return BadChannel, "webhook needs an address"
		}
	}
	return "", ""
}

// subscribe says by which channels a merchant is told from now on. What is signed for him is signed under a fresh secret, which he is told
// once.
func subscribe(c *Call) {
	s := Subscription{Merchant: c.merchant.Number, Channels: c.req.Channels, Webhook: c.req.Webhook}
	var err error
	if phone := c.req.Phone.Reveal(); phone != "" {
		s.Phone = maskPhone(phone)
		if s.Sealed, err = c.HSM.Seal(KeyStore, []byte(phone)); err != nil {
			c.end(Broken, err.Error())
			return
		}
	}
	if slices.Contains(s.Channels, ChannelWebhook) {
		secret, err := c.HSM.Digits(32)
		if err == nil {
			s.Secret, err = c.HSM.Seal(KeyStore, []byte(secret))
		}
		if err != nil {
			c.end(Broken, err.Error())
			return
		}
		c.answer.Secret = NewPrivate(hex.EncodeToString([]byte(secret)))
	}
	c.commit(change{subscriptions: []Subscription{s}})
}

// tellNews gives a merchant all that he was told, or should have been. What his app had to fetch it has now.
func tellNews(c *Call) {
	var heard []Notice
	for _, key := range c.noticeOrder {
		n := c.notices[key]
		if n.Merchant != c.merchant.Number {
			continue
		}
		if n.Channel == ChannelApp && n.State != NoticeHeard {
			n.State, n.Tries = NoticeHeard, n.Tries+1
			heard = append(heard, n)
		}
		c.answer.News = append(c.answer.News, n)
	}
	c.commit(change{notices: heard})
}

// event is what a merchant is told of.
type event struct {
	name, merchant, id string
	amount             pay.Amount
	args               []string
	at                 time.Time
}

// events are what a decision has made news. They are kept with it, in one batch: none is lost, and none is told of what did not happen.
func (o *Office) events(c change) (list []event) {
	for _, i := range c.items {
		e := event{"item:" + i.ID, i.Ref.Merchant, "TEXT_SOLD", i.Amount, []string{i.Amount.String(), o.Rules.Tail(i.Card), o.Rules.Tail(i.RRN)}, i.At}
		switch {
		case i.Agreement != "":
			e.id, e.args = "TEXT_COLLECTED", []string{i.Amount.String(), i.Agreement}
		case i.Other != "":
			e.id, e.args = "TEXT_BOOKED", []string{i.Amount.String(), i.What}
		case i.Amount.Minor < 0:
			e.id, e.args[0] = "TEXT_GIVEN_BACK", i.Amount.Neg().String()
		}
		list = append(list, e)
	}
	for _, p := range c.payouts {
		id := map[PayoutState]string{PayoutPaid: "TEXT_PAID_OUT", PayoutFailed: "TEXT_PAYOUT_FAILED"}[p.State]
		if id == "" {
			continue
		}
		account := "*" // nobody has told us
		if who, err := o.person(p.Merchant); err == nil {
			account = o.Rules.Tail(who.Account.Reveal())
		}
		list = append(list, event{"payout:" + p.Number + ":" + string(p.State), p.Merchant, id, p.Amount, []string{p.Amount.String(), account}, p.Ended})
	}
	for _, d := range c.disputes {
		list = append(list, event{"dispute:" + d.Number + ":" + string(d.Stage), d.Merchant, "TEXT_DISPUTE", d.Amount, []string{d.Amount.String(), string(d.Stage), o.Rules.Tail(d.RRN)}, d.At})
	}
	return list
}

// news makes the notices of a decision, each once.
func (o *Office) news(c change) (list []Notice) {
	for _, e := range o.events(c) {
		if o.consult("news"); !o.Rules.Newsworthy(e.id) {
			continue
		}
		for _, ch := range o.subscriptions[e.merchant].Channels {
			n := Notice{Event: e.name, Merchant: e.merchant, Channel: ch, ID: e.id, Args: e.args, Amount: e.amount, At: e.at, State: NoticeWaiting}
			if _, known := o.notices[n.key()]; known {
				continue
			}
			if ch != ChannelApp {
				n.Next = e.at
			}
			list = append(list, n)
		}
	}
	return list
}

func (o *Office) keepNotice(n Notice) {
	key := n.key()
	if _, known := o.notices[key]; !known {
		o.noticeOrder = append(o.noticeOrder, key)
	}
	o.notices[key] = n
	if at := slices.Index(o.untold, key); at < 0 && !n.Next.IsZero() {
		o.untold = append(o.untold, key)
	} else if at >= 0 && n.Next.IsZero() {
		o.untold = slices.Delete(o.untold, at, at+1)
	}
}

// ageNews tries what has fallen due, in its order. That it was tried stands in the journal before anybody is told.
func (o *Office) ageNews(now time.Time) {
	for range 100_000 {
		var next *Notice
		for _, key := range o.untold {
			if n := o.notices[key]; !n.Next.After(now) && (next == nil || n.Next.Before(next.Next)) {
				next = &n
			}
		}
		if next == nil || o.broken {
			return
		}
		o.try(next.Next, *next)
	}
}

func (o *Office) try(at time.Time, n Notice) {
	o.consult("news-retry")
	n.Tries++
	wait, more := o.Rules.Retry(o.Terms, n.Tries)
	if n.Next = at.Add(wait); !more {
		n.State, n.Next = NoticeUnheard, time.Time{}
	}
	o.commit(change{notices: []Notice{n}})
	s := o.subscriptions[n.Merchant]
	to, said := pay.NewSecret(s.Webhook), walletapi.Params(nil)
	if n.Channel == ChannelSMS {
		clear, err := o.HSM.Open(KeyStore, s.Sealed)
		if err != nil {
			o.note(at, trace.Trouble, "news", err.Error())
			return
		}
		to = pay.NewSecret(string(clear))
	} else if said, _ = o.signed(at, n, s); said == nil {
		return
	}
	o.note(at, trace.Sent, n.ID, fmt.Sprintf("%s to %s, try %d: %s", n.Channel, n.Merchant, n.Tries, strings.Join(n.Args, ", ")))
	o.Carry(at, n, to, said)
	if now := o.notices[n.key()]; now.State == NoticeUnheard {
		o.consult("news-unheard")
		o.Rules.Unheard(o, at, now)
	}
}

// signed gives a notice as it goes to a server, under the merchant's secret, in the words in which wallets notify.
func (o *Office) signed(at time.Time, n Notice, s Subscription) (walletapi.Params, error) {
	o.consult("news-event")
	p := walletapi.Params{walletapi.Event: o.Rules.Event(n), walletapi.Merchant: n.Merchant, "kind": strings.ToLower(strings.TrimPrefix(n.ID, "TEXT_")), "at": n.At.Format(time.RFC3339),
		walletapi.Amount: fmt.Sprint(n.Amount.Minor), walletapi.Currency: n.Amount.Currency.String(), "details": strings.Join(n.Args, ", "), walletapi.Nonce: fmt.Sprintf("%s-%d", n.Event, n.Tries)}
	o.consult("news-signature")
	if !o.Rules.SignsNews {
		return p, nil
	}
	key := webhookKey(n.Merchant)
	secret, err := o.HSM.Open(KeyStore, s.Secret)
	if err == nil {
		err = o.HSM.ImportSecret(key, secret)
	}
	if err == nil {
		p, err = p.Signed(func(message []byte) ([]byte, error) { return o.HSM.Sign(key, message) })
	}
	if err != nil {
		o.note(at, trace.Trouble, "news", err.Error())
		return nil, err
	}
	return p, nil
}

// Heard takes the word of whoever has brought a notice.
func (o *Office) Heard(n Notice) {
	if now, known := o.notices[n.key()]; known && now.State != NoticeHeard {
		now.State, now.Next = NoticeHeard, time.Time{}
		o.commit(change{notices: []Notice{now}})
	}
}

// retryAfter gives how long to wait behind a try, and whether there is another.
func retryAfter(t *Terms, tries int) (time.Duration, bool) {
	if tries > len(t.Notices.Retry) {
		return 0, false
	}
	return time.Duration(t.Notices.Retry[tries-1]), true
}
