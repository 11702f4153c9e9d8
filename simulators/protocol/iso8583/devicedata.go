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

// DeviceText writes one value as field 59 has it: its tag, three digits of length, the value. No value gives "".
func DeviceText(tag, value string) string {
	if value == "" {
		return ""
	}
	return fmt.Sprintf("%s%03d%s", tag, len(value), value)
}

// DeviceValue finds the value of a tag in field 59; "" for none. A length that does not fit ends the text.
func DeviceValue(text, tag string) string {
	const head = len("A3019")
	for len(text) >= head {
		size, err := strconv.Atoi(text[2:head])
		if err != nil || size < 0 || size > len(text)-head {
			return ""
		}
		if text[:2] == tag {
			return text[head : head+size]
		}
		text = text[head+size:]
	}
	return ""
}
