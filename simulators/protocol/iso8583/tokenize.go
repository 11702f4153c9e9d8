package iso8583

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Tokenizer makes of the frames that cross a line frames that may be kept. In place of each card number stands a token: as many digits, the
// same first six, and a check digit that is right where the card's is. The same card always has the same token, and whoever does not know the
// secret cannot tell the one from the other. Of a track the token, expiry and service code are left; PIN blocks, keys, MACs and whatever else
// the dialect calls secret is blank. A frame keeps its size and its fields.
//
// It belongs to one goroutine, and remembers every card it has seen.
type Tokenizer struct {
	dialect *Dialect
	secret  []byte
	tokens  map[string]string
	cards   map[string]bool // the tokens that are taken
	lengths []int           // of the card numbers
	named   [129]bool       // fields that the dialect gives a meaning
	buf     []byte
}

// NewTokenizer makes one. A secret that nobody keeps makes tokens that nobody takes back.
func NewTokenizer(d *Dialect, secret []byte) *Tokenizer {
	t := &Tokenizer{dialect: d, secret: secret, tokens: map[string]string{}, cards: map[string]bool{}}
	for _, p := range d.at {
		t.named[p.field] = true
	}
	return t
}

// Cards counts the cards seen.
func (t *Tokenizer) Cards() int { return len(t.tokens) }

// Frame gives a frame, without length prefix, as it may be kept. The error is a *DecodeError: of such a frame nobody knows what is secret.
func (t *Tokenizer) Frame(frame []byte) ([]byte, error) {
	pieces, err := t.dialect.pieces(frame)
	if err != nil {
		return nil, err
	}
	out := bytes.Clone(frame)
	var mti []byte
	for _, p := range pieces {
		if p.field == nil {
			if p.name == "MTI" {
				if mti, err = t.dialect.readMTI(nil, frame[p.from:p.to]); err != nil {
					return nil, &DecodeError{p.name, p.from, err}
				}
			}
			continue
		}
		f := p.field
		if t.buf, _, err = f.readContent(t.buf[:0], frame[p.content:p.to], p.units); err != nil {
			return nil, &DecodeError{f.label(), p.from, err}
		}
		if !t.field(f, mti, t.buf) {
			continue
		}
		if _, err = f.appendContent(out[p.content:p.content:p.to], t.buf); err != nil {
			return nil, &DecodeError{f.label(), p.from, err}
		}
	}
	for _, p := range pieces {
		if p.field != nil {
			t.sweep(out[p.content:p.to])
		}
	}
	return out, nil
}

// field makes a value what may be kept; it tells whether there was anything to be done.
func (t *Tokenizer) field(f *field, mti, v []byte) bool {
	d := t.dialect
	switch at := f.number; {
	case at == d.at[MAC].field, at == 128 && d.at[MAC].field == 64:
		blankOut(v, f.kind)
		return true
	case at == d.at[Track1].field:
		t.track1(v)
		return true
	case at == d.at[Track2].field:
		t.track2(v, f.kind)
		return true
	}
	if s := f.in(mti); s != secretNone {
		t.value(v, f.kind, s)
		return true
	}
	changed := false
	for i := range f.parts {
		p := &f.parts[i]
		if from, to := p.within(len(v)); p.secrecy != secretNone && p.secrecy != "" && to > 0 {
			t.value(v[from:to], p.kind, p.secrecy)
			changed = true
		}
	}
	if !changed && !t.named[f.number] && f.prefix > 0 && f.kind != kindB && f.kind != kindZ {
		return t.loose(v)
	}
	return changed
}

func (t *Tokenizer) value(v []byte, k kind, s secrecy) {
	switch {
	case s == secretPAN && notDigit(v) < 0:
		copy(v, t.Token(string(v)))
	case s == secretTLV && t.chip(v):
	case s == secretKeys:
		for _, r := range workingKeys(v) {
			blankOut(v[r.from:r.to], k)
		}
	default:
		blankOut(v, k)
	}
}

// blankOut puts what says nothing in the place of a value.
func blankOut(v []byte, k kind) {
	fill := byte('*')
	switch k {
	case kindN, kindZ:
		fill = '0'
	case kindB:
		fill = 0
	case kindAN:
		fill = '0'
	}
	for i := range v {
		v[i] = fill
	}
}

// track2 keeps the token, the separator, expiry and service code (ISO/IEC 7813): what a till reads of it to choose its way.
func (t *Tokenizer) track2(v []byte, k kind) {
	end := bytes.IndexAny(v, "D=")
	if end < 12 || end > 19 || notDigit(v[:end]) >= 0 {
		blankOut(v, k) // encrypted, or no track
		return
	}
	copy(v, t.Token(string(v[:end])))
	if rest := v[end+1:]; len(rest) > 7 {
		blankOut(rest[7:], kindZ)
	}
}

func (t *Tokenizer) track1(v []byte) {
	number, rest, ok := pay.Track1(string(v))
	if !ok || notDigit([]byte(number)) >= 0 || len(number) < 12 || len(number) > 19 {
		blankOut(v, kindANS)
		return
	}
	name := len(v) - len(rest)
	blankOut(v[2+len(number):name-1], kindANS)
	copy(v[1:], t.Token(number))
	if len(rest) > 7 {
		blankOut(v[name+7:], kindN)
	}
}

// chip goes through chip data. It tells false where they cannot be read.
func (t *Tokenizer) chip(v []byte) bool {
	secrets, ok := chipSecrets(v)
	for _, s := range secrets {
		value := v[s.from:s.to]
		digits := []byte(strings.ToUpper(hex.EncodeToString(value)))
		filled := bytes.TrimRight(digits, "F")
		switch {
		case s.tag == 0x5A && notDigit(filled) < 0 && len(filled) >= 12 && len(filled) <= 19:
			copy(filled, t.Token(string(filled)))
		case s.tag == 0x57 || s.tag == 0x9F6B:
			t.track2(filled, kindZ)
		default:
			blankOut(value, kindB)
			continue
		}
		_, _ = hex.Decode(value, digits) // they came from there
	}
	return ok
}

// loose finds what looks like a card number in a field of which the dialect says nothing.
func (t *Tokenizer) loose(v []byte) (found bool) {
	for from := 0; from < len(v); from++ {
		to := from
		for to < len(v) && isDigit(v[to]) {
			to++
		}
		if to-from >= 13 && to-from <= 19 && pay.NewPAN(string(v[from:to])).LuhnValid() {
			copy(v[from:], t.Token(string(v[from:to])))
			found = true
		}
		from = to
	}
	return found
}

// sweep looks in a field's content for the cards seen so far, as text or packed.
func (t *Tokenizer) sweep(b []byte) {
	if len(b) < 6 { // too short for any
		return
	}
	nibbles := make([]byte, 0, 2*len(b))
	for _, c := range b {
		nibbles = append(nibbles, c>>4+'0', c&15+'0')
	}
	text := bytes.Clone(b)
	t.replace(text, func(at int, token string) { copy(b[at:], token) })
	t.replace(nibbles, func(at int, token string) {
		for i := range len(token) {
			n := token[i] - '0'
			if k := at + i; k%2 == 0 {
				b[k/2] = b[k/2]&0x0F | n<<4
			} else {
				b[k/2] = b[k/2]&0xF0 | n
			}
		}
	})
}

func (t *Tokenizer) replace(text []byte, put func(at int, token string)) {
	run := 0 // digits up to here
	for i, c := range text {
		if !isDigit(c) {
			run = 0
			continue
		}
		run++
		for _, n := range t.lengths {
			if n > run {
				continue
			}
			if token, ok := t.tokens[string(text[i+1-n:i+1])]; ok {
				put(i+1-n, token)
				run = 0
				break
			}
		}
	}
}

// Token gives what stands for a card number, which is made of digits. One that is too short to have a middle is blank, and a blank one stays so.
func (t *Tokenizer) Token(pan string) string {
	if len(pan) < 12 || strings.Trim(pan, "0") == "" {
		return strings.Repeat("0", len(pan))
	}
	if token, ok := t.tokens[pan]; ok {
		return token
	}
	valid := pay.NewPAN(pan).LuhnValid()
	token := ""
	for n := byte(0); token == "" || token == pan || t.cards[token]; n++ {
		token = pan[:6] + t.middle(pan, n, len(pan)-7)
		check := pay.LuhnDigit(token)
		if !valid {
			check = '0' + (check-'0'+1+(pan[len(pan)-1]-'0')%9)%10
		}
		token += string(check)
	}
	t.tokens[pan], t.cards[token] = token, true
	if !slices.Contains(t.lengths, len(pan)) {
		t.lengths = append(t.lengths, len(pan))
	}
	return token
}

// middle draws digits that only the secret gives again.
func (t *Tokenizer) middle(pan string, n byte, size int) string {
	h := hmac.New(sha256.New, t.secret)
	h.Write(append([]byte(pan), n))
	sum := h.Sum(nil)
	digits := make([]byte, size)
	for i := range digits {
		digits[i] = '0' + sum[i]%10
	}
	return string(digits)
}
