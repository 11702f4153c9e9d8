package terminal

import (
	"maps"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// cardDefects are those of how a card comes to the terminal.
func cardDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-ignores-lrc", "protocol", "takes a track whose check character is wrong", "the reader's driver was thought to look at it",
			func(r *Rules) { r.CheckLRC = false }),
		defect("terminal-takes-two-cards-of-one-stripe", "security", "takes track 2 of a stripe whose track 1 names another card", "track 1 is read for the name on the slip",
			func(r *Rules) { r.TracksAgree = false }),
		defect("terminal-knows-no-track-1", "protocol", "sends no track 1 where the host takes one, and reads no stripe without its track 2", "the reader of the first model had one head",
			func(r *Rules) { r.SendTrack1 = false }),
		defect("terminal-hides-fallback", "security", "sends the stripe of a broken chip as any other stripe", "the condition code is a constant in the message builder",
			func(r *Rules) { r.TellFallback = false }),
		defect("terminal-knows-international-chips-only", "emv", "takes the stripe of a chip card that is for use at home", "service codes that begin with 6 were not in the manual",
			func(r *Rules) { r.ChipServices = "2" }),
		defect("terminal-boasts-reader", "protocol", "says that it has a contactless reader whether it has one or not", "the capability stands in the template of the newest model",
			func(r *Rules) { r.Capability = func(bool) string { return "6" } }),
		defect("terminal-tells-tap-as-chip", "protocol", "tells the host that a card was inserted that was tapped", "both are chips, and there was one constant",
			func(r *Rules) { r.TapEntry = pay.Entry05Chip }),
		defect("terminal-taps-without-pin", "security", "tells cards in the field that it takes no PIN", "in the pilot all taps were small",
			func(r *Rules) { r.Qualifiers &^= emv.TTQ1x04OnlinePIN }),
		defect("terminal-keeps-own-no-pin-limit", "money", "asks for a PIN by the limit that it was built with", "the parameter is stored and never read",
			func(r *Rules) { r.HostNoPIN = false }),
		defect("terminal-counts-taps", "security", "counts a tap that came to nothing as a failure of the chip", "there is one counter for all card errors",
			func(r *Rules) { r.TapFails = true }),
		asksNever("terminal-refuses-over-contactless-limit", "ends the sale when the card is to be inserted", "the limit is a check like others", kernel.SwitchInterface),
		asksNever("terminal-gives-up-torn-tap", "ends the sale when the card was taken away too early", "the cashier can begin again", kernel.TryAgain),
		asksNever("terminal-takes-two-cards-for-none", "takes two cards in the field for a chip that does not answer", "a collision is an error of the driver", kernel.PresentOne),
		asksNever("terminal-gives-up-at-phone", "ends the sale when the holder is to do something on the phone", "cards never ask for that", kernel.SeePhone),
		defect("terminal-signs-every-slip", "protocol", "prints a line for a signature whatever the card wants", "the template was made for stripes",
			func(r *Rules) { r.ObeyCVM = false }),
	}
}

// asksNever does not ask for the card again after an ending.
func asksNever(name, text, why string, e kernel.Ending) pay.Defect[Rules] {
	return defect(name, "resilience", text, why, func(r *Rules) {
		r.AskAgain = maps.Clone(r.AskAgain)
		delete(r.AskAgain, e)
	})
}
