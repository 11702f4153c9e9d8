package acquirer

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
)

// deviceDefects are those of what terminals fetch, and of what they tell of themselves.
func deviceDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-never-announces", Category: "protocol", Text: "has something new for its terminals and does not say so in the header",
			Why:  "terminals were to ask by themselves every night",
			Edit: func(r *Rules) { r.Asks = func(*Call) byte { return '0' } }},
		{Name: "acquirer-forgets-newcomers", Category: "protocol", Text: "lets a terminal that was just taken on sell with what the factory gave it",
			Why: "only what is published anew is announced",
			Edit: func(r *Rules) {
				r.Asks = func(c *Call) byte {
					n := asks(c)
					for _, r := range requests() {
						if n == r.nibble && c.terminal.Fetched[r.download] == nothing {
							return '0'
						}
					}
					return n
				}
			}},
		{Name: "acquirer-asks-for-ever", Category: "protocol", Text: "asks a terminal for what it has fetched already",
			Why: "the end message is answered and not written down",
			Edit: func(r *Rules) {
				r.Fetched = func(c *Call, _ Download) []Terminal { return []Terminal{c.terminal} }
			}},
		{Name: "acquirer-asks-status-for-ever", Category: "protocol", Text: "asks for a terminal's status again and again",
			Why: "the flag is cleared by the report, not by the upload",
			Edit: func(r *Rules) {
				r.Asks = func(c *Call) byte {
					if n := asks(c); n != '0' || len(c.terminal.Status) == 0 {
						return n
					}
					return '2'
				}
			}},
		{Name: "acquirer-serves-old-parameters", Category: "protocol", Text: "serves every terminal the standard parameters",
			Why: "the terminal's own row is kept by another department",
			Edit: func(r *Rules) {
				r.Whole = func(c *Call, d Download) []byte {
					if d == Parameters {
						return []byte(standardParameters)
					}
					return whole(c, d)
				}
			}},
		{Name: "acquirer-remembers-one-till", Category: "protocol", Text: "takes what one till of a shop has fetched for what all of them have",
			Why: "the state is kept with the merchant",
			Edit: func(r *Rules) {
				r.Fetched = func(c *Call, d Download) []Terminal {
					changed := fetched(c, d)
					for _, t := range c.Terminals() {
						if t.Merchant == c.terminal.Merchant && t.Number != c.terminal.Number {
							changed = append(changed, t.with(d, c.terminal.Fetching[d]))
						}
					}
					return changed
				}
			}},
	}
}

// sessionDefects are those of software versions, the line test and the sign-out.
func sessionDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-takes-old-version", Category: "security", Text: "lets any software trade",
			Why:  "the version stands in a report that nobody reads",
			Edit: func(r *Rules) { r.drop("version") }},
		{Name: "acquirer-trusts-download", Category: "security", Text: "lets software trade once its new version was fetched",
			Why: "the end of the download is taken for the update",
			Edit: func(r *Rules) {
				r.replace("version", func(c *Call) (pay.Answer, string) {
					if c.terminal.Fetched[Parameters] == c.edition(Parameters, c.terminal.Number).Number {
						return passed, ""
					}
					return versionTaken(c)
				})
			}},
		{Name: "acquirer-echo-needs-sign-in", Category: "protocol", Text: "answers a line test only where the terminal has signed in",
			Why: "the same checks stand before all messages",
			Edit: func(r *Rules) {
				r.Flows = slices.Clone(r.Flows)
				for i, f := range r.Flows {
					if f.Flow == pay.Echo {
						r.Flows[i].Checks = slices.Concat(f.Checks, []Check{{"session", signedIn}})
					}
				}
			}},
		{Name: "acquirer-refuses-second-sign-out", Category: "protocol", Text: "refuses the repeat of a sign-out that it has answered",
			Why: "a terminal that is signed out has nothing to say",
			Edit: func(r *Rules) {
				r.replace("sign-out-batch", func(c *Call) (pay.Answer, string) {
					if answer, reason := signedIn(c); answer != passed {
						return answer, reason
					}
					return batchAgrees(c)
				})
			}},
	}
}

// noticeDefects are those of what terminals tell of a payment when it is over.
func noticeDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-loses-signature", Category: "resilience", Text: "answers a signature and does not keep it",
			Why:  "the archive's queue is full, and nobody hears of it",
			Edit: func(r *Rules) { r.Keep = func(s Signature, _ SignaturePart) Signature { return s } }},
		{Name: "acquirer-joins-parts-out-of-order", Category: "protocol", Text: "joins the parts of a signature in the order in which they come",
			Why: "each part is appended to the file as it arrives",
			Edit: func(r *Rules) {
				r.Keep = func(s Signature, part SignaturePart) Signature {
					s.Parts = append(slices.Clone(s.Parts), part)
					return s
				}
				r.Join = func(s Signature) []byte { return joined(s.Parts) }
			}},
		{Name: "acquirer-signs-last-payment", Category: "protocol", Text: "puts a signature under the terminal's last payment",
			Why: "the signature always followed its payment in the laboratory",
			Edit: func(r *Rules) {
				r.replace("signed-payment", func(c *Call) (pay.Answer, string) {
					answer, reason := signedPayment(c)
					for _, p := range c.Payments() {
						if p.Ref.Terminal == c.terminal.Number && p.State == Approved {
							c.original = p
						}
					}
					return answer, reason
				})
			}},
	}
}
