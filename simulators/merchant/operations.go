package merchant

// Operation is what may be asked of the office: the last part of its address.
type Operation string

// The operations, as fixtures/merchants/services/openapi.yaml describes them.
const (
	OpEnrol     Operation = "enrol"
	OpQuote     Operation = "quote"
	OpStatement Operation = "statement"
	OpOwed      Operation = "owed"
	OpPayout    Operation = "payout"
	OpPayouts   Operation = "payouts"
	OpReconcile Operation = "reconcile"
	OpCases     Operation = "cases"
	OpResolve   Operation = "resolve"

	OpApply       Operation = "apply"
	OpDocument    Operation = "document"
	OpReview      Operation = "review"
	OpApplication Operation = "application"
	OpShip        Operation = "ship"
	OpCode        Operation = "activation-code"
	OpActivate    Operation = "activate"
	OpReturn      Operation = "return"
	OpSuspend     Operation = "suspend"
	OpResume      Operation = "resume"
	OpClose       Operation = "close"

	OpAgree     Operation = "agree"
	OpChange    Operation = "change-agreement"
	OpConsent   Operation = "consent"
	OpCancel    Operation = "cancel-agreement"
	OpAgreement Operation = "agreement"
	OpDebit     Operation = "debit"
	OpDebits    Operation = "debits"
	OpMember    Operation = "membership"

	OpRetrieve   Operation = "retrieve"
	OpEvidence   Operation = "evidence"
	OpChargeback Operation = "chargeback"
	OpRepresent  Operation = "represent"
	OpRule       Operation = "rule"
	OpDisputes   Operation = "disputes"

	OpInquire   Operation = "name-inquiry"
	OpConfirm   Operation = "confirm-transfer"
	OpTransfer  Operation = "transfer"
	OpPayeeCode Operation = "payee-code"

	OpSubscribe  Operation = "subscribe"
	OpNews       Operation = "news"
	OpRecords    Operation = "records"
	OpRecord     Operation = "record"
	OpStatistics Operation = "statistics"

	OpLimit     Operation = "limit"
	OpDropLimit Operation = "drop-limit"
	OpLimits    Operation = "limits"
	OpBlock     Operation = "block-card"
	OpUnblock   Operation = "unblock-card"
	OpReviews   Operation = "reviews"
	OpDecide    Operation = "decide-review"

	OpApp    Operation = "register-app"
	OpBind   Operation = "bind-card"
	OpProve  Operation = "confirm-phone"
	OpUnbind Operation = "unbind-card"

	OpAddUser    Operation = "add-user"
	OpRemoveUser Operation = "remove-user"
	OpUsers      Operation = "users"
	OpKey        Operation = "key"
	OpLogIn      Operation = "log-in"
	OpLogOut     Operation = "log-out"
	OpPassword   Operation = "change-password"
)

// Operations lists them all.
func Operations() []Operation {
	return []Operation{OpEnrol, OpQuote, OpStatement, OpOwed, OpPayout, OpPayouts, OpReconcile, OpCases, OpResolve,
		OpApply, OpDocument, OpReview, OpApplication, OpShip, OpCode, OpActivate, OpReturn, OpSuspend, OpResume, OpClose,
		OpAgree, OpChange, OpConsent, OpCancel, OpAgreement, OpDebit, OpDebits, OpMember,
		OpRetrieve, OpEvidence, OpChargeback, OpRepresent, OpRule, OpDisputes,
		OpApp, OpBind, OpProve, OpUnbind,
		OpInquire, OpConfirm, OpTransfer, OpPayeeCode,
		OpSubscribe, OpNews, OpRecords, OpRecord, OpStatistics,
		OpLimit, OpDropLimit, OpLimits, OpBlock, OpUnblock, OpReviews, OpDecide,
		OpAddUser, OpRemoveUser, OpUsers, OpKey, OpLogIn, OpLogOut, OpPassword}
}

// Code says in one word how a request went.
type Code string

// The codes.
const (
	OK           Code = "OK"
	Lacks        Code = "LACKS"        // a field that the operation needs
	NoMerchant   Code = "NO_MERCHANT"  // nobody has this number
	NoDay        Code = "NO_DAY"       // it is no day, or has not come
	BadTerms     Code = "BAD_TERMS"    // of enrolment
	RefusedTrade Code = "TRADE"        // such merchants get no till
	NothingToPay Code = "NOTHING"      // nothing is owed, or less
	BadFile      Code = "BAD_FILE"     // it is not whole
	TakenFile    Code = "FILE_TAKEN"   // that day's was taken before
	NoCase       Code = "NO_CASE"      // there is none of that number
	CaseEnded    Code = "CASE_ENDED"   // it was resolved before
	BadDecision  Code = "BAD_DECISION" // want merchant or scheme

	BadIdentity   Code = "BAD_IDENTITY"   // a wrong check digit, or no phone
	NotHisAccount Code = "ACCOUNT_NAME"   // the account is somebody else's
	NoApplication Code = "NO_APPLICATION" // there is none of that number
	WrongStage    Code = "WRONG_STAGE"    // of the application
	BadDocument   Code = "BAD_DOCUMENT"   // nobody wants it
	NoDevice      Code = "NO_DEVICE"      // none of that serial number was shipped, or it is not in use
	SerialBound   Code = "SERIAL_BOUND"   // the device is a merchant's
	NotHisPhone   Code = "NOT_HIS_PHONE"
	Suspended     Code = "SUSPENDED"
	CodeWrong     Code = "CODE_WRONG"
	CodeLocked    Code = "CODE_LOCKED" // wrong three times
	CodeUsed      Code = "CODE_USED"
	CodeExpired   Code = "CODE_EXPIRED"
	NoApp         Code = "NO_APP"      // it is not registered
	HasBalance    Code = "HAS_BALANCE" // he cannot be closed

	NoAgreement    Code = "NO_AGREEMENT"    // with this merchant
	BadConsent     Code = "BAD_CONSENT"     // what no payer can mean
	NoConsent      Code = "NO_CONSENT"      // not given, or cancelled
	ConsentExpired Code = "CONSENT_EXPIRED" // or its days have not begun
	OverCap        Code = "OVER_CAP"        // by debit, day, month or count
	DebitRepeated  Code = "DEBIT_REPEATED"  // the answer has what became of the first

	NoSale          Code = "NO_SALE"          // that a dispute could be about
	NoDispute       Code = "NO_DISPUTE"       // of that number
	DisputeRepeated Code = "DISPUTE_REPEATED" // about the same sale
	DisputeEnded    Code = "DISPUTE_ENDED"
	OverSale        Code = "OVER_SALE"   // more than is left of it
	NoEvidence      Code = "NO_EVIDENCE" // of the merchant's
	TooLate         Code = "TOO_LATE"

	BadCoupon  Code = "BAD_COUPON"  // without a number, or for more than the debit
	CouponUsed Code = "COUPON_USED" // with another debit

	BadTransfer      Code = "BAD_TRANSFER"      // of no kind that there is, or something is missing
	WrongAccount     Code = "A3"                // the receiving account is nobody's, or not of the kind (DOMAIN.md C)
	NotOwnName       Code = "NOT_OWN_NAME"      // the card is somebody else's
	NoFunds          Code = "NO_FUNDS"          // the balance has less
	NoTransfer       Code = "NO_TRANSFER"       // of that number
	TransferRepeated Code = "TRANSFER_REPEATED" // it was confirmed before, or refused

	BadChannel Code = "BAD_CHANNEL" // of notices: none that there is, or without an address

	BadLimit Code = "BAD_LIMIT" // of risk control: what nobody can mean, or there is none of that name
	BadCard  Code = "BAD_CARD"  // it is no card number
	NoReview Code = "NO_REVIEW" // of that number

	NoSession    Code = "NO_SESSION"      // nobody has logged in, or the session has ended
	NotAllowed   Code = "NOT_ALLOWED"     // to this role
	NotYours     Code = "NOT_YOURS"       // but another merchant's
	NoUser       Code = "NO_USER"         // that could be changed
	BadLogIn     Code = "BAD_LOG_IN"      // user or password
	Locked       Code = "LOCKED"          // after wrong passwords
	ChangeFirst  Code = "CHANGE_PASSWORD" // somebody else knows it
	WeakPassword Code = "WEAK_PASSWORD"

	Broken Code = "BROKEN" // the office's own fault: nobody knows what was done
)
