package rig

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// ProfileIssuer is our issuer behind a switch under test: where they meet, how they speak, and the keys of their zone.
type ProfileIssuer struct {
	Dialect string      `yaml:"dialect"` // a shipped name or the path of a dialect file
	Listen  string      `yaml:"listen"`  // where the switch dials in
	Address string      `yaml:"address"` // in place of listen: where our issuer dials the switch
	TLS     *TLSFiles   `yaml:"tls"`
	ZPK     ProfileKey  `yaml:"zpk"`     // PINs come under it
	MAK     *ProfileKey `yaml:"mak"`     // where the dialect has MACs
	SignOn  bool        `yaml:"sign_on"` // our issuer signs on when a line is up
	Settles string      `yaml:"settles"` // how long after a scenario the switch may take to set the issuer's books right; 5s when absent

	dialect *iso8583.Dialect
	tls     *tls.Config
	settles time.Duration
}

// usualSettling is how long a switch may take to tell the issuer again what that has not answered.
const usualSettling = 5 * time.Second

// load reads what the section names.
func (i *ProfileIssuer) load(p *Profile) (err error) {
	if i.Dialect == "" {
		return p.mistake("$.issuer", "names no dialect: add `dialect: issuer-network` or the path of a dialect file")
	}
	if i.dialect, err = p.readDialect("$.issuer.dialect", i.Dialect); err != nil {
		return err
	}
	if i.settles, err = time.ParseDuration(cmp.Or(i.Settles, usualSettling.String())); err != nil || i.settles < 0 {
		return p.mistake("$.issuer.settles", "%q: want a time such as 5s", i.Settles)
	}
	i.tls, err = p.readTLS("$.issuer.tls", i.TLS, i.Listen != "")
	return err
}

func (p *Profile) checkSwitch() error {
	if p.Issuer == nil {
		return p.mistake("$.seat", "behind a switch is an issuer of ours: say in `issuer` how the switch reaches it")
	}
	i := p.Issuer
	all := []error{p.checkPlaces(places{"$.issuer", i.Address, i.Listen, i.tls})}
	if len(i.ZPK.Components) == 0 {
		all = append(all, p.mistake("$.issuer", "want zpk: the key under which the switch sends PINs"))
	} else {
		all = append(all, p.checkKey("$.issuer.zpk", i.ZPK, hsm.TDES2, hsm.TDES3))
	}
	switch macs := i.dialect.Security.MAC != "none"; {
	case macs && i.MAK == nil:
		all = append(all, p.mistake("$.issuer", "dialect %s has MACs: want mak", i.dialect.Name))
	case !macs && i.MAK != nil:
		all = append(all, p.mistake("$.issuer.mak", "dialect %s has no MACs", i.dialect.Name))
	case macs:
		all = append(all, p.checkKey("$.issuer.mak", *i.MAK, hsm.TDES2, hsm.TDES3))
	}
	if len(p.Pool) > 0 && !i.dialect.Carries(pay.Sale, iso8583.Terminal) {
		all = append(all, p.mistake("$.pool", "the sale of dialect %s carries no terminal number: our issuer could not tell scenarios apart that run at once", i.dialect.Name))
	}
	if !i.dialect.Carries(pay.Sale, iso8583.RRN) {
		all = append(all, p.mistake("$.issuer.dialect", "our issuer knows a payment by its rrn: the sale of dialect %s carries none", i.dialect.Name))
	}
	return errors.Join(all...)
}

// zone is our issuer's side of the line to a switch under test, while a run lasts. Each scenario has an issuer of its own, with books that begin anew:
// the terminal's number in a request tells whose it is. What acts on a payment goes where the payment went.
type zone struct {
	issuer   *ProfileIssuer
	box      *hsm.HSM // has the line's MAC key
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	group    sync.WaitGroup

	mu      sync.Mutex
	up      chan struct{} // is closed while a line is up
	lines   map[*zoneLine]bool
	seats   []*switchSeat
	took    map[string]*switchSeat   // by the RRN of what it took
	times   map[string]time.Duration // that our issuer took, by terminal number, since spent last asked
	lastErr error                    // of dialling
	trace   int                      // number of our own requests
}

// Names of the keys of the zone.
const keyZoneMAC = "ZONE/MAK"

func openZone(p *Profile) (*zone, error) {
	i := p.Issuer
	z := &zone{issuer: i, box: hsm.New(sim.Seed(0).Reader("zone")), up: make(chan struct{}), lines: map[*zoneLine]bool{}, took: map[string]*switchSeat{}, times: map[string]time.Duration{}}
	if i.MAK != nil {
		parts, err := i.MAK.parts()
		if err == nil {
			_, err = z.box.Import(keyZoneMAC, i.MAK.algorithm(), parts...)
		}
		if err != nil {
			return nil, p.mistake("$.issuer.mak", "%v", err)
		}
	}
	z.ctx, z.cancel = context.WithCancel(context.Background())
	if i.Listen == "" {
		z.group.Go(z.dial)
		return z, nil
	}
	var err error
	if z.listener, err = wire.Listen(i.Listen, i.tls); err != nil {
		z.cancel()
		return nil, p.mistake("$.issuer.listen", "%v", err)
	}
	z.group.Go(z.accept)
	return z, nil
}

func (z *zone) close() {
	z.cancel()
	if z.listener != nil {
		_ = z.listener.Close()
	}
	z.mu.Lock()
	for l := range z.lines {
		_ = l.conn.Close()
	}
	z.mu.Unlock()
	z.group.Wait()
}

func (z *zone) accept() {
	for {
		conn, err := z.listener.Accept()
		if err != nil {
			return // it is closed
		}
		z.group.Go(func() { z.serve(conn) })
	}
}

// redial is how long our issuer waits before it dials again.
const redial = 200 * time.Millisecond

// dial keeps one line to the switch.
func (z *zone) dial() {
	for z.ctx.Err() == nil {
		conn, err := wire.Dial(z.ctx, wire.Address{Addr: z.issuer.Address, TLS: z.issuer.tls, ConnectTimeout: z.issuer.dialect.Timers.Connect})
		z.mu.Lock()
		z.lastErr = err
		z.mu.Unlock()
		if err == nil {
			z.serve(conn)
		}
		select {
		case <-z.ctx.Done():
		case <-time.After(redial):
		}
	}
}

// meet waits until a line is up.
func (z *zone) meet(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(z.issuer.dialect.Timers.Connect, patience))
	defer cancel()
	z.mu.Lock()
	up := z.up
	z.mu.Unlock()
	select {
	case <-up:
		return nil
	case <-ctx.Done():
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	switch {
	case z.listener != nil:
		return fmt.Errorf("our issuer waits at %s: the switch has not dialled in: %w", z.listener.Addr(), wire.Classify(ctx.Err()))
	case z.lastErr != nil:
		return fmt.Errorf("our issuer reaches no switch: %w", z.lastErr)
	}
	return errors.New("our issuer has dialled, and the switch does not answer its sign-on")
}

func (z *zone) comes(l *zoneLine) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if !l.open {
		l.open = true
		z.count(1)
	}
}

func (z *zone) goes(l *zoneLine) {
	_ = l.conn.Close()
	z.mu.Lock()
	defer z.mu.Unlock()
	delete(z.lines, l)
	if l.open {
		z.count(-1)
	}
}

// count holds up to the number of open lines.
func (z *zone) count(n int) {
	open := 0
	for l := range z.lines {
		if l.open {
			open++
		}
	}
	switch {
	case n > 0 && open == 1:
		close(z.up)
	case n < 0 && open == 0:
		z.up = make(chan struct{})
	}
}

// zoneLine is one connection between the switch and our issuer.
type zoneLine struct {
	zone   *zone
	conn   net.Conn
	framer wire.Framer
	open   bool // it may be used: signed on, where that is wanted

	writing sync.Mutex
}

// serve reads a line until it ends.
func (z *zone) serve(conn net.Conn) {
	framer, err := z.issuer.dialect.Framing.ServerFramer()
	if err != nil {
		_ = conn.Close()
		return
	}
	l := &zoneLine{zone: z, conn: conn, framer: framer}
	z.mu.Lock()
	z.lines[l] = true
	ended := z.ctx.Err() != nil // close has passed over the lines already
	z.mu.Unlock()
	defer z.goes(l)
	if ended {
		return
	}
	if z.issuer.SignOn {
		z.tellAll("sign-on", l.signOn())
	} else {
		z.comes(l)
	}
	inbox := wire.NewInbox(framer)
	read(conn, func(b []byte) {
		inbox.Add(b)
		for {
			frame, ok, err := inbox.Next()
			if err != nil {
				z.tellAll("framing", err)
				_ = conn.Close()
			}
			if err != nil || !ok {
				return
			}
			if len(frame) > 0 {
				z.take(l, frame)
			}
		}
	}, func(error) {})
}

// write sends what the switch is to hear.
func (l *zoneLine) write(m *iso8583.Message) error {
	b, err := l.framer.Append(nil, m.Frame())
	if err != nil {
		return err
	}
	l.writing.Lock()
	defer l.writing.Unlock()
	_, err = l.conn.Write(b) // a switch that has gone hears nothing
	return err
}

// signOn says that our issuer is there. Who dials in the trade says so, or who listens: the profile knows.
func (l *zoneLine) signOn() error {
	x := l.zone.issuer.dialect
	m := x.NewRequest(pay.SignIn)
	at := time.Now().In(sim.Zone).Format("0102150405")
	l.zone.mu.Lock()
	l.zone.trace = l.zone.trace%lastTrace + 1
	number := l.zone.trace
	l.zone.mu.Unlock()
	for e, v := range map[iso8583.Element]string{iso8583.TransmissionTime: at, iso8583.LocalTime: at[4:], iso8583.LocalDate: at[:4], iso8583.Trace: pay.DigitsOf(int64(number), 6)} {
		if x.Carries(pay.SignIn, e) {
			m.Set(e, v)
		}
	}
	if err := l.zone.seal(m); err != nil {
		return err
	}
	return l.write(m)
}

// seal encodes a message, with its MAC where its flow has one.
func (z *zone) seal(m *iso8583.Message) error {
	x := z.issuer.dialect
	var mac iso8583.MACFunc
	if spec, _, ok := x.Identify(m); ok && spec.MAC && z.box.Has(keyZoneMAC) {
		mac = func(input []byte) ([]byte, error) {
			return z.box.MAC(keyZoneMAC, hsm.MACAlgorithm(x.Security.MAC), input)
		}
	}
	_, err := x.Seal(nil, m, mac)
	return err
}

// proven tells that a message has the MAC that its flow wants.
func (z *zone) proven(m *iso8583.Message) bool {
	x := z.issuer.dialect
	if spec, _, ok := x.Identify(m); !ok || !spec.MAC || !z.box.Has(keyZoneMAC) {
		return true
	}
	input, mac := x.MACInput(m)
	ok, err := z.box.VerifyMAC(keyZoneMAC, hsm.MACAlgorithm(x.Security.MAC), input, mac)
	return err == nil && ok
}

// networkClass is the class of network management messages, the second digit of the MTI (ISO 8583, 5.1).
const networkClass = '8'

// take gives a message to whom it is for.
func (z *zone) take(l *zoneLine, frame []byte) {
	x, came := z.issuer.dialect, time.Now()
	m := x.New()
	if err := x.Decode(m, frame); err != nil {
		z.tellAll("unreadable", err)
		return
	}
	if mti := m.MTI(); len(mti) == 4 && mti[1] == networkClass {
		z.manage(l, m)
		return
	}
	seat, loop := z.seatOf(m)
	if seat == nil {
		return // no scenario is there: who asks will ask again, or take it back
	}
	loop.Post(func() { seat.asked(l, m, came) })
}

// manage answers a network management message, and hears the answer to our own.
func (z *zone) manage(l *zoneLine, m *iso8583.Message) {
	x := z.issuer.dialect
	spec, answer, known := x.Identify(m)
	z.each(func(s *switchSeat) { s.noted(trace.Received, m) })
	switch {
	case answer && known && spec.Flow == pay.SignIn && m.Get(iso8583.AnswerCode) == string(pay.Answer00Approved):
		z.comes(l)
		return
	case answer:
		z.tellAll("sign-on", fmt.Errorf("the switch answers %q to our sign-on", m.Get(iso8583.AnswerCode)))
		return
	}
	reply, code := x.NewAnswer(m), pay.Answer00Approved
	if !known {
		code = pay.Answer12Invalid
	}
	at := time.Now().In(sim.Zone).Format("0102150405")
	for e, v := range map[iso8583.Element]string{iso8583.AnswerCode: string(code), iso8583.LocalTime: at[4:], iso8583.LocalDate: at[:4]} {
		if !known || x.AnswerCarries(spec.Flow, e) {
			reply.Set(e, v)
		}
	}
	err := z.seal(reply)
	if err == nil {
		err = l.write(reply)
	}
	z.each(func(s *switchSeat) { s.noted(trace.Sent, reply) })
	z.tellAll("answer", err)
}

// seatOf finds the scenario whose payment a request is about, and the loop in which it is served: its own while it lasts.
func (z *zone) seatOf(m *iso8583.Message) (*switchSeat, *sim.Loop) {
	number, rrn := m.Get(iso8583.Terminal), cmp.Or(m.Get(iso8583.OriginalRRN), m.Get(iso8583.RRN))
	z.mu.Lock()
	defer z.mu.Unlock()
	if len(z.seats) == 0 {
		return nil, nil
	}
	here := z.seats[len(z.seats)-1]
	if i := slices.IndexFunc(z.seats, func(s *switchSeat) bool { return s.tills[number] }); i >= 0 {
		here = z.seats[i]
	}
	took, known := z.took[rrn]
	switch {
	case !known:
		took = here
		if !here.world.lean && rrn != "" {
			z.took[rrn] = here
		}
	case slices.Contains(z.seats, took):
		here = took
	}
	return took, here.loop
}

// spent gives what our issuer has taken of a terminal's time since it was last asked.
func (z *zone) spent(terminal string) time.Duration {
	z.mu.Lock()
	defer z.mu.Unlock()
	took := z.times[terminal]
	delete(z.times, terminal)
	return took
}

func (z *zone) spend(terminal string, took time.Duration) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.times[terminal] += took
}

// each calls f for each scenario that is there.
func (z *zone) each(f func(*switchSeat)) {
	z.mu.Lock()
	seats := slices.Clone(z.seats)
	z.mu.Unlock()
	for _, s := range seats {
		f(s)
	}
}

// tellAll puts what went wrong on the line into the record of each scenario that is there.
func (z *zone) tellAll(name string, err error) {
	if err != nil {
		z.each(func(s *switchSeat) { s.world.Trace.Record(traceTrouble(time.Now(), "issuer", name, err)) })
	}
}
