package iso8583

import (
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// secrecy says how much of a value may be seen.
type secrecy string

const (
	secretNone  secrecy = "none"
	secretPAN   secrecy = "pan"   // first six and last four
	secretTLV   secrecy = "tlv"   // BER-TLV whose card number, track and name tags are hidden
	secretKeys  secrecy = "keys"  // working keys in the layout of UnionPay's F62: only the KCVs are seen
	secretWhole secrecy = "whole" // nothing
)

func (s secrecy) known() bool {
	return slices.Contains([]secrecy{"", secretNone, secretPAN, secretTLV, secretKeys, secretWhole}, s)
}

// usualSecrecy is what ISO 8583 usually puts into a field. It hides also what a dialect names no element for.
func usualSecrecy(n int) secrecy {
	switch n {
	case 2:
		return secretPAN
	case 34, 35, 36, 45, 52:
		return secretWhole
	case 55:
		return secretTLV
	}
	return secretNone
}

func secrecyOf(e Element) secrecy {
	switch e {
	case PAN:
		return secretPAN
	case Track1, Track2, Track3, PIN:
		return secretWhole
	case Keys:
		return secretKeys
	case Chip:
		return secretTLV
	}
	return secretNone
}

// in is the field's secrecy in a message of that MTI.
func (f *field) in(mti []byte) secrecy {
	if slices.Contains(f.clearIn, string(mti)) {
		return secretNone
	}
	return f.secrecy
}

// Describe gives the fields of m by name, masked; sub-fields follow their field. Bytes are shown in hex.
func (d *Dialect) Describe(m *Message) []trace.Field {
	list := []trace.Field{{ID: "MTI", Name: "message type", Value: m.MTI(), Note: d.mtiNote(m)}}
	if v := m.TPDU(); v != "" {
		list = append(list, trace.Field{ID: "TPDU", Name: "transport header", Value: v})
	}
	if v := m.Header(); v != "" {
		list = append(list, trace.Field{ID: "header", Name: "application header", Value: v})
	}
	mti := m.value(slotMTI)
	for n := range m.Fields() {
		f, v := d.fields[n], m.value(n)
		if f == nil {
			list = append(list, trace.Field{ID: fmt.Sprintf("F%d", n), Name: "unknown", Value: hidden(v)})
			continue
		}
		s := f.in(mti)
		list = append(list, trace.Field{ID: f.label(), Name: f.name, Value: f.masked(v, s), Note: d.note(m, n)})
		if s == secretWhole {
			continue
		}
		for i := range f.parts {
			p := &f.parts[i]
			if from, to := p.within(len(v)); to > 0 {
				text := show(p.kind, v[from:to])
				if p.secrecy == secretPAN || p.secrecy == secretWhole {
					text = hide(v[from:to], p.secrecy)
				}
				list = append(list, trace.Field{ID: fmt.Sprintf("%s.%d", f.label(), i+1), Name: p.name, Value: text})
			}
		}
	}
	return list
}

func (d *Dialect) mtiNote(m *Message) string {
	t, answer, ok := d.Identify(m)
	switch {
	case !ok:
		return "no known flow"
	case answer:
		return string(t.Flow) + " answer"
	}
	return string(t.Flow)
}

// note says in words what a field's digits say.
func (d *Dialect) note(m *Message, n int) string {
	mti := m.value(slotMTI)
	switch {
	case n == d.at[Amount].field && m.Has(Currency):
		c, err := pay.ParseCurrency(m.Get(Currency))
		if err != nil {
			return ""
		}
		a, err := pay.AmountOf(m.Get(Amount), c)
		if err != nil {
			return ""
		}
		return a.String()
	case n == d.at[AnswerCode].field && len(mti) == 4 && mti[2]&1 == 1:
		return d.Answer(pay.Answer(m.Get(AnswerCode))).Prompt
	}
	return ""
}

// masked shows a field's value, its secret parts hidden.
func (f *field) masked(v []byte, s secrecy) string {
	if s != secretNone {
		return hide(v, s)
	}
	v = slices.Clone(v)
	for i := range f.parts {
		p := &f.parts[i]
		from, to := p.within(len(v))
		for _, r := range secretRanges(v[from:to], p.secrecy) {
			for k := from + r.from; k < from+r.to; k++ {
				v[k] = '*'
			}
		}
	}
	return show(f.kind, v)
}

func show(k kind, v []byte) string {
	if k == kindB {
		return hex.EncodeToString(v)
	}
	return string(v)
}

func hide(v []byte, s secrecy) string {
	switch s {
	case secretPAN:
		return pay.MaskPAN(string(v))
	case secretTLV, secretKeys:
		text := []byte(hex.EncodeToString(v))
		for _, r := range secretRanges(v, s) {
			for k := 2 * r.from; k < 2*r.to; k++ {
				text[k] = '*'
			}
		}
		return string(text)
	}
	return hidden(v)
}

func hidden(v []byte) string { return fmt.Sprintf("(%d hidden)", len(v)) }

// stretch is a run of a value's units.
type stretch struct{ from, to int }

// secretRanges tells which units of a value are secret.
func secretRanges(v []byte, s secrecy) []stretch {
	switch {
	case s == secretWhole, s == secretPAN && len(v) < 13:
		return []stretch{{0, len(v)}}
	case s == secretPAN:
		return []stretch{{6, len(v) - 4}}
	case s == secretTLV:
		return secretTags(v)
	case s == secretKeys:
		return workingKeys(v)
	}
	return nil
}

// workingKeys leaves out the four-byte KCV behind each key (DOMAIN.md A.8). Of another length everything is secret.
func workingKeys(v []byte) (all []stretch) {
	key, ok := map[int]int{24: 8, 40: 16, 56: 24, 60: 16, 84: 24}[len(v)]
	if !ok {
		return []stretch{{0, len(v)}}
	}
	for at := 0; at < len(v); at += key + 4 {
		all = append(all, stretch{at, at + key})
	}
	return all
}

// Trace gives m as an event's frame and fields, masked; m must have a Frame. A frame that cannot be walked through, such
// as an illegal one, is opaque.
func (d *Dialect) Trace(m *Message) (trace.Frame, []trace.Field) {
	return d.maskFrame(m.frame), d.Describe(m)
}

func (d *Dialect) maskFrame(frame []byte) trace.Frame {
	pieces, err := d.pieces(frame)
	if err != nil {
		return trace.Opaque(frame)
	}
	var spans []trace.Span
	mti, value := []byte(nil), []byte(nil)
	for _, p := range pieces {
		if p.field == nil {
			if p.name == "MTI" {
				mti, _ = d.readMTI(nil, frame[p.from:p.to])
			}
			continue
		}
		f := p.field
		value, _, err = f.readContent(value[:0], frame[p.content:p.to], p.units)
		if err != nil {
			return trace.Opaque(frame)
		}
		for _, r := range f.secretUnits(value, mti) {
			spans = append(spans, f.span(p.content, p.units, r))
		}
	}
	return trace.NewFrame(frame, spans)
}

// secretUnits gathers what is secret in a field's value, as a whole or in its parts.
func (f *field) secretUnits(v, mti []byte) []stretch {
	if s := f.in(mti); s != secretNone {
		return secretRanges(v, s)
	}
	var all []stretch
	for i := range f.parts {
		p := &f.parts[i]
		from, to := p.within(len(v))
		for _, r := range secretRanges(v[from:to], p.secrecy) {
			all = append(all, stretch{from + r.from, from + r.to})
		}
	}
	return all
}

// span turns units of a value, whose content begins at a byte of the frame, into nibbles of the frame.
func (f *field) span(content, units int, r stretch) trace.Span {
	switch f.content {
	case packedLeft:
		return trace.Span{From: 2*content + r.from, To: 2*content + r.to}
	case packedRight:
		odd := units % 2
		return trace.Span{From: 2*content + odd + r.from, To: 2*content + odd + r.to}
	case hexText:
		return trace.Span{From: 4*r.from + 2*content, To: 4*r.to + 2*content, Text: true, Digits: true}
	case asBytes:
		return trace.Span{From: 2 * (content + r.from), To: 2 * (content + r.to)}
	}
	return trace.Span{From: 2 * (content + r.from), To: 2 * (content + r.to), Text: true, Digits: f.kind == kindN || f.kind == kindZ}
}
