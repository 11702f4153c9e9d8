package terminal

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// settlementDefects are those of the end of a batch.
func settlementDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-voids-count-as-debit", "money", "counts voids among the debits", "a void is booked as one more payment, and its sign was to come from the type",
			func(r *Rules) {
				r.Plans = slices.Clone(r.Plans)
				for i, p := range r.Plans {
					if p.Side == Credit && p.Undoes {
						r.Plans[i].Side = Debit
					}
				}
			}),
		defect("terminal-counts-foreign-as-domestic", "money", "counts every card as one of this country", "the second half of F48 is filled with zeros",
			func(r *Rules) { r.Foreign = func(pay.PAN) bool { return false } }),
		defect("terminal-believes-any-totals", "money", "takes every answer to its totals for a balanced one", "the result digit is printed and never read",
			func(r *Rules) { r.Balanced = func(iso8583.SettlementResult) bool { return true } }),
		defect("terminal-keeps-batch", "protocol", "goes on in the batch that it has just settled", "the next number is left to the next sign-in",
			func(r *Rules) { r.NextBatch = func(batch int) int { return batch } }),
		defect("terminal-trades-half-settled", "money", "sells while a settlement is half done", "the flag is only looked at by the settlement menu",
			func(r *Rules) { r.Gates = withoutGate(r.Gates, "terminal/settling") }),
		defect("terminal-settles-over-pending-reversal", "money", "settles although it owes a reversal or an advice", "what is owed is sent before the next sale, and a settlement is none",
			func(r *Rules) { r.Clears = func(p Plan) bool { return clears(p) && p.Done != Settled } }),
		defect("terminal-nine-rows", "protocol", "puts nine rows into one upload", "the limit counts from zero", func(r *Rules) { r.Rows++ }),
		defect("terminal-refunds-as-rows", "protocol", "uploads refunds and completion advices as rows", "one loop writes all of the batch",
			func(r *Rules) { r.Single = nil }),
		defect("terminal-always-ends-balanced", "protocol", "ends every upload with 207", "202 was a spelling mistake for all that the programmer knew",
			func(r *Rules) { r.End = func(bool) string { return "207" } }),
		defect("terminal-starts-upload-anew", "protocol", "begins an interrupted upload from its first row", "the place is kept in a variable of the loop",
			func(r *Rules) { r.ResumeFrom = func(int) int { return 0 } }),
		defect("terminal-renumbers-upload", "protocol", "repeats an upload under a new trace number", "the trace number is drawn where messages are sent",
			func(r *Rules) { r.SameAgain = false }),
		defect("terminal-gives-up-at-95", "resilience", "leaves a settlement half done when the host has counted other uploads", "95 stands in the list of declines",
			func(r *Rules) { r.UploadAgain = false }),
		defect("terminal-forgets-settlement", "resilience", "does not know after a restart that a settlement is half done", "the state of the menu is not saved",
			func(r *Rules) { r.Kept = false }),
		defect("terminal-lets-settlement-go", "resilience", "takes a later refusal of totals for the end of a settlement that the host has begun", "a settlement that was refused may be begun anew",
			func(r *Rules) { r.LetGo = func(bool) bool { return true } }),
		defect("terminal-leaves-gaps", "resilience", "lets go of a record that its storage did not take", "the error of a write that nobody waits for is not looked at",
			func(r *Rules) { r.WriteAgain = false }),
		defect("terminal-hangs-half-settled", "resilience", "waits for the end of a settlement whose batch the host has closed", "a sign-in changes the batch number and nothing else",
			func(r *Rules) { r.Overtaken = false }),
		defect("terminal-stays-signed-in", "security", "does not sign out after a settlement", "the parameter was read by the old release",
			func(r *Rules) { r.SignsOut = func(iso8583.Switches) bool { return false } }),
		defect("terminal-prints-no-totals", "protocol", "prints no slip of totals", "the merchant's portal shows them", func(r *Rules) { r.PrintTotals = false }),
		defect("terminal-overfills-batch", "resilience", "goes on selling when its batch is full", "the store was thought to be large enough for a day",
			func(r *Rules) { r.BatchLimit = func(iso8583.Switches) int { return 0 } }),
	}
}

// timeDefects are those of numbers that wrap and of clocks.
func timeDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-trace-zero-at-wrap", "protocol", "counts on from 999999 to 000000", "the remainder of a million is taken, and zero is one of them",
			func(r *Rules) { r.NextTrace = func(last int) int { return (last + 1) % 1000000 } }),
		defect("terminal-knows-the-year", "protocol", "takes the host's date for one of the year that its own clock shows", "the message has no year, so one was added",
			func(r *Rules) {
				r.HostTime = func(m *iso8583.Message, now time.Time) (time.Time, bool) {
					at, ok := hostTime(m, now)
					return at.AddDate(now.Year()-at.Year(), 0, 0), ok
				}
			}),
		defect("terminal-drops-reversal-at-cut-over", "money", "takes the 90 of a host that is changing its day for the end of a reversal", "an answer is an answer",
			func(r *Rules) { r.ReversalFinal = append(slices.Clone(r.ReversalFinal), pay.Answer90CutOver) }),
		defect("terminal-drops-advice-at-cut-over", "money", "takes the 90 of a host that is changing its day for its last word on a refund", "90 stands in the list of declines",
			func(r *Rules) {
				r.AdviceAgain = slices.DeleteFunc(slices.Clone(r.AdviceAgain), func(a pay.Answer) bool { return a == pay.Answer90CutOver })
			}),
	}
}
