package acquirer

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Signature is the picture of a cardholder's signature under a payment, as it comes in parts (DOMAIN.md A.16).
type Signature struct {
	Payment Key             `json:"payment"`
	Parts   []SignaturePart `json:"parts"` // in the order in which they came
	Last    int             `json:"last"`  // number of the last part; 0 while it has not come
	Slip    []byte          `json:"slip,omitempty"`
}

// SignaturePart is one part of a picture; the first has number 1.
type SignaturePart struct {
	Number int    `json:"number"`
	Bytes  []byte `json:"bytes"`
}

// SignatureRules are those about signatures.
type SignatureRules struct {
	Keep func(Signature, SignaturePart) Signature // what a part makes of what has come
	Join func(Signature) []byte                   // the picture from its parts
}

func signatureRules() SignatureRules { return SignatureRules{Keep: keepPart, Join: joinParts} }

// keepPart puts a part in its place. One that comes again counts once, as it came last.
func keepPart(s Signature, part SignaturePart) Signature {
	s.Parts = slices.DeleteFunc(slices.Clone(s.Parts), func(p SignaturePart) bool { return p.Number == part.Number })
	s.Parts = append(s.Parts, part)
	return s
}

// joinParts joins the parts by their numbers.
func joinParts(s Signature) []byte {
	parts := slices.SortedFunc(slices.Values(s.Parts), func(a, b SignaturePart) int { return a.Number - b.Number })
	return joined(parts)
}

func joined(parts []SignaturePart) (picture []byte) {
	for _, p := range parts {
		picture = append(picture, p.Bytes...)
	}
	return picture
}

// whole tells that the last part has come, and every part before it.
func (s Signature) whole() bool {
	for n := 1; n <= s.Last; n++ {
		if !slices.ContainsFunc(s.Parts, func(p SignaturePart) bool { return p.Number == n }) {
			return false
		}
	}
	return s.Last > 0
}

// SignatureOf gives the picture of the signature under a payment; false while it is not whole.
func (a *Acquirer) SignatureOf(k Key) ([]byte, bool) {
	s, known := a.signatures[k]
	if !known || !s.whole() {
		return nil, false
	}
	a.Trace.Consult("acquirer/signature-join")
	return a.Rules.Join(s), true
}

// signedPayment finds the payment by its reference number. Its batch may be settled already.
func signedPayment(c *Call) (pay.Answer, string) {
	number := c.req.Get(iso8583.RRN)
	n, known := c.byRRN[number]
	p := Payment{}
	if known {
		p = c.payments[c.order[n]]
	}
	switch {
	case !known || p.Ref.Terminal != c.terminal.Number:
		return pay.Answer25NoOriginal, "no payment of this terminal has reference number " + number
	case p.State != Approved:
		return pay.Answer25NoOriginal, "payment " + number + " is " + string(p.State)
	}
	c.original = p
	return passed, ""
}

// takeSignature keeps a part. The picture is never evidence of more than it is: nothing about the money changes.
func takeSignature(c *Call) {
	part := SignaturePart{Number: 1, Bytes: []byte(c.req.Get(iso8583.Signature))}
	if code := c.req.Get(iso8583.NetworkCode); code != "800" {
		part.Number = int(code[2] - '0') // 801 to 809, as the dialect has it
	}
	k := c.original.Key()
	s := c.signatures[k]
	s.Payment = k
	if chip := c.req.Get(iso8583.Chip); chip != "" {
		if _, err := iso8583.ParseSignatureSlip([]byte(chip)); err != nil {
			c.decline(pay.Answer30Format, "signature-slip", err.Error())
			return
		}
		s.Slip = []byte(chip)
	}
	if s.whole() && !repeats(s, part) {
		c.decline(pay.Answer94Duplicate, "signature", "there is another signature under "+c.original.RRN)
		return
	}
	c.Trace.Consult("acquirer/signature")
	s = c.Rules.Keep(s, part)
	if c.req.Get(iso8583.TypeCode) == "07" {
		s.Last = part.Number
	}
	c.finish(change{signatures: []Signature{s}}, c.approval(), "signature", fmt.Sprintf("part %d under %s", part.Number, c.original.RRN))
}

// repeats tells that the part has come before, as it is.
func repeats(s Signature, part SignaturePart) bool {
	return slices.ContainsFunc(s.Parts, func(p SignaturePart) bool { return p.Number == part.Number && bytes.Equal(p.Bytes, part.Bytes) })
}

// scriptOriginal finds the payment whose chip got commands of its issuer, by batch and trace (DOMAIN.md A.11).
func scriptOriginal(c *Call) (pay.Answer, string) {
	k := Key{c.terminal.Number, c.req.Get(iso8583.OriginalBatch), c.req.Get(iso8583.OriginalTrace)}
	p, known := c.payments[k]
	if !known {
		return pay.Answer25NoOriginal, "there is no payment " + k.String()
	}
	c.original = p
	return passed, ""
}

// takeScriptResults keeps what the issuer's commands did to the chip, once.
func takeScriptResults(c *Call) {
	results, err := iso8583.ParseScriptResults([]byte(c.req.Get(iso8583.Chip)))
	if err != nil {
		c.decline(pay.Answer30Format, "script-results", err.Error())
		return
	}
	made, p := change{}, c.original
	if len(p.Scripts) == 0 {
		p.Scripts = results
		made.payments = []Payment{p}
	}
	c.released = func() { c.tellScripts(c.now, p.Key(), c.out) }
	c.finish(made, c.approval(), "script-results", fmt.Sprintf("%d bytes about %s", len(results), p.Key()))
}

// tellScripts gives the issuer what its commands did to a chip. What it does not acknowledge goes again with the next request:
// Resume.
func (a *Acquirer) tellScripts(now time.Time, k Key, out iso8583.Outbox) {
	p := a.payments[k]
	a.Trace.Consult("acquirer/tell-scripts")
	if !p.unheard() || !a.Rules.TellScripts || a.condition.NoIssuer {
		return
	}
	m := a.networkRequest(pay.ScriptResult, p)
	offer(m, iso8583.Chip, string(tlv.Append(nil, iso8583.TagDF31ScriptResults, p.Scripts)))
	a.askIssuer(now, m, out, func(_ time.Time, answer *iso8583.Message) {
		if p := a.payments[k]; p.unheard() && pay.Answer(answer.Get(iso8583.AnswerCode)) == pay.Answer00Approved {
			p.Told = true
			a.commit(change{payments: []Payment{p}}, func() {})
		}
	})
}
