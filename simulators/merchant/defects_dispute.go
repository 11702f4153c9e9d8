package merchant

import "github.com/tillproof/tillproof/simulators/core/pay"

// disputeDefects are offices that err about disputes.
func disputeDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		skips("merchant-charges-back-refunded", "dispute-left", "money", "charges back what was refunded", "refunds and disputes are kept by two departments"),
		skips("merchant-represents-bare", "evidence", "settlement", "answers a chargeback without evidence", "the form lets one, and the scheme refuses it with a fee"),
		{Name: "merchant-reopens-disputes", Category: "money", Text: "rules on a dispute that has ended", Why: "the scheme's message came twice",
			Edit: func(r *Rules) { r.Services = without(without(r.Services, "dispute-open"), "dispute-stage") }},
		{Name: "merchant-refunds-disputed", Category: "money", Text: "lets be refunded what was charged back", Why: "the till knows nothing of disputes",
			Edit: func(r *Rules) { r.Quarrel = func(*Office, Dispute, pay.Amount) error { return nil } }},
		{Name: "merchant-pays-disputed", Category: "money", Text: "does not hold what is disputed", Why: "it is the merchant's until the ruling, says his contract",
			Edit: func(r *Rules) { r.HoldsDisputed = false }},
		{Name: "merchant-keeps-won", Category: "money", Text: "keeps what a merchant has won", Why: "the ruling ends the case, and the money lies in another system",
			Edit: func(r *Rules) { r.ReturnsWon = false }},
		{Name: "merchant-waits-for-ever", Category: "settlement", Text: "lets a chargeback lie that nobody answers", Why: "deadlines are in the scheme's calendar",
			Edit: func(r *Rules) { r.Deadlines = false }},
	}
}
