package rig

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
	"github.com/tillproof/tillproof/simulators/wallet"
)

// issuerCVK names the card verification key; the seed gives it, so that whoever writes stripes knows it too.
const issuerCVK = issuer.KeyCVK

// bank is our issuer, and the line on which it is asked.
type bank struct {
	loop    *sim.Loop
	life    *life
	issuer  *issuer.Issuer
	network *network
	trace   *trace.Recorder
	seed    sim.Seed
	stores  []journal.Store
}

// host is the embedded acquirer with its issuer: one world's host, in one loop.
type host struct {
	bank
	dialect  *iso8583.Dialect
	framer   wire.Framer
	acquirer *acquirer.Acquirer
	keys     *hsm.HSM // the acquirer's
	script   *script
	disks    []*journal.Troubled // the acquirer's and the issuer's; none of a host without journals
	boxes    [2]*hsm.HSM         // theirs
	editions editions
	grease   *grease

	walletRules *wallet.Rules
	wallets     *wallets // nil while nobody wants them
	officeRules *merchant.Rules
	officeStore journal.Store
	office      *office // nil while nobody wants it
}

// hostConfig is what a host is made of.
type hostConfig struct {
	loop             *sim.Loop
	dialect, network *iso8583.Dialect
	seed             sim.Seed
	rules            ruleSet
	trace            *trace.Recorder
	cvk              [][]byte // components of the card verification key
	cardKeys         *card.Keys
	editions         editions
	acquirerStore    journal.Store
	issuerStore      journal.Store
	boxes            [2]*hsm.HSM   // of the life before, which security modules outlive; nil for new ones
	officeStore      journal.Store // nil where the office begins anew with each world
}

func newHost(c hostConfig) (*host, error) {
	disks := c.disks()
	if c.boxes[0] == nil {
		acqBox, issBox, err := hostKeys(c)
		if err != nil {
			return nil, err
		}
		c.boxes = [2]*hsm.HSM{acqBox, issBox}
	}
	acqBox, issBox := c.boxes[0], c.boxes[1]
	line := &network{dialect: c.network}
	iss, err := issuer.New(issuer.Config{Dialect: c.network, HSM: issBox, Rules: c.rules.issuer, Store: c.issuerStore, Trace: c.trace})
	if err != nil {
		return nil, err
	}
	line.issuer = iss
	awkward := &grease{loop: c.loop, dialect: c.dialect, trace: c.trace, random: c.seed.Stream("grease")}
	acq, err := acquirer.New(acquirer.Config{Dress: awkward.dress, Dialect: c.dialect, IssuerDialect: c.network, Issuer: line, HSM: acqBox,
		Rules: c.rules.acquirer, Store: c.acquirerStore, Trace: c.trace, Stock: c.editions[factoryEdition]})
	if err != nil {
		return nil, err
	}
	framer, err := c.dialect.Framing.ServerFramer()
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	h := &host{bank: bank{loop: c.loop, life: &life{loop: c.loop}, issuer: iss, network: line, trace: c.trace, seed: c.seed, stores: []journal.Store{c.acquirerStore, c.issuerStore}},
		framer: acq.Rules.Framer(framer), dialect: c.dialect, acquirer: acq, keys: acqBox, editions: c.editions, grease: awkward,
		walletRules: c.rules.wallet, officeRules: c.rules.merchant, officeStore: c.officeStore, disks: disks, boxes: c.boxes}
	h.script = &script{host: h, seen: map[pay.Flow]int{}}
	return h, nil
}

// hostKeys makes the security modules of acquirer and issuer. The keys that their journals rest on are the seed's own, so that
// a restart finds them again; what is drawn later differs from life to life.
func hostKeys(c hostConfig) (acq, iss *hsm.HSM, err error) {
	life := ""
	if c.acquirerStore == nil { // it has no life after this one
	} else if n, err := records(c.acquirerStore); err != nil {
		return nil, nil, err
	} else if n > 0 {
		life = fmt.Sprintf("/after %d records", n)
	}
	zpk := namedKey{acquirer.KeyZPK, hsm.TDES2, [][]byte{c.seed.Bytes("zpk", 16)}}
	acq = hsm.New(c.seed.Reader("acquirer/hsm" + life))
	if err := importKeys(acq, zpk, namedKey{acquirer.KeyStore, hsm.AES256, [][]byte{c.seed.Bytes("acquirer/store", 32)}}); err != nil {
		return nil, nil, fmt.Errorf("host: %w", err)
	}
	zpk.name = issuer.KeyZPK
	iss, err = issuerKeys(c.seed, "issuer/hsm"+life, c.cvk, c.cardKeys, zpk)
	return acq, iss, err
}

// namedKey is a key in its components, under the name that a security module keeps it by.
type namedKey struct {
	name      string
	algorithm hsm.Algorithm
	parts     [][]byte
}

func importKeys(box *hsm.HSM, keys ...namedKey) error {
	for _, k := range keys {
		if _, err := box.Import(k.name, k.algorithm, k.parts...); err != nil {
			return err
		}
	}
	return nil
}

// issuerKeys makes the security module of an issuer: what its cards are made with, and the keys of its line.
func issuerKeys(seed sim.Seed, stream string, cvk [][]byte, cards *card.Keys, line ...namedKey) (*hsm.HSM, error) {
	box := hsm.New(seed.Reader(stream))
	err := importKeys(box, append(line, namedKey{issuer.KeyPINStore, hsm.TDES2, [][]byte{seed.Bytes("issuer/pins", 16)}}, namedKey{issuerCVK, hsm.TDES2, cvk})...)
	if err == nil {
		err = importMasters(box, cards)
	}
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	return box, nil
}

func records(s journal.Store) (n int, err error) {
	err = s.Replay(func(journal.Record) error { n++; return nil })
	return n, err
}

// accept makes the host's side of a new connection.
func (h *host) accept(write func([]byte), hangUp func()) *front {
	return &front{loop: h.loop, life: h.life, dialect: h.dialect, framer: h.framer, handler: h.script, unread: h.acquirer.Unreadable,
		trace: h.trace, grease: h.grease, write: h.life.while(write), hangUp: hangUp, inbox: wire.NewInbox(h.framer), req: h.dialect.New()}
}

// Seed implements Control.
func (h *host) Seed(_ context.Context, s Seeds) (Seeded, error) {
	out := Seeded{KCVs: map[string]string{}}
	for _, m := range s.Merchants {
		if err := h.acquirer.AddMerchant(acquirer.Merchant{Number: m.Number, Name: m.Name, MCC: m.MCC,
			Limits: acquirer.Limits{PerSale: m.PerSale, DayCount: m.DayCount}}); err != nil {
			return out, err
		}
	}
	for _, t := range s.Terminals {
		if len(t.TMK) > 0 {
			kcv, err := h.loadTMK(t)
			if err != nil {
				return out, err
			}
			out.KCVs[t.Number] = kcv.String()
		}
		err := h.acquirer.AddTerminal(acquirer.Terminal{Number: t.Number, Merchant: t.Merchant, Serial: t.Serial, Place: t.Place, Batch: t.Batch})
		if err != nil {
			return out, err
		}
	}
	for _, c := range s.Cards {
		if err := h.addCard(c); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (h *host) loadTMK(t TerminalSeed) (hsm.KCV, error) {
	var components [][]byte
	for i, c := range t.TMK {
		b, err := hex.DecodeString(c.Reveal())
		if err != nil {
			return hsm.KCV{}, fmt.Errorf("terminal %s: component %d of its master key is not hex", t.Number, i+1)
		}
		components = append(components, b)
	}
	algorithm := hsm.TDES2
	if t.KeyKind != "" {
		algorithm = hsm.Algorithm(t.KeyKind)
	}
	kcv, err := h.keys.Import(acquirer.TerminalKey(t.Number, "TMK"), algorithm, components...)
	if err != nil {
		return kcv, fmt.Errorf("terminal %s: master key: %w", t.Number, err)
	}
	return kcv, nil
}

// Look implements Control.
func (h *host) Look(context.Context) (State, error) {
	if h.life.ended {
		return State{}, errors.New("the host is down: let the time pass until it is back")
	}
	h.acquirer.Age(h.life.now())
	s := State{Balances: map[string]Holding{}, Consulted: h.trace.Consulted(), Statements: h.acquirer.Statements()}
	if err := errors.Join(s.holds("acquirer", h.acquirer.Ledger()), h.bank.look(&s)); err != nil {
		return s, err
	}
	for _, t := range h.acquirer.Terminals() {
		s.Terminals = append(s.Terminals, TerminalState{Number: t.Number, State: string(t.State), Batch: t.Batch, SignedIn: t.State == acquirer.SignedIn,
			Devices: t.Status})
	}
	for _, p := range h.acquirer.Payments() {
		if picture, whole := h.acquirer.SignatureOf(p.Key()); whole {
			s.Signatures = append(s.Signatures, SignatureState{Terminal: p.Ref.Terminal, Trace: p.Ref.Trace, Size: len(picture), SHA256: fingerprint(picture)})
		}
	}
	var err error
	if h.wallets != nil {
		err = h.wallets.look(&s)
	}
	if h.office != nil {
		err = errors.Join(err, h.office.look(&s))
	}
	return s, err
}

// look tells what the issuer's books and journal hold.
func (b *bank) look(s *State) error {
	b.issuer.Age(b.loop.Now())
	s.Commands = b.issuer.Commands()
	s.Statements = append(s.Statements, b.issuer.Statements()...)
	return s.holds("issuer", b.issuer.Ledger())
}

// holds tells what the accounts of a party hold.
func (s *State) holds(party string, books *ledger.Ledger) error {
	for _, account := range books.Accounts() {
		b, err := books.Balance(account)
		if err != nil {
			return fmt.Errorf("host: %w", err)
		}
		s.Balances[accountName(party, account)] = Holding{Balance: b.Booked, Available: b.Available}
	}
	return nil
}

// accountName names an account in a State. Only one party keeps a card's or a merchant's; both keep one between banks.
func accountName(party string, a ledger.Account) string {
	name := string(a)
	if strings.HasPrefix(name, "card:") || strings.HasPrefix(name, "merchant:") {
		return name
	}
	return party + ":" + name
}

// loopStore hands a store's word on an append back in the loop of the party that asked.
type loopStore struct {
	journal.Store
	loop *sim.Loop
}

// Append implements journal.Store.
func (s loopStore) Append(batch []journal.Record, done func(error)) {
	s.Store.Append(batch, func(err error) { s.loop.Post(func() { done(err) }) })
}

var _ iso8583.Outbox = (*front)(nil)

// later is a Control over a server's host, whose loop is another goroutine's: each call runs there and waits for its end.
type later struct{ server *server }

var errClosed = errors.New("the world is closed")

// inLoop runs f in the server's loop.
func inLoop[T any](ctx context.Context, s *server, f func(*host) (T, error)) (out T, err error) {
	type result struct {
		out T
		err error
	}
	done := make(chan result, 1)
	s.host.loop.Post(func() {
		out, err := f(s.host)
		done <- result{out, err}
	})
	select {
	case r := <-done:
		return r.out, r.err
	case <-s.ctx.Done():
		return out, errClosed
	case <-ctx.Done():
		return out, ctx.Err()
	}
}

// Seed implements Control.
func (l later) Seed(ctx context.Context, s Seeds) (Seeded, error) {
	return inLoop(ctx, l.server, func(h *host) (Seeded, error) { return h.Seed(ctx, s) })
}

// Arrange implements Control.
func (l later) Arrange(ctx context.Context, a Arrangement) error {
	_, err := inLoop(ctx, l.server, func(h *host) (struct{}, error) { return struct{}{}, h.Arrange(ctx, a) })
	return err
}

// PayerCode implements Control.
func (l later) PayerCode(ctx context.Context, card string) (CodeGiven, error) {
	return inLoop(ctx, l.server, func(h *host) (CodeGiven, error) { return h.PayerCode(ctx, card) })
}

// OpenWallets implements Control.
func (l later) OpenWallets(ctx context.Context, in WalletsWanted) (WalletsMade, error) {
	return l.server.openWallets(ctx, "127.0.0.1:0", in)
}

// OpenOffice implements Control.
func (l later) OpenOffice(ctx context.Context, in OfficeWanted) (OfficeMade, error) {
	return l.server.openOffice(ctx, "127.0.0.1:0", in)
}

// Look implements Control.
func (l later) Look(ctx context.Context) (State, error) {
	return inLoop(ctx, l.server, func(h *host) (State, error) { return h.Look(ctx) })
}
