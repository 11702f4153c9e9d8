package issuer_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/issuer"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// goldenChip is F55 of the chip sale in DOMAIN.md H.3: 1.00 CNY with transaction counter 1.
const goldenChip = "9F2608C05040629FF93A869F2701809F100807010103A02000019F37041A2B3C4D9F36020001950500000480009A032606019C01009F02060000000100005F2A02015682027C009F1A0201569F03060000000000009F3303E0E1C89F34030203009F3501229F1E0831323334353637388408A0000003330101029F090200309F410400000016"

// chipBank is a bank whose Alice has a chip made with the master key of DOMAIN.md D.5.
func chipBank(t testing.TB, edit func(*issuer.Card)) *bank {
	return chipBankBy(t, nil, edit)
}

// chipBankBy is one with rules of its own.
func chipBankBy(t testing.TB, rules *issuer.Rules, edit func(*issuer.Card)) *bank {
	b := newBank(t, rules, func(c *issuer.Card) {
		c.Service = "220"
		c.Chip = issuer.Chip{Masters: "unionpay", Cipher: hsm.TDES2, Schemes: []string{"unionpay-17", "unionpay-01"}, Sequence: "01"}
		if edit != nil {
			edit(c)
		}
	})
	for name, key := range map[string]string{issuer.MasterAC: "F0C34A8124CEE0A91A0B034AA97D6EAC", issuer.MasterSMI: "0123456789ABCDEFFEDCBA9876543210",
		issuer.MasterSMC: "FEDCBA98765432100123456789ABCDEF"} {
		clear, err := hex.DecodeString(key)
		b.must(err)
		_, err = b.config.HSM.Import(issuer.MasterKey("unionpay", name), hsm.TDES2, clear)
		b.must(err)
	}
	return b
}

// chipSale is the golden sale; put replaces objects of F55 by tag, or takes one out when it is "".
func (b *bank) chipSale(put map[tlv.Tag]string) *iso8583.Message {
	b.t.Helper()
	b.number++
	m := b.request(pay.Sale, fmt.Sprintf("260601%06d", b.number))
	for e, v := range map[iso8583.Element]string{iso8583.Amount: "000000010000", iso8583.EntryMode: "052", iso8583.CardSequence: "001"} {
		m.Set(e, v)
	}
	raw, err := hex.DecodeString(goldenChip)
	b.must(err)
	objects, err := tlv.Parse(raw, tlv.Strict)
	b.must(err)
	var chip []byte
	for _, o := range objects {
		value := o.Value
		if text, ok := put[o.Tag]; ok {
			value, err = hex.DecodeString(text)
			b.must(err)
			if text == "" {
				continue
			}
		}
		chip = tlv.Append(chip, o.Tag, value)
	}
	m.Set(iso8583.Chip, string(chip))
	return m
}

func TestChip(t *testing.T) {
	golden := func(b *bank) *iso8583.Message { return b.chipSale(nil) }
	put := func(tag tlv.Tag, value string) func(*bank) *iso8583.Message {
		return func(b *bank) *iso8583.Message { return b.chipSale(map[tlv.Tag]string{tag: value}) }
	}
	with := func(e iso8583.Element, v string) func(*bank) *iso8583.Message {
		return func(b *bank) *iso8583.Message { return set(b.chipSale(nil), e, v) }
	}
	for _, c := range []struct {
		name string
		card func(*issuer.Card)
		ask  func(*bank) *iso8583.Message
		want string // code, and a part of the reason
	}{
		{"golden", nil, golden, "00"},
		{"another cryptogram", nil, put(emv.Tag9F26AC, "C05040629FF93A87"), "59 the cryptogram"},
		{"another verification result", nil, put(emv.Tag95TVR, "0000000000"), "59 the cryptogram"},
		{"another unpredictable number", nil, put(emv.Tag9F37UnpredictableNumber, "00000000"), "59 the cryptogram"},
		{"another card's", func(c *issuer.Card) { c.PAN = pay.NewPAN("6200123456789028") }, golden, "59 the cryptogram"},
		{"another sequence number at the issuer", func(c *issuer.Card) { c.Chip.Sequence = "02" }, golden, "59 card sequence number 001"},
		{"no chip at the issuer", func(c *issuer.Card) { c.Chip = issuer.Chip{} }, golden, "59 the card of alice has no chip"},
		{"a version the card does not make", func(c *issuer.Card) { c.Chip.Schemes = []string{"visa-10"} }, golden, "59 9F10"},
		{"refused by the chip", nil, put(emv.Tag9F27CID, "00"), "59 9F27 says AAC"},
		{"approved by the chip", nil, put(emv.Tag9F27CID, "40"), "59 9F27 says TC"},
		{"another amount in the message", nil, with(iso8583.Amount, "000000010001"), "59 the chip signed an amount of 10000"},
		{"another currency in the message", nil, put(emv.Tag5F2ACurrency, "0840"), "59 the chip signed currency 840"},
		{"no cryptogram", nil, put(emv.Tag9F26AC, ""), "30 F55: 9F26"},
		{"a cryptogram too short", nil, put(emv.Tag9F26AC, "C0504062"), "30 F55: 9F26"},
		{"no terminal capabilities", nil, put(emv.Tag9F33TerminalCapabilities, ""), "30 F55: 9F33"},
		{"garbage", nil, with(iso8583.Chip, "\x9f"), "30 F55: tlv"},
		{"counter seen already", func(c *issuer.Card) { c.Chip.ATC = 1 }, golden, "59 transaction counter 1"},
		{"counter below", func(c *issuer.Card) { c.Chip.ATC = 9 }, golden, "59 transaction counter 1"},
		{"track of another card", nil, with(iso8583.Track2, "6200123456789028D30122010000000000"), "14 the track"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := chipBank(t, c.card)
			m := c.ask(b)
			got := b.ask(m)
			if code, text, _ := strings.Cut(c.want, " "); got != code || !strings.Contains(b.reason(), text) {
				t.Errorf("got %s %s, want %s", got, b.reason(), c.want)
			}
		})
	}
}

// The issuer proves itself to the chip, by the ARPC of DOMAIN.md D.5, also when it declines; not to one that has not proven
// itself, and not to a card that has left the field.
func TestChipAnswer(t *testing.T) {
	for _, c := range []struct{ name, mode, amount, balance, want string }{
		{"approved", "052", "000000010000", "10000", "910A8E728B8BF340BB823030"},
		{"tapped", "072", "000000010000", "10000", ""},
		{"not proven", "052", "000000010001", "10000", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := chipBank(t, nil)
			b.ask(set(set(b.chipSale(nil), iso8583.EntryMode, c.mode), iso8583.Amount, c.amount))
			if got := fmt.Sprintf("%X", b.answers[0].Get(iso8583.Chip)); got != c.want {
				t.Errorf("F55 is %s, want %s", got, c.want)
			}
		})
	}
	b := chipBank(t, func(c *issuer.Card) { c.Balance = pay.CNY(1) })
	if code := b.ask(b.chipSale(nil)); code != "51" || !strings.HasSuffix(b.answers[0].Get(iso8583.Chip), "51") {
		t.Errorf("declined %s with F55 %X", code, b.answers[0].Get(iso8583.Chip))
	}
	if code := b.ask(b.chipSale(nil)); code != "59" {
		t.Errorf("the same cryptogram again: %s", code)
	}
}

// A script goes out with every answer until the chip has confirmed it; the new PIN stands nowhere in the clear.
func TestChipScripts(t *testing.T) {
	b := chipBank(t, nil)
	b.must(b.issuer.SendScript("alice", issuer.Script{Kind: issuer.ScriptBlockApplication}, pay.Secret{}))
	b.must(b.issuer.SendScript("alice", issuer.Script{Kind: issuer.ScriptChangePIN}, pay.NewSecret("975310")))
	for _, wrong := range []issuer.ScriptKind{"shred", issuer.ScriptChangePIN} {
		if err := b.issuer.SendScript("alice", issuer.Script{Kind: wrong}, pay.Secret{}); err == nil {
			t.Errorf("a script %s without a PIN is taken", wrong)
		}
	}
	b.open() // scripts outlive a restart
	b.ask(b.chipSale(nil))
	chip, err := tlv.Parse([]byte(b.answers[0].Get(iso8583.Chip)), tlv.Strict)
	b.must(err)
	var got []string
	for o := range chip.All() {
		if o.Tag == emv.Tag9F18ScriptId || o.Tag == emv.Tag86IssuerScriptCommand {
			got = append(got, fmt.Sprintf("%s %X", o.Tag, o.Value[:4]))
		}
	}
	if want := "9F18 00000001, 86 841E0000, 9F18 00000002, 86 84240002"; strings.Join(got, ", ") != want {
		t.Errorf("scripts: %s, want %s", strings.Join(got, ", "), want)
	}
	b.must(b.config.Store.Replay(func(r journal.Record) error {
		if bytes.Contains(r.Data, []byte("975310")) {
			t.Errorf("the journal holds the new PIN: %s", r.Data)
		}
		return nil
	}))
}

// The stripe of a card with a chip is taken only where the terminal says that the chip could not be read; the track that a
// chip tells makes no stripe.
func TestChipStripe(t *testing.T) {
	for _, c := range []struct {
		name, condition string
		edit            func(*issuer.Card)
		want            string
	}{
		{"the chip was not tried", "0", nil, "45"},
		{"fallback", "2", nil, "00"},
		{"no fallback for this card", "2", func(c *issuer.Card) { c.Chip.NoStripe = true }, "45"},
		{"a card without a chip", "0", func(c *issuer.Card) { c.Chip = issuer.Chip{} }, "00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := chipBank(t, c.edit)
			m := b.sale()
			m.Set(iso8583.ICCondition, c.condition)
			if got := b.ask(m); got != c.want {
				t.Errorf("got %s, want %s: %s", got, c.want, b.reason())
			}
		})
	}
	b := chipBank(t, func(c *issuer.Card) { c.Service = "999" }) // what a chip's track is made with
	track, err := b.issuer.Stripe(b.card)
	b.must(err)
	forged := strings.Replace(track.Reveal(), "D3012999", "D3012220", 1)
	m := set(b.sale(), iso8583.Track2, forged)
	m.Set(iso8583.ICCondition, "2")
	if got := b.ask(m); got != "59" {
		t.Errorf("a stripe written from a chip's track is answered %s", got)
	}
	if got := b.ask(set(b.chipSale(nil), iso8583.Track2, forged)); got != "00" {
		t.Errorf("the chip's own track is answered %s: %s", got, b.reason())
	}
}

// The working of a cryptogram can be reckoned again: what it was made over, and the check values of the keys (the master key's by OpenSSL).
func TestCryptogramWorking(t *testing.T) {
	b := chipBank(t, nil)
	b.ask(b.chipSale(nil))
	b.ask(b.chipSale(map[tlv.Tag]string{emv.Tag9F26AC: "0102030405060708"}))
	var results []string
	for _, e := range b.config.Trace.Events() {
		if e.Name != trace.Cryptogram {
			continue
		}
		said := map[string]trace.Field{}
		for _, f := range e.Fields {
			said[f.ID] = f
		}
		results = append(results, said["9F26"].Note)
		if said["master"].Value != "9F851F0D" || said["9F02"].Value == "" || said["95"].Value == "" || len(said["input"].Value) < 40 || len(said["session"].Value) < 6 || said["card"].Value == said["session"].Value {
			t.Errorf("%+v", said)
		}
	}
	if want := []string{"right", "wrong"}; !slices.Equal(results, want) {
		t.Errorf("results %q, want %q", results, want)
	}
}
