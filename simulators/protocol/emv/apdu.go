// Package emv holds what card and kernel must agree on: commands, tags, lists, bits and signatures (EMV 4.4 Books 1 to 3).
package emv

import (
	"encoding/binary"
	"fmt"
)

// Command is a short command APDU (Book 1, 9.4.1; ISO/IEC 7816-4, 5.1).
type Command struct {
	CLA, INS, P1, P2 byte
	Data             []byte // at most 255 bytes
	Le               int    // how many bytes may come back: 1 to 256; LeAbsent when the command asks for none
}

// The two lengths that most commands have.
const (
	LeAbsent = -1
	Le00All  = 256 // written as 00
)

// ParseCommand reads a command in one of the four cases of ISO/IEC 7816-3. Data is a part of b, not a copy.
func ParseCommand(b []byte) (Command, error) {
	if len(b) < 4 {
		return Command{}, fmt.Errorf("emv: command APDU: want at least 4 bytes, got %d", len(b))
	}
	c := Command{CLA: b[0], INS: b[1], P1: b[2], P2: b[3], Le: LeAbsent}
	switch rest := b[4:]; {
	case len(rest) == 0:
	case len(rest) == 1:
		c.Le = leOf(rest[0])
	case rest[0] == 0:
		return Command{}, fmt.Errorf("emv: command APDU: Lc is 00 before %d more bytes: extended lengths are not used", len(rest)-1)
	case len(rest) == 1+int(rest[0]):
		c.Data = rest[1:]
	case len(rest) == 2+int(rest[0]):
		c.Data, c.Le = rest[1:len(rest)-1], leOf(rest[len(rest)-1])
	default:
		return Command{}, fmt.Errorf("emv: command APDU: Lc announces %d bytes, %d follow", rest[0], len(rest)-1)
	}
	return c, nil
}

func leOf(b byte) int {
	if b == 0 {
		return Le00All
	}
	return int(b)
}

// Append writes the command behind b. More than 255 bytes of data cannot be written: the length is the caller's duty.
func (c Command) Append(b []byte) []byte {
	b = append(b, c.CLA, c.INS, c.P1, c.P2)
	if len(c.Data) > 0 {
		b = append(append(b, byte(len(c.Data))), c.Data...)
	}
	if c.Le >= 0 {
		b = append(b, byte(c.Le))
	}
	return b
}

// Response is a response APDU (Book 1, 9.4.2).
type Response struct {
	Data []byte
	SW   StatusWord
}

// ParseResponse reads data and the two status bytes. Data is a part of b, not a copy.
func ParseResponse(b []byte) (Response, error) {
	if len(b) < 2 || len(b) > 258 {
		return Response{}, fmt.Errorf("emv: response APDU: want 2 to 258 bytes, got %d", len(b))
	}
	n := len(b) - 2
	r := Response{SW: StatusWord(binary.BigEndian.Uint16(b[n:]))}
	if n > 0 {
		r.Data = b[:n:n]
	}
	return r, nil
}

// Append writes the response behind b.
func (r Response) Append(b []byte) []byte {
	return binary.BigEndian.AppendUint16(append(b, r.Data...), uint16(r.SW))
}

// StatusWord is SW1 and SW2.
type StatusWord uint16

// The status words that cards and kernels here use (Book 1, annex; Book 3, table 7; ISO/IEC 7816-4, 5.1.3).
const (
	SW9000OK                 StatusWord = 0x9000
	SW6100MoreData           StatusWord = 0x6100 // low byte: bytes that wait (T=0)
	SW6200Warning            StatusWord = 0x6200
	SW6283Invalidated        StatusWord = 0x6283 // selected file invalidated: application blocked
	SW6300AuthFailed         StatusWord = 0x6300
	SW63C0Tries              StatusWord = 0x63C0 // low nibble: tries left
	SW6700Length             StatusWord = 0x6700
	SW6982Security           StatusWord = 0x6982
	SW6983AuthBlocked        StatusWord = 0x6983 // no PIN tries left
	SW6984DataInvalidated    StatusWord = 0x6984
	SW6985Conditions         StatusWord = 0x6985 // conditions of use not satisfied
	SW6986SeePhone           StatusWord = 0x6986 // contactless: command not allowed before something happens on the phone
	SW6987SecureMissing      StatusWord = 0x6987 // expected secure messaging objects missing
	SW6988SecureWrong        StatusWord = 0x6988 // secure messaging objects incorrect
	SW6A80Data               StatusWord = 0x6A80
	SW6A81NotSupported       StatusWord = 0x6A81 // function not supported: card blocked
	SW6A82FileNotFound       StatusWord = 0x6A82
	SW6A83RecordNotFound     StatusWord = 0x6A83
	SW6A86Parameters         StatusWord = 0x6A86
	SW6A88DataNotFound       StatusWord = 0x6A88
	SW6C00Length             StatusWord = 0x6C00 // low byte: the length to ask for (T=0)
	SW6D00InstructionUnknown StatusWord = 0x6D00
	SW6E00ClassUnknown       StatusWord = 0x6E00
	SW6F00NoPreciseDiagnosis StatusWord = 0x6F00
)

// Tries gives the PIN tries that 63Cx tells.
func (s StatusWord) Tries() (int, bool) { return int(s & 0x0F), s&0xFFF0 == SW63C0Tries }

// More gives the bytes that wait for GET RESPONSE (61xx); 256 for 6100.
func (s StatusWord) More() (int, bool) { return leOf(byte(s)), s&0xFF00 == SW6100MoreData }

// RightLe gives the length that the card wants to be asked for (6Cxx); 256 for 6C00.
func (s StatusWord) RightLe() (int, bool) { return leOf(byte(s)), s&0xFF00 == SW6C00Length }

// String gives the four digits.
func (s StatusWord) String() string { return fmt.Sprintf("%04X", uint16(s)) }

// Words says what a status word means, for people.
func (s StatusWord) Words() string {
	if n, ok := s.Tries(); ok {
		return fmt.Sprintf("verification failed, %d tries left", n)
	}
	if n, ok := s.More(); ok {
		return fmt.Sprintf("%d bytes wait", n)
	}
	if n, ok := s.RightLe(); ok {
		return fmt.Sprintf("wrong Le, ask for %d", n)
	}
	for _, w := range statusWords {
		if w.sw == s {
			return w.words
		}
	}
	return "unknown status"
}

var statusWords = []struct {
	sw    StatusWord
	words string
}{
	{SW9000OK, "ok"},
	{SW6200Warning, "warning"},
	{SW6283Invalidated, "selected file invalidated"},
	{SW6300AuthFailed, "authentication failed"},
	{SW6700Length, "wrong length"},
	{SW6982Security, "security status not satisfied"},
	{SW6983AuthBlocked, "authentication method blocked"},
	{SW6984DataInvalidated, "referenced data invalidated"},
	{SW6985Conditions, "conditions of use not satisfied"},
	{SW6986SeePhone, "command not allowed"},
	{SW6987SecureMissing, "secure messaging objects missing"},
	{SW6988SecureWrong, "secure messaging objects incorrect"},
	{SW6A80Data, "wrong data"},
	{SW6A81NotSupported, "function not supported"},
	{SW6A82FileNotFound, "file not found"},
	{SW6A83RecordNotFound, "record not found"},
	{SW6A86Parameters, "wrong parameters P1 P2"},
	{SW6A88DataNotFound, "referenced data not found"},
	{SW6D00InstructionUnknown, "instruction not supported"},
	{SW6E00ClassUnknown, "class not supported"},
	{SW6F00NoPreciseDiagnosis, "no precise diagnosis"},
}
