package rig

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// servedSeat is a world of a `serve` in another process, arranged through its control door.
type servedSeat struct {
	door *door
	dial *socketDialer
	lent bool // somebody else made the world, and ends it
}

func servedSeats(w *World) (seats, error) {
	d := &door{base: "http://" + w.Rig.options.Control, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: phonesAtOnce}}}
	made, lent, err := d.lends(w)
	if err != nil {
		return nil, err
	}
	d.world = "/worlds/" + made.ID
	return &servedSeat{door: d, lent: lent, dial: &socketDialer{loop: w.Loop, ctx: w.ctx,
		address: wire.Address{Addr: made.Address, ConnectTimeout: w.Rig.Dialect.Timers.Connect}}}, nil
}

// lends gives the world that was named, or makes one.
func (d *door) lends(w *World) (made WorldMade, lent bool, err error) {
	if id := w.Rig.options.World; id != "" {
		var all []WorldMade
		if err := d.call(w.ctx, http.MethodGet, "/worlds", nil, &all); err != nil {
			return made, true, err
		}
		for _, made = range all {
			if made.ID == id {
				return made, true, nil
			}
		}
		return made, true, fmt.Errorf("control door: it has no world %s", id)
	}
	in := NewWorld{Seed: uint64(w.Seed), Defects: w.Rig.rules.atHost, Lean: w.lean, Speech: w.speech}
	return made, false, d.call(w.ctx, http.MethodPost, "/worlds", in, &made)
}

func (s *servedSeat) dialer(*World) dialer     { return s.dial }
func (s *servedSeat) control() (Control, bool) { return s.door, true }

// close takes the world away; the server may be gone already.
func (s *servedSeat) close() {
	defer s.door.client.CloseIdleConnections()
	if s.lent {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	_ = s.door.call(ctx, http.MethodDelete, s.door.world, nil, nil)
}

func (s *servedSeat) protect() error {
	var p Protected
	if err := s.door.call(s.dial.ctx, http.MethodPost, s.door.world+"/tls", nil, &p); err != nil {
		return err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(p.CA)) {
		return fmt.Errorf("control door: its certificate authority is not PEM")
	}
	s.dial.address.Addr = p.Address
	s.dial.address.TLS = &tls.Config{RootCAs: roots, ServerName: "acquirer.test", MinVersion: tls.VersionTLS12}
	return nil
}

// door is a Control over HTTP.
type door struct {
	client      *http.Client
	base, world string
}

// Seed implements Control.
func (d *door) Seed(ctx context.Context, s Seeds) (out Seeded, err error) {
	return out, d.call(ctx, http.MethodPost, d.world+"/seeds", s, &out)
}

// Arrange implements Control.
func (d *door) Arrange(ctx context.Context, a Arrangement) error {
	return d.call(ctx, http.MethodPost, d.world+"/arrangements", a, nil)
}

// PayerCode implements Control.
func (d *door) PayerCode(ctx context.Context, card string) (out CodeGiven, err error) {
	return out, d.call(ctx, http.MethodPost, d.world+"/payer-codes", codeWanted{card}, &out)
}

// OpenWallets implements Control.
func (d *door) OpenWallets(ctx context.Context, in WalletsWanted) (out WalletsMade, err error) {
	return out, d.call(ctx, http.MethodPost, d.world+"/wallets", in, &out)
}

// OpenOffice implements Control.
func (d *door) OpenOffice(ctx context.Context, in OfficeWanted) (out OfficeMade, err error) {
	return out, d.call(ctx, http.MethodPost, d.world+"/office", in, &out)
}

// Look implements Control.
func (d *door) Look(ctx context.Context) (out State, err error) {
	return out, d.call(ctx, http.MethodGet, d.world+"/state", nil, &out)
}

func (d *door) call(ctx context.Context, method, path string, in, out any) error {
	var sent io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("control door: %s %s: %w", method, path, err)
		}
		sent = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, d.base+path, sent)
	if err != nil {
		return fmt.Errorf("control door: %w", err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := d.client.Do(req)
	if err != nil {
		return fmt.Errorf("control door: %w: is `tillproof serve` running there?", err)
	}
	defer res.Body.Close()
	if res.StatusCode >= 300 {
		var e struct{ Error string }
		_ = json.NewDecoder(io.LimitReader(res.Body, 1<<16)).Decode(&e) // without words the status must do
		return fmt.Errorf("control door: %s %s: %s: %s", method, path, res.Status, e.Error)
	}
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		return fmt.Errorf("control door: %s %s: the answer is not JSON as expected: %w", method, path, err)
	}
	return nil
}
