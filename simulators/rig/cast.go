package rig

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/settings"
)

// Cast is who may appear in a scenario: cardholders with their cards, merchants with their tills and operators. Names are
// given in English and in Chinese.
type Cast struct {
	cards     []Cardholder
	merchants []Shop
}

// Cardholder is a person with a card.
type Cardholder struct {
	Name        string     `yaml:"name"`
	NameZh      string     `yaml:"name_zh"`
	Kind        string     `yaml:"kind"` // debit or credit
	PAN         string     `yaml:"pan"`
	Expiry      string     `yaml:"expiry"`  // YYMM
	Service     string     `yaml:"service"` // service code of track 2
	PIN         string     `yaml:"pin"`
	Balance     pay.Amount `yaml:"balance"`
	Status      string     `yaml:"status"` // as the issuer keeps it; "unknown": no issuer has this card
	Stripe      string     `yaml:"stripe"` // forged: its CVV is wrong
	PerSale     pay.Amount `yaml:"per_sale"`
	PerDay      pay.Amount `yaml:"per_day"`
	Count       int        `yaml:"day_count"`
	PickUp      bool       `yaml:"pick_up"`
	Chip        string     `yaml:"chip"`  // the shipped card that the chip is one of: fixtures/cards/chip
	Token       string     `yaml:"token"` // the number that his phone pays with, and its expiry (YYMM)
	TokenExpiry string     `yaml:"token_expiry"`
	Wallet      string     `yaml:"wallet"`      // the level of the wallet on his phone (DOMAIN.md F.3); "" for none
	NoFallback  bool       `yaml:"no_fallback"` // the issuer never takes the stripe of this chip card
	Track2      string     `yaml:"track_2"`     // as it is, instead of one made from the other data
}

// Format keeps the card's data out of every print.
func (c Cardholder) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(c.Name)) }

// Shop is a merchant with its tills.
type Shop struct {
	Name      string     `yaml:"name"`
	NameZh    string     `yaml:"name_zh"`
	Number    string     `yaml:"number"`
	MCC       string     `yaml:"mcc"`
	PerSale   pay.Amount `yaml:"per_sale"`  // what the acquirer lets it take at once; 0 for any amount
	Count     int        `yaml:"day_count"` // ... and how often a day
	Tills     []ShopTill `yaml:"tills"`
	Operators []Staff    `yaml:"operators"`

	Applicant *Applicant `yaml:"applicant"` // who has still to apply to be a merchant; nil: he is one
}

// Applicant is who applies in the name of a shop, with what his papers say.
type Applicant struct {
	Kind     string `yaml:"kind"` // person or company
	Owner    string `yaml:"owner"`
	Identity string `yaml:"identity"`
	Phone    string `yaml:"phone"`
	Holder   string `yaml:"holder"`
	Account  string `yaml:"account"`
	Card     string `yaml:"card"` // that he binds by the app
}

// Format keeps the person's data out of every print.
func (Applicant) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("an applicant")) }

// ShopTill is a till as the merchant has it.
type ShopTill struct {
	Name   string `yaml:"name"` // T1
	Number string `yaml:"number"`
	Serial string `yaml:"serial"`
	Place  string `yaml:"place"`
}

func (s Shop) seed() MerchantSeed {
	return MerchantSeed{Number: s.Number, Name: s.Name, MCC: s.MCC, PerSale: s.PerSale, DayCount: s.Count}
}

func (c *Cast) merchantSeeds() []MerchantSeed {
	var list []MerchantSeed
	for _, shop := range c.merchants {
		if shop.Applicant == nil {
			list = append(list, shop.seed())
		}
	}
	return list
}

// Staff is an operator of a merchant's tills (DOMAIN.md A.15).
type Staff struct {
	Number   string `yaml:"number"`
	Role     string `yaml:"role"`
	Password string `yaml:"password"`
}

// Format keeps the password out of every print.
func (o Staff) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(o.Number)) }

// LoadCast reads cards/*.yaml and merchants/*.yaml of fsys.
func LoadCast(fsys fs.FS) (*Cast, error) {
	c := &Cast{}
	var list struct {
		Cards []Cardholder `yaml:"cards"`
	}
	err := eachYAML(fsys, "cards/*.yaml", &list, func() { c.cards = append(c.cards, list.Cards...) })
	if err != nil {
		return nil, err
	}
	var shop Shop
	err = eachYAML(fsys, "merchants/*.yaml", &shop, func() { c.merchants, shop = append(c.merchants, shop), Shop{} })
	if err != nil {
		return nil, err
	}
	for _, card := range c.cards {
		if !pay.NewPAN(card.PAN).LuhnValid() || card.Token != "" && !pay.NewPAN(card.Token).LuhnValid() {
			return nil, fmt.Errorf("cards: %s: the check digit of the card number or of the token is wrong", card.Name)
		}
	}
	return c, nil
}

func eachYAML(fsys fs.FS, pattern string, into any, done func()) error {
	files, err := fs.Glob(fsys, pattern)
	if err != nil || len(files) == 0 {
		return fmt.Errorf("fixtures: no file %s", pattern)
	}
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			return fmt.Errorf("fixtures: %w", err)
		}
		if _, err := (settings.Kind{Name: "fixture", Secret: true}).Read(file, text, into); err != nil {
			return err
		}
		done()
	}
	return nil
}

var errNotCast = errors.New("is not in the cast: see fixtures/cards and fixtures/merchants")

// Cardholder finds a person by English or Chinese name.
func (c *Cast) Cardholder(name string) (Cardholder, error) {
	i := slices.IndexFunc(c.cards, func(h Cardholder) bool { return h.Name == name || h.NameZh == name })
	if i < 0 {
		return Cardholder{}, fmt.Errorf("cardholder %q %w", name, errNotCast)
	}
	return c.cards[i], nil
}

// Merchant finds a merchant by English or Chinese name.
func (c *Cast) Merchant(name string) (Shop, error) {
	i := slices.IndexFunc(c.merchants, func(s Shop) bool { return s.Name == name || s.NameZh == name })
	if i < 0 {
		return Shop{}, fmt.Errorf("merchant %q %w", name, errNotCast)
	}
	return c.merchants[i], nil
}

// Till finds a till and its merchant by the till's name.
func (c *Cast) Till(name string) (Shop, ShopTill, error) {
	for _, shop := range c.merchants {
		for _, till := range shop.Tills {
			if till.Name == name {
				return shop, till, nil
			}
		}
	}
	return Shop{}, ShopTill{}, fmt.Errorf("till %q %w", name, errNotCast)
}
