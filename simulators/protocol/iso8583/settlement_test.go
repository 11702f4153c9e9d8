package iso8583

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// The totals of DOMAIN.md H.3 (derived) and of H.1 (from outside).
func TestSettlementTotals(t *testing.T) {
	yuan := func(n int64) pay.Amount { return pay.CNY(n * 100) }
	for _, c := range []struct {
		name, file, frame string
		want              Settlement
	}{
		{"request", "derived", "settlement 0500, debit 100.00×1, credit 100.00×1", Settlement{
			Domestic: Totals{Debit: yuan(100), DebitCount: 1, Credit: yuan(100), CreditCount: 1}, Foreign: Totals{Debit: yuan(0), Credit: yuan(0)},
		}},
		{"answer", "outside", "settlement reply", Settlement{
			Domestic: Totals{Debit: pay.CNY(11), DebitCount: 11, Credit: pay.CNY(2), CreditCount: 2, Result: ResultBalanced},
			Foreign:  Totals{Debit: yuan(0), Credit: yuan(0), Result: ResultBalanced},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := load(t, "unionpay-pos")
			for _, g := range goldens(t, "unionpay-"+c.file+".txt") {
				if !strings.HasPrefix(g.name, c.frame) {
					continue
				}
				v := decoded(t, d, g.frame).Get(SettlementData)
				got, err := ParseSettlement(v, pay.Currency156CNY)
				if err != nil || got != c.want {
					t.Errorf("got %+v, %v", got, err)
				}
				if again, err := got.Digits(); err != nil || again != v {
					t.Errorf("written again: %s, %v", again, err)
				}
				return
			}
			t.Error("no such frame")
		})
	}
}

func TestBatchRows(t *testing.T) {
	v := decoded(t, load(t, "unionpay-pos"), frameNamed(t, "detail upload 0320/201, one row")).Get(SettlementData)
	got, err := ParseBatchRows(v, pay.Currency156CNY)
	want := []BatchRow{{Trace: "000002", PAN: pay.NewPAN("6200123456789010"), Amount: pay.CNY(10000)}}
	if err != nil || len(got) != 1 || got[0] != want[0] {
		t.Errorf("got %v, %v", got, err)
	}
	eight := make([]BatchRow, MaxBatchRows)
	for i := range eight {
		eight[i] = BatchRow{Foreign: i%2 == 1, Trace: fmt.Sprintf("%06d", i+1), PAN: want[0].PAN, Amount: pay.CNY(int64(i))}
	}
	eight[7].PAN = pay.PAN{}
	v, err = BatchRows(eight)
	if err != nil || len(v) != 322 {
		t.Fatalf("%d digits, %v", len(v), err)
	}
	if got, err = ParseBatchRows(v, pay.Currency156CNY); err != nil || len(got) != 8 || got[1] != eight[1] || got[7] != eight[7] {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestUploadCount(t *testing.T) {
	v := decoded(t, load(t, "unionpay-pos"), frameNamed(t, "upload end 0320/202")).Get(SettlementData)
	if n, err := ParseUploadCount(v); err != nil || n != 1 {
		t.Errorf("%d, %v", n, err)
	}
	if again, err := UploadCount(1); err != nil || again != v {
		t.Errorf("%s, %v", again, err)
	}
}

func TestBalances(t *testing.T) {
	v := decoded(t, load(t, "unionpay-pos"), frameNamed(t, "balance reply 0210 with F54")).Get(Balance)
	got, err := ParseBalances(v)
	want := []AccountBalance{{"10", "02", pay.CNY(123456)}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	owing := []AccountBalance{want[0], {"00", "01", pay.CNY(-500)}}
	if v, err = Balances(owing...); err != nil || v[20:] != "0001156D000000000500" {
		t.Fatalf("%s, %v", v, err)
	}
	if got, err = ParseBalances(v); err != nil || cmp.Diff(owing, got) != "" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestCompositeDataThatCannotBeIsRefusedAndNotShown(t *testing.T) {
	second := func(_ any, err error) error { return err }
	none := strings.Repeat("0", 62)
	row := "00" + "000002" + "00006200123456789010" + "000000010000"
	pan := pay.NewPAN("6200123456789010")
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"settlement, short":      {second(ParseSettlement(none[1:], 156)), "settlement: want 62 digits"},
		"settlement, letters":    {second(ParseSettlement("A"+none[1:], 156)), "settlement: want 62 digits"},
		"settlement, result 4":   {second(ParseSettlement(none[:61]+"4", 156)), "settlement: foreign cards: result 4: want 0 to 3"},
		"settlement, negative":   {second(Settlement{Domestic: Totals{Credit: pay.CNY(-1)}}.Digits()), "settlement: domestic cards: credit: amount -0.01 CNY: does not fit"},
		"settlement, many":       {second(Settlement{Foreign: Totals{DebitCount: 1000}}.Digits()), "settlement: foreign cards: count 1000: want 0 to 999"},
		"settlement, result 9":   {second(Settlement{Domestic: Totals{Result: 9}}.Digits()), "result 9"},
		"rows, nothing":          {second(ParseBatchRows("", 156)), "batch rows: want digits"},
		"rows, count too large":  {second(ParseBatchRows("02"+row, 156)), "got 40 for a count of 2"},
		"rows, count 0":          {second(ParseBatchRows("00", 156)), "want 1 to 8 rows"},
		"rows, card class":       {second(ParseBatchRows("0107"+row[2:], 156)), "row 1: want card class 00 or 01"},
		"rows, letters":          {second(ParseBatchRows("01"+row[:8]+"X"+row[9:], 156)), "batch rows: want digits"},
		"rows, none to write":    {second(BatchRows(nil)), "want 1 to 8, got 0"},
		"rows, nine to write":    {second(BatchRows(make([]BatchRow, 9))), "want 1 to 8, got 9"},
		"rows, trace":            {second(BatchRows([]BatchRow{{Trace: "2", PAN: pan}})), "row 1: trace: want 6 digits"},
		"rows, card number":      {second(BatchRows([]BatchRow{{Trace: "000002", PAN: pay.NewPAN("06200123456789010")}})), "row 1: card number"},
		"rows, long card number": {second(BatchRows([]BatchRow{{Trace: "000002", PAN: pay.NewPAN("620012345678901062001")}})), "row 1: card number"},
		"count, five digits":     {second(UploadCount(10000)), "upload count 10000"},
		"count, letters":         {second(ParseUploadCount("00x1")), "upload count: want 4 digits"},
		"balance, short":         {second(ParseBalances("1002156C")), "balances: want 20 characters each, got 8"},
		"balance, sign":          {second(ParseBalances("1002156X000000012345")), "balance 1: want digits, with C or D"},
		"balance, no currency":   {second(ParseBalances("1002000C000000012345")), "balance 1: currency"},
		"balance, huge":          {second(Balances(AccountBalance{"00", "02", pay.CNY(1e12)})), "balance 1: amount"},
		"balance, account":       {second(Balances(AccountBalance{"", "02", pay.CNY(1)})), "balance 1: account and amount type: want 2 digits"},
		"balance, of nothing":    {second(Balances(AccountBalance{"00", "02", pay.Amount{}})), "balance 1: want a currency"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
				t.Errorf("got %v, want ...%s", c.err, c.want)
			} else if strings.Contains(c.err.Error(), "6200123456789010") {
				t.Errorf("a card number is shown: %v", c.err)
			}
		})
	}
}

// FuzzCompositeData wants what can be read to be written as it was, but for a debt of nothing.
func FuzzCompositeData(f *testing.F) {
	f.Add(strings.Repeat("0", 62))
	f.Add("01" + "00" + "000002" + "00006200123456789010" + "000000010000")
	f.Add("0001")
	f.Add("1002156C000000012345")
	f.Fuzz(func(t *testing.T, v string) {
		same := func(again string, err error, old string) {
			if err != nil || again != old {
				t.Fatalf("read %q, wrote %q, %v", old, again, err)
			}
		}
		if s, err := ParseSettlement(v, pay.Currency156CNY); err == nil {
			again, err := s.Digits()
			same(again, err, v)
		}
		if rows, err := ParseBatchRows(v, pay.Currency156CNY); err == nil {
			again, err := BatchRows(rows)
			same(again, err, v)
		}
		if n, err := ParseUploadCount(v); err == nil {
			again, err := UploadCount(n)
			same(again, err, v)
		}
		if all, err := ParseBalances(v); err == nil {
			again, err := Balances(all...)
			same(again, err, strings.ReplaceAll(v, "D000000000000", "C000000000000"))
		}
	})
}
