// Package batch is tills at the highest rates: compiled requests on few lines, answers scanned and not decoded.
package batch

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// Config is what a Sender is made of.
type Config struct {
	Workload *load.Workload
	Dialect  *iso8583.Dialect
	Tills    []Till
	Cards    []Card
	Samples  []Sample // one for each kind of the workload, in its order
	Desk     load.Desk
	Clock    func() time.Duration // since the run's start: the clock that Turn's now was read from
	Began    time.Time            // the run's start, for the local time in messages

	IssuerTook func(till int) time.Duration // of a till's last order, where our issuer is behind a switch under test; nil elsewhere
}

// Till is a terminal that has signed in.
type Till struct {
	Number, Merchant, MerchantName, MCC string
	Batch                               string
	Trace                               int // the last one used
	HSM                                 *hsm.HSM
	PIK, MAK                            string // the names of its working keys; "" where the dialect has none
}

// Card is what is presented. Each is used at one till only: the one that leaves its number when divided by the tills.
type Card struct {
	PAN    pay.PAN
	Expiry string     // YYMM
	Track1 pay.Secret // "" where the stripe has none
	Track2 pay.Secret
	PIN    pay.Secret // "" for none

	ChipTrack pay.Secret // track 2 as the chip tells it
	Chip      Chip       // nil for none
}

// Chip is a card's chip as far as a host can tell: it counts, and signs what the terminal says.
type Chip interface {
	// Sign gives the cryptogram over the data objects of an F55 in which all but 9F26 is written.
	Sign(objects []byte, counter [2]byte) (hsm.Cryptogram, error)
}

// Sample is what a whole terminal said for one kind of order, from which the tills here learn to send the same bytes: the request, and the reversal that it owed for it (nil where there is none).
type Sample struct{ Request, Reversal *iso8583.Message }

// Sender carries out orders as many tills do, one order at a time each.
type Sender struct {
	Config
	framer   wire.Framer
	recipes  []*recipe
	perWrite int              // frames at most
	mac      hsm.MACAlgorithm // "" for none
	byTrace  bool             // originals are named by what their request said (F90), not by the host's date

	lines []*line
	tills []till
	cards []card
	known map[[8]byte]int32 // tills by number

	clock   clock
	later   legs
	flights flights
	open    int
	inbox   inbox
	taken   []chunk
	scan    iso8583.Scan
	approve [1 << 16]bool // answer codes
	book    book
	made    making
	sample  load.Sample
	crossed [2]load.Crossed // of the order that has just ended
	wire    load.Wire       // ... in one
	heard   []byte          // the frame that has just come
	frames  int             // written so far
	writes  int             // that took them
	chance  uint64          // for the tills' unpredictable numbers
	broken  atomic.Pointer[error]
}

// till is a terminal between and during its orders.
type till struct {
	index                               int32
	line                                *line
	number, merchant, merchantName, mcc []byte
	batch                               []byte
	keys                                *hsm.HSM
	pik                                 string
	mac                                 *hsm.MACKey

	trace   uint32
	busy    bool
	frame   []byte  // of the request that is under way
	framed  *recipe // that the frame was made by
	recipe  *recipe
	order   order
	sent    original // what a later message would tell of it
	written time.Duration
	flight  uint32 // counts what it has sent
	reason  [2]byte
	tries   int // of a reversal; 0: none is under way
	before  uint32
	waiting queue
	entry   int // of the book, of the order under way
}

// card is a Card as it goes into messages.
type card struct {
	pan, expiry, track2 []byte
	track1, chipTrack   []byte
	pin                 pay.Secret
	number              pay.PAN
	pinBlock            []byte
	at                  int32 // the till under whose key it is
	chip                Chip
	counter             [2]byte
}

// count has the chip count one more time that it was read.
func (c *card) count() {
	if c.counter[1]++; c.counter[1] == 0 {
		c.counter[0]++
	}
}

// order is one leg of a chain that is due, or under way.
type order struct {
	due   time.Duration
	ready time.Duration // its till was free, and the leg before had been answered
	chain load.Chain
	leg   int
	first original
}

func (o *order) kind() uint16 { return o.chain.Kind(o.leg) }

// New makes a sender. Connect it before its first Turn.
func New(c Config) (*Sender, error) {
	w := c.Workload
	if len(c.Tills) != w.Tills || len(c.Cards) != w.Cards || len(c.Samples) != len(w.Kinds()) {
		return nil, fmt.Errorf("batch: %d tills, %d cards and %d kinds for a workload of %d, %d and %d", len(c.Tills), len(c.Cards), len(c.Samples), w.Tills, w.Cards, len(w.Kinds()))
	}
	framer, err := c.Dialect.Framing.Framer("")
	if err != nil {
		return nil, fmt.Errorf("batch: %w", err)
	}
	s := &Sender{Config: c, framer: framer, perWrite: perWrite, known: map[[8]byte]int32{}, byTrace: c.Dialect.Has(iso8583.OriginalMTI)}
	if a := hsm.MACAlgorithm(c.Dialect.Security.MAC); a != "none" {
		s.mac = a
	}
	for _, rule := range c.Dialect.Answers() {
		if code := string(rule.Code); len(code) == 2 && rule.Category == iso8583.CategoryApproved {
			s.approve[codeOf(code[0], code[1])] = true
		}
	}
	if err := s.learn(); err != nil {
		return nil, err
	}
	if err := s.seat(); err != nil {
		return nil, err
	}
	return s, nil
}

func codeOf(a, b byte) uint16 { return uint16(a)<<8 | uint16(b) }

// learn compiles the samples.
func (s *Sender) learn() error {
	for i, sample := range s.Samples {
		kind := s.Workload.Kinds()[i]
		r, err := newRecipe(s.Dialect, sample.Request)
		if err != nil {
			return fmt.Errorf("batch: %s: %w", kind, err)
		}
		if r.money && sample.Reversal == nil {
			return fmt.Errorf("batch: %s: it may have to be reversed, and no terminal has shown how", kind)
		}
		if sample.Reversal != nil {
			if r.back, err = newRecipe(s.Dialect, sample.Reversal); err != nil {
				return fmt.Errorf("batch: reversal of %s: %w", kind, err)
			}
			r.sameTrace = sample.Request.Get(iso8583.Trace) == sample.Reversal.Get(iso8583.Trace)
		}
		flow := pay.Flow(kind.Flow)
		r.chip = kind.Entry == string(load.ByChip) || kind.Entry == string(load.ByTap)
		r.of, r.payment = load.Acts(flow), r.money || load.Acts(flow) != ""
		s.recipes = append(s.recipes, r)
	}
	return nil
}

// seat gives each till its number, keys and cards.
func (s *Sender) seat() error {
	s.tills, s.cards = make([]till, len(s.Tills)), make([]card, len(s.Cards))
	for i, c := range s.Tills {
		var number [8]byte
		if copy(number[:], c.Number) != len(number) {
			return fmt.Errorf("batch: till %d: number %q: want eight characters", i, c.Number)
		}
		if _, twice := s.known[number]; twice {
			return fmt.Errorf("batch: two tills have the number %s", c.Number)
		}
		s.known[number] = int32(i)
		t := &s.tills[i]
		*t = till{index: int32(i), number: []byte(c.Number), merchant: []byte(c.Merchant), merchantName: s.filled(iso8583.MerchantName, c.MerchantName), mcc: []byte(c.MCC),
			batch: []byte(c.Batch), keys: c.HSM, pik: c.PIK, trace: uint32(c.Trace), frame: make([]byte, 0, 512)}
		if s.mac != "" && c.MAK != "" {
			var err error
			if t.mac, err = c.HSM.MACKey(c.MAK, s.mac); err != nil {
				return fmt.Errorf("batch: till %s: %w", c.Number, err)
			}
		}
	}
	for i, c := range s.Cards {
		s.cards[i] = card{pan: []byte(c.PAN.Reveal()), expiry: []byte(c.Expiry), track2: []byte(c.Track2.Reveal()), track1: []byte(c.Track1.Reveal()), chipTrack: []byte(c.ChipTrack.Reveal()),
			pin: c.PIN, number: c.PAN, chip: c.Chip}
		if err := s.enterPIN(&s.tills[i%len(s.tills)], &s.cards[i]); err != nil {
			return err
		}
	}
	return nil
}

// filled fills text with spaces to the size that the element has on the wire.
func (s *Sender) filled(e iso8583.Element, text string) []byte {
	for _, r := range s.recipes {
		if size := r.tpl.Size(e); size > 0 {
			return fmt.Appendf(nil, "%-*s", size, text)
		}
	}
	return []byte(text)
}

// enterPIN makes the PIN block of a card once: it is the same for each order of the till, as long as its PIN key is. Only in a replay
// does a card come to another till.
func (s *Sender) enterPIN(t *till, c *card) (err error) {
	c.at = t.index
	if c.pin.IsZero() || t.pik == "" {
		return nil
	}
	if c.pinBlock, err = t.keys.EncryptPIN(t.pik, hsm.PINFormat(s.Dialect.Security.PINFormat), c.pin, c.number); err != nil {
		return fmt.Errorf("batch: till %s: %w", t.number, err)
	}
	return nil
}

// Traces gives the last trace number that each till has used.
func (s *Sender) Traces() []int {
	out := make([]int, len(s.tills))
	for i := range s.tills {
		out[i] = int(s.tills[i].trace)
	}
	return out
}

// Turn implements load.Sender.
func (s *Sender) Turn(now time.Duration, due []load.Due) {
	s.clock.set(s.Began.Add(now))
	s.taken = s.inbox.take(s.taken[:0])
	for i := range s.taken {
		s.arrived(&s.taken[i])
	}
	s.inbox.give(s.taken)
	s.expire(now)
	for len(s.later) > 0 && s.later[0].due <= now {
		s.enqueue(now, s.later.pop())
	}
	for _, d := range due {
		s.open++
		s.enqueue(now, order{due: d.At, ready: d.At, chain: s.Workload.Chain(d.Chain)})
	}
	for _, l := range s.lines {
		s.flush(l)
	}
}

// Open implements load.Sender. When the harness is broken nothing is waited for.
func (s *Sender) Open() int {
	if s.Err() != nil {
		return 0
	}
	return s.open
}

// PerWrite tells how many frames a write had on average.
func (s *Sender) PerWrite() float64 { return float64(s.frames) / float64(max(s.writes, 1)) }

// Err tells what is wrong with the harness itself; nil as long as nothing is. It may be called from any goroutine.
func (s *Sender) Err() error {
	if err := s.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// fail keeps the first fault.
func (s *Sender) fail(format string, args ...any) {
	err := fmt.Errorf("batch: "+format, args...)
	s.broken.CompareAndSwap(nil, &err)
}
