package emv_test

import (
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

func TestWordsOfALog(t *testing.T) {
	record := tlv.Append(nil, emv.Tag57Track2Equivalent, []byte{0x62, 0x00, 0x12, 0x34, 0x56, 0x78, 0x90, 0x10, 0xD3, 0x01, 0x22, 0x01})
	record = tlv.Append(record, emv.Tag50Label, []byte("TEST"))
	record = tlv.Append(record, emv.Tag9F27CID, []byte{0x80})
	record = tlv.Append(record, emv.Tag82AIP, []byte{0x7C, 0x00})
	record = tlv.Append(record, emv.Tag9F46ICCCertificate, make([]byte, 128))
	for _, v := range []struct{ name, got, want string }{
		{"SELECT", emv.Select([]byte(emv.PSEContact), false).Text(), "SELECT 1PAY.SYS.DDF01"},
		{"SELECT by number", emv.Select([]byte{0xA0, 0, 0, 3, 0x33}, false).Text(), "SELECT A000000333"},
		{"a PIN", emv.Verify(emv.P2x80PlaintextPIN, []byte{0x24, 0x12, 0x34, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}).Text(), "VERIFY (8 bytes)"},
		{"no data", emv.GetChallenge().Text(), "GET CHALLENGE"},
		{"a record", lines(tlv.Append(nil, emv.Tag70RecordTemplate, record), 0x9000),
			"9000 ok|57 track 2 equivalent data: (12 bytes)|50 application label: TEST|9F27 cryptogram information data: 80 ARQC|" +
				"82 application interchange profile: 7C00 (SDA; DDA; cardholder verification; terminal risk management to be performed; issuer authentication by EXTERNAL AUTHENTICATE)|" +
				"9F46 ICC public key certificate: (128 bytes)"},
		{"a log entry", lines([]byte{0x26, 0x06, 0x01, 0x09, 0x30}, 0x9000), "9000 ok|(5 bytes)"},
		{"a status", lines(nil, 0x63C2), "63C2 verification failed, 2 tries left"},
	} {
		if v.got != v.want {
			t.Errorf("%s:\ngot  %s\nwant %s", v.name, v.got, v.want)
		}
	}
}

func lines(data []byte, sw emv.StatusWord) string {
	return strings.Join(emv.Response{Data: data, SW: sw}.Lines(), "|")
}
