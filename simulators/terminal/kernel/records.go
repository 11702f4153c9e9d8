package kernel

import (
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// readRecords reads what the AFL names (Book 3, 10.2) and keeps aside what the issuer signed (10.3).
func readRecords(t *transaction) *Outcome {
	for _, e := range t.afl {
		for n := int(e.First); n <= int(e.Last); n++ {
			r, out := t.send(emv.ReadRecord(e.SFI, byte(n)))
			switch {
			case out != nil:
				return out
			case r.SW != emv.SW9000OK && !t.everyRecord():
				continue
			case r.SW != emv.SW9000OK:
				return t.fail(fmt.Sprintf("READ RECORD %d of file %d: %s %s", n, e.SFI, r.SW, r.SW.Words()))
			}
			if out := t.takeRecord(e.SFI, r.Data, n < int(e.First)+int(e.ODA)); out != nil {
				return out
			}
		}
	}
	return nil
}

func (t *transaction) everyRecord() bool {
	t.consult("kernel/every-record")
	return t.r.EveryRecord
}

// takeRecord keeps one record. Files 11 to 30 are a scheme's own: they need not be templates, but then they cannot be signed data.
func (t *transaction) takeRecord(sfi byte, b []byte, signed bool) *Outcome {
	list, err := tlv.Parse(b, tlv.Tolerant)
	template := err == nil && len(list) == 1 && list[0].Tag == emv.Tag70RecordTemplate
	switch {
	case !template && sfi <= 10 && t.everyRecord():
		return t.fail(fmt.Sprintf("a record of file %d is no template", sfi))
	case !template: // of files 1 to 10, too, where not every record counts
		t.broken = t.broken || signed
		return nil
	case signed && sfi <= 10:
		t.static = append(t.static, content(b)...)
	case signed:
		t.static = append(t.static, b...)
	}
	return t.put(list[0].Objects)
}

// content gives what stands in a template that was parsed before: the signed bytes, just as the card sent them.
func content(b []byte) []byte {
	for b[0] == 0x00 || b[0] == 0xFF {
		b = b[1:]
	}
	n, at := int(b[1]), 2
	if n >= 0x80 {
		size := n & 0x7F
		n, at = 0, 2+size
		for _, x := range b[2:at] {
			n = n<<8 | int(x)
		}
	}
	return b[at : at+n]
}

// mandatory wants what no card may lack (Book 3, 7.2), and reads the card number.
func mandatory(t *transaction) *Outcome {
	want := []tlv.Tag{emv.Tag5APAN, emv.Tag5F24Expiry, emv.Tag8CCDOL1, emv.Tag8DCDOL2}
	if t.c.Contactless {
		want = want[:3] // there is no second cryptogram
	}
	for _, tag := range want {
		if t.r.ReadMandatory && len(t.card[tag]) == 0 {
			return t.fail("the card lacks " + tag.String() + " (" + emv.NameOf(tag) + ")")
		}
	}
	return t.readPAN()
}

func (t *transaction) readPAN() *Outcome {
	pan, err := emv.PANOf(t.card[emv.Tag5APAN])
	if _, has := t.card[emv.Tag5APAN]; !has {
		var track emv.Track2
		track, err = emv.ParseTrack2(t.card[emv.Tag57Track2Equivalent])
		pan = track.PAN
	}
	if err != nil {
		return t.fail("the card number makes no sense")
	}
	t.pan = pan
	return nil
}
