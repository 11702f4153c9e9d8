package reports

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/trace"
)

// cardLog tells what was said to the card that was last in a reader and how its visit ended; "" where there was none.
func (s *Scenario) cardLog() string {
	first := -1
	for i, e := range slices.Backward(s.Trace) {
		if e.Name == trace.CardPresented {
			first = i
			break
		}
	}
	if first < 0 {
		return ""
	}
	p := &textPrinter{}
	till := s.Trace[first].Party
	p.line("card in %s, %s", till, oneLine(s.Trace[first].Text))
	for _, e := range s.Trace[first:] {
		switch {
		case e.Party != till:
		case e.Name == trace.APDU:
			p.line("  %s", oneLine(e.Text))
			var rows [][]string
			for _, f := range e.Fields {
				rows = append(rows, []string{clean(f.ID), clean(f.Name), oneLine(f.Value), oneLine(f.Note)})
			}
			p.WriteString(table("    ", rows))
		case e.Name == trace.CardEnded:
			p.line("  %s", oneLine(e.Text))
		}
	}
	return p.String()
}
