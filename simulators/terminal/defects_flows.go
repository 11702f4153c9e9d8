package terminal

import "github.com/tillproof/tillproof/simulators/core/pay"

// flowDefects are those of keys and repeats, and of payments beside the plain sale.
func flowDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		defect("terminal-repeats-as-new", "protocol", "sends a reversal or an advice again under the MTI of a first one",
			"what is stored is the message itself, and nothing in it says how often it went out",
			func(r *Rules) { r.RepeatMTI = false }),
		defect("terminal-trusts-doubtful-keys", "keys", "goes on with its keys after a key change without an answer",
			"only the sign-in was seen as a message that changes keys",
			func(r *Rules) { r.KeyDoubt = false }),
	}
}
