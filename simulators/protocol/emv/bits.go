package emv

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// bitName is what one bit, or a group of them, says.
type bitName struct {
	bit   uint64
	words string
}

// words spells the bits that are set, from the highest down.
func words(value uint64, names []bitName) (said []string) {
	for _, n := range names {
		if value&n.bit != 0 {
			said = append(said, n.words)
		}
	}
	return said
}

// spell is a value as people read it: its bytes and, in brackets, its words.
func spell(bytes []byte, said []string) string {
	if len(said) == 0 {
		return fmt.Sprintf("%X", bytes)
	}
	return fmt.Sprintf("%X (%s)", bytes, strings.Join(said, "; "))
}

// number reads up to eight bytes, the first one highest.
func number(b []byte) (n uint64) {
	for _, x := range b {
		n = n<<8 | uint64(x)
	}
	return n
}

// tail gives the n lowest bytes of v.
func tail(v uint64, n int) []byte { return binary.BigEndian.AppendUint64(nil, v)[8-n:] }

// TVR is the terminal verification results, five bytes (Book 3, C5). Action codes have the same bits.
type TVR uint64

// The bits of the TVR: byte, mask in that byte, name.
const (
	TVR1x80NoODA             TVR = 0x80_00_00_00_00
	TVR1x40SDAFailed         TVR = 0x40_00_00_00_00
	TVR1x20DataMissing       TVR = 0x20_00_00_00_00
	TVR1x10ExceptionFile     TVR = 0x10_00_00_00_00
	TVR1x08DDAFailed         TVR = 0x08_00_00_00_00
	TVR1x04CDAFailed         TVR = 0x04_00_00_00_00
	TVR1x02SDASelected       TVR = 0x02_00_00_00_00
	TVR2x80VersionDiffers    TVR = 0x00_80_00_00_00
	TVR2x40Expired           TVR = 0x00_40_00_00_00
	TVR2x20NotYetEffective   TVR = 0x00_20_00_00_00
	TVR2x10ServiceNotAllowed TVR = 0x00_10_00_00_00
	TVR2x08NewCard           TVR = 0x00_08_00_00_00
	TVR3x80CVMFailed         TVR = 0x00_00_80_00_00
	TVR3x40UnknownCVM        TVR = 0x00_00_40_00_00
	TVR3x20PINTriesExceeded  TVR = 0x00_00_20_00_00
	TVR3x10NoPINPad          TVR = 0x00_00_10_00_00
	TVR3x08PINNotEntered     TVR = 0x00_00_08_00_00
	TVR3x04OnlinePIN         TVR = 0x00_00_04_00_00
	TVR4x80OverFloor         TVR = 0x00_00_00_80_00
	TVR4x40OverLower         TVR = 0x00_00_00_40_00
	TVR4x20OverUpper         TVR = 0x00_00_00_20_00
	TVR4x10Random            TVR = 0x00_00_00_10_00
	TVR4x08MerchantForced    TVR = 0x00_00_00_08_00
	TVR5x80DefaultTDOL       TVR = 0x00_00_00_00_80
	TVR5x40IssuerAuthFailed  TVR = 0x00_00_00_00_40
	TVR5x20ScriptBefore      TVR = 0x00_00_00_00_20
	TVR5x10ScriptAfter       TVR = 0x00_00_00_00_10
)

var tvrNames = []bitName{
	{uint64(TVR1x80NoODA), "offline data authentication not performed"},
	{uint64(TVR1x40SDAFailed), "SDA failed"},
	{uint64(TVR1x20DataMissing), "card data missing"},
	{uint64(TVR1x10ExceptionFile), "card on the exception file"},
	{uint64(TVR1x08DDAFailed), "DDA failed"},
	{uint64(TVR1x04CDAFailed), "CDA failed"},
	{uint64(TVR1x02SDASelected), "SDA selected"},
	{uint64(TVR2x80VersionDiffers), "application versions differ"},
	{uint64(TVR2x40Expired), "application expired"},
	{uint64(TVR2x20NotYetEffective), "application not yet effective"},
	{uint64(TVR2x10ServiceNotAllowed), "service not allowed for this card"},
	{uint64(TVR2x08NewCard), "new card"},
	{uint64(TVR3x80CVMFailed), "cardholder verification not successful"},
	{uint64(TVR3x40UnknownCVM), "unrecognised CVM"},
	{uint64(TVR3x20PINTriesExceeded), "PIN try limit exceeded"},
	{uint64(TVR3x10NoPINPad), "PIN pad missing or not working"},
	{uint64(TVR3x08PINNotEntered), "PIN pad present, PIN not entered"},
	{uint64(TVR3x04OnlinePIN), "online PIN entered"},
	{uint64(TVR4x80OverFloor), "amount over the floor limit"},
	{uint64(TVR4x40OverLower), "lower consecutive offline limit exceeded"},
	{uint64(TVR4x20OverUpper), "upper consecutive offline limit exceeded"},
	{uint64(TVR4x10Random), "selected at random for online"},
	{uint64(TVR4x08MerchantForced), "merchant forced online"},
	{uint64(TVR5x80DefaultTDOL), "default TDOL used"},
	{uint64(TVR5x40IssuerAuthFailed), "issuer authentication failed"},
	{uint64(TVR5x20ScriptBefore), "script failed before the final cryptogram"},
	{uint64(TVR5x10ScriptAfter), "script failed after the final cryptogram"},
}

// ParseTVR reads five bytes; shorter or longer values are read as far as they fit.
func ParseTVR(b []byte) TVR { return TVR(number(b)) & (1<<40 - 1) }

// Bytes gives the five bytes.
func (t TVR) Bytes() []byte { return tail(uint64(t), 5) }

// Words spells the bits that are set.
func (t TVR) Words() []string { return words(uint64(t), tvrNames) }

// String gives the bytes and the words.
func (t TVR) String() string { return spell(t.Bytes(), t.Words()) }

// TSI is the transaction status information, two bytes (Book 3, C6).
type TSI uint16

// The bits of the TSI's first byte.
const (
	TSIx80ODA          TSI = 0x80_00
	TSIx40CVM          TSI = 0x40_00
	TSIx20CardRisk     TSI = 0x20_00
	TSIx10IssuerAuth   TSI = 0x10_00
	TSIx08TerminalRisk TSI = 0x08_00
	TSIx04Script       TSI = 0x04_00
)

var tsiNames = []bitName{
	{uint64(TSIx80ODA), "offline data authentication performed"},
	{uint64(TSIx40CVM), "cardholder verification performed"},
	{uint64(TSIx20CardRisk), "card risk management performed"},
	{uint64(TSIx10IssuerAuth), "issuer authentication performed"},
	{uint64(TSIx08TerminalRisk), "terminal risk management performed"},
	{uint64(TSIx04Script), "script processing performed"},
}

// Bytes gives the two bytes.
func (t TSI) Bytes() []byte { return tail(uint64(t), 2) }

// Words spells the bits that are set.
func (t TSI) Words() []string { return words(uint64(t), tsiNames) }

// String gives the bytes and the words.
func (t TSI) String() string { return spell(t.Bytes(), t.Words()) }

// AIP is the application interchange profile, two bytes (Book 3, C1).
type AIP uint16

// The bits of the AIP.
const (
	AIP1x40SDA          AIP = 0x40_00
	AIP1x20DDA          AIP = 0x20_00
	AIP1x10CVM          AIP = 0x10_00
	AIP1x08TerminalRisk AIP = 0x08_00
	AIP1x04IssuerAuth   AIP = 0x04_00 // by EXTERNAL AUTHENTICATE
	AIP1x02OnDeviceCVM  AIP = 0x02_00
	AIP1x01CDA          AIP = 0x01_00
	AIP2x80EMVMode      AIP = 0x00_80
)

var aipNames = []bitName{
	{uint64(AIP1x40SDA), "SDA"},
	{uint64(AIP1x20DDA), "DDA"},
	{uint64(AIP1x10CVM), "cardholder verification"},
	{uint64(AIP1x08TerminalRisk), "terminal risk management to be performed"},
	{uint64(AIP1x04IssuerAuth), "issuer authentication by EXTERNAL AUTHENTICATE"},
	{uint64(AIP1x02OnDeviceCVM), "on-device cardholder verification"},
	{uint64(AIP1x01CDA), "CDA"},
	{uint64(AIP2x80EMVMode), "contactless EMV mode"},
}

// ParseAIP reads two bytes.
func ParseAIP(b []byte) AIP { return AIP(number(b)) }

// Bytes gives the two bytes.
func (a AIP) Bytes() []byte { return tail(uint64(a), 2) }

// Words spells the bits that are set.
func (a AIP) Words() []string { return words(uint64(a), aipNames) }

// String gives the bytes and the words.
func (a AIP) String() string { return spell(a.Bytes(), a.Words()) }

// CID is the cryptogram information data (Book 3, 6.5.5.4).
type CID byte

// The kinds of cryptogram, as CID and as P1 of GENERATE AC.
const (
	CID00AAC  CID = 0x00 // declined
	CID40TC   CID = 0x40 // approved
	CID80ARQC CID = 0x80 // go online
	CIDC0RFU  CID = 0xC0

	CIDx08Advice     CID = 0x08
	CIDx01NotAllowed CID = 0x01 // reasons, the low three bits: service not allowed,
	CIDx02PINTries   CID = 0x02 // PIN try limit exceeded,
	CIDx03IssuerAuth CID = 0x03 // issuer authentication failed
)

// Kind is the kind of cryptogram without advice and reason.
func (c CID) Kind() CID { return c & 0xC0 }

// String names the kind.
func (c CID) String() string {
	switch c.Kind() {
	case CID00AAC:
		return "AAC"
	case CID40TC:
		return "TC"
	case CID80ARQC:
		return "ARQC"
	}
	return "reserved cryptogram"
}

// AUC is the application usage control (Book 3, C2).
type AUC uint16

// The bits of the AUC.
const (
	AUC1x80DomesticCash          AUC = 0x80_00
	AUC1x40InternationalCash     AUC = 0x40_00
	AUC1x20DomesticGoods         AUC = 0x20_00
	AUC1x10InternationalGoods    AUC = 0x10_00
	AUC1x08DomesticServices      AUC = 0x08_00
	AUC1x04InternationalServices AUC = 0x04_00
	AUC1x02ATM                   AUC = 0x02_00
	AUC1x01OtherThanATM          AUC = 0x01_00
	AUC2x80DomesticCashback      AUC = 0x00_80
	AUC2x40InternationalCashback AUC = 0x00_40
)

// ParseAUC reads two bytes.
func ParseAUC(b []byte) AUC { return AUC(number(b)) }

// Capabilities is the terminal capabilities, 9F33, three bytes (Book 4, A2).
type Capabilities uint32

// The bits of the terminal capabilities.
const (
	Cap1x80Manual        Capabilities = 0x80_00_00
	Cap1x40Stripe        Capabilities = 0x40_00_00
	Cap1x20Contact       Capabilities = 0x20_00_00
	Cap2x80PlaintextPIN  Capabilities = 0x00_80_00
	Cap2x40OnlinePIN     Capabilities = 0x00_40_00
	Cap2x20Signature     Capabilities = 0x00_20_00
	Cap2x10EncipheredPIN Capabilities = 0x00_10_00
	Cap2x08NoCVM         Capabilities = 0x00_08_00
	Cap2x01IDDocument    Capabilities = 0x00_01_00 // PBOC: an ID document is looked at
	Cap3x80SDA           Capabilities = 0x00_00_80
	Cap3x40DDA           Capabilities = 0x00_00_40
	Cap3x20CardCapture   Capabilities = 0x00_00_20
	Cap3x08CDA           Capabilities = 0x00_00_08
)

// ParseCapabilities reads three bytes.
func ParseCapabilities(b []byte) Capabilities { return Capabilities(number(b)) }

// Bytes gives the three bytes.
func (c Capabilities) Bytes() []byte { return tail(uint64(c), 3) }
