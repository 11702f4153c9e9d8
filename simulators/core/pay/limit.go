package pay

import (
	"fmt"
	"time"
)

// Limit is one line of an acquirer's risk control: how much may pass, or how often, over how long, of one card, at one merchant or one terminal.
// A line with neither sum nor number lets nothing pass.
type Limit struct {
	Name     string  `json:"name"`
	Of       Subject `json:"of,omitempty"`       // whose payments are counted together
	In       string  `json:"in,omitempty"`       // day, month, or so long back from now: 10m; "" looks at each payment by itself
	Merchant string  `json:"merchant,omitempty"` // it is about payments there; "" for everywhere
	Terminal string  `json:"terminal,omitempty"`
	Entry    Entry   `json:"entry,omitempty"` // it is about cards that are read so
	Amount   Amount  `json:"amount,omitzero"`
	Count    int     `json:"count,omitempty"`  // a number back from now counts what was tried, any other what was paid
	Review   bool    `json:"review,omitempty"` // what is over it waits for a person instead
}

// Subject is whose payments a limit counts together.
type Subject string

// The subjects of limits.
const (
	OfCard     Subject = "card"
	OfMerchant Subject = "merchant"
	OfTerminal Subject = "terminal"
)

// Spans of limits that end with the calendar.
const (
	InDay   = "day"
	InMonth = "month"
)

// Window gives how long back a limit looks; nothing when it is bound to the calendar, or to one payment.
func (l Limit) Window() time.Duration {
	d, err := time.ParseDuration(l.In)
	if err != nil {
		return 0
	}
	return d
}

// Check tells what is wrong with a limit.
func (l Limit) Check() error {
	window := l.Window()
	switch {
	case l.Name == "":
		return fmt.Errorf("a limit has a name")
	case l.Of != "" && l.Of != OfCard && l.Of != OfMerchant && l.Of != OfTerminal:
		return fmt.Errorf("limit %s: of %q: want card, merchant or terminal", l.Name, l.Of)
	case l.In != "" && l.In != InDay && l.In != InMonth && window <= 0:
		return fmt.Errorf("limit %s: in %q: want day, month or a time such as 10m", l.Name, l.In)
	case (l.Of == "") != (l.In == ""):
		return fmt.Errorf("limit %s: say both, of whom and in what time, or neither", l.Name)
	case l.In == "" && l.Count != 0:
		return fmt.Errorf("limit %s: a number of payments needs a time", l.Name)
	case l.Count < 0 || l.Amount.Minor < 0 || window > 0 && l.Amount.Minor != 0:
		return fmt.Errorf("limit %s: want a sum in a day or a month, or a number", l.Name)
	case l.Amount.Minor > 0 && l.Amount.Currency != Currency156CNY:
		return fmt.Errorf("limit %s: want a sum in CNY", l.Name)
	}
	return nil
}

// Review is a payment that a person is to look at. Released, one like it passes; refused, its card is blocked.
type Review struct {
	Number   string    `json:"number"`
	At       time.Time `json:"at"`
	Merchant string    `json:"merchant"`
	Terminal string    `json:"terminal"`
	Card     string    `json:"card"` // masked
	Amount   Amount    `json:"amount"`
	Limit    string    `json:"limit"`
	Decision string    `json:"decision,omitempty"` // "" while nobody has decided
	Until    time.Time `json:"until,omitzero"`     // how long what was released may pass
}

// Decisions of reviews.
const (
	Release = "release"
	Refuse  = "refuse"
)
