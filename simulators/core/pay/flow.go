package pay

// Flow names what a message or an order is about, in the trade's words. A dialect says which MTI, processing code
// and further elements make each flow on its wire; a flow that a dialect does not list does not exist there.
type Flow string

// The flows of a terminal's day (DOMAIN.md A.4 and A.5.1).
const (
	// The terminal and its host.
	SignIn       Flow = "sign-in"
	SignOut      Flow = "sign-out"
	Echo         Flow = "echo"
	KeyChange    Flow = "key-change"    // new working keys without a sign-in
	StatusUpload Flow = "status-upload" // what works and what does not of the terminal's devices

	ParameterDownload Flow = "parameter-download"
	ParameterEnd      Flow = "parameter-end"
	AIDQuery          Flow = "aid-query" // which chip applications there are parameters of
	AIDDownload       Flow = "aid-download"
	AIDEnd            Flow = "aid-end"
	CAPKQuery         Flow = "capk-query" // which public keys of certification authorities there are
	CAPKDownload      Flow = "capk-download"
	CAPKEnd           Flow = "capk-end"

	ContactlessDownload Flow = "contactless-download"
	ContactlessEnd      Flow = "contactless-end"

	// The card is there, or its number is.
	Balance        Flow = "balance"
	Sale           Flow = "sale"
	Void           Flow = "void"   // takes back a sale of the same batch
	Refund         Flow = "refund" // gives back a sale, or a part of it, on any day of the window
	Instalment     Flow = "instalment"
	InstalmentVoid Flow = "instalment-void"
	Recurring      Flow = "recurring"
	RecurringVoid  Flow = "recurring-void"

	// The deposit of hotels and rentals.
	PreAuth          Flow = "pre-auth"
	PreAuthVoid      Flow = "pre-auth-void"
	Completion       Flow = "completion"        // by request: the issuer decides
	CompletionAdvice Flow = "completion-advice" // by advice: the issuer is told
	CompletionVoid   Flow = "completion-void"

	// Orders by mail and telephone.
	MOTOSale             Flow = "moto-sale"
	MOTOVoid             Flow = "moto-void"
	MOTORefund           Flow = "moto-refund"
	MOTOPreAuth          Flow = "moto-pre-auth"
	MOTOPreAuthVoid      Flow = "moto-pre-auth-void"
	MOTOCompletion       Flow = "moto-completion"
	MOTOCompletionAdvice Flow = "moto-completion-advice"
	MOTOCompletionVoid   Flow = "moto-completion-void"

	// What was decided without the host, and comes later.
	OfflineSale Flow = "offline-sale" // authorised by voice or under the floor limit; the specification's "offline settlement"
	Adjustment  Flow = "adjustment"   // another amount for an offline sale
	Tip         Flow = "tip"          // another amount for a sale, once the guest has written a tip
	ECashSale   Flow = "ecash-sale"   // paid from the chip's own purse

	// By the code of a wallet, which is asked over HTTP (DOMAIN.md E.4).
	WalletSale   Flow = "wallet-sale"
	WalletRefund Flow = "wallet-refund"

	// What follows a payment.
	Reversal        Flow = "reversal"
	ReversalRequest Flow = "reversal-request" // 0400 where a reversal is an advice, 0420
	ScriptResult    Flow = "script-result"    // what the issuer's commands did to the chip
	ESignature      Flow = "e-signature"

	// The end of a batch (DOMAIN.md A.13).
	Settlement       Flow = "settlement"
	BatchUpload      Flow = "batch-upload" // rows of the batch, up to eight a message
	RefundUpload     Flow = "refund-upload"
	CompletionUpload Flow = "completion-upload" // of an advice
	OfflineUpload    Flow = "offline-upload"
	TCUpload         Flow = "tc-upload" // a chip's payment, with what the chip said at its end
	UploadEnd        Flow = "upload-end"
)

// Kind gives the flow that f is in what it does to the money: a sale by telephone is a Sale, an advice of a completion is a
// Completion.
func (f Flow) Kind() Flow {
	switch f {
	case Instalment, Recurring, MOTOSale, OfflineSale:
		return Sale
	case InstalmentVoid, RecurringVoid, MOTOVoid:
		return Void
	case MOTORefund:
		return Refund
	case MOTOPreAuth:
		return PreAuth
	case MOTOPreAuthVoid:
		return PreAuthVoid
	case CompletionAdvice, MOTOCompletion, MOTOCompletionAdvice:
		return Completion
	case MOTOCompletionVoid:
		return CompletionVoid
	case ReversalRequest:
		return Reversal
	}
	return f
}

// Amends tells that f gives a payment another amount.
func (f Flow) Amends() bool { return f == Adjustment || f == Tip }

// GivesBack tells that money goes back to the cardholder.
func (f Flow) GivesBack() bool {
	k := f.Kind()
	return k == Void || k == Refund || k == CompletionVoid
}

// Entry says how the card came to the terminal: the first two digits of F22 (DOMAIN.md A.10).
type Entry string

// Entries of ISO 8583 F22, first two digits.
const (
	Entry01Manual      Entry = "01"
	Entry02Stripe      Entry = "02"
	Entry03QR          Entry = "03"
	Entry05Chip        Entry = "05"
	Entry07Contactless Entry = "07"
	Entry80Fallback    Entry = "80"
)

// Answer is a response code as it stands in F39. What a code means at the till is the dialect's to say.
type Answer string

// Answers that a party decides by itself. The dialect's table holds all of them, with category and prompt.
const (
	Answer00Approved         Answer = "00"
	Answer03BadMerchant      Answer = "03"
	Answer05NotHonoured      Answer = "05"
	Answer06Error            Answer = "06"
	Answer10Partial          Answer = "10"
	Answer12Invalid          Answer = "12"
	Answer13BadAmount        Answer = "13"
	Answer14BadCard          Answer = "14"
	Answer25NoOriginal       Answer = "25"
	Answer30Format           Answer = "30"
	Answer31NoInstitution    Answer = "31"
	Answer38PINTriesPickUp   Answer = "38"
	Answer40NotSupported     Answer = "40"
	Answer41Lost             Answer = "41"
	Answer43Stolen           Answer = "43"
	Answer45Fallback         Answer = "45"
	Answer51Funds            Answer = "51"
	Answer54Expired          Answer = "54"
	Answer55WrongPIN         Answer = "55"
	Answer57NotPermittedCard Answer = "57"
	Answer58NotPermittedTill Answer = "58"
	Answer59CardVerification Answer = "59"
	Answer60CallAcquirer     Answer = "60"
	Answer61AmountLimit      Answer = "61"
	Answer62Restricted       Answer = "62"
	Answer64AmountDiffers    Answer = "64"
	Answer65CountLimit       Answer = "65"
	Answer68TooLate          Answer = "68"
	Answer75PINTries         Answer = "75"
	Answer77SignInAgain      Answer = "77"
	Answer90CutOver          Answer = "90"
	Answer91IssuerDown       Answer = "91"
	Answer92NoRoute          Answer = "92"
	Answer94Duplicate        Answer = "94"
	Answer95TotalsDiffer     Answer = "95"
	Answer96Malfunction      Answer = "96"
	Answer97UnknownTill      Answer = "97"
	Answer98NoAnswer         Answer = "98"
	Answer99PINTranslation   Answer = "99"
	AnswerA0BadMAC           Answer = "A0"
	AnswerWCCodeUsed         Answer = "WC" // a payer's code: a bank's own code, as is the next
	AnswerWECodeExpired      Answer = "WE"
)
