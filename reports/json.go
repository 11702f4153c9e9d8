package reports

import (
	"encoding/json"
	"io"
)

// runJSON is the tree with what follows from it, so that a reader need not know the rules.
type runJSON struct {
	*Run
	ExitCode int           `json:"exit_code"`
	Totals   Totals        `json:"totals"`
	Verdicts []verdictJSON `json:"verdicts"`
}

type verdictJSON struct {
	ID       string   `json:"id"`
	Verdict  Verdict  `json:"verdict"`
	Evidence []string `json:"evidence"`
	LeftOut  []string `json:"left_out,omitempty"`
}

func writeJSON(w io.Writer, r *Run) error {
	out := runJSON{Run: r, ExitCode: r.ExitCode(), Totals: r.Totals()}
	for _, v := range r.Verdicts() {
		evidence := []string{}
		for _, s := range v.Evidence {
			evidence = append(evidence, s.ID)
		}
		out.Verdicts = append(out.Verdicts, verdictJSON{v.ID, v.Verdict, evidence, v.LeftOut})
	}
	return encodeJSON(w, out)
}

func encodeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
