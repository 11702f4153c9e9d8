package load

import (
	_ "embed"
	"html/template"
	"io"
	"time"
)

//go:embed report.gohtml
var reportPage string

// reportData is what the page is made of: the summary, and what must be reckoned from it.
type reportData struct {
	*Summary
	Charts []chart
	Shades []int
}

// WriteReport writes the report of a run as one page that needs nothing else: no script, no network.
func WriteReport(w io.Writer, s *Summary) error {
	page, err := template.New("report").Funcs(template.FuncMap{"short": shortTime, "share": share}).Parse(reportPage)
	if err != nil {
		return err
	}
	return page.Execute(w, reportData{s, figuresOf(s), []int{1, 2, 3, 4, 5, 6, 7, 8, 9}})
}

// Colours are those of the series.
func (d reportData) Colours() []int { return []int{0, 1, 2, 3, 4, 5, 6, 7} }

type namedTimes struct {
	Name string
	Times
}

// Measures are the times of all orders.
func (d reportData) Measures() []namedTimes {
	return []namedTimes{{"response", d.Total.Response}, {"service", d.Total.Service}, {"lateness", d.Total.Lateness}, {"own lateness", d.Total.OwnLateness}}
}

type tapes struct {
	Title  string
	Orders []Told
}

// Tapes are the orders that were kept.
func (d reportData) Tapes() []tapes {
	var all []tapes
	for _, t := range []tapes{{"The slowest orders", d.Slowest}, {"The last orders that failed", d.Failed}} {
		if len(t.Orders) > 0 {
			all = append(all, t)
		}
	}
	return all
}

// At is the time of day of a moment of the run, as the host's log has it.
func (d reportData) At(since time.Duration) string {
	return d.Started.Add(since).Format("15:04:05.000")
}

// Response is from due to answered.
func (t Told) Response() time.Duration { return t.Answered - t.Due }

// Service is from written to answered.
func (t Told) Service() time.Duration { return t.Answered - t.Written }

// Lateness is from due to written.
func (t Told) Lateness() time.Duration { return t.Written - t.Due }
