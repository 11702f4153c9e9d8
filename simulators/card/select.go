package card

import (
	"bytes"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// directorySFI is the file that the contact directory's records stand in.
const directorySFI = 1

// selectFile finds a directory or an application by its name or the beginning of it (EMV 4.4 Book 1, 11.3 and 12.3).
func (c *Card) selectFile(cmd emv.Command) ([]byte, emv.StatusWord) {
	switch {
	case c.state.Blocked:
		return nil, emv.SW6A81NotSupported
	case cmd.P1 != 0x04 || cmd.P2 != emv.P2x00First && cmd.P2 != emv.P2x02Next:
		return nil, emv.SW6A86Parameters
	case len(cmd.Data) == 0 || len(cmd.Data) > 16:
		return nil, emv.SW6700Length
	}
	if c.isDirectory(string(cmd.Data)) {
		c.directory, c.payment, c.found = true, nil, -1
		return c.directoryFCI(string(cmd.Data)), 0
	}
	from := 0
	if cmd.P2 == emv.P2x02Next {
		from = c.found + 1
	}
	c.consult("card/offer")
	for a := from; a < len(c.image.apps); a++ {
		if bytes.HasPrefix(c.image.apps[a].AID, cmd.Data) && c.rules.Offer(&c.state, a, c.on, c.image) {
			return c.choose(a)
		}
	}
	return nil, emv.SW6A82FileNotFound
}

func (c *Card) choose(a int) ([]byte, emv.StatusWord) {
	c.found, c.directory, c.challenge = a, false, nil
	c.payment = c.newPayment(a)
	c.consult("card/blocked")
	if c.payment.state.Blocked {
		return c.payment.fci(), c.rules.Blocked
	}
	return c.payment.fci(), 0
}

func (c *Card) isDirectory(name string) bool {
	if c.on == Contactless {
		return name == emv.PPSEProximity
	}
	return name == emv.PSEContact && !c.image.spec.Bare
}

// entries are the directory's templates, by priority as the applications stand.
func (c *Card) entries() (entries [][]byte) {
	for a, app := range c.image.apps {
		if app.Hidden || !c.rules.Offer(&c.state, a, c.on, c.image) {
			continue
		}
		entry := tlv.Append(nil, emv.Tag4FADFName, app.AID)
		for _, tag := range []tlv.Tag{emv.Tag50Label, emv.Tag87Priority, emv.Tag9F12PreferredName} {
			if v := app.objects[tag]; v != nil {
				entry = tlv.Append(entry, tag, v)
			}
		}
		entries = append(entries, tlv.Append(nil, emv.Tag61ApplicationTemplate, entry))
	}
	return entries
}

// directoryFCI: the contact directory names the file of its records; the contactless one holds them itself.
func (c *Card) directoryFCI(name string) []byte {
	var inner []byte
	if name == emv.PPSEProximity {
		inner = tlv.Append(nil, emv.TagBF0CFCIIssuerDiscretionary, bytes.Join(c.entries(), nil))
	} else {
		inner = tlv.Append(nil, emv.Tag88SFI, []byte{directorySFI})
	}
	return fci([]byte(name), inner)
}

func fci(name, inner []byte) []byte {
	b := tlv.Append(nil, emv.Tag84DFName, name)
	return tlv.Append(nil, emv.Tag6FFCITemplate, tlv.Append(b, emv.TagA5FCIProprietary, inner))
}

// fci is what SELECT of the application answers.
func (p *Payment) fci() []byte {
	var inner []byte
	for _, tag := range []tlv.Tag{emv.Tag50Label, emv.Tag87Priority, emv.Tag9F38PDOL, emv.Tag5F2DLanguage, emv.Tag9F11CodeTable, emv.Tag9F12PreferredName} {
		if v := p.object(tag); v != nil {
			inner = tlv.Append(inner, tag, v)
		}
	}
	if v := p.object(emv.Tag9F4DLogEntry); v != nil {
		inner = tlv.Append(inner, emv.TagBF0CFCIIssuerDiscretionary, tlv.Append(nil, emv.Tag9F4DLogEntry, v))
	}
	return fci(p.app.AID, inner)
}

// readRecord reads the directory, the application's records, or its log (Book 1, 11.2; Book 3, D).
func (c *Card) readRecord(cmd emv.Command) ([]byte, emv.StatusWord) {
	id := recordID{cmd.P2 >> 3, cmd.P1}
	switch {
	case len(cmd.Data) != 0:
		return nil, emv.SW6700Length
	case cmd.P2&7 != 4 || id.file == 0 || id.file > 30 || id.record == 0:
		return nil, emv.SW6A86Parameters
	case c.directory:
		return c.directoryRecord(id)
	case c.payment == nil:
		return nil, emv.SW6985Conditions
	}
	p := c.payment
	if log := p.object(emv.Tag9F4DLogEntry); len(log) == 2 && log[0] == id.file {
		if int(id.record) > len(p.state.Log) {
			return nil, emv.SW6A83RecordNotFound
		}
		return p.state.Log[id.record-1], 0
	}
	if updated, ok := p.state.Records[id]; ok {
		return updated, 0
	}
	if _, ok := p.app.records[id]; ok {
		return p.app.record(id, p.object), 0
	}
	for known := range p.app.records {
		if known.file == id.file {
			return nil, emv.SW6A83RecordNotFound
		}
	}
	return nil, emv.SW6A82FileNotFound
}

// directoryRecord puts as many entries into a record as it takes.
func (c *Card) directoryRecord(id recordID) ([]byte, emv.StatusWord) {
	if id.file != directorySFI {
		return nil, emv.SW6A82FileNotFound
	}
	records := [][]byte{nil}
	for _, e := range c.entries() {
		last := len(records) - 1
		if len(records[last])+len(e) > 240 {
			records = append(records, nil)
			last++
		}
		records[last] = append(records[last], e...)
	}
	if int(id.record) > len(records) {
		return nil, emv.SW6A83RecordNotFound
	}
	return tlv.Append(nil, emv.Tag70RecordTemplate, records[id.record-1]), 0
}

// getData gives counters, the log's format, and what scripts may change (Book 3, 6.5.7).
func (c *Card) getData(cmd emv.Command) ([]byte, emv.StatusWord) {
	p := c.payment
	if p == nil {
		return nil, emv.SW6985Conditions
	}
	if len(cmd.Data) != 0 {
		return nil, emv.SW6700Length
	}
	tag := tlv.Tag(cmd.P1)<<8 | tlv.Tag(cmd.P2)
	var value []byte
	switch tag {
	case emv.Tag9F36ATC:
		value = counter(p.state.ATC)
	case emv.Tag9F13LastOnlineATC:
		value = counter(p.state.LastOnline)
	case emv.Tag9F17PINTries:
		if !c.state.PIN.IsZero() {
			value = []byte{byte(c.state.Tries)}
		}
	case emv.Tag9F5DAvailableOffline:
		value = p.available()
	default:
		if slices.Contains(dataTags(), tag) {
			value = p.object(tag)
		}
	}
	if value == nil || slices.Contains(p.app.Without, tag.String()) {
		return nil, emv.SW6A88DataNotFound
	}
	return tlv.Append(nil, tag, value), 0
}

// dataTags are the objects that GET DATA gives and PUT DATA changes.
func dataTags() []tlv.Tag {
	return []tlv.Tag{emv.Tag9F4FLogFormat, emv.Tag9F14LowerConsecutive, emv.Tag9F23UpperConsecutive, emv.Tag9F6BCardCVMLimit,
		emv.Tag9F79ECBalance, emv.Tag9F7BECLimit, emv.Tag9F6CCTQ}
}

func counter(n uint16) []byte { return []byte{byte(n >> 8), byte(n)} }

// getChallenge gives eight unpredictable bytes (Book 3, 6.5.6).
func (c *Card) getChallenge(cmd emv.Command) ([]byte, emv.StatusWord) {
	switch {
	case c.payment == nil:
		return nil, emv.SW6985Conditions
	case cmd.P1 != 0 || cmd.P2 != 0:
		return nil, emv.SW6A86Parameters
	case len(cmd.Data) != 0:
		return nil, emv.SW6700Length
	}
	if c.t0 && cmd.Le != 8 { // asked once more with the right length
		return make([]byte, 8), 0
	}
	c.consult("card/challenge")
	c.challenge = c.rules.Fresh(c.draw(8))
	return slices.Clone(c.challenge), 0
}
