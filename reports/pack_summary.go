package reports

import (
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"html/template"
	"io"
)

//go:embed pack.gohtml
var summaryText string

// summary is what the first page of a pack shows.
type summary struct {
	*Pack
	Totals        Totals
	Conclusion    string
	Cases         []Case
	Questionnaire questionnaire
	Verdicts      []Shown
	Fingerprint   string
}

// writeSummary writes the page that a person reads and prints: what was tried, what was shown and by whom, what was left out.
func (p *Pack) writeSummary(w io.Writer, cases []Case) error {
	t, err := template.New("pack").Funcs(template.FuncMap{"clean": clean, "line": oneLine, "short": shortly, "sign": sign, "either": func(a, b string) string { return cmp.Or(a, b) }}).Parse(summaryText)
	if err != nil {
		return err
	}
	return t.Execute(w, summary{Pack: p, Totals: p.Run.Totals(), Conclusion: conclusion(p.Run), Cases: cases, Questionnaire: p.questionnaire(cases),
		Verdicts: p.Run.Verdicts(), Fingerprint: Fingerprint(p.Key.Public().(ed25519.PublicKey))})
}

// Fingerprint tells a public key in few enough characters to be read aloud: the first 16 bytes of its SHA-256.
func Fingerprint(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:16])
}
