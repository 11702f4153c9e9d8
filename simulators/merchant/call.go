package merchant

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Request is what is asked. Which fields an operation needs stands in its Service.
type Request struct {
	Merchant string     `json:"merchant,omitempty"`
	Name     string     `json:"name,omitempty"`
	MCC      string     `json:"mcc,omitempty"`
	Term     Term       `json:"term,omitempty"`
	Amount   pay.Amount `json:"amount,omitzero"`
	Card     string     `json:"card,omitempty"`
	Entry    pay.Entry  `json:"entry,omitempty"`
	Product  string     `json:"product,omitempty"`
	Day      string     `json:"day,omitempty"`
	File     string     `json:"file,omitempty"`
	Case     string     `json:"case,omitempty"`
	Decision Decision   `json:"decision,omitempty"`

	Kind        string  `json:"kind,omitempty"`
	Person      *Person `json:"person,omitempty"`
	Place       string  `json:"place,omitempty"`
	Campaign    string  `json:"campaign,omitempty"`
	Application string  `json:"application,omitempty"`
	Document    string  `json:"document,omitempty"`
	Content     Private `json:"content,omitzero"`
	Reason      string  `json:"reason,omitempty"`
	Serial      string  `json:"serial,omitempty"`
	Phone       Private `json:"phone,omitzero"`
	Activation  Private `json:"activation,omitzero"` // the one-time code

	Payer     string   `json:"payer,omitempty"`
	Consent   *Consent `json:"consent,omitempty"`
	Agreement string   `json:"agreement,omitempty"`
	Number    string   `json:"number,omitempty"` // the merchant's own

	Coupon  *Coupon `json:"coupon,omitempty"`
	RRN     string  `json:"rrn,omitempty"`
	Dispute string  `json:"dispute,omitempty"`

	Account  Private `json:"account,omitzero"` // of the payee
	QR       string  `json:"code,omitempty"`   // that was scanned
	Transfer string  `json:"transfer,omitempty"`

	Channels []Channel `json:"channels,omitempty"`
	Webhook  string    `json:"webhook,omitempty"`
	From     string    `json:"from,omitempty"` // days
	Until    string    `json:"until,omitempty"`

	Limit      *pay.Limit `json:"limit,omitempty"`
	CardNumber Private    `json:"card_number,omitzero"`
	Review     string     `json:"review,omitempty"`

	User     string  `json:"user,omitempty"`
	Role     Role    `json:"role,omitempty"`
	Password Private `json:"password,omitzero"`
	Fresh    Private `json:"fresh,omitzero"` // the password from now on
}

// has tells that a field, by its name on the line, is there.
func (r Request) has(name string) bool {
	return map[string]bool{"merchant": r.Merchant != "", "name": r.Name != "", "mcc": r.MCC != "", "amount": r.Amount.Minor > 0, "file": r.File != "", "case": r.Case != "",
		"decision": r.Decision != "", "kind": r.Kind != "", "person": r.Person != nil, "application": r.Application != "", "document": r.Document != "",
		"content": !r.Content.IsZero(), "serial": r.Serial != "", "phone": !r.Phone.IsZero(), "activation": !r.Activation.IsZero(),
		"payer": r.Payer != "", "consent": r.Consent != nil, "agreement": r.Agreement != "", "number": r.Number != "",
		"rrn": r.RRN != "", "dispute": r.Dispute != "", "account": !r.Account.IsZero(), "code": r.QR != "", "transfer": r.Transfer != "",
		"channels": r.Channels != nil, "limit": r.Limit != nil, "card_number": !r.CardNumber.IsZero(), "review": r.Review != "",
		"user": r.User != "", "role": r.Role != "", "password": !r.Password.IsZero(), "fresh": !r.Fresh.IsZero()}[name]
}

// maxRequest bounds a request, in bytes.
const maxRequest = 8 << 20

// DecodeRequest reads a request. What is wrong with it is told without what it says, which may be about a person.
func DecodeRequest(body []byte) (r Request, err error) {
	if len(body) > maxRequest {
		return r, fmt.Errorf("the request has more than %d bytes", maxRequest)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return Request{}, fmt.Errorf("the request is not as openapi.yaml says, near byte %d", d.InputOffset())
	}
	if _, err := d.Token(); err != io.EOF {
		return Request{}, fmt.Errorf("something stands behind the request's JSON value")
	}
	return r, nil
}

// Answer is what the office says.
type Answer struct {
	Code      Code        `json:"code"`
	Reason    string      `json:"reason,omitempty"` // for people
	Quote     *Quote      `json:"quote,omitempty"`
	Share     *Share      `json:"share,omitempty"` // of the quoted amount
	Statement *Statement  `json:"statement,omitempty"`
	Owed      *pay.Amount `json:"owed,omitempty"`
	Payout    *Payout     `json:"payout,omitempty"`
	Payouts   []Payout    `json:"payouts,omitempty"`
	Cases     []Case      `json:"cases,omitempty"`

	Application *Application `json:"application,omitempty"`
	Device      *Device      `json:"device,omitempty"`
	Activated   *Activated   `json:"activated,omitempty"`
	Agreement   *Agreement   `json:"agreement,omitempty"`
	Debit       *Debit       `json:"debit,omitempty"`
	Debits      []Debit      `json:"debits,omitempty"`
	Disputes    []Dispute    `json:"disputes,omitempty"`

	Transfer *Transfer `json:"transfer,omitempty"`
	QR       string    `json:"qr,omitempty"`
	Card     string    `json:"card,omitempty"` // that is bound: its last digits

	Secret     Private     `json:"secret,omitzero"` // under which a webhook is signed, in hex
	News       []Notice    `json:"news,omitempty"`
	Records    []Line      `json:"records,omitempty"`
	Record     *Record     `json:"record,omitempty"`
	Statistics []Statistic `json:"statistics,omitempty"`

	Limits  []pay.Limit  `json:"limits,omitempty"`
	Reviews []pay.Review `json:"reviews,omitempty"`

	Initial Private  `json:"initial,omitzero"` // password of an account
	Key     Private  `json:"key,omitzero"`
	Session *Session `json:"session,omitempty"`
	Users   []Listed `json:"users,omitempty"`
}

// Check is one question asked of a request. An empty code lets it pass; any other ends it, with a reason for people.
type Check struct {
	Name string
	Ask  func(*Call) (Code, string)
}

// Service is how one operation is served: what it must say, its checks in order, then what it does.
type Service struct {
	Operation Operation
	Needs     []string
	Checks    []Check
	Serve     func(*Call)
}

// Call is one request on its way through the office. Checks read it and leave in it what they found.
type Call struct {
	*Office
	now      time.Time
	who      caller
	req      Request
	answer   Answer
	merchant Merchant
	file     SchemeFile
	found    Case
	applied  Application
	device   Device

	agreement Agreement
	disputing Dispute
	item      Item
	transfer  Transfer
	holder    string // of the payee's account
	user      User
	told      *Debit // of which a refusal tells
}

// Serve answers one request of the office's own people.
func (o *Office) Serve(now time.Time, op Operation, r Request) Answer {
	return o.serve(now, caller{staff: true}, op, r)
}

func (o *Office) serve(now time.Time, who caller, op Operation, r Request) Answer {
	o.Age(now)
	c := &Call{Office: o, now: now, who: who, req: r}
	i := slices.IndexFunc(o.Rules.Services, func(s Service) bool { return s.Operation == op })
	if i < 0 {
		return Answer{Code: Lacks, Reason: "there is no such operation"}
	}
	if o.broken {
		return Answer{Code: Broken, Reason: "the journal is broken"}
	}
	s := o.Rules.Services[i]
	o.consult("who-asks")
	if code, reason := o.Rules.People.Admits(c, op); code != "" {
		c.end(code, reason)
		o.note(now, trace.Decided, "who-asks", fmt.Sprintf("%s: %s: %s", op, code, reason))
		return c.answer
	}
	for _, name := range s.Needs {
		if !r.has(name) {
			c.end(Lacks, string(op)+" needs "+name)
			return c.answer
		}
	}
	for _, check := range s.Checks {
		o.consult(check.Name)
		if code, reason := check.Ask(c); code != "" {
			c.end(code, reason)
			o.note(now, trace.Decided, check.Name, fmt.Sprintf("%s: %s: %s", op, code, reason))
			return c.answer
		}
	}
	c.answer.Code = OK
	s.Serve(c)
	o.note(now, trace.Decided, string(op), string(c.answer.Code))
	o.ageNews(now)
	return c.answer
}

func (c *Call) end(code Code, reason string) {
	c.answer = Answer{Code: code, Reason: reason, Debit: c.told}
}

func services() []Service {
	known := []Check{{"merchant", merchantKnown}}
	return slices.Concat(applicationServices(), deviceServices(), phoneServices(), agreementServices(), disputeServices(), riskServices(), newsServices(), queryServices(), transferServices(), peopleServices(), []Service{
		{OpEnrol, []string{"merchant", "name", "mcc"}, []Check{{"trade", tradeAllowed}}, enrol},
		{OpQuote, []string{"merchant", "amount"}, append(known[:1:1], Check{"day", dayRight}), tellQuote},
		{OpStatement, []string{"merchant"}, append(known[:1:1], Check{"day", dayRight}), tellStatement},
		{OpOwed, []string{"merchant"}, known, tellOwed},
		{OpPayout, []string{"merchant"}, known, payNow},
		{OpPayouts, []string{"merchant"}, known, tellPayouts},
		{OpReconcile, []string{"file"}, []Check{{"file", fileWhole}, {"file-once", fileNew}}, takeFile},
		{OpCases, nil, nil, func(c *Call) { c.answer.Cases = c.Cases() }},
		{OpResolve, []string{"case", "decision"}, []Check{{"case", caseOpen}}, endCase},
	})
}

func merchantKnown(c *Call) (Code, string) {
	m, known := c.merchants[c.req.Merchant]
	if !known {
		return NoMerchant, "no merchant has this number"
	}
	c.merchant = m
	return "", ""
}

func tradeAllowed(c *Call) (Code, string) {
	if group := c.Terms.Group(c.req.MCC); group.Name == "refused" {
		return RefusedTrade, "merchants of MCC " + c.req.MCC + " get no till"
	}
	return "", ""
}

// dayRight checks the day that is asked about; today when there is none.
func dayRight(c *Call) (Code, string) {
	if c.req.Day == "" {
		c.req.Day = dayOf(c.Terms, c.now)
	}
	if _, err := time.Parse(dayLayout, c.req.Day); err != nil {
		return NoDay, "want a day such as 2026-06-01"
	}
	return "", ""
}

func enrol(c *Call) {
	if err := c.Enrol(c.now, Merchant{Number: c.req.Merchant, Name: c.req.Name, MCC: c.req.MCC, Term: c.req.Term}); err != nil {
		c.end(BadTerms, err.Error())
	}
}

func tellQuote(c *Call) {
	at := c.now
	if c.req.Day != dayOf(c.Terms, c.now) {
		at = midnight(c.req.Day)
	}
	s := Sold{Card: c.req.Card, Entry: c.req.Entry, Product: c.req.Product, Amount: c.req.Amount}
	if s.Product == "" {
		s.Product = ProductCard
	}
	q := c.quote(c.merchant, at, s)
	sh := quoted(c.Office, s.Amount, q)
	c.answer.Quote, c.answer.Share = &q, &sh
}

// quoted is share with the fee as the tariff has it.
func quoted(o *Office, a pay.Amount, q Quote) Share {
	s := share(o, a, q)
	diff := minus(s.Fee, o.part(a, q.Price))
	s.Fee, s.Net, s.Acquirer = minus(s.Fee, diff), plus(s.Net, diff), minus(s.Acquirer, diff)
	return s
}

func tellStatement(c *Call) { c.answer.Statement = c.statement(c.merchant, c.req.Day) }

func tellOwed(c *Call) {
	owed, err := c.Owed(c.merchant.Number)
	if err != nil {
		c.end(Broken, err.Error())
		return
	}
	c.answer.Owed = &owed
}

// payNow pays a merchant at once what he has sold, for the surcharge of the same day.
func payNow(c *Call) {
	var all []*Item
	for _, id := range c.unpaid[c.merchant.Number] {
		all = append(all, c.items[id])
	}
	p, ok := c.instruct(c.now, c.merchant, all, true)
	if !ok {
		c.end(NothingToPay, "nothing is owed")
		return
	}
	p.Wanted = true
	c.send(c.now, p)
	p = c.payouts[p.Number]
	c.answer.Payout = &p
}

func tellPayouts(c *Call) {
	c.answer.Payouts = slices.DeleteFunc(c.Payouts(), func(p Payout) bool { return p.Merchant != c.merchant.Number })
}

func fileWhole(c *Call) (Code, string) {
	f, err := ParseSchemeFile(c.req.File)
	if err != nil {
		return BadFile, err.Error()
	}
	c.file = f
	return "", ""
}

func fileNew(c *Call) (Code, string) {
	if c.agreed["file:"+c.file.Day] {
		return TakenFile, "the file of " + c.file.Day + " was taken before"
	}
	return "", ""
}

func takeFile(c *Call) {
	found, err := c.reconcile(c.now, c.file)
	if err != nil {
		c.end(Broken, err.Error())
		return
	}
	c.answer.Cases = found
}

func caseOpen(c *Call) (Code, string) {
	k, known := c.cases[c.req.Case]
	switch {
	case !known:
		return NoCase, "there is no case of this number"
	case k.Decision != "":
		return CaseEnded, "it was resolved before"
	case c.req.Decision != ToMerchant && c.req.Decision != ToScheme:
		return BadDecision, "want merchant or scheme"
	}
	if _, known := c.merchants[k.Merchant]; c.req.Decision == ToMerchant && !known {
		return NoMerchant, "no merchant has the number of the file"
	}
	c.found = k
	return "", ""
}

func endCase(c *Call) {
	if err := c.resolve(c.now, c.found, c.req.Decision); err != nil {
		c.end(Broken, err.Error())
		return
	}
	c.answer.Cases = []Case{c.cases[c.found.Number]}
}
