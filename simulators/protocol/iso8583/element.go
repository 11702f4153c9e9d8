// Package iso8583 speaks ISO 8583 in any dialect that a data file describes: messages, codecs, rules and links.
package iso8583

import "fmt"

// Element is a data element by the trade's name. A dialect says which field, or which part of a field, carries it; parties
// only ever speak of elements, so that no flow is coded against one dialect.
type Element uint8

// The elements, with the ISO 8583 field that usually carries them (u: UnionPay POS, DOMAIN.md A.2 and A.5 to A.7).
const (
	NoElement        Element = iota
	PAN                      // F2
	ProcessingCode           // F3
	Amount                   // F4, twelve digits of minor units
	TransmissionTime         // F7, MMDDhhmmss
	Trace                    // F11, STAN: never 000000
	LocalTime                // F12, hhmmss
	LocalDate                // F13, MMDD
	LocalYear                // YY, where a date has one
	Expiry                   // F14, YYMM
	SettlementDate           // F15, MMDD
	SettlementYear           // YY, where a date has one
	MerchantType             // F18, MCC
	EntryMode                // F22, two digits entry and one digit PIN (1 entered, 2 none)
	CardSequence             // F23
	Condition                // F25
	PINCapture               // F26
	Acquirer                 // F32
	Track1                   // F45
	Track2                   // F35, separator D
	Track3                   // F36
	RRN                      // F37
	OriginalRRN              // the RRN of the payment that is voided, given back or completed: F37 of the request (u)
	AuthCode                 // F38
	AnswerCode               // F39 of an answer
	ReversalReason           // F39 of a 0400 (u), F56 or F25 elsewhere
	Terminal                 // F41
	Merchant                 // F42
	MerchantName             // F43
	Institutions             // F44
	SettlementData           // F48
	Currency                 // F49, three digits
	PIN                      // F52, encrypted block
	SecurityControl          // F53
	KeySerial                // of a DUKPT key, with a PIN that is encrypted under it: bytes
	Balance                  // F54
	Chip                     // F55
	DeviceData               // F59 (u)
	TypeCode                 // F60.1 (u)
	Batch                    // F60.2 (u)
	NetworkCode              // F60.3 (u), F70 elsewhere
	ReadCapability           // F60.4 (u)
	ICCondition              // F60.5 (u)
	PartialApproval          // F60.6 (u)
	AccountType              // F60.7 (u)
	OriginalBatch            // F61.1 (u)
	OriginalTrace            // F61.2 (u), part of F90 elsewhere
	OriginalDate             // F61.3 (u), part of F90 elsewhere
	OriginalTime             // part of F90, hhmmss
	OriginalYear             // YY, where a date has one
	OriginalAuthMode         // F61.4 (u)
	OriginalAcquirer         // F61.5 (u), part of F90 elsewhere
	OriginalMTI              // part of F90
	Keys                     // F62 of a sign-in answer (u)
	TerminalInfo             // F62 of a sign-in (u)
	Parameters               // F62 of queries, downloads and status uploads (u): text or TLV
	InstalmentPlan           // F62 of an instalment sale (u)
	UploadUsage              // F62 of a chip's upload (u): 61... or 71...
	Signature                // F62 of an e-signature (u), a part of its picture
	Operator                 // F63.1 of network messages (u)
	CardOrganisation         // F63.1 of financial messages (u)
	AnswerText               // F63.2 of answers (u), F44 elsewhere
	MAC                      // F64 or F128
	elementCount
)

var elementNames = [elementCount]string{
	PAN: "pan", ProcessingCode: "processing_code", Amount: "amount", TransmissionTime: "transmission_time",
	Trace: "trace", LocalTime: "local_time", LocalDate: "local_date", LocalYear: "local_year", Expiry: "expiry",
	SettlementDate: "settlement_date", SettlementYear: "settlement_year", MerchantType: "merchant_type", EntryMode: "entry_mode",
	CardSequence: "card_sequence", Condition: "condition", PINCapture: "pin_capture", Acquirer: "acquirer",
	Track1: "track_1", Track2: "track_2", Track3: "track_3", RRN: "rrn", OriginalRRN: "original_rrn", AuthCode: "auth_code",
	AnswerCode: "answer_code", ReversalReason: "reversal_reason", Terminal: "terminal", Merchant: "merchant",
	MerchantName: "merchant_name", Institutions: "institutions", SettlementData: "settlement_data",
	Currency: "currency", PIN: "pin", SecurityControl: "security_control", KeySerial: "key_serial", Balance: "balance", Chip: "chip",
	DeviceData: "device_data", TypeCode: "type_code", Batch: "batch", NetworkCode: "network_code",
	ReadCapability: "read_capability", ICCondition: "ic_condition", PartialApproval: "partial_approval",
	AccountType: "account_type", OriginalBatch: "original_batch", OriginalTrace: "original_trace",
	OriginalDate: "original_date", OriginalTime: "original_time", OriginalYear: "original_year", OriginalAuthMode: "original_auth_mode", OriginalAcquirer: "original_acquirer",
	OriginalMTI: "original_mti", Keys: "keys", TerminalInfo: "terminal_info", Parameters: "parameters",
	InstalmentPlan: "instalment_plan", UploadUsage: "upload_usage", Signature: "signature", Operator: "operator",
	CardOrganisation: "card_organisation", AnswerText: "answer_text", MAC: "mac",
}

// String gives the name a dialect file uses.
func (e Element) String() string {
	if e > NoElement && e < elementCount {
		return elementNames[e]
	}
	return fmt.Sprintf("element(%d)", uint8(e))
}

// ParseElement finds an element by its name in a dialect file.
func ParseElement(name string) (Element, bool) {
	for e, n := range elementNames {
		if n == name && n != "" {
			return Element(e), true
		}
	}
	return NoElement, false
}
