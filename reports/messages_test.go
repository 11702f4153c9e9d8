package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	messages "github.com/cucumber/messages/go/v34"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// published is the schema of Cucumber Messages 34.2, as its repository publishes it under the MIT licence beside it.
func published(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/cucumber-messages/messages.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("https://cucumber.io/schema/Envelope.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("https://cucumber.io/schema/Envelope.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMessagesSchema(t *testing.T) {
	schema := published(t)
	check := func(text []byte) error {
		for line := range bytes.Lines(text) {
			v, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
			if err == nil {
				err = schema.Validate(v)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", line, err)
			}
		}
		return nil
	}
	for name, r := range map[string]*Run{"sample": sample(), "rich": rich(), "held": held(), "empty": {}, "broken": {Broken: "no \x00 dialect"}} {
		if err := check(written(t, writeMessages, r)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := string(written(t, writeMessages, held()))
	for _, change := range [][2]string{{`"PASSED"`, `"GREEN"`}, {`"testCaseId"`, `"testCase"`}, {`"seconds":`, `"secs":`}} {
		if strings.Count(good, change[0]) == 0 || check([]byte(strings.Replace(good, change[0], change[1], 1))) == nil {
			t.Errorf("the test lets %s through", change[1])
		}
	}
}

// TestMessagesReadBack follows every id to what it points at, and reads the verdicts as Cucumber's own types have them.
func TestMessagesReadBack(t *testing.T) {
	known, got := map[string]bool{}, []string{}
	one, statuses := "", map[string][]string{}
	has := func(line []byte, ids ...string) {
		t.Helper()
		for _, id := range ids {
			if id != "" && !known[id] {
				t.Errorf("id %s points nowhere: %s", id, line)
			}
		}
	}
	hear := func(line []byte, id string) {
		t.Helper()
		if known[id] {
			t.Errorf("id %s stands twice: %s", id, line)
		}
		known[id] = true
	}
	cases := map[string]string{}
	for line := range bytes.Lines(written(t, writeMessages, sample())) {
		var e messages.Envelope
		d := json.NewDecoder(bytes.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		switch {
		case e.Hook != nil:
			hear(line, e.Hook.Id)
		case e.StepDefinition != nil:
			hear(line, e.StepDefinition.Id)
		case e.TestRunStarted != nil:
			hear(line, e.TestRunStarted.Id)
		case e.Pickle != nil:
			hear(line, e.Pickle.Id)
			for _, s := range e.Pickle.Steps {
				hear(line, s.Id)
			}
		case e.TestCase != nil:
			hear(line, e.TestCase.Id)
			has(line, e.TestCase.PickleId, e.TestCase.TestRunStartedId)
			for _, s := range e.TestCase.TestSteps {
				hear(line, s.Id)
				has(line, append(s.StepDefinitionIds, s.PickleStepId, s.HookId)...)
			}
		case e.TestCaseStarted != nil:
			has(line, e.TestCaseStarted.TestCaseId)
			one = e.TestCaseStarted.Id
			hear(line, one)
			got, cases[one] = append(got, one), e.TestCaseStarted.TestCaseId
		case e.Attachment != nil:
			has(line, e.Attachment.TestCaseStartedId, e.Attachment.TestStepId)
		case e.TestStepFinished != nil:
			has(line, e.TestStepFinished.TestStepId, e.TestStepFinished.TestCaseStartedId)
			statuses[one] = append(statuses[one], string(e.TestStepFinished.TestStepResult.Status))
		case e.TestRunFinished != nil && (e.TestRunFinished.Success || e.TestRunFinished.Message != "the harness or its configuration is broken"):
			t.Errorf("%+v", e.TestRunFinished)
		}
	}
	var all []string
	for _, id := range got {
		all = append(all, strings.ToLower(strings.Join(statuses[id], " ")))
	}
	want := []string{"passed passed passed", "passed passed failed skipped", "passed passed passed passed failed", "passed failed failed",
		"pending pending", "skipped skipped", "skipped", "skipped"}
	if diff := cmp.Diff(want, all); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}
