package issuer

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// The master keys that chips are made with stand in the issuer's HSM as "unionpay/AC", "unionpay/SMI" and "unionpay/SMC",
// by the name of their set: MasterKey gives these names.
const (
	MasterAC  = "AC"  // cryptograms
	MasterSMI = "SMI" // MACs of scripts
	MasterSMC = "SMC" // secret data of scripts
)

// MasterKey names one key of a set of master keys.
func MasterKey(set, key string) string { return set + "/" + key }

// Chip is what the issuer keeps of a card's chip. A card without one has no master keys.
type Chip struct {
	Masters      string        `json:"masters,omitempty"`      // the set of master keys
	Cipher       hsm.Algorithm `json:"cipher,omitempty"`       // theirs
	Schemes      []string      `json:"schemes,omitempty"`      // cryptogram versions that the chip may use: hsm.LoadCardScheme
	Sequence     string        `json:"sequence,omitempty"`     // two digits, F23 without its leading zero
	ATC          uint16        `json:"atc,omitempty"`          // the highest counter of a right cryptogram so far
	Scripts      []Script      `json:"scripts,omitempty"`      // commands that the chip has not confirmed
	Certificates []uint16      `json:"certificates,omitempty"` // counters of the transaction certificates that were posted
	Sent         int           `json:"sent,omitempty"`         // scripts so far; the number of the last one
	NoStripe     bool          `json:"no_stripe,omitempty"`
}

func (c Chip) known() bool { return c.Masters != "" }

// key names one of the card's own keys, as made from the master keys.
func (c Chip) key(which string, scheme hsm.CardScheme, pan pay.PAN) hsm.CardKey {
	return hsm.CardKey{Name: MasterKey(c.Masters, which), Derivation: scheme.Card, PAN: pan, Sequence: c.Sequence}
}

// check holds what is opened to its shape.
func (c Chip) check(card string) error {
	if !c.known() {
		return nil
	}
	if len(c.Sequence) != 2 || !isDigits(c.Sequence) {
		return fmt.Errorf("issuer: card %q: chip: want a sequence number of two digits", card)
	}
	for _, name := range c.Schemes {
		if _, err := hsm.LoadCardScheme(name, c.Cipher); err != nil {
			return fmt.Errorf("issuer: card %q: chip: %w", card, err)
		}
	}
	return nil
}

// chipData is what a request's F55 says.
type chipData struct {
	objects tlv.List
	scheme  hsm.CardScheme
	session hsm.Session
	kind    emv.CID // of the cryptogram
	proven  bool    // it is the card's
}

// get gives an object's value; nil for none.
func (d *chipData) get(tag tlv.Tag) []byte {
	o, _ := d.objects.Find(tag)
	return o.Value
}

// mandatory are the objects without which nobody can judge a cryptogram (DOMAIN.md A.11).
func mandatory() []tlv.Tag {
	return []tlv.Tag{emv.Tag9F26AC, emv.Tag9F27CID, emv.Tag9F10IAD, emv.Tag9F37UnpredictableNumber, emv.Tag9F36ATC, emv.Tag95TVR, emv.Tag9ADate,
		emv.Tag9CTransactionType, emv.Tag9F02Amount, emv.Tag5F2ACurrency, emv.Tag82AIP, emv.Tag9F1ATerminalCountry, emv.Tag9F03AmountOther,
		emv.Tag9F33TerminalCapabilities}
}

// chipRead reads F55. A card that was read by its stripe has none.
func chipRead(c *Call) (pay.Answer, string) {
	text := c.req.Get(iso8583.Chip)
	if text == "" {
		return passed, ""
	}
	objects, err := tlv.Parse([]byte(text), tlv.Strict)
	if err != nil {
		return pay.Answer30Format, "F55: " + err.Error()
	}
	for _, o := range objects {
		if !c.Rules.TakesTag(o.Tag) {
			return pay.Answer30Format, fmt.Sprintf("F55: tag %s has no place there", o.Tag)
		}
	}
	d := &chipData{objects: objects}
	for _, tag := range mandatory() {
		if err := emv.CheckLength(tag, d.get(tag)); err != nil || len(d.get(tag)) == 0 {
			return pay.Answer30Format, fmt.Sprintf("F55: %s (%s) is missing or has no right length", tag, emv.NameOf(tag))
		}
	}
	atc := d.get(emv.Tag9F36ATC)
	d.session = hsm.Session{ATC: uint16(atc[0])<<8 | uint16(atc[1]), Unpredictable: [4]byte(d.get(emv.Tag9F37UnpredictableNumber)),
		ARQC: [8]byte(d.get(emv.Tag9F26AC))}
	d.kind = emv.CID(d.get(emv.Tag9F27CID)[0]).Kind()
	c.chip = d
	return passed, ""
}

// chipAgrees holds what the chip signed to what the message asks for: a terminal, or somebody behind it, may not show the
// chip one amount and the issuer another.
func chipAgrees(c *Call) (pay.Answer, string) {
	if c.chip == nil {
		return passed, ""
	}
	signed, _ := emv.Number(c.chip.get(emv.Tag9F02Amount))
	if c.amount.Minor != int64(signed) && c.flow.Kind() != pay.Balance {
		return c.Rules.ChipMismatch, fmt.Sprintf("the chip signed an amount of %d, the message says %d", signed, c.amount.Minor)
	}
	if currency, _ := emv.Number(c.chip.get(emv.Tag5F2ACurrency)); c.req.Has(iso8583.Currency) && fmt.Sprintf("%03d", currency) != c.req.Get(iso8583.Currency) {
		return c.Rules.ChipMismatch, fmt.Sprintf("the chip signed currency %03d, the message says %s", currency, c.req.Get(iso8583.Currency))
	}
	return passed, ""
}

// cryptogramRight verifies the ARQC (EMV 4.4 Book 2, 8.1), or the TC of what the card approved. A chip that has refused sends none.
func cryptogramRight(c *Call) (pay.Answer, string) {
	if c.chip == nil {
		return passed, ""
	}
	chip := c.card.Chip
	if !chip.known() {
		return c.Rules.BadCryptogram, "the card of " + c.card.Name + " has no chip"
	}
	c.Trace.Consult("issuer/kind")
	if kind := c.chip.kind; !c.Rules.KindFits(kind, c.flow) {
		return c.Rules.BadCryptogram, fmt.Sprintf("9F27 says %s: an online request brings an ARQC, an offline sale a TC", kind)
	}
	if n := c.req.Get(iso8583.CardSequence); n != "" && n != "0"+chip.Sequence {
		return c.Rules.BadCryptogram, fmt.Sprintf("card sequence number %s: the card of %s has %s", n, c.card.Name, chip.Sequence)
	}
	c.Trace.Consult("issuer/scheme")
	scheme, ok := c.Rules.SchemeOf(chip, c.chip.get(emv.Tag9F10IAD))
	if !ok {
		return c.Rules.BadCryptogram, fmt.Sprintf("9F10 %X: the card of %s makes no cryptograms of this version", c.chip.get(emv.Tag9F10IAD), c.card.Name)
	}
	c.chip.scheme = scheme
	input := scheme.Input(c.chip.get, c.chip.get(emv.Tag9F10IAD))
	good, err := c.HSM.VerifyCryptogram(scheme, chip.key(MasterAC, scheme, c.pan), c.chip.session, input, c.chip.session.ARQC[:])
	if c.Trace != nil && err == nil {
		c.showWorking(scheme, input, good)
	}
	switch {
	case err != nil:
		return pay.Answer96Malfunction, err.Error()
	case !good:
		return c.Rules.BadCryptogram, fmt.Sprintf("the cryptogram (%s) is not the card's", scheme.Name)
	}
	c.chip.proven = true
	return passed, ""
}

// kindFits: an online request brings an ARQC, an offline sale a TC.
func kindFits(kind emv.CID, flow pay.Flow) bool {
	return kind == emv.CID80ARQC || kind == emv.CID40TC && flow == pay.OfflineSale
}

// schemeOf finds the scheme whose version number stands before the card verification results in 9F10.
func schemeOf(c Chip, iad []byte) (hsm.CardScheme, bool) {
	for _, name := range c.Schemes {
		s, err := hsm.LoadCardScheme(name, c.Cipher)
		if err == nil && s.Names(iad) {
			return s, true
		}
	}
	return hsm.CardScheme{}, false
}

// counterFresh refuses a cryptogram that was there before, and one that is too far ahead: somebody has had the card make
// many (DOMAIN.md D.5).
func counterFresh(c *Call) (pay.Answer, string) {
	if c.chip == nil {
		return passed, ""
	}
	last, now := c.card.Chip.ATC, c.chip.session.ATC
	if !c.Rules.CounterFresh(last, now) {
		return c.Rules.StaleCounter, fmt.Sprintf("transaction counter %d: the last one was %d", now, last)
	}
	c.Trace.Consult("issuer/counts")
	if c.Rules.Counts(c.chip.proven) && now > last {
		c.card.Chip.ATC, c.alters = now, true
	}
	return passed, ""
}

// countsOn: a counter only rises, and not by thousands between two requests.
func countsOn(last, now uint16) bool { return now > last && (last == 0 || now-last <= 1000) }

// stripeAllowed refuses the stripe of a card that has a chip, unless the terminal says that it could not read the chip and
// the issuer lets such payments pass (45, DOMAIN.md D.6).
func stripeAllowed(c *Call) (pay.Answer, string) {
	_, rest, ok := c.track()
	mode := c.req.Get(iso8583.EntryMode)
	if !ok || len(rest) < 5 || !strings.ContainsRune("26", rune(rest[4])) || c.chip != nil || !c.card.Chip.known() {
		return passed, ""
	}
	fellBack := c.req.Get(iso8583.ICCondition) == "2" || strings.HasPrefix(mode, string(pay.Entry80Fallback))
	if c.Rules.StripeOfChip(c.card.Chip, fellBack) {
		return passed, ""
	}
	return pay.Answer45Fallback, "the card of " + c.card.Name + " has a chip"
}

func onlyFallback(c Chip, fellBack bool) bool { return fellBack && !c.NoStripe }

// track is what was read of a stripe, or what a chip says of one: card number and what stands behind it, of track 2 where there is one.
func (c *Call) track() (number, rest string, ok bool) {
	if number, rest, ok = strings.Cut(c.req.Get(iso8583.Track2), "D"); ok {
		return number, rest, ok
	}
	return pay.Track1(c.req.Get(iso8583.Track1))
}

// trackAgrees holds the tracks' card numbers to the one beside them.
func trackAgrees(c *Call) (pay.Answer, string) {
	onTrack, _, ok := c.track()
	if number := c.req.Get(iso8583.PAN); ok && number != "" && onTrack != number {
		return pay.Answer14BadCard, "the track does not belong to the card number"
	}
	if first, _, ok1 := pay.Track1(c.req.Get(iso8583.Track1)); ok1 && first != onTrack {
		return pay.Answer14BadCard, "tracks 1 and 2 belong to two cards"
	}
	return passed, ""
}

// chipAnswer is F55 of the answer: the issuer proves itself (91), and gives the chip its commands (72). Only what has proven
// itself is spoken to, and only over contacts: a quickPass card has left the field (DOMAIN.md D.6).
func (c *Call) chipAnswer(answer pay.Answer) string {
	c.Trace.Consult("issuer/speaks")
	if mode := c.req.Get(iso8583.EntryMode); c.chip == nil || !c.chip.proven || len(mode) < 2 || !c.Rules.Speaks(pay.Entry(mode[:2])) {
		return ""
	}
	var b []byte
	c.Trace.Consult("issuer/response-cryptogram")
	if proof := c.Rules.ResponseCryptogram(c, answer); len(proof) > 0 {
		b = tlv.Append(b, emv.Tag91IssuerAuthenticationData, proof)
	}
	for _, s := range c.card.Chip.Scripts {
		commands, err := s.commands(c)
		if err != nil {
			c.note(c.now, trace.Trouble, "script", err.Error())
			continue
		}
		b = append(b, commands...)
	}
	return string(b)
}

// responseCryptogram makes the issuer authentication data (Book 2, 8.2): the cryptogram and the answer code, or, by method
// 2, the cryptogram and a card status update of which the last bit but... bytes are zero for an approval.
func responseCryptogram(c *Call, answer pay.Answer) []byte {
	d := c.chip
	code := []byte(answer)
	if d.scheme.Response == hsm.ResponseMethod2 {
		code = statusUpdate(answer)
	}
	proof, err := c.HSM.ResponseCryptogram(d.scheme, c.card.Chip.key(MasterAC, d.scheme, c.pan), d.session, hsm.Cryptogram(d.session.ARQC), code)
	if err != nil {
		c.note(c.now, trace.Trouble, "response-cryptogram", err.Error())
		return nil
	}
	return slices.Concat(proof, code)
}

// statusUpdate is the CSU of an answer (EMV 4.4 Book 3, C9.2): byte 2 bit 8 says that the issuer approves.
func statusUpdate(answer pay.Answer) []byte {
	if answer == pay.Answer00Approved {
		return []byte{0, 0x80, 0, 0}
	}
	return make([]byte, 4)
}

// ScriptKind is what a script has the chip do.
type ScriptKind string

// The scripts (EMV 4.4 Book 3, 6.5).
const (
	ScriptBlockApplication   ScriptKind = "block-application"
	ScriptUnblockApplication ScriptKind = "unblock-application"
	ScriptBlockCard          ScriptKind = "block-card"
	ScriptUnblockPIN         ScriptKind = "unblock-pin"
	ScriptChangePIN          ScriptKind = "change-pin"
	ScriptPutData            ScriptKind = "put-data"
)

// Script is a command that the issuer has for a chip, until the terminal's notice says that the chip has done it.
type Script struct {
	ID   string     `json:"id"` // eight hex digits, 9F18
	Kind ScriptKind `json:"kind"`
	Tag  tlv.Tag    `json:"tag,omitempty"`  // of the data to put
	Data []byte     `json:"data,omitempty"` // of the data to put; no secret
	PIN  []byte     `json:"pin,omitempty"`  // the new one, sealed under KeyStore

	Before bool `json:"before,omitempty"` // the last cryptogram: template 71
}

// headers of the commands, class 84: under secure messaging (Book 3, 6.5). PUT DATA takes its tag in P1 and P2.
var scriptHeaders = map[ScriptKind][4]byte{ScriptBlockApplication: {0x84, 0x1E, 0, 0}, ScriptUnblockApplication: {0x84, 0x18, 0, 0},
	ScriptBlockCard: {0x84, 0x16, 0, 0}, ScriptUnblockPIN: {0x84, 0x24, 0, 0}, ScriptChangePIN: {0x84, 0x24, 0, 2},
	ScriptPutData: {0x84, 0xDA, 0, 0}}

// commands is the script as the chip gets it: template 71 or 72, before the last cryptogram or after it, with its number and its
// command (EMV 4.4 Book 3, 10.10).
func (s Script) commands(c *Call) ([]byte, error) {
	d := c.chip
	id, err := hex.DecodeString(s.ID)
	if err != nil || len(id) != 4 {
		return nil, fmt.Errorf("script %q: want a number of eight hex digits", s.ID)
	}
	h, ok := scriptHeaders[s.Kind]
	if !ok {
		return nil, fmt.Errorf("script %s: no chip knows %q", s.ID, s.Kind)
	}
	if s.Kind == ScriptPutData {
		h[2], h[3] = byte(s.Tag>>8), byte(s.Tag)
	}
	data := s.Data
	if s.Kind == ScriptChangePIN {
		if data, err = s.newPIN(c); err != nil {
			return nil, err
		}
	}
	header := append(h[:], byte(len(data)+d.scheme.ScriptSize))
	mac, err := c.HSM.ScriptMAC(d.scheme, c.card.Chip.key(MasterSMI, d.scheme, c.pan), d.session, header, data)
	if err != nil {
		return nil, err
	}
	command := slices.Concat(header, data, mac)
	inner := tlv.Append(tlv.Append(nil, emv.Tag9F18ScriptId, id), emv.Tag86IssuerScriptCommand, command)
	if s.Before {
		return tlv.Append(nil, emv.Tag71IssuerScript1, inner), nil
	}
	return tlv.Append(nil, emv.Tag72IssuerScript2, inner), nil
}

// newPIN is the secret part of a script that changes the chip's PIN.
func (s Script) newPIN(c *Call) ([]byte, error) {
	clear, err := c.HSM.Open(KeyStore, s.PIN)
	if err != nil {
		return nil, fmt.Errorf("script %s: %w", s.ID, err)
	}
	d, chip := c.chip, c.card.Chip
	return c.HSM.PINChange(d.scheme, chip.key(MasterSMC, d.scheme, c.pan), chip.key(MasterAC, d.scheme, c.pan), d.session,
		pay.NewSecret(string(clear)), pay.Secret{})
}

// SendScript gives a card's chip a command, to be brought by its next payments over contacts until the chip confirms it. pin
// is for ScriptChangePIN only.
func (i *Issuer) SendScript(card string, s Script, pin pay.Secret) error {
	if _, ok := scriptHeaders[s.Kind]; !ok || (s.Kind == ScriptChangePIN) == pin.IsZero() {
		return fmt.Errorf("issuer: card %q: script %q: want one of the kinds, and a PIN for change-pin only", card, s.Kind)
	}
	if !pin.IsZero() {
		var err error
		if s.PIN, err = i.HSM.Seal(KeyStore, []byte(pin.Reveal())); err != nil {
			return fmt.Errorf("issuer: card %q: %w", card, err)
		}
	}
	return i.UpdateCard(card, func(a *Account) {
		s.ID = fmt.Sprintf("%08X", a.Chip.Sent+1)
		a.Chip.Sent++
		a.Chip.Scripts = append(slices.Clone(a.Chip.Scripts), s)
	})
}

// scriptDone tells by DF31 that the chip has done a script: its result, high nibble 2, then its number (DOMAIN.md D.2).
func scriptDone(results []byte, s Script) bool {
	id, err := hex.DecodeString(s.ID)
	if err != nil {
		return false
	}
	for ; len(results) >= 5; results = results[5:] {
		if results[0]>>4 == 2 && bytes.Equal(results[1:5], id) {
			return true
		}
	}
	return false
}

// takeScriptResults forgets the commands that the chip has carried out. It may come again.
func takeScriptResults(c *Call) {
	p, known := c.payments[c.rrn()]
	a, card := c.cards[c.names[p.Card]]
	objects, err := tlv.Parse([]byte(c.req.Get(iso8583.Chip)), tlv.Strict)
	switch {
	case err != nil:
		c.end(pay.Answer30Format, "chip-data", "F55: "+err.Error())
		return
	case !known || !card:
		c.end(pay.Answer25NoOriginal, "original", "payment "+c.rrn()+" is unknown")
		return
	}
	results, _ := objects.Find(emv.TagDF31ScriptResults)
	left := slices.DeleteFunc(slices.Clone(a.Chip.Scripts), func(s Script) bool { return c.Rules.ScriptDone(results.Value, s) })
	c.Trace.Consult("issuer/script-done")
	c.alters = len(left) < len(a.Chip.Scripts)
	c.card, c.card.Chip.Scripts = a, left
	done := Payment{RRN: p.RRN, Answer: pay.Answer00Approved}
	c.finish(change{}, done, "script-result", fmt.Sprintf("%d commands are left for the chip of %s", len(left), a.Name))
}

// Commands counts what each card's chip has not confirmed yet, by the card's name.
func (i *Issuer) Commands() map[string]int {
	waiting := map[string]int{}
	for _, a := range i.cards {
		if n := len(a.Chip.Scripts); n > 0 {
			waiting[a.Name] = n
		}
	}
	return waiting
}
