package pay

// Flow names what a message or an order is about, in the trade's words. A dialect says which MTI, processing code
// and further elements make each flow on its wire; a flow that a dialect does not list does not exist there.
type Flow string

// The flows of a terminal's day (DOMAIN.md A.4).
const (
	SignIn   Flow = "sign-in"
	SignOut  Flow = "sign-out"
	Echo     Flow = "echo"
	Sale     Flow = "sale"
	Reversal Flow = "reversal"
)

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
	Answer12Invalid          Answer = "12"
	Answer13BadAmount        Answer = "13"
	Answer14BadCard          Answer = "14"
	Answer25NoOriginal       Answer = "25"
	Answer30Format           Answer = "30"
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
	Answer96Malfunction      Answer = "96"
	Answer97UnknownTill      Answer = "97"
	Answer98NoAnswer         Answer = "98"
	Answer99PINTranslation   Answer = "99"
	AnswerA0BadMAC           Answer = "A0"
)
