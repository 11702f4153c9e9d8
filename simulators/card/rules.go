package card

import (
	"crypto/subtle"
	"slices"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
)

// Wish is what the card would have of a payment.
type Wish int

// The wishes, the stricter the higher.
const (
	WishApprove Wish = iota
	WishOnline
	WishDecline
)

// RiskCheck is one question of card risk management.
type RiskCheck struct {
	Name  string // card/new-card
	Limit bool   // it is about what may be spent without the issuer: 9F10 tells
	Ask   func(*Payment) Wish
}

// Rules is what a card decides from: data only. Behind each entry stands the name under which the trace notes it.
type Rules struct {
	NextATC      func(atc uint16) (next uint16, ok bool)                // card/atc: counted in GET PROCESSING OPTIONS; false at its end
	Blocked      emv.StatusWord                                         // card/blocked: what SELECT of a blocked application answers
	Offer        func(s *State, a int, on Interface, image *Image) bool // card/offer: whether an application shows on an interface
	Risk         []RiskCheck                                            // asked in the first GENERATE AC, and in a contactless GET PROCESSING OPTIONS
	Kind         func(asked emv.CID, wish Wish) emv.CID                 // card/first: what the first GENERATE AC answers
	Second       func(*Payment, emv.CID) emv.CID                        // card/second: what the second one answers
	Offline      func(*Payment)                                         // card/offline-count: after an approval without the issuer
	Online       func(*Payment)                                         // card/online-count: after an approval that the issuer proved
	Log          func(*Payment) bool                                    // card/log: whether a payment goes into the card's log
	Signed       func(pdol, cdol1, cdol2, rest []byte) []byte           // card/cda: what the hash of CDA goes over
	Dynamic      func(data []byte) []byte                               // card/dda: what the hash of DDA goes over, of the terminal's data
	Issuer       func(want, got []byte) bool                            // card/issuer-auth
	Script       func(want, got []byte) bool                            // card/script-mac
	PIN          func(right, got pay.Secret) bool                       // card/pin
	CountPIN     func(left int) int                                     // card/pin-count: before the comparison, so that pulling the card helps nobody
	RightPIN     func(most int) int                                     // card/pin-right: tries after a right PIN
	Challenge    bool                                                   // card/challenge: a challenge serves once
	Fresh        func(drawn []byte) []byte                              // card/challenge: what GET CHALLENGE gives, of what was drawn
	BlockCard    func(s *State, a *AppState)                            // card/block-card: what CARD BLOCK does
	NewPIN       func(old, fresh pay.Secret) pay.Secret                 // card/new-pin: what is compared after PIN CHANGE
	UnblockPIN   func(left, most int) int                               // card/unblock-pin: tries after PIN CHANGE/UNBLOCK
	Unblock      func(a *AppState)                                      // card/unblock: what APPLICATION UNBLOCK does
	Tap          func(*Payment) bool                                    // card/tap: whether a payment may be made without contacts
	ConfirmAgain bool                                                   // card/confirmed: what the holder confirmed on the device serves for one tap
	CVM          func(p *Payment) (ctq emv.CTQ, see bool)               // card/contactless-cvm: what the card asks for; see: look at the phone first
}

// Reference gives the rules of a card that does everything right.
func Reference() Rules {
	equal := func(want, got []byte) bool { return subtle.ConstantTimeCompare(want, got) == 1 }
	return Rules{
		NextATC: func(atc uint16) (uint16, bool) { return atc + 1, atc < 0xFFFF },
		Blocked: emv.SW6283Invalidated,
		Offer:   offer,
		Risk:    riskChecks(),
		Kind:    firstKind,
		Second:  secondKind,
		Offline: countOffline,
		Online:  countOnline,
		Log:     func(p *Payment) bool { return p.kind == emv.CID40TC },
		Signed: func(pdol, cdol1, cdol2, rest []byte) []byte {
			return append(append(append(append([]byte(nil), pdol...), cdol1...), cdol2...), rest...)
		},
		Dynamic:   func(data []byte) []byte { return data },
		Issuer:    equal,
		Script:    equal,
		PIN:       func(right, got pay.Secret) bool { return !right.IsZero() && right == got },
		CountPIN:  func(left int) int { return left - 1 },
		RightPIN:  func(most int) int { return most },
		Challenge: true, Fresh: func(drawn []byte) []byte { return drawn },
		BlockCard:  func(s *State, _ *AppState) { s.Blocked = true },
		NewPIN:     func(_, fresh pay.Secret) pay.Secret { return fresh },
		UnblockPIN: func(_, most int) int { return most },
		Unblock:    func(a *AppState) { a.Blocked = false },
		Tap: func(p *Payment) bool {
			most := p.app.Risk.TapMost.Minor
			return most == 0 || p.amount() <= most
		},
		ConfirmAgain: true,
		CVM:          contactlessCVM,
	}
}

// riskChecks: the first ones decline, the others ask for the issuer (DOMAIN.md D.2; Book 3, 9.2 leaves them to the card).
func riskChecks() []RiskCheck {
	return []RiskCheck{
		{"card/blocked", false, func(p *Payment) Wish { return when(p.state.Blocked, WishDecline) }},
		{"card/pin-tries", false, func(p *Payment) Wish {
			if p.card.state.Tries > 0 || p.card.state.PIN.IsZero() {
				return WishApprove
			}
			if p.app.Risk.PINBlocked == "decline" {
				return WishDecline
			}
			return WishOnline
		}},
		{"card/offline", false, func(p *Payment) Wish { return when(!p.app.Risk.Offline, WishOnline) }},
		{"card/new-card", false, func(p *Payment) Wish { return when(p.app.Risk.NewOnline && p.state.LastOnline == 0, WishOnline) }},
		{"card/not-completed", false, func(p *Payment) Wish { return when(p.app.Risk.NotCompleted && p.before.Pending, WishOnline) }},
		{"card/issuer-failed", false, func(p *Payment) Wish { return when(p.before.IssuerFailed, WishOnline) }},
		{"card/script-failed", false, func(p *Payment) Wish { return when(p.before.ScriptFailed, WishOnline) }},
		{"card/offline-count-reached", true, func(p *Payment) Wish {
			return when(p.app.Risk.Count > 0 && p.state.Offline >= p.app.Risk.Count, WishOnline)
		}},
		{"card/offline-total", true, func(p *Payment) Wish { return when(p.overTotal(), WishOnline) }},
	}
}

func when(yes bool, w Wish) Wish {
	if yes {
		return w
	}
	return WishApprove
}

// firstKind: a card may ask for more than the terminal does, never for less (EMV 4.4 Book 3, table 9).
func firstKind(asked emv.CID, wish Wish) emv.CID {
	switch {
	case asked == emv.CID00AAC || wish == WishDecline:
		return emv.CID00AAC
	case asked == emv.CID80ARQC || wish == WishOnline:
		return emv.CID80ARQC
	}
	return emv.CID40TC
}

// secondKind: without the issuer's word the card approves only what it might have approved by itself.
func secondKind(p *Payment, asked emv.CID) emv.CID {
	switch {
	case asked != emv.CID40TC, p.state.Blocked, p.issuer == proofWrong:
		return emv.CID00AAC
	case p.offlineAnswer():
		risk := p.app.Risk
		if !risk.Offline || risk.Most > 0 && p.state.Offline >= risk.Most || p.overTotal() {
			return emv.CID00AAC
		}
	case p.issuer == proofNone && p.app.Risk.IssuerProof:
		return emv.CID00AAC
	}
	return emv.CID40TC
}

func countOffline(p *Payment) {
	p.state.Offline++
	p.state.Spent += p.amount()
}

func countOnline(p *Payment) {
	p.state.Offline, p.state.Spent, p.state.LastOnline = 0, 0, p.state.ATC
	p.state.ScriptFailed = p.state.ScriptFailed && p.scripted
}

func offer(_ *State, a int, on Interface, image *Image) bool {
	return slices.Contains(image.apps[a].Interfaces, on)
}

// contactlessCVM answers what the terminal asks for in its qualifiers (DOMAIN.md D.3): nothing when no verification is
// required; else what this card does, if the terminal can.
func contactlessCVM(p *Payment) (emv.CTQ, bool) {
	ttq := emv.ParseTTQ(p.values[emv.Tag9F66TTQ])
	if ttq&emv.TTQ2x40CVMRequired == 0 {
		return 0, false
	}
	switch p.app.CVM {
	case "device":
		if !p.card.confirmed {
			return 0, true
		}
		return emv.CTQ2x80CDCVMPerformed, false
	case "signature":
		if ttq&emv.TTQ1x02Signature != 0 {
			return emv.CTQ1x40Signature, false
		}
	}
	if ttq&emv.TTQ1x04OnlinePIN != 0 {
		return emv.CTQ1x80OnlinePIN, false
	}
	return emv.CTQ1x40Signature, false
}
