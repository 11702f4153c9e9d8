package rig

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// switchSeat is a switch under test between our tills and our issuer: of the switch its lines are known, of the issuer all.
type switchSeat struct {
	*remoteSeat
	bank
	zone   *zone
	world  *World
	cancel context.CancelFunc
	ended  chan struct{}
	tills  map[string]bool // their numbers; the zone's lock guards them

	// In the issuer's loop.
	cut   bool // the line to the issuer is down
	lines []scriptLine
	seen  map[pay.Flow]int

	heard atomic.Int64 // when something last crossed the line, Unix nanoseconds
}

func switchSeats(w *World) (seats, error) {
	p, z := w.Rig.Profile, w.Rig.zone
	if err := z.meet(w.ctx); err != nil {
		return nil, fmt.Errorf("profile %s: %w", p.Name, err)
	}
	parts, err := p.Issuer.ZPK.parts()
	if err != nil {
		return nil, p.mistake("$.issuer.zpk", "%v", err)
	}
	box, err := issuerKeys(w.Seed, "issuer/hsm", w.Rig.cvkOf(w.Seed), w.Rig.cardKeys, namedKey{issuer.KeyZPK, p.Issuer.ZPK.algorithm(), parts})
	if err != nil {
		return nil, err
	}
	s := &switchSeat{remoteSeat: remoteSeats(w).(*remoteSeat), zone: z, world: w, ended: make(chan struct{}), tills: map[string]bool{}, seen: map[pay.Flow]int{}}
	var store journal.Store // none where nothing is kept
	if !w.lean {
		store = journal.NewMemory()
	}
	loop := sim.NewReal()
	s.bank = bank{loop: loop, life: &life{loop: loop}, network: &network{dialect: p.Issuer.dialect}, trace: w.Trace, seed: w.Seed, stores: []journal.Store{store}}
	s.issuer, err = issuer.New(issuer.Config{Dialect: p.Issuer.dialect, HSM: box, Rules: w.Rig.rules.issuer, Store: store, Trace: w.Trace, Seal: z.seal})
	if err != nil {
		return nil, err
	}
	s.network.issuer = s.issuer
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(w.ctx)
	go func() {
		defer close(s.ended)
		_ = s.loop.Run(ctx, nil) // it ends with close
	}()
	z.mu.Lock()
	z.seats = append(z.seats, s)
	z.mu.Unlock()
	return s, nil
}

func (s *switchSeat) control() (Control, bool) { return s, true }

func (s *switchSeat) close() {
	s.zone.mu.Lock()
	s.zone.seats = slices.DeleteFunc(s.zone.seats, func(other *switchSeat) bool { return other == s })
	s.zone.mu.Unlock()
	s.cancel()
	<-s.ended
}

// behindSwitch gives the seat of a world whose tills reach our issuer by a switch under test.
func (w *World) behindSwitch() (*switchSeat, bool) {
	s, ok := w.seats.(*switchSeat)
	return s, ok
}

// asked serves a request of the switch, in the loop that is given.
func (s *switchSeat) asked(l *zoneLine, m *iso8583.Message, came time.Time) {
	s.heard.Store(came.UnixNano())
	if s.cut {
		return
	}
	out := &zoneOut{seat: s, line: l, terminal: m.Get(iso8583.Terminal), came: came}
	now := s.loop.Now()
	if !s.zone.proven(m) {
		s.noted(trace.Received, m)
		s.world.Trace.Record(traceTrouble(now, "issuer", "mac", fmt.Errorf("the MAC of %s is wrong", m.MTI())))
		reply := s.zone.issuer.dialect.NewAnswer(m)
		reply.Set(iso8583.AnswerCode, string(pay.AnswerA0BadMAC))
		if err := s.zone.seal(reply); err == nil {
			s.noted(trace.Sent, reply)
			out.Send(reply)
		}
		return
	}
	s.dictate(m)
	s.network.Serve(now, m, out)
}

// dictate has the issuer decline what the scenario wants declined.
func (s *switchSeat) dictate(m *iso8583.Message) {
	spec, answer, ok := s.zone.issuer.dialect.Identify(m)
	if !ok || answer {
		return
	}
	s.seen[spec.Flow]++
	for _, line := range s.lines {
		if line.flow == spec.Flow && (line.nth == 0 || line.nth == s.seen[spec.Flow]) {
			s.issuer.AnswerNext(line.answer)
		}
	}
}

// zoneOut takes the issuer's answers to the line that asked.
type zoneOut struct {
	seat     *switchSeat
	line     *zoneLine
	terminal string
	came     time.Time // the request
}

// Send implements iso8583.Outbox.
func (o *zoneOut) Send(m *iso8583.Message) {
	o.seat.zone.spend(o.terminal, time.Since(o.came)) // before the switch can hear of it
	if err := o.line.write(m); err != nil {
		o.seat.world.Trace.Record(traceTrouble(o.seat.loop.Now(), "issuer", "line", err))
	}
	o.seat.heard.Store(time.Now().UnixNano())
}

// After implements iso8583.Outbox.
func (o *zoneOut) After(d time.Duration, call func(time.Time)) {
	o.seat.loop.After(d, func() { call(o.seat.loop.Now()) })
}

// noted records a message on the issuer's line that the issuer itself does not see.
func (s *switchSeat) noted(kind trace.Kind, m *iso8583.Message) {
	if s.world.Trace == nil {
		return
	}
	name := m.MTI()
	if spec, _, ok := s.zone.issuer.dialect.Identify(m); ok {
		name = string(spec.Flow)
	}
	e := trace.Event{At: s.loop.Now(), Party: "issuer", Kind: kind, Peer: "acquirer", Name: name}
	e.Frame, e.Fields = s.zone.issuer.dialect.Trace(m)
	s.world.Trace.Record(e)
}

// inBank runs f in the issuer's loop.
func inBank[T any](ctx context.Context, s *switchSeat, f func() (T, error)) (out T, err error) {
	type result struct {
		out T
		err error
	}
	done := make(chan result, 1)
	s.loop.Post(func() {
		out, err := f()
		done <- result{out, err}
	})
	select {
	case r := <-done:
		return r.out, r.err
	case <-s.ended:
		return out, errClosed
	case <-ctx.Done():
		return out, ctx.Err()
	}
}

// Seed implements Control: the cards are ours; merchants and terminals are the switch's, which has them.
func (s *switchSeat) Seed(ctx context.Context, all Seeds) (Seeded, error) {
	s.zone.mu.Lock()
	for _, t := range all.Terminals {
		s.tills[t.Number] = true
	}
	s.zone.mu.Unlock()
	return inBank(ctx, s, func() (Seeded, error) {
		for _, c := range all.Cards {
			if err := s.addCard(c); err != nil {
				return Seeded{}, err
			}
		}
		return Seeded{}, nil
	})
}

// Arrange implements Control.
func (s *switchSeat) Arrange(ctx context.Context, a Arrangement) error {
	do := func() error {
		return lacks("a switch under test is not arranged: only our issuer behind it, and the line between them")
	}
	switch {
	case a.Terminal != "" || a.Merchant != "": // the switch's
	case a.Party == "issuer" && a.Card != "":
		do = func() error { return s.arrangeCard(a) }
	case a.Party == "issuer" && a.Script != nil:
		do = func() error { return s.playScript(a.Script) }
	case a.Party == "issuer":
		do = func() error { return s.arrangeIssuer(a) }
	case a.Condition == ConditionNoIssuer, a.Condition == ConditionNormal:
		do = func() error {
			s.cut, s.lines = a.Condition == ConditionNoIssuer, nil
			return nil
		}
	case a.Condition == ConditionAnswers:
		do = func() error { return s.answers(a) }
	}
	_, err := inBank(ctx, s, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

// answers has the issuer give the code that the host is to answer with: a switch passes it on.
func (s *switchSeat) answers(a Arrangement) error {
	x, flow := s.zone.issuer.dialect, a.Flow
	if _, ok := x.Transaction(flow); !ok {
		flow = flow.Kind()
	}
	known := slices.ContainsFunc(x.Answers(), func(r iso8583.AnswerRule) bool { return r.Code == a.Answer && r.Category != iso8583.CategoryApproved })
	if spec, ok := x.Transaction(flow); !ok || spec.Request[1] == networkClass || flow == pay.Reversal || !known {
		return lacks(fmt.Sprintf("our issuer behind the switch does not answer %s to a %s", a.Answer, a.Flow))
	}
	s.lines = append(s.lines, scriptLine{flow, a.Nth, a.Answer})
	return nil
}

// PayerCode implements Control.
func (s *switchSeat) PayerCode(ctx context.Context, card string) (CodeGiven, error) {
	return inBank(ctx, s, func() (CodeGiven, error) { return s.bank.PayerCode(ctx, card) })
}

// OpenWallets implements Control.
func (s *switchSeat) OpenWallets(context.Context, WalletsWanted) (WalletsMade, error) {
	return WalletsMade{}, lacks("a switch under test has no wallets of ours behind it")
}

// OpenOffice implements Control.
func (s *switchSeat) OpenOffice(context.Context, OfficeWanted) (OfficeMade, error) {
	return OfficeMade{}, lacks("a switch under test keeps its merchants' books itself")
}

// Look implements Control.
func (s *switchSeat) Look(ctx context.Context) (State, error) {
	return inBank(ctx, s, func() (State, error) {
		state := State{Balances: map[string]Holding{}, Consulted: s.trace.Consulted()}
		return state, s.look(&state)
	})
}

// stillness is how long nothing may cross the issuer's line before an act counts as over: a switch may tell the issuer after it has answered.
const stillness = 50 * time.Millisecond

// rest waits until the issuer's line is still.
func (s *switchSeat) rest(ctx context.Context) error {
	for {
		still := stillness - time.Since(time.Unix(0, s.heard.Load()))
		if still <= 0 {
			return nil
		}
		over := false
		timer := s.world.Loop.After(still, func() { over = true })
		err := s.world.Loop.Run(ctx, func() bool { return over })
		timer.Stop()
		if err != nil {
			return err
		}
	}
}

// agree judges the money, and gives the switch time to get it right.
func (s *switchSeat) agree(judge func() ([]audit.Break, error)) ([]audit.Break, error) {
	for until := time.Now().Add(s.zone.issuer.settles); ; {
		breaks, err := judge()
		if err != nil || len(breaks) == 0 || time.Now().After(until) {
			return breaks, err
		}
		over := false
		timer := s.world.Loop.After(stillness, func() { over = true })
		err = s.world.Loop.Run(s.world.ctx, func() bool { return over })
		timer.Stop()
		if err != nil {
			return breaks, err
		}
	}
}
