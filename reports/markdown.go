package reports

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"slices"
	"strings"
)

// writeMarkdown writes a small summary: the conclusion, the totals by feature, what failed.
func writeMarkdown(w io.Writer, r *Run) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## tillproof: %s\n\n", conclusion(r))
	fmt.Fprintf(&b, "%s. Seed `%d`, line %s, profile %s, dialect %s, %s.\n", counts(r.Totals(), false), r.Seed,
		markdown(r.Line), markdown(r.Profile), markdown(r.Dialect), shortly(r.Took))
	if r.Broken != "" {
		fmt.Fprintf(&b, "\nThe harness is broken: %s\n", markdown(r.Broken))
	}
	if len(r.Features) > 0 {
		b.WriteString("\n| feature | passed | skipped | review | failed | broken |\n|---|---:|---:|---:|---:|---:|\n")
	}
	for i := range r.Features {
		t := r.Features[i].Totals()
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d |\n", markdown(cmp.Or(r.Features[i].Name, r.Features[i].URI)),
			t.Passed, t.Skipped, t.Review, t.Failed, t.Broken)
	}
	for i := range r.Features {
		for j := range r.Features[i].Scenarios {
			if s := &r.Features[i].Scenarios[j]; s.wrong() {
				markdownScenario(&b, &r.Features[i], s)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownScenario writes one that went wrong: its requirements, what happened, and how to run it again.
func markdownScenario(b *strings.Builder, f *Feature, s *Scenario) {
	fmt.Fprintf(b, "\n**%s** %s (%s)\n\n", s.Status, markdown(strings.Join(append(slices.Clone(s.Requirements), s.Name), " ")),
		markdown(fmt.Sprintf("%s:%d", f.URI, s.Line)))
	p := &textPrinter{}
	p.WriteString(s.account())
	if s.Replay != "" {
		p.line("replay: %s", clean(s.Replay))
	}
	code := &textPrinter{} // four spaces make it code, in which nothing has a meaning
	code.block("    ", p.String())
	b.WriteString(code.String())
}

// markdown takes the meaning out of the characters that Markdown and HTML know.
func markdown(s string) string {
	var b strings.Builder
	for _, r := range html.EscapeString(oneLine(s)) {
		if strings.ContainsRune("\\`*_[]|~@", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
