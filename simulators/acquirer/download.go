package acquirer

import (
	"fmt"
	"maps"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// DeviceRules are those about what terminals fetch, and tell of themselves.
type DeviceRules struct {
	Asks    func(*Call) byte                 // nibble 6 of an answer's header: what the terminal has to do, 0 for nothing
	Whole   func(*Call, Download) []byte     // what a download in one message brings
	Fetched func(*Call, Download) []Terminal // what the end of a download changes: the terminal, and behind it whom a rule likes
}

// Equipment is what the acquirer knows of a terminal as a machine.
type Equipment struct {
	MinVersion string                     `json:"min_version,omitempty"` // of its software, as versionOf gives it; an older one may not trade
	AskStatus  bool                       `json:"ask_status,omitempty"`  // the next answer asks for the state of its devices
	Fetched    map[Download]int           `json:"fetched,omitempty"`     // editions that it says it has
	Fetching   map[Download]int           `json:"fetching,omitempty"`    // ... and that it last began to fetch
	Status     iso8583.TerminalParameters `json:"status,omitempty"`      // of its devices, as it said last
}

// Newcomer is the equipment of a terminal that its acquirer has just taken on: it has fetched nothing, not even what the acquirer began with, and is
// asked to fetch it all before it first trades. A terminal of which nothing is said was prepared with that.
func Newcomer() Equipment {
	e := Equipment{Fetched: map[Download]int{}}
	for _, r := range requests() {
		e.Fetched[r.download] = nothing
	}
	return e
}

// nothing is the edition of a terminal that has none.
const nothing = -1

// Download is a kind of data that terminals fetch (DOMAIN.md A.8.1).
type Download string

// The kinds. Parameters are each terminal's own; the others are the same for all.
const (
	Parameters  Download = "parameters"
	AIDs        Download = "aids"
	CAPKs       Download = "capks"
	Contactless Download = "contactless"
)

// Edition is what there is to fetch of one kind. Edition 0 is what the acquirer began with.
type Edition struct {
	Download Download `json:"download"`
	Terminal string   `json:"terminal,omitempty"` // of parameters
	Number   int      `json:"number"`
	Sets     [][]byte `json:"sets"` // each as it is downloaded
}

type editionKey struct {
	download Download
	terminal string
}

func (e Edition) key() editionKey { return editionKey{e.Download, e.Terminal} }

// request is what the header of an answer may ask of a terminal, in the order in which it does (DOMAIN.md A.1, nibble 6).
type request struct {
	nibble   byte
	download Download
}

// requests lists the downloads. Sign-in (3) goes before all of them, the status upload (2) after.
func requests() []request {
	return []request{{'1', Parameters}, {'4', CAPKs}, {'5', AIDs}, {'9', Contactless}}
}

// Publish makes a new edition of what terminals fetch; terminal names whose parameters they are. From then on the answers to
// those that have not fetched it ask them to.
func (a *Acquirer) Publish(d Download, terminal string, sets [][]byte) {
	e := a.edition(d, terminal)
	a.commit(change{editions: []Edition{{d, terminal, e.Number + 1, sets}}}, func() {})
}

// Parameters gives the parameters that a terminal is to have.
func (a *Acquirer) Parameters(terminal string) iso8583.TerminalParameters {
	p, err := iso8583.ParseTerminalParameters(string(a.edition(Parameters, terminal).Sets[0]))
	if err != nil {
		return iso8583.TerminalParameters{} // what Publish was given
	}
	return p
}

// edition gives what there is: the last published, or what the acquirer began with.
func (a *Acquirer) edition(d Download, terminal string) Edition {
	if d != Parameters {
		terminal = ""
	}
	if e, published := a.editions[editionKey{d, terminal}]; published {
		return e
	}
	e := Edition{Download: d, Terminal: terminal, Sets: a.Stock[d]}
	if d == Parameters && len(e.Sets) == 0 {
		e.Sets = [][]byte{[]byte(standardParameters)}
	}
	return e
}

// standardParameters are those of a terminal of which nothing else was said: 60 s, three retries.
const standardParameters = iso8583.Parameter12Timeout + "60" + iso8583.Parameter13Retries + "3"

// askWork sets the processing request in the header, nibble 6, of an answer that asks for nothing else yet.
func askWork(c *Call, _ Stored) {
	h := c.reply.Header()
	if len(h) == 12 && h[5] == '0' && c.terminal.Number != "" {
		c.reply.SetHeader(h[:5] + string(c.Rules.Asks(c)) + h[6:])
	}
}

// asks gives the work that the terminal has to do: what it has not fetched, or its status.
func asks(c *Call) byte {
	for _, r := range requests() {
		if c.edition(r.download, c.terminal.Number).Number > c.terminal.Fetched[r.download] {
			return r.nibble
		}
	}
	if c.terminal.AskStatus {
		return '2'
	}
	return '0'
}

// begins notes which edition a terminal fetches: the one that its end will tell of.
func (c *Call) begins(d Download) Terminal {
	t := c.terminal
	t.Fetching = maps.Clone(t.Fetching)
	if t.Fetching == nil {
		t.Fetching = map[Download]int{}
	}
	t.Fetching[d] = c.edition(d, t.Number).Number
	return t
}

// list answers a query with the part that the terminal does not have yet.
func list(d Download) func(*Call) {
	return func(c *Call) {
		have, err := iso8583.ParseListQuery(c.req.Get(iso8583.Parameters))
		if err != nil {
			c.decline(pay.Answer30Format, "list-query", err.Error())
			return
		}
		sets := c.edition(d, c.terminal.Number).Sets
		from := min(have, len(sets))
		to := min(from+iso8583.MaxListItems, len(sets))
		p := iso8583.ListPart{More: to < len(sets), Count: to}
		for _, set := range sets[from:to] {
			item, err := itemOf(d, set)
			if err != nil {
				c.fail(err)
				return
			}
			p.Items = append(p.Items, item)
		}
		if len(p.Items) == 0 {
			p.Count = 0
		}
		text, err := p.Text()
		if err != nil {
			c.fail(err)
			return
		}
		c.fill(iso8583.Parameters, text)
		made := change{}
		if have == 0 {
			c.terminal = c.begins(d)
			made.terminals = []Terminal{c.terminal}
		}
		c.finish(made, c.approval(), "list", fmt.Sprintf("%s %d to %d of %d", d, from+1, to, len(sets)))
	}
}

// itemOf names a set as lists and downloads do.
func itemOf(d Download, set []byte) (iso8583.Item, error) {
	if d == CAPKs {
		k, err := iso8583.ParseCAPK(set)
		return k.Item(), err
	}
	p, err := iso8583.ParseAID(set)
	return p.Item(), err
}

// download answers with the one set that the request names.
func download(d Download) func(*Call) {
	return func(c *Call) {
		name := c.req.Get(iso8583.Parameters)
		sets := c.edition(d, c.terminal.Number).Sets
		i := slices.IndexFunc(sets, func(set []byte) bool {
			item, err := itemOf(d, set)
			return err == nil && item.Name == name
		})
		var set []byte
		if i >= 0 {
			set = sets[i]
		}
		c.fill(iso8583.Parameters, iso8583.Downloaded(set))
		c.finish(change{}, c.approval(), "download", fmt.Sprintf("%s: number %d of %d", d, i+1, len(sets)))
	}
}

// downloadWhole answers with all there is, which fits one message.
func downloadWhole(d Download) func(*Call) {
	return func(c *Call) {
		c.terminal = c.begins(d)
		c.fill(iso8583.Parameters, string(c.Rules.Whole(c, d)))
		c.finish(change{terminals: []Terminal{c.terminal}}, c.approval(), "download",
			fmt.Sprintf("%s, edition %d", d, c.terminal.Fetching[d]))
	}
}

// whole gives the one set of a kind.
func whole(c *Call, d Download) []byte {
	if sets := c.edition(d, c.terminal.Number).Sets; len(sets) > 0 {
		return sets[0]
	}
	return nil
}

// endDownload takes the terminal's word that it has what it began to fetch, and asks no more.
func endDownload(d Download) func(*Call) {
	return func(c *Call) {
		c.Trace.Consult("acquirer/fetched")
		changed := c.Rules.Fetched(c, d)
		c.terminal = changed[0]
		c.finish(change{terminals: changed}, c.approval(), "download-end",
			fmt.Sprintf("terminal %s has edition %d of %s", c.terminal.Number, c.terminal.Fetched[d], d))
	}
}

// fetched gives the terminal as it is when it has fetched a kind; others that a rule changes stand behind it.
func fetched(c *Call, d Download) []Terminal {
	return []Terminal{c.terminal.with(d, c.terminal.Fetching[d])}
}

// with gives the terminal with an edition fetched.
func (t Terminal) with(d Download, edition int) Terminal {
	t.Fetched = maps.Clone(t.Fetched)
	if t.Fetched == nil {
		t.Fetched = map[Download]int{}
	}
	t.Fetched[d] = edition
	return t
}

// takeStatus keeps what a terminal says of its devices.
func takeStatus(c *Call) {
	status, err := iso8583.ParseTerminalParameters(c.req.Get(iso8583.Parameters))
	if err != nil {
		c.decline(pay.Answer30Format, "status", err.Error())
		return
	}
	c.terminal.Status, c.terminal.AskStatus = status, false
	for _, tag := range slices.Sorted(maps.Keys(status)) {
		if status[tag] != "0" {
			c.note(c.now, trace.Noted, "device", "terminal "+c.terminal.Number+": device "+tag+" does not work")
		}
	}
	c.finish(change{terminals: []Terminal{c.terminal}}, c.approval(), "status", fmt.Sprintf("%d devices", len(status)))
}

// versionTaken refuses trade to software that is too old (DOMAIN.md A.1, header nibbles 3, 4 and 7 to 12). What the terminal
// fetched proves nothing: only what it says that it runs counts.
func versionTaken(c *Call) (pay.Answer, string) {
	if runs := versionOf(c.req); runs != "" && runs < c.terminal.MinVersion {
		return c.Dialect.Switches.OldVersion, fmt.Sprintf("terminal %s runs %s, and must run %s", c.terminal.Number, runs, c.terminal.MinVersion)
	}
	return passed, ""
}

// versionOf gives the software version of a message's sender; "" where the dialect has no header for it.
func versionOf(m *iso8583.Message) string {
	if h := m.Header(); len(h) == 12 {
		return h[2:4] + h[6:]
	}
	return ""
}
