package rig_test

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

var updateKernel = flag.Bool("update-kernel", false, "write testdata/kernel.txt anew")

// meeting is a card, the kernel and the card's issuer, with nothing between them.
type meeting struct {
	t      testing.TB
	keys   *card.Keys
	spec   *card.Spec
	image  *card.Image
	slot   *card.Slot
	issuer *hsm.HSM
	on     card.Interface
	mute   bool // the issuer is not reached

	config   kernel.Config
	commands []string
	proof    string // what the issuer found out about the cryptogram
}

func meet(t testing.TB, name string, on card.Interface, faults ...card.Fault) *meeting {
	t.Helper()
	spec, err := card.Load(fixtures.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := card.LoadKeys(fixtures.FS)
	if err != nil {
		t.Fatal(err)
	}
	image, err := card.Personalise(spec, keys)
	if err != nil {
		t.Fatal(err)
	}
	return meetAgain(t, &meeting{keys: keys, spec: spec, image: image, on: on}, faults...)
}

// meetAgain gives a new card like the one before.
func meetAgain(t testing.TB, before *meeting, faults ...card.Fault) *meeting {
	t.Helper()
	keys, spec, image, on := before.keys, before.spec, before.image, before.on
	slot, err := card.NewSlot(image, card.Reference(), sim.Seed(1).Reader("card"), faults...)
	if err != nil {
		t.Fatal(err)
	}
	m := &meeting{t: t, keys: keys, spec: spec, image: image, slot: slot, on: on, issuer: hsm.New(sim.Seed(2).Reader("issuer"))}
	m.config = kernel.Config{
		Rules: kernel.Reference(), Contactless: on == card.Contactless, Amount: pay.CNY(1000), Now: sim.Start, Sequence: 1, Random: sim.Seed(3).Reader("kernel"),
		Terminal: emv.Data{
			emv.Tag9F33TerminalCapabilities: {0xE0, 0xF9, 0xC8}, emv.Tag9F35TerminalType: {0x22}, emv.Tag9F40AdditionalCapabilities: {0x60, 0x00, 0xF0, 0xA0, 0x01},
			emv.Tag9F1ATerminalCountry: {0x01, 0x56}, emv.Tag9F1EIFDSerial: []byte("TILL0001"), emv.Tag9F66TTQ: {0x26, 0x00, 0x40, 0x80},
		},
	}
	for _, aid := range []string{"A00000033301", "A0000000031010", "A0000000041010"} {
		m.config.Apps = append(m.config.Apps, meetingApp(aid))
	}
	for _, k := range keys.CAs() {
		m.config.Keys = append(m.config.Keys, emv.CAKey{PublicKey: emv.PublicKey{Modulus: k.Modulus, Exponent: k.Exponent}, RID: k.RID, Index: k.Index[0]})
	}
	return m
}

func meetingApp(aid string) kernel.App {
	name, _ := new(big.Int).SetString(aid, 16)
	version := []byte{0x00, 0x30}
	return kernel.App{AID: name.Bytes(), Data: emv.Data{
		emv.Tag9F06AID: name.Bytes(), emv.TagDF01SelectionIndicator: {0}, emv.Tag9F09TerminalVersion: version, emv.TagDF11TACDefault: {0xDC, 0x40, 0x00, 0xA8, 0x00},
		emv.TagDF12TACOnline: {0xDC, 0x40, 0x04, 0xF8, 0x00}, emv.TagDF13TACDenial: {0x00, 0x10, 0x00, 0x00, 0x00},
		emv.Tag9F1BFloorLimit: {0, 0, 0x13, 0x88}, emv.TagDF14DefaultDDOL: {0x9F, 0x37, 0x04}, emv.TagDF18OnlinePINCapable: {1},
		emv.TagDF19ContactlessFloorLimit: {0, 0, 0, 0, 0x50, 0}, emv.TagDF21ContactlessCVMLimit: {0, 0, 0, 0x10, 0, 0},
	}}
}

// run inserts or taps the card and pays.
func (m *meeting) run() kernel.Outcome {
	if _, end := m.slot.Insert(m.on); end == card.NoCard {
		return kernel.Outcome{Ending: kernel.Fallback, Why: "no answer to reset"}
	}
	return kernel.Run(&m.config, m.answer)
}

func (m *meeting) answer(n kernel.Need) (a kernel.Answer) {
	switch n.Kind {
	case kernel.NeedAPDU:
		x := m.slot.Exchange(sim.Start, n.Command)
		m.commands = append(m.commands, n.Command.Name()+" "+x.Response.SW.String())
		a.Response = x.Response
		a.Reader = map[card.Ending]kernel.Reader{card.Torn: kernel.CardGone, card.Frozen: kernel.CardMute, card.Collision: kernel.TwoCards}[x.Ending]
	case kernel.NeedPIN:
		a.PIN.Clear = pay.NewSecret(m.spec.PIN)
	case kernel.NeedOnline:
		if !m.mute {
			a.Host = m.authorize(n.Data)
		}
	}
	return a
}

// authorize is the issuer: it looks at the cryptogram and answers with its own.
func (m *meeting) authorize(d emv.Data) kernel.Host {
	m.t.Helper()
	for _, app := range m.spec.Applications {
		if !bytes.Equal(app.AID, d[emv.Tag84DFName]) || len(app.Interfaces) == 1 && app.Interfaces[0] != m.on {
			continue
		}
		masters, err := m.keys.Masters(app.MasterKeys)
		if err != nil {
			m.t.Fatal(err)
		}
		if err := masters.Import(m.issuer, ""); err != nil {
			m.t.Fatal(err)
		}
		scheme, err := hsm.LoadCardScheme(app.Scheme, masters.Algorithm)
		if err != nil {
			m.t.Fatal(err)
		}
		pan, _ := emv.PANOf(d[emv.Tag5APAN])
		if track, err := emv.ParseTrack2(d[emv.Tag57Track2Equivalent]); err == nil {
			pan = track.PAN
		}
		key := hsm.CardKey{Name: card.KeyAC, Derivation: scheme.Card, PAN: pan, Sequence: fmt.Sprintf("%X", d[emv.Tag5F34PSN])}
		s := hsm.Session{ATC: binary.BigEndian.Uint16(d[emv.Tag9F36ATC]), ARQC: hsm.Cryptogram(d[emv.Tag9F26AC])}
		copy(s.Unpredictable[:], d[emv.Tag9F37UnpredictableNumber])
		good, err := m.issuer.VerifyCryptogram(scheme, key, s, scheme.Input(func(tag tlv.Tag) []byte { return d[tag] }, d[emv.Tag9F10IAD]), d[emv.Tag9F26AC])
		if err != nil {
			m.t.Fatal(err)
		}
		m.proof = map[bool]string{true: "right", false: "WRONG"}[good]
		code := []byte("00")
		if scheme.Response == hsm.ResponseMethod2 {
			code = []byte{0, 0x82, 0, 0}
		}
		arpc, err := m.issuer.ResponseCryptogram(scheme, key, s, hsm.Cryptogram(d[emv.Tag9F26AC]), code)
		if err != nil {
			m.t.Fatal(err)
		}
		return kernel.Host{Reached: true, Answer: "00", Data: tlv.Append(nil, emv.Tag91IssuerAuthenticationData, append(arpc, code...))}
	}
	m.t.Fatalf("no application %X", d[emv.Tag84DFName])
	return kernel.Host{}
}

// TestKernelMeetsCards has every shipped card pay on contacts and without, 10 CNY and 2000 CNY; what came of it stands in
// testdata/kernel.txt.
func TestKernelMeetsCards(t *testing.T) {
	var b strings.Builder
	for _, name := range card.Names(fixtures.FS) {
		for _, on := range []card.Interface{card.Contact, card.Contactless} {
			for _, fen := range []int64{1000, 200000} {
				m := meet(t, name, on)
				m.config.Amount = pay.CNY(fen)
				o := m.run()
				fmt.Fprintf(&b, "%-20s %-11s %7d  %X %X %X  %s %s", name, on, fen, o.TVR.Bytes(), o.TSI.Bytes(), o.CVM.Bytes(), o.Ending, o.ARC)
				if m.proof != "" {
					fmt.Fprintf(&b, "; cryptogram %s", m.proof)
				}
				fmt.Fprintf(&b, "; %s\n", o.Why)
				if o.Reverse {
					t.Errorf("%s %s %d: approved by the host, not by the card: %s", name, on, fen, strings.Join(m.commands, "\n"))
				}
			}
		}
	}
	const file = "testdata/kernel.txt"
	if *updateKernel {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("%s differs (-update-kernel writes it anew):\n%s", file, b.String())
	}
}

// TestTapAgain: a card that left the field too early is tapped again, and the second tap is a whole payment.
func TestTapAgain(t *testing.T) {
	for _, command := range []string{"GET PROCESSING OPTIONS", "SELECT"} {
		m := meet(t, "unionpay-debit", card.Contactless, card.Fault{Do: card.FaultTorn, Command: command, Nth: 1})
		if o := m.run(); o.Ending != kernel.TryAgain || len(o.ACs) != 0 {
			t.Errorf("torn at %s: %s: %s", command, o.Ending, o.Why)
		}
		if o := m.run(); o.Ending != kernel.Approved || m.proof != "right" {
			t.Errorf("tapped again: %s: %s", o.Ending, o.Why)
		}
	}
}

// TestTornAfterApproval: the host approved and the card is gone before its last word, so the payment is to be reversed.
func TestTornAfterApproval(t *testing.T) {
	m := meet(t, "unionpay-debit", card.Contact, card.Fault{Do: card.FaultTorn, Command: "GENERATE AC", Nth: 2})
	if o := m.run(); o.Ending != kernel.CardRemoved || !o.Reverse {
		t.Errorf("%s, to be reversed: %v: %s", o.Ending, o.Reverse, o.Why)
	}
}

// TestFaultAnywhere lets each fault strike at each command of a payment that the host approves. Whatever happens, nobody is told
// that it is paid unless the card made its TC, and a host that approved in vain hears of it.
func TestFaultAnywhere(t *testing.T) {
	for _, name := range []string{"unionpay-debit", "unionpay-offline-pin", "mastercard-credit", "visa-credit"} {
		for _, on := range []card.Interface{card.Contact, card.Contactless} {
			honest := meet(t, name, on)
			honest.run()
			step := 1
			if testing.Short() {
				step = 4
			}
			for n := 1; n <= len(honest.commands); n += step {
				for _, f := range []card.Fault{
					{Do: card.FaultTorn}, {Do: card.FaultLost}, {Do: card.FaultFrozen}, {Do: card.FaultTruncated, Bytes: 1},
					{Do: card.FaultStatus, Status: []byte{0x6F, 0x00}}, {Do: card.FaultInstead, Status: []byte{0x69, 0x85}},
					{Do: card.FaultAC}, {Do: card.FaultNoTag, Tag: "9F36"}, {Do: card.FaultWrongTag, Tag: "9F27"},
				} {
					f.Nth = n
					m := meetAgain(t, honest, f)
					o := m.run()
					last := emv.CID00AAC
					if len(o.ACs) > 0 {
						last = o.ACs[len(o.ACs)-1].Kind()
					}
					paid := o.Ending == kernel.Approved
					switch {
					case paid && on == card.Contact && last != emv.CID40TC, o.Ending == kernel.ApprovedOffline && last != emv.CID40TC:
						t.Errorf("%s %s: %s at command %d: %s with %s", name, on, f.Do, n, o.Ending, last)
					case !paid && m.proof == "right" && !o.Reverse:
						t.Errorf("%s %s: %s at command %d: the host approved in vain: %s", name, on, f.Do, n, o.Ending)
					}
				}
			}
		}
	}
}

// TestNoHost: an issuer that is not reached leaves the decision to the action codes; both cards want it, so they decline.
func TestNoHost(t *testing.T) {
	for _, on := range []card.Interface{card.Contact, card.Contactless} {
		m := meet(t, "unionpay-debit", on)
		m.mute = true
		if o := m.run(); o.Ending != kernel.DeclinedOffline || o.ARC != kernel.ARCZ3UnableDeclined {
			t.Errorf("%s: %s %s: %s", on, o.Ending, o.ARC, o.Why)
		}
	}
}

// BenchmarkKernel is one whole transaction. us/kernel is the kernel's own time, without card and issuer; rsa-% is how much
// of that public-key operations take.
func BenchmarkKernel(b *testing.B) {
	for _, c := range []struct {
		name, card string
		on         card.Interface
		keys       int // public-key operations: CA, issuer, card
		ending     kernel.Ending
	}{
		{"contact-cda", "unionpay-debit", card.Contact, 4, kernel.Approved},
		{"contactless-quickpass", "unionpay-debit", card.Contactless, 0, kernel.Approved},
		{"contactless-cda", "mastercard-credit", card.Contactless, 3, kernel.Approved},
		{"contactless-fdda-1024", "visa-credit", card.Contactless, 3, kernel.ApprovedOffline},
	} {
		b.Run(c.name, func(b *testing.B) {
			m := meet(b, c.card, c.on)
			var others time.Duration
			commands := 0
			b.ResetTimer()
			for range b.N {
				b.StopTimer()
				fresh := meetAgain(b, m) // what a card may approve alone is counted
				m.slot = fresh.slot
				b.StartTimer()
				m.slot.Insert(c.on)
				o := kernel.Run(&m.config, func(n kernel.Need) kernel.Answer {
					begin := time.Now()
					a := m.answer(n)
					others += time.Since(begin)
					return a
				})
				m.commands = m.commands[:0]
				if commands += o.Commands; o.Ending != c.ending {
					b.Fatal(o.Ending, o.Why)
				}
			}
			own := b.Elapsed() - others
			b.ReportMetric(float64(own.Microseconds())/float64(b.N), "us/kernel")
			b.ReportMetric(100*float64(c.keys)*float64(publicKeyTime(b))*float64(b.N)/float64(own), "rsa-%")
			b.ReportMetric(float64(commands)/b.Elapsed().Seconds(), "APDU/s")
		})
	}
}

// publicKeyTime is what one operation of a 1024-bit key takes.
func publicKeyTime(b *testing.B) time.Duration {
	keys, err := card.LoadKeys(fixtures.FS)
	if err != nil {
		b.Fatal(err)
	}
	for _, k := range keys.CAs() {
		if len(k.Modulus) != 128 {
			continue
		}
		key := emv.PublicKey{Modulus: k.Modulus, Exponent: k.Exponent}
		block := bytes.Repeat([]byte{0x6A}, 128)
		const times = 1000
		begin := time.Now()
		for range times {
			if _, err := key.Apply(block); err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(begin) / times
	}
	b.Fatal("no CA key of 1024 bits")
	return 0
}
