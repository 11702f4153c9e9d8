package iso8583

import (
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Identify tells which flow a message belongs to and whether it is the answer; false when no flow fits. Of the flows with
// its MTI it takes the one with most constants in the message, none of them different (DOMAIN.md A.4).
func (d *Dialect) Identify(m *Message) (t *Transaction, answer bool, ok bool) {
	if m.known.by == d {
		return m.known.flow, m.known.answer, m.known.flow != nil
	}
	t, answer, ok = d.identify(m)
	m.known.by, m.known.flow, m.known.answer = d, t, answer
	return t, answer, ok
}

func (d *Dialect) identify(m *Message) (t *Transaction, answer bool, ok bool) {
	mti, most := m.value(slotMTI), -1
	if len(mti) == 0 {
		return nil, false, false
	}
	for _, candidate := range d.transactions {
		isAnswer := string(mti) == candidate.Answer
		if !isAnswer && string(mti) != candidate.Request && string(mti) != candidate.Repeat {
			continue
		}
		if n := candidate.constantsIn(m); n > most {
			t, answer, most = candidate, isAnswer, n
		}
	}
	return t, answer, t != nil
}

// constantsIn counts the constants that the message carries; -1 when one differs, or none is there of those that make
// the flow.
func (t *Transaction) constantsIn(m *Message) int {
	n := 0
	for i := range t.accept {
		v, ok := m.said(t.accept[i].element)
		if !ok {
			continue
		}
		if !matches(v, t.accept[i].values) {
			return -1
		}
		n++
	}
	if n == 0 && len(t.accept) > 0 {
		return -1
	}
	return n
}

// Carries tells that a flow's request must or may carry an element, by the dialect's rules.
func (d *Dialect) Carries(f pay.Flow, e Element) bool {
	t, ok := d.flows[f]
	return ok && e < elementCount && t.carries[e]
}

// AnswerCarries tells the same of the flow's answer.
func (d *Dialect) AnswerCarries(f pay.Flow, e Element) bool {
	t, ok := d.flows[f]
	return ok && e < elementCount && t.answerCarries[e]
}

// index prepares what is asked of the dialect again and again. It belongs at the end of whatever changes the flows.
func (d *Dialect) index() {
	d.flows, d.meanings = map[pay.Flow]*Transaction{}, map[pay.Answer]AnswerRule{}
	for _, a := range slices.Backward(d.answers) {
		d.meanings[a.Code] = a
	}
	for _, t := range slices.Backward(d.transactions) {
		d.flows[t.Flow] = t
		for e := range elementCount {
			mac := e == MAC && t.MAC
			constant := slices.ContainsFunc(t.accept, func(a accepted) bool { return a.element == e })
			t.carries[e] = d.Has(e) && (constant || mac || d.allows(t.requestRules, e))
			t.answerCarries[e] = d.Has(e) && (mac || d.allows(t.answerRules, e))
		}
	}
}

// allows looks for a rule about the element itself, then for one about its whole field. Elements may share a place.
func (d *Dialect) allows(rules []rule, e Element) bool {
	whole := strconv.Itoa(d.at[e].field)
	for _, r := range rules {
		if r.name == e.String() || r.name == whole {
			return r.need != forbidden
		}
	}
	return false
}

// New gives an empty message, with room for the values of a common one.
func (d *Dialect) New() *Message {
	m := &struct {
		Message
		room [320]byte
	}{Message: Message{dialect: d}}
	m.buf = m.room[:0]
	return &m.Message
}

// NewRequest gives a message of that flow with MTI, header, TPDU and constants set; nil when the dialect has no such flow.
func (d *Dialect) NewRequest(f pay.Flow) *Message {
	t, ok := d.Transaction(f)
	if !ok {
		return nil
	}
	m := d.New()
	m.SetMTI(t.Request)
	m.SetTPDU(d.Framing.TPDU)
	m.SetHeader(d.Framing.Header)
	for _, a := range t.accept {
		m.Set(a.element, a.values[0])
	}
	return m
}

// NewAnswer gives the answer to req: MTI, swapped TPDU, header, and the fields that the dialect says are echoed. A request
// of no known flow is answered too, with the MTI of its class and the dialect's common echo.
func (d *Dialect) NewAnswer(req *Message) *Message {
	m := d.New()
	echo := d.echo
	if t, _, ok := d.Identify(req); ok {
		m.SetMTI(t.Answer)
		echo = t.echo
	} else {
		m.SetMTI(answerClass(req.MTI()))
	}
	if tpdu := req.TPDU(); len(tpdu) == 10 {
		m.SetTPDU(tpdu[:2] + tpdu[6:] + tpdu[2:6])
	}
	if h := req.Header(); len(h) == 12 {
		h = h[:5] + "0" + h[6:] // nibble 6 is the host's own request to the terminal (DOMAIN.md A.1)
		m.SetHeader(h)
	} else {
		m.SetHeader(h)
	}
	for _, p := range echo {
		if v, ok := req.get(p); ok {
			setPlace(m, p, v)
		}
	}
	return m
}

func setPlace[T string | []byte](m *Message, p place, value T) {
	if p.part > 0 {
		setPart(m, p, value)
		return
	}
	m.fit(place{field: p.field}, 0, 0)
	put(m, p.field, value)
}

// Key correlates an answer with its request: the class of its MTI and the values of the dialect's correlation elements.
// It is comparable. A repeat (0401, 0421) has the key of the first.
type Key string

// Key gives m's correlation key.
func (d *Dialect) Key(m *Message) Key {
	key := make([]byte, 0, 64)
	if !d.untyped {
		key = append(key, answerClass(string(m.value(slotMTI)))...)
	}
	for _, e := range d.correlation {
		v, _ := m.get(m.at(e))
		key = append(append(key, keySeparator), v...)
	}
	return Key(key)
}

const keySeparator = 0x1F

// Parts gives the MTI of the answer's class, then the values of the dialect's KeyElements in their order.
func (k Key) Parts() []string { return strings.Split(string(k), string(rune(keySeparator))) }

// answerClass gives the MTI of the answer to a message, 0430 for 0420, 0421 and 0430 (ISO 8583:1987, 4.2: odd third digits
// answer even ones, the fourth tells who began and whether it repeats).
func answerClass(mti string) string {
	if len(mti) != 4 || !isDigit(mti[2]) {
		return mti
	}
	return mti[:2] + string(rune(mti[2]|1)) + string(rune(mti[3]&^1))
}
