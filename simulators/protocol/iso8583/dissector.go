package iso8583

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
)

//go:embed dissector.lua
var dissectorBody string

// WriteDissector writes the dialect as a dissector for Wireshark and tshark, in Lua: tshark -X lua_script:FILE. It listens on port 8583, knows frames
// on other ports when it sees them, and hides what Describe hides.
func (d *Dialect) WriteDissector(w io.Writer) error {
	l := &lua{}
	framer, err := d.Framing.Framer("")
	if err != nil {
		return err
	}
	empty, err := framer.Append(nil, nil)
	size := map[string]int{"binary4": 4, "ascii4": 4}[d.Framing.Length]
	if size == 0 {
		size = 2
	}
	if err != nil || !d.Framing.HTTP && len(empty) != size {
		return fmt.Errorf("dialect %s: no dissector knows framing %s", d.Name, d.Framing.Length)
	}
	own := 0
	if d.Framing.Length == "binary2-inclusive" {
		own = size
	}
	l.line("-- Wireshark dissector of dialect %s, made by tillproof decode --dissector. Changes belong into the dialect.", strings.Map(printableOnly, d.Name))
	l.line("local D = {")
	l.line("  id = %s, name = %s,", quote(identifier(d.Name)), quote("ISO 8583, dialect "+d.Name))
	l.line("  length = %s, size = %d, own = %d, max = %d, http = %t, tpdu = %d, header = %d,", quote(d.Framing.Length), size, own, d.Framing.Max,
		d.Framing.HTTP, len(d.Framing.TPDU)/2, len(d.Framing.Header)/2)
	l.line("  mti = %s, bitmap = %s, wide = %t, trace = %s, answer = %s,", quote(string(d.mti)), quote(string(d.bitmap)), d.wide, luaPlace(d.at[Trace]), luaPlace(d.at[AnswerCode]))
	l.line("  fields = {")
	for n, f := range d.fields {
		if f != nil {
			l.field(n, f)
		}
	}
	l.line("  },\n  flows = {")
	for _, t := range d.transactions {
		l.flow(d, t)
	}
	l.line("  },\n}\n")
	l.WriteString(dissectorBody)
	_, err = io.WriteString(w, l.String())
	return err
}

// lua writes a table.
type lua struct{ strings.Builder }

func (l *lua) line(format string, a ...any) { fmt.Fprintf(l, format+"\n", a...) }

func (l *lua) field(n int, f *field) {
	fmt.Fprintf(l, "    [%d] = { name = %s, kind = %s, size = %d, prefix = %d, lengths = %s, content = %s", n, quote(f.name), quote(string(f.kind)), f.size, f.prefix,
		quote(string(f.lengths)), quote(string(f.content)))
	if f.secrecy != secretNone && f.secrecy != "" {
		fmt.Fprintf(l, ", secret = %s", quote(string(f.secrecy)))
	}
	if len(f.clearIn) > 0 {
		l.WriteString(", clear = { ")
		for _, mti := range f.clearIn {
			fmt.Fprintf(l, "[%s] = true, ", quote(mti))
		}
		l.WriteString("}")
	}
	if len(f.parts) > 0 {
		l.WriteString(", parts = {")
		for _, p := range f.parts {
			fmt.Fprintf(l, " { name = %s, from = %d, size = %d", quote(p.name), hexUnits(f, p.from), hexUnits(f, p.size))
			if p.secrecy != secretNone && p.secrecy != "" {
				fmt.Fprintf(l, ", secret = %s", quote(string(p.secrecy)))
			}
			l.WriteString(" },")
		}
		l.WriteString(" }")
	}
	l.line(" },")
}

// hexUnits counts what the dissector shows of so many units: two hex digits of a byte.
func hexUnits(f *field, n int) int {
	if f.kind == kindB {
		return 2 * n
	}
	return n
}

func (l *lua) flow(d *Dialect, t *Transaction) {
	fmt.Fprintf(l, "    { name = %s, request = %s, answer = %s, [\"repeat\"] = %s, accept = {", quote(string(t.Flow)), quote(t.Request), quote(t.Answer), quote(t.Repeat))
	for _, a := range t.accept {
		p := d.at[a.element]
		fmt.Fprintf(l, " { field = %d, part = %d, values = {", p.field, p.part)
		for _, v := range d.onTheWire(t, a) {
			fmt.Fprintf(l, " %s,", quote(v))
		}
		l.WriteString(" } },")
	}
	l.line(" } },")
}

// onTheWire gives the values of a flow's constant as its messages carry them.
func (d *Dialect) onTheWire(t *Transaction, a accepted) []string {
	values := slices.Clone(a.values)
	for i := range d.words[a.element] {
		w := &d.words[a.element][i]
		ours := slices.ContainsFunc([]string{t.Request, t.Answer, t.Repeat}, func(mti string) bool { return mti != "" && w.holds([]byte(mti)) })
		if ours && matches(w.ours, a.values) {
			values = append(values, w.wire...)
		}
	}
	return values
}

func luaPlace(p place) string {
	if p.field == 0 || p.part != 0 {
		return "nil"
	}
	return fmt.Sprint(p.field)
}

// quote writes a string of Lua's (5.1 to 5.4): what is not plain ASCII as decimal escapes.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		if c := s[i]; c >= ' ' && c < 0x7F && c != '"' && c != '\\' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\%03d`, c)
		}
	}
	return b.String() + `"`
}

// identifier makes a name that Wireshark takes for a protocol and in its filters.
func identifier(name string) string {
	id := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '_'
	}, name)
	if id == "" || id[0] < 'a' || id[0] > 'z' {
		id = "iso_" + id
	}
	return id
}

func printableOnly(r rune) rune {
	if r < ' ' || r == 0x7F {
		return '_'
	}
	return r
}
