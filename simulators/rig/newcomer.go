package rig

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/trace/leak"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// newcomer is where a shop stands that is about to be a merchant.
type newcomer struct {
	application string
	codes       []pay.Secret // to activate, that its owner was texted, in order
	proofs      []pay.Secret // likewise, of app and card
}

// Applies is what is the matter with an application; the zero value is nothing.
type Applies struct {
	Stranger bool   // the account is somebody else's
	Misprint bool   // a digit of the identity number is another
	MCC      string // "" for the shop's own
	Campaign string
}

// newcomer gives a shop of the cast that has still to apply.
func (w *World) newcomer(shop string) (Shop, *newcomer, error) {
	m, err := w.Rig.Cast.Merchant(shop)
	if err == nil && m.Applicant == nil {
		err = fmt.Errorf("%s is a merchant already: nobody applies", shop)
	}
	if err != nil {
		return m, nil, err
	}
	l, err := w.office()
	if err != nil {
		return m, nil, err
	}
	if l.newcomers == nil {
		l.newcomers = map[string]*newcomer{}
	}
	if l.newcomers[m.Name] == nil {
		l.newcomers[m.Name] = &newcomer{}
	}
	return m, l.newcomers[m.Name], nil
}

// Apply has a shop's owner apply to be a merchant.
func (w *World) Apply(shop string, how Applies) (merchant.Answer, error) {
	m, n, err := w.newcomer(shop)
	if err != nil {
		return merchant.Answer{}, err
	}
	a := *m.Applicant
	if how.Stranger {
		a.Holder = "赵六"
	}
	if how.Misprint {
		digits := []byte(a.Identity)
		digits[6] = '0' + (digits[6]-'0'+1)%10
		a.Identity = string(digits)
	}
	if how.MCC == "" {
		how.MCC = m.MCC
	}
	r := merchant.Request{Kind: a.Kind, Name: m.Name, MCC: how.MCC, Place: m.Tills[0].Place, Campaign: how.Campaign, Person: &merchant.Person{Owner: merchant.NewPrivate(a.Owner),
		Identity: merchant.NewPrivate(a.Identity), Phone: merchant.NewPrivate(a.Phone), Holder: merchant.NewPrivate(a.Holder), Account: merchant.NewPrivate(a.Account)}}
	answer, err := w.AskOffice(merchant.OpApply, r)
	if answer.Application != nil {
		n.application = answer.Application.Number
	}
	return answer, err
}

// BringDocument has the owner hand in one document.
func (w *World) BringDocument(shop, document string) (merchant.Answer, error) {
	m, n, err := w.newcomer(shop)
	if err != nil {
		return merchant.Answer{}, err
	}
	return w.AskOffice(merchant.OpDocument, merchant.Request{Application: n.application, Document: document, Content: merchant.NewPrivate("picture of the " + document + " of " + m.Applicant.Identity)})
}

// BringDocuments has him hand in all.
func (w *World) BringDocuments(shop string) (merchant.Answer, error) {
	m, _, err := w.newcomer(shop)
	if err != nil {
		return merchant.Answer{}, err
	}
	all := []string{"identity-front", "identity-back", "account", "shop"}
	if m.Applicant.Kind == merchant.KindCompany {
		all = append(all, "licence")
	}
	var answer merchant.Answer
	for _, document := range all {
		if answer, err = w.BringDocument(shop, document); err != nil {
			return answer, err
		}
	}
	return answer, nil
}

// Review decides of an application.
func (w *World) Review(shop string, d merchant.Decision) (merchant.Answer, error) {
	_, n, err := w.newcomer(shop)
	if err != nil {
		return merchant.Answer{}, err
	}
	return w.AskOffice(merchant.OpReview, merchant.Request{Application: n.application, Decision: d, Reason: "as the papers say"})
}

// Unbox gives a till as it comes from the factory: with a number typed in, and no key of the acquirer's.
func (w *World) Unbox(name string) (*Till, error) {
	if t, ok := w.tills[name]; ok {
		return t, nil
	}
	shop, place, err := w.Rig.Cast.Till(name)
	if err != nil {
		return nil, err
	}
	t, err := w.newTill(shop, place)
	if err != nil {
		return nil, err
	}
	if _, err := t.config.HSM.Import(deviceKey(place.Serial), hsm.TDES2, factoryKey(w.Seed, place.Serial)); err != nil {
		return nil, err
	}
	if _, err := t.config.HSM.Import(terminal.KeyTMK, hsm.TDES2, factoryKey(w.Seed, place.Serial)); err != nil { // until the acquirer gives another
		return nil, err
	}
	w.tills[name], w.order = t, append(w.order, t)
	if err := t.powerOn(); err != nil {
		return nil, err
	}
	return t, t.LogIn("01")
}

// serial gives that of a till.
func (w *World) serial(till string) (string, error) {
	_, place, err := w.Rig.Cast.Till(till)
	return place.Serial, err
}

// Ship binds a till to a shop.
func (w *World) Ship(till, shop string) (merchant.Answer, error) {
	serial, err := w.serial(till)
	if err != nil {
		return merchant.Answer{}, err
	}
	return w.AskOfficeFor(shop, merchant.OpShip, merchant.Request{Serial: serial})
}

// AskCode has an activation code for a till texted to the phone of a shop's owner.
func (w *World) AskCode(shop, till string) (merchant.Answer, error) {
	m, n, err := w.newcomer(shop)
	if err != nil {
		return merchant.Answer{}, err
	}
	serial, err := w.serial(till)
	if err != nil {
		return merchant.Answer{}, err
	}
	answer, err := w.AskOffice(merchant.OpCode, merchant.Request{Serial: serial, Phone: merchant.NewPrivate(m.Applicant.Phone)})
	if err != nil || answer.Code != merchant.OK {
		return answer, err
	}
	code, err := w.readPhone(m.Applicant.Phone)
	n.codes = append(n.codes, code)
	return answer, err
}

// RegisterApp has a shop's owner register the app on his phone, by the code that he is texted or by a wrong one.
func (w *World) RegisterApp(shop string, wrong bool) (merchant.Answer, error) {
	m, _, err := w.newcomer(shop)
	if err != nil {
		return merchant.Answer{}, err
	}
	answer, err := w.AskOfficeFor(shop, merchant.OpApp, merchant.Request{Phone: merchant.NewPrivate(m.Applicant.Phone)})
	return w.prove(shop, wrong, answer, err)
}

// BindCard has him bind a bank card: his own, or that of a cardholder.
func (w *World) BindCard(shop, whose string) (merchant.Answer, error) {
	m, _, err := w.newcomer(shop)
	if err != nil {
		return merchant.Answer{}, err
	}
	card, holder := m.Applicant.Card, m.Applicant.Holder
	if whose != "" {
		c, err := w.Rig.Cast.Cardholder(whose)
		if err != nil {
			return merchant.Answer{}, err
		}
		card, holder = c.PAN, c.Name
	}
	if !w.accountOpen(holder) {
		if err := w.Arrange(Arrangement{Party: partyBank, Payer: holder, Account: NewClear(card)}); err != nil {
			return merchant.Answer{}, err
		}
	}
	answer, err := w.AskOfficeFor(shop, merchant.OpBind, merchant.Request{CardNumber: merchant.NewPrivate(card)})
	return w.prove(shop, false, answer, err)
}

// UnbindCard has the office forget it.
func (w *World) UnbindCard(shop string) (merchant.Answer, error) {
	return w.AskOfficeFor(shop, merchant.OpUnbind, merchant.Request{})
}

// prove types the code that a shop's owner was texted, if the office has texted one.
func (w *World) prove(shop string, wrong bool, said merchant.Answer, err error) (merchant.Answer, error) {
	if err != nil || said.Code != merchant.OK {
		return said, err
	}
	m, n, err := w.newcomer(shop)
	if err != nil {
		return said, err
	}
	code, err := w.readPhone(m.Applicant.Phone)
	if err != nil {
		return said, err
	}
	n.proofs = append(n.proofs, code)
	if wrong {
		code = pay.NewSecret("000000")
	}
	return w.AskOfficeFor(shop, merchant.OpProve, merchant.Request{Activation: merchant.Private{Secret: code}})
}

// readPhone gives the last code that was texted to a number.
func (w *World) readPhone(number string) (pay.Secret, error) {
	l := w.officeLine
	if l.here != nil {
		return l.here.phones[pay.NewSecret(number)], nil
	}
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, l.base+officePhones+number, nil)
	if err != nil {
		return pay.Secret{}, fmt.Errorf("phone: %w", err)
	}
	res, err := l.client.Do(req)
	if err != nil {
		return pay.Secret{}, fmt.Errorf("phone: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, 100))
	return pay.NewSecret(string(text)), err
}

// Activate types a code into a till: the last one that the shop's owner was texted, or another.
func (w *World) Activate(till, shop string, wrong bool) (merchant.Answer, error) {
	t, err := w.Unbox(till)
	if err != nil {
		return merchant.Answer{}, err
	}
	_, n, err := w.newcomer(shop)
	if err != nil {
		return merchant.Answer{}, err
	}
	code := pay.NewSecret("000000")
	if !wrong && len(n.codes) == 0 {
		return merchant.Answer{}, errors.New("the owner was not texted a code")
	}
	if !wrong {
		code = n.codes[len(n.codes)-1]
	}
	serial, err := w.serial(till)
	if err != nil {
		return merchant.Answer{}, err
	}
	answer, err := w.AskOffice(merchant.OpActivate, merchant.Request{Serial: serial, Activation: merchant.Private{Secret: code}})
	if err != nil || answer.Activated == nil {
		return answer, err
	}
	return answer, t.takeNumber(*answer.Activated, serial)
}

// takeNumber makes a till of a device: it is switched off and on with its number, its merchant and its master key.
func (t *Till) takeNumber(a merchant.Activated, serial string) error {
	if len(a.TMK) > 0 { // without one its messages will tell
		kcv, err := t.config.HSM.Unwrap(deviceKey(serial), terminal.KeyTMK, hsm.TDES2, a.TMK)
		if err != nil {
			return fmt.Errorf("till %s: master key: %w", t.Name, err)
		}
		if kcv.String() != a.KCV {
			return fmt.Errorf("till %s: master key: KCV is %s, want %s", t.Name, kcv, a.KCV)
		}
	}
	t.number, t.config.Number, t.config.Merchant, t.config.MerchantName, t.config.MCC = a.Terminal, a.Terminal, a.Merchant, a.Name, a.MCC
	if err := t.powerOn(); err != nil {
		return err
	}
	return t.LogIn("01")
}

// Suspend stops a shop at its acquirer, Resume lets it sell again, CloseShop ends what is between them.
func (w *World) Suspend(shop string) (merchant.Answer, error) {
	return w.AskOfficeFor(shop, merchant.OpSuspend, merchant.Request{})
}

// Resume lets it sell again.
func (w *World) Resume(shop string) (merchant.Answer, error) {
	return w.AskOfficeFor(shop, merchant.OpResume, merchant.Request{})
}

// CloseShop ends what is between a shop and its acquirer.
func (w *World) CloseShop(shop string) (merchant.Answer, error) {
	return w.AskOfficeFor(shop, merchant.OpClose, merchant.Request{})
}

// GiveBack has a shop give its till back, with damage that costs so much.
func (w *World) GiveBack(till string, damage pay.Amount) (merchant.Answer, error) {
	serial, err := w.serial(till)
	if err != nil {
		return merchant.Answer{}, err
	}
	return w.AskOffice(merchant.OpReturn, merchant.Request{Serial: serial, Amount: damage})
}

// PersonSecrets gives what must be hidden of who answers for a shop.
func (w *World) PersonSecrets(shop string) (Secrets, error) {
	m, n, err := w.newcomer(shop)
	if err != nil {
		return nil, err
	}
	a := m.Applicant
	all := Secrets{leak.Text("name", a.Owner), leak.Text("identity number", a.Identity), leak.Text("phone number", a.Phone), leak.Text("account number", a.Account)}
	for _, payer := range w.Rig.Cast.cards {
		all = append(all, leak.Text(payer.Name+"'s phone number", w.payerPhone(payer.Name)))
	}
	if a.Card != "" {
		all = append(all, leak.Text("card number", a.Card))
	}
	for _, code := range slices.Concat(n.codes, n.proofs) {
		all = append(all, leak.Text("texted code", code.Reveal()))
	}
	return all, nil
}

// Application tells how far a shop's application has come.
func (w *World) Application(shop string) (merchant.Answer, error) {
	_, n, err := w.newcomer(shop)
	if err != nil {
		return merchant.Answer{}, err
	}
	return w.AskOffice(merchant.OpApplication, merchant.Request{Application: n.application})
}
