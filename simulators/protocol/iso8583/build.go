package iso8583

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// builder turns a file into a dialect and gathers every mistake on the way. The codec is built only when there is none.
type builder struct {
	*file
	d     *Dialect
	wrong []error
}

func (f *file) build() (*Dialect, error) {
	b := &builder{file: f, d: &Dialect{Name: f.Name.text, About: strings.TrimSpace(f.About.text), lineage: f.lineage}}
	if b.d.Name == "" {
		b.fail(f.path, "name: missing")
	}
	b.buildSettings()
	b.buildEncoding()
	for i := range f.Fields {
		b.buildField(&f.Fields[i])
	}
	for i := range f.Elements {
		b.buildElement(&f.Elements[i])
	}
	for i := range f.Words {
		b.buildWords(&f.Words[i])
	}
	b.buildCorrelation()
	b.d.echo = b.places("echo", f.Echo)
	for i := range f.Transactions {
		b.buildFlow(&f.Transactions[i])
	}
	for i := range f.Answers {
		b.buildAnswer(&f.Answers[i])
	}
	if err := b.d.settleMACs(); err != nil {
		b.fail(f.path, "security: %v", err)
	}
	if b.wrong != nil {
		return nil, errors.Join(b.wrong...)
	}
	b.d.codec = newMoov(b.d)
	return b.d, nil
}

// fail notes a mistake at "file:line".
func (b *builder) fail(where, format string, a ...any) {
	b.wrong = append(b.wrong, fmt.Errorf("dialect %s: %s", where, fmt.Sprintf(format, a...)))
}

func (b *builder) buildSettings() {
	d := b.d
	d.Framing.Max, d.Connection = 4096, PerTransaction
	sections := []struct {
		name    string
		entries table[word]
	}{{"framing", b.Framing}, {"security", b.Security}, {"timers", b.Timers}, {"switches", b.Switches}}
	known := settings()
	for _, s := range sections {
		for _, e := range s.entries {
			i := slices.IndexFunc(known, func(k setting) bool { return k.section == s.name && k.name == e.key })
			if i < 0 {
				b.fail(e.where(), "%s: no such setting %q", s.name, e.key)
			} else if err := known[i].set(d, e.value.text); err != nil {
				b.fail(e.where(), "%s: %s: %v", s.name, e.key, err)
			}
		}
	}
	limit := 9999
	switch d.Framing.Length {
	case "":
		b.fail(b.path, "framing: length: missing")
	case "binary2", "binary2-inclusive", "binary4":
		limit = 65535 - 2
	}
	if d.Framing.Max < 32 || d.Framing.Max > limit {
		b.fail(b.path, "framing: max: want 32 to %d bytes", limit)
	}
}

// buildEncoding reads how MTI, bitmap, lengths and each kind of field are written unless a field says otherwise.
func (b *builder) buildEncoding() {
	d := b.d
	b.coding(&d.mti, "mti", packed, ascii)
	b.coding(&d.bitmap, "bitmap", asBytes, hexText)
	b.coding(new(coding), "length", packed, ascii, asBytes)
	var size coding
	b.coding(&size, "bitmap_size", "64", "128")
	d.wide = size == "128"
	for _, k := range []kind{kindN, kindZ, kindB} {
		b.coding(new(coding), string(k), contents(k)...)
	}
	for _, e := range b.Encoding {
		if !slices.Contains([]string{"mti", "bitmap", "length", "bitmap_size", "n", "z", "b"}, e.key) {
			b.fail(e.where(), "encoding: no such setting %q", e.key)
		}
	}
}

func (b *builder) coding(to *coding, name string, allowed ...coding) {
	e, ok := b.Encoding.find(name)
	if !ok {
		b.fail(b.path, "encoding: %s: missing", name)
	} else if err := oneOf(to, e.value.text, allowed...); err != nil {
		b.fail(e.where(), "encoding: %s: %v", name, err)
	}
}

func contents(k kind) []coding {
	switch k {
	case kindN, kindZ:
		return []coding{packedLeft, packedRight, ascii}
	case kindB:
		return []coding{asBytes, hexText}
	}
	return []coding{ascii}
}

func (b *builder) buildElement(e *entry[word]) {
	element, ok := ParseElement(e.key)
	if !ok {
		b.fail(e.where(), "elements: there is no element %q", e.key)
		return
	}
	number, rest, dotted := strings.Cut(e.value.text, ".")
	n, err := strconv.Atoi(number)
	if err != nil || n < 2 || n > 128 || b.d.fields[n] == nil {
		b.fail(e.where(), "elements: %s: field %q is not defined", e.key, number)
		return
	}
	f, p := b.d.fields[n], place{field: n}
	if dotted {
		p.part, err = strconv.Atoi(rest)
		if err != nil || p.part < 1 || p.part > len(f.parts) {
			b.fail(e.where(), "elements: %s: field %d has no part %q", e.key, n, rest)
			return
		}
	}
	if element == MAC && (f.prefix > 0 || n != 64 && n != 128 || p.part > 0 || f.size > 32) {
		b.fail(e.where(), "elements: mac: want the fixed field 64 or 128")
		return
	}
	b.d.at[element] = p
	secret := &f.secrecy
	if p.part > 0 {
		secret = &f.parts[p.part-1].secrecy
	}
	if own := secrecyOf(element); own != secretNone && *secret != secretWhole {
		*secret = own // a file can hide more than we do, never less
	}
}

func (b *builder) buildCorrelation() {
	if len(b.Correlation) == 0 {
		b.fail(b.path, "correlation: missing")
	}
	for _, w := range b.Correlation {
		e, err := b.d.findElement(w.text)
		if err != nil {
			b.fail(w.where(), "correlation: %v", err)
		}
		b.d.correlation = append(b.d.correlation, e)
	}
}

func (b *builder) places(section string, words []word) (places []place) {
	for _, w := range words {
		p, err := b.d.findPlace(w.text)
		if err != nil {
			b.fail(w.where(), "%s: %v", section, err)
		}
		places = append(places, p)
	}
	return places
}

func (b *builder) buildFlow(e *entry[flowEntry]) {
	v, section := &e.value, "transactions: "+e.key
	t := &Transaction{Flow: pay.Flow(e.key), Constants: map[Element]string{}}
	if like := v.Like.text; like != "" {
		i := slices.IndexFunc(b.d.transactions, func(t *Transaction) bool { return string(t.Flow) == like })
		if i < 0 {
			b.fail(e.where(), "%s: like %q: no such flow above", section, like)
			return
		}
		t.inherit(b.d.transactions[i])
	}
	b.flowMTIs(e, t)
	for _, c := range v.Constants {
		b.constant(section, t, &c)
	}
	setIf(&t.Reversible, v.Reversible)
	setIf(&t.Advice, v.Advice)
	setIf(&t.mac, v.MAC)
	if t.Advice && t.Reversible {
		b.fail(e.where(), "%s: advice: an advice is repeated until it is answered, want reversible: false", section)
	}
	if t.mac && !b.d.Has(MAC) {
		b.fail(e.where(), "%s: mac: the dialect has no mac element", section)
	}
	t.requestRules = b.rules(section+": carries", t.requestRules, v.Carries)
	t.requestRules = b.withSerial(t.requestRules)
	t.answerRules = b.rules(section+": answers", t.answerRules, v.Answers)
	if v.Echo != nil {
		t.echo = b.places(section+": echo", v.Echo)
	} else if t.echo == nil {
		t.echo = b.d.echo
	}
	b.d.transactions = append(b.d.transactions, t)
}

// withSerial lets the serial number of its key go with a PIN, where the dialect has a place for one and no rule of its own.
func (b *builder) withSerial(rules []rule) []rule {
	carries := func(e Element) bool {
		return slices.ContainsFunc(rules, func(r rule) bool { return r.name == e.String() && r.need != forbidden })
	}
	if b.d.Has(KeySerial) && carries(PIN) && !slices.ContainsFunc(rules, func(r rule) bool { return r.name == KeySerial.String() }) {
		r, err := b.d.parseRule(KeySerial.String(), "only if pin")
		if err != nil {
			b.fail(b.path, "elements: key_serial: %v", err)
			return rules
		}
		rules = append(slices.Clone(rules), r)
	}
	return rules
}

func (b *builder) flowMTIs(e *entry[flowEntry], t *Transaction) {
	for _, mti := range []struct {
		name string
		word word
		to   *string
	}{{"request", e.value.Request, &t.Request}, {"answer", e.value.Answer, &t.Answer}, {"repeat", e.value.Repeat, &t.Repeat}} {
		if mti.word.text != "" {
			*mti.to = mti.word.text
		}
		missing := *mti.to == "" && mti.name != "repeat"
		if missing || *mti.to != "" && (len(*mti.to) != 4 || notDigit([]byte(*mti.to)) >= 0) {
			b.fail(fmt.Sprintf("%s:%d", e.file, max(e.line, mti.word.line)), "transactions: %s: %s: want an MTI of four digits", e.key, mti.name)
		}
	}
}

func (t *Transaction) inherit(base *Transaction) {
	t.Request, t.Answer, t.Repeat = base.Request, base.Answer, base.Repeat
	t.Reversible, t.Advice, t.mac, t.echo = base.Reversible, base.Advice, base.mac, base.echo
	t.Constants, t.accept = maps.Clone(base.Constants), slices.Clone(base.accept)
	t.requestRules, t.answerRules = base.requestRules, base.answerRules
}

func setIf(to *bool, v *bool) {
	if v != nil {
		*to = *v
	}
}

// constant reads "003|001|004": the first is what we send, all are that flow when we read.
func (b *builder) constant(section string, t *Transaction, c *entry[word]) {
	e, err := b.d.findElement(c.key)
	if err != nil {
		b.fail(c.where(), "%s: constants: %v", section, err)
		return
	}
	values := strings.Split(c.value.text, "|")
	t.Constants[e] = values[0]
	t.accept = slices.DeleteFunc(t.accept, func(a accepted) bool { return a.element == e })
	t.accept = append(t.accept, accepted{e, values})
	p := b.d.at[e]
	f := b.d.fields[p.field]
	size := f.size
	if p.part > 0 && f.parts[p.part-1].size > 0 {
		size = f.parts[p.part-1].size
	}
	if got := len(b.d.words[e].toWire([]byte(t.Request), t.Constants[e])); got > size || got < size && (f.prefix == 0 || p.part > 0) {
		b.fail(c.where(), "%s: constants: %s: want %d characters, got %d", section, c.key, size, got)
	}
}

// rules puts a flow's own rules over those it took from another.
func (b *builder) rules(section string, base []rule, own table[word]) []rule {
	all := slices.Clone(base)
	for _, e := range own {
		r, err := b.d.parseRule(e.key, e.value.text)
		if err != nil {
			b.fail(e.where(), "%s: %s: %v", section, e.key, err)
			continue
		}
		if i := slices.IndexFunc(all, func(o rule) bool { return o.name == r.name }); i >= 0 {
			all[i] = r
		} else {
			all = append(all, r)
		}
	}
	return all
}

func (b *builder) buildAnswer(e *entry[answerEntry]) {
	a := AnswerRule{Code: pay.Answer(e.key), Category: e.value.Category, Prompt: e.value.Prompt, Next: e.value.Next}
	if len(a.Code) != 2 {
		b.fail(e.where(), "answers: %q: want a code of two characters", e.key)
	}
	if err := oneOf(new(Category), string(a.Category), CategoryApproved, CategoryRetry, CategoryDeclined, CategoryOperator,
		CategorySystem); err != nil {
		b.fail(e.where(), "answers: %s: category: %v", e.key, err)
	}
	if err := oneOf(new(Next), string(a.Next), NextNone, NextPrint, NextSignIn, NextPIN, NextKeepCard, NextCall, NextReverse,
		NextRetry, NextOnce, NextInsert, NextNewTrace, NextPartial); err != nil {
		b.fail(e.where(), "answers: %s: next: %v", e.key, err)
	}
	if a.Prompt == "" || strings.Trim(a.Prompt, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != "" {
		b.fail(e.where(), "answers: %s: prompt: want a screen id such as WRONG_PIN", e.key)
	}
	b.d.answers = append(b.d.answers, a)
}
