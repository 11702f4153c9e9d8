package kernel

import (
	"encoding/hex"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// Ending is how a transaction ended.
type Ending string

// The endings.
const (
	Approved           Ending = "approved"            // by the host, and by the card where it has the last word
	ApprovedOffline    Ending = "approved-offline"    // by card and terminal: Y1, or Y3 when the host was not reached
	Declined           Ending = "declined"            // by the host, or by the card after the host's answer
	DeclinedOffline    Ending = "declined-offline"    // Z1, or Z3 when the host was not reached
	NotAccepted        Ending = "not-accepted"        // no application that both know, or none whose use is allowed
	Fallback           Ending = "fallback"            // the chip cannot be used: it counts towards the stripe
	Terminated         Ending = "terminated"          // card and terminal disagree after a cryptogram was made
	CardRemoved        Ending = "card-removed"        // contact: it was taken out too early
	CardBlocked        Ending = "card-blocked"        //
	ApplicationBlocked Ending = "application-blocked" // the only one that would do is invalidated
	Cancelled          Ending = "cancelled"           // by the cardholder
	SwitchInterface    Ending = "switch-interface"    // contactless: insert the card
	TryAgain           Ending = "try-again"           // contactless: it was taken away too early, hold it there again
	PresentOne         Ending = "present-one"         // contactless: two cards
	SeePhone           Ending = "see-phone"           // contactless: something is to be done on the phone first
)

// The answer codes that a terminal makes itself (Book 4, annex A6).
const (
	ARCY1OfflineApproved = "Y1"
	ARCZ1OfflineDeclined = "Z1"
	ARCY3UnableApproved  = "Y3" // unable to go online
	ARCZ3UnableDeclined  = "Z3"
	ARC00Approved        = "00"
	ARC10PartlyApproved  = "10"
	ARC11ApprovedVIP     = "11"
)

// Outcome is how a transaction ended and what is known of it.
type Outcome struct {
	Ending    Ending
	Why       string // for people; never a card number
	ARC       string // 8A
	Online    bool   // the host was asked
	Reverse   bool   // the host approved, and nobody got anything: tell it (DOMAIN.md A.12, F39 96)
	Signature bool   // the cardholder signs
	OnlinePIN bool   // the PIN goes with the request
	OnDevice  bool   // verified on the consumer's phone

	TVR  emv.TVR
	TSI  emv.TSI
	CVM  emv.CVMResults
	ACs  []emv.CID // the cryptograms in the order they were made
	Data emv.Data  // everything by tag; nil before an application was chosen

	PAN      pay.PAN
	Expiry   string // YYMM
	Sequence string // PAN sequence number, two digits; empty when the card has none
	Track2   pay.Secret
	AID      []byte
	Label    string
	Commands int // APDUs that were exchanged
}

// end makes an outcome; told fills in the rest.
func (t *transaction) end(e Ending, why string) *Outcome {
	return &Outcome{Ending: e, Why: why}
}

// fail is what a card's mistake leads to: before a cryptogram was made another way may be tried (Book 3, 7.5).
func (t *transaction) fail(why string) *Outcome {
	switch {
	case t.c.Contactless:
		return t.end(SwitchInterface, why)
	case len(t.ac) == 0:
		return t.end(Fallback, why)
	}
	return t.end(Terminated, why)
}

// gone is what a card's absence leads to.
func (t *transaction) gone() *Outcome {
	if t.c.Contactless {
		return t.end(TryAgain, "the card was taken away too early")
	}
	t.consult("kernel/removed")
	return t.end(t.r.Removed, "the card was taken out too early")
}

// told completes an outcome with what the transaction knows.
func (t *transaction) told(o Outcome) Outcome {
	switch o.Ending {
	case "", Approved, ApprovedOffline, Declined, DeclinedOffline:
	default:
		if !t.host.Reached { // the terminal's own code was for a decision that did not come about
			delete(t.own, emv.Tag8AARC)
		}
	}
	o.ARC, o.Online = string(t.own[emv.Tag8AARC]), t.online
	o.TVR, o.TSI, o.CVM, o.ACs = t.tvr, t.tsi, t.cvm, t.ac
	o.Signature, o.OnlinePIN, o.OnDevice = t.signature, t.onlinePIN, t.onDevice
	o.Reverse = t.host.Reached && t.hostApproves() && o.Ending != Approved && o.Ending != ""
	o.PAN, o.AID, o.Label, o.Commands = t.pan, t.name, t.label, t.commands
	if t.app != nil {
		o.Data = t.data()
	}
	if e := t.card[emv.Tag5F24Expiry]; len(e) == 3 {
		o.Expiry = hex.EncodeToString(e[:2])
	}
	if s := t.card[emv.Tag5F34PSN]; len(s) == 1 {
		o.Sequence = hex.EncodeToString(s)
	}
	if track, err := emv.ParseTrack2(t.card[emv.Tag57Track2Equivalent]); err == nil {
		o.Track2 = track.Text()
		if o.Expiry == "" {
			o.Expiry = track.Expiry
		}
	}
	return o
}
