package load

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/settings"
)

// Workload says what a load run does: who orders what (the mix), how often (the stages), over which lines, and what must hold
// (the thresholds). It is a YAML file, checked whole before anything starts.
type Workload struct {
	Name       string     `yaml:"name"`
	About      string     `yaml:"about"`
	AboutZh    string     `yaml:"about_zh"`
	Seed       uint64     `yaml:"seed"`     // 0 is 1
	Tills      int        `yaml:"tills"`    // each with keys, batch, trace numbers and journal of its own
	Cards      int        `yaml:"cards"`    // 0 is two for each till; a card is used at one till only
	Balance    string     `yaml:"balance"`  // of each card at the start
	Whole      bool       `yaml:"whole"`    // whole terminals, with journal and slips, instead of compiled templates
	Line       LineKind   `yaml:"line"`     // when absent multiplexed, or serial for whole terminals
	Lines      int        `yaml:"lines"`    // of a multiplexed line; 0 is 8
	TLS        bool       `yaml:"tls"`      // on the lines to a host of ours; of a remote one its profile says
	Lag        Span       `yaml:"lag"`      // an order that could not leave for longer is dropped; 0 is 1 s
	Patience   Span       `yaml:"patience"` // how long an answer is waited for; 0 is as the dialect has it
	WarmUp     Span       `yaml:"warm_up"`  // orders due before are carried out and not counted
	Arrivals   string     `yaml:"arrivals"` // even (when absent) or poisson
	Mix        []Part     `yaml:"mix"`
	Stages     []Stage    `yaml:"stages"`
	Thresholds []string   `yaml:"thresholds"`
	Replay     *Recording `yaml:"replay"` // of a capture, in place of tills, cards, arrivals, mix and stages
	Faults     []Blow     `yaml:"faults"` // what goes wrong on purpose

	file  settings.File
	kinds []Kind
	total int // of the weights
	share portion
	text  []byte
}

// LineKind is how tills and host are connected.
type LineKind string

// The kinds of line.
const (
	Multiplexed LineKind = "multiplexed" // few connections, each carrying many tills
	Serial      LineKind = "serial"      // each till keeps one
	Each        LineKind = "each"        // each transaction opens one
)

// Part is one chain of the mix: orders that belong together, at one till and with one card.
type Part struct {
	Name   string `yaml:"name"`
	Weight int    `yaml:"weight"`
	Legs   []Leg  `yaml:"legs"`
}

// Leg is one order of a chain. A leg that takes back or completes acts on the first leg of its chain.
type Leg struct {
	Flow   pay.Flow `yaml:"flow"`
	Entry  Entry    `yaml:"entry"`  // stripe when absent
	Amount Range    `yaml:"amount"` // of the first leg; a later one without has the first one's
	After  Span     `yaml:"after"`  // due so long after the leg before was due
	kind   uint16
}

// Entry is how a card or code comes to the till.
type Entry string

// The entries.
const (
	ByStripe Entry = "stripe"
	ByChip   Entry = "chip"
	ByTap    Entry = "tap"
	ByCode   Entry = "code"
	ByNone   Entry = "" // the flow needs no card
)

// Range is what an amount is drawn from, "12.00 CNY" or "8.00 CNY to 60.00 CNY": every minor unit between is as likely.
type Range struct{ From, To pay.Amount }

// UnmarshalText reads it.
func (r *Range) UnmarshalText(b []byte) (err error) {
	from, to, both := strings.Cut(string(b), " to ")
	if r.From, err = pay.ParseAmount(strings.TrimSpace(from)); err != nil {
		return err
	}
	if r.To = r.From; both {
		if r.To, err = pay.ParseAmount(strings.TrimSpace(to)); err != nil {
			return err
		}
	}
	if r.To.Currency != r.From.Currency || r.To.Minor < r.From.Minor || r.From.Minor <= 0 {
		return fmt.Errorf("amount %q: want two of one currency, the smaller first, such as 8.00 CNY to 60.00 CNY", b)
	}
	return nil
}

// Span is a length of time, "30s".
type Span time.Duration

// UnmarshalText reads it.
func (s *Span) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	if err != nil || d < 0 {
		return fmt.Errorf("%q: want a length of time such as 500ms, 30s or 5m", b)
	}
	*s = Span(d)
	return nil
}

// Stage is a part of the schedule: a rate that holds, "200/s", goes from one to another, "20/s to 200/s", or swings between two, from
// the first to the second and back as a sine, once every so long.
type Stage struct {
	Rate  RateRange `yaml:"rate"`
	Every Span      `yaml:"every"`
	For   Span      `yaml:"for"`
}

// RateRange is orders a second at the beginning and at the end of a stage.
type RateRange struct{ From, To float64 }

// UnmarshalText reads it.
func (r *RateRange) UnmarshalText(b []byte) (err error) {
	from, to, both := strings.Cut(string(b), " to ")
	if r.From, err = ParseRate(strings.TrimSpace(from)); err != nil {
		return err
	}
	if r.To = r.From; both {
		r.To, err = ParseRate(strings.TrimSpace(to))
	}
	return err
}

// ParseRate reads "200/s", "200", "1200/m" or "2k/s" as orders a second.
func ParseRate(s string) (float64, error) {
	number, unit, _ := strings.Cut(s, "/")
	per := map[string]float64{"": 1, "s": 1, "m": 60, "h": 3600}[unit]
	number, thousand := strings.CutSuffix(number, "k")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || per == 0 || n < 0 || n > 1e7 {
		return 0, fmt.Errorf("rate %q: want orders a second, minute or hour, such as 200/s, 2k/s or 90/m", s)
	}
	if thousand {
		n *= 1000
	}
	return n / per, nil
}

// LoadWorkload reads a workload file, or a shipped one by its name, and checks it whole. The error names file, line and setting.
func LoadWorkload(name string) (*Workload, error) {
	text, file, err := fixtureText("workloads", name)
	if err != nil {
		return nil, fmt.Errorf("workload %s: %w (shipped workloads: %s)", name, err, strings.Join(Shipped(), ", "))
	}
	return ParseWorkload(text, file)
}

// Shipped gives the names of the shipped workloads.
func Shipped() []string { return shippedNames("workloads") }

// shippedNames gives the names of the files in a folder of fixtures.
func shippedNames(folder string) []string {
	files, _ := fs.Glob(fixtures.FS, folder+"/*.yaml") // the pattern is well formed
	for i, f := range files {
		files[i] = strings.TrimSuffix(path.Base(f), ".yaml")
	}
	return files
}

// fixtureText reads a shipped file of a folder by its name, or one of the user's.
func fixtureText(folder, name string) (text []byte, file string, err error) {
	shipped := path.Join(folder, name+".yaml")
	if text, err = fs.ReadFile(fixtures.FS, shipped); err == nil {
		return text, shipped, nil
	}
	if text, err = os.ReadFile(name); err == nil {
		return text, name, nil
	}
	shipped = strings.TrimPrefix(path.Clean(name), "fixtures/") // as one writes it in a clone of the house
	if text, inside := fs.ReadFile(fixtures.FS, shipped); inside == nil {
		return text, shipped, nil
	}
	return nil, "", err
}

// ParseWorkload reads the text of a workload; file is for its errors.
func ParseWorkload(text []byte, file string) (_ *Workload, err error) {
	w := &Workload{text: text}
	if w.file, err = (settings.Kind{Name: "workload"}).Read(file, text, w); err != nil {
		return nil, err
	}
	if w.Replay != nil {
		set(&w.Balance, standardBalance)
		if err := w.play(); err != nil {
			return nil, err
		}
	}
	w.defaults()
	return w, w.Check()
}

const standardBalance = "10000.00 CNY"

func (w *Workload) defaults() {
	set(&w.Seed, 1)
	set(&w.Cards, 2*w.Tills)
	set(&w.Balance, standardBalance)
	if w.Whole {
		set(&w.Line, Serial)
	}
	set(&w.Line, Multiplexed)
	set(&w.Lines, 8)
	set(&w.Lag, Span(time.Second))
	set(&w.Arrivals, "even")
	for i := range w.Mix {
		for j := range w.Mix[i].Legs {
			leg := &w.Mix[i].Legs[j]
			if NeedsCard(leg.Flow) {
				set(&leg.Entry, ByStripe)
			}
			if j > 0 && leg.Amount == (Range{}) {
				leg.Amount = w.Mix[i].Legs[0].Amount
			}
			leg.kind = w.kind(leg.Flow, leg.Entry)
		}
		w.total += w.Mix[i].Weight
	}
}

func set[T comparable](to *T, value T) {
	var none T
	if *to == none {
		*to = value
	}
}

func (w *Workload) kind(f pay.Flow, e Entry) uint16 {
	k := Kind{Flow: string(f), Entry: string(e)}
	for i, known := range w.kinds {
		if known == k {
			return uint16(i)
		}
	}
	w.kinds = append(w.kinds, k)
	return uint16(len(w.kinds) - 1)
}

// flow says what load has to know of a flow: whether it needs a card, and which flow it acts on.
type flow struct {
	card bool
	of   pay.Flow
}

// The flows that a mix may hold.
var flows = map[pay.Flow]flow{
	pay.Sale: {card: true}, pay.Balance: {card: true}, pay.PreAuth: {card: true},
	pay.Void: {card: true, of: pay.Sale}, pay.Refund: {card: true, of: pay.Sale}, pay.Completion: {card: true, of: pay.PreAuth},
	pay.PreAuthVoid: {card: true, of: pay.PreAuth}, pay.Reversal: {of: pay.Sale},
	pay.SignIn: {}, pay.Echo: {}, pay.Settlement: {},
}

// WholeOnly lists the flows that only a whole terminal does: its state changes with them.
func WholeOnly() []pay.Flow { return []pay.Flow{pay.SignIn, pay.Settlement, pay.Reversal} }

// NeedsCard tells whether a flow has a card or a code presented.
func NeedsCard(f pay.Flow) bool { return flows[f].card }

// Acts gives the flow that this one acts on; "" for none.
func Acts(f pay.Flow) pay.Flow { return flows[f].of }

// mistake is an error at a setting of the file.
func (w *Workload) mistake(at, format string, args ...any) error {
	return w.file.Mistake(at, format, args...)
}

// Check holds the workload to what one may say: again after a change.
func (w *Workload) Check() error {
	switch {
	case w.Name == "":
		return w.mistake("$", "it has no name: add `name: %s`", strings.TrimSuffix(path.Base(w.file.Name), ".yaml"))
	case w.Tills < 1 || w.Tills > 100_000:
		return w.mistake("$.tills", "%d: want 1 to 100000 tills", w.Tills)
	case w.Cards < w.Tills || w.Cards > 1_000_000:
		return w.mistake("$.cards", "%d: want at least one for each of the %d tills, and at most a million", w.Cards, w.Tills)
	case w.Lines < 1 || w.Lines > 10_000:
		return w.mistake("$.lines", "%d: want 1 to 10000 connections", w.Lines)
	case w.Line != Multiplexed && w.Line != Serial && w.Line != Each:
		return w.mistake("$.line", "%q: want multiplexed, serial or each", w.Line)
	case w.Arrivals != "even" && w.Arrivals != "poisson":
		return w.mistake("$.arrivals", "%q: want even or poisson", w.Arrivals)
	case w.Replay != nil && (len(w.Stages) > 0 || w.Tills != w.Replay.tills*w.Replay.copies()):
		return w.mistake("$.replay", "times and tills are the capture's: change `speed`, `times` and `loops` instead")
	case w.Replay == nil && len(w.Stages) == 0:
		return w.mistake("$", "it has no stages: add `stages: [{rate: 100/s, for: 30s}]`")
	}
	if _, err := pay.ParseAmount(w.Balance); err != nil {
		return w.mistake("$.balance", "%w", err)
	}
	for i, s := range w.Stages {
		if s.For <= 0 {
			return w.mistake(fmt.Sprintf("$.stages[%d]", i), "it lasts no time: add `for: 30s`")
		}
		if s.Every > 0 && s.Rate.From == s.Rate.To {
			return w.mistake(fmt.Sprintf("$.stages[%d].every", i), "the rate does not swing: write two, such as `rate: 20/s to 200/s`")
		}
	}
	if err := w.checkFaults(); err != nil {
		return err
	}
	if w.Replay != nil {
		return nil
	}
	return w.checkMix()
}

func (w *Workload) checkMix() error {
	for i, p := range w.Mix {
		at := fmt.Sprintf("$.mix[%d]", i)
		if p.Weight < 0 || len(p.Legs) == 0 || len(p.Legs) > 16 {
			return w.mistake(at, "want a weight and one to sixteen legs")
		}
		for j, l := range p.Legs {
			if err := p.fits(j, l); err != nil {
				return w.mistake(fmt.Sprintf("%s.legs[%d]", at, j), "%w", err)
			}
		}
	}
	if w.total <= 0 {
		return w.mistake("$", "it has no mix: add `mix: [{weight: 1, legs: [{flow: sale, amount: 12.00 CNY}]}]`")
	}
	return nil
}

func (p *Part) fits(n int, l Leg) error {
	known, ok := flows[l.Flow]
	switch {
	case !ok:
		return fmt.Errorf("flow %q: a mix may hold sale, balance, pre-auth, void, refund, completion, pre-auth-void, reversal, sign-in, echo and settlement", l.Flow)
	case known.card && l.Entry != ByStripe && l.Entry != ByChip && l.Entry != ByTap && l.Entry != ByCode:
		return fmt.Errorf("entry %q: want stripe, chip, tap or code", l.Entry)
	case !known.card && l.Entry != ByNone:
		return fmt.Errorf("entry %q: %s needs no card", l.Entry, l.Flow)
	case n == 0 && known.of != "":
		return fmt.Errorf("%s acts on a %s, which must be the first leg of its chain", l.Flow, known.of)
	case n > 0 && known.of != "" && known.of != p.Legs[0].Flow:
		return fmt.Errorf("%s acts on a %s, and the first leg of its chain is a %s", l.Flow, known.of, p.Legs[0].Flow)
	case known.card && l.Flow != pay.Balance && l.Amount == (Range{}):
		return errors.New("it has no amount: add `amount: 8.00 CNY to 60.00 CNY`")
	case n > 0 && known.of == pay.Sale && l.Amount.To.Minor > p.Legs[0].Amount.From.Minor && l.Amount != p.Legs[0].Amount:
		return fmt.Errorf("%s of up to %s may be more than the %s that was paid", l.Flow, l.Amount.To, p.Legs[0].Amount.From)
	}
	return nil
}

// Kinds gives the kinds of order of the mix; samples name them by index.
func (w *Workload) Kinds() []Kind { return w.kinds }

// Length gives how long orders fall due, warm-up included.
func (w *Workload) Length() (d time.Duration) {
	if w.Replay != nil {
		return w.Replay.length()
	}
	for _, s := range w.Stages {
		d += time.Duration(s.For)
	}
	return d
}

// Money gives the balance of each card.
func (w *Workload) Money() pay.Amount {
	a, _ := pay.ParseAmount(w.Balance) // it was checked
	return a
}
