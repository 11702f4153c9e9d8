package acquirer_test

import (
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
	opening int64            // minor units
	paid    map[string]int64 // by RRN
	taken   map[string]bool  // reversed, or reversed before it came

	down   bool
	delay  time.Duration
	answer string // to every sale, when it is set
	asked  int
}

const (
	alicePAN   = "6200123456789010"
	aliceTrack = "6200123456789010D30121200000012300000"
	alicePIN   = "246813"
	aliceHas   = 100000
)

func newBank(d *iso8583.Dialect, h *hsm.HSM) *bank {
	return &bank{dialect: d, hsm: h, opening: aliceHas, paid: map[string]int64{}, taken: map[string]bool{}}
}

// Serve implements iso8583.Handler.
func (b *bank) Serve(_ time.Time, req *iso8583.Message, out iso8583.Outbox) {
	if b.down {
		return
	}
	b.asked++
	answer := b.dialect.NewAnswer(req)
	rrn := req.Get(iso8583.RRN)
	answer.Set(iso8583.RRN, rrn)
	code := "00"
	if spec, _, _ := b.dialect.Identify(req); spec.Flow == pay.Reversal {
		b.taken[rrn] = true
	} else if code = b.sale(req); code == "00" {
		answer.Set(iso8583.AuthCode, rrn[6:])
	}
	answer.Set(iso8583.AnswerCode, code)
	if b.delay > 0 {
		out.After(b.delay, func(time.Time) { out.Send(answer) })
		return
	}
	out.Send(answer)
}

func (b *bank) sale(req *iso8583.Message) string {
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
	case req.Get(iso8583.PAN) != alicePAN:
		return "14"
	case req.Has(iso8583.PIN) && req.Get(iso8583.PIN) != string(right):
		return "55"
	case amount > b.holds():
		return "51"
	}
	b.paid[req.Get(iso8583.RRN)] = amount
	return "00"
}

// holds is what Alice has, in minor units.
func (b *bank) holds() int64 {
	left := b.opening
	for rrn, amount := range b.paid {
		if !b.taken[rrn] {
			left -= amount
		}
	}
	return left
}
