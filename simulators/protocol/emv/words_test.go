package emv

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// A visit, command by command: what a log tells of the data and of the answer.
func TestLog(t *testing.T) {
	record := tlv.Append(nil, Tag57Track2Equivalent, unhex(t, "6200123456789010D3012201"))
	for _, o := range []struct {
		tag   tlv.Tag
		value []byte
	}{{Tag5APAN, unhex(t, "6200123456789010")}, {Tag50Label, []byte("TEST")}, {Tag8ECVMList, unhex(t, "000000000000000042031F00")},
		{Tag8CCDOL1, unhex(t, "9F0206950557139F3704")}, {Tag8DCDOL2, unhex(t, "8A02")}, {Tag9F46ICCCertificate, make([]byte, 100)},
		{0x9F7F, unhex(t, "6200123456789010")}} {
		record = tlv.Append(record, o.tag, o.value)
	}
	track := unhex(t, "6200123456789010D3012201") // a card may ask the terminal for what it has said itself
	risk := append(append(unhex(t, "000000001000"+"8000040000"), append(track, make([]byte, 19-len(track))...)...), unhex(t, "1A2B3C4D")...)
	var l Log
	for _, v := range []struct {
		name    string
		command Command
		data    string // of the answer
		sw      StatusWord
		want    []string
	}{
		{"a selection", Select([]byte(PSEContact), false), "6F10840E315041592E5359532E4444463031", 0x9000,
			[]string{"84 dedicated file name: 1PAY.SYS.DDF01", "84 dedicated file name: 1PAY.SYS.DDF01"}},
		{"one by number", Select(unhex(t, "A000000333010101"), false), "6F188408A000000333010101A50C9F38069F66049F0206500142", 0x9000,
			[]string{"84 dedicated file name: A000000333010101", "84 dedicated file name: A000000333010101", "9F38 processing options data object list: 9F66049F0206", "50 application label: B"}},
		{"processing options", GetProcessingOptions(unhex(t, "36004080"+"000000001000")), "80067C0008010200", 0x9000, []string{
			"9F66 terminal transaction qualifiers: 36004080 (EMV mode; contact chip; online PIN; signature; verification on the consumer device; fDDA version 1)", "9F02 amount, authorised: 000000001000",
			"82 application interchange profile: 7C00 (SDA; DDA; cardholder verification; terminal risk management to be performed; issuer authentication by EXTERNAL AUTHENTICATE)",
			"94 application file locator: 08010200"}},
		{"a record in parts", ReadRecord(1, 1), fmt.Sprintf("%X", tlv.Append(nil, Tag70RecordTemplate, record)[:40]), 0x6100, nil},
		{"its rest", Command{INS: INSC0GetResponse}, fmt.Sprintf("%X", tlv.Append(nil, Tag70RecordTemplate, record)[40:]), 0x9000, []string{
			"57 track 2 equivalent data: (12 bytes)", "5A application PAN: 620012******9010", "50 application label: TEST",
			"8E cardholder verification method list: 000000000000000042031F00 (online PIN; no verification)",
			"8C card risk management data object list 1: 9F0206950557139F3704", "8D card risk management data object list 2: 8A02", "9F46 ICC public key certificate: (100 bytes)",
			"9F7F unknown tag: (8 bytes)"}},
		{"a PIN", Verify(P2x80PlaintextPIN, unhex(t, "241234FFFFFFFFFF")), "", 0x63C2, []string{"data data: (8 bytes)"}},
		{"the first cryptogram", GenerateAC(CID80ARQC, false, risk), "8012800005112233445566778807010103A00000", 0x9000, []string{
			"9F02 amount, authorised: 000000001000", "95 terminal verification results: 8000040000 (offline data authentication not performed; online PIN entered)",
			"57 track 2 equivalent data: (19 bytes)", "9F37 unpredictable number: 1A2B3C4D",
			"9F27 cryptogram information data: 80 (ARQC)", "9F36 application transaction counter: 0005", "9F26 application cryptogram: 1122334455667788",
			"9F10 issuer application data: 07010103A00000"}},
		{"the issuer's", ExternalAuthenticate(unhex(t, "0011223344556677"+"3030")), "", 0x9000, []string{"91 issuer authentication data: 00112233445566773030"}},
		{"the second cryptogram", GenerateAC(CID40TC, false, []byte("00")), "", 0x6985, []string{"8A authorisation response code: 00"}},
		{"a script", Command{CLA: 0x84, INS: INS24PINChange, Data: make([]byte, 16)}, "", 0x9000, []string{"data data: (16 bytes)"}},
		{"a log entry", ReadRecord(11, 1), "2606010930", 0x9000, []string{"data data: (5 bytes)"}},
	} {
		var got []string
		for _, f := range append(l.Command(v.command), l.Response(Response{Data: unhex(t, v.data), SW: v.sw})...) {
			got = append(got, line(f))
		}
		if v.want != nil && strings.Join(got, "\n") != strings.Join(v.want, "\n") {
			t.Errorf("%s:\ngot  %s\nwant %s", v.name, strings.Join(got, "\n     "), strings.Join(v.want, "\n     "))
		}
	}
}

func line(f trace.Field) string {
	if f.Note != "" {
		return fmt.Sprintf("%s %s: %s (%s)", f.ID, f.Name, f.Value, f.Note)
	}
	return fmt.Sprintf("%s %s: %s", f.ID, f.Name, f.Value)
}

// Whatever a card answers, the log shows no more of it than lengths and names, and does not fall over.
func FuzzLog(f *testing.F) {
	f.Add([]byte{0x00, 0xAE, 0x80, 0x00, 0x02, 0x30, 0x30}, []byte{0x80, 0x02, 0x7C, 0x00}, []byte{0x8C, 0x00})
	f.Fuzz(func(t *testing.T, command, first, second []byte) {
		c, err := ParseCommand(command)
		if err != nil {
			return
		}
		var l Log
		for _, data := range [][]byte{first, second, first} {
			for _, told := range append(l.Command(c), l.Response(Response{Data: data, SW: SW9000OK})...) {
				if told.ID == "" || told.Name == "" {
					t.Fatalf("%+v", told)
				}
			}
		}
	})
}
