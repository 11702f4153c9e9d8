package rig

import (
	"context"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/settings"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
	"github.com/tillproof/tillproof/simulators/wallet"
)

// walletTown is fixtures/wallets/town.yaml: the wallets, and who has an account.
type walletTown struct {
	Wallets []walletSeat      `yaml:"wallets"`
	Phone   walletKey         `yaml:"phone"`
	Payers  []walletPayer     `yaml:"payers"`
	Owners  map[string]string `yaml:"owners"` // of shops, by merchant number, who have an account themselves
}

type walletSeat struct {
	Name     string    `yaml:"name"`
	Scheme   string    `yaml:"scheme"`
	Host     walletKey `yaml:"host"`
	Merchant walletKey `yaml:"merchant"`
}

// walletKey is a secret in hex, or the name of a private key beside the file.
type walletKey struct {
	Secret string `yaml:"secret"`
	Key    string `yaml:"key"`
}

// Format keeps the secret out of every print.
func (walletKey) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("a key")) }

type walletPayer struct {
	Name     string     `yaml:"name"`
	Password string     `yaml:"password"`
	Balance  pay.Amount `yaml:"balance"`
}

// Format keeps the password out of every print.
func (p walletPayer) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(p.Name)) }

func loadWalletTown(fsys fs.FS) (*walletTown, error) {
	text, err := fs.ReadFile(fsys, "wallets/town.yaml")
	if err != nil {
		return nil, fmt.Errorf("fixtures: %w", err)
	}
	t := new(walletTown)
	_, err = settings.Kind{Name: "fixture", Secret: true}.Read("wallets/town.yaml", text, t)
	return t, err
}

// put stores a key on the side that signs and on the side that verifies.
func (k walletKey) put(signs, verifies *hsm.HSM, name string) error {
	if k.Key == "" {
		secret, err := hex.DecodeString(k.Secret)
		if err != nil {
			return fmt.Errorf("wallets/town.yaml: %s: the secret is no hex", name)
		}
		if err := signs.ImportSecret(name, secret); err != nil {
			return err
		}
		return verifies.ImportSecret(name, secret)
	}
	text, err := fs.ReadFile(fixtures.FS, "wallets/"+k.Key+".pem")
	if err != nil {
		return fmt.Errorf("wallets/town.yaml: %s: %w", name, err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return fmt.Errorf("wallets/%s.pem holds no PEM", k.Key)
	}
	public, err := signs.ImportSigner(name, block.Bytes)
	if err != nil {
		return err
	}
	return verifies.ImportVerifier(name, public)
}

// WalletsWanted asks for the wallet hosts of a world.
type WalletsWanted struct {
	Merchants []MerchantSeed `json:"merchants,omitempty"` // who have an account in each
	Tell      string         `json:"tell,omitempty"`      // where shops are told of what the codes on their walls were paid, before wallet and number
}

// WalletsMade tells where the wallet hosts of a world are.
type WalletsMade struct {
	Address string `json:"address"` // host and port; "" for hosts in the caller's own loop
}

// wallets are the wallet hosts of a world. They live in its loop, and none opens before it is first asked.
type wallets struct {
	WalletsWanted
	town  *walletTown
	loop  *sim.Loop
	seed  sim.Seed
	rules *wallet.Rules
	trace *trace.Recorder
	hosts map[string]*wallet.Host
}

// OpenWallets implements Control.
func (h *host) OpenWallets(_ context.Context, in WalletsWanted) (WalletsMade, error) {
	if h.wallets != nil {
		return WalletsMade{}, nil
	}
	for _, m := range in.Merchants {
		if m.Number == "" || m.Name == "" {
			return WalletsMade{}, fmt.Errorf("wallets: merchant %q: want a number and a name", m.Number)
		}
	}
	town, err := loadWalletTown(fixtures.FS)
	if err != nil {
		return WalletsMade{}, err
	}
	h.wallets = &wallets{WalletsWanted: in, town: town, loop: h.loop, seed: h.seed, rules: h.walletRules, trace: h.trace, hosts: map[string]*wallet.Host{}}
	return WalletsMade{}, nil
}

func (t *walletTown) has(name string) bool {
	return slices.ContainsFunc(t.Wallets, func(s walletSeat) bool { return s.Name == name })
}

// seat finds a wallet by its name.
func (t *walletTown) seat(name string) (walletSeat, error) {
	i := slices.IndexFunc(t.Wallets, func(s walletSeat) bool { return s.Name == name })
	if i < 0 {
		return walletSeat{}, fmt.Errorf("wallet %q: there is none of that name: see fixtures/wallets/town.yaml", name)
	}
	return t.Wallets[i], nil
}

// scheme gives what is peculiar to the wallet.
func (s walletSeat) scheme() (*walletapi.Scheme, error) {
	scheme, err := walletapi.Load(fixtures.FS, s.Scheme)
	if err == nil {
		scheme.Name = s.Name
	}
	return scheme, err
}

// keys gives the security module of a wallet's host, and one with the keys of all shops and phones that ask it.
func (t *walletTown) keys(s walletSeat, seed sim.Seed, shops []MerchantSeed) (own, theirs *hsm.HSM, err error) {
	own, theirs = hsm.New(seed.Reader(s.Name)), hsm.New(seed.Reader(s.Name+" shops"))
	err = s.Host.put(own, theirs, wallet.KeyHost)
	for _, shop := range shops {
		err = errors.Join(err, s.Merchant.put(theirs, own, wallet.MerchantKey(shop.Number)))
	}
	for _, p := range t.Payers {
		err = errors.Join(err, t.Phone.put(theirs, own, wallet.PhoneKey(p.Name)))
	}
	return own, theirs, err
}

// host gives a wallet's host, which opens when it is first asked for.
func (w *wallets) host(name string) (*wallet.Host, error) {
	if h := w.hosts[name]; h != nil {
		return h, nil
	}
	seat, err := w.town.seat(name)
	if err != nil {
		return nil, err
	}
	scheme, err := seat.scheme()
	if err != nil {
		return nil, err
	}
	own, _, err := w.town.keys(seat, w.seed, w.Merchants)
	if err != nil {
		return nil, fmt.Errorf("wallet %s: %w", name, err)
	}
	h, err := wallet.New(wallet.Config{Scheme: scheme, HSM: own, Seed: w.seed.Sub(name), Rules: w.rules, Store: journal.NewMemory(), Trace: w.trace})
	if err != nil {
		return nil, fmt.Errorf("wallet %s: %w", name, err)
	}
	for _, shop := range w.Merchants {
		m := wallet.Merchant{Number: shop.Number, Name: shop.Name, MCC: shop.MCC, Owner: w.town.Owners[shop.Number]}
		if w.Tell != "" {
			m.Notify = w.Tell + name + "/" + shop.Number
		}
		if err := h.AddMerchant(m); err != nil {
			return nil, err
		}
	}
	for _, p := range w.town.Payers {
		if err := h.AddPayer(wallet.Payer{Name: p.Name, Password: pay.NewSecret(p.Password), Balance: p.Balance}); err != nil {
			return nil, err
		}
	}
	w.hosts[name] = h
	return h, nil
}

// arrange changes the state of a wallet, or of a payer's account there.
func (w *wallets) arrange(a Arrangement) error {
	h, err := w.host(a.Party)
	if err != nil {
		return err
	}
	if a.Payer != "" {
		settings, known := map[string]wallet.Settings{PayerUsual: {}, PayerBlocked: {Blocked: true}, PayerAsked: {Asked: true}}[a.Status]
		if !known {
			return fmt.Errorf("wallet %s: there is no status %q of a payer", a.Party, a.Status)
		}
		return h.SetPayer(a.Payer, settings)
	}
	c, known := map[string]wallet.Condition{ConditionNormal: {}, ConditionSilent: {Down: true}, ConditionMute: {Silent: true}, ConditionUnsure: {Unsure: true},
		ConditionSlow: {Delay: a.Delay}}[a.Condition]
	if !known {
		return fmt.Errorf("wallet %s: there is no condition %q", a.Party, a.Condition)
	}
	h.SetCondition(c)
	return nil
}

// look adds what the books of the wallets hold.
func (w *wallets) look(s *State) error {
	for _, seat := range w.town.Wallets {
		h := w.hosts[seat.Name]
		if h == nil {
			continue
		}
		h.Age(w.loop.Now())
		s.Statements = append(s.Statements, h.Statements()...)
		for _, account := range h.Ledger().Accounts() {
			b, err := h.Ledger().Balance(account)
			if err != nil {
				return fmt.Errorf("wallet %s: %w", seat.Name, err)
			}
			s.Balances[seat.Name+":"+string(account)] = Holding{Balance: b.Booked, Available: b.Available}
		}
	}
	return nil
}

// walletAnswerWithin is how long a request over HTTP waits for a host that says nothing, before its line is cut.
const walletAnswerWithin = 65 * time.Second

// routes are the hosts over HTTP, each below its own name, until ctx ends.
func (w *wallets) routes(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for _, seat := range w.town.Wallets {
		mux.Handle("/"+seat.Name+"/", http.StripPrefix("/"+seat.Name, walletapi.Server(
			func(asked context.Context, op walletapi.Operation, p walletapi.Params) (walletapi.Params, bool) {
				box := &mailbox{ctx: ctx, loop: w.loop, client: client, answer: make(chan walletapi.Params, 1)}
				w.loop.Post(func() { w.serve(seat.Name, op, p, box) })
				late := time.NewTimer(walletAnswerWithin)
				defer late.Stop()
				select {
				case answer := <-box.answer:
					return answer, true
				case <-asked.Done():
				case <-ctx.Done():
				case <-late.C:
				}
				return nil, false
			})))
	}
	mux.HandleFunc("GET /openapi.yaml", func(out http.ResponseWriter, _ *http.Request) {
		text, err := fs.ReadFile(fixtures.FS, "wallets/openapi.yaml")
		if err != nil {
			http.Error(out, err.Error(), http.StatusInternalServerError)
			return
		}
		out.Header().Set("Content-Type", "application/yaml")
		_, _ = out.Write(text)
	})
	return mux
}

// serve has a host answer a question.
func (w *wallets) serve(name string, op walletapi.Operation, p walletapi.Params, out walletapi.Outbox) {
	h, err := w.host(name)
	if err != nil { // a broken fixture: nobody answers
		w.trace.Record(trace.Event{At: w.loop.Now(), Party: name, Kind: trace.Trouble, Name: "wallet", Text: err.Error()})
		return
	}
	h.Serve(w.loop.Now(), op, p, out)
}

// openWallets has the wallets of the world listen at addr, unless they do already, and tells where.
func (s *server) openWallets(ctx context.Context, addr string, in WalletsWanted) (WalletsMade, error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	if s.walletsAt != "" {
		return WalletsMade{s.walletsAt}, nil
	}
	hosts, err := inLoop(ctx, s, func(h *host) (*wallets, error) {
		_, err := h.OpenWallets(ctx, in)
		return h.wallets, err
	})
	if err != nil {
		return WalletsMade{}, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return WalletsMade{}, fmt.Errorf("wallet door: %w", err)
	}
	door := &http.Server{Handler: hosts.routes(s.ctx), ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	context.AfterFunc(s.ctx, func() { _ = door.Close() })
	s.group.Go(func() { _ = door.Serve(l) }) // it ends when the context does
	s.walletsAt = l.Addr().String()
	return WalletsMade{s.walletsAt}, nil
}

// mailbox takes what a host has to say to one request over HTTP, and what it tells merchants.
type mailbox struct {
	ctx    context.Context
	loop   *sim.Loop
	client *http.Client
	answer chan walletapi.Params
}

// Answer implements walletapi.Outbox.
func (b *mailbox) Answer(p walletapi.Params) {
	select {
	case b.answer <- p:
	default: // one request has one answer
	}
}

// After implements walletapi.Outbox.
func (b *mailbox) After(d time.Duration, f func(time.Time)) {
	b.loop.After(d, func() { f(b.loop.Now()) })
}

// Notify implements walletapi.Outbox. Only addresses on this machine are told.
func (b *mailbox) Notify(address string, p walletapi.Params, done func(time.Time, string)) {
	go func() {
		said := ""
		if at, err := url.Parse(address); err == nil {
			if here, err := isLoopback(hostPort(at)); err == nil && here {
				said, _ = walletapi.Tell(b.ctx, b.client, address, p) // not heard is not acknowledged
			}
		}
		b.loop.Post(func() { done(b.loop.Now(), said) })
	}()
}

func hostPort(u *url.URL) string {
	if u.Port() == "" {
		return u.Hostname() + ":80"
	}
	return u.Host
}
