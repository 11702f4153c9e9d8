package load

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
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

// share gives a part in percent.
func share(part, of uint64) string {
	if of == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f %%", 100*float64(part)/float64(of))
}

// Colours are those of the series.
func (d reportData) Colours() []int { return []int{0, 1, 2, 3, 4, 5, 6, 7} }

// LimitText begins a sentence.
func (d reportData) LimitText() string {
	text := d.Limit.String()
	return strings.ToUpper(text[:1]) + text[1:]
}

// named is a row of a table.
type named struct {
	Name string
	Figures
}

// Lines are the kinds of order, and their total.
func (d reportData) Lines() []named {
	var all []named
	for _, k := range d.Kinds {
		all = append(all, named{Kind{k.Flow, k.Entry}.String(), k})
	}
	return append(all, named{"all", d.Total})
}

type namedTimes struct {
	Name string
	Times
}

// Measures are the times of all orders.
func (d reportData) Measures() []namedTimes {
	return []namedTimes{{"response", d.Total.Response}, {"service", d.Total.Service}, {"lateness", d.Total.Lateness}}
}

type codeCount struct {
	Name  string
	Count uint64
}

// CodeList has the answer codes, the most frequent first.
func (d reportData) CodeList() []codeCount {
	var all []codeCount
	for _, code := range slices.Sorted(maps.Keys(d.Total.Codes)) {
		all = append(all, codeCount{code, d.Total.Codes[code]})
	}
	slices.SortStableFunc(all, func(a, b codeCount) int { return -cmp.Compare(a.Count, b.Count) })
	return all
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
