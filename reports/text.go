package reports

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Text writes the summary for people: what failed, with the message that was looked at and the command that runs it
// again; what was skipped and why; which requirements were not shown; the totals last, where a terminal stands still.
type Text struct{ Colour bool }

// Write writes the summary.
func (t Text) Write(w io.Writer, r *Run) error {
	p := &textPrinter{colour: t.Colour, run: r}
	p.head()
	if r.Broken != "" {
		p.line("\n%s", p.paint(Broken, "The harness is broken"))
		p.block("  ", clean(r.Broken))
	}
	for i := range r.Features {
		for j := range r.Features[i].Scenarios {
			if s := &r.Features[i].Scenarios[j]; s.wrong() {
				p.scenario(&r.Features[i], s)
			}
		}
	}
	p.skipped()
	p.requirements()
	p.totals()
	_, err := io.WriteString(w, p.String())
	return err
}

type textPrinter struct {
	strings.Builder
	colour bool
	run    *Run
}

func (p *textPrinter) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// block writes text with every line indented.
func (p *textPrinter) block(indent, text string) {
	for line := range strings.Lines(text) {
		p.line("%s", strings.TrimRight(indent+line, "\n "))
	}
}

// paint colours text by a verdict.
func (p *textPrinter) paint(s Status, text string) string { return paint(p.colour, s, text) }

func paint(colour bool, s Status, text string) string {
	if !colour {
		return text
	}
	codes := [...]string{Broken: "35", Failed: "31", Review: "33", Skipped: "36", Passed: "32"}
	return "\x1b[" + codes[s] + "m" + text + "\x1b[0m"
}

func (p *textPrinter) head() {
	head := fmt.Sprintf("tillproof %s, seed %d", p.run.Version, p.run.Seed)
	for _, part := range [][2]string{{"line", p.run.Line}, {"profile", p.run.Profile}, {"dialect", p.run.Dialect}} {
		if part[1] != "" {
			head += ", " + part[0] + " " + part[1]
		}
	}
	p.line("%s", head)
	if !p.run.Started.IsZero() {
		p.line("started %s, took %s", p.run.Started.Format("2006-01-02 15:04:05 -07:00"), shortly(p.run.Took))
	}
}

// scenario tells what went wrong in one.
func (p *textPrinter) scenario(f *Feature, s *Scenario) {
	p.line("\n%s  %s", p.paint(s.Status, strings.ToUpper(s.Status.String())), clean(s.Name))
	p.line("  %s:%d", f.URI, s.Line)
	for _, req := range p.run.Requirements {
		if slices.Contains(s.Requirements, req.ID) {
			p.line("  requirement %s: %s", req.ID, clean(req.Title))
		}
	}
	p.block("  ", s.account())
	if len(s.Trace) > 0 {
		p.line("  trace: %s", traceFile(s))
	}
	if s.Replay != "" {
		p.line("  replay: %s", clean(s.Replay))
	}
}

// account tells all that went wrong in a scenario, without its name.
func (s *Scenario) account() string {
	p := &textPrinter{}
	p.labelled("because ", s.Reason)
	for _, step := range s.Steps {
		if step.Failure != nil {
			p.line("%s %s  (line %d)", step.Keyword, oneLine(step.Text), step.Line)
			p.block("  ", step.Failure.account())
		}
	}
	if s.Failure != nil {
		p.line("after its last step")
		p.block("  ", s.Failure.account())
	}
	if s.Status == Failed || s.Status == Broken {
		p.block("", s.cardLog())
	}
	for _, b := range s.Breaks {
		p.line("the money does not balance: %s", oneLine(b.Rule))
		p.block("  ", clean(b.Text))
		for _, led := range b.Led {
			p.block("    ", clean(led))
		}
	}
	return p.String()
}

// account tells where it failed, what was wanted, what came, and the message field by field.
func (f *Failure) account() string {
	p := &textPrinter{}
	p.labelled("where   ", f.Where)
	if f.Wanted != "" || f.Got != "" {
		p.labelled("wanted  ", cmp.Or(f.Wanted, "nothing"))
		p.labelled("got     ", cmp.Or(f.Got, "nothing"))
	}
	p.block("", clean(f.Text))
	if len(f.Message) > 0 {
		p.line("message")
	}
	var rows [][]string
	for _, field := range f.Message {
		rows = append(rows, []string{clean(field.ID), clean(field.Name), oneLine(field.Value), oneLine(field.Note)})
	}
	p.WriteString(table("  ", rows))
	return p.String()
}

// labelled writes text, if there is any, behind a label and lines its further lines up under the first.
func (p *textPrinter) labelled(label, text string) {
	for line := range strings.Lines(clean(text)) {
		p.line("%s", strings.TrimRight(label+line, "\n "))
		label = strings.Repeat(" ", Width(label))
	}
}

// skipped groups what was skipped by its reason, in the order of first mention.
func (p *textPrinter) skipped() {
	var reasons []string
	ids := map[string][]string{}
	for s := range p.run.scenarios {
		if s.Status != Skipped {
			continue
		}
		reason := cmp.Or(oneLine(s.Reason), "no reason was given")
		if ids[reason] == nil {
			reasons = append(reasons, reason)
		}
		ids[reason] = append(ids[reason], s.ID)
	}
	if len(reasons) > 0 {
		p.line("\n%s", p.paint(Skipped, "Skipped"))
	}
	for _, reason := range reasons {
		p.line("  %s (%d)", reason, len(ids[reason]))
		p.line("    %s", listed(ids[reason]))
	}
}

// requirements lists those that do not hold and those that were not shown.
func (p *textPrinter) requirements() {
	var failed, notShown [][]string
	var unseen []string
	for _, v := range p.run.Verdicts() {
		switch {
		case v.Verdict == NotHeld:
			failed = append(failed, []string{v.ID, clean(v.Title), listed(against(v.Evidence))})
		case v.Verdict == NotShown && len(v.Evidence) == 0:
			unseen = append(unseen, v.ID)
		case v.Verdict == NotShown:
			notShown = append(notShown, []string{v.ID, clean(v.Title), why(v)})
		}
	}
	if len(failed) > 0 {
		p.line("\n%s", p.paint(Failed, "Requirements that do not hold"))
		p.WriteString(table("  ", failed))
	}
	if len(notShown)+len(unseen) > 0 {
		p.line("\n%s", p.paint(Skipped, "Requirements not shown"))
		p.WriteString(table("  ", notShown))
	}
	if len(unseen) > 0 {
		p.line("  no scenario in this run: %s", listed(unseen))
	}
}

// why says what kept a requirement from being shown.
func why(v Shown) string {
	var reasons []string
	for _, s := range v.Evidence {
		if s.Status != Passed {
			reasons = append(reasons, s.ID+" "+s.Status.String())
		}
	}
	for _, id := range v.LeftOut {
		reasons = append(reasons, id+" left out")
	}
	return listed(reasons)
}

// against gives the ids of the scenarios that speak against a requirement.
func against(evidence []*Scenario) []string {
	var ids []string
	for _, s := range evidence {
		if s.Status == Failed || len(s.Breaks) > 0 {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// listed joins at most eight names.
func listed(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

func (p *textPrinter) totals() {
	t := p.run.Totals()
	p.line("\n%s: %s", number(t.Scenarios(), "scenario"), counts(t, p.colour))
	if verdicts := p.run.Verdicts(); len(verdicts) > 0 {
		n := map[Verdict]int{}
		for _, v := range verdicts {
			n[v.Verdict]++
		}
		p.line("%s: %d held, %d failed, %d not shown", number(len(verdicts), "requirement"), n[Held], n[NotHeld], n[NotShown])
	}
	if code := p.run.ExitCode(); code == ExitHeld {
		p.line("%s", p.paint(Passed, conclusion(p.run)))
	} else {
		p.line("%s (exit %d)", p.paint(Failed, conclusion(p.run)), code)
	}
}

func number(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// counts lists the verdicts that occur, best first.
func counts(t Totals, colour bool) string {
	var parts []string
	for i, n := range []int{t.Passed, t.Skipped, t.Review, t.Failed, t.Broken} {
		if status := Passed - Status(i); n > 0 || status == Passed {
			parts = append(parts, paint(colour && n > 0, status, fmt.Sprintf("%d %s", n, status)))
		}
	}
	return strings.Join(parts, ", ")
}

// conclusion says in words what the exit code means.
func conclusion(r *Run) string {
	switch r.ExitCode() {
	case ExitHeld:
		if r.DryRun {
			return "a dry run: every step is known, and nothing was shown"
		}
		if r.Totals().Skipped > 0 {
			return "held as far as it was run, and the money balances"
		}
		return "held, and the money balances"
	case ExitInterrupted:
		return "interrupted"
	case ExitBroken:
		return "the harness or its configuration is broken"
	case ExitMoney:
		return "the money does not balance"
	case ExitNothing:
		return "nothing was shown: no scenario ran, or all were skipped"
	}
	return "not held"
}

// shortly prints a duration with three digits after the point of its unit at most.
func shortly(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(time.Microsecond).String()
	}
	return d.String()
}

// clean takes the control characters, which would let a message paint on the reader's terminal, out of a text; it keeps
// line ends and makes a tab a space.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)):
			return '\uFFFD'
		}
		return r
	}, s)
}

// oneLine is clean for a cell of a table.
func oneLine(s string) string { return strings.ReplaceAll(clean(s), "\n", " / ") }
