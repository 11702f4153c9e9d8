package terminal

import "github.com/tillproof/tillproof/simulators/core/pay"

// offlineDefects are those of what the till decides alone, and of amounts that change.
func offlineDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-forgets-offline-sale", "money", "keeps offline sales in RAM only until they are uploaded",
			"they were to be uploaded within the minute", func(r *Rules) { r.KeepStored = false }),
		defect("terminal-uploads-at-settlement-only", "money", "uploads offline sales only before the settlement",
			"the upload was written as a part of the settlement", func(r *Rules) { r.ForwardFirst = false }),
		defect("terminal-uploads-offline-twice", "money", "sends an unanswered offline sale again under a new trace number",
			"each message takes the next number, and nobody thought of a repeat", func(r *Rules) { r.SameNumber = false }),
		defect("terminal-ends-batch-early", "money", "signs out while offline sales are not uploaded", "the menu looks for a reversal only",
			func(r *Rules) { r.HoldBatch = false }),
		defect("terminal-changes-slip-only", "money", "prints the void or the new amount of an offline sale, and uploads the old one",
			"the slip is made from the screen and the upload from the file", func(r *Rules) { r.ChangeStored = false }),
		defect("terminal-floor-limit-off-by-one", "money", "sells without a code at the floor limit itself", "under and up to are one word in the manual",
			func(r *Rules) { r.UnderFloor = func(a pay.Amount, limit int64) bool { return a.Minor <= limit } }),
		defect("terminal-tip-unlimited", "money", "takes a tip of any size", "the percent is a parameter that nobody has read since",
			func(r *Rules) { r.TipWithin = func(_, _ pay.Amount, _ int) bool { return true } }),
		defect("terminal-tips-add-up", "money", "adds a second tip to the first one", "the amount is read from the last slip",
			func(r *Rules) { r.TipBase = func(_, last pay.Amount) pay.Amount { return last } }),
		defect("terminal-tips-on-void", "money", "sends a tip for a sale that was voided", "the list of tips is made when the sale is printed",
			func(r *Rules) { r.UndoOnce = false }),
		defect("terminal-void-of-tipped-gives-base", "money", "voids a tipped sale with the amount before the tip", "the void reads the sale's record, and the tip has its own",
			func(r *Rules) { r.VoidAmount = func(first, _ pay.Amount) pay.Amount { return first } }),
		defect("terminal-ignores-rest", "money", "takes a part without telling the cashier what is left", "10 is an approval, and its amount comes with it",
			func(r *Rules) { r.AskRest = false }),
		defect("terminal-partial-reverses-whole", "money", "reverses a part with the amount that it asked for", "the reversal is made before the request leaves and not changed after",
			func(r *Rules) { r.ReversePart = false }),
	}
}
