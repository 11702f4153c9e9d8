package terminal

// Need is something that an order waits for before it can be sent. NeedPassword belongs to no order.
type Need string

// The needs.
const (
	NeedCard        Need = "card"
	NeedPIN         Need = "pin"
	NeedApplication Need = "application" // the cardholder chooses among those of the card
	NeedConfirm     Need = "confirm"
	NeedOriginal    Need = "original" // what names the payment that the order acts on
	NeedPlan        Need = "plan"     // how many instalments
	NeedSupervisor  Need = "supervisor"
	NeedCode        Need = "code" // the authorization code that was spoken on the telephone, or none
	NeedRest        Need = "rest" // whether the rest of a partial approval was collected
	NeedSignature   Need = "signature"
	NeedPassword    Need = "password" // a new one, because the old is weak
)
