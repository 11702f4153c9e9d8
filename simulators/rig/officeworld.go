package rig

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/merchant"
)

// officeLine is the way of a world to its acquirer's office.
type officeLine struct {
	here       *office // in the world's own loop; nil when it is asked over HTTP
	away       string  // ... there
	base       string
	client     *http.Client
	newcomers  map[string]*newcomer  // by shop
	agreements map[string]string     // the last of each shop and payer
	payers     string                // the shop of the last one
	transfer   string                // asked for last
	transferBy string                // ... from whose bank account
	opened     map[string]bool       // accounts, by their holders
	secrets    map[string]pay.Secret // under which shops are told, by name
	said       []merchant.Answer     // everything that the office said
	key        Clear                 // of the office's own people
	accounts   map[string]*account   // by shop and user; under "" those of a shop's programs
	chance     *rand.Rand            // of passwords
	edits      []func(*merchant.SchemeFile)
	Last       merchant.Answer // what the office said last
}

// StatusAgain has the acquirer hand over what it has posted once more.
const StatusAgain = "again"

// office gives the way to the office; the first call opens it.
func (w *World) office() (*officeLine, error) {
	if w.officeLine != nil {
		return w.officeLine, nil
	}
	c, err := w.mustControl()
	if err != nil {
		return nil, err
	}
	made, err := c.OpenOffice(w.ctx, OfficeWanted{Merchants: w.Rig.Cast.merchantSeeds()})
	if err != nil {
		return nil, err
	}
	l := &officeLine{key: made.Key, base: "http://" + made.Address, away: "http://" + made.Address + officePrefix, client: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}}}
	if h, ok := c.(*host); ok {
		l.here = h.office
	}
	w.officeLine = l
	return l, nil
}

// AskOffice asks the acquirer's office for merchants, as one of its own people. What it says is also kept for OfficeSaid.
func (w *World) AskOffice(op merchant.Operation, r merchant.Request) (merchant.Answer, error) {
	l, err := w.office()
	if err != nil {
		return merchant.Answer{}, err
	}
	return w.askOffice(l.key.Secret, op, r)
}

// askOffice asks it as whoever shows this token.
func (w *World) askOffice(token pay.Secret, op merchant.Operation, r merchant.Request) (merchant.Answer, error) {
	l := w.officeLine
	if l.here != nil {
		answer := l.here.ask(token, op, r)
		l.hears(answer)
		return answer, nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return merchant.Answer{}, fmt.Errorf("office: %w", err)
	}
	req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, l.away+string(op), bytes.NewReader(text))
	if err != nil {
		return merchant.Answer{}, fmt.Errorf("office: %w", err)
	}
	if !token.IsZero() {
		req.Header.Set("Authorization", bearer+token.Reveal())
	}
	res, err := l.client.Do(req)
	if err != nil {
		return merchant.Answer{}, fmt.Errorf("office: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	var answer merchant.Answer
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		return answer, fmt.Errorf("office: %s: status %d: the answer cannot be read", op, res.StatusCode)
	}
	l.hears(answer)
	return answer, nil
}

// hears keeps what the office said, without what it told one person alone.
func (l *officeLine) hears(a merchant.Answer) {
	a.Initial, a.Key = merchant.Private{}, merchant.Private{}
	if a.Session != nil {
		a.Session = &merchant.Session{Until: a.Session.Until, Change: a.Session.Change}
	}
	l.Last, l.said = a, append(l.said, a)
}

// OfficeSaid gives what the office said last.
func (w *World) OfficeSaid() merchant.Answer {
	if w.officeLine == nil {
		return merchant.Answer{}
	}
	return w.officeLine.Last
}

// AskOfficeFor asks the office in the name of a shop.
func (w *World) AskOfficeFor(shop string, op merchant.Operation, r merchant.Request) (merchant.Answer, error) {
	m, err := w.Rig.Cast.Merchant(shop)
	if err != nil {
		return merchant.Answer{}, err
	}
	r.Merchant = m.Number
	return w.AskOffice(op, r)
}

// Enrol changes what is agreed with a shop: its term or its MCC; "" leaves it.
func (w *World) Enrol(shop string, term merchant.Term, mcc string) error {
	m, err := w.Rig.Cast.Merchant(shop)
	if err != nil {
		return err
	}
	if mcc == "" {
		mcc = m.MCC
	}
	a, err := w.AskOffice(merchant.OpEnrol, merchant.Request{Merchant: m.Number, Name: m.Name, MCC: mcc, Term: term})
	if err == nil && a.Code != merchant.OK {
		err = fmt.Errorf("office: %s: %s", a.Code, a.Reason)
	}
	return err
}

// ArrangeBank changes how a shop's bank takes payouts.
func (w *World) ArrangeBank(shop, condition string) error {
	m, err := w.Rig.Cast.Merchant(shop)
	if err != nil {
		return err
	}
	if _, err := w.office(); err != nil {
		return err
	}
	return w.Arrange(Arrangement{Party: partyBank, Merchant: m.Number, Condition: condition})
}

// HandOverAgain has the acquirer tell the office once more all that it has posted.
func (w *World) HandOverAgain() error {
	if _, err := w.office(); err != nil {
		return err
	}
	return w.Arrange(Arrangement{Party: partyBank, Status: StatusAgain})
}

// BankHas gives what a shop's bank has been paid for it.
func (w *World) BankHas(shop string) (pay.Amount, error) {
	m, err := w.Rig.Cast.Merchant(shop)
	if err != nil {
		return pay.Amount{}, err
	}
	s, err := w.Look()
	if paid, ok := s.Balances["bank:"+m.Number]; ok {
		return paid.Balance, err
	}
	return pay.CNY(0), err
}

// BusinessDay is the day, so many back, that a till's payment of now counts to.
func (w *World) BusinessDay(back int) string {
	return w.Loop.Now().Add(schemeCutOff).AddDate(0, 0, -back).Format("2006-01-02")
}

// schemeCutOff is how long before midnight the scheme's day ends; the acquirer's does too.
const schemeCutOff = time.Hour

// EditScheme arranges what is the matter with the next file of the scheme.
func (w *World) EditScheme(edit func(*merchant.SchemeFile)) error {
	l, err := w.office()
	if err == nil {
		l.edits = append(l.edits, edit)
	}
	return err
}

// SchemeFile is what the scheme has settled on a business day: what the issuer's books have moved, by RRN.
func (w *World) SchemeFile(day string) (merchant.SchemeFile, error) {
	l, err := w.office()
	if err != nil {
		return merchant.SchemeFile{}, err
	}
	state, err := w.Look()
	if err != nil {
		return merchant.SchemeFile{}, err
	}
	f := merchant.SchemeFile{Day: day}
	shops := map[string]string{}
	for _, s := range state.Statements {
		if s.Role == audit.Acquirer && s.RRN != "" {
			shops[s.RRN] = s.Ref.Merchant
		}
	}
	for _, s := range state.Statements {
		minor := s.Amount.Minor
		if s.Role != audit.Issuer || s.RRN == "" || s.At.Add(schemeCutOff).Format("2006-01-02") != day {
			continue
		}
		switch s.Fact {
		case audit.Posted, audit.Restored:
		case audit.Undone, audit.Refunded:
			minor = -minor
		default:
			continue
		}
		f.Rows = append(f.Rows, merchant.SchemeRow{RRN: s.RRN, Merchant: shops[s.RRN], Amount: pay.CNY(minor)})
	}
	for _, edit := range l.edits {
		edit(&f)
	}
	l.edits = nil
	return f, nil
}

// Reconcile brings the scheme's file of a business day to the office.
func (w *World) Reconcile(day string) (merchant.Answer, error) {
	f, err := w.SchemeFile(day)
	if err != nil {
		return merchant.Answer{}, err
	}
	return w.AskOffice(merchant.OpReconcile, merchant.Request{File: f.String()})
}

// Resolve ends the open difference about a payment.
func (w *World) Resolve(rrn string, d merchant.Decision) (merchant.Answer, error) {
	all, err := w.AskOffice(merchant.OpCases, merchant.Request{})
	if err != nil {
		return all, err
	}
	i := slices.IndexFunc(all.Cases, func(k merchant.Case) bool { return k.RRN == rrn && k.Decision == "" })
	number := "none" // the office will say so
	if i >= 0 {
		number = all.Cases[i].Number
	}
	return w.AskOffice(merchant.OpResolve, merchant.Request{Case: number, Decision: d})
}
