package qr

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// published is the example of DOMAIN.md E.1.
const published = "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT6007BEIJING" +
	"64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME91320016A0112233449988770708123456786304A13A"

func TestPublishedMerchantCode(t *testing.T) {
	p, err := Parse(published)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := p.Encode(); err != nil || again != published {
		t.Errorf("encodes as %s, %v", again, err)
	}
	m, err := p.Merchant()
	want := Merchant{
		Dynamic: true,
		Accounts: []Account{
			{ID: "29", GUID: "D15600000000", Fields: Payload{{ID: "05", Value: "A93FO3230Q"}}},
			{ID: "31", GUID: "D15600000001", Fields: Payload{{ID: "03", Value: "12345678"}}},
		},
		MCC: "4111", Amount: pay.CNY(2372), Tip: Tip{Mode: Tip01Prompt}, Country: "CN", Name: "BEST TRANSPORT", City: "BEIJING",
		Additional: Additional{Store: "1234", Customer: "***", Terminal: "A6008667", Request: "ME"},
		Local:      Local{Language: "ZH", Name: "最佳运输", City: "北京"},
		Unreserved: []Account{{ID: "91", GUID: "A011223344998877", Fields: Payload{{ID: "07", Value: "12345678"}}}},
	}
	if diff := cmp.Diff(want, m); diff != "" || err != nil {
		t.Errorf("%v: %s", err, diff)
	}
	if m.Payee("zh") != "最佳运输" || m.Payee("en") != "BEST TRANSPORT" {
		t.Errorf("payee %q or %q", m.Payee("zh"), m.Payee("en"))
	}
}

// The check value that catalogues of CRCs give for CRC-16/CCITT-FALSE.
func TestCRC(t *testing.T) {
	if got := CRC([]byte("123456789")); got != 0x29B1 {
		t.Errorf("%04X", got)
	}
}

// noodles is a shop's code with a UnionPay account and everything that may be said.
func noodles() Merchant {
	return Merchant{
		Accounts: []Account{{ID: "15", Number: "3122000000000011220000000000000"}, {ID: "26", GUID: "com.example", Fields: Payload{{ID: "01", Value: "898320548160001"}}}},
		MCC:      "5812", Amount: pay.Amount{Currency: pay.Currency156CNY}, Country: "CN", Name: "Noodle House", City: "Shanghai", PostalCode: "200001",
		Additional: Additional{Bill: "1", Mobile: "***", Store: "2", Loyalty: "3", Reference: "4", Customer: "5", Terminal: "10000001", Purpose: "lunch", Request: "AME",
			Systems: []Account{{ID: "50", GUID: "com.example", Fields: Payload{{ID: "01", Value: "x"}}}}},
		Local:      Local{Language: "zh", Name: "面馆"},
		Unreserved: []Account{{ID: "80", GUID: "org.example"}},
	}
}

func TestMerchantRoundTrip(t *testing.T) {
	for name, change := range map[string]func(*Merchant){
		"static":            func(*Merchant) {},
		"dynamic":           func(m *Merchant) { m.Dynamic, m.Amount = true, pay.CNY(1) },
		"whole yuan":        func(m *Merchant) { m.Amount = pay.CNY(12_00) },
		"yen":               func(m *Merchant) { m.Amount = pay.Amount{Minor: 1200, Currency: pay.Currency392JPY} },
		"the most":          func(m *Merchant) { m.Amount = pay.CNY(9_999_999_999_99) },
		"tip asked for":     func(m *Merchant) { m.Tip = Tip{Mode: Tip01Prompt} },
		"tip of 2.00":       func(m *Merchant) { m.Tip = Tip{Mode: Tip02Fixed, Fixed: pay.CNY(200)} },
		"tip of 10 %":       func(m *Merchant) { m.Tip = Tip{Mode: Tip03Percents, BasisPoints: 1000} },
		"tip of 7.05 %":     func(m *Merchant) { m.Tip = Tip{Mode: Tip03Percents, BasisPoints: 705} },
		"only what must be": func(m *Merchant) { m.Additional, m.Local, m.Unreserved, m.PostalCode = Additional{}, Local{}, nil, "" },
	} {
		t.Run(name, func(t *testing.T) {
			m := noodles()
			change(&m)
			p, err := m.Payload()
			if err != nil {
				t.Fatal(err)
			}
			text, err := p.Encode()
			if err != nil {
				t.Fatal(err)
			}
			read, err := Parse(text)
			if err != nil {
				t.Fatal(text, err)
			}
			if diff := cmp.Diff(p, read); diff != "" {
				t.Error(diff)
			}
			if got, err := read.Merchant(); err != nil || !cmp.Equal(m, got) {
				t.Errorf("%v: %s", err, cmp.Diff(m, got))
			}
		})
	}
}

// sealed puts the right CRC behind a code.
func sealed(body string) string { return body + fmt.Sprintf("6304%04X", CRC([]byte(body+"6304"))) }

func TestParseErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"nothing":             {"", `character 1: it does not begin with object 00, format "01"`},
		"not UTF-8":           {"\xFF", "character 1: it is not UTF-8"},
		"too long":            {strings.Repeat("9", 513), "character 513: 513 characters, at most 512 are allowed"},
		"another format":      {sealed("000202"), `it does not begin with object 00, format "01"`},
		"no CRC":              {"0002015802CN", "character 13: it does not end with object 63, a CRC of four digits"},
		"altered":             {strings.Replace(published, "23.72", "13.72", 1), `object 63: the CRC is "A13A", want 918B: the code is damaged or was altered`},
		"CRC in small digits": {strings.Replace(published, "A13A", "a13a", 1), `the CRC is "a13a", want A13A`},
		"letters as length":   {sealed("00020158XXCN"), "character 7: an object begins with two digits of id and two of length"},
		"past the end":        {"0002015899CN", "character 9: object 58: length 99, and 2 characters follow"},
		"empty":               {sealed("0002015800"), "character 9: object 58: it is empty"},
		"twice":               {sealed("0002015802CN5802CN"), "character 13: object 58: it stands twice"},
		"within a template":   {sealed("00020126040099"), "character 13: object 26.00: length 99, and 0 characters follow"},
		"deeper":              {sealed("0002016208500401XX"), "character 15: object 62.50: an object begins with two digits"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(c.text)
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestMerchantErrors(t *testing.T) {
	whole := "0002010102110204123452045812530315658" + "02CN5912Noodle House6008Shanghai"
	for name, c := range map[string]struct{ from, to, want string }{
		"whole":                    {"", "", ""},
		"no method is static":      {"010211", "", ""},
		"unknown method":           {"010211", "010213", `object 01: method "13"`},
		"no account":               {"02041234", "", "object 02: none of the objects 02 to 51 says whose money it is"},
		"category of letters":      {"52045812", "5204A812", `object 52: "A812" does not match`},
		"currency missing":         {"5303156", "", `object 53: "" is no currency`},
		"country missing":          {"5802CN", "", "object 58: it is missing"},
		"name too long":            {"5912Noodle House", "5926" + strings.Repeat("N", 26), `has more than 25 characters`},
		"amount of nothing":        {"5802CN", "54040.005802CN", "object 54: nothing is to be paid"},
		"amount below a fen":       {"5802CN", "54050.0015802CN", `object 54: "0.001" is no amount in CNY`},
		"amount with a comma":      {"5802CN", "54041,005802CN", `object 54: "1,00" is no amount`},
		"fixed tip without mode":   {"5802CN", "560410.05802CN", `object 55: mode ""`},
		"percentage of letters":    {"5802CN", "55020357" + "02AB5802CN", `object 57: "AB" is no percentage`},
		"percentage of nothing":    {"5802CN", "55020357010" + "5802CN", `object 57: "0" is no percentage`},
		"unknown tip mode":         {"5802CN", "5502045802CN", `object 55: mode "04"`},
		"language without a name":  {"5802CN", "5802CN64060002zh", "object 64.01: it is missing"},
		"asks for what is nothing": {"5802CN", "5802CN62050901X", `object 62.09: "X" does not match`},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := Parse(sealed(strings.Replace(whole, c.from, c.to, 1)))
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Merchant()
			if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestEncodeErrors(t *testing.T) {
	long := Payload{{ID: "00", Value: "01"}}
	for i := range 6 {
		long = append(long, Object{ID: fmt.Sprint(80 + i), Objects: Payload{{ID: "00", Value: strings.Repeat("x", 95)}}})
	}
	for name, p := range map[string]Payload{
		"empty":      {{ID: "59"}},
		"100":        {{ID: "59", Value: strings.Repeat("x", 100)}},
		"bad id":     {{ID: "5", Value: "x"}},
		"not UTF-8":  {{ID: "59", Value: "\xFF"}},
		"in a group": {{ID: "62", Objects: Payload{{ID: "01"}}}},
		"too long":   long,
	} {
		if text, err := p.Encode(); err == nil {
			t.Errorf("%s: %s", name, text)
		}
	}
	if _, err := (Merchant{}).Payload(); err == nil {
		t.Error("a merchant of nothing has a code")
	}
}

// Whatever is scanned, reading it never panics, and what is accepted encodes to the same text.
func FuzzParse(f *testing.F) {
	f.Add(published)
	f.Add(sealed("0002016208500401XX"))
	f.Add("000201")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := p.Encode(); err != nil || again != text {
			t.Errorf("%q encodes as %q, %v", text, again, err)
		}
		m, err := p.Merchant()
		if err != nil {
			return
		}
		same, err := m.Payload()
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got, err := same.Merchant(); err != nil || !cmp.Equal(m, got) {
			t.Errorf("%q: %v: %s", text, err, cmp.Diff(m, got))
		}
	})
}
