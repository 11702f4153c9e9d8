package steps

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/rig"
	"github.com/tillproof/tillproof/simulators/terminal"
)

// traces: no number names two requests of a batch. A reversal has its original's, and the repeat of an advice its own again.
func (p *player) traces() error {
	seen, last := map[string]string{}, map[string]int{}
	for i, c := range p.world.Wire {
		if c.Answer || c.Message == nil || c.Note == "copy" || c.Flow == pay.Reversal || uploads(c.Flow) || p.repeated[i] {
			continue
		}
		tx, _ := p.world.Rig.Dialect.Transaction(c.Flow)
		name := c.Till + " " + c.Message.Get(iso8583.Batch) + " " + c.Message.Get(iso8583.Trace)
		what := string(c.Flow) + " " + c.Message.Get(iso8583.Amount)
		if was, ok := seen[name]; ok && (was != what || !tx.Advice) {
			return p.finds("trace", fmt.Sprintf("trace number %s names two messages: %s and %s", name, was, what),
				fmt.Sprintf("%s carries\n      | field | value  |\n      | F11   | %06d |", nthOf(c.Nth, c.Flow), last[c.Till]+1))
		}
		seen[name] = what
		n, _ := strconv.Atoi(c.Message.Get(iso8583.Trace)) // our own tills send digits
		last[c.Till] = max(last[c.Till], n)
	}
	return nil
}

// uploads of a settlement have numbers of what they are about.
func uploads(f pay.Flow) bool {
	return slices.Contains([]pay.Flow{pay.BatchUpload, pay.RefundUpload, pay.CompletionUpload, pay.OfflineUpload, pay.TCUpload, pay.UploadEnd}, f)
}

// reversals: a till takes back what its journal says that it has paid, and a host takes back what is of the same day.
func (p *player) reversals() error {
	amounts := map[string]pay.Amount{}
	for _, t := range p.world.Tills() {
		for _, s := range t.Statements() {
			amounts[t.Name+" "+s.Ref.Batch+" "+s.Ref.Trace] = s.Amount
		}
	}
	sold, taken := map[string]time.Time{}, map[string]bool{}
	for i, c := range p.world.Wire {
		if c.Message == nil || p.repeated[i] {
			continue
		}
		name := c.Till + " " + c.Message.Get(iso8583.Batch) + " " + c.Message.Get(iso8583.Trace)
		if c.Answer && c.Flow != pay.Reversal && sold[name].IsZero() && c.Message.Get(iso8583.AuthCode) != "" {
			sold[name] = c.At
		}
		if c.Flow != pay.Reversal {
			continue
		}
		amount, err := c.Amount()
		if known, ok := amounts[name]; !c.Answer && ok && c.Note != "changed" && (err != nil || amount != known) {
			return p.finds("reversal", fmt.Sprintf("%s of %s: the till takes back %s, and has paid %s", nthOf(c.Nth, c.Flow), name, amount, known), "")
		}
		at := sold[name]
		switch code := pay.Answer(c.Message.Get(iso8583.AnswerCode)); {
		case !c.Answer:
		case code == pay.Answer64AmountDiffers:
			return p.finds("reversal", fmt.Sprintf("%s of %s is answered %s, and the till names what it has asked for or been given", nthOf(c.Nth, c.Flow), name, code), "")
		case code == pay.Answer00Approved && !at.IsZero() && !taken[name] && !sameDay(at, c.At) && c.At.Sub(at) > 5*time.Minute:
			return p.finds("reversal", fmt.Sprintf("%s of %s takes back a payment of another day", nthOf(c.Nth, c.Flow), name),
				fmt.Sprintf("the answer to %s carries\n      | field | value |\n      | F39   | %s    |", nthOf(c.Nth, c.Flow), pay.Answer25NoOriginal))
		case code == pay.Answer00Approved:
			taken[name] = true
		}
	}
	return nil
}

// settlementDays: what comes after the cut-off is settled with the next day (DOMAIN.md F.2).
func (p *player) settlementDays() error {
	for ; p.dated < len(p.world.Wire); p.dated++ {
		c := p.world.Wire[p.dated]
		if !c.Answer || c.Message == nil || c.Message.Get(iso8583.SettlementDate) == "" {
			continue
		}
		at, err := time.ParseInLocation("20060102150405", c.At.Format("2006")+c.Message.Get(iso8583.LocalDate)+c.Message.Get(iso8583.LocalTime), c.At.Location())
		if err != nil { // it has no time of its own
			continue
		}
		want := at.Add(24*time.Hour - p.world.Rig.Dialect.Switches.CutOff).Format("0102")
		if got := c.Message.Get(iso8583.SettlementDate); got != want {
			answer := "the answer to " + nthOf(c.Nth, c.Flow)
			return p.finds("settlement", fmt.Sprintf("%s, of %s, is settled with day %s, it should be %s", answer, at.Format("0102 15:04"), got, want),
				fmt.Sprintf("%s carries\n      | field | value |\n      | F15   | %s  |", answer, want))
		}
	}
	return nil
}

// heard gives the code of the last answer to a payment, whether or not it has reached the till.
func (p *player) heard(o *payment) pay.Answer {
	for _, c := range slices.Backward(p.world.Wire) {
		if c.Answer && c.Till == o.till && c.Flow == o.flow && c.Message != nil && c.Message.Get(iso8583.Trace) == o.trace {
			return pay.Answer(c.Message.Get(iso8583.AnswerCode))
		}
	}
	return ""
}

// unfinished are answers after which what a till tells is told again: the host has not taken it yet.
var unfinished = []pay.Answer{"", pay.Answer06Error, pay.Answer68TooLate, pay.Answer77SignInAgain, pay.Answer90CutOver, pay.Answer91IssuerDown, pay.Answer92NoRoute,
	pay.Answer96Malfunction, pay.Answer98NoAnswer, pay.Answer99PINTranslation, pay.AnswerA0BadMAC}

// strangers are answers about who tells: to what was sold before they are no last word either.
var strangers = []pay.Answer{pay.Answer03BadMerchant, pay.Answer58NotPermittedTill, pay.Answer97UnknownTill}

// dropped finds an advice that a till has let go of though no host has said its last word.
func (p *player) dropped(o *payment, fact audit.Fact) error {
	before := o.flow == pay.OfflineSale || o.said == terminal.Unknown || o.said == terminal.Kept
	if fact != audit.Declined || !told(o.flow) || !slices.Contains(unfinished, p.heard(o)) && !(before && slices.Contains(strangers, p.heard(o))) {
		return nil
	}
	return p.finds("advice", fmt.Sprintf("%s at %s (trace %s) is not told any more, and the host's last word was %q", o.flow, o.till, o.trace, p.heard(o)), "")
}

// tells holds what a till shows and prints of its journal to that journal.
func (p *player) tells(t *rig.Till, shown, printed int) error {
	all := payments(t)
	var last audit.Statement
	if len(all) > 0 {
		last = all[len(all)-1]
	}
	for _, screen := range t.Screens[min(shown, len(t.Screens)):] {
		if want := []string{last.Ref.Trace, "@FACT_" + strings.ToUpper(string(last.Fact))}; screen.ID == "LAST_PAYMENT" && !slices.Equal(want, []string{screen.Args[1], screen.Args[3]}) {
			return p.finds("query", fmt.Sprintf("the last payment of %s is shown as %v, it should be %v", t.Name, screen.Args, want), "")
		}
	}
	for _, slip := range t.Slips[min(printed, len(t.Slips)):] {
		if slices.ContainsFunc(slip.Lines, func(l terminal.Line) bool { return l.ID == "SLIP_STATISTICS" }) {
			if err := p.counted(t, slip); err != nil {
				return err
			}
		}
	}
	return nil
}

// flowID is a flow as screens and slips have it.
func flowID(f pay.Flow) string {
	return "@FLOW_" + strings.ToUpper(strings.ReplaceAll(string(f), "-", "_"))
}
