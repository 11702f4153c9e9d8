package rig

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// Finding is what the doctor found in one place, in the order of a till's first minute.
type Finding struct {
	Check  string // profile, dialect, issuer (behind a switch), terminal, address, echo, sign-in, keys, clock, mac
	State  Health
	Blame  Blame  // who is to do something; "" unless State is Ill
	Text   string // what was found
	Advice string // what to do; "" when nothing is to be done
}

// Health is the result of one check.
type Health string

// The results.
const (
	Well    Health = "ok"
	Ill     Health = "WRONG"
	Skipped Health = "skipped"
)

// Blame says on which side the remedy most likely lies.
type Blame string

// The sides.
const (
	BlameHost    Blame = "host"
	BlameProfile Blame = "profile" // or its dialect, or this machine
)

// DoctorOptions say what to examine.
type DoctorOptions struct {
	Profile string        // shipped name or file
	Till    string        // label of the terminal to use; "" is the profile's first
	State   string        // state file of trace numbers, as in Options
	Wait    time.Duration // the longest to wait for a connection and for an answer
	Seed    sim.Seed

	Environment Environment // where keys of the profile may be; nil is none
}

// Examine goes the way of a till's first minute, from the profile to a proven MAC, and tells each finding as soon as it is
// there. What cannot be looked at, since something before it is wrong, is told as skipped. On a remote host no money moves,
// but the terminal is signed in: it gets new working keys.
func Examine(ctx context.Context, o DoctorOptions, tell func(Finding)) {
	if o.Environment == nil {
		o.Environment = noEnvironment
	}
	d := &doctor{DoctorOptions: o, ctx: ctx}
	defer d.close()
	missing := ""
	for _, c := range []struct {
		name  string
		look  func() Finding
		needs bool // the checks behind it make no sense without it
	}{
		{"profile", d.readProfile, true},
		{"dialect", d.describeDialect, true},
		{"issuer", d.meetIssuer, true},
		{"terminal", d.seatTill, true},
		{"address", d.connect, true},
		{"echo", d.echo, false},
		{"sign-in", d.signIn, true},
		{"keys", d.judgeKeys, true},
		{"clock", d.judgeClock, false},
		{"mac", d.proveMAC, false},
	} {
		f := skipped("not tried: " + missing + " comes first")
		if missing == "" {
			f = c.look()
		}
		if f.State == "" {
			continue // not of this seat
		}
		f.Check = c.name
		if f.State == Ill && c.needs && missing == "" {
			missing = c.name
		}
		tell(f)
	}
}

// doctor is an examination under way.
type doctor struct {
	DoctorOptions
	ctx     context.Context
	profile *Profile
	rig     *Rig
	world   *World
	till    *Till
	signed  visit // the sign-in

	container *Container // nil for another seat
}

func well(format string, args ...any) Finding {
	return Finding{State: Well, Text: fmt.Sprintf(format, args...)}
}

func skipped(text string) Finding { return Finding{State: Skipped, Text: text} }

func ill(b Blame, text, advice string) Finding {
	return Finding{State: Ill, Blame: b, Text: text, Advice: advice}
}

func (d *doctor) close() {
	if d.world != nil {
		d.world.Close()
	}
	if d.rig != nil {
		_ = d.rig.Close() // what it holds goes with the process at the latest
	}
	if d.container != nil {
		_ = d.container.Close() // Docker stops it in the end
	}
}

// readProfile also lets no wait be longer than the doctor's.
func (d *doctor) readProfile() Finding {
	p, err := LoadProfileIn(d.Environment, d.DoctorOptions.Profile)
	if err != nil {
		return ill(BlameProfile, err.Error(), "correct the line that is named; `tillproof run --dry-run --profile FILE` checks it again")
	}
	limits := map[string]string{}
	if p.dialect.Timers.Answer > d.Wait {
		limits["answer"] = d.Wait.String()
	}
	if p.dialect.Timers.Connect > d.Wait {
		limits["connect"] = d.Wait.String()
	}
	if p.dialect, err = p.dialect.With(limits); err != nil {
		return ill(BlameProfile, err.Error(), "")
	}
	d.profile = p
	if p.Seat == SeatTerminal {
		return ill(BlameProfile, p.Name+": the terminal is under test, and the host is ours: there is no host to examine", "`tillproof run` with this profile waits for the terminal")
	}
	if p.Seat == SeatContainer {
		if d.container, err = StartContainer(d.ctx, p, io.Discard); err != nil {
			return ill(BlameProfile, err.Error(), "")
		}
		d.profile = d.container.Profile
		return well("%s: a host in a container of %s at %s, terminals %s", p.Name, p.Container.Image, d.profile.Address, strings.Join(labels(p), ", "))
	}
	if p.Seat == SeatSwitch {
		return well("%s: a switch at %s between our tills and our issuer, terminals %s", p.Name, cmp.Or(p.Address, p.Listen), strings.Join(labels(p), ", "))
	}
	if p.Seat == SeatRemote {
		return well("%s: a remote host at %s, terminals %s", p.Name, cmp.Or(p.Address, p.Listen), strings.Join(labels(p), ", "))
	}
	return well("%s: the embedded reference acquirer", p.Name)
}

func labels(p *Profile) (all []string) {
	for _, t := range p.Terminals {
		all = append(all, t.Label)
	}
	return all
}

func (d *doctor) describeDialect() Finding {
	x := d.profile.dialect
	parts := []string{"length " + x.Framing.Length}
	if x.Framing.TPDU != "" {
		parts = append(parts, "TPDU "+x.Framing.TPDU)
	}
	if x.Framing.HTTP {
		parts = append(parts, "HTTP")
	}
	parts = append(parts, "MAC "+x.Security.MAC, string(x.Connection))
	if _, ok := x.Transaction(pay.SignIn); !ok {
		return ill(BlameProfile, x.Name+" has no sign-in", "add the transaction sign-in to the dialect file, see fixtures/dialects/README.md")
	}
	return well("%s: %s", x.Name, strings.Join(parts, ", "))
}

// seatTill seats the terminal with its keys; nothing is sent yet.
func (d *doctor) seatTill() Finding {
	name, p := d.Till, d.profile
	if name == "" {
		name = "T1"
		if len(p.Terminals) > 0 {
			name = p.Terminals[0].Label
		}
	}
	if err := d.seat(name); err != nil {
		return ill(BlameProfile, err.Error(), "")
	}
	key := terminal.MasterKey(p.dialect)
	kcv, err := d.till.config.HSM.KCV(key)
	if err != nil {
		return ill(BlameProfile, err.Error(), "add tmk.components to the terminal")
	}
	if key == terminal.KeyTMK {
		key = "master key"
	}
	return well("%s: terminal %s of merchant %s, %s KCV %s", name, d.till.config.Number, d.till.config.Merchant, key, kcv)
}

// meetIssuer waits for the line between a switch under test and our issuer.
func (d *doctor) meetIssuer() Finding {
	i := d.profile.Issuer
	if i == nil {
		return Finding{}
	}
	if err := d.open(); err != nil {
		return ill(BlameProfile, err.Error(), "")
	}
	advice := "start the switch, and have it dial that address"
	if i.Listen == "" {
		advice = "start the switch; if it listens elsewhere, correct issuer.address; if it wants no sign-on, leave out issuer.sign_on"
	}
	limited, cancel := context.WithTimeout(d.ctx, d.Wait)
	defer cancel()
	if err := d.rig.zone.meet(limited); err != nil {
		return ill(BlameHost, err.Error(), advice)
	}
	parts, err := i.ZPK.parts()
	if err != nil {
		return ill(BlameProfile, err.Error(), "")
	}
	kcv, err := hsm.New(d.Seed.Reader("doctor")).Import("ZPK", i.ZPK.algorithm(), parts...)
	if err != nil {
		return ill(BlameProfile, err.Error(), "")
	}
	return well("the switch and our issuer have a line at %s, dialect %s; zone PIN key KCV %s", cmp.Or(i.Listen, i.Address), i.dialect.Name, kcv)
}

func (d *doctor) open() (err error) {
	if d.rig == nil {
		d.rig, err = New(Options{Profile: d.profile, Line: LineSocket, State: d.State})
	}
	return err
}

func (d *doctor) seat(till string) error {
	err := d.open()
	if err != nil {
		return err
	}
	if d.world, err = d.rig.World(d.ctx, d.Seed, ""); err != nil {
		return err
	}
	d.till, err = d.world.Till(till)
	return err
}

// connect opens a connection of its own, with TLS where the profile says so, and closes it again.
func (d *doctor) connect() Finding {
	line, ok := d.world.seats.dialer(d.world).(*socketDialer)
	if !ok {
		return skipped("the line is no socket")
	}
	conn, err := line.connect(d.ctx, line.address)
	if err != nil {
		f := wire.FaultOf(err)
		a := adviceOnFault(f)
		if line.door != nil && f == wire.Timeout {
			return ill(BlameHost, "nobody has dialled in at "+d.profile.Listen, "have the host call this address, and look for what stands between")
		}
		return ill(a.blame, fmt.Sprintf("%s: %s", line.address.Addr, f.Text()), a.text)
	}
	_ = conn.Close()
	if line.door != nil {
		return well("the host dials in at %s", d.profile.Listen)
	}
	if line.address.TLS != nil {
		return well("%s takes connections, and its certificate is good", line.address.Addr)
	}
	return well("%s takes connections", line.address.Addr)
}

// visit is one order at the till and what came of it.
type visit struct {
	ending   terminal.Ending
	words    string // the screen that told it
	troubles []trace.Event
	answer   *Crossing // the last one, nil when none could be read
	err      error     // of this machine
}

// order presses a key of the till and waits for the end.
func (d *doctor) order(f pay.Flow) visit {
	t, w := d.till, d.world
	events, endings, screens, wires := len(w.Trace.Events()), len(t.Endings), len(t.Screens), len(w.Wire)
	ctx, cancel := context.WithTimeout(d.ctx, 3*d.Wait+patience)
	defer cancel()
	t.do(terminal.Event{Kind: terminal.Choose, Flow: f})
	err := w.Loop.Run(ctx, func() bool { return w.broken != nil || t.resting() })
	v := visit{err: errors.Join(w.broken, err)}
	if len(t.Endings) > endings {
		v.ending = t.Endings[endings]
	} else if v.err == nil {
		v.err = errors.New("the till came to no end")
	}
	for _, s := range t.Screens[screens:] {
		if s.ID == v.ending.Screen {
			v.words = w.Rig.Screen(s)
		}
	}
	for _, e := range w.Trace.Events()[events:] {
		if e.Kind == trace.Trouble && e.Party == t.Name {
			v.troubles = append(v.troubles, e)
		}
	}
	for _, c := range w.Wire[wires:] {
		if c.Answer && c.Message != nil {
			v.answer = c
		}
	}
	return v
}

// judge says what is wrong with an order that did not end as it should.
func (v visit) judge(d *iso8583.Dialect) Finding {
	switch {
	case v.err != nil:
		return ill(BlameProfile, v.err.Error(), "")
	case v.ending.Kind == terminal.Declined:
		a := adviceOnAnswer(d.Answer(v.ending.Answer))
		return ill(a.blame, fmt.Sprintf("the host answers %s: %s", v.ending.Answer, v.words), a.text)
	case len(v.troubles) > 0:
		last := v.troubles[len(v.troubles)-1]
		a := adviceOnTrouble(last.Name)
		return ill(a.blame, last.Text, a.text)
	case v.ending.Screen == "BAD_MAC":
		return ill(BlameProfile, "the MAC of the answer is wrong", "compare the dialect's security section with the host: mac, mac_encoding, and mak_length")
	}
	return ill(BlameHost, v.words, "`tillproof decode` shows a capture of the line; the answer must echo terminal, trace and flow")
}

func (d *doctor) echo() Finding {
	if _, ok := d.profile.dialect.Transaction(pay.Echo); !ok {
		return skipped("the dialect has no echo")
	}
	v := d.order(pay.Echo)
	if v.err == nil && v.ending.Kind == terminal.LineGood {
		return well("answered")
	}
	return v.judge(d.profile.dialect)
}

func (d *doctor) signIn() Finding {
	d.signed = d.order(pay.SignIn)
	v := d.signed
	if v.err != nil || v.ending.Kind != terminal.SignedIn && v.ending.Screen != "KEYS_REJECTED" {
		return v.judge(d.profile.dialect)
	}
	code := pay.Answer(v.answer.Message.Get(iso8583.AnswerCode))
	return well("the host answers %s, batch %s", code, d.till.Status().Batch)
}

// judgeKeys tells which check value did not fit, by loading the keys of the sign-in once more.
func (d *doctor) judgeKeys() Finding {
	box, x := d.till.config.HSM, d.profile.dialect
	if x.Security.Keys == "none" {
		return skipped("this dialect downloads no keys")
	}
	master, err := box.KCV(terminal.KeyTMK)
	if err != nil {
		return ill(BlameProfile, err.Error(), "")
	}
	if d.signed.ending.Kind == terminal.SignedIn {
		var fit []string
		for _, k := range []struct{ name, key string }{{"PIK", terminal.KeyPIK}, {"MAK", terminal.KeyMAK}, {"TDK", terminal.KeyTDK}} {
			if kcv, err := box.KCV(k.key); err == nil {
				fit = append(fit, fmt.Sprintf("%s %s", k.name, kcv))
			}
		}
		return well("check values fit: %s", strings.Join(fit, ", "))
	}
	f62 := d.signed.answer.Message.Get(iso8583.Keys)
	names := hsm.KeyNames{PIK: "doctor/PIK", MAK: "doctor/MAK", TDK: "doctor/TDK"}
	failed, err := box.LoadWorkingKeys(terminal.KeyTMK, []byte(f62), names, false, hsm.MAKLength(x.Switches.MAKLength))
	switch {
	case err != nil:
		return ill(BlameHost, fmt.Sprintf("F62 brings no usable keys: %v", err), "the layouts are 24, 40, 56, 60 and 84 bytes (DOMAIN.md A.8); does the host know another key scheme?")
	case failed == "MAK":
		return ill(BlameProfile, "the check value of the MAK does not fit, that of the PIK does", "the master key is right: set the switch mak_length to 8 or 16 as the host has it")
	}
	return ill(BlameProfile, fmt.Sprintf("the check value of the %s does not fit under master key KCV %s", failed, master),
		fmt.Sprintf("compare the KCV with the one that the host has for terminal %s, and load the right components into tmk", d.till.config.Number))
}

// maxSkew is what two clocks may differ: a minute still dates a payment right in almost all cases.
const maxSkew = time.Minute

// judgeClock reads how far the sign-in set the till's clock.
func (d *doctor) judgeClock() Finding {
	m := d.signed.answer.Message
	if !m.Has(iso8583.LocalTime) || !m.Has(iso8583.LocalDate) {
		return skipped("the sign-in answer tells no time")
	}
	ahead := d.till.skew.Round(time.Second)
	switch {
	case ahead.Abs() <= maxSkew:
		return well("the host's clock is within %s of ours", max(ahead.Abs(), time.Second))
	case ahead > 0:
		return ill(BlameHost, fmt.Sprintf("the host's clock is %s ahead of ours", ahead), clockAdvice)
	}
	return ill(BlameHost, fmt.Sprintf("the host's clock is %s behind ours", -ahead), clockAdvice)
}

const clockAdvice = "set the clock that is wrong; whole hours are a time zone, for F12 and F13 are the time in China (+08:00)"

// proveMAC has a message with a MAC answered. Where only payments have one, it pays, but on no other host than our own.
func (d *doctor) proveMAC() Finding {
	x := d.profile.dialect
	if x.Security.MAC == "none" {
		return skipped("this dialect has no MAC")
	}
	if tx, ok := x.Transaction(pay.Echo); ok && tx.MAC {
		v := d.order(pay.Echo)
		if v.err == nil && v.ending.Kind == terminal.LineGood {
			return well("the MACs of an echo and its answer hold")
		}
		return v.judge(x)
	}
	if d.profile.Lends() {
		return skipped("not checked: in this dialect only messages that move money carry a MAC; `tillproof run --tags @security` does it with test cards")
	}
	before := len(d.till.Endings)
	if err := d.till.Swipe("Bob", pay.CNY(100), PINNobody); err != nil {
		return ill(BlameProfile, err.Error(), "")
	}
	if len(d.till.Endings) == before {
		return ill(BlameHost, "a sale came to no end", "")
	}
	if e := d.till.Endings[before]; e.Kind != terminal.Approved {
		return visit{ending: e, words: e.Screen}.judge(x)
	}
	return well("the MACs of a sale on the embedded host hold")
}
