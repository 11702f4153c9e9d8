package batch

import (
	"fmt"
	"net"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/load"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// crowd is what many tills of UnionPay's dialect and their host are made of, the same in each process: every till has a MAC key of its own.
type crowd struct {
	Config
	framer wire.Framer
	sealed bool
	keys   *hsm.HSM
}

const crowdLoad = `name: crowd
tills: %d
lines: %d
lag: 1m
patience: 10s
mix: [{weight: 1, legs: [{flow: sale, amount: 1.00 CNY to 9.00 CNY}]}]
stages: [{rate: %d/s, for: %s}]
`

func newCrowd(tills, lines, rate int, length string, sealed bool) (c *crowd, err error) {
	c = &crowd{sealed: sealed, keys: hsm.New(sim.Seed(1).Reader("crowd"))}
	if c.Workload, err = load.ParseWorkload(fmt.Appendf(nil, crowdLoad, tills, lines, rate, length), "crowd.yaml"); err != nil {
		return nil, err
	}
	d, err := iso8583.Load(fixtures.FS, "dialects/unionpay-pos.yaml")
	if err != nil {
		return nil, err
	}
	c.Dialect, c.Began = d.Using(iso8583.Compiled), sim.Start
	if c.framer, err = d.Framing.Framer(""); err != nil {
		return nil, err
	}
	if _, err := c.keys.Generate("PIK", hsm.TDES2); err != nil {
		return nil, err
	}
	for i := range tills {
		t := Till{Number: fmt.Sprintf("1000%04d", i), Merchant: "898320548160001", Batch: "000001", HSM: c.keys, PIK: "PIK", MAK: fmt.Sprintf("MAK/%d", i)}
		if _, err := c.keys.Generate(t.MAK, hsm.TDES2); err != nil {
			return nil, err
		}
		c.Tills = append(c.Tills, t)
	}
	for i := range c.Workload.Cards {
		pan := fmt.Sprintf("62001200%08d", i)
		c.Cards = append(c.Cards, Card{PAN: pay.NewPAN(pan), Expiry: "3012", Track2: pay.NewSecret(pan + "D30121201234567890123"), PIN: pay.NewSecret("1234")})
	}
	sale, err := c.sale()
	if err != nil {
		return nil, err
	}
	back, err := sampled(c.Dialect, pay.Reversal)
	c.Samples = []Sample{{Request: sale, Reversal: back}}
	return c, err
}

// sale is a whole terminal's, without its MAC where the crowd seals none.
func (c *crowd) sale() (*iso8583.Message, error) {
	m, err := sampled(c.Dialect, pay.Sale)
	if err == nil && !c.sealed {
		m.Unset(iso8583.MAC)
		_, err = c.Dialect.Encode(nil, m)
	}
	return m, err
}

// clerk answers sales from a template.
type clerk struct {
	*crowd
	answer *iso8583.Template
	undone *iso8583.Template // the answer to a reversal
	macs   map[string]*hsm.MACKey
	scan   iso8583.Scan
	frame  []byte
}

func (c *crowd) clerk() (k *clerk, err error) {
	k = &clerk{crowd: c, macs: map[string]*hsm.MACKey{}}
	sale, err := c.sale()
	if err != nil {
		return nil, err
	}
	if k.answer, err = c.answerTo(sale, c.sealed); err != nil {
		return nil, err
	}
	back, err := sampled(c.Dialect, pay.Reversal)
	if err != nil {
		return nil, err
	}
	if k.undone, err = c.answerTo(back, true); err != nil {
		return nil, err
	}
	for _, t := range c.Tills {
		if k.macs[t.Number], err = c.keys.MACKey(t.MAK, hsm.MACUnionPayECB); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func (c *crowd) answerTo(m *iso8583.Message, sealed bool) (_ *iso8583.Template, err error) {
	a := c.Dialect.NewAnswer(m)
	a.Set(iso8583.AnswerCode, "00")
	a.Set(iso8583.RRN, "000000000001")
	if sealed {
		_, err = c.Dialect.Seal(nil, a, func([]byte) ([]byte, error) { return []byte("00000000"), nil })
	} else {
		_, err = c.Dialect.Encode(nil, a)
	}
	if err != nil {
		return nil, err
	}
	return c.Dialect.Template(a)
}

// reply writes the framed answer to a request to out. A spoiled one has a wrong MAC or, where there is none, names another shop.
func (k *clerk) reply(out, request []byte, spoil bool) ([]byte, error) {
	if err := k.scan.Read(k.Dialect, request); err != nil {
		return out, err
	}
	answer, sale := k.answer, k.scan.MTI() == 0x0200
	if !sale {
		answer = k.undone
	}
	k.frame = answer.Append(k.frame[:0])
	for _, e := range []iso8583.Element{iso8583.Trace, iso8583.Amount, iso8583.PAN} {
		n, _ := k.scan.Number(e)
		answer.PutNumber(k.frame, e, n)
	}
	number := k.scan.Bytes(iso8583.Terminal)
	answer.Put(k.frame, iso8583.Terminal, number)
	if spoil && !answer.Sealed() {
		answer.Put(k.frame, iso8583.Merchant, []byte("898320548160009"))
	}
	mac := k.macs[string(number)]
	if mac == nil {
		return out, fmt.Errorf("no till has the number %q", number)
	}
	answer.Seal(k.frame, mac.Sum)
	if spoil && answer.Sealed() {
		k.frame[len(k.frame)-1] ^= 1
	}
	return k.framer.Append(out, k.frame)
}

// frames reads a connection, and gives the frames of each read together.
func (c *crowd) frames(conn net.Conn, give func(frames [][]byte) error) error {
	in, buf := []byte(nil), make([]byte, chunkSize)
	var list [][]byte
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return nil // the other side is done
		}
		in, list = append(in, buf[:n]...), list[:0]
		rest := in
		for {
			frame, n, err := c.framer.Next(rest)
			if err != nil {
				return err
			}
			if n == 0 {
				break
			}
			rest, list = rest[n:], append(list, frame)
		}
		if err := give(list); err != nil {
			return err
		}
		in = append(in[:0], rest...)
	}
}
