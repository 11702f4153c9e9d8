package terminal

import (
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// offlineDefects are those of what the till decides alone, and of amounts that change.
func offlineDefects() []pay.Defect[Rules] {
	return slices.Concat(aloneDefects(), []pay.Defect[Rules]{
		defect("terminal-forgets-offline-sale", "money", "keeps offline sales in RAM only until they are uploaded",
			"they were to be uploaded within the minute", func(r *Rules) { r.KeepStored = false }),
		defect("terminal-uploads-at-settlement-only", "money", "uploads offline sales only before the settlement",
			"the upload was written as a part of the settlement", func(r *Rules) { r.ForwardFirst = false }),
		defect("terminal-uploads-offline-twice", "money", "sends an unanswered offline sale again under a new trace number",
			"each message takes the next number, and nobody thought of a repeat", func(r *Rules) { r.SameNumber = false }),
		defect("terminal-drops-offline-while-disabled", "money", "lets go of an offline sale when the host does not let the terminal in", "58 stands in the list of declines",
			func(r *Rules) { r.AboutTill = nil }),
		defect("terminal-ends-batch-early", "money", "signs out while offline sales are not uploaded", "the menu looks for a reversal only",
			func(r *Rules) { r.HoldBatch = false }),
		defect("terminal-changes-slip-only", "money", "prints the void or the new amount of an offline sale, and uploads the old one",
			"the slip is made from the screen and the upload from the file", func(r *Rules) { r.ChangeStored = false }),
		defect("terminal-floor-limit-off-by-one", "money", "sells without a code at the floor limit itself", "under and up to are one word in the manual",
			func(r *Rules) { r.UnderFloor = func(a pay.Amount, limit int64) bool { return a.Minor <= limit } }),
		defect("terminal-tip-unlimited", "money", "takes a tip of any size", "the percent is a parameter that nobody has read since",
			func(r *Rules) { r.TipWithin = func(_, _ pay.Amount, _ int) bool { return true } }),
		defect("terminal-tips-add-up", "money", "adds a second tip to the first one", "the amount is read from the last slip",
			func(r *Rules) { r.TipBase = func(_, _, last pay.Amount) pay.Amount { return last } }),
		defect("terminal-tips-before-adjustment", "money", "adds a tip to what was sold before it was adjusted", "the limit of tips counts from the first amount, and so did the sum",
			func(r *Rules) { r.TipBase = func(first, _, _ pay.Amount) pay.Amount { return first } }),
		defect("terminal-tips-on-void", "money", "sends a tip for a sale that was voided", "the list of tips is made when the sale is printed",
			func(r *Rules) { r.UndoOnce = false }),
		defect("terminal-void-of-tipped-gives-base", "money", "voids a tipped sale with the amount before the tip", "the void reads the sale's record, and the tip has its own",
			func(r *Rules) { r.VoidAmount = func(first, _ pay.Amount) pay.Amount { return first } }),
		defect("terminal-ignores-rest", "money", "takes a part without telling the cashier what is left", "10 is an approval, and its amount comes with it",
			func(r *Rules) { r.AskRest = false }),
		defect("terminal-partial-reverses-whole", "money", "reverses a part with the amount that it asked for", "the reversal is made before the request leaves and not changed after",
			func(r *Rules) { r.ReversePart = false }),
	})
}

// aloneDefects are those of what chip and till approve without the host.
func aloneDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-asks-about-all-chips", "emv", "asks the host about every chip, whatever its floor limit", "the first host wanted to see everything",
			func(r *Rules) { r.AloneAs = func(pay.Flow) pay.Flow { return "" } }),
		defect("terminal-takes-deposit-offline", "money", "takes a deposit that chip and till have approved without the host", "the kernel says approved, and the menu believes it",
			func(r *Rules) { r.AloneAs = func(pay.Flow) pay.Flow { return pay.OfflineSale } }),
		defect("terminal-uploads-no-certificate", "emv", "uploads what a chip has approved without field 55", "offline sales were made for voice authorizations",
			func(r *Rules) { r.Certificate = func(*visit) []byte { return nil } }),
		defect("terminal-forgets-split", "money", "compares each payment of a card with the floor limit by itself", "the list of earlier payments is optional in EMV",
			func(r *Rules) { r.CountSplit = false }),
		defect("terminal-changes-signed-sale", "money", "uploads what a chip has signed with the amount of its adjustment", "field 55 is kept beside the message, and only that is changed",
			func(r *Rules) { r.KeepSigned = false }),
		defect("terminal-sells-beside-unanswered", "money", "does not reverse the request without an answer when chip and till approve after all",
			"the sale went well, so the record of what is owed is deleted", func(r *Rules) { r.ReverseUnanswered = false }),
		defect("terminal-approves-unreached", "money", "has the chip approve whatever amount when the host is not reached", "the default action code is read as the one for the line",
			func(r *Rules) {
				k := *r.Kernel
				k.Unable = func(kernel.Line, emv.TVR, kernel.Codes) bool { return true }
				r.Kernel = &k
			}),
		defect("terminal-calls-decline-unreadable", "emv", "says that the card cannot be read when chip and till decline", "every end of the kernel but approved is one error",
			func(r *Rules) { r.DeclineScreen = func(bool) string { return "CARD_UNREADABLE" } }),
	}
}
