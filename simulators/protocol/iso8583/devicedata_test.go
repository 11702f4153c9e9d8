package iso8583

import "testing"

func TestDeviceText(t *testing.T) {
	const code = "6212345678901234567" // DOMAIN.md H.3
	d := load(t, "unionpay-pos")
	older, err := d.With(map[string]string{"device_length": "2"})
	if err != nil {
		t.Fatal(err)
	}
	if got := older.DeviceText(DeviceA3PayerCode, code); got != "A319"+code || older.DeviceValue("1708Shanghai"+got, DeviceA3PayerCode) != code {
		t.Errorf("with two digits the payer's code is written %q", got)
	}
	if _, err := d.With(map[string]string{"device_length": "4"}); err == nil {
		t.Error("lengths of four digits are taken")
	}
	if got := d.DeviceText(DeviceA3PayerCode, code); got != "A3019"+code {
		t.Errorf("the payer's code is written %q", got)
	}
	if got := d.DeviceText(DeviceA3PayerCode, ""); got != "" {
		t.Errorf("no code is written %q", got)
	}
	for _, c := range []struct{ name, text, place, code string }{
		{"both", "17008ShanghaiA3019" + code, "Shanghai", code},
		{"the other way round", "A3019" + code + "17008Shanghai", "Shanghai", code},
		{"empty value", "12000A3019" + code, "", code},
		{"length too long", "A3020" + code, "", ""},
		{"length that is none", "A3-19" + code, "", ""},
		{"negative length", "A3-01x17008Shanghai", "", ""},
		{"cut short", "A301", "", ""},
		{"nothing", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := d.DeviceValue(c.text, Device17Place); got != c.place {
				t.Errorf("place %q, want %q", got, c.place)
			}
			if got := d.DeviceValue(c.text, DeviceA3PayerCode); got != c.code {
				t.Errorf("code %q, want %q", got, c.code)
			}
		})
	}
}
