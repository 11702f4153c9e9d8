package load

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/capture"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// listener makes chains of a capture. It keeps card numbers only as long as it reads, to know a card again, and of each its first six digits longer.
type listener struct {
	workload *Workload
	dialect  *iso8583.Dialect
	asks     wire.Framer // reads what tills say
	answers  wire.Framer // reads what hosts say
	message  *iso8583.Message
	began    time.Time
	lines    map[int]*heard
	tills    map[string]int
	cards    map[string]int
	byRRN    map[string]int                             // chains by the RRN of their first leg
	byTrace  map[string]int                             // ... by its till and trace number: the newest
	sets     map[iso8583.ElementSet]*iso8583.ElementSet // of answers: they have few
	chains   []recorded
	ends     []time.Duration // of each chain, when its last leg is due
}

// heard is a connection.
type heard struct {
	inboxes map[capture.Side]*wire.Inbox
	pending map[iso8583.Key]leg // requests without an answer
}

// leg is an order's place.
type leg struct{ chain, leg int }

func newListener(w *Workload, d *iso8583.Dialect) (*listener, error) {
	answers, err := d.Framing.Framer("")
	if err != nil {
		return nil, err
	}
	asks, err := d.Framing.ServerFramer()
	w.Replay.leftOut = map[string]int{}
	return &listener{workload: w, dialect: d, asks: asks, answers: answers, message: d.New(), lines: map[int]*heard{}, tills: map[string]int{},
		cards: map[string]int{}, byRRN: map[string]int{}, byTrace: map[string]int{}, sets: map[iso8583.ElementSet]*iso8583.ElementSet{}}, err
}

// take takes what crossed.
func (l *listener) take(r capture.Record) error {
	if l.began.IsZero() {
		l.began = r.At
	}
	line := l.lines[r.Connection]
	if line == nil {
		line = &heard{pending: map[iso8583.Key]leg{},
			inboxes: map[capture.Side]*wire.Inbox{capture.Till: wire.NewInbox(l.asks), capture.Host: wire.NewInbox(l.answers)}}
		l.lines[r.Connection] = line
	}
	inbox := line.inboxes[r.From]
	if r.Lost != 0 {
		inbox.Reset()
	}
	inbox.Add(r.Bytes)
	for {
		frame, ok, err := inbox.Next()
		if err != nil {
			l.leave("cannot be read")
			inbox.Reset()
			return nil
		}
		if !ok {
			return nil
		}
		if len(frame) > 0 { // an empty one only keeps the line open
			l.hear(line, r.At.Sub(l.began), frame)
		}
	}
}

func (l *listener) leave(why string) { l.workload.Replay.leftOut[why]++ }

func (l *listener) hear(line *heard, at time.Duration, frame []byte) {
	m := l.message
	if err := l.dialect.Decode(m, frame); err != nil {
		l.leave("cannot be read")
		return
	}
	tx, answer, ok := l.dialect.Identify(m)
	switch {
	case answer:
		l.answered(line, m)
	case !ok:
		l.leave("no known flow")
	default:
		if place, why := l.ask(tx.Flow, at, m); why != "" {
			l.leave(why)
		} else {
			line.pending[l.dialect.Key(m)] = place
		}
	}
}

// answered notes what was answered, and by which number a later order may name this one.
func (l *listener) answered(line *heard, m *iso8583.Message) {
	key := l.dialect.Key(m)
	place, ok := line.pending[key]
	if !ok {
		return
	}
	delete(line.pending, key)
	set := m.Elements()
	known := l.sets[set]
	if known == nil {
		known, l.sets[set] = &set, &set
	}
	amount, _ := strconv.ParseUint(m.Get(iso8583.Amount), 10, 64) // 0 is none
	l.chains[place.chain].answers[place.leg] = recordedAnswer{pay.Answer(m.Get(iso8583.AnswerCode)), amount, known}
	if rrn := m.Get(iso8583.RRN); rrn != "" && place.leg == 0 {
		l.byRRN[rrn] = place.chain
	}
}

// ask makes a request a chain or a leg of one, or tells why it is left out.
func (l *listener) ask(f pay.Flow, at time.Duration, m *iso8583.Message) (place leg, why string) {
	known, ok := flows[f]
	if !ok || slices.Contains(WholeOnly(), f) {
		return place, string(f)
	}
	order := Leg{Flow: f, Entry: entryOf(f, m)}
	if known.card && f != pay.Balance {
		minor, err := strconv.ParseInt(m.Get(iso8583.Amount), 10, 64)
		if err != nil || minor <= 0 {
			return place, string(f) + " without an amount"
		}
		a := pay.Amount{Minor: minor, Currency: l.workload.Money().Currency}
		order.Amount = Range{a, a}
	}
	order.kind = l.workload.kind(order.Flow, order.Entry)
	if known.of != "" {
		return l.follow(known.of, order, at, m)
	}
	c := recorded{due: at, till: numbered(l.tills, m.Get(iso8583.Terminal))}
	if known.card {
		pan := panOf(m)
		if len(pan) < 12 || len(pan) > 19 || strings.Trim(pan, "0123456789") != "" {
			return place, string(f) + " without a card"
		}
		if c.card = numbered(l.cards, pan); c.card == len(l.workload.Replay.deck.cards) {
			l.workload.Replay.deck.deal(pan[:binSize])
		}
	}
	c.part, c.answers = Part{Name: string(f), Weight: 1, Legs: []Leg{order}}, make([]recordedAnswer, 1)
	l.byTrace[traceKey(m, iso8583.Trace)] = len(l.chains)
	l.chains, l.ends = append(l.chains, c), append(l.ends, at)
	return leg{len(l.chains) - 1, 0}, ""
}

// follow adds a leg to the chain of the order that it names.
func (l *listener) follow(of pay.Flow, order Leg, at time.Duration, m *iso8583.Message) (place leg, why string) {
	n, ok := l.byRRN[m.Get(iso8583.OriginalRRN)]
	if !ok {
		n, ok = l.byTrace[traceKey(m, iso8583.OriginalTrace)]
	}
	if !ok || l.chains[n].part.Legs[0].Flow != of || len(l.chains[n].part.Legs) == 16 {
		return place, string(order.Flow) + " without its " + string(of)
	}
	c := &l.chains[n]
	order.After = Span(max(0, at-l.ends[n]))
	l.ends[n] = max(at, l.ends[n])
	c.part.Legs, c.answers = append(c.part.Legs, order), append(c.answers, recordedAnswer{})
	return leg{n, len(c.answers) - 1}, ""
}

func numbered(known map[string]int, name string) int {
	n, ok := known[name]
	if !ok {
		n = len(known)
		known[strings.Clone(name)] = n
	}
	return n
}

// traceKey names an order by its till and its trace number, without leading zeros, which F90 may have more of.
func traceKey(m *iso8583.Message, e iso8583.Element) string {
	return m.Get(iso8583.Terminal) + "/" + strings.TrimLeft(m.Get(e), "0")
}

func panOf(m *iso8583.Message) string {
	if pan := m.Get(iso8583.PAN); pan != "" {
		return pan
	}
	track := m.Get(iso8583.Track2)
	if end := strings.IndexAny(track, "D="); end > 0 {
		return track[:end]
	}
	return ""
}

// entryOf tells how the card came, by the first two digits of F22 (DOMAIN.md A.5). What was keyed in is played by stripe.
func entryOf(f pay.Flow, m *iso8583.Message) Entry {
	if !NeedsCard(f) {
		return ByNone
	}
	mode := m.Get(iso8583.EntryMode)
	switch pay.Entry(mode[:min(2, len(mode))]) {
	case pay.Entry05Chip, "95":
		return ByChip
	case pay.Entry07Contactless, "91", "96", "98":
		return ByTap
	}
	return ByStripe
}
