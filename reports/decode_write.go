package reports

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// WriteText writes the messages for people. The faults are left to who runs the command: they belong where errors go.
func (d *Decoding) WriteText(w io.Writer) error {
	var b strings.Builder
	b.WriteString("dialect " + d.Dialect)
	if len(d.Without) > 0 {
		b.WriteString(" without " + strings.Join(d.Without, " and "))
	}
	if d.Guess != nil {
		fmt.Fprintf(&b, " (guessed, %s: %s)", d.Guess.Sure, d.Guess.Reason)
	}
	b.WriteString("\n")
	for _, m := range d.Messages {
		m.writeText(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (m DecodedMessage) writeText(b *strings.Builder) {
	head := []string{fmt.Sprintf("frame %d: %s, %d bytes", m.Frame, m.Name, m.Size)}
	if m.Line > 0 {
		head = append(head, fmt.Sprintf("line %d", m.Line))
	}
	if !m.At.IsZero() {
		head = append(head, m.At.UTC().Format("2006-01-02 15:04:05.000000 UTC"))
	}
	if m.From != "" {
		head = append(head, m.From+" > "+m.To)
	}
	fmt.Fprintf(b, "\n%s\n", strings.Join(head, ", "))
	rows := make([][]string, len(m.Fields))
	for i, f := range m.Fields {
		id := f.ID
		if strings.Contains(id, ".") {
			id = "  " + id
		}
		rows[i] = []string{id, f.Name, f.Value, f.Note}
	}
	b.WriteString(table("  ", rows))
	for _, text := range m.Warnings {
		b.WriteString("  warning: " + text + "\n")
	}
}

// WriteJSON writes the whole decoding as one object.
func (d *Decoding) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(d)
}

// printable writes what is no character of a text as \x1B, so that a frame cannot play with the terminal it is shown on.
func printable(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) {
			fmt.Fprintf(&b, "\\x%02X", s[i:i+n])
		} else {
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}
