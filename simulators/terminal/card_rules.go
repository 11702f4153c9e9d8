package terminal

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// CardRules are those of how a card comes to the terminal: through the stripe reader, into the slot, into the field.
type CardRules struct {
	ChipServices string // terminal/service-code: first digits of the service codes of cards with a chip (ISO/IEC 7813)
	CheckLRC     bool   // terminal/lrc: a track whose check character is wrong was not read
	TracksAgree  bool   // terminal/tracks-agree: a stripe whose tracks name two cards was not read
	SendTrack1   bool   // terminal/track-1: track 1 goes to the host where the message has a place for it, and is enough without track 2
	TellFallback bool   // terminal/tell-fallback: F60.5 says that the chip could not be read

	Capability func(field bool) string // terminal/capability: F60.4 of a terminal with a contactless field, and of one without
	Qualifiers emv.TTQ                 // terminal/qualifiers: 9F66, what the terminal can do in the field
	TapEntry   pay.Entry               // terminal/tap-entry: F22 of a card in the field
	HostNoPIN  bool                    // terminal/no-pin-limit: the no-PIN limit that the host has set counts, before the dialect's
	TapFails   bool                    // terminal/tap-failure: a tap that comes to nothing counts as a failure of the chip

	AskAgain map[kernel.Ending]string // terminal/ask-again: endings after which a card is asked for again, and how
}

func cardRules() CardRules {
	return CardRules{
		ChipServices: "26", CheckLRC: true, TracksAgree: true, SendTrack1: true, TellFallback: true,
		Capability: capability,
		Qualifiers: emv.TTQ1x20EMVMode | emv.TTQ1x10Contact | emv.TTQ1x04OnlinePIN | emv.TTQ1x02Signature | emv.TTQ3x40CDCVM | emv.TTQ4x80FDDAVersion1,
		TapEntry:   pay.Entry07Contactless, HostNoPIN: true,
		AskAgain: map[kernel.Ending]string{kernel.SwitchInterface: "INSERT_CARD", kernel.TryAgain: "TAP_AGAIN",
			kernel.PresentOne: "PRESENT_ONE", kernel.SeePhone: "SEE_PHONE"},
	}
}

// capability: stripe and contacts, and the field where there is one (DOMAIN.md A.5).
func capability(field bool) string {
	if field {
		return "6"
	}
	return "5"
}
