package rig

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"time"

	"github.com/tillproof/tillproof/fixtures"
	"github.com/tillproof/tillproof/simulators/acquirer"
	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/journal"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/sim"
	"github.com/tillproof/tillproof/simulators/merchant"
)

// OfficeWanted asks for the acquirer's office for merchants.
type OfficeWanted struct {
	Merchants []MerchantSeed `json:"merchants,omitempty"` // whom it clears for
}

// OfficeMade tells where the office of a world is.
type OfficeMade struct {
	Address string `json:"address"` // host and port; "" for one in the caller's own loop
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
	heard    int // movements of the acquirer
	bank     merchantBank
}

// merchantBank is where merchants have their accounts.
type merchantBank struct {
	refuses, silent map[string]bool // by merchant
	made            map[string]bool // payouts by number
	paid            map[string]pay.Amount
}

// pay makes a payout; the same number is the same payout.
func (b *merchantBank) pay(_ time.Time, p merchant.Payout) merchant.BankWord {
	if b.refuses[p.Merchant] {
		return merchant.BankRefused
	}
	if !b.made[p.Number] {
		b.made[p.Number] = true
		b.paid[p.Merchant] = pay.CNY(b.paid[p.Merchant].Minor + p.Amount.Minor)
	}
	if b.silent[p.Merchant] {
		return merchant.BankSilent
	}
	return merchant.BankPaid
}

// OpenOffice implements Control.
func (h *host) OpenOffice(_ context.Context, in OfficeWanted) (OfficeMade, error) {
	if h.office != nil {
		return OfficeMade{}, nil
	}
	terms, err := merchant.LoadTerms(fixtures.FS, officeTerms)
	if err != nil {
		return OfficeMade{}, err
	}
	o := &office{acquirer: h.acquirer, loop: h.loop, bank: merchantBank{refuses: map[string]bool{}, silent: map[string]bool{}, made: map[string]bool{}, paid: map[string]pay.Amount{}}}
	o.Office, err = merchant.New(merchant.Config{Terms: terms, Rules: h.officeRules, Store: journal.NewMemory(), Trace: h.trace, Bank: o.bank.pay})
	if err != nil {
		return OfficeMade{}, err
	}
	for _, m := range in.Merchants {
		if err := o.Enrol(h.loop.Now(), merchant.Merchant{Number: m.Number, Name: m.Name, MCC: m.MCC}); err != nil {
			return OfficeMade{}, err
		}
	}
	h.office = o
	return OfficeMade{}, nil
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

func (o *office) serve(op merchant.Operation, r merchant.Request) merchant.Answer {
	o.catchUp()
	return o.Serve(o.loop.Now(), op, r)
}

// arrange changes how the bank takes payouts to a merchant, or, with StatusAgain, hands the acquirer's movements over once more.
func (o *office) arrange(a Arrangement) error {
	if a.Status == StatusAgain {
		o.heard = 0
		o.catchUp()
		return nil
	}
	o.catchUp() // with the bank as it was until now
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
	for number, paid := range o.bank.paid {
		s.Balances["bank:"+number] = Holding{Balance: paid, Available: paid}
	}
	return nil
}

// officePrefix stands before every operation in the office's addresses.
const officePrefix = "/v1/"

// officeRoutes is an office over HTTP. ask has its loop answer.
func officeRoutes(ask func(context.Context, merchant.Operation, merchant.Request) (merchant.Answer, error)) http.Handler {
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
			answer, err := ask(r.Context(), op, in)
			if err != nil {
				panic(http.ErrAbortHandler) // the line is cut: no answer is no answer
			}
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(answer) // the peer has gone: nobody is left to tell
		})
	}
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
	if s.officeAt != "" {
		return OfficeMade{s.officeAt}, nil
	}
	if _, err := inLoop(ctx, s, func(h *host) (OfficeMade, error) { return h.OpenOffice(ctx, in) }); err != nil {
		return OfficeMade{}, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return OfficeMade{}, fmt.Errorf("office door: %w", err)
	}
	ask := func(ctx context.Context, op merchant.Operation, r merchant.Request) (merchant.Answer, error) {
		return inLoop(ctx, s, func(h *host) (merchant.Answer, error) { return h.office.serve(op, r), nil })
	}
	door := &http.Server{Handler: officeRoutes(ask), ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	context.AfterFunc(s.ctx, func() { _ = door.Close() })
	s.group.Go(func() { _ = door.Serve(l) }) // it ends when the context does
	s.officeAt = l.Addr().String()
	return OfficeMade{s.officeAt}, nil
}
