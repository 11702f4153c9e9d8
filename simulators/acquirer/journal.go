package acquirer

import (
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Kinds of the acquirer's own journal lines. Each holds the whole of one thing as it is from then on.
const (
	merchantRecord = "merchant"
	terminalRecord = "terminal"
	paymentRecord  = "payment"
	batchRecord    = "batch"
	editionRecord  = "edition"

	signatureRecord = "signature"

	limitRecord  = "limit"
	blockRecord  = "block"
	reviewRecord = "review"
)

// change is one decision: what it alters, and the money it moves.
type change struct {
	merchants []Merchant
	terminals []Terminal
	payments  []Payment
	batches   []Batch
	editions  []Edition

	signatures []Signature
	limits     []pay.Limit
	blocks     []block
	reviews    []review
	books      *ledger.Tx
}

// commit makes a decision happen: in memory at once, so that the next message meets it, and in the journal as one batch.
// done runs when the batch is durable; only then may anybody be told. An empty batch keeps its place in the order, so that a
// repeated answer waits until what it repeats is durable. If the journal fails, memory has run ahead of it, and the acquirer
// falls silent rather than promise what a restart would forget.
func (a *Acquirer) commit(c change, done func()) {
	var records []journal.Record
	if a.Store != nil {
		records = c.records()
	}
	if c.books != nil {
		c.books.Trace(a.Trace, "acquirer")
		c.books.Commit()
	}
	if a.Store == nil {
		a.keepAll(c)
		done()
		return
	}
	a.Trace.Consult("acquirer/durable")
	if !a.Rules.DurableFirst {
		a.keepAll(c)
		a.Store.Append(records, func(error) {})
		done()
		return
	}
	for _, p := range c.payments {
		if p.Undo.due() {
			a.writing[p.Key()]++
		}
	}
	a.keepAll(c)
	a.Store.Append(records, func(err error) {
		if err != nil {
			a.Trace.Record(trace.Event{Party: "acquirer", Kind: trace.Trouble, Name: "journal", Text: err.Error()})
			a.Trace.Consult("acquirer/unkept")
			if a.broken = a.Rules.StopUnkept; a.broken {
				return
			}
		}
		a.written(c.payments)
		done()
	})
}

// written lets the issuer be told of payments: what it hears of one that is not durable yet it may know alone, after a restart.
func (a *Acquirer) written(payments []Payment) {
	for _, p := range payments {
		k := p.Key()
		if !p.Undo.due() {
			continue
		}
		if a.writing[k]--; a.writing[k] == 0 {
			delete(a.writing, k)
			a.resting.keep(k, a.payments[k].Undo.due() && !a.undoing[k])
		}
	}
}

func (c change) records() []journal.Record {
	records := journal.Add(nil, merchantRecord, c.merchants...)
	records = journal.Add(records, terminalRecord, c.terminals...)
	records = journal.Add(records, paymentRecord, c.payments...)
	records = journal.Add(records, batchRecord, c.batches...)
	records = journal.Add(records, editionRecord, c.editions...)
	records = journal.Add(records, signatureRecord, c.signatures...)
	records = journal.Add(records, limitRecord, c.limits...)
	records = journal.Add(records, blockRecord, c.blocks...)
	records = journal.Add(records, reviewRecord, c.reviews...)
	if c.books != nil {
		records = append(records, c.books.Records()...)
	}
	return records
}

// replay takes one record of the journal back into memory.
func (a *Acquirer) replay(r journal.Record) error {
	var c change
	var err error
	switch r.Kind {
	case merchantRecord:
		c.merchants, err = journal.One[Merchant](r)
	case terminalRecord:
		c.terminals, err = journal.One[Terminal](r)
	case paymentRecord:
		c.payments, err = journal.One[Payment](r)
	case batchRecord:
		c.batches, err = journal.One[Batch](r)
	case editionRecord:
		c.editions, err = journal.One[Edition](r)
	case signatureRecord:
		c.signatures, err = journal.One[Signature](r)
	case limitRecord:
		c.limits, err = journal.One[pay.Limit](r)
	case blockRecord:
		c.blocks, err = journal.One[block](r)
	case reviewRecord:
		c.reviews, err = journal.One[review](r)
	default:
		return a.books.Replay(r)
	}
	a.keepAll(c)
	return err
}

// keepAll keeps in memory what a decision alters.
func (a *Acquirer) keepAll(c change) {
	for _, m := range c.merchants {
		a.merchants[m.Number] = m
	}
	for _, t := range c.terminals {
		a.terminals[t.Number] = t
	}
	for _, p := range c.payments {
		a.put(p)
	}
	for _, b := range c.batches {
		a.batches[b.Key()] = b
	}
	for _, e := range c.editions {
		a.editions[e.key()] = e
	}
	for _, s := range c.signatures {
		a.signatures[s.Payment] = s
	}
	a.risk.keep(c)
}

// put keeps a payment and what follows from it: the day's totals, the last RRN given out, what the issuer must take back.
func (a *Acquirer) put(p Payment) {
	k := p.Key()
	was, known := a.payments[k]
	if !known {
		in := Key{Terminal: k.Terminal, Batch: k.Batch}
		a.inBatch[in] = append(a.inBatch[in], int32(len(a.order)))
		a.byRRN[p.RRN] = int32(len(a.order))
		a.order = append(a.order, k)
	}
	a.count(was, -1)
	a.count(p, +1)
	a.countRisk(was, p, known)
	a.payments[k] = p
	a.sawRRN(p.RRN)
	a.due.keep(k, p.Undo.due())
	a.resting.keep(k, p.Undo.due() && !a.undoing[k] && a.writing[k] == 0)
	a.unheard.keep(k, p.unheard())
	a.open.keep(k, p.State == Approved && p.Ended == nil && p.Ref.Flow.Kind() == pay.PreAuth)
	if end := a.heldUntil(p); a.open.has(k) && (a.nextEnd.IsZero() || end.Before(a.nextEnd)) {
		a.nextEnd = end
	}
	if p.AuthCode != "" && was.AuthCode == "" && p.Ref.Flow.Kind() == pay.PreAuth {
		for _, name := range p.authorizedAs() {
			a.byAuth[name] = append(a.byAuth[name], k)
		}
	}
}

// total is what a merchant or a terminal took on one day.
type total struct {
	count int
	minor int64
}

type dayOf struct{ number, day string }

func (a *Acquirer) count(p Payment, by int) {
	if kind := p.Ref.Flow.Kind(); p.State != Approved || p.Ended != nil || kind != pay.Sale && kind != pay.Completion {
		return
	}
	day := a.Rules.Day(p.At)
	for _, number := range [...]string{p.Ref.Merchant, p.Ref.Terminal} {
		k := dayOf{number, day}
		t := a.days[k]
		a.days[k] = total{t.count + by, t.minor + int64(by)*p.Amount.Minor}
	}
}

// merchantAccount names what the acquirer owes a merchant; interbank what other institutions owe the acquirer.
func merchantAccount(number string) ledger.Account { return ledger.Account("merchant:" + number) }

const interbank ledger.Account = "interbank"

// open makes sure that the accounts of a payment stand open in tx.
func open(tx *ledger.Tx, c pay.Currency, accounts ...ledger.Account) error {
	for _, name := range accounts {
		if _, err := tx.Balance(name); err == nil {
			continue
		}
		if err := tx.Open(name, pay.Amount{Currency: c}, ledger.NoFloor); err != nil {
			return err
		}
	}
	return nil
}
