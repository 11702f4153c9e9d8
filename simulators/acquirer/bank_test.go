package acquirer_test

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// bank is a naive issuer with one card, Alice's: what its books hold is worked out from the list of what it approved.
type bank struct {
	dialect *iso8583.Dialect
	hsm     *hsm.HSM
	opening int64              // minor units
	paid    map[string]payment // by RRN
	taken   map[string]bool    // reversed, or reversed before it came

	down   bool
	delay  time.Duration
	unable int    // so many reversals are answered 96 and not done
	answer string // to every sale, when it is set
	asked  int
	heard  *iso8583.Message // the last request
}

// payment is what the bank approved.
type payment struct {
	flow     pay.Flow
	amount   int64
	original string
}

const (
	alicePAN   = "6200123456789010"
	aliceTrack = "6200123456789010D30121200000012300000"
	alicePIN   = "246813"
	aliceCode  = "6201987654321098765"
	aliceHas   = 100000
)

func newBank(d *iso8583.Dialect, h *hsm.HSM) *bank {
	return &bank{dialect: d, hsm: h, opening: aliceHas, paid: map[string]payment{}, taken: map[string]bool{}}
}

// Serve implements iso8583.Handler.
func (b *bank) Serve(_ time.Time, req *iso8583.Message, out iso8583.Outbox) {
	if b.down {
		return
	}
	b.asked++
	b.heard = req
	answer := b.dialect.NewAnswer(req)
	rrn := req.Get(iso8583.RRN)
	answer.Set(iso8583.RRN, rrn)
	code := "00"
	switch spec, _, _ := b.dialect.Identify(req); {
	case spec.Flow != pay.Sale && len(b.dialect.Validate(req)) > 0:
		code = "30"
	case spec.Flow == pay.Reversal && b.unable > 0:
		b.unable--
		code = "96"
	case spec.Flow == pay.Reversal:
		b.taken[rrn] = true
	case spec.Flow == pay.Balance:
		answer.Set(iso8583.Balance, fmt.Sprintf("0002156C%012d", b.holds()))
	default:
		switch code = b.sale(req, spec.Flow.Kind()); code {
		case "10":
			answer.Set(iso8583.Amount, fmt.Sprintf("%012d", b.paid[rrn].amount))
			fallthrough
		case "00":
			answer.Set(iso8583.AuthCode, rrn[6:])
		}
	}
	answer.Set(iso8583.AnswerCode, code)
	if b.delay > 0 {
		out.After(b.delay, func(time.Time) { out.Send(answer) })
		return
	}
	out.Send(answer)
}

func (b *bank) sale(req *iso8583.Message, flow pay.Flow) string {
	amount, err := strconv.ParseInt(req.Get(iso8583.Amount), 10, 64)
	if err != nil {
		return "30"
	}
	right, err := b.hsm.EncryptPIN("ZPK", hsm.PINISO0, pay.NewSecret(alicePIN), pay.NewPAN(alicePAN))
	switch {
	case err != nil:
		return "96"
	case b.answer != "":
		return b.answer
	case b.taken[req.Get(iso8583.RRN)]:
		return "94"
	case !b.knows(req):
		return "14"
	case req.Has(iso8583.PIN) && req.Get(iso8583.PIN) != string(right):
		return "55"
	}
	p := payment{flow, amount, req.Get(iso8583.OriginalRRN)}
	spoken := req.MTI() == "0220" && req.Has(iso8583.AuthCode)
	if (flow == pay.Sale || flow == pay.PreAuth) && amount > b.holds() && !spoken {
		if req.Get(iso8583.PartialApproval) != "1" || b.holds() == 0 {
			return "51"
		}
		p.amount = b.holds()
		b.paid[req.Get(iso8583.RRN)] = p
		return "10"
	}
	if o := b.paid[p.original]; flow != pay.Sale && flow != pay.PreAuth && (o.amount == 0 || b.taken[p.original]) {
		return "25"
	}
	b.paid[req.Get(iso8583.RRN)] = p
	return "00"
}

// knows tells that it is Alice who pays: by her card, by the code on her phone, or by naming what she has paid.
func (b *bank) knows(req *iso8583.Message) bool {
	_, paid := b.paid[req.Get(iso8583.OriginalRRN)]
	return req.Get(iso8583.PAN) == alicePAN || !req.Has(iso8583.PAN) && (paid || req.Get(iso8583.DeviceData) == "A3019"+aliceCode)
}

// acted tells that something of that kind stands on a payment.
func (b *bank) acted(on string, kinds ...pay.Flow) bool {
	for rrn, p := range b.paid {
		if p.original == on && !b.taken[rrn] && slices.Contains(kinds, p.flow) && !b.acted(rrn, pay.CompletionVoid) {
			return true
		}
	}
	return false
}

// holds is what Alice has free, in minor units: her money without what deposits hold.
func (b *bank) holds() int64 { return b.booked() - b.held() }

func (b *bank) booked() int64 {
	left := b.opening
	for rrn, p := range b.paid {
		switch {
		case b.taken[rrn]:
		case p.flow == pay.Sale, p.flow == pay.Completion:
			left -= b.amended(rrn, p.amount)
		case p.flow.GivesBack():
			left += p.amount
		}
	}
	return left
}

func (b *bank) held() (sum int64) {
	for rrn, p := range b.paid {
		if p.flow == pay.PreAuth && !b.taken[rrn] && !b.acted(rrn, pay.PreAuthVoid, pay.Completion) {
			sum += p.amount
		}
	}
	return sum
}

// amended gives the amount of a payment after its last adjustment or tip; a later one has a higher number.
func (b *bank) amended(rrn string, amount int64) int64 {
	last := ""
	for by, p := range b.paid {
		if p.original == rrn && p.flow.Amends() && by > last {
			last, amount = by, p.amount
		}
	}
	return amount
}
