package iso8583

import (
	"fmt"
	"strings"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Settlement is SettlementData of a settlement request and of its answer (F48, DOMAIN.md A.13).
type Settlement struct{ Domestic, Foreign Totals }

// Totals are the sums of one batch, of cards of one origin. Amounts are not negative; a count has up to three digits.
type Totals struct {
	Debit, Credit           pay.Amount
	DebitCount, CreditCount int
	Result                  SettlementResult
}

// SettlementResult is the host's judgement of totals.
type SettlementResult byte

// The results.
const (
	ResultNone       SettlementResult = iota // of a request
	ResultBalanced                           // 1
	ResultUnbalanced                         // 2
	ResultError                              // 3
)

const (
	totalsSize = 31
	rowSize    = 40
	// MaxBatchRows is how many rows fit one upload: 322 digits are a count of two and eight rows.
	MaxBatchRows = 8
)

// Digits gives F48's 62 digits.
func (s Settlement) Digits() (string, error) {
	domestic, err := s.Domestic.digits()
	if err != nil {
		return "", fmt.Errorf("settlement: domestic cards: %w", err)
	}
	foreign, err := s.Foreign.digits()
	if err != nil {
		return "", fmt.Errorf("settlement: foreign cards: %w", err)
	}
	return domestic + foreign, nil
}

// Stated gives the totals in the words of a statement.
func (s Settlement) Stated(balanced bool) *audit.Batch {
	totals := func(t Totals) audit.Totals {
		return audit.Totals{Debit: t.Debit, Debits: t.DebitCount, Credit: t.Credit, Credits: t.CreditCount}
	}
	return &audit.Batch{Domestic: totals(s.Domestic), Foreign: totals(s.Foreign), Balanced: balanced}
}

func (t Totals) digits() (string, error) {
	debit, err := t.Debit.Digits()
	if err != nil {
		return "", fmt.Errorf("debit: %w", err)
	}
	credit, err := t.Credit.Digits()
	if err != nil {
		return "", fmt.Errorf("credit: %w", err)
	}
	for _, n := range []int{t.DebitCount, t.CreditCount} {
		if n < 0 || n > 999 {
			return "", faultf("count %d: want 0 to 999", n)
		}
	}
	if t.Result > ResultError {
		return "", faultf("result %d: want 0 to 3", t.Result)
	}
	return fmt.Sprintf("%s%03d%s%03d%d", debit, t.DebitCount, credit, t.CreditCount, t.Result), nil
}

// ParseSettlement reads F48 of a settlement, or of its answer, in the currency of F49.
func ParseSettlement(v string, c pay.Currency) (Settlement, error) {
	if err := digitsOnly(v, 2*totalsSize); err != nil {
		return Settlement{}, fmt.Errorf("settlement: %w", err)
	}
	domestic, err := parseTotals(v[:totalsSize], c)
	if err != nil {
		return Settlement{}, fmt.Errorf("settlement: domestic cards: %w", err)
	}
	foreign, err := parseTotals(v[totalsSize:], c)
	if err != nil {
		return Settlement{}, fmt.Errorf("settlement: foreign cards: %w", err)
	}
	return Settlement{domestic, foreign}, nil
}

func parseTotals(v string, c pay.Currency) (t Totals, err error) {
	t.Result = SettlementResult(v[30] - '0')
	if t.Result > ResultError {
		return Totals{}, faultf("result %d: want 0 to 3", t.Result)
	}
	t.DebitCount, t.CreditCount = number(v[12:15]), number(v[27:30])
	if t.Debit, err = pay.AmountOf(v[:12], c); err != nil {
		return Totals{}, err
	}
	t.Credit, err = pay.AmountOf(v[15:27], c)
	return t, err
}

// BatchRow is one payment in SettlementData of a batch upload (F48, DOMAIN.md A.13).
type BatchRow struct {
	Foreign bool
	Trace   string  // six digits
	PAN     pay.PAN // none for a payment by code
	Amount  pay.Amount
}

// BatchRows writes one to eight rows as F48 has them, behind their count.
func BatchRows(rows []BatchRow) (string, error) {
	if len(rows) == 0 || len(rows) > MaxBatchRows {
		return "", fmt.Errorf("batch rows: want 1 to %d, got %d", MaxBatchRows, len(rows))
	}
	v := fmt.Sprintf("%02d", len(rows))
	for i, r := range rows {
		digits, err := r.digits()
		if err != nil {
			return "", fmt.Errorf("batch rows: row %d: %w", i+1, err)
		}
		v += digits
	}
	return v, nil
}

func (r BatchRow) digits() (string, error) {
	amount, err := r.Amount.Digits()
	if err != nil {
		return "", err
	}
	if err := digitsOnly(r.Trace, 6); err != nil {
		return "", fmt.Errorf("trace: %w", err)
	}
	pan := r.PAN.Reveal()
	if len(pan) > 20 || notDigit([]byte(pan)) >= 0 || strings.HasPrefix(pan, "0") {
		return "", fault("card number: want up to 20 digits that do not begin with 0")
	}
	class := "00"
	if r.Foreign {
		class = "01"
	}
	return fmt.Sprintf("%s%s%020s%s", class, r.Trace, pan, amount), nil
}

// ParseBatchRows reads F48 of a batch upload; c is the batch's currency, which the message does not tell.
func ParseBatchRows(v string, c pay.Currency) ([]BatchRow, error) {
	if len(v) < 2 || notDigit([]byte(v)) >= 0 {
		return nil, fmt.Errorf("batch rows: want digits, two of them a count")
	}
	n := number(v[:2])
	if n < 1 || n > MaxBatchRows || len(v) != 2+n*rowSize {
		return nil, fmt.Errorf("batch rows: want 1 to %d rows of %d digits, got %d for a count of %d", MaxBatchRows, rowSize, len(v)-2, n)
	}
	rows := make([]BatchRow, n)
	for i := range rows {
		row := v[2+i*rowSize:][:rowSize]
		if class := row[:2]; class != "00" && class != "01" {
			return nil, fmt.Errorf("batch rows: row %d: want card class 00 or 01", i+1)
		}
		amount, err := pay.AmountOf(row[28:], c)
		if err != nil {
			return nil, fmt.Errorf("batch rows: row %d: %w", i+1, err)
		}
		rows[i] = BatchRow{row[1] == '1', row[2:8], pay.NewPAN(strings.TrimLeft(row[8:28], "0")), amount}
	}
	return rows, nil
}

// UploadCount writes how many payments were uploaded, as F48 of an upload end has it.
func UploadCount(n int) (string, error) {
	if n < 0 || n > 9999 {
		return "", fmt.Errorf("upload count %d: want 0 to 9999", n)
	}
	return fmt.Sprintf("%04d", n), nil
}

// ParseUploadCount reads F48 of an upload end.
func ParseUploadCount(v string) (int, error) {
	if err := digitsOnly(v, 4); err != nil {
		return 0, fmt.Errorf("upload count: %w", err)
	}
	return number(v), nil
}

// digitsOnly wants so many digits. Its error does not show them: there may be card numbers among them.
func digitsOnly(v string, size int) error {
	if len(v) != size || notDigit([]byte(v)) >= 0 {
		return faultf("want %d digits", size)
	}
	return nil
}

// number reads digits.
func number(v string) (n int) {
	for i := range len(v) {
		n = 10*n + int(v[i]-'0')
	}
	return n
}
