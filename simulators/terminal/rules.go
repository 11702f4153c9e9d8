package terminal

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// Rules is what a terminal decides from: data only, never changed by the machine. Behind each entry stands the name under
// which the trace notes that it was asked.
type Rules struct {
	Plans  []Plan  // what the order of each flow needs
	Gates  []Gate  // asked in this order when an order is chosen; the first shut one refuses it
	Checks []Check // what an answer must pass, in this order, before anything in it is believed

	WeakPassword     func(r Role, password string) bool // terminal/weak-password
	FactoryPasswords bool                               // terminal/weak-password: 0000, 123456 and 12345678 are taken all the same
	Manages          func(by, of Role) bool             // terminal/manages: who may unlock whom and set his password
	IdleLogout       bool                               // terminal/idle: an operator who does nothing is logged out after the dialect's time
	LoginTries       int                                // terminal/login-tries: wrong passwords before an operator is locked; 0 never locks

	CheckKCV   bool // terminal/kcv: keys whose check value does not fit are refused
	AdoptBatch bool // terminal/batch: the host's batch number becomes the terminal's
	AdoptClock bool // terminal/clock: the host's time is set at sign-in
	KeyDoubt   bool // terminal/key-doubt: a key change whose end is not known takes the sign-in away

	ChipRules
	DeviceRules
	NoticeRules
	PeopleRules
	PaperRules
	CardRules
	OfflineRules
	CodeRules
	Wallet WalletRules

	TraceAfterRestart func(last int) int // terminal/trace: the last number used, given the one that the journal tells

	ChipReader     bool                                                    // terminal/service-code: the terminal has one, so a chip card's stripe is refused
	Kernel         *kernel.Rules                                           // of the chip: its entries consult themselves
	ChipTries      int                                                     // terminal/chip-tries: failures of a chip after which the stripe is taken; 0 is never
	ObeyCard       bool                                                    // terminal/second-cryptogram: what the chip declines after the host's approval is reversed
	UploadsChip    func(d *iso8583.Dialect, chip []byte, failed bool) bool // terminal/upload-chips: whether a chip's payment is uploaded by itself
	UploadCode     func(balanced, failed bool) string                      // terminal/upload-code: F60.3 of that upload
	TellScripts    bool                                                    // terminal/tell-scripts: the host hears what the issuer's commands did to the chip
	LastCryptogram func(*visit) []byte                                     // terminal/last-cryptogram: F55 of that upload
	SwipeTries     int                                                     // terminal/swipe-tries: bad swipes before the order is given up
	ManualEntry    bool                                                    // terminal/manual-entry
	CardNumber     func(pay.PAN) bool                                      // terminal/card-number
	AskPIN         func(service string, a pay.Amount, limit int64) bool    // terminal/pin
	NoPINLimit     int64                                                   // terminal/pin: minor units up to which a stripe sale needs no PIN; the dialect's limit is for contactless
	EncryptTrack   bool                                                    // terminal/track: tracks are encrypted when there is a key for it

	Patience time.Duration                 // terminal/patience: how long an answer is waited for; 0 for the dialect's time
	Framer   func(wire.Framer) wire.Framer // terminal/framer: how the line's stream is cut into messages; gets the dialect's way

	Correlate func(*iso8583.Dialect) *iso8583.Dialect // terminal/correlation: by whose Key an answer finds its request; gets the one that both speak

	Prompt        func(iso8583.AnswerRule) string // terminal/prompt: what is shown for an answer code
	TroubleScreen func(iso8583.Trouble) string    // terminal/trouble: what is shown when no answer came

	FlowRules

	WritePendingFirst bool              // terminal/pending-first: the reversal record is written before the request leaves
	TakeBackUnstored  bool              // terminal/storage: an approval that cannot be written is reversed
	WriteAgain        bool              // terminal/write-again: what has happened and the storage did not take is written before anything else
	DropUnsent        bool              // terminal/unsent: a request that never left is not reversed
	RepeatMTI         bool              // terminal/repeat-mti: what is sent again has the MTI of a repeat, where the dialect has one
	RepeatAtOnce      bool              // terminal/repeat: a reversal without an answer is repeated at once, not before the next order
	Repeated          []iso8583.Element // terminal/repeated: what a reversal has from its original, where the dialect carries it
	Reverse           bool              // terminal/reverse: a request without an answer that can be trusted is reversed
	ReversalFinal     []pay.Answer      // terminal/reversal-final: answers after which a reversal is not repeated
	AdviceAgain       []pay.Answer      // terminal/advice-again: answers that say that an advice was not taken yet
	AboutTill         []pay.Answer      // terminal/about-till: answers about who asks, after which what was sold before is kept and told again
	TakePartial       bool              // terminal/partial: a partial approval counts as approved
	UndoOnce          bool              // terminal/undone: what was taken back is not taken back again

	SettlementRules

	MaskPAN     func(pay.PAN) string // terminal/mask
	Copies      []Copy               // terminal/copies
	MarkReprint bool                 // terminal/reprint
	KeepSlips   bool                 // terminal/paper: a slip waits for paper; otherwise it is lost
}

// Gate is a reason not to begin an order.
type Gate struct {
	Name   string // terminal/battery
	Screen string
	Shut   func(t *Terminal, p Plan, a pay.Amount) bool
}

// Check is one test of an answer.
type Check struct {
	Name   string // terminal/answer-mac
	Screen string
	Reason pay.Answer // F39 of the reversal when it fails (DOMAIN.md A.12)
	Passes func(t *Terminal, request, answer *iso8583.Message) bool
}

// Reference gives the honest rules.
func Reference() *Rules {
	return &Rules{
		Plans:        plans(),
		Gates:        gates(),
		Checks:       checks(),
		WeakPassword: weakPassword,
		Manages:      manages, IdleLogout: true, LoginTries: 3,
		CheckKCV: true, KeyDoubt: true, AdoptBatch: true, AdoptClock: true, ChipRules: chipRules(), DeviceRules: deviceRules(), NoticeRules: noticeRules(), PeopleRules: peopleRules(), PaperRules: paperRules(), CardRules: cardRules(), OfflineRules: offlineRules(),
		CodeRules: codeRules(), Wallet: ReferenceWallet(),
		TraceAfterRestart: func(last int) int { return last },
		ChipReader:        true, Kernel: kernel.Reference(), ChipTries: 3, ObeyCard: true, TellScripts: true, UploadsChip: uploadsChip, UploadCode: uploadCode, LastCryptogram: lastCryptogram, SwipeTries: 3, ManualEntry: true,
		CardNumber: goodCardNumber, AskPIN: askPIN, EncryptTrack: true,
		Framer:            func(f wire.Framer) wire.Framer { return f },
		Correlate:         func(d *iso8583.Dialect) *iso8583.Dialect { return d },
		Prompt:            func(r iso8583.AnswerRule) string { return r.Prompt },
		TroubleScreen:     troubleScreen,
		WritePendingFirst: true, TakeBackUnstored: true, WriteAgain: true, DropUnsent: true, RepeatMTI: true, RepeatAtOnce: true, Reverse: true, UndoOnce: true,
		FlowRules:     flowRules(),
		Repeated:      repeated(),
		ReversalFinal: []pay.Answer{pay.Answer00Approved, pay.Answer12Invalid, pay.Answer25NoOriginal},
		AdviceAgain: []pay.Answer{pay.Answer06Error, pay.Answer68TooLate, pay.Answer77SignInAgain, pay.Answer90CutOver, pay.Answer91IssuerDown,
			pay.Answer92NoRoute, pay.Answer96Malfunction, pay.Answer98NoAnswer, pay.Answer99PINTranslation, pay.AnswerA0BadMAC},
		AboutTill:       []pay.Answer{pay.Answer03BadMerchant, pay.Answer58NotPermittedTill, pay.Answer97UnknownTill},
		SettlementRules: settlementRules(),
		MaskPAN:         pay.PAN.String, Copies: []Copy{MerchantCopy, CustomerCopy}, MarkReprint: true, KeepSlips: true,
	}
}

func gates() []Gate {
	return []Gate{
		// An opened case has erased all keys; a new master key is only injected after an inspection.
		{"terminal/tamper", "TAMPERED", func(t *Terminal, _ Plan, _ pay.Amount) bool { return t.tampered && !t.HSM.Has(t.masterKey()) }},
		{"terminal/battery", "BATTERY_LOW", func(t *Terminal, p Plan, _ pay.Amount) bool { return p.Trade && !t.battery }},
		{"terminal/master-key", "NO_MASTER_KEY", func(t *Terminal, _ Plan, _ pay.Amount) bool { return !t.HSM.Has(t.masterKey()) }},
		{"terminal/network", "NETWORK_DOWN", func(t *Terminal, p Plan, _ pay.Amount) bool { return t.network == "" && !t.worksAlone(p) }},
		{"terminal/signed-in", "SIGN_IN_FIRST", func(t *Terminal, p Plan, _ pay.Amount) bool {
			return (t.clears(p) || p.Done == Rekeyed) && !t.signedIn && !(p.Trade && t.again)
		}},
		{"terminal/settling", "SETTLE_FIRST", func(t *Terminal, p Plan, _ pay.Amount) bool {
			return t.clears(p) && p.Done != Settled && t.settling != nil
		}},
		{"terminal/batch-full", "BATCH_FULL", func(t *Terminal, p Plan, _ pay.Amount) bool {
			limit := t.Rules.BatchLimit(t.Dialect.Switches)
			return p.Side != "" && limit > 0 && len(t.payments)-t.settledTo >= limit
		}},
		{"terminal/tip-flag", "NO_TIPS", noTips},
		{"terminal/amount", "BAD_AMOUNT", func(_ *Terminal, p Plan, a pay.Amount) bool {
			_, err := a.Digits()
			return p.Amount && (err != nil || a.Minor == 0)
		}},
	}
}

// checks: the MAC comes first, since nothing else of an unproven answer means anything (DOMAIN.md A.12, rule 4).
func checks() []Check {
	return []Check{
		{"terminal/answer-mac", "BAD_MAC", pay.AnswerA0BadMAC, (*Terminal).goodMAC},
		{"terminal/answer-flow", "BAD_ANSWER", pay.Answer06Error, answersFlow},
		{"terminal/answer-echo", "BAD_ANSWER", pay.Answer06Error, echoes},
		{"terminal/answer-code", "BAD_ANSWER", pay.Answer06Error, saysWhat},
	}
}

// weakPassword: shorter than the role's default of DOMAIN.md A.15, one digit repeated, or a run such as 1234 or 4321.
func weakPassword(r Role, password string) bool {
	shortest := map[Role]int{Cashier: 4, Supervisor: 6, Administrator: 8}[r]
	const up, down = "01234567890", "09876543210"
	return len(password) < shortest || strings.Count(password, password[:1]) == len(password) ||
		strings.Contains(up, password) || strings.Contains(down, password)
}

// factoryPassword tells the common defaults of DOMAIN.md A.15.
func factoryPassword(password string) bool {
	return slices.Contains(slices.Collect(maps.Values(factoryPasswords)), password)
}

var factoryPasswords = map[Role]string{Cashier: "0000", Supervisor: "123456", Administrator: "12345678"}

// manages: a supervisor looks after the cashiers, the administrator after everybody (DOMAIN.md A.15).
func manages(by, of Role) bool {
	return by == Administrator || by == Supervisor && of == Cashier
}

// repeated: trace, amount, card, batch and type of the original (DOMAIN.md A.12, rule 2); the last four name it where the
// dialect has a place for that. A void finds the plan of its instalment there, and the payer's code. Track and PIN are not among them.
func repeated() []iso8583.Element {
	return []iso8583.Element{iso8583.PAN, iso8583.ProcessingCode, iso8583.Amount, iso8583.Trace, iso8583.LocalTime,
		iso8583.LocalDate, iso8583.LocalYear, iso8583.Expiry, iso8583.EntryMode, iso8583.CardSequence, iso8583.Condition, iso8583.Currency,
		iso8583.TypeCode, iso8583.Batch, iso8583.NetworkCode, iso8583.ReadCapability, iso8583.ICCondition,
		iso8583.PartialApproval, iso8583.AccountType, iso8583.DeviceData, iso8583.OriginalMTI, iso8583.OriginalBatch, iso8583.OriginalTrace,
		iso8583.OriginalDate, iso8583.OriginalTime, iso8583.OriginalYear, iso8583.InstalmentPlan}
}

// goodCardNumber: 13 to 19 digits with the right check digit (ISO/IEC 7812-1).
func goodCardNumber(p pay.PAN) bool {
	d := p.Reveal()
	return len(d) >= 13 && len(d) <= 19 && digitsOnly(d) && p.LuhnValid()
}

// askPIN: the third digit of the service code (ISO/IEC 7813) tells the card's wish: 0, 3 and 5 require a PIN, 6 and 7 want
// one where there is a PIN pad. A card typed by hand has no service code and is asked, as the number alone proves nothing.
// A limit frees small payments: a balance inquiry has no amount, and is none.
func askPIN(service string, a pay.Amount, limit int64) bool {
	return (a.Minor == 0 || a.Minor > limit) && (len(service) < 3 || strings.ContainsRune("03567", rune(service[2])))
}

// foreignCard: the cards of the country begin with 62 (ISO/IEC 7812, UnionPay).
func foreignCard(p pay.PAN) bool { return !strings.HasPrefix(p.Reveal(), "62") }

func digitsOnly(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

// troubleScreen says what the cashier is told when no answer came.
func troubleScreen(t iso8583.Trouble) string {
	switch t.Cause {
	case iso8583.NotConnected:
		switch t.Fault {
		case wire.TLSClock:
			return "TLS_CLOCK"
		case wire.TLSUnknown, wire.TLSName, wire.TLSRejected, wire.TLSPlain:
			return "TLS_FAILED"
		}
		return "NO_CONNECTION"
	case iso8583.LineCut:
		return "LINE_CUT"
	case iso8583.NoBytes, iso8583.PartialFrame:
		return "NO_ANSWER"
	case iso8583.Unsendable, iso8583.DuplicateInFlight:
		return "TERMINAL_FAULT"
	}
	return "BAD_ANSWER"
}
