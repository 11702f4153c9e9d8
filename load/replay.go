package load

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/capture"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Recording is a capture that a workload plays again instead of a mix and stages. What is played is which order followed which, when, for how
// much, at which till and with which card, as a token of its number. All else is made anew, as for any chain: tracks, keys, PIN, MAC, cryptogram, trace
// number, dates; and what a void tells of its sale comes from the answer to the sale now.
type Recording struct {
	Capture string  `yaml:"capture"` // NDJSON, pcap or pcapng, as seen from the workload's folder
	Dialect string  `yaml:"dialect"` // that the capture speaks: a shipped one, or a file
	Speed   float64 `yaml:"speed"`   // 2 plays twice as fast; 0 is 1
	Times   int     `yaml:"times"`   // so many copies at once, with tills and cards of their own; 0 is 1
	Loops   int     `yaml:"loops"`   // ... and one after the other; 0 is 1

	spoken  *iso8583.Dialect
	leftOut map[string]int // orders of the capture that are not played, by why
	chains  []recorded     // by due time
	dues    []time.Duration
	period  time.Duration // from a loop's first order to the next one's, as recorded
	tills   int
	deck    deck
}

// recorded is a chain of a capture.
type recorded struct {
	due        time.Duration // since the capture's first, as recorded
	part       Part
	answers    []recordedAnswer // to each leg
	till, card int
}

// recordedAnswer is what an answer said; the zero one is none.
type recordedAnswer struct {
	code     pay.Answer
	amount   uint64 // in minor units; 0 is none
	elements *iso8583.ElementSet
}

// deck is the cards of a capture, as tokens.
type deck struct {
	cards []token
	bins  map[string]int // how many cards of each
}

// token is a card of which nothing is known but the first digits, and that it was the nth one with these.
type token struct {
	bin string
	nth int
}

// binSize is how much of a card's number is kept: the issuer by its older and shorter name (ISO/IEC 7812-1:2006).
const binSize = 6

// testBIN is of the cards of tills that took none.
const testBIN = "620012"

func (d *deck) deal(bin string) {
	if d.bins == nil {
		d.bins = map[string]int{}
	}
	bin = strings.Clone(bin)
	d.cards = append(d.cards, token{bin, d.bins[bin]})
	d.bins[bin]++
}

// number gives the nth card's number, cards of the further copies included: sixteen digits, the last of which checks. No two are the same, since the step
// has no common factor with the count.
func (d *deck) number(seed sim.Seed, n int) string {
	const count, step = 1_000_000_000, 618_033_989
	t := &d.cards[n%len(d.cards)]
	first := uint64(binary.BigEndian.Uint32(seed.Bytes("replay/cards/"+t.bin, 4)))
	digits := fmt.Sprintf("%s%09d", t.bin, (first+uint64(n/len(d.cards)*d.bins[t.bin]+t.nth)*step)%count)
	return digits + string(pay.LuhnDigit(digits))
}

// most chains, loops and copies included, so that counts stay counts.
const mostChains = 1 << 40

// play reads the capture and makes it the workload's chains.
func (w *Workload) play() error {
	r := w.Replay
	set(&r.Speed, 1)
	set(&r.Times, 1)
	set(&r.Loops, 1)
	switch {
	case !(r.Speed > 0 && r.Speed <= 1e6):
		return w.mistake("$.replay.speed", "%g: want a number above 0 and at most a million", r.Speed)
	case r.Times < 1 || r.Times > 100_000:
		return w.mistake("$.replay.times", "%d: want 1 to 100000 copies", r.Times)
	case r.Loops < 1 || r.Loops > 100_000:
		return w.mistake("$.replay.loops", "%d: want 1 to 100000", r.Loops)
	case len(w.Mix) > 0 || len(w.Stages) > 0 || w.Tills > 0 || w.Cards > 0 || w.Arrivals != "" || w.Whole:
		return w.mistake("$.replay", "mix, stages, arrivals, tills and cards are the capture's, and its chains are for compiled templates: take those settings, and `whole`, out")
	}
	d, err := r.speech(filepath.Dir(w.file.Name))
	if err != nil {
		return w.mistake("$.replay.dialect", "%w", err)
	}
	name := r.Capture
	if !filepath.IsAbs(name) {
		name = filepath.Join(filepath.Dir(w.file.Name), name)
	}
	r.spoken = d
	if err := w.listen(d, name); err != nil {
		return w.mistake("$.replay.capture", "%w", err)
	}
	w.Tills, w.Cards = r.tills*r.copies(), len(r.deck.cards)*r.copies()
	return nil
}

// speech loads the dialect.
func (r *Recording) speech(folder string) (*iso8583.Dialect, error) {
	for _, name := range []string{"dialects/" + r.Dialect + ".yaml", "dialects/foreign/" + r.Dialect + ".yaml"} {
		if _, err := fs.Stat(fixtures.FS, name); err == nil {
			return iso8583.Load(fixtures.FS, name)
		}
	}
	if filepath.Ext(r.Dialect) != ".yaml" {
		return nil, fmt.Errorf("%q: want the name of a shipped dialect, such as unionpay-pos, or a dialect file (.yaml)", r.Dialect)
	}
	ours, err := fs.Sub(fixtures.FS, "dialects")
	if err != nil {
		return nil, err
	}
	name := r.Dialect
	if !filepath.IsAbs(name) {
		name = filepath.Join(folder, name)
	}
	return iso8583.Load(iso8583.Beside(os.DirFS(filepath.Dir(name)), ours), filepath.Base(name))
}

// listen reads the capture as a stream: what is kept is an order's due time, amount and place.
func (w *Workload) listen(d *iso8583.Dialect, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	l, err := newListener(w, d)
	if err != nil {
		return err
	}
	if err := capture.Read(file, l.take); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	r := w.Replay
	if r.chains = l.chains; len(r.chains) == 0 {
		return fmt.Errorf("%s: it holds no order that can be played%s", name, inBrackets(r.leftOut))
	}
	for r.tills = len(l.tills); len(r.deck.cards) < r.tills; { // echoes need no card, and each till has one
		r.deck.deal(testBIN)
	}
	if uint64(len(r.chains))*uint64(r.copies()) > mostChains {
		return errors.New("it has too many orders for so many copies and loops")
	}
	return r.settle()
}

// settle puts chains in order and their times on one beginning.
func (r *Recording) settle() error {
	slices.SortStableFunc(r.chains, func(a, b recorded) int { return cmp.Compare(a.due, b.due) })
	first := r.chains[0].due
	for i := range r.chains {
		c := &r.chains[i]
		c.due -= first
		at := c.due
		for j := range c.part.Legs {
			leg := &c.part.Legs[j]
			at += time.Duration(leg.After)
			r.dues = append(r.dues, at)
			leg.After = Span(r.scaled(time.Duration(leg.After)))
		}
	}
	slices.Sort(r.dues)
	last := r.dues[len(r.dues)-1]
	r.period = time.Second // of one order alone
	if n := len(r.dues) - 1; n > 0 {
		r.period = last + max(last/time.Duration(n), time.Millisecond) // the next loop begins after a gap as there are on average
	}
	if float64(r.period)*float64(r.Loops)/r.Speed > math.MaxInt64/4 {
		return errors.New("played at that speed, it would take more than seventy years")
	}
	return nil
}

func (r *Recording) copies() int { return r.Times * r.Loops }

func (r *Recording) scaled(d time.Duration) time.Duration {
	return time.Duration(math.Round(float64(d) / r.Speed))
}

// find takes a chain's number apart: its place in the capture, and the how-manieth copy of all it belongs to.
func (r *Recording) find(n uint64) (c *recorded, loop, identity int) {
	times, chains := uint64(r.Times), uint64(len(r.chains))
	place := n / times
	loop = int(place / chains % uint64(r.Loops))
	return &r.chains[place%chains], loop, loop*r.Times + int(n%times)
}

// chain gives chain n.
func (r *Recording) chain(n, draw uint64) Chain {
	c, _, identity := r.find(n)
	return Chain{Number: n, Part: &c.part, Till: identity*r.tills + c.till, Card: identity*len(r.deck.cards) + c.card, draw: draw}
}

// pacer is due at the recorded times of the chains.
func (r *Recording) pacer() (vegeta.Pacer, error) {
	n, all := uint64(0), uint64(len(r.chains))*uint64(r.copies())
	return NewReplay(func() (time.Duration, bool) {
		if n == all {
			return 0, false
		}
		c, loop, _ := r.find(n)
		n++
		return time.Duration(loop)*r.period + c.due, true
	}, r.Speed)
}

// length is how long orders fall due.
func (r *Recording) length() time.Duration {
	return r.scaled(time.Duration(r.Loops-1)*r.period+r.dues[len(r.dues)-1]) + time.Millisecond
}

// dueBy counts the orders due up to an instant.
func (r *Recording) dueBy(at time.Duration) float64 {
	at = time.Duration(float64(at) * r.Speed)
	loops := min(int(at/r.period), r.Loops)
	n := loops * len(r.dues)
	if loops < r.Loops {
		rest := at - time.Duration(loops)*r.period
		n += sort.Search(len(r.dues), func(i int) bool { return r.dues[i] > rest })
	}
	return float64(n * r.Times)
}

// plan adds the orders of each kind that are due after the warm-up.
func (r *Recording) plan(orders []float64, warmUp time.Duration) {
	for loop := range r.Loops {
		for i := range r.chains {
			c := &r.chains[i]
			at := r.scaled(time.Duration(loop)*r.period + c.due)
			for _, leg := range c.part.Legs {
				if at += time.Duration(leg.After); at >= warmUp {
					orders[leg.kind] += float64(r.Times)
				}
			}
		}
	}
}
