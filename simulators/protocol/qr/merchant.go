package qr

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Merchant is a merchant code as a payer's phone understands it.
type Merchant struct {
	Dynamic    bool      // made for one order; else it hangs on the wall
	Accounts   []Account // objects 02 to 51: at least one
	MCC        string
	Amount     pay.Amount // no Minor: the payer types the amount. It always has its currency.
	Tip        Tip
	Country    string // ISO 3166, as CN
	Name, City string
	PostalCode string
	Additional Additional
	Local      Local     // name and city in another language
	Unreserved []Account // objects 80 to 99
}

// Account says where the money goes: a number alone (objects 02 to 25, of card schemes), or a template with the GUID of who knows
// what the rest means.
type Account struct {
	ID     string
	Number string // of objects 02 to 25
	GUID   string
	Fields Payload // without the GUID
}

// TipMode says how the tip comes about (object 55).
type TipMode string

// The ways of a tip.
const (
	NoTip         TipMode = ""
	Tip01Prompt   TipMode = "01"
	Tip02Fixed    TipMode = "02"
	Tip03Percents TipMode = "03"
)

// Tip is what the payer adds: what he is asked for, a fixed amount, or hundredths of a percent.
type Tip struct {
	Mode        TipMode
	Fixed       pay.Amount
	BasisPoints int // 1 to 9999: 0.01 to 99.99 percent
}

// Additional is template 62. The value "***" asks the payer's phone to fill it in.
type Additional struct {
	Bill, Mobile, Store, Loyalty, Reference, Customer, Terminal, Purpose string
	Request                                                              string // what the shop wants to be told: A address, M mobile, E mail
	Systems                                                              []Account
}

// Local is template 64.
type Local struct {
	Language, Name, City string
}

// The ids of the root that are more than a value each.
const (
	idMethod, static11, dynamic12 = "01", "11", "12"
	idTip, idFixed, idPercent     = "55", "56", "57"
	idAdditional                  = "62"
	idLanguage                    = "64"
	idCurrency, idAmount          = "53", "54"
	idGUID                        = "00"
)

// field is an object that is a plain value: of at most max characters, or of a pattern.
type field struct {
	id       string
	value    *string
	max      int
	pattern  *regexp.Regexp
	required bool
}

var (
	fourDigits = regexp.MustCompile(`^\d{4}$`)
	twoLetters = regexp.MustCompile(`^[A-Za-z]{2}$`)
	asked      = regexp.MustCompile(`^[AME]{1,3}$`)
	decimal    = regexp.MustCompile(`^(\d{1,12})(?:\.(\d{0,4}))?$`)
	percent    = regexp.MustCompile(`^(\d{1,2})(?:\.(\d{1,2}))?$`)
)

// fields are the plain values of the root (table 3.1), in the order of their ids.
func (m *Merchant) fields() []field {
	return []field{
		{"52", &m.MCC, 4, fourDigits, true},
		{"58", &m.Country, 2, twoLetters, true},
		{"59", &m.Name, 25, nil, true},
		{"60", &m.City, 15, nil, true},
		{"61", &m.PostalCode, 10, nil, false},
	}
}

func (a *Additional) fields() []field {
	return []field{
		{"01", &a.Bill, 25, nil, false},
		{"02", &a.Mobile, 25, nil, false},
		{"03", &a.Store, 25, nil, false},
		{"04", &a.Loyalty, 25, nil, false},
		{"05", &a.Reference, 25, nil, false},
		{"06", &a.Customer, 25, nil, false},
		{"07", &a.Terminal, 25, nil, false},
		{"08", &a.Purpose, 25, nil, false},
		{"09", &a.Request, 3, asked, false},
	}
}

func (l *Local) fields() []field {
	return []field{{"00", &l.Language, 2, twoLetters, true}, {"01", &l.Name, 25, nil, true}, {"02", &l.City, 15, nil, false}}
}

// Merchant tells what the code says, and refuses what breaks the specification's rules.
func (p Payload) Merchant() (Merchant, error) {
	var m Merchant
	err := p.read("", m.fields())
	if err != nil {
		return m, err
	}
	switch method := p.Get(idMethod); method {
	case dynamic12:
		m.Dynamic = true
	case static11, "":
	default:
		return m, wrong(idMethod, "method %q, want 11 (static) or 12 (dynamic)", method)
	}
	if m.Amount, err = p.money(); err != nil {
		return m, err
	}
	if m.Tip, err = p.tip(m.Amount.Currency); err != nil {
		return m, err
	}
	for _, o := range p {
		switch {
		case o.ID >= "02" && o.ID <= "51":
			m.Accounts = append(m.Accounts, account(o))
		case o.ID >= "80":
			m.Unreserved = append(m.Unreserved, account(o))
		case o.ID == idAdditional:
			err = o.Objects.read(idAdditional+".", m.Additional.fields())
			for _, s := range o.Objects {
				if s.ID >= "50" {
					m.Additional.Systems = append(m.Additional.Systems, account(s))
				}
			}
		case o.ID == idLanguage:
			err = o.Objects.read(idLanguage+".", m.Local.fields())
		}
		if err != nil {
			return m, err
		}
	}
	if len(m.Accounts) == 0 {
		return m, wrong("02", "none of the objects 02 to 51 says whose money it is")
	}
	return m, nil
}

func wrong(path, why string, args ...any) error {
	return fmt.Errorf("qr: merchant code: object %s: %s", path, fmt.Sprintf(why, args...))
}

// read takes the plain values.
func (p Payload) read(above string, fields []field) error {
	for _, f := range fields {
		*f.value = p.Get(f.id)
		switch {
		case *f.value == "" && f.required:
			return wrong(above+f.id, "it is missing")
		case utf8.RuneCountInString(*f.value) > f.max:
			return wrong(above+f.id, "%q has more than %d characters", *f.value, f.max)
		case *f.value != "" && f.pattern != nil && !f.pattern.MatchString(*f.value):
			return wrong(above+f.id, "%q does not match %s", *f.value, f.pattern)
		}
	}
	return nil
}

func account(o Object) Account {
	a := Account{ID: o.ID, Number: o.Value, GUID: o.Objects.Get(idGUID)}
	for _, f := range o.Objects {
		if f.ID != idGUID {
			a.Fields = append(a.Fields, f)
		}
	}
	return a
}

func (p Payload) money() (pay.Amount, error) {
	c, err := pay.ParseCurrency(p.Get(idCurrency))
	if err != nil || len(p.Get(idCurrency)) != 3 {
		return pay.Amount{}, wrong(idCurrency, "%q is no currency that is known here: want three digits, as 156", p.Get(idCurrency))
	}
	return amount(idAmount, p.Get(idAmount), c)
}

// amount reads "23.72" or "23"; "" is nothing.
func amount(id, text string, c pay.Currency) (pay.Amount, error) {
	a := pay.Amount{Currency: c}
	if text == "" {
		return a, nil
	}
	parts := decimal.FindStringSubmatch(text)
	if parts == nil || len(text) > 13 || len(parts[2]) > c.Decimals() {
		return a, wrong(id, "%q is no amount in %s: want at most 13 characters, and %d decimals", text, c, c.Decimals())
	}
	for _, digit := range parts[1] + parts[2] + strings.Repeat("0", c.Decimals()-len(parts[2])) {
		a.Minor = a.Minor*10 + int64(digit-'0')
	}
	if a.Minor == 0 {
		return a, wrong(id, "nothing is to be paid")
	}
	return a, nil
}

func (p Payload) tip(c pay.Currency) (Tip, error) {
	t := Tip{Mode: TipMode(p.Get(idTip))}
	fixed, share := p.Get(idFixed), p.Get(idPercent)
	if (fixed != "") != (t.Mode == Tip02Fixed) || (share != "") != (t.Mode == Tip03Percents) {
		return t, wrong(idTip, "mode %q goes with neither or the other of a fixed tip (56) and a percentage (57)", t.Mode)
	}
	var err error
	switch t.Mode {
	case NoTip, Tip01Prompt:
	case Tip02Fixed:
		t.Fixed, err = amount(idFixed, fixed, c)
	case Tip03Percents:
		parts := percent.FindStringSubmatch(share)
		if parts == nil {
			return t, wrong(idPercent, "%q is no percentage from 00.01 to 99.99", share)
		}
		for _, digit := range parts[1] + (parts[2] + "00")[:2] {
			t.BasisPoints = t.BasisPoints*10 + int(digit-'0')
		}
		if t.BasisPoints == 0 {
			return t, wrong(idPercent, "%q is no percentage from 00.01 to 99.99", share)
		}
	default:
		return t, wrong(idTip, "mode %q, want 01 (ask), 02 (fixed) or 03 (percentage)", t.Mode)
	}
	return t, err
}

// Payload gives the code's objects, in the order of their ids. What Merchant would refuse is an error here too.
func (m Merchant) Payload() (Payload, error) {
	method := static11
	if m.Dynamic {
		method = dynamic12
	}
	p := Payload{{ID: idFormat, Value: format01}, {ID: idMethod, Value: method}, {ID: idCurrency, Value: m.Amount.Currency.Digits()}}
	p = p.with(idAmount, plain(m.Amount)).with(idTip, string(m.Tip.Mode)).with(idFixed, plain(m.Tip.Fixed))
	if m.Tip.BasisPoints != 0 {
		p = p.with(idPercent, strings.TrimSuffix(fmt.Sprintf("%d.%02d", m.Tip.BasisPoints/100, m.Tip.BasisPoints%100), ".00"))
	}
	for _, f := range m.fields() {
		p = p.with(f.id, *f.value)
	}
	var additional, local Payload
	for _, f := range m.Additional.fields() {
		additional = additional.with(f.id, *f.value)
	}
	for _, f := range m.Local.fields() {
		local = local.with(f.id, *f.value)
	}
	for _, a := range m.Additional.Systems {
		additional = append(additional, a.object())
	}
	for _, o := range []Object{{ID: idAdditional, Objects: additional}, {ID: idLanguage, Objects: local}} {
		if len(o.Objects) > 0 {
			p = append(p, o)
		}
	}
	for _, a := range slices.Concat(m.Accounts, m.Unreserved) {
		p = append(p, a.object())
	}
	slices.SortStableFunc(p, func(a, b Object) int { return strings.Compare(a.ID, b.ID) })
	_, err := p.Merchant()
	return p, err
}

// with adds a value that is there.
func (p Payload) with(id, value string) Payload {
	if value == "" {
		return p
	}
	return append(p, Object{ID: id, Value: value})
}

func (a Account) object() Object {
	if a.Number != "" {
		return Object{ID: a.ID, Value: a.Number}
	}
	return Object{ID: a.ID, Objects: append(Payload{{ID: idGUID, Value: a.GUID}}, a.Fields...)}
}

// plain is an amount as a code writes it: "23.72"; "" for nothing.
func plain(a pay.Amount) string {
	if a.Minor == 0 {
		return ""
	}
	text, _, _ := strings.Cut(a.String(), " ")
	return text
}

// Payee is whom a phone shows the payer, in the payer's language when the code has it.
func (m Merchant) Payee(language string) string {
	if m.Local.Name != "" && strings.EqualFold(m.Local.Language, language) {
		return m.Local.Name
	}
	return m.Name
}
