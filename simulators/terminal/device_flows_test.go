package terminal

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// shelf is what the bench's host has to fetch: more chip applications than fit one part of a list, two CA keys, parameters.
type shelf struct {
	asks     string // nibble 6 of its answers, in order; "" at the end asks for nothing
	aids     [][]byte
	keys     [][]byte
	settings string
	ended    []pay.Flow
	status   string
}

func newShelf(asks string) *shelf {
	s := &shelf{asks: asks, settings: "1245" + "132" + "200" + "90" + fmt.Sprintf("%-40s", "Noodle Palace")}
	for i := range 12 {
		aid := tlv.Append(nil, iso8583.Tag9F06AID, []byte{0xA0, 0, 0, 3, 0x33, byte(i)})
		s.aids = append(s.aids, tlv.Append(aid, 0x9F1B, []byte{0, 0, 0x27, byte(i)}))
	}
	for i := range 2 {
		k := iso8583.CAPublicKey{RID: []byte{0xA0, 0, 0, 3, 0x33}, Index: byte(i), Expires: "20351231", Hash: 1, Algorithm: 1,
			Modulus: slices.Repeat([]byte{0xC3, byte(i)}, 64), Exponent: []byte{3}}
		k.Check = k.CheckValue()
		s.keys = append(s.keys, k.TLV())
	}
	return s
}

// answer fills an approval with what was asked for; the header asks for the next thing.
func (s *shelf) answer(flow pay.Flow, req, m *iso8583.Message) {
	if flow != pay.SignIn || s.asks != "" {
		want := "0"
		if s.asks != "" {
			want = s.asks[:1]
		}
		m.SetHeader(m.Header()[:5] + want + m.Header()[6:])
	}
	asked := req.Get(iso8583.Parameters)
	switch flow {
	case pay.AIDQuery:
		m.Set(iso8583.Parameters, s.part(asked, s.aids))
	case pay.CAPKQuery:
		m.Set(iso8583.Parameters, s.part(asked, s.keys))
	case pay.AIDDownload:
		m.Set(iso8583.Parameters, iso8583.Downloaded(named(s.aids, asked)))
	case pay.CAPKDownload:
		m.Set(iso8583.Parameters, iso8583.Downloaded(named(s.keys, asked)))
	case pay.ParameterDownload:
		m.Set(iso8583.Parameters, s.settings)
	case pay.ContactlessDownload:
		m.Set(iso8583.Parameters, "\xFF\x80\x58\x06\x00\x00\x00\x10\x00\x00")
	case pay.AIDEnd, pay.CAPKEnd, pay.ParameterEnd, pay.ContactlessEnd, pay.StatusUpload:
		s.ended = append(s.ended, flow)
		s.status = asked
		if s.asks != "" {
			s.asks = s.asks[1:]
			m.SetHeader(m.Header()[:5] + (s.asks + "0")[:1] + m.Header()[6:])
		}
	}
}

func itemName(set []byte) string {
	if k, err := iso8583.ParseCAPK(set); err == nil {
		return k.Item().Name
	}
	aid, _ := iso8583.ParseAID(set)
	return aid.Item().Name
}

func named(sets [][]byte, name string) []byte {
	for _, set := range sets {
		if itemName(set) == name {
			return set
		}
	}
	return nil
}

func (s *shelf) part(query string, sets [][]byte) string {
	have, _ := iso8583.ParseListQuery(query)
	to := min(have+iso8583.MaxListItems, len(sets))
	p := iso8583.ListPart{More: to < len(sets), Count: to}
	for _, set := range sets[have:to] {
		p.Items = append(p.Items, iso8583.Item{Name: itemName(set)})
	}
	text, _ := p.Text()
	return text
}

// stock makes the bench's host a shelf's, and signs in; the sign-in's answer asks for the first thing.
func (b *bench) stock(asks string) *shelf {
	b.t.Helper()
	b.host.shelf = newShelf(asks)
	b.signIn()
	return b.host.shelf
}

// Everything that a header may ask for is done before the next sale, each once, in the order in which the host asks.
func TestErrandsBeforeTrade(t *testing.T) {
	b := newBench(t)
	s := b.stock("14592")
	b.forget()
	b.swipe(freeTrack)
	same(t, "ending", Approved, b.ending().Kind)
	same(t, "told", []pay.Flow{pay.ParameterEnd, pay.CAPKEnd, pay.AIDEnd, pay.ContactlessEnd, pay.StatusUpload}, s.ended)
	same(t, "status", "010020030040050", s.status)
	holds := b.till.Holds()
	same(t, "applications", 12, len(holds.AIDs))
	same(t, "floor limit of the last", []byte{0, 0, 0x27, 11}, holds.AIDs[11].Values[0x9F1B])
	same(t, "keys", 2, len(holds.CAPKs))
	same(t, "contactless", 1, len(holds.Contactless))
	same(t, "retries", 2, b.till.attempts())
	same(t, "patience", "45s", b.till.patience().String())
	queries := 0
	for _, f := range b.flows() {
		if strings.HasPrefix(f, "aid-query") {
			queries++
		}
	}
	same(t, "parts of the list of applications", 2, queries)
	b.forget()
	b.swipe(freeTrack)
	same(t, "the next sale goes at once", 1, len(b.exchanges))
}

// Goldens of each new request, byte for byte, from what the terminal does.
func TestGoldenDevice(t *testing.T) {
	b := newBench(t)
	b.stock("14592")
	b.swipe(freeTrack)
	var frames strings.Builder
	seen := map[pay.Flow]bool{}
	for _, m := range b.exchanges {
		tx, _, _ := b.dialect.Identify(m)
		if tx.Flow != pay.Sale && tx.Flow != pay.SignIn && !seen[tx.Flow] {
			seen[tx.Flow] = true
			fmt.Fprintf(&frames, "%-21s %X\n", tx.Flow, m.Frame())
		}
	}
	same(t, "flows", 12, len(seen)+1)
	golden(t, "device.golden", []byte(frames.String()))
}

// What comes that is not as it must be is dropped: the terminal keeps what it had, sells, and does not tell the host an end.
func TestSpurnedDownloads(t *testing.T) {
	for name, c := range map[string]struct {
		asks  string
		spoil func(*shelf)
	}{
		"a wrong check value":       {"4", func(s *shelf) { s.keys[1][len(s.keys[1])-1] ^= 1 }},
		"a key that is not whole":   {"4", func(s *shelf) { s.keys[0] = s.keys[0][:40] }},
		"an application with holes": {"5", func(s *shelf) { s.aids[3] = append(s.aids[3], 0xDF, 0x11, 1, 0) }},
		"parameters with nonsense":  {"1", func(s *shelf) { s.settings = "99nonsense" }},
		"no parameters":             {"1", func(s *shelf) { s.settings = "" }},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.lenient = true
			s := b.stock(c.asks)
			c.spoil(s)
			b.forget()
			b.swipe(freeTrack)
			same(t, "ending", Approved, b.ending().Kind)
			b.mustShow("DOWNLOAD_REFUSED")
			same(t, "told", 0, len(s.ended))
			holds := b.till.Holds()
			same(t, "held", 0, len(holds.AIDs)+len(holds.CAPKs)+len(holds.Settings))
		})
	}
}

// deviceRuns are the flows of the terminal as a machine; its power may go in each.
func deviceRuns() []run {
	asked := func(asks string) func(*bench) { return func(b *bench) { b.stock(asks) } }
	sale := func(b *bench) { b.swipe(freeTrack) }
	return []run{
		{"parameters, keys, applications, contactless, status", asked("14592"), nil, sale},
		{"keys, the second not answered", asked("4"), func(n int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{trouble: &silent}, flow == pay.CAPKDownload && n == 4
		}, func(b *bench) { sale(b); sale(b) }},
		{"end refused", asked("5"), func(_ int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
			return reply{code: "96"}, flow == pay.AIDEnd
		}, sale},
		{"another version", func(b *bench) {
			b.stock("1").settings = "1245" + "9132320000"
		}, nil, sale},
	}
}

// noticeRuns are what the host is told of a payment when it is over.
func noticeRuns() []run {
	pad := func(b *bench) { b.config.SignaturePad = true; b.powerCycle(); b.logIn("01", "4719"); b.signIn() }
	sale := func(size int) func(*bench) {
		return func(b *bench) {
			b.swipe(freeTrack)
			b.step(Event{Kind: Sign, Picture: picture(size)})
		}
	}
	only := func(flow pay.Flow, r reply) func(int, pay.Flow, *iso8583.Message) (reply, bool) {
		return func(_ int, f pay.Flow, _ *iso8583.Message) (reply, bool) { return r, f == flow }
	}
	return []run{
		{"signature in parts", pad, nil, sale(1200)},
		{"signature refused on the pad", pad, nil, sale(0)},
		{"signature unanswered", pad, only(pay.ESignature, reply{trouble: &silent}), func(b *bench) { sale(1200)(b); sale(0)(b) }},
		{"signature refused by the host", pad, only(pay.ESignature, reply{code: "25"}), sale(1200)},
		{"script results", func(b *bench) { b.signIn(); b.swipe(freeTrack) }, nil, func(b *bench) { b.scripts(); b.swipe(freeTrack) }},
		{"script results unanswered", func(b *bench) { b.signIn(); b.swipe(freeTrack) }, only(pay.ScriptResult, reply{trouble: &silent}),
			func(b *bench) { b.scripts(); b.swipe(freeTrack) }},
	}
}

// scripts says that the chip of the last payment was given two commands and did one.
func (b *bench) scripts() {
	b.step(Event{Kind: ScriptResults, Chip: []byte("\x9F\x36\x02\x00\x01\x95\x05\x00\x00\x00\x00\x00\xDF\x31\x05\x20\x00\x00\x00\x01")})
}

// A script's results go out before the next sale under the payment that they are about, and until the host has them.
func TestScriptResults(t *testing.T) {
	b := newBench(t)
	b.scripts() // about no payment
	b.signIn()
	b.swipe(freeTrack)
	b.scripts()
	b.host.do = func(n int, flow pay.Flow, _ *iso8583.Message) (reply, bool) {
		return reply{trouble: &silent}, flow == pay.ScriptResult && n == 1
	}
	b.forget()
	b.swipe(freeTrack)
	same(t, "ending", Approved, b.ending().Kind)
	b.powerCycle()
	b.logIn("01", "4719")
	b.swipe(freeTrack)
	same(t, "exchanges", []string{"script-result 003", "sale 004", "script-result 005", "sale 006"}, b.flows())
	m := b.exchanges[2]
	same(t, "original", "000001000002", m.Get(iso8583.OriginalBatch)+m.Get(iso8583.OriginalTrace))
	results, err := iso8583.ParseScriptResults([]byte(m.Get(iso8583.Chip)))
	same(t, "results", "2000000001 <nil>", fmt.Sprintf("%X %v", results, err))
	golden(t, "script_result.golden", fmt.Appendf(nil, "%X\n", m.Frame()))
}

// A signature goes out in parts that make the picture again; what cannot be sent leaves the place to sign on the paper.
func TestSignature(t *testing.T) {
	for _, c := range []struct {
		size  int
		parts string
	}{{1, "07800"}, {512, "07800"}, {513, "08801 07802"}, {1200, "08801 08802 07803"}, {9 * 512, "08801 08802 08803 08804 08805 08806 08807 08808 07809"},
		{9*512 + 1, ""}, {0, ""}} {
		b := newBench(t)
		b.signed(c.size)
		var got []byte
		var parts []string
		for _, m := range b.exchanges[2:] {
			got = append(got, m.Get(iso8583.Signature)...)
			parts = append(parts, m.Get(iso8583.TypeCode)+m.Get(iso8583.NetworkCode))
		}
		same(t, "parts", c.parts, strings.Join(parts, " "))
		if c.parts != "" {
			same(t, "picture", picture(c.size), got)
		}
		same(t, "ending", Approved, b.ending().Kind)
		same(t, "receipts", 2, len(b.slips))
		signed := slices.ContainsFunc(b.slips[0].Lines, func(l Line) bool { return l.ID == "SLIP_SIGNED" })
		place := slices.ContainsFunc(b.slips[0].Lines, func(l Line) bool { return l.ID == "SLIP_SIGNATURE" })
		same(t, "signed on the till", c.parts != "", signed)
		same(t, "a place to sign", c.parts == "", place)
		if c.size == 1 {
			golden(t, "signature.golden", fmt.Appendf(nil, "%X\n", b.exchanges[2].Frame()))
		}
	}
}

// judgeNotices: whatever was owed has been told, once the line works.
func judgeNotices(wrong func(string, ...any), b *bench) {
	if n := len(b.till.notices); n > 0 && b.config.HSM.Has(KeyTMK) {
		wrong("%d notices are owed", n)
	}
}

// judgeDevice: what was half fetched does not count, and what is due is fetched in the end.
func judgeDevice(wrong func(string, ...any), b *bench) {
	if b.host.shelf == nil {
		return
	}
	holds := b.till.Holds()
	if n := len(holds.AIDs); n != 0 && n != 12 {
		wrong("%d chip applications", n)
	}
	if n := len(holds.CAPKs); n != 0 && n != 2 {
		wrong("%d CA keys", n)
	}
	if b.host.shelf.asks != "" {
		wrong("the host still asks for %s", b.host.shelf.asks)
	}
}
