package iso8583

import (
	"slices"
	"strings"
)

// words translates an element between the harness's own words and what a dialect's messages carry: our answer code 51 is the
// action code 116 of ISO 8583:1993. nil translates nothing.
type words []wording

// wording is one of our words, with those that stand for it on the wire: the first is sent, all are read.
type wording struct {
	classes []string // MTIs, such as 14*, of the messages where it holds; nil is all
	ours    []byte
	wire    []string
}

// holds tells that the wording is one of messages with that MTI.
func (w *wording) holds(mti []byte) bool { return w.classes == nil || matches(mti, w.classes) }

// toWire gives what a message of that MTI carries for one of our words; what is none is carried as it is.
func (ws words) toWire(mti []byte, ours string) string {
	for i := range ws {
		if w := &ws[i]; string(w.ours) == ours && w.holds(mti) {
			return w.wire[0]
		}
	}
	return ours
}

// fromWire gives our word for what a message of that MTI carries; what stands for none is read as it is.
func (ws words) fromWire(mti, wire []byte) []byte {
	for i := range ws {
		if w := &ws[i]; slices.Contains(w.wire, string(wire)) && w.holds(mti) {
			return w.ours
		}
	}
	return wire
}

// said gives an element's value in our own words.
func (m *Message) said(e Element) ([]byte, bool) {
	v, ok := m.get(m.at(e))
	if ok && m.dialect.words[e] != nil {
		v = m.dialect.words[e].fromWire(m.value(slotMTI), v)
	}
	return v, ok
}

// Word gives an element in our own words, where its dialect carries others; false where what it carries is what we say.
func (m *Message) Word(id string) (string, bool) {
	e, element := ParseElement(id)
	if !element || m.dialect.words[e] == nil {
		return "", false
	}
	v, ok := m.said(e)
	return string(v), ok
}

// buildWords reads a table such as "answer_code: {51: 116}", or "answer_code in 14*: {...}" for the messages with these MTIs. Tables
// for some messages go before the one for all.
func (b *builder) buildWords(e *entry[table[word]]) {
	name, in, limited := strings.Cut(e.key, " in ")
	element, err := b.d.findElement(name)
	if err != nil {
		b.fail(e.where(), "words: %v", err)
		return
	}
	p := b.d.at[element]
	f := b.d.fields[p.field]
	size := f.size
	if p.part > 0 {
		size = f.parts[p.part-1].size
	}
	var list words
	for _, row := range e.value {
		w := wording{ours: []byte(row.key), wire: strings.Split(row.value.text, "|")}
		if limited {
			w.classes = strings.Split(in, "|")
		}
		for _, wire := range w.wire {
			if f.prefix == 0 && len(wire) != size {
				b.fail(row.where(), "words: %s: %s: %q: want %d characters, got %d", e.key, row.key, wire, size, len(wire))
			}
			if again := slices.IndexFunc(list, func(o wording) bool { return slices.Contains(o.wire, wire) }); again >= 0 {
				b.fail(row.where(), "words: %s: %q stands for %s as well as for %s", e.key, wire, list[again].ours, row.key)
			}
		}
		list = append(list, w)
	}
	if limited {
		list = append(list, b.d.words[element]...)
	} else {
		list = append(b.d.words[element], list...)
	}
	b.d.words[element] = list
}
