package rig

import (
	"context"
	_ "embed"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// openAPI describes the control door.
//
//go:embed openapi.yaml
var openAPI []byte

// ServeOptions say how the reference acquirer is served.
type ServeOptions struct {
	Rig     *Rig
	Listen  string // payment line of the standing world, 127.0.0.1:8583
	Control string // control door, loopback only
	Store   string // directory of the standing world's journals; "" keeps them in memory
	Seed    sim.Seed
}

// Server is the reference acquirer as a server: a standing world with the cast in it, and worlds on request at the control
// door.
type Server struct {
	options ServeOptions
	ctx     context.Context
	http    *http.Server
	door    net.Listener

	mu     sync.Mutex
	worlds map[string]*servedWorld
	next   int
}

// servedWorld is a host with its listeners, behind the control door.
type servedWorld struct {
	server *server
	later  later
	stores []journal.Store
	trace  *trace.Recorder
}

// maxWorlds bounds the worlds of one server: whoever forgets to close his is told.
const maxWorlds = 1000

// StandingWorld is the id of the world that a server has from the start.
const StandingWorld = "standing"

// Serve starts a server. Close it.
func Serve(ctx context.Context, o ServeOptions) (*Server, error) {
	if err := loopbackOnly(o.Control, o.Rig.Profile); err != nil {
		return nil, err
	}
	s := &Server{options: o, ctx: ctx, worlds: map[string]*servedWorld{}}
	standing, err := s.open(o.Seed, o.Rig.rules, o.Listen, o.Store)
	if err != nil {
		return nil, err
	}
	s.worlds[StandingWorld] = standing
	if err := s.populate(standing); err != nil {
		s.Close()
		return nil, err
	}
	if s.door, err = net.Listen("tcp", o.Control); err != nil {
		s.Close()
		return nil, fmt.Errorf("control door: %w", err)
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(s.door) }() // it ends with Close
	return s, nil
}

func loopbackOnly(addr string, p *Profile) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("control door %q: want host:port", addr)
	}
	if ip := net.ParseIP(host); !p.Remote && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("control door %s: it takes keys in the clear and opens on loopback only (the profile would have to say `remote: true`)", addr)
	}
	return nil
}

// Addresses gives where the payment line and the control door listen.
func (s *Server) Addresses() (line, control string) {
	return s.worlds[StandingWorld].server.address(), s.door.Addr().String()
}

// Close ends all worlds.
func (s *Server) Close() {
	if s.http != nil {
		_ = s.http.Close()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, w := range s.worlds {
		w.close()
	}
	clear(s.worlds)
}

func (w *servedWorld) close() {
	w.server.close()
	for _, store := range w.stores {
		_ = store.Close()
	}
}

func (s *Server) open(seed sim.Seed, rules ruleSet, addr, dir string) (*servedWorld, error) {
	loop, rec := sim.NewReal(), trace.NewRecorder(nil)
	stores, err := openStores(dir)
	if err != nil {
		return nil, err
	}
	c := hostConfig{loop: loop, dialect: s.options.Rig.Dialect, network: s.options.Rig.network, seed: seed, rules: rules, trace: rec,
		acquirerStore: loopStore{stores[0], loop}, issuerStore: loopStore{stores[1], loop}}
	h, err := newHost(c)
	if err != nil {
		return nil, err
	}
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	srv, err := startServer(s.ctx, h, addr)
	if err != nil {
		return nil, err
	}
	return &servedWorld{server: srv, later: later{loop, h}, stores: stores, trace: rec}, nil
}

// populate puts the whole cast into the standing world, with the profile's keys or those of the seed.
func (s *Server) populate(w *servedWorld) error {
	seeds, err := s.options.Rig.castSeeds(s.options.Seed)
	if err != nil {
		return err
	}
	_, err = w.later.Seed(s.ctx, seeds)
	return err
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(openAPI)
	})
	mux.HandleFunc("GET /defects", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, Defects()) })
	mux.HandleFunc("GET /worlds", s.list)
	mux.HandleFunc("POST /worlds", s.create)
	mux.HandleFunc("DELETE /worlds/{id}", s.remove)
	mux.HandleFunc("POST /worlds/{id}/seeds", at(s, func(ctx context.Context, w *servedWorld, in Seeds) (any, error) { return w.later.Seed(ctx, in) }))
	mux.HandleFunc("POST /worlds/{id}/arrangements", at(s, func(ctx context.Context, w *servedWorld, in Arrangement) (any, error) {
		return struct{}{}, w.later.Arrange(ctx, in)
	}))
	mux.HandleFunc("GET /worlds/{id}/state", at(s, func(ctx context.Context, w *servedWorld, _ struct{}) (any, error) {
		state, err := w.later.Look(ctx)
		state.Events = w.trace.Events()
		return state, err
	}))
	mux.HandleFunc("POST /worlds/{id}/tls", at(s, func(_ context.Context, w *servedWorld, _ struct{}) (any, error) {
		address, err := w.server.listen("127.0.0.1:0", s.options.Rig.pki)
		return Protected{Address: address, CA: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.options.Rig.pki.authority}))}, err
	}))
	return mux
}

// NewWorld asks the control door for a world.
type NewWorld struct {
	Seed    uint64   `json:"seed"`
	Defects []string `json:"defects,omitempty"`
}

// WorldMade tells where the new world's payment line listens.
type WorldMade struct {
	ID      string `json:"id"`
	Address string `json:"address"`
}

// Protected tells where a world's line with TLS listens and which authority signed its certificate.
type Protected struct {
	Address string `json:"address"`
	CA      string `json:"ca"` // PEM
}

func (s *Server) create(w http.ResponseWriter, r *http.Request) {
	var in NewWorld
	if !body(w, r, &in) {
		return
	}
	rules, err := armed(in.Defects)
	if err != nil {
		refuse(w, http.StatusUnprocessableEntity, err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.worlds) >= maxWorlds {
		refuse(w, http.StatusTooManyRequests, fmt.Errorf("%d worlds are open: close those that are done with DELETE /worlds/{id}", maxWorlds))
		return
	}
	world, err := s.open(sim.Seed(in.Seed), rules, "", "")
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	s.next++
	id := strconv.Itoa(s.next)
	s.worlds[id] = world
	reply(w, http.StatusCreated, WorldMade{ID: id, Address: world.server.address()})
}

func (s *Server) list(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []WorldMade{}
	for _, id := range slices.Sorted(maps.Keys(s.worlds)) {
		out = append(out, WorldMade{ID: id, Address: s.worlds[id].server.address()})
	}
	reply(w, http.StatusOK, out)
}

func (s *Server) remove(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	s.mu.Lock()
	world, ok := s.worlds[id]
	delete(s.worlds, id)
	s.mu.Unlock()
	if !ok {
		refuse(w, http.StatusNotFound, errNoWorld)
		return
	}
	world.close()
	w.WriteHeader(http.StatusNoContent)
}

var errNoWorld = errors.New("there is no such world")

// at serves a request about one world: body in, JSON out.
func at[In any](s *Server, do func(context.Context, *servedWorld, In) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		world, ok := s.worlds[r.PathValue("id")]
		s.mu.Unlock()
		if !ok {
			refuse(w, http.StatusNotFound, errNoWorld)
			return
		}
		var in In
		if r.Method == http.MethodPost && r.ContentLength != 0 && !body(w, r, &in) {
			return
		}
		out, err := do(r.Context(), world, in)
		if err != nil {
			refuse(w, http.StatusUnprocessableEntity, err)
			return
		}
		reply(w, http.StatusOK, out)
	}
}

func body(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		// The decoder's words may quote the value, which may be a key.
		refuse(w, http.StatusBadRequest, fmt.Errorf("the body is not the JSON that openapi.yaml asks for here (near byte %d)", d.InputOffset()))
		return false
	}
	return true
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the peer has gone: nobody is left to tell
}

func refuse(w http.ResponseWriter, status int, err error) {
	reply(w, status, map[string]string{"error": err.Error()})
}

var _ Control = later{}
