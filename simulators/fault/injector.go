package fault

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// Config says what the injector sits on.
type Config struct {
	Dialect    *iso8583.Dialect
	HTTPTarget string     // as in iso8583.LinkConfig
	Random     *rand.Rand // chooses which character Corrupt changes (nil: the last one), and what a share of frames is
	// Reseal makes the MAC of a message anew with the keys of that line; nil when nobody knows them.
	Reseal func(where string, m *iso8583.Message) error
}

// Injector sits on the lines of one world, between link and front, and does to what passes what its rules say. Use it from
// the world's loop only.
type Injector struct {
	config   Config
	requests wire.Framer
	answers  wire.Framer

	rules   []Rule
	silent  map[string]Rule   // lines that went silent, "" is all of them, with the rule that made it
	held    map[way][]byte    // what Coalesce keeps back
	behind  map[way][]byte    // what Reorder keeps back
	passed  map[course][]byte // the last frame of each flow each way, for Replay
	until   map[way]time.Time // when what trickles in will be there
	counted map[counter]int   // how many passed
	sent    []transmission    // the last requests, to number their answers by
}

// way is one direction of one line.
type way struct {
	where     string
	direction Direction
}

// course is one flow, one way.
type course struct {
	way
	flow pay.Flow
}

// counter counts the requests of one flow on one line, or the connections of one line. An empty line is all lines.
type counter struct {
	where     string
	direction Direction
	flow      pay.Flow // "" for all flows
}

// transmission is one request that passed, with its number in each count it was part of.
type transmission struct {
	where   string
	key     iso8583.Key
	numbers map[counter]int
}

// maxSent bounds how many requests are remembered.
const maxSent = 1024

// New makes an injector without rules: everything passes.
func New(c Config) (*Injector, error) {
	framing := c.Dialect.Framing
	framing.Max = math.MaxUint16 // a spoiled frame may be longer than the dialect allows
	requests, err := framing.Framer(c.HTTPTarget)
	if err != nil {
		return nil, fmt.Errorf("fault: %w", err)
	}
	answers, err := framing.ServerFramer()
	if err != nil {
		return nil, fmt.Errorf("fault: %w", err)
	}
	return &Injector{config: c, requests: requests, answers: answers,
		silent: map[string]Rule{}, held: map[way][]byte{}, behind: map[way][]byte{}, passed: map[course][]byte{}, until: map[way]time.Time{}, counted: map[counter]int{}}, nil
}

// Arm adds a rule. Rules act in the order they were armed.
func (i *Injector) Arm(r Rule) error {
	if err := r.Check(); err != nil {
		return err
	}
	if i.config.Random == nil && (r.Share > 0 || r.Do.Kind == Jitter) {
		return fmt.Errorf("fault %s: a share of what passes, and a delay that is drawn, need chance", r.Do.Kind)
	}
	i.rules = append(i.rules, r)
	return nil
}

// Disarm takes back the rules of a label, and the silence that one of them made.
func (i *Injector) Disarm(label string) {
	i.rules = slices.DeleteFunc(i.rules, func(r Rule) bool { return r.Label == label })
	maps.DeleteFunc(i.silent, func(_ string, by Rule) bool { return by.Label == label })
}

// Clear takes back every rule and every silence.
func (i *Injector) Clear() {
	i.rules = nil
	clear(i.silent)
}

// Waiting gives the rules that name one frame or connection and have not struck: a scenario that arranged a fault which
// never came has tested something else.
func (i *Injector) Waiting() []Rule {
	var waiting []Rule
	for _, r := range i.rules {
		if r.Nth > 0 {
			waiting = append(waiting, r)
		}
	}
	return waiting
}

// Opening is what becomes of a connection.
type Opening struct {
	Refused  bool
	After    time.Duration // later than otherwise
	Injected []trace.Event
	Struck   []Rule
}

// Connect asks what becomes of a connection that is being opened on line where.
func (i *Injector) Connect(now time.Time, where string) Opening {
	var o Opening
	if i.silent[where].Do.Kind == HalfOpen {
		delete(i.silent, where)
	}
	for _, d := range [...]Direction{Request, Answer} { // what trickles in on another connection holds nobody up here
		delete(i.until, way{where, d})
	}
	numbers := i.count(where, Connect, "")
	o.Struck = i.strike(where, Connect, "", numbers)
	for _, r := range o.Struck {
		o.Refused = o.Refused || r.Do.Kind == Refuse
		o.After += r.Do.Delay
		o.Injected = append(o.Injected, r.event(now, where, "the connection"))
	}
	return o
}

// Piece is bytes that arrive together, later by After than they would have.
type Piece struct {
	Bytes []byte
	After time.Duration
}

// Delivery is what becomes of a frame: what arrives, whether the line is cut behind it, and the faults that were made.
type Delivery struct {
	Pieces   []Piece
	Cut      bool
	Reset    bool             // ... by a reset
	Torn     bool             // the pieces are no whole frames: they come on their connection or not at all
	Unasked  *iso8583.Message // what Unsolicited sends ahead
	Injected []trace.Event
	Struck   []Rule
}

// Frame asks what becomes of a frame on line where. framed is the frame as the sender wrote it, its length included.
// Bytes that are not one whole readable frame are counted for no flow. The error says that a fault could not be made.
func (i *Injector) Frame(now time.Time, where string, direction Direction, framed []byte) (Delivery, error) {
	p := i.passage(where, direction, framed)
	numbers := i.number(p)
	if lost, ok := i.silenced(where); ok {
		return Delivery{Injected: []trace.Event{lost.event(now, where, p.String())}, Struck: []Rule{lost}}, nil
	}
	d, struck := Delivery{}, i.strike(where, direction, p.flow, numbers)
	for _, r := range struck {
		if err := i.spoil(p, r.Do); err != nil {
			return Delivery{}, fmt.Errorf("fault %s on %s: %w", r.Do.Kind, p, err)
		}
		d.Injected = append(d.Injected, r.event(now, where, p.String()))
	}
	d.Struck = struck
	d.Pieces = []Piece{{Bytes: p.framed}}
	for _, r := range struck {
		if err := i.shape(p, r, &d); err != nil {
			return Delivery{}, fmt.Errorf("fault %s on %s: %w", r.Do.Kind, p, err)
		}
	}
	i.inTurn(now, p, struck, &d)
	if p.message != nil {
		i.passed[course{p.way, p.flow}] = p.framed
	}
	if before := i.held[p.way]; len(before) > 0 && len(d.Pieces) > 0 {
		d.Pieces[0].Bytes = slices.Concat(before, d.Pieces[0].Bytes)
		delete(i.held, p.way)
	}
	return d, nil
}

// inTurn has a frame come behind one that still trickles in, and lets go behind it what Reorder kept back.
func (i *Injector) inTurn(now time.Time, p *passage, struck []Rule, d *Delivery) {
	if wait := i.until[p.way].Sub(now); wait > 0 {
		for n := range d.Pieces {
			d.Pieces[n].After += wait
		}
	}
	if len(d.Pieces) == 0 {
		return
	}
	last := d.Pieces[len(d.Pieces)-1].After
	if slices.ContainsFunc(struck, func(r Rule) bool { return r.Do.Kind == Bandwidth || r.Do.Kind == Fragment && r.Do.Delay > 0 }) {
		i.until[p.way] = now.Add(last)
	}
	if late := i.behind[p.way]; len(late) > 0 && !d.Cut {
		d.Pieces = append(d.Pieces, Piece{late, last})
		delete(i.behind, p.way)
	}
}

// silenced tells by which rule a line is silent.
func (i *Injector) silenced(where string) (r Rule, ok bool) {
	for _, line := range [...]string{"", where} {
		if r, ok = i.silent[line]; ok {
			return r, true
		}
	}
	return r, false
}

// passage is one frame on its way.
type passage struct {
	way
	framer  wire.Framer
	framed  []byte
	frame   []byte           // nil when framed is not one frame
	message *iso8583.Message // nil when frame cannot be read
	flow    pay.Flow
}

func (i *Injector) passage(where string, direction Direction, framed []byte) *passage {
	p := &passage{way: way{where, direction}, framer: i.requests, framed: framed}
	reader := i.answers // reads requests
	if direction == Answer {
		p.framer, reader = i.answers, i.requests
	}
	frame, n, err := reader.Next(framed)
	if err != nil || n < len(framed) || len(frame) == 0 {
		return p
	}
	p.frame = frame
	m := i.config.Dialect.New()
	if i.config.Dialect.Decode(m, frame) != nil {
		return p
	}
	p.message = m
	if t, _, ok := i.config.Dialect.Identify(m); ok {
		p.flow = t.Flow
	}
	return p
}

// String names the frame in an event: "the answer to a sale".
func (p *passage) String() string {
	switch {
	case p.message == nil && p.direction == Answer:
		return "an unreadable answer"
	case p.message == nil:
		return "an unreadable request"
	}
	name := "a " + string(p.flow)
	if p.flow == "" {
		name = "a message " + p.message.MTI()
	}
	if p.direction == Answer {
		name = "the answer to " + name
	}
	return name + ", trace " + p.message.Get(iso8583.Trace)
}

// number counts a request, or finds the numbers that an answer's request had.
func (i *Injector) number(p *passage) map[counter]int {
	var key iso8583.Key
	if p.message != nil {
		key = i.config.Dialect.Key(p.message)
	}
	if p.direction == Answer {
		for _, t := range slices.Backward(i.sent) {
			if t.where == p.where && t.key == key && key != "" {
				return t.numbers
			}
		}
		return nil
	}
	t := transmission{p.where, key, i.count(p.where, Request, p.flow)}
	if len(i.sent) == maxSent {
		i.sent = slices.Delete(i.sent, 0, 1)
	}
	i.sent = append(i.sent, t)
	return t.numbers
}

func (i *Injector) count(where string, direction Direction, flow pay.Flow) map[counter]int {
	numbers := map[counter]int{}
	for _, w := range [...]string{"", where} {
		for _, f := range [...]pay.Flow{"", flow} {
			numbers[counter{w, direction, f}] = 0
		}
	}
	for c := range numbers {
		i.counted[c]++
		numbers[c] = i.counted[c]
	}
	return numbers
}

// strike gives the rules that act on what passes, and drops those that have acted for good.
func (i *Injector) strike(where string, direction Direction, flow pay.Flow, numbers map[counter]int) []Rule {
	of := direction
	if direction == Answer {
		of = Request // an answer has its request's number
	}
	var struck []Rule
	i.rules = slices.DeleteFunc(i.rules, func(r Rule) bool {
		hit := (r.Where == "" || r.Where == where) &&
			(r.Direction == direction || r.Direction == Anything && direction != Connect) &&
			(r.Flow == "" || r.Flow == flow) &&
			(r.Nth == 0 || r.Nth == numbers[counter{r.Where, of, r.Flow}]) &&
			(r.Share == 0 || i.config.Random.Float64() < r.Share)
		if hit {
			struck = append(struck, r)
		}
		return hit && r.Nth > 0
	})
	return struck
}

func (r Rule) event(now time.Time, where, what string) trace.Event {
	return trace.Event{At: now, Party: "line", Kind: trace.Injected, Peer: where, Name: string(r.Do.Kind),
		Text: what + " " + r.Do.Kind.trait().text}
}
