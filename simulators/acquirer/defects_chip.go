package acquirer

import "github.com/tillproof/tillproof/simulators/core/pay"

// chipDefects are those of chips.
func chipDefects() []pay.Defect[Rules] {
	return []pay.Defect[Rules]{
		{Name: "acquirer-keeps-script-results", Category: "emv", Text: "takes the results of the issuer's commands and does not pass them on",
			Why:  "the notice is answered by the front end, and nobody behind it knows what it is",
			Edit: func(r *Rules) { r.TellScripts = false }},
		{Name: "acquirer-drops-certificate", Category: "emv", Text: "tells the issuer of an offline sale without what the chip has signed",
			Why:  "advices are made from the books, and the books have no field 55",
			Edit: func(r *Rules) { r.Certificate = func(*Call) (*Certificate, error) { return nil, nil } }},
	}
}
