package rig

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// ChipSeed tells the issuer what chip a card has: the set of test master keys that it was made with (fixtures/keys), their
// cipher, the cryptogram versions that its applications use, and its sequence number.
type ChipSeed struct {
	Masters  string   `json:"masters"`
	Cipher   string   `json:"cipher"`
	Schemes  []string `json:"schemes"`
	Sequence string   `json:"sequence"`
	NoStripe bool     `json:"no_stripe,omitempty"`
}

func (c *ChipSeed) chip() issuer.Chip {
	if c == nil {
		return issuer.Chip{}
	}
	return issuer.Chip{Masters: c.Masters, Cipher: hsm.Algorithm(c.Cipher), Schemes: c.Schemes, Sequence: c.Sequence, NoStripe: c.NoStripe}
}

// shelf holds the shipped cards that were read, since many are of one kind.
type shelf struct {
	mu    sync.Mutex
	cards map[string]*card.Spec
}

func (s *shelf) card(kind string) (*card.Spec, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if spec, ok := s.cards[kind]; ok {
		return spec.Clone(), nil
	}
	spec, err := card.Load(fixtures.FS, kind)
	if err != nil {
		return nil, err
	}
	s.cards[kind] = spec
	return spec.Clone(), nil
}

// chipSpec is the shipped card of a cardholder's kind, made out to him.
func (r *Rig) chipSpec(c Cardholder) (*card.Spec, error) {
	s, err := r.shelf.card(c.Chip)
	if err != nil {
		return nil, err
	}
	s.PAN, s.Expiry, s.Service, s.PIN = c.PAN, c.Expiry, c.Service, c.PIN
	for _, a := range s.Applications {
		a.PAN, a.Expiry = c.PAN, c.Expiry
		if c.Token != "" {
			a.PAN, a.Expiry, a.Certified = c.Token, c.TokenExpiry, c.TokenExpiry
		}
	}
	return s, nil
}

// chipSeed is what the issuer is told of a cardholder's chip; nil for none.
func (r *Rig) chipSeed(c Cardholder) (*ChipSeed, error) {
	if c.Chip == "" {
		return nil, nil
	}
	s, err := r.chipSpec(c)
	if err != nil {
		return nil, err
	}
	a := s.Applications[0]
	m, err := r.cardKeys.Masters(a.MasterKeys)
	if err != nil {
		return nil, err
	}
	seed := &ChipSeed{Masters: a.MasterKeys, Cipher: string(m.Algorithm), Sequence: a.Sequence, NoStripe: c.NoFallback}
	for _, a := range s.Applications {
		if !slices.Contains(seed.Schemes, a.Scheme) {
			seed.Schemes = append(seed.Schemes, a.Scheme)
		}
	}
	return seed, nil
}

// testCAs are the public keys of the test CAs, as a terminal holds them.
func testCAs(keys *card.Keys) (all []iso8583.CAPublicKey) {
	for _, k := range keys.CAs() {
		all = append(all, iso8583.CAPublicKey{RID: k.RID, Index: k.Index[0], Expires: "20" + k.Expires + "28", Hash: 1, Algorithm: 1,
			Modulus: k.Modulus, Exponent: k.Exponent, Check: k.Check})
	}
	return all
}

// importMasters gives an issuer the master keys of all test cards.
func importMasters(h *hsm.HSM, keys *card.Keys) error {
	for _, m := range keys.AllMasters() {
		if err := m.Import(h, m.Name+"/"); err != nil {
			return err
		}
	}
	return nil
}

// slot gives a cardholder's chip, made at its first use; it keeps its counters for as long as the world lasts.
func (w *World) slot(c Cardholder) (*card.Slot, error) {
	if s, ok := w.chips[c.Name]; ok {
		return s, nil
	}
	if c.Chip == "" {
		return nil, fmt.Errorf("%s's card has no chip", c.Name)
	}
	spec, err := w.Rig.chipSpec(c)
	if err != nil {
		return nil, err
	}
	track, err := w.chipTrack(c)
	if err != nil {
		return nil, err
	}
	for _, a := range spec.Applications {
		if w.copied[c.Name] {
			a.MasterKeys = "visa"
		}
		a.Put(emv.Tag57Track2Equivalent, track.Bytes())
	}
	for _, edit := range w.chipEdits[c.Name] {
		edit(spec)
	}
	if err := w.goOnCounting(c, spec); err != nil {
		return nil, err
	}
	image, err := card.Personalise(spec, w.Rig.cardKeys)
	if err != nil {
		return nil, fmt.Errorf("chip of %s: %w", c.Name, err)
	}
	s, err := card.NewSlot(image, *w.Rig.rules.card, w.Seed.Reader("chip/"+c.Name), w.cardFaults[c.Name]...)
	if err != nil {
		return nil, fmt.Errorf("chip of %s: %w", c.Name, err)
	}
	s.Card.Trace = w.Trace
	s.Heard = func(cmd emv.Command, x card.Exchange) {
		if !w.lean {
			w.heard(c.Name, cmd, x)
		}
		if w.remote() && cmd.INS == emv.INSA8GetProcessing {
			w.keepCounter(c, s)
		}
	}
	w.chips[c.Name] = s
	return s, nil
}

// goOnCounting lets a chip count on from its last transaction at a remote host.
func (w *World) goOnCounting(c Cardholder, spec *card.Spec) error {
	for _, a := range spec.Applications {
		switch {
		case !w.remote():
		case a.ATC > 0:
			return lacks("a remote host remembers what a chip has counted: it cannot begin elsewhere")
		default:
			a.ATC = w.Rig.lease.of(c.Name + w.Rig.set).ATC
			a.LastOnline = a.ATC // not one that has not asked for long
		}
	}
	return nil
}

// keepCounter notes how far a chip has counted: a remote host remembers it.
func (w *World) keepCounter(c Cardholder, s *card.Slot) {
	n := numbers{}
	for _, a := range s.Card.State().Apps {
		n.ATC = max(n.ATC, a.ATC)
	}
	if err := w.Rig.lease.keep(c.Name+w.Rig.set, n); err != nil {
		w.Trace.Record(trace.Event{At: w.Loop.Now(), Party: "card", Kind: trace.Trouble, Name: "state-file", Text: err.Error()})
	}
}

// chipTrack is the track that a chip tells, a phone's with its token: its verification value makes no stripe (iCVV).
func (w *World) chipTrack(c Cardholder) (emv.Track2, error) {
	pan, expiry := c.PAN, c.Expiry
	if c.Token != "" {
		pan, expiry = c.Token, c.TokenExpiry
	}
	track, err := w.track2(pan, expiry, c.Service, chipService)
	if err != nil {
		return track, fmt.Errorf("chip of %s: %w", c.Name, err)
	}
	return track, nil
}

// usual is how a cardholder gives what he pays with: a phone has no contacts.
func (w *World) usual(c Cardholder) (Presented, error) {
	s, err := w.slot(c)
	if err != nil || !s.Card.Phone() {
		return ByChip, err
	}
	return ByTap, nil
}

// unused gives a cardholder whose chip was not used yet.
func (w *World) unused(who string) (Cardholder, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	if _, made := w.chips[c.Name]; made && err == nil {
		return c, fmt.Errorf("%s's chip is in use already: say what is the matter with it before", c.Name)
	}
	return c, err
}

// SpoilChip arranges what goes wrong with a cardholder's chip or its reader, before its first use.
func (w *World) SpoilChip(who string, f card.Fault) error {
	c, err := w.unused(who)
	if err != nil {
		return err
	}
	w.cardFaults[c.Name] = append(w.cardFaults[c.Name], f)
	return nil
}

// ChangeChip has a cardholder's chip made otherwise, before its first use.
func (w *World) ChangeChip(who string, edit func(*card.Spec)) error {
	c, err := w.unused(who)
	if err != nil {
		return err
	}
	w.chipEdits[c.Name] = append(w.chipEdits[c.Name], edit)
	return nil
}

// CopyChip makes a cardholder's chip a copy: all that can be read is right, but the keys of its cryptograms are others.
func (w *World) CopyChip(who string) error {
	c, err := w.Rig.Cast.Cardholder(who)
	w.copied[c.Name] = true
	return err
}

// SetFloor gives the till's chip applications another floor limit, and starts it again; alone has none below it sent to the host at random.
func (t *Till) SetFloor(limit pay.Amount, alone bool) error {
	percent := []byte{0x99}
	if alone {
		percent = []byte{0}
	}
	return t.SetChipParameters(map[tlv.Tag][]byte{emv.Tag9F1BFloorLimit: binary.BigEndian.AppendUint32(nil, uint32(limit.Minor)),
		emv.TagDF16RandomMaxPercent: percent, emv.TagDF17RandomPercent: percent})
}

const (
	apduTime   = 20 * time.Millisecond // that a command takes on contacts and in the field, on a virtual clock: nobody waits for it
	readerWait = 5 * time.Second       // for a card that says nothing
)

// present puts a cardholder's chip into the slot or the field, and gives what the reader tells the till; nil for nothing.
func (t *Till) present(c Cardholder, on card.Interface) (*terminal.Event, error) {
	if on == card.Contactless && t.config.NoField {
		return nil, nil // nobody notices
	}
	r, err := t.world.reader(c)
	if err != nil {
		return nil, err
	}
	e := &terminal.Event{Kind: terminal.Insert}
	if on == card.Contactless {
		e.Kind = terminal.Tap
	}
	_, ending := r.Insert(on)
	t.slot, t.said, e.Reader = r, emv.Log{}, readerSays[ending]
	if t.world.lean {
		return e, nil
	}
	t.record(trace.Noted, trace.CardPresented, fmt.Sprintf("%s: %s", on, ending))
	return e, nil
}

var readerSays = map[card.Ending]kernel.Reader{card.Answered: kernel.CardAnswered, card.Torn: kernel.CardGone, card.Frozen: kernel.CardMute,
	card.Collision: kernel.TwoCards, card.NoCard: kernel.CardMute}

// apdu gives the card a command and brings its answer back in the till's loop.
func (t *Till) apdu(cmd emv.Command) {
	life := t.life
	x := card.Exchange{Ending: card.Torn}
	if t.slot != nil {
		x = t.slot.Exchange(t.Now(), cmd)
	}
	after := x.After
	if t.world.Loop.Virtual() {
		after += apduTime
	}
	if x.Ending == card.Frozen || x.After > readerWait {
		x.Ending, after = card.Frozen, readerWait
	}
	if !t.world.lean {
		t.tell(apduEvent(&t.said, cmd, x))
	}
	t.world.Loop.After(after, func() {
		t.inLife(life, terminal.Event{Kind: terminal.CardAnswered, Response: x.Response, Reader: readerSays[x.Ending]})
	})
}

// apduEvent tells an exchange with a card by names, without what may be secret.
func apduEvent(said *emv.Log, cmd emv.Command, x card.Exchange) trace.Event {
	e := trace.Event{Kind: trace.Noted, Name: trace.APDU, Text: fmt.Sprintf("%s: %s", cmd.Name(), x.Ending)}
	way := func(arrow string, fields []trace.Field) {
		for _, f := range fields {
			f.ID = arrow + f.ID
			e.Fields = append(e.Fields, f)
		}
	}
	way("> ", said.Command(cmd))
	if x.Ending == card.Answered {
		e.Text = fmt.Sprintf("%s: %s %s", cmd.Name(), x.Response.SW, x.Response.SW.Words())
		way("< ", said.Response(x.Response))
	}
	return e
}

// apduLines tells an exchange with a card as lines of a log.
func apduLines(said *emv.Log, cmd emv.Command, x card.Exchange) []string {
	lines := []string{"> " + cmd.Name()}
	objects := func(fields []trace.Field) {
		for _, f := range fields {
			line := fmt.Sprintf("    %s %s: %s", f.ID, f.Name, f.Value)
			if f.Note != "" {
				line += " (" + f.Note + ")"
			}
			lines = append(lines, line)
		}
	}
	objects(said.Command(cmd))
	if x.Ending != card.Answered {
		return append(lines, "< "+string(x.Ending))
	}
	lines = append(lines, fmt.Sprintf("< %s %s", x.Response.SW, x.Response.SW.Words()))
	objects(said.Response(x.Response))
	return lines
}

// takeOut takes the card out of the reader.
func (t *Till) takeOut() {
	if t.slot != nil {
		t.slot.Remove()
		t.slot = nil
	}
}
