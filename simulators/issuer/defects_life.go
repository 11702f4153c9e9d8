package issuer

import "github.com/tillproof/tillproof/simulators/core/pay"

// lifeDefects are those of an issuer that dies.
func lifeDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "issuer-answers-before-journal", Category: "resilience", Text: "answers before its decision is on the disk",
			Why:  "the database is told to confirm what is still in memory, as it came out of the box",
			Edit: func(r *Rules) { r.DurableFirst = false }},
	}
}
