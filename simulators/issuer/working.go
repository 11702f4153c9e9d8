package issuer

import (
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// showWorking notes how a cryptogram was verified, so that somebody with the same master key can reckon it again: what it is made over, in its
// order, the check values of the keys, and the result. Of the cryptogram that would have been right nothing is told.
func (c *Call) showWorking(scheme hsm.CardScheme, input []byte, good bool) {
	of := c.card.Chip.key(MasterAC, scheme, c.pan)
	master, err := c.HSM.KCV(of.Name)
	if err != nil {
		return // then the verification has failed, and said so
	}
	card, session, err := c.HSM.CryptogramKeys(scheme, of, c.chip.session)
	if err != nil {
		return
	}
	fields := []trace.Field{{ID: "scheme", Name: "cryptogram version", Value: scheme.Name},
		{ID: "master", Name: "KCV of the issuer's master key", Value: master.String(), Note: of.Name},
		{ID: "card", Name: "KCV of the card's own key", Value: card.String(), Note: fmt.Sprintf("by %s, sequence %s", of.Derivation, of.Sequence)},
		{ID: "session", Name: "KCV of the transaction's key", Value: session.String(), Note: fmt.Sprintf("by %s, counter %04X", scheme.Session, c.chip.session.ATC)}}
	for _, tag := range scheme.Data {
		value := c.chip.get(tag)
		fields = append(fields, trace.Field{ID: tag.String(), Name: emv.NameOf(tag), Value: emv.Shown(tag, value)})
	}
	iad := c.chip.get(emv.Tag9F10IAD)
	for _, span := range scheme.IAD {
		fields = append(fields, trace.Field{ID: emv.Tag9F10IAD.String(), Name: emv.NameOf(emv.Tag9F10IAD), Value: fmt.Sprintf("%X", span.Of(iad)), Note: "as far as the version takes it"})
	}
	result := "right"
	if !good {
		result = "wrong"
	}
	fields = append(fields, trace.Field{ID: "input", Name: "what it is made over", Value: fmt.Sprintf("%X", input)},
		trace.Field{ID: emv.Tag9F26AC.String(), Name: emv.NameOf(emv.Tag9F26AC), Value: fmt.Sprintf("%X", c.chip.session.ARQC), Note: result})
	c.Trace.Record(trace.Event{At: c.now, Party: "issuer", Kind: trace.Noted, Name: trace.Cryptogram, Text: fmt.Sprintf("%s of %s is %s", c.chip.kind, scheme.Name, result), Fields: fields})
}
