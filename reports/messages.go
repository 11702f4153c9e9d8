package reports

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	gherkin "github.com/cucumber/gherkin/go/v42"
	messages "github.com/cucumber/messages/go/v34"
)

// protocolVersion is that of the messages whose types we use.
const protocolVersion = "34.2.0"

// messageWriter writes Cucumber Messages, one JSON object a line, in the order in which cucumber's own programs do.
type messageWriter struct {
	out             *json.Encoder
	newID           func() string
	run, hook, step string // ids
	err             error
}

// writeMessages writes the run as Cucumber Messages. As in Cucumber JSON, what happened outside any step stands in a hook after the scenario.
func writeMessages(w io.Writer, r *Run) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	m := &messageWriter{out: out, newID: ids()}
	m.run, m.hook, m.step = m.newID(), m.newID(), m.newID()
	m.put(messages.Envelope{Meta: &messages.Meta{
		ProtocolVersion: protocolVersion, Implementation: &messages.Product{Name: "tillproof", Version: r.Version},
		Runtime: &messages.Product{Name: "go"}, Os: &messages.Product{Name: runtime.GOOS}, Cpu: &messages.Product{Name: runtime.GOARCH},
	}})
	m.put(messages.Envelope{Hook: &messages.Hook{Id: m.hook, Name: "what no step says", Type: messages.HookType_AFTER_TEST_CASE, SourceReference: &messages.SourceReference{Uri: "tillproof"}}})
	m.put(messages.Envelope{StepDefinition: &messages.StepDefinition{Id: m.step, SourceReference: &messages.SourceReference{Uri: "tillproof steps"},
		Pattern: &messages.StepDefinitionPattern{Source: ".*", Type: messages.StepDefinitionPatternType_REGULAR_EXPRESSION}}})
	m.put(messages.Envelope{TestRunStarted: &messages.TestRunStarted{Id: m.run, Timestamp: stamp(r.Started)}})
	said := []string{r.Broken}
	for i := range r.Features {
		if err := m.feature(&r.Features[i]); err != nil {
			said = append(said, err.Error())
		}
	}
	message := strings.TrimSpace(strings.Join(append(said, conclusion(r)), "\n"))
	m.put(messages.Envelope{TestRunFinished: &messages.TestRunFinished{
		TestRunStartedId: m.run, Success: r.ExitCode() == ExitHeld, Message: clean(message), Timestamp: stamp(r.Started.Add(r.Took)),
	}})
	return m.err
}

// ids gives ids that no search for a PIN takes for one.
func ids() func() string {
	numbers := (&messages.Incrementing{}).NewId
	return func() string { return "id" + numbers() }
}

func (m *messageWriter) put(e messages.Envelope) {
	if m.err == nil {
		m.err = m.out.Encode(e)
	}
}

func stamp(t time.Time) *messages.Timestamp {
	if t.IsZero() {
		t = time.Unix(0, 0)
	}
	return &messages.Timestamp{Seconds: t.Unix(), Nanos: int64(t.Nanosecond())}
}

// feature writes a file, what gherkin reads in it, and its scenarios. The error is for a run whose text is not that which ran.
func (m *messageWriter) feature(f *Feature) error {
	doc, err := gherkin.ParseGherkinDocument(strings.NewReader(f.Text), m.newID)
	if err != nil {
		return fmt.Errorf("feature %s: %w", f.URI, err)
	}
	doc.Uri = f.URI
	m.put(messages.Envelope{Source: &messages.Source{Uri: f.URI, Data: f.Text, MediaType: messages.SourceMediaType_TEXT_X_CUCUMBER_GHERKIN_PLAIN}})
	m.put(messages.Envelope{GherkinDocument: doc})
	pickles := gherkin.Pickles(*doc, f.URI, m.newID)
	byLine := map[int]*messages.Pickle{}
	for _, p := range pickles {
		byLine[int(p.Location.Line)] = p
		m.put(messages.Envelope{Pickle: p})
	}
	for i := range f.Scenarios {
		s := &f.Scenarios[i]
		p := byLine[s.Line]
		if p == nil || len(p.Steps) != len(s.Steps) {
			return fmt.Errorf("feature %s: its text has no scenario at line %d with %d steps", f.URI, s.Line, len(s.Steps))
		}
		m.scenario(s, p)
	}
	return nil
}

func (m *messageWriter) scenario(s *Scenario, p *messages.Pickle) {
	test := &messages.TestCase{Id: m.newID(), PickleId: p.Id, TestRunStartedId: m.run, TestSteps: []*messages.TestStep{}}
	worst := Passed
	for i := range s.Steps {
		worst = min(worst, s.Steps[i].Status)
		test.TestSteps = append(test.TestSteps, &messages.TestStep{Id: m.newID(), PickleStepId: p.Steps[i].Id, StepDefinitionIds: []string{m.step},
			StepMatchArgumentsLists: []*messages.StepMatchArgumentsList{{StepMatchArguments: []*messages.StepMatchArgument{}}}})
	}
	outside := s.outside()
	if outside != "" || s.Status < worst {
		test.TestSteps = append(test.TestSteps, &messages.TestStep{Id: m.newID(), HookId: m.hook})
	}
	m.put(messages.Envelope{TestCase: test})
	begun := m.newID()
	m.put(messages.Envelope{TestCaseStarted: &messages.TestCaseStarted{Id: begun, TestCaseId: test.Id, Timestamp: stamp(s.Started)}})
	at := s.Started
	for i, step := range test.TestSteps {
		result := &messages.TestStepResult{Status: messageStatus(s.Status), Message: cmp.Or(outside, s.Status.String()), Duration: &messages.Duration{}}
		took, attachments := time.Duration(0), []Attachment(nil)
		if i < len(s.Steps) {
			of := &s.Steps[i]
			took, attachments = of.Took, of.Attachments
			result.Status, result.Message = messageStatus(of.Status), ""
			if of.Failure != nil {
				result.Message = of.Failure.account()
			}
			result.Duration = &messages.Duration{Seconds: int64(took / time.Second), Nanos: int64(took % time.Second)}
		}
		m.put(messages.Envelope{TestStepStarted: &messages.TestStepStarted{TestCaseStartedId: begun, TestStepId: step.Id, Timestamp: stamp(at)}})
		for _, a := range attachments {
			m.attachment(a, begun, step.Id)
		}
		at = at.Add(took)
		m.put(messages.Envelope{TestStepFinished: &messages.TestStepFinished{TestCaseStartedId: begun, TestStepId: step.Id, TestStepResult: result, Timestamp: stamp(at)}})
	}
	m.put(messages.Envelope{TestCaseFinished: &messages.TestCaseFinished{TestCaseStartedId: begun, Timestamp: stamp(s.Started.Add(s.Took))}})
}

func (m *messageWriter) attachment(a Attachment, begun, step string) {
	out := &messages.Attachment{TestCaseStartedId: begun, TestStepId: step, FileName: a.Name, MediaType: a.MediaType,
		Body: string(a.Body), ContentEncoding: messages.AttachmentContentEncoding_IDENTITY}
	if !strings.HasPrefix(a.MediaType, "text/") || !utf8.Valid(a.Body) {
		out.Body, out.ContentEncoding = base64.StdEncoding.EncodeToString(a.Body), messages.AttachmentContentEncoding_BASE64
	}
	m.put(messages.Envelope{Attachment: out})
}

// messageStatus: the messages know no broken harness; failed at least is red.
func messageStatus(s Status) messages.TestStepResultStatus {
	return [...]messages.TestStepResultStatus{Broken: messages.TestStepResultStatus_FAILED, Failed: messages.TestStepResultStatus_FAILED,
		Review: messages.TestStepResultStatus_PENDING, Skipped: messages.TestStepResultStatus_SKIPPED, Passed: messages.TestStepResultStatus_PASSED}[s]
}
