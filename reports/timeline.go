package reports

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// lane is where something happened.
type lane string

// The lanes of a timeline, in the order in which a payment goes through them. Each is its own CSS class.
const (
	laneCard     lane = "card"
	laneTerminal lane = "terminal"
	laneWire     lane = "wire"
	laneHost     lane = "host"
	laneLedger   lane = "ledger"
)

// moment is one line of a timeline.
type moment struct {
	At     string // since the first
	Lane   lane
	Party  string
	Kind   string     // of the event
	Title  string     // what happened, in a few words
	Says   string     // more of it
	Fields string     // decoded, as a table of text: a page has a hundred thousand fields, and a text takes far less of it than elements
	Hex    string     // the masked frame
	Slip   string     // a receipt as it looks
	rows   [][]string // the fields
}

// timeline tells a trace. A frame that was received as it was sent is told once.
func timeline(events []trace.Event) []moment {
	if len(events) == 0 {
		return nil
	}
	tills := tillsOf(events)
	sent := map[string]bool{}
	slip := ""
	all := make([]moment, 0, len(events))
	for _, e := range events {
		if !e.Frame.IsZero() {
			crossing := e.Party + "\x00" + e.Peer + "\x00" + e.Frame.String()
			if e.Kind == trace.Received && sent[e.Peer+"\x00"+e.Party+"\x00"+e.Frame.String()] {
				continue
			}
			sent[crossing] = sent[crossing] || e.Kind == trace.Sent
		}
		m := momentOf(e, tills)
		m.At = fmt.Sprintf("%.3f", e.At.Sub(events[0].At).Seconds())
		if e.Kind == trace.Printed {
			heading, rest, _ := strings.Cut(m.Slip, "\n")
			if rest == slip {
				m.Slip, m.Says = "", strings.Trim(heading, "* ")+": the same slip"
			}
			slip = rest
		}
		all = append(all, m)
	}
	return all
}

// tillsOf finds the tills among the parties: they alone show and print.
func tillsOf(events []trace.Event) map[string]bool {
	tills := map[string]bool{}
	for _, e := range events {
		if e.Kind == trace.Shown || e.Kind == trace.Printed || strings.HasPrefix(e.Name, "till.") || strings.HasPrefix(e.Name, "terminal/") {
			tills[e.Party] = true
		}
	}
	return tills
}

func laneOf(e trace.Event, tills map[string]bool) lane {
	switch {
	case e.Name == trace.APDU, e.Name == trace.CardPresented:
		return laneCard
	case e.Kind == trace.Moved:
		return laneLedger
	case e.Kind == trace.Sent, e.Kind == trace.Received, e.Kind == trace.Injected, e.Kind == trace.Trouble:
		return laneWire
	case tills[e.Party]:
		return laneTerminal
	}
	return laneHost
}

func momentOf(e trace.Event, tills map[string]bool) moment {
	m := moment{Lane: laneOf(e, tills), Party: oneLine(e.Party), Kind: string(e.Kind), Title: oneLine(e.Name), Says: oneLine(e.Text), rows: fieldRows(e.Fields)}
	m.Fields = tabbed(m.rows)
	peer := oneLine(e.Peer)
	switch e.Kind {
	case trace.Sent:
		m.Party = strings.TrimSuffix(m.Party+" → "+peer, " → ")
		m.Says = strings.TrimPrefix(gist(e.Fields)+" "+m.Says, " ")
	case trace.Received:
		m.Party = strings.TrimSuffix(m.Party+" ← "+peer, " ← ")
		m.Says = strings.TrimPrefix(gist(e.Fields)+" "+m.Says, " ")
	case trace.Printed:
		m.Slip, m.Says = strings.TrimRight(clean(e.Text), "\n"), ""
	case trace.Stored:
		m.Says = strings.TrimPrefix(m.Says+" is written down", " ")
	case trace.Noted:
		if e.Name == trace.APDU {
			m.Title, m.Says, _ = strings.Cut(m.Says, ": ")
		}
	}
	if !e.Frame.IsZero() {
		m.Hex = inRows(e.Frame.String())
	}
	return m
}

// gist tells of a message what its digits say in words: its type, the amount, what the answer means.
func gist(fields []trace.Field) string {
	var said []string
	for _, f := range fields {
		switch {
		case f.ID == "MTI":
			said = append(said, oneLine(f.Value))
		case f.Note != "" && !strings.Contains(f.ID, " "):
			said = append(said, oneLine(f.Note))
		}
	}
	return strings.Join(said, ", ")
}

// inRows cuts hex into rows of 32 bytes.
func inRows(digits string) string {
	if _, err := hex.DecodeString(digits); err != nil {
		return digits // of a frame that nobody could read: its length and hash
	}
	var b strings.Builder
	for len(digits) > 64 {
		b.WriteString(digits[:64] + "\n")
		digits = digits[64:]
	}
	return b.String() + digits
}

func fieldRows(fields []trace.Field) (rows [][]string) {
	for _, f := range fields {
		if objects := chipData(f); objects != nil {
			rows = append(rows, []string{f.ID, oneLine(f.Name), fmt.Sprintf("(%d bytes)", len(f.Value)/2)})
			for _, o := range objects {
				rows = append(rows, []string{"  " + o.ID, o.Name, said(o)})
			}
			continue
		}
		rows = append(rows, []string{oneLine(f.ID), oneLine(f.Name), said(f)})
	}
	return rows
}

// said is a field's value with what it says in words.
func said(f trace.Field) string {
	return strings.TrimSuffix(oneLine(f.Value)+"  "+oneLine(f.Note), "  ")
}

// chipData reads field 55 by its objects, their bits spelled out; nil for another field, or one that cannot be read. It was masked
// when it was recorded: of what may have been secret in it only the length is told.
func chipData(f trace.Field) (all []trace.Field) {
	if f.ID != "F55" || len(f.Value) < 6 {
		return nil
	}
	bytes, err := hex.DecodeString(strings.ReplaceAll(f.Value, "*", "0"))
	if err != nil {
		return nil
	}
	list, err := tlv.Parse(bytes, tlv.Strict)
	if err != nil {
		return nil
	}
	for _, o := range list {
		out := trace.Field{ID: fmt.Sprintf("%X", uint32(o.Tag)), Name: emv.NameOf(o.Tag), Value: emv.Shown(o.Tag, o.Value), Note: strings.Join(emv.Words(o.Tag, o.Value), "; ")}
		if o.Tag == emv.Tag5APAN {
			out.Value = fmt.Sprintf("(%d bytes)", len(o.Value))
		}
		all = append(all, out)
	}
	return all
}
