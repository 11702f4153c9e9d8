package kernel

import (
	"bytes"
	"io"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// Rules is what a kernel decides from: data only. Behind each entry stands the name under which it is consulted.
type Rules struct {
	Contact     []Phase // in the order of Book 3, 8.2
	Contactless []Phase // up to the card's answer to GET PROCESSING OPTIONS
	Flows       []Flow  // how a contactless application goes on, by the first five bytes of its name; the last one takes the rest

	MaxCommands int                                    // kernel/commands: a card that wants more is given up
	FollowUp    bool                                   // kernel/follow-up: bytes that a T=0 card keeps are fetched, and its lengths are obeyed
	Removed     Ending                                 // kernel/removed: how the card's absence from the slot ends
	Number      func(random io.Reader) ([]byte, error) // kernel/number: 9F37, which no one may know before
	OwnFirst    bool                                   // kernel/sources: what the terminal knows itself is taken from no card

	// Selection (Book 1, 12).
	MaxDirectory   int                     // kernel/directory: records of a payment directory that are read
	Names          bool                    // kernel/names: a card without a usable directory is asked for each name
	MaxSameName    int                     // kernel/next: applications of one name that are asked for
	Longer         func(df01 []byte) bool  // kernel/longer-names: whether a card's name may go on where the terminal's ends
	CardBlocked    bool                    // kernel/card-blocked: a card that answers SELECT with 6A81 is asked nothing more
	NotInvalidated bool                    // kernel/invalidated: an application that is selected with the warning 6283 is not begun
	Rank           func(priority byte) int // kernel/priority: the lower the better
	Confirm        bool                    // kernel/confirm: an application that wants the cardholder's word gets it
	TellCard       bool                    // kernel/pdol: a card that wants to know something at the beginning is told
	NextOn         []emv.StatusWord        // kernel/next-application: answers to GET PROCESSING OPTIONS that take up the next application

	// What the card says (Book 3, 7 and 10.2).
	EveryRecord   bool // kernel/every-record: a record that cannot be read ends the payment
	CheckLengths  bool // kernel/lengths: a value of a length that it cannot have ends the payment
	RefuseTwice   bool // kernel/twice: a card that says one thing twice is given up
	ReadMandatory bool // kernel/mandatory: a card without its mandatory data is given up

	// Offline data authentication (Book 3, 10.3; Book 2, 5 and 6).
	Methods      []Method // kernel/oda: the first that both can is used
	NoteMissing  bool     // kernel/data-missing: the TVR tells that the card lacks what authentication needs
	CheckRevoked bool     // kernel/revoked
	CheckDates   bool     // kernel/certificate-date: an expired certificate is not taken
	SignedAIP    bool     // kernel/signed-aip: the AIP is part of what the issuer signed, where the card says so
	DefaultDDOL  bool     // kernel/default-ddol: a card that has no list for DDA gets the terminal's
	VerifyCDA    bool     // kernel/cda: a combined signature is looked at

	// Cardholder verification (Book 3, 10.5).
	VerifyAlways   bool                   // kernel/cvm-always: the CVM list is gone through whatever the card's AIP says
	CheckCondition bool                   // kernel/cvm-condition: a method is for its condition only
	SameCurrency   bool                   // kernel/cvm-currency: amounts of the CVM list are compared in the card's own currency only
	CheckCapable   bool                   // kernel/cvm-capable: a method is for a terminal that has what it needs
	FallThrough    func(emv.CVMRule) bool // kernel/cvm-next: whether a method that failed leaves the next one a chance
	BypassAll      bool                   // kernel/bypass: who refuses one PIN is asked for no other
	ReadTries      bool                   // kernel/pin-tries: the card is asked how many tries are left before a PIN is
	AskAgain       bool                   // kernel/pin-again: a wrong PIN may be corrected while the card has tries left
	Encipher       bool                   // kernel/encipher: a PIN goes enciphered where the card wants it so

	// Risk and decision (Book 3, 10.6 to 10.8).
	RiskAlways     bool                                                                // kernel/risk: risk management is done whatever the card's AIP says
	OverFloor      func(amount, floor int64) bool                                      // kernel/floor
	Pick           func(number int, amount, floor, threshold, target, most int64) bool // kernel/random: number is 1 to 99
	CheckVelocity  bool                                                                // kernel/velocity: payments since the card was last online are counted
	MissingIAC     Codes                                                               // kernel/iac: of a card that has none
	MissingTAC     Codes                                                               // kernel/tac: of a terminal that has none
	Analyse        func(Line, emv.TVR, Codes) emv.CID                                  // kernel/analysis: which cryptogram is asked for
	RefuseStronger bool                                                                // kernel/stronger: a cryptogram better than the one that was asked for is not taken

	// The host's answer (Book 3, 10.9 to 10.11).
	Unable          func(Line, emv.TVR, Codes) bool // kernel/unable: may it be approved without the host?
	Approves        func(answer string) bool        // kernel/answer
	HostData        func(tlv.List) tlv.List         // kernel/host-data: what is read of the answer's field 55
	ProofFails      func(emv.StatusWord) bool       // kernel/proof: the answer to EXTERNAL AUTHENTICATE
	ScriptFails     func(emv.StatusWord) bool       // kernel/script
	EveryScript     bool                            // kernel/every-script: a script that fails keeps the next one from nothing
	ScriptsDeclined bool                            // kernel/scripts-declined: scripts are carried out where the host declines, too

	// Taps (DOMAIN.md D.6).
	OverLimit    func(amount, limit int64) bool // kernel/contactless-limit: DF20
	OverCVM      func(amount, limit int64) bool // kernel/cvm-limit: DF21
	OverOffline  func(amount, limit int64) bool // kernel/contactless-floor: DF19
	UnderNoPIN   func(amount, limit int64) bool // kernel/no-pin
	NoPINScheme  []byte                         // kernel/no-pin: what the names of applications begin with that the no-PIN limit is for
	FirstAnswers []FirstAnswer                  // kernel/first-answer: what a status word of the first command after selection means, contactless
	VerifyFDDA   bool                           // kernel/fdda
	TrustDevice  bool                           // kernel/device: a phone's owner whom it has verified is verified

	Fast func(icc emv.PublicKey, sdad, signed []byte) (emv.Dynamic, error) // kernel/fdda: how a signature of fast DDA is read
}

// Phase is one part of a transaction; an outcome ends it.
type Phase struct {
	Name string
	Do   func(*transaction) *Outcome
}

// Flow is how contactless applications of one scheme go on.
type Flow struct {
	RID    []byte // empty takes all
	Phases []Phase
}

// FirstAnswer is what becomes of a contactless transaction whose GET PROCESSING OPTIONS was refused.
type FirstAnswer struct {
	SW     emv.StatusWord
	Ending Ending // empty: the next application is tried
}

// Reference gives the honest rules.
func Reference() *Rules {
	oda := emv.TVR1x80NoODA | emv.TVR1x40SDAFailed | emv.TVR1x08DDAFailed | emv.TVR1x04CDAFailed
	return &Rules{
		Contact: []Phase{
			{"kernel/select", buildCandidates},
			{"kernel/initiate", initiate},
			{"kernel/records", readRecords},
			{"kernel/mandatory", mandatory},
			{"kernel/oda", authenticate},
			{"kernel/restrictions", restrict},
			{"kernel/cvm", verifyCardholder},
			{"kernel/risk", manageRisk},
			{"kernel/action", firstCryptogram},
			{"kernel/online", goOnline},
			{"kernel/issuer", authenticateIssuer},
			{"kernel/scripts-before", scriptsBefore},
			{"kernel/completion", complete},
		},
		Contactless: []Phase{
			{"kernel/pre-processing", preProcess},
			{"kernel/ppse", readPPSE},
			{"kernel/combination", combine},
			{"kernel/flow", flow},
		},
		Flows: []Flow{
			{[]byte{0xA0, 0x00, 0x00, 0x00, 0x04}, generateACFlow()},
			{nil, quickFlow()},
		},
		MaxCommands: 500, FollowUp: true, Removed: CardRemoved, Number: fourBytes, OwnFirst: true,
		MaxDirectory: 16, Names: true, MaxSameName: 8, Longer: func(df01 []byte) bool { return bytes.Equal(df01, []byte{0}) },
		CardBlocked: true, NotInvalidated: true, Rank: rank, Confirm: true, TellCard: true, NextOn: []emv.StatusWord{emv.SW6985Conditions},
		EveryRecord: true, CheckLengths: true, RefuseTwice: true, ReadMandatory: true,
		Methods:     []Method{{emv.AIP1x01CDA, emv.Cap3x08CDA, prepareCDA}, {emv.AIP1x20DDA, emv.Cap3x40DDA, dda}, {emv.AIP1x40SDA, emv.Cap3x80SDA, sda}},
		NoteMissing: true, CheckRevoked: true, CheckDates: true, SignedAIP: true, DefaultDDOL: true, VerifyCDA: true,
		CheckCondition: true, SameCurrency: true, CheckCapable: true,
		FallThrough: func(r emv.CVMRule) bool {
			return r.Code.Method() != emv.CVM00Fail && r.Code&emv.CVMx40NextIfFailed != 0
		},
		BypassAll: true, ReadTries: true, AskAgain: true, Encipher: true,
		OverFloor: func(amount, floor int64) bool { return amount >= floor }, // Book 3, 10.6.1
		Pick:      pick, CheckVelocity: true,
		// Book 3, 10.7: what a card or terminal without action codes is taken to mean.
		MissingIAC: Codes{0, 1<<40 - 1, 1<<40 - 1},
		MissingTAC: Codes{0, oda, oda},
		Analyse:    analyse, RefuseStronger: true,
		Unable: unable,
		// Three by EMV (Book 4, annex A6), the others by DOMAIN.md C: approved, and somebody is to look at it later.
		Approves: func(a string) bool {
			return slices.Contains([]string{ARC00Approved, ARC10PartlyApproved, ARC11ApprovedVIP, "A2", "A4", "A5", "A6"}, a)
		},
		HostData:   func(all tlv.List) tlv.List { return all }, // in any order
		ProofFails: func(sw emv.StatusWord) bool { return sw != emv.SW9000OK },
		ScriptFails: func(sw emv.StatusWord) bool { // Book 3, 10.10: 90, 62 and 63 are no failures
			return sw != emv.SW9000OK && sw>>8 != 0x62 && sw>>8 != 0x63
		},
		EveryScript: true, ScriptsDeclined: true,
		OverLimit:   func(amount, limit int64) bool { return amount >= limit },
		OverCVM:     func(amount, limit int64) bool { return amount >= limit },
		OverOffline: func(amount, limit int64) bool { return amount > limit },
		UnderNoPIN:  func(amount, limit int64) bool { return amount <= limit }, // DOMAIN.md D.6: inclusive
		NoPINScheme: []byte{0xA0, 0x00, 0x00, 0x03, 0x33},                      // the others follow DF21
		FirstAnswers: []FirstAnswer{
			{emv.SW6986SeePhone, SeePhone}, {emv.SW6984DataInvalidated, SwitchInterface}, {emv.SW6985Conditions, ""},
		},
		VerifyFDDA: true, Fast: emv.VerifyFast, TrustDevice: true,
	}
}

// flow goes on as the chosen application's scheme does.
func flow(t *transaction) *Outcome {
	for _, f := range t.r.Flows {
		if bytes.HasPrefix(t.name, f.RID) {
			out := t.through(f.Phases)
			return &out
		}
	}
	return t.fail("no flow for this application")
}
