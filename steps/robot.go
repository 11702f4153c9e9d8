package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/cucumber/godog"
	messages "github.com/cucumber/messages/go/v34"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/rig"
)

// NewRobot makes a robot that does with our own terminals what it is told over HTTP (rig.Prompt, rig.Reply), in the words of the features: so
// our terminal can stand where somebody else's is under test. Its rig's host is that of who tells it.
func NewRobot(ctx context.Context, r *rig.Rig, seed sim.Seed) (*Robot, error) {
	book, err := newPhrasebook()
	if err != nil {
		return nil, err
	}
	return &Robot{ctx: ctx, rig: r, seed: seed, book: book}, nil
}

// Robot is an http.Handler that carries out prompts. Close it in the end.
type Robot struct {
	ctx  context.Context
	rig  *rig.Rig
	seed sim.Seed
	book *phrasebook

	mu  sync.Mutex
	now *scenario // nil before the first
}

// ServeHTTP implements http.Handler.
func (r *Robot) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var p rig.Prompt
	if req.Method != http.MethodPost {
		http.Error(w, "want a prompt by POST", http.StatusMethodNotAllowed)
		return
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, req.Body, 1<<20)).Decode(&p); err != nil {
		http.Error(w, "that is no prompt in JSON", http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	reply, err := r.do(p)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(reply) // who has gone hears nothing
}

// Close leaves the terminals.
func (r *Robot) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.leave()
}

func (r *Robot) leave() {
	if r.now != nil {
		r.now.world.Close()
		r.now = nil
	}
}

// do carries out a prompt. Another scenario has tills as they are when they are switched on in the morning.
func (r *Robot) do(p rig.Prompt) (reply rig.Reply, err error) {
	if r.now == nil || r.now.tree.Name != p.Scenario {
		r.leave()
		r.rig = r.rig.ForNewHost()
		w, err := r.rig.World(r.ctx, r.seed.Sub(p.Scenario), "")
		if err != nil {
			return reply, err
		}
		r.now = &scenario{world: w, tree: &reports.Scenario{Name: p.Scenario, Steps: []reports.Step{{}}}, mentioned: map[string]bool{}}
	}
	s := r.now
	if p.Kind == rig.PromptAct {
		s.act()
	}
	err = r.book.carryOut(context.WithValue(r.ctx, scenarioKey{}, s), p.Text, p.Table)
	var f *failure
	var u *rig.Unexpected
	switch {
	case err == nil:
		return rig.Reply{Answer: rig.Yes}, nil
	case errors.Is(err, rig.ErrNoSight), errors.Is(err, errNoPhrase):
		return rig.Reply{Answer: rig.CannotTell, Text: err.Error()}, nil
	case errors.As(err, &f), errors.As(err, &u):
		return rig.Reply{Answer: rig.No, Text: err.Error()}, nil
	}
	return reply, err
}

var errNoPhrase = errors.New("no step says this")

// carryOut does what a sentence says.
func (b *phrasebook) carryOut(ctx context.Context, text string, table [][]string) error {
	fit := b.fits(text)
	if len(fit) != 1 {
		return fmt.Errorf("%w: %s", errNoPhrase, text)
	}
	p := b.phrases[fit[0]]
	in := []reflect.Value{reflect.ValueOf(ctx)}
	for _, captured := range p.expr.FindStringSubmatch(text)[1:] {
		in = append(in, reflect.ValueOf(captured))
	}
	do := reflect.ValueOf(p.do)
	if do.Type().NumIn() > len(in) {
		in = append(in, reflect.ValueOf(pickleTable(table)))
	}
	if do.Type().NumIn() != len(in) {
		return fmt.Errorf("%w with so many arguments: %s", errNoPhrase, strings.TrimSpace(text))
	}
	err, _ := do.Call(in)[0].Interface().(error)
	return err
}

func pickleTable(rows [][]string) *godog.Table {
	t := &messages.PickleTable{}
	for _, row := range rows {
		r := &messages.PickleTableRow{}
		for _, cell := range row {
			r.Cells = append(r.Cells, &messages.PickleTableCell{Value: cell})
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}
