package load_test

import (
	"path/filepath"
	"testing"

	"github.com/tillproof/tillproof/reports/browser"
)

// The report opens from its file, draws all its figures in light and dark, fits the window, and asks nobody for anything.
func TestReportInChromium(t *testing.T) {
	p := browser.Open(t, filepath.Join("testdata", "report.html"), true)
	for scheme, back := range map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 28)"} {
		p.Scheme(scheme)
		p.Is("getComputedStyle(document.body).backgroundColor", back)
		p.Is("getComputedStyle(document.querySelector('h1')).color != getComputedStyle(document.body).backgroundColor", true)
		p.Is("[...document.querySelectorAll('svg')].filter(e => e.getBoundingClientRect().height > 50).length", 7.0)
		p.Is("document.documentElement.scrollWidth <= window.innerWidth", true)
		p.Is("[...document.querySelectorAll('details')].every(d => { d.open = true; return d.querySelector('pre').getBoundingClientRect().height > 10 })", true)
		p.Shot("report-" + scheme)
	}
	p.Quiet()
}
