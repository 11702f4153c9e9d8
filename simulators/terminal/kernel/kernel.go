// Package kernel is the EMV terminal: what it asks of card, cardholder and host, and how it decides (EMV 4.4 Book 3, 8 to 10).
package kernel

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// Config is what one transaction is decided from. The kernel changes nothing of it.
type Config struct {
	Rules       *Rules
	Contactless bool     // the card is in the field, not in the slot
	Apps        []App    // the applications that the terminal takes, best first
	Terminal    emv.Data // what the terminal says of itself: 9F33, 9F35, 9F40, 9F1A, 9F1E, 9F15, 9F16, 9F1C, 9F4E, 9F66, ...
	Keys        []emv.CAKey
	Revoked     []Revoked
	Choose      bool // there is a display on which a cardholder chooses an application

	Type        byte // 9C: TypePurchase, TypeCash, TypeCashback, ...
	Amount      pay.Amount
	Other       pay.Amount // cashback
	Now         time.Time
	Sequence    int               // 9F41
	ForceOnline bool              // the merchant wants the host's word
	Exceptions  map[pay.PAN]bool  // cards that are not to be taken
	Earlier     map[pay.PAN]int64 // minor units that each card spent here offline, for purchases split below the floor limit
	NoPINLimit  int64             // minor units up to which quickPass asks for neither PIN nor signature, inclusive; 0 is none (DOMAIN.md D.6)

	Random  io.Reader          // unpredictable numbers, PIN fillings, random selection
	Consult func(entry string) // told the name of each rule that is asked; may be nil
}

// The transaction types (9C), the first two digits of the processing code.
const (
	TypePurchase byte = 0x00
	TypeCash     byte = 0x01
	TypeCashback byte = 0x09
	TypeRefund   byte = 0x20
	TypeBalance  byte = 0x31
)

// Revoked is an issuer certificate that is not to be trusted (Book 2, 5.1).
type Revoked struct {
	RID    []byte
	Index  byte
	Serial []byte
}

// Run does one whole transaction. ask is called for all that the kernel needs and gives the answer. The outcome is a value
// whatever card, cardholder and host do.
func Run(c *Config, ask func(Need) Answer) Outcome {
	t := &transaction{c: c, r: c.Rules, ask: ask, own: emv.Data{}, card: emv.Data{}}
	if out := t.prepare(); out != nil {
		return t.told(*out)
	}
	phases := t.r.Contact
	if c.Contactless {
		phases = t.r.Contactless
	}
	return t.told(t.through(phases))
}

// Kernel is a transaction that waits between two needs, so that power can be cut there.
type Kernel struct {
	next    func() (Need, bool)
	stop    func()
	answer  Answer
	outcome Outcome
}

// Start begins a transaction; Next brings its first need, whatever its argument. One that is not led to its end is to be stopped.
func Start(c *Config) *Kernel {
	k := &Kernel{}
	k.next, k.stop = iter.Pull(func(yield func(Need) bool) {
		stopped := false
		k.outcome = Run(c, func(n Need) Answer {
			if stopped = stopped || !yield(n); stopped {
				return Answer{Reader: CardGone, PIN: PIN{State: PINCancelled}, Choice: ChoseNone}
			}
			return k.answer
		})
	})
	return k
}

// Next hands over the answer to the last need and gives the next one; false when the transaction is over.
func (k *Kernel) Next(a Answer) (Need, bool) {
	k.answer = a
	return k.next()
}

// Outcome is how it ended, after Next gave false.
func (k *Kernel) Outcome() Outcome { return k.outcome }

// Stop gives the transaction up where it stands.
func (k *Kernel) Stop() { k.stop() }

// transaction is one card's visit.
type transaction struct {
	c   *Config
	r   *Rules
	ask func(Need) Answer

	own    emv.Data // what the terminal made in this transaction: 9F02, 95, 9F37, 8A, ...
	card   emv.Data // what the card said
	static []byte   // the records that the issuer signed
	broken bool     // one of those was no template

	candidates []candidate
	blocked    bool // an application was there, but invalidated
	app        *App
	name       []byte // the application's name on the card
	label      string
	pan        pay.PAN

	aip  emv.AIP
	afl  emv.AFL
	tvr  emv.TVR
	tsi  emv.TSI
	cvm  emv.CVMResults
	pre  []entry // contactless pre-processing, by application
	sent sent    // what a CDA signature is over

	cda       bool          // CDA is the method, and has not failed
	icc       emv.PublicKey // the card's key, once recovered
	issuer    emv.PublicKey
	noPIN     bool // a PIN was refused once
	signature bool
	onlinePIN bool
	onDevice  bool // verified on the consumer's phone
	online    bool // the host was asked
	toHost    bool // contactless: an offline approval that the host is to see
	host      Host
	scripts   []byte // DF31
	ac        []emv.CID
	answered  []tlv.Tag // what the last answer to GENERATE AC held
	commands  int
}

// sent is the data of commands that a combined signature covers.
type sent struct{ pdol, cdol1, cdol2 []byte }

// consult notes that a rule is asked.
func (t *transaction) consult(entry string) {
	if t.c.Consult != nil {
		t.c.Consult(entry)
	}
}

// prepare makes the values that all of the transaction shares (Book 4, 6.5; annex A of Book 3).
func (t *transaction) prepare() *Outcome {
	amount, err := emv.N12(t.c.Amount)
	other, err2 := emv.N12(t.c.Other)
	if err != nil || err2 != nil {
		return t.end(Terminated, "the amount does not fit twelve digits")
	}
	t.consult("kernel/number")
	number, err := t.r.Number(t.c.Random)
	if err != nil {
		return t.end(Terminated, "no unpredictable number: "+err.Error())
	}
	y, m, d := t.c.Now.Date()
	binary := min(t.c.Amount.Minor, 1<<32-1)
	t.own = emv.Data{
		emv.Tag9F02Amount: amount, emv.Tag9F03AmountOther: other, emv.Tag81AmountBinary: be32(uint32(binary)),
		emv.Tag5F2ACurrency: emv.N(uint64(t.c.Amount.Currency), 2), emv.Tag5F36CurrencyExponent: {byte(t.c.Amount.Currency.Decimals())},
		emv.Tag9ADate:            append(append(emv.N(uint64(y%100), 1), emv.N(uint64(m), 1)...), emv.N(uint64(d), 1)...),
		emv.Tag9F21Time:          append(append(emv.N(uint64(t.c.Now.Hour()), 1), emv.N(uint64(t.c.Now.Minute()), 1)...), emv.N(uint64(t.c.Now.Second()), 1)...),
		emv.Tag9CTransactionType: {t.c.Type}, emv.Tag9F41SequenceCounter: emv.N(uint64(t.c.Sequence), 4),
		emv.Tag9F37UnpredictableNumber: number,
	}
	t.reset()
	return nil
}

func fourBytes(random io.Reader) ([]byte, error) {
	number := make([]byte, 4)
	_, err := io.ReadFull(random, number)
	return number, err
}

// reset clears what an application left behind (Book 3, 10.1).
func (t *transaction) reset() {
	t.card, t.static, t.broken, t.sent = emv.Data{}, nil, false, sent{}
	t.tvr, t.tsi, t.cvm = 0, 0, emv.CVMResults{Code: emv.CVM3FNotPerformed}
}

// through runs phases until one ends the transaction.
func (t *transaction) through(phases []Phase) Outcome {
	for _, p := range phases {
		t.consult(p.Name)
		if out := p.Do(t); out != nil {
			return *out
		}
	}
	return *t.end(Terminated, "the phases led to no end")
}

// send exchanges one command. A T=0 card that warns at a selection keeps its data until they are fetched (Book 1, 9.3.1).
func (t *transaction) send(c emv.Command) (emv.Response, *Outcome) {
	r, out := t.exchange(c)
	if out != nil || c.INS != emv.INSA4Select || len(r.Data) > 0 || r.SW>>8 != 0x62 && r.SW>>8 != 0x63 {
		return r, out
	}
	kept, out := t.exchange(emv.Command{INS: emv.INSC0GetResponse, Le: emv.Le00All})
	if out == nil && (kept.SW == emv.SW9000OK || kept.SW == r.SW) { // cards say the warning again, or not
		r.Data = kept.Data
	}
	return r, out
}

// exchange gives the card a command, and follows up waiting bytes (61) and wrong lengths (6C) of T=0.
func (t *transaction) exchange(c emv.Command) (emv.Response, *Outcome) {
	var data []byte
	for {
		if t.consult("kernel/commands"); t.commands >= t.r.MaxCommands {
			return emv.Response{}, t.fail(fmt.Sprintf("the card wants more than %d commands", t.r.MaxCommands))
		}
		t.commands++
		a := t.ask(Need{Kind: NeedAPDU, Command: c})
		switch a.Reader {
		case CardGone:
			return emv.Response{}, t.gone()
		case TwoCards:
			return emv.Response{}, t.end(PresentOne, "two cards answer")
		case CardMute:
			return emv.Response{}, t.fail("the card does not answer")
		}
		r := a.Response
		data = append(data, r.Data...)
		n, more := r.SW.More()
		le, wrong := r.SW.RightLe()
		switch {
		case more && len(data) <= 256 && t.followsUp():
			c = emv.Command{INS: emv.INSC0GetResponse, Le: n}
		case wrong && c.Le != le && t.followsUp():
			c.Le = le
		default:
			r.Data = data
			return r, nil
		}
	}
}

func (t *transaction) followsUp() bool {
	t.consult("kernel/follow-up")
	return t.r.FollowUp
}

// sources is where lists take their values from, the first one first: a card can replace nothing of the terminal's.
func (t *transaction) sources() []emv.Data {
	t.own[emv.Tag95TVR], t.own[emv.Tag9BTSI] = t.tvr.Bytes(), t.tsi.Bytes()
	t.own[emv.Tag9F34CVMResults] = t.cvm.Bytes()
	s := []emv.Data{t.own}
	if t.app != nil {
		s = append(s, t.app.Data)
	}
	s = append(s, t.c.Terminal, t.card)
	if t.consult("kernel/sources"); !t.r.OwnFirst {
		slices.Reverse(s)
	}
	return s
}

// data is all of it in one, as field 55 and slips need it.
func (t *transaction) data() emv.Data {
	all := emv.Data{}
	sources := t.sources()
	for i := range sources {
		for tag, v := range sources[len(sources)-1-i] {
			all[tag] = v
		}
	}
	if delete(all, emv.TagDF31ScriptResults); len(t.scripts) > 0 {
		all[emv.TagDF31ScriptResults] = t.scripts
	}
	return all
}

// terminal gives what the terminal says of itself; an application may have its own word.
func (t *transaction) terminal(tag tlv.Tag) []byte {
	if v, ok := t.app.Data[tag]; ok {
		return v
	}
	return t.c.Terminal[tag]
}

func (t *transaction) capabilities() emv.Capabilities {
	return emv.ParseCapabilities(t.terminal(emv.Tag9F33TerminalCapabilities))
}

func be32(n uint32) []byte { return []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }
