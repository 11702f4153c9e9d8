package merchant

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Kinds of the office's own journal lines. Each holds the whole of one thing as it is from then on.
const (
	merchantRecord = "merchant"
	itemRecord     = "item"
	payoutRecord   = "payout"
	caseRecord     = "case"
	agreedRecord   = "agreed"

	applicationRecord = "application"
	deviceRecord      = "device"
	agreementRecord   = "agreement"
	debitRecord       = "debit"
	disputeRecord     = "dispute"

	subscriptionRecord = "subscription"
	noticeRecord       = "notice"
	transferRecord     = "transfer"
	phoneRecord        = "phone"
	userRecord         = "user"
	keyRecord          = "key"
)

// change is one decision: what it alters, and the money it moves.
type change struct {
	merchants []Merchant
	items     []Item
	payouts   []Payout
	cases     []Case
	agreed    []string

	applications []Application
	devices      []Device
	agreements   []Agreement
	debits       []Debit
	disputes     []Dispute

	subscriptions []Subscription
	notices       []Notice
	transfers     []Transfer
	phones        []Phone
	users         []User
	keys          []accessKey

	books *ledger.Tx
}

// commit makes a decision happen: in memory, and in the journal as one batch. If the journal fails, memory has run ahead of it, and the office
// falls silent rather than promise what a restart would forget.
func (o *Office) commit(c change) {
	c.notices = append(c.notices, o.news(c)...)
	records := c.records()
	if c.books != nil {
		c.books.Trace(o.Trace, "office")
		records = append(records, c.books.Records()...)
		c.books.Commit()
	}
	o.keep(c)
	if o.Store == nil {
		return
	}
	o.Store.Append(records, func(err error) {
		if err != nil {
			o.broken = true
			o.note(time.Time{}, trace.Trouble, "journal", err.Error())
		}
	})
}

func (c change) records() []journal.Record {
	records := journal.Add(nil, merchantRecord, c.merchants...)
	records = journal.Add(records, itemRecord, c.items...)
	records = journal.Add(records, payoutRecord, c.payouts...)
	records = journal.Add(records, caseRecord, c.cases...)
	records = journal.Add(records, applicationRecord, c.applications...)
	records = journal.Add(records, deviceRecord, c.devices...)
	records = journal.Add(records, agreementRecord, c.agreements...)
	records = journal.Add(records, debitRecord, c.debits...)
	records = journal.Add(records, disputeRecord, c.disputes...)
	records = journal.Add(records, subscriptionRecord, c.subscriptions...)
	records = journal.Add(records, noticeRecord, c.notices...)
	records = journal.Add(records, transferRecord, c.transfers...)
	records = journal.Add(records, phoneRecord, c.phones...)
	records = journal.Add(records, userRecord, c.users...)
	records = journal.Add(records, keyRecord, c.keys...)
	return journal.Add(records, agreedRecord, c.agreed...)
}

// replay takes one record of the journal back into memory.
func (o *Office) replay(r journal.Record) error {
	var c change
	var err error
	switch r.Kind {
	case merchantRecord:
		c.merchants, err = journal.One[Merchant](r)
	case itemRecord:
		c.items, err = journal.One[Item](r)
	case payoutRecord:
		c.payouts, err = journal.One[Payout](r)
	case caseRecord:
		c.cases, err = journal.One[Case](r)
	case applicationRecord:
		c.applications, err = journal.One[Application](r)
	case deviceRecord:
		c.devices, err = journal.One[Device](r)
	case agreementRecord:
		c.agreements, err = journal.One[Agreement](r)
	case debitRecord:
		c.debits, err = journal.One[Debit](r)
	case disputeRecord:
		c.disputes, err = journal.One[Dispute](r)
	case subscriptionRecord:
		c.subscriptions, err = journal.One[Subscription](r)
	case noticeRecord:
		c.notices, err = journal.One[Notice](r)
	case transferRecord:
		c.transfers, err = journal.One[Transfer](r)
	case phoneRecord:
		c.phones, err = journal.One[Phone](r)
	case userRecord:
		c.users, err = journal.One[User](r)
	case keyRecord:
		c.keys, err = journal.One[accessKey](r)
	case agreedRecord:
		c.agreed, err = journal.One[string](r)
	default:
		return o.books.Replay(r)
	}
	if err != nil {
		return err
	}
	o.keep(c)
	return nil
}

func (o *Office) keep(c change) {
	o.keepPeople(c)
	for _, m := range c.merchants {
		o.merchants[m.Number] = m
	}
	for _, i := range c.items {
		o.items[i.ID] = &i
		o.order = append(o.order, i.ID)
		o.unpaid[i.Ref.Merchant] = append(o.unpaid[i.Ref.Merchant], i.ID)
		o.stands(i)
		if wake, set := o.wakes[i.Ref.Merchant]; !set || i.Due.Before(wake) {
			o.wakes[i.Ref.Merchant] = i.Due
		}
		if i.At.After(o.heard) {
			o.heard = i.At
		}
	}
	for _, p := range c.payouts {
		o.paid(p)
	}
	for _, k := range c.cases {
		put(o.cases, &o.caseOrder, k.Number, k)
	}
	for _, a := range c.applications {
		put(o.applications, &o.applicationOrder, a.Number, a)
	}
	for _, d := range c.devices {
		put(o.devices, &o.shipped, d.Serial, d)
	}
	for _, a := range c.agreements {
		o.agreements[a.Number] = a
	}
	for _, d := range c.debits {
		put(o.debits, &o.debitOrder, d.key(), d)
	}
	for _, d := range c.disputes {
		put(o.disputes, &o.disputeOrder, d.Number, d)
	}
	for _, t := range c.transfers {
		put(o.transfers, &o.transferOrder, t.Number, t)
	}
	for _, s := range c.subscriptions {
		o.subscriptions[s.Merchant] = s
	}
	for _, n := range c.notices {
		o.keepNotice(n)
	}
	for _, id := range c.agreed {
		o.agreed[id] = true
	}
}

// put keeps a record; order lists the keys as they came.
func put[K comparable, V any](all map[K]V, order *[]K, key K, v V) {
	if _, known := all[key]; !known {
		*order = append(*order, key)
	}
	all[key] = v
}
