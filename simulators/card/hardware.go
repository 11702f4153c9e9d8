package card

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// FaultKind is what is wrong with a card or the reader that it is in.
type FaultKind string

// The faults of hardware.
const (
	FaultDead      FaultKind = "dead"             // no answer to reset
	FaultTwoCards  FaultKind = "two-cards"        // another card is in the field
	FaultTorn      FaultKind = "torn"             // the card is gone before the command reaches it
	FaultLost      FaultKind = "answer-lost"      // the card has done it, but is gone before its answer is through
	FaultFrozen    FaultKind = "frozen"           // the reader never gives the answer back
	FaultDelay     FaultKind = "delay"            // the answer takes longer
	FaultStatus    FaultKind = "status"           // this status word, and the chip has done nothing
	FaultInstead   FaultKind = "status-after"     // this status word instead of what the chip has answered
	FaultAC        FaultKind = "wrong-cryptogram" // 9F26 is another one
	FaultForced    FaultKind = "force-cryptogram" // AAC, TC or ARQC whatever is asked for
	FaultNoTag     FaultKind = "without-tag"      // an object is not in the answer
	FaultWrongTag  FaultKind = "wrong-tag"        // its last byte is another one
	FaultTwice     FaultKind = "tag-twice"        // it is there twice
	FaultMore      FaultKind = "more"             // one more object is in the answer
	FaultTruncated FaultKind = "truncated"        // so many bytes are missing at the end of the answer
	FaultGarbled   FaultKind = "garbled"          // the last byte of what the command tells the chip is another one
	FaultRepeated  FaultKind = "repeated"         // the chip gets the command twice, and its second answer counts
	FaultReplayed  FaultKind = "replayed"         // after the first of these commands the chip gets what that one said in place of what they say
	FaultUnwarned  FaultKind = "unwarned"         // the answer's warning (62xx) has become 9000
)

// Fault is one thing that is wrong, and when.
type Fault struct {
	Do      FaultKind `yaml:"do"`
	Command string    `yaml:"command"` // SELECT, READ RECORD, GENERATE AC, ...; any when absent
	Nth     int       `yaml:"nth"`     // at the nth of these commands since the card was made, or time that it is presented; each when absent
	Status  hexed     `yaml:"status"`
	Delay   string    `yaml:"delay"` // 800ms
	Tag     string    `yaml:"tag"`
	Value   hexed     `yaml:"value"`
	Bytes   int       `yaml:"bytes"`
	Kind    string    `yaml:"kind"` // AAC, TC or ARQC
}

func (f Fault) check() error {
	switch f.Do {
	case FaultDead, FaultTwoCards, FaultTorn, FaultLost, FaultFrozen, FaultAC, FaultGarbled, FaultRepeated, FaultReplayed, FaultUnwarned:
	case FaultDelay:
		if d, err := time.ParseDuration(f.Delay); err != nil || d <= 0 {
			return errors.New("delay: want a time such as 800ms")
		}
	case FaultStatus, FaultInstead:
		if len(f.Status) != 2 {
			return errors.New("status: want 2 bytes")
		}
	case FaultForced:
		if _, ok := kindOf(f.Kind); !ok {
			return errors.New("kind: want AAC, TC or ARQC")
		}
	case FaultNoTag, FaultWrongTag, FaultTwice, FaultMore:
		if !tagText.MatchString(f.Tag) {
			return errors.New("tag: want a tag in upper-case hex")
		}
	case FaultTruncated:
		if f.Bytes < 1 {
			return errors.New("bytes: want at least 1")
		}
	default:
		return fmt.Errorf("do: no fault %q", f.Do)
	}
	if f.Nth < 0 {
		return errors.New("nth: want 1 for the first, or nothing for each")
	}
	return nil
}

func kindOf(name string) (emv.CID, bool) {
	for _, k := range []emv.CID{emv.CID00AAC, emv.CID40TC, emv.CID80ARQC} {
		if k.String() == name {
			return k, true
		}
	}
	return 0, false
}

// Ending is what became of an exchange with a card.
type Ending string

// The endings. None is an error: all of them happen at a till.
const (
	Answered  Ending = "answered"
	Torn      Ending = "torn"      // the card is gone
	Frozen    Ending = "frozen"    // nothing comes back, and the card is still there
	Collision Ending = "collision" // two cards answer
	NoCard    Ending = "no card"   // nothing answers the reset
)

// Exchange is one command and what came of it.
type Exchange struct {
	Response emv.Response
	After    time.Duration // how long it took beyond the usual
	Ending   Ending
}

// Slot is a card as a reader has it: a chip, and what is wrong with it.
type Slot struct {
	Card   *Card
	Heard  func(emv.Command, Exchange) // may be nil: told of each exchange
	faults []Fault
	seen   []int  // commands that each fault has matched
	taped  []byte // what a replayed command said first
	begun  int    // times that it was put into a reader
	gone   bool
	frozen bool
}

// NewSlot makes a new card with the faults of its file and those that are given besides.
func NewSlot(image *Image, rules Rules, random io.Reader, besides ...Fault) (*Slot, error) {
	for _, f := range besides {
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("card %s: %w", image.spec.Name, err)
		}
	}
	s := &Slot{faults: slices.Concat(image.spec.Hardware, besides)}
	s.seen = make([]int, len(s.faults))
	for _, f := range s.faults {
		if f.Do == FaultForced {
			kind, _ := kindOf(f.Kind) // it was checked
			rules.Kind = func(emv.CID, Wish) emv.CID { return kind }
			rules.Second = func(*Payment, emv.CID) emv.CID { return kind }
		}
	}
	s.Card = New(image, rules, random)
	honest := s.Card.serve
	s.Card.serve = func(cmd emv.Command) emv.Response { return s.spoil(cmd, honest) }
	return s, nil
}

// Insert puts the card on contacts or into the field, and gives its answer to reset.
func (s *Slot) Insert(on Interface) ([]byte, Ending) {
	s.Remove()
	s.begun++
	if ending := s.answers(on); ending != Answered {
		return nil, ending
	}
	s.gone, s.frozen = false, false
	return s.Card.Reset(on), Answered
}

// ATR gives what Insert answers without moving the card; nil when nothing answers.
func (s *Slot) ATR(on Interface) []byte {
	if s.answers(on) != Answered {
		return nil
	}
	return s.Card.atr(on)
}

func (s *Slot) answers(on Interface) Ending {
	for _, f := range s.faults {
		switch {
		case f.Nth != 0 && f.Nth != s.begun:
		case f.Do == FaultDead:
			return NoCard
		case f.Do == FaultTwoCards && on == Contactless:
			return Collision
		}
	}
	return Answered
}

// Remove takes the card away.
func (s *Slot) Remove() {
	s.Card.Off()
	s.gone = true
}

// Exchange gives a command to the card.
func (s *Slot) Exchange(now time.Time, cmd emv.Command) Exchange {
	x := s.exchange(now, cmd)
	if s.Heard != nil {
		s.Heard(cmd, x)
	}
	return x
}

func (s *Slot) exchange(now time.Time, cmd emv.Command) Exchange {
	if s.gone || s.frozen {
		return s.mute()
	}
	var x Exchange
	lost := false
	for i, f := range s.faults {
		if cmd.INS == emv.INSC0GetResponse || !power(f.Do) || !s.strikes(i, cmd) {
			continue
		}
		switch f.Do {
		case FaultTorn:
			s.Remove()
			return s.mute()
		case FaultFrozen:
			s.frozen = true
		case FaultLost:
			lost = true
		case FaultDelay:
			d, _ := time.ParseDuration(f.Delay) // it was checked
			x.After += d
		}
	}
	x.Response, x.Ending = s.Card.Transmit(now, cmd), Answered
	if lost {
		s.Remove()
	}
	if lost || s.frozen {
		return s.mute()
	}
	return x
}

func (s *Slot) mute() Exchange {
	if s.frozen {
		return Exchange{Ending: Frozen}
	}
	return Exchange{Ending: Torn}
}

func power(k FaultKind) bool {
	return k == FaultTorn || k == FaultFrozen || k == FaultLost || k == FaultDelay
}

// strikes counts the commands that a fault is about and tells whether this is the one.
func (s *Slot) strikes(i int, cmd emv.Command) bool {
	f := s.faults[i]
	if !strings.HasPrefix(cmd.Name(), f.Command) {
		return false
	}
	s.seen[i]++
	return f.Nth == 0 || f.Nth == s.seen[i]
}

// spoil stands between the chip and its transport.
func (s *Slot) spoil(cmd emv.Command, honest func(emv.Command) emv.Response) emv.Response {
	var strike []Fault
	for i, f := range s.faults {
		if !power(f.Do) && f.Do != FaultForced && s.strikes(i, cmd) {
			strike = append(strike, f)
		}
	}
	for _, f := range strike {
		switch f.Do {
		case FaultStatus:
			return emv.Response{SW: emv.StatusWord(f.Status[0])<<8 | emv.StatusWord(f.Status[1])}
		case FaultGarbled:
			cmd.Data = flip(cmd.Data)
		case FaultRepeated:
			honest(cmd)
		case FaultReplayed:
			if s.taped == nil {
				s.taped = slices.Clone(cmd.Data)
			}
			cmd.Data = s.taped
		}
	}
	r := honest(cmd)
	for _, f := range strike {
		switch f.Do {
		case FaultInstead:
			r = emv.Response{SW: emv.StatusWord(f.Status[0])<<8 | emv.StatusWord(f.Status[1])}
		case FaultAC:
			r.Data = otherAC(cmd, r.Data)
		case FaultWrongTag:
			r.Data = editTag(r.Data, parseTag(f.Tag), flip)
		case FaultNoTag:
			r.Data = editTag(r.Data, parseTag(f.Tag), func([]byte) []byte { return nil })
		case FaultTwice:
			r.Data = addTo(r.Data, func(l tlv.List) (tlv.Object, bool) { return l.Find(parseTag(f.Tag)) })
		case FaultMore:
			r.Data = addTo(r.Data, func(tlv.List) (tlv.Object, bool) { return tlv.Object{Tag: parseTag(f.Tag), Value: f.Value}, true })
		case FaultTruncated:
			r.Data = r.Data[:max(0, len(r.Data)-f.Bytes)]
		case FaultUnwarned:
			if r.SW>>8 == 0x62 {
				r.SW = emv.SW9000OK
			}
		}
	}
	return r
}

func flip(b []byte) []byte {
	b = slices.Clone(b)
	if len(b) > 0 {
		b[len(b)-1] ^= 0xFF
	}
	return b
}

// otherAC changes the cryptogram. In the untagged answer to GENERATE AC it stands behind CID and ATC.
func otherAC(cmd emv.Command, data []byte) []byte {
	l, err := tlv.Parse(data, tlv.Tolerant)
	if err == nil && cmd.INS == emv.INSAEGenerateAC && len(l) == 1 && l[0].Tag == emv.Tag80ResponseFormat1 && len(l[0].Value) >= 11 {
		v := slices.Clone(l[0].Value)
		v[10] ^= 0xFF
		return tlv.Append(nil, l[0].Tag, v)
	}
	return editTag(data, emv.Tag9F26AC, flip)
}

// editTag changes an object of an answer, or takes it out when edit gives nil.
func editTag(data []byte, tag tlv.Tag, edit func([]byte) []byte) []byte {
	l, err := tlv.Parse(data, tlv.Tolerant)
	if err != nil {
		return data
	}
	return editList(l, tag, edit).Append(nil)
}

func editList(l tlv.List, tag tlv.Tag, edit func([]byte) []byte) (edited tlv.List) {
	for _, o := range l {
		switch {
		case o.Tag == tag && !tag.Constructed():
			if o.Value = edit(o.Value); o.Value == nil {
				continue
			}
		case o.Tag == tag:
			if edit(nil) == nil {
				continue
			}
		default:
			o.Objects = editList(o.Objects, tag, edit)
		}
		edited = append(edited, o)
	}
	return edited
}

// addTo puts what more gives, if it does, behind the objects of an answer's template.
func addTo(data []byte, more func(tlv.List) (tlv.Object, bool)) []byte {
	l, err := tlv.Parse(data, tlv.Tolerant)
	if err != nil {
		return data
	}
	for i, template := range l {
		if o, ok := more(template.Objects); ok && template.Tag.Constructed() {
			l[i].Objects = append(template.Objects, o)
		}
	}
	return l.Append(nil)
}
