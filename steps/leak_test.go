package steps_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/reports"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/core/trace/leak"
	"github.com/tillproof/tillproof/simulators/fault"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// Whatever the cards, PINs and keys, none of them stands in anything that leaves a world, a run, a control door or a
// mistake, in whatever form. Only the frames on the line hold them, and they stay in memory.

// drawn is a cast whose cards and master keys came out of a seed, and everything about them that nobody may see.
type drawn struct {
	t       testing.TB
	chance  *rand.Rand
	file    string // the profile
	names   []string
	secrets []leak.Secret
	short   []string // PINs too short for leak: they are looked for as words of their own

	mu      sync.Mutex // a server watches from a goroutine of its own
	outputs map[string][]byte
}

// holders are the cardholders who get drawn cards: each has another fate at the host.
func holders() []string {
	return []string{"Alice", "Bob", "Carol", "Dave", "Frank", "Heidi", "Ivan", "Judy", "Lena"}
}

func draw(t testing.TB, seed sim.Seed) *drawn {
	d := &drawn{t: t, chance: seed.Stream("never leaks"), names: holders(), outputs: map[string][]byte{}}
	d.file = filepath.Join(t.TempDir(), "drawn.yaml")
	d.write(d.file, "seat: embedded\n"+d.terminals()+d.cards())
	return d
}

func (d *drawn) write(file, text string) {
	d.t.Helper()
	if err := os.WriteFile(file, []byte("name: drawn\ndialect: unionpay-pos\n"+text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *drawn) digits(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0' + byte(d.chance.IntN(10))
	}
	return string(b)
}

func (d *drawn) terminals() string {
	var out strings.Builder
	out.WriteString("terminals:\n")
	for i := range 2 { // T3 gets its key from the world's seed: it needs one for SM4 too
		fmt.Fprintf(&out, "  - {label: T%d, number: \"1000000%d\", merchant: \"898320548160001\", serial: SN-%d, tmk: {algorithm: 3des-2, components: [%s]}}\n",
			i+1, i+1, i+1, d.components(fmt.Sprintf("T%d", i+1), 2+i))
	}
	fmt.Fprintf(&out, "cvk: {components: [%s]}\n", d.components("the card verification key", 2))
	return out.String()
}

func (d *drawn) components(of string, n int) string {
	var list []string
	for i := range n {
		b := make([]byte, 16)
		for j := range b {
			b[j] = byte(d.chance.Uint32())
		}
		d.key(fmt.Sprintf("component %d of %s", i+1, of), b)
		list = append(list, `"`+hex.EncodeToString(b)+`"`)
	}
	return strings.Join(list, ", ")
}

func (d *drawn) cards() string {
	var out strings.Builder
	out.WriteString("cards:\n")
	for i, name := range d.names {
		pan := "620012" + d.digits(9+d.chance.IntN(4))
		pan += string(pay.LuhnDigit(pan))
		pin := d.digits(4 + (i+d.chance.IntN(2)*4)%9)
		expiry, service, track := "3012", []string{"120", "101"}[d.chance.IntN(2)], ""
		switch name {
		case "Carol":
			service = "220"
		case "Frank":
			expiry = "2512"
		case "Ivan": // a stripe that no bank wrote
			track = pan + "D" + expiry + service + d.digits(37-len(pan)-8)
			d.track(name, pan, track)
		}
		d.card(name, pan, pin)
		fmt.Fprintf(&out, "  - {name: %s, pan: %q, expiry: %q, service: %q, pin: %q, track_2: %q}\n", name, pan, expiry, service, pin, track)
	}
	return out.String()
}

// card notes what is secret of a card: the number, the PIN, and the PIN as blocks before they are encrypted (ISO 9564-1
// format 0, and UnionPay's without card number, DOMAIN.md B.3).
func (d *drawn) card(name, pan, pin string) {
	d.secrets = append(d.secrets, leak.Text(name+"'s card number", pan))
	if len(pin) >= 6 {
		d.secrets = append(d.secrets, leak.Text(name+"'s PIN", pin))
	} else {
		d.short = append(d.short, pin)
	}
	text := fmt.Sprintf("%02X%s%s", len(pin), pin, strings.Repeat("F", 14-len(pin)))
	block, err := hex.DecodeString(text)
	if err != nil {
		d.t.Fatal(err)
	}
	d.secrets = append(d.secrets, leak.Key(name+"'s PIN block", block))
	number, err := hex.DecodeString("0000" + pan[len(pan)-13:len(pan)-1])
	if err != nil {
		d.t.Fatal(err)
	}
	mixed := slices.Clone(block)
	for i := range mixed {
		mixed[i] ^= number[i]
	}
	d.secrets = append(d.secrets, leak.Key(name+"'s PIN block with card number", mixed))
}

func (d *drawn) track(name, pan, track string) {
	d.secrets = append(d.secrets, leak.Text(name+"'s track", track), leak.Text(name+"'s track behind the card number", track[len(pan)+1:]))
}

// key notes a key, and its halves.
func (d *drawn) key(name string, b []byte) {
	d.secrets = append(d.secrets, leak.Key(name, b))
	if len(b) == 16 {
		d.secrets = append(d.secrets, leak.Key(name+", left half", b[:8]), leak.Key(name+", right half", b[8:]))
	}
}

// out adds to what is searched.
func (d *drawn) out(name string, b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.outputs[name] = append(append(d.outputs[name], b...), '\n')
}

// told adds an error, which may be none, and a value in every way that Go prints it.
func (d *drawn) told(name string, values ...any) {
	for _, v := range values {
		d.out(name, fmt.Appendf(nil, "%v %+v %#v %s %q %x", v, v, v, v, v, v))
	}
}

// hits searches everything.
func (d *drawn) hits() []string {
	d.t.Helper()
	finder, err := leak.New(d.secrets...)
	if err != nil {
		d.t.Fatal(err)
	}
	var all []string
	for name, output := range d.outputs {
		for _, h := range finder.Find(name, output) {
			all = append(all, h.String()+excerpt(output, h.Offset))
		}
		for _, pin := range d.short {
			if at := wordAt(output, pin); at >= 0 {
				all = append(all, fmt.Sprintf("%s, byte %d: a short PIN%s", name, at, excerpt(output, at)))
			}
		}
	}
	slices.Sort(all)
	return all
}

// wordAt finds digits that stand by themselves: no letter, digit or part of a number beside them.
func wordAt(output []byte, digits string) int {
	beside := func(i int) bool {
		return i >= 0 && i < len(output) && strings.IndexByte("0123456789abcdefghijklmnopqrstuvwxyz.:", output[i]|0x20) >= 0
	}
	for from := 0; ; {
		at := bytes.Index(output[from:], []byte(digits))
		if at < 0 {
			return -1
		}
		if at += from; !beside(at-1) && !beside(at+len(digits)) {
			return at
		}
		from = at + 1
	}
}

// excerpt shows what stands before a hit; the cast is drawn, its secrets are nobody's.
func excerpt(output []byte, at int) string {
	return fmt.Sprintf(": %q", output[max(0, at-60):min(len(output), at+20)])
}

// rig makes a rig of the drawn profile.
func (d *drawn) rig(o rig.Options) *rig.Rig {
	d.t.Helper()
	p, err := rig.LoadProfile(d.file)
	if err != nil {
		d.t.Fatal(err)
	}
	o.Profile = p
	r, err := rig.New(o)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

// world seats a world; its keys are secret too.
func (d *drawn) world(r *rig.Rig, seed sim.Seed) *rig.World {
	d.t.Helper()
	w, err := r.World(d.t.Context(), seed, "")
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(w.Close)
	d.key("zone key", seed.Bytes("zpk", 16))
	return w
}

// keys notes the keys that a till has now.
func (d *drawn) keys(till *rig.Till) {
	d.t.Helper()
	secrets, err := till.KeySecrets()
	if err != nil {
		d.t.Fatal(err)
	}
	d.secrets = append(d.secrets, secrets...)
}

// trade does at one till everything that a day brings: sign-in, sales that pass and that do not, what the line can do to
// them, and what no till would send.
func (d *drawn) trade(w *rig.World, name, scheme string) {
	till, err := w.Till(name)
	if err != nil {
		d.t.Fatal(err)
	}
	d.told("errors", till.SetKeyScheme(scheme), till.SignIn())
	d.keys(till)
	for _, who := range d.names {
		d.told("errors", till.Swipe(who, pay.CNY(12_34), rig.PINRight), till.Do(terminal.Event{Kind: terminal.Cancel}))
	}
	for _, c := range w.Wire { // as they were swiped: T1's key scheme leaves tracks in the clear
		if c.Till != "T1" || c.Message == nil {
			continue
		}
		track := c.Message.Get(iso8583.Track2)
		if pan, _, ok := strings.Cut(track, "D"); ok {
			d.track("a card", pan, track)
		}
	}
	d.told("errors", till.Swipe("Alice", pay.CNY(1), rig.PINWrong), till.Swipe("Judy", pay.CNY(900_00), rig.PINRight), till.Swipe("Alice", pay.CNY(1), rig.PINCancel),
		till.SwipeBadly("Alice", pay.CNY(1)), till.Do(terminal.Event{Kind: terminal.Cancel}), till.KeyIn("Bob", pay.CNY(5_00), false), till.KeyIn("Bob", pay.CNY(5_00), true),
		till.Do(terminal.Event{Kind: terminal.Reprint}), till.LogInWrongly("02", 3), till.StartAgain())
	d.illegal(till)
}

// chips inserts and taps cards: PINs that go to the host and PINs that the card compares, right and wrong, a card that goes too early,
// and what the host never hears of.
func (d *drawn) chips(w *rig.World, name string) {
	till, err := w.Till(name)
	if err != nil {
		d.t.Fatal(err)
	}
	d.told("errors", w.ChipKind("Bob", "unionpay-offline-pin"), w.ChipKind("Judy", "unionpay-signature"), w.ChipKind("Frank", "visa-credit"),
		w.SpoilChip("Frank", card.Fault{Do: card.FaultTruncated, Command: "READ RECORD", Nth: 2, Bytes: 3}),
		till.SetFloor(pay.CNY(20_00), true), till.SignIn())
	for _, who := range []string{"Carol", "Bob", "Judy", "Frank"} {
		for _, by := range []rig.Presented{rig.ByChip, rig.ByTap} {
			for _, pin := range []rig.PINAct{rig.PINRight, rig.PINWrong} {
				d.told("errors", till.Order(rig.Order{Flow: pay.Sale, Amount: pay.CNY(12_34), Who: who, By: by, PIN: pin}), till.Do(terminal.Event{Kind: terminal.Cancel}))
			}
		}
		track, err := w.ChipTrack(who)
		if err != nil {
			d.t.Fatal(err)
		}
		pan, _, _ := strings.Cut(track.Reveal(), "D")
		d.track(who+"'s chip", pan, track.Reveal())
	}
	exchanges := 0
	for _, e := range w.Events() {
		if e.Name == trace.APDU {
			exchanges += len(e.Fields)
		}
	}
	if exchanges < 500 {
		d.t.Errorf("only %d objects were told of chips: the search proves little", exchanges)
	}
}

// phones pay by codes that pass and that do not, and have some of it given back. A code is as secret as a card number while it is fresh,
// and no less afterwards.
func (d *drawn) phones(w *rig.World, name string) {
	till, err := w.Till(name)
	if err != nil {
		d.t.Fatal(err)
	}
	d.told("errors", till.SignIn(), w.Photograph("Alice"))
	photo := rig.PhoneShown{Photo: true}
	for _, o := range []rig.Order{
		{Amount: pay.CNY(12_34), Who: "Alice"},
		{Amount: pay.CNY(12_34), Who: "Alice", Phone: photo},
		{Amount: pay.CNY(12_34), Who: "Alice", Phone: photo},
		{Amount: pay.CNY(1500_00), Who: "Bob", PIN: rig.PINCorrected},
		{Amount: pay.CNY(900_00), Who: "Lena"},
		{Amount: pay.CNY(12_34), Who: "Dave"},
	} {
		o.Flow, o.By = pay.Sale, rig.ByPhone
		d.told("errors", o, till.Order(o))
	}
	sale := w.Wire[slices.IndexFunc(w.Wire, func(c *rig.Crossing) bool { return c.Flow == pay.Sale })]
	for _, o := range []rig.Order{{Flow: pay.Refund, Amount: pay.CNY(4_00)}, {Flow: pay.Void}} {
		o.Who, o.Original, o.Supervisor = "Alice", sale, true
		d.told("errors", o, till.Order(o))
	}
	codes := 0
	for _, who := range []string{"Alice", "Bob", "Lena", "Dave"} {
		secrets, err := w.CodeSecrets(who)
		if err != nil {
			d.t.Fatal(err)
		}
		codes += len(secrets)
		d.secrets = append(d.secrets, secrets...)
		phone, err := w.Phone(who)
		d.told("phones", phone, err)
	}
	if codes != 5 {
		d.t.Errorf("the phones have shown %d codes: the search proves little", codes)
	}
}

// chipsThere inserts and taps a card at a host that is known by its line only, which takes what the chip approved alone, too.
func (d *drawn) chipsThere(w *rig.World, name string) {
	till, err := w.Till(name)
	if err != nil {
		d.t.Fatal(err)
	}
	track, err := w.ChipTrack("Carol")
	if err != nil {
		d.t.Fatal(err)
	}
	pan, _, _ := strings.Cut(track.Reveal(), "D")
	d.track("Carol's chip", pan, track.Reveal())
	d.told("errors", till.SetFloor(pay.CNY(20_00), true))
	for _, by := range []rig.Presented{rig.ByChip, rig.ByTap} {
		d.told("errors", till.Order(rig.Order{Flow: pay.Sale, Amount: pay.CNY(12_34), Who: "Carol", By: by}), till.Do(terminal.Event{Kind: terminal.Cancel}))
	}
}

// troubles lets the line do its worst to sales and their answers. It needs the virtual clock.
func (d *drawn) troubles(w *rig.World, name string) {
	till, err := w.Till(name)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, kind := range []fault.Kind{fault.Lose, fault.Undecodable, fault.Garbage, fault.WrongMAC, fault.Cut, fault.Duplicate, fault.Corrupt, fault.WrongEcho} {
		for _, direction := range []fault.Direction{fault.Request, fault.Answer} {
			d.told("errors", till.SignIn())
			d.keys(till)
			element := iso8583.PAN
			if direction == fault.Answer {
				element = iso8583.Amount
			}
			d.told("errors", w.Faults().Arm(fault.Rule{Direction: direction, Flow: pay.Sale, Do: fault.Fault{Kind: kind, Element: element}}))
			d.told("errors", till.Swipe("Alice", pay.CNY(1_00), rig.PINRight), w.Pass(2*time.Minute))
			w.SetLine(rig.LineWorks)
			d.told("errors", w.Pass(2*time.Minute), till.Swipe("Bob", pay.CNY(1_00), rig.PINRight))
		}
	}
	till.When(false, pay.Sale, 0, func() {})
	till.When(false, pay.Sale, 1, func() { d.out("panic", debug.Stack()) })
	d.told("errors", till.Swipe("Alice", pay.CNY(1_00), rig.PINRight))
	d.told("errors", w.Arrange(rig.Arrangement{Card: "Alice's"}), w.CardHolds("Alice", pay.CNY(1)))
}

// illegal sends what a tester may, with card data where it does not belong.
func (d *drawn) illegal(till *rig.Till) {
	for _, edit := range []func(m *iso8583.Message) error{
		func(m *iso8583.Message) error { return m.SetNamed("F2", m.Get(iso8583.PAN)+m.Get(iso8583.PAN)) },
		func(m *iso8583.Message) error { return m.SetNamed("F2", m.Get(iso8583.PAN)+"X") },
		func(m *iso8583.Message) error { return m.SetNamed("F4", m.Get(iso8583.PAN)) },
		func(m *iso8583.Message) error { return m.SetNamed("F35", m.Get(iso8583.Track2)+"="+m.Get(iso8583.PAN)) },
		func(m *iso8583.Message) error { return m.SetNamed("F35", "D"+m.Get(iso8583.PAN)) },
		func(m *iso8583.Message) error { return m.SetNamed("F52", "zz") },
		func(m *iso8583.Message) error { return m.SetNamed("F60.2", m.Get(iso8583.PAN)) },
		func(m *iso8583.Message) error { m.SetMTI(m.Get(iso8583.PAN)); return nil },
		func(m *iso8583.Message) error { return m.SetNamed("MTI", m.Get(iso8583.PAN)) },
		func(m *iso8583.Message) error { return m.SetNamed("TPDU", m.Get(iso8583.PAN)) },
		func(m *iso8583.Message) error { return m.SetNamed("F999", m.Get(iso8583.PAN)) },
		func(m *iso8583.Message) error { return fmt.Errorf("the tester prints %v and %#v", m, *m) },
	} {
		d.told("errors", till.SendMade(pay.Sale, edit))
	}
	d.told("errors", till.SendMixed("Alice", "Bob"), till.SendGarbage())
}

// frames reads every frame that crossed again, cut at every byte and with every byte spoilt, and keeps what is said of it.
func (d *drawn) frames(w *rig.World) {
	dialect := w.Rig.Dialect
	read := func(frame []byte) {
		m := dialect.New()
		err := dialect.Decode(m, frame)
		if err == nil {
			masked, fields := dialect.Trace(m)
			d.told("frames", masked, fields, dialect.Validate(m))
			return
		}
		d.told("frames", err)
	}
	sales := 0
	for _, c := range w.Wire {
		d.told("frames", c, *c)
		if c.Flow != pay.Sale || c.Answer || c.Note != "" {
			continue
		}
		if sales++; sales > 3 {
			continue
		}
		d.decode(c.Frame)
		for at := range c.Frame {
			read(c.Frame[:at])
			spoilt := slices.Clone(c.Frame)
			spoilt[at] ^= 0xFF
			read(spoilt)
		}
	}
}

// decode has a frame decoded as a person does who found it somewhere, by a dialect that has to be guessed.
func (d *drawn) decode(frame []byte) {
	all, err := reports.Dialects("")
	if err != nil {
		d.t.Fatal(err)
	}
	for _, input := range [][]byte{frame, []byte(hex.EncodeToString(frame)), frame[:len(frame)/2], []byte(hex.EncodeToString(frame[:len(frame)-9]) + "x")} {
		decoding, err := reports.Decode(all, input)
		d.told("decode", decoding, err)
		if err == nil {
			var text bytes.Buffer
			d.told("decode", decoding.WriteText(&text), decoding.WriteJSON(&text))
			d.out("decode", text.Bytes())
		}
	}
}

// newcomer takes a merchant on, who has papers, a phone and an account, and a till that is activated by a code.
func (d *drawn) newcomer(w *rig.World) {
	d.t.Helper()
	const shop, till = "Corner Shop", "T5"
	said := func(_ any, err error) {
		d.t.Helper()
		if err != nil {
			d.t.Fatal(err)
		}
	}
	said(w.Apply(shop, rig.Applies{}))
	said(w.BringDocuments(shop))
	said(w.Review(shop, merchant.Approve))
	said(w.Ship(till, shop))
	said(w.AskCode(shop, till))
	said(w.Activate(till, shop, true))
	said(w.Activate(till, shop, false))
	said(w.AskOfficeFor(shop, merchant.OpStatement, merchant.Request{}))
	said(w.AskOfficeFor("Noodle House", merchant.OpStatement, merchant.Request{}))
	said(nil, w.ArrangePayer("Alice", pay.CNY(100_00), rig.ConditionNormal))
	said(w.Agree("Noodle House", "Alice", merchant.Consent{PerDebit: pay.CNY(30_00)}, false))
	said(w.ConfirmsDebits("Alice", true))
	said(w.ConfirmsDebits("Alice", false))
	said(w.Debit("Noodle House", "Alice", "1", pay.CNY(30_00), ""))
	secrets, err := w.PersonSecrets(shop)
	said(nil, err)
	d.secrets = append(d.secrets, secrets...)
}

// gather takes everything that a world gives, and its parts however they are printed.
func (d *drawn) gather(name string, w *rig.World) {
	outputs, err := w.Outputs()
	if err != nil {
		d.t.Fatal(err)
	}
	for part, b := range outputs {
		d.out(name+" "+part, b)
	}
	zh := d.rig(rig.Options{Lang: "zh", Line: w.Line})
	for _, till := range w.Tills() {
		for _, s := range till.Slips {
			d.out(name+" receipts in Chinese", []byte(zh.Slip(s)))
		}
		for _, s := range till.Screens {
			d.out(name+" screens in Chinese", []byte(zh.Screen(s)))
		}
		d.told(name+" printed", till, *till, till.Status(), till.Statements())
	}
	if _, seen := w.Control(); seen {
		d.newcomer(w)
	}
	if outputs, err = w.Outputs(); err != nil {
		d.t.Fatal(err)
	}
	for part, b := range outputs {
		d.out(name+" with a new merchant: "+part, b)
	}
	control, _ := w.Control()
	state, err := w.Look()
	d.told(name+" printed", w.Rig, *w.Rig, w.Rig.Cast, *w.Rig.Cast, w.Rig.Profile, *w.Rig.Profile, w.Rig.Profile.Cards, w.Rig.Profile.Terminals,
		control, state, err, w.Wire, w.Events())
	d.out(name+" printed", fmt.Appendf(nil, "%v %+v %#v", w, w, w))
	for _, who := range d.names {
		holder, err := w.Rig.Cast.Cardholder(who)
		secrets, failed := w.CardSecrets(who)
		d.told(name+" printed", holder, &holder, err, secrets, failed)
	}
}

func TestNeverLeaks(t *testing.T) {
	seeds := 2
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		t.Run(fmt.Sprintf("memory, seed %d", seed), func(t *testing.T) {
			d := draw(t, sim.Seed(seed))
			w := d.world(d.rig(rig.Options{}), sim.Seed(seed))
			d.phones(w, "T1")
			d.chips(w, "T1")
			d.trade(w, "T1", "003")
			d.trade(w, "T2", "004")
			d.trade(w, "T3", "005")
			d.troubles(w, "T1")
			d.frames(w)
			d.gather("world", w)
			d.settled(w)
		})
	}
	t.Run("sockets", func(t *testing.T) {
		d := draw(t, 7)
		w := d.world(d.rig(rig.Options{Line: rig.LineSocket}), 7)
		d.phones(w, "T1")
		d.trade(w, "T1", "003")
		d.trade(w, "T2", "004")
		d.gather("world", w)
		d.short = nil // a port or a moment may be these digits
		d.settled(w)
	})
}

// The acquirer as a server: what its control door says, also to what it cannot read, and what its journals hold on disk,
// while it runs and after.
func TestServerNeverLeaks(t *testing.T) {
	d := draw(t, 9)
	dir := t.TempDir()
	s, err := rig.Serve(t.Context(), rig.ServeOptions{Rig: d.rig(rig.Options{}), Store: dir, Seed: 9,
		Watch: func(world string, e trace.Event) { d.told("watched "+world, e) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	line, control := s.Addresses()
	text, err := os.ReadFile(d.file)
	if err != nil {
		t.Fatal(err)
	}
	d.write(d.file, strings.Replace(strings.SplitN(string(text), "\n", 3)[2], "seat: embedded", "seat: remote\naddress: "+line, 1))
	w := d.world(d.rig(rig.Options{Line: rig.LineSocket}), 9)
	d.trade(w, "T1", "003")
	d.chipsThere(w, "T1")
	d.gather("world", w)
	w.Close()
	d.door("http://"+control, string(text))
	d.directory(dir)
	s.Close()
	d.directory(dir)
	if len(d.outputs["acquirer.db"]) < 10_000 || len(d.outputs["issuer.db"]) < 10_000 || len(d.outputs["door"]) < 10_000 {
		t.Error("journals and control door said little: the search proves little")
	}
	d.short = nil
	d.settled(w)
}

// door asks everything of a control door, and says much that is wrong, with secrets in the wrong places.
func (d *drawn) door(base, profile string) {
	pan := regexp.MustCompile(`pan: "(\d+)"`).FindStringSubmatch(profile)[1]
	pin := regexp.MustCompile(`pin: "(\d{6,})"`).FindStringSubmatch(profile)[1]
	key := regexp.MustCompile(`"([0-9a-f]{32})"`).FindStringSubmatch(profile)[1]
	ask := func(method, path, body string) {
		d.t.Helper()
		req, err := http.NewRequestWithContext(d.t.Context(), method, base+path, strings.NewReader(body))
		if err != nil {
			d.t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			d.t.Fatal(err)
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err != nil {
			d.t.Fatal(err)
		}
		d.out("door", answer)
	}
	for _, path := range []string{"/health", "/openapi.yaml", "/defects", "/worlds", "/worlds/standing/state", "/worlds/" + "nobody" + "/state"} {
		ask(http.MethodGet, path, "")
	}
	ask(http.MethodPost, "/worlds/standing/tls", "")
	malformed := []string{"%s", `"%s"`, `{"%s":1}`, `{"cards":"%s"}`, `{"cards":["%s"]}`, `{"cards":[{"pan":%s}]}`, `{"cards":[{"balance":"%s"}]}`,
		`{"cards":[{"name":"x","pan":"%s","expiry":"%[1]s","service":"%[1]s","pin":"%[1]s","balance":"1.00 CNY"}]}`, `{"cards":[{"name":"x","pin":"%s"}]}`,
		`{"cards":[{"name":"Alice","pan":"%s"}]}`, `{"cards":[{"name":"x","pan":"6200123456789010","status":"%s"}]}`,
		`{"terminals":[{"number":"10000009","tmk":["%s"]}]}`, `{"terminals":[{"number":"10000009","tmk":["%sx"]}]}`, `{"terminals":[{"number":"10000009","tmk":["%s","00"]}]}`,
		`{"terminals":[{"number":"10000009","merchant":"898320548160001","key_kind":"%s","tmk":["%[1]s"]}]}`, `{"terminals":[{"tmk":"%s"}]}`,
		`{"terminals":[{"tmk":{"%s":1}}]}`, `{"merchants":[{"number":["%s"]}]}`, `{"seed":"%s"}`, `{"defects":["%s"]}`, `{"delay":"%s"}`,
		`{"card":"Alice","status":"%s"}`, `{"terminal":"10000001","status":"%s"}`, `{"pin_tries":%s}`, `{} %s`, "%s\x00", `{"a":"%s`}
	misplaced := []string{`{"condition":"%s"}`, `{"party":"issuer","condition":"%s"}`, `{"card":"%s"}`, `{"terminal":"%s"}`, `{"merchant":"%s"}`,
		`{"terminals":[{"number":"%s"}]}`, `{"terminals":[{"number":"10000009","merchant":"%s"}]}`, `{"cards":[{"name":"%s"}]}`} // names are quoted, and may be short numbers
	for _, secret := range []string{pan, pin, key} {
		bodies := malformed
		if secret != pin {
			bodies = slices.Concat(malformed, misplaced)
		}
		for _, body := range bodies {
			for _, path := range []string{"/worlds", "/worlds/standing/seeds", "/worlds/standing/arrangements"} {
				ask(http.MethodPost, path, fmt.Sprintf(body, secret))
			}
		}
	}
	ask(http.MethodGet, "/worlds/standing/state", "")
}

// settled ends a test: enough was done, and nothing was found.
func (d *drawn) settled(w *rig.World) {
	d.t.Helper()
	approved, declined := 0, 0
	for _, till := range w.Tills() {
		for _, e := range till.Endings {
			switch {
			case e.Kind == terminal.Approved && e.Flow == pay.Sale:
				approved++
			case e.Kind == terminal.Declined:
				declined++
			}
		}
	}
	if approved < 5 || declined < 5 {
		d.t.Errorf("only %d sales were approved and %d declined: the search proves little", approved, declined)
	}
	for _, hit := range d.hits() {
		d.t.Error(hit)
	}
}

// What a run writes, in every format, when everything holds and when scenarios fail with the messages they looked at.
func TestReportsNeverLeak(t *testing.T) {
	for name, o := range map[string]rig.Options{
		"honest":  {},
		"faulty":  {Lang: "zh", Defects: []string{"terminal-takes-mistyped-card", "acquirer-skips-mac", "terminal-sends-clear-track", "terminal-ignores-answer-mac"}},
		"sockets": {Line: rig.LineSocket},
	} {
		t.Run(name, func(t *testing.T) {
			d := draw(t, 11)
			whole := func() time.Time { return time.Now().Truncate(time.Second) } // nanoseconds look like short PINs
			run := runBy(t, whole, d.rig(o), 11)
			dir := t.TempDir()
			if err := reports.WriteDir(dir, run); err != nil {
				t.Fatal(err)
			}
			d.directory(dir)
			d.evidence(dir, run)
			for _, colour := range []bool{false, true} {
				var text bytes.Buffer
				if err := (reports.Text{Colour: colour}).Write(&text, run); err != nil {
					t.Fatal(err)
				}
				d.out("text", text.Bytes())
			}
			d.out("tree", fmt.Appendf(nil, "%+v", *run))
			if o.Line == rig.LineSocket {
				d.short = nil
			}
			totals := run.Totals()
			if totals.Scenarios() < 100 || len(d.outputs) < 50 {
				t.Errorf("%d scenarios and %d files: the search proves little", totals.Scenarios(), len(d.outputs))
			}
			if o.Defects != nil && totals.Failed < 10 {
				t.Errorf("only %d scenarios failed: the search proves little", totals.Failed)
			}
			t.Logf("%+v", totals)
			for _, hit := range d.hits() {
				t.Error(hit)
			}
		})
	}
}

// evidence makes a pack of a run, with a log of a careless host, finds its payments, and compares it with what was read again.
func (d *drawn) evidence(dir string, run *reports.Run) {
	d.t.Helper()
	profile, err := os.ReadFile(d.file)
	if err != nil {
		d.t.Fatal(err)
	}
	pan, key := regexp.MustCompile(`pan: "(\d+)"`).FindStringSubmatch(string(profile))[1], regexp.MustCompile(`"([0-9a-f]{32})"`).FindStringSubmatch(string(profile))[1]
	some := *run // all of it stands in the directory already
	some.Features = slices.DeleteFunc(slices.Clone(run.Features), func(f reports.Feature) bool {
		return !strings.Contains(f.URI, "/security/") && !strings.Contains(f.URI, "/chip/card")
	})
	pack := reports.Pack{Run: &some, Earlier: []*reports.Run{run}, Made: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC), Key: ed25519.NewKeyFromSeed(make([]byte, 32)),
		Logs: []reports.HandedIn{{Name: "host.log", Text: fmt.Appendf(nil, "sale of %s under %s, track %[1]s=30121201234567, dump 16%[1]s00\n", pan, key)}}}
	var b bytes.Buffer
	if err := pack.Write(&b); err != nil {
		d.t.Fatal(err)
	}
	d.out("evidence.zip", b.Bytes())
	again, err := reports.ReadDir(dir)
	if err != nil {
		d.t.Fatal(err)
	}
	var text bytes.Buffer
	d.told("find", reports.WritePayments(&text, reports.Find(again, []string{"000002", "T1"})), reports.Compare(run, again).Write(&text, "a", "b"))
	d.out("find", text.Bytes())
}

// directory adds every file under dir.
func (d *drawn) directory(dir string) {
	d.t.Helper()
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		d.out(name, b)
		return err
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// A profile with a mistake is told by place and setting, not by what stands there.
func TestProfileMistakesNeverLeak(t *testing.T) {
	d := draw(t, 5)
	text, err := os.ReadFile(d.file)
	if err != nil {
		t.Fatal(err)
	}
	good := string(text)
	component := regexp.MustCompile(`components: \["([0-9a-f]{32})"`).FindStringSubmatch(good)[1]
	pan := regexp.MustCompile(`pan: "(\d+)"`).FindStringSubmatch(good)[1]
	pin := regexp.MustCompile(`pin: "(\d{6,})"`).FindStringSubmatch(good)[1]
	refused := 0
	for name, change := range map[string][2]string{
		"component is not hex":  {component, component[:31] + "x"},
		"component too short":   {component, component[:30]},
		"component is a number": {`"` + component + `"`, component[:8]},
		"components are a list": {`"` + component + `"`, `["` + component + `"]`},
		"components are a map":  {`["` + component, `[x: "` + component},
		"wrong check digit":     {pan, pan[:len(pan)-1] + string('0'+(pan[len(pan)-1]-'0'+1)%10)},
		"number is a list":      {`"` + pan + `"`, `["` + pan + `"]`},
		"number is a map":       {`"` + pan + `"`, `{"` + pan + `": 1}`},
		"number without quotes": {`"` + pan + `"`, `"` + pan},
		"setting of that name":  {"pan: ", `"` + pan + `": 1, pan: `},
		"PIN is a setting":      {"pin: ", `"` + pin + `": 1, pin: `},
		"PIN is a list":         {`pin: "` + pin + `"`, `pin: [` + pin + `]`},
		"twice":                 {`pin: "` + pin + `"`, `pin: "` + pin + `", pin: "` + pin + `"`},
		"wrong KCV":             {"tmk: {", `tmk: {kcv: "00000000", `},
		"unknown algorithm":     {"algorithm: 3des-2", "algorithm: " + component},
		"unknown anchor":        {`"` + pan + `"`, "*x" + pan},
		"bad escape":            {`"` + pan + `"`, `"\q` + pan + `"`},
		"unknown card":          {"name: Alice", `name: "` + pan + `"`},
		"tag":                   {`"` + pan + `"`, "!!int " + pan + "x"},
		"bad track":             {`track_2: ""`, `track_2: {"` + pan + `": x}`},
		"bad balance":           {`track_2: ""`, `track_2: "", balance: ["` + pan + `"]`},
	} {
		if !strings.Contains(good, change[0]) {
			t.Fatalf("%s: nothing to change", name)
		}
		file := filepath.Join(t.TempDir(), "bad.yaml")
		if err := os.WriteFile(file, []byte(strings.Replace(good, change[0], change[1], 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		p, err := rig.LoadProfile(file)
		if err == nil {
			_, err = rig.New(rig.Options{Profile: p})
		}
		if err != nil {
			refused++
		}
		d.told(name, err)
	}
	if refused < 15 {
		t.Errorf("only %d of the profiles were refused", refused)
	}
	for _, hit := range d.hits() {
		t.Error(hit)
	}
}

// The search finds what was put there for it: a number in an event, a receipt with the whole number, a key in an error.
func TestNeverLeaksCanFail(t *testing.T) {
	plant := map[string]struct {
		o     rig.Options
		plant func(d *drawn, w *rig.World, till *rig.Till)
		want  string
	}{
		"an event holds a card number": {plant: func(_ *drawn, w *rig.World, _ *rig.Till) {
			holder, _ := w.Rig.Cast.Cardholder("Alice")
			w.Trace.Record(trace.Event{Party: "T1", Kind: trace.Noted, Text: "card " + holder.PAN})
		}, want: "world trace"},
		"a frame is not masked": {plant: func(_ *drawn, w *rig.World, _ *rig.Till) {
			sale := w.Wire[slices.IndexFunc(w.Wire, func(c *rig.Crossing) bool { return c.Flow == pay.Sale })]
			w.Trace.Record(trace.Event{Party: "T1", Kind: trace.Sent, Frame: trace.NewFrame(sale.Frame, nil)})
		}, want: "world trace"},
		"an error holds a key": {plant: func(d *drawn, _ *rig.World, _ *rig.Till) {
			d.told("errors", fmt.Errorf("no such key %x", sim.Seed(3).Bytes("zpk", 16)))
		}, want: "errors"},
		"the receipt shows the number": {o: rig.Options{Defects: []string{"terminal-prints-full-pan"}}, want: "world T1 receipts"},
	}
	for name, c := range plant {
		t.Run(name, func(t *testing.T) {
			d := draw(t, 3)
			w := d.world(d.rig(c.o), 3)
			till, err := w.Till("T1")
			if err != nil {
				t.Fatal(err)
			}
			d.told("errors", till.SignIn(), till.Swipe("Alice", pay.CNY(1_00), rig.PINRight))
			d.keys(till)
			if c.plant != nil {
				c.plant(d, w, till)
			}
			d.gather("world", w)
			if hits := d.hits(); !slices.ContainsFunc(hits, func(h string) bool { return strings.HasPrefix(h, c.want) }) {
				t.Errorf("not found; there are %q", hits)
			}
		})
	}
}
