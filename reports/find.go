package reports

import (
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Payment is all that a run holds of one payment: what the till showed and printed for it, the card's part, its messages with their reversals,
// voids and refunds, and what the hosts decided and posted meanwhile.
type Payment struct {
	Scenario *Scenario
	Till     string
	Events   []trace.Event
}

// Find gives the payments of which each of some words is told: a retrieval reference number, a trace number, a receipt's number, a masked card
// number, a date (2026-06-01), an amount, a till, a scenario's id.
func Find(r *Run, words []string) (found []Payment) {
	for s := range r.scenarios {
		for _, p := range payments(s) {
			if p.tells(words) {
				found = append(found, p)
			}
		}
	}
	return found
}

// thread is a payment as its messages show it.
type thread struct {
	till     string
	traces   []string // of its requests
	rrns     []string
	messages map[int]bool // by their index in the trace
}

// payments takes a scenario's trace apart. A message belongs to the payment whose trace or reference number it has or names as its original's.
func payments(s *Scenario) (all []Payment) {
	tills := tillsOf(s.Trace)
	var threads []*thread
	for i, e := range s.Trace {
		if !tills[e.Party] || e.Kind != trace.Sent && e.Kind != trace.Received || isNetwork(e) {
			continue
		}
		stan, rrn, originals := numbersOf(e)
		at := slices.IndexFunc(threads, func(t *thread) bool {
			own := t.till == e.Party && stan != "" && slices.Contains(t.traces, stan)
			return own || slices.Contains(t.rrns, rrn) || slices.ContainsFunc(originals, func(o string) bool { return slices.Contains(t.traces, o) })
		})
		if at < 0 {
			at, threads = len(threads), append(threads, &thread{till: e.Party, messages: map[int]bool{}})
		}
		t := threads[at]
		t.messages[i] = true
		if stan != "" && t.till == e.Party {
			t.traces = append(t.traces, stan)
		}
		if rrn != "" {
			t.rrns = append(t.rrns, rrn)
		}
	}
	for _, t := range threads {
		all = append(all, Payment{Scenario: s, Till: t.till, Events: t.gather(s.Trace, tills)})
	}
	return all
}

// isNetwork tells sign-in, echo, settlement and what else is about no payment (ISO 8583, 4.2: classes 5 to 8).
func isNetwork(e trace.Event) bool {
	for _, f := range e.Fields {
		if f.ID == "MTI" {
			return len(f.Value) == 4 && f.Value[1] >= '5'
		}
	}
	return false
}

// numbersOf gives what tells a payment from others: in a message its trace number (F11), its reference number (F37) and the trace numbers that
// it names as its original's (F90, or a part called so); of a wallet's, which is no message of ISO 8583, its order.
func numbersOf(e trace.Event) (stan, rrn string, originals []string) {
	for _, f := range e.Fields {
		switch {
		case f.ID == "F11":
			stan = f.Value
		case f.ID == "F37":
			rrn = f.Value
		case f.ID == "F90" && len(f.Value) >= 10:
			originals = append(originals, f.Value[4:10])
		case f.Name == "original trace":
			originals = append(originals, f.Value)
		}
	}
	for word := range strings.FieldsSeq(e.Text) {
		if order, ok := strings.CutPrefix(word, "order="); ok {
			stan = order
		}
	}
	return stan, rrn, originals
}

// gather takes what happened round the payment's messages: the whole orders at its till that they belong to, with what the hosts did meanwhile.
func (t *thread) gather(events []trace.Event, tills map[string]bool) (all []trace.Event) {
	for _, o := range orders(events, t.till) {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(t.messages)), func(i int) bool { return i >= o.from && i < o.to }) {
			continue
		}
		for i := o.from; i < o.to; i++ {
			e := events[i]
			foreign := e.Party == t.till && (e.Kind == trace.Sent || e.Kind == trace.Received)
			if t.messages[i] || !foreign && (e.Party == t.till || !tills[e.Party]) {
				all = append(all, e)
			}
		}
	}
	return all
}

// order is a stretch of a trace.
type order struct{ from, to int }

// orders cuts a trace where a till begins something new: it has written down how the last order ended and has said so, and now shows something else.
func orders(events []trace.Event, till string) (all []order) {
	from, written, shown := 0, false, 0
	for i, e := range events {
		switch {
		case e.Party != till:
		case e.Kind == trace.Stored && slices.Contains([]string{"till.outcome", "till.told", "till.sign-in"}, e.Name):
			written = true
		case e.Kind == trace.Shown && written:
			if shown++; shown == 2 {
				all = append(all, order{from, i})
				from, written, shown = i, false, 0
			}
		}
	}
	return append(all, order{from, len(events)})
}

func (p Payment) tells(words []string) bool {
	for _, w := range words {
		if w != p.Scenario.ID && !slices.ContainsFunc(p.Events, func(e trace.Event) bool { return tells(e, w) }) {
			return false
		}
	}
	return len(words) > 0
}

// tells that a word is an event's party, the value of one of its fields, its date, or stands in its text by itself.
func tells(e trace.Event, word string) bool {
	if e.Party == word || e.At.Format("2006-01-02") == word {
		return true
	}
	for _, f := range e.Fields {
		if f.Value == word || f.Note == word {
			return true
		}
	}
	inside := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '*' }
	for rest := e.Text; ; {
		i := strings.Index(rest, word)
		if i < 0 || word == "" {
			return false
		}
		before, after := []rune(rest[:i]), []rune(rest[i+len(word):])
		if (len(before) == 0 || !inside(before[len(before)-1])) && (len(after) == 0 || !inside(after[0])) {
			return true
		}
		rest = rest[i+len(word):]
	}
}

// mostWhole is how many payments are told whole.
const mostWhole = 3

// WritePayments tells payments to people: a few whole, many in a line each.
func WritePayments(w io.Writer, found []Payment) error {
	p := &textPrinter{}
	if len(found) <= mostWhole {
		for _, one := range found {
			p.payment(one)
		}
	} else {
		const most = 50
		p.line("%d payments: another word tells fewer of them apart, such as a date, an amount, a till or a scenario", len(found))
		var rows [][]string
		for _, one := range found[:min(len(found), most)] {
			rows = append(rows, append([]string{one.Scenario.ID, one.Till}, one.brief()...))
		}
		p.WriteString(table("  ", rows))
		if len(found) > most {
			p.line("  and %d more", len(found)-most)
		}
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// brief tells when a payment was first asked for, and what its messages say.
func (p Payment) brief() []string {
	var when, said []string
	for _, m := range timeline(p.Events) {
		if m.Lane == laneWire && m.Fields != "" && strings.HasPrefix(m.Party, p.Till+" ") {
			said = append(said, m.Title+" "+m.Says)
		}
	}
	for _, e := range p.Events {
		if e.Kind == trace.Sent {
			when = []string{e.At.Format("2006-01-02 15:04:05")}
			break
		}
	}
	return append(append(when, make([]string, 1-len(when))...), cut(strings.Join(said, "; "), 120))
}

func (p *textPrinter) payment(one Payment) {
	p.line("%s, till %s: %s (%s)", one.Scenario.ID, one.Till, clean(one.Scenario.Name), one.Scenario.Status)
	if len(one.Events) > 0 {
		p.line("times count from %s", one.Events[0].At.Format("2006-01-02 15:04:05.000 -07:00"))
	}
	p.moments(timeline(one.Events))
	p.line("")
}

// moments writes a timeline as text.
func (p *textPrinter) moments(all []moment) {
	var rows [][]string
	flush := func() { p.WriteString(table("  ", rows)); rows = nil }
	for _, m := range all {
		rows = append(rows, []string{m.At, string(m.Lane), m.Party, strings.TrimSpace(m.Title + "  " + m.Says)})
		if m.Fields == "" && m.Slip == "" && m.Hex == "" {
			continue
		}
		flush()
		p.WriteString(table("      ", m.rows))
		p.block("      | ", m.Slip)
		if m.Hex != "" {
			p.block("      masked  ", m.Hex)
		}
	}
	flush()
}
