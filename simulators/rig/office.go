package rig

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/merchant"
	"github.com/tillproof/tillproof/simulators/protocol/hsm"
	"github.com/tillproof/tillproof/simulators/protocol/walletapi"
)

// OfficeWanted asks for the acquirer's office for merchants.
type OfficeWanted struct {
	Merchants []MerchantSeed `json:"merchants,omitempty"` // whom it clears for
}

// OfficeMade tells where the office of a world is.
type OfficeMade struct {
	Address string `json:"address"`      // host and port; "" for one in the caller's own loop
	Key     Clear  `json:"key,omitzero"` // what the office's own people show
}

// partyBank is the bank of the merchants' accounts, as arrangements call it.
const partyBank = "bank"

// officeTerms are the shipped terms.
const officeTerms = "merchants/services/terms.yaml"

// office is the office of a world beside its acquirer, and the bank that pays its merchants. Whatever is asked of it, it hears first what the
// acquirer has posted meanwhile.
type office struct {
	*merchant.Office
	acquirer *acquirer.Acquirer
	loop     *sim.Loop
	heard    int  // movements of the acquirer
	lived    bool // its journal is from an earlier life
	bank     merchantBank
	payers   payersBank
	texts    []TextState                                               // to payers
	phones   map[pay.Secret]pay.Secret                                 // the last code on each, by number
	deaf     map[string]bool                                           // merchants' servers, and the gateway of texts
	post     func(n merchant.Notice, to string, said walletapi.Params) // to a server over HTTP; nil in memory
}

// tell texts a payer.
func (o *office) tell(payer, id string, args ...string) {
	o.texts = append(o.texts, TextState{To: payer, ID: id, Args: args})
}

// OpenOffice implements Control.
func (h *host) OpenOffice(_ context.Context, in OfficeWanted) (OfficeMade, error) {
	made := OfficeMade{Key: Clear{staffKey(h.seed)}}
	if h.office != nil {
		return made, nil
	}
	terms, err := merchant.LoadTerms(fixtures.FS, officeTerms)
	if err != nil {
		return OfficeMade{}, err
	}
	o := &office{acquirer: h.acquirer, loop: h.loop, phones: map[pay.Secret]pay.Secret{}, deaf: map[string]bool{}, payers: newPayersBank(), bank: newMerchantBank()}
	keys, store, err := h.officeKeeps(o)
	if err != nil {
		return OfficeMade{}, err
	}
	o.Office, err = merchant.New(merchant.Config{Terms: terms, Rules: h.officeRules, Staff: made.Key.Secret, Store: store, Trace: h.trace, Bank: o.bank.pay,
		HSM: keys, Open: h.registerMerchant, Register: h.registerDevice, Stop: h.stopMerchant, Message: o.text, Quarrel: h.acquirer.Quarrel, Collect: o.payers.collect, Tell: o.tell, Carry: o.carry, NameOf: o.payers.nameOf, Credit: o.payers.credit,
		Risk: merchant.Risk{Set: h.acquirer.SetLimit, Drop: h.acquirer.DropLimit, Limits: h.acquirer.Limits, Block: h.acquirer.Block, Reviews: h.acquirer.Reviews, Decide: h.acquirer.Decide}})
	if err != nil {
		return OfficeMade{}, err
	}
	for _, m := range in.Merchants {
		if _, known := o.Merchant(m.Number); known {
			continue // since an earlier life, and perhaps on other terms by now
		}
		if err := o.Enrol(h.loop.Now(), merchant.Merchant{Number: m.Number, Name: m.Name, MCC: m.MCC}); err != nil {
			return OfficeMade{}, err
		}
	}
	h.office = o
	return made, h.remind(o)
}

// text puts an activation code on a phone.
func (o *office) text(phone, code pay.Secret) { o.phones[phone] = code }

// deviceKey names the key that a device leaves the factory with, in a security module.
func deviceKey(serial string) string { return "device:" + serial }

// factoryKey is that key: the seed gives it, so that device and acquirer have the same.
func factoryKey(seed sim.Seed, serial string) []byte { return seed.Bytes("device/"+serial, 16) }

// registerMerchant has the acquirer know a merchant, who has no terminal yet.
func (h *host) registerMerchant(m merchant.Merchant) error {
	return h.acquirer.AddMerchant(acquirer.Merchant{Number: m.Number, Name: m.Name, MCC: m.MCC})
}

// registerDevice has the acquirer know a merchant's terminal, under a fresh master key, which travels under the device's own.
func (h *host) registerDevice(m merchant.Merchant, d merchant.Device) ([]byte, string, error) {
	if _, err := h.keys.Import(deviceKey(d.Serial), hsm.TDES2, factoryKey(h.seed, d.Serial)); err != nil {
		return nil, "", err
	}
	master := acquirer.TerminalKey(d.Terminal, "TMK")
	if _, err := h.keys.Generate(master, hsm.TDES2); err != nil {
		return nil, "", err
	}
	if err := h.acquirer.AddTerminal(acquirer.Terminal{Number: d.Terminal, Merchant: m.Number, Serial: d.Serial, Place: d.Place, Equipment: acquirer.Newcomer()}); err != nil {
		return nil, "", err
	}
	wrapped, kcv, err := h.keys.Wrap(deviceKey(d.Serial), master)
	return wrapped, kcv.String(), err
}

// stopMerchant has the acquirer take nothing more of a merchant, or of one of his terminals, or take it again.
func (h *host) stopMerchant(number, terminal string, stop bool) error {
	if terminal != "" {
		return h.acquirer.UpdateTerminal(terminal, func(t *acquirer.Terminal) { t.State = acquirer.Disabled })
	}
	return h.acquirer.UpdateMerchant(number, func(m *acquirer.Merchant) { m.Closed = stop })
}

// catchUp has the office hear and do what has happened and fallen due.
func (o *office) catchUp() {
	now := o.loop.Now()
	moved, n := o.acquirer.Movements(o.heard)
	o.heard = n
	o.Hear(now, facts(moved))
	o.Age(now)
}

// facts are the acquirer's movements as the office is told them.
func facts(moved []acquirer.Movement) []merchant.Fact {
	list := make([]merchant.Fact, len(moved))
	for i, m := range moved {
		list[i] = merchant.Fact{ID: m.ID, At: m.At, RRN: m.RRN, Sale: m.Sale.String(), Amount: m.Amount, Whole: m.Whole, Card: m.Card, Credit: m.Credit, Entry: m.Entry,
			ByCode: m.ByCode, Foreign: m.Foreign, Ref: audit.Ref{Terminal: m.Ref.Terminal, Merchant: m.Merchant, Batch: m.Ref.Batch, Trace: m.Ref.Trace, Flow: m.Flow}}
		if m.ByCode {
			list[i].Card = "" // it is no card number that stands there
		}
	}
	return list
}

// ask answers whoever shows this token.
func (o *office) ask(token pay.Secret, op merchant.Operation, r merchant.Request) merchant.Answer {
	o.catchUp()
	return o.Ask(o.loop.Now(), token, op, r)
}

// arrange changes how the bank takes payouts to a merchant, or, with StatusAgain, hands the acquirer's movements over once more.
func (o *office) arrange(a Arrangement) error {
	if a.Status == StatusAgain {
		o.heard = 0
		o.catchUp()
		return nil
	}
	o.catchUp() // with the bank as it was until now
	if a.Party != partyBank {
		o.deaf[cmp.Or(a.Merchant, a.Party)] = a.Condition == ConditionMute
		return nil
	}
	if a.Payer != "" {
		return o.payers.arrange(a)
	}
	o.bank.refuses[a.Merchant], o.bank.silent[a.Merchant] = false, false
	switch a.Condition {
	case ConditionNormal:
	case ConditionRefuses:
		o.bank.refuses[a.Merchant] = true
	case ConditionMute:
		o.bank.silent[a.Merchant] = true
	default:
		return fmt.Errorf("bank: there is no condition %q", a.Condition)
	}
	return nil
}

// look adds what the books of the office hold, and what the bank has paid.
func (o *office) look(s *State) error {
	o.catchUp()
	s.Statements = append(s.Statements, o.Statements()...)
	for _, account := range o.Ledger().Accounts() {
		b, err := o.Ledger().Balance(account)
		if err != nil {
			return fmt.Errorf("office: %w", err)
		}
		s.Balances["office:"+string(account)] = Holding{Balance: b.Booked, Available: b.Available}
	}
	s.Statements = append(append(s.Statements, audit.Statement{Role: audit.Settlement, Party: "bank", Fact: audit.Banked}), o.payers.moves...)
	s.Texts = append(s.Texts, o.texts...)
	for payer, minor := range o.payers.holds {
		s.Balances["bank:payer:"+payer] = Holding{Balance: pay.CNY(minor), Available: pay.CNY(minor)}
	}
	for number, paid := range o.bank.paid {
		s.Balances["bank:"+number] = Holding{Balance: paid, Available: paid}
	}
	return nil
}

// officePrefix stands before every operation in the office's addresses, officePhones before the number of a phone whose last text is read.
const (
	officePrefix = "/v1/"
	officePhones = "/phones/"
	bearer       = "Bearer " // RFC 6750, 2.1
)

// officeRoutes is an office over HTTP. ask has its loop answer.
func officeRoutes(ask func(context.Context, pay.Secret, merchant.Operation, merchant.Request) (merchant.Answer, error), phone func(context.Context, string) (pay.Secret, error)) http.Handler {
	mux := http.NewServeMux()
	for _, op := range merchant.Operations() {
		mux.HandleFunc("POST "+officePrefix+string(op), func(w http.ResponseWriter, r *http.Request) {
			text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 9<<20))
			if err != nil {
				http.Error(w, "the request is too long, or broke off", http.StatusBadRequest)
				return
			}
			in, err := merchant.DecodeRequest(text)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			token, _ := strings.CutPrefix(r.Header.Get("Authorization"), bearer)
			answer, err := ask(r.Context(), pay.NewSecret(token), op, in)
			if err != nil {
				panic(http.ErrAbortHandler) // the line is cut: no answer is no answer
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(answer) // the peer has gone: nobody is left to tell
		})
	}
	mux.HandleFunc("GET "+officePhones+"{number}", func(w http.ResponseWriter, r *http.Request) {
		code, err := phone(r.Context(), r.PathValue("number"))
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_, _ = io.WriteString(w, code.Reveal()) // as above
	})
	mux.HandleFunc("GET /openapi.yaml", func(w http.ResponseWriter, _ *http.Request) {
		text, err := fs.ReadFile(fixtures.FS, "merchants/services/openapi.yaml")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write(text)
	})
	return http.NewCrossOriginProtection().Handler(mux)
}

// openOffice has the office of the world listen at addr, unless it does already, and tells where.
func (s *server) openOffice(ctx context.Context, addr string, in OfficeWanted) (OfficeMade, error) {
	s.opening.Lock()
	defer s.opening.Unlock()
	made, err := inLoop(ctx, s, func(h *host) (OfficeMade, error) { return h.OpenOffice(ctx, in) })
	if made.Address = s.officeAt; err != nil || s.officeAt != "" {
		return made, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return OfficeMade{}, fmt.Errorf("office door: %w", err)
	}
	ask := func(ctx context.Context, token pay.Secret, op merchant.Operation, r merchant.Request) (merchant.Answer, error) {
		answer, err := inLoop(ctx, s, func(h *host) (merchant.Answer, error) { return h.office.ask(token, op, r), nil })
		if err == nil && s.durable != nil {
			err = s.durable()
		}
		return answer, err
	}
	phone := func(ctx context.Context, number string) (pay.Secret, error) {
		return inLoop(ctx, s, func(h *host) (pay.Secret, error) { return h.office.phones[pay.NewSecret(number)], nil })
	}
	if _, err := inLoop(ctx, s, func(h *host) (OfficeMade, error) {
		s.postNews(h)
		return OfficeMade{}, nil
	}); err != nil {
		return OfficeMade{}, err
	}
	door := &http.Server{Handler: officeRoutes(ask, phone), ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	context.AfterFunc(s.ctx, func() { _ = door.Close() })
	s.group.Go(func() { _ = door.Serve(l) }) // it ends when the context does
	s.officeAt = l.Addr().String()
	made.Address = s.officeAt
	return made, nil
}
