package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	messages "github.com/cucumber/messages/go/v34"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// scenario is the state of one scenario: its world, and since when what is looked at counts.
type scenario struct {
	world  *rig.World
	tree   *reports.Scenario
	index  map[string]int // godog's step ids to places in tree.Steps
	begun  time.Time      // of the present step
	place  int            // of the present step in tree.Steps
	kind   messages.PickleStepType
	closed bool // the verdict is given: later hook calls do not count

	acted     bool               // the first When has begun
	wireFrom  int                // what crossed before it
	seen      map[*rig.Till]seen // what each till had shown before it
	eventFrom int
	mentioned map[string]bool // "T1 WRONG_PIN": declines that a step named
	unseen    []string        // what nobody could look at
}

type seen struct{ screens, slips, endings int }

type scenarioKey struct{}

func current(ctx context.Context) *scenario { return ctx.Value(scenarioKey{}).(*scenario) }

// failure is the system under test being wrong: what was wanted and what came. Any other error of a step is the harness's.
type failure struct{ reports.Failure }

func (f *failure) Error() string {
	if f.Wanted == "" && f.Got == "" {
		return strings.TrimPrefix(f.Where+": "+f.Text, ": ")
	}
	return fmt.Sprintf("%s: want %s, got %s", f.Where, f.Wanted, f.Got)
}

func failed(where, wanted, got string) error {
	return &failure{reports.Failure{Where: where, Wanted: wanted, Got: got}}
}

// act marks where the first When begins: "since the When" counts from here.
func (s *scenario) act() {
	if s.acted {
		return
	}
	s.acted = true
	s.wireFrom = len(s.world.Wire)
	s.eventFrom = len(s.world.Trace.Events())
	s.seen = map[*rig.Till]seen{}
	for _, t := range s.world.Tills() {
		s.seen[t] = seen{len(t.Screens), len(t.Slips), len(t.Endings)}
	}
}

func (s *scenario) till(name string) (*rig.Till, error) { return s.world.Till(name) }

// screens gives what the till has shown since the When.
func (s *scenario) screens(t *rig.Till) []terminal.Screen { return t.Screens[s.seen[t].screens:] }

func (s *scenario) slips(t *rig.Till) []terminal.Slip { return t.Slips[s.seen[t].slips:] }

func (s *scenario) wire() []*rig.Crossing { return s.world.Wire[s.wireFrom:] }

func (s *scenario) events() []trace.Event { return s.world.Trace.Events()[s.eventFrom:] }

// mention notes that a step named a till's screen.
func (s *scenario) mention(till, screen string) { s.mentioned[till+" "+screen] = true }

// unmentioned finds endings without money that no step named: a scenario that overlooks a decline proves nothing.
func (s *scenario) unmentioned() error {
	for _, t := range s.world.Tills() {
		for _, e := range t.Endings[s.seen[t].endings:] {
			switch e.Kind {
			case terminal.Declined, terminal.Unknown, terminal.Refused:
				if s.acted && !s.mentioned[t.Name+" "+e.Screen] {
					return &failure{reports.Failure{Where: t.Name + " screen", Wanted: "no ending that the scenario does not name",
						Got: strings.TrimSpace(fmt.Sprintf("%s %s: %s %s", e.Flow, e.Kind, e.Screen, e.Answer))}}
				}
			}
		}
	}
	return nil
}

// verify is what follows every scenario: no overlooked decline, and the money.
func (s *scenario) verify() error {
	if err := s.unmentioned(); err != nil {
		return err
	}
	if left := s.world.Unstruck(); len(left) > 0 {
		return failed("what was arranged", "every fault to strike", "never struck: "+strings.Join(left, "; "))
	}
	breaks, err := s.world.Verify()
	if err != nil {
		return err
	}
	for _, b := range breaks {
		s.tree.Breaks = append(s.tree.Breaks, reports.Break{Rule: b.Rule, Text: b.Text, Led: b.Led()})
	}
	return nil
}

// crossing finds the message that a step names: "request 2 sale", "answer 1 sign-in". It is looked for from the
// scenario's start.
func (s *scenario) crossing(name string) (*rig.Crossing, error) {
	m, err := parseMessage(name)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(s.world.Wire, func(c *rig.Crossing) bool {
		return c.Flow == m.flow && c.Answer == m.answer && c.Nth == m.nth && c.Message != nil
	})
	if i < 0 {
		return nil, failed("wire", m.String(), "no such message")
	}
	return s.world.Wire[i], nil
}

// skipped tells that an error means the seat gives too little sight, or that the run was interrupted: nobody knows what would
// have come of a step that went wrong after that.
func skipped(ctx context.Context, err error) (reason string, ok bool) {
	switch {
	case errors.Is(err, rig.ErrNoSight):
		return err.Error(), true
	case err != nil && ctx.Err() != nil:
		return "interrupted", true
	}
	return "", false
}
