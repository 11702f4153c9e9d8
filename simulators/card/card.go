// Package card is what a customer presents: a chip card or a phone, at the level of APDUs.
package card

import (
	"bytes"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// Card is a chip: a machine without input or output. What it answers it has written down before, so it may lose its power
// between any two commands.
type Card struct {
	Trace *trace.Recorder // may be nil
	image *Image
	rules Rules
	rand  io.Reader
	state State
	serve func(emv.Command) emv.Response // the chip behind its transport

	// What follows is gone with the power.
	on        Interface
	t0        bool
	waiting   *emv.Response // T=0: data that wait for GET RESPONSE
	unsaid    *unsaid       // what was answered with 6Cxx, done already
	directory bool          // it is selected
	payment   *Payment      // the application that is selected; nil for none
	found     int           // index of the last application that SELECT gave, for the next one
	challenge []byte
	confirmed bool // the holder has confirmed on the device; a tap uses that up
}

// State is what a chip keeps without power.
type State struct {
	Blocked bool // the whole card
	Tries   int
	PIN     pay.Secret
	Apps    []AppState
}

// AppState is what the chip keeps of one application. Applications of one name and number share it: the same payment
// application on contacts and without.
type AppState struct {
	ATC, LastOnline uint16
	Blocked         bool
	Offline         int   // approvals without the issuer, in a row
	Spent           int64 // and what they come to, in minor units
	Pending         bool  // a payment went online and never heard its issuer
	IssuerFailed    bool
	ScriptFailed    bool
	Scripts         int // that were carried out in the last payment
	Data            emv.Data
	Records         map[recordID][]byte
	Log             [][]byte // the newest first
}

// New makes a new card of an image. random feeds challenges and dynamic numbers.
func New(image *Image, rules Rules, random io.Reader) *Card {
	s := State{Blocked: image.spec.Blocked, Tries: image.spec.Tries, PIN: pay.NewSecret(image.spec.PIN)}
	if image.spec.TriesLeft != nil {
		s.Tries = *image.spec.TriesLeft
	}
	for _, a := range image.apps {
		s.Apps = append(s.Apps, AppState{ATC: a.ATC, LastOnline: a.LastOnline, Blocked: a.Blocked})
	}
	return Resume(image, rules, random, s)
}

// Resume makes a card that has lived already.
func Resume(image *Image, rules Rules, random io.Reader, s State) *Card {
	c := &Card{image: image, rules: rules, rand: random, state: s.clone(), found: -1}
	c.serve = c.process
	return c
}

// State gives what the chip would keep if it lost its power now.
func (c *Card) State() State { return c.state.clone() }

func (s State) clone() State {
	s.Apps = slices.Clone(s.Apps)
	for i := range s.Apps {
		a := &s.Apps[i]
		a.Data, a.Records, a.Log = maps.Clone(a.Data), maps.Clone(a.Records), slices.Clone(a.Log)
	}
	return s
}

// Reset gives the chip power on an interface and returns its answer to reset. Contactless, this is the one that PC/SC
// readers make up.
func (c *Card) Reset(on Interface) []byte {
	c.Off()
	c.on = on
	c.t0 = on == Contact && c.image.spec.Protocol == "T=0"
	return c.atr(on)
}

func (c *Card) atr(on Interface) []byte {
	switch {
	case len(c.image.spec.ATR) > 0:
		return slices.Clone(c.image.spec.ATR)
	case on == Contactless:
		return checked([]byte{0x3B, 0x85, 0x80, 0x01, 'P', 'R', 'O', 'O', 'F'})
	case c.image.spec.Protocol == "T=0":
		return []byte{0x3B, 0x65, 0x00, 0x00, 'P', 'R', 'O', 'O', 'F'} // TB1 00, TC1 00 (EMV 4.4 Book 1, 8.2)
	}
	return checked([]byte{0x3B, 0xE5, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x45, 'P', 'R', 'O', 'O', 'F'}) // T=1: IFSC FE, BWI 4, CWI 5
}

// checked appends TCK: the XOR of all from T0 on is zero.
func checked(atr []byte) []byte {
	var sum byte
	for _, b := range atr[1:] {
		sum ^= b
	}
	return append(atr, sum)
}

// Off takes the power away.
func (c *Card) Off() {
	c.on, c.waiting, c.unsaid, c.directory, c.payment, c.found, c.challenge = "", nil, nil, false, nil, -1, nil
}

// Phone tells that it is a phone, which has no contacts.
func (c *Card) Phone() bool { return c.image.spec.Phone }

// Confirm is the holder's finger, face or code on a phone. It lasts for one tap.
func (c *Card) Confirm() { c.confirmed = c.image.spec.Phone }

// Transmit gives a command to the chip and returns its answer. Without power there is none: 6F00.
func (c *Card) Transmit(_ time.Time, cmd emv.Command) emv.Response {
	if c.on == "" {
		return emv.Response{SW: emv.SW6F00NoPreciseDiagnosis}
	}
	if !c.t0 {
		r := c.once(cmd)
		if cmd.Le >= 0 && len(r.Data) > cmd.Le {
			c.unsaid = &unsaid{cmd, r}
			return emv.Response{SW: emv.SW6C00Length | emv.StatusWord(byte(len(r.Data)))}
		}
		return r
	}
	waiting := c.waiting
	c.waiting = nil
	if cmd.INS == emv.INSC0GetResponse && (cmd.CLA == emv.CLA00Interindustry || cmd.CLA == emv.CLA80Proprietary) { // some say the class of what they fetch
		return c.getResponse(cmd, waiting)
	}
	r := c.serve(cmd)
	if len(r.Data) == 0 {
		return r
	}
	length := emv.StatusWord(byte(len(r.Data)))
	switch {
	case len(cmd.Data) == 0 && cmd.Le >= 0: // case 2: the data come at once, if their length was right
		if cmd.Le != len(r.Data) {
			return emv.Response{SW: emv.SW6C00Length | length}
		}
		return r
	case r.SW == emv.SW9000OK:
		c.waiting = &r
		return emv.Response{SW: emv.SW6100MoreData | length}
	}
	c.waiting = &r // a warning stands before its data
	return emv.Response{SW: r.SW}
}

// unsaid is a command that was carried out, and an answer that was longer than it asked for.
type unsaid struct {
	cmd    emv.Command
	answer emv.Response
}

// once carries a command out, but not again when it only asks with the right length for what it brought.
func (c *Card) once(cmd emv.Command) emv.Response {
	last := c.unsaid
	if c.unsaid = nil; last == nil {
		return c.serve(cmd)
	}
	same := last.cmd
	if same.Le = cmd.Le; !bytes.Equal(same.Append(nil), cmd.Append(nil)) {
		return c.serve(cmd)
	}
	return last.answer
}

// getResponse hands out what waits (ISO/IEC 7816-4, 7.6.1).
func (c *Card) getResponse(cmd emv.Command, waiting *emv.Response) emv.Response {
	switch {
	case waiting == nil:
		return emv.Response{SW: emv.SW6985Conditions}
	case cmd.P1 != 0 || cmd.P2 != 0:
		return emv.Response{SW: emv.SW6A86Parameters}
	case cmd.Le > len(waiting.Data) || cmd.Le < 0:
		c.waiting = waiting
		return emv.Response{SW: emv.SW6C00Length | emv.StatusWord(byte(len(waiting.Data)))}
	case cmd.Le < len(waiting.Data):
		rest := waiting.Data[cmd.Le:]
		c.waiting = &emv.Response{Data: rest, SW: waiting.SW}
		return emv.Response{Data: waiting.Data[:cmd.Le], SW: emv.SW6100MoreData | emv.StatusWord(byte(len(rest)))}
	}
	return *waiting
}

// process is the chip without its transport.
func (c *Card) process(cmd emv.Command) emv.Response {
	switch cmd.CLA {
	case emv.CLA00Interindustry, emv.CLA04Secured, emv.CLA80Proprietary, emv.CLA84ProprietarySecured, emv.CLA8CProprietaryHeader:
	default:
		return emv.Response{SW: emv.SW6E00ClassUnknown}
	}
	for _, i := range instructions() {
		if i.ins != cmd.INS {
			continue
		}
		if !slices.Contains(i.classes, cmd.CLA) {
			return emv.Response{SW: emv.SW6E00ClassUnknown}
		}
		data, sw := i.serve(c, cmd)
		if sw == 0 {
			sw = emv.SW9000OK
		}
		if len(data) > 256 {
			return emv.Response{SW: emv.SW6F00NoPreciseDiagnosis}
		}
		return emv.Response{Data: data, SW: sw}
	}
	return emv.Response{SW: emv.SW6D00InstructionUnknown}
}

// instruction is one command of the chip. A status of 0 stands for 9000.
type instruction struct {
	ins     byte
	classes []byte
	serve   func(*Card, emv.Command) ([]byte, emv.StatusWord)
}

func instructions() []instruction {
	plain, own := []byte{emv.CLA00Interindustry}, []byte{emv.CLA80Proprietary}
	secured := []byte{emv.CLA04Secured, emv.CLA84ProprietarySecured, emv.CLA8CProprietaryHeader}
	return []instruction{
		{emv.INSA4Select, plain, (*Card).selectFile},
		{emv.INSB2ReadRecord, plain, (*Card).readRecord},
		{emv.INSA8GetProcessing, own, (*Card).getProcessingOptions},
		{emv.INSAEGenerateAC, own, (*Card).generateAC},
		{emv.INSCAGetData, own, (*Card).getData},
		{emv.INS20Verify, plain, (*Card).verify},
		{emv.INS84GetChallenge, plain, (*Card).getChallenge},
		{emv.INS88InternalAuth, plain, (*Card).internalAuthenticate},
		{emv.INS82ExternalAuth, plain, (*Card).externalAuthenticate},
		{emv.INS1EApplicationBlock, secured, script((*Payment).blockApplication)},
		{emv.INS18ApplicationUnblock, secured, script((*Payment).unblockApplication)},
		{emv.INS16CardBlock, secured, script((*Payment).blockCard)},
		{emv.INS24PINChange, secured, script((*Payment).changePIN)},
		{emv.INSDAPutData, secured, script((*Payment).putData)},
		{emv.INSDCUpdateRecord, secured, script((*Payment).updateRecord)},
	}
}

// draw gives unpredictable bytes.
func (c *Card) draw(n int) []byte {
	b := make([]byte, n)
	_, _ = io.ReadFull(c.rand, b) // seeded streams do not end
	return b
}

func (c *Card) consult(entry string) { c.Trace.Consult(entry) }

// life gives the index of the state that an application has: that of the first one with its name and number.
func (i *Image) life(a int) int {
	for n, other := range i.apps[:a] {
		if slices.Equal(other.AID, i.apps[a].AID) && other.PAN == i.apps[a].PAN {
			return n
		}
	}
	return a
}

// object gives a data object as it is now: of this payment, as scripts have left it, as it was made.
func (p *Payment) object(tag tlv.Tag) []byte {
	if v, ok := p.fresh[tag]; ok {
		return v
	}
	if v, ok := p.state.Data[tag]; ok {
		return v
	}
	return p.app.objects[tag]
}
