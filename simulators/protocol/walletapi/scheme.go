package walletapi

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// Operation is what is asked of a wallet host.
type Operation string

// The operations of merchants, and those of the phone's app.
const (
	OpPay         Operation = "pay"          // by a payer code that was scanned
	OpOrder       Operation = "order"        // a merchant code for one order
	OpQuery       Operation = "query"        // what became of an order
	OpCancel      Operation = "cancel"       // give back what was paid, or let nobody pay
	OpClose       Operation = "close"        // let nobody pay what is not paid
	OpRefund      Operation = "refund"       // whole or in part, several times
	OpRefundQuery Operation = "refund-query" // what became of a refund
	OpWallCode    Operation = "wall-code"    // the merchant code for the wall, without an amount

	OpAppCode    Operation = "app/code"    // a fresh payer code
	OpAppScan    Operation = "app/scan"    // what a merchant code asks for
	OpAppConfirm Operation = "app/confirm" // pay, or consent to, an order with the password
	OpAppRefuse  Operation = "app/refuse"  // do not
	OpAppBill    Operation = "app/bill"    // what was paid
)

// Operations lists them all.
func Operations() []Operation {
	return []Operation{OpPay, OpOrder, OpQuery, OpCancel, OpClose, OpRefund, OpRefundQuery, OpWallCode, OpAppCode, OpAppScan, OpAppConfirm, OpAppRefuse, OpAppBill}
}

// OfPhone tells that a payer's phone asks for it.
func (o Operation) OfPhone() bool { return strings.HasPrefix(string(o), "app/") }

// Result is how a request went, whatever the wallet calls it.
type Result string

// The results of DOMAIN.md E.4.
const (
	Done           Result = "done"             // paid, refunded, cancelled, told: what was asked for
	Waiting        Result = "waiting"          // for the payer
	Unknown        Result = "unknown"          // the host does not know what became of it: ask again
	CodeExpired    Result = "code-expired"     // the payer shows a fresh one
	CodeUsed       Result = "code-used"        // likewise
	CodeInvalid    Result = "code-invalid"     // not a code of this wallet
	BalanceLow     Result = "balance-low"      // another way to pay
	OverLimit      Result = "over-limit"       // the amount is more than this payer, shop or wallet allows
	PayerBlocked   Result = "payer-blocked"    // the account may not pay
	PayerIsSeller  Result = "payer-is-seller"  // nobody pays himself
	PayerRefused   Result = "payer-refused"    // he was asked, and did not want to
	WrongPassword  Result = "wrong-password"   // of the payer
	AlreadyPaid    Result = "already-paid"     // the order is
	AlreadyClosed  Result = "already-closed"   // the order can be paid no more
	Cancelled      Result = "cancelled"        // the order was
	NumberUsed     Result = "number-used"      // the order or refund of that number was another
	NoSuchOrder    Result = "no-such-order"    // nor refund
	NotPaid        Result = "not-paid"         // what is to be given back
	RefundTooMuch  Result = "refund-too-much"  // more than is left of the payment
	TooLate        Result = "too-late"         // to cancel or refund
	BadSignature   Result = "bad-signature"    // the caller's fault, from here on
	BadRequest     Result = "bad-request"      //
	Lacks          Result = "lacks"            // a parameter
	NoSuchMerchant Result = "no-such-merchant" //
)

// Results lists them all.
func Results() []Result {
	return []Result{Done, Waiting, Unknown, CodeExpired, CodeUsed, CodeInvalid, BalanceLow, OverLimit, PayerBlocked, PayerIsSeller, PayerRefused, WrongPassword,
		AlreadyPaid, AlreadyClosed, Cancelled, NumberUsed, NoSuchOrder, NotPaid, RefundTooMuch, TooLate, BadSignature, BadRequest, Lacks, NoSuchMerchant}
}

// Words are the codes that a wallet has for a result.
type Words struct {
	Code    string `yaml:"code"`
	SubCode string `yaml:"sub_code"`
}

// Scheme is what is peculiar to a wallet: a file of fixtures/wallets.
type Scheme struct {
	Name    string           `yaml:"name"`
	Results map[Result]Words `yaml:"results"`
	// What a till does with a payment whose outcome it does not know (DOMAIN.md E.4).
	QueryEvery  time.Duration `yaml:"query_every"`
	QueryFor    time.Duration `yaml:"query_for"`    // then it cancels
	CancelAfter time.Duration `yaml:"cancel_after"` // counted from the payment; sooner is refused
	CancelFor   time.Duration `yaml:"cancel_for"`   // later is refused
	RefundFor   time.Duration `yaml:"refund_for"`
	// What the host holds payers to.
	CodePrefix      string        `yaml:"code_prefix"` // digits by which tills know the wallet's payer codes
	CodeDigits      int           `yaml:"code_digits"` // in all
	CodeLife        time.Duration `yaml:"code_life"`
	NoPasswordUpTo  pay.Amount    `yaml:"no_password_up_to"` // for one payment
	NoPasswordCount int           `yaml:"no_password_count"` // payments of a day
	PerPayment      pay.Amount    `yaml:"per_payment"`
	StaticPerDay    pay.Amount    `yaml:"static_per_day"`  // a payer's, by codes without an amount (DOMAIN.md F.3)
	WaitsForPayer   time.Duration `yaml:"waits_for_payer"` // then the order closes by itself
	// How merchants are told (DOMAIN.md E.5).
	NotifyAfter []time.Duration `yaml:"notify_after"` // each counted from the attempt before
	Acknowledge string          `yaml:"acknowledge"`  // the body by which a merchant takes a notification
}

// Load reads fixtures/wallets/NAME.yaml, or another tree's.
func Load(tree fs.FS, name string) (*Scheme, error) {
	text, err := fs.ReadFile(tree, "wallets/"+name+".yaml")
	if err != nil {
		return nil, fmt.Errorf("wallet %s: there is no such file", name)
	}
	s := new(Scheme)
	if err := yaml.UnmarshalWithOptions(text, s, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("wallet %s: %w", name, err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("wallet %s: %w", name, err)
	}
	return s, nil
}

func (s *Scheme) check() error {
	for _, r := range slices.Sorted(maps.Keys(s.Results)) {
		if !slices.Contains(Results(), r) {
			return fmt.Errorf("results: there is no %q", r)
		}
	}
	for _, r := range Results() {
		if s.Results[r].Code == "" {
			return fmt.Errorf("results: %s has no code", r)
		}
	}
	for name, d := range map[string]time.Duration{"query_every": s.QueryEvery, "query_for": s.QueryFor, "cancel_for": s.CancelFor, "refund_for": s.RefundFor,
		"code_life": s.CodeLife, "waits_for_payer": s.WaitsForPayer} {
		if d <= 0 {
			return fmt.Errorf("%s: want more than nothing", name)
		}
	}
	if len(s.CodePrefix) < 2 || len(s.CodePrefix) >= s.CodeDigits || strings.Trim(s.CodePrefix, "0123456789") != "" {
		return fmt.Errorf("code_prefix: want two or more digits, and fewer than code_digits")
	}
	if s.Name == "" || strings.TrimSpace(s.Acknowledge) == "" {
		return fmt.Errorf("want a name and what acknowledges a notification")
	}
	return nil
}

// Say puts a result into the wallet's own codes.
func (s *Scheme) Say(p Params, r Result) {
	w := s.Results[r]
	p[Code] = w.Code
	if w.SubCode != "" {
		p[SubCode] = w.SubCode
	}
}

// Hear tells what an answer's codes mean. The same codes may stand for several results: it is the first of Results then. Codes that
// nobody knows leave the outcome unknown, as E.4 wants of a caller.
func (s *Scheme) Hear(p Params) Result {
	for _, r := range Results() {
		if s.Results[r] == (Words{p[Code], p[SubCode]}) {
			return r
		}
	}
	return Unknown
}

// OrderState is how an order stands.
type OrderState string

// The states of an order.
const (
	StateOpen      OrderState = "open"      // a merchant code that nobody has scanned, or a payer who is asked
	StatePaid      OrderState = "paid"      // also when a part was refunded
	StateRefunded  OrderState = "refunded"  // whole
	StateClosed    OrderState = "closed"    // never paid, and never will be
	StateCancelled OrderState = "cancelled" // was paid or not; costs nothing
)

// Text is the wallet's name as text ids have it: WECHAT.
func (s *Scheme) Text() string { return strings.ToUpper(s.Name) }
