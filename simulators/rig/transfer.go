package rig

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
)

// transferInstruction begins the names of instructions that are legs of transfers.
const transferInstruction = "transfer:"

// cardOf names a person's credit card account beside his own.
func cardOf(who string) string { return who + "'s card" }

// nameOf tells whose an account is.
func (b *payersBank) nameOf(number pay.Secret) (merchant.Holder, bool) {
	h, known := b.holders[number]
	return h, known
}

// credit puts money into an account, or refuses it; the same instruction is the same credit.
func (b *payersBank) credit(now time.Time, instruction string, to merchant.BankAccount, a pay.Amount) merchant.BankWord {
	account := to.Payer
	if account == "" {
		h := b.holders[to.Number]
		if account = h.Name; h.Credit {
			account = cardOf(h.Name)
		}
	}
	if b.done[instruction] == "" {
		b.carry(bankLine{At: now, Number: instruction, Account: account, Amount: a, Refused: account == "" || b.refuses[account]})
	}
	if b.silent[account] {
		return merchant.BankSilent
	}
	return b.done[instruction]
}

// state keeps what the bank has done for a transfer, to be stated to audit.
func (b *payersBank) state(now time.Time, instruction string, a pay.Amount) {
	number, leg, is := strings.Cut(strings.TrimPrefix(instruction, transferInstruction), ":")
	leg, _, _ = strings.Cut(leg, ":")
	if is && strings.HasPrefix(instruction, transferInstruction) {
		b.moves = append(b.moves, audit.Statement{At: now, Role: audit.Settlement, Party: "bank", Fact: audit.Banked, Amount: a, Transfer: &audit.Transfer{Number: number, Leg: leg}})
	}
}

// arrange opens a payer's account, or changes how his bank takes and gives. A credit card has an account of its own.
func (b *payersBank) arrange(a Arrangement) error {
	name := a.Payer
	if number := a.Account.Secret; !number.IsZero() {
		of := merchant.Holder{Name: a.Payer, Credit: a.Credit}
		sealed, err := b.seal(number)
		if err != nil {
			return err
		}
		b.holders[number] = of
		b.write(bankLine{Sealed: sealed, Holder: &of})
	}
	b.silent[name], b.refuses[name] = a.Condition == ConditionMute, a.Condition == ConditionRefuses
	b.revoked[name] = a.Condition == ConditionRevoked
	if a.Credit {
		b.silent[cardOf(name)], b.refuses[cardOf(name)] = b.silent[name], b.refuses[name]
	}
	if a.Holds.Currency != 0 {
		b.carry(bankLine{Account: name, Amount: a.Holds})
	}
	return nil
}

// ArrangeAccount opens the account that belongs to a cardholder's card, in a condition.
func (w *World) ArrangeAccount(who, condition string) error {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return err
	}
	if _, err := w.office(); err != nil {
		return err
	}
	w.accountOpen(c.Name)
	return w.Arrange(Arrangement{Party: partyBank, Payer: c.Name, Account: NewClear(c.PAN), Credit: c.Kind == merchant.CardCredit, Condition: condition})
}

// AskTransfer asks for a name, to send money from a cardholder's bank account to the account of another, or of nobody.
func (w *World) AskTransfer(kind merchant.TransferKind, from, to string, a pay.Amount) (merchant.Answer, error) {
	payer, err := w.Rig.Cast.Cardholder(from)
	if err != nil {
		return merchant.Answer{}, err
	}
	account := "6200129999999996" // of nobody
	if to != "" {
		payee, err := w.Rig.Cast.Cardholder(to)
		if err != nil {
			return merchant.Answer{}, err
		}
		if account = payee.PAN; !w.accountOpen(payee.Name) {
			if err := w.ArrangeAccount(to, ConditionNormal); err != nil {
				return merchant.Answer{}, err
			}
		}
	}
	return w.inquired(merchant.Request{Kind: string(kind), Payer: payer.Name, Phone: merchant.NewPrivate(w.payerPhone(payer.Name)), Account: merchant.NewPrivate(account), Amount: a})
}

// accountOpen tells that a cardholder's account was arranged before.
func (w *World) accountOpen(who string) bool {
	if w.officeLine == nil {
		return false
	}
	l := w.officeLine
	if l.opened == nil {
		l.opened = map[string]bool{}
	}
	was := l.opened[who]
	l.opened[who] = true
	return was
}

// AskTopUp asks to put a cardholder's money into a shop's balance.
func (w *World) AskTopUp(who, shop string, a pay.Amount) (merchant.Answer, error) {
	m, c, err := w.agreeing(shop, who)
	if err != nil {
		return merchant.Answer{}, err
	}
	return w.inquired(merchant.Request{Kind: string(merchant.TopUp), Merchant: m.Number, Payer: c.Name, Phone: merchant.NewPrivate(w.payerPhone(c.Name)), Amount: a})
}

// AskWithdrawal asks to put a shop's balance into its owner's account.
func (w *World) AskWithdrawal(shop string, a pay.Amount) (merchant.Answer, error) {
	m, err := w.Rig.Cast.Merchant(shop)
	if err != nil {
		return merchant.Answer{}, err
	}
	if _, err := w.office(); err != nil {
		return merchant.Answer{}, err
	}
	if m.Applicant != nil && !w.accountOpen(m.Name) {
		if err := w.Arrange(Arrangement{Party: partyBank, Payer: m.Name, Account: NewClear(m.Applicant.Account)}); err != nil {
			return merchant.Answer{}, err
		}
	}
	return w.inquired(merchant.Request{Kind: string(merchant.Withdraw), Merchant: m.Number, Amount: a})
}

// ScanPayee has a shop scan the code of another, and ask to pay it from its balance; damaged, the code was read wrongly.
func (w *World) ScanPayee(shop, payee string, a pay.Amount, damaged bool) (merchant.Answer, error) {
	shown, err := w.AskOfficeFor(payee, merchant.OpPayeeCode, merchant.Request{})
	if err != nil {
		return shown, err
	}
	m, err := w.Rig.Cast.Merchant(shop)
	if err != nil {
		return shown, err
	}
	if damaged {
		shown.QR = strings.Replace(shown.QR, "SHANGHAI", "SHANGRAI", 1)
	}
	return w.inquired(merchant.Request{Kind: string(merchant.PayByQR), Merchant: m.Number, QR: shown.QR, Amount: a})
}

// inquired keeps which transfer was asked for last.
func (w *World) inquired(r merchant.Request) (merchant.Answer, error) {
	a, err := w.AskOffice(merchant.OpInquire, r)
	if err == nil {
		w.officeLine.transfer = ""
		if a.Transfer != nil {
			w.officeLine.transfer, w.officeLine.transferBy = a.Transfer.Number, r.Payer
		}
	}
	return a, err
}

// ConfirmTransfer confirms what was asked for last, by the code on the payer's phone, or another.
func (w *World) ConfirmTransfer(wrong bool) (merchant.Answer, error) {
	if w.officeLine == nil {
		return merchant.Answer{}, errors.New("nobody has asked for a transfer")
	}
	r := merchant.Request{Transfer: cmp.Or(w.officeLine.transfer, "none")}
	if who := w.officeLine.transferBy; who != "" {
		code, err := w.readPhone(w.payerPhone(who))
		if err != nil {
			return merchant.Answer{}, err
		}
		if wrong {
			code = pay.NewSecret("000000")
		}
		r.Activation = merchant.Private{Secret: code}
	}
	return w.AskOffice(merchant.OpConfirm, r)
}

// Transfer tells how the one that was asked for last stands.
func (w *World) Transfer() (merchant.Transfer, error) {
	if w.officeLine == nil {
		return merchant.Transfer{}, errors.New("nobody has asked for a transfer")
	}
	a, err := w.AskOffice(merchant.OpTransfer, merchant.Request{Transfer: cmp.Or(w.officeLine.transfer, "none")})
	switch {
	case err != nil:
		return merchant.Transfer{}, err
	case a.Transfer == nil:
		return merchant.Transfer{}, fmt.Errorf("office: %s: %s", a.Code, a.Reason)
	}
	return *a.Transfer, nil
}

// CardRepaid gives what has been put onto a cardholder's credit card.
func (w *World) CardRepaid(who string) (pay.Amount, error) {
	c, err := w.Rig.Cast.Cardholder(who)
	if err != nil {
		return pay.Amount{}, err
	}
	s, err := w.Look()
	if err != nil {
		return pay.Amount{}, err
	}
	if h, known := s.Balances["bank:payer:"+cardOf(c.Name)]; known {
		return h.Balance, nil
	}
	return pay.CNY(0), nil
}
