// Package reports holds what a run found, as one tree, and writes it for people and machines.
package reports

import (
	"time"

	"github.com/tillproof/tillproof/simulators/core/trace"
	"github.com/tillproof/tillproof/simulators/protocol/iso8583"
)

// Run is one run of the suite: who ran what, and every verdict. Writers read it and never change it. All its text is
// masked already: what is put in stands in the reports as it is.
type Run struct {
	Version       string          `json:"version"` // of tillproof
	Seed          uint64          `json:"seed"`
	Line          string          `json:"line"` // memory, socket
	Profile       string          `json:"profile"`
	Dialect       string          `json:"dialect"`
	Framing       iso8583.Framing `json:"framing,omitzero"`        // of the tills' lines
	IssuerFraming iso8583.Framing `json:"issuer_framing,omitzero"` // of the line to our issuer, where there is one
	Seat          string          `json:"seat,omitempty"`          // embedded, remote, ...
	Claims        []string        `json:"claims,omitempty"`        // topics that the profile claims; empty claims all
	Selection     string          `json:"selection,omitempty"`     // what was asked for, if not everything
	Started       time.Time       `json:"started"`
	Took          time.Duration   `json:"took_ns"`
	Interrupted   bool            `json:"interrupted,omitempty"`
	DryRun        bool            `json:"dry_run,omitempty"` // nothing was to run: the steps were looked up
	Broken        string          `json:"broken,omitempty"`  // a fault of the harness or its configuration outside any scenario
	Features      []Feature       `json:"features"`
	// Requirements are those the run was to show. Their order is the order of the reports.
	Requirements []Requirement `json:"requirements,omitempty"`
}

// Requirement is one thing that must hold.
type Requirement struct {
	ID    string `json:"id"` // SWP-003
	Title string `json:"title"`
	Why   string `json:"why,omitempty"`  // why it matters in the field
	Fact  string `json:"fact,omitempty"` // the clause it rests on
	// Scenarios are the ids of all the scenarios it takes, also of those that this run left out; nil means those of this
	// run that name the requirement.
	Scenarios []string `json:"scenarios,omitempty"`
}

// Feature is one feature file.
type Feature struct {
	URI         string     `json:"uri"`
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	Language    string     `json:"language"`
	Keyword     string     `json:"keyword"` // Feature, 功能
	Line        int        `json:"line"`
	Tags        []string   `json:"tags,omitempty"`
	Text        string     `json:"text,omitempty"` // of the file, what was not to run blanked
	Scenarios   []Scenario `json:"scenarios"`
}

// Scenario is one scenario or one row of an outline's examples.
type Scenario struct {
	ID           string        `json:"id"` // see ScenarioID
	Name         string        `json:"name"`
	Keyword      string        `json:"keyword"` // Scenario, Scenario Outline, 场景
	Rule         string        `json:"rule,omitempty"`
	Line         int           `json:"line"`
	Tags         []string      `json:"tags,omitempty"`
	Requirements []string      `json:"requirements,omitempty"`
	Status       Status        `json:"status"`
	Reason       string        `json:"reason,omitempty"` // why it was skipped, broken or waits for review
	Started      time.Time     `json:"started,omitzero"`
	Took         time.Duration `json:"took_ns"`
	Steps        []Step        `json:"steps"`
	Failure      *Failure      `json:"failure,omitempty"` // what failed outside any step
	Breaks       []Break       `json:"breaks,omitempty"`  // where the money does not balance
	Replay       string        `json:"replay,omitempty"`  // the command that runs it again with the same seed
	Trace        []trace.Event `json:"-"`                 // written to a file of its own
}

// Step is one line of a scenario, its background's lines included.
type Step struct {
	Keyword     string        `json:"keyword"` // Given, 假如; without the space behind it
	Text        string        `json:"text"`
	Line        int           `json:"line"`
	Table       [][]string    `json:"table,omitempty"`
	DocString   string        `json:"doc_string,omitempty"`
	Status      Status        `json:"status"`
	Failure     *Failure      `json:"failure,omitempty"`
	Judge       string        `json:"judge,omitempty"` // who judged it, where that is not always the tool: tool, host, person, script, robot; nobody
	Took        time.Duration `json:"took_ns"`
	Attachments []Attachment  `json:"attachments,omitempty"`
}

// Failure says what was wanted and what came.
type Failure struct {
	Where   string        `json:"where,omitempty"` // the party and what of it was looked at: T1 screen, wire, issuer books
	Wanted  string        `json:"wanted,omitempty"`
	Got     string        `json:"got,omitempty"`
	Message []trace.Field `json:"message,omitempty"` // the decoded message that was looked at
	Text    string        `json:"text,omitempty"`    // anything else, or all there is to say
}

// Break is one place where the parties' statements about the money contradict one another.
type Break struct {
	Rule string   `json:"rule"`
	Text string   `json:"text"`
	Led  []string `json:"led,omitempty"` // what each party states that led to it, a line each
}

// Attachment is evidence that a step left: a receipt, a picture of a screen.
type Attachment struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Body      []byte `json:"body"`
}
