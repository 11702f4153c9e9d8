package reports

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tillproof/tillproof/simulators/core/trace"
)

// Case is one case of a pack: a scenario, under the laboratory's id if it has one.
type Case struct {
	ID           string      `json:"case"`
	Scenario     string      `json:"scenario"`
	Name         string      `json:"name"`
	Folder       string      `json:"-"`
	Requirements []string    `json:"requirements,omitempty"`
	Verdict      Status      `json:"verdict"`
	Judge        string      `json:"judge"`
	Reason       string      `json:"reason,omitempty"`
	Criteria     []Criterion `json:"criteria"`
	Waiver       *Waiver     `json:"waiver,omitempty"`
	Waived       bool        `json:"waived,omitempty"`
	History      []Attempt   `json:"history"`
	Replay       string      `json:"replay,omitempty"`

	scenario *Scenario
}

// Criterion is one thing that had to be so, who judged it, and how.
type Criterion struct {
	Text    string   `json:"criterion"`
	Verdict Status   `json:"verdict"`
	Judge   string   `json:"judge"`
	Failure *Failure `json:"failure,omitempty"`
}

// Attempt is a case's verdict in one run.
type Attempt struct {
	Started time.Time `json:"started"`
	Version string    `json:"version"`
	Seed    uint64    `json:"seed"`
	Verdict Status    `json:"verdict"`
}

// judge says who judged a step.
func (s *Step) judge() string {
	if s.Judge == "" || s.Judge == "nobody" && s.Status == Review {
		return judgeOf(s.Status)
	}
	return s.Judge
}

// judges says who judged a scenario: each who judged a step of it.
func (s *Scenario) judges() string {
	if s.Status == Skipped {
		return judgeOf(s.Status)
	}
	var all []string
	for i := range s.Steps {
		if j := s.Steps[i].judge(); s.Steps[i].Status != Skipped && !slices.Contains(all, j) {
			all = append(all, j)
		}
	}
	if own := judgeOf(s.Status); len(all) == 0 || s.Status == Review && !slices.Contains(all, own) {
		all = append(all, own)
	}
	return strings.Join(all, ", ")
}

// judgeOf says who gave a verdict of which nothing else is known.
func judgeOf(s Status) string {
	switch s {
	case Review:
		return "a person, yet to judge"
	case Skipped:
		return "nobody"
	}
	return "tool"
}

// cases gives those of the laboratory first, in its order, then the others in that of the run.
func (p *Pack) cases() (all []Case, err error) {
	byID := map[string]*Scenario{}
	for s := range p.Run.scenarios {
		byID[s.ID] = s
	}
	taken := map[string]bool{}
	for _, l := range p.Cases {
		s := byID[l.Scenario]
		if s == nil {
			return nil, fmt.Errorf("%s: case %s: scenario %s is not in the run", l.Where, l.ID, l.Scenario)
		}
		taken[s.ID] = true
		all = append(all, p.caseOf(len(all)+1, l.ID, s))
	}
	for s := range p.Run.scenarios {
		if !taken[s.ID] {
			all = append(all, p.caseOf(len(all)+1, s.ID, s))
		}
	}
	return all, nil
}

func (p *Pack) caseOf(n int, id string, s *Scenario) Case {
	c := Case{ID: id, Scenario: s.ID, Name: s.Name, Folder: fmt.Sprintf("%04d-%s", n, safeName(id)), Requirements: s.Requirements, Verdict: s.Status,
		Judge: s.judges(), Reason: s.Reason, Replay: s.Replay, Criteria: []Criterion{}, scenario: s}
	for _, step := range s.Steps {
		c.Criteria = append(c.Criteria, Criterion{step.Keyword + " " + step.Text, step.Status, step.judge(), step.Failure})
	}
	if s.Failure != nil {
		c.Criteria = append(c.Criteria, Criterion{"after its last step", s.Status, judgeOf(s.Status), s.Failure})
	}
	money := Criterion{Text: "the money balances", Verdict: Passed, Judge: "tool"}
	if len(s.Breaks) > 0 {
		money.Verdict, money.Failure = Failed, &Failure{Text: (&Scenario{Breaks: s.Breaks}).account()}
	}
	if s.Status != Skipped && s.Status != Broken {
		c.Criteria = append(c.Criteria, money)
	}
	for _, run := range append(slices.Clone(p.Earlier), p.Run) {
		for other := range run.scenarios {
			if other.ID == s.ID {
				c.History = append(c.History, Attempt{run.Started, run.Version, run.Seed, other.Status})
			}
		}
	}
	for i, w := range p.Waivers {
		if w.covers(id, s) && (c.Waiver == nil || w.until.After(c.Waiver.until)) {
			c.Waiver = &p.Waivers[i]
		}
	}
	c.Waived = c.Waiver != nil && p.Made.Before(c.Waiver.until)
	return c
}

// casePart is one file of a case's folder. One that has nothing to say is left out.
type casePart struct {
	name  string
	write func(io.Writer, *Scenario) error
}

func caseParts() []casePart {
	some := func(want func(trace.Event, map[string]bool) bool) func(io.Writer, *Scenario) error {
		return func(w io.Writer, s *Scenario) error {
			tills := tillsOf(s.Trace)
			var events []trace.Event
			for _, e := range s.Trace {
				if want(e, tills) {
					events = append(events, e)
				}
			}
			p := &textPrinter{}
			p.moments(timeline(events))
			_, err := io.WriteString(w, p.String())
			return err
		}
	}
	money := func(e trace.Event) bool {
		return strings.HasPrefix(messageName(e), "settlement") || strings.HasPrefix(messageName(e), "upload") || e.Kind == trace.Moved ||
			e.Kind == trace.Printed && e.Name != "merchant" && e.Name != "customer"
	}
	return []casePart{
		{"apdu.txt", some(func(e trace.Event, t map[string]bool) bool {
			return laneOf(e, t) == laneCard || e.Name == trace.CardEnded
		})},
		{"wire.txt", some(func(e trace.Event, t map[string]bool) bool { return laneOf(e, t) == laneWire })},
		{"cryptogram.txt", some(func(e trace.Event, _ map[string]bool) bool { return e.Name == trace.Cryptogram })},
		{"receipts.txt", some(func(e trace.Event, _ map[string]bool) bool { return e.Kind == trace.Printed })},
		{"screens.txt", some(func(e trace.Event, _ map[string]bool) bool { return e.Kind == trace.Shown })},
		{"host.txt", some(func(e trace.Event, t map[string]bool) bool {
			return laneOf(e, t) == laneHost && e.Name != trace.Cryptogram
		})},
		{"totals.txt", some(func(e trace.Event, _ map[string]bool) bool { return money(e) })},
	}
}

// safeName makes an id a file's name everywhere.
func safeName(id string) string {
	id = strings.TrimSuffix(ScenarioID(id, 0), "-0")
	return cmp.Or(id, "case")
}

func writeCases(w io.Writer, cases []Case) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"case", "scenario", "name", "requirements", "verdict", "judge", "waived", "runs", "folder"}}
	for _, c := range cases {
		rows = append(rows, []string{plainCell(c.ID), c.Scenario, plainCell(c.Name), strings.Join(c.Requirements, " "), c.Verdict.String(), c.Judge,
			strconv.FormatBool(c.Waived), strconv.Itoa(len(c.History)), "cases/" + c.Folder})
	}
	return out.WriteAll(rows)
}

// plainCell keeps a spreadsheet from taking a text for a formula.
func plainCell(s string) string {
	s = oneLine(s)
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}
