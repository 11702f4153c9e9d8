package rig

import (
	"fmt"
	"slices"

	"github.com/tillproof/tillproof/simulators/terminal"
)

// Holds gives what the till works with; nothing while its power is off.
func (t *Till) Holds() terminal.Parameters {
	if t.machine == nil {
		return terminal.Parameters{}
	}
	return t.machine.Holds()
}

// AtHost gives what the host knows of the till.
func (t *Till) AtHost() (TerminalState, error) {
	state, err := t.world.Look()
	if err != nil {
		return TerminalState{}, err
	}
	i := slices.IndexFunc(state.Terminals, func(s TerminalState) bool { return s.Number == t.config.Number })
	if i < 0 {
		return TerminalState{}, fmt.Errorf("till %s: the host knows no terminal %s", t.Name, t.config.Number)
	}
	return state.Terminals[i], nil
}
