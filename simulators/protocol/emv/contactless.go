package emv

// TTQ is the terminal transaction qualifiers, 9F66, four bytes (DOMAIN.md D.3).
type TTQ uint32

// The bits of the TTQ.
const (
	TTQ1x80Stripe            TTQ = 0x80_00_00_00
	TTQ1x20EMVMode           TTQ = 0x20_00_00_00
	TTQ1x10Contact           TTQ = 0x10_00_00_00
	TTQ1x08OfflineOnly       TTQ = 0x08_00_00_00
	TTQ1x04OnlinePIN         TTQ = 0x04_00_00_00
	TTQ1x02Signature         TTQ = 0x02_00_00_00
	TTQ1x01ODAForOnline      TTQ = 0x01_00_00_00
	TTQ2x80CryptogramOnline  TTQ = 0x00_80_00_00
	TTQ2x40CVMRequired       TTQ = 0x00_40_00_00
	TTQ2x20ContactOfflinePIN TTQ = 0x00_20_00_00
	TTQ3x80IssuerUpdate      TTQ = 0x00_00_80_00
	TTQ3x40CDCVM             TTQ = 0x00_00_40_00
	TTQ4x80FDDAVersion1      TTQ = 0x00_00_00_80
)

var ttqNames = []bitName{
	{uint64(TTQ1x80Stripe), "mag-stripe mode"},
	{uint64(TTQ1x20EMVMode), "EMV mode"},
	{uint64(TTQ1x10Contact), "contact chip"},
	{uint64(TTQ1x08OfflineOnly), "offline only"},
	{uint64(TTQ1x04OnlinePIN), "online PIN"},
	{uint64(TTQ1x02Signature), "signature"},
	{uint64(TTQ1x01ODAForOnline), "offline data authentication for online"},
	{uint64(TTQ2x80CryptogramOnline), "online cryptogram required"},
	{uint64(TTQ2x40CVMRequired), "cardholder verification required"},
	{uint64(TTQ2x20ContactOfflinePIN), "offline PIN on contact"},
	{uint64(TTQ3x80IssuerUpdate), "issuer update"},
	{uint64(TTQ3x40CDCVM), "verification on the consumer device"},
	{uint64(TTQ4x80FDDAVersion1), "fDDA version 1"},
}

// ParseTTQ reads four bytes.
func ParseTTQ(b []byte) TTQ { return TTQ(number(b)) }

// Bytes gives the four bytes.
func (t TTQ) Bytes() []byte { return tail(uint64(t), 4) }

// Words spells the bits that are set.
func (t TTQ) Words() []string { return words(uint64(t), ttqNames) }

// String gives the bytes and the words.
func (t TTQ) String() string { return spell(t.Bytes(), t.Words()) }

// CTQ is the card transaction qualifiers, 9F6C, two bytes (DOMAIN.md D.3).
type CTQ uint16

// The bits of the CTQ.
const (
	CTQ1x80OnlinePIN         CTQ = 0x80_00
	CTQ1x40Signature         CTQ = 0x40_00
	CTQ1x20OnlineIfODAFails  CTQ = 0x20_00
	CTQ1x10SwitchIfODAFails  CTQ = 0x10_00
	CTQ1x08OnlineIfExpired   CTQ = 0x08_00
	CTQ1x04SwitchForCash     CTQ = 0x04_00
	CTQ1x02SwitchForCashback CTQ = 0x02_00
	CTQ1x01NotForATM         CTQ = 0x01_00
	CTQ2x80CDCVMPerformed    CTQ = 0x00_80
	CTQ2x40IssuerUpdate      CTQ = 0x00_40
)

var ctqNames = []bitName{
	{uint64(CTQ1x80OnlinePIN), "online PIN required"},
	{uint64(CTQ1x40Signature), "signature required"},
	{uint64(CTQ1x20OnlineIfODAFails), "online if offline data authentication fails"},
	{uint64(CTQ1x10SwitchIfODAFails), "other interface if offline data authentication fails"},
	{uint64(CTQ1x08OnlineIfExpired), "online if expired"},
	{uint64(CTQ1x04SwitchForCash), "other interface for cash"},
	{uint64(CTQ1x02SwitchForCashback), "other interface for cashback"},
	{uint64(CTQ1x01NotForATM), "not valid at ATMs"},
	{uint64(CTQ2x80CDCVMPerformed), "verified on the consumer device"},
	{uint64(CTQ2x40IssuerUpdate), "issuer update supported"},
}

// ParseCTQ reads two bytes.
func ParseCTQ(b []byte) CTQ { return CTQ(number(b)) }

// Bytes gives the two bytes.
func (c CTQ) Bytes() []byte { return tail(uint64(c), 2) }

// Words spells the bits that are set.
func (c CTQ) Words() []string { return words(uint64(c), ctqNames) }

// String gives the bytes and the words.
func (c CTQ) String() string { return spell(c.Bytes(), c.Words()) }
