package card_test

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/card"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

const plainCard = `name: mine
pan: "6200123456789010"
expiry: "3012"
pin: "123456"
applications:
  - aid: A000000333010101
    label: MINE
    ca: F1
    issuer_key: issuer-1024
`

// A mistake in a card file is told with file, line and field, and without the card's digits.
func TestMistakes(t *testing.T) {
	for _, v := range []struct{ name, old, fresh, want string }{
		{"syntax", "name: mine", "name: [", "mine.yaml:"},
		{"unknown field", "name: mine", "colour: red", `mine.yaml:1: unknown field "colour"`},
		{"PAN", `"6200123456789010"`, `"62001234567890AB"`, "mine.yaml:2: pan: want 8 to 19 digits"},
		{"no PAN", `pan: "6200123456789010"`, "", "mine.yaml:1: pan: want"},
		{"expiry", `"3012"`, `"3013"`, "mine.yaml:3: expiry: want YYMM"},
		{"PIN", `"123456"`, `"12"`, "mine.yaml:4: pin: want 4 to 12 digits"},
		{"AID", "A000000333010101", "A000", "mine.yaml:6: applications[0].aid: want 5 to 16 bytes"},
		{"hex", "A000000333010101", "A00", "mine.yaml:6: want pairs of hex digits"},
		{"CA", "ca: F1", "ca: 77", "mine.yaml:6: applications[0]: no CA key 77 of A000000333"},
		{"key pair", "issuer-1024", "issuer-99", `no key pair "issuer-99"`},
		{"too short a CA", "ca: F1\n    issuer_key: issuer-1024", "ca: F1\n    issuer_key: issuer-1024\n    card_key: card-1408\n    records: [{file: 1, record: 1, tags: [9F46, \"90\", \"5A\", 8F, 9F48, \"8E\"]}]", "no answer carries that"},
		{"scheme", "ca: F1", "scheme: visa-99", `applications[0].scheme: no card scheme "visa-99"`},
		{"master keys", "ca: F1", "master_keys: nobody", `no master keys "nobody"`},
		{"tag", "ca: F1", "data: {9f38: 00}", "applications[0].data: 9f38: want a tag"},
		{"list", "ca: F1", "data: {9F38: 9F}", "applications[0].data: 9F38: emv: DOL"},
		{"directory", "applications:\n", "applications:\n" + strings.Repeat("  - {aid: A000000333010101, label: SIXTEEN LETTERS.}\n", 8), ": applications: the directory of the field has"},
		{"long list", "ca: F1", "data: {9F38: " + strings.Repeat("9F3701", 84) + "}", "applications[0]: SELECT would bring"},
		{"interface", "ca: F1", "interfaces: [air]", "applications[0].interfaces[0]: want contact or contactless"},
		{"flow", "ca: F1", "flow: over", "applications[0].flow: want"},
		{"hardware", "name: mine", "name: mine\nhardware: [{do: melt}]", `hardware[0]: do: no fault "melt"`},
		{"status", "name: mine", "name: mine\nhardware: [{do: status}]", "hardware[0]: status: want 2 bytes"},
		{"no application", "applications:\n  - aid: A000000333010101\n    label: MINE\n    ca: F1\n    issuer_key: issuer-1024\n", "", "applications: want 1 to 20"},
	} {
		t.Run(v.name, func(t *testing.T) {
			err := personalised(strings.Replace(plainCard, v.old, v.fresh, 1))
			if err == nil || !strings.Contains(err.Error(), v.want) {
				t.Errorf("got %v, want %s", err, v.want)
			}
			if err != nil && strings.Contains(err.Error(), "12345678") {
				t.Errorf("shows digits: %v", err)
			}
		})
	}
	if err := personalised(plainCard); err != nil {
		t.Error(err)
	}
}

func personalised(text string) error {
	spec, err := card.Parse([]byte(text), "mine.yaml")
	if err != nil {
		return err
	}
	keys, err := card.LoadKeys(fixtures.FS)
	if err != nil {
		return err
	}
	_, err = card.Personalise(spec, keys)
	return err
}

func slot(t testing.TB, name string, faults ...card.Fault) *card.Slot {
	t.Helper()
	image, err := card.Shipped(fixtures.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := card.NewSlot(image, card.Reference(), sim.Seed(1).Reader("card"), faults...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What is wrong with hardware, as it shows to a reader. The card speaks T=1 and answers in tagged form.
func TestHardware(t *testing.T) {
	aid := unhex("A000000333010102")
	begin := []emv.Command{emv.Select(aid, false), emv.GetProcessingOptions(nil)}
	for _, v := range []struct {
		name  string
		fault card.Fault
		check func(t *testing.T, s *card.Slot, last card.Exchange)
	}{
		{"nothing", card.Fault{Do: card.FaultDelay, Delay: "1ms", Command: "VERIFY"}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if last.Ending != card.Answered || last.Response.SW != emv.SW9000OK || last.After != 0 {
				t.Errorf("%+v", last)
			}
		}},
		{"status", card.Fault{Do: card.FaultStatus, Status: unhex("6F00"), Command: "GET PROCESSING"}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if last.Response.SW != 0x6F00 || s.Card.State().Apps[0].ATC != 0 {
				t.Errorf("%+v", last)
			}
		}},
		{"status after", card.Fault{Do: card.FaultInstead, Status: unhex("6985"), Command: "GET PROCESSING", Nth: 1}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if last.Response.SW != 0x6985 || s.Card.State().Apps[0].ATC != 1 {
				t.Errorf("%+v", last)
			}
		}},
		{"second only", card.Fault{Do: card.FaultStatus, Status: unhex("6F00"), Nth: 3}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if last.Response.SW != emv.SW9000OK {
				t.Errorf("%+v", last)
			}
		}},
		{"delay", card.Fault{Do: card.FaultDelay, Delay: "800ms", Command: "GET PROCESSING"}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if last.After != 800*time.Millisecond || last.Response.SW != emv.SW9000OK {
				t.Errorf("%+v", last)
			}
		}},
		{"torn", card.Fault{Do: card.FaultTorn, Nth: 2}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if last.Ending != card.Torn || s.Card.State().Apps[0].ATC != 0 {
				t.Errorf("%+v", last)
			}
			if again := s.Exchange(time.Time{}, begin[0]); again.Ending != card.Torn {
				t.Errorf("%+v", again)
			}
		}},
		{"answer lost", card.Fault{Do: card.FaultLost, Nth: 2}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if last.Ending != card.Torn || len(last.Response.Data) != 0 || s.Card.State().Apps[0].ATC != 1 {
				t.Errorf("%+v", last)
			}
			if _, ending := s.Insert(card.Contact); ending != card.Answered {
				t.Errorf("put in again: %s", ending)
			}
		}},
		{"frozen", card.Fault{Do: card.FaultFrozen, Nth: 2}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if last.Ending != card.Frozen {
				t.Errorf("%+v", last)
			}
		}},
		{"without tag", card.Fault{Do: card.FaultNoTag, Tag: "94", Command: "GET PROCESSING"}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if l := parse(last.Response.Data); len(l) != 1 || len(l[0].Objects) != 1 {
				t.Errorf("%+v", last)
			}
		}},
		{"wrong tag", card.Fault{Do: card.FaultWrongTag, Tag: "82"}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if o, _ := parse(last.Response.Data).Find(emv.Tag82AIP); o.Value[1] != 0xFF {
				t.Errorf("%+v", last)
			}
		}},
		{"tag twice", card.Fault{Do: card.FaultTwice, Tag: "94", Command: "GET PROCESSING"}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if l := parse(last.Response.Data); len(l) != 1 || len(l[0].Objects) != 3 || l[0].Objects[2].Tag != emv.Tag94AFL {
				t.Errorf("%+v", last)
			}
		}},
		{"one more tag", card.Fault{Do: card.FaultMore, Tag: "9F02", Value: []byte{1}, Command: "GET PROCESSING"}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if o, ok := parse(last.Response.Data).Find(0x9F02); !ok || !bytes.Equal(o.Value, []byte{1}) {
				t.Errorf("%+v", last)
			}
		}},
		{"truncated", card.Fault{Do: card.FaultTruncated, Bytes: 2, Nth: 2}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if b := last.Response.Data; len(b) == 0 || int(b[1]) != len(b) || last.Response.SW != emv.SW9000OK {
				t.Errorf("%+v", last)
			}
		}},
		{"garbled", card.Fault{Do: card.FaultGarbled, Command: "SELECT"}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if x := s.Exchange(time.Time{}, emv.Select([]byte(emv.PSEContact), false)); x.Response.SW != emv.SW6A82FileNotFound {
				t.Errorf("%+v", x)
			}
		}},
		{"replayed", card.Fault{Do: card.FaultReplayed, Command: "SELECT"}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			first := s.Exchange(time.Time{}, emv.Select([]byte(emv.PSEContact), false))
			if x := s.Exchange(time.Time{}, emv.Select([]byte("nobody"), false)); x.Response.SW != first.Response.SW || first.Response.SW != emv.SW9000OK {
				t.Errorf("%+v, then %+v", first, x)
			}
		}},
		{"repeated", card.Fault{Do: card.FaultRepeated, Command: "GET PROCESSING"}, func(t *testing.T, s *card.Slot, last card.Exchange) {
			if last.Response.SW != emv.SW6985Conditions || s.Card.State().Apps[0].ATC != 1 {
				t.Errorf("%+v", last)
			}
		}},
	} {
		t.Run(v.name, func(t *testing.T) {
			s := slot(t, "unionpay-credit", v.fault)
			if atr, ending := s.Insert(card.Contact); ending != card.Answered || len(atr) < 2 {
				t.Fatalf("ATR %X, %s", atr, ending)
			}
			var last card.Exchange
			for _, cmd := range begin {
				last = s.Exchange(time.Time{}, cmd)
			}
			v.check(t, s, last)
		})
	}
}

func TestUnwarned(t *testing.T) {
	s := slot(t, "unionpay-blocked", card.Fault{Do: card.FaultUnwarned})
	s.Insert(card.Contact)
	x := s.Exchange(time.Time{}, emv.Select([]byte{0xA0, 0x00, 0x00, 0x03, 0x33, 0x01, 0x01, 0x01}, false))
	if x.Response.SW>>8 == 0x62 || x.Ending != card.Answered {
		t.Errorf("%+v", x)
	}
}

func TestNoAnswerToReset(t *testing.T) {
	if _, ending := slot(t, "dead").Insert(card.Contact); ending != card.NoCard {
		t.Errorf("got %s", ending)
	}
	s := slot(t, "phone", card.Fault{Do: card.FaultTwoCards})
	if _, ending := s.Insert(card.Contactless); ending != card.Collision {
		t.Errorf("got %s", ending)
	}
}

// A wrong cryptogram and a forced one, in both forms of the answer.
func TestCryptogramFaults(t *testing.T) {
	for _, name := range []string{"unionpay-debit", "unionpay-credit"} {
		for _, kind := range []string{"AAC", "TC", "ARQC"} {
			honest, wrong := cryptogramOf(t, name, card.Fault{Do: card.FaultForced, Kind: kind}),
				cryptogramOf(t, name, card.Fault{Do: card.FaultForced, Kind: kind}, card.Fault{Do: card.FaultAC})
			if len(honest) != 9 || emv.CID(honest[0]).Kind().String() != kind || honest[0] != wrong[0] || honest[8] == wrong[8] {
				t.Errorf("%s %s: %X and %X", name, kind, honest, wrong)
			}
		}
	}
}

// cryptogramOf gives CID and cryptogram of a payment for which a TC was asked.
func cryptogramOf(t *testing.T, name string, faults ...card.Fault) []byte {
	b := newBench(t, name)
	s := slot(t, name, faults...)
	b.Card = s.Card
	b.begin(card.Contact, 0)
	b.challengeAC(emv.CID40TC, false)
	return append([]byte{b.data[emv.Tag9F27CID][0]}, b.data[emv.Tag9F26AC]...)
}

// FuzzTransmit: no APDU and no order of APDUs makes a card panic.
func FuzzTransmit(f *testing.F) {
	var images []*card.Image
	for n, name := range card.Names(fixtures.FS) {
		image, err := card.Shipped(fixtures.FS, name)
		if err != nil {
			f.Fatal(err)
		}
		images = append(images, image)
		spec, err := card.Load(fixtures.FS, name)
		if err != nil {
			f.Fatal(err)
		}
		for on := range byte(2) {
			f.Add(byte(n)<<1|on, wholePayment(spec.Applications[len(spec.Applications)-1].AID))
		}
	}
	f.Fuzz(func(t *testing.T, which byte, apdus []byte) {
		image := images[int(which>>1)%len(images)]
		c := card.New(image, card.Reference(), sim.Seed(1).Reader("card"))
		on := card.Contact
		if which&1 == 1 {
			on = card.Contactless
		}
		c.Reset(on)
		for len(apdus) > 0 {
			n := min(int(apdus[0]), len(apdus)-1)
			cmd, err := emv.ParseCommand(apdus[1 : 1+n])
			apdus = apdus[1+n:]
			if err != nil {
				continue
			}
			if r := c.Transmit(time.Time{}, cmd); len(r.Data) > 256 || r.SW < 0x6100 || cmd.Le >= 0 && len(r.Data) > cmd.Le {
				t.Fatalf("%s: %d bytes, %s", cmd.Name(), len(r.Data), r.SW)
			}
		}
	})
}

// wholePayment is every kind of command in the order of a payment, each behind its length.
func wholePayment(aid []byte) (apdus []byte) {
	script := emv.Command{CLA: emv.CLA84ProprietarySecured, INS: emv.INS24PINChange, P2: 2, Data: make([]byte, 24), Le: emv.LeAbsent}
	for _, cmd := range []emv.Command{
		emv.Select([]byte(emv.PSEContact), false), {INS: emv.INSC0GetResponse, Le: 23}, emv.ReadRecord(1, 1), emv.Select(aid, false),
		emv.GetProcessingOptions(nil), emv.GetProcessingOptions(make([]byte, 33)), emv.ReadRecord(2, 1), emv.ReadRecord(4, 3), emv.ReadRecord(11, 1),
		emv.GetData(0x9F36), {INS: emv.INS84GetChallenge, Le: 8}, verifyPIN("1234"), emv.Verify(emv.P2x88EncipheredPIN, make([]byte, 128)),
		emv.InternalAuthenticate(make([]byte, 4)), emv.GenerateAC(emv.CID80ARQC, true, make([]byte, 52)), emv.ExternalAuthenticate(make([]byte, 10)), script,
		emv.GenerateAC(emv.CID40TC, true, make([]byte, 54)),
	} {
		b := cmd.Append(nil)
		apdus = append(append(apdus, byte(len(b))), b...)
	}
	return apdus
}

// FuzzParse: a card file is a card or a mistake with a place.
func FuzzParse(f *testing.F) {
	files, err := fs.Glob(fixtures.FS, "cards/chip/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := fs.ReadFile(fixtures.FS, file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(plainCard)
	f.Add("")
	keys, err := card.LoadKeys(fixtures.FS)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := card.Parse([]byte(text), "mine.yaml")
		if err != nil {
			if !strings.Contains(err.Error(), "mine.yaml:") {
				t.Errorf("no place: %v", err)
			}
			return
		}
		image, err := card.Personalise(spec, keys)
		if err != nil {
			return
		}
		c := card.New(image, card.Reference(), sim.Seed(1).Reader("card"))
		for _, on := range []card.Interface{card.Contact, card.Contactless} {
			c.Reset(on)
			for _, a := range spec.Applications {
				c.Transmit(time.Time{}, emv.Select(a.AID, false))
				c.Transmit(time.Time{}, emv.GetProcessingOptions(make([]byte, 33)))
				c.Transmit(time.Time{}, emv.GenerateAC(emv.CID40TC, true, make([]byte, 52)))
			}
		}
	})
}

// endless lets a card pay more often than its counter can count.
func endless(r *card.Rules) {
	r.NextATC = func(atc uint16) (uint16, bool) { return atc + 1, true }
}

// BenchmarkExchange: SELECT, GET PROCESSING OPTIONS, all records, first cryptogram; T=0 with its GET RESPONSE.
func BenchmarkExchange(b *testing.B) {
	bench := newBench(b, "unionpay-debit", endless)
	exchanges := 0
	bench.begin(card.Contact, 0)
	serve := func(cmd emv.Command) {
		bench.raw(cmd)
		exchanges += 2 // each command of this card has a second leg
	}
	for b.Loop() {
		bench.Reset(card.Contact)
		serve(emv.Select(bench.spec.Applications[0].AID, false))
		serve(emv.GetProcessingOptions(nil))
		for _, e := range []struct{ sfi, last byte }{{1, 1}, {2, 2}, {3, 2}, {4, 2}} {
			for r := byte(1); r <= e.last; r++ {
				serve(emv.ReadRecord(e.sfi, r))
			}
		}
		serve(emv.GenerateAC(emv.CID80ARQC, false, bench.dol(emv.Tag8CCDOL1)))
	}
	b.ReportMetric(float64(exchanges)/b.Elapsed().Seconds(), "APDU/s")
}

// BenchmarkTap: the card's part of a contactless payment that is signed with 1024 bits, and how much of it is RSA.
func BenchmarkTap(b *testing.B) {
	bench := newBench(b, "visa-credit", endless)
	h := hsm.New(sim.Seed(1).Reader("rsa"))
	if _, err := h.GenerateRSA("K", 1024, 3); err != nil {
		b.Fatal(err)
	}
	pdol := unhex("27000000000000000100000000000000015600000480000156260601001A2B3C4D")
	block := make([]byte, 128)
	block[0], block[127] = 0x6A, 0xBC
	var rsa time.Duration
	for b.Loop() {
		bench.Reset(card.Contactless)
		bench.Transmit(time.Time{}, emv.Select(bench.spec.Applications[1].AID, false))
		if r := bench.Transmit(time.Time{}, emv.GetProcessingOptions(pdol)); r.SW != emv.SW9000OK {
			b.Fatal(r.SW)
		}
		b.StopTimer()
		start := time.Now()
		if _, err := h.PrivateRSA("K", block); err != nil {
			b.Fatal(err)
		}
		rsa += time.Since(start)
		b.StartTimer()
	}
	b.ReportMetric(100*rsa.Seconds()/b.Elapsed().Seconds(), "%RSA")
}

// Shipped numbers are synthetic, well made, and each is one application's.
func TestShippedNumbers(t *testing.T) {
	seen := map[string]string{}
	for _, name := range card.Names(fixtures.FS) {
		spec, err := card.Load(fixtures.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		numbers := map[string]bool{spec.PAN: true}
		for _, a := range spec.Applications {
			numbers[a.PAN] = true
		}
		for n := range numbers {
			if !pay.NewPAN(n).LuhnValid() || !strings.HasPrefix(n, "6200") || seen[n] != "" {
				t.Errorf("%s: %s is not well made, or %q has it too", name, pay.NewPAN(n), seen[n])
			}
			seen[n] = name
		}
	}
}
