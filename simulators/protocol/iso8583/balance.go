package iso8583

import (
	"fmt"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// AccountBalance is one balance of F54 (DOMAIN.md A.2 and G).
type AccountBalance struct {
	Account string     // two digits, 00 where the card has one account
	Type    string     // two digits: 01 ledger, 02 available
	Amount  pay.Amount // negative where the cardholder owes
}

const balanceSize = 20

// Balances writes F54.
func Balances(all ...AccountBalance) (string, error) {
	v := ""
	for i, b := range all {
		sign, size := "C", b.Amount
		if size.Minor < 0 {
			sign, size = "D", size.Neg()
		}
		digits, err := size.Digits()
		if err != nil {
			return "", fmt.Errorf("balance %d: %w", i+1, err)
		}
		for _, code := range []string{b.Account, b.Type} {
			if err := digitsOnly(code, 2); err != nil {
				return "", fmt.Errorf("balance %d: account and amount type: %w", i+1, err)
			}
		}
		if b.Amount.Currency == 0 || b.Amount.Currency > 999 {
			return "", fmt.Errorf("balance %d: want a currency", i+1)
		}
		v += b.Account + b.Type + b.Amount.Currency.Digits() + sign + digits
	}
	return v, nil
}

// ParseBalances reads F54: none, one or several balances. Its error shows none of them.
func ParseBalances(v string) ([]AccountBalance, error) {
	if len(v)%balanceSize != 0 {
		return nil, fmt.Errorf("balances: want %d characters each, got %d", balanceSize, len(v))
	}
	all := make([]AccountBalance, len(v)/balanceSize)
	for i := range all {
		b, err := parseBalance(v[i*balanceSize:][:balanceSize])
		if err != nil {
			return nil, fmt.Errorf("balance %d: %w", i+1, err)
		}
		all[i] = b
	}
	return all, nil
}

func parseBalance(v string) (AccountBalance, error) {
	sign := v[7]
	if notDigit([]byte(v[:7]+v[8:])) >= 0 || sign != 'C' && sign != 'D' {
		return AccountBalance{}, fault("want digits, with C or D at position 8")
	}
	currency, err := pay.ParseCurrency(v[4:7])
	if err != nil {
		return AccountBalance{}, err
	}
	amount, err := pay.AmountOf(v[8:], currency)
	if err != nil {
		return AccountBalance{}, err
	}
	if sign == 'D' {
		amount = amount.Neg()
	}
	return AccountBalance{v[:2], v[2:4], amount}, nil
}
