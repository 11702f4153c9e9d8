package iso8583

import (
	"slices"
	"strconv"
	"strings"
)

// longestField bounds a field; longer ones would not fit any frame.
const longestField = 9999

func (b *builder) buildField(e *entry[fieldEntry]) {
	before := len(b.wrong)
	fail := func(format string, a ...any) {
		b.fail(e.where(), "field "+strings.ReplaceAll(e.key, "%", "%%")+": "+format, a...)
	}
	n, err := strconv.Atoi(e.key)
	if err != nil || n < 2 || n > 128 || n == 65 || n > 64 && !b.d.wide {
		fail("want a number from 2 to 64, or to 128 with bitmap_size 128")
		return
	}
	v := &e.value
	f := &field{number: n, name: v.Name, kind: v.Type, size: v.Size, secrecy: v.Secret}
	if f.name == "" {
		fail("name: missing")
	}
	if !slices.Contains([]kind{kindN, kindAN, kindANS, kindB, kindZ}, f.kind) {
		fail("type: %q is not one of n, an, ans, b, z", v.Type)
		return
	}
	b.fieldSize(f, v, fail)
	b.fieldContent(f, v, fail)
	b.fieldSecrecy(f, v, fail)
	b.fieldParts(f, v, fail)
	if len(b.wrong) == before {
		b.d.fields[n] = f
	}
}

type failFunc func(format string, a ...any)

func (b *builder) fieldSize(f *field, v *fieldEntry, fail failFunc) {
	if v.Size == 0 == (v.Max == 0) {
		fail("want either size, or max with prefix")
		return
	}
	if v.Size == 0 {
		f.size, f.prefix = v.Max, len(v.Prefix)
		if f.prefix < 1 || f.prefix > 4 || strings.Trim(v.Prefix, "L") != "" {
			fail("prefix: want L to LLLL with max")
			return
		}
	} else if v.Prefix != "" {
		fail("prefix: a fixed size has none")
	}
	f.lengths = v.Lengths
	if e, ok := b.Encoding.find("length"); ok && f.lengths == "" {
		f.lengths = coding(e.value.text)
	}
	longest := longestField
	switch f.lengths {
	case asBytes:
		longest = 1<<(8*f.prefixSize()) - 1
	case packed, ascii:
		longest = pow10(f.prefix) - 1
	default:
		fail("lengths: %q is not one of bcd, ascii, binary", f.lengths)
	}
	if f.prefix == 0 {
		longest = longestField
	}
	if longest = min(longest, longestField); f.size < 1 || f.size > longest {
		fail("size %d: want 1 to %d", f.size, longest)
	}
}

func (b *builder) fieldContent(f *field, v *fieldEntry, fail failFunc) {
	f.content = v.Content
	if f.content == "" {
		f.content = ascii
		if e, ok := b.Encoding.find(string(f.kind)); ok {
			f.content = coding(e.value.text)
		}
	}
	if allowed := contents(f.kind); !slices.Contains(allowed, f.content) {
		fail("content: %q is not one of %q for type %s", f.content, allowed, f.kind)
	}
	if v.Pad.text != "" {
		nibble, ok := nibbleOf(v.Pad.text[0])
		if !ok || len(v.Pad.text) != 1 {
			fail("pad: %q is not one digit from 0 to F", v.Pad.text)
		}
		f.pad = nibble
	}
	f.separator = '='
	switch v.Separator.text {
	case "", "=":
	case "D":
		f.separator = 'D'
	default:
		fail("separator: %q is neither = nor D", v.Separator.text)
	}
}

func (b *builder) fieldSecrecy(f *field, v *fieldEntry, fail failFunc) {
	if !f.secrecy.known() {
		fail("secret: %q is not one of none, pan, tlv, keys, whole", f.secrecy)
	}
	if f.secrecy == "" {
		f.secrecy = usualSecrecy(f.number)
	}
	if (f.secrecy == secretTLV || f.secrecy == secretKeys) && f.content != asBytes && f.content != hexText {
		fail("secret: %s: want type b", f.secrecy)
	}
	for _, mti := range v.ClearIn {
		if len(mti.text) != 4 || notDigit([]byte(mti.text)) >= 0 {
			fail("clear_in: %q is no MTI", mti.text)
		}
		f.clearIn = append(f.clearIn, mti.text)
	}
}

func (b *builder) fieldParts(f *field, v *fieldEntry, fail failFunc) {
	from := 0
	for i, p := range v.Parts {
		k := p.Type
		if k == "" {
			k = f.kind
		}
		text := f.kind == kindAN || f.kind == kindANS
		if k != f.kind && !(text && (k == kindN || k == kindAN || k == kindANS)) {
			fail("part %d: type %q does not go into a field of type %s", i+1, k, f.kind)
		}
		if p.Name == "" {
			fail("part %d: name: missing", i+1)
		}
		if p.Size < 0 || p.Size == 0 && i < len(v.Parts)-1 {
			fail("part %d: size: only the last part may take the rest", i+1)
		}
		if !p.Secret.known() || p.Secret == secretTLV || p.Secret == secretKeys {
			fail("part %d: secret: %q is not one of none, pan, whole", i+1, p.Secret)
		}
		f.parts = append(f.parts, part{p.Name, k, from, p.Size, p.Secret})
		from += p.Size
	}
	if from > f.size {
		fail("parts: %d %s do not fit its %d", from, f.unit(), f.size)
	}
}
