package acquirer

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/ledger"
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/protocol/wire"
)

// Defects lists the mistakes this acquirer can be made to have. Each edit works on Rules from Reference.
func Defects() []pay.Defect[Rules] {
	return slices.Concat(securityDefects(), moneyDefects(), registerDefects(), wireDefects(), dayDefects(), flowDefects(), deviceDefects(), sessionDefects(), noticeDefects(), offlineDefects(), settlementDefects(), timeDefects(), lifeDefects(), chipDefects(), codeDefects(), riskDefects())
}

func securityDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-skips-mac", Category: "security", Text: "does not check the MAC of a request",
			Why:  "the check is a switch for test terminals, and the switch reached production",
			Edit: func(r *Rules) { r.drop("mac") }},
		{Name: "acquirer-skips-reversal-mac", Category: "security", Text: "does not check the MAC of a reversal",
			Why:  "a reversal only gives money back, so nobody thought that one would be forged",
			Edit: func(r *Rules) { r.exempt(pay.Reversal, "mac") }},
		{Name: "acquirer-answers-without-mac", Category: "security", Text: "sends answers without a MAC",
			Why:  "only requests were seen as worth protecting",
			Edit: func(r *Rules) { r.MAC = nil }},
		{Name: "acquirer-mac-over-wrong-bytes", Category: "security", Text: "makes the MAC of an answer without its last byte",
			Why: "a length is off by one for messages whose F63 is odd",
			Edit: func(r *Rules) {
				r.MAC = func(c *Call, input []byte) ([]byte, error) { return answerMAC(c, input[:len(input)-1]) }
			}},
		{Name: "acquirer-ignores-track", Category: "security", Text: "does not hold an encrypted track to the card number beside it",
			Why: "the card number is there, so the track is thrown away unread",
			Edit: func(r *Rules) {
				r.replace("card", func(c *Call) (pay.Answer, string) {
					answer, reason := cardRead(c)
					if number := c.req.Get(iso8583.PAN); number != "" {
						c.card.pan, c.card.track2, answer = pay.NewPAN(number), pay.Secret{}, passed
					}
					return answer, reason
				})
			}},
		{Name: "acquirer-wrong-kcv", Category: "keys", Text: "sends a working key with a wrong check value",
			Why: "the check value is computed before the key is padded",
			Edit: func(r *Rules) {
				r.WorkingKeys = func(c *Call, code string) (kept, sent []byte, err error) {
					if kept, sent, err = workingKeys(c, code); err == nil {
						sent = slices.Clone(sent)
						sent[len(sent)-1] ^= 1
					}
					return kept, sent, err
				}
			}},
		{Name: "acquirer-same-keys", Category: "keys", Text: "sends the same working keys at every sign-in",
			Why: "keys are made when the terminal is registered, to save the security module's time",
			Edit: func(r *Rules) {
				r.WorkingKeys = func(c *Call, code string) (kept, sent []byte, err error) {
					if len(c.terminal.F62) > 0 && c.terminal.Scheme == code {
						return c.terminal.F62, c.terminal.F62, nil
					}
					return workingKeys(c, code)
				}
			}},
	}
}

func moneyDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-posts-repeat", Category: "money", Text: "takes the repeat of a payment for a new one and posts it again",
			Why: "duplicates are looked for by the RRN, which the acquirer itself makes anew",
			Edit: func(r *Rules) {
				r.drop("duplicate")
				r.Post = func(w *work, p Payment) error { return postAs(w.tx, p, ledger.ID(p.Key().String()+":"+p.RRN)) }
			}},
		{Name: "acquirer-loses-reversal", Category: "money", Text: "answers a reversal and does nothing",
			Why: "reversals go to a queue whose reader has stopped",
			Edit: func(r *Rules) {
				r.Forward = false
				r.Undo = func(*work, Payment, string) error { return nil }
			}},
		{Name: "acquirer-keeps-reversal", Category: "money", Text: "reverses in its own books and does not tell the issuer",
			Why:  "the issuer's line speaks another reversal, and nobody mapped it",
			Edit: func(r *Rules) { r.Forward = false }},
		{Name: "acquirer-reverses-twice", Category: "money", Text: "moves the money back again for every repeat of a reversal",
			Why: "a reversal is posted as a payment the other way, under its own number",
			Edit: func(r *Rules) {
				r.RepeatedReversal = func(c *Call, p Payment) {
					p.State = Approved
					c.reverse(p)
				}
				r.Undo = func(w *work, p Payment, number string) error {
					return w.tx.Post(ledger.ID(p.Key().String()+":undo:"+number), merchantAccount(p.Ref.Merchant), interbank, p.Amount)
				}
			}},
		{Name: "acquirer-posts-decline", Category: "money", Text: "posts payments that the issuer declined",
			Why:  "the posting is triggered by the answer's arrival, not by its code",
			Edit: func(r *Rules) { r.Posts = func(Payment) bool { return true } }},
		{Name: "acquirer-no-tombstone", Category: "resilience", Text: "takes a payment whose reversal came before it",
			Why:  "a reversal that finds nothing is answered and forgotten",
			Edit: func(r *Rules) { r.Tombstones = false }},
		{Name: "acquirer-no-timeout-reversal", Category: "resilience", Text: "does not reverse at the issuer when the issuer has not answered",
			Why:  "no answer was taken for no approval",
			Edit: func(r *Rules) { r.AbandonUndo = UndoNone }},
		{Name: "acquirer-reverses-other-till", Category: "money", Text: "reverses the first payment of the shop that has the reversal's trace number",
			Why:  "a shop had one till when the query was written",
			Edit: func(r *Rules) { r.Original = originalByTrace }},
		{Name: "acquirer-any-amount-reversal", Category: "money", Text: "reverses whatever the reversal's amount says",
			Why:  "the amount of a reversal is copied and never compared",
			Edit: func(r *Rules) { r.drop("reversal-amount") }},
	}
}

func registerDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-skips-format", Category: "protocol", Text: "takes messages that lack what they must carry",
			Why:  "the parser fills in defaults, and nobody asks after it whether a field was there",
			Edit: func(r *Rules) { r.drop("format") }},
		{Name: "acquirer-ignores-batch", Category: "protocol", Text: "takes payments of any batch",
			Why:  "the batch is checked at settlement, when it is too late",
			Edit: func(r *Rules) { r.drop("batch") }},
		{Name: "acquirer-ignores-sign-in", Category: "security", Text: "takes payments of terminals that have not signed in",
			Why:  "the state is kept in a cache, and a terminal that is not in it passes",
			Edit: func(r *Rules) { r.drop("session") }},
		{Name: "acquirer-accepts-unknown-terminal", Category: "protocol", Text: "signs in terminals that it does not know",
			Why: "a table for tests answers for every number",
			Edit: func(r *Rules) {
				r.replace("terminal", func(c *Call) (pay.Answer, string) {
					if c.terminal.Number == "" {
						c.terminal = Terminal{Number: c.req.Get(iso8583.Terminal), Merchant: c.merchant.Number, State: SignedIn, Batch: "000001"}
					}
					return passed, ""
				})
			}},
		{Name: "acquirer-ignores-disabled", Category: "security", Text: "takes payments of disabled terminals",
			Why:  "the back office sets the flag, and nobody reads it",
			Edit: func(r *Rules) { r.drop("enabled") }},
		{Name: "acquirer-asks-at-sign-in-only", Category: "security", Text: "takes payments of terminals that were disabled or struck off after their sign-in",
			Why:  "what is known of a terminal is kept with its session until the next sign-in",
			Edit: func(r *Rules) { r.exempt(pay.Sale, "terminal", "enabled") }},
		{Name: "acquirer-pays-any-merchant", Category: "money", Text: "pays the merchant that a sale names, whoever's terminal it comes from",
			Why:  "terminal and merchant are looked up one by one and never held to each other",
			Edit: func(r *Rules) { r.exempt(pay.Sale, "binding") }},
		{Name: "acquirer-ignores-merchant", Category: "protocol", Text: "takes payments for merchants that are closed",
			Why: "the merchant is looked up by the terminal and its own status never asked",
			Edit: func(r *Rules) {
				r.replace("merchant", func(c *Call) (pay.Answer, string) {
					answer, reason := merchantKnown(c)
					if m, known := c.merchants[c.req.Get(iso8583.Merchant)]; known {
						c.merchant, answer = m, passed
					}
					return answer, reason
				})
			}},
		{Name: "acquirer-ignores-binding", Category: "security", Text: "takes messages from any device under a terminal's number",
			Why:  "the serial number is stored and never compared",
			Edit: func(r *Rules) { r.drop("binding") }},
		{Name: "acquirer-ignores-limits", Category: "money", Text: "takes more than merchant and terminal may",
			Why: "limits are checked by a report the next day",
			Edit: func(r *Rules) {
				r.drop("amount-limit")
				r.drop("count-limit")
			}},
		{Name: "acquirer-forgets-batch", Category: "protocol", Text: "does not open a new batch when a terminal signs out",
			Why:  "the batch is closed by settlement only, and sign-out was forgotten",
			Edit: func(r *Rules) { r.NextBatch = func(batch string) string { return batch } }},
	}
}

func wireDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-wrong-echo", Category: "protocol", Text: "answers with another trace number than it was asked with",
			Why: "the answer is built from the last message in a shared buffer",
			Edit: func(r *Rules) {
				r.Fill = append(slices.Clone(r.Fill), Fill{"wrong-echo", func(c *Call, _ Stored) {
					c.reply.Set(iso8583.Trace, nextBatch(c.reply.Get(iso8583.Trace)))
				}})
			}},
		{Name: "acquirer-wrong-amount-echo", Category: "money", Text: "answers an approval with another amount",
			Why: "the amount is echoed from the issuer's answer in another unit",
			Edit: func(r *Rules) {
				r.Fill = append(slices.Clone(r.Fill), Fill{"wrong-amount", func(c *Call, s Stored) {
					if s.AuthCode != "" {
						c.reply.Set(iso8583.Amount, "000000000001")
					}
				}})
			}},
		{Name: "acquirer-takes-any-currency", Category: "money", Text: "takes payments in currencies that it does not pay out",
			Why:  "the currency is passed on and the amount is read without it",
			Edit: func(r *Rules) { r.drop("currency") }},
		{Name: "acquirer-forgets-authorization", Category: "protocol", Text: "leaves reference number and authorization code out of approvals",
			Why: "they are in the log, where the hotline looks",
			Edit: func(r *Rules) {
				r.Fill = slices.DeleteFunc(slices.Clone(r.Fill), func(f Fill) bool {
					return f.Name == iso8583.RRN.String() || f.Name == iso8583.AuthCode.String()
				})
			}},
		{Name: "acquirer-keeps-tpdu", Category: "protocol", Text: "sends the TPDU back as it came",
			Why: "there was no concentrator in the laboratory that would route by it",
			Edit: func(r *Rules) {
				r.Fill = append(slices.Clone(r.Fill), Fill{"keep-tpdu", func(c *Call, _ Stored) {
					if t := c.reply.TPDU(); len(t) == 10 {
						c.reply.SetTPDU(t[:2] + t[6:] + t[2:6])
					}
				}})
			}},
		{Name: "acquirer-approves-unknown-kind", Category: "protocol", Text: "answers a message of a kind that it does not know with 00",
			Why: "00 stands in the template of all answers until a flow puts another code there",
			Edit: func(r *Rules) {
				r.Unknown = []Check{{"flow", func(*Call) (pay.Answer, string) { return pay.Answer00Approved, "no flow objects" }}}
			}},
		{Name: "acquirer-takes-read-for-message", Category: "protocol", Text: "takes what one read brings for one message",
			Why:  "in the laboratory each message came in one read",
			Edit: func(r *Rules) { r.Framer = func(f wire.Framer) wire.Framer { return oneRead{f} } }},
		{Name: "acquirer-falls-silent-at-garbage", Category: "resilience", Text: "answers nobody any more once it got what it cannot read",
			Why:  "the exception ends the one worker that reads for all lines",
			Edit: func(r *Rules) { r.Unreadable = func(a *Acquirer) { a.condition.Silent = true } }},
	}
}

// exempt takes checks out of one flow.
func (r *Rules) exempt(f pay.Flow, names ...string) {
	r.Flows = slices.Clone(r.Flows)
	for i := range r.Flows {
		if r.Flows[i].Flow == f {
			r.Flows[i].Checks = slices.DeleteFunc(slices.Clone(r.Flows[i].Checks), func(c Check) bool { return slices.Contains(names, c.Name) })
		}
	}
}

func originalByTrace(c *Call) (Payment, bool) {
	for _, k := range c.order {
		if p := c.payments[k]; k.Trace == c.key().Trace && p.Ref.Merchant == c.merchant.Number {
			return p, true
		}
	}
	return Payment{}, false
}

// oneRead takes what is there for the whole message, and all of it.
type oneRead struct{ wire.Framer }

// Next implements wire.Framer.
func (f oneRead) Next(buf []byte) ([]byte, int, error) {
	frame, _, err := f.Framer.Next(buf)
	return frame, len(buf), err
}
