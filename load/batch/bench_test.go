package batch

import (
	"testing"
	"time"

	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// parrot is a line whose host answers each sale at once from a template of its own.
type parrot struct {
	*table
	answer *iso8583.Template
	mac    *hsm.MACKey
	scan   iso8583.Scan
	out    []byte
	frame  []byte
}

func newParrot(b testing.TB, t *table, sealed bool) *parrot {
	req := sampleOf(b, t.dialect, pay.Sale)
	a := t.dialect.NewAnswer(req)
	a.Set(iso8583.AnswerCode, "00")
	a.Set(iso8583.RRN, "000000000001")
	p := &parrot{table: t}
	var err error
	if sealed {
		_, err = t.dialect.Seal(nil, a, func([]byte) ([]byte, error) { return []byte("00000000"), nil })
	} else {
		_, err = t.dialect.Encode(nil, a)
	}
	if err != nil {
		b.Fatal(err)
	}
	if p.answer, err = t.dialect.Template(a); err != nil {
		b.Fatal(err)
	}
	if p.mac, err = t.keys.MACKey("MAK", hsm.MACUnionPayECB); err != nil {
		b.Fatal(err)
	}
	return p
}

func (p *parrot) Write(out []byte) (int, error) {
	buf := p.sender.inbox.buffer()[:0]
	for rest := out; len(rest) > 0; {
		frame, n, _ := p.framer.Next(rest)
		rest = rest[n:]
		if err := p.scan.Read(p.dialect, frame); err != nil {
			p.t.Fatal(err)
		}
		p.frame = p.answer.Append(p.frame[:0])
		trace, _ := p.scan.Number(iso8583.Trace)
		p.answer.PutNumber(p.frame, iso8583.Trace, trace)
		amount, _ := p.scan.Number(iso8583.Amount)
		p.answer.PutNumber(p.frame, iso8583.Amount, amount)
		pan, _ := p.scan.Number(iso8583.PAN)
		p.answer.PutNumber(p.frame, iso8583.PAN, pan)
		p.answer.Put(p.frame, iso8583.Terminal, p.scan.Bytes(iso8583.Terminal))
		p.answer.Seal(p.frame, p.mac.Sum)
		if len(buf)+len(p.frame)+2 > chunkSize {
			p.sender.inbox.put(chunk{at: p.now, bytes: buf})
			buf = p.sender.inbox.buffer()[:0]
		}
		buf, _ = p.framer.Append(buf, p.frame)
	}
	p.sender.inbox.put(chunk{at: p.now, bytes: buf})
	return len(out), nil
}

// What an order costs both in the engine and in a host that does nothing: the scan of the request and a patched answer.
func BenchmarkOrder(b *testing.B) {
	for _, sealed := range []bool{false, true} {
		name := map[bool]string{true: "MAC made and verified", false: "no MAC"}[sealed]
		b.Run(name, func(b *testing.B) {
			t := lay(b, sales, "10/s")
			p := newParrot(b, t, sealed)
			t.sender.lines[0].conn = p
			if !sealed {
				m := sampleOf(b, t.dialect, pay.Sale)
				m.Unset(iso8583.MAC)
				if _, err := t.dialect.Encode(nil, m); err != nil {
					b.Fatal(err)
				}
				r, err := newRecipe(t.dialect, m)
				if err != nil {
					b.Fatal(err)
				}
				r.back = t.sender.recipes[0].back
				t.sender.recipes[0] = r
			}
			ended := &counting{table: t}
			t.sender.Desk = ended
			due := make([]load.Due, 4)
			b.ReportAllocs()
			for n := uint64(0); b.Loop(); n++ {
				if n%4 == 3 {
					t.now += time.Microsecond
					for i := range due {
						due[i] = load.Due{At: t.now, Chain: n + uint64(i) - 3}
					}
					t.sender.Turn(t.now, due)
				}
			}
			t.sender.Turn(t.now, nil)
			if ended.approved != ended.all || ended.all < b.N-4 {
				b.Fatalf("%d of %d approved in %d", ended.approved, ended.all, b.N)
			}
		})
	}
}

type counting struct {
	*table
	all, approved int
}

func (c *counting) Record(s *load.Sample) {
	c.all++
	if s.End == load.Approved {
		c.approved++
	}
}
