package pay_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

func TestParseAmount(t *testing.T) {
	for _, c := range []struct {
		text string
		want pay.Amount
	}{
		{"10.00 CNY", pay.CNY(1000)},
		{" 10 CNY ", pay.CNY(1000)},
		{"0.01 156", pay.CNY(1)},
		{"-0.50 CNY", pay.CNY(-50)},
		{"007.00 CNY", pay.CNY(700)},
		{"500 JPY", pay.Amount{Minor: 500, Currency: pay.Currency392JPY}},
		{"1.25 036", pay.Amount{Minor: 125, Currency: 36}},
		{"92233720368547758.07 CNY", pay.CNY(math.MaxInt64)},
	} {
		t.Run(c.text, func(t *testing.T) {
			got, err := pay.ParseAmount(c.text)
			if err != nil || got != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
}

func TestParseAmountRefuses(t *testing.T) {
	for _, text := range []string{
		"", "10.00", "CNY", " CNY", ". CNY", ".50 CNY", "10. CNY", "10.0 CNY", "10.000 CNY", "1,000.00 CNY", "1_000 CNY", "+1.00 CNY",
		"--1.00 CNY", "1.-5 CNY", "10.00  CNY", "10.00 cny", "10.00 XYZ", "10.00 15", "10.00 0156", "10.00 000", "500. JPY", "500.00 JPY",
		"92233720368547758.08 CNY", "１.00 CNY",
	} {
		if got, err := pay.ParseAmount(text); err == nil {
			t.Errorf("%q is read as %s", text, got)
		} else if got != (pay.Amount{}) {
			t.Errorf("%q: an error, and %s", text, got)
		}
	}
}

func TestAmountString(t *testing.T) {
	for want, a := range map[string]pay.Amount{
		"0":                         {},
		"0.00 CNY":                  pay.CNY(0),
		"0.05 CNY":                  pay.CNY(5),
		"-0.05 CNY":                 pay.CNY(-5),
		"-92233720368547758.08 CNY": pay.CNY(math.MinInt64),
		"7 JPY":                     {Minor: 7, Currency: pay.Currency392JPY},
		"7.00 036":                  {Minor: 700, Currency: 36},
	} {
		if got := a.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	f.Add("10.00 CNY")
	f.Add("-0 JPY")
	f.Add("1.2.3 036")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := pay.ParseAmount(text)
		if err != nil {
			return
		}
		again, err := pay.ParseAmount(a.String())
		if err != nil || again != a {
			t.Errorf("%q is read as %#v, printed as %s and read again as %#v, %v", text, a, a, again, err)
		}
	})
}

func TestAmountInJSON(t *testing.T) {
	for _, a := range []pay.Amount{{}, pay.CNY(0), pay.CNY(-1234), {Minor: 9, Currency: pay.Currency392JPY}} {
		js, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var back pay.Amount
		if err := json.Unmarshal(js, &back); err != nil || back != a {
			t.Errorf("%s comes back from %s as %s, %v", a, js, back, err)
		}
	}
	if err := json.Unmarshal([]byte(`"lots"`), new(pay.Amount)); err == nil {
		t.Error("lots is an amount")
	}
}

func TestF4(t *testing.T) {
	for minor, want := range map[int64]string{0: "000000000000", 1000: "000000001000", 999_999_999_999: "999999999999", -1: "", 1_000_000_000_000: ""} {
		got, err := pay.CNY(minor).Digits()
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%d: got %q, %v, want %q", minor, got, err, want)
		}
		if want == "" {
			continue
		}
		if back, err := pay.AmountOf(got, pay.Currency156CNY); err != nil || back != pay.CNY(minor) {
			t.Errorf("%s comes back as %s, %v", got, back, err)
		}
	}
	for _, digits := range []string{"", "00000000100A", "-00000000100", "99999999999999999999"} {
		if a, err := pay.AmountOf(digits, pay.Currency156CNY); err == nil {
			t.Errorf("%q is %s", digits, a)
		}
	}
}

func TestAddAndSub(t *testing.T) {
	yen := pay.Amount{Minor: 5, Currency: pay.Currency392JPY}
	for _, c := range []struct {
		name     string
		a, b     pay.Amount
		sum, dif string // "" for an error
	}{
		{"plain", pay.CNY(100), pay.CNY(30), "1.30 CNY", "0.70 CNY"},
		{"nothing first", pay.Amount{}, yen, "5 JPY", "-5 JPY"},
		{"nothing second", yen, pay.Amount{}, "5 JPY", "5 JPY"},
		{"two currencies", pay.CNY(100), yen, "", ""},
		{"too much", pay.CNY(math.MaxInt64), pay.CNY(1), "", "92233720368547758.06 CNY"},
		{"too little", pay.CNY(math.MinInt64), pay.CNY(1), "-92233720368547758.07 CNY", ""},
		{"the number without a negative", pay.CNY(-1), pay.CNY(math.MinInt64), "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, op := range []struct {
				want string
				do   func(pay.Amount) (pay.Amount, error)
			}{{c.sum, c.a.Add}, {c.dif, c.a.Sub}} {
				got, err := op.do(c.b)
				if (err == nil) != (op.want != "") || err == nil && got.String() != op.want {
					t.Errorf("got %s, %v, want %q", got, err, op.want)
				}
			}
		})
	}
}

func TestLuhn(t *testing.T) {
	for digits, want := range map[string]bool{
		"6200123456789010": true, "4111111111111111": true, "5500000000000004": true, "340000000000009": true, "79927398713": true, // ISO/IEC 7812-1's own example
		"6200123456789011": false, "2600123456789010": false, "": false, "0": false, "00": true, "62001234567890A0": false, "６": false,
	} {
		if got := pay.NewPAN(digits).LuhnValid(); got != want {
			t.Errorf("%q: got %v", digits, got)
		}
	}
	for _, body := range []string{"620012345678901", "7992739871", "9"} {
		if whole := body + string(pay.LuhnDigit(body)); !pay.NewPAN(whole).LuhnValid() {
			t.Errorf("%s is not valid", whole)
		}
	}
}

func TestMaskPAN(t *testing.T) {
	for digits, want := range map[string]string{
		"6200123456789010": "620012******9010", "6200123456789012345": "620012*********2345", "4012345678909": "401234***8909",
		"401234567890": "************", "1": "*", "": "",
	} {
		if got := pay.NewPAN(digits).String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestSameDigitsAreTheSamePAN(t *testing.T) {
	if pay.NewPAN("6200123456789010") != pay.NewPAN("620012345678"+"9010") || pay.NewPAN("1") == pay.NewPAN("2") || !pay.NewPAN("").IsZero() {
		t.Error("PANs do not compare by their digits")
	}
	if pay.NewSecret("123456") != pay.NewSecret("123"+"456") || !pay.NewSecret("").IsZero() || pay.NewSecret("").String() != "" {
		t.Error("secrets do not compare by their text")
	}
	if pay.NewPAN("6200123456789010").Reveal() != "6200123456789010" || pay.NewSecret("123456").Reveal() != "123456" {
		t.Error("what went in does not come out")
	}
	if (pay.PAN{}).Reveal() != "" || (pay.Secret{}).Reveal() != "" {
		t.Error("nothing reveals something")
	}
}

// However a PAN or a secret is printed, alone or deep inside something, its digits do not show.
func TestNothingPrintsInTheClear(t *testing.T) {
	const card, code = "6200123456789010", "918273"
	pan, pin := pay.NewPAN(card), pay.NewSecret(code)
	type slip struct {
		Card   pay.PAN    `json:"card"`
		Code   pay.Secret `json:"code"`
		hidden pay.PAN
		inside *struct{ pin pay.Secret }
	}
	s := slip{Card: pan, Code: pin, hidden: pan, inside: &struct{ pin pay.Secret }{pin}}
	var out strings.Builder
	for _, v := range []any{pan, pin, &pan, &pin, s, &s, []any{pan, s}, map[pay.PAN]pay.Secret{pan: pin}, fmt.Errorf("%w: %v %v", fmt.Errorf("card %v", pan), pin, s)} {
		for _, verb := range "vTtbcdoOqxXUeEfFgGsp" {
			for _, flags := range []string{"", "+", "#", "-30", "30", "030", ".30", "# "} {
				fmt.Fprintf(&out, "%"+flags+string(verb)+"\n", v)
			}
		}
		if js, err := json.Marshal(v); err == nil {
			out.Write(js)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
	}
	if x, err := xml.Marshal(s); err == nil {
		out.Write(x)
	}
	printed := strings.ToLower(out.String())
	for _, digits := range []string{card[6:12], code} {
		for form, text := range map[string]string{"clear": digits, "hex": fmt.Sprintf("%x", digits), "bytes": strings.Trim(fmt.Sprint([]byte(digits)), "[]")} {
			if strings.Contains(printed, text) {
				t.Errorf("%s digits are printed", form)
			}
		}
	}
	for _, want := range []string{`"card":"620012******9010"`, `"code":"******"`, "card 620012******9010"} {
		if !strings.Contains(printed, want) {
			t.Errorf("%s is not printed", want)
		}
	}
}

func TestWidthOfMasked(t *testing.T) {
	pan := pay.NewPAN("6200123456789010")
	for format, want := range map[string]string{"%20s": "    620012******9010", "%-20v|": "620012******9010    |", "%q": `"620012******9010"`, "%2d": "620012******9010"} {
		if got := fmt.Sprintf(format, pan); got != want {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
	}
}

func TestCurrency(t *testing.T) {
	for text, want := range map[string]pay.Currency{"CNY": 156, "156": 156, "JPY": 392, "036": 36, "999": 999} {
		if got, err := pay.ParseCurrency(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "cny", "15", "0156", "+15", "000", "1 6"} {
		if got, err := pay.ParseCurrency(text); err == nil {
			t.Errorf("%q is currency %s", text, got)
		}
	}
	if got := pay.Currency(36).String() + pay.Currency(36).Digits() + pay.Currency156CNY.String(); got != "036036CNY" {
		t.Errorf("printed %s", got)
	}
}
