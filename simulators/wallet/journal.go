package wallet

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// Kinds of the host's own journal lines. Each holds the whole of one thing as it is from then on.
const (
	merchantRecord = "merchant"
	payerRecord    = "payer"
	codeRecord     = "code"
	orderRecord    = "order"
)

// code is a payer code: whose it is, and until when.
type code struct {
	Hash  string    `json:"hash"`
	Payer string    `json:"payer"`
	At    time.Time `json:"at"`
	Used  string    `json:"used,omitempty"` // the order it was used for
}

// Order is what a merchant wants to be paid for.
type Order struct {
	Merchant string                 `json:"merchant"`
	Number   string                 `json:"number"` // the merchant's own
	Trade    string                 `json:"trade"`  // ours
	At       time.Time              `json:"at"`
	Amount   pay.Amount             `json:"amount,omitzero"`
	Subject  string                 `json:"subject,omitempty"`
	State    walletapi.OrderState   `json:"state"`
	Code     string                 `json:"code,omitempty"`   // hash of the payer code it came with; "" for a merchant code
	Static   bool                   `json:"static,omitempty"` // paid by the code on a wall
	Payer    string                 `json:"payer,omitempty"`  // who paid, or is asked
	PaidAt   time.Time              `json:"paid_at,omitzero"`
	Notify   string                 `json:"notify,omitempty"`
	Refunds  []Refund               `json:"refunds,omitempty"`
	Returned pay.Amount             `json:"returned,omitzero"` // by all refunds and the cancel
	Posting  ledger.ID              `json:"posting,omitempty"`
	Untold   []walletapi.OrderState `json:"untold,omitempty"` // what the merchant has not acknowledged yet
	Told     int                    `json:"told,omitempty"`   // what he has
}

// Refund is one of an order.
type Refund struct {
	Number string     `json:"number"` // the merchant's own
	Amount pay.Amount `json:"amount"`
	At     time.Time  `json:"at"`
}

func orderKey(merchant, number string) string { return merchant + "/" + number }

func (o Order) key() string { return orderKey(o.Merchant, o.Number) }

// left is what may still be given back.
func (o Order) left() pay.Amount {
	return pay.Amount{Minor: o.Amount.Minor - o.Returned.Minor, Currency: o.Amount.Currency}
}

func hashOf(digits string) string {
	sum := sha256.Sum256([]byte("tillproof payer code " + digits))
	return hex.EncodeToString(sum[:16])
}

// change is one decision: what it alters, and the money it moves.
type change struct {
	merchants []Merchant
	payers    []payer
	codes     []code
	orders    []Order
	books     *ledger.Tx
}

// commit makes a decision happen: in memory at once, so that the next request meets it, and in the journal as one batch. done runs
// when the batch is durable; only then may anybody be told. If the journal fails, memory has run ahead of it, and the host falls
// silent rather than promise what a restart would forget.
func (h *Host) commit(c change, done func()) {
	records := c.records()
	if c.books != nil {
		c.books.Trace(h.Trace, h.Scheme.Name)
		records = append(records, c.books.Records()...)
		c.books.Commit()
	}
	h.keep(c)
	if h.Store == nil {
		done()
		return
	}
	h.Store.Append(records, func(err error) {
		if err != nil {
			h.broken = true
			h.note(time.Time{}, trace.Trouble, "journal", err.Error())
			return
		}
		done()
	})
}

func (c change) records() []journal.Record {
	records := journal.Add(nil, merchantRecord, c.merchants...)
	records = journal.Add(records, payerRecord, c.payers...)
	records = journal.Add(records, codeRecord, c.codes...)
	records = journal.Add(records, orderRecord, c.orders...)
	return records
}

// replay takes one record of the journal back into memory.
func (h *Host) replay(r journal.Record) error {
	var c change
	var err error
	switch r.Kind {
	case merchantRecord:
		c.merchants, err = journal.One[Merchant](r)
	case payerRecord:
		c.payers, err = journal.One[payer](r)
	case codeRecord:
		c.codes, err = journal.One[code](r)
	case orderRecord:
		c.orders, err = journal.One[Order](r)
	default:
		return h.books.Replay(r)
	}
	if err != nil {
		return err
	}
	h.keep(c)
	return nil
}

func dayKey(payer string, at time.Time) string { return payer + " " + at.Format("060102") }

func (h *Host) keep(c change) {
	for _, m := range c.merchants {
		h.merchants[m.Number] = m
	}
	for _, p := range c.payers {
		h.payers[p.Name] = p
	}
	for _, k := range c.codes {
		if _, known := h.codes[k.Hash]; !known {
			h.shown = append(h.shown, k.Hash)
			h.given++
		}
		h.codes[k.Hash] = k
	}
	for _, o := range c.orders {
		was, known := h.orders[o.key()]
		if !known {
			h.order = append(h.order, o.key())
		}
		if was.PaidAt.IsZero() && !o.PaidAt.IsZero() {
			day := dayKey(o.Payer, o.PaidAt)
			h.paid[day]++
			if o.Static {
				h.static[day] += o.Amount.Minor
			}
		}
		h.open = slices.DeleteFunc(h.open, func(key string) bool { return key == o.key() })
		if o.State == walletapi.StateOpen {
			h.open = append(h.open, o.key())
		}
		h.orders[o.key()] = o
		h.trades[o.Trade] = o.key()
	}
}
