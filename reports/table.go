package reports

import (
	"strings"
	"unicode"
)

// Width gives the columns that s takes on a terminal: Chinese characters and their punctuation take two, marks that combine
// with the letter before them take none.
func Width(s string) int {
	w := 0
	for _, r := range s {
		w += runeWidth(r)
	}
	return w
}

// wide holds what UAX #11 calls W and F, for the scripts that the trade's texts are written in.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x1100, Hi: 0x115F, Stride: 1}, // Hangul initials
		{Lo: 0x2E80, Hi: 0x303E, Stride: 1}, // radicals, ideographic punctuation
		{Lo: 0x3041, Hi: 0xA4CF, Stride: 1}, // kana, bopomofo, ideographs, Yi
		{Lo: 0xAC00, Hi: 0xD7A3, Stride: 1}, // Hangul
		{Lo: 0xF900, Hi: 0xFAFF, Stride: 1}, // compatibility ideographs
		{Lo: 0xFE30, Hi: 0xFE6F, Stride: 1}, // vertical and small forms
		{Lo: 0xFF00, Hi: 0xFF60, Stride: 1}, // full-width forms
		{Lo: 0xFFE0, Hi: 0xFFE6, Stride: 1}, // full-width signs, ￥ among them
	},
	R32: []unicode.Range32{
		{Lo: 0x1F300, Hi: 0x1F64F, Stride: 1}, // pictures and faces
		{Lo: 0x1F900, Hi: 0x1F9FF, Stride: 1},
		{Lo: 0x20000, Hi: 0x3FFFD, Stride: 1}, // further ideographs
	},
}

func runeWidth(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// table lines up rows in columns by their width, two spaces apart and without spaces at the end of a line.
func table(indent string, rows [][]string) string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Width(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		line.WriteString(indent)
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", widths[i]-Width(cell)+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// tabStop is how far apart browsers set tabs.
const tabStop = 8

// tabbed lines up rows in columns by tabs, which take less of a file than spaces do.
func tabbed(rows [][]string) string {
	var stops []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(stops) {
				stops = append(stops, 0)
			}
			stops[i] = max(stops[i], (Width(cell)/tabStop+1)*tabStop)
		}
	}
	var b strings.Builder
	for n, row := range rows {
		if n > 0 {
			b.WriteByte('\n')
		}
		for i, cell := range row {
			b.WriteString(cell)
			if i < len(row)-1 {
				b.WriteString(strings.Repeat("\t", (stops[i]-Width(cell)+tabStop-1)/tabStop))
			}
		}
	}
	return b.String()
}

// cut shortens s to at most width columns; an ellipsis stands for what is gone.
func cut(s string, width int) string {
	if Width(s) <= width {
		return s
	}
	w := 0
	for i, r := range s {
		if w += runeWidth(r); w > width-1 {
			return s[:i] + "…"
		}
	}
	return s
}
