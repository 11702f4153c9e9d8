package acquirer

import (
	"maps"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// flowDefects are those of keys, of reversals and advices, and of payments that act on others.
func flowDefects() []pay.Defect[Rules] {
	return slices.Concat(owedDefects(), voidDefects(), refundDefects(), depositDefects())
}

func owedDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-keeps-old-keys", Category: "keys", Text: "answers a key change and goes on with the old keys",
			Why:  "keys are cached where a session begins, and a key change begins none",
			Edit: func(r *Rules) { r.ChangeKeys = func(*Call, Terminal) {} }},
		{Name: "acquirer-reverses-another-day", Category: "money", Text: "takes back a payment of another day",
			Why:  "the day of the original was settled by a system that reversals never see",
			Edit: func(r *Rules) { r.drop("reversal-day") }},
		{Name: "acquirer-undoes-only-sales", Category: "money", Text: "acknowledges the reversal of a void, a deposit or a completion and takes nothing back",
			Why: "reversals were built for sales, and every other flow came later",
			Edit: func(r *Rules) {
				r.Undo = func(w *work, p Payment, by string) error {
					if p.Ref.Flow != pay.Sale {
						return nil
					}
					return undo(w, p, by)
				}
			}},
		{Name: "acquirer-reverses-when-told-only", Category: "money", Text: "acknowledges a reversal that it is asked for (0400) and takes nothing back",
			Why: "terminals tell with an 0420; 0400 was taken for its other name and answered for good measure",
			Edit: func(r *Rules) {
				r.Flows = slices.Clone(r.Flows)
				for i, f := range r.Flows {
					if f.Flow == pay.ReversalRequest {
						r.Flows[i].Serve = func(c *Call) {
							c.finish(change{}, Stored{Answer: pay.Answer00Approved, RRN: c.rrn, At: c.now}, "original", "it will be told if it matters")
						}
					}
				}
			}},
		{Name: "acquirer-refuses-reversal-of-decline", Category: "protocol", Text: "answers 01 to the reversal of a payment that it declined",
			Why:  "only approved payments are looked for, and the till insists until it gives up",
			Edit: func(r *Rules) { r.DeclinedOriginal = "01" }},
		{Name: "acquirer-forgets-advice", Category: "money", Text: "answers an advice and does not tell the issuer",
			Why:  "advices go to the issuer in a file at night, and the file has no refunds",
			Edit: func(r *Rules) { r.Advised = UndoNone }},
		{Name: "acquirer-refuses-old-advice", Category: "protocol", Text: "refuses an advice of an earlier batch",
			Why:  "the batch is checked before it is asked what came",
			Edit: func(r *Rules) { r.replace("advice-batch", batchAgrees) }},
	}
}

func voidDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-voids-another-day", Category: "money", Text: "voids a sale of another day",
			Why:  "the batch stays open over night, and the batch is all that is compared",
			Edit: func(r *Rules) { r.drop("original-day") }},
		{Name: "acquirer-voids-anywhere", Category: "money", Text: "voids any till's sale of any batch",
			Why:  "the reference number is unique, so nothing else is looked at",
			Edit: func(r *Rules) { r.replaceIn("original", originalKnown(byReference), pay.Void) }},
		{Name: "acquirer-voids-for-any-card", Category: "security", Text: "gives back to the card of the original, whatever card was presented",
			Why: "the card number is taken from the original, so that the two never differ",
			Edit: func(r *Rules) {
				r.replace("original-card", func(c *Call) (pay.Answer, string) {
					pan, err := c.HSM.Open(KeyStore, c.original.Sealed)
					c.card = card{pan: pay.NewPAN(string(pan)), pinBlock: c.card.pinBlock}
					if err != nil {
						return pay.Answer14BadCard, err.Error()
					}
					return passed, ""
				})
			}},
		{Name: "acquirer-voids-twice", Category: "money", Text: "does not look whether a sale was voided already",
			Why: "the issuer would refuse a second void, and so it does, with a code of its own",
			Edit: func(r *Rules) {
				r.replaceIn("original-stands", func(*Call) (pay.Answer, string) { return passed, "" }, pay.Void, pay.CompletionVoid)
			}},
		{Name: "acquirer-voids-refunded", Category: "money", Text: "asks the issuer to void what was refunded in part",
			Why:  "refunds are booked elsewhere, and the sale looks whole",
			Edit: func(r *Rules) { r.drop("original-whole") }},
		{Name: "acquirer-mixes-kinds", Category: "protocol", Text: "voids an order by telephone, an instalment or a subscription as if it were a sale",
			Why: "F25 is not part of what the original is looked for by",
			Edit: func(r *Rules) {
				r.Originals = maps.Clone(r.Originals)
				r.Originals[pay.Void] = []pay.Flow{pay.Sale, pay.MOTOSale, pay.Instalment, pay.Recurring}
			}},
	}
}

func refundDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-refund-window-open", Category: "money", Text: "refunds sales of any age",
			Why:  "the days are counted by the archive, and the archive was never switched on",
			Edit: func(r *Rules) { r.drop("refund-window") }},
		{Name: "acquirer-refunds-voided", Category: "money", Text: "does not look whether what it refunds was voided",
			Why: "void and refund were built by two teams over one table",
			Edit: func(r *Rules) {
				r.replaceIn("original-stands", func(*Call) (pay.Answer, string) { return passed, "" }, pay.Refund)
			}},
		{Name: "acquirer-takes-any-plan", Category: "money", Text: "takes an instalment of any number of parts",
			Why:  "the plan is passed on to the issuer, who is thought to know the contract",
			Edit: func(r *Rules) { r.drop("instalment-plan") }},
		{Name: "acquirer-refunds-instalment", Category: "money", Text: "refunds a part of what is paid in instalments",
			Why: "to the books an instalment is a sale, and the plan is the issuer's affair",
			Edit: func(r *Rules) {
				r.Originals = maps.Clone(r.Originals)
				r.Originals[pay.Refund] = append(slices.Clone(r.Originals[pay.Refund]), pay.Instalment)
			}},
		{Name: "acquirer-refunds-by-number-only", Category: "protocol", Text: "finds a sale by its reference number where the contract says batch and trace",
			Why:  "the switch is in the contract and not in the software",
			Edit: func(r *Rules) { r.replaceIn("original", originalKnown(byReference), pay.Refund) }},
	}
}

func depositDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-frees-part", Category: "money", Text: "frees the whole deposit whatever amount is given back",
			Why: "the amount is read from the hold and not from the message",
			Edit: func(r *Rules) {
				r.replaceIn("original-amount", func(c *Call) (pay.Answer, string) {
					c.amount = c.original.Amount
					return passed, ""
				}, pay.PreAuthVoid)
			}},
		{Name: "acquirer-ignores-ceiling", Category: "money", Text: "completes up to 115 % whatever the ceiling is, advices too",
			Why: "the network's rule is built in, and the acquirer's is a line in a manual",
			Edit: func(r *Rules) {
				r.replace("completion-ceiling", func(c *Call) (pay.Answer, string) {
					if c.amount.Minor*100 > c.original.Amount.Minor*115 {
						return pay.Answer64AmountDiffers, "over 115 %"
					}
					return passed, ""
				})
			}},
		{Name: "acquirer-completes-twice", Category: "money", Text: "does not look whether a deposit was completed or given back",
			Why: "an authorization code is good for thirty days, whatever was done with it",
			Edit: func(r *Rules) {
				r.replaceIn("original-stands", func(*Call) (pay.Answer, string) { return passed, "" }, pay.Completion)
			}},
		{Name: "acquirer-completes-expired", Category: "protocol", Text: "asks the issuer to complete a deposit that has ended",
			Why:  "age is the issuer's matter, and its code reaches the till",
			Edit: func(r *Rules) { r.drop("authorization-window") }},
		{Name: "acquirer-completion-void-frees", Category: "money", Text: "frees the deposit when its completion is taken back",
			Why: "a void ends what it finds, and what it finds is linked to the deposit",
			Edit: func(r *Rules) {
				r.Post = func(w *work, p Payment) error {
					if p.Ref.Flow.Kind() != pay.CompletionVoid {
						return post(w, p)
					}
					return w.end(w.of(p.Original), p.move("void"), p.Key())
				}
			}},
		{Name: "acquirer-takes-moto-deposit", Category: "money", Text: "pays the merchant for a deposit that was left by telephone",
			Why: "orders by telephone are all sales to the books",
			Edit: func(r *Rules) {
				r.Post = func(w *work, p Payment) error {
					if p.Ref.Flow == pay.MOTOPreAuth {
						return w.credit(p, p.move("post"))
					}
					return post(w, p)
				}
			}},
	}
}

// byReference looks by the reference number alone.
func byReference(c *Call) []Key {
	if n, known := c.byRRN[c.req.Get(iso8583.OriginalRRN)]; known {
		return []Key{c.order[n]}
	}
	return nil
}

// replaceIn puts another question in a check's place, in the flows of these kinds.
func (r *Rules) replaceIn(name string, ask func(*Call) (pay.Answer, string), kinds ...pay.Flow) {
	r.Flows = slices.Clone(r.Flows)
	for i, f := range r.Flows {
		if !slices.Contains(kinds, f.Flow.Kind()) {
			continue
		}
		r.Flows[i].Checks = slices.Clone(f.Checks)
		for j, check := range f.Checks {
			if check.Name == name {
				r.Flows[i].Checks[j].Ask = ask
			}
		}
	}
}
