package iso8583

import (
	"fmt"
	"strconv"
)

// Tags of field 59 (DOMAIN.md A.9). That 17 names the place is our own choice among the tags that tell where a till is.
const (
	Device17Place     = "17"
	DeviceA3PayerCode = "A3" // what a scanner has read off a payer's phone
)

// DeviceText writes one value as field 59 has it: its tag, its length, the value. No value gives "".
func (d *Dialect) DeviceText(tag, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf("%s%0*d%s", tag, d.deviceDigits(), len(value), value)
}

// DeviceValue finds the value of a tag in field 59; "" for none. A length that does not fit ends the text.
func (d *Dialect) DeviceValue(text, tag string) string {
	head := len(tag) + d.deviceDigits()
	for len(text) >= head {
		size, err := strconv.Atoi(text[len(tag):head])
		if err != nil || size < 0 || size > len(text)-head {
			return ""
		}
		if text[:len(tag)] == tag {
			return text[head : head+size]
		}
		text = text[head+size:]
	}
	return ""
}

// DeviceValue finds the value of a tag in the message's field 59; "" for none.
func (m *Message) DeviceValue(tag string) string {
	return m.Dialect().DeviceValue(m.Get(DeviceData), tag)
}

// deviceDigits is how many digits a length has: three in the newer form, two in older ones (DOMAIN.md K.6).
func (d *Dialect) deviceDigits() int {
	if d.Switches.DeviceLength == "2" {
		return 2
	}
	return 3
}
