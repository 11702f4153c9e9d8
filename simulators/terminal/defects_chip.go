package terminal

import (
	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
	"github.com/tillproof/tillproof/simulators/terminal/kernel"
)

// chipDefects are those of chips.
func chipDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-ignores-second-cryptogram", "emv", "says approved although the chip has declined after the host's approval",
			"the last GENERATE AC was thought to be a formality", func(r *Rules) { r.ObeyCard = false }),
		defect("terminal-never-falls-back", "emv", "asks for a broken chip for ever", "fallback was to be decided with the acquirer, and nobody did",
			func(r *Rules) { r.ChipTries = 0 }),
		defect("terminal-falls-back-at-once", "security", "takes the stripe after the first failure of a chip", "cashiers found three tries tedious",
			func(r *Rules) { r.ChipTries = 1 }),
		defect("terminal-uploads-request-cryptogram", "emv", "uploads a chip's payment with the cryptogram of its request", "field 55 is kept as it was sent",
			func(r *Rules) {
				r.LastCryptogram = func(v *visit) []byte {
					if v.contactless {
						return nil
					}
					return kernel.Field55(kernel.UseRequest, v.request)
				}
			}),
		defect("terminal-uploads-taps", "settlement", "uploads the cryptogram of a tapped card's request as its last one", "all chips are kept alike",
			func(r *Rules) {
				r.LastCryptogram = func(v *visit) []byte { return kernel.Field55(kernel.UseRequest, v.outcome.Data) }
			}),
		defect("terminal-skips-chip-upload", "settlement", "uploads nothing of a chip's payment where the totals agree", "agreed was taken for done",
			func(r *Rules) { r.UploadsChip = func(*iso8583.Dialect, []byte, bool) bool { return false } }),
		defect("terminal-uploads-all-as-good", "settlement", "uploads what the chip declined as if it had agreed", "the upload loop has one code",
			func(r *Rules) {
				honest := r.UploadCode
				r.UploadCode = func(balanced, _ bool) string { return honest(balanced, false) }
			}),
		defect("terminal-keeps-script-results", "emv", "tells nobody what the issuer's commands did to the chip", "the result is shown on the service screen only",
			func(r *Rules) { r.TellScripts = false }),
	}
}
