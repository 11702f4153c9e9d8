package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// ServeOptions say how the reference acquirer is served.
type ServeOptions struct {
	Rig     *Rig
	Listen  string        // payment line of the standing world; "" is any free port of loopback
	Control string        // control door, loopback only; "" is any free port of it
	Office  string        // where the standing world's office for merchants listens, likewise
	Wallets string        // where the standing world's wallet hosts listen, loopback only; "" has them wait until the control door is asked
	Store   string        // of the standing world's journals: a directory, or a postgres:// URL; "" keeps them in memory
	Lean    bool          // the standing world remembers nothing of what happens but its books, and its journals if there is a store
	Script  *IssuerScript // of the standing world's issuer; nil for none
	Seed    sim.Seed
	Worlds  int                               // how many may be open at once; 0 is 1000
	Watch   func(world string, e trace.Event) // sees what happens as it happens; may be nil
}

// Server is the reference acquirer as a server: a standing world with the cast in it, and worlds on request at the control
// door.
type Server struct {
	options ServeOptions
	ctx     context.Context
	http    *http.Server
	door    net.Listener
	group   sync.WaitGroup

	mu     sync.Mutex
	worlds map[string]*servedWorld
	next   int
}

// servedWorld is a host with its listeners, behind the control door.
type servedWorld struct {
	later
	id     string
	stores []journal.Store
	trace  *trace.Recorder
	tls    func() (string, error) // opens the line with TLS, once, and gives its address
}

// StandingWorld is the id of the world that a server has from the start.
const StandingWorld = "standing"

// Serve starts a server. Close it.
func Serve(ctx context.Context, o ServeOptions) (*Server, error) {
	if o.Worlds == 0 {
		o.Worlds = 1000 // whoever forgets to close his is told
	}
	for _, addr := range []*string{&o.Listen, &o.Control} {
		if *addr == "" {
			*addr = "127.0.0.1:0"
		}
	}
	if err := mayListen(o); err != nil {
		return nil, err
	}
	for _, d := range o.Rig.rules.atTill {
		return nil, fmt.Errorf("defect %s is a till's or a card's: arm it where tills are, with `tillproof run --defect %s`", d, d)
	}
	s := &Server{options: o, ctx: ctx, worlds: map[string]*servedWorld{}}
	if err := s.start(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func mayListen(o ServeOptions) error {
	if here, err := isLoopback(o.Listen); err != nil || !here && !o.Rig.Profile.Remote {
		return fmt.Errorf("payment line %q: want host:port on this machine (elsewhere only if the profile says `remote: true`)", o.Listen)
	}
	if here, err := isLoopback(o.Control); err != nil || !here {
		return fmt.Errorf("control door %q: want host:port on loopback, such as 127.0.0.1:8584: it takes keys in the clear", o.Control)
	}
	if here, err := isLoopback(o.Office); o.Office != "" && (err != nil || !here) {
		return fmt.Errorf("office door %q: want host:port on loopback, such as 127.0.0.1:8586: what is told there is told in the clear", o.Office)
	}
	if here, err := isLoopback(o.Wallets); o.Wallets != "" && (err != nil || !here) {
		return fmt.Errorf("wallet door %q: want host:port on loopback, such as 127.0.0.1:8585: its keys are known to everybody", o.Wallets)
	}
	return nil
}

// isLoopback tells whether host:port names this machine alone.
func isLoopback(addr string) (bool, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false, err
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback(), nil
}

func (s *Server) start() error {
	rig := s.options.Rig
	standing, err := s.open(worldPlan{id: StandingWorld, seed: s.options.Seed, rules: rig.rules, dialect: rig.Dialect, listen: s.options.Listen, store: s.options.Store, lean: s.options.Lean})
	if err != nil {
		return err
	}
	s.worlds[StandingWorld] = standing
	if err := s.populate(standing); err != nil {
		return err
	}
	if err := s.reopenOffice(standing); err != nil {
		return err
	}
	if s.options.Script != nil {
		if err := standing.Arrange(s.ctx, Arrangement{Party: "issuer", Script: s.options.Script}); err != nil {
			return err
		}
	}
	standing.resume()
	if s.door, err = net.Listen("tcp", s.options.Control); err != nil {
		return fmt.Errorf("control door: %w", err)
	}
	s.http = &http.Server{Handler: s.routes(), ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	s.group.Go(func() { _ = s.http.Serve(s.door) }) // it ends with Close
	if s.options.Wallets != "" {
		_, err = standing.server.openWallets(s.ctx, s.options.Wallets, WalletsWanted{Merchants: rig.Cast.merchantSeeds()})
	}
	if s.options.Office != "" && err == nil {
		_, err = standing.server.openOffice(s.ctx, s.options.Office, OfficeWanted{Merchants: rig.Cast.merchantSeeds()})
	}
	return err
}

// OfficeAddress gives where the office of the standing world listens; "" when it does not.
func (s *Server) OfficeAddress() string {
	return s.standing(func(w *server) string { return w.officeAt })
}

// WalletAddress gives where the wallet hosts of the standing world listen; "" when they do not.
func (s *Server) WalletAddress() string {
	return s.standing(func(w *server) string { return w.walletsAt })
}

// standing reads an address of the standing world while nobody opens one.
func (s *Server) standing(at func(*server) string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	world := s.worlds[StandingWorld].server
	world.opening.Lock()
	defer world.opening.Unlock()
	return at(world)
}

// Addresses gives where the payment line and the control door listen.
func (s *Server) Addresses() (line, control string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.worlds[StandingWorld].server.address, s.door.Addr().String()
}

// closing is how long open requests at the control door may take to end when the server closes.
const closing = 5 * time.Second

// Close ends all worlds. What their parties have said is durable by then.
func (s *Server) Close() {
	if s.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closing)
		_ = s.http.Shutdown(ctx) // what is still open then is cut off
		cancel()
		_ = s.http.Close()
	}
	s.mu.Lock()
	for _, w := range s.worlds {
		w.close()
	}
	clear(s.worlds)
	s.mu.Unlock()
	s.group.Wait()
}

// history is how many events a served world remembers at least.
const history = 10_000

func (w *servedWorld) close() {
	w.server.close()
	closeStores(w.stores)
}

// worldPlan is what a served world is made of.
type worldPlan struct {
	id      string
	seed    sim.Seed
	rules   ruleSet
	dialect *iso8583.Dialect
	listen  string
	store   string // as in ServeOptions
	lean    bool   // no trace, and no journals that end with the process
}

func (s *Server) open(p worldPlan) (*servedWorld, error) {
	loop, rig := sim.NewReal(), s.options.Rig
	c := hostConfig{loop: loop, dialect: p.dialect.Using(iso8583.Compiled), network: rig.network.Using(iso8583.Compiled), seed: p.seed, rules: p.rules,
		editions: rig.editions, cvk: rig.cvkOf(p.seed), cardKeys: rig.cardKeys}
	w := &servedWorld{id: p.id}
	if !p.lean {
		w.trace = trace.NewRecorder(s.watch(p.id))
		w.trace.Keep(history)
		c.trace = w.trace
	}
	if !p.lean || p.store != "" {
		var err error
		if w.stores, err = openStores(p.store, p.seed); err != nil {
			return nil, err
		}
		c.acquirerStore, c.issuerStore, c.officeStore = w.stores[0], w.stores[1], w.stores[2]
	}
	if p.store != "" { // such a store calls back from a goroutine of its own
		c.acquirerStore, c.issuerStore, c.officeStore = loopStore{w.stores[0], loop}, loopStore{w.stores[1], loop}, loopStore{w.stores[2], loop}
	}
	h, err := newHost(c)
	if err == nil {
		w.later.server, err = startServer(s.ctx, h, p.listen)
	}
	if err != nil {
		closeStores(w.stores)
		return nil, err
	}
	if p.store != "" {
		w.server.durable = w.durable
	}
	w.tls = sync.OnceValues(func() (string, error) { return w.server.listen("127.0.0.1:0", rig.pki) })
	return w, nil
}

func (s *Server) watch(id string) func(trace.Event) {
	if s.options.Watch == nil {
		return nil
	}
	return func(e trace.Event) { s.options.Watch(id, e) }
}

// populate puts the whole cast into the standing world, with the profile's keys or those of the seed.
func (s *Server) populate(w *servedWorld) error {
	seeds, err := s.options.Rig.castSeeds(s.options.Seed)
	if err != nil {
		return err
	}
	if _, err = w.Seed(s.ctx, seeds); err != nil {
		return err
	}
	return w.durable()
}

// resume takes up what the journal says was under way when the host last stopped.
func (w *servedWorld) resume() {
	h := w.server.host
	h.loop.Post(h.resume)
}

// durable waits until what was asked of the world so far is in its journals. It is not for the world's own loop, which
// has to run meanwhile.
func (w *servedWorld) durable() error {
	for _, store := range w.stores {
		if err := journal.Commit(store, nil); err != nil {
			return broken{err}
		}
	}
	return nil
}

// newWorld opens a world for whoever asked at the door.
func (s *Server) newWorld(in NewWorld) (*servedWorld, error) {
	rules, err := armed(in.Defects)
	if err != nil {
		return nil, err
	}
	if len(rules.atTill) > 0 {
		return nil, fmt.Errorf("there are no tills here to have the defects %s", strings.Join(rules.atTill, ", "))
	}
	dialect, err := in.over(s.options.Rig.Dialect)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.worlds) >= s.options.Worlds {
		return nil, errTooMany
	}
	s.next++
	id := strconv.Itoa(s.next)
	w, err := s.open(worldPlan{id: id, seed: sim.Seed(in.Seed), rules: rules, dialect: dialect, listen: "127.0.0.1:0", lean: in.Lean})
	if err != nil {
		return nil, broken{err}
	}
	s.worlds[id] = w
	return w, nil
}

var (
	errNoWorld  = errors.New("there is no such world: GET /worlds lists those there are")
	errTooMany  = errors.New("as many worlds are open as there may be: close those that are done with DELETE /worlds/{id}")
	errStanding = errors.New("the standing world stays as long as the server")
)

func (s *Server) world(id string) (*servedWorld, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.worlds[id]; ok {
		return w, nil
	}
	return nil, errNoWorld
}

func (s *Server) closeWorld(id string) error {
	if id == StandingWorld {
		return errStanding
	}
	s.mu.Lock()
	w, ok := s.worlds[id]
	delete(s.worlds, id)
	s.mu.Unlock()
	if !ok {
		return errNoWorld
	}
	w.close()
	return nil
}
