package kernel

import (
	"io"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// Defects lists what real kernels ship with: edits of the rules, each of which the table of settings notices.
func Defects() []pay.Defect[Rules] {
	return slices.Concat(choiceDefects(), readingDefects(), trustDefects(), cardholderDefects(), decisionDefects(), contactlessDefects())
}

func defect(name, category, text, why string, edit func(*Rules)) pay.Defect[Rules] {
	return pay.Defect[Rules]{Name: name, Category: category, Text: text, Why: why, Edit: edit}
}

// without gives phases without one.
func without(phases []Phase, name string) []Phase {
	return slices.DeleteFunc(slices.Clone(phases), func(p Phase) bool { return p.Name == name })
}

func choiceDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("kernel-needs-directory", "emv", "finds no application on a card without a directory", "all cards of the pilot had one",
			func(r *Rules) { r.Names = false }),
		defect("kernel-wants-exact-names", "emv", "takes no application whose name is longer than the terminal's", "the indicator was new when the list was programmed",
			func(r *Rules) { r.Longer = func([]byte) bool { return false } }),
		defect("kernel-takes-longer-names", "emv", "takes longer names where the acquirer has agreed on just this one", "SELECT finds them anyway",
			func(r *Rules) { r.Longer = func([]byte) bool { return true } }),
		defect("kernel-ignores-priority", "emv", "offers applications in the order in which they stand on the card", "cards were thought to be sorted",
			func(r *Rules) { r.Rank = func(byte) int { return 0 } }),
		defect("kernel-takes-unconfirmed", "emv", "begins an application that wants the cardholder's word without it", "a single application needs no menu",
			func(r *Rules) { r.Confirm = false }),
		defect("kernel-tries-blocked-card", "emv", "asks a blocked card for one application after the other", "6A81 is one of many refusals",
			func(r *Rules) { r.CardBlocked = false }),
		defect("kernel-begins-blocked", "security", "begins an application that its issuer has blocked", "6283 is a warning, and warnings are passed over",
			func(r *Rules) { r.NotInvalidated = false }),
		defect("kernel-takes-removed-for-broken", "security", "takes a card that was pulled out for one whose chip is broken", "no answer is no answer",
			func(r *Rules) { r.Removed = Fallback }),
		defect("kernel-knows-no-t0", "emv", "takes 61 and 6C for errors", "the reader of the pilot hid them", func(r *Rules) { r.FollowUp = false }),
	}
}

func readingDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("kernel-takes-twice", "emv", "takes the last of two values that a card gives of one thing",
			"the data base overwrites, and nobody looks whether there was something", func(r *Rules) { r.RefuseTwice = false }),
		defect("kernel-tells-no-card", "emv", "begins an application without what it wants to know", "the cards of the pilot wanted to know nothing",
			func(r *Rules) { r.TellCard = false }),
		defect("kernel-passes-over-records", "emv", "goes on with the records that it could read", "one record more or less was not noticed in the lab",
			func(r *Rules) { r.EveryRecord = false }),
		defect("kernel-takes-any-length", "emv", "takes values of lengths that they cannot have", "buffers are long enough for everything",
			func(r *Rules) { r.CheckLengths = false }),
		defect("kernel-needs-no-mandatory", "emv", "goes on with a card that lacks its mandatory data",
			"the check was made for the test cards of one scheme", func(r *Rules) { r.ReadMandatory = false }),
		defect("kernel-lets-card-overwrite", "security", "tells the card, and the host, what the card says of amount and results", "there is one data base for both sides, and the card comes last",
			func(r *Rules) { r.OwnFirst = false }),
		defect("kernel-gives-up-at-6985", "emv", "gives up when the first application does not want to",
			"every status but 9000 is one error", func(r *Rules) { r.NextOn = nil }),
		defect("kernel-skips-restrictions", "emv", "looks at neither expiry nor use of the card",
			"the issuer was thought to do that", func(r *Rules) { r.Contact = without(r.Contact, "kernel/restrictions") }),
	}
}

func trustDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("kernel-skips-authentication", "security", "authenticates no card offline",
			"it costs half a second at the till, and all goes online anyway", func(r *Rules) { r.Contact = without(r.Contact, "kernel/oda") }),
		defect("kernel-prefers-sda", "security", "takes the weakest method that card and terminal know", "the list stands in the order in which it was programmed",
			func(r *Rules) { r.Methods = slices.Clone(r.Methods); slices.Reverse(r.Methods) }),
		defect("kernel-believes-cda", "security", "does not look at the signature of a cryptogram", "the card of the test house signs rightly",
			func(r *Rules) { r.VerifyCDA = false }),
		defect("kernel-takes-revoked", "security", "takes certificates of a revoked issuer key", "the list can be loaded and is never read",
			func(r *Rules) { r.CheckRevoked = false }),
		defect("kernel-takes-expired-certificates", "security", "takes certificates that have expired", "the year is compared without its century",
			func(r *Rules) { r.CheckDates = false }),
		defect("kernel-forgets-signed-aip", "emv", "leaves the AIP out of the data that the issuer signed", "the test cards have no tag list",
			func(r *Rules) { r.SignedAIP = false }),
		defect("kernel-takes-stronger", "security", "takes a TC where it asked for an ARQC", "the answer's kind decides, not the question",
			func(r *Rules) { r.RefuseStronger = false }),
		defect("kernel-predictable-number", "security", "gives cards the same number with every payment", "the generator begins anew with every payment",
			func(r *Rules) { r.Number = func(io.Reader) ([]byte, error) { return []byte{0, 0, 0, 1}, nil } }),
		defect("kernel-hides-missing-data", "emv", "does not say that a card lacks what authentication needs", "failed was thought to say it all",
			func(r *Rules) { r.NoteMissing = false }),
		defect("kernel-needs-ddol", "emv", "authenticates no card that has no list for it", "the terminal's own list is downloaded and never read",
			func(r *Rules) { r.DefaultDDOL = false }),
		defect("kernel-skips-issuer-proof", "security", "does not hand the card the issuer's cryptogram", "the first host sent none",
			func(r *Rules) { r.Contact = without(r.Contact, "kernel/issuer") }),
		defect("kernel-stops-at-first-script", "emv", "reads the answer's chip data up to the first script", "the host always sent the scripts last",
			func(r *Rules) { r.HostData = beforeScripts }),
		defect("kernel-stops-at-unknown-tag", "emv", "reads the answer's chip data up to the first tag that it does not know", "the table of tags was complete when it was written",
			func(r *Rules) { r.HostData = beforeUnknown }),
		defect("kernel-overlooks-failed-proof", "security", "does not say that the chip did not believe the issuer", "the chip is thought to remember it",
			func(r *Rules) { r.ProofFails = func(emv.StatusWord) bool { return false } }),
	}
}

func cardholderDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("kernel-verifies-uninvited", "emv", "verifies the holder of a card that knows no verification", "every card had a list",
			func(r *Rules) { r.VerifyAlways = true }),
		defect("kernel-ignores-cvm-condition", "emv", "takes a method whatever its condition", "always was the only condition in the lab",
			func(r *Rules) { r.CheckCondition = false }),
		defect("kernel-takes-any-cvm", "emv", "does what the card wants whether the terminal is made for it or not", "capabilities were only for field 55",
			func(r *Rules) { r.CheckCapable = false }),
		defect("kernel-gives-one-pin-try", "emv", "lets nobody correct a PIN that the chip has refused", "the loop was for the host's PIN",
			func(r *Rules) { r.AskAgain = false }),
		defect("kernel-sends-clear-pin", "security", "gives the chip a PIN in the clear that is to be enciphered", "the wire in the reader is short",
			func(r *Rules) { r.Encipher = false }),
		defect("kernel-asks-bypassed-pin-again", "emv", "asks for another PIN after one was refused", "each method of the list is on its own",
			func(r *Rules) { r.BypassAll = false }),
		defect("kernel-ignores-pin-tries", "emv", "asks for a PIN when the card has no tries left", "GET DATA was slow and was taken out",
			func(r *Rules) { r.ReadTries = false }),
		defect("kernel-goes-on-after-failed-cvm", "security", "tries the next method where the card says to stop", "bit 7 is read the wrong way round",
			func(r *Rules) { r.FallThrough = func(emv.CVMRule) bool { return true } }),
		defect("kernel-stops-after-failed-cvm", "emv", "stops where the card leaves the next method a chance", "only the first rule of a list was ever tried in the lab",
			func(r *Rules) { r.FallThrough = func(emv.CVMRule) bool { return false } }),
		defect("kernel-compares-foreign-amounts", "money", "compares the CVM list's amounts with an amount in another currency", "the terminal knows one currency",
			func(r *Rules) { r.SameCurrency = false }),
	}
}

func decisionDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("kernel-floor-exclusive", "money", "lets a payment of just the floor limit stay offline", "over was taken by the word",
			func(r *Rules) { r.OverFloor = func(amount, floor int64) bool { return amount > floor } }),
		defect("kernel-never-picks", "security", "picks no payment at random for the host", "the random number is drawn anew until it does not",
			func(r *Rules) { r.Pick = func(int, int64, int64, int64, int64, int64) bool { return false } }),
		defect("kernel-skips-risk", "security", "does no risk management", "the floor limit is zero in the pilot", func(r *Rules) { r.Contact = without(r.Contact, "kernel/risk") }),
		defect("kernel-skips-velocity", "security", "does not count how often a card has not been online", "the counters cost two more commands",
			func(r *Rules) { r.CheckVelocity = false }),
		defect("kernel-forgets-online-only", "money", "lets a payment stay offline at a terminal that is to ask always", "the terminal's type is for field 55 only",
			func(r *Rules) {
				r.Analyse = func(_ Line, tvr emv.TVR, c Codes) emv.CID { return analyse(OfflineWithOnline, tvr, c) }
			}),
		defect("kernel-missing-codes-are-zero", "security", "takes missing action codes for none at all", "absent data are zeros everywhere else",
			func(r *Rules) { r.MissingIAC, r.MissingTAC = Codes{}, Codes{} }),
		defect("kernel-ignores-denial", "security", "asks the host where the codes decline", "the host will say no by itself",
			func(r *Rules) {
				r.Analyse = func(l Line, tvr emv.TVR, c Codes) emv.CID { return analyse(l, tvr, Codes{0, c.Online, c.Default}) }
			}),
		defect("kernel-ignores-online", "security", "approves offline where the codes want the host", "the masks are joined with AND",
			func(r *Rules) {
				r.Analyse = func(l Line, tvr emv.TVR, c Codes) emv.CID { return analyse(l, tvr, Codes{c.Denial, 0, c.Default}) }
			}),
		defect("kernel-approves-without-host", "money", "approves when the host is not reached, whatever the codes say", "the queue at the till got long",
			func(r *Rules) { r.Unable = func(Line, emv.TVR, Codes) bool { return true } }),
		defect("kernel-takes-any-answer", "money", "takes every answer of the host for an approval", "the code is compared as a number, and fails as zero",
			func(r *Rules) { r.Approves = func(string) bool { return true } }),
		defect("kernel-skips-last-cryptogram", "money", "does not let the card decline after the host's approval", "the host has the last word, it was thought",
			func(r *Rules) {
				r.Contact = append(without(r.Contact, "kernel/completion"), Phase{"kernel/last-word", hostDecides})
			}),
		defect("kernel-skips-scripts", "emv", "does not carry out the scripts before the last cryptogram", "template 72 was the only one in use",
			func(r *Rules) { r.Contact = without(r.Contact, "kernel/scripts-before") }),
		defect("kernel-stops-at-failed-script", "emv", "carries out no script behind one that has failed", "an error ends the loop",
			func(r *Rules) { r.EveryScript = false }),
		defect("kernel-scripts-approved-only", "security", "carries out no script where the host declines", "a declined payment was thought to be over",
			func(r *Rules) { r.ScriptsDeclined = false }),
		defect("kernel-fails-at-warnings", "emv", "takes a script's warning for a failure", "every status but 9000 is one error",
			func(r *Rules) { r.ScriptFails = func(sw emv.StatusWord) bool { return sw != emv.SW9000OK } }),
	}
}

func contactlessDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("kernel-ignores-contactless-limit", "money", "takes contactless payments of any amount", "the limit is on the sticker at the till",
			func(r *Rules) { r.OverLimit = func(int64, int64) bool { return false } }),
		defect("kernel-never-verifies-tap", "security", "asks no tap for a PIN or a signature", "the CVM limit is read in yuan",
			func(r *Rules) { r.OverCVM = func(amount, limit int64) bool { return amount >= limit*100 } }),
		defect("kernel-no-pin-exclusive", "money", "asks for a PIN at just the no-PIN limit", "below was taken by the word",
			func(r *Rules) { r.UnderNoPIN = func(amount, limit int64) bool { return amount < limit } }),
		defect("kernel-no-pin-abroad", "security", "asks no card up to the no-PIN limit for a PIN or a signature, of whatever scheme", "there was one scheme when the limit came",
			func(r *Rules) { r.NoPINScheme = nil }),
		defect("kernel-asks-gone-card", "emv", "asks a tapped card for a last cryptogram after the host's answer", "the flow was copied from the slot",
			func(r *Rules) {
				r.Flows = slices.Clone(r.Flows)
				r.Flows[0].Phases = append(without(r.Flows[0].Phases, "kernel/last-word"), Phase{"kernel/completion", complete})
			}),
		defect("kernel-ignores-contactless-floor", "money", "lets a tap over the floor limit stay offline", "the limit of the slot is looked at",
			func(r *Rules) { r.OverOffline = func(int64, int64) bool { return false } }),
		defect("kernel-overlooks-phone", "emv", "sends a phone to the slot when something is to be done on it", "6986 is no answer that cards give",
			func(r *Rules) {
				r.FirstAnswers = slices.DeleteFunc(slices.Clone(r.FirstAnswers), func(f FirstAnswer) bool { return f.SW == emv.SW6986SeePhone })
			}),
		defect("kernel-asks-verified-phone", "emv", "asks the owner of a phone for a PIN that the phone has asked for already", "the bit is of the second byte",
			func(r *Rules) { r.TrustDevice = false }),
		defect("kernel-tap-skips-risk", "security", "looks at no exception file and no floor limit where a tapped card makes its cryptogram later", "a tap is small",
			func(r *Rules) {
				r.Flows = slices.Clone(r.Flows)
				r.Flows[0].Phases = without(r.Flows[0].Phases, "kernel/contactless-risk")
			}),
		defect("kernel-tap-skips-restrictions", "security", "lets a tapped card that has expired or is listed approve by itself", "the restrictions stand in the code of the slot",
			func(r *Rules) {
				last := len(r.Flows) - 1
				r.Flows = slices.Clone(r.Flows)
				r.Flows[last].Phases = without(r.Flows[last].Phases, "kernel/quick-restrictions")
			}),
		defect("kernel-knows-no-fast-format", "emv", "knows the signature of a tapped card in the format of DDA only", "the card of the test house writes that one",
			func(r *Rules) { r.Fast = emv.VerifySDAD }),
		defect("kernel-believes-fdda", "security", "takes an offline approval without looking at its signature", "it takes too long for a gate",
			func(r *Rules) { r.VerifyFDDA = false }),
	}
}

func beforeUnknown(all tlv.List) tlv.List {
	if first := slices.IndexFunc(all, func(o tlv.Object) bool { _, known := emv.InfoOf(o.Tag); return !known }); first >= 0 {
		return all[:first]
	}
	return all
}

// beforeScripts takes scripts for the end of the list, but for themselves.
func beforeScripts(all tlv.List) tlv.List {
	first := slices.IndexFunc(all, emv.IsScript)
	if first < 0 {
		return all
	}
	return slices.Concat(all[:first], slices.DeleteFunc(slices.Clone(all[first:]), func(o tlv.Object) bool { return !emv.IsScript(o) }))
}
