package terminal

import "github.com/tillproof/tillproof/simulators/core/pay"

// chipDefects are those of chips.
func chipDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-ignores-second-cryptogram", "emv", "says approved although the chip has declined after the host's approval",
			"the last GENERATE AC was thought to be a formality", func(r *Rules) { r.ObeyCard = false }),
		defect("terminal-never-falls-back", "emv", "asks for a broken chip for ever", "fallback was to be decided with the acquirer, and nobody did",
			func(r *Rules) { r.ChipTries = 0 }),
		defect("terminal-falls-back-at-once", "security", "takes the stripe after the first failure of a chip", "cashiers found three tries tedious",
			func(r *Rules) { r.ChipTries = 1 }),
	}
}
