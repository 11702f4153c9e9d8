package terminal

// Need is something that an order waits for before it can be sent. NeedPassword belongs to no order.
type Need string

// The needs.
const (
	NeedCard       Need = "card"
	NeedPIN        Need = "pin"
	NeedConfirm    Need = "confirm"
	NeedOriginal   Need = "original" // what names the payment that the order acts on
	NeedSupervisor Need = "supervisor"
	NeedPassword   Need = "password" // a new one, because the old is weak
)
