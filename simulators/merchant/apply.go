package merchant

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace"
)

// KeyStore names the key in the office's HSM under which it keeps what it knows of persons.
const KeyStore = "STORE"

// Private is what somebody tells of himself: it prints as asterisks, and goes over the line in the clear on loopback only.
type Private struct{ pay.Secret }

// NewPrivate wraps text.
func NewPrivate(text string) Private { return Private{pay.NewSecret(text)} }

// MarshalText reveals the text, for who asks over HTTP.
func (p Private) MarshalText() ([]byte, error) { return []byte(p.Reveal()), nil }

// UnmarshalText reads it.
func (p *Private) UnmarshalText(b []byte) error {
	p.Secret = pay.NewSecret(string(b))
	return nil
}

// Person is who answers for a merchant, and where his money goes.
type Person struct {
	Owner    Private `json:"owner"`    // by his papers
	Identity Private `json:"identity"` // a person's number (GB 11643) or a company's (GB 32100)
	Phone    Private `json:"phone"`
	Holder   Private `json:"holder"` // of the account
	Account  Private `json:"account"`
}

// Shown is a Person as everybody may see him.
type Shown struct {
	Owner    string `json:"owner"`
	Identity string `json:"identity"`
	Phone    string `json:"phone"`
	Account  string `json:"account"`
}

func isPhone(s string) bool {
	return len(s) == 11 && s[0] == '1' && strings.Trim(s, "0123456789") == ""
}

// maskPhone leaves the first three digits of a number, and the last four.
func maskPhone(s string) string { return s[:3] + strings.Repeat("*", len(s)-7) + s[len(s)-4:] }

// shown masks a person: the first character of the name, and few digits of the numbers.
func shown(p Person) Shown {
	keep := func(s string, first, last int) string {
		r := []rune(s)
		if len(r) < first+last+1 {
			return strings.Repeat("*", len(r))
		}
		return string(r[:first]) + strings.Repeat("*", len(r)-first-last) + string(r[len(r)-last:])
	}
	return Shown{Owner: keep(p.Owner.Reveal(), 1, 0), Identity: keep(p.Identity.Reveal(), 1, 1), Phone: keep(p.Phone.Reveal(), 3, 4), Account: keep(p.Account.Reveal(), 0, 4)}
}

// Stage is how far an application has come.
type Stage string

// The stages of an application.
const (
	StageDocuments Stage = "documents" // they are wanted, or wanted again
	StageReview    Stage = "review"
	StageApproved  Stage = "approved"
	StageRejected  Stage = "rejected"
)

// What applicants are.
const (
	KindPerson  = "person"
	KindCompany = "company"
)

// Application is somebody's wish to be a merchant.
type Application struct {
	Number    string            `json:"number"`
	At        time.Time         `json:"at"`
	Kind      string            `json:"kind"`
	Name      string            `json:"name"` // of the shop
	MCC       string            `json:"mcc"`
	Place     string            `json:"place,omitempty"`
	Campaign  string            `json:"campaign,omitempty"`
	Shown     Shown             `json:"person"`
	Sealed    []byte            `json:"sealed,omitempty"`    // the Person under KeyStore
	Documents map[string]string `json:"documents,omitempty"` // by name: the SHA-256 of each
	Stage     Stage             `json:"stage"`
	Reason    string            `json:"reason,omitempty"`
	Merchant  string            `json:"merchant,omitempty"`
}

// wanted are the documents that an applicant brings.
func wanted(kind string) []string {
	if kind == KindCompany {
		return []string{"account", "identity-back", "identity-front", "licence", "shop"}
	}
	return []string{"account", "identity-back", "identity-front", "shop"}
}

// missing lists what an application lacks.
func missing(a Application) []string {
	return slices.DeleteFunc(wanted(a.Kind), func(name string) bool { return a.Documents[name] != "" })
}

// identityRight tells that the last character of an identity number is right: GB 11643 for persons, GB 32100 for companies.
func identityRight(kind, number string) bool {
	alphabet, weights, modulus, checks := "0123456789", []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}, 11, "10X98765432"
	if kind == KindCompany {
		alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
		weights, modulus, checks = []int{1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28}, 31, "0YXWUTRQPNMLKJHGFEDCBA987654321"
	}
	if len(number) != 18 {
		return false
	}
	sum := 0
	for i, w := range weights {
		n := strings.IndexByte(alphabet, number[i])
		if n < 0 {
			return false
		}
		sum += n * w
	}
	return number[17] == checks[sum%modulus]
}

func applicationServices() []Service {
	known := Check{"application", applicationKnown}
	return []Service{
		{OpApply, []string{"kind", "name", "mcc", "person"}, []Check{{"trade", tradeAllowed}, {"identity", identityGiven}, {"account-name", accountIsHis}}, apply},
		{OpDocument, []string{"application", "document", "content"}, []Check{known, {"stage", wantsDocuments}, {"document", documentWanted}}, takeDocument},
		{OpReview, []string{"application", "decision"}, []Check{known, {"review", isReviewed}}, review},
		{OpApplication, []string{"application"}, []Check{known}, func(c *Call) { c.answer.Application = told(c.applied) }},
	}
}

// told is an application without what is sealed.
func told(a Application) *Application {
	a.Sealed = nil
	return &a
}

func identityGiven(c *Call) (Code, string) {
	p := c.req.Person
	if (c.req.Kind != KindPerson && c.req.Kind != KindCompany) || !identityRight(c.req.Kind, p.Identity.Reveal()) {
		return BadIdentity, "the identity number has a wrong check digit, or there is no such kind of applicant"
	}
	if !isPhone(p.Phone.Reveal()) {
		return BadIdentity, "the phone number is none"
	}
	return "", ""
}

// accountIsHis lets money go to nobody but the applicant: a person, or his company under its own name.
func accountIsHis(c *Call) (Code, string) {
	p := c.req.Person
	if holder := p.Holder.Reveal(); holder == "" || holder != p.Owner.Reveal() && (c.req.Kind != KindCompany || holder != c.req.Name) {
		return NotHisAccount, "the account is somebody else's"
	}
	if !pay.NewPAN(p.Account.Reveal()).LuhnValid() {
		return NotHisAccount, "the account's number has a wrong check digit"
	}
	return "", ""
}

func applicationKnown(c *Call) (Code, string) {
	a, known := c.applications[c.req.Application]
	if !known {
		return NoApplication, "there is no application of this number"
	}
	c.applied = a
	return "", ""
}

func wantsDocuments(c *Call) (Code, string) {
	if c.applied.Stage != StageDocuments {
		return WrongStage, "the application is at " + string(c.applied.Stage)
	}
	return "", ""
}

func documentWanted(c *Call) (Code, string) {
	if !slices.Contains(wanted(c.applied.Kind), c.req.Document) {
		return BadDocument, "want one of " + strings.Join(wanted(c.applied.Kind), ", ")
	}
	return "", ""
}

// isReviewed lets nothing be decided of an application whose documents are not there.
func isReviewed(c *Call) (Code, string) {
	if c.applied.Stage != StageReview {
		return WrongStage, "the application is at " + string(c.applied.Stage)
	}
	return "", ""
}

func apply(c *Call) {
	clear, err := json.Marshal(c.req.Person)
	if err != nil {
		c.end(Broken, "the person cannot be written down")
		return
	}
	a := Application{Number: fmt.Sprintf("A%06d", len(c.applicationOrder)+1), At: c.now, Kind: c.req.Kind, Name: c.req.Name, MCC: c.req.MCC, Place: c.req.Place, Campaign: c.req.Campaign,
		Shown: c.Rules.Shown(*c.req.Person), Stage: StageDocuments}
	if a.Sealed, err = c.HSM.Seal(KeyStore, clear); err != nil {
		c.end(Broken, err.Error())
		return
	}
	c.note(c.now, trace.Decided, "apply", fmt.Sprintf("%s of %s, %s, %s", a.Number, a.Name, a.Shown.Owner, a.Shown.Phone))
	c.commit(change{applications: []Application{a}})
	c.answer.Application = told(a)
}

func takeDocument(c *Call) {
	a := c.applied
	hash := sha256.Sum256([]byte(c.req.Content.Reveal()))
	documents := map[string]string{c.req.Document: hex.EncodeToString(hash[:])}
	for name, hash := range a.Documents {
		if documents[name] == "" {
			documents[name] = hash
		}
	}
	a.Documents = documents
	if len(c.Rules.Missing(a)) == 0 {
		a.Stage, a.Reason = StageReview, ""
	}
	c.commit(change{applications: []Application{a}})
	c.answer.Application = told(a)
}

// Decisions of a review.
const (
	Approve  Decision = "approve"
	Reject   Decision = "reject"
	Resubmit Decision = "resubmit" // documents are wanted again
)

func review(c *Call) {
	a := c.applied
	a.Reason = c.req.Reason
	switch c.req.Decision {
	case Reject:
		a.Stage = StageRejected
	case Resubmit:
		a.Stage, a.Documents = StageDocuments, nil
	case Approve:
		a.Stage, a.Merchant = StageApproved, c.nextMerchant(a.MCC)
		m := Merchant{Number: a.Merchant, Name: a.Name, MCC: a.MCC}
		if err := errors.Join(c.Enrol(c.now, m), c.Office.Open(m)); err != nil {
			c.end(BadTerms, err.Error())
			return
		}
	default:
		c.end(BadDecision, "want approve, reject or resubmit")
		return
	}
	c.commit(change{applications: []Application{a}})
	c.answer.Application = told(a)
}

// Where merchants of this office are, as their numbers say (DOMAIN.md F.1): acquirer and region before MCC and serial number.
const numberPrefix = "8983205"

// nextMerchant numbers a merchant.
func (o *Office) nextMerchant(mcc string) string {
	for n := 1; ; n++ {
		number := fmt.Sprintf("%s%s%04d", numberPrefix, mcc, n)
		if _, taken := o.merchants[number]; !taken {
			return number
		}
	}
}
