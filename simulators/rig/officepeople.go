package rig

import (
	"encoding/hex"
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/core/trace/leak"
	"github.com/tillproof/tillproof/simulators/merchant"
)

// staffKey is what the office's own people show at its door: the seed gives it.
func staffKey(seed sim.Seed) pay.Secret {
	return pay.NewSecret(hex.EncodeToString(seed.Bytes("office/staff", 16)))
}

// account is somebody who asks the office in a shop's name, and what he knows.
type account struct {
	password pay.Secret // that counts
	session  pay.Secret // the last
	spent    []pay.Secret
}

// account gives what a user of a shop knows; the first call makes him up.
func (l *officeLine) account(shop, user string) *account {
	if l.accounts == nil {
		l.accounts = map[string]*account{}
	}
	if l.accounts[shop+"/"+user] == nil {
		l.accounts[shop+"/"+user] = &account{}
	}
	return l.accounts[shop+"/"+user]
}

// learns has a user remember another password, or session.
func (a *account) learns(what *pay.Secret, text pay.Secret) {
	a.spent = append(a.spent, text)
	*what = text
}

// AskAs asks the office as a user of a shop; "" is somebody who shows nothing.
func (w *World) AskAs(user, shop string, op merchant.Operation, r merchant.Request) (merchant.Answer, error) {
	l, err := w.office()
	if err != nil {
		return merchant.Answer{}, err
	}
	var token pay.Secret
	if user != "" {
		token = l.account(shop, user).session
	}
	return w.askOffice(token, op, r)
}

// AskByKey asks it by the key of a shop's programs: the last, or the one before.
func (w *World) AskByKey(shop string, before bool, op merchant.Operation, r merchant.Request) (merchant.Answer, error) {
	l, err := w.office()
	if err != nil {
		return merchant.Answer{}, err
	}
	keys := l.account(shop, "").spent
	n := len(keys) - 1
	if before {
		n--
	}
	if n < 0 {
		return merchant.Answer{}, fmt.Errorf("office: %s has no such key", shop)
	}
	return w.askOffice(keys[n], op, r)
}

// OpenAccount opens an account of a shop, or resets it, asked for by a user of the shop or, for "", by the office's own people.
func (w *World) OpenAccount(by, shop, user string, role merchant.Role) (merchant.Answer, error) {
	m, err := w.Rig.Cast.Merchant(shop)
	if err != nil {
		return merchant.Answer{}, err
	}
	r := merchant.Request{Merchant: m.Number, User: user, Role: role}
	var said merchant.Answer
	if by == "" {
		said, err = w.AskOffice(merchant.OpAddUser, r)
	} else {
		said, err = w.AskAs(by, shop, merchant.OpAddUser, r)
	}
	if err == nil && said.Code == merchant.OK {
		a := w.officeLine.account(shop, user)
		a.learns(&a.password, said.Initial.Secret)
	}
	return said, err
}

// LogIn has a user of a shop log in, with his password or another.
func (w *World) LogIn(user, shop string, wrong bool) (merchant.Answer, error) {
	m, err := w.Rig.Cast.Merchant(shop)
	if err != nil {
		return merchant.Answer{}, err
	}
	l, err := w.office()
	if err != nil {
		return merchant.Answer{}, err
	}
	a := l.account(shop, user)
	password := merchant.Private{Secret: a.password}
	if wrong || password.IsZero() {
		password = merchant.NewPrivate("wrong password 1")
	}
	said, err := w.AskAs("", shop, merchant.OpLogIn, merchant.Request{Merchant: m.Number, User: user, Password: password})
	if err == nil && said.Session != nil {
		a.learns(&a.session, said.Session.Token.Secret)
	}
	return said, err
}

// UseEarlierPhone has a user go on with the session before the last one.
func (w *World) UseEarlierPhone(user, shop string) error {
	l, err := w.office()
	if err != nil {
		return err
	}
	a := l.account(shop, user)
	for i := len(a.spent) - 2; i >= 0; i-- {
		if text := a.spent[i].Reveal(); text[0] == 'S' {
			a.session = a.spent[i]
			return nil
		}
	}
	return fmt.Errorf("office: %s of %s has logged in once at most", user, shop)
}

// Passwords that a user may choose.
const (
	PasswordGood   = "good"
	PasswordShort  = "short"
	PasswordDigits = "digits"
	PasswordName   = "name"
	PasswordSame   = "same"
)

// ChangePassword has a user of a shop change his password to one of a kind.
func (w *World) ChangePassword(user, shop, kind string) (merchant.Answer, error) {
	l, err := w.office()
	if err != nil {
		return merchant.Answer{}, err
	}
	a := l.account(shop, user)
	if l.chance == nil {
		l.chance = w.Seed.Stream("office/passwords")
	}
	digits := fmt.Sprintf("%08d", l.chance.IntN(100_000_000))
	fresh := pay.NewSecret(map[string]string{PasswordGood: "Rain" + digits, PasswordShort: "Ra1" + digits[:5], PasswordDigits: "20" + digits + digits, PasswordName: user + "Z" + digits}[kind])
	if kind == PasswordSame {
		fresh = a.password
	}
	said, err := w.AskAs(user, shop, merchant.OpPassword, merchant.Request{Password: merchant.Private{Secret: a.password}, Fresh: merchant.Private{Secret: fresh}})
	if err == nil && said.Code == merchant.OK {
		a.learns(&a.password, fresh)
	}
	return said, err
}

// MakeKey has a user of a shop make a key for its programs.
func (w *World) MakeKey(user, shop string) (merchant.Answer, error) {
	m, err := w.Rig.Cast.Merchant(shop)
	if err != nil {
		return merchant.Answer{}, err
	}
	said, err := w.AskAs(user, shop, merchant.OpKey, merchant.Request{Merchant: m.Number})
	if err == nil && said.Code == merchant.OK {
		a := w.officeLine.account(shop, "")
		a.spent = append(a.spent, said.Key.Secret)
	}
	return said, err
}

// CloseAccount ends a user's account.
func (w *World) CloseAccount(user, shop string) (merchant.Answer, error) {
	return w.AskOfficeFor(shop, merchant.OpRemoveUser, merchant.Request{User: user})
}

// AccountSecrets gives what must be hidden of those who ask the office: passwords, sessions and keys, also those that count no more.
func (w *World) AccountSecrets() (Secrets, error) {
	l, err := w.office()
	if err != nil {
		return nil, err
	}
	all := Secrets{leak.Text("key of the office's own people", staffKey(w.Seed).Reveal())}
	for _, a := range l.accounts {
		for _, text := range a.spent {
			all = append(all, leak.Text("password, session or key", text.Reveal()))
		}
	}
	return all, nil
}
