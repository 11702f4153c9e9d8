package terminal

import (
	"maps"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/tlv"
	"github.com/tillproof/tillproof/simulators/protocol/emv"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// ChipRules are those about what a terminal tells host and people of a chip.
type ChipRules struct {
	ChipData    func(emv.Data) []byte  // terminal/chip-data: F55 of a request, of all that the kernel knows
	ChipType    func(code string) byte // terminal/chip-type: 9C of the order, whose processing code that is
	KeepChipPIN bool                   // terminal/chip-pin: a PIN that the chip has compared goes no further
	ChipSlip    bool                   // terminal/chip-slip: a receipt tells what the chip said
	ObeyCVM     bool                   // terminal/chip-signature: a receipt is signed where the chip wants it, and only there
}

func chipRules() ChipRules {
	return ChipRules{
		ChipData: func(d emv.Data) []byte { return kernel.Field55(kernel.UseRequest, d) },
		ChipType: chipType, KeepChipPIN: true, ChipSlip: true, ObeyCVM: true,
	}
}

// chipType: the first two digits of the processing code (EMV 4.4 Book 3, annex A; ISO 8583).
func chipType(code string) byte {
	if len(code) < 2 {
		return 0
	}
	return code[0]<<4 | code[1]&15
}

// chipTellingDefects are those of what is told of a chip.
func chipTellingDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-sends-card-in-chip-data", "security", "sends the card's number and track in field 55 as well", "the whole data base of the kernel was poured into it",
			func(r *Rules) {
				honest := r.ChipData
				r.ChipData = func(d emv.Data) []byte {
					return tlv.Append(tlv.Append(honest(d), emv.Tag5APAN, d[emv.Tag5APAN]), emv.Tag57Track2Equivalent, d[emv.Tag57Track2Equivalent])
				}
			}),
		defect("terminal-shortens-chip-data", "emv", "leaves out of field 55 what no cryptogram is over", "the modem was slow",
			func(r *Rules) {
				honest := r.ChipData
				r.ChipData = func(d emv.Data) []byte {
					d = maps.Clone(d)
					for _, tag := range []tlv.Tag{emv.Tag9F34CVMResults, emv.Tag9F35TerminalType, emv.Tag9F1EIFDSerial, emv.Tag84DFName} {
						delete(d, tag)
					}
					return honest(d)
				}
			}),
		defect("terminal-takes-all-for-sales", "emv", "tells the chip that every order is a sale", "9C was a constant of the first release",
			func(r *Rules) { r.ChipType = func(string) byte { return kernel.TypePurchase } }),
		defect("terminal-sends-chips-pin", "security", "sends the host the PIN that the chip has compared", "the pad has one buffer for both",
			func(r *Rules) { r.KeepChipPIN = false }),
		defect("terminal-hides-chip", "emv", "prints nothing of what a chip said", "the paper is dear", func(r *Rules) { r.ChipSlip = false }),
		defect("terminal-wants-every-chip-signed", "emv", "prints a place for a signature though a PIN was entered", "the template is the stripe's",
			func(r *Rules) { r.ObeyCVM = false }),
	}
}
