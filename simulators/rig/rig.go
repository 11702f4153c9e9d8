package rig

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// The lines between tills and host.
const (
	LineMemory = "memory" // one virtual clock, one goroutine, no socket
	LineSocket = "socket" // real time, TCP
)

// Options say what a rig seats.
type Options struct {
	Profile *Profile // nil: the default profile
	Line    string   // LineMemory or LineSocket; "" is memory
	Control string   // address of the control door of a `serve` in another process; its worlds are used instead of our own
	World   string   // one of that door's, which somebody else made and will end; "" makes one
	Defects []string // defects armed in every world
	Grease  int      // each quirk in one answer of so many of a host of ours: unusual, and legal; 0 for none
	Lang    string   // of screens and receipts in the trace: en (default), zh
	Outside *Outside // where terminals call that are not ours; for a profile of such a terminal
	State   string   // file that keeps the trace numbers and batches of a remote host's terminals; "" forgets them
}

// Rig makes worlds: it holds what all worlds of a run share and nothing that one of them changes.
type Rig struct {
	Profile *Profile
	Dialect *iso8583.Dialect
	Cast    *Cast

	options  Options
	network  *iso8583.Dialect // between acquirer and issuer
	texts    *terminal.Texts
	rules    ruleSet
	pki      *pki
	cardKeys *card.Keys // of the test cards
	testCAs  []iso8583.CAPublicKey
	shelf    *shelf
	cvk      [][]byte // components of the profile's card verification key, if it has one
	editions editions
	factory  terminal.Parameters // what a till leaves the factory with
	lease    *lease
	door     *doorway          // nil where we dial
	zone     *zone             // of a switch under test and our issuer
	sets     chan lent         // that no scenario has now; nil without a pool
	numbers  map[string]string // of terminals as features say them, by label
	set      string            // the name of the one that this rig's worlds have
}

// New makes a rig. An unknown defect, a broken fixture or an unfit profile is an error.
func New(o Options) (*Rig, error) {
	if o.Line == "" {
		o.Line = LineMemory
	}
	if o.Lang == "" {
		o.Lang = "en"
	}
	var err error
	if o.Profile == nil {
		if o.Profile, err = LoadProfile(DefaultProfile); err != nil {
			return nil, err
		}
	}
	if o.Profile.elsewhere() && o.Line == LineMemory {
		return nil, fmt.Errorf("profile %s: what is not ours is reached over sockets: use --line socket", o.Profile.Name)
	}
	r := &Rig{Profile: o.Profile, Dialect: o.Profile.dialect, options: o, shelf: &shelf{cards: map[string]*card.Spec{}}}
	if r.Cast, err = LoadCast(fixtures.FS); err != nil {
		return nil, err
	}
	r.numbers = r.Cast.numbers()
	if err := r.Cast.bind(o.Profile); err != nil {
		return nil, err
	}
	if r.editions, err = loadEditions(fixtures.FS); err != nil {
		return nil, err
	}
	if r.factory, err = r.editions.factoryParameters(); err != nil {
		return nil, err
	}
	if r.cardKeys, err = card.LoadKeys(fixtures.FS); err != nil {
		return nil, err
	}
	r.testCAs = testCAs(r.cardKeys)
	if r.network, err = iso8583.Load(fixtures.FS, "dialects/issuer-network.yaml"); err != nil {
		return nil, err
	}
	if r.texts, err = terminal.LoadTexts(fixtures.FS, o.Lang); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("language %q: there are no texts in it: want en or zh", o.Lang)
	} else if err != nil {
		return nil, err
	}
	if r.rules, err = armed(o.Defects); err != nil {
		return nil, err
	}
	if r.pki, err = newPKI(); err != nil {
		return nil, err
	}
	if o.Profile.Issuer != nil {
		r.network = o.Profile.Issuer.dialect
	}
	if err = r.meet(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// meet opens what outlives worlds: the state file, the addresses at which others dial in, the terminals that are lent.
func (r *Rig) meet() (err error) {
	p := r.Profile
	if p.Lends() {
		if r.lease, err = newLease(r.options.State); err != nil {
			return err
		}
	}
	if p.Listen != "" {
		if r.door, err = openDoorway(p); err != nil {
			return err
		}
	}
	if p.Seat == SeatSwitch {
		if r.zone, err = openZone(p); err != nil {
			return err
		}
	}
	if p.CVK != nil {
		if r.cvk, err = p.CVK.parts(); err != nil {
			return err
		}
	}
	return r.lendSets()
}

// Close lets go of what outlives worlds: the state file, and the address where a host dials in.
func (r *Rig) Close() error {
	if r.door != nil {
		r.door.close()
	}
	if r.zone != nil {
		r.zone.close()
	}
	return r.lease.close()
}

// With gives a rig in whose worlds these defects are armed and no others. All else it shares with this one, so that it costs nothing to make.
func (r *Rig) With(defects ...string) (*Rig, error) {
	rules, err := armed(defects)
	if err != nil {
		return nil, err
	}
	own := *r
	own.rules, own.options.Defects = rules, defects
	return &own, nil
}

// Screen gives a screen in words.
func (r *Rig) Screen(s terminal.Screen) string { return terminal.RenderScreen(s, r.texts) }

// Slip gives a receipt as it looks.
func (r *Rig) Slip(s terminal.Slip) string { return terminal.RenderSlip(s, r.texts) }

// Words gives the words of a text id in the rig's language.
func (r *Rig) Words(id string) (string, bool) { return r.texts.Words(id), r.texts.Has(id) }

// decode reads a frame of the tills' dialect; nil when it cannot be read.
func (r *Rig) decode(frame []byte) *iso8583.Message {
	m := r.Dialect.New()
	if err := r.Dialect.Decode(m, frame); err != nil {
		return nil
	}
	return m
}

// World seats the parties of one scenario. line overrides the rig's line when it is not "" (scenarios about time always sit
// in memory). Close it when the scenario is over.
func (r *Rig) World(ctx context.Context, seed sim.Seed, line string) (*World, error) {
	own, giveBack, err := r.borrow(ctx, line)
	if err != nil {
		return nil, err
	}
	w := own.newWorld(ctx, seed, line)
	w.returned, w.Trace = giveBack, trace.NewRecorder(nil)
	if err := w.seat(); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// newWorld makes a world in which nobody sits yet. It keeps no trace.
func (r *Rig) newWorld(ctx context.Context, seed sim.Seed, line string) *World {
	if line == "" {
		line = r.options.Line
	}
	w := &World{Rig: r, Seed: seed, Line: line, tills: map[string]*Till{}, flows: map[pay.Flow]int{}, opened: map[string]bool{},
		chips: map[string]*card.Slot{}, cardFaults: map[string][]card.Fault{}, copied: map[string]bool{}, chipEdits: map[string][]func(*card.Spec){},
		chipSaid: map[string][]Said{}, stripes: map[string]StripeFault{}, signedBy: map[string]int{}, chipKinds: map[string]string{},
		phones: map[string]*card.Phone{}, photos: map[string][]byte{}, codes: map[string][]string{}}
	w.ctx, w.cancel = context.WithCancel(ctx)
	if line == LineMemory {
		w.Loop = sim.NewVirtual(sim.Start)
	} else {
		w.Loop = sim.NewReal()
	}
	return w
}

// bind puts the profile's terminals and cards in the place of the cast's, under the names that features use.
func (c *Cast) bind(p *Profile) error {
	for i, t := range p.Terminals {
		shop, till, err := c.Till(t.Label)
		if err != nil {
			return p.mistake(fmt.Sprintf("$.terminals[%d].label", i), "%v", err)
		}
		c.replaceTill(shop.Name, till.Name, t)
	}
	for i, card := range p.Cards {
		holder, err := c.Cardholder(card.Name)
		if err != nil {
			return p.mistake(fmt.Sprintf("$.cards[%d].name", i), "%v", err)
		}
		holder.PAN, holder.Expiry, holder.Service, holder.PIN, holder.Track2 = card.PAN, card.Expiry, card.Service, card.PIN, card.Track2
		if card.Balance != "" {
			if holder.Balance, err = pay.ParseAmount(card.Balance); err != nil {
				return p.mistake(fmt.Sprintf("$.cards[%d].balance", i), "%v", err)
			}
		}
		for j := range c.cards {
			if c.cards[j].Name == holder.Name {
				c.cards[j] = holder
			}
		}
	}
	return nil
}

// numbers gives the terminal numbers of the cast's own tills.
func (c *Cast) numbers() map[string]string {
	all := map[string]string{}
	for _, shop := range c.merchants {
		for _, t := range shop.Tills {
			all[t.Name] = t.Number
		}
	}
	return all
}

func (c *Cast) replaceTill(shop, till string, t ProfileTerminal) {
	for i := range c.merchants {
		if c.merchants[i].Name != shop {
			continue
		}
		c.merchants[i].Number = t.Merchant
		for j := range c.merchants[i].Tills {
			if c.merchants[i].Tills[j].Name == till {
				c.merchants[i].Tills[j].Number, c.merchants[i].Tills[j].Serial = t.Number, t.Serial
			}
		}
	}
}

// Network gives the dialect in which our issuer is asked.
func (r *Rig) Network() *iso8583.Dialect { return r.network }

// Line tells which line the rig's worlds have unless they are about time.
func (r *Rig) Line() string { return r.options.Line }
