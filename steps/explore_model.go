package steps

import (
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// model is what the books must hold, given what the tills said and the rules of the trade. It is a list of payments and sums
// over it; it knows nothing of messages, journals or ledgers.
type model struct {
	dialect  switches
	holds    map[string]int64 // what each card began with, in minor units
	cast     *rig.Cast
	payments []*payment
	tries    map[string]int   // wrong PINs in a row, by cardholder
	unsure   map[string]bool  // cards of which nobody knows whether the issuer counted a PIN
	barred   map[string]bool  // tills that the host has disabled
	tips     map[string]int64 // percent of the first amount that a till lets tips make of a payment, where it is not the host's
	flat     map[string]bool  // tills with a low battery
	parts    map[string]bool  // tills that can take a part of a sale
	floor    map[string]int64 // below which a till sells without asking, in minor units
	again    map[string]bool  // tills that have been answered that they must sign in, and do so by themselves
	off      map[string]bool  // tills that the host has signed off behind their backs
}

// switches are those of a dialect that the model goes by (DOMAIN.md K).
type switches struct {
	refundDays, preAuthDays, ceiling           int
	voidedAgain, lateRefund, overRefund, ended pay.Answer
	byTrace                                    bool // a refund finds its payment among its own till's
}

// payment is an order that a till was given, and what came of it.
type payment struct {
	act      int
	flow     pay.Flow
	till     string
	shop     rig.Shop
	who      string
	minor    int64
	on       *payment
	at       time.Time
	batch    string
	trace    string // "" when no message left
	nth      int    // request of its flow
	stands   bool   // the till said yes
	said     terminal.EndingKind
	answered bool       // the host has approved it, whether or not the till heard
	tip      int64      // on an offline sale before it left
	first    int64      // before any tip or adjustment: what the till counts its limit from, and
	told     int64      // ... what the host does
	spoken   bool       // an offline sale that was authorised on the telephone
	stored   bool       // an offline sale that the host has not heard of yet
	charged  bool       // ... that its bank refused
	unsure   bool       // ... or perhaps: nobody can say what the card held at that moment
	open     bool       // people must find out: the till gave its reversal up
	unknown  bool       // to the till, which gave its reversal up while the host has the money
	chip     bool       // paid by one
	signed   bool       // on the pad, and the host is not known to hold it
	byPIN    bool       // its bank is given a PIN, if the card wants one
	code     pay.Answer // that the host was told to answer with
	doubtful bool       // when all is quiet, the till's journal will say what became of it
}

// kinds of flows that take money from a card or hold it, and count for its day.
var takes = []pay.Flow{pay.Sale, pay.PreAuth, pay.Completion}

// ended tells that something that stands has taken a payment's place: its void, or its completion.
func (m *model) ended(p *payment) bool {
	return slices.ContainsFunc(m.payments, func(by *payment) bool {
		return by.on == p && by.stands && by.flow.Kind() != pay.Refund && !by.flow.Amends() && !m.ended(by)
	})
}

func (m *model) refunded(p *payment) (sum int64) {
	for _, r := range m.payments {
		if r.on == p && r.stands && r.flow.Kind() == pay.Refund {
			sum += r.minor
		}
	}
	return sum
}

// amount is what a payment costs after its adjustments and tips; a tip takes the place of another.
func (m *model) amount(p *payment) int64 { return m.bare(p) + m.tip(p) }

func (m *model) bare(p *payment) int64 {
	bare := p.minor
	for _, by := range m.payments {
		if by.on == p && by.stands && by.flow == pay.Adjustment {
			bare = by.minor
		}
	}
	return bare
}

func (m *model) tip(p *payment) int64 {
	tip := p.tip
	for _, by := range m.payments {
		switch {
		case by.on != p || !by.stands:
		case by.flow == pay.Adjustment:
			tip = 0
		case by.flow == pay.Tip:
			tip = by.minor
		}
	}
	return tip
}

// moves tells that a payment is in the books.
func (p *payment) moves() bool { return p.stands && !p.stored && !p.charged }

// expired tells that a deposit has grown too old: the hold is gone (DOMAIN.md A.14).
func (m *model) expired(p *payment, now time.Time) bool {
	return p.flow.Kind() == pay.PreAuth && !now.Before(p.at.AddDate(0, 0, m.dialect.preAuthDays))
}

// card is what a card may still spend.
func (m *model) card(who string, now time.Time) int64 {
	sum := m.holds[who]
	for _, p := range m.payments {
		if p.who != who || !p.moves() {
			continue
		}
		switch k := p.flow.Kind(); {
		case k == pay.Refund:
			sum += p.minor
		case slices.Contains(takes, k) && !m.ended(p) && !m.expired(p, now):
			sum -= m.amount(p)
		}
	}
	return sum
}

// merchant is what a merchant is owed.
func (m *model) merchant(name string) (sum int64) {
	for _, p := range m.payments {
		if p.shop.Name != name || !p.moves() {
			continue
		}
		switch k := p.flow.Kind(); {
		case k == pay.Refund:
			sum -= p.minor
		case (k == pay.Sale || k == pay.Completion) && !m.ended(p):
			sum += m.amount(p)
		}
	}
	return sum
}

// day counts what stands of a day's payments that a limit counts.
func (m *model) day(now time.Time, counts func(*payment) bool) (n int, sum int64) {
	for _, p := range m.payments {
		if p.moves() && !m.ended(p) && sameDay(p.at, now) && counts(p) {
			n, sum = n+1, sum+m.amount(p)
		}
	}
	return n, sum
}

func sameDay(a, b time.Time) bool { return a.Format("060102") == b.Format("060102") }

// totals are those of a till's batch: what was taken and what was given back, each with its count. What was voided counts, and so
// does its void (DOMAIN.md A.13). balances is false where the host has what the till does not know of; known is false while people must find
// out about a payment.
func (m *model) totals(till, batch string) (debits, debit, credits, credit int64, balances, known bool) {
	balances, known = true, true
	for _, p := range m.payments {
		if p.till != till || p.batch != batch {
			continue
		}
		balances, known = balances && !p.unknown, known && !p.open
		switch k := p.flow.Kind(); {
		case !p.stands, p.unknown, !moves(p.flow):
		case k == pay.Sale || k == pay.Completion:
			debits, debit = debits+1, debit+m.amount(p)
		default:
			credits, credit = credits+1, credit+p.minor
		}
	}
	return debits, debit, credits, credit, balances, known
}

// moves tells that money of a flow's stands in the totals of its batch.
func moves(f pay.Flow) bool {
	return f.Kind() == pay.Sale || f.Kind() == pay.Completion || f.GivesBack()
}

// byVoucher tells that an order names its original by the number on its slip.
func byVoucher(f pay.Flow) bool {
	return f.Kind() == pay.Void || f.Kind() == pay.CompletionVoid || f.Amends()
}

// told tells that the issuer is not asked but told of a flow.
func told(f pay.Flow) bool {
	return f.Kind() == pay.Refund || f == pay.CompletionAdvice || f == pay.MOTOCompletionAdvice || f == pay.OfflineSale || f.Amends()
}

// want is how an order must end when nothing disturbs it.
type want struct {
	kind terminal.EndingKind
	code pay.Answer
	part int64 // of the amount, that is approved; 0 for all of it
}

func yes() want               { return want{kind: terminal.Approved, code: pay.Answer00Approved} }
func no(code pay.Answer) want { return want{kind: terminal.Declined, code: code} }
func refused() want           { return want{kind: terminal.Refused} }
func (w want) approves() bool { return w.kind == terminal.Approved || w.kind == terminal.Told }

// fits tells that an ending is what was wanted.
func (w want) fits(e terminal.Ending) bool {
	return (e.Kind == w.kind || w.kind == "" && !approving(e)) && (w.part == 0 || e.Amount.Minor == w.part) && (w.code == "" || e.Answer == w.code)
}

// wants says how an order must end: first what the till knows itself, then the acquirer's rules, then the issuer's
// (DOMAIN.md A.14, C).
func (m *model) wants(p *payment, pin rig.PINAct, batch string, now time.Time) want {
	k, o := p.flow.Kind(), p.on
	switch {
	case m.flat[p.till] && p.flow != pay.Settlement:
		return refused()
	case byVoucher(p.flow) && (o.batch != batch || !o.stands):
		return refused()
	case (byVoucher(p.flow) || k == pay.PreAuthVoid) && o.till == p.till && m.undone(o):
		return refused()
	case p.flow == pay.OfflineSale && !p.spoken && p.minor >= m.floor[p.till]:
		return refused()
	case p.flow.Amends() && m.altered(p)*100 > o.first*max(tipPercent, m.tips[p.till]):
		return refused()
	case p.flow == pay.OfflineSale, o != nil && o.stored: // which the till does alone
		return want{kind: terminal.Approved}
	case (m.barred[p.till] || m.off[p.till]) && p.flow == pay.Settlement && m.keeps(p.till): // the upload before it is answered
		return refused()
	case m.barred[p.till]:
		return want{code: pay.Answer58NotPermittedTill} // to the payment, or to a sign-in before it
	case m.off[p.till] && k == pay.Refund: // the till keeps it and tells it again
		return want{kind: terminal.Unknown}
	case m.off[p.till] && told(p.flow):
		return want{kind: terminal.Kept}
	case m.off[p.till]:
		return no(pay.Answer77SignInAgain)
	case p.flow == pay.Settlement:
		return want{kind: terminal.Settled}
	case k == pay.PreAuth || k == pay.Sale:
		if w := m.takesMore(p, now); w.kind != "" {
			return w
		}
	case o != nil:
		if w := m.actsOn(p, batch, now); w.kind != "" {
			return w
		}
	}
	return m.issuer(p, pin, now)
}

// tipPercent bounds what tips and adjustments make of a payment.
const tipPercent = 120

// altered is what a tip or an adjustment makes of its payment.
func (m *model) altered(p *payment) int64 {
	if p.flow == pay.Tip {
		return m.bare(p.on) + p.minor
	}
	return p.minor
}

// deliver has the host hear of what a till has sold alone, and gives the sales. A bank pays what was authorised by voice whatever
// the card holds, and nothing else that it has not.
func (m *model) deliver(till string, now time.Time) (all []*payment) {
	for _, p := range m.payments {
		if p.till != till || !p.stored || !p.stands {
			continue
		}
		amount, holds := m.amount(p), m.card(p.who, now)
		_, known := m.holds[p.who]
		p.stored, p.at, p.told, p.charged = false, now, amount, !known || !p.spoken && holds < amount
		all = append(all, p)
	}
	return all
}

// uncertain tells that nobody can say before all is quiet whether a cardholder's bank has paid what was sold without asking it.
func (m *model) uncertain(who string) bool {
	return slices.ContainsFunc(m.payments, func(o *payment) bool { return o.who == who && o.unsure })
}

// keeps tells that a till has sold what the host has not heard of.
func (m *model) keeps(till string) bool {
	return slices.ContainsFunc(m.payments, func(o *payment) bool { return o.till == till && o.stored && o.stands })
}

// changes notes what was done to an offline sale before it left: nobody else will ever know.
func (m *model) changes(by *payment, e terminal.Ending) {
	switch o := by.on; {
	case e.Kind != terminal.Approved:
	case by.flow == pay.Adjustment:
		o.minor, o.tip = by.minor, 0
	case by.flow == pay.Tip:
		o.tip = by.minor
	default:
		o.stands, o.said = false, e.Kind
	}
}

// undone tells that a payment was taken back and that this stands in the till's journal.
func (m *model) undone(o *payment) bool {
	return slices.ContainsFunc(m.payments, func(by *payment) bool {
		return by.on == o && by.stands && !by.open && by.till == o.till && strings.HasSuffix(string(by.flow.Kind()), "void")
	})
}

// takesMore holds a payment to what its merchant may take.
func (m *model) takesMore(p *payment, now time.Time) want {
	if per := p.shop.PerSale.Minor; per > 0 && p.minor > per {
		return no(pay.Answer61AmountLimit)
	}
	n, _ := m.day(now, func(q *payment) bool {
		return q.shop.Name == p.shop.Name && (q.flow.Kind() == pay.Sale || q.flow.Kind() == pay.Completion)
	})
	if p.shop.Count > 0 && n >= p.shop.Count {
		return no(pay.Answer65CountLimit)
	}
	return want{}
}

// actsOn holds what takes back, completes or refunds to its original.
func (m *model) actsOn(p *payment, batch string, now time.Time) want {
	o, k := p.on, p.flow.Kind()
	s, days := m.dialect, int(midnight(now).Sub(midnight(o.at))/(24*time.Hour))
	switch {
	case o.shop.Name != p.shop.Name || !o.stands || o.charged || k == pay.Refund && s.byTrace && o.till != p.till:
		return no(pay.Answer25NoOriginal)
	case k == pay.Refund && o.flow == pay.Instalment:
		return no(pay.Answer12Invalid)
	case byVoucher(p.flow) && !p.flow.Amends() && days > 0:
		return no(pay.Answer25NoOriginal)
	case o.who != p.who && !p.flow.Amends(): // the card has gone back to the guest
		return no(pay.Answer14BadCard)
	case k == pay.Refund && days > s.refundDays:
		return no(s.lateRefund)
	case o.flow.Kind() == pay.PreAuth && (m.expired(o, now) || days >= s.preAuthDays):
		return no(s.ended)
	case m.ended(o) && (k == pay.Refund || k == pay.Completion):
		return no(pay.Answer25NoOriginal)
	case m.ended(o):
		return no(s.voidedAgain)
	case byVoucher(p.flow) && m.refunded(o) > 0:
		return no(pay.Answer12Invalid)
	case k == pay.Refund && m.refunded(o)+p.minor > m.amount(o):
		return no(s.overRefund)
	case p.flow.Amends() && m.altered(p)*100 > o.told*tipPercent:
		return no(pay.Answer61AmountLimit)
	case k == pay.Completion && !told(p.flow) && p.minor*100 > o.minor*int64(s.ceiling):
		return no(pay.Answer64AmountDiffers)
	case told(p.flow) && k == pay.Completion && p.minor > o.minor:
		return no(pay.Answer64AmountDiffers)
	}
	return want{}
}

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
}

// issuer says what the cardholder's bank must answer.
func (m *model) issuer(p *payment, pin rig.PINAct, now time.Time) want {
	holder, err := m.cast.Cardholder(p.who)
	k := p.flow.Kind()
	if err != nil || told(p.flow) { // which the acquirer decides alone
		return yes()
	}
	fresh := k == pay.Sale || k == pay.PreAuth || k == pay.Balance
	blocked, rightAway := pay.Answer75PINTries, m.tries[p.who] >= 3
	if holder.PickUp {
		blocked = pay.Answer38PINTriesPickUp
	}
	status := map[string]pay.Answer{"unknown": pay.Answer14BadCard, "lost": pay.Answer41Lost, "stolen": pay.Answer43Stolen, "restricted": pay.Answer62Restricted}
	switch {
	case fresh && status[holder.Status] != "":
		return no(status[holder.Status])
	case fresh && holder.Expiry < now.Format("0601"):
		return no(pay.Answer54Expired)
	case rightAway && (fresh || p.byPIN):
		return no(blocked)
	case fresh && holder.Stripe == "forged" && !far(p.flow):
		return no(pay.Answer59CardVerification)
	case pin == rig.PINNever, wrongFirst(pin) && m.tries[p.who] == 2:
		return no(blocked)
	case pin == rig.PINWrong: // he is asked again, and goes home
		return want{kind: terminal.Cancelled}
	case k == pay.Balance:
		return want{kind: terminal.Told, code: pay.Answer00Approved}
	}
	if w := m.limits(p, holder, now); fresh && w.kind != "" {
		return w
	}
	free := m.card(p.who, now)
	if p.flow == pay.Sale && m.parts[p.till] && free > 0 && free < p.minor {
		return want{kind: terminal.Approved, code: pay.Answer10Partial, part: free}
	}
	if k == pay.Completion {
		free += p.on.minor
	}
	if slices.Contains(takes, k) && free < p.minor {
		return no(pay.Answer51Funds)
	}
	if k == pay.CompletionVoid && free+p.minor < p.on.on.minor { // the deposit stands again
		return no(pay.Answer51Funds)
	}
	return yes()
}

// limits are those of the card, for one payment and for the day.
func (m *model) limits(p *payment, holder rig.Cardholder, now time.Time) want {
	n, sum := m.day(now, func(q *payment) bool { return q.who == p.who && slices.Contains(takes, q.flow.Kind()) })
	switch {
	case holder.PerSale.Minor > 0 && p.minor > holder.PerSale.Minor, holder.PerDay.Minor > 0 && sum+p.minor > holder.PerDay.Minor:
		return no(pay.Answer61AmountLimit)
	case holder.Count > 0 && n >= holder.Count:
		return no(pay.Answer65CountLimit)
	}
	return want{}
}

func wrongFirst(pin rig.PINAct) bool {
	return pin == rig.PINWrong || pin == rig.PINCorrected || pin == rig.PINNever
}

// entered counts the PINs that the issuer has looked at, as far as the ending tells.
func (m *model) entered(who string, pin rig.PINAct, e terminal.Ending) {
	switch blocked := e.Answer == pay.Answer75PINTries || e.Answer == pay.Answer38PINTriesPickUp; {
	case blocked:
		m.tries[who] = 3
	case pin == rig.PINWrong && e.Kind == terminal.Cancelled:
		m.tries[who]++
	case (pin == rig.PINRight || pin == rig.PINCorrected) && approving(e):
		m.tries[who], m.unsure[who] = 0, false
	case pin == rig.PINRight && m.tries[who] > 0, wrongFirst(pin):
		m.unsure[who] = true
	}
}
