package emv

import "fmt"

// The instructions (Book 1, 11; Book 3, 6.5).
const (
	INS1EApplicationBlock   byte = 0x1E
	INS18ApplicationUnblock byte = 0x18
	INS16CardBlock          byte = 0x16
	INS20Verify             byte = 0x20
	INS24PINChange          byte = 0x24
	INS82ExternalAuth       byte = 0x82
	INS84GetChallenge       byte = 0x84
	INS88InternalAuth       byte = 0x88
	INSA4Select             byte = 0xA4
	INSA8GetProcessing      byte = 0xA8
	INSAEGenerateAC         byte = 0xAE
	INSB2ReadRecord         byte = 0xB2
	INSC0GetResponse        byte = 0xC0
	INSCAGetData            byte = 0xCA
	INSDAPutData            byte = 0xDA
	INSDCUpdateRecord       byte = 0xDC
	CLA00Interindustry      byte = 0x00
	CLA80Proprietary        byte = 0x80
	CLA04Secured            byte = 0x04 // with secure messaging
	CLA84ProprietarySecured byte = 0x84
	CLA8CProprietaryHeader  byte = 0x8C // ... that covers the header
	P1x10CDA                byte = 0x10 // in GENERATE AC beside the kind of cryptogram
	P2x80PlaintextPIN       byte = 0x80 // VERIFY
	P2x88EncipheredPIN      byte = 0x88
	P2x00First              byte = 0x00 // SELECT: the first application of that name
	P2x02Next               byte = 0x02 // or the next one
)

// The names of the directories (Book 1, 12.2.2; Book B, 3.3).
const (
	PSEContact    = "1PAY.SYS.DDF01"
	PPSEProximity = "2PAY.SYS.DDF01"
)

// Select chooses an application or directory by name; next asks for the next one whose name begins so (Book 1, 11.3).
func Select(name []byte, next bool) Command {
	c := Command{INS: INSA4Select, P1: 0x04, P2: P2x00First, Data: name, Le: Le00All}
	if next {
		c.P2 = P2x02Next
	}
	return c
}

// ReadRecord reads record n of the file with a short identifier; P2 says that P1 is a number (Book 1, 11.2).
func ReadRecord(sfi, n byte) Command {
	return Command{INS: INSB2ReadRecord, P1: n, P2: sfi<<3 | 4, Le: Le00All}
}

// GetProcessingOptions begins the application; data is what its PDOL asks for (Book 3, 6.5.8).
func GetProcessingOptions(data []byte) Command {
	return Command{CLA: CLA80Proprietary, INS: INSA8GetProcessing, Data: appendTLV(Tag83CommandTemplate, data), Le: Le00All}
}

// GenerateAC asks for a cryptogram of a kind, with a signature over it when cda (Book 3, 6.5.5).
func GenerateAC(kind CID, cda bool, data []byte) Command {
	c := Command{CLA: CLA80Proprietary, INS: INSAEGenerateAC, P1: byte(kind.Kind()), Data: data, Le: Le00All}
	if cda {
		c.P1 |= P1x10CDA
	}
	return c
}

// InternalAuthenticate asks for a signature over the DDOL's data (Book 3, 6.5.9).
func InternalAuthenticate(data []byte) Command {
	return Command{INS: INS88InternalAuth, Data: data, Le: Le00All}
}

// ExternalAuthenticate hands the card the issuer's cryptogram and answer (Book 3, 6.5.4).
func ExternalAuthenticate(data []byte) Command {
	return Command{INS: INS82ExternalAuth, Data: data, Le: LeAbsent}
}

// GetChallenge asks for eight unpredictable bytes (Book 3, 6.5.6).
func GetChallenge() Command { return Command{INS: INS84GetChallenge, Le: Le00All} }

// GetData asks for one object: 9F36, 9F13, 9F17 or 9F4F (Book 3, 6.5.7).
func GetData(tag uint16) Command {
	return Command{CLA: CLA80Proprietary, INS: INSCAGetData, P1: byte(tag >> 8), P2: byte(tag), Le: Le00All}
}

// Verify hands the card a PIN block, plain or enciphered as p2 says (Book 3, 6.5.12).
func Verify(p2 byte, block []byte) Command {
	return Command{INS: INS20Verify, P2: p2, Data: block, Le: LeAbsent}
}

// Name says what a command does, for people.
func (c Command) Name() string {
	switch c.INS {
	case INS1EApplicationBlock:
		return "APPLICATION BLOCK"
	case INS18ApplicationUnblock:
		return "APPLICATION UNBLOCK"
	case INS16CardBlock:
		return "CARD BLOCK"
	case INS20Verify:
		return "VERIFY"
	case INS24PINChange:
		return "PIN CHANGE/UNBLOCK"
	case INS82ExternalAuth:
		return "EXTERNAL AUTHENTICATE"
	case INS84GetChallenge:
		return "GET CHALLENGE"
	case INS88InternalAuth:
		return "INTERNAL AUTHENTICATE"
	case INSA4Select:
		return "SELECT"
	case INSA8GetProcessing:
		return "GET PROCESSING OPTIONS"
	case INSAEGenerateAC:
		return "GENERATE AC " + CID(c.P1).Kind().String()
	case INSB2ReadRecord:
		return fmt.Sprintf("READ RECORD %d of file %d", c.P1, c.P2>>3)
	case INSC0GetResponse:
		return "GET RESPONSE"
	case INSCAGetData:
		return fmt.Sprintf("GET DATA %02X%02X", c.P1, c.P2)
	case INSDAPutData:
		return fmt.Sprintf("PUT DATA %02X%02X", c.P1, c.P2)
	case INSDCUpdateRecord:
		return fmt.Sprintf("UPDATE RECORD %d of file %d", c.P1, c.P2>>3)
	}
	return fmt.Sprintf("command %02X%02X", c.CLA, c.INS)
}
