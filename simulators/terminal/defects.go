package terminal

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// Defects lists what real tills ship with: edits of the rules, each of which a scenario must notice.
func Defects() []pay.Defect[Rules] {
	return slices.Concat(deskDefects(), cardDefects(), chipDefects(), chipTellingDefects(), lineDefects(), dayDefects(), peopleDefects(), flowDefects(), deviceDefects(), noticeDefects(), offlineDefects(), settlementDefects(), timeDefects(), codeDefects(), walletDefects())
}

func deskDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-keeps-no-reversal", "resilience", "keeps the pending reversal in RAM only",
			"the journal was thought too slow, and nobody cut the power in the lab", func(r *Rules) { r.WritePendingFirst = false }),
		defect("terminal-never-reverses", "money", "takes a missing answer for a decline",
			"the programmer's network never lost an answer", func(r *Rules) { r.Reverse = false }),
		defect("terminal-ignores-answer-mac", "security", "believes any answer", "the MAC check was switched off while the keys were sorted out",
			func(r *Rules) { r.Checks = without(r.Checks, "terminal/answer-mac") }),
		defect("terminal-ignores-answer-echo", "protocol", "does not compare amount, trace and terminal of an answer with its request",
			"the host was trusted to answer what it was asked", func(r *Rules) { r.Checks = without(r.Checks, "terminal/answer-echo") }),
		defect("terminal-accepts-bad-kcv", "keys", "says signed in although a key's check value does not fit",
			"the PIN pad's return code is not looked at", func(r *Rules) { r.CheckKCV = false }),
		defect("terminal-keeps-own-batch", "protocol", "does not adopt the host's batch number", "the batch was a setting once",
			func(r *Rules) { r.AdoptBatch = false }),
		defect("terminal-keeps-own-clock", "protocol", "does not set its clock at sign-in", "the clock is right when it leaves the factory",
			func(r *Rules) { r.AdoptClock = false }),
		defect("terminal-prints-full-pan", "security", "prints the whole card number", "the first pilot merchant wanted it so",
			func(r *Rules) { r.MaskPAN = pay.PAN.Reveal }),
		defect("terminal-reuses-trace-after-restart", "protocol", "uses the last trace number again after a restart",
			"the counter is saved before it is raised", func(r *Rules) { r.TraceAfterRestart = func(last int) int { return max(last-1, 0) } }),
		defect("terminal-swipes-chip-card", "emv", "takes the stripe of a chip card", "the service code is not read",
			func(r *Rules) { r.ChipReader = false }),
		defect("terminal-forgets-re-sign-in", "protocol", "does not sign in again when the host asks for it in the header",
			"the header is skipped as a whole", func(r *Rules) {
				r.Requests = func(nibble byte) Request {
					if nibble == '3' {
						return RequestNone
					}
					return requests(nibble)
				}
			}),
		defect("terminal-trades-signed-off", "security", "sells without being signed in", "the flag is only looked at by the sign-in menu",
			func(r *Rules) { r.Gates = withoutGate(r.Gates, "terminal/signed-in") }),
		defect("terminal-never-locks-operator", "security", "lets passwords be tried for ever", "the counter lives in the log-in screen, which is made anew each time",
			func(r *Rules) { r.LoginTries = 0 }),
		defect("terminal-locks-early", "protocol", "locks an operator at the second wrong password", "the counter begins at one",
			func(r *Rules) { r.LoginTries-- }),
		defect("terminal-takes-weak-password", "security", "takes any password", "a merchant complained about the rule",
			func(r *Rules) { r.WeakPassword = func(Role, string) bool { return false } }),
		defect("terminal-never-asks-pin", "security", "sells without a PIN whatever the card wants", "the no-PIN limit was set for contactless and used for all",
			func(r *Rules) { r.NoPINLimit = 100_000 }),
		defect("terminal-takes-partial-as-full", "money", "takes a partial approval for the whole amount", "10 stands in the list of approving codes",
			func(r *Rules) { r.TakePartial = true }),
		defect("terminal-loses-slip-without-paper", "resilience", "forgets the slip when the paper is out", "printing is fire and forget",
			func(r *Rules) { r.KeepSlips = false }),
		defect("terminal-sells-on-low-battery", "resilience", "begins a sale on an almost empty battery", "the warning is only shown",
			func(r *Rules) { r.Gates = withoutGate(r.Gates, "terminal/battery") }),
		defect("terminal-takes-mistyped-card", "protocol", "sends a typed card number whose check digit is wrong", "the host was thought to check it",
			func(r *Rules) { r.CardNumber = func(pay.PAN) bool { return true } }),
		defect("terminal-sends-clear-track", "security", "sends tracks in the clear although it has a track key", "encryption was to come with the next release",
			func(r *Rules) { r.EncryptTrack = false }),
		defect("terminal-ignores-tamper", "security", "does not look whether its case was opened", "the switch trips in the rain, so its signal was taken out",
			func(r *Rules) { r.Gates = withoutGate(r.Gates, "terminal/tamper") }),
		defect("terminal-never-logs-out", "security", "leaves an operator logged in for ever", "cashiers complained about the log-in",
			func(r *Rules) { r.IdleLogout = false }),
		defect("terminal-lets-anyone-unlock", "security", "lets a cashier unlock a colleague", "the menu is hidden, but its key works",
			func(r *Rules) { r.Manages = func(by, of Role) bool { return true } }),
		defect("terminal-gives-up-first-swipe", "protocol", "ends the order at the first bad swipe", "the retry loop counts from one",
			func(r *Rules) { r.SwipeTries = 1 }),
		defect("terminal-hides-reason", "protocol", "shows the same words for every decline", "the table of codes was to come later",
			func(r *Rules) { r.Prompt = hideReason }),
		defect("terminal-blames-the-line", "protocol", "says that it cannot connect, whatever is wrong with the line", "all errors of the socket end in one handler",
			func(r *Rules) { r.TroubleScreen = func(iso8583.Trouble) string { return "NO_CONNECTION" } }),
		defect("terminal-keeps-unstored-approval", "money", "says approved although it could not write the approval down", "the store's error is logged and forgotten",
			func(r *Rules) { r.TakeBackUnstored = false }),
		defect("terminal-prints-one-copy", "protocol", "prints no copy for the customer", "to save paper", func(r *Rules) { r.Copies = r.Copies[:1] }),
		defect("terminal-reprints-unmarked", "security", "prints a second slip that looks like the first", "the mark was left to the template",
			func(r *Rules) { r.MarkReprint = false }),
	}
}

func lineDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-reverses-unsent", "protocol", "reverses what never left it", "every error after the record is written ends in a reversal",
			func(r *Rules) { r.DropUnsent = false }),
		defect("terminal-delays-reversal", "resilience", "repeats an unanswered reversal only before the next sale", "the retry loop was thought to be in the link",
			func(r *Rules) { r.RepeatAtOnce = false }),
		defect("terminal-reversal-needs-00", "protocol", "repeats a reversal until it is answered 00", "12 and 25 look like failures",
			func(r *Rules) { r.ReversalFinal = []pay.Answer{pay.Answer00Approved} }),
		defect("terminal-reverses-without-card", "protocol", "leaves the card number out of the reversal", "it is not kept, for fear of the auditors",
			func(r *Rules) { r.Repeated = withoutElement(r.Repeated, iso8583.PAN) }),
		defect("terminal-impatient", "protocol", "waits half as long for an answer as the host takes at most", "the timeout was set on a fast network",
			func(r *Rules) { r.Patience = 30 * time.Second }),
		defect("terminal-takes-read-for-message", "protocol", "takes what one read brings for one message", "in the laboratory each message came in one read",
			func(r *Rules) { r.Framer = func(f wire.Framer) wire.Framer { return oneRead{f} } }),
		defect("terminal-wants-organisation", "protocol", "takes no answer to a payment that names no card organisation", "the acquirer of the laboratory always names it",
			func(r *Rules) {
				r.Checks = append(slices.Clone(r.Checks), Check{"terminal/answer-organisation", "BAD_ANSWER", pay.Answer06Error, namesOrganisation})
			}),
		defect("terminal-wants-no-text", "protocol", "takes no answer with a text behind the card organisation", "F63 is compared whole with what it was in the laboratory",
			func(r *Rules) {
				r.Checks = append(slices.Clone(r.Checks), Check{"terminal/answer-text", "BAD_ANSWER", pay.Answer06Error, hasNoText})
			}),
		defect("terminal-takes-next-answer", "protocol", "takes the next answer that comes for its own, whatever its number", "a till has one request under way, so what else could it be",
			func(r *Rules) {
				r.Correlate = func(d *iso8583.Dialect) *iso8583.Dialect { return d.Correlating(true) }
			}),
		defect("terminal-ignores-answer-type", "protocol", "takes a sealed message of any type for its answer", "an answer is found by its trace and terminal number alone",
			func(r *Rules) {
				r.Correlate = func(d *iso8583.Dialect) *iso8583.Dialect { return d.Correlating(false, d.KeyElements()...) }
				r.Checks = without(r.Checks, "terminal/answer-flow")
			}),
		defect("terminal-takes-no-code-for-decline", "money", "takes an answer without a code for a decline", "what is not 00 is a decline, and nothing is not 00",
			func(r *Rules) { r.Checks = without(r.Checks, "terminal/answer-code") }),
		defect("terminal-believes-length", "resilience", "waits for as many bytes as a message announces", "the length was thought to be checked by the modem",
			func(r *Rules) { r.Framer = func(f wire.Framer) wire.Framer { return unbounded{f} } }),
	}
}

func namesOrganisation(_ *Terminal, request, answer *iso8583.Message) bool {
	return !request.Has(iso8583.Amount) || answer.Has(iso8583.CardOrganisation)
}

func hasNoText(_ *Terminal, _, answer *iso8583.Message) bool { return !answer.Has(iso8583.AnswerText) }

func defect(name, category, text, why string, edit func(*Rules)) pay.Defect[Rules] {
	return pay.Defect[Rules]{Name: name, Category: category, Text: text, Why: why, Edit: edit}
}

// hideReason leaves only yes and no.
func hideReason(r iso8583.AnswerRule) string {
	if r.Category == iso8583.CategoryApproved {
		return r.Prompt
	}
	return "FAILED_CODE"
}

// oneRead takes what is there for the whole message, and all of it.
type oneRead struct{ wire.Framer }

// Next implements wire.Framer.
func (f oneRead) Next(buf []byte) ([]byte, int, error) {
	frame, _, err := f.Framer.Next(buf)
	return frame, len(buf), err
}

// unbounded waits for the rest of what is too long.
type unbounded struct{ wire.Framer }

// Next implements wire.Framer.
func (f unbounded) Next(buf []byte) ([]byte, int, error) {
	frame, n, err := f.Framer.Next(buf)
	if err != nil {
		return nil, 0, nil
	}
	return frame, n, nil
}

func withoutElement(all []iso8583.Element, e iso8583.Element) []iso8583.Element {
	return slices.DeleteFunc(slices.Clone(all), func(x iso8583.Element) bool { return x == e })
}

func without(all []Check, name string) []Check {
	return slices.DeleteFunc(slices.Clone(all), func(c Check) bool { return c.Name == name })
}

func withoutGate(all []Gate, name string) []Gate {
	return slices.DeleteFunc(slices.Clone(all), func(g Gate) bool { return g.Name == name })
}
