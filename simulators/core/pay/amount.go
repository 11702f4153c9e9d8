// Package pay holds the words every room shares: amounts, card numbers, flows and answers.
package pay

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Currency is an ISO 4217 numeric code.
type Currency uint16

// Currencies the fixtures use. Any other ISO 4217 number works too; only its name is unknown.
const (
	Currency156CNY Currency = 156
	Currency344HKD Currency = 344
	Currency392JPY Currency = 392
	Currency840USD Currency = 840
	Currency978EUR Currency = 978
)

var currencies = []struct {
	number   Currency
	digits   string
	name     string
	decimals int
}{
	{Currency156CNY, "156", "CNY", 2},
	{Currency344HKD, "344", "HKD", 2},
	{Currency392JPY, "392", "JPY", 0},
	{Currency840USD, "840", "USD", 2},
	{Currency978EUR, "978", "EUR", 2},
}

// String gives the alphabetic code, or the three digits when the name is unknown.
func (c Currency) String() string {
	for _, k := range currencies {
		if k.number == c {
			return k.name
		}
	}
	return c.Digits()
}

// Digits gives the three-digit numeric code as it stands in F49.
func (c Currency) Digits() string {
	for _, k := range currencies {
		if k.number == c {
			return k.digits
		}
	}
	return fmt.Sprintf("%03d", uint16(c))
}

// Decimals tells how many minor digits the currency has; unknown currencies have two.
func (c Currency) Decimals() int {
	for _, k := range currencies {
		if k.number == c {
			return k.decimals
		}
	}
	return 2
}

// ParseCurrency reads an alphabetic or three-digit numeric code.
func ParseCurrency(s string) (Currency, error) {
	for _, k := range currencies {
		if k.name == s || k.digits == s {
			return k.number, nil
		}
	}
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || len(s) != 3 || n == 0 {
		return 0, fmt.Errorf("currency %q: want an ISO 4217 code such as CNY or 156", s)
	}
	return Currency(n), nil
}

// Amount is money: whole minor units of one currency. The zero value is no money in no currency.
type Amount struct {
	Minor    int64
	Currency Currency
}

// CNY makes an amount of fen.
func CNY(fen int64) Amount { return Amount{Minor: fen, Currency: Currency156CNY} }

// ParseAmount reads "10.00 CNY". The fraction must have just the currency's digits or be absent.
func ParseAmount(s string) (Amount, error) {
	number, name, ok := strings.Cut(strings.TrimSpace(s), " ")
	if !ok {
		return Amount{}, fmt.Errorf("amount %q: want a number and a currency, such as 10.00 CNY", s)
	}
	c, err := ParseCurrency(name)
	if err != nil {
		return Amount{}, fmt.Errorf("amount %q: %w", s, err)
	}
	digits, negative := strings.CutPrefix(number, "-")
	whole, fraction, pointed := strings.Cut(digits, ".")
	if pointed && (fraction == "" || len(fraction) != c.Decimals()) {
		return Amount{}, fmt.Errorf("amount %q: %s has %d decimals", s, c, c.Decimals())
	}
	if !pointed {
		fraction = strings.Repeat("0", c.Decimals())
	}
	minor, err := strconv.ParseUint(whole+fraction, 10, 63)
	if err != nil || whole == "" {
		return Amount{}, fmt.Errorf("amount %q: %q is not a number", s, number)
	}
	if negative {
		return Amount{-int64(minor), c}, nil
	}
	return Amount{int64(minor), c}, nil
}

// String gives "10.00 CNY".
func (a Amount) String() string {
	if a == (Amount{}) {
		return "0"
	}
	sign, minor := "", uint64(a.Minor)
	if a.Minor < 0 {
		sign, minor = "-", -uint64(a.Minor)
	}
	d, digits := a.Currency.Decimals(), strconv.FormatUint(minor, 10)
	for len(digits) <= d {
		digits = "0" + digits
	}
	whole, fraction := digits[:len(digits)-d], digits[len(digits)-d:]
	if d > 0 {
		whole += "."
	}
	return sign + whole + fraction + " " + a.Currency.String()
}

// MarshalText writes an amount as String does, so JSON shows "10.00 CNY".
func (a Amount) MarshalText() ([]byte, error) {
	if a == (Amount{}) {
		return nil, nil
	}
	return []byte(a.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (a *Amount) UnmarshalText(b []byte) (err error) {
	if len(b) == 0 {
		*a = Amount{}
		return nil
	}
	*a, err = ParseAmount(string(b))
	return err
}

// Digits gives the twelve digits of F4. A negative or larger amount does not fit and is an error.
func (a Amount) Digits() (string, error) {
	if a.Minor < 0 || a.Minor > 999_999_999_999 {
		return "", fmt.Errorf("amount %s: does not fit the twelve digits of F4", a)
	}
	return DigitsOf(a.Minor, 12), nil
}

// DigitsOf writes n, which is not negative, with zeros in front up to the width; higher digits than that are left out.
func DigitsOf(n int64, width int) string {
	var digits [20]byte
	for i := len(digits) - 1; i >= len(digits)-width; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
	return string(digits[len(digits)-width:])
}

// AmountOf reads the twelve digits of F4 in currency c.
func AmountOf(digits string, c Currency) (Amount, error) {
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil {
		return Amount{}, fmt.Errorf("amount %q: want digits only", digits)
	}
	return Amount{int64(n), c}, nil
}

// Add sums two amounts of one currency. The zero Amount adds to any currency.
func (a Amount) Add(b Amount) (Amount, error) {
	switch {
	case a == Amount{}:
		return b, nil
	case b == Amount{}:
		return a, nil
	case a.Currency != b.Currency:
		return Amount{}, fmt.Errorf("amount: cannot add %s to %s: the currencies differ", b, a)
	case b.Minor > 0 && a.Minor > math.MaxInt64-b.Minor, b.Minor < 0 && a.Minor < math.MinInt64-b.Minor:
		return Amount{}, fmt.Errorf("amount: %s plus %s overflows", a, b)
	}
	return Amount{a.Minor + b.Minor, a.Currency}, nil
}

// Sub takes b from a.
func (a Amount) Sub(b Amount) (Amount, error) {
	if b.Minor == math.MinInt64 { // has no negative
		return Amount{}, fmt.Errorf("amount: %s less %s overflows", a, b)
	}
	return a.Add(b.Neg())
}

// Neg turns the sign.
func (a Amount) Neg() Amount { return Amount{-a.Minor, a.Currency} }
