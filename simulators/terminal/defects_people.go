package terminal

import (
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/audit"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// peopleDefects are those of operators, of what they ask, of answers and of receipts.
func peopleDefects() []pay.Defect[Rules] {
	return slices.Concat(operatorDefects(), queryDefects(), answerDefects(), receiptDefects())
}

func operatorDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-cashier-approves-void", "security", "takes any operator's password for the supervisor's", "the prompt calls the log-in, which only says yes or no",
			func(r *Rules) { r.Approves = func(_ Role, own bool) bool { return !own } }),
		defect("terminal-approves-with-own-password", "security", "takes the password of the cashier who asks", "the prompt compares with the session",
			func(r *Rules) { r.Approves = func(by Role, own bool) bool { return own || by == Supervisor } }),
		defect("terminal-administrator-approves", "security", "takes the technician's password for the supervisor's", "99 was thought to rank above 00",
			func(r *Rules) { r.Approves = func(by Role, _ bool) bool { return by != Cashier } }),
		defect("terminal-supervisor-never-locks", "security", "lets the supervisor's password be tried for ever where he approves", "only the log-in screen counts",
			func(r *Rules) { r.ApprovalTries = 0 }),
		defect("terminal-open-session-approves", "security", "asks for no password while the supervisor is logged in", "he had typed it already",
			func(r *Rules) { r.OpenApproves = true }),
		defect("terminal-ignores-approval-switch", "protocol", "asks for the supervisor at each void of a completion", "the parameter came with a later version of the specification",
			func(r *Rules) {
				r.Plans = slices.Clone(r.Plans)
				for i := range r.Plans {
					r.Plans[i].Approval = nil
				}
			}),
		defect("terminal-takes-factory-password", "security", "lets an operator in with the password that every till is delivered with", "new cashiers could not log in during the training",
			func(r *Rules) { r.FactoryPasswords = true }),
		defect("terminal-one-password-rule", "security", "lets a supervisor choose as short a password as a cashier", "the rule was written when there were only cashiers",
			func(r *Rules) { r.WeakPassword = func(_ Role, p string) bool { return weakPassword(Cashier, p) } }),
		defect("terminal-forgets-lock", "security", "unlocks everybody when the power goes", "the counters live in memory",
			func(r *Rules) { r.KeepLocks = false }),
		defect("terminal-keeps-clear-password", "security", "writes passwords down as they are", "they are only four digits, and the file is hidden",
			func(r *Rules) { r.Hash = func(_, password string) []byte { return []byte(password) } }),
		defect("terminal-keeps-operator-after-shift", "protocol", "names the operator of the batch's first payment on all others", "the number is read once, when the shift begins",
			func(r *Rules) { r.Operator = whoBegan }),
	}
}

// whoBegan is who took the first payment of the batch.
func whoBegan(t *Terminal) string {
	if of := t.payments[t.settledTo:]; len(of) > 0 {
		return of[0].operator
	}
	return t.whoIsIn()
}

func queryDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-shows-stale-last-payment", "money", "shows the last approved payment when it is asked for the last one", "the query reads the file of receipts",
			func(r *Rules) { r.Queried = func(f audit.Fact) bool { return f == audit.Approved } }),
		defect("terminal-statistics-count-reversed", "money", "counts payments that came to nothing", "the counter goes up when the request leaves",
			func(r *Rules) { r.Statistics = func(f audit.Fact, _ pay.Flow) bool { return f != audit.Declined } }),
		defect("terminal-statistics-ignore-voids", "money", "leaves out what was given back", "the report was made for sales",
			func(r *Rules) {
				r.Statistics = func(f audit.Fact, flow pay.Flow) bool { return f == audit.Approved && !flow.GivesBack() }
			}),
		defect("terminal-statistics-by-utc", "protocol", "begins the day of its statistics at midnight in Greenwich", "the library's default",
			func(r *Rules) {
				r.Day = func(at time.Time, _ *time.Location) string { return at.UTC().Format(time.DateOnly) }
			}),
		defect("terminal-reprints-declined", "security", "prints a receipt of a payment that was declined when it is asked for the last one", "the slip is made before the code is looked at",
			func(r *Rules) {
				r.LeavesSlip = func(f audit.Fact) bool { return f == audit.Approved || f == audit.Declined }
			}),
		defect("terminal-reprints-last-for-any", "protocol", "prints the last receipt again, whatever voucher was asked for", "the number is asked for and not used",
			func(r *Rules) { r.AnyVoucher = false }),
	}
}

func answerDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-gives-up-on-wrong-pin", "protocol", "ends the order at the first wrong PIN", "a decline is a decline",
			func(r *Rules) { r.PINTries = 1 }),
		defect("terminal-asks-pin-for-ever", "security", "asks for the PIN as often as the host says that it was wrong", "the host was thought to count",
			func(r *Rules) { r.PINTries = 1000 }),
		defect("terminal-same-trace-for-pin-retry", "protocol", "sends the corrected PIN under the trace number of the wrong one", "the retry jumps back behind the place where the number is drawn",
			func(r *Rules) { r.NewTraceEachTry = false }),
		defect("terminal-ignores-once-more", "protocol", "takes 19 for a decline", "the table had only two columns, yes and no",
			func(r *Rules) { r.OnceMore = nil }),
		defect("terminal-repeats-declined", "protocol", "sends again at once what the host cannot do now", "retry was thought to mean the till",
			func(r *Rules) { r.OnceMore = []iso8583.Next{iso8583.NextOnce, iso8583.NextRetry} }),
		defect("terminal-ignores-pick-up", "security", "gives a card back that is to be kept", "the codes 04 to 43 share one text with the other declines",
			func(r *Rules) {
				r.PickUpSlip = false
				r.Prompt = func(a iso8583.AnswerRule) string {
					if a.Next == iso8583.NextKeepCard {
						return "FAILED_CODE"
					}
					return a.Prompt
				}
			}),
		defect("terminal-waits-for-sign-in", "protocol", "sells nothing after a 77 until somebody finds the sign-in key", "signing in was thought to be the cashier's business",
			func(r *Rules) { r.SignInByItself = false }),
	}
}

// retouched edits the lines of receipts.
func retouched(name, text, why string, edit func(pay.Flow, Line) (Line, bool)) pay.Defect[Rules] {
	return defect(name, "protocol", text, why, func(r *Rules) { r.Template = edit })
}

func receiptDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		retouched("terminal-void-slip-without-original", "does not say on the slip of a void or refund what was taken back", "one template for all slips",
			func(f pay.Flow, l Line) (Line, bool) {
				l, ok := template(f, l)
				return l, ok && !strings.HasPrefix(l.ID, "SLIP_ORIGINAL")
			}),
		retouched("terminal-prints-refund-as-sale", "calls a refund a sale on its slip", "the type is part of the template's head",
			func(f pay.Flow, l Line) (Line, bool) {
				if l.ID == "SLIP_TYPE" && f.GivesBack() {
					l.Args = []string{flowText(pay.Sale)}
				}
				return template(f, l)
			}),
		retouched("terminal-amount-without-currency", "prints amounts without their currency", "the pilot knew only one",
			func(f pay.Flow, l Line) (Line, bool) {
				if l.ID == "SLIP_AMOUNT" || l.ID == "SLIP_TOTAL" {
					digits, _, _ := strings.Cut(l.Args[0], " ")
					l.Args = []string{digits}
				}
				return template(f, l)
			}),
		retouched("terminal-expiry-on-slip", "prints the card's expiry", "the template is older than the rule against it",
			func(_ pay.Flow, l Line) (Line, bool) { return l, true }),
		retouched("terminal-says-always-swiped", "says that each card was swiped", "the letter stands in the template",
			func(f pay.Flow, l Line) (Line, bool) {
				if l.ID == "SLIP_CARD" {
					l.Args = []string{l.Args[0], "S"}
				}
				return template(f, l)
			}),
		retouched("terminal-drops-note", "prints the slip of an approval with a remark as of any other", "the remark was put on the screen only",
			func(f pay.Flow, l Line) (Line, bool) {
				l, ok := template(f, l)
				return l, ok && !strings.HasPrefix(l.ID, "APPROVED")
			}),
		retouched("terminal-drops-signature", "leaves no place to sign", "to save paper",
			func(f pay.Flow, l Line) (Line, bool) {
				l, ok := template(f, l)
				return l, ok && l.ID != "SLIP_SIGNATURE"
			}),
		defect("terminal-full-pan-on-deposit", "security", "prints the whole card number of a deposit on the guest's copy too", "the switch for the merchant's copy is asked for both",
			func(r *Rules) { r.FullPAN = func(f pay.Flow, _ Copy) bool { return f.Kind() == pay.PreAuth } }),
		defect("terminal-own-time-on-slip", "protocol", "prints its own time on the slip", "the clock was set at sign-in",
			func(r *Rules) { r.SlipTime = func(own, _ time.Time) time.Time { return own } }),
	}
}
