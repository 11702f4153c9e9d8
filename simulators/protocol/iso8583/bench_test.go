package iso8583

import (
	"testing"
	"time"
)

// benchSale is the sale of DOMAIN.md H.3 in any dialect.
func benchSale(b testing.TB, d *Dialect) *Message {
	m := d.NewRequest("sale")
	for e, v := range map[Element]string{
		PAN: "6200123456789010", Amount: "000000010000", Trace: "000002", TransmissionTime: "0601093015", LocalTime: "093015",
		LocalDate: "0601", EntryMode: "021", PINCapture: "06", Track2: "6200123456789010D30122011234567890123",
		Terminal: "12345678", Merchant: "898320548160001", Currency: "156", PIN: "\xEA\x25\x14\xF2\x64\xD4\x69\xBE",
		SecurityControl: "2600000000000000", Batch: "000001", NetworkCode: "000", ReadCapability: "6", ICCondition: "0",
	} {
		if d.Carries("sale", e) {
			m.Set(e, v)
		}
	}
	return m
}

func BenchmarkSale(b *testing.B) {
	stub := make([]byte, 8)
	mac := func([]byte) ([]byte, error) { return stub, nil }
	for _, name := range []string{"unionpay-pos", "iso87-ascii", "iso87-binary"} {
		for _, c := range []Codec{Moov, Compiled} {
			d := load(b, name).Using(c)
			m := benchSale(b, d)
			frame, err := d.Seal(nil, m, mac)
			if err != nil {
				b.Fatal(err)
			}
			frame = append([]byte(nil), frame...)
			var dst []byte
			run := func(verb string, f func() error) {
				b.Run(name+"/"+string(c)+"/"+verb, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						if err := f(); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			run("pack", func() (err error) { dst, err = d.Encode(dst[:0], m); return err })
			run("seal", func() (err error) { dst, err = d.Seal(dst[:0], m, mac); return err })
			run("unpack", func() error { return d.Decode(m, frame) })
		}
	}
}

// How many times what the compiled codec takes moov takes, both sides in turn.
func BenchmarkRatioMoovToCompiled(b *testing.B) {
	const turn = 20 // calls between two looks at the clock
	for _, verb := range []string{"pack", "unpack"} {
		b.Run(verb, func(b *testing.B) {
			var sides [2]func() error
			for i, c := range []Codec{Moov, Compiled} {
				d := load(b, "unionpay-pos").Using(c)
				m := benchSale(b, d)
				frame, err := d.Encode(nil, m)
				if err != nil {
					b.Fatal(err)
				}
				var dst []byte
				sides[i] = func() (err error) { dst, err = d.Encode(dst[:0], m); return err }
				if verb == "unpack" {
					frame = append([]byte(nil), frame...)
					sides[i] = func() error { return d.Decode(m, frame) }
				}
			}
			var took [2]time.Duration
			for b.Loop() {
				for i, side := range sides {
					begin := time.Now()
					for range turn {
						if err := side(); err != nil {
							b.Fatal(err)
						}
					}
					took[i] += time.Since(begin)
				}
			}
			b.ReportMetric(float64(took[0])/float64(took[1]), "x")
		})
	}
}
