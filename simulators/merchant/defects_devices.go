package merchant

import (
	"slices"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// skips is an office that leaves a check out.
func skips(name, check, category, text, why string) pay.Defect[Rules] {
	return pay.Defect[Rules]{Name: name, Category: category, Text: text, Why: why, Edit: func(r *Rules) { r.Services = without(r.Services, check) }}
}

// applicationDefects are offices that take on whom they should not.
func applicationDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		skips("merchant-takes-anybody", "identity", "security", "takes any number for an identity number", "the check was to be done by the people who review"),
		skips("merchant-pays-strangers", "account-name", "security", "lets a merchant's money go to an account of somebody else", "the bank compares names, at some banks"),
		skips("merchant-takes-casinos", "trade", "security", "takes on trades that get no till", "the list is in the sales partners' contract"),
		skips("merchant-approves-rejected", "review", "security", "approves an application that was rejected", "the screen is open in two windows"),
		{Name: "merchant-reviews-unseen", Category: "security", Text: "lets an application be reviewed before its documents are there", Why: "they may follow, said the sales department",
			Edit: func(r *Rules) { r.Missing = func(Application) []string { return nil } }},
		{Name: "merchant-shows-person", Category: "security", Text: "tells identity, phone and account of an applicant in the clear", Why: "the masks are put on by the screen",
			Edit: func(r *Rules) {
				r.Shown = func(p Person) Shown {
					return Shown{Owner: p.Owner.Reveal(), Identity: p.Identity.Reveal(), Phone: p.Phone.Reveal(), Account: p.Account.Reveal()}
				}
			}},
	}
}

// deviceDefects are offices that err about devices and deposits.
func deviceDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		skips("merchant-ships-twice", "serial-free", "security", "binds a device to a second merchant", "stock is counted by another system"),
		skips("merchant-texts-anybody", "phone", "security", "texts an activation code to whatever phone asks", "people change their phones"),
		skips("merchant-takes-old-codes", "code-fresh", "security", "takes an activation code whatever its age", "texts came late, so somebody was generous"),
		skips("merchant-takes-used-codes", "code-used", "security", "takes an activation code a second time", "activation is repeated when its answer is lost"),
		skips("merchant-counts-no-tries", "code-tries", "security", "lets a code be guessed as often as one likes", "six digits are a million, and nobody has so much time"),
		skips("merchant-closes-with-balance", "close-balance", "money", "closes a merchant while money is open", "the balance is looked at by the people who close"),
		{Name: "merchant-takes-any-code", Category: "security", Text: "takes a code that was given for another device", Why: "codes are looked up by themselves",
			Edit: func(r *Rules) {
				r.CodeFits = func(c *Call, _ string) bool {
					return slices.ContainsFunc(c.shipped, func(serial string) bool {
						clear, err := c.HSM.Open(KeyStore, c.devices[serial].Code)
						return err == nil && string(clear) == c.req.Activation.Reveal()
					})
				}
			}},
		{Name: "merchant-suspends-on-paper", Category: "security", Text: "suspends a merchant and does not tell the acquirer", Why: "the acquirer takes its list over night",
			Edit: func(r *Rules) { r.Stop = func(*Office, string, string, bool) error { return nil } }},
		{Name: "merchant-activates-on-paper", Category: "resilience", Text: "activates a device of which the acquirer is not told", Why: "the acquirer's registry was down, and its error was logged",
			Edit: func(r *Rules) {
				r.Registers = func(Merchant, Device) ([]byte, string, error) { return nil, "", nil }
			}},
		{Name: "merchant-deposit-again", Category: "money", Text: "takes the deposit again when a device is activated again", Why: "the deposit hangs on the activation, and not on the device",
			Edit: func(r *Rules) { r.DepositOnce = false }},
		{Name: "merchant-ignores-campaign", Category: "money", Text: "takes a deposit that a campaign spares", Why: "campaigns are entered by the sales department, in its own system",
			Edit: func(r *Rules) { r.Waives = func(*Terms, string, time.Time) bool { return false } }},
		{Name: "merchant-campaign-for-ever", Category: "money", Text: "spares the deposit when the campaign is over", Why: "campaigns have a name and nobody asks for their days",
			Edit: func(r *Rules) {
				r.Waives = func(t *Terms, campaign string, _ time.Time) bool {
					return slices.ContainsFunc(t.Deposit.Waived, func(w Waiver) bool { return w.Campaign == campaign })
				}
			}},
		{Name: "merchant-keeps-deposit", Category: "money", Text: "keeps the deposit of a device that was given back", Why: "it is returned on request, and nobody knows of what to ask",
			Edit: func(r *Rules) { r.Release = func(*Office, time.Time, Device, pay.Amount) error { return nil } }},
		{Name: "merchant-damage-is-free", Category: "money", Text: "gives the whole deposit back for a broken device", Why: "the workshop's finding comes a week later",
			Edit: func(r *Rules) {
				r.Release = func(o *Office, now time.Time, d Device, _ pay.Amount) error { return o.release(now, d, pay.CNY(0)) }
			}},
		{Name: "merchant-keeps-past-term", Category: "money", Text: "does not give a deposit back when its days are over", Why: "the job that does was never scheduled",
			Edit: func(r *Rules) { r.ReturnsAtTerm = false }},
	}
}
