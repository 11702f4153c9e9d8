package rig

import (
	"context"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
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
	if err := yaml.UnmarshalWithOptions(text, t, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("fixture wallets/town.yaml:%s", yamlText(err))
	}
	return t, nil
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

// walletsConfig is what the wallets of a world are made of. Nil rules are the reference's.
type walletsConfig struct {
	loop  *sim.Loop
	seed  sim.Seed
	cast  *Cast
	trace *trace.Recorder
	rules *wallet.Rules
	shops string // where shops are told of what their codes on the wall were paid, before their numbers; "" for nowhere
}

// wallets are the wallet hosts of a world, and the keys of the shops and phones that ask them.
type wallets struct {
	walletsConfig
	town  *walletTown
	hosts map[string]*wallet.Host
	keys  map[string]*hsm.HSM // of shops and phones, by wallet
}

func newWallets(c walletsConfig) (*wallets, error) {
	town, err := loadWalletTown(fixtures.FS)
	return &wallets{walletsConfig: c, town: town, hosts: map[string]*wallet.Host{}, keys: map[string]*hsm.HSM{}}, err
}

// host gives a wallet's host, which opens when it is first asked for.
func (w *wallets) host(name string) (*wallet.Host, error) {
	i := slices.IndexFunc(w.town.Wallets, func(s walletSeat) bool { return s.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("wallet %q: there is none of that name: see fixtures/wallets/town.yaml", name)
	}
	if w.hosts[name] == nil {
		if err := w.open(w.town.Wallets[i]); err != nil {
			return nil, fmt.Errorf("wallet %s: %w", name, err)
		}
	}
	return w.hosts[name], nil
}

func (w *wallets) open(seat walletSeat) error {
	scheme, err := walletapi.Load(fixtures.FS, seat.Scheme)
	if err != nil {
		return err
	}
	scheme.Name = seat.Name
	own, theirs := hsm.New(w.seed.Reader(seat.Name)), hsm.New(w.seed.Reader(seat.Name+" shops"))
	if err := seat.Host.put(own, theirs, wallet.KeyHost); err != nil {
		return err
	}
	host, err := wallet.New(wallet.Config{Scheme: scheme, HSM: own, Seed: w.seed.Sub(seat.Name), Rules: w.rules, Store: journal.NewMemory(), Trace: w.trace})
	if err != nil {
		return err
	}
	for _, shop := range w.cast.merchants {
		if err := seat.Merchant.put(theirs, own, wallet.MerchantKey(shop.Number)); err != nil {
			return err
		}
		m := wallet.Merchant{Number: shop.Number, Name: shop.Name, MCC: shop.MCC, Owner: w.town.Owners[shop.Number]}
		if w.shops != "" {
			m.Notify = w.shops + shop.Number
		}
		if err := host.AddMerchant(m); err != nil {
			return err
		}
	}
	for _, p := range w.town.Payers {
		if err := w.town.Phone.put(theirs, own, wallet.PhoneKey(p.Name)); err != nil {
			return err
		}
		if err := host.AddPayer(wallet.Payer{Name: p.Name, Password: pay.NewSecret(p.Password), Balance: p.Balance}); err != nil {
			return err
		}
	}
	w.hosts[seat.Name], w.keys[seat.Name] = host, theirs
	return nil
}

// walletAnswerWithin is how long a request over HTTP waits for a host that says nothing, before its line is cut.
const walletAnswerWithin = 65 * time.Second

// routes are the hosts over HTTP, each below its own name. They run on the loop until ctx ends.
func (w *wallets) routes(ctx context.Context) http.Handler {
	mux := http.NewServeMux()
	client := &http.Client{Timeout: 10 * time.Second}
	for name, host := range w.hosts {
		mux.Handle("/"+name+"/", http.StripPrefix("/"+name, walletapi.Server(
			func(asked context.Context, op walletapi.Operation, p walletapi.Params) (walletapi.Params, bool) {
				box := &mailbox{ctx: ctx, loop: w.loop, client: client, answer: make(chan walletapi.Params, 1)}
				w.loop.Post(func() { host.Serve(w.loop.Now(), op, p, box) })
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

// walletDoor serves wallets at an address, on a loop of their own.
type walletDoor struct {
	address string
	wallets *wallets
	http    *http.Server
	cancel  context.CancelFunc
	group   sync.WaitGroup
}

func openWalletDoor(ctx context.Context, address string, c walletsConfig) (*walletDoor, error) {
	c.loop = sim.NewReal()
	c.trace.Keep(history)
	w, err := newWallets(c)
	if err != nil {
		return nil, err
	}
	for _, seat := range w.town.Wallets {
		if _, err := w.host(seat.Name); err != nil {
			return nil, err
		}
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("wallet door: %w", err)
	}
	d := &walletDoor{address: l.Addr().String(), wallets: w}
	ctx, d.cancel = context.WithCancel(ctx)
	d.http = &http.Server{Handler: w.routes(ctx), ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	d.group.Go(func() { _ = c.loop.Run(ctx, nil) })
	d.group.Go(func() { _ = d.http.Serve(l) }) // both end with close
	return d, nil
}

func (d *walletDoor) close() {
	d.cancel()
	_ = d.http.Close()
	d.group.Wait()
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
