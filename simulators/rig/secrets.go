package rig

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/trace/leak"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// Secrets are what must not stand in any output: digits and keys, by what they are.
type Secrets []leak.Secret

// CardSecrets gives what must be hidden of a card: its number, its track, its PIN alone and in a block.
func (w *World) CardSecrets(who string) (Secrets, error) {
	holder, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return nil, err
	}
	stripe, err := w.stripe(holder)
	if err != nil {
		return nil, err
	}
	track := stripe.Track2.Reveal()
	return Secrets{leak.Text("card number", holder.PAN), leak.Text("track 2", track), leak.Text("track 2 behind the card number", track[len(holder.PAN)+1:]),
		leak.Text("PIN", holder.PIN), leak.Text("PIN block without card number", clearBlock(holder.PIN))}, nil
}

// WireSecrets gives what must not cross a line in the clear of a card's PIN or track.
func (w *World) WireSecrets(who, what string) (Secrets, error) {
	all, err := w.CardSecrets(who)
	if err != nil {
		return nil, err
	}
	if what == "track" {
		return all[1:2], nil
	}
	holder, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return nil, err
	}
	block, pan := []byte(clearBlock(holder.PIN)), "0000"+holder.PAN[len(holder.PAN)-13:len(holder.PAN)-1]
	for i := range block { // ISO 9564-1 format 0: the block without card number, xor the twelve digits before the check digit
		block[i] = "0123456789ABCDEF"[hexDigit(block[i])^hexDigit(pan[i])]
	}
	return append(all[3:], leak.Text("PIN block with card number", string(block))), nil
}

// clearBlock writes a PIN block without card number: length, PIN, fill (DOMAIN.md B.3).
func clearBlock(pin string) string {
	return fmt.Sprintf("%02d%s%s", len(pin), pin, strings.Repeat("F", 14-len(pin)))
}

func hexDigit(c byte) byte {
	if c >= 'A' {
		return c - 'A' + 10
	}
	return c - '0'
}

// KeySecrets gives the till's keys, put together from their components.
func (t *Till) KeySecrets() (Secrets, error) {
	var out Secrets
	for _, name := range []string{terminal.KeyTMK, terminal.KeyPIK, terminal.KeyMAK, terminal.KeyTDK, terminal.KeyStore} {
		if !t.config.HSM.Has(name) {
			continue
		}
		parts, err := t.config.HSM.Components(name, 2)
		if err != nil {
			return nil, fmt.Errorf("till %s: %w", t.Name, err)
		}
		key := make([]byte, len(parts[0]))
		for i := range key {
			key[i] = parts[0][i] ^ parts[1][i]
		}
		out = append(out, leak.Key(t.Name+" "+name, key))
	}
	return out, nil
}

// Outputs gives everything that leaves this world: its trace, screens, receipts, journals, and what the control door answers.
func (w *World) Outputs() (map[string][]byte, error) {
	var events bytes.Buffer
	if _, err := w.Trace.WriteTo(&events); err != nil {
		return nil, err
	}
	out := map[string][]byte{"trace": events.Bytes()}
	for _, t := range w.order {
		var screens, slips strings.Builder
		for _, s := range t.Screens {
			fmt.Fprintf(&screens, "%s %+v\n", w.Rig.Screen(s), s)
		}
		for _, s := range t.Slips {
			fmt.Fprintf(&slips, "%s %+v\n", w.Rig.Slip(s), s)
		}
		var records bytes.Buffer
		err := t.store.Replay(func(r journal.Record) error {
			_, err := fmt.Fprintf(&records, "%s %s\n", r.Kind, r.Data)
			return err
		})
		if err != nil {
			return nil, err
		}
		out[t.Name+" screens"], out[t.Name+" receipts"], out[t.Name+" journal"] = []byte(screens.String()), []byte(slips.String()), records.Bytes()
		out[t.Name+" printed"] = fmt.Appendf(nil, "%+v %#v", t.Endings, t.config)
	}
	if c, ok := w.Control(); ok {
		state, err := c.Look(w.ctx)
		if err != nil {
			return nil, err
		}
		if out["control door"], err = json.Marshal(state); err != nil {
			return nil, fmt.Errorf("control door: %w", err)
		}
	}
	for _, s := range w.hostStores() {
		var records bytes.Buffer
		if err := s.Replay(func(r journal.Record) error { records.Write(r.Data); return nil }); err != nil {
			return nil, err
		}
		out["host journal"] = append(out["host journal"], records.Bytes()...)
	}
	return out, nil
}

// hostStores gives the journals of an embedded host.
func (w *World) hostStores() []journal.Store {
	switch s := w.seats.(type) {
	case *memorySeat:
		return s.host.stores
	case *socketSeat:
		return s.server.host.stores
	}
	return nil
}

// FindSecrets looks for secrets in all outputs, and tells where and in which form each was found.
func (w *World) FindSecrets(secrets Secrets) ([]string, error) {
	outputs, err := w.Outputs()
	if err != nil {
		return nil, err
	}
	finder, err := leak.New(secrets...)
	if err != nil {
		return nil, err
	}
	var found []string
	for name, output := range outputs {
		for _, hit := range finder.Find(name, output) {
			found = append(found, hit.String())
		}
	}
	return found, nil
}
