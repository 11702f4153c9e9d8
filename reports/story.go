package reports

import (
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Story is what happened in a world, told to a person.
type Story struct {
	Words    func(id string, args ...string) string // "" when there are none
	Cast     []string                               // the arguments of every chapter's title and opening
	Chapters []Chapter
}

// Chapter is one stretch of a story. Its name begins the ids of its own words.
type Chapter struct {
	Name       string
	Brief      bool // messages are named, not spelled out
	Events     []trace.Event
	Checks     map[string][]string // by party: the rules it asked before it decided, in their order
	Accounts   []Account
	Statements int // how many statements about the money were held against one another
	Breaks     []Break
}

// Account is an account of somebody's books, before and after.
type Account struct{ Books, Name, Before, After string }

// Write tells it.
func (s *Story) Write(w io.Writer) error {
	t := teller{Story: s}
	t.say("story title", s.Cast...)
	t.say("story opening", s.Cast...)
	for i, c := range s.Chapters {
		t.chapter(i+1, &c)
	}
	t.gap()
	t.say("story ending", s.Cast...)
	_, err := io.WriteString(w, t.b.String())
	return err
}

// teller writes a story down.
type teller struct {
	*Story
	b       strings.Builder
	now     *Chapter
	checked map[string]bool // parties whose checks were told in this chapter
	slip    string          // the last receipt without its heading
}

func (t *teller) chapter(n int, c *Chapter) {
	t.now, t.checked, t.slip = c, map[string]bool{}, ""
	title := strconv.Itoa(n) + ". " + t.Words(c.Name+" title", t.Cast...)
	t.gap()
	t.line("", title)
	t.line("", strings.Repeat("=", Width(title)))
	t.gap()
	t.say(c.Name+" opening", t.Cast...)
	for i, e := range c.Events {
		if e.Kind == trace.Received && slices.ContainsFunc(c.Events[:i], func(sent trace.Event) bool { return sameFrame(sent, e) }) {
			continue // it was told when it was sent
		}
		t.event(e)
	}
	t.money(c)
}

// sameFrame tells that one party received what the other sent.
func sameFrame(sent, received trace.Event) bool {
	return sent.Kind == trace.Sent && sent.Party == received.Peer && sent.Peer == received.Party && sent.Frame.String() == received.Frame.String()
}

func (t *teller) event(e trace.Event) {
	if e.Kind == trace.Sent || e.Kind == trace.Decided {
		t.checks(e.Party)
	}
	t.comment(e)
	who := e.At.Format("15:04:05") + "  " + e.Party
	switch e.Kind {
	case trace.Sent, trace.Received:
		t.message(e)
	case trace.Printed:
		t.printed(who, e)
	case trace.Stored:
		t.line("  ", who+" "+t.Words("verb stored", e.Name))
	default:
		t.line("  ", who+" "+t.Words("verb "+string(e.Kind), e.Text))
	}
}

// comment says what a reader should know of an event: words of this chapter for it, or of any.
func (t *teller) comment(e trace.Event) {
	role := e.Party
	if role != "acquirer" && role != "issuer" && role != "line" {
		role = "till"
	}
	id := strings.Join([]string{role, string(e.Kind), messageName(e)}, " ")
	if t.Words(t.now.Name+" "+id) != "" {
		id = t.now.Name + " " + id
	}
	t.say(id, t.Cast...)
}

// messageName names the message of an event, or the event itself.
func messageName(e trace.Event) string {
	for _, f := range e.Fields {
		if f.ID == "MTI" && f.Note != "" {
			return f.Note
		}
	}
	return e.Name
}

// checks tells once what a party asked before it decided.
func (t *teller) checks(party string) {
	if t.checked[party] || len(t.now.Checks[party]) == 0 {
		return
	}
	t.checked[party] = true
	t.say("checks " + party)
	for _, name := range t.now.Checks[party] {
		t.line("    ", "· "+t.Words("check "+name))
	}
	t.gap()
}

// message tells a frame: who sent it to whom and, in a chapter that is not brief, every field and the bytes.
func (t *teller) message(e trace.Event) {
	from, to := e.Party, e.Peer
	if e.Kind == trace.Received {
		from, to = to, from
	}
	bytes := e.Frame.Masked()
	what := t.Words("verb message", t.named(messageName(e)), strconv.Itoa(len(bytes)))
	if bytes == nil {
		what = e.Frame.String() // nobody can read it
	}
	t.line("  ", fmt.Sprintf("%s  %s → %s: %s", e.At.Format("15:04:05"), from, to, what))
	if t.now.Brief || bytes == nil {
		return
	}
	var rows [][]string
	for _, f := range e.Fields {
		name := f.Name
		if own := t.Words("field " + f.ID); own != "" {
			name = own
		}
		rows = append(rows, []string{f.ID, name, strings.TrimRight(f.Value, " "), t.named(f.Note)})
	}
	t.b.WriteString(table("      ", rows))
	for chunk := range slices.Chunk(bytes, 32) {
		t.line("      | ", hex.EncodeToString(chunk))
	}
	t.gap()
}

// named gives a message's name in the story's language.
func (t *teller) named(name string) string {
	if own := t.Words("message " + name); own != "" {
		return own
	}
	return name
}

// printed shows a receipt as it looks, and of another copy of the same only its heading.
func (t *teller) printed(who string, e trace.Event) {
	heading, slip, _ := strings.Cut(e.Text, "\n")
	t.line("  ", who+" "+t.Words("verb printed", heading))
	if slip == t.slip {
		return
	}
	t.slip = slip
	lines := strings.Split(strings.TrimSuffix(e.Text, "\n"), "\n")
	wide := 0
	for _, l := range lines {
		wide = max(wide, Width(l))
	}
	edge := "      +" + strings.Repeat("-", wide+2) + "+"
	t.line("", edge)
	for _, l := range lines {
		t.line("      | ", l+strings.Repeat(" ", wide-Width(l))+" |")
	}
	t.line("", edge)
}

// money shows the books before and after, if money moved, and what the check of all statements found.
func (t *teller) money(c *Chapter) {
	if !slices.ContainsFunc(c.Events, func(e trace.Event) bool { return e.Kind == trace.Moved }) {
		return
	}
	t.say(c.Name+" books", t.Cast...)
	if len(c.Accounts) > 0 {
		t.accounts(c)
	}
	if len(c.Breaks) == 0 {
		t.say("money balances", strconv.Itoa(c.Statements))
	}
	for _, b := range c.Breaks {
		t.line("  ", t.Words("money breaks", b.Rule, b.Text))
	}
}

func (t *teller) accounts(c *Chapter) {
	rows := [][]string{{t.Words("books of"), t.Words("books account"), t.Words("books before"), t.Words("books after")}}
	for _, a := range c.Accounts {
		rows = append(rows, []string{a.Books, a.Name, a.Before, a.After})
	}
	t.b.WriteString(table("      ", rows))
	t.gap()
}

// say writes the words of an id as a paragraph, if there are any.
func (t *teller) say(id string, args ...string) {
	words := t.Words(id, args...)
	if words == "" {
		return
	}
	t.gap()
	for l := range strings.SplitSeq(strings.TrimRight(words, "\n"), "\n") {
		t.line("", l)
	}
	t.gap()
}

func (t *teller) line(indent, text string) {
	t.b.WriteString(strings.TrimRight(indent+text, " ") + "\n")
}

// gap leaves one empty line, unless there is one.
func (t *teller) gap() {
	if text := t.b.String(); text != "" && !strings.HasSuffix(text, "\n\n") {
		t.b.WriteByte('\n')
	}
}
