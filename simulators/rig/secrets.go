package rig

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/trace/leak"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// Secrets are what must not stand in any output: digits and keys, by what they are.
type Secrets []leak.Secret

// CardSecrets gives what must be hidden of a card: its number or its phone's token, its track, its PIN alone and in a block.
func (w *World) CardSecrets(who string) (Secrets, error) {
	all, err := w.plasticSecrets(who)
	if err != nil {
		return nil, err
	}
	if holder, err := w.Rig.Cast.Cardholder(who); err == nil && holder.Token != "" {
		all = append(all, leak.Text("token", holder.Token))
	}
	return all, nil
}

// plasticSecrets are those of the card itself. A PIN of four or five digits alone cannot be told from chance.
func (w *World) plasticSecrets(who string) (Secrets, error) {
	holder, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return nil, err
	}
	stripe, err := w.stripe(holder)
	if err != nil {
		return nil, err
	}
	track := stripe.Track2.Reveal()
	block, _ := pinBlocks(holder)
	all := Secrets{leak.Text("card number", holder.PAN), leak.Text("track 2", track), leak.Text("track 2 behind the card number", track[len(holder.PAN)+1:]),
		leak.Key("PIN block without card number", block)}
	if len(holder.PIN) < 6 {
		return all, nil
	}
	return append(all, leak.Text("PIN", holder.PIN)), nil
}

// WireSecrets gives what must not cross a line in the clear of a card's PIN or track.
func (w *World) WireSecrets(who, what string) (Secrets, error) {
	all, err := w.plasticSecrets(who)
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
	_, block := pinBlocks(holder)
	return append(all[3:], leak.Key("PIN block with card number", block)), nil
}

// PasswordSecrets gives what must be hidden of an operator's password.
func PasswordSecrets(password string) Secrets { return Secrets{leak.Text("password", password)} }

// pinBlocks writes a PIN as the two blocks that are encrypted: UnionPay's without card number, length, PIN, fill (DOMAIN.md
// B.3), and format 0 of ISO 9564-1, which is that xor the twelve digits before the check digit.
func pinBlocks(c Cardholder) (without, with []byte) {
	without = fromHex(fmt.Sprintf("%02X%s%s", len(c.PIN), c.PIN, strings.Repeat("F", 14-len(c.PIN))))
	with = fromHex("0000" + c.PAN[len(c.PAN)-13:len(c.PAN)-1])
	for i := range with {
		with[i] ^= without[i]
	}
	return without, with
}

func fromHex(digits string) []byte {
	b, _ := hex.DecodeString(digits) // a cast's PINs and card numbers are digits
	return b
}

// KeySecrets gives the till's keys, put together from their components.
func (t *Till) KeySecrets() (Secrets, error) {
	var out Secrets
	for _, name := range []string{terminal.KeyTMK, terminal.KeyPIK, terminal.KeyMAK, terminal.KeyTDK, terminal.KeyStore, terminal.KeyInitial} {
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
	if w.officeLine != nil {
		said, err := json.Marshal(w.officeLine.said)
		if err != nil {
			return nil, fmt.Errorf("office: %w", err)
		}
		out["office"] = fmt.Appendf(said, "%+v %#v", w.officeLine.said, w.officeLine.newcomers)
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
	case *switchSeat:
		return s.stores
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
