package merchant

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/settings"
	"github.com/tillproof/tillproof/simulators/core/sim"
)

// Terms are what the office works by: what things cost, and when merchants are paid.
type Terms struct {
	Groups   []Group  `yaml:"groups"`
	Tariffs  []Tariff `yaml:"tariffs"` // in the order of their days
	CutOff   clock    `yaml:"cut_off"`
	PayAt    clock    `yaml:"pay_at"`
	Deposit  Deposit  `yaml:"deposit"`
	Notices  Notices  `yaml:"notices"`
	Holidays []string `yaml:"holidays"` // YYYY-MM-DD
	Working  []string `yaml:"working"`  // days of a weekend on which banks work
}

// Group is a kind of trade.
type Group struct {
	Name   string   `yaml:"name"`
	Exempt bool     `yaml:"exempt"` // issuer and network take nothing
	MCC    []string `yaml:"mcc"`
}

// Notices are told again, so long after each try, until they are heard.
type Notices struct {
	Retry []wait `yaml:"retry"`
}

// wait is a time between two tries.
type wait time.Duration

// UnmarshalText reads 15s.
func (w *wait) UnmarshalText(b []byte) error {
	d, err := time.ParseDuration(string(b))
	*w = wait(d)
	return err
}

// Deposit is what a device costs until it comes back.
type Deposit struct {
	Amount pay.Amount `yaml:"amount"`
	Days   int        `yaml:"days"` // then it is given back all the same
	Waived []Waiver   `yaml:"waived"`
}

// Waiver is a campaign that spares the deposit, between two days.
type Waiver struct {
	Campaign string `yaml:"campaign"`
	From     string `yaml:"from"`
	Until    string `yaml:"until"`
}

// Tariff is what things cost from a day on.
type Tariff struct {
	From          string  `yaml:"from"` // YYYY-MM-DD
	Issuer        []Price `yaml:"issuer"`
	Network       Price   `yaml:"network"` // from each side
	Merchant      []Price `yaml:"merchant"`
	Surcharge     Rate    `yaml:"surcharge"`
	RefundsReturn bool    `yaml:"refunds_return"`
}

// Price is a line of a tariff. What it does not name it is not particular about.
type Price struct {
	Name    string     `yaml:"name" json:"name,omitempty"`
	Group   string     `yaml:"group" json:"group,omitempty"`
	Card    string     `yaml:"card" json:"card,omitempty"`   // debit or credit
	Entry   pay.Entry  `yaml:"entry" json:"entry,omitempty"` // DOMAIN.md A.10
	Product string     `yaml:"product" json:"product,omitempty"`
	UpTo    pay.Amount `yaml:"up_to" json:"up_to,omitzero"`
	Rate    Rate       `yaml:"rate" json:"rate"`
	Cap     pay.Amount `yaml:"cap" json:"cap,omitzero"`
}

// What is sold, as prices tell it apart.
const (
	ProductCard  = "card"
	ProductCode  = "code"  // by a payer's code
	ProductDebit = "debit" // by agreement

	CardDebit  = "debit"
	CardCredit = "credit"
)

// Rate is a part of an amount, in millionths.
type Rate int64

// String gives it in percent: 0.0325%.
func (r Rate) String() string {
	text := strings.TrimRight(fmt.Sprintf("%d.%04d", r/10_000, r%10_000), "0")
	if whole, fraction, _ := strings.Cut(text, "."); len(fraction) < 2 {
		text = whole + "." + fraction + strings.Repeat("0", 2-len(fraction))
	}
	return text + "%"
}

// MarshalText writes what String does.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a percentage with at most four digits behind the point.
func (r *Rate) UnmarshalText(b []byte) error {
	text, percent := strings.CutSuffix(string(b), "%")
	whole, fraction, _ := strings.Cut(text, ".")
	n, err := strconv.ParseUint(whole+fraction+strings.Repeat("0", max(0, 4-len(fraction))), 10, 31)
	if err != nil || !percent || len(fraction) > 4 || n > 1_000_000 {
		return fmt.Errorf("rate %q: want a percentage such as 0.38%% or 0.0325%%", b)
	}
	*r = Rate(n)
	return nil
}

// clock is a time of day.
type clock time.Duration

// UnmarshalText reads 23:00.
func (c *clock) UnmarshalText(b []byte) error {
	t, err := time.Parse("15:04", string(b))
	*c = clock(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute)
	return err
}

// Days are told as in ISO 8601.
const dayLayout = "2006-01-02"

// LoadTerms reads terms from a file of fsys.
func LoadTerms(fsys fs.FS, name string) (*Terms, error) {
	text, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("terms: %w", err)
	}
	t := new(Terms)
	file, err := settings.Kind{Name: "terms"}.Read(name, text, t)
	if err != nil {
		return nil, err
	}
	if len(t.Tariffs) == 0 {
		return nil, file.Mistake("$.tariffs", "there is none: say what a sale costs")
	}
	for i, tariff := range t.Tariffs {
		at := fmt.Sprintf("$.tariffs[%d]", i)
		if _, err := time.Parse(dayLayout, tariff.From); err != nil || i > 0 && tariff.From <= t.Tariffs[i-1].From {
			return nil, file.Mistake(at+".from", "%q is no day behind that of the tariff before", tariff.From)
		}
		for _, list := range [][]Price{tariff.Issuer, tariff.Merchant} {
			if n := len(list); n == 0 || !list[n-1].fits(Sold{Group: "?", Card: "?", Entry: "?", Product: "?", Amount: pay.CNY(1 << 60)}) {
				return nil, file.Mistake(at, "issuer and merchant each end with a line that fits every sale")
			}
		}
	}
	return t, nil
}

// Sold is what prices look at.
type Sold struct {
	Group, Card, Product string
	Entry                pay.Entry
	Amount               pay.Amount
}

func (p Price) fits(s Sold) bool {
	is := func(wanted, has string) bool { return wanted == "" || wanted == has }
	return is(p.Group, s.Group) && is(p.Card, s.Card) && is(string(p.Entry), string(s.Entry)) && is(p.Product, s.Product) &&
		(p.UpTo.Minor == 0 || s.Amount.Minor <= p.UpTo.Minor)
}

// firstFit gives the first line that fits; the last of a list always does.
func firstFit(list []Price, s Sold) Price {
	for _, p := range list {
		if p.fits(s) {
			return p
		}
	}
	return list[len(list)-1]
}

// Group gives the kind of trade of an MCC.
func (t *Terms) Group(mcc string) Group {
	for _, g := range t.Groups {
		if slices.Contains(g.MCC, mcc) {
			return g
		}
	}
	return Group{Name: "standard"}
}

// inForce gives the tariff of an instant.
func inForce(t *Terms, at time.Time) *Tariff {
	day := at.In(sim.Zone).Format(dayLayout)
	for i := len(t.Tariffs) - 1; i > 0; i-- {
		if t.Tariffs[i].From <= day {
			return &t.Tariffs[i]
		}
	}
	return &t.Tariffs[0]
}

// midnight gives the instant at which a day begins.
func midnight(day string) time.Time {
	t, _ := time.ParseInLocation(dayLayout, day, sim.Zone) // days come from Format, or were checked
	return t
}

// dayOf gives the business day of an instant: behind the cut-off it is the next.
func dayOf(t *Terms, at time.Time) string {
	return at.In(sim.Zone).Add(24*time.Hour - time.Duration(t.CutOff)).Format(dayLayout)
}

// works tells whether banks work on a day.
func works(t *Terms, day string) bool {
	switch weekday := midnight(day).Weekday(); {
	case slices.Contains(t.Working, day):
		return true
	case slices.Contains(t.Holidays, day):
		return false
	default:
		return weekday != time.Saturday && weekday != time.Sunday
	}
}

func after(day string, n int) string { return midnight(day).AddDate(0, 0, n).Format(dayLayout) }

// Term is when a merchant is paid for a business day (DOMAIN.md F.2).
type Term string

// The terms.
const (
	TermNextWorkingDay Term = "T+1"
	TermNextDay        Term = "D+1"
	TermSameDay        Term = "D+0" // at the cut-off, for a surcharge
)

// payday gives the instant at which a business day is paid.
func payday(t *Terms, term Term, day string) time.Time {
	switch term {
	case TermSameDay:
		return midnight(day).Add(time.Duration(t.CutOff))
	case TermNextDay:
		return midnight(after(day, 1)).Add(time.Duration(t.PayAt))
	}
	next := after(day, 1)
	for range 30 { // no holiday is longer
		if works(t, next) {
			break
		}
		next = after(next, 1)
	}
	return midnight(next).Add(time.Duration(t.PayAt))
}

// paydayBehind gives the first payday behind an instant.
func paydayBehind(r *Rules, t *Terms, term Term, at time.Time) time.Time {
	day := after(at.In(sim.Zone).Format(dayLayout), -1)
	for range 40 {
		if due := r.Payday(t, term, day); due.After(at) {
			return due
		}
		day = after(day, 1)
	}
	return at.Add(24 * time.Hour)
}
