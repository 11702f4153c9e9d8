package acquirer

import "github.com/tillproof/tillproof/simulators/core/pay"

// flowDefects are those of keys, and of payments beside the plain sale.
func flowDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-keeps-old-keys", Category: "keys", Text: "answers a key change and goes on with the old keys",
			Why:  "keys are cached where a session begins, and a key change begins none",
			Edit: func(r *Rules) { r.ChangeKeys = func(*Call, Terminal) {} }},
	}
}
