package rig

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// SendAct sends what a tester made about a payment of any till: its reversal, void, refund or completion, whole, without track and
// PIN, as edit changes it. A reversal has the payment's trace number, anything else the till's next one, which is then used up.
func (t *Till) SendAct(flow pay.Flow, original *Crossing, edit func(*iso8583.Message) error) error {
	if flow.Kind() == pay.Reversal {
		m, err := t.madeReversal(flow, original.Message)
		if err != nil {
			return err
		}
		return t.sendEdited(flow, m, edit)
	}
	m, err := t.madeAct(flow, original)
	if err != nil {
		return err
	}
	used, err := strconv.Atoi(m.Get(iso8583.Trace))
	if err != nil {
		return err
	}
	if err := t.goOnAt(used%lastTrace + 1); err != nil {
		return err
	}
	return t.sendEdited(flow, m, edit)
}

// madeReversal makes the reversal of a payment, as the till would.
func (t *Till) madeReversal(flow pay.Flow, payment *iso8583.Message) (*iso8583.Message, error) {
	d := t.world.Rig.Dialect
	m := d.NewRequest(flow)
	if m == nil {
		return nil, fmt.Errorf("the dialect has no flow %s", flow)
	}
	spec, _ := d.Transaction(flow)
	for _, e := range []iso8583.Element{iso8583.PAN, iso8583.ProcessingCode, iso8583.Amount, iso8583.TransmissionTime, iso8583.Trace,
		iso8583.LocalTime, iso8583.LocalDate, iso8583.LocalYear, iso8583.EntryMode, iso8583.Condition, iso8583.Terminal, iso8583.Merchant, iso8583.Currency,
		iso8583.TypeCode, iso8583.Batch, iso8583.NetworkCode, iso8583.ReadCapability, iso8583.ICCondition} {
		if _, constant := spec.Constants[e]; !constant && payment.Has(e) && d.Carries(flow, e) {
			m.Set(e, payment.Get(e))
		}
	}
	m.Set(iso8583.ReversalReason, "98")
	t.nameOriginal(m, payment)
	return sealable(m, flow), nil
}

// madeAct makes what acts on a payment.
func (t *Till) madeAct(flow pay.Flow, original *Crossing) (*iso8583.Message, error) {
	d, status, o := t.world.Rig.Dialect, t.Status(), t.world.slipOf(original)
	m := d.NewRequest(flow)
	if m == nil {
		return nil, fmt.Errorf("the dialect has no flow %s", flow)
	}
	t.timed(m)
	offers := map[iso8583.Element]string{iso8583.PAN: t.world.cardOf(original), iso8583.Amount: original.Message.Get(iso8583.Amount), iso8583.Trace: status.Trace,
		iso8583.EntryMode: "012", iso8583.Terminal: t.config.Number, iso8583.Merchant: t.config.Merchant,
		iso8583.Currency: pay.Currency156CNY.Digits(), iso8583.Batch: status.Batch, iso8583.NetworkCode: "000", iso8583.ReadCapability: "6",
		iso8583.ICCondition: "0", iso8583.OriginalRRN: o.RRN, iso8583.AuthCode: o.AuthCode, iso8583.CardOrganisation: "000"}
	if !d.Has(iso8583.OriginalMTI) {
		offers[iso8583.OriginalBatch], offers[iso8583.OriginalTrace] = original.Message.Get(iso8583.Batch), o.Trace
		offers[iso8583.OriginalDate] = o.Date
	}
	spec, _ := d.Transaction(flow)
	for e, v := range offers {
		if _, constant := spec.Constants[e]; !constant && v != "" && d.Carries(flow, e) {
			m.Set(e, v)
		}
	}
	t.nameOriginal(m, original.Message)
	return sealable(m, flow), nil
}

// nameOriginal fills F90, where the dialect has it.
func (t *Till) nameOriginal(m, original *iso8583.Message) {
	if !m.Dialect().Has(iso8583.OriginalMTI) {
		return
	}
	date, clock := original.Get(iso8583.LocalDate), original.Get(iso8583.LocalTime)
	if at := original.Get(iso8583.TransmissionTime); len(at) == 10 && m.Dialect().Switches.OriginalTime != "local" {
		date, clock = at[:4], at[4:]
	}
	for e, v := range map[iso8583.Element]string{iso8583.OriginalMTI: original.MTI(), iso8583.OriginalTrace: original.Get(iso8583.Trace),
		iso8583.OriginalDate: date, iso8583.OriginalTime: clock,
		iso8583.OriginalYear: original.Get(iso8583.LocalYear)} {
		m.Set(e, v)
	}
}

// sealable gives m a place for its MAC, last: behind F90 it is another one.
func sealable(m *iso8583.Message, flow pay.Flow) *iso8583.Message {
	if m.Dialect().Carries(flow, iso8583.MAC) {
		m.Set(iso8583.MAC, strings.Repeat("0", 8))
	}
	return m
}

// cardOf gives the card number of a payment: as sent, or from its track.
func (w *World) cardOf(payment *Crossing) string {
	if pan := payment.Message.Get(iso8583.PAN); pan != "" {
		return pan
	}
	digits := payment.Message.Get(iso8583.Track2)
	return digits[:max(0, slices.Index([]byte(digits), 'D'))]
}

// SendCopied sends a request that was on the wire as a new one: all that the card said and the cardholder entered, under the till's next
// trace number, as edit changes it.
func (t *Till) SendCopied(c *Crossing, edit func(*iso8583.Message) error) error {
	m := c.Message.Clone()
	m.Set(iso8583.Trace, t.Status().Trace)
	t.timed(m)
	return t.sendEdited(c.Flow, m, edit)
}
