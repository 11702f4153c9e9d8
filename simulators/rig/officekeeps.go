package rig

import (
	"fmt"
	"time"

	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
)

// merchantBank is where merchants have their accounts.
type merchantBank struct {
	refuses, silent map[string]bool // by merchant
	made            map[string]bool // payouts by number
	paid            map[string]pay.Amount
	write           func(bankLine)
}

func newMerchantBank() merchantBank {
	return merchantBank{refuses: map[string]bool{}, silent: map[string]bool{}, made: map[string]bool{}, paid: map[string]pay.Amount{}}
}

// pay makes a payout; the same number is the same payout.
func (b *merchantBank) pay(_ time.Time, p merchant.Payout) merchant.BankWord {
	if b.refuses[p.Merchant] {
		return merchant.BankRefused
	}
	if !b.made[p.Number] {
		l := bankLine{Number: p.Number, Merchant: p.Merchant, Amount: p.Amount}
		b.take(l)
		b.write(l)
	}
	if b.silent[p.Merchant] {
		return merchant.BankSilent
	}
	return merchant.BankPaid
}

// payersBank is where those have their accounts who have agreed to be debited.
type payersBank struct {
	holds  map[string]int64 // fen, by payer
	done   map[string]merchant.BankWord
	silent map[string]bool

	holders map[pay.Secret]merchant.Holder // by the number of the account
	refuses map[string]bool
	revoked map[string]bool   // payers' cards
	moves   []audit.Statement // for transfers
	write   func(bankLine)
	seal    func(number pay.Secret) ([]byte, error)
}

func newPayersBank() payersBank {
	return payersBank{holds: map[string]int64{}, done: map[string]merchant.BankWord{}, silent: map[string]bool{},
		holders: map[pay.Secret]merchant.Holder{}, refuses: map[string]bool{}, revoked: map[string]bool{}}
}

// collect takes a debit from a payer's account, or refuses it; the same instruction is the same debit.
func (b *payersBank) collect(now time.Time, instruction, payer string, a pay.Amount) merchant.BankWord {
	if b.revoked[payer] && b.done[instruction] != merchant.BankPaid {
		return merchant.BankRevoked
	}
	if b.done[instruction] == "" {
		b.carry(bankLine{At: now, Number: instruction, Account: payer, Amount: a.Neg(), Refused: b.holds[payer] < a.Minor})
	}
	if b.silent[payer] {
		return merchant.BankSilent
	}
	return b.done[instruction]
}

// carry does what a line says, and writes it down.
func (b *payersBank) carry(l bankLine) {
	b.take(l)
	b.write(l)
}

// bankRecord is the kind of the banks' lines. They stand in the office's journal, each before what the office makes of it, so that no kill leaves one
// without the other.
const bankRecord = "bank"

// bankLine is one thing that a bank has done: a payout to a merchant, money that came to an account or left it, or what an account was set to.
type bankLine struct {
	At       time.Time  `json:"at,omitzero"`
	Number   string     `json:"number,omitempty"`
	Merchant string     `json:"merchant,omitempty"`
	Account  string     `json:"account,omitempty"` // of a payer, by his name
	Amount   pay.Amount `json:"amount,omitzero"`
	Refused  bool       `json:"refused,omitempty"`

	Sealed []byte           `json:"sealed,omitempty"` // an account's number under the office's key
	Holder *merchant.Holder `json:"holder,omitempty"` // ... and whose it is
}

func (b *merchantBank) take(l bankLine) {
	b.made[l.Number] = true
	b.paid[l.Merchant] = pay.CNY(b.paid[l.Merchant].Minor + l.Amount.Minor)
}

func (b *payersBank) take(l bankLine) {
	switch {
	case l.Number == "":
		b.holds[l.Account] = l.Amount.Minor
	case l.Refused:
		b.done[l.Number] = merchant.BankRefused
	default:
		b.holds[l.Account] += l.Amount.Minor
		b.done[l.Number] = merchant.BankPaid
		b.state(l.At, l.Number, pay.CNY(max(l.Amount.Minor, -l.Amount.Minor)))
	}
}

// officeStore gives the banks their lines of the office's journal, and the office its own.
type officeStore struct {
	journal.Store
	office *office
	keys   *hsm.HSM
}

// Replay implements journal.Store.
func (s officeStore) Replay(give func(journal.Record) error) error {
	return s.Store.Replay(func(r journal.Record) error {
		if r.Kind != bankRecord {
			return give(r)
		}
		lines, err := journal.One[bankLine](r)
		for _, l := range lines {
			switch {
			case l.Merchant != "":
				s.office.bank.take(l)
			case l.Holder != nil:
				number, err := s.keys.Open(merchant.KeyStore, l.Sealed)
				if err != nil {
					return err
				}
				s.office.payers.holders[pay.NewSecret(string(number))] = *l.Holder
			default:
				s.office.payers.take(l)
			}
		}
		return err
	})
}

// officeKeeps gives an office its keys and its journal: the world's, or one in memory for an office that ends with its world. A lean world's keeps
// nothing. What is drawn differs from life to life.
func (h *host) officeKeeps(o *office) (keys *hsm.HSM, store journal.Store, err error) {
	keeps, life := h.officeStore, ""
	if keeps == nil && h.trace != nil {
		keeps = journal.NewMemory()
		h.stores = append(h.stores, keeps)
	}
	if keeps != nil {
		n, err := records(keeps)
		if err != nil {
			return nil, nil, err
		}
		if o.lived = n > 0; o.lived {
			life = fmt.Sprintf("/after %d records", n)
		}
	}
	keys = hsm.New(h.seed.Reader("office/hsm" + life))
	if _, err = keys.Import(merchant.KeyStore, hsm.AES256, h.seed.Bytes("office/store", 32)); err != nil {
		return nil, nil, err
	}
	o.bank.write = func(bankLine) {}
	if keeps != nil {
		store = officeStore{keeps, o, keys}
		o.bank.write = func(l bankLine) { // the office's own line behind it tells whether the journal works
			keeps.Append(journal.Add(nil, bankRecord, l), func(error) {})
		}
	}
	o.payers.write = o.bank.write
	o.payers.seal = func(number pay.Secret) ([]byte, error) { return keys.Seal(merchant.KeyStore, []byte(number.Reveal())) }
	return keys, store, nil
}

// remind tells the acquirer again what the office had told it in an earlier life, since either may have been killed before the other's journal
// had it: merchants, and devices with the keys that they were given.
func (h *host) remind(o *office) error {
	if !o.lived {
		return nil
	}
	for _, m := range o.Merchants() {
		if err := h.registerMerchant(m); err != nil {
			return err
		}
		if m.Suspended || m.Closed {
			if err := h.stopMerchant(m.Number, "", true); err != nil {
				return err
			}
		}
	}
	for _, d := range o.Devices() {
		if d.Terminal == "" || len(d.TMK) == 0 {
			continue
		}
		if err := h.knowDevice(d); err != nil {
			return err
		}
	}
	return nil
}

// knowDevice has the acquirer know a terminal by the master key that the office has kept of it.
func (h *host) knowDevice(d merchant.Device) error {
	if _, err := h.keys.Import(deviceKey(d.Serial), hsm.TDES2, factoryKey(h.seed, d.Serial)); err != nil {
		return err
	}
	if _, err := h.keys.Unwrap(deviceKey(d.Serial), acquirer.TerminalKey(d.Terminal, "TMK"), hsm.TDES2, d.TMK); err != nil {
		return err
	}
	if err := h.acquirer.AddTerminal(acquirer.Terminal{Number: d.Terminal, Merchant: d.Merchant, Serial: d.Serial, Place: d.Place}); err != nil || !d.Returned {
		return err
	}
	return h.stopMerchant(d.Merchant, d.Terminal, true)
}

// reopenOffice opens the office of a standing world whose journal tells that there was one.
func (s *Server) reopenOffice(w *servedWorld) error {
	if s.options.Store == "" {
		return nil
	}
	if n, err := records(w.stores[2]); n == 0 || err != nil {
		return err
	}
	_, err := inLoop(s.ctx, w.server, func(h *host) (OfficeMade, error) {
		return h.OpenOffice(s.ctx, OfficeWanted{Merchants: s.options.Rig.Cast.merchantSeeds()})
	})
	return err
}
