package campaign

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/load/batch"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// Chains come so far apart that each is over before the next begins: the messages of a till have one order, so its trace numbers are the same
// on both ways.
const (
	apart     = 10 * time.Second
	agreeFor  = 60 // chains
	agreeLoad = `name: agree
tills: 3
cards: 9
seed: 7
mix:
  - {weight: 2, legs: [{flow: sale, amount: 1.00 CNY to 9.00 CNY}]}
  - {weight: 2, legs: [{flow: sale, entry: chip, amount: 1.00 CNY to 9.00 CNY}]}
  - {weight: 2, legs: [{flow: sale, entry: tap, amount: 1.00 CNY to 9.00 CNY}]}
  - {weight: 1, legs: [{flow: sale, amount: 1.00 CNY to 9.00 CNY}, {flow: void, after: 2s}, {flow: echo, after: 2s}]}
  - {weight: 1, legs: [{flow: sale, entry: chip, amount: 1.00 CNY to 9.00 CNY}, {flow: void, entry: chip, after: 2s}]}
  - {weight: 1, legs: [{flow: sale, amount: 2.00 CNY to 9.00 CNY}, {flow: refund, amount: 1.00 CNY, after: 2s}]}
  - {weight: 1, legs: [{flow: pre-auth, amount: 2.00 CNY to 9.00 CNY}, {flow: completion, amount: 2.00 CNY, after: 2s}]}
  - {weight: 1, legs: [{flow: balance}]}
stages: [{rate: 1/s, for: 1s}]
`
)

// Whole terminals and templates say the same: the same chains through a fleet's tills in memory, and through compiled templates that are
// answered with what the fleet's host said. Every request must be the same to the byte. Of a chip's request two data objects may differ,
// and what is made from them: the unpredictable number (9F37) is drawn from another stream, and a bit of 9F10 tells whether the card
// has ever heard its issuer, which a template's card never has; so the cryptogram (9F26) differs, and the MAC.
func TestTemplatesSayWhatWholeTerminalsSay(t *testing.T) {
	for _, name := range []string{"embedded", "iso87-ascii"} {
		t.Run(name, func(t *testing.T) {
			a := newAgreement(t, name)
			a.whole()
			a.batched()
			a.compare()
		})
	}
}

type agreement struct {
	*testing.T
	workload *load.Workload
	dialect  *iso8583.Dialect
	fleet    *rig.Fleet
	tills    []rig.Standing
	cards    []rig.CardInHand
	samples  []batch.Sample
	began    time.Time
	orders   int // legs of all chains

	mu       sync.Mutex
	recorded bool
	asked    [2][][][]byte     // by whom (whole tills, templates), by till: request frames
	answers  map[string][]byte // framed, by the number of the till and the trace number
	ended    []load.Sample
}

func newAgreement(t *testing.T, name string) *agreement {
	a := &agreement{T: t, answers: map[string][]byte{}}
	w, err := load.ParseWorkload([]byte(agreeLoad), "agree.yaml")
	a.must(err)
	a.workload, a.asked = w, [2][][][]byte{make([][][]byte, w.Tills), make([][][]byte, w.Tills)}
	profile, err := rig.LoadProfile(name)
	a.must(err)
	r, err := rig.New(rig.Options{Profile: profile})
	a.must(err)
	a.dialect = r.Dialect.Using(iso8583.Compiled)
	a.fleet, err = r.Fleet(t.Context(), rig.FleetPlan{Seed: sim.Seed(w.Seed), Line: rig.LineMemory, Tills: w.Tills, Cards: w.Cards, Balance: w.Money(), Wire: a.crossed})
	a.must(err)
	t.Cleanup(a.fleet.Close)
	if n, err := a.fleet.SignIn(t.Context()); err != nil || n != w.Tills {
		t.Fatalf("%d tills have signed in: %v", n, err)
	}
	a.samples, err = (&batchCrew{fleet: a.fleet}).learn(t.Context(), w)
	a.must(err)
	a.tills, err = a.fleet.Standings(t.Context())
	a.must(err)
	a.cards, err = a.fleet.CardsInHand()
	a.must(err)
	return a
}

func (a *agreement) must(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

// crossed is told by the fleet.
func (a *agreement) crossed(till int, answer bool, b []byte) {
	if !a.recorded {
		return
	}
	frame := a.frame(b)
	if !answer {
		a.asked[0][till] = append(a.asked[0][till], frame)
		return
	}
	a.answers[a.key(frame)] = bytes.Clone(b)
}

func (a *agreement) frame(b []byte) []byte {
	framer, err := a.dialect.Framing.Framer("")
	a.must(err)
	frame, n, err := framer.Next(b)
	if err != nil || n != len(b) {
		a.Fatalf("%d of %d bytes are a frame: %v", n, len(b), err)
	}
	return bytes.Clone(frame)
}

func (a *agreement) message(frame []byte) *iso8583.Message {
	m := a.dialect.New()
	a.must(a.dialect.Decode(m, frame))
	return m
}

func (a *agreement) key(frame []byte) string {
	m := a.message(frame)
	return m.Get(iso8583.Terminal) + "/" + m.Get(iso8583.Trace)
}

// whole has the fleet's tills serve the chains.
func (a *agreement) whole() {
	by := map[load.Entry]rig.Presented{load.ByStripe: rig.ByStripe, load.ByChip: rig.ByChip, load.ByTap: rig.ByTap}
	a.began, a.recorded = a.fleet.Now(), true
	a.fleet.Start(a.began)
	for n := range uint64(agreeFor) {
		c := a.workload.Chain(n)
		legs := make([]rig.VisitLeg, len(c.Part.Legs))
		for i, l := range c.Part.Legs {
			legs[i] = rig.VisitLeg{Flow: l.Flow, By: by[l.Entry], Amount: c.Amount(i), After: c.Offset(i), Acts: load.Acts(l.Flow) != ""}
			a.orders++
		}
		a.fleet.Begin(&rig.Visit{Till: c.Till, Card: c.Card, Due: time.Duration(n) * apart, Legs: legs, Told: func(leg int, s rig.Served) {
			if s.Fate != rig.FateApproved {
				a.Errorf("chain %d, leg %d, %s: fate %d, code %s, %s", n, leg, legs[leg].Flow, s.Fate, s.Code, s.Why)
			}
		}})
	}
	a.must(a.fleet.Rest(a.Context()))
	a.recorded = false
}

// batched has templates do the same, at the same times of a clock that stands still until all has been answered.
func (a *agreement) batched() {
	now := time.Duration(0)
	c := batch.Config{Workload: a.workload, Dialect: a.dialect, Samples: a.samples, Desk: a, Clock: func() time.Duration { return now }, Began: a.began.In(sim.Zone)}
	for _, t := range a.tills {
		c.Tills = append(c.Tills, batch.Till{Number: t.Number, Merchant: t.Merchant, MerchantName: t.MerchantName, MCC: t.MCC, Batch: t.Batch, Trace: t.Trace, HSM: t.HSM,
			PIK: held(t.HSM, terminal.KeyPIK), MAK: held(t.HSM, terminal.KeyMAK)})
	}
	for _, h := range a.cards {
		c.Cards = append(c.Cards, batch.Card{PAN: h.PAN, Expiry: h.Expiry, Track1: h.Track1, Track2: h.Stripe, PIN: h.PIN, ChipTrack: h.ChipTrack, Chip: h.Chip})
	}
	s, err := batch.New(c)
	a.must(err)
	l, err := wire.Listen("127.0.0.1:0", nil)
	a.must(err)
	var group sync.WaitGroup
	group.Go(func() { a.host(l, &group) })
	a.must(s.Connect(a.Context(), wire.Address{Addr: l.Addr().String()}))
	ctx, cancel := context.WithTimeout(a.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	due, n := map[time.Duration]int{}, uint64(0)
	for n := range uint64(agreeFor) {
		for c, i := a.workload.Chain(n), 0; i < len(c.Part.Legs); i++ {
			due[time.Duration(n)*apart+c.Offset(i)]++
		}
	}
	for want := 0; want < a.orders && ctx.Err() == nil && s.Err() == nil; now += time.Second {
		want += due[now]
		var begin []load.Due
		if now%apart == 0 {
			begin = append(begin, load.Due{At: now, Chain: n})
			n++
		}
		for s.Turn(now, begin); len(a.ended) < want && ctx.Err() == nil && s.Err() == nil; s.Turn(now, nil) {
			<-tick.C
		}
	}
	s.Close()
	a.must(l.Close())
	group.Wait()
	if a.must(s.Err()); len(a.ended) != a.orders {
		a.Fatalf("%d of %d orders ended", len(a.ended), a.orders)
	}
	kinds := map[uint16]bool{}
	for _, o := range a.ended {
		kinds[o.Kind] = true
	}
	if len(kinds) != len(a.workload.Kinds()) {
		a.Errorf("of %v only %v came", a.workload.Kinds(), kinds)
	}
}

// host answers as the fleet's host answered the same till and trace number.
func (a *agreement) host(l net.Listener, group *sync.WaitGroup) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		group.Go(func() {
			defer conn.Close()
			framer, err := a.dialect.Framing.Framer("")
			if err != nil {
				a.Error(err)
				return
			}
			in, buf := wire.NewInbox(framer), make([]byte, 4096)
			for {
				n, err := conn.Read(buf)
				if err != nil {
					return
				}
				in.Add(buf[:n])
				for frame, ok, _ := in.Next(); ok; frame, ok, _ = in.Next() {
					if _, err := conn.Write(a.answer(bytes.Clone(frame))); err != nil {
						a.Error(err)
					}
				}
			}
		})
	}
}

func (a *agreement) answer(frame []byte) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	var m iso8583.Scan
	if err := m.Read(a.dialect, frame); err != nil {
		a.Error(err)
		return nil
	}
	number, trace := m.Bytes(iso8583.Terminal), uint64(0)
	trace, _ = m.Number(iso8583.Trace)
	till := slices.IndexFunc(a.tills, func(s rig.Standing) bool { return s.Number == string(number) })
	a.asked[1][till] = append(a.asked[1][till], frame)
	answer, ok := a.answers[fmt.Sprintf("%s/%06d", number, trace)]
	if !ok {
		a.Errorf("the whole tills had no answer to %s/%06d", number, trace)
	}
	return answer
}

// compare holds each request of the one to that of the other.
func (a *agreement) compare() {
	same, chips := 0, 0
	for i := range a.tills {
		whole, batched := a.asked[0][i], a.asked[1][i]
		if len(whole) != len(batched) {
			a.Fatalf("till %d sent %d requests, and by templates %d", i, len(whole), len(batched))
		}
		for n := range whole {
			if m := a.message(whole[n]); bytes.Equal(whole[n], batched[n]) {
				same++
			} else if !m.Has(iso8583.Chip) {
				a.Errorf("till %d, request %d:\n%x\n%x", i, n, whole[n], batched[n])
			} else {
				a.compareChips(i, n, m, a.message(batched[n]))
				chips++
			}
		}
	}
	if same == 0 || chips == 0 || same+chips != a.orders {
		a.Errorf("%d requests are the same, %d but for the chip's chance, of %d", same, chips, a.orders)
	}
	a.Logf("%d requests are the same to the byte, and %d but for 9F37 and what follows from it", same, chips)
}

// compareChips gives the template's request the whole till's chance, and what the chip makes of it, and seals it again.
func (a *agreement) compareChips(till, n int, whole, batched *iso8583.Message) {
	objects := [2]tlv.List{a.objects(whole), a.objects(batched)}
	a.verify(whole, objects[0])
	a.verify(batched, objects[1])
	for i, o := range objects[1] {
		if o.Tag == 0x9F37 || o.Tag == 0x9F10 || o.Tag == 0x9F26 {
			objects[1][i], _ = objects[0].Find(o.Tag)
		}
	}
	again := batched.Clone()
	again.Set(iso8583.Chip, string(objects[1].Append(nil)))
	sealed, err := a.dialect.Seal(nil, again, func(in []byte) ([]byte, error) {
		return a.tills[till].HSM.MAC(terminal.KeyMAK, hsm.MACAlgorithm(a.dialect.Security.MAC), in)
	})
	if a.must(err); !bytes.Equal(sealed, whole.Frame()) {
		a.Errorf("till %d, request %d, with the same chance:\n%x\n%x", till, n, whole.Frame(), sealed)
	}
}

func (a *agreement) objects(m *iso8583.Message) tlv.List {
	list, err := tlv.Parse([]byte(m.Get(iso8583.Chip)), tlv.Strict)
	a.must(err)
	return list
}

// verify has the issuer's key make the cryptogram again: of a whole till's request, that is what the card itself made.
func (a *agreement) verify(m *iso8583.Message, list tlv.List) {
	i := slices.IndexFunc(a.cards, func(c rig.CardInHand) bool { return c.PAN == pay.NewPAN(m.Get(iso8583.PAN)) })
	if i < 0 {
		a.Fatal("the card is none of the fleet's")
	}
	counter, _ := list.Find(0x9F36)
	said, _ := list.Find(0x9F26)
	made, err := a.cards[i].Chip.Sign([]byte(m.Get(iso8583.Chip)), [2]byte(counter.Value))
	if err != nil || !bytes.Equal(made[:], said.Value) {
		a.Errorf("the cryptogram %x does not verify: %v", said.Value, err)
	}
}

func (a *agreement) Record(s *load.Sample) {
	if a.ended = append(a.ended, *s); s.End != load.Approved {
		a.Errorf("chain %d, leg %d by template: %s, code %s", s.Chain, s.Leg, s.End, s.Code)
	}
}
func (a *agreement) Late()                   { a.Error("a late answer") }
func (a *agreement) Duplicate()              { a.Error("an answer twice") }
func (a *agreement) Unmatched()              { a.Error("an answer to nothing") }
func (a *agreement) Malformed()              { a.Error("no answer") }
func (a *agreement) Reversed()               { a.Error("a reversal") }
func (a *agreement) Connected(time.Duration) {}
