package kernel

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// candidate is an application that card and terminal both know.
type candidate struct {
	app      *App
	name     []byte
	label    string
	priority byte // 1 is best; 0 has none
	confirm  bool // not without the cardholder's word
}

// buildCandidates makes the candidate list (Book 1, 12.3): from the card's directory, or by trying name after name.
func buildCandidates(t *transaction) *Outcome {
	r, out := t.send(emv.Select([]byte(emv.PSEContact), false))
	switch {
	case out != nil:
		return out
	case t.cardBlocked(r.SW):
		return t.end(CardBlocked, "the card is blocked")
	case r.SW == emv.SW9000OK:
		if out := t.readDirectory(r.Data); out != nil {
			return out
		}
	}
	if len(t.candidates) > 0 {
		return nil
	}
	if t.consult("kernel/names"); !t.r.Names {
		return nil
	}
	return t.tryNames()
}

// readDirectory reads a payment system directory to its end (Book 1, 12.3.2). A directory that makes no sense gives no candidates.
func (t *transaction) readDirectory(fci []byte) *Outcome {
	list, err := tlv.Parse(fci, tlv.Tolerant)
	sfi, ok := list.Find(emv.Tag88SFI)
	if err != nil || !ok || len(sfi.Value) != 1 || sfi.Value[0] == 0 || sfi.Value[0] > 10 {
		return nil
	}
	t.consult("kernel/directory")
	var found []candidate
	for n := 1; n <= t.r.MaxDirectory; n++ {
		r, out := t.send(emv.ReadRecord(sfi.Value[0], byte(n)))
		switch {
		case out != nil:
			return out
		case r.SW == emv.SW6A83RecordNotFound:
			t.candidates = found
			return nil
		case r.SW != emv.SW9000OK:
			return nil
		}
		record, err := tlv.Parse(r.Data, tlv.Tolerant)
		if err != nil || len(record) != 1 || record[0].Tag != emv.Tag70RecordTemplate {
			return nil
		}
		found = append(found, t.entries(record[0].Objects)...)
	}
	t.candidates = found
	return nil
}

// entries gives the directory entries whose names the terminal knows.
func (t *transaction) entries(list tlv.List) (found []candidate) {
	for _, o := range list {
		if o.Tag != emv.Tag61ApplicationTemplate {
			continue
		}
		name, ok := o.Objects.Find(emv.Tag4FADFName)
		if !ok || emv.CheckLength(name.Tag, name.Value) != nil {
			continue
		}
		for i := range t.c.Apps {
			if app := &t.c.Apps[i]; t.matches(app, name.Value) {
				found = append(found, candidateOf(app, name.Value, o.Objects))
				break
			}
		}
	}
	return found
}

// matches tells that a card's name is this application, or, where DF01 allows it, a longer name of it: 00 does, 01 does not (Book 1,
// 12.3.1; DOMAIN.md A.8.1).
func (t *transaction) matches(app *App, name []byte) bool {
	if bytes.Equal(name, app.AID) {
		return true
	}
	t.consult("kernel/longer-names")
	return bytes.HasPrefix(name, app.AID) && t.r.Longer(app.Data[emv.TagDF01SelectionIndicator])
}

func candidateOf(app *App, name []byte, list tlv.List) candidate {
	c := candidate{app: app, name: name, label: fmt.Sprintf("%X", name)}
	for _, tag := range []tlv.Tag{emv.Tag50Label, emv.Tag9F12PreferredName} { // a name in an alphabet that is not here is none (Book 1, 12.4)
		if o, ok := list.Find(tag); ok && len(o.Value) > 0 && !bytes.ContainsFunc(o.Value, func(r rune) bool { return r < ' ' || r > '~' }) {
			c.label = string(o.Value)
		}
	}
	if o, ok := list.Find(emv.Tag87Priority); ok && len(o.Value) == 1 {
		c.priority, c.confirm = o.Value[0]&0x0F, o.Value[0]&0x80 != 0
	}
	return c
}

// tryNames selects each of the terminal's names (Book 1, 12.3.3). A card may have several applications that begin with one.
func (t *transaction) tryNames() *Outcome {
	for i := range t.c.Apps {
		app := &t.c.Apps[i]
		for next := 0; next <= t.r.MaxSameName; next++ {
			r, out := t.send(emv.Select(app.AID, next > 0))
			if out != nil {
				return out
			}
			if i == 0 && next == 0 && t.cardBlocked(r.SW) {
				return t.end(CardBlocked, "the card is blocked")
			}
			if r.SW != emv.SW9000OK && r.SW != emv.SW6283Invalidated {
				break
			}
			list, err := tlv.Parse(r.Data, tlv.Tolerant)
			name, ok := list.Find(emv.Tag84DFName)
			if err != nil || !ok || !bytes.HasPrefix(name.Value, app.AID) || t.has(name.Value) {
				break
			}
			if t.matches(app, name.Value) {
				t.take(r.SW, candidateOf(app, name.Value, list))
			}
			if len(name.Value) == len(app.AID) {
				break
			}
			t.consult("kernel/next")
		}
	}
	return nil
}

// take adds a candidate, unless the card says that it is blocked.
func (t *transaction) take(sw emv.StatusWord, c candidate) {
	if t.invalidated(sw) {
		t.blocked = true
		return
	}
	t.candidates = append(t.candidates, c)
}

func (t *transaction) cardBlocked(sw emv.StatusWord) bool {
	t.consult("kernel/card-blocked")
	return sw == emv.SW6A81NotSupported && t.r.CardBlocked
}

func (t *transaction) invalidated(sw emv.StatusWord) bool {
	t.consult("kernel/invalidated")
	return sw == emv.SW6283Invalidated && t.r.NotInvalidated
}

func (t *transaction) has(name []byte) bool {
	return slices.ContainsFunc(t.candidates, func(c candidate) bool { return bytes.Equal(c.name, name) })
}

// choose takes the next application (Book 1, 12.4): by the cardholder's word where there is a display, else the best that needs no word.
func (t *transaction) choose() (candidate, *Outcome) {
	slices.SortStableFunc(t.candidates, func(a, b candidate) int { return t.rank(a) - t.rank(b) })
	if !t.c.Choose {
		t.candidates = slices.DeleteFunc(t.candidates, t.wantsWord)
	}
	at := 0
	switch {
	case len(t.candidates) == 0 && t.blocked:
		return candidate{}, t.end(ApplicationBlocked, "the application is blocked")
	case len(t.candidates) == 0:
		return candidate{}, t.end(NotAccepted, "card and terminal have no application in common")
	case t.c.Choose && (len(t.candidates) > 1 || t.wantsWord(t.candidates[0])):
		labels := make([]string, len(t.candidates))
		for i, c := range t.candidates {
			labels[i] = c.label
		}
		if at = t.ask(Need{Kind: NeedChoice, Choices: labels}).Choice; at < 0 || at >= len(labels) {
			return candidate{}, t.end(Cancelled, "the cardholder chose no application")
		}
	}
	c := t.candidates[at]
	t.candidates = slices.Delete(t.candidates, at, at+1)
	return c, nil
}

// wantsWord tells that an application is not to be begun without the cardholder's word.
func (t *transaction) wantsWord(c candidate) bool {
	t.consult("kernel/confirm")
	return t.r.Confirm && c.confirm
}

func (t *transaction) rank(c candidate) int {
	t.consult("kernel/priority")
	return t.r.Rank(c.priority)
}

// rank: applications without a priority come last, in the order they were found.
func rank(priority byte) int {
	if priority == 0 {
		return 16
	}
	return int(priority)
}
