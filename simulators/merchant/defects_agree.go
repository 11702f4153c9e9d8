package merchant

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// agreementDefects are offices that debit as nobody has agreed to.
func agreementDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		skips("merchant-debits-anybody", "consent", "security", "debits a payer who has not agreed, or does not any more", "the merchant has the paper"),
		skips("merchant-confirms-for-payer", "consent-code", "security", "takes any code for the payer's", "the merchant's clerk types it, so that the customer need not"),
		skips("merchant-debits-expired", "consent-term", "security", "debits when the days of a consent are over", "agreements renew themselves, says the contract of another product"),
		skips("merchant-over-debit-cap", "cap-debit", "money", "debits more at once than was agreed", "the cap is shown to the payer and kept nowhere"),
		skips("merchant-over-day-cap", "cap-day", "money", "debits more a day than was agreed", "each debit is held to the cap by itself"),
		skips("merchant-over-month-cap", "cap-month", "money", "debits more a month than was agreed", "the sum of the month is counted over night"),
		skips("merchant-over-count-cap", "cap-count", "money", "debits more often than was agreed", "sums were thought of, and numbers not"),
		{Name: "merchant-debits-twice", Category: "money", Text: "takes the repeat of a debit for another one", Why: "the merchant's number is printed and not looked up",
			Edit: func(r *Rules) {
				r.Services = without(r.Services, "debit-repeat")
			}},
		{Name: "merchant-retries-cancelled", Category: "money", Text: "tries again to debit when the agreement was cancelled", Why: "the schedule was made when the debit was, and nobody looks again",
			Edit: func(r *Rules) { r.StillAgreed = func(Agreement, time.Time) bool { return true } }},
		{Name: "merchant-changes-silently", Category: "security", Text: "debits by new terms which the payer has not confirmed", Why: "an increase is announced on the website",
			Edit: func(r *Rules) {
				r.Change = func(a Agreement, k Consent) Agreement {
					a.Consent = k
					return a
				}
			}},
		{Name: "merchant-debits-once", Category: "resilience", Text: "gives a debit up at the first refusal", Why: "the schedule is a job that was never written",
			Edit: func(r *Rules) { r.DebitTries = 1 }},
		{Name: "merchant-retries-revoked", Category: "resilience", Text: "tries a revoked card again and again", Why: "a no is a no, and the reason is not read",
			Edit: func(r *Rules) {
				r.Revoked = func(w BankWord) BankWord {
					if w == BankRevoked {
						return BankRefused
					}
					return w
				}
			}},
		{Name: "merchant-members-for-ever", Category: "money", Text: "debits the months of a membership that was cancelled", Why: "who wants to leave is to write a letter",
			Edit: func(r *Rules) { r.PlanStands = func(Agreement, time.Time) bool { return true } }},
		skips("merchant-coupon-twice", "coupon-once", "money", "takes a coupon for every debit", "it is struck off in the shop's own list, at night"),
		{Name: "merchant-writes-off", Category: "money", Text: "forgets a deferred debit that could not be collected", Why: "failed is failed",
			Edit: func(r *Rules) { r.Uncollected = DebitFailed }},
		{Name: "merchant-debits-untold", Category: "security", Text: "debits without a word to the payer", Why: "texts cost money",
			Edit: func(r *Rules) { r.TellsPayer = false }},
	}
}
