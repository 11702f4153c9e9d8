package rig

import (
	"crypto/sha256"
	"encoding/hex"
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
	state, err := t.world.LookAtHost()
	if err != nil {
		return TerminalState{}, err
	}
	i := slices.IndexFunc(state.Terminals, func(s TerminalState) bool { return s.Number == t.config.Number })
	if i < 0 {
		return TerminalState{}, fmt.Errorf("till %s: the host knows no terminal %s", t.Name, t.config.Number)
	}
	return state.Terminals[i], nil
}

// Sign has a cardholder sign on the till's pad: a picture of so many bytes, always the same of the same person. Of no bytes is a
// refusal.
func (t *Till) Sign(who string, size int) error {
	if t.need != terminal.NeedSignature {
		return &Unexpected{t.Name, "waiting for the signature", t.Status().State}
	}
	if size > 0 {
		t.world.signedBy[who] = size
	}
	return t.Do(terminal.Event{Kind: terminal.Sign, Picture: t.world.picture(who, size)})
}

func (w *World) picture(who string, size int) []byte { return w.Seed.Bytes("signature of "+who, size) }

// Signed compares what the host holds under the payment of a request with what somebody signed: "signed", "another" or "none".
func (w *World) Signed(c *Crossing, who string) (string, error) {
	state, err := w.LookAtHost()
	if err != nil {
		return "", err
	}
	ref := c.Ref()
	for _, s := range state.Signatures {
		if s.Terminal != ref.Terminal || s.Trace != ref.Trace {
			continue
		}
		if s.SHA256 == fingerprint(w.picture(who, s.Size)) && s.Size == w.signedBy[who] {
			return "signed", nil
		}
		return "another", nil
	}
	return "none", nil
}

func fingerprint(picture []byte) string {
	sum := sha256.Sum256(picture)
	return hex.EncodeToString(sum[:])
}
