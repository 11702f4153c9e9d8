package reports

import (
	"fmt"
	"io"
	"strings"
)

// Format is one way to write a run.
type Format struct {
	Name  string // as --format takes it
	File  string // its name in a run directory
	Text  string // what it is for, in one line
	Write func(w io.Writer, r *Run) error
}

// Formats gives all of them.
func Formats() []Format {
	return []Format{
		{"text", "summary.txt", "summary for people", Text{}.Write},
		{"markdown", "summary.md", "summary for a CI job's page", writeMarkdown},
		{"junit", "junit.xml", "JUnit XML, for CI servers", writeJUnit},
		{"cucumber", "cucumber.json", "Cucumber JSON, for report plugins", writeCucumber},
		{"messages", "messages.ndjson", "Cucumber Messages, for their reporters", writeMessages},
		{"json", "run.json", "the whole tree without traces", writeJSON},
		{"pcapng", "wire.pcapng", "what crossed the tills' lines, masked, for Wireshark", writeCapture},
		{"pcapng-issuer", "issuer.pcapng", "what crossed the line to our issuer, masked, in the dialect of that", writeIssuerCapture},
		{"html", "report.html", "report for people, one page that opens offline", writeHTML},
	}
}

// FormatNamed finds a format.
func FormatNamed(name string) (Format, error) {
	var names []string
	for _, f := range Formats() {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	return Format{}, fmt.Errorf("format %q: there is none of that name; use %s", name, strings.Join(names, ", "))
}
