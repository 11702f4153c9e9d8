package reports

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Decoding is what an input of frames holds, masked.
type Decoding struct {
	Dialect  string           `json:"dialect"`
	Without  []string         `json:"without,omitempty"` // parts of the dialect's head that the frames lack: TPDU, header
	Guess    *Guess           `json:"guess,omitempty"`   // nil when the dialect was given
	Messages []DecodedMessage `json:"messages"`
	Faults   []FrameFault     `json:"faults,omitempty"`
}

// Guess tells how sure a guessed dialect is, and why.
type Guess struct {
	Sure   Certainty `json:"sure"`
	Reason string    `json:"reason"`
}

// Certainty is how sure a guess is.
type Certainty string

// The certainties.
const (
	Sure   Certainty = "sure"   // it reads everything, no other dialect does
	Likely Certainty = "likely" // it reads most, or with the fewest broken rules
	Unsure Certainty = "unsure" // others read it as well, or none does
)

// DecodedMessage is one message by its fields.
type DecodedMessage struct {
	Frame    int           `json:"frame"` // counted from 1
	Line     int           `json:"line,omitempty"`
	At       time.Time     `json:"at,omitzero"`
	From     string        `json:"from,omitempty"`
	To       string        `json:"to,omitempty"`
	Name     string        `json:"name"` // "sale answer"
	Size     int           `json:"size"` // bytes, the length not counted
	Fields   []trace.Field `json:"fields"`
	Masked   trace.Frame   `json:"masked"`
	Warnings []string      `json:"warnings,omitempty"` // rules of the dialect that the message breaks
}

// FrameFault says where a frame could not be read, and why. It shows nothing of what the frame holds.
type FrameFault struct {
	Frame int    `json:"frame"` // counted from 1, with the good ones
	Line  int    `json:"line,omitempty"`
	From  string `json:"from,omitempty"`
	To    string `json:"to,omitempty"`
	Byte  int    `json:"byte"`            // of the frame behind its length, where the field begins
	Field string `json:"field,omitempty"` // "" when there are no bytes to speak of
	Why   string `json:"why"`
}

func (f FrameFault) String() string {
	var b strings.Builder
	if f.From != "" {
		fmt.Fprintf(&b, "%s > %s: ", f.From, f.To)
	}
	if f.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", f.Line)
	}
	fmt.Fprintf(&b, "frame %d", f.Frame)
	if f.Field != "" {
		fmt.Fprintf(&b, ", byte %d: %s", f.Byte, f.Field)
	}
	return b.String() + ": " + f.Why
}

// Dialects gives the dialect of a shipped name or a file; for "" all that ship.
func Dialects(name string) ([]*iso8583.Dialect, error) {
	shipped, err := iso8583.LoadAll(fixtures.FS, "dialects")
	if err != nil || name == "" {
		return shipped, err
	}
	var names []string
	for _, d := range shipped {
		if d.Name == name {
			return []*iso8583.Dialect{d}, nil
		}
		names = append(names, d.Name)
	}
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("dialect %q: neither a shipped dialect (%s) nor a file", name, strings.Join(names, ", "))
	}
	ours, err := fs.Sub(fixtures.FS, "dialects")
	if err != nil {
		return nil, fmt.Errorf("shipped dialects: %w", err)
	}
	d, err := iso8583.Load(iso8583.Beside(os.DirFS(filepath.Dir(name)), ours), filepath.Base(name))
	return []*iso8583.Dialect{d}, err
}

// Decode reads hex, bytes as they were on the line, or a capture. Of several dialects it takes the one that fits best.
// Frames that cannot be read are faults of the Decoding; the error is for an input that has no frames at all.
func Decode(dialects []*iso8583.Dialect, input []byte) (*Decoding, error) {
	layouts, err := layoutsOf(input)
	if err != nil {
		return nil, err
	}
	tries, err := attempts(dialects, layouts)
	if err != nil {
		return nil, err
	}
	best := tries[0]
	d := &Decoding{Dialect: best.dialect.Name, Without: best.without, Messages: []DecodedMessage{}}
	if len(dialects) > 1 {
		d.Guess = guess(tries)
	}
	var all []sighting
	for _, s := range best.layout {
		all = append(all, read(best.dialect, s)...)
	}
	slices.SortStableFunc(all, func(a, b sighting) int { return a.at.Compare(b.at) })
	for i, s := range all {
		if s.message == nil {
			s.fault.Frame = i + 1
			d.Faults = append(d.Faults, s.fault)
			continue
		}
		d.Messages = append(d.Messages, s.describe(best.dialect, i+1))
	}
	return d, nil
}

func (s sighting) describe(d *iso8583.Dialect, number int) DecodedMessage {
	out := DecodedMessage{Frame: number, Line: s.fault.Line, At: s.at, From: s.fault.From, To: s.fault.To, Size: len(s.message.Frame())}
	out.Masked, out.Fields = d.Trace(s.message)
	for i := range out.Fields {
		out.Fields[i].Value = printable(out.Fields[i].Value)
	}
	out.Name = out.Fields[0].Note // the MTI's
	for _, v := range d.Validate(s.message) {
		out.Warnings = append(out.Warnings, v.Text)
	}
	return out
}

// attempt is one way to read the input: a layout of its bytes, in a dialect, with or without the dialect's head.
type attempt struct {
	layout  []stream
	dialect *iso8583.Dialect
	without []string

	rest, broken, messages, violations int
}

// compare puts the better attempt first: few bytes left unread, then many messages, then few violations.
func (a attempt) compare(b attempt) int {
	return cmp.Or(cmp.Compare(a.rest, b.rest), cmp.Compare(a.broken, b.broken), cmp.Compare(b.messages, a.messages),
		cmp.Compare(a.violations, b.violations))
}

// tryOut bounds how many streams of an input are tried with every dialect.
const tryOut = 64

// attempts ranks all ways to read the input. Where none reads a single message, the one that gets furthest comes first.
func attempts(dialects []*iso8583.Dialect, layouts [][]stream) (all []attempt, err error) {
	for _, d := range dialects {
		variants, err := headless(d)
		if err != nil {
			return nil, err
		}
		for _, v := range variants {
			for _, l := range layouts {
				a := v
				a.layout = l
				a.try()
				all = append(all, a)
			}
		}
	}
	slices.SortStableFunc(all, attempt.compare)
	if all[0].messages == 0 {
		slices.SortStableFunc(all, func(a, b attempt) int { return cmp.Compare(b.progress(), a.progress()) })
	}
	return all, nil
}

// headless gives the dialect as it is, and as people paste its frames: without TPDU, and without header.
func headless(d *iso8583.Dialect) ([]attempt, error) {
	all := []attempt{{dialect: d}}
	for _, head := range []struct{ setting, name, value string }{{"tpdu", "TPDU", d.Framing.TPDU}, {"header", "header", d.Framing.Header}} {
		if head.value == "" {
			continue
		}
		last := all[len(all)-1]
		shorter, err := last.dialect.With(map[string]string{head.setting: ""})
		if err != nil {
			return nil, err
		}
		all = append(all, attempt{dialect: shorter, without: append(slices.Clone(last.without), head.name)})
	}
	return all, nil
}

// try counts what the attempt reads of the first streams.
func (a *attempt) try() {
	for _, s := range a.layout[:min(len(a.layout), tryOut)] {
		found := iso8583.Guess([]*iso8583.Dialect{a.dialect}, s.bytes)
		if len(found) == 0 {
			a.broken++
			a.rest += max(len(s.bytes), 1)
			continue
		}
		if found[0].Err != nil {
			a.broken++
		}
		a.rest += found[0].Rest
		a.messages += found[0].Messages
		a.violations += found[0].Violations
	}
}

// progress tells how much of the first stream is understood, from 0 to 1.
func (a attempt) progress() float64 {
	first := a.layout[0]
	return float64(progress(read(a.dialect, first))) / float64(max(len(first.bytes), 1))
}

// guess tells how much better the best attempt is than that of any other dialect.
func guess(tries []attempt) *Guess {
	best := tries[0]
	i := slices.IndexFunc(tries, func(a attempt) bool { return a.dialect.Name != best.dialect.Name })
	if i < 0 {
		return nil
	}
	other := tries[i]
	switch {
	case best.messages == 0:
		return &Guess{Unsure, "no dialect reads it, this one gets furthest"}
	case best.compare(other) == 0:
		return &Guess{Unsure, other.dialect.Name + " reads it as well"}
	case best.broken > 0:
		return &Guess{Likely, "it reads more than any other, but not everything"}
	case other.broken == 0:
		return &Guess{Likely, fmt.Sprintf("%s reads it too, breaking %d rules, not %d", other.dialect.Name, other.violations, best.violations)}
	}
	return &Guess{Sure, "no other dialect reads it to the end"}
}
