package rig

import (
	"bufio"
	"context"
	_ "embed"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// openAPI describes the control door.
//
//go:embed openapi.yaml
var openAPI []byte

// NewWorld asks the control door for a world.
type NewWorld struct {
	Seed    uint64   `json:"seed"`
	Defects []string `json:"defects,omitempty"`
	Lean    bool     `json:"lean,omitempty"` // for load: books and nothing else, neither history nor journals
	Speech
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

// codeWanted is a phone's wish for a code.
type codeWanted struct {
	Card string `json:"card"`
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(openAPI) // the peer has gone: nobody is left to tell
	})
	mux.HandleFunc("GET /metrics", s.metrics)
	mux.HandleFunc("GET /defects", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, Defects()) })
	mux.HandleFunc("GET /worlds", func(w http.ResponseWriter, _ *http.Request) { reply(w, http.StatusOK, s.list()) })
	mux.HandleFunc("POST /worlds", s.create)
	mux.HandleFunc("DELETE /worlds/{id}", s.remove)
	mux.HandleFunc("POST /worlds/{id}/seeds", taking(s, func(ctx context.Context, w *servedWorld, in Seeds) (any, error) {
		out, err := w.Seed(ctx, in)
		return out, errors.Join(err, w.durable())
	}))
	mux.HandleFunc("POST /worlds/{id}/arrangements", taking(s, func(ctx context.Context, w *servedWorld, in Arrangement) (any, error) {
		return struct{}{}, errors.Join(w.Arrange(ctx, in), w.durable())
	}))
	mux.HandleFunc("POST /worlds/{id}/payer-codes", taking(s, func(ctx context.Context, w *servedWorld, in codeWanted) (any, error) {
		out, err := w.PayerCode(ctx, in.Card)
		return out, errors.Join(err, w.durable())
	}))
	mux.HandleFunc("POST /worlds/{id}/wallets", taking(s, func(ctx context.Context, w *servedWorld, in WalletsWanted) (any, error) {
		return w.OpenWallets(ctx, in)
	}))
	mux.HandleFunc("POST /worlds/{id}/office", taking(s, func(ctx context.Context, w *servedWorld, in OfficeWanted) (any, error) {
		return w.OpenOffice(ctx, in)
	}))
	mux.HandleFunc("GET /worlds/{id}/state", giving(s, func(ctx context.Context, w *servedWorld) (any, error) {
		state, err := w.Look(ctx)
		state.Events = w.trace.Events()
		return statement(state), err
	}))
	mux.HandleFunc("POST /worlds/{id}/tls", giving(s, func(_ context.Context, w *servedWorld) (any, error) {
		address, err := w.tls()
		if err != nil {
			return nil, broken{err}
		}
		return Protected{Address: address, CA: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.options.Rig.pki.authority}))}, nil
	}))
	return http.NewCrossOriginProtection().Handler(mux) // a web page open in somebody's browser has no business here
}

func (s *Server) create(w http.ResponseWriter, r *http.Request) {
	var in NewWorld
	if err := body(w, r, &in); err != nil {
		refuse(w, err)
		return
	}
	world, err := s.newWorld(in)
	if err != nil {
		refuse(w, err)
		return
	}
	reply(w, http.StatusCreated, WorldMade{ID: world.id, Address: world.server.address})
}

func (s *Server) list() []WorldMade {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []WorldMade{}
	for _, id := range slices.Sorted(maps.Keys(s.worlds)) {
		out = append(out, WorldMade{ID: id, Address: s.worlds[id].server.address})
	}
	return out
}

func (s *Server) remove(w http.ResponseWriter, r *http.Request) {
	if err := s.closeWorld(r.PathValue("id")); err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// giving serves a request about one world that has no body.
func giving(s *Server, do func(context.Context, *servedWorld) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		world, err := s.world(r.PathValue("id"))
		if err != nil {
			refuse(w, err)
			return
		}
		out, err := do(r.Context(), world)
		if err != nil {
			refuse(w, err)
			return
		}
		reply(w, http.StatusOK, out)
	}
}

// taking serves a request about one world that brings a body.
func taking[In any](s *Server, do func(context.Context, *servedWorld, In) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		giving(s, func(ctx context.Context, world *servedWorld) (any, error) {
			var in In
			if err := body(w, r, &in); err != nil {
				return nil, err
			}
			return do(ctx, world, in)
		})(w, r)
	}
}

// maxBody bounds what a request may bring, in bytes: some thousand cards.
const maxBody = 1 << 20

// illegible is a body that is not what openapi.yaml asks for.
type illegible struct {
	status int
	text   string
}

func (e illegible) Error() string { return e.text }

// broken is a fault of the server's own.
type broken struct{ error }

// body reads one JSON value. What is wrong with it is told by field and place and never by value, which may be a key.
func body(w http.ResponseWriter, r *http.Request, into any) error {
	if kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.TrimSpace(kind) != "application/json" {
		return illegible{http.StatusUnsupportedMediaType, "want a body of Content-Type application/json (curl --json)"}
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, more := d.Token(); errors.Is(more, io.EOF) {
			return nil
		}
		return illegible{http.StatusBadRequest, "something stands behind the JSON value"}
	}
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return illegible{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", maxBody)}
	}
	return illegible{http.StatusBadRequest, fmt.Sprintf("the body is not as openapi.yaml says: %s, near byte %d", fieldOf(err), d.InputOffset())}
}

// aName fits the names of fields, and no key, card number or PIN.
var aName = regexp.MustCompile(`^[a-z_]{1,20}(\.[a-z_]{1,20})*$`)

// fieldOf says what the decoder stumbled over without its value.
func fieldOf(err error) string {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && aName.MatchString(kind.Field) {
		return "field " + kind.Field + " is of another type"
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if name = strings.Trim(name, `"`); aName.MatchString(name) {
			return "there is no field " + name
		}
		return "there is no field of one of these names"
	}
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return "it is empty"
	case errors.As(err, &syntax), errors.Is(err, io.ErrUnexpectedEOF):
		return "it is no JSON"
	}
	return "a value cannot be read"
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if s, ok := v.(statement); ok {
		_ = s.write(w) // as below
		return
	}
	_ = json.NewEncoder(w).Encode(v) // the peer has gone: nobody is left to tell
}

// statement is a State on its way out. After a million orders it is too much to be written down twice.
type statement State

// write gives the State as JSON, statement by statement.
func (s statement) write(w io.Writer) error {
	head, err := json.Marshal(struct {
		State
		Statements any `json:"statements,omitempty"` // hides State's
	}{State: State(s)})
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 1<<16)
	_, _ = out.Write(head[:len(head)-1]) // out remembers
	_, _ = out.WriteString(`,"statements":[`)
	each := json.NewEncoder(out)
	for i := range s.Statements {
		if i > 0 {
			_ = out.WriteByte(',')
		}
		if err := each.Encode(&s.Statements[i]); err != nil {
			return err
		}
	}
	_, _ = out.WriteString("]}\n")
	return out.Flush()
}

func refuse(w http.ResponseWriter, err error) {
	status := http.StatusUnprocessableEntity
	var unread illegible
	switch {
	case errors.As(err, &unread):
		status = unread.status
	case errors.As(err, new(broken)):
		status = http.StatusInternalServerError
	case errors.Is(err, errNoWorld), errors.Is(err, errClosed):
		status = http.StatusNotFound
	case errors.Is(err, errStanding):
		status = http.StatusConflict
	case errors.Is(err, errTooMany):
		status = http.StatusTooManyRequests
	}
	reply(w, status, map[string]string{"error": hide(err.Error())})
}
