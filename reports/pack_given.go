package reports

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/pay"
	"github.com/tillproof/tillproof/simulators/core/settings"
)

// LabCase is a laboratory's id of a scenario.
type LabCase struct {
	ID, Scenario string
	Where        string // file and line
}

// ReadCases reads a laboratory's table: CSV with a heading, of which columns "case" and "scenario" count.
func ReadCases(name string, text []byte) (all []LabCase, err error) {
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))) // spreadsheets write it
	in.TrimLeadingSpace = true
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("cases %s: want a heading with case and scenario: %w", name, err)
	}
	id, scenario := slices.Index(head, "case"), slices.Index(head, "scenario")
	if id < 0 || scenario < 0 {
		return nil, fmt.Errorf("cases %s:1: want columns case and scenario, got %s", name, strings.Join(head, ", "))
	}
	seen := map[string]bool{}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("cases %s: %w", name, err)
		}
		line, _ := in.FieldPos(id)
		c := LabCase{ID: strings.TrimSpace(row[id]), Scenario: strings.TrimSpace(row[scenario]), Where: fmt.Sprintf("cases %s:%d", name, line)}
		switch {
		case c.ID == "" || c.Scenario == "":
			return nil, fmt.Errorf("%s: want a case and its scenario", c.Where)
		case seen[c.ID]:
			return nil, fmt.Errorf("%s: case %s stands twice", c.Where, c.ID)
		}
		seen[c.ID] = true
		all = append(all, c)
	}
}

// Waiver lets a case pass, or all of a requirement's, until a day. It changes no verdict: it stands beside it.
type Waiver struct {
	Case        string `yaml:"case" json:"case,omitempty"` // a laboratory's id, or a scenario's
	Requirement string `yaml:"requirement" json:"requirement,omitempty"`
	Reason      string `yaml:"reason" json:"reason"`
	By          string `yaml:"by" json:"by"`
	Until       string `yaml:"until" json:"until"` // 2026-12-31, the last day

	until time.Time
}

func (w Waiver) covers(id string, s *Scenario) bool {
	return w.Case != "" && (w.Case == id || w.Case == s.ID) || w.Requirement != "" && slices.Contains(s.Requirements, w.Requirement)
}

// ReadWaivers reads a YAML file of them.
func ReadWaivers(name string, text []byte) ([]Waiver, error) {
	var in struct {
		Waivers []Waiver `yaml:"waivers"`
	}
	f, err := settings.Kind{Name: "waivers"}.Read(name, text, &in)
	if err != nil {
		return nil, err
	}
	for i := range in.Waivers {
		w, at := &in.Waivers[i], fmt.Sprintf("$.waivers[%d]", i)
		last, err := time.Parse(time.DateOnly, w.Until)
		switch {
		case (w.Case == "") == (w.Requirement == ""):
			return nil, f.Mistake(at, "want a case or a requirement, and not both")
		case w.Reason == "" || w.By == "":
			return nil, f.Mistake(at, "want a reason, and by whom")
		case err != nil:
			return nil, f.Mistake(at+".until", "%q: want its last day, such as 2026-12-31: no waiver is for ever", w.Until)
		}
		w.until = last.AddDate(0, 0, 1)
	}
	return in.Waivers, nil
}

var (
	digitRun   = regexp.MustCompile(`[0-9](?:[ -]?[0-9]){12,}`)
	trackOrKey = regexp.MustCompile(`(?i)[0-9]{12,19}[=D][0-9]{4,}|[0-9a-f]{32,}`)
)

// maskNumbers hides what may be secret in a log that somebody handed in: whole what looks like a track or a key; of digits, whatever stands before and
// behind them, that could be a card's number (13 to 19, with a right check digit) all but the first six and the last four. Other numbers may be hit, too.
func maskNumbers(text []byte) []byte {
	text = trackOrKey.ReplaceAllFunc(text, func(m []byte) []byte { return bytes.Repeat([]byte("*"), len(m)) })
	return digitRun.ReplaceAllFunc(text, func(m []byte) []byte {
		var places []int
		var digits []byte
		for i, c := range m {
			if c >= '0' && c <= '9' {
				places, digits = append(places, i), append(digits, c)
			}
		}
		out := bytes.Clone(m)
		for from := range digits {
			if digits[from] == '0' {
				continue // no industry issues such numbers (ISO/IEC 7812-1, 5.1.2)
			}
			for n := 13; n <= 19 && from+n <= len(digits); n++ {
				if number := string(digits[from : from+n]); pay.LuhnDigit(number[:n-1]) == number[n-1] {
					for k := from + 6; k < from+n-4; k++ {
						out[places[k]] = '*'
					}
				}
			}
		}
		return out
	})
}

// Last is the first moment at which the waiver no longer holds.
func (w Waiver) Last() time.Time { return w.until }
