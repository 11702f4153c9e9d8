package rig

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Grease is how often the host is awkward in scenario runs: each quirk in one answer of so many.
const Grease = 40

// Quirks of the host's answers that an Arrangement may name.
const (
	QuirkFewer  = "fewer-fields" // optional ones are left out
	QuirkMore   = "more-fields"  // a text for the customer is there
	QuirkOrder  = "chip-order"   // the chip data come the other way round
	QuirkPieces = "pieces"       // an answer leaves in two pieces
	QuirkLate   = "late"         // another answer may overtake it
)

// greaseDelay is the most that a late answer, or a second piece, waits: in milliseconds.
const greaseDelay = 20

// grease has the host do, now and then, what the specification allows and few hosts do, so that no till is built to the habits of this
// one (as RFC 8701 keeps TLS from growing stiff).
type grease struct {
	loop    *sim.Loop
	dialect *iso8583.Dialect
	trace   *trace.Recorder
	random  *rand.Rand
	every   int    // each quirk in one answer of so many; 0 for none
	always  string // a quirk in every answer
}

func (g *grease) strikes(quirk string) bool {
	return g.always == quirk || g.every > 0 && g.random.IntN(g.every) == 0
}

func (g *grease) arrange(a Arrangement) error {
	if a.Awkward != nil {
		if g.every = *a.Awkward; g.every < 0 {
			return fmt.Errorf("acquirer: awkward in one of %d answers: want a number from 0 up", g.every)
		}
		return nil
	}
	if !slices.Contains([]string{QuirkFewer, QuirkMore, QuirkOrder, QuirkPieces, QuirkLate}, a.Quirk) {
		return fmt.Errorf("acquirer: there is no quirk %q", a.Quirk)
	}
	g.always, g.every = a.Quirk, 0
	return nil
}

func (g *grease) note(text string) {
	g.trace.Record(trace.Event{At: g.loop.Now(), Party: "acquirer", Kind: trace.Injected, Name: "grease", Text: text})
}

// dress changes of an answer what is the host's to choose, before it gets its MAC.
func (g *grease) dress(req, answer *iso8583.Message) {
	if g.strikes(QuirkOrder) {
		g.reorder(answer)
	}
	if g.strikes(QuirkMore) && !answer.Has(iso8583.AnswerText) {
		g.try(req, answer, "the answer has a text for the customer", func(m *iso8583.Message) { m.Set(iso8583.AnswerText, "PLEASE KEEP YOUR RECEIPT") })
		return // the text stands in one field with the organisation
	}
	if !g.strikes(QuirkFewer) {
		return
	}
	for _, e := range []iso8583.Element{iso8583.Institutions, iso8583.CardOrganisation, iso8583.Acquirer} {
		if answer.Has(e) {
			g.try(req, answer, "the answer does without its "+e.String(), func(m *iso8583.Message) { m.Unset(e) })
		}
	}
}

// try makes a change unless the dialect has something against it.
func (g *grease) try(req, answer *iso8583.Message, text string, edit func(*iso8583.Message)) {
	as := answer.Clone()
	edit(as)
	if len(g.dialect.ValidateAnswer(req, as)) > len(g.dialect.ValidateAnswer(req, answer)) { // there is one already: the MAC is not there yet
		return
	}
	edit(answer)
	g.note(text)
}

// reorder turns the chip data round: only commands to the card have an order among themselves (EMV Book 3, 10.10).
func (g *grease) reorder(answer *iso8583.Message) {
	list, err := tlv.Parse([]byte(answer.Get(iso8583.Chip)), tlv.Strict)
	if err != nil || len(list) < 2 {
		return
	}
	scripts := slices.DeleteFunc(slices.Clone(list), func(o tlv.Object) bool { return !emv.IsScript(o) })
	slices.Reverse(list)
	for i, o := range list {
		if emv.IsScript(o) {
			list[i], scripts = scripts[0], scripts[1:]
		}
	}
	answer.Set(iso8583.Chip, string(list.Append(nil)))
	g.note("the answer's chip data come the other way round")
}

// held is what of a front's answers leaves later.
type held struct {
	key  iso8583.Key
	half bool // its first half is on the line
	rest []byte
}

// send writes an answer, at once or late, whole or in two pieces. A late one may be overtaken, but not in the middle, nor by another
// answer to the same order.
func (f *front) send(m *iso8583.Message, framed []byte) {
	g := f.grease
	if g.every == 0 && g.always == "" && len(f.held) == 0 {
		f.write(framed)
		return
	}
	h := &held{key: f.dialect.Key(m), rest: slices.Clone(framed)}
	if slices.ContainsFunc(f.held, func(other *held) bool { return other.half || other.key == h.key }) {
		f.release()
	}
	switch {
	case g.strikes(QuirkPieces) && len(framed) > 1:
		at := 1 + g.random.IntN(len(framed)-1)
		f.write(h.rest[:at])
		h.half, h.rest = true, h.rest[at:]
		g.note("the answer leaves in two pieces")
	case g.strikes(QuirkLate):
		g.note("the answer leaves a little later")
	default:
		f.write(framed)
		return
	}
	f.held = append(f.held, h)
	g.loop.After(time.Duration(1+g.random.IntN(greaseDelay))*time.Millisecond, func() {
		if i := slices.Index(f.held, h); i >= 0 {
			f.held = slices.Delete(f.held, i, i+1)
			f.write(h.rest)
		}
	})
}

// release lets all go that is held.
func (f *front) release() {
	for _, h := range f.held {
		f.write(h.rest)
	}
	f.held = nil
}
