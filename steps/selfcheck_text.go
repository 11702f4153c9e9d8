package steps

import (
	"fmt"
	"io"
	"strings"
)

// WriteText writes the matrix for people: each defect, the scenario that killed it and how its failure reads; then what is
// still to be done.
func (m *Matrix) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, t := range m.Trials {
		t.text(&b)
	}
	survivors := m.Survivors()
	fmt.Fprintf(&b, "%d scenarios pass without a defect; %d defects, %d killed, %d survive (seed %d)\n",
		m.Scenarios, len(m.Trials), len(m.Trials)-len(survivors), len(survivors), m.Seed)
	var names []string
	for _, t := range survivors {
		names = append(names, t.Name+": "+t.Text)
	}
	section(&b, "survivors", names)
	section(&b, "scenarios that no defect makes fail", m.Idle)
	section(&b, "requirements that no defect breaks", m.Untested)
	section(&b, "requirements that name a defect and do not notice it", claims(m.Blind))
	section(&b, "requirements that name a defect that does not exist", claims(m.Unknown))
	section(&b, "defects that no requirement names", m.Unnamed)
	_, err := io.WriteString(w, b.String())
	return err
}

func (t *Trial) text(b *strings.Builder) {
	verdict, others := "killed", "and, by the way,"
	if !t.Killed() {
		verdict, others = "SURVIVES", "by accident"
	}
	fmt.Fprintf(b, "%-8s  %s: %s\n", verdict, t.Name, t.Text)
	first(b, "by", t.Kills)
	first(b, others, t.Accidents)
	if len(t.Broken) > 0 {
		fmt.Fprintf(b, "          without a verdict: %s\n", strings.Join(t.Broken, ", "))
	}
	if t.Trouble != "" {
		fmt.Fprintf(b, "          trouble: %s\n", t.Trouble)
	}
}

// first writes the first of some scenarios, and how many more there are.
func first(b *strings.Builder, how string, kills []Kill) {
	if len(kills) == 0 {
		return
	}
	k, more := kills[0], ""
	if len(kills) > 1 {
		more = fmt.Sprintf(", and %d more", len(kills)-1)
	}
	fmt.Fprintf(b, "          %s %s %s (%s)%s\n          %s\n", how, strings.Join(k.Requirements, " "), k.Name, k.Where, more, k.Reads)
}

func section(b *strings.Builder, title string, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintf(b, "\n%s:\n  %s\n", title, strings.Join(lines, "\n  "))
	}
}

func claims(list []Claim) []string {
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.Requirement + " " + c.Defect
	}
	return out
}
