package acquirer

import "github.com/tillproof/tillproof/simulators/core/pay"

// lifeDefects are those of a host that dies, whose disk fails or whose clock jumps.
func lifeDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-answers-before-journal", Category: "resilience", Text: "answers before its decision is on the disk",
			Why:  "waiting for the disk doubled the response time, and the machine has never died yet",
			Edit: func(r *Rules) { r.DurableFirst = false }},
		{Name: "acquirer-ignores-full-disk", Category: "resilience", Text: "goes on approving when its journal takes nothing more",
			Why:  "the error is logged, to the disk that is full",
			Edit: func(r *Rules) { r.StopUnkept = false }},
		{Name: "acquirer-counts-rrn-anew", Category: "money", Text: "begins to number a day's payments again when its clock is put back to that day",
			Why:  "the counter is reset whenever the date is another one than before",
			Edit: func(r *Rules) { r.RRNDay = func(_, now string) string { return now } }},
	}
}
